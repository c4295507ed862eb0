/* Exact Shapley values of an ensemble of binary trees: what each feature added to a row's margin.
 *
 * The game is TreeSHAP's, path-dependent (Lundberg et al. 2020, "From local explanations to global
 * understanding with explainable AI for trees", Nature Machine Intelligence 2, Algorithm 1): the
 * features of a coalition take the row's way at a split; at a split on another feature both
 * children count, weighted by their covers, that is by how much training data came through them.
 * libxgboost's pred_contribs and CatBoost's ShapValues are the values of this game.
 *
 * An ensemble is immutable once its trees are added, and may then be shared between threads. */
#pragma once

#include <glib.h>
#include <stdbool.h>
#include <stddef.h>

enum {
    TREE_SHAP_DEPTH_MAX = 64,
    TREE_SHAP_FEATURES_MAX = 2048,
};

/* One node of a tree, whatever the library it comes from. The root is node 0; a child has a greater
 * index than its parent. At a split a row goes left when x < threshold, in float; a missing value
 * (NaN) goes left when missing_left says so. A library that goes right when x > border, as CatBoost
 * does, has the threshold nextafterf(border, INFINITY). */
typedef struct ShapNode {
    guint32 left, right; /* 0 and 0 for a leaf */
    guint32 feature;     /* of a split */
    float threshold;     /* of a split */
    bool missing_left;   /* of a split */
    double value;        /* of a leaf: what it adds to the margin; finite */
    double cover; /* 0 or more; where both children have none, or not a finite sum, each is half */
} ShapNode;

typedef struct TreeShap TreeShap;

/* No trees yet: every row's margin is `bias`. `features` is at most TREE_SHAP_FEATURES_MAX. */
TreeShap *tree_shap_new(size_t features, double bias);
void tree_shap_free(TreeShap *shap);

/* Adds a tree of `count` nodes, none deeper than TREE_SHAP_DEPTH_MAX splits. The nodes are copied;
 * that they form a tree is the caller's to have checked, and asserted. */
void tree_shap_add(TreeShap *shap, const ShapNode *nodes, size_t count);

/* What each feature added to the margin of `row` (`features` floats, NaN for missing), and at
 * out[features] the expected margin of a row of which nothing is known: features + 1 floats, whose
 * sum is the margin up to rounding. */
void tree_shap_values(const TreeShap *shap, const float *row, float *out);
