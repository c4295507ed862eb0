/* The graph against a recount of all edges from the beginning, on random worlds. */
#include "graph/vertex.h"

#include <math.h>

typedef struct World {
    GRand *random;
    int64_t now;
    int cards, merchants;
    double late; /* share of edges that arrive with an earlier time */
} World;

/* An edge as the recount sees it: on each end's clock. */
typedef struct Seen {
    uint64_t card;
    int merchant;
    int64_t card_time, merchant_time, amount;
    uint32_t suspicion;
} Seen;

static char merchant_names[64][16];

static Transaction next_transaction(World *w) {
    double u = g_rand_double(w->random);
    w->now += u < 0.3    ? 0
              : u < 0.9  ? g_rand_int_range(w->random, 1, 2000)
              : u < 0.99 ? g_rand_int_range(w->random, 2000, 200000)
                         : g_rand_int_range(w->random, 200000, 3000000);
    bool late = g_rand_double(w->random) < w->late;
    int merchant = g_rand_int_range(w->random, 0, w->merchants);
    return (Transaction){
        .trans_num = STR("t"),
        .merchant = str_from(merchant_names[merchant]),
        .card = 4000000000000000ULL + (uint64_t)g_rand_int_range(w->random, 0, w->cards),
        .time = w->now - (late ? g_rand_int_range(w->random, 0, 4000000) : 0),
        .amount =
            g_rand_double(w->random) < 0.01 ? AMOUNT_MAX : g_rand_int_range(w->random, 0, 100000),
        .category = (uint8_t)g_rand_int_range(w->random, 0, CATEGORY_COUNT),
        .merchant_latitude = 40,
        .merchant_longitude = -100,
    };
}

static int64_t clock_of(const GArray *log, bool by_card, uint64_t id, int64_t time) {
    for (guint i = 0; i < log->len; i++) {
        const Seen *s = &g_array_index(log, Seen, i);
        if (by_card ? s->card == id : (uint64_t)s->merchant == id)
            time = MAX(time, by_card ? s->card_time : s->merchant_time);
    }
    return time;
}

static void check_history(const GArray *log, bool by_card, uint64_t id, int64_t clock,
                          const History *h) {
    int64_t max[WINDOW_COUNT];
    uint32_t suspicion_max[WINDOW_COUNT];
    history_max_amounts(h, max);
    history_max_suspicions(h, suspicion_max);
    g_assert_cmpuint(h->clock, ==, clock);
    for (int w = 0; w < WINDOW_COUNT; w++) {
        uint32_t count = 0, most_suspicious = 0;
        int64_t sum = 0, largest = 0;
        uint64_t suspicion = 0;
        for (guint i = 0; i < log->len; i++) {
            const Seen *s = &g_array_index(log, Seen, i);
            int64_t time = by_card ? s->card_time : s->merchant_time;
            if ((by_card ? s->card : (uint64_t)s->merchant) != id) continue;
            if (time + window_seconds[w] <= clock) continue;
            count++;
            sum += s->amount;
            suspicion += s->suspicion;
            largest = MAX(largest, s->amount);
            most_suspicious = MAX(most_suspicious, s->suspicion);
        }
        g_assert_cmpuint(history_count(h, w), ==, count);
        g_assert_cmpint(h->sum[w], ==, sum);
        g_assert_cmpuint(h->suspicion[w], ==, suspicion);
        g_assert_cmpint(max[w], ==, largest);
        g_assert_cmpuint(suspicion_max[w], ==, most_suspicious);
        g_assert_cmpuint(history_max_suspicion(h, w), ==, most_suspicious);
    }
}

static void check_distinct(const GArray *log, int merchant, int64_t clock, CardTally tally) {
    g_autoptr(GHashTable) month = g_hash_table_new(g_direct_hash, g_direct_equal);
    for (guint i = 0; i < log->len; i++) {
        const Seen *s = &g_array_index(log, Seen, i);
        if (s->merchant != merchant) continue;
        gpointer key = GSIZE_TO_POINTER(s->card);
        if (s->merchant_time + window_seconds[WINDOW_30D] > clock) g_hash_table_add(month, key);
    }
    g_assert_cmpuint(tally.cards, ==, g_hash_table_size(month));
}

