/* Our Shapley values against libxgboost's pred_contribs on one model, one thread: microseconds a
 * row, one row at a time and 256 at once (libxgboost makes its matrix of them in either case, and
 * that is timed alone too). All contestants take turns within one run, many times over; a figure is
 * the median of its turns, a ratio the median of the turns' ratios. Also the largest difference
 * between the two. Prints JSON. */
#include "model/tree_ensemble.h"
#include "oracle.h"
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

enum {
    FEATURES = 100,
    TRAIN_ROWS = 20000,
    TREES = 200,
    ROWS = 256,
    TURNS = 11,
    WIDTH = FEATURES + 1,
};
static const double target_us = 2000;

typedef struct Bench {
    BoosterHandle booster;
    TreeShap *shap;
    Rows rows;
    float ours[ROWS * WIDTH], theirs[ROWS * WIDTH];
} Bench;

static double now_us(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec * 1e6 + (double)t.tv_nsec / 1e3;
}

static void explain_theirs(Bench *bench, size_t first, size_t n) {
    const Rows some = {n, FEATURES, bench->rows.values + first * FEATURES, NULL};
    float *values = oracle_predict(bench->booster, &some, 2, WIDTH);
    memcpy(bench->theirs + first * WIDTH, values, n * WIDTH * sizeof *values);
    g_free(values);
}

/* The contestants: each explains all rows once. */
static void single_ours(Bench *bench) {
    for (size_t i = 0; i < ROWS; i++)
        tree_shap_values(bench->shap, bench->rows.values + i * FEATURES, bench->ours + i * WIDTH);
}

static void single_libxgboost(Bench *bench) {
    for (size_t i = 0; i < ROWS; i++)
        explain_theirs(bench, i, 1);
}

static void batch_libxgboost(Bench *bench) {
    explain_theirs(bench, 0, ROWS);
}

static void single_matrix(Bench *bench) {
    for (size_t i = 0; i < ROWS; i++)
        oracle_must(XGDMatrixFree(oracle_matrix(bench->rows.values + i * FEATURES, 1, FEATURES)));
}

enum { OURS, SINGLE, BATCH, MATRIX, CONTESTANTS };
static void (*const contestants[CONTESTANTS])(Bench *bench) = {
    [OURS] = single_ours,
    [SINGLE] = single_libxgboost,
    [BATCH] = batch_libxgboost,
    [MATRIX] = single_matrix,
};

static int compare_doubles(const void *a, const void *b) {
    const double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static double median(const double *values) {
    double sorted[TURNS];
    memcpy(sorted, values, sizeof sorted);
    qsort(sorted, TURNS, sizeof *sorted, compare_doubles);
    return sorted[TURNS / 2];
}

static double median_ratio(const double *above, const double *below) {
    double ratios[TURNS];
    for (int turn = 0; turn < TURNS; turn++)
        ratios[turn] = above[turn] / below[turn];
    return median(ratios);
}

static double largest_difference(const Bench *bench) {
    double largest = 0;
    for (size_t i = 0; i < (size_t)ROWS * WIDTH; i++)
        largest = fmax(largest, fabs((double)bench->ours[i] - (double)bench->theirs[i]));
    return largest;
}

static void bench_init(Bench *bench) {
    Rows train = rows_make(TRAIN_ROWS, FEATURES, 0.05, 1);
    bench->booster = oracle_train(&train, TREES,
                                  (const char *[]){"max_depth", "6", "max_bin", "256", "eta", "0.1",
                                                   "min_child_weight", "0.1", NULL});
    rows_free(&train);
    size_t len;
    char *json = oracle_json(bench->booster, &len);
    GError *error = NULL;
    TreeEnsemble *ensemble = tree_ensemble_parse(json, len, &error);
    if (ensemble == NULL) g_error("%s", error->message);
    bench->shap = tree_ensemble_shap(ensemble);
    tree_ensemble_free(ensemble);
    g_free(json);
    bench->rows = rows_make(ROWS, FEATURES, 0.05, 2);
}

int main(void) {
    static Bench bench;
    static double times[CONTESTANTS][TURNS];
    bench_init(&bench);
    for (int turn = -1; turn < TURNS; turn++) /* the first is to warm up */
        for (int c = 0; c < CONTESTANTS; c++) {
            const double start = now_us();
            contestants[c](&bench);
            if (turn >= 0) times[c][turn] = (now_us() - start) / ROWS;
        }
    printf("{\"trees\": %d, \"depth\": 6, \"features\": %d,\n", TREES, FEATURES);
    printf(" \"us_per_row\": %.1f, \"target_us\": %.0f,\n", median(times[OURS]), target_us);
    printf(" \"libxgboost_us_per_row\": %.1f, \"libxgboost_batch_us_per_row\": %.1f,\n",
           median(times[SINGLE]), median(times[BATCH]));
    printf(" \"libxgboost_matrix_us\": %.1f,\n", median(times[MATRIX]));
    printf(" \"times_faster\": %.1f, \"times_faster_than_batch\": %.1f,\n",
           median_ratio(times[SINGLE], times[OURS]), median_ratio(times[BATCH], times[OURS]));
    printf(" \"largest_difference\": %.2g}\n", largest_difference(&bench));
    rows_free(&bench.rows);
    tree_shap_free(bench.shap);
    oracle_must(XGBoosterFree(bench.booster));
    return 0;
}
