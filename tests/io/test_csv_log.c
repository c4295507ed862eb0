/* The CSV event log: order of labels, duplicates, rejects, several files. */
#include "io/csv_log.h"

#include "base/duration.h"
#include "base/hash_set.h"
#include "io/csv_reader.h"
#include "io/label_queue.h"
#include <glib/gstdio.h>
#include <sys/stat.h>
#include <unistd.h>

#define HEADER "trans_num,cc_num,merchant,amt,unix_time,is_fraud\n"

typedef struct Fixture {
    char *dir;
    char *path[2], *rejects[2];
} Fixture;

static void set_up(Fixture *f, gconstpointer unused) {
    (void)unused;
    f->dir = g_dir_make_tmp("haechi-test-XXXXXX", NULL);
    g_assert_nonnull(f->dir);
    for (int i = 0; i < 2; i++) {
        f->path[i] = g_strdup_printf("%s/%c.csv", f->dir, 'a' + i);
        f->rejects[i] = g_strconcat(f->path[i], ".rejects", NULL);
    }
}

static void tear_down(Fixture *f, gconstpointer unused) {
    (void)unused;
    for (int i = 0; i < 2; i++) {
        g_remove(f->path[i]);
        g_remove(f->rejects[i]);
        g_free(f->path[i]);
        g_free(f->rejects[i]);
    }
    g_assert_cmpint(g_rmdir(f->dir), ==, 0);
    g_free(f->dir);
}

static void put(const char *path, const char *text) {
    g_assert_true(g_file_set_contents(path, text, -1, NULL));
}

static EventLog *open_log(const CsvLogOptions *options) {
    GError *error = NULL;
    EventLog *log = csv_log_open(options, &error);
    g_assert_no_error(error);
    return log;
}

/* The log as a line: "t1" for a transaction, "+t1@50" and "-t1@50" for a label and its time. */
static char *spell(EventLog *log, GError **error) {
    GString *out = g_string_new(NULL);
    Event event;
    LogStatus status;
    while ((status = log->next(log, &event, error)) == LOG_EVENT) {
        if (out->len) g_string_append_c(out, ' ');
        if (event.kind == EVENT_TRANSACTION) {
            g_string_append_len(out, event.transaction.trans_num.data,
                                (gssize)event.transaction.trans_num.len);
        } else {
            const Label *label = &event.label;
            g_assert_cmpmem(label->merchant.data, label->merchant.len, "shop", 4);
            g_assert_cmpuint(label->card, ==, 7);
            g_string_append_c(out, label->is_fraud ? '+' : '-');
            g_string_append_len(out, label->trans_num.data, (gssize)label->trans_num.len);
            g_string_append_printf(out, "@%ld", (long)label->time);
        }
    }
    if (status == LOG_ERROR) g_assert_cmpint(log->next(log, &event, NULL), ==, LOG_END);
    return g_string_free(out, FALSE);
}

static void assert_log(EventLog *log, const char *want) {
    GError *error = NULL;
    g_autofree char *got = spell(log, &error);
    g_assert_no_error(error);
    g_assert_cmpstr(got, ==, want);
}

static void test_labels(Fixture *f, gconstpointer unused) {
    (void)unused;
    put(f->path[0], HEADER "a,7,shop,1,100,1\n"
                           "b,7,shop,1,105,0\n"
                           "c,7,shop,1,109,\n"
                           "d,7,shop,1,110,0\n"
                           "e,7,shop,1,130,0");
    const CsvLogOptions options = {
        .paths = (const char *const *)f->path, .path_count = 1, .label_delay = 10};
    EventLog *log = open_log(&options);
    assert_log(log, "a b c +a@110 d -b@115 -d@120 e");
    const CsvLogCounters counters = csv_log_counters(log);
    g_assert_cmpuint(counters.transactions, ==, 5);
    g_assert_cmpuint(counters.labels, ==, 3);
    g_assert_cmpuint(counters.labels_waiting, ==, 1);
    g_assert_cmpuint(counters.bytes_read, ==, counters.bytes_total);
    log->free(log);

    CsvLogOptions other = options;
    other.labels_at_end = true;
    log = open_log(&other);
    assert_log(log, "a b c +a@110 d -b@115 -d@120 e -e@140");
    log->free(log);

    other.label_delay = -1;
    log = open_log(&other);
    assert_log(log, "a b c d e");
    log->free(log);

    other.label_delay = 0;
    log = open_log(&other);
    assert_log(log, "a +a@100 b -b@105 c d -d@110 e -e@130");
    log->free(log);
}

