/* Our evaluator against libxgboost's C API on one model, one thread: nanoseconds a row for single
 * rows and for batches of 1024. All contestants take turns within one run, many times over; a
 * figure is the median of its turns, a ratio the median of the turns' ratios. Prints JSON.
 *
 * libxgboost is called in both its ways: in place (XGBoosterPredictFromDense with a kept proxy and
 * prebuilt arguments) and through a DMatrix made of the rows. The ratios are to the faster one. */
#include "model/tree_ensemble.h"
#include "oracle.h"
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

enum { FEATURES = 100, TRAIN_ROWS = 20000, TREES = 200, BATCH = 1024, TURNS = 41 };

typedef struct Bench {
    BoosterHandle booster;
    TreeEnsemble *ensemble;
    DMatrixHandle proxy;
    Rows rows; /* BATCH of them */
    char *single_interface[BATCH], *batch_interface;
    float out[BATCH];
} Bench;

static double now_ns(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

static char *array_interface(const float *rows, size_t n) {
    return g_strdup_printf("{\"data\": [%zu, true], \"shape\": [%zu, %d], \"typestr\": \"<f4\", "
                           "\"version\": 3}",
                           (size_t)rows, n, FEATURES);
}

static void predict_in_place(Bench *bench, const char *interface, float *out, size_t n) {
    static const char config[] =
        "{\"type\": 1, \"training\": false, \"iteration_begin\": 0, \"iteration_end\": 0, "
        "\"strict_shape\": false, \"missing\": NaN, \"cache_id\": 0}";
    const bst_ulong *shape;
    bst_ulong dimensions;
    const float *result;
    oracle_must(XGBoosterPredictFromDense(bench->booster, interface, config, bench->proxy, &shape,
                                          &dimensions, &result));
    memcpy(out, result, n * sizeof *out);
}

static void predict_matrix(Bench *bench, const float *rows, float *out, size_t n) {
    DMatrixHandle matrix = oracle_matrix(rows, n, FEATURES);
    bst_ulong count;
    const float *result;
    oracle_must(XGBoosterPredict(bench->booster, matrix, 1, 0, 0, &count, &result));
    memcpy(out, result, n * sizeof *out);
    oracle_must(XGDMatrixFree(matrix));
}

/* The contestants: each scores all rows once. */
static void single_ours(Bench *bench) {
    for (size_t i = 0; i < BATCH; i++)
        bench->out[i] = tree_ensemble_margin(bench->ensemble, bench->rows.values + i * FEATURES);
}

static void single_in_place(Bench *bench) {
    for (size_t i = 0; i < BATCH; i++)
        predict_in_place(bench, bench->single_interface[i], &bench->out[i], 1);
}

static void single_matrix(Bench *bench) {
    for (size_t i = 0; i < BATCH; i++)
        predict_matrix(bench, bench->rows.values + i * FEATURES, &bench->out[i], 1);
}

static void batch_ours(Bench *bench) {
    tree_ensemble_margins(bench->ensemble, bench->rows.values, BATCH, FEATURES, bench->out);
}

static void batch_in_place(Bench *bench) {
    predict_in_place(bench, bench->batch_interface, bench->out, BATCH);
}

static void batch_matrix(Bench *bench) {
    predict_matrix(bench, bench->rows.values, bench->out, BATCH);
}

typedef struct Contestant {
    const char *name;
    void (*run)(Bench *bench);
    TreePath path; /* of ours */
    int against;   /* -1 for libxgboost's, else index of the first of its two */
    double target; /* times faster than the faster of the two */
} Contestant;

static const Contestant contestants[] = {
    {"single_libxgboost_in_place", single_in_place, TREE_PATH_PORTABLE, -1, 0},
    {"single_libxgboost_matrix", single_matrix, TREE_PATH_PORTABLE, -1, 0},
    {"single_portable", single_ours, TREE_PATH_PORTABLE, 0, 8},
    {"single_avx512", single_ours, TREE_PATH_AVX512, 0, 8},
    {"batch_libxgboost_in_place", batch_in_place, TREE_PATH_PORTABLE, -1, 0},
    {"batch_libxgboost_matrix", batch_matrix, TREE_PATH_PORTABLE, -1, 0},
    {"batch_portable", batch_ours, TREE_PATH_PORTABLE, 4, 3},
    {"batch_avx512", batch_ours, TREE_PATH_AVX512, 4, 3},
};
enum { CONTESTANTS = G_N_ELEMENTS(contestants) };

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

static void bench_init(Bench *bench) {
    Rows train = rows_make(TRAIN_ROWS, FEATURES, 0.05, 1);
    bench->booster = oracle_train(&train, TREES,
                                  (const char *[]){"max_depth", "6", "max_bin", "256", "eta", "0.1",
                                                   "min_child_weight", "0.1", NULL});
    rows_free(&train);
    size_t len;
    char *json = oracle_json(bench->booster, &len);
    GError *error = NULL;
    const double start = now_ns();
    bench->ensemble = tree_ensemble_parse(json, len, &error);
    if (bench->ensemble == NULL) g_error("%s", error->message);
    fprintf(stderr, "model: %d trees, %zu bytes of JSON, read in %.1f ms\n", TREES, len,
            (now_ns() - start) / 1e6);
    g_free(json);
    bench->rows = rows_make(BATCH, FEATURES, 0.05, 2);
    oracle_must(XGProxyDMatrixCreate(&bench->proxy));
    for (size_t i = 0; i < BATCH; i++)
        bench->single_interface[i] = array_interface(bench->rows.values + i * FEATURES, 1);
    bench->batch_interface = array_interface(bench->rows.values, BATCH);
}

static void bench_clear(Bench *bench) {
    for (size_t i = 0; i < BATCH; i++)
        g_free(bench->single_interface[i]);
    g_free(bench->batch_interface);
    rows_free(&bench->rows);
    tree_ensemble_free(bench->ensemble);
    oracle_must(XGDMatrixFree(bench->proxy));
    oracle_must(XGBoosterFree(bench->booster));
}

/* The median of how many times faster contestant c was than the faster of libxgboost's two. */
static double times_faster(double times[CONTESTANTS][TURNS], int c) {
    const int against = contestants[c].against;
    double ratios[TURNS];
    for (int turn = 0; turn < TURNS; turn++)
        ratios[turn] = MIN(times[against][turn], times[against + 1][turn]) / times[c][turn];
    return median(ratios);
}

static void print(double times[CONTESTANTS][TURNS]) {
    printf("{\"trees\": %d, \"depth\": 6, \"features\": %d, \"batch\": %d", TREES, FEATURES, BATCH);
    for (int c = 0; c < CONTESTANTS; c++) {
        if (isnan(times[c][0])) continue;
        printf(",\n \"%s\": {\"ns_per_row\": %.0f", contestants[c].name, median(times[c]));
        if (contestants[c].against >= 0) {
            const double faster = times_faster(times, c);
            printf(", \"times_faster\": %.1f, \"target\": %.0f, \"of_target\": %.2f", faster,
                   contestants[c].target, faster / contestants[c].target);
        }
        printf("}");
    }
    printf("}\n");
}

int main(void) {
    static Bench bench;
    static double times[CONTESTANTS][TURNS];
    bench_init(&bench);
    for (int turn = -1; turn < TURNS; turn++) /* the first is to warm up */
        for (int c = 0; c < CONTESTANTS; c++) {
            const bool there = tree_ensemble_set_path(bench.ensemble, contestants[c].path);
            const double start = now_ns();
            if (there) contestants[c].run(&bench);
            if (turn >= 0) times[c][turn] = there ? (now_ns() - start) / BATCH : NAN;
        }
    print(times);
    bench_clear(&bench);
    return 0;
}
