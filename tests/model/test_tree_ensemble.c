/* The evaluator: against libxgboost's own margins and contributions, all its paths against one
 * another bit for bit, on ordinary and odd values; and files that are truncated, damaged or made to
 * harm. */
#include "model/tree_ensemble.h"
#include "oracle.h"
#include <float.h>
#include <stdlib.h>

enum { BATCH_MAX = 4000 };

static TreeEnsemble *parse_ok(const char *json, size_t len) {
    GError *error = NULL;
    TreeEnsemble *ensemble = tree_ensemble_parse(json, len, &error);
    g_assert_no_error(error);
    g_assert_nonnull(ensemble);
    return ensemble;
}

static TreeEnsemble *parse_booster(BoosterHandle booster) {
    size_t len;
    char *json = oracle_json(booster, &len);
    TreeEnsemble *ensemble = parse_ok(json, len);
    g_free(json);
    return ensemble;
}

static void explain(const TreeEnsemble *ensemble, const float *row, float *out) {
    TreeShap *shap = tree_ensemble_shap(ensemble);
    tree_shap_values(shap, row, out);
    tree_shap_free(shap);
}

/* Margins by every path the ensemble can take, row by row and in batches, into out[0..n): all must
 * have the same bits. */
static void margins_all_paths(TreeEnsemble *ensemble, const Rows *rows, float *out) {
    static float batch[BATCH_MAX];
    g_assert_cmpuint(rows->n, <=, BATCH_MAX);
    g_assert_true(tree_ensemble_set_path(ensemble, TREE_PATH_PORTABLE));
    for (size_t i = 0; i < rows->n; i++)
        out[i] = tree_ensemble_margin(ensemble, rows->values + i * rows->features);
    for (int path = TREE_PATH_PORTABLE; path <= TREE_PATH_AVX512; path++) {
        if (!tree_ensemble_set_path(ensemble, path)) continue;
        for (size_t n = rows->n; n > 0; n = n > 20 ? n / 3 : n - 1) {
            tree_ensemble_margins(ensemble, rows->values, n, rows->features, batch);
            g_assert_cmpmem(batch, n * sizeof *batch, out, n * sizeof *out);
        }
        for (size_t i = 0; i < rows->n; i++) {
            const float single = tree_ensemble_margin(ensemble, rows->values + i * rows->features);
            g_assert_cmpmem(&single, sizeof single, &out[i], sizeof single);
        }
    }
}

static double compare_contributions(const TreeEnsemble *ensemble, BoosterHandle booster,
                                    const Rows *rows, const float *margins) {
    const size_t width = rows->features + 1;
    float *theirs = oracle_predict(booster, rows, 2, width);
    float *ours = g_new(float, width);
    TreeShap *shap = tree_ensemble_shap(ensemble);
    double largest = 0;
    for (size_t i = 0; i < rows->n; i++) {
        tree_shap_values(shap, rows->values + i * rows->features, ours);
        double sum = 0;
        for (size_t f = 0; f < width; f++) {
            g_assert_cmpfloat_with_epsilon(ours[f], theirs[i * width + f], 1e-5);
            largest = fmax(largest, fabs((double)ours[f] - (double)theirs[i * width + f]));
            sum += (double)ours[f];
        }
        g_assert_cmpfloat_with_epsilon(sum, margins[i], 2e-5);
    }
    tree_shap_free(shap);
    g_free(ours);
    g_free(theirs);
    return largest;
}

static void compare_split_counts(const TreeEnsemble *ensemble, BoosterHandle booster) {
    bst_ulong features, dimensions;
    const char **names;
    const bst_ulong *shape;
    const float *scores;
    oracle_must(XGBoosterFeatureScore(booster, "{\"importance_type\": \"weight\"}", &features,
                                      &names, &dimensions, &shape, &scores));
    size_t *ours = g_new(size_t, tree_ensemble_feature_count(ensemble));
    size_t used = 0;
    tree_ensemble_split_counts(ensemble, ours);
    for (bst_ulong i = 0; i < features; i++)
        g_assert_cmpfloat((float)ours[g_ascii_strtoull(names[i] + 1, NULL, 10)], ==, scores[i]);
    for (size_t f = 0; f < tree_ensemble_feature_count(ensemble); f++)
        used += ours[f] > 0;
    g_assert_cmpuint(used, ==, features);
    g_free(ours);
}

