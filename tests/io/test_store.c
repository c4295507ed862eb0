/* The store: what is committed stays, through kill -9, a full disk and a torn log; what is not ours
 * is refused by name. */
#include "io/store.h"

#include "io/data_folder.h"
#include "io/database.h"
#include "torn_log.h"
#include <glib/gstdio.h>
#include <math.h>
#include <signal.h>
#include <sqlite3.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

typedef struct Fixture {
    char *dir;
} Fixture;

static void fixture_set_up(Fixture *f, gconstpointer unused) {
    (void)unused;
    f->dir = g_dir_make_tmp("haechi-store-XXXXXX", NULL);
    g_assert_nonnull(f->dir);
}

static void fixture_tear_down(Fixture *f, gconstpointer unused) {
    (void)unused;
    remove_all(f->dir);
    g_free(f->dir);
}

static Store *must_open(const char *dir) {
    g_autoptr(GError) error = NULL;
    Store *store = store_open(dir, &error);
    g_assert_no_error(error);
    return store;
}

/* Transaction number `n`, always the same. `num` holds its number's text. */
static Transaction make_transaction(unsigned n, char num[16]) {
    g_snprintf(num, 16, "t%08u", n);
    return (Transaction){
        .trans_num = str_from(num),
        .merchant = STR("fraud_Kirlin and Sons"),
        .card = 4000000000000000u + n % 7,
        .time = 1600000000 + n,
        .amount = 100 + n,
        .category = 2,
        .category_name = STR("grocery_pos"),
        .is_fraud = LABEL_NONE,
        .birth = INT32_MIN,
        .city_population = -1,
        .latitude = 36.5,
        .longitude = -81.25,
        .merchant_latitude = NAN,
        .merchant_longitude = NAN,
    };
}

static float score_of(unsigned n) {
    return 1.0f / (float)(n + 3);
}

static Answer make_answer(unsigned n) {
    return (Answer){
        .score = score_of(n),
        .verdict = (Verdict)(n % 3),
        .model_name = STR("xgboost"),
        .model_version = n < 1000000 ? STR("v1") : STR("v2"),
        .member_kinds = STR("xgboost,gcn"),
        .members = {.count = 2,
                    .alerts = (uint8_t)(n % 4),
                    .scores = {score_of(n), score_of(n + 1)}},
        .reasons = STR("[{\"feature\":\"amount\"}]"),
    };
}

static bool add(Store *store, unsigned n, GError **error) {
    char num[16];
    Transaction transaction = make_transaction(n, num);
    Answer answer = make_answer(n);
    return store_add_transaction(store, &transaction, &answer, error);
}

/* Adds [from, to) in one batch. */
static void must_add(Store *store, unsigned from, unsigned to) {
    g_autoptr(GError) error = NULL;
    g_assert_true(store_begin(store, &error));
    for (unsigned n = from; n < to; n++)
        g_assert_true(add(store, n, &error));
    g_assert_true(store_commit(store, &error));
    g_assert_no_error(error);
}

static StoreFound find(Store *store, unsigned n, StoredTransaction *out) {
    char num[16];
    g_autoptr(GError) error = NULL;
    g_snprintf(num, sizeof num, "t%08u", n);
    StoreFound found = store_find(store, str_from(num), out, &error);
    g_assert_no_error(error);
    return found;
}

static void check_stored(Store *store, unsigned n) {
    char num[16];
    Transaction expected = make_transaction(n, num);
    StoredTransaction stored;
    g_assert_cmpint(find(store, n, &stored), ==, STORE_FOUND);
    g_assert_true(str_equal(stored.transaction.trans_num, expected.trans_num));
    g_assert_true(str_equal(stored.transaction.merchant, expected.merchant));
    g_assert_true(stored.transaction.card == expected.card);
    g_assert_cmpint(stored.transaction.time, ==, expected.time);
    g_assert_cmpint(stored.transaction.amount, ==, expected.amount);
    g_assert_true(isnan(stored.transaction.merchant_latitude));
    Answer answer = make_answer(n);
    g_assert_cmpmem(&stored.answer.score, sizeof(float), &answer.score, sizeof(float));
    g_assert_cmpint(stored.answer.verdict, ==, answer.verdict);
    g_assert_true(str_equal(stored.answer.model_name, answer.model_name));
    g_assert_true(str_equal(stored.answer.model_version, answer.model_version));
    g_assert_true(str_equal(stored.answer.reasons, answer.reasons));
    g_assert_true(str_equal(stored.answer.member_kinds, answer.member_kinds));
    g_assert_cmpuint(stored.answer.members.count, ==, answer.members.count);
    g_assert_cmpuint(stored.answer.members.alerts, ==, answer.members.alerts);
    g_assert_cmpmem(stored.answer.members.scores, sizeof answer.members.scores,
                    answer.members.scores, sizeof answer.members.scores);
}

