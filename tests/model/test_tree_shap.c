/* Shapley values against their definition: the sum over all subsets on small trees, and the sum
 * over subsets' sizes, path by path, on trees as deep as may be. Odd trees: none but a leaf, one
 * feature all over, covers of nothing, missing values. */
#include "model/tree_shap.h"

#include <math.h>

enum { NODES_MAX = 4096, FEATURES = 8 };

typedef struct Tree {
    ShapNode nodes[NODES_MAX];
    guint32 count;
} Tree;

static bool goes_left(const ShapNode *node, const float *row) {
    const float x = row[node->feature];
    return isnan(x) ? node->missing_left : x < node->threshold;
}

static double left_share(const ShapNode *nodes, const ShapNode *node) {
    const double left = nodes[node->left].cover, right = nodes[node->right].cover;
    return left + right > 0 ? left / (left + right) : 0.5;
}

/* What the game pays the features of `subset` (a bit each): Lundberg et al. 2020, Algorithm 1. */
static double payoff(const ShapNode *nodes, guint32 index, const float *row, unsigned subset) {
    const ShapNode *node = &nodes[index];
    if (node->left == 0) return node->value;
    if (subset >> node->feature & 1)
        return payoff(nodes, goes_left(node, row) ? node->left : node->right, row, subset);
    const double share = left_share(nodes, node);
    return share * payoff(nodes, node->left, row, subset) +
           (1 - share) * payoff(nodes, node->right, row, subset);
}

static double factorial(int n) {
    return n < 2 ? 1 : n * factorial(n - 1);
}

static double shapley(const ShapNode *nodes, const float *row, unsigned feature) {
    double sum = 0;
    for (unsigned subset = 0; subset < 1u << FEATURES; subset++) {
        if (subset >> feature & 1) continue;
        const int size = __builtin_popcount(subset);
        sum += factorial(size) * factorial(FEATURES - 1 - size) / factorial(FEATURES) *
               (payoff(nodes, 0, row, subset | 1u << feature) - payoff(nodes, 0, row, subset));
    }
    return sum;
}

/* A random tree of at most `depth` splits; few thresholds, many covers of nothing. */
static guint32 grow(Tree *tree, GRand *random, int depth, int features) {
    const guint32 at = tree->count++;
    ShapNode node = {.cover = g_rand_int_range(random, 0, 4) == 0 ? 0 : g_rand_double(random)};
    if (depth == 0 || tree->count > NODES_MAX - 200 || g_rand_int_range(random, 0, 7) == 0) {
        node.value = g_rand_double_range(random, -2, 2);
    } else {
        node.feature = (guint32)g_rand_int_range(random, 0, features);
        node.threshold = (float)g_rand_int_range(random, -2, 3);
        node.missing_left = g_rand_boolean(random);
        node.left = grow(tree, random, depth - 1, features);
        node.right = grow(tree, random, depth - 1, features);
    }
    tree->nodes[at] = node;
    return at;
}

static void random_row(GRand *random, float *row, size_t features) {
    for (size_t f = 0; f < features; f++)
        row[f] =
            g_rand_int_range(random, 0, 5) == 0 ? NAN : (float)g_rand_int_range(random, -3, 4) / 2;
}

static void test_subsets(void) {
    GRand *random = g_rand_new_with_seed(7);
    Tree *trees = g_new(Tree, 3);
    for (int round = 0; round < 200; round++) {
        const int depth = g_rand_int_range(random, 0, 8);
        const int features = g_rand_int_range(random, 1, FEATURES + 1); /* that trees split on */
        TreeShap *shap = tree_shap_new(FEATURES, 0.75);
        float row[FEATURES], values[FEATURES + 1];
        double expected = 0.75;
        random_row(random, row, FEATURES);
        for (int t = 0; t < 3; t++) {
            trees[t].count = 0;
            grow(&trees[t], random, depth, features);
            tree_shap_add(shap, trees[t].nodes, trees[t].count);
            expected += payoff(trees[t].nodes, 0, row, 0);
        }
        tree_shap_values(shap, row, values);
        g_assert_cmpfloat_with_epsilon(values[FEATURES], expected, 1e-6);
        for (unsigned f = 0; f < FEATURES; f++) {
            double sum = 0;
            for (int t = 0; t < 3; t++)
                sum += shapley(trees[t].nodes, row, f);
            g_assert_cmpfloat_with_epsilon(values[f], sum, 1e-6);
            if (f >= (unsigned)features) g_assert_cmpfloat(values[f], ==, 0);
        }
        tree_shap_free(shap);
    }
    g_free(trees);
    g_rand_free(random);
}