typedef struct Case {
    const char *name;
    size_t features;
    int trees;
    double missing;
    bool deep; /* cannot take the AVX-512 path */
    const char *settings[12];
} Case;

static const Case cases[] = {
    {"depth3", 10, 40, 0, false, {"max_depth", "3"}},
    {"depth6", 40, 60, 0, false, {"max_depth", "6"}},
    {"depth6_missing", 40, 61, 0.2, false, {"max_depth", "6", "base_score", "0.03"}},
    {"depth8_missing", 30, 30, 0.2, true, {"max_depth", "8"}},
    {"stumps", 3, 7, 0.5, false, {"max_depth", "1"}},
    {"one_tree", 5, 1, 0.1, false, {"max_depth", "6"}},
    {"no_tree", 5, 0, 0.1, false, {"max_depth", "6", "num_feature", "5"}},
    {"constant", 5, 9, 1, false, {"max_depth", "4"}},
    {"one_feature", 1, 50, 0.1, false, {"max_depth", "6", "eta", "0.9"}},
    /* Thresholds by the thousand for each feature: several columns each. */
    {"exact", 4, 60, 0.1, false, {"max_depth", "6", "tree_method", "exact", "eta", "1"}},
    {"many_features", 300, 20, 0.1, false, {"max_depth", "5", "colsample_bytree", "0.05"}},
    {"lossguide",
     20,
     20,
     0.1,
     true,
     {"max_depth", "0", "grow_policy", "lossguide", "max_leaves", "200"}},
    {"forest", 20, 4, 0.1, false, {"max_depth", "5", "num_parallel_tree", "5", "subsample", "0.5"}},
    {"pruned", 20, 20, 0.1, false, {"max_depth", "6", "gamma", "4", "tree_method", "exact"}},
};

static void test_oracle(gconstpointer data) {
    const Case *c = data;
    Rows train = rows_make(3000, c->features, c->missing, 11);
    Rows test = rows_make(1500, c->features, c->missing, 12);
    BoosterHandle booster = oracle_train(&train, c->trees, c->settings);
    TreeEnsemble *ensemble = parse_booster(booster);
    g_assert_cmpuint(tree_ensemble_feature_count(ensemble), ==, c->features);
    g_assert_true(tree_ensemble_feature_name(ensemble, 0) == NULL);
    if (c->deep) g_assert_false(tree_ensemble_set_path(ensemble, TREE_PATH_AVX512));
    float *theirs = oracle_predict(booster, &test, 1, 1);
    float *ours = g_new(float, test.n);
    margins_all_paths(ensemble, &test, ours);
    size_t same = 0;
    for (size_t i = 0; i < test.n; i++) {
        g_assert_cmpfloat_with_epsilon(ours[i], theirs[i], 1e-5);
        same += memcmp(&ours[i], &theirs[i], sizeof *ours) == 0;
    }
    g_test_message("%zu of %zu margins have libxgboost's very bits; AVX-512 path: %s", same, test.n,
                   tree_ensemble_set_path(ensemble, TREE_PATH_AVX512) ? "taken" : "not taken");
    const double largest = compare_contributions(
        ensemble, booster, &(Rows){200, test.features, test.values, NULL}, ours);
    g_test_message("Shapley values differ from libxgboost's by %.2g at most", largest);
    compare_split_counts(ensemble, booster);
    g_free(theirs);
    g_free(ours);
    tree_ensemble_free(ensemble);
    oracle_must(XGBoosterFree(booster));
    rows_free(&train);
    rows_free(&test);
}

static void test_names(void) {
    Rows train = rows_make(500, 3, 0, 5);
    BoosterHandle booster = oracle_train(&train, 2, (const char *[]){"max_depth", "2", NULL});
    oracle_must(XGBoosterSetStrFeatureInfo(booster, "feature_name",
                                           (const char *[]){"amount", "hour", "distance"}, 3));
    TreeEnsemble *ensemble = parse_booster(booster);
    g_assert_cmpstr(tree_ensemble_feature_name(ensemble, 0), ==, "amount");
    g_assert_cmpstr(tree_ensemble_feature_name(ensemble, 2), ==, "distance");
    tree_ensemble_free(ensemble);
    oracle_must(XGBoosterFree(booster));
    rows_free(&train);
}

