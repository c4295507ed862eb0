/* The board: what it says against a recount of everything, one by one; after labels that come late
 * and change, and after kill -9; and how it counts a long log while more comes in. */
#include "base/civil.h"
#include "base/json.h"
#include "serve/board.h"
#include "serve/intake.h"
#include "serve/service.h"
#include "serve/tally.h"

#include <math.h>

/* What there is to count. */
typedef struct Fact {
    int64_t time, amount;
    double latitude, longitude;
    char *merchant, *category;
    bool alert;
    int members, members_alert; /* 0 when the model has one */
    int label;
} Fact;

static void fact_clear(void *data) {
    g_free(((Fact *)data)->merchant);
    g_free(((Fact *)data)->category);
}

static GArray *facts_new(void) {
    GArray *facts = g_array_new(FALSE, FALSE, sizeof(Fact));
    g_array_set_clear_func(facts, fact_clear);
    return facts;
}

static Fact *fact(const GArray *facts, guint i) {
    return &g_array_index(facts, Fact, i);
}

/* Reading the answer */

static JsonValue member(JsonValue object, const char *name) {
    JsonValue value;
    if (!json_member(object, name, &value)) g_error("no member '%s'", name);
    return value;
}

static double number(JsonValue object, const char *name) {
    return json_get_double(member(object, name));
}

static char *text(JsonValue object, const char *name) {
    const Str found = json_get_str(member(object, name));
    return g_strndup(found.data, found.len);
}

static bool note_element(Str key, JsonValue value, void *data) {
    (void)key;
    g_array_append_val((GArray *)data, value);
    return true;
}

/* The elements of an array; the caller frees. */
static GArray *elements(JsonValue object, const char *name) {
    GArray *values = g_array_new(FALSE, FALSE, sizeof(JsonValue));
    json_each(member(object, name), note_element, values);
    return values;
}

static JsonValue element(const GArray *values, guint i) {
    return g_array_index(values, JsonValue, i);
}

/* Recounting */

static const struct {
    const char *name;
    int64_t slot, count; /* seconds; 0: all there is */
} windows[] = {{"1h", 60, 60}, {"24h", 1800, 48}, {"7d", 21600, 28}, {"all", 0, 0}};

/* Totals by some name, as text: "transactions frauds alerts cents". */
typedef struct Total {
    char *name;
    int64_t transactions, frauds, alerts, amount;
} Total;

static void total_free(void *data) {
    g_free(((Total *)data)->name);
    g_free(data);
}

static void add_to(GHashTable *totals, const char *name, const Fact *of) {
    Total *total = g_hash_table_lookup(totals, name);
    if (!total) {
        total = g_new0(Total, 1);
        total->name = g_strdup(name);
        g_hash_table_insert(totals, total->name, total);
    }
    total->transactions++;
    total->frauds += of->label == 1;
    total->alerts += of->alert;
    total->amount += of->amount;
}

static const Total *take_total(GHashTable *totals, const char *name) {
    const Total *total = g_hash_table_lookup(totals, name);
    if (!total) g_error("nothing was to be counted of %s", name);
    return total;
}

typedef struct Recount {
    int64_t from, last;
    int64_t transactions, alerts, labels[2][2]; /* by label and alert */
    int64_t caught, missed, voted, any, all;
    GHashTable *merchants, *categories, *places, *amounts;
} Recount;

static const char *amount_name(int64_t cents) {
    static const int tops[] = {10, 20, 30, 40, 50, 100, 1000, 5000};
    static const char *const names[] = {"0", "10", "20", "30", "40", "50", "100", "1000", "5000"};
    size_t i = 0;
    while (i < G_N_ELEMENTS(tops) && cents >= (int64_t)tops[i] * 100)
        i++;
    return names[i];
}

static void recount_one(Recount *recount, const Fact *of) {
    recount->transactions++;
    recount->alerts += of->alert;
    recount->voted += of->members > 0;
    recount->any += of->members_alert > 0;
    recount->all += of->members > 0 && of->members_alert == of->members;
    if (of->label != LABEL_NONE) recount->labels[of->label][of->alert]++;
    if (of->label == 1) *(of->alert ? &recount->caught : &recount->missed) += of->amount;
    add_to(recount->merchants, of->merchant, of);
    add_to(recount->categories, of->category, of);
    add_to(recount->amounts, amount_name(of->amount), of);
    if (isnan(of->latitude) || isnan(of->longitude)) return;
    g_autofree char *place =
        g_strdup_printf("%.1f %.1f", floor(of->latitude) + 0.5, floor(of->longitude) + 0.5);
    add_to(recount->places, place, of);
}

