/* Records of runs: kept whole whatever the folder is called, told as they are by who looks again
 * and again, summed up right, and logs read in pieces that cut no character. */
#include "pipeline/run_cache.h"
#include "pipeline/run_log.h"
#include "pipeline/run_stats.h"

#include <glib/gstdio.h>
#include <math.h>
#include <string.h>

static GPtrArray *pipelines;

static void remove_tree(const char *path) {
    GDir *entries = g_dir_open(path, 0, NULL);
    const char *name;
    while (entries && (name = g_dir_read_name(entries))) {
        g_autofree char *inside = g_build_filename(path, name, NULL);
        remove_tree(inside);
    }
    if (entries) g_dir_close(entries);
    g_remove(path);
}

static Run *new_run(const char *data_dir, const char *pipeline) {
    g_autoptr(GError) error = NULL;
    g_autoptr(GPtrArray) none = g_ptr_array_new();
    Run *run = run_new(data_dir, pipelines_find(pipelines, pipeline, NULL), none, "kim", &error);
    g_assert_no_error(error);
    return run;
}

/* A run that ended so, `seconds` after it began. */
static void add_ended(const char *data_dir, const char *pipeline, RunState state, int seconds) {
    g_autoptr(Run) run = new_run(data_dir, pipeline);
    run->state = state;
    run->started = run->created;
    run->ended = run->created + (int64_t)seconds * G_USEC_PER_SEC;
    for (guint i = 0; i < run->steps->len; i++)
        ((RunStep *)g_ptr_array_index(run->steps, i))->state = state;
    g_assert_true(run_save(run, NULL));
}

static void check_same(const GPtrArray *found, const GPtrArray *expected) {
    g_assert_cmpuint(found->len, ==, expected->len);
    for (guint i = 0; i < found->len; i++) {
        const Run *a = g_ptr_array_index(found, i), *b = g_ptr_array_index(expected, i);
        g_assert_cmpstr(a->id, ==, b->id);
        g_assert_cmpint(a->state, ==, b->state);
        g_assert_cmpint(a->attempt, ==, b->attempt);
        g_assert_cmpint(a->ended, ==, b->ended);
    }
}

/* Changes one of the runs, or makes one; `held` is one that is under way, or NULL. */
static void change(const char *data_dir, Run **held) {
    static const RunState ended[] = {RUN_SUCCEEDED, RUN_FAILED, RUN_CANCELLED};
    g_autoptr(GPtrArray) ids = runs_ids(data_dir);
    const char *any =
        ids->len ? g_ptr_array_index(ids, (guint)g_test_rand_int_range(0, (gint32)ids->len)) : NULL;
    g_autofree char *dir = g_build_filename(data_dir, "pipelines", any, NULL);
    switch (g_test_rand_int_range(0, 5)) {
    case 0:
        if (any && (!*held || strcmp((*held)->id, any) != 0)) remove_tree(dir);
        break;
    case 1: /* it goes on, and its runner dies or is alive still */
        if (*held) run_free(g_steal_pointer(held));
        *held = any ? run_open_again(data_dir, any, NULL) : NULL;
        break;
    case 2:
        if (*held) run_free(g_steal_pointer(held));
        break;
    default:
        add_ended(data_dir, g_test_rand_bit() ? "p" : "q", ended[g_test_rand_int_range(0, 3)],
                  g_test_rand_int_range(0, 100));
    }
}

static void test_cache(void) {
    g_autofree char *data_dir = g_dir_make_tmp("haechi-runs-XXXXXX", NULL);
    RunCache *cache = run_cache_new(data_dir);
    Run *held = NULL;
    for (int round = 0; round < 300; round++) {
        change(data_dir, &held);
        g_autoptr(GPtrArray) expected = runs_list(data_dir, RUNS_KEPT);
        check_same(run_cache_look(cache), expected);
    }
    run_free(held);
    run_cache_free(cache);
    remove_tree(data_dir);
}

static void test_stats(void) {
    g_autofree char *data_dir = g_dir_make_tmp("haechi-runs-XXXXXX", NULL);
    g_autoptr(GPtrArray) none = runs_list(data_dir, RUNS_KEPT);
    RunStats stats = run_stats(none, "p");
    g_assert_true(!stats.last && stats.runs == 0 && isnan(stats.success_ratio) &&
                  isnan(stats.seconds_median) && isnan(stats.seconds_last));
    add_ended(data_dir, "p", RUN_SUCCEEDED, 10);
    add_ended(data_dir, "p", RUN_SUCCEEDED, 30);
    add_ended(data_dir, "q", RUN_SUCCEEDED, 99);
    add_ended(data_dir, "p", RUN_CANCELLED, 1000);
    add_ended(data_dir, "p", RUN_SUCCEEDED, 20);
    add_ended(data_dir, "p", RUN_SUCCEEDED, 50);
    add_ended(data_dir, "p", RUN_FAILED, 2);
    run_free(new_run(data_dir, "p")); /* nobody runs it: interrupted */
    g_autoptr(GPtrArray) runs = runs_list(data_dir, RUNS_KEPT);
    stats = run_stats(runs, "p");
    g_assert_cmpuint(stats.runs, ==, 7);
    g_assert_cmpfloat(stats.success_ratio, ==, 4.0 / 6);
    g_assert_cmpfloat(stats.seconds_median, ==, 25);
    g_assert_cmpfloat(stats.seconds_last, ==, 2);
    g_assert_cmpint(stats.last->state, ==, RUN_INTERRUPTED);
    g_assert_cmpint(stats.last_success, >, 0);
    remove_tree(data_dir);
}

