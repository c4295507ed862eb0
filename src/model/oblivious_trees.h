/* Our own evaluator of CatBoost's gradient-boosted oblivious trees.
 *
 * All nodes of one level of an oblivious tree ask the same question, x > border, so a tree is a
 * list of questions: the answer to the i-th is bit i of the number of the row's leaf. Nothing is
 * walked.
 *
 * A row is feature_count floats; comparisons are in float, as CatBoost makes them. A missing value
 * (NaN) answers no to every question, or yes, as the file says of its feature. The raw prediction
 * (log-odds) is the bias plus one leaf of every tree, in double: eight sums, of the trees with the
 * same number modulo eight, each in the order of the trees, which are then added in their order.
 * There are several ways to find the leaves but this one way to add them, so every way gives the
 * same bits; CatBoost adds in another order and agrees within rounding.
 *
 * An ensemble is immutable and may be shared between threads. */
#pragma once

#include "model/tree_shap.h"
#include <stdint.h>

enum {
    OBLIVIOUS_TREES_BYTES_MAX = 64 << 20, /* of JSON: some 20 000 trees of depth 6 */
    OBLIVIOUS_TREES_MAX = 65536,
    OBLIVIOUS_TREES_FEATURES_MAX = 2048,
    OBLIVIOUS_TREES_DEPTH_MAX = 16, /* as in CatBoost */
    OBLIVIOUS_TREES_LEAVES_MAX = 2 << 20,
};

typedef struct ObliviousTrees ObliviousTrees;

#define OBLIVIOUS_TREES_ERROR oblivious_trees_error_quark()
GQuark oblivious_trees_error_quark(void);
typedef enum ObliviousTreesError { OBLIVIOUS_TREES_ERROR_INVALID } ObliviousTreesError;

/* Reads a model saved by CatBoost as JSON: symmetric trees over numbers, one output. Every array
 * and index is checked; on failure returns NULL with one line in *error that says what is wrong
 * where. The caller frees the result with oblivious_trees_free. */
ObliviousTrees *oblivious_trees_parse(const char *json, size_t len, GError **error);
void oblivious_trees_free(ObliviousTrees *trees);

size_t oblivious_trees_feature_count(const ObliviousTrees *trees);
size_t oblivious_trees_tree_count(const ObliviousTrees *trees);

/* The name the file gives feature `index`; NULL when the file names none. */
const char *oblivious_trees_feature_name(const ObliviousTrees *trees, size_t index);

/* Raw prediction (log-odds) of one row of feature_count floats. */
double oblivious_trees_margin(const ObliviousTrees *trees, const float *row);

/* Raw predictions of n rows, the i-th at rows + i * stride (in floats), into out[0..n). */
void oblivious_trees_margins(const ObliviousTrees *trees, const float *rows, size_t n,
                             size_t stride, double *out);

/* The same trees to be explained, a node's cover being the training rows that came there: values
 * are those of CatBoost's ShapValues. The caller frees it with tree_shap_free. */
TreeShap *oblivious_trees_shap(const ObliviousTrees *trees);

/* One tree, for those who walk it themselves; lives as long as the ensemble. The row's leaf has bit
 * i set when oblivious_trees_answer(features[i], borders[i]). */
typedef struct ObliviousTree {
    uint32_t depth;           /* questions; 0 for a single leaf */
    const uint16_t *features; /* depth of them */
    const float *borders;     /* depth of them */
    const double *values;     /* of the 2^depth leaves: what they add to the prediction */
    const double *weights;    /* of the same: the training rows in them */
} ObliviousTree;
ObliviousTree oblivious_trees_tree(const ObliviousTrees *trees, size_t index);
double oblivious_trees_bias(const ObliviousTrees *trees); /* what the prediction is without trees */

/* The answer to "feature > border" for the feature's value x, which may be NaN. */
bool oblivious_trees_answer(const ObliviousTrees *trees, size_t feature, float border, float x);

/* The ways to find a row's leaves. Parsing chooses the fastest that the processor and the ensemble
 * allow; tests and benchmarks choose for themselves. */
typedef enum ObliviousPath {
    OBLIVIOUS_PATH_PORTABLE, /* always there */
    OBLIVIOUS_PATH_AVX2,     /* trees up to depth 8, see oblivious_trees_wide.c */
    OBLIVIOUS_PATH_AVX512,   /* AVX-512 VBMI; the same trees */
} ObliviousPath;
ObliviousPath oblivious_trees_path(const ObliviousTrees *trees);
/* False, changing nothing, when the ensemble cannot take that path here. */
bool oblivious_trees_set_path(ObliviousTrees *trees, ObliviousPath path);