/* A model file made by hand: `trees` is the inside of the array, `count` how many there are. */
static char *hand_made(const char *base_score, int features, int count, const char *trees) {
    GString *info = g_string_new(NULL);
    for (int i = 0; i < count; i++)
        g_string_append(info, i == 0 ? "0" : ",0");
    char *json = g_strdup_printf(
        "{\"learner\":{\"feature_names\":[],\"gradient_booster\":{\"model\":{\"tree_info\":[%s],"
        "\"trees\":[%s]},\"name\":\"gbtree\"},\"learner_model_param\":{\"base_score\":%s,"
        "\"num_class\":\"0\",\"num_feature\":\"%d\"},\"objective\":{\"name\":\"binary:logistic\"}},"
        "\"version\":[1,7,4]}",
        info->str, trees, base_score, features);
    g_string_free(info, TRUE);
    return json;
}

static char *tree_text(const char *left, const char *right, const char *feature, const char *value,
                       const char *default_left, const char *hessian) {
    return g_strdup_printf("{\"left_children\":[%s],\"right_children\":[%s],\"split_indices\":[%s],"
                           "\"split_conditions\":[%s],\"default_left\":[%s],\"sum_hessian\":[%s],"
                           "\"tree_param\":{\"num_nodes\":\"3\",\"size_leaf_vector\":\"0\"}}",
                           left, right, feature, value, default_left, hessian);
}

static TreeEnsemble *hand_made_ensemble(const char *base_score, int features, int count,
                                        char *trees) {
    char *json = hand_made(base_score, features, count, trees);
    TreeEnsemble *ensemble = parse_ok(json, strlen(json));
    g_free(json);
    g_free(trees);
    return ensemble;
}

/* x < threshold goes left, in float, whatever the values; missing goes the default way. */
static void test_odd_values(void) {
    static const float values[] = {0.0f,     -0.0f,     FLT_TRUE_MIN, -FLT_TRUE_MIN, FLT_MIN,
                                   -FLT_MIN, 1.0f,      0.99999994f,  FLT_MAX,       -FLT_MAX,
                                   INFINITY, -INFINITY, NAN,          -1.0f,         1.00000012f,
                                   1e-42f,   -1e-42f,   16777216.0f,  16777217.0f};
    static const float thresholds[] = {0.0f,    -0.0f,    FLT_TRUE_MIN, -FLT_TRUE_MIN, 1.0f,
                                       FLT_MAX, -FLT_MAX, FLT_MIN,      16777216.0f};
    for (size_t t = 0; t < G_N_ELEMENTS(thresholds); t++)
        for (int default_left = 0; default_left < 2; default_left++) {
            char number[64], condition[128];
            g_ascii_formatd(number, sizeof number, "%.9e", (double)thresholds[t]);
            g_snprintf(condition, sizeof condition, "%s,1.0,-1.0", number);
            TreeEnsemble *ensemble =
                hand_made_ensemble("\"5E-1\"", 1, 1,
                                   tree_text("1,-1,-1", "2,-1,-1", "0,0,0", condition,
                                             default_left ? "1,0,0" : "0,0,0", "2.0,1.0,1.0"));
            float margins[G_N_ELEMENTS(values)];
            margins_all_paths(
                ensemble, &(Rows){G_N_ELEMENTS(values), 1, (float *)(size_t)values, NULL}, margins);
            for (size_t i = 0; i < G_N_ELEMENTS(values); i++) {
                const bool left = isnan(values[i]) ? default_left : values[i] < thresholds[t];
                g_assert_cmpfloat(margins[i], ==, left ? 1.0f : -1.0f);
            }
            tree_ensemble_free(ensemble);
        }
}