/* A late transaction brings no label forward and holds none back. */
static void test_out_of_order(Fixture *f, gconstpointer unused) {
    (void)unused;
    put(f->path[0], HEADER "a,7,shop,1,100,1\n"
                           "b,7,shop,1,50,0\n"
                           "c,7,shop,1,99,0\n"
                           "d,7,shop,1,110,0\n");
    const CsvLogOptions options = {
        .paths = (const char *const *)f->path, .path_count = 1, .label_delay = 10};
    EventLog *log = open_log(&options);
    assert_log(log, "a b -b@60 c -c@109 +a@110 d");
    g_assert_cmpuint(csv_log_counters(log).out_of_order, ==, 2);
    log->free(log);
}

static void test_two_files(Fixture *f, gconstpointer unused) {
    (void)unused;
    put(f->path[0], HEADER "a,7,shop,1,100,1\nx,7,shop,bad,100,1\n");
    put(f->path[1], "is_fraud,unix_time,amt,merchant,cc_num,trans_num\n"
                    "0,105,1,shop,7,b\n1,106,1,shop,7,a\nbroken\n0,120,1,shop,7,c\n");
    const CsvLogOptions options = {
        .paths = (const char *const *)f->path, .path_count = 2, .label_delay = 10};
    EventLog *log = open_log(&options);
    assert_log(log, "a b +a@110 -b@115 c");
    const CsvLogCounters counters = csv_log_counters(log);
    g_assert_cmpuint(counters.rows, ==, 6);
    g_assert_cmpuint(counters.transactions, ==, 3);
    g_assert_cmpuint(counters.duplicates, ==, 1);
    g_assert_cmpuint(counters.rejected, ==, 2);
    g_assert_cmpuint(counters.bytes_read, ==, counters.bytes_total);
    log->free(log);
    g_autofree char *first = NULL, *second = NULL;
    g_assert_true(g_file_get_contents(f->rejects[0], &first, NULL, NULL));
    g_assert_cmpstr(first, ==, "line,field,reason,value\n3,amt,\"not a number\",\"bad\"\n");
    g_assert_true(g_file_get_contents(f->rejects[1], &second, NULL, NULL));
    g_assert_cmpstr(second, ==,
                    "line,field,reason,value\n4,,\"wrong number of fields\",\"1 fields, not 6\"\n");
}

/* Every event says which file was being read: a label belongs to the file that releases it. */
static void test_inputs(Fixture *f, gconstpointer unused) {
    (void)unused;
    put(f->path[0], HEADER "a,7,shop,1,100,1\nb,7,shop,1,101,0\n");
    put(f->path[1], HEADER "c,7,shop,1,110,0\n");
    const CsvLogOptions options = {.paths = (const char *const *)f->path,
                                   .path_count = 2,
                                   .label_delay = 10,
                                   .labels_at_end = true};
    EventLog *log = open_log(&options);
    const unsigned inputs[] = {0, 0, 1, 1, 1, 1}; /* a b +a c -b -c */
    Event event;
    for (size_t i = 0; i < G_N_ELEMENTS(inputs); i++) {
        g_assert_cmpint(log->next(log, &event, NULL), ==, LOG_EVENT);
        g_assert_cmpuint(event.input, ==, inputs[i]);
    }
    g_assert_cmpint(log->next(log, &event, NULL), ==, LOG_END);
    log->free(log);
}

static void test_reject_kinds(Fixture *f, gconstpointer unused) {
    (void)unused;
    put(f->path[0], HEADER "a,2.29E+15,shop,1,1,\n\nb,7,shop,-4,1,\r\nc,4.07E+12,shop,1,1,\n"
                           "d,7,shop,1,1,0\n");
    CsvLogOptions options = {.paths = (const char *const *)f->path, .path_count = 1};
    EventLog *log = open_log(&options);
    assert_log(log, "d");
    size_t count;
    const RejectKind *kinds = reject_log_kinds(csv_log_rejects(log), &count);
    g_assert_cmpuint(count, ==, 2);
    g_assert_cmpstr(kinds[0].first.field, ==, "cc_num");
    g_assert_cmpuint(kinds[0].count, ==, 2);
    g_assert_cmpuint(kinds[0].first.line, ==, 2);
    g_assert_cmpstr(kinds[1].first.reason, ==, "negative");
    g_assert_cmpuint(kinds[1].first.line, ==, 4);
    g_assert_null(csv_log_problem(log));
    log->free(log);
    struct stat info;
    g_assert_cmpint(stat(f->rejects[0], &info), ==, 0);
    g_assert_cmpuint(info.st_mode & 0777, ==, 0600);

    put(f->path[0], HEADER "a,7,shop,1,1,\n"); /* mended: the rejects of before are gone */
    log = open_log(&options);
    assert_log(log, "a");
    log->free(log);
    g_assert_false(g_file_test(f->rejects[0], G_FILE_TEST_EXISTS));
}

