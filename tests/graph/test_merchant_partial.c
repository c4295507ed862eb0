/* What partitions tell each other of merchants: its form, whom it reaches and how it ages, against
 * a plain recount of all edges, on random worlds. */
#include "base/bytes.h"
#include "graph/vertex.h"

#include <math.h>

enum { PARTITIONS = 4, MERCHANTS = 6, CARDS = 24, STEPS = 1500, DAY = 86400 };

/* An edge as the recount sees it: on its partition's clock of the merchant. */
typedef struct Seen {
    uint64_t card;
    unsigned partition;
    int merchant;
    int64_t time, amount;
    uint32_t suspicion;
} Seen;

/* How much of the log a partition had seen when it last told of a merchant, and its clock there. */
typedef struct Telling {
    guint seen;
    int64_t clock;
    CardTally tally;
} Telling;

typedef struct World {
    GRand *random;
    int64_t now;
    Graph *graphs[PARTITIONS];
    GArray *log; /* Seen */
    int64_t clocks[PARTITIONS][MERCHANTS];
    Telling told[PARTITIONS][MERCHANTS]; /* seen is 0: never */
} World;

static char names[MERCHANTS][16];

static World *world_new(uint32_t seed) {
    World *w = g_new0(World, 1);
    w->random = g_rand_new_with_seed(seed);
    w->now = 1500000000;
    w->log = g_array_new(FALSE, FALSE, sizeof(Seen));
    for (int p = 0; p < PARTITIONS; p++)
        w->graphs[p] = graph_new();
    return w;
}

static void world_free(World *w) {
    for (int p = 0; p < PARTITIONS; p++)
        graph_free(w->graphs[p]);
    g_array_unref(w->log);
    g_rand_free(w->random);
    g_free(w);
}

static int64_t random_step(GRand *random) {
    double u = g_rand_double(random);
    return u < 0.3    ? 0
           : u < 0.9  ? g_rand_int_range(random, 1, 4000)
           : u < 0.98 ? g_rand_int_range(random, 4000, 3 * DAY)
                      : g_rand_int_range(random, 3 * DAY, 40 * DAY);
}

static Transaction next_transaction(World *w) {
    w->now += random_step(w->random);
    return (Transaction){
        .trans_num = STR("t"),
        .merchant = str_from(names[g_rand_int_range(w->random, 0, MERCHANTS)]),
        .card = 4000 + (uint64_t)g_rand_int_range(w->random, 0, CARDS),
        .time = w->now - (g_rand_double(w->random) < 0.1 ? g_rand_int_range(w->random, 0, DAY) : 0),
        .amount =
            g_rand_double(w->random) < 0.02 ? AMOUNT_MAX : g_rand_int_range(w->random, 0, 100000),
    };
}

static void pay(Graph *g, const Transaction *t, float suspicion) {
    CardId card;
    MerchantId merchant;
    graph_locate(g, t, &card, &merchant);
    graph_advance(g, t, card, merchant);
    graph_add(g, t, card, merchant, suspicion);
}

static void set_label(Graph *g, uint64_t card, bool is_fraud, bool was_fraud) {
    graph_label(g, &(Label){STR("t"), STR("m"), card, 1, 2, is_fraud, was_fraud});
}

/* The bytes of the graph's own part. */
static void own_bytes(const Graph *g, MerchantId id, uint8_t out[MERCHANT_PARTIAL_LEN]) {
    MerchantPartial partial;
    graph_merchant_partial(g, id, &partial);
    merchant_partial_encode(&partial, out);
}

static Str bytes_of(const uint8_t *bytes, size_t len) {
    return (Str){(const char *)bytes, len};
}

/* Tells all other partitions, through the published form. */
static void tell(World *w, unsigned teller, int merchant) {
    Graph *g = w->graphs[teller];
    MerchantId id = graph_find_merchant(g, str_from(names[merchant]));
    if (id == VERTEX_NONE) return;
    uint8_t bytes[MERCHANT_PARTIAL_LEN];
    MerchantPartial partial;
    own_bytes(g, id, bytes);
    g_assert_null(merchant_partial_decode(bytes_of(bytes, sizeof bytes), &partial));
    for (unsigned p = 0; p < PARTITIONS; p++)
        if (p != teller)
            graph_apply_partial(w->graphs[p], str_from(names[merchant]), teller, &partial);
    w->told[teller][merchant] = (Telling){w->log->len, w->clocks[teller][merchant], partial.tally};
}