static GHashTable *totals_new(void) {
    return g_hash_table_new_full(g_str_hash, g_str_equal, NULL, total_free);
}

static Recount recount(const GArray *facts, size_t window) {
    Recount all = {.merchants = totals_new(),
                   .categories = totals_new(),
                   .places = totals_new(),
                   .amounts = totals_new(),
                   .last = INT64_MIN,
                   .from = INT64_MAX};
    for (guint i = 0; i < facts->len; i++) {
        all.last = MAX(all.last, fact(facts, i)->time);
        all.from = MIN(all.from, fact(facts, i)->time);
    }
    if (windows[window].slot > 0)
        all.from =
            (all.last / windows[window].slot - windows[window].count + 1) * windows[window].slot;
    for (guint i = 0; i < facts->len; i++)
        if (fact(facts, i)->time >= all.from) recount_one(&all, fact(facts, i));
    return all;
}

static void recount_clear(Recount *recount) {
    g_hash_table_unref(recount->merchants);
    g_hash_table_unref(recount->categories);
    g_hash_table_unref(recount->places);
    g_hash_table_unref(recount->amounts);
}

/* Comparing */

static void check_share(JsonValue object, const char *name, int64_t part, int64_t whole) {
    if (whole == 0)
        g_assert_cmpint(json_type(member(object, name)), ==, JSON_NULL);
    else
        g_assert_cmpfloat_with_epsilon(number(object, name), (double)part / (double)whole, 1e-6);
}

static void check_number(JsonValue object, const char *name, int64_t expected) {
    if (json_get_int(member(object, name)) != expected)
        g_error("%s is %" G_GINT64_FORMAT ", not %" G_GINT64_FORMAT, name,
                json_get_int(member(object, name)), expected);
}

static void check_cents(JsonValue object, const char *name, int64_t cents) {
    g_assert_cmpint(llround(number(object, name) * 100), ==, cents);
}

static void check_totals(JsonValue root, const Recount *expected) {
    const int64_t frauds = expected->labels[1][0] + expected->labels[1][1];
    const int64_t not_frauds = expected->labels[0][0] + expected->labels[0][1];
    check_number(root, "transactions", expected->transactions);
    check_number(root, "frauds", frauds);
    check_number(root, "not_frauds", not_frauds);
    check_number(root, "unlabelled", expected->transactions - frauds - not_frauds);
    check_number(root, "alerts", expected->alerts);
    check_share(root, "alert_rate", expected->alerts, expected->transactions);
    const JsonValue quality = member(root, "quality");
    check_number(quality, "labelled", frauds + not_frauds);
    check_number(quality, "true_positives", expected->labels[1][1]);
    check_number(quality, "false_negatives", expected->labels[1][0]);
    check_number(quality, "false_positives", expected->labels[0][1]);
    check_number(quality, "true_negatives", expected->labels[0][0]);
    check_share(quality, "precision", expected->labels[1][1],
                expected->labels[1][1] + expected->labels[0][1]);
    check_share(quality, "recall", expected->labels[1][1], frauds);
    check_cents(quality, "fraud_caught", expected->caught);
    check_cents(quality, "fraud_missed", expected->missed);
    const JsonValue agreement = member(root, "agreement");
    g_assert_cmpint(json_type(agreement) == JSON_NULL, ==, expected->voted == 0);
    if (expected->voted == 0) return;
    check_number(agreement, "alerts_any", expected->any);
    check_number(agreement, "alerts_all", expected->all);
    check_share(agreement, "rate", expected->all, expected->any);
}