static bool count_event(uint64_t seq, const LoggedEvent *logged, void *data) {
    uint64_t *count = data;
    g_assert_cmpuint(seq, ==, ++*count);
    if (logged->event.kind == EVENT_TRANSACTION) {
        float expected = score_of((unsigned)(logged->event.transaction.amount - 100));
        g_assert_cmpmem(&logged->score, sizeof(float), &expected, sizeof(float));
    }
    return true;
}

/* The whole log reads back without a gap, and is as long as the store says. */
static void check_log(Store *store) {
    g_autoptr(GError) error = NULL;
    uint64_t count = 0;
    g_assert_true(store_replay(store, 0, count_event, &count, &error));
    g_assert_cmpuint(count, ==, store_position(store));
    const StoreTotals *totals = store_totals(store);
    g_assert_cmpuint(count, ==,
                     totals->verdicts[0] + totals->verdicts[1] + totals->verdicts[2] +
                         totals->labels);
}

static void test_keeps(Fixture *f, gconstpointer unused) {
    (void)unused;
    Store *store = must_open(f->dir);
    must_add(store, 0, 50);
    must_add(store, 50, 60);
    must_add(store, 1000000, 1000001); /* another model */
    store_close(store);
    store = must_open(f->dir);
    g_assert_cmpuint(store_position(store), ==, 61);
    g_assert_cmpint(store_totals(store)->latest_time, ==, 1601000000);
    for (unsigned n = 0; n < 60; n++)
        check_stored(store, n);
    check_stored(store, 1000000);
    StoredTransaction absent;
    g_assert_cmpint(find(store, 60, &absent), ==, STORE_ABSENT);
    check_log(store);
    store_close(store);
}

static void test_files_are_private(Fixture *f, gconstpointer unused) {
    (void)unused;
    Store *store = must_open(f->dir);
    must_add(store, 0, 1);
    static const char *const names[] = {"haechi.db", "haechi.db-wal", "haechi.db-shm", "lock"};
    for (size_t i = 0; i < G_N_ELEMENTS(names); i++) {
        g_autofree char *path = g_build_filename(f->dir, names[i], NULL);
        struct stat st;
        g_assert_cmpint(stat(path, &st), ==, 0);
        g_assert_cmpuint(st.st_mode & 0777, ==, 0600);
    }
    store_close(store);
}

/* What a commit writes to the disk is whole pages, about one for each transaction. */
static void test_pages_are_small(Fixture *f, gconstpointer unused) {
    (void)unused;
    store_close(must_open(f->dir));
    g_autofree char *path = g_build_filename(f->dir, "haechi.db", NULL);
    sqlite3 *db;
    sqlite3_stmt *size;
    g_assert_cmpint(sqlite3_open(path, &db), ==, SQLITE_OK);
    g_assert_cmpint(sqlite3_prepare_v2(db, "PRAGMA page_size", -1, &size, NULL), ==, SQLITE_OK);
    g_assert_cmpint(sqlite3_step(size), ==, SQLITE_ROW);
    g_assert_cmpint(sqlite3_column_int(size, 0), ==, 1024);
    sqlite3_finalize(size);
    sqlite3_close(db);
}

static void test_reader_needs_a_store(Fixture *f, gconstpointer unused) {
    (void)unused;
    g_autoptr(GError) error = NULL;
    g_assert_null(store_open_reader(f->dir, &error));
    g_assert_error(error, DATABASE_ERROR, DATABASE_ERROR_ABSENT);
}