static void step(World *w, Transaction *t, unsigned *partition, int *merchant, float *suspicion) {
    *t = next_transaction(w);
    *partition = card_partition(t->card, PARTITIONS);
    for (*merchant = 0; !str_equal(t->merchant, str_from(names[*merchant]));)
        ++*merchant;
    *suspicion = (float)g_rand_double(w->random);
    int64_t *clock = &w->clocks[*partition][*merchant];
    *clock = MAX(*clock, t->time);
}

/* Of one partition's part, told at `telling`, what lies in the last `reach` seconds before its
 * clock: ring by ring between the windows' lengths, of the one that is cut a share, of the
 * innermost one the latest edge in any case. */
static void recount(const World *w, unsigned partition, int merchant, const Telling *telling,
                    int64_t reach, OthersView *out, int window) {
    for (int ring = 0; ring < WINDOW_COUNT; ring++) {
        const int64_t from = ring > 0 ? window_seconds[ring - 1] : 0, to = window_seconds[ring];
        if (reach <= from) return;
        double count = 0, sum = 0, suspicion = 0;
        for (guint i = 0; i < telling->seen; i++) {
            const Seen *s = &g_array_index(w->log, Seen, i);
            const int64_t age = telling->clock - s->time;
            if (s->partition != partition || s->merchant != merchant || age < from || age >= to)
                continue;
            count++;
            sum += (double)s->amount;
            suspicion += s->suspicion;
            out->max[window] = MAX(out->max[window], s->amount);
            out->suspicion_max[window] = MAX(out->suspicion_max[window], s->suspicion);
        }
        double share = MIN(1, (double)(reach - from) / (double)(to - from));
        if (ring == 0 && count > 0) share = (1 + (count - 1) * share) / count;
        out->count[window] += count * share;
        out->sum[window] += sum * share;
        out->suspicion[window] += suspicion * share;
    }
}

static void near(double found, double expected) {
    g_assert_cmpfloat_with_epsilon(found, expected, 1e-9 * expected + 1e-9);
}

static void check_windows(const World *w, unsigned reader, int merchant, const OthersView *view) {
    const int64_t now = w->clocks[reader][merchant];
    for (int window = 0; window < WINDOW_COUNT; window++) {
        OthersView all = {0};
        for (unsigned p = 0; p < PARTITIONS; p++) {
            const Telling *telling = &w->told[p][merchant];
            const int64_t age = MAX(0, now - telling->clock);
            if (p != reader)
                recount(w, p, merchant, telling, window_seconds[window] - age, &all, window);
        }
        near(view->count[window], all.count[window]);
        near(view->sum[window], all.sum[window]);
        near(view->suspicion[window], all.suspicion[window]);
        g_assert_cmpint(view->max[window], ==, all.max[window]);
        g_assert_cmpuint(view->suspicion_max[window], ==, all.suspicion_max[window]);
    }
}

/* Mean and deviations of all amounts known here, in two passes. */
static void check_habit(const World *w, unsigned reader, int merchant, const Habit *habit) {
    double sum = 0, squares = 0;
    uint32_t count = 0;
    for (int pass = 0; pass < 2; pass++)
        for (guint i = 0; i < w->log->len; i++) {
            const Seen *s = &g_array_index(w->log, Seen, i);
            if (s->merchant != merchant ||
                (s->partition != reader && i >= w->told[s->partition][merchant].seen))
                continue;
            const double value = log1p((double)s->amount / 100);
            count += pass == 0;
            if (pass == 0)
                sum += value;
            else
                squares += (value - sum / count) * (value - sum / count);
        }
    g_assert_cmpuint(habit->count, ==, count);
    if (count == 0) return;
    g_assert_cmpfloat_with_epsilon((double)habit->mean, sum / count, 1e-4);
    g_assert_cmpfloat_with_epsilon((double)habit->m2, squares, 1e-3 * squares + 1e-4);
}