static void check_pair(const GArray *log, uint64_t card, int merchant, int64_t clock,
                       const Pair *pair) {
    uint32_t month = 0;
    int64_t last = 0;
    for (guint i = 0; i < log->len; i++) {
        const Seen *s = &g_array_index(log, Seen, i);
        if (s->merchant != merchant || s->card != card) continue;
        month += s->merchant_time + window_seconds[WINDOW_30D] > clock;
        last = MAX(last, s->merchant_time);
    }
    g_assert_cmpuint(pair ? pair->count : 0, ==, month);
    if (pair) g_assert_cmpint(pair->last, ==, last);
}

/* The card's edges of the day, in the order in which they came. */
static DayTally recount_day(const GArray *edges, uint64_t card, uint32_t day) {
    DayTally tally = {.day = day, .suspicion_min = SUSPICION_ONE};
    for (guint i = 0; i < edges->len; i++) {
        const Seen *s = &g_array_index(edges, Seen, i);
        if (s->card != card || s->card_time / 86400 != day) continue;
        const double share = (s->suspicion + 0.5) / (SUSPICION_ONE + 1.0);
        const double evidence = log(share / (1 - share)) - log(0.005 / 0.995);
        tally.count++;
        tally.evidence += lrint(CLAMP(evidence, -6.0, 6.0) * EVIDENCE_ONE);
        tally.suspicion_min = MIN(tally.suspicion_min, s->suspicion);
        tally.suspicion_max = MAX(tally.suspicion_max, s->suspicion);
    }
    return tally;
}

static void check_day(const DayTally *found, const DayTally *wanted) {
    g_assert_cmpuint(found->count, ==, wanted->count);
    if (wanted->count == 0) return;
    g_assert_cmpuint(found->day, ==, wanted->day);
    g_assert_cmpuint(found->suspicion_min, ==, wanted->suspicion_min);
    g_assert_cmpuint(found->suspicion_max, ==, wanted->suspicion_max);
    /* A float's logarithm may round to the next step. */
    g_assert_cmpint(ABS(found->evidence - wanted->evidence), <=, wanted->count);
}

static void check_days(const GArray *log, uint64_t card, int64_t clock, const ActiveDays *days) {
    uint32_t today = (uint32_t)(clock / 86400), before = 0;
    for (guint i = 0; i < log->len; i++) {
        const Seen *s = &g_array_index(log, Seen, i);
        const uint32_t day = (uint32_t)(s->card_time / 86400);
        if (s->card == card && day < today) before = MAX(before, day);
    }
    const DayTally found = active_days_today(days, (uint32_t)clock);
    const DayTally found_before = active_days_before(days, (uint32_t)clock);
    const DayTally wanted = recount_day(log, card, today);
    const DayTally wanted_before = recount_day(log, card, before);
    check_day(&found, &wanted);
    check_day(&found_before, &wanted_before);
}

static void run_world(uint32_t seed, double late, int steps) {
    World w = {g_rand_new_with_seed(seed), 1500000000, 1 + (int)(seed % 7), 1 + (int)(seed % 5),
               late};
    g_autoptr(GArray) log = g_array_new(FALSE, FALSE, sizeof(Seen));
    Graph *g = graph_new();
    for (int i = 0; i < steps; i++) {
        Transaction t = next_transaction(&w);
        int merchant = 0;
        while (!str_equal(t.merchant, str_from(merchant_names[merchant])))
            merchant++;
        CardId card_id;
        MerchantId merchant_id;
        graph_locate(g, &t, &card_id, &merchant_id);
        graph_advance(g, &t, card_id, merchant_id);
        int64_t card_clock = clock_of(log, true, t.card, t.time);
        int64_t merchant_clock = clock_of(log, false, (uint64_t)merchant, t.time);
        const Merchant *m = graph_merchant(g, merchant_id);
        check_history(log, true, t.card, card_clock, &graph_card(g, card_id)->history);
        check_history(log, false, (uint64_t)merchant, merchant_clock, &m->history);
        check_days(log, t.card, card_clock, &graph_card(g, card_id)->days);
        check_distinct(log, merchant, merchant_clock, graph_card_tally(g, merchant_id));
        check_pair(log, t.card, merchant, merchant_clock, graph_pair(g, card_id, merchant_id));

        float suspicion = (float)pow(g_rand_double(w.random), 8); /* most are small */
        graph_add(g, &t, card_id, merchant_id, suspicion);
        Seen seen = {t.card,         merchant, card_clock,
                     merchant_clock, t.amount, (uint32_t)lrintf(suspicion * SUSPICION_ONE)};
        g_array_append_val(log, seen);
    }
    graph_free(g);
    g_rand_free(w.random);
}

