/* Any bytes as a model file: refused with one line, or a model whose paths agree to the bit
 * and whose margins can be explained. */
#include "model/tree_ensemble.h"

#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { ROWS = 9 }; /* a batch of eight and one more */

/* Rows about the small numbers that the corpus splits on, with missing and infinite values. */
static void fill(float *rows, size_t count) {
    static const float values[] = {0, NAN, 1, -1, INFINITY, 0.5f, -INFINITY, 2, -0.0f, 100, 3};
    for (size_t i = 0; i < count; i++)
        rows[i] = values[i % G_N_ELEMENTS(values)];
}

/* Whatever the trees, the Shapley values are numbers. */
static void check_values(const TreeEnsemble *ensemble, const float *row) {
    const size_t features = tree_ensemble_feature_count(ensemble);
    TreeShap *shap = tree_ensemble_shap(ensemble);
    float *values = g_new(float, features + 1);
    tree_shap_values(shap, row, values);
    for (size_t i = 0; i <= features; i++)
        if (isnan(values[i])) abort();
    g_free(values);
    tree_shap_free(shap);
}

static void check_paths(TreeEnsemble *ensemble) {
    const size_t features = tree_ensemble_feature_count(ensemble);
    float *rows = g_new(float, ROWS *features);
    float expected[ROWS], margins[ROWS];
    fill(rows, ROWS * features);
    tree_ensemble_set_path(ensemble, TREE_PATH_PORTABLE);
    for (size_t i = 0; i < ROWS; i++)
        expected[i] = tree_ensemble_margin(ensemble, rows + i * features);
    for (int path = TREE_PATH_PORTABLE; path <= TREE_PATH_AVX512; path++) {
        if (!tree_ensemble_set_path(ensemble, path)) continue;
        tree_ensemble_margins(ensemble, rows, ROWS, features, margins);
        if (memcmp(margins, expected, sizeof margins) != 0) abort();
    }
    check_values(ensemble, rows);
    g_free(rows);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    GError *error = NULL;
    TreeEnsemble *ensemble = tree_ensemble_parse((const char *)data, size, &error);
    if (ensemble == NULL) {
        if (error == NULL || strchr(error->message, '\n') != NULL) abort();
        g_error_free(error);
        return 0;
    }
    check_paths(ensemble);
    tree_ensemble_free(ensemble);
    return 0;
}