/* Many thresholds side by side, and rows exactly on, just under and just over each. */
static void test_ties(void) {
    enum { TREES = 700 };
    GString *trees = g_string_new(NULL);
    float values[3 * TREES];
    for (int i = 0; i < TREES; i++) {
        const int eighths = i * 37 % TREES - TREES / 2;
        const float threshold = (float)eighths * 0.125f;
        char number[64], condition[128];
        g_ascii_formatd(number, sizeof number, "%.9e", (double)threshold);
        g_snprintf(condition, sizeof condition, "%s,0.5,0.25", number);
        char *tree = tree_text("1,-1,-1", "2,-1,-1", "0,0,0", condition,
                               i % 2 ? "true,false,false" : "false,false,false", "2,1,1");
        g_string_append_printf(trees, "%s%s", i == 0 ? "" : ",", tree);
        g_free(tree);
        values[3 * i] = threshold;
        values[3 * i + 1] = nextafterf(threshold, -INFINITY);
        values[3 * i + 2] = nextafterf(threshold, INFINITY);
    }
    TreeEnsemble *ensemble =
        hand_made_ensemble("\"[5E-1]\"", 1, TREES, g_string_free(trees, FALSE));
    float margins[3 * TREES];
    margins_all_paths(ensemble, &(Rows){3 * TREES, 1, values, NULL}, margins);
    for (int i = 0; i < 3 * TREES; i++) {
        float expected = 0;
        for (int t = 0; t < TREES; t++)
            expected += values[i] < values[3 * t] ? 0.5f : 0.25f;
        g_assert_cmpfloat(margins[i], ==, expected);
    }
    tree_ensemble_free(ensemble);
}

/* Random trees of odd shapes with few values, so that ties and missing values are everywhere. */
static char *random_tree(GRand *random, int features, int depth) {
    GString *columns[6];
    for (int i = 0; i < 6; i++)
        columns[i] = g_string_new(NULL);
    int levels[512] = {0}, count = 1;
    for (int i = 0; i < count; i++) {
        const char *comma = i == 0 ? "" : ",";
        const bool leaf = levels[i] == depth || g_rand_int_range(random, 0, 5) == 0;
        g_string_append_printf(columns[0], "%s%d", comma, leaf ? -1 : count);
        g_string_append_printf(columns[1], "%s%d", comma, leaf ? -1 : count + 1);
        g_string_append_printf(columns[2], "%s%d", comma, g_rand_int_range(random, 0, features));
        g_string_append_printf(columns[3], "%s%d.25", comma, g_rand_int_range(random, -9, 9));
        g_string_append_printf(columns[4], "%s%d", comma, g_rand_int_range(random, 0, 2));
        g_string_append_printf(columns[5], "%s%d", comma, g_rand_int_range(random, 0, 9));
        if (!leaf) {
            levels[count] = levels[count + 1] = levels[i] + 1;
            count += 2;
        }
    }
    char *tree = tree_text(columns[0]->str, columns[1]->str, columns[2]->str, columns[3]->str,
                           columns[4]->str, columns[5]->str);
    for (int i = 0; i < 6; i++)
        g_string_free(columns[i], TRUE);
    return tree;
}

static void test_random_trees(void) {
    GRand *random = g_rand_new_with_seed(3);
    for (int round = 0; round < 60; round++) {
        const int features = g_rand_int_range(random, 1, 200);
        const int count = g_rand_int_range(random, 0, 40);
        GString *trees = g_string_new(NULL);
        for (int t = 0; t < count; t++) {
            char *tree = random_tree(random, features, g_rand_int_range(random, 0, 7));
            g_string_append_printf(trees, "%s%s", t == 0 ? "" : ",", tree);
            g_free(tree);
        }
        char *json = hand_made("\"1E-2\"", features, count, trees->str);
        TreeEnsemble *ensemble = parse_ok(json, strlen(json));
        Rows rows = {100, (size_t)features, g_new(float, 100 * (size_t)features), NULL};
        for (size_t i = 0; i < rows.n * rows.features; i++)
            rows.values[i] = g_rand_int_range(random, 0, 4) == 0
                                 ? NAN
                                 : (float)g_rand_int_range(random, -9, 9) + 0.25f;
        float margins[100];
        margins_all_paths(ensemble, &rows, margins);
        float sum[201];
        explain(ensemble, rows.values, sum);
        double total = 0;
        for (int f = 0; f <= features; f++)
            total += (double)sum[f];
        g_assert_cmpfloat_with_epsilon(total, margins[0], 1e-4);
        rows_free(&rows);
        tree_ensemble_free(ensemble);
        g_string_free(trees, TRUE);
        g_free(json);
    }
    g_rand_free(random);
}