/* The list has the ten first, in order, and nothing of those left out comes before the last. */
static void check_merchants(JsonValue root, const char *name, const Recount *expected,
                            bool by_frauds) {
    g_autoptr(GArray) shown = elements(root, name);
    g_autoptr(GList) all = g_hash_table_get_values(expected->merchants);
    guint candidates = 0, better = 0;
    int64_t last = INT64_MAX;
    for (guint i = 0; i < shown->len; i++) {
        g_autofree char *merchant = text(element(shown, i), "merchant");
        const Total *total = take_total(expected->merchants, merchant);
        check_number(element(shown, i), "transactions", total->transactions);
        check_number(element(shown, i), "frauds", total->frauds);
        check_cents(element(shown, i), "amount", total->amount);
        const int64_t rank = by_frauds ? total->frauds : total->transactions;
        g_assert_cmpint(rank, <=, last);
        last = rank;
    }
    for (const GList *at = all; at; at = at->next) {
        const Total *total = at->data;
        candidates += !by_frauds || total->frauds > 0;
        better += (by_frauds ? total->frauds : total->transactions) > last;
    }
    g_assert_cmpuint(shown->len, ==, MIN(candidates, 10));
    g_assert_cmpuint(better, <, 10);
}

static void check_categories(JsonValue root, const Recount *expected) {
    g_autoptr(GArray) shown = elements(root, "categories");
    for (guint i = 0; i < shown->len; i++) {
        g_autofree char *name = text(element(shown, i), "category");
        const Total *total = take_total(expected->categories, name);
        check_number(element(shown, i), "transactions", total->transactions);
        check_number(element(shown, i), "frauds", total->frauds);
    }
    g_assert_cmpuint(shown->len, ==, g_hash_table_size(expected->categories));
}

static void check_amounts(JsonValue root, const Recount *expected) {
    g_autoptr(GArray) shown = elements(root, "amounts");
    g_assert_cmpuint(shown->len, ==, 9);
    for (guint i = 0; i < shown->len; i++) {
        const JsonValue bucket = element(shown, i);
        g_autofree char *from =
            g_strdup_printf("%" G_GINT64_FORMAT, json_get_int(member(bucket, "from")));
        const Total *total = g_hash_table_lookup(expected->amounts, from);
        check_number(bucket, "transactions", total ? total->transactions : 0);
        check_number(bucket, "frauds", total ? total->frauds : 0);
        if (i + 1 < shown->len)
            g_assert_cmpint(json_get_int(member(bucket, "to")), ==,
                            json_get_int(member(element(shown, i + 1), "from")));
        else
            g_assert_cmpint(json_type(member(bucket, "to")), ==, JSON_NULL);
    }
}

static void check_places(JsonValue root, const Recount *expected) {
    g_autoptr(GArray) shown = elements(root, "places");
    g_autoptr(GList) all = g_hash_table_get_values(expected->places);
    int64_t last = INT64_MAX;
    guint better = 0;
    for (guint i = 0; i < shown->len; i++) {
        const JsonValue place = element(shown, i);
        g_autofree char *name =
            g_strdup_printf("%.1f %.1f", number(place, "lat"), number(place, "long"));
        const Total *total = take_total(expected->places, name);
        check_number(place, "transactions", total->transactions);
        check_number(place, "frauds", total->frauds);
        check_number(place, "alerts", total->alerts);
        g_assert_cmpint(total->transactions, <=, last);
        last = total->transactions;
    }
    for (const GList *at = all; at; at = at->next)
        better += ((const Total *)at->data)->transactions > last;
    g_assert_cmpuint(better, <, TALLY_PLACES_SHOWN);
    g_assert_cmpuint(shown->len, ==, MIN(g_hash_table_size(expected->places), TALLY_PLACES_SHOWN));
}

static void check_time(JsonValue root, const char *name, int64_t expected) {
    char written[CIVIL_TIME_LEN + 1];
    g_autofree char *shown = text(root, name);
    civil_write_time(expected, written);
    written[10] = 'T';
    g_assert_true(g_str_has_prefix(shown, written));
}

static void check_board(const char *json, size_t len, const GArray *facts, size_t window) {
    JsonParser *parser = json_parser_new(1 << 20);
    JsonValue root;
    const char *message;
    if (!json_parse(parser, json, len, &root, &message)) g_error("%s: %s", message, json);
    Recount expected = recount(facts, window);
    g_autofree char *name = text(root, "window");
    g_assert_cmpstr(name, ==, windows[window].name);
    check_time(root, "from", expected.from);
    check_time(root, "to", expected.last);
    check_totals(root, &expected);
    check_merchants(root, "merchants", &expected, false);
    check_merchants(root, "fraud_merchants", &expected, true);
    check_categories(root, &expected);
    check_amounts(root, &expected);
    check_places(root, &expected);
    recount_clear(&expected);
    json_parser_free(parser);
}

