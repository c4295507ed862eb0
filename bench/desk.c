/* How quick the analysts' desk is over a long log: makes a store of TRANSACTIONS, one in ten an
 * alert or more, unless FOLDER holds one already, has a desk follow it, and asks what people ask.
 *
 *   bench_desk FOLDER TRANSACTIONS [CARDS [ALERTS_OF_TEN]]
 */
#include "serve/desk.h"
#include "io/store.h"

#include <stdio.h>
#include <stdlib.h>

enum { BATCH = 5000, REPEATS = 20, MERCHANTS = 700 };

static double seconds_since(int64_t start) {
    return (double)(g_get_monotonic_time() - start) / G_USEC_PER_SEC;
}

static void stop_on(GError *error) {
    if (!error) return;
    fprintf(stderr, "bench_desk: %s\n", error->message);
    exit(1);
}

/* The store */

typedef struct World {
    unsigned cards, alerts_of_ten;
} World;

static void add_one(Store *store, GRand *random, uint64_t n, World world) {
    static const char reasons[] = "[]";
    GError *error = NULL;
    char number[33], merchant[32], category[] = "grocery_pos";
    g_snprintf(number, sizeof number, "%08x%08x%08x%08x", g_rand_int(random), g_rand_int(random),
               g_rand_int(random), (unsigned)n);
    g_snprintf(merchant, sizeof merchant, "fraud_Merchant %d",
               g_rand_int_range(random, 0, MERCHANTS));
    const Transaction transaction = {
        .trans_num = str_from(number),
        .merchant = str_from(merchant),
        .card = 4000000000000000u + (uint64_t)g_rand_int_range(random, 0, (gint32)world.cards),
        .time = 1577836800 + (int64_t)n,
        .amount = g_rand_int_range(random, 100, 200000),
        .is_fraud = LABEL_NONE,
        .birth = INT32_MIN,
        .city_population = -1,
        .latitude = 40.5,
        .longitude = -74.5,
        .merchant_latitude = 40.6,
        .merchant_longitude = -74.6,
        .category_name = str_from(category),
    };
    const bool alert = g_rand_int_range(random, 0, 10) < (gint32)world.alerts_of_ten;
    const Answer answer = {
        .score = (float)g_rand_double(random),
        .verdict = !alert  ? VERDICT_APPROVE
                   : n % 2 ? VERDICT_REVIEW
                           : VERDICT_DECLINE,
        .model_name = STR("m"),
        .model_version = STR("1"),
        .reasons = str_from(reasons),
    };
    store_add_transaction(store, &transaction, &answer, &error);
    stop_on(error);
}

static Store *make_store(const char *dir, uint64_t count, World world) {
    GError *error = NULL;
    Store *store = store_open(dir, &error);
    stop_on(error);
    GRand *random = g_rand_new_with_seed(1);
    const int64_t start = g_get_monotonic_time();
    while (store_position(store) < count) {
        store_begin(store, &error);
        for (int i = 0; i < BATCH; i++)
            add_one(store, random, store_position(store) + 1, world);
        if (!store_commit(store, &error)) stop_on(error);
    }
    printf("store of %" G_GUINT64_FORMAT " transactions made in %.0f s\n", store_position(store),
           seconds_since(start));
    g_rand_free(random);
    return store;
}

/* The desk */

static bool take_nothing(Worker *worker, Job *job) {
    (void)worker;
    (void)job;
    return false;
}

typedef struct Asked {
    Job job; /* first: the desk hands back this address */
    GMutex lock;
    GCond done;
    bool answered;
} Asked;

static void answered(Job *job) {
    Asked *asked = (Asked *)job;
    g_mutex_lock(&asked->lock);
    asked->answered = true;
    g_cond_signal(&asked->done);
    g_mutex_unlock(&asked->lock);
}

/* The answer, which the caller frees. */
static GString *ask(Desk *desk, const DeskCall *call) {
    Asked asked = {.job = {.kind = JOB_DESK, .desk = call, .done = answered}};
    g_mutex_init(&asked.lock);
    g_cond_init(&asked.done);
    g_assert_true(desk_worker(desk)->submit(desk_worker(desk), &asked.job));
    g_mutex_lock(&asked.lock);
    while (!asked.answered)
        g_cond_wait(&asked.done, &asked.lock);
    g_mutex_unlock(&asked.lock);
    if (asked.job.reply.status != 200) fprintf(stderr, "%s\n", asked.job.reply.body->str);
    return asked.job.reply.body;
}

static DeskCall *call_of(DeskTask task, const char *number, const char *const *words) {
    DeskCall *call = desk_call_new(task, number, "bench", "admin");
    for (; words && *words; words += 2) {
        const char *wrong = desk_call_set(call, str_from(words[0]), str_from(words[1]));
        if (wrong) fprintf(stderr, "%s\n", wrong);
    }
    return call;
}

static void measure(Desk *desk, const char *what, const DeskCall *call) {
    double worst = 0, sum = 0;
    gsize bytes = 0;
    for (int i = 0; i < REPEATS; i++) {
        const int64_t start = g_get_monotonic_time();
        GString *body = ask(desk, call);
        const double ms = seconds_since(start) * 1000;
        bytes = body->len;
        g_string_free(body, TRUE);
        sum += ms;
        worst = MAX(worst, ms);
    }
    printf("%-46s mean %8.2f ms, worst %8.2f ms, %7zu bytes\n", what, sum / REPEATS, worst, bytes);
}