/* The text must be refused with one line that holds `expected`. */
static void refused(const char *json, const char *expected) {
    GError *error = NULL;
    TreeEnsemble *ensemble = tree_ensemble_parse(json, strlen(json), &error);
    if (ensemble != NULL) g_error("taken, though it should say '%s': %s", expected, json);
    g_assert_error(error, TREE_ENSEMBLE_ERROR, TREE_ENSEMBLE_ERROR_INVALID);
    if (strstr(error->message, expected) == NULL || strchr(error->message, '\n') != NULL)
        g_error("'%s' does not say '%s'", error->message, expected);
    g_error_free(error);
}

static void refused_tree(const char *left, const char *right, const char *feature,
                         const char *value, const char *default_left, const char *hessian,
                         const char *expected) {
    char *tree = tree_text(left, right, feature, value, default_left, hessian);
    char *json = hand_made("\"5E-1\"", 2, 1, tree);
    refused(json, expected);
    g_free(json);
    g_free(tree);
}

#define FINE_LEFT    "1,-1,-1"
#define FINE_RIGHT   "2,-1,-1"
#define FINE_FEATURE "1,0,0"
#define FINE_VALUE   "1.5,1,-1"
#define FINE_DEFAULT "1,0,0"
#define FINE_HESSIAN "2,1,1"

static void test_hostile_trees(void) {
    refused_tree("0,-1,-1", FINE_RIGHT, FINE_FEATURE, FINE_VALUE, FINE_DEFAULT, FINE_HESSIAN,
                 "tree 0: node 0 has two parents");
    refused_tree("1,0,-1", "2,2,-1", FINE_FEATURE, FINE_VALUE, FINE_DEFAULT, FINE_HESSIAN,
                 "two parents");
    refused_tree("1,-1,-1", "1,-1,-1", FINE_FEATURE, FINE_VALUE, FINE_DEFAULT, FINE_HESSIAN,
                 "node 1 has two parents");
    refused_tree("3,-1,-1", FINE_RIGHT, FINE_FEATURE, FINE_VALUE, FINE_DEFAULT, FINE_HESSIAN,
                 "node 0 has a child outside the tree");
    refused_tree("-2,-1,-1", FINE_RIGHT, FINE_FEATURE, FINE_VALUE, FINE_DEFAULT, FINE_HESSIAN,
                 "outside the tree");
    refused_tree("-1,-1,-1", FINE_RIGHT, FINE_FEATURE, FINE_VALUE, FINE_DEFAULT, FINE_HESSIAN,
                 "outside the tree");
    refused_tree("9223372036854775807,-1,-1", FINE_RIGHT, FINE_FEATURE, FINE_VALUE, FINE_DEFAULT,
                 FINE_HESSIAN, "outside the tree");
    refused_tree("18446744073709551615,-1,-1", FINE_RIGHT, FINE_FEATURE, FINE_VALUE, FINE_DEFAULT,
                 FINE_HESSIAN, "wrong type");
    refused_tree(FINE_LEFT, FINE_RIGHT, "2,0,0", FINE_VALUE, FINE_DEFAULT, FINE_HESSIAN,
                 "splits on feature 2 of 2");
    refused_tree(FINE_LEFT, FINE_RIGHT, "-1,0,0", FINE_VALUE, FINE_DEFAULT, FINE_HESSIAN,
                 "splits on feature -1");
    refused_tree(FINE_LEFT, FINE_RIGHT, "1,0", FINE_VALUE, FINE_DEFAULT, FINE_HESSIAN,
                 "\"split_indices\" has 2 entries where the tree has 3 nodes");
    refused_tree(FINE_LEFT, FINE_RIGHT, "1.5,0,0", FINE_VALUE, FINE_DEFAULT, FINE_HESSIAN,
                 "wrong type");
    refused_tree(FINE_LEFT, FINE_RIGHT, FINE_FEATURE, "1e39,1,1", FINE_DEFAULT, FINE_HESSIAN,
                 "no finite float");
    refused_tree(FINE_LEFT, FINE_RIGHT, FINE_FEATURE, "1,-1e300,1", FINE_DEFAULT, FINE_HESSIAN,
                 "no finite float");
    refused_tree(FINE_LEFT, FINE_RIGHT, FINE_FEATURE, "NaN,1,1", FINE_DEFAULT, FINE_HESSIAN,
                 "JSON:");
    refused_tree(FINE_LEFT, FINE_RIGHT, FINE_FEATURE, "\"1\",1,1", FINE_DEFAULT, FINE_HESSIAN,
                 "wrong type");
    refused_tree(FINE_LEFT, FINE_RIGHT, FINE_FEATURE, FINE_VALUE, "2,0,0", FINE_HESSIAN,
                 "neither 0 nor 1");
    refused_tree(FINE_LEFT, FINE_RIGHT, FINE_FEATURE, FINE_VALUE, FINE_DEFAULT, "-1,1,1",
                 "negative");
    refused_tree("", "", "", "", "", "", "0 nodes");
    refused_tree(FINE_LEFT, FINE_RIGHT, FINE_FEATURE, FINE_VALUE, FINE_DEFAULT,
                 "2,1,1],\"split_type\":[1,0,0", "categories");
}