static uint32_t recount_cards(const World *w, unsigned partition, int merchant, guint seen,
                              int64_t clock) {
    g_autoptr(GHashTable) cards = g_hash_table_new(g_direct_hash, g_direct_equal);
    for (guint i = 0; i < seen; i++) {
        const Seen *s = &g_array_index(w->log, Seen, i);
        if (s->partition == partition && s->merchant == merchant &&
            s->time + window_seconds[WINDOW_30D] > clock)
            g_hash_table_add(cards, GSIZE_TO_POINTER(s->card));
    }
    return g_hash_table_size(cards);
}

static void check_tally(const World *w, unsigned reader, int merchant, MerchantId id) {
    const int64_t now = w->clocks[reader][merchant];
    MerchantPartial own;
    graph_merchant_partial(w->graphs[reader], id, &own);
    g_assert_cmpuint(own.tally.cards, ==, recount_cards(w, reader, merchant, w->log->len, now));
    CardTally all = own.tally;
    for (unsigned p = 0; p < PARTITIONS; p++) {
        const Telling *telling = &w->told[p][merchant];
        if (p == reader || telling->clock + window_seconds[WINDOW_30D] <= now) continue;
        g_assert_cmpuint(telling->tally.cards, ==,
                         recount_cards(w, p, merchant, telling->seen, telling->clock));
        all.cards += telling->tally.cards;
        all.compromised += telling->tally.compromised;
    }
    const CardTally found = graph_card_tally(w->graphs[reader], id);
    g_assert_cmpuint(found.cards, ==, all.cards);
    g_assert_cmpuint(found.compromised, ==, all.compromised);
}

static void check_merchant(const World *w, unsigned reader, int merchant, MerchantId id) {
    const Merchant *m = graph_merchant(w->graphs[reader], id);
    check_tally(w, reader, merchant, id);
    if (!m->others) return;
    OthersView view;
    others_view(m->others, m->history.clock, &m->habit, &view);
    check_windows(w, reader, merchant, &view);
    check_habit(w, reader, merchant, &view.habit);
}

static void run_world(uint32_t seed) {
    World *w = world_new(seed);
    for (int i = 0; i < STEPS; i++) {
        Transaction t;
        unsigned partition;
        int merchant;
        float suspicion;
        step(w, &t, &partition, &merchant, &suspicion);
        Graph *g = w->graphs[partition];
        CardId card;
        MerchantId id;
        graph_locate(g, &t, &card, &id);
        graph_advance(g, &t, card, id);
        check_merchant(w, partition, merchant, id);
        graph_add(g, &t, card, id, suspicion);
        const Seen seen = {t.card,   partition,
                           merchant, w->clocks[partition][merchant],
                           t.amount, (uint32_t)lrintf(suspicion * SUSPICION_ONE)};
        g_array_append_val(w->log, seen);
        if (g_rand_double(w->random) < 0.1) set_label(g, t.card, g_rand_boolean(w->random), false);
        while (g_rand_double(w->random) < 0.4)
            tell(w, (unsigned)g_rand_int_range(w->random, 0, PARTITIONS),
                 g_rand_int_range(w->random, 0, MERCHANTS));
    }
    world_free(w);
}

static void test_ageing(void) {
    for (uint32_t seed = 1; seed <= 10; seed++)
        run_world(seed);
}

/* A random partial: some graph's own. */
static MerchantPartial random_partial(GRand *random) {
    Graph *g = graph_new();
    World w = {.random = random, .now = 1500000000};
    const int edges = g_rand_int_range(random, 1, 60);
    for (int i = 0; i < edges; i++) {
        Transaction t = next_transaction(&w);
        t.merchant = STR("m");
        pay(g, &t, (float)g_rand_double(random));
        if (g_rand_boolean(random)) set_label(g, t.card, true, false);
    }
    MerchantPartial partial;
    graph_merchant_partial(g, 0, &partial);
    graph_free(g);
    return partial;
}