/* The counting by itself */

static TallyRow row_of(const Fact *of) {
    return (TallyRow){
        .time = of->time,
        .amount = of->amount,
        .place = tally_place(of->latitude, of->longitude),
        .category = category_code(str_from(of->category)),
        .alert = of->alert,
        .members = (uint8_t)of->members,
        .members_alert = (uint8_t)of->members_alert,
    };
}

/* Mostly forward in time, sometimes late, now and then a long pause; places beyond the cells shown.
 */
static Fact random_fact(GRand *random, int64_t now) {
    const bool late = g_rand_int_range(random, 0, 10) == 0;
    const bool nowhere = g_rand_int_range(random, 0, 50) == 0;
    const int members = g_rand_int_range(random, 0, 2) * 3;
    return (Fact){
        .time = MAX(now - (late ? g_rand_int_range(random, 0, 9 * 86400) : 0), 0),
        .amount = (int64_t)pow(10, g_rand_double_range(random, 0, 7)),
        .latitude = nowhere ? NAN : g_rand_double_range(random, -90, 90),
        .longitude = g_rand_double_range(random, -180, 180),
        .merchant = g_strdup_printf("m\"%d", (int)pow(1.0185, g_rand_int_range(random, 0, 400))),
        .category = g_strdup(category_name((uint8_t)g_rand_int_range(random, 0, CATEGORY_COUNT))),
        .alert = g_rand_int_range(random, 0, 5) == 0,
        .members = members,
        .members_alert = members ? g_rand_int_range(random, 0, members + 1) : 0,
        .label = LABEL_NONE,
    };
}

static void check_tally(const Tally *tally, const GArray *facts) {
    g_autoptr(GString) out = g_string_new(NULL);
    for (TallyWindow window = 0; window < TALLY_WINDOWS; window++) {
        g_string_truncate(out, 0);
        tally_write(tally, window, true, out);
        check_board(out->str, out->len, facts, window);
    }
}

static void relabel(Tally *tally, Fact *of, int label) {
    const TallyRow row = row_of(of);
    tally_label(tally, &row, str_from(of->merchant), of->label, label);
    of->label = label;
}

static void test_recount(void) {
    g_autoptr(GRand) random = g_rand_new_with_seed(7);
    g_autoptr(GArray) facts = facts_new();
    Tally *tally = tally_new();
    int64_t now = 1600000000;
    for (int i = 0; i < 30000; i++) {
        now += g_rand_int_range(random, 0, 5000) == 0 ? 40 * 3600 : g_rand_int_range(random, 0, 60);
        Fact next = random_fact(random, now);
        g_array_append_val(facts, next);
        const TallyRow row = row_of(&next);
        tally_add(tally, &row, str_from(next.merchant), LABEL_NONE);
        if (i % 2 == 0)
            relabel(tally, fact(facts, (guint)g_rand_int_range(random, 0, (int)facts->len)),
                    g_rand_int_range(random, 0, 2));
        if (i % 3000 == 1 || i == 29999) check_tally(tally, facts);
    }
    tally_free(tally);
}

static void test_empty(void) {
    Tally *tally = tally_new();
    g_autoptr(GString) out = g_string_new(NULL);
    tally_write(tally, TALLY_24H, true, out);
    g_assert_true(g_str_has_prefix(
        out->str, "{\"window\":\"24h\",\"from\":null,\"to\":null,\"transactions\":0,"));
    g_assert_nonnull(strstr(out->str, "\"alert_rate\":null"));
    g_assert_nonnull(strstr(out->str, "\"merchants\":[],"));
    g_assert_nonnull(strstr(out->str, "\"precision\":null,\"recall\":null"));
    tally_free(tally);
}

static void test_places(void) {
    g_assert_cmpuint(tally_place(-90, -180), ==, 0);
    g_assert_cmpuint(tally_place(90, 180), ==, 180 * 360 - 1);
    g_assert_cmpuint(tally_place(-1e300, INFINITY), ==, 359);
    g_assert_cmpuint(tally_place(NAN, 0), ==, TALLY_PLACE_NONE);
    g_assert_cmpuint(tally_place(0, NAN), ==, TALLY_PLACE_NONE);
    g_assert_cmpuint(tally_place(40.7, -74.0), ==, 130 * 360 + 106);
}