static void test_uncommitted_is_gone(Fixture *f, gconstpointer unused) {
    (void)unused;
    g_autoptr(GError) error = NULL;
    Store *store = must_open(f->dir);
    must_add(store, 0, 3);
    g_assert_true(store_begin(store, &error));
    g_assert_true(add(store, 3, &error));
    store_close(store);
    store = must_open(f->dir);
    g_assert_cmpuint(store_position(store), ==, 3);
    check_log(store);
    store_close(store);
}

static void must_label(Store *store, unsigned n, bool is_fraud) {
    g_autoptr(GError) error = NULL;
    StoredTransaction of;
    g_assert_cmpint(find(store, n, &of), ==, STORE_FOUND);
    Label label = {
        .trans_num = of.transaction.trans_num,
        .merchant = of.transaction.merchant,
        .card = of.transaction.card,
        .transaction_time = of.transaction.time,
        .time = of.transaction.time + 86400,
        .is_fraud = is_fraud,
        .was_fraud = of.is_fraud == 1,
    };
    g_assert_true(store_begin(store, &error));
    g_assert_true(store_add_label(store, &label, of.seq, &error));
    g_assert_true(store_commit(store, &error));
    g_assert_no_error(error);
}

static void check_label(Store *store, unsigned n, int is_fraud) {
    StoredTransaction stored;
    g_assert_cmpint(find(store, n, &stored), ==, STORE_FOUND);
    g_assert_cmpint(stored.is_fraud, ==, is_fraud);
}

static void test_labels(Fixture *f, gconstpointer unused) {
    (void)unused;
    Store *store = must_open(f->dir);
    must_add(store, 0, 4);
    must_label(store, 1, true);
    must_label(store, 2, true);
    must_label(store, 2, false); /* taken back */
    must_label(store, 3, false);
    store_close(store);
    store = must_open(f->dir);
    check_label(store, 0, LABEL_NONE);
    check_label(store, 1, 1);
    check_label(store, 2, 0);
    check_label(store, 3, 0);
    g_assert_cmpuint(store_totals(store)->labels, ==, 4);
    g_assert_cmpuint(store_totals(store)->frauds_labelled, ==, 1);
    check_log(store);
    store_close(store);
}

static void collect(const StoredTransaction *stored, void *data) {
    g_array_append_val((GArray *)data, stored->seq);
}

static void check_latest(Store *store, unsigned verdicts, size_t limit, const uint64_t *expected,
                         guint count) {
    g_autoptr(GError) error = NULL;
    g_autoptr(GArray) found = g_array_new(FALSE, FALSE, sizeof(uint64_t));
    g_assert_true(store_latest(store, verdicts, limit, collect, found, &error));
    g_assert_cmpmem(found->data, found->len * sizeof(uint64_t), expected, count * sizeof(uint64_t));
}

static void test_latest(Fixture *f, gconstpointer unused) {
    (void)unused;
    Store *store = must_open(f->dir);
    must_add(store, 0, 9); /* verdicts 0 1 2 0 1 2 0 1 2 at positions 1 to 9 */
    check_latest(store, VERDICTS_ALL, 3, (const uint64_t[]){9, 8, 7}, 3);
    check_latest(store, 1 << VERDICT_APPROVE, 50, (const uint64_t[]){7, 4, 1}, 3);
    check_latest(store, 1 << VERDICT_REVIEW, 2, (const uint64_t[]){8, 5}, 2);
    check_latest(store, 1 << VERDICT_DECLINE, 50, (const uint64_t[]){9, 6, 3}, 3);
    const unsigned alerts = 1 << VERDICT_REVIEW | 1 << VERDICT_DECLINE;
    check_latest(store, alerts, 4, (const uint64_t[]){9, 8, 6, 5}, 4);
    const unsigned approved_or_declined = 1 << VERDICT_APPROVE | 1 << VERDICT_DECLINE;
    check_latest(store, approved_or_declined, 3, (const uint64_t[]){9, 7, 6}, 3);
    store_close(store);
}