/* A path to a leaf, feature by feature. */
typedef struct Path {
    unsigned count;
    guint32 feature[TREE_SHAP_DEPTH_MAX];
    double one[TREE_SHAP_DEPTH_MAX], zero[TREE_SHAP_DEPTH_MAX];
} Path;

/* The leaf's Shapley values by subsets' sizes: the coefficients of prod_{j != i} (o_j x + z_j), the
 * s-th weighing s! (k - 1 - s)! / k!. No quadrature, no division. */
static void add_leaf(const Path *path, double value, double *out) {
    const unsigned k = path->count;
    for (unsigned i = 0; i < k; i++) {
        double coefficients[TREE_SHAP_DEPTH_MAX + 1] = {1}, sum = 0;
        for (unsigned j = 0; j < k; j++)
            for (unsigned s = j + 1; j != i && s-- > 0;) {
                coefficients[s + 1] += path->one[j] * coefficients[s];
                coefficients[s] *= path->zero[j];
            }
        for (unsigned s = 0; s < k; s++)
            sum +=
                coefficients[s] * exp(lgamma(s + 1.0) + lgamma((double)(k - s)) - lgamma(k + 1.0));
        out[path->feature[i]] += value * (path->one[i] - path->zero[i]) * sum;
    }
}

static void add_paths(const ShapNode *nodes, guint32 index, const float *row, Path path,
                      double *out) {
    const ShapNode *node = &nodes[index];
    if (node->left == 0) {
        add_leaf(&path, node->value, out);
        return;
    }
    unsigned i = 0;
    while (i < path.count && path.feature[i] != node->feature)
        i++;
    if (i == path.count) {
        path.feature[path.count] = node->feature;
        path.one[path.count] = path.zero[path.count] = 1;
        path.count++;
    }
    const double share = left_share(nodes, node);
    for (int side = 0; side < 2; side++) {
        Path below = path;
        below.zero[i] *= side == 0 ? share : 1 - share;
        if (goes_left(node, row) != (side == 0)) below.one[i] = 0;
        add_paths(nodes, side == 0 ? node->left : node->right, row, below, out);
    }
}

static void compare_paths(const ShapNode *nodes, size_t count, size_t features, const float *row) {
    TreeShap *shap = tree_shap_new(features, 0);
    double *sums = g_new0(double, features);
    float *values = g_new(float, features + 1);
    tree_shap_add(shap, nodes, count);
    tree_shap_values(shap, row, values);
    add_paths(nodes, 0, row, (Path){.count = 0}, sums);
    double total = 0;
    for (size_t f = 0; f < features; f++) {
        g_assert_cmpfloat_with_epsilon(values[f], sums[f], 1e-6);
        total += (double)values[f];
    }
    guint32 leaf = 0;
    while (nodes[leaf].left != 0)
        leaf = goes_left(&nodes[leaf], row) ? nodes[leaf].left : nodes[leaf].right;
    g_assert_cmpfloat_with_epsilon(total + (double)values[features], nodes[leaf].value, 1e-5);
    g_free(values);
    g_free(sums);
    tree_shap_free(shap);
}

/* A tree of `depth` splits one under the other, leaves aside: on features 0..different, in turn. */
static void chain(Tree *tree, GRand *random, guint32 depth, guint32 different) {
    for (guint32 i = 0; i < depth; i++) {
        tree->nodes[2 * i] = (ShapNode){
            .left = 2 * i + (i % 3 == 0 ? 2 : 1),
            .right = 2 * i + (i % 3 == 0 ? 1 : 2),
            .feature = i % different,
            .threshold = (float)g_rand_int_range(random, -2, 3),
            .missing_left = g_rand_boolean(random),
            .cover = g_rand_double(random),
        };
        tree->nodes[2 * i + 1] = (ShapNode){.value = g_rand_double_range(random, -2, 2),
                                            .cover = g_rand_double(random) * (i % 9 != 0)};
    }
    tree->nodes[2 * depth] = (ShapNode){.value = 5, .cover = 0.01};
    tree->count = 2 * depth + 1;
}

