/* What the files of the tree ensemble share; nobody else includes it. */
#pragma once

#include "model/tree_ensemble.h"
#include <stdint.h>

/* One node, in eight bytes. A tree's nodes lie in breadth-first order, siblings side by side, so
 * that one step is  index = left + !(x[slot] < value).  A leaf is its own left child and compares
 * minus infinity with its value, so that stepping on from a leaf stays there: all rows may take as
 * many steps as the tree is deep, without a branch.
 *
 * A slot is a place in the prepared row (see prepare_row in tree_ensemble.c): feature f with
 * missing sent right is slot f, with missing sent left slot feature_count + f; slot 2 *
 * feature_count is minus infinity. */
typedef struct TreeNode {
    float value; /* of a split its threshold, of a leaf what it adds to the margin; finite */
    uint16_t slot;
    uint16_t left; /* index within the tree */
} TreeNode;

typedef struct Tree {
    uint32_t first; /* its root, in TreeEnsemble.nodes */
    uint32_t count; /* nodes */
    uint32_t depth; /* steps from the root to the deepest leaf */
} Tree;

typedef struct WideTrees WideTrees;

struct TreeEnsemble {
    uint32_t feature_count;
    uint32_t tree_count;
    float base_margin;
    Tree *trees;
    TreeNode *nodes;
    float *cover; /* of each node, the hessians of the training rows that came there, summed */
    size_t node_count;
    char **feature_names; /* feature_count of them and a NULL, or NULL */
    WideTrees *wide;      /* the AVX-512 form; NULL when it does not fit */
    TreePath path;
};

static inline bool tree_node_is_leaf(const TreeEnsemble *ensemble, const TreeNode *node) {
    return node->slot == 2 * ensemble->feature_count;
}

static inline uint32_t tree_node_feature(const TreeEnsemble *ensemble, const TreeNode *node) {
    return node->slot % ensemble->feature_count;
}

static inline bool tree_node_default_left(const TreeEnsemble *ensemble, const TreeNode *node) {
    return node->slot >= ensemble->feature_count;
}

/* NULL when the processor lacks the instructions or the ensemble does not fit the form. */
WideTrees *wide_trees_new(const TreeEnsemble *ensemble);
void wide_trees_free(WideTrees *wide);
float wide_trees_margin(const WideTrees *wide, const float *row);

enum { WIDE_ROWS = 4 };
/* Margins of WIDE_ROWS rows, `stride` floats apart, into out[0..WIDE_ROWS). */
void wide_trees_margins(const WideTrees *wide, const float *rows, size_t stride, float *out);