/* The board with a store: a log that is long already, and grows and is labelled while it is read.
 */

typedef struct Asked {
    Job job; /* first */
    GMutex lock;
    GCond changed;
    bool done;
} Asked;

static void note_done(Job *job) {
    Asked *asked = (Asked *)job;
    g_mutex_lock(&asked->lock);
    asked->done = true;
    g_cond_signal(&asked->changed);
    g_mutex_unlock(&asked->lock);
}

/* The answer's status; its body is appended. */
static unsigned ask_once(Board *board, const char *window, GString *body) {
    Asked asked = {.job = {.kind = JOB_BOARD, .subject = str_from(window), .done = note_done}};
    Worker *worker = board_worker(board);
    g_mutex_init(&asked.lock);
    g_cond_init(&asked.changed);
    g_assert_true(worker->submit(worker, &asked.job));
    g_mutex_lock(&asked.lock);
    while (!asked.done)
        g_cond_wait(&asked.changed, &asked.lock);
    g_mutex_unlock(&asked.lock);
    g_string_append(body, asked.job.reply.body->str);
    g_string_free(asked.job.reply.body, TRUE);
    g_mutex_clear(&asked.lock);
    g_cond_clear(&asked.changed);
    return asked.job.reply.status;
}

static void check_answers(Board *board, const GArray *facts) {
    for (size_t window = 0; window < G_N_ELEMENTS(windows); window++) {
        g_autoptr(GString) body = g_string_new(NULL);
        while (ask_once(board, windows[window].name, body) == 503) {
            g_assert_nonnull(strstr(body->str, "being counted from the log"));
            g_string_truncate(body, 0);
            g_usleep(1000);
        }
        check_board(body->str, body->len, facts, window);
    }
}

static Transaction transaction_of(const Fact *of, guint i, char number[32]) {
    g_snprintf(number, 32, "t%u", i);
    return (Transaction){
        .trans_num = str_from(number),
        .merchant = str_from(of->merchant),
        .card = 4000000000000000 + i % 97,
        .time = of->time,
        .amount = of->amount,
        .category = category_code(str_from(of->category)),
        .category_name = str_from(of->category),
        .is_fraud = LABEL_NONE,
        .birth = INT32_MIN,
        .city_population = -1,
        .latitude = of->latitude,
        .longitude = of->longitude,
        .merchant_latitude = NAN,
        .merchant_longitude = NAN,
    };
}

static Answer answer_of(const Fact *of) {
    Answer answer = {
        .score = of->alert ? 0.9F : 0.1F,
        .verdict = of->alert ? VERDICT_DECLINE : VERDICT_APPROVE,
        .model_name = STR_INIT("m"),
        .model_version = of->members ? (Str)STR_INIT("three") : (Str)STR_INIT("one"),
        .member_kinds = of->members ? (Str)STR_INIT("a,b,c") : (Str)STR_INIT("a"),
        .reasons = STR_INIT("[]"),
    };
    answer.members.count = (uint8_t)of->members;
    answer.members.alerts = (uint8_t)((1u << of->members_alert) - 1);
    return answer;
}

/* As the partition does it; `board` may be NULL. */
static void keep_new(Store *store, Board *board, GArray *facts, GRand *random, int64_t now) {
    g_autoptr(GError) error = NULL;
    char number[32];
    Fact next = random_fact(random, now);
    const Transaction transaction = transaction_of(&next, facts->len, number);
    const Answer answer = answer_of(&next);
    g_array_append_val(facts, next);
    store_add_transaction(store, &transaction, &answer, &error);
    g_assert_no_error(error);
    board_add(board, &transaction, &answer);
}

static void keep_label(Store *store, Board *board, Fact *of, guint i, bool is_fraud) {
    g_autoptr(GError) error = NULL;
    StoredTransaction stored;
    g_autofree char *number = g_strdup_printf("t%u", i);
    g_assert_cmpint(store_find(store, str_from(number), &stored, &error), ==, STORE_FOUND);
    g_assert_cmpint(stored.is_fraud, ==, of->label);
    if (of->label == (int)is_fraud) return;
    const Label label = store_label_of(&stored, of->time + 1, is_fraud);
    board_label(board, &stored, is_fraud);
    store_add_label(store, &label, stored.seq, &error);
    g_assert_no_error(error);
    of->label = is_fraud;
}