static void apply_some(World *w, Graph *g) {
    while (g_rand_double(w->random) < 0.5) {
        const MerchantPartial partial = random_partial(w->random);
        graph_apply_partial(g, str_from(names[g_rand_int_range(w->random, 0, MERCHANTS)]),
                            (unsigned)g_rand_int_range(w->random, 0, PARTITIONS_MAX), &partial);
    }
}

/* Whatever a graph is told, its own part is that of a graph that is told nothing. */
static void test_own_part(void) {
    World *w = world_new(21);
    Graph *told = w->graphs[0], *alone = w->graphs[1];
    for (int i = 0; i < STEPS; i++) {
        const Transaction t = next_transaction(w);
        const float suspicion = (float)g_rand_double(w->random);
        pay(told, &t, suspicion);
        pay(alone, &t, suspicion);
        if (i % 7 == 0) set_label(told, t.card, i % 14 == 0, i % 3 == 0);
        if (i % 7 == 0) set_label(alone, t.card, i % 14 == 0, i % 3 == 0);
        apply_some(w, told);
        for (int m = 0; m < MERCHANTS; m++) {
            const MerchantId a = graph_find_merchant(told, str_from(names[m]));
            const MerchantId b = graph_find_merchant(alone, str_from(names[m]));
            if (b == VERTEX_NONE) continue;
            uint8_t one[MERCHANT_PARTIAL_LEN], two[MERCHANT_PARTIAL_LEN];
            own_bytes(told, a, one);
            own_bytes(alone, b, two);
            g_assert_cmpmem(one, sizeof one, two, sizeof two);
        }
    }
    world_free(w);
}

/* The last one applied counts, in whatever order partitions came; memory grows by the first only.
 */
static void test_replacing(void) {
    World *w = world_new(22);
    Graph *one = w->graphs[0], *two = w->graphs[1];
    MerchantPartial partials[3];
    for (int i = 0; i < 3; i++)
        partials[i] = random_partial(w->random);
    for (unsigned p = 0; p < 3; p++)
        graph_apply_partial(one, STR("m"), p, &partials[0]);
    const size_t memory = graph_memory(one);
    for (unsigned p = 0; p < 3; p++)
        graph_apply_partial(one, STR("m"), p, &partials[p]);
    g_assert_cmpuint(graph_memory(one), ==, memory);
    for (unsigned p = 3; p-- > 0;)
        graph_apply_partial(two, STR("m"), p, &partials[p]);
    OthersView a, b;
    const Merchant *m = graph_merchant(one, 0);
    others_view(m->others, 1500000000, &m->habit, &a);
    m = graph_merchant(two, 0);
    others_view(m->others, 1500000000, &m->habit, &b);
    g_assert_cmpmem(&a, sizeof a, &b, sizeof b);
    g_assert_cmpuint(graph_merchant_distinct_cards(one, 0), ==,
                     partials[0].tally.cards + partials[1].tally.cards + partials[2].tally.cards);
    g_assert_cmpuint(graph_merchant_window(one, 0, WINDOW_30D).count, ==,
                     partials[0].count[WINDOW_30D] + partials[1].count[WINDOW_30D] +
                         partials[2].count[WINDOW_30D]);
    g_assert_cmpuint(graph_edge_count(one), ==, 0);
    g_assert_cmpuint(graph_touched_count(one), ==, 0); /* nothing of its own has changed */
    world_free(w);
}

/* A merchant that is not taken out has a part that is as it was when it last was. */
static void test_touched_is_all_that_changed(void) {
    World *w = world_new(23);
    Graph *g = w->graphs[0];
    uint8_t published[MERCHANTS][MERCHANT_PARTIAL_LEN] = {0};
    for (int i = 0; i < 4 * STEPS; i++) {
        const Transaction t = next_transaction(w);
        if (g_rand_double(w->random) < 0.5)
            pay(g, &t, 0.5F);
        else
            set_label(g, t.card, g_rand_boolean(w->random), g_rand_boolean(w->random));
        MerchantId touched[MERCHANTS];
        const size_t waiting = graph_touched_count(g);
        const size_t n = graph_take_touched(g, touched, (size_t)g_rand_int_range(w->random, 1, 9));
        g_assert_cmpuint(graph_touched_count(g), ==, waiting - n);
        for (size_t k = 0; k < n; k++)
            own_bytes(g, touched[k], published[touched[k]]);
        if (graph_touched_count(g) > 0) continue;
        for (MerchantId id = 0; id < graph_merchant_count(g); id++) {
            uint8_t now[MERCHANT_PARTIAL_LEN];
            own_bytes(g, id, now);
            g_assert_cmpmem(now, sizeof now, published[id], sizeof now);
        }
    }
    world_free(w);
}

