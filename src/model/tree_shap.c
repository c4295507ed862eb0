/* How the Shapley values are found in one walk over all nodes of a tree.
 *
 * One leaf, of value v, whose path splits on k features: feature j lets a share z_j of the data
 * through (its covers' ratios, multiplied over its splits), and o_j is 1 when the row takes all its
 * splits towards the leaf, else 0. A coalition S earns v * prod_S o_j * prod_rest z_j. By Owen
 * (1972, "Multilinear Extensions of Games", Management Science 18) a Shapley value is an integral
 * along the diagonal of the game's multilinear extension:
 *
 *     phi_i = v (o_i - z_i) * integral over t of 0..1 of prod_{j != i} f_j(t),
 *     f_j(t) = o_j t + z_j (1 - t).
 *
 * The integrand is a polynomial of degree k - 1, so Gauss-Legendre quadrature with k/2 points or
 * more is exact: the integral becomes a sum over a few points, side by side in a vector. (Others
 * had the idea too: "Quadrature-TreeSHAP", arXiv:2605.04497.)
 *
 * All leaves at once, as Linear TreeSHAP does it (Yu, Xu, Bifet and Read 2022, NeurIPS 35): going
 * down, `weight` is the product of the f of the features so far; coming back, `sum` is v times
 * weight over all leaves below. A leaf's last split on i has its phi_i; every split on i gives the
 * share of it that the last one would have less what the split before would have:
 *
 *     phi_i += sum * ((o_i - z_i) / f_i - the same of the split before),
 *
 * which telescopes to the last. Where there is none before, o = z = 1 there and its term is 0.
 * Nothing cancels but these two terms, both bounded, so deep trees lose no precision. For o_i = 0
 * the quotient is -1 / (1 - t): once a row has left a feature's way, its later splits give nothing,
 * and z_i may be 0. */
#include "model/tree_shap.h"

#include <math.h>
#include <stdint.h>
#include <string.h>

/* Points of the quadrature lie in vectors of LANES; a rule of n vectors has LANES * n points and is
 * exact for paths of up to 2 * LANES * n features. */
enum { LANES = 4, BLOCKS_MAX = TREE_SHAP_DEPTH_MAX / (2 * LANES) };
typedef double Lanes __attribute__((vector_size(LANES * sizeof(double))));

typedef struct Rule {
    Lanes t[BLOCKS_MAX], weight[BLOCKS_MAX];
    Lanes rest[BLOCKS_MAX];         /* 1 - t */
    Lanes rest_inverse[BLOCKS_MAX]; /* 1 / (1 - t) */
} Rule;

/* A node, in preorder: a split's left child is the next one. */
typedef struct Step {
    uint32_t right; /* index within the tree; 0 for a leaf */
    float threshold;
    uint16_t feature;
    uint8_t before; /* the split before on this feature: its level + 1; 0 when there is none */
    bool missing_left;
    double z;     /* what that one lets through; 1 when there is none */
    double share; /* of the cover that goes left; of a leaf, its value */
} Step;

typedef struct ShapTree {
    uint32_t first;  /* its root, in TreeShap.steps */
    uint32_t blocks; /* vectors of its rule */
} ShapTree;

struct TreeShap {
    uint32_t features;
    double expected;
    GArray *steps; /* Step */
    GArray *trees; /* ShapTree */
    Rule rules[BLOCKS_MAX];
};

/* Point i, from 0, of the n-point Gauss-Legendre rule on [0, 1]: Newton's method on the Legendre
 * polynomial P_n by its three-term recurrence, from Tricomi's approximation of its roots. */
static void gauss_legendre(int n, int i, double *t, double *weight) {
    double x = cos(G_PI * (i + 0.75) / (n + 0.5)), slope = 1;
    for (int round = 0; round < 8; round++) {
        double p = 1, before = 0;
        for (int k = 1; k <= n; k++) {
            const double next = ((2 * k - 1) * x * p - (k - 1) * before) / k;
            before = p;
            p = next;
        }
        slope = n * (x * p - before) / (x * x - 1);
        x -= p / slope;
    }
    *t = (1 - x) / 2;
    *weight = 1 / ((1 - x * x) * slope * slope);
}

static void rule_init(Rule *rule, int blocks) {
    for (int i = 0; i < blocks * LANES; i++) {
        double t, weight;
        gauss_legendre(blocks * LANES, i, &t, &weight);
        rule->t[i / LANES][i % LANES] = t;
        rule->weight[i / LANES][i % LANES] = weight;
        rule->rest[i / LANES][i % LANES] = 1 - t;
        rule->rest_inverse[i / LANES][i % LANES] = 1 / (1 - t);
    }
}

