/* The audit trail of a service: entries from many threads at once, by jobs and by those that wait,
 * beside the thread that changes cases, are all there, in one chain; what could not be written is
 * told to whoever asked for it. */
#include "serve/audit.h"

#include "io/casebook.h"

#include <glib/gstdio.h>

enum { THREADS = 4, ENTRIES = 40 };

typedef struct Work {
    Audit *audit;
    int thread;
} Work;

static void *write_entries(void *data) {
    const Work *work = data;
    for (int i = 0; i < ENTRIES; i++) {
        g_autoptr(GError) error = NULL;
        g_autofree char *subject = g_strdup_printf("%d-%d", work->thread, i);
        const AuditEntry entry = {
            .by = "kim", .role = "admin", .action = "pipeline.run", .subject = subject};
        g_assert_true(audit_write(work->audit, &entry, &error));
        g_assert_no_error(error);
    }
    return NULL;
}

static void collect(const AuditRecord *record, void *data) {
    GHashTable *subjects = data;
    if (record->entry.subject)
        g_assert_true(g_hash_table_add(subjects, g_strdup(record->entry.subject)));
}

static void change_cases(Casebook *casebook) {
    for (int i = 0; i < ENTRIES; i++) {
        g_autoptr(GError) error = NULL;
        g_autofree char *subject = g_strdup_printf("case %d", i);
        const AuditEntry entry = {
            .by = "lee", .role = "analyst", .action = "alert.note", .subject = subject};
        g_assert_true(casebook_begin(casebook, i % 2, &error));
        g_assert_true(audit_trail_add(casebook_trail(casebook), &entry, 1, &error));
        g_assert_true(casebook_commit(casebook, &error));
    }
}

static void remove_folder(const char *dir) {
    static const char *const files[] = {"cases.db", "cases.db-wal", "cases.db-shm"};
    for (size_t i = 0; i < G_N_ELEMENTS(files); i++) {
        g_autofree char *path = g_build_filename(dir, files[i], NULL);
        g_remove(path);
    }
    g_assert_cmpint(g_rmdir(dir), ==, 0);
}

static AuditCheck check_trail(Casebook *casebook) {
    g_autoptr(GError) error = NULL;
    AuditCheck check;
    g_assert_true(audit_trail_verify(casebook_trail(casebook), NULL, &check, &error));
    g_assert_no_error(error);
    return check;
}

/* As the HTTP thread does it. */

typedef struct Asked {
    Job job; /* first: the trail hands back this address */
    char *subject;
    AuditEntry entry;
    _Atomic bool done;
} Asked;

static void note_done(Job *job) {
    ((Asked *)job)->done = true;
}

static void submit(Audit *audit, Asked *asked, int i) {
    *asked = (Asked){.subject = g_strdup_printf("job %d", i)};
    asked->entry = (AuditEntry){
        .by = "kim", .role = "viewer", .action = "session.begin", .subject = asked->subject};
    asked->job = (Job){.kind = JOB_AUDIT, .audit_entry = &asked->entry, .done = note_done};
    Worker *worker = audit_worker(audit);
    g_assert_true(worker->submit(worker, &asked->job));
}

static Meters meters;

static void check_asked(Asked *asked, unsigned status) {
    g_assert_true(asked->done);
    g_assert_cmpuint(asked->job.reply.status, ==, status);
    if (asked->job.reply.body) g_string_free(asked->job.reply.body, TRUE);
    g_free(asked->subject);
}

static void test_threads(void) {
    g_autoptr(GError) error = NULL;
    g_autofree char *dir = g_dir_make_tmp("haechi-audit-XXXXXX", NULL);
    Casebook *casebook = casebook_open(dir, "store", 0, &error);
    g_assert_no_error(error);
    Audit *audit = audit_new(dir, &meters, &error);
    g_assert_no_error(error);
    GThread *threads[THREADS];
    Work works[THREADS];
    for (int i = 0; i < THREADS; i++) {
        works[i] = (Work){audit, i};
        threads[i] = g_thread_new("audit", write_entries, &works[i]);
    }
    Asked asked[ENTRIES];
    for (int i = 0; i < ENTRIES; i++)
        submit(audit, &asked[i], i);
    change_cases(casebook);
    for (int i = 0; i < THREADS; i++)
        g_thread_join(threads[i]);
    audit_stop(audit); /* writes what waits */
    for (int i = 0; i < ENTRIES; i++)
        check_asked(&asked[i], 0);
    audit_free(audit);
    g_assert_cmpuint(counter_get(&meters.audit_waiting), ==, 0);
    g_assert_cmpuint(check_trail(casebook).entries, ==, (THREADS + 2) * ENTRIES);
    g_autoptr(GHashTable) subjects = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    g_assert_true(audit_trail_list(casebook_trail(casebook), false, UINT64_MAX, 1000, collect,
                                   subjects, &error));
    g_assert_cmpuint(g_hash_table_size(subjects), ==, (THREADS + 2) * ENTRIES);
    casebook_close(casebook);
    remove_folder(dir);
}

static void change_schema(const char *path, const char *sql) {
    sqlite3 *other;
    g_assert_cmpint(sqlite3_open(path, &other), ==, SQLITE_OK);
    g_assert_cmpint(sqlite3_exec(other, sql, NULL, NULL, NULL), ==, SQLITE_OK);
    sqlite3_close(other);
}

/* A trail that takes no entry: whoever asked is told, each time. */
static void test_failure(void) {
    g_autoptr(GError) error = NULL;
    g_autofree char *dir = g_dir_make_tmp("haechi-audit-XXXXXX", NULL);
    g_autofree char *path = g_build_filename(dir, "cases.db", NULL);
    Casebook *casebook = casebook_open(dir, "store", 0, &error);
    Audit *audit = audit_new(dir, &meters, &error);
    g_assert_no_error(error);
    change_schema(path, "CREATE TRIGGER full BEFORE INSERT ON audit BEGIN"
                        " SELECT raise(ABORT, 'full'); END");
    Asked asked[2];
    for (int i = 0; i < 2; i++)
        submit(audit, &asked[i], i);
    const AuditEntry entry = {.by = "kim", .role = "admin", .action = "pipeline.run"};
    g_assert_false(audit_write(audit, &entry, &error));
    g_assert_nonnull(error);
    audit_stop(audit);
    for (int i = 0; i < 2; i++)
        check_asked(&asked[i], 500);
    audit_free(audit);
    change_schema(path, "DROP TRIGGER full");
    g_assert_cmpuint(check_trail(casebook).entries, ==, 0);
    casebook_close(casebook);
    remove_folder(dir);
}

static void test_none(void) {
    g_autoptr(GError) error = NULL;
    const AuditEntry entry = {.by = "kim", .role = "admin", .action = "pipeline.run"};
    g_assert_true(audit_write(NULL, &entry, &error));
    audit_stop(NULL);
    audit_free(NULL);
}

int main(int argc, char **argv) {
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/audit/threads", test_threads);
    g_test_add_func("/audit/failure", test_failure);
    g_test_add_func("/audit/none", test_none);
    return g_test_run();
}