static void pay_at(Graph *g, uint64_t card, const char *merchant, int64_t time) {
    const Transaction t = {.trans_num = STR("t"),
                           .merchant = str_from(merchant),
                           .card = card,
                           .time = time,
                           .amount = 100};
    pay(g, &t, 0);
}

static void test_touched_order(void) {
    Graph *g = graph_new();
    MerchantId out[4];
    g_assert_cmpuint(graph_take_touched(g, out, 4), ==, 0);
    pay_at(g, 1, "a", 1000);
    pay_at(g, 2, "b", 1000);
    pay_at(g, 1, "c", 1000);
    pay_at(g, 1, "a", 1000);
    g_assert_cmpuint(graph_touched_count(g), ==, 3);
    g_assert_cmpuint(graph_take_touched(g, out, 2), ==, 2);
    g_assert_true(out[0] == 0 && out[1] == 1);
    pay_at(g, 2, "b", 1000);
    pay_at(g, 2, "a", 1000);
    g_assert_cmpuint(graph_take_touched(g, out, 4), ==, 3);
    g_assert_true(out[0] == 2 && out[1] == 1 && out[2] == 0);
    g_assert_cmpuint(graph_take_touched(g, out, 4), ==, 0);
    set_label(g, 1, true, false); /* a card of a and c */
    g_assert_cmpuint(graph_take_touched(g, out, 4), ==, 2);
    g_assert_true(out[0] == 0 && out[1] == 2);
    set_label(g, 1, true, true);
    g_assert_cmpuint(graph_take_touched(g, out, 4), ==, 0);
    graph_free(g);
}

static void refuse(const MerchantPartial *partial, const char *why) {
    uint8_t bytes[MERCHANT_PARTIAL_LEN];
    MerchantPartial out;
    merchant_partial_encode(partial, bytes);
    g_assert_cmpstr(merchant_partial_decode(bytes_of(bytes, sizeof bytes), &out), ==, why);
}

#define REFUSE(why, change)                                                                        \
    do {                                                                                           \
        MerchantPartial p = good;                                                                  \
        change;                                                                                    \
        refuse(&p, why);                                                                           \
    } while (0)