TreeShap *tree_shap_new(size_t features, double bias) {
    g_assert(features <= TREE_SHAP_FEATURES_MAX);
    TreeShap *shap = g_aligned_alloc0(1, sizeof *shap, sizeof(Lanes));
    shap->features = (uint32_t)features;
    shap->expected = bias;
    shap->steps = g_array_new(FALSE, TRUE, sizeof(Step));
    shap->trees = g_array_new(FALSE, TRUE, sizeof(ShapTree));
    for (int blocks = 1; blocks <= BLOCKS_MAX; blocks++)
        rule_init(&shap->rules[blocks - 1], blocks);
    return shap;
}

void tree_shap_free(TreeShap *shap) {
    if (shap == NULL) return;
    g_array_free(shap->steps, TRUE);
    g_array_free(shap->trees, TRUE);
    g_aligned_free(shap);
}

/* Laying out a tree: the path from the root to where the layout is. */
typedef struct Layout {
    TreeShap *shap;
    const ShapNode *nodes;
    size_t count;
    uint32_t first;
    uint32_t feature[TREE_SHAP_DEPTH_MAX]; /* of the split at each level */
    double z[TREE_SHAP_DEPTH_MAX]; /* what that feature lets through, the split's side included */
    uint32_t most;                 /* different features on one path */
} Layout;

static double left_share(const ShapNode *left, const ShapNode *right) {
    const double both = left->cover + right->cover;
    return both > 0 && isfinite(both) ? left->cover / both : 0.5;
}

/* The split before, on the path above `level`, on `feature`: its level + 1, or 0. */
static uint32_t split_before(const Layout *layout, uint32_t feature, uint32_t level) {
    while (level > 0 && layout->feature[level - 1] != feature)
        level--;
    return level;
}

/* Appends node `index` and all below it; returns the value expected there. `different` counts the
 * features of the path. */
static double lay_out(Layout *layout, uint32_t index, uint32_t level, uint32_t different) {
    const ShapNode *node = &layout->nodes[index];
    GArray *steps = layout->shap->steps;
    const uint32_t at = steps->len;
    g_assert(at - layout->first < layout->count); /* else some node has two parents */
    Step step = {.share = node->value};
    if (node->left == 0) {
        g_assert(node->right == 0 && isfinite(node->value));
        g_array_append_val(steps, step);
        layout->most = MAX(layout->most, different);
        return node->value;
    }
    g_assert(level < TREE_SHAP_DEPTH_MAX && node->feature < layout->shap->features);
    g_assert(node->left > index && node->left < layout->count);
    g_assert(node->right > index && node->right < layout->count && node->left != node->right);
    const double share = left_share(&layout->nodes[node->left], &layout->nodes[node->right]);
    const uint32_t before = split_before(layout, node->feature, level);
    step = (Step){
        .threshold = node->threshold,
        .feature = (uint16_t)node->feature,
        .before = (uint8_t)before,
        .missing_left = node->missing_left,
        .z = before > 0 ? layout->z[before - 1] : 1,
        .share = share,
    };
    g_array_append_val(steps, step);
    if (before == 0) different++;
    layout->feature[level] = node->feature;
    layout->z[level] = step.z * share;
    const double left = lay_out(layout, node->left, level + 1, different);
    g_array_index(steps, Step, at).right = steps->len - layout->first;
    layout->z[level] = step.z * (1 - share);
    const double right = lay_out(layout, node->right, level + 1, different);
    return share * left + (1 - share) * right;
}

void tree_shap_add(TreeShap *shap, const ShapNode *nodes, size_t count) {
    g_assert(count > 0);
    Layout layout = {.shap = shap, .nodes = nodes, .count = count, .first = shap->steps->len};
    shap->expected += lay_out(&layout, 0, 0, 0);
    const ShapTree tree = {layout.first, (MAX(layout.most, 1) - 1) / (2 * LANES) + 1};
    g_array_append_val(shap->trees, tree);
}

/* A walk over one tree for one row. */
typedef struct Walk {
    const Step *steps;
    const float *row;
    double *out;
    const Rule *rule;
    int blocks;
    /* Of the split at each level, whether the row takes all splits on its feature so far towards
     * where the walk is; at 0 that of no split. */
    bool takes[TREE_SHAP_DEPTH_MAX + 1];
} Walk;

typedef void Descend(Walk *walk, uint32_t index, uint32_t level, const Lanes *weight, Lanes *sum);

/* What a descent needs to know of the split it comes from, at each point of the quadrature. */
typedef struct Coming {
    Lanes weight[BLOCKS_MAX]; /* without the feature's factor */
    Lanes before[BLOCKS_MAX]; /* (1 - z) / f of the split before on the feature */
} Coming;

static inline __attribute__((always_inline)) void
come(Coming *coming, const Walk *walk, const Step *step, const Lanes *weight, int blocks) {
    const Rule *rule = walk->rule;
    for (int b = 0; b < blocks; b++) {
        coming->weight[b] = weight[b];
        coming->before[b] = (Lanes){0};
        if (step->before == 0) continue;
        const Lanes inverse = 1 / (rule->t[b] + step->z * rule->rest[b]);
        coming->weight[b] *= inverse;
        coming->before[b] = (1 - step->z) * inverse;
    }
}