static void test_too_deep(void) {
    enum { NODES = 2 * (TREE_ENSEMBLE_DEPTH_MAX + 1) + 1 };
    GString *columns[4];
    for (int i = 0; i < 4; i++)
        columns[i] = g_string_new(NULL);
    for (int i = 0; i < NODES; i++) {
        const char *comma = i == 0 ? "" : ",";
        const bool leaf = i % 2 == 1 || i == NODES - 1;
        g_string_append_printf(columns[0], "%s%d", comma, leaf ? -1 : i + 1);
        g_string_append_printf(columns[1], "%s%d", comma, leaf ? -1 : i + 2);
        g_string_append_printf(columns[2], "%s0", comma);
        g_string_append_printf(columns[3], "%s1", comma);
    }
    refused_tree(columns[0]->str, columns[1]->str, columns[2]->str, columns[3]->str,
                 columns[2]->str, columns[3]->str, "deeper than 64");
    for (int i = 0; i < 4; i++)
        g_string_free(columns[i], TRUE);
}

/* Replaces `from` by `to` in a good file. */
static void refused_edit(const char *from, const char *to, const char *expected) {
    char *tree =
        tree_text(FINE_LEFT, FINE_RIGHT, FINE_FEATURE, FINE_VALUE, FINE_DEFAULT, FINE_HESSIAN);
    char *json = hand_made("\"5E-1\"", 2, 1, tree);
    tree_ensemble_free(parse_ok(json, strlen(json)));
    const char *at = strstr(json, from);
    g_assert_nonnull(at);
    char *edited = g_strdup_printf("%.*s%s%s", (int)(at - json), json, to, at + strlen(from));
    refused(edited, expected);
    g_free(edited);
    g_free(json);
    g_free(tree);
}

static void test_hostile_files(void) {
    refused_edit("\"learner\"", "\"teacher\"", "no \"learner\"");
    refused_edit("\"gbtree\"", "\"gblinear\"", "not \"gbtree\"");
    refused_edit("\"gbtree\"", "\"dart\"", "not \"gbtree\"");
    refused_edit("binary:logistic", "multi:softprob", "objective");
    refused_edit("\"num_class\":\"0\"", "\"num_class\":\"3\"", "num_class");
    refused_edit("\"num_class\":\"0\"", "\"num_target\":\"2\"", "num_target");
    refused_edit("\"num_feature\":\"2\"", "\"num_feature\":\"0\"", "num_feature");
    refused_edit("\"num_feature\":\"2\"", "\"num_feature\":\"4000000000\"", "num_feature");
    refused_edit("\"num_feature\":\"2\"", "\"num_feature\":\"nan\"", "num_feature");
    refused_edit("\"num_feature\":\"2\"", "\"num_feature\":\"2x\"", "num_feature");
    refused_edit("\"num_feature\":\"2\"", "\"num_feature\":[2]", "num_feature");
    refused_edit("\"num_feature\":\"2\"", "\"x\":0", "num_feature");
    refused_edit("\"5E-1\"", "\"0\"", "base_score");
    refused_edit("\"5E-1\"", "\"1E0\"", "base_score");
    refused_edit("\"5E-1\"", "\"nan\"", "base_score");
    refused_edit("\"5E-1\"", "\"[5E-1,5E-1]\"", "base_score");
    refused_edit("\"5E-1\"", "\"\"", "base_score");
    refused_edit("\"5E-1\"", "null", "base_score");
    refused_edit("\"tree_info\":[0]", "\"tree_info\":[0,0]", "tree_info");
    refused_edit("\"tree_info\":[0]", "\"tree_info\":[1]", "tree_info");
    refused_edit("\"size_leaf_vector\":\"0\"", "\"size_leaf_vector\":\"3\"", "size_leaf_vector");
    refused_edit("\"feature_names\":[]", "\"feature_names\":[\"a\"]", "feature_names");
    refused_edit("\"feature_names\":[]", "\"feature_names\":[\"a\",1]", "feature_names");
    refused_edit("\"trees\":[{", "\"trees\":[[],{", "tree_info");
    refused_edit("\"trees\":[{", "\"trees\":[7],\"y\":[{", "tree 0: not an object");
    refused_edit("\"left_children\"", "\"left\"", "tree 0: no \"left_children\"");
    refused("[]", "no \"learner\"");
    refused("{\"learner\":[]}", "\"learner\" is not an object");
}