static void test_windows(void) {
    for (uint32_t seed = 1; seed <= 30; seed++)
        run_world(seed, 0, 400);
}

static void test_windows_out_of_order(void) {
    for (uint32_t seed = 101; seed <= 130; seed++)
        run_world(seed, 0.3, 400);
}

static Graph *random_graph(uint32_t seed, int steps, World *w) {
    *w = (World){g_rand_new_with_seed(seed), 1500000000, 40, 20, 0.1};
    Graph *g = graph_new();
    for (int i = 0; i < steps; i++) {
        Transaction t = next_transaction(w);
        CardId card;
        MerchantId merchant;
        graph_locate(g, &t, &card, &merchant);
        graph_advance(g, &t, card, merchant);
        graph_add(g, &t, card, merchant, (float)g_rand_double(w->random));
        if (i % 10 == 0) {
            g_autofree char *number = g_strdup_printf("t%d", i);
            graph_label(
                g, &(Label){str_from(number), t.merchant, t.card, t.time, t.time + 1, true, false});
        }
    }
    return g;
}

static void test_compromised(void) {
    World w;
    Graph *g = random_graph(5, 3000, &w);
    /* Every count equals the number of distinct marked cards among the merchant's edges. */
    for (MerchantId id = 0; id < graph_merchant_count(g); id++) {
        const Merchant *m = graph_merchant(g, id);
        g_autoptr(GHashTable) cards = g_hash_table_new(g_direct_hash, g_direct_equal);
        for (uint32_t i = 0; i < m->history.count; i++) {
            uint32_t card = history_edge(&m->history, i)->other;
            if (graph_pair(g, card, id)->compromised)
                g_hash_table_add(cards, GUINT_TO_POINTER(card));
        }
        g_assert_cmpuint(graph_card_tally(g, id).compromised, ==, g_hash_table_size(cards));
    }
    graph_free(g);
    g_rand_free(w.random);
}

static void pay(Graph *g, uint64_t number, const char *merchant, int64_t time) {
    Transaction t = {.card = number,
                     .merchant = str_from(merchant),
                     .time = time,
                     .amount = 100,
                     .trans_num = STR("x")};
    CardId c;
    MerchantId m;
    graph_locate(g, &t, &c, &m);
    graph_advance(g, &t, c, m);
    graph_add(g, &t, c, m, 0);
}