static void keep_some(Store *store, Board *board, GArray *facts, GRand *random, int count,
                      int64_t *now) {
    g_autoptr(GError) error = NULL;
    g_assert_true(store_begin(store, &error));
    for (int i = 0; i < count; i++) {
        *now += g_rand_int_range(random, 0, 60);
        keep_new(store, board, facts, random, *now);
        const guint other = (guint)g_rand_int_range(random, 0, (int)facts->len);
        keep_label(store, board, fact(facts, other), other, g_rand_boolean(random));
    }
    g_assert_true(store_commit(store, &error));
}

static void test_long_log(void) {
    g_autoptr(GError) error = NULL;
    g_autofree char *dir = g_dir_make_tmp("haechi-board-XXXXXX", NULL);
    g_autofree char *data = g_build_filename(dir, "data", NULL);
    g_autoptr(GRand) random = g_rand_new_with_seed(11);
    g_autoptr(GArray) facts = facts_new();
    Store *store = store_open(data, &error);
    g_assert_no_error(error);
    int64_t now = 1600000000;
    for (int i = 0; i < 40; i++)
        keep_some(store, NULL, facts, random, 500, &now);
    for (int round = 0; round < 3; round++) { /* the board begins anew, on a longer log */
        Board *board = board_new();
        g_autoptr(GString) body = g_string_new(NULL);
        g_assert_cmpint(ask_once(board, "all", body), ==, 503); /* not opened yet */
        g_assert_cmpint(ask_once(board, "2h", body), ==, 400);
        g_assert_true(board_open(board, data, store_position(store), true, &error));
        for (int i = 0; i < 200; i++) /* small pieces, so that they fall between those it reads */
            keep_some(store, board, facts, random, 10, &now);
        check_answers(board, facts);
        keep_some(store, board, facts, random, 500, &now);
        check_answers(board, facts);
        board_stop(board);
        board_free(board);
    }
    store_close(store);
    remove_tree(dir);
}

/* More is told at once than may wait: the teller waits, and nothing is lost. */
static void test_flood(void) {
    g_autoptr(GRand) random = g_rand_new_with_seed(3);
    g_autoptr(GArray) facts = facts_new();
    Board *board = board_new();
    g_assert_true(board_open(board, "/nowhere", 0, true, NULL));
    for (guint i = 0; i < 3 * BOARD_TOLD_MAX; i++) {
        Fact next = random_fact(random, 1600000000 + i);
        char number[32];
        const Transaction transaction = transaction_of(&next, i, number);
        const Answer answer = answer_of(&next);
        g_array_append_val(facts, next);
        board_add(board, &transaction, &answer);
    }
    check_answers(board, facts);
    board_stop(board);
    board_free(board);
}

/* The service */

static World *world;

/* What the transaction says of itself. */
static Fact read_fact(const char *json) {
    JsonParser *parser = json_parser_new(1 << 16);
    JsonValue root;
    JsonScratch scratch;
    const char *message;
    Transaction transaction;
    Reject reject;
    g_assert_true(json_parse(parser, json, strlen(json), &root, &message));
    g_assert_true(transaction_from_json(root, &scratch, &transaction, &reject));
    const Str category = transaction.category_name;
    const Fact of = {
        .time = transaction.time,
        .amount = transaction.amount,
        .latitude = transaction.latitude,
        .longitude = transaction.longitude,
        .merchant = g_strndup(transaction.merchant.data, transaction.merchant.len),
        .category = g_strndup(category.data, category.len),
        .label = LABEL_NONE,
    };
    json_parser_free(parser);
    return of;
}

/* Posts transactions from `first` to before `last`, and adds them with what was answered. */
static void post_facts(Service *service, GArray *facts, guint first, guint last) {
    g_autoptr(GString) body = g_string_new(NULL);
    for (guint i = first; i < last; i++)
        g_string_append_printf(body, "%s\n", (const char *)world->transactions->pdata[i]);
    Response response = post_lines(service, "/v1/transactions", body->str, body->len);
    g_assert_cmpint(response.status, ==, 200);
    g_auto(GStrv) lines = g_strsplit(response.body->str, "\n", -1);
    for (guint i = first; i < last; i++) {
        Fact next = read_fact(world->transactions->pdata[i]);
        next.alert = !strstr(lines[i - first], "\"decision\":\"approve\"");
        g_array_append_val(facts, next);
    }
    response_clear(&response);
}