/* A split on a feature of which the row has taken all splits before: first the row's side, then the
 * other, always in this order, which the processor can foresee. */
static inline __attribute__((always_inline)) void
split_taken(Walk *walk, const Step *step, const uint32_t *children, const double *shares, int way,
            uint32_t level, const Lanes *weight, Lanes *sum, int blocks, Descend *descend) {
    const Rule *rule = walk->rule;
    const double z = step->z * shares[way], z_other = step->z * shares[!way];
    Coming coming;
    Lanes next[BLOCKS_MAX], f[BLOCKS_MAX], other[BLOCKS_MAX], gain = {0};
    come(&coming, walk, step, weight, blocks);
    for (int b = 0; b < blocks; b++) {
        f[b] = rule->t[b] + z * rule->rest[b];
        next[b] = coming.weight[b] * f[b];
    }
    walk->takes[level + 1] = true;
    descend(walk, children[way], level + 1, next, sum);
    for (int b = 0; b < blocks; b++) {
        gain += sum[b] * ((1 - z) / f[b] - coming.before[b]);
        next[b] = coming.weight[b] * (z_other * rule->rest[b]);
    }
    walk->takes[level + 1] = false;
    descend(walk, children[!way], level + 1, next, other);
    for (int b = 0; b < blocks; b++) {
        gain -= other[b] * (rule->rest_inverse[b] + coming.before[b]);
        sum[b] += other[b];
    }
    for (int lane = 0; lane < LANES; lane++)
        walk->out[step->feature] += gain[lane];
}

/* A split on a feature whose way the row has left before: each side gets its share. */
static inline __attribute__((always_inline)) void split_left(Walk *walk, const uint32_t *children,
                                                             const double *shares, uint32_t level,
                                                             const Lanes *weight, Lanes *sum,
                                                             int blocks, Descend *descend) {
    Lanes next[BLOCKS_MAX], other[BLOCKS_MAX];
    walk->takes[level + 1] = false;
    for (int b = 0; b < blocks; b++)
        next[b] = weight[b] * shares[0];
    descend(walk, children[0], level + 1, next, sum);
    for (int b = 0; b < blocks; b++)
        next[b] = weight[b] * shares[1];
    descend(walk, children[1], level + 1, next, other);
    for (int b = 0; b < blocks; b++)
        sum[b] += other[b];
}

/* The node at `index` and all below: `sum` becomes their leaves' values times weights. */
static inline __attribute__((always_inline)) void descend_node(Walk *walk, uint32_t index,
                                                               uint32_t level, const Lanes *weight,
                                                               Lanes *sum, int blocks,
                                                               Descend *descend) {
    const Step *step = &walk->steps[index];
    if (step->right == 0) {
        for (int b = 0; b < blocks; b++)
            sum[b] = weight[b] * step->share;
        return;
    }
    const uint32_t children[2] = {index + 1, step->right};
    const double shares[2] = {step->share, 1 - step->share};
    const float x = walk->row[step->feature];
    const int way = isnan(x) ? !step->missing_left : !(x < step->threshold);
    if (walk->takes[step->before])
        split_taken(walk, step, children, shares, way, level, weight, sum, blocks, descend);
    else
        split_left(walk, children, shares, level, weight, sum, blocks, descend);
}

/* The walk of trees whose paths have at most 2 * LANES features, which most have. */
static void descend_narrow(Walk *walk, uint32_t index, uint32_t level, const Lanes *weight,
                           Lanes *sum) {
    descend_node(walk, index, level, weight, sum, 1, descend_narrow);
}

/* The walk of all others. */
static void descend_wide(Walk *walk, uint32_t index, uint32_t level, const Lanes *weight,
                         Lanes *sum) {
    g_assert(walk->blocks > 1);
    descend_node(walk, index, level, weight, sum, walk->blocks, descend_wide);
}

void tree_shap_values(const TreeShap *shap, const float *row, float *out) {
    double values[TREE_SHAP_FEATURES_MAX] = {0};
    for (guint i = 0; i < shap->trees->len; i++) {
        const ShapTree *tree = &g_array_index(shap->trees, ShapTree, i);
        Walk walk = {
            .steps = &g_array_index(shap->steps, Step, tree->first),
            .row = row,
            .out = values,
            .rule = &shap->rules[tree->blocks - 1],
            .blocks = (int)tree->blocks,
            .takes = {true},
        };
        Lanes sum[BLOCKS_MAX];
        (tree->blocks == 1 ? descend_narrow : descend_wide)(&walk, 0, 0, walk.rule->weight, sum);
    }
    for (uint32_t f = 0; f < shap->features; f++)
        out[f] = (float)values[f];
    out[shap->features] = (float)shap->expected;
}