static void test_log(void) {
    g_autofree char *data_dir = g_dir_make_tmp("haechi-runs-XXXXXX", NULL);
    g_autoptr(Run) run = new_run(data_dir, "p");
    RunStep *step = g_ptr_array_index(run->steps, 0);
    g_autofree char *path = run_log_path(run, step);
    RunLogPiece piece = run_log_read(run, step, 7); /* there is none yet */
    g_assert_true(piece.from == 0 && piece.to == 0 && piece.size == 0);
    g_string_free(piece.text, TRUE);
    g_autoptr(GString) all = g_string_new(NULL), read = g_string_new(NULL);
    while (all->len < 3 * RUN_LOG_PIECE_MAX)
        g_string_append(all, "x해치é𐐷");
    g_assert_true(g_file_set_contents(path, all->str, (gssize)all->len - 2, NULL));
    for (uint64_t at = 0, before = 1; at != before;) {
        before = at;
        piece = run_log_read(run, step, at);
        g_assert_cmpuint(piece.from, ==, at);
        g_assert_cmpuint(piece.size, ==, all->len - 2);
        g_assert_true(g_utf8_validate(piece.text->str, (gssize)piece.text->len, NULL));
        g_string_append_len(read, piece.text->str, (gssize)piece.text->len);
        at = piece.to;
        g_string_free(piece.text, TRUE);
    }
    g_assert_cmpuint(read->len, ==, all->len - 4); /* without the character that is cut off */
    g_assert_true(memcmp(read->str, all->str, read->len) == 0);
    step->state = RUN_SUCCEEDED; /* nothing follows any more */
    piece = run_log_read(run, step, read->len);
    g_assert_cmpuint(piece.to, ==, piece.size);
    g_string_free(piece.text, TRUE);
    piece = run_log_read(run, step, all->len);
    g_assert_cmpuint(piece.from, ==, 0);
    g_assert_cmpuint(piece.to, >, 0);
    g_string_free(piece.text, TRUE);
    remove_tree(data_dir);
}

static void test_folder(void) {
    static const char odd[] = "odd \xff\\;\n\t\"=[]#";
    g_autofree char *data_dir = g_dir_make_tmp("haechi-runs-XXXXXX", NULL);
    g_autofree char *folder = g_build_filename(data_dir, odd, NULL), *before = g_get_current_dir();
    g_autoptr(GError) error = NULL;
    g_assert_cmpint(g_mkdir(folder, 0700), ==, 0);
    g_assert_cmpint(g_chdir(folder), ==, 0);
    g_autoptr(Run) run = new_run(data_dir, "p");
    g_autoptr(Run) again = run_open(data_dir, run->id, &error);
    g_assert_no_error(error);
    g_assert_cmpstr(again->folder, ==, folder);
    g_assert_cmpstr(again->by, ==, "kim");
    g_assert_cmpint(g_chdir(before), ==, 0);
    remove_tree(data_dir);
}

/* A failure tells more than what was cancelled for it, and that more than what waits. */
static void test_stopped_at(void) {
    g_autofree char *data_dir = g_dir_make_tmp("haechi-runs-XXXXXX", NULL);
    g_autoptr(Run) run = new_run(data_dir, "q");
    RunStep *a = run_find_step(run, "a"), *b = run_find_step(run, "b"),
            *c = run_find_step(run, "c");
    g_assert_true(run_stopped_at(run) == a);
    a->state = b->state = c->state = RUN_SUCCEEDED;
    g_assert_null(run_stopped_at(run));
    b->state = RUN_WAITING;
    g_assert_true(run_stopped_at(run) == b);
    c->state = RUN_RUNNING;
    g_assert_true(run_stopped_at(run) == c);
    a->state = RUN_CANCELLED;
    g_assert_true(run_stopped_at(run) == a);
    c->state = RUN_FAILED;
    g_assert_true(run_stopped_at(run) == c);
    g_assert_null(run_find_step(run, "d"));
    remove_tree(data_dir);
}

int main(int argc, char **argv) {
    static const char text[] = "[p]\ndescription=d\n[p/s]\nrun=features\n"
                               "[q]\ndescription=d\n[q/a]\nrun=features\n[q/b]\nrun=features\n"
                               "[q/c]\nrun=features\n";
    g_test_init(&argc, &argv, NULL);
    pipelines = g_ptr_array_new_with_free_func((GDestroyNotify)pipeline_free);
    g_assert_true(pipelines_parse(pipelines, "own.conf", text, strlen(text), NULL));
    g_test_add_func("/run-record/cache", test_cache);
    g_test_add_func("/run-record/stats", test_stats);
    g_test_add_func("/run-record/log", test_log);
    g_test_add_func("/run-record/folder", test_folder);
    g_test_add_func("/run-record/stopped-at", test_stopped_at);
    const int status = g_test_run();
    g_ptr_array_unref(pipelines);
    return status;
}