/* A file that only has a reject file's name is left alone, and a link's target too. */
static void test_foreign_reject_file(Fixture *f, gconstpointer unused) {
    (void)unused;
    const CsvLogOptions options = {.paths = (const char *const *)f->path, .path_count = 1};
    g_autofree char *want = g_strconcat(f->rejects[0], ": File exists", NULL);
    put(f->path[0], HEADER "a,7,shop,x,1,\nb,7,shop,1,1,\n");
    for (int round = 0; round < 2; round++) {
        put(f->path[1], "mine\n");
        if (round == 0)
            put(f->rejects[0], "mine\n");
        else
            g_assert_cmpint(symlink(f->path[1], f->rejects[0]), ==, 0);
        EventLog *log = open_log(&options);
        assert_log(log, "b");
        g_assert_cmpstr(csv_log_problem(log), ==, want);
        log->free(log);
        g_autofree char *text = NULL;
        g_assert_true(g_file_get_contents(f->rejects[0], &text, NULL, NULL));
        g_assert_cmpstr(text, ==, "mine\n");
        g_remove(f->rejects[0]);
    }
}

static void test_strict(Fixture *f, gconstpointer unused) {
    (void)unused;
    put(f->path[0], HEADER "a,7,shop,1,1,\nb,7,shop,-4,1,\nc,7,shop,1,1,\n");
    const CsvLogOptions options = {
        .paths = (const char *const *)f->path, .path_count = 1, .strict = true};
    EventLog *log = open_log(&options);
    GError *error = NULL;
    g_autofree char *got = spell(log, &error);
    g_assert_cmpstr(got, ==, "a");
    g_assert_error(error, CSV_LOG_ERROR, CSV_LOG_ERROR_STRICT);
    g_autofree char *want = g_strconcat(f->path[0], ": line 3: amt: negative ('-4')", NULL);
    g_assert_cmpstr(error->message, ==, want);
    g_error_free(error);
    log->free(log);
}

/* Rejects that cannot be kept aside are counted, and the run goes on. */
static void test_no_place_for_rejects(Fixture *f, gconstpointer unused) {
    (void)unused;
    put(f->path[0], HEADER "a,7,shop,x,1,\nb,7,shop,1,1,\n");
    CsvLogOptions options = {.paths = (const char *const *)f->path,
                             .path_count = 1,
                             .rejects_path = "/no/such/folder/rejects"};
    EventLog *log = open_log(&options);
    assert_log(log, "b");
    g_assert_cmpuint(csv_log_counters(log).rejected, ==, 1);
    g_assert_cmpstr(csv_log_problem(log), ==, "/no/such/folder/rejects: No such file or directory");
    log->free(log);

    options = (CsvLogOptions){
        .paths = (const char *const *)f->path, .path_count = 1, .no_reject_files = true};
    log = open_log(&options);
    assert_log(log, "b");
    g_assert_null(csv_log_problem(log));
    log->free(log);
    g_assert_false(g_file_test(f->rejects[0], G_FILE_TEST_EXISTS));
}

static void test_file_errors(Fixture *f, gconstpointer unused) {
    (void)unused;
    const CsvLogOptions options = {.paths = (const char *const *)f->path, .path_count = 1};
    GError *error = NULL;
    g_assert_null(csv_log_open(&options, &error));
    g_assert_error(error, INPUT_ERROR, INPUT_ERROR_OPEN);
    g_clear_error(&error);
    static const char *const bad[] = {"", "a,b\n1,2\n", "{\"cc_num\":1}"};
    for (size_t i = 0; i < G_N_ELEMENTS(bad); i++) {
        put(f->path[0], bad[i]);
        g_assert_null(csv_log_open(&options, &error));
        g_assert_error(error, CSV_ERROR, CSV_ERROR_HEADER);
        g_assert_true(g_str_has_prefix(error->message, f->path[0]));
        g_clear_error(&error);
    }
    put(f->path[0], HEADER "a,7,shop,1,1,\n");
    const CsvLogOptions two = {.paths = (const char *const *)f->path, .path_count = 2};
    EventLog *log = open_log(&two);
    g_autofree char *got = spell(log, &error);
    g_assert_cmpstr(got, ==, "a");
    g_assert_error(error, INPUT_ERROR, INPUT_ERROR_OPEN);
    g_error_free(error);
    log->free(log);
}

