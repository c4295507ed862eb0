/* Our evaluator of CatBoost's trees against CatBoost's own predictions and Shapley values, on the
 * models and rows that make_catboost.py wrote into tests/model/catboost, or into the folder
 * CATBOOST_VECTORS; every way to find the leaves against every other; and files that are not such a
 * model. */
#include "model/oblivious_trees.h"
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static char *folder(void) {
    const char *made = g_getenv("CATBOOST_VECTORS");
    return made ? g_strdup(made) : g_strdup("tests/model/catboost");
}

/* A model and the rows with its predictions. */
typedef struct Case {
    ObliviousTrees *trees;
    char *json;
    size_t len, rows, features;
    float *values;
    double *expected, *shap; /* features + 1 of them a row */
} Case;

static void read_rows(Case *c, const char *text) {
    GArray *numbers = g_array_new(FALSE, FALSE, sizeof(double));
    for (char *end; *text; text = end + strspn(end, " \n")) {
        const double number = g_ascii_strtod(text, &end);
        g_assert_true(end > text);
        g_array_append_val(numbers, number);
    }
    const size_t values = c->features, width = 2 * values + 2;
    g_assert_cmpuint(numbers->len % width, ==, 0);
    c->rows = numbers->len / width;
    c->values = g_new(float, c->rows *values);
    c->expected = g_new(double, c->rows);
    c->shap = g_new(double, c->rows *(values + 1));
    const double *number = (const double *)(const void *)numbers->data;
    for (size_t row = 0; row < c->rows; row++, number += width) {
        for (size_t f = 0; f < values; f++)
            c->values[row * values + f] = (float)number[f];
        c->expected[row] = number[values];
        memcpy(c->shap + row * (values + 1), number + values + 1, (values + 1) * sizeof *number);
    }
    g_array_unref(numbers);
}

static Case case_read(const char *dir, const char *name) {
    Case c = {0};
    g_autofree char *stem = g_strndup(name, strlen(name) - strlen(".json"));
    g_autofree char *rows_name = g_strconcat(stem, ".txt", NULL);
    g_autofree char *model = g_build_filename(dir, name, NULL), *rows = NULL, *text = NULL;
    rows = g_build_filename(dir, rows_name, NULL);
    GError *error = NULL;
    g_assert_true(g_file_get_contents(model, &c.json, &c.len, NULL));
    g_assert_true(g_file_get_contents(rows, &text, NULL, NULL));
    c.trees = oblivious_trees_parse(c.json, c.len, &error);
    g_assert_no_error(error);
    c.features = oblivious_trees_feature_count(c.trees);
    read_rows(&c, text);
    return c;
}

static void case_clear(Case *c) {
    oblivious_trees_free(c->trees);
    g_free(c->json);
    g_free(c->values);
    g_free(c->expected);
    g_free(c->shap);
}

typedef void Check(const Case *c);

static void each_case(Check *check) {
    g_autofree char *dir = folder();
    GDir *entries = g_dir_open(dir, 0, NULL);
    int found = 0;
    g_assert_nonnull(entries);
    for (const char *name; (name = g_dir_read_name(entries)) != NULL;) {
        if (!g_str_has_suffix(name, ".json")) continue;
        Case c = case_read(dir, name);
        check(&c);
        case_clear(&c);
        found++;
    }
    g_dir_close(entries);
    g_assert_cmpint(found, >=, 4);
}

static void check_predictions(const Case *c) {
    for (size_t i = 0; i < c->rows; i++)
        g_assert_cmpfloat_with_epsilon(
            oblivious_trees_margin(c->trees, c->values + i * c->features), c->expected[i], 1e-6);
    g_assert_cmpstr(oblivious_trees_feature_name(c->trees, 3), ==, "f3");
}

static void test_predictions(void) {
    each_case(check_predictions);
}

/* All rows by one way, in batches of every length up to nine. */
static void check_path(const Case *c, const double *expected) {
    g_autofree double *out = g_new(double, c->rows);
    for (size_t batch = 1; batch < 10; batch++) {
        for (size_t i = 0; i < c->rows; i += batch)
            oblivious_trees_margins(c->trees, c->values + i * c->features, MIN(batch, c->rows - i),
                                    c->features, out + i);
        g_assert_cmpmem(out, c->rows * sizeof *out, expected, c->rows * sizeof *expected);
    }
}

static void check_paths(const Case *c) {
    g_assert_true(oblivious_trees_set_path(c->trees, OBLIVIOUS_PATH_PORTABLE));
    g_autofree double *expected = g_new(double, c->rows);
    for (size_t i = 0; i < c->rows; i++)
        expected[i] = oblivious_trees_margin(c->trees, c->values + i * c->features);
    for (int path = OBLIVIOUS_PATH_PORTABLE; path <= OBLIVIOUS_PATH_AVX512; path++)
        if (oblivious_trees_set_path(c->trees, (ObliviousPath)path)) check_path(c, expected);
}