static void test_reader_sees_commits(Fixture *f, gconstpointer unused) {
    (void)unused;
    g_autoptr(GError) error = NULL;
    Store *store = must_open(f->dir);
    Store *reader = store_open_reader(f->dir, &error);
    g_assert_no_error(error);
    StoredTransaction stored;
    for (unsigned n = 0; n < 20; n++) {
        g_assert_cmpint(find(reader, n, &stored), ==, STORE_ABSENT);
        g_assert_true(store_begin(store, &error));
        g_assert_true(add(store, n, &error));
        g_assert_cmpint(find(reader, n, &stored), ==, STORE_ABSENT);
        g_assert_true(store_commit(store, &error));
        check_stored(reader, n);
    }
    store_close(reader);
    store_close(store);
}

static void test_a_number_is_added_once(Fixture *f, gconstpointer unused) {
    (void)unused;
    g_autoptr(GError) error = NULL;
    Store *store = must_open(f->dir);
    must_add(store, 0, 1);
    g_assert_true(store_begin(store, &error));
    g_assert_false(add(store, 0, &error));
    g_assert_error(error, DATABASE_ERROR, DATABASE_ERROR_FAILED);
    store_rollback(store);
    store_close(store);
}

/* The write-ahead log is swept while commits go on, and does not grow for ever. */
static void test_long_run(Fixture *f, gconstpointer unused) {
    (void)unused;
    Store *store = must_open(f->dir);
    for (unsigned n = 0; n < 60000; n += 300)
        must_add(store, n, n + 300);
    g_autofree char *wal = g_build_filename(f->dir, "haechi.db-wal", NULL);
    struct stat st;
    g_assert_cmpint(stat(wal, &st), ==, 0);
    g_assert_cmpint(st.st_size, <, 64 << 20);
    check_log(store);
    store_close(store);
    store = must_open(f->dir);
    g_assert_cmpuint(store_position(store), ==, 60000);
    check_log(store);
    store_close(store);
}

/* Refusals */

static void check_refused(const char *dir, GQuark domain, int code, const char *text) {
    g_autoptr(GError) error = NULL;
    g_assert_null(store_open(dir, &error));
    g_assert_error(error, domain, code);
    g_assert_nonnull(strstr(error->message, text));
    g_assert_null(strchr(error->message, '\n'));
}

static void run_sql(const char *dir, const char *sql) {
    g_autofree char *path = g_build_filename(dir, "haechi.db", NULL);
    sqlite3 *db;
    g_assert_cmpint(sqlite3_open(path, &db), ==, SQLITE_OK);
    g_assert_cmpint(sqlite3_exec(db, sql, NULL, NULL, NULL), ==, SQLITE_OK);
    sqlite3_close(db);
}

static void test_folder_in_use(Fixture *f, gconstpointer unused) {
    (void)unused;
    Store *store = must_open(f->dir);
    g_autofree char *pid = g_strdup_printf("in use by another haechi (pid %d)", (int)getpid());
    check_refused(f->dir, DATA_FOLDER_ERROR, DATA_FOLDER_ERROR_IN_USE, pid);
    must_add(store, 0, 1); /* the first one is not disturbed */
    store_close(store);
    store_close(must_open(f->dir));
}

static void test_newer_store(Fixture *f, gconstpointer unused) {
    (void)unused;
    store_close(must_open(f->dir));
    run_sql(f->dir, "PRAGMA user_version = 3");
    check_refused(f->dir, DATABASE_ERROR, DATABASE_ERROR_NEWER, "written by a newer haechi");
}

/* A store of the first version opens with what it has, and goes on. */
static void test_older_store(Fixture *f, gconstpointer unused) {
    (void)unused;
    Store *store = must_open(f->dir);
    must_add(store, 0, 3);
    store_close(store);
    run_sql(f->dir, "ALTER TABLE models DROP COLUMN members; ALTER TABLE transactions DROP COLUMN "
                    "members; PRAGMA user_version = 1");
    store = must_open(f->dir);
    StoredTransaction stored;
    g_assert_cmpint(find(store, 1, &stored), ==, STORE_FOUND);
    g_assert_cmpuint(stored.answer.members.count, ==, 0);
    g_assert_cmpuint(stored.answer.member_kinds.len, ==, 0);
    store_close(store);
    store_close(must_open(f->dir));
}