static void measure_list(Desk *desk, const char *what, const char *const *words) {
    DeskCall *call = call_of(DESK_LIST, NULL, words);
    measure(desk, what, call);
    desk_call_free(call);
}

/* The number of an alert in the middle of the log. */
static void keep_number(const StoredTransaction *stored, char out[64]) {
    g_strlcpy(out, stored->transaction.trans_num.data,
              MIN(stored->transaction.trans_num.len + 1, (size_t)64));
}

static char *some_alert(const char *dir, uint64_t seq) {
    GError *error = NULL;
    StoredTransaction stored;
    char number[64] = "";
    Store *reader = store_open_reader(dir, &error);
    stop_on(error);
    while (store_at(reader, seq, &stored, &error) == STORE_FOUND &&
           stored.answer.verdict == VERDICT_APPROVE)
        seq++;
    stop_on(error);
    keep_number(&stored, number);
    store_close(reader);
    return g_strdup(number);
}

static void measure_changes(Desk *desk, const char *number) {
    DeskCall *review = call_of(DESK_CHANGE, number, NULL);
    review->edit = (CaseEdit){.has_status = true, .status = CASE_IN_REVIEW};
    double sum = 0;
    for (int i = 0; i < REPEATS; i++) {
        review->edit.status = i % 2 ? CASE_OPEN : CASE_IN_REVIEW;
        const int64_t start = g_get_monotonic_time();
        g_string_free(ask(desk, review), TRUE);
        sum += seconds_since(start) * 1000;
    }
    printf("%-46s mean %8.2f ms\n", "change, on the disk", sum / REPEATS);
    desk_call_free(review);
}

static void measure_all(Desk *desk, const char *dir, uint64_t count) {
    g_autofree char *number = some_alert(dir, count / 2);
    g_autofree char *begins = g_strndup(number, 6);
    measure_list(desk, "queue, first page", NULL);
    measure_list(desk, "queue, 500", (const char *const[]){"limit", "500", NULL});
    measure_list(desk, "by time, all statuses",
                 (const char *const[]){"order", "time", "status", "all", NULL});
    measure_list(desk, "from the middle on",
                 (const char *const[]){"after", "l40e86a0000000000.5", NULL});
    measure_list(desk, "one merchant of 700", (const char *const[]){"q", "merchant 345", NULL});
    measure_list(desk, "all merchants", (const char *const[]){"q", "merchant", NULL});
    measure_list(desk, "no merchant", (const char *const[]){"q", "unheard of", NULL});
    measure_list(desk, "beginning of a number", (const char *const[]){"q", begins, NULL});
    measure_list(desk, "last four digits", (const char *const[]){"q", "1234", NULL});
    measure_list(desk, "closed, of all merchants",
                 (const char *const[]){"q", "merchant", "status", "fraud", NULL});
    measure_list(desk, "nobody's of one name", (const char *const[]){"assignee", "kim", NULL});
    measure_list(desk, "recent", (const char *const[]){"since", "2099-01-01", NULL});
    measure_list(desk, "large amounts", (const char *const[]){"min_amount", "1999", NULL});
    measure_list(desk, "larger than any", (const char *const[]){"min_amount", "5000", NULL});
    DeskCall *shown = call_of(DESK_SHOW, number, NULL);
    DeskCall *history = call_of(DESK_CARD_HISTORY, number, NULL);
    measure(desk, "one alert", shown);
    measure(desk, "card's history of 50", history);
    measure_changes(desk, number);
    desk_call_free(shown);
    desk_call_free(history);
}

int main(int argc, char **argv) {
    if (argc < 3) {
        fprintf(stderr, "usage: bench_desk FOLDER TRANSACTIONS [CARDS [ALERTS_OF_TEN]]\n");
        return 2;
    }
    GError *error = NULL;
    setvbuf(stdout, NULL, _IOLBF, 0);
    const uint64_t count = g_ascii_strtoull(argv[2], NULL, 10);
    const World world = {
        .cards = argc > 3 ? (unsigned)g_ascii_strtoull(argv[3], NULL, 10) : 100000,
        .alerts_of_ten = argc > 4 ? (unsigned)g_ascii_strtoull(argv[4], NULL, 10) : 1,
    };
    Store *store = make_store(argv[1], count, world);
    Meters *meters = meters_new();
    Hub *hub = hub_new(meters);
    Worker worker = {.submit = take_nothing};
    counter_set(&meters->position, store_position(store));
    const DeskOptions options = {
        .data_dir = argv[1], .worker = &worker, .meters = meters, .hub = hub};
    const int64_t start = g_get_monotonic_time();
    Desk *desk = desk_new(&options, &error);
    stop_on(error);
    const uint64_t *verdicts = store_totals(store)->verdicts;
    const uint64_t alerts = verdicts[VERDICT_REVIEW] + verdicts[VERDICT_DECLINE];
    while (counter_get(&meters->alerts[CASE_OPEN]) + counter_get(&meters->alerts[CASE_IN_REVIEW]) <
           alerts)
        g_usleep(G_USEC_PER_SEC / 10);
    printf("followed in %.0f s: %" G_GUINT64_FORMAT " alerts\n", seconds_since(start), alerts);
    measure_all(desk, argv[1], count);
    desk_stop(desk);
    desk_free(desk);
    hub_free(hub);
    meters_free(meters);
    store_close(store);
    return 0;
}