static void test_label_and_its_correction(void) {
    Graph *g = graph_new();
    pay(g, 1, "a", 1000);
    pay(g, 1, "b", 2000);
    pay(g, 2, "a", 3000);
    MerchantId a = graph_find_merchant(g, STR("a")), b = graph_find_merchant(g, STR("b"));
    CardId card = graph_find_card(g, 1);
    Label fraud = {STR("n1"), STR("b"), 1, 2000, 4000, true, false};
    graph_label(g, &fraud);
    fraud.was_fraud = true;
    graph_label(g, &fraud); /* said twice, counted once */
    g_assert_true(graph_card_compromised(g, card));
    g_assert_cmpuint(graph_merchant_compromised_cards(g, a), ==, 1);
    g_assert_cmpuint(graph_merchant_compromised_cards(g, b), ==, 1);
    pay(g, 1, "c", 5000);
    g_assert_cmpuint(graph_merchant_compromised_cards(g, graph_find_merchant(g, STR("c"))), ==, 1);
    Label other = {STR("n2"), STR("a"), 1, 1000, 4500, true, false};
    graph_label(g, &other);
    fraud.is_fraud = false;
    graph_label(g, &fraud);
    g_assert_true(graph_card_compromised(g, card)); /* by the other one */
    other.is_fraud = false;
    other.was_fraud = true;
    graph_label(g, &other);
    g_assert_false(graph_card_compromised(g, card));
    other.was_fraud = false;
    graph_label(g, &other); /* not fraud, of what never was */
    g_assert_false(graph_card_compromised(g, card));
    for (MerchantId id = 0; id < 3; id++)
        g_assert_cmpuint(graph_merchant_compromised_cards(g, id), ==, 0);
    graph_label(g, &(Label){STR("n"), STR("a"), 77, 1, 2, true, false}); /* of a card never seen */
    graph_free(g);
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

/* Written, read and written again gives the same bytes, and the copy goes on as the original does.
 */
static void test_snapshot(void) {
    World w;
    Graph *g = random_graph(9, 3000, &w);
    GByteArray *bytes = written(g);
    Graph *copy = graph_read(bytes->data, bytes->len);
    g_assert_nonnull(copy);
    g_assert_cmpuint(graph_edge_count(copy), ==, graph_edge_count(g));
    for (int i = 0; i < 3000; i++) {
        Transaction t = next_transaction(&w);
        Graph *both[] = {g, copy};
        for (int k = 0; k < 2; k++) {
            CardId card;
            MerchantId merchant;
            graph_locate(both[k], &t, &card, &merchant);
            graph_advance(both[k], &t, card, merchant);
            graph_add(both[k], &t, card, merchant, (float)(i % 100) / 100);
            if (i % 20 == 0)
                graph_label(both[k], &(Label){STR("z"), t.merchant, t.card, t.time, t.time,
                                              i % 40 == 0, i % 60 == 0});
        }
    }
    g_autoptr(GByteArray) one = written(g), two = written(copy);
    g_assert_cmpmem(one->data, one->len, two->data, two->len);
    graph_free(g);
    graph_free(copy);
    g_byte_array_unref(bytes);
    g_rand_free(w.random);
}

static void test_snapshot_damaged(void) {
    World w;
    Graph *g = random_graph(11, 200, &w);
    g_autoptr(GByteArray) bytes = written(g);
    for (guint len = 0; len < bytes->len; len += 1 + len / 50)
        g_assert_null(graph_read(bytes->data, len));
    for (int i = 0; i < 3000; i++) { /* no crash; what is accepted can be used */
        guint at = (guint)g_rand_int_range(w.random, 0, (gint32)bytes->len);
        uint8_t before = bytes->data[at];
        bytes->data[at] = (uint8_t)g_rand_int_range(w.random, 0, 256);
        Graph *read = graph_read(bytes->data, bytes->len);
        if (read) pay(read, 1, "a", w.now);
        graph_free(read);
        bytes->data[at] = before;
    }
    graph_free(g);
    g_rand_free(w.random);
}

static void test_memory_stops_growing(void) {
    World w = {g_rand_new_with_seed(3), 1500000000, 50, 30, 0};
    Graph *g = graph_new();
    size_t after_two_months = 0;
    for (int64_t i = 0; i < 60000; i++) {
        Transaction t = next_transaction(&w);
        t.time = 1500000000 + i * 250; /* 60,000 at a steady rate: 174 days */
        CardId card;
        MerchantId merchant;
        graph_locate(g, &t, &card, &merchant);
        graph_advance(g, &t, card, merchant);
        graph_add(g, &t, card, merchant, 0.5F);
        if (i == 21000) after_two_months = graph_memory(g);
    }
    g_assert_cmpuint(graph_memory(g), <, after_two_months + after_two_months / 5);
    graph_free(g);
    g_rand_free(w.random);
}

int main(int argc, char **argv) {
    g_test_init(&argc, &argv, NULL);
    for (size_t i = 0; i < G_N_ELEMENTS(merchant_names); i++)
        g_snprintf(merchant_names[i], sizeof merchant_names[i], "merchant %zu", i);
    g_test_add_func("/graph/windows-equal-a-recount", test_windows);
    g_test_add_func("/graph/windows-equal-a-recount-out-of-order", test_windows_out_of_order);
    g_test_add_func("/graph/compromised-cards", test_compromised);
    g_test_add_func("/graph/label-and-its-correction", test_label_and_its_correction);
    g_test_add_func("/graph/snapshot", test_snapshot);
    g_test_add_func("/graph/snapshot-damaged", test_snapshot_damaged);
    g_test_add_func("/graph/memory-stops-growing", test_memory_stops_growing);
    return g_test_run();
}