/* What a database says of members is not trusted. */
static void test_damaged_members(Fixture *f, gconstpointer unused) {
    (void)unused;
    static const char *const blobs[] = {"x'0000'", "x'07' || zeroblob(8)", "zeroblob(37)"};
    store_close(must_open(f->dir));
    for (size_t i = 0; i < G_N_ELEMENTS(blobs); i++) {
        Store *store = must_open(f->dir);
        must_add(store, (unsigned)i, (unsigned)i + 1);
        store_close(store);
        g_autofree char *sql = g_strdup_printf(
            "UPDATE transactions SET members = CAST(%s AS BLOB) WHERE seq = %zu", blobs[i], i + 1);
        run_sql(f->dir, sql);
        store = must_open(f->dir);
        char num[16];
        StoredTransaction stored;
        g_autoptr(GError) error = NULL;
        g_snprintf(num, sizeof num, "t%08u", (unsigned)i);
        g_assert_cmpint(store_find(store, str_from(num), &stored, &error), ==, STORE_FAILED);
        g_assert_nonnull(strstr(error->message, "is damaged"));
        store_close(store);
    }
}

static void test_foreign_database(Fixture *f, gconstpointer unused) {
    (void)unused;
    run_sql(f->dir, "CREATE TABLE recipes(name TEXT)");
    check_refused(f->dir, DATABASE_ERROR, DATABASE_ERROR_FOREIGN, "is not a store of haechi");
}

static void test_not_a_database(Fixture *f, gconstpointer unused) {
    (void)unused;
    g_autofree char *path = g_build_filename(f->dir, "haechi.db", NULL);
    g_autofree char *text = g_strnfill(5000, 'x');
    g_assert_true(g_file_set_contents(path, text, -1, NULL));
    check_refused(f->dir, DATABASE_ERROR, DATABASE_ERROR_FAILED, "not a database");
}

static void test_open_folder(Fixture *f, gconstpointer unused) {
    (void)unused;
    g_assert_cmpint(chmod(f->dir, 0777), ==, 0);
    check_refused(f->dir, DATA_FOLDER_ERROR, DATA_FOLDER_ERROR_UNUSABLE, "others may write");
}

static void test_damaged_record(Fixture *f, gconstpointer unused) {
    (void)unused;
    g_autoptr(GError) error = NULL;
    Store *store = must_open(f->dir);
    must_add(store, 0, 5);
    store_close(store);
    run_sql(f->dir, "UPDATE events SET record = x'00ff' WHERE seq = 3");
    store = must_open(f->dir);
    uint64_t count = 0;
    g_assert_false(store_replay(store, 0, count_event, &count, &error));
    g_assert_error(error, DATABASE_ERROR, DATABASE_ERROR_FAILED);
    g_assert_nonnull(strstr(error->message, "event 3"));
    g_assert_cmpuint(count, ==, 2);
    store_close(store);
}

static void test_missing_event(Fixture *f, gconstpointer unused) {
    (void)unused;
    g_autoptr(GError) error = NULL;
    Store *store = must_open(f->dir);
    must_add(store, 0, 5);
    store_close(store);
    run_sql(f->dir, "DELETE FROM events WHERE seq = 3");
    store = must_open(f->dir);
    uint64_t count = 0;
    g_assert_false(store_replay(store, 0, count_event, &count, &error));
    g_assert_nonnull(strstr(error->message, "event 3"));
    store_close(store);
}

/* Disasters */

/* In a child: commits batches until the limit on file sizes, which stands for a full disk, stops
 * one; leaves by _exit with the number of batches that were committed. */
static void fill_disk(const char *dir) {
    enum { BATCH = 20 };
    g_autoptr(GError) error = NULL;
    Store *store = must_open(dir);
    signal(SIGXFSZ, SIG_IGN);
    struct rlimit limit = {600 << 10, 600 << 10};
    g_assert_cmpint(setrlimit(RLIMIT_FSIZE, &limit), ==, 0);
    for (unsigned batch = 0; batch < 200; batch++) {
        bool ok = store_begin(store, &error);
        for (unsigned n = 0; ok && n < BATCH; n++)
            ok = add(store, batch * BATCH + n, &error);
        if (ok && store_commit(store, &error)) continue;
        store_rollback(store);
        _exit(g_error_matches(error, DATABASE_ERROR, DATABASE_ERROR_FAILED) ? (int)batch : 255);
    }
    _exit(254);
}

