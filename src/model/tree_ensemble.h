/* Our own evaluator of XGBoost's gradient-boosted trees.
 *
 * A row is feature_count floats, NaN for missing. At a node a row goes left when x < threshold, in
 * float, as XGBoost does, and a missing value goes the node's default way. The margin (log-odds) is
 * the base score's margin plus one leaf of every tree, added in float in the order of the trees:
 * the additions libxgboost makes, in its order. There are several ways to find the leaves (one row,
 * eight rows, with AVX-512) but this one way to add them, so every way gives the same bits.
 *
 * An ensemble is immutable and may be shared between threads. */
#pragma once

#include "model/tree_shap.h"
#include <glib.h>
#include <stdbool.h>
#include <stddef.h>

enum {
    TREE_ENSEMBLE_BYTES_MAX = 64 << 20, /* of JSON: some 8000 trees of depth 6 */
    TREE_ENSEMBLE_TREES_MAX = 65536,
    TREE_ENSEMBLE_FEATURES_MAX = 2048,
    TREE_ENSEMBLE_DEPTH_MAX = 64,
    TREE_ENSEMBLE_NODES_MAX = 65536, /* in one tree */
};

typedef struct TreeEnsemble TreeEnsemble;

#define TREE_ENSEMBLE_ERROR tree_ensemble_error_quark()
GQuark tree_ensemble_error_quark(void);
typedef enum TreeEnsembleError { TREE_ENSEMBLE_ERROR_INVALID } TreeEnsembleError;

/* Reads a model saved by XGBoost as JSON: booster gbtree, objective binary:logistic, splits on
 * numbers. Every array and index is checked; on failure returns NULL with one line in *error that
 * says what is wrong where. The caller frees the result with tree_ensemble_free. */
TreeEnsemble *tree_ensemble_parse(const char *json, size_t len, GError **error);
void tree_ensemble_free(TreeEnsemble *ensemble);

size_t tree_ensemble_feature_count(const TreeEnsemble *ensemble);
size_t tree_ensemble_tree_count(const TreeEnsemble *ensemble);

/* The name the file gives feature `index`; NULL when the file names none. */
const char *tree_ensemble_feature_name(const TreeEnsemble *ensemble, size_t index);

/* Margin of one row of feature_count floats. */
float tree_ensemble_margin(const TreeEnsemble *ensemble, const float *row);

/* Margins of n rows, the i-th at rows + i * stride (in floats), into out[0..n). */
void tree_ensemble_margins(const TreeEnsemble *ensemble, const float *rows, size_t n, size_t stride,
                           float *out);

/* The same trees to be explained, a node's cover being its training rows' hessians, summed: values
 * are libxgboost's pred_contribs. The caller frees it; it needs the ensemble no more. */
TreeShap *tree_ensemble_shap(const TreeEnsemble *ensemble);

/* How many splits the ensemble makes on each feature, into out[0..feature_count). */
void tree_ensemble_split_counts(const TreeEnsemble *ensemble, size_t *out);

/* The ways to find a row's leaves. Parsing chooses the fastest that the processor and the ensemble
 * allow; tests and benchmarks choose for themselves. */
typedef enum TreePath {
    TREE_PATH_PORTABLE, /* always there */
    TREE_PATH_AVX512,   /* AVX-512 VBMI; trees up to depth 6, see tree_ensemble_avx512.c */
} TreePath;
TreePath tree_ensemble_path(const TreeEnsemble *ensemble);
/* False, changing nothing, when the ensemble cannot take that path here. */
bool tree_ensemble_set_path(TreeEnsemble *ensemble, TreePath path);
