#include "train/train_xgboost.h"
#include "feature/feature.h"
#include "model/tree_ensemble.h"
#include "train/booster.h"
#include "train/curves.h"
#include "train/metrics.h"

enum { ROUNDS_MAX = 10000 };

/* More than any data has honest transactions to a fraud; far more, and sums over the rows overflow,
 * which the library finds only when it has trained. */
#define POS_WEIGHT_MAX 1e9

static const TrainParam defaults[] = {
    {(char *)"objective", (char *)"binary:logistic"},
    {(char *)"tree_method", (char *)"hist"},
    {(char *)"max_depth", (char *)"6"},
    {(char *)"eta", (char *)"0.1"},
    {(char *)"subsample", (char *)"0.8"},
    {(char *)"colsample_bytree", (char *)"0.6"},
    {(char *)"min_child_weight", (char *)"2"},
    {(char *)"seed", (char *)"1"},
    {(char *)"verbosity", (char *)"1"},
    {(char *)"validate_parameters", (char *)"1"},
    {(char *)"num_round", (char *)"200"},
};

static G_DEFINE_QUARK(haechi - train - xgboost - error, train_xgboost_error)

    /* The parameters in force but "num_round", which comes in *rounds; NULL with *error. */
    static GArray *choose_params(const FitJob *job, int *rounds, GError **error) {
    GArray *params =
        train_params_merge(defaults, G_N_ELEMENTS(defaults), job->params, job->param_count);
    g_autofree char *text = train_params_take(params, "num_round");
    guint64 number;
    if (g_ascii_string_to_unsigned(text, 10, 1, ROUNDS_MAX, &number, NULL)) {
        *rounds = (int)number;
        return params;
    }
    g_set_error(error, train_xgboost_error_quark(), 0, "num_round must be 1 to %d, not '%s'",
                ROUNDS_MAX, text);
    train_params_free(params);
    return NULL;
}

static BoosterJob make_job(const FeatureMatrix *matrix, const GArray *params, const char **names) {
    for (size_t i = 0; i < matrix->columns; i++)
        names[i] = feature_at(i)->name;
    return (BoosterJob){
        .matrix = matrix,
        .without_group = MATRIX_NO_GROUP,
        .params = (const TrainParam *)(const void *)params->data,
        .param_count = params->len,
        .feature_names = names,
    };
}

static bool check_pos_weight(const GArray *params, GError **error) {
    const char *text = train_params_find((const TrainParam *)(const void *)params->data,
                                         params->len, "scale_pos_weight");
    char *end = NULL;
    const double weight = text ? g_ascii_strtod(text, &end) : 1;
    if (!text || (end != text && *end == '\0' && weight > 0 && weight <= POS_WEIGHT_MAX))
        return true;
    g_set_error(error, train_xgboost_error_quark(), 0,
                "scale_pos_weight must be over 0 and up to %.0f, not '%s'", POS_WEIGHT_MAX, text);
    return false;
}

/* libxgboost looks at most of its parameters only when it trains: so it does, on two rows. What
 * comes of it must be trees that can be scored: no other booster or objective, and no leaf that is
 * no number. */
static bool check(const FitJob *job, GError **error) {
    BoosterJob trial;
    GArray *params = choose_params(job, &trial.rounds, error);
    if (!params) return false;
    if (!check_pos_weight(params, error)) {
        train_params_free(params);
        return false;
    }
    g_autoptr(FeatureMatrix) matrix = matrix_new(1);
    for (int i = 0; i < 2; i++)
        matrix_append(matrix, &(float){(float)i}, i == 1, MATRIX_NO_GROUP);
    const char *name;
    trial = make_job(matrix, params, &name);
    trial.rounds = 1;
    g_autoptr(GBytes) json = booster_train(&trial, error);
    train_params_free(params);
    if (!json) return false;
    gsize len;
    const char *text = g_bytes_get_data(json, &len);
    TreeEnsemble *ensemble = tree_ensemble_parse(text, len, error);
    if (!ensemble) g_prefix_error(error, "these parameters make no model that can be used: ");
    tree_ensemble_free(ensemble);
    return ensemble != NULL;
}

/* Whose rounds are measured. */
typedef struct Fitting {
    const FitJob *job;
    const Dataset *data;
} Fitting;

static void report_round(void *data, int round, int rounds) {
    const FitJob *job = ((const Fitting *)data)->job;
    if (job->progress) job->progress(job->progress_data, "training", (size_t)round, (size_t)rounds);
}

static void report_step(void *data, int round, const float *scores, size_t rows) {
    const Fitting *fitting = data;
    const FitJob *job = fitting->job;
    g_assert(rows == dataset_judging_rows(fitting->data));
    g_autofree uint8_t *is_fraud = dataset_judging_labels(fitting->data);
    const Metrics m = metrics_compute(scores, is_fraud, rows, 0.5, 1);
    job->step(job->step_data, "average precision, judging", round, m.average_precision);
    job->step(job->step_data, "log loss, judging", round, log_loss(scores, is_fraud, rows));
}

static GBytes *fit(const FitJob *job, const Dataset *data, GArray **params, GError **error) {
    int rounds;
    GArray *chosen = choose_params(job, &rounds, error);
    if (!chosen) return NULL;
    Fitting fitting = {job, data};
    g_autofree const char **names = g_new(const char *, data->matrix->columns);
    BoosterJob booster = make_job(data->matrix, chosen, names);
    booster.row_limit = data->train_rows;
    booster.rounds = rounds;
    booster.progress = report_round;
    booster.progress_data = &fitting;
    if (job->step) booster.step = report_step;
    booster.step_data = &fitting;
    GBytes *json = booster_train(&booster, error);
    g_autofree char *text = g_strdup_printf("%d", rounds);
    train_params_add(chosen, "num_round", text);
    if (json)
        *params = chosen;
    else
        train_params_free(chosen);
    return json;
}

static bool importance(GBytes *member, const TrainImportance *out, GError **error) {
    const size_t columns = feature_count();
    g_autofree const char **names = g_new(const char *, columns);
    for (size_t i = 0; i < columns; i++)
        names[i] = feature_at(i)->name;
    return booster_importance(member, "gain", names, columns, out->gain, error) &&
           booster_importance(member, "weight", names, columns, out->splits, error);
}

const Trainer train_xgboost = {
    .kind = MODEL_XGBOOST,
    .threads_param = "nthread",
    .check = check,
    .fit = fit,
    .importance = importance,
};