/* Labels each of them as the data has it, or the other way round. */
static void post_labels(Service *service, GArray *facts, guint first, guint last, bool inverted) {
    g_autoptr(GString) body = g_string_new(NULL);
    for (guint i = first; i < last; i++) {
        const bool is_fraud = strstr(world->labels->pdata[i], "\"is_fraud\":1") != NULL;
        fact(facts, i)->label = is_fraud != inverted;
        g_string_append_printf(body, "{\"trans_num\":\"%s\",\"is_fraud\":%d}\n",
                               (const char *)world->numbers->pdata[i], is_fraud != inverted);
    }
    Response response = post_lines(service, "/v1/labels", body->str, body->len);
    g_assert_cmpint(response.status, ==, 200);
    response_clear(&response);
}

/* The service's answer for a window, once it has counted; the caller frees. */
static char *get_board(Service *service, const char *window) {
    g_autofree char *path = g_strconcat("/v1/board?window=", window, NULL);
    for (;;) {
        Response response = request(service, "GET", path, NULL);
        const long status = response.status;
        g_autofree char *after = response_header(&response, "Retry-After");
        g_assert_true(status == 200 || (status == 503 && after));
        char *body = g_string_free(g_steal_pointer(&response.body), FALSE);
        g_string_free(response.headers, TRUE);
        if (status == 200) return body;
        g_free(body);
        g_usleep(10000);
    }
}

static void check_service(Service *service, const GArray *facts,
                          char *said[G_N_ELEMENTS(windows)]) {
    for (size_t window = 0; window < G_N_ELEMENTS(windows); window++) {
        char *body = get_board(service, windows[window].name);
        check_board(body, strlen(body), facts, window);
        if (said[window]) g_assert_cmpstr(body, ==, said[window]); /* to the byte */
        g_free(said[window]);
        said[window] = body;
    }
}

static void forget(char *said[G_N_ELEMENTS(windows)]) {
    for (size_t window = 0; window < G_N_ELEMENTS(windows); window++)
        g_clear_pointer(&said[window], g_free);
}

static void test_service(void) {
    g_autofree char *data = world_path(world, "board");
    g_autoptr(GArray) facts = facts_new();
    char *said[G_N_ELEMENTS(windows)] = {NULL};
    const guint count = world->transactions->len, half = count / 2;
    Service service = service_start(world->model, data, NULL);
    post_facts(&service, facts, 0, half);
    check_service(&service, facts, said);
    forget(said);
    post_labels(&service, facts, 0, half / 2, false);
    post_labels(&service, facts, half / 4, half / 2, true);
    check_service(&service, facts, said);
    for (int i = 0; i < 2; i++) { /* from the log alone, and again */
        g_assert_cmpint(service_end(&service, SIGKILL), ==, -SIGKILL);
        service_clear(&service);
        service = service_start(world->model, data, NULL);
        check_service(&service, facts, said);
    }
    forget(said);
    post_labels(&service, facts, half / 4, half, false); /* at once after the start */
    post_facts(&service, facts, half, count);
    post_labels(&service, facts, half, count, false);
    check_service(&service, facts, said);
    g_assert_cmpint(service_end(&service, SIGTERM), ==, 0);
    service_clear(&service);
    service = service_start(world->model, data, NULL);
    check_service(&service, facts, said);
    forget(said);
    g_assert_cmpint(service_end(&service, SIGTERM), ==, 0);
    service_clear(&service);
}

int main(int argc, char **argv) {
    g_test_init(&argc, &argv, NULL);
    world = world_new();
    g_test_add_func("/board/recount", test_recount);
    g_test_add_func("/board/empty", test_empty);
    g_test_add_func("/board/places", test_places);
    g_test_add_func("/board/long_log", test_long_log);
    g_test_add_func("/board/flood", test_flood);
    g_test_add_func("/board/service", test_service);
    const int status = g_test_run();
    world_free(world);
    return status;
}