static void test_form(void) {
    Graph *g = graph_new();
    for (int i = 0; i < 10; i++)
        pay_at(g, 1 + (uint64_t)i / 2, "m", 1500000000 + (int64_t)i * DAY);
    set_label(g, 5, true, false);
    MerchantPartial good, back;
    graph_merchant_partial(g, 0, &good);
    graph_free(g);
    g_assert_cmpuint(good.tally.compromised, ==, 1);
    uint8_t bytes[MERCHANT_PARTIAL_LEN + 1] = {0};
    merchant_partial_encode(&good, bytes);
    for (size_t len = 0; len <= sizeof bytes; len++)
        g_assert_true(!merchant_partial_decode(bytes_of(bytes, len), &back) ==
                      (len == MERCHANT_PARTIAL_LEN));
    g_assert_cmpmem(&back, sizeof back, &good, sizeof good);
    bytes[0]++;
    g_assert_cmpstr(merchant_partial_decode(bytes_of(bytes, MERCHANT_PARTIAL_LEN), &back), ==,
                    "of another version or kind");

    const char *const window = "a window that no edges have",
                      *habit = "a habit that no amounts have";
    const char *const cards = "cards that no edges have",
                      *nest = "a shorter window that holds more";
    REFUSE(NULL, (void)0);
    REFUSE("a time out of range", p.clock = UINT32_MAX);
    REFUSE(habit, p.habit.mean = NAN);
    REFUSE(habit, p.habit.mean = INFINITY);
    REFUSE(habit, p.habit.mean = -1);
    REFUSE(habit, p.habit.m2 = -1);
    REFUSE(habit, p.habit.m2 = NAN);
    REFUSE(habit, p.habit.m2 = 1e30F);
    REFUSE(window, p.sum[WINDOW_1H] = -1);
    REFUSE(window, p.sum[WINDOW_30D] = INT64_MAX);
    REFUSE(window, p.max[WINDOW_30D] = -1);
    REFUSE(window, p.max[WINDOW_30D] = 0);
    REFUSE(window, p.max[WINDOW_30D] = AMOUNT_MAX + 1);
    REFUSE(window, p.suspicion[WINDOW_7D] = 1);
    REFUSE(window, p.suspicion_max[WINDOW_7D] = 1);
    REFUSE(nest, p.count[WINDOW_6H] = p.count[WINDOW_30D] + 1);
    REFUSE(nest, p.count[WINDOW_30D] = UINT32_MAX; p.count[WINDOW_7D] = UINT32_MAX;
           p.count[WINDOW_3D] = UINT32_MAX; p.count[WINDOW_24H] = UINT32_MAX;
           p.count[WINDOW_6H] = UINT32_MAX; p.count[WINDOW_1H] = UINT32_MAX; p.sum[WINDOW_1H] = 200;
           p.sum[WINDOW_6H] = 100);
    REFUSE("a habit of too few amounts", p.habit.count = 9);
    REFUSE(cards, p.tally.cards = 11);
    REFUSE(cards, p.tally.cards = 0; p.tally.compromised = 0);
    REFUSE(cards, p.tally.compromised = 6);
}

static bool collect(void *data, const void *bytes, size_t len) {
    g_byte_array_append(data, bytes, (guint)len);
    return true;
}

static GByteArray *written(const Graph *g) {
    GByteArray *bytes = g_byte_array_new();
    g_assert_true(graph_write(g, collect, bytes));
    return bytes;
}

/* The same random life for both: transactions, labels, partials, taking out what is touched. */
static void live(World *w, Graph *const both[2], int steps) {
    for (int i = 0; i < steps; i++) {
        const Transaction t = next_transaction(w);
        const MerchantPartial partial = random_partial(w->random);
        const unsigned partition = (unsigned)g_rand_int_range(w->random, 0, 12);
        const bool take = g_rand_double(w->random) < 0.1;
        for (int k = 0; k < 2 && both[k]; k++) {
            pay(both[k], &t, (float)(i % 100) / 100);
            if (i % 9 == 0) set_label(both[k], t.card, i % 18 == 0, i % 27 == 0);
            if (i % 2 == 0) graph_apply_partial(both[k], t.merchant, partition, &partial);
            if (i % 11 == 0) graph_apply_partial(both[k], STR("elsewhere"), partition, &partial);
            MerchantId touched[3];
            if (take) graph_take_touched(both[k], touched, 3);
        }
    }
}

static void test_snapshot(void) {
    World *w = world_new(31);
    Graph *g = w->graphs[0];
    live(w, (Graph *const[2]){g, NULL}, 500);
    g_assert_cmpuint(graph_touched_count(g), >, 0);
    g_autoptr(GByteArray) before = written(g);
    Graph *copy = graph_read(before->data, before->len);
    g_assert_nonnull(copy);
    g_autoptr(GByteArray) again = written(copy);
    g_assert_cmpmem(before->data, before->len, again->data, again->len);
    for (MerchantId id = 0; id < graph_merchant_count(g); id++) {
        const CardTally a = graph_card_tally(g, id), b = graph_card_tally(copy, id);
        g_assert_cmpmem(&a, sizeof a, &b, sizeof b);
    }
    live(w, (Graph *const[2]){g, copy}, 500);
    g_autoptr(GByteArray) one = written(g), two = written(copy);
    g_assert_cmpmem(one->data, one->len, two->data, two->len);
    graph_free(copy);
    world_free(w);
}

