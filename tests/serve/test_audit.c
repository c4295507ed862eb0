/* The audit trail of a service: entries from many threads at once, beside the one that changes
 * cases, are all there, in one chain; those that come too fast for the disk are counted. */
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
        if (i % 2)
            audit_note(work->audit, &entry);
        else
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

static void test_threads(void) {
    g_autoptr(GError) error = NULL;
    g_autofree char *dir = g_dir_make_tmp("haechi-audit-XXXXXX", NULL);
    Casebook *casebook = casebook_open(dir, "store", 0, &error);
    g_assert_no_error(error);
    Audit *audit = audit_new(dir, &error);
    g_assert_no_error(error);
    GThread *threads[THREADS];
    Work works[THREADS];
    for (int i = 0; i < THREADS; i++) {
        works[i] = (Work){audit, i};
        threads[i] = g_thread_new("audit", write_entries, &works[i]);
    }
    change_cases(casebook);
    for (int i = 0; i < THREADS; i++)
        g_thread_join(threads[i]);
    audit_free(audit); /* writes what waits */
    g_assert_cmpuint(check_trail(casebook).entries, ==, (THREADS + 1) * ENTRIES);
    g_autoptr(GHashTable) subjects = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    g_assert_true(audit_trail_list(casebook_trail(casebook), false, UINT64_MAX, 1000, collect,
                                   subjects, &error));
    g_assert_cmpuint(g_hash_table_size(subjects), ==, (THREADS + 1) * ENTRIES);
    casebook_close(casebook);
    remove_folder(dir);
}

typedef struct Sum {
    uint64_t entries, left_out;
} Sum;

static void add_up(const AuditRecord *record, void *data) {
    Sum *sum = data;
    if (strcmp(record->entry.action, "audit.left_out") == 0)
        sum->left_out += g_ascii_strtoull(record->entry.text, NULL, 10);
    else
        sum->entries++;
}

static void test_too_many(void) {
    enum { MANY = 3 * AUDIT_QUEUE_MAX };
    g_autoptr(GError) error = NULL;
    g_autofree char *dir = g_dir_make_tmp("haechi-audit-XXXXXX", NULL);
    Casebook *casebook = casebook_open(dir, "store", 0, &error);
    Audit *audit = audit_new(dir, &error);
    const AuditEntry entry = {.by = "nobody", .role = "none", .action = "session.refused"};
    g_assert_true(casebook_begin(casebook, true, &error)); /* nothing can be written meanwhile */
    for (int i = 0; i < MANY; i++)
        audit_note(audit, &entry);
    g_assert_true(casebook_commit(casebook, &error));
    audit_free(audit);
    Sum sum = {0};
    g_assert_true(audit_trail_list(casebook_trail(casebook), false, UINT64_MAX, 2 * MANY, add_up,
                                   &sum, &error));
    g_assert_cmpuint(sum.left_out, >, 0);
    g_assert_cmpuint(sum.entries, >=, AUDIT_QUEUE_MAX);
    g_assert_cmpuint(sum.entries + sum.left_out, ==, MANY);
    check_trail(casebook);
    casebook_close(casebook);
    remove_folder(dir);
}

static void test_none(void) {
    g_autoptr(GError) error = NULL;
    const AuditEntry entry = {.by = "kim", .role = "admin", .action = "pipeline.run"};
    audit_note(NULL, &entry);
    g_assert_true(audit_write(NULL, &entry, &error));
    audit_free(NULL);
}

int main(int argc, char **argv) {
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/audit/threads", test_threads);
    g_test_add_func("/audit/too_many", test_too_many);
    g_test_add_func("/audit/none", test_none);
    return g_test_run();
}