/* Random times: labels come out in order of time, none before a transaction that precedes it. */
static void test_label_queue_random(void) {
    GRand *random = g_rand_new_with_seed(3);
    LabelQueue *queue = label_queue_new();
    int64_t now = 0;
    size_t pushed = 0, popped = 0;
    for (int round = 0; round < 100000; round++) {
        Label label;
        now += g_rand_int_range(random, 0, 20);
        while (label_queue_pop(queue, now, &label)) {
            g_assert_cmpint(label.time, <=, now);
            g_assert_cmpint(label.time, ==, label.transaction_time + 1000);
            g_assert_cmpuint(label.trans_num.len, ==, 1 + label.card % 60);
            popped++;
        }
        const int64_t time = now - g_rand_int_range(random, 0, 900);
        static const char text[] = "0123456789012345678901234567890123456789012345678901234567890";
        const uint64_t card = g_rand_int(random);
        const Transaction t = {.trans_num = {text, 1 + card % 60},
                               .merchant = STR("m"),
                               .card = card,
                               .time = time,
                               .is_fraud = 1};
        g_assert_true(label_queue_push(queue, &t, 1000));
        pushed++;
    }
    Label label;
    for (int64_t before = 0; label_queue_pop(queue, INT64_MAX, &label); popped++) {
        g_assert_cmpint(label.time, >=, before);
        before = label.time;
    }
    g_assert_cmpuint(pushed, ==, popped);
    g_assert_cmpuint(label_queue_count(queue), ==, 0);
    label_queue_free(queue);
    g_rand_free(random);
}

static void test_hash_set(void) {
    HashSet *set = hash_set_new(0);
    for (int pass = 0; pass < 2; pass++)
        for (int i = 0; i < 100000; i++) {
            char text[32];
            const int len = g_snprintf(text, sizeof text, "t%d", i);
            g_assert_cmpint(hash_set_add(set, (Str){text, (size_t)len}), ==, pass == 0);
        }
    g_assert_cmpuint(hash_set_count(set), ==, 100000);
    hash_set_free(set);
}

static void test_duration(void) {
    static const struct {
        const char *text;
        int64_t seconds;
    } good[] = {{"30", 30},     {"30s", 30}, {"15m", 900},   {"12h", 43200},
                {"7d", 604800}, {"0", 0},    {"2w", 1209600}};
    int64_t seconds;
    for (size_t i = 0; i < G_N_ELEMENTS(good); i++) {
        g_assert_true(duration_parse(good[i].text, &seconds));
        g_assert_cmpint(seconds, ==, good[i].seconds);
    }
    static const char *const bad[] = {
        "", "d", "-1", "1.5h", "7 d", "7days", "99999999999999999999", "1000000w"};
    for (size_t i = 0; i < G_N_ELEMENTS(bad); i++)
        g_assert_false(duration_parse(bad[i], &seconds));
}

#define ADD(name, function) g_test_add(name, Fixture, NULL, set_up, function, tear_down)

int main(int argc, char **argv) {
    g_test_init(&argc, &argv, NULL);
    ADD("/csv-log/labels", test_labels);
    ADD("/csv-log/out-of-order", test_out_of_order);
    ADD("/csv-log/two-files", test_two_files);
    ADD("/csv-log/inputs", test_inputs);
    ADD("/csv-log/reject-kinds", test_reject_kinds);
    ADD("/csv-log/foreign-reject-file", test_foreign_reject_file);
    ADD("/csv-log/strict", test_strict);
    ADD("/csv-log/no-place-for-rejects", test_no_place_for_rejects);
    ADD("/csv-log/file-errors", test_file_errors);
    g_test_add_func("/label-queue/random", test_label_queue_random);
    g_test_add_func("/hash-set", test_hash_set);
    g_test_add_func("/duration", test_duration);
    return g_test_run();
}