static void test_full_disk(Fixture *f, gconstpointer unused) {
    (void)unused;
    pid_t child = fork();
    if (child == 0) fill_disk(f->dir);
    int status;
    g_assert_cmpint(waitpid(child, &status, 0), ==, child);
    g_assert_true(WIFEXITED(status));
    unsigned batches = (unsigned)WEXITSTATUS(status);
    g_assert_cmpuint(batches, >, 0);
    g_assert_cmpuint(batches, <, 200);
    Store *store = must_open(f->dir);
    g_assert_cmpuint(store_position(store), >=, batches * 20);
    g_assert_cmpuint(store_position(store) % 20, ==, 0);
    for (unsigned n = 0; n < batches * 20; n++)
        check_stored(store, n);
    check_log(store);
    must_add(store, 900000, 900001); /* with room again, it goes on */
    store_close(store);
}

/* In a child: commits batch after batch, telling the parent of each after its commit. */
static void commit_for_ever(const char *dir, int out) {
    Store *store = must_open(dir);
    for (unsigned n = (unsigned)store_position(store);;) {
        unsigned end = n + 1 + n % 13;
        must_add(store, n, end);
        n = end;
        if (write(out, &n, sizeof n) != sizeof n) _exit(1);
    }
}

static unsigned kill_at_random_moment(const char *dir) {
    int ends[2];
    g_assert_cmpint(pipe(ends), ==, 0);
    pid_t child = fork();
    if (child == 0) {
        close(ends[0]);
        commit_for_ever(dir, ends[1]);
    }
    close(ends[1]);
    g_usleep((gulong)g_test_rand_int_range(1000, 60000));
    g_assert_cmpint(kill(child, SIGKILL), ==, 0);
    g_assert_cmpint(waitpid(child, NULL, 0), ==, child);
    unsigned acknowledged = 0, n;
    while (read(ends[0], &n, sizeof n) == sizeof n)
        acknowledged = n;
    close(ends[0]);
    return acknowledged;
}

static void test_kill(Fixture *f, gconstpointer unused) {
    (void)unused;
    unsigned most = 0;
    for (int round = 0; round < 25; round++) {
        unsigned acknowledged = kill_at_random_moment(f->dir);
        most = MAX(most, acknowledged);
        Store *store = must_open(f->dir);
        g_assert_cmpuint(store_position(store), >=, acknowledged);
        check_log(store);
        store_close(store);
    }
    g_assert_cmpuint(most, >, 0);
    Store *store = must_open(f->dir);
    for (unsigned n = 0; n < most; n++)
        check_stored(store, n);
    store_close(store);
}

static void check_torn(const char *dir) {
    Store *found = must_open(dir);
    g_assert_cmpuint(store_position(found) % 5, ==, 0);
    check_log(found);
    store_close(found);
}

/* A write-ahead log that ends anywhere, as after a power loss, gives a log that ends at a commit.
 */
static void test_torn_log(Fixture *f, gconstpointer unused) {
    (void)unused;
    store_close(must_open(f->dir));
    Store *store = must_open(f->dir);
    for (unsigned n = 0; n < 50; n += 5)
        must_add(store, n, n + 5);
    check_torn_logs(f->dir, "haechi.db", check_torn);
    store_close(store);
}

int main(int argc, char **argv) {
    g_test_init(&argc, &argv, NULL);
#define ADD(name)                                                                                  \
    g_test_add("/store/" #name, Fixture, NULL, fixture_set_up, test_##name, fixture_tear_down)
    ADD(keeps);
    ADD(files_are_private);
    ADD(pages_are_small);
    ADD(reader_needs_a_store);
    ADD(uncommitted_is_gone);
    ADD(labels);
    ADD(latest);
    ADD(reader_sees_commits);
    ADD(a_number_is_added_once);
    ADD(long_run);
    ADD(folder_in_use);
    ADD(older_store);
    ADD(damaged_members);
    ADD(newer_store);
    ADD(foreign_database);
    ADD(not_a_database);
    ADD(open_folder);
    ADD(damaged_record);
    ADD(missing_event);
    ADD(full_disk);
    ADD(kill);
    ADD(torn_log);
    return g_test_run();
}