static void test_deep(void) {
    GRand *random = g_rand_new_with_seed(8);
    Tree *tree = g_new(Tree, 1);
    for (guint32 depth = 0; depth <= TREE_SHAP_DEPTH_MAX; depth++)
        for (int round = 0; round < 6; round++) {
            const guint32 different =
                round < 3 ? MAX(depth, 1) : (guint32)g_rand_int_range(random, 1, 64);
            float row[TREE_SHAP_DEPTH_MAX];
            chain(tree, random, depth, different);
            random_row(random, row, G_N_ELEMENTS(row));
            if (round == 0) /* down to the last leaf */
                for (guint32 i = 0; i < depth; i++)
                    row[i] = (i % 3 == 0) == (tree->nodes[2 * i].left > 2 * i + 1) ? -9 : 9;
            compare_paths(tree->nodes, tree->count, G_N_ELEMENTS(row), row);
        }
    g_free(tree);
    g_rand_free(random);
}

/* Bushy trees with many features on a path, over all sizes of the quadrature's rule. */
static void test_wide(void) {
    GRand *random = g_rand_new_with_seed(9);
    Tree *tree = g_new(Tree, 1);
    float row[40];
    for (int round = 0; round < 30; round++) {
        tree->count = 0;
        grow(tree, random, 4 + round % 20, (int)G_N_ELEMENTS(row));
        random_row(random, row, G_N_ELEMENTS(row));
        compare_paths(tree->nodes, tree->count, G_N_ELEMENTS(row), row);
    }
    g_free(tree);
    g_rand_free(random);
}

/* A tree without a split explains nothing; no trees, the bias alone. */
static void test_leaf(void) {
    TreeShap *shap = tree_shap_new(2, -1.5);
    float values[3];
    tree_shap_values(shap, (const float[]){1, NAN}, values);
    g_assert_cmpfloat(values[2], ==, -1.5);
    tree_shap_add(shap, &(ShapNode){.value = 2}, 1);
    tree_shap_values(shap, (const float[]){1, NAN}, values);
    g_assert_cmpfloat(values[0], ==, 0);
    g_assert_cmpfloat(values[1], ==, 0);
    g_assert_cmpfloat(values[2], ==, 0.5);
    tree_shap_free(shap);
}

/* One oblivious tree of CatBoost's kind, x > border to the right, expanded: on the border a row
 * stays left, and covers of nothing and of too much are halves. */
static void test_oblivious(void) {
    const float border = 0.5f, above = nextafterf(border, INFINITY);
    const ShapNode nodes[] = {
        {.left = 1, .right = 2, .feature = 0, .threshold = above},
        {.left = 3, .right = 4, .feature = 1, .threshold = above, .cover = 3},
        {.left = 5, .right = 6, .feature = 1, .threshold = above, .cover = 1},
        {.value = 1, .cover = 2},
        {.value = 2, .cover = 1},
        {.value = 3, .cover = INFINITY},
        {.value = 5, .cover = 1},
    };
    /* Nothing known: 3/4 (1 * 2/3 + 2 * 1/3) + 1/4 * 4 = 2; feature 0 known: 4/3 or 4; feature 1:
     * 3/4 * 1 + 1/4 * 3 = 1.5 or 3/4 * 2 + 1/4 * 5 = 2.75; both: the leaf. */
    TreeShap *shap = tree_shap_new(2, 0);
    float values[3];
    tree_shap_add(shap, nodes, G_N_ELEMENTS(nodes));
    tree_shap_values(shap, (const float[]){border, border}, values);
    g_assert_cmpfloat_with_epsilon(values[0], (4.0 / 3 - 2 + 1 - 1.5) / 2, 1e-6);
    g_assert_cmpfloat_with_epsilon(values[1], (1.5 - 2 + 1 - 4.0 / 3) / 2, 1e-6);
    g_assert_cmpfloat_with_epsilon(values[2], 2, 1e-6);
    tree_shap_values(shap, (const float[]){above, border}, values);
    g_assert_cmpfloat_with_epsilon(values[0], (4.0 - 2 + 3 - 1.5) / 2, 1e-6);
    g_assert_cmpfloat_with_epsilon(values[1], (1.5 - 2 + 3 - 4) / 2, 1e-6);
    tree_shap_free(shap);
}

int main(int argc, char **argv) {
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/tree_shap/subsets", test_subsets);
    g_test_add_func("/tree_shap/deep", test_deep);
    g_test_add_func("/tree_shap/wide", test_wide);
    g_test_add_func("/tree_shap/leaf", test_leaf);
    g_test_add_func("/tree_shap/oblivious", test_oblivious);
    return g_test_run();
}
