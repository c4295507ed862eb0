/* libxgboost as the judge of our evaluator: trains small models on made rows through its C API and
 * predicts with them. */
#pragma once

#include <glib.h>
#include <math.h>
#include <xgboost/c_api.h>

/* Made rows: n of them, row-major. */
typedef struct Rows {
    size_t n, features;
    float *values; /* n * features */
    float *labels; /* n */
} Rows;

static inline void rows_free(Rows *rows) {
    g_free(rows->values);
    g_free(rows->labels);
    *rows = (Rows){0};
}

/* Features of different kinds in turn: smooth, heavy-tailed, small counts, flags, constant. The
 * label depends on sums and products of some of them; a share `missing` of the values is NaN. */
static inline Rows rows_make(size_t n, size_t features, double missing, guint32 seed) {
    Rows rows = {n, features, g_new(float, n *features), g_new(float, n)};
    GRand *random = g_rand_new_with_seed(seed);
    for (size_t i = 0; i < n; i++) {
        float *row = rows.values + i * features;
        double margin = -1;
        for (size_t f = 0; f < features; f++) {
            const double u = g_rand_double(random);
            const double kinds[] = {2 * u - 1, exp(6 * u), floor(8 * u), u < 0.2, 7};
            row[f] = (float)kinds[f % 5];
            margin += (f % 7 == 0 ? 1.5 : 0.2) * (u - 0.5) * (f % 3 == 1 && row[0] > 0 ? -2 : 2);
            if (g_rand_double(random) < missing) row[f] = NAN;
        }
        rows.labels[i] = g_rand_double(random) < 1 / (1 + exp(-2 * margin)) ? 1 : 0;
    }
    g_rand_free(random);
    return rows;
}

static inline void oracle_must(int status) {
    if (status != 0) g_error("libxgboost: %s", XGBGetLastError());
}

static inline DMatrixHandle oracle_matrix(const float *values, size_t n, size_t features) {
    DMatrixHandle matrix;
    oracle_must(XGDMatrixCreateFromMat(values, n, features, NAN, &matrix));
    return matrix;
}

/* Trains `trees` trees; `settings` is pairs of name and value, ended by NULL. */
static inline BoosterHandle oracle_train(const Rows *rows, int trees, const char *const *settings) {
    DMatrixHandle matrix = oracle_matrix(rows->values, rows->n, rows->features);
    oracle_must(XGDMatrixSetFloatInfo(matrix, "label", rows->labels, rows->n));
    BoosterHandle booster;
    oracle_must(XGBoosterCreate(&matrix, 1, &booster));
    oracle_must(XGBoosterSetParam(booster, "objective", "binary:logistic"));
    oracle_must(XGBoosterSetParam(booster, "tree_method", "hist"));
    oracle_must(XGBoosterSetParam(booster, "nthread", "1"));
    oracle_must(XGBoosterSetParam(booster, "verbosity", "0"));
    for (size_t i = 0; settings[i] != NULL; i += 2)
        oracle_must(XGBoosterSetParam(booster, settings[i], settings[i + 1]));
    for (int i = 0; i < trees; i++)
        oracle_must(XGBoosterUpdateOneIter(booster, i, matrix));
    oracle_must(XGDMatrixFree(matrix));
    return booster;
}

/* The model as XGBoost's JSON, NUL-terminated; free with g_free. */
static inline char *oracle_json(BoosterHandle booster, size_t *len) {
    const char *json;
    bst_ulong size;
    oracle_must(XGBoosterSaveModelToBuffer(booster, "{\"format\": \"json\"}", &size, &json));
    *len = size;
    return g_strndup(json, size);
}

/* Prediction of libxgboost's `type` (1 margin, 2 contributions): `width` floats a row;
 * free with g_free. */
static inline float *oracle_predict(BoosterHandle booster, const Rows *rows, int type,
                                    size_t width) {
    char *config = g_strdup_printf("{\"type\": %d, \"training\": false, \"iteration_begin\": 0, "
                                   "\"iteration_end\": 0, \"strict_shape\": false}",
                                   type);
    DMatrixHandle matrix = oracle_matrix(rows->values, rows->n, rows->features);
    const bst_ulong *shape;
    bst_ulong dimensions;
    const float *result;
    oracle_must(XGBoosterPredictFromDMatrix(booster, matrix, config, &shape, &dimensions, &result));
    float *copy = g_memdup2(result, rows->n * width * sizeof *result);
    oracle_must(XGDMatrixFree(matrix));
    g_free(config);
    return copy;
}