static void test_snapshot_damaged(void) {
    World *w = world_new(32);
    Graph *g = w->graphs[0];
    live(w, (Graph *const[2]){g, NULL}, 100);
    g_autoptr(GByteArray) bytes = written(g);
    for (guint len = 0; len < bytes->len; len += 1 + len / 50)
        g_assert_null(graph_read(bytes->data, len));
    for (int i = 0; i < 3000; i++) { /* no crash; what is accepted can be used */
        const guint at = (guint)g_rand_int_range(w->random, 0, (gint32)bytes->len);
        const uint8_t kept = bytes->data[at];
        bytes->data[at] = (uint8_t)g_rand_int_range(w->random, 0, 256);
        Graph *read = graph_read(bytes->data, bytes->len);
        if (read) pay_at(read, 1, names[0], w->now);
        graph_free(read);
        bytes->data[at] = kept;
    }
    world_free(w);
}

/* The bytes end with the last merchant's partials, and with how many are touched and which. */
static void test_snapshot_of_lies(void) {
    enum { TOLD = sizeof(uint32_t) + MERCHANT_PARTIAL_LEN, TOUCHED = 2 * sizeof(uint64_t) };
    GRand *random = g_rand_new_with_seed(33);
    Graph *g = graph_new();
    pay_at(g, 1, "a", 1500000000);
    pay_at(g, 1, "b", 1500000000);
    const MerchantPartial partial = random_partial(random);
    graph_apply_partial(g, STR("b"), 3, &partial);
    graph_apply_partial(g, STR("b"), 7, &partial);
    g_autoptr(GByteArray) bytes = written(g);
    const size_t second = bytes->len - TOUCHED - TOLD, touched = bytes->len - sizeof(uint32_t);
    const struct {
        size_t at;
        uint32_t good, bad;
    } lies[] = {
        {second, 7, 3},                           /* told twice */
        {second, 7, 2},                           /* out of order */
        {second, 7, PARTITIONS_MAX},              /* no partition */
        {touched, 1, 0},                          /* touched twice */
        {touched, 1, 2},                          /* no merchant */
        {bytes->len - TOUCHED, 2, 1},             /* bytes left over */
        {bytes->len - TOUCHED, 2, 3},             /* more than there are */
        {bytes->len - TOUCHED + 4, 0, UINT32_MAX} /* far more */
    };
    for (size_t i = 0; i < G_N_ELEMENTS(lies); i++) {
        g_assert_cmpmem(bytes->data + lies[i].at, 4, &lies[i].good, 4);
        memcpy(bytes->data + lies[i].at, &lies[i].bad, 4);
        g_assert_null(graph_read(bytes->data, bytes->len));
        memcpy(bytes->data + lies[i].at, &lies[i].good, 4);
    }
    bytes->data[second + 4]++; /* the partial's form */
    g_assert_null(graph_read(bytes->data, bytes->len));
    bytes->data[second + 4]--;
    Graph *read = graph_read(bytes->data, bytes->len);
    g_assert_nonnull(read);
    graph_free(read);
    graph_free(g);
    g_rand_free(random);
}

int main(int argc, char **argv) {
    g_test_init(&argc, &argv, NULL);
    for (size_t i = 0; i < G_N_ELEMENTS(names); i++)
        g_snprintf(names[i], sizeof names[i], "merchant %zu", i);
    g_test_add_func("/merchant-partial/ageing-equals-a-recount", test_ageing);
    g_test_add_func("/merchant-partial/own-part-is-untouched", test_own_part);
    g_test_add_func("/merchant-partial/replacing", test_replacing);
    g_test_add_func("/merchant-partial/touched-is-all-that-changed",
                    test_touched_is_all_that_changed);
    g_test_add_func("/merchant-partial/touched-order", test_touched_order);
    g_test_add_func("/merchant-partial/form", test_form);
    g_test_add_func("/merchant-partial/snapshot", test_snapshot);
    g_test_add_func("/merchant-partial/snapshot-damaged", test_snapshot_damaged);
    g_test_add_func("/merchant-partial/snapshot-of-lies", test_snapshot_of_lies);
    return g_test_run();
}
