/* Walking the trees, on any processor.
 *
 * A walk down one tree is a chain of dependent loads. Eight walks go side by side (eight trees for
 * a single row, eight rows for a batch) so that the processor waits for eight loads at once. Gather
 * instructions would make the same loads, one by one. */
#include "model/tree_ensemble_internal.h"

#include <math.h>

enum {
    LANES = 8, /* walks side by side */
    PREPARED_MAX = 2 * TREE_ENSEMBLE_FEATURES_MAX + 1,
};

G_DEFINE_QUARK(tree - ensemble - error - quark, tree_ensemble_error)

void tree_ensemble_free(TreeEnsemble *ensemble) {
    if (ensemble == NULL) return;
    wide_trees_free(ensemble->wide);
    g_strfreev(ensemble->feature_names);
    g_free(ensemble->trees);
    g_free(ensemble->nodes);
    g_free(ensemble->cover);
    g_free(ensemble);
}

size_t tree_ensemble_feature_count(const TreeEnsemble *ensemble) {
    return ensemble->feature_count;
}

size_t tree_ensemble_tree_count(const TreeEnsemble *ensemble) {
    return ensemble->tree_count;
}

const char *tree_ensemble_feature_name(const TreeEnsemble *ensemble, size_t index) {
    g_assert(index < ensemble->feature_count);
    return ensemble->feature_names != NULL ? ensemble->feature_names[index] : NULL;
}

/* Writes the row twice, so that a walk needs no thought of missing values: once with plus infinity
 * for missing, which no threshold sends left, once with minus infinity, which every one does. */
static void prepare_row(const TreeEnsemble *ensemble, const float *row, float *prepared) {
    const uint32_t n = ensemble->feature_count;
    for (uint32_t i = 0; i < n; i++) {
        const float x = row[i];
        prepared[i] = isnan(x) ? INFINITY : x;
        prepared[n + i] = isnan(x) ? -INFINITY : x;
    }
    prepared[2 * n] = -INFINITY;
}

static inline uint32_t step(const TreeNode *nodes, uint32_t index, const float *prepared) {
    const TreeNode node = nodes[index];
    return node.left + !(prepared[node.slot] < node.value);
}

/* One row, eight trees at a time. */
static float margin_portable(const TreeEnsemble *ensemble, const float *row) {
    float prepared[PREPARED_MAX];
    prepare_row(ensemble, row, prepared);
    float margin = ensemble->base_margin;
    uint32_t t = 0;
    for (; t + LANES <= ensemble->tree_count; t += LANES) {
        const Tree *trees = ensemble->trees + t;
        const TreeNode *nodes[LANES];
        uint32_t index[LANES] = {0};
        uint32_t depth = 0;
        for (int i = 0; i < LANES; i++) {
            nodes[i] = ensemble->nodes + trees[i].first;
            depth = MAX(depth, trees[i].depth);
        }
        for (uint32_t level = 0; level < depth; level++)
            for (int i = 0; i < LANES; i++)
                index[i] = step(nodes[i], index[i], prepared);
        for (int i = 0; i < LANES; i++)
            margin += nodes[i][index[i]].value;
    }
    for (; t < ensemble->tree_count; t++) {
        const TreeNode *nodes = ensemble->nodes + ensemble->trees[t].first;
        uint32_t index = 0;
        for (uint32_t level = 0; level < ensemble->trees[t].depth; level++)
            index = step(nodes, index, prepared);
        margin += nodes[index].value;
    }
    return margin;
}

/* Eight rows, one tree at a time. */
static void margins_portable(const TreeEnsemble *ensemble, const float *rows, size_t stride,
                             float *out) {
    float prepared[LANES][PREPARED_MAX];
    float margin[LANES];
    for (int i = 0; i < LANES; i++) {
        prepare_row(ensemble, rows + (size_t)i * stride, prepared[i]);
        margin[i] = ensemble->base_margin;
    }
    for (uint32_t t = 0; t < ensemble->tree_count; t++) {
        const Tree tree = ensemble->trees[t];
        const TreeNode *nodes = ensemble->nodes + tree.first;
        uint32_t index[LANES] = {0};
        for (uint32_t level = 0; level < tree.depth; level++)
            for (int i = 0; i < LANES; i++)
                index[i] = step(nodes, index[i], prepared[i]);
        for (int i = 0; i < LANES; i++)
            margin[i] += nodes[index[i]].value;
    }
    for (int i = 0; i < LANES; i++)
        out[i] = margin[i];
}

float tree_ensemble_margin(const TreeEnsemble *ensemble, const float *row) {
    return ensemble->path == TREE_PATH_AVX512 ? wide_trees_margin(ensemble->wide, row)
                                              : margin_portable(ensemble, row);
}

void tree_ensemble_margins(const TreeEnsemble *ensemble, const float *rows, size_t n, size_t stride,
                           float *out) {
    size_t i = 0;
    if (ensemble->path == TREE_PATH_AVX512)
        for (; i + WIDE_ROWS <= n; i += WIDE_ROWS)
            wide_trees_margins(ensemble->wide, rows + i * stride, stride, out + i);
    else
        for (; i + LANES <= n; i += LANES)
            margins_portable(ensemble, rows + i * stride, stride, out + i);
    for (; i < n; i++)
        out[i] = tree_ensemble_margin(ensemble, rows + i * stride);
}

static ShapNode shap_node(const TreeEnsemble *ensemble, const Tree *tree, uint32_t index) {
    const TreeNode *node = &ensemble->nodes[tree->first + index];
    const double cover = (double)ensemble->cover[tree->first + index];
    if (tree_node_is_leaf(ensemble, node))
        return (ShapNode){.value = (double)node->value, .cover = cover};
    return (ShapNode){
        .left = node->left,
        .right = (uint32_t)node->left + 1,
        .feature = tree_node_feature(ensemble, node),
        .threshold = node->value,
        .missing_left = tree_node_default_left(ensemble, node),
        .cover = cover,
    };
}

TreeShap *tree_ensemble_shap(const TreeEnsemble *ensemble) {
    TreeShap *shap = tree_shap_new(ensemble->feature_count, (double)ensemble->base_margin);
    ShapNode *nodes = g_new(ShapNode, TREE_ENSEMBLE_NODES_MAX);
    for (uint32_t t = 0; t < ensemble->tree_count; t++) {
        const Tree *tree = &ensemble->trees[t];
        for (uint32_t i = 0; i < tree->count; i++)
            nodes[i] = shap_node(ensemble, tree, i);
        tree_shap_add(shap, nodes, tree->count);
    }
    g_free(nodes);
    return shap;
}

void tree_ensemble_split_counts(const TreeEnsemble *ensemble, size_t *out) {
    g_assert(ensemble->feature_count > 0);
    for (uint32_t i = 0; i < ensemble->feature_count; i++)
        out[i] = 0;
    for (size_t i = 0; i < ensemble->node_count; i++)
        if (!tree_node_is_leaf(ensemble, &ensemble->nodes[i]))
            out[tree_node_feature(ensemble, &ensemble->nodes[i])]++;
}

TreePath tree_ensemble_path(const TreeEnsemble *ensemble) {
    return ensemble->path;
}

bool tree_ensemble_set_path(TreeEnsemble *ensemble, TreePath path) {
    if (path == TREE_PATH_AVX512 && ensemble->wide == NULL) return false;
    ensemble->path = path;
    return true;
}
