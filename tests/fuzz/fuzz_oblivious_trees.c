/* Any bytes as CatBoost's JSON: refused with one line, or trees whose paths agree to the bit. */
#include "model/oblivious_trees.h"

#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { ROWS = 6 }; /* a batch of four and two more */

/* Rows about the small numbers that the corpus asks for, with missing and infinite values. */
static void fill(float *rows, size_t count) {
    static const float values[] = {0, NAN, 1, -1, INFINITY, 0.5f, -INFINITY, 1.5f, -0.0f, 100, -2};
    for (size_t i = 0; i < count; i++)
        rows[i] = values[i % G_N_ELEMENTS(values)];
}

static void check_paths(ObliviousTrees *trees) {
    const size_t features = oblivious_trees_feature_count(trees);
    float *rows = g_new(float, ROWS *features);
    float *parts = g_new(float, features + 1);
    double expected[ROWS], margins[ROWS];
    fill(rows, ROWS * features);
    oblivious_trees_set_path(trees, OBLIVIOUS_PATH_PORTABLE);
    for (size_t i = 0; i < ROWS; i++)
        expected[i] = oblivious_trees_margin(trees, rows + i * features);
    for (int path = OBLIVIOUS_PATH_PORTABLE; path <= OBLIVIOUS_PATH_AVX512; path++) {
        if (!oblivious_trees_set_path(trees, (ObliviousPath)path)) continue;
        oblivious_trees_margins(trees, rows, ROWS, features, margins);
        for (size_t i = 0; i < ROWS; i++) /* sums that overflow may be NaNs of either sign */
            if (memcmp(&margins[i], &expected[i], sizeof *margins) != 0 &&
                !(isnan(margins[i]) && isnan(expected[i])))
                abort();
    }
    TreeShap *shap = oblivious_trees_shap(trees);
    tree_shap_values(shap, rows, parts);
    tree_shap_free(shap);
    g_free(parts);
    g_free(rows);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    GError *error = NULL;
    ObliviousTrees *trees = oblivious_trees_parse((const char *)data, size, &error);
    if (trees == NULL) {
        if (error == NULL || strchr(error->message, '\n') != NULL) abort();
        g_error_free(error);
        return 0;
    }
    check_paths(trees);
    oblivious_trees_free(trees);
    return 0;
}