static void test_paths(void) {
    each_case(check_paths);
}

/* The view of the trees is enough to predict by. */
static double margin_by_view(const ObliviousTrees *trees, const float *row) {
    double sum = oblivious_trees_bias(trees);
    for (size_t t = 0; t < oblivious_trees_tree_count(trees); t++) {
        const ObliviousTree tree = oblivious_trees_tree(trees, t);
        size_t leaf = 0;
        for (uint32_t i = 0; i < tree.depth; i++) {
            const uint16_t f = tree.features[i];
            leaf |= (size_t)oblivious_trees_answer(trees, f, tree.borders[i], row[f]) << i;
        }
        sum += tree.values[leaf];
    }
    return sum;
}

/* Training rows in all leaves of a tree: every row is in one. */
static double weight_of(const ObliviousTree *tree) {
    double sum = 0;
    for (size_t leaf = 0; leaf < (size_t)1 << tree->depth; leaf++)
        sum += tree->weights[leaf];
    return sum;
}

static void check_view(const Case *c) {
    for (size_t i = 0; i < c->rows; i++)
        g_assert_cmpfloat_with_epsilon(margin_by_view(c->trees, c->values + i * c->features),
                                       c->expected[i], 1e-6);
    for (size_t t = 0; t < oblivious_trees_tree_count(c->trees); t++) {
        const ObliviousTree tree = oblivious_trees_tree(c->trees, t);
        g_assert_cmpfloat_with_epsilon(weight_of(&tree), 3000, 1e-6);
    }
}

static void test_view(void) {
    each_case(check_view);
}

/* CatBoost's own Shapley values, and what it expects of a row of which nothing is known. */
static void check_shap(const Case *c) {
    TreeShap *shap = oblivious_trees_shap(c->trees);
    g_autofree float *parts = g_new(float, c->features + 1);
    for (size_t i = 0; i < c->rows; i++) {
        tree_shap_values(shap, c->values + i * c->features, parts);
        for (size_t f = 0; f <= c->features; f++)
            g_assert_cmpfloat_with_epsilon((double)parts[f], c->shap[i * (c->features + 1) + f],
                                           1e-5);
    }
    tree_shap_free(shap);
}

static void test_shap(void) {
    each_case(check_shap);
}

static const char by_hand[] =
    "{\"features_info\": {\"float_features\": ["
    "{\"flat_feature_index\": 0, \"nan_value_treatment\": \"AsIs\", \"feature_id\": \"a\"},"
    "{\"flat_feature_index\": 1, \"nan_value_treatment\": \"AsTrue\", \"feature_id\": \"\"}]},"
    "\"oblivious_trees\": [{\"splits\": [{\"float_feature_index\": 0, \"border\": 1.5},"
    "{\"float_feature_index\": 1, \"border\": -2}], \"leaf_values\": [1, 2, 4, 8],"
    "\"leaf_weights\": [1, 1, 1, 5]}, {\"splits\": null, \"leaf_values\": [16], \"leaf_weights\": "
    "[0]}],"
    "\"scale_and_bias\": [2, [0.5]]}";

static void test_by_hand(void) {
    GError *error = NULL;
    ObliviousTrees *trees = oblivious_trees_parse(by_hand, strlen(by_hand), &error);
    g_assert_no_error(error);
    static const struct {
        float row[2];
        double expected;
    } rows[] = {{{1.5f, -2}, 1}, {{1.6f, -3}, 2}, {{0, -1.9f}, 4}, {{2, 0}, 8},
                {{NAN, -2}, 1},  {{2, NAN}, 8},   {{NAN, NAN}, 4}, {{INFINITY, -INFINITY}, 2}};
    for (int path = OBLIVIOUS_PATH_PORTABLE; path <= OBLIVIOUS_PATH_AVX512; path++)
        for (size_t i = 0; i < G_N_ELEMENTS(rows); i++)
            if (oblivious_trees_set_path(trees, (ObliviousPath)path))
                g_assert_cmpfloat(oblivious_trees_margin(trees, rows[i].row), ==,
                                  2 * (rows[i].expected + 16) + 0.5);
    g_assert_null(oblivious_trees_feature_name(trees, 0)); /* not all have one */
    oblivious_trees_free(trees);
}

