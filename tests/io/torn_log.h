/* A folder of databases, and how a power loss leaves them. */
#pragma once

#include "base/str.h"
#include <glib.h>
#include <glib/gstdio.h>
#include <sys/stat.h>
#include <unistd.h>

enum { TORN_ROUNDS = 40 };

/* Removes a folder of files. */
static inline void remove_all(const char *dir) {
    GDir *entries = g_dir_open(dir, 0, NULL);
    const char *name;
    while ((name = g_dir_read_name(entries))) {
        g_autofree char *path = g_build_filename(dir, name, NULL);
        g_assert_cmpint(g_unlink(path), ==, 0);
    }
    g_dir_close(entries);
    g_assert_cmpint(g_rmdir(dir), ==, 0);
}

static inline void copy_start(const char *from, const char *to, size_t len) {
    g_autofree char *bytes = NULL;
    gsize total;
    g_assert_true(g_file_get_contents(from, &bytes, &total, NULL));
    g_assert_true(g_file_set_contents(to, bytes, (gssize)MIN(len, total), NULL));
}

/* Copies the database `file` of `dir` TORN_ROUNDS times, each with a write-ahead log that ends
 * anywhere, and has `check` look at each copy's folder. The database stays open meanwhile. */
static inline void check_torn_logs(const char *dir, const char *file,
                                   void (*check)(const char *torn)) {
    g_autofree char *log = g_strconcat(file, "-wal", NULL);
    g_autofree char *db_path = g_build_filename(dir, file, NULL);
    g_autofree char *log_path = g_build_filename(dir, log, NULL);
    struct stat st;
    g_assert_cmpint(stat(log_path, &st), ==, 0);
    g_assert_cmpint(st.st_size, >, 0);
    for (int round = 0; round < TORN_ROUNDS; round++) {
        g_autofree char *torn = g_dir_make_tmp("haechi-torn-XXXXXX", NULL);
        g_autofree char *torn_db = g_build_filename(torn, file, NULL);
        g_autofree char *torn_log = g_build_filename(torn, log, NULL);
        copy_start(db_path, torn_db, SIZE_MAX);
        copy_start(log_path, torn_log, (size_t)g_test_rand_int_range(0, (gint32)st.st_size));
        check(torn);
        remove_all(torn);
    }
}
