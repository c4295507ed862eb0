/* Our evaluator of CatBoost's trees, one thread: nanoseconds a row for single rows and for batches
 * of 1024, by each way that there is here. Called by bench/oblivious.py, which measures CatBoost on
 * the same model and rows in the same run.
 *
 *   bench_oblivious MODEL.json ROWS.f32     prints one JSON object; a figure is the median turn's
 */
#include "model/oblivious_trees.h"
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { BATCH = 1024, TURNS = 41, PATHS = OBLIVIOUS_PATH_AVX512 + 1 };

static const char *const names[PATHS] = {"portable", "avx2", "avx512"};

static double now_ns(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

static int compare_doubles(const void *a, const void *b) {
    const double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* Median nanoseconds a row, BATCH rows a turn, `at_once` at a time. */
static double measure(const ObliviousTrees *trees, const float *rows, size_t at_once) {
    const size_t width = oblivious_trees_feature_count(trees);
    double out[BATCH], times[TURNS];
    for (int turn = -1; turn < TURNS; turn++) { /* the first is to warm up */
        const double start = now_ns();
        for (size_t i = 0; i < BATCH; i += at_once)
            oblivious_trees_margins(trees, rows + i * width, at_once, width, out + i);
        if (turn >= 0) times[turn] = (now_ns() - start) / BATCH;
    }
    qsort(times, TURNS, sizeof *times, compare_doubles);
    return times[TURNS / 2];
}

int main(int argc, char **argv) {
    char *json, *rows;
    gsize len, size;
    GError *error = NULL;
    if (argc != 3 || !g_file_get_contents(argv[1], &json, &len, &error) ||
        !g_file_get_contents(argv[2], &rows, &size, &error))
        g_error("bench_oblivious MODEL.json ROWS.f32: %s", error ? error->message : "wrong use");
    ObliviousTrees *trees = oblivious_trees_parse(json, len, &error);
    if (trees == NULL) g_error("%s", error->message);
    g_assert_cmpuint(size, >=, BATCH * oblivious_trees_feature_count(trees) * sizeof(float));
    const char *comma = "";
    putchar('{');
    for (int path = 0; path < PATHS; path++) {
        if (!oblivious_trees_set_path(trees, (ObliviousPath)path)) continue;
        printf("%s\"single_%s\": %.0f, \"batch_%s\": %.0f", comma, names[path],
               measure(trees, (const float *)(const void *)rows, 1), names[path],
               measure(trees, (const float *)(const void *)rows, BATCH));
        comma = ", ";
    }
    puts("}");
    oblivious_trees_free(trees);
    g_free(json);
    g_free(rows);
    return 0;
}