static void refused(const char *json, size_t len, const char *expected) {
    GError *error = NULL;
    ObliviousTrees *trees = oblivious_trees_parse(json, len, &error);
    if (trees != NULL) g_error("read, though it should say '%s': %s", expected, json);
    g_assert_error(error, OBLIVIOUS_TREES_ERROR, OBLIVIOUS_TREES_ERROR_INVALID);
    if (strstr(error->message, expected) == NULL || strchr(error->message, '\n') != NULL)
        g_error("'%s' does not say '%s'", error->message, expected);
    g_error_free(error);
}

static void test_refused(void) {
    static const char *const edits[][3] = {
        {"{\"features", "[\"features", "JSON: "},
        {"\"features_info\"", "\"features\"", "no \"features_info\""},
        {"\"features_info\": {", "\"features_info\": [], \"other\": {", "is not an object"},
        {"\"float_features\": [", "\"float_features\": [], \"other\": [", "0 features, not 1 to"},
        {"\"float_features\"", "\"categorical_features\": [1], \"float_features\"", "categorical"},
        {"\"flat_feature_index\": 1", "\"flat_feature_index\": 0", "feature 1: \"flat_feature"},
        {"\"flat_feature_index\": 1", "\"flat_feature_index\": 1.5", "feature 1: \"flat_feature"},
        {"AsIs", "AsWas", "feature 0: \"nan_value_treatment\""},
        {"\"feature_id\": \"a\"", "\"feature_id\": \"a\\u0000\"", "\"feature_id\""},
        {"\"oblivious_trees\"", "\"trees\"", "not symmetric"},
        {"\"oblivious_trees\"", "\"forest\"", "no \"oblivious_trees\""},
        {"\"float_feature_index\": 1", "\"float_feature_index\": 2", "tree 0: splits on a feature"},
        {"\"float_feature_index\": 1", "\"float_feature_index\": -1",
         "tree 0: splits on a feature"},
        {"\"border\": 1.5", "\"border\": 1e39", "tree 0: has a border"},
        {"\"border\": 1.5", "\"border\": null", "tree 0: has a border"},
        {"\"border\": 1.5", "\"split_type\": \"OneHotFeature\", \"border\": 1.5", "no number"},
        {"[1, 2, 4, 8]", "[1, 2, 4]", "\"leaf_values\" has 3 entries where the tree has 4"},
        {"[1, 2, 4, 8]", "[1, 2, 4, \"8\"]", "\"leaf_values\" has an entry"},
        {"[1, 2, 4, 8]", "[1, 2, 4, 1e308]", "\"leaf_values\" has an entry"},
        {"[1, 1, 1, 5]", "[1, 1, -1, 5]", "\"leaf_weights\" has an entry"},
        {"\"leaf_weights\": [0]", "\"leaf_weight\": [0]", "tree 1: no \"leaf_weights\""},
        {"\"splits\": null", "\"splits\": 7", "tree 1: \"splits\" is not an array"},
        {"[2, [0.5]]", "[2, [0.5, 1]]", "\"scale_and_bias\""},
        {"[2, [0.5]]", "[[0.5], 2]", "\"scale_and_bias\""},
        {"[2, [0.5]]", "[2]", "\"scale_and_bias\""},
        {"[2, [0.5]]", "[2, [\"0.5\"]]", "\"scale_and_bias\""},
        {"[2, [0.5]]", "[2, 0.5, 0.5]", "\"scale_and_bias\""},
    };
    for (size_t i = 0; i < G_N_ELEMENTS(edits); i++) {
        GString *edited = g_string_new(by_hand);
        if (g_string_replace(edited, edits[i][0], edits[i][1], 1) != 1)
            g_error("no '%s'", edits[i][0]);
        refused(edited->str, edited->len, edits[i][2]);
        g_string_free(edited, TRUE);
    }
    for (size_t len = 0; len < strlen(by_hand); len++)
        refused(by_hand, len, "JSON: ");
    GString *deep = g_string_new(NULL);
    for (int i = 0; i < OBLIVIOUS_TREES_DEPTH_MAX; i++)
        g_string_append(deep, "{\"float_feature_index\": 0, \"border\": 0},");
    GString *edited = g_string_new(by_hand);
    g_string_prepend(deep, "\"splits\": [");
    g_string_replace(edited, "\"splits\": [", deep->str, 1);
    refused(edited->str, edited->len, "tree 0: is deeper than 16");
    g_string_free(edited, TRUE);
    g_string_free(deep, TRUE);
}

int main(int argc, char **argv) {
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/oblivious_trees/predictions", test_predictions);
    g_test_add_func("/oblivious_trees/paths", test_paths);
    g_test_add_func("/oblivious_trees/view", test_view);
    g_test_add_func("/oblivious_trees/shap", test_shap);
    g_test_add_func("/oblivious_trees/by_hand", test_by_hand);
    g_test_add_func("/oblivious_trees/refused", test_refused);
    return g_test_run();
}
