/* Training through libxgboost: measuring the rounds changes nothing of the model and says what our
 * own evaluator says; importance counts the splits that the trees have. */
#include "model/model.h"
#include "model/tree_ensemble.h"
#include "train/booster.h"

#include <math.h>

enum { COLUMNS = 5, ROWS = MATRIX_BLOCK_ROWS + 700, LEARNT = MATRIX_BLOCK_ROWS + 100 };

static const char *const names[COLUMNS] = {"a", "b", "c", "d", "never"};

static FeatureMatrix *make_matrix(void) {
    FeatureMatrix *matrix = matrix_new(COLUMNS);
    g_autoptr(GRand) random = g_rand_new_with_seed(11);
    for (size_t row = 0; row < ROWS; row++) {
        float values[COLUMNS] = {0};
        for (int i = 0; i < COLUMNS - 1; i++)
            values[i] = g_rand_int_range(random, 0, 9) ? (float)g_rand_double(random) : NAN;
        const bool fraud = values[0] + values[1] * values[2] > 1 || g_rand_double(random) < 0.05;
        matrix_append(matrix, values, fraud, MATRIX_NO_GROUP);
    }
    return matrix;
}

typedef struct Steps {
    GArray *rounds; /* int */
    float last[ROWS - LEARNT];
} Steps;

static void keep(void *data, int round, const float *probabilities, size_t rows) {
    Steps *steps = data;
    g_array_append_val(steps->rounds, round);
    g_assert_cmpuint(rows, ==, ROWS - LEARNT);
    memcpy(steps->last, probabilities, sizeof steps->last);
}

static GBytes *train(const FeatureMatrix *matrix, int rounds, Steps *steps) {
    const TrainParam params[] = {
        {(char *)"objective", (char *)"binary:logistic"},
        {(char *)"tree_method", (char *)"hist"},
        {(char *)"nthread", (char *)"1"},
        {(char *)"max_depth", (char *)"2"},
        {(char *)"subsample", (char *)"0.7"},
    };
    const BoosterJob job = {
        .matrix = matrix,
        .without_group = MATRIX_NO_GROUP,
        .row_limit = LEARNT,
        .params = params,
        .param_count = G_N_ELEMENTS(params),
        .rounds = rounds,
        .feature_names = names,
        .step = steps ? keep : NULL,
        .step_data = steps,
    };
    g_autoptr(GError) error = NULL;
    GBytes *json = booster_train(&job, &error);
    g_assert_no_error(error);
    return json;
}

static TreeEnsemble *parse(GBytes *json) {
    gsize len;
    const char *text = g_bytes_get_data(json, &len);
    g_autoptr(GError) error = NULL;
    TreeEnsemble *trees = tree_ensemble_parse(text, len, &error);
    g_assert_no_error(error);
    return trees;
}

static void check_last(const Steps *steps, const FeatureMatrix *matrix, GBytes *json) {
    TreeEnsemble *trees = parse(json);
    for (size_t row = LEARNT; row < ROWS; row++) {
        const float margin = tree_ensemble_margin(trees, matrix_row(matrix, row));
        g_assert_cmpfloat_with_epsilon(steps->last[row - LEARNT], model_probability(margin), 1e-5);
    }
    tree_ensemble_free(trees);
}

static void test_steps(void) {
    g_autoptr(FeatureMatrix) matrix = make_matrix();
    static const int rounds[] = {1, 2, 7, 100, 130};
    for (size_t i = 0; i < G_N_ELEMENTS(rounds); i++) {
        Steps steps = {.rounds = g_array_new(FALSE, FALSE, sizeof(int))};
        g_autoptr(GBytes) plain = train(matrix, rounds[i], NULL);
        g_autoptr(GBytes) measured = train(matrix, rounds[i], &steps);
        g_assert_true(g_bytes_equal(plain, measured));
        g_assert_cmpuint(steps.rounds->len, <=, BOOSTER_STEPS_MAX);
        g_assert_cmpuint(steps.rounds->len, >=, MIN(rounds[i], BOOSTER_STEPS_MAX / 2));
        g_assert_cmpint(g_array_index(steps.rounds, int, 0), ==, 1);
        g_assert_cmpint(g_array_index(steps.rounds, int, steps.rounds->len - 1), ==, rounds[i]);
        check_last(&steps, matrix, measured);
        g_array_unref(steps.rounds);
    }
}

static void test_importance(void) {
    g_autoptr(FeatureMatrix) matrix = make_matrix();
    g_autoptr(GBytes) json = train(matrix, 20, NULL);
    TreeEnsemble *trees = parse(json);
    size_t counts[COLUMNS];
    double splits[COLUMNS], gain[COLUMNS];
    g_autoptr(GError) error = NULL;
    tree_ensemble_split_counts(trees, counts);
    g_assert_true(booster_importance(json, "weight", names, COLUMNS, splits, &error));
    g_assert_true(booster_importance(json, "gain", names, COLUMNS, gain, &error));
    for (int i = 0; i < COLUMNS; i++) {
        g_assert_cmpfloat(splits[i], ==, (double)counts[i]);
        g_assert_true((gain[i] > 0) == (counts[i] > 0));
    }
    g_assert_cmpfloat(gain[0], >, gain[3]);
    tree_ensemble_free(trees);
    g_autoptr(GBytes) junk = g_bytes_new_static("{}", 2);
    g_assert_false(booster_importance(junk, "gain", names, COLUMNS, gain, &error));
    g_assert_null(strchr(error->message, '\n'));
}

int main(int argc, char **argv) {
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/booster/steps", test_steps);
    g_test_add_func("/booster/importance", test_importance);
    return g_test_run();
}
