/* The trees on any processor, for explanation, and the choice of a way. */
#include "model/oblivious_trees_internal.h"

#include <math.h>

G_DEFINE_QUARK(oblivious - trees - error - quark, oblivious_trees_error)

void oblivious_trees_free(ObliviousTrees *trees) {
    if (trees == NULL) return;
    oblivious_wide_free(trees->wide);
    g_strfreev(trees->feature_names);
    g_free(trees->missing_yes);
    g_free(trees->first_split);
    g_free(trees->first_leaf);
    g_free(trees->depth);
    g_free(trees->features);
    g_free(trees->borders);
    g_free(trees->values);
    g_free(trees->weights);
    g_free(trees);
}

size_t oblivious_trees_feature_count(const ObliviousTrees *trees) {
    return trees->feature_count;
}

size_t oblivious_trees_tree_count(const ObliviousTrees *trees) {
    return trees->tree_count;
}

const char *oblivious_trees_feature_name(const ObliviousTrees *trees, size_t index) {
    g_assert(index < trees->feature_count);
    return trees->feature_names != NULL ? trees->feature_names[index] : NULL;
}

double oblivious_trees_bias(const ObliviousTrees *trees) {
    return trees->bias;
}

ObliviousTree oblivious_trees_tree(const ObliviousTrees *trees, size_t index) {
    g_assert(index < trees->tree_count);
    return (ObliviousTree){
        .depth = trees->depth[index],
        .features = trees->features + trees->first_split[index],
        .borders = trees->borders + trees->first_split[index],
        .values = trees->values + trees->first_leaf[index],
        .weights = trees->weights + trees->first_leaf[index],
    };
}

bool oblivious_trees_answer(const ObliviousTrees *trees, size_t feature, float border, float x) {
    return isnan(x) ? trees->missing_yes[feature] : x > border;
}

/* Puts in place of missing values what no border, or every one, is under. */
static void prepare_row(const ObliviousTrees *trees, const float *row, float *prepared) {
    for (uint32_t i = 0; i < trees->feature_count; i++)
        prepared[i] = !isnan(row[i]) ? row[i] : trees->missing_yes[i] ? INFINITY : -INFINITY;
}

static double margin_portable(const ObliviousTrees *trees, const float *row) {
    float prepared[OBLIVIOUS_TREES_FEATURES_MAX];
    double sums[OBLIVIOUS_SUMS] = {0};
    prepare_row(trees, row, prepared);
    const uint16_t *feature = trees->features;
    const float *border = trees->borders;
    for (uint32_t t = 0; t < trees->tree_count; t++) {
        const uint32_t depth = trees->depth[t];
        uint32_t leaf = 0;
        for (uint32_t i = 0; i < depth; i++)
            leaf |= (uint32_t)(prepared[feature[i]] > border[i]) << i;
        feature += depth;
        border += depth;
        sums[t % OBLIVIOUS_SUMS] += trees->values[trees->first_leaf[t] + leaf];
    }
    return oblivious_add(trees->bias, sums);
}

double oblivious_trees_margin(const ObliviousTrees *trees, const float *row) {
    double margin;
    oblivious_trees_margins(trees, row, 1, 0, &margin);
    return margin;
}

void oblivious_trees_margins(const ObliviousTrees *trees, const float *rows, size_t n,
                             size_t stride, double *out) {
    for (size_t i = 0; i < n;) {
        const size_t now = n - i >= OBLIVIOUS_ROWS ? OBLIVIOUS_ROWS : 1;
        const float *first = rows + i * stride;
        if (trees->path == OBLIVIOUS_PATH_AVX512)
            oblivious_avx512_margins(trees->wide, first, now, stride, out + i);
        else if (trees->path == OBLIVIOUS_PATH_AVX2)
            oblivious_avx2_margins(trees->wide, first, now, stride, out + i);
        else
            for (size_t r = 0; r < now; r++)
                out[i + r] = margin_portable(trees, first + r * stride);
        i += now;
    }
}

/* Nodes as in a heap, children 2i + 1 (no, left) and 2i + 2 (yes, right). The last question is the
 * root's, so that the leaves come in the order of their numbers: so CatBoost explains its trees,
 * and the values depend on the order. */
static void fill_nodes(const ObliviousTrees *trees, const ObliviousTree *tree, ShapNode *nodes) {
    const uint32_t leaves = 1u << tree->depth;
    for (uint32_t leaf = 0; leaf < leaves; leaf++)
        nodes[leaves - 1 + leaf] =
            (ShapNode){.value = tree->values[leaf], .cover = tree->weights[leaf]};
    for (uint32_t question = 0; question < tree->depth; question++) {
        const uint32_t feature = tree->features[question];
        const uint32_t nodes_there = leaves >> (question + 1);
        for (uint32_t i = nodes_there - 1; i < 2 * nodes_there - 1; i++)
            nodes[i] = (ShapNode){
                .left = 2 * i + 1,
                .right = 2 * i + 2,
                .feature = feature,
                .threshold = nextafterf(tree->borders[question], INFINITY),
                .missing_left = !trees->missing_yes[feature],
                .cover = nodes[2 * i + 1].cover + nodes[2 * i + 2].cover,
            };
    }
}

TreeShap *oblivious_trees_shap(const ObliviousTrees *trees) {
    TreeShap *shap = tree_shap_new(trees->feature_count, trees->bias);
    g_autofree ShapNode *nodes = g_new(ShapNode, 2u << OBLIVIOUS_TREES_DEPTH_MAX);
    for (uint32_t t = 0; t < trees->tree_count; t++) {
        const ObliviousTree tree = oblivious_trees_tree(trees, t);
        fill_nodes(trees, &tree, nodes);
        tree_shap_add(shap, nodes, (2u << tree.depth) - 1);
    }
    return shap;
}

ObliviousPath oblivious_trees_path(const ObliviousTrees *trees) {
    return trees->path;
}

bool oblivious_trees_set_path(ObliviousTrees *trees, ObliviousPath path) {
    if (path != OBLIVIOUS_PATH_PORTABLE && trees->wide == NULL) return false;
    if (path == OBLIVIOUS_PATH_AVX512 && !oblivious_wide_has_avx512()) return false;
    trees->path = path;
    return true;
}
