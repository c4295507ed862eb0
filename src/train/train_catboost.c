#include "train/train_catboost.h"
#include "base/json_write.h"
#include "feature/feature.h"
#include "train/catboost_program.h"
#include "train/python.h"

enum { ROUNDS_MAX = 10000, TRIAL_ROWS = 32 };

static const TrainParam defaults[] = {
    {(char *)"loss_function", (char *)"Logloss"}, {(char *)"iterations", (char *)"500"},
    {(char *)"learning_rate", (char *)"0.1"},     {(char *)"depth", (char *)"8"},
    {(char *)"random_seed", (char *)"1"},
};

static G_DEFINE_QUARK(haechi - train - catboost - error, train_catboost_error)

    static GArray *choose_params(const FitJob *job, GError **error) {
    GArray *params =
        train_params_merge(defaults, G_N_ELEMENTS(defaults), job->params, job->param_count);
    const char *rounds = train_params_find((const TrainParam *)(const void *)params->data,
                                           params->len, "iterations");
    const char *loss = train_params_find((const TrainParam *)(const void *)params->data,
                                         params->len, "loss_function");
    const bool log_odds = strcmp(loss, "Logloss") == 0; /* what we take its predictions for */
    if (log_odds && g_ascii_string_to_unsigned(rounds, 10, 1, ROUNDS_MAX, NULL, NULL))
        return params;
    if (!log_odds)
        g_set_error(error, train_catboost_error_quark(), 0,
                    "loss_function must be Logloss, not '%s'", loss);
    else
        g_set_error(error, train_catboost_error_quark(), 0, "iterations must be 1 to %d, not '%s'",
                    ROUNDS_MAX, rounds);
    train_params_free(params);
    return NULL;
}

/* The line that tells the child what comes. */
static GString *head(const GArray *params, const FeatureMatrix *matrix, size_t rows) {
    GString *line = g_string_new("{\"names\":");
    for (size_t i = 0; i < matrix->columns; i++) {
        g_string_append_c(line, i == 0 ? '[' : ',');
        json_write_str(line, str_from(feature_at(i)->name));
    }
    g_string_append_printf(line, "],\"rows\":%zu,\"params\":", rows);
    for (guint i = 0; i < params->len; i++) {
        const TrainParam *param = &g_array_index(params, TrainParam, i);
        g_string_append_c(line, i == 0 ? '{' : ',');
        json_write_str(line, str_from(param->name));
        g_string_append_c(line, ':');
        json_write_str(line, str_from(param->value));
    }
    return g_string_append(line, "}}\n");
}

static void send_rows(Python *python, const FeatureMatrix *matrix, size_t rows) {
    python_send(python, matrix->labels->data, rows * sizeof(float));
    for (size_t row = 0; row < rows; row += MATRIX_BLOCK_ROWS) {
        const size_t count = MIN(rows - row, (size_t)MATRIX_BLOCK_ROWS);
        python_send(python, matrix_row(matrix, row), count * matrix->columns * sizeof(float));
    }
    python_send_end(python);
}

/* A tree is done: its loss is told of some hundred trees, the last among them. */
static void hear_tree(const FitJob *job, JsonValue told, uint64_t done, uint64_t rounds) {
    enum { STEPS = 100 };
    JsonValue loss;
    if (job->progress) job->progress(job->progress_data, "training", done, rounds);
    const bool measured = done == 1 || done == rounds || done % (rounds / STEPS + 1) == 0;
    if (job->step && measured && json_member(told, "loss", &loss) && json_is_number(loss))
        job->step(job->step_data, "log loss, training", (int)MIN(done, (uint64_t)ROUNDS_MAX),
                  json_get_double(loss));
}

/* Hears how far the child is until it has the model. */
static GBytes *await(Python *python, const FitJob *job, GError **error) {
    JsonValue told, value, rounds;
    while (python_hear(python, &told, error)) {
        if (json_member(told, "bytes", &value)) {
            const size_t max = model_kind_bytes_max(MODEL_CATBOOST);
            const uint64_t len = json_get_uint(value);
            if (len <= max) return python_hear_bytes(python, len, error);
            g_set_error(error, train_catboost_error_quark(), 0,
                        "the model has over %zu bytes: ask for fewer trees", max);
            return NULL;
        }
        if (json_member(told, "done", &value) && json_member(told, "rounds", &rounds))
            hear_tree(job, told, json_get_uint(value), json_get_uint(rounds));
    }
    return NULL;
}

/* Trains on the first `rows` of the matrix. */
static GBytes *run(const FitJob *job, const GArray *params, const FeatureMatrix *matrix,
                   size_t rows, GError **error) {
    g_autofree char *interpreter = python_find(job->python, "catboost", error);
    if (!interpreter) return NULL;
    g_autofree char *program = g_strndup((const char *)catboost_program, catboost_program_len);
    g_autoptr(Python) python = python_start(interpreter, program, error);
    if (!python) return NULL;
    g_autoptr(GString) line = head(params, matrix, rows);
    python_send(python, line->str, line->len);
    send_rows(python, matrix, rows);
    return await(python, job, error);
}

/* CatBoost looks at its parameters when it trains: so it does, one tree on a few rows; and what
 * they make must be what we can read. */
static bool check(const FitJob *job, GError **error) {
    GArray *params = choose_params(job, error);
    if (!params) return false;
    g_free(train_params_take(params, "iterations"));
    train_params_add(params, "iterations", "1");
    g_autoptr(FeatureMatrix) matrix = matrix_new(1);
    for (int i = 0; i < TRIAL_ROWS; i++)
        matrix_append(matrix, &(float){(float)i}, i % 4 == 1, MATRIX_NO_GROUP);
    FitJob quiet = *job;
    quiet.progress = NULL;
    quiet.step = NULL;
    g_autoptr(GBytes) json = run(&quiet, params, matrix, TRIAL_ROWS, error);
    g_autoptr(ModelMember) member = json ? model_member_parse(MODEL_CATBOOST, json, error) : NULL;
    train_params_free(params);
    return member != NULL;
}

static GBytes *fit(const FitJob *job, const Dataset *data, GArray **params, GError **error) {
    GArray *chosen = choose_params(job, error);
    if (!chosen) return NULL;
    GBytes *json = run(job, chosen, data->matrix, data->train_rows, error);
    if (json)
        *params = chosen;
    else
        train_params_free(chosen);
    return json;
}

const Trainer train_catboost = {
    .kind = MODEL_CATBOOST,
    .threads_param = "thread_count",
    .check = check,
    .fit = fit,
};