/* A small real file cut at every byte, each part in a block of its exact size. */
static void test_truncated(void) {
    Rows train = rows_make(300, 3, 0.1, 5);
    BoosterHandle booster = oracle_train(&train, 3, (const char *[]){"max_depth", "3", NULL});
    size_t len;
    char *json = oracle_json(booster, &len);
    tree_ensemble_free(parse_ok(json, len));
    while (len > 0 && json[len - 1] != '}')
        len--;
    for (size_t cut = 0; cut < len; cut++) {
        char *part = g_memdup2(json, MAX(cut, 1));
        GError *error = NULL;
        g_assert_null(tree_ensemble_parse(part, cut, &error));
        g_assert_error(error, TREE_ENSEMBLE_ERROR, TREE_ENSEMBLE_ERROR_INVALID);
        g_error_free(error);
        g_free(part);
    }
    g_free(json);
    oracle_must(XGBoosterFree(booster));
    rows_free(&train);
}

/* Damaged files either fail cleanly or load as some model that still evaluates, the same on every
 * path. */
static void test_flipped_bytes(void) {
    Rows train = rows_make(300, 3, 0.1, 5);
    BoosterHandle booster = oracle_train(&train, 3, (const char *[]){"max_depth", "3", NULL});
    size_t len, loaded = 0;
    char *json = oracle_json(booster, &len);
    GRand *random = g_rand_new_with_seed(9);
    for (int round = 0; round < 8000; round++) {
        char *damaged = g_memdup2(json, len);
        for (int i = g_rand_int_range(random, 1, 3); i > 0; i--)
            damaged[g_rand_int_range(random, 0, (gint32)len)] =
                "0123456789-.eE,[]{}\":tf \xff"[g_rand_int_range(random, 0, 24)];
        TreeEnsemble *ensemble = tree_ensemble_parse(damaged, len, NULL);
        if (ensemble != NULL) {
            float row[TREE_ENSEMBLE_FEATURES_MAX] = {0};
            float out[TREE_ENSEMBLE_FEATURES_MAX + 1], margin;
            loaded++;
            margins_all_paths(
                ensemble, &(Rows){1, tree_ensemble_feature_count(ensemble), row, NULL}, &margin);
            explain(ensemble, row, out);
            tree_ensemble_free(ensemble);
        }
        g_free(damaged);
    }
    g_assert_cmpuint(loaded, >, 0);
    g_rand_free(random);
    g_free(json);
    oracle_must(XGBoosterFree(booster));
    rows_free(&train);
}

int main(int argc, char **argv) {
    g_test_init(&argc, &argv, NULL);
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        char *path = g_strdup_printf("/tree_ensemble/oracle/%s", cases[i].name);
        g_test_add_data_func(path, &cases[i], test_oracle);
        g_free(path);
    }
    g_test_add_func("/tree_ensemble/names", test_names);
    g_test_add_func("/tree_ensemble/odd_values", test_odd_values);
    g_test_add_func("/tree_ensemble/ties", test_ties);
    g_test_add_func("/tree_ensemble/random_trees", test_random_trees);
    g_test_add_func("/tree_ensemble/hostile_trees", test_hostile_trees);
    g_test_add_func("/tree_ensemble/too_deep", test_too_deep);
    g_test_add_func("/tree_ensemble/hostile_files", test_hostile_files);
    g_test_add_func("/tree_ensemble/truncated", test_truncated);
    g_test_add_func("/tree_ensemble/flipped_bytes", test_flipped_bytes);
    return g_test_run();
}
