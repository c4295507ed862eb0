#include "train/train_xgboost.h"
#include "base/hash.h"
#include "engine/engine.h"
#include "model/tree_ensemble.h"

#include <math.h>
#include <string.h>

enum {
    FOLDS = 4,
    FIRST_STAGE_ROUNDS = 60,
    ROUNDS = 200,
    ROUNDS_MAX = 10000,
    PROGRESS_EVERY = 8192
};

#define HOLD_OUT_SHARE 0.1

static const BoosterParam defaults[] = {
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
};

static G_DEFINE_QUARK(haechi - train - error, train_error)

    /* What training holds between its steps. */
    typedef struct Training {
    const TrainJob *job;
    TrainResult *result;
    GArray *params; /* BoosterParam, borrowed strings */
    int rounds;
    size_t own_columns;
    size_t train_rows; /* the judging rows come after them */
    FeatureMatrix *own, *all;
    float *row;       /* feature_count() values, for one transaction at a time */
    GArray *times;    /* int64_t, of each labelled transaction */
    float *suspicion; /* the same */
    TreeEnsemble *first_stage;
    const char *stage;
} Training;

static void report(const Training *t, const char *stage, size_t done, size_t total) {
    if (t->job->progress) t->job->progress(t->job->progress_data, stage, done, total);
}

static void report_round(void *data, int round, int rounds) {
    const Training *t = data;
    report(t, t->stage, (size_t)round, (size_t)rounds);
}

static bool choose_params(Training *t, GError **error) {
    t->params = g_array_new(FALSE, FALSE, sizeof(BoosterParam));
    t->rounds = ROUNDS;
    for (size_t i = 0; i < G_N_ELEMENTS(defaults); i++) {
        bool overridden = false;
        for (size_t k = 0; k < t->job->param_count; k++)
            overridden |= strcmp(t->job->params[k].name, defaults[i].name) == 0;
        if (!overridden) g_array_append_val(t->params, defaults[i]);
    }
    for (size_t i = 0; i < t->job->param_count; i++) {
        const BoosterParam *param = &t->job->params[i];
        if (strcmp(param->name, "num_round") != 0) {
            g_array_append_val(t->params, *param);
            continue;
        }
        guint64 rounds;
        if (!g_ascii_string_to_unsigned(param->value, 10, 1, ROUNDS_MAX, &rounds, NULL)) {
            g_set_error(error, train_error_quark(), 0, "num_round must be 1 to %d, not '%s'",
                        ROUNDS_MAX, param->value);
            return false;
        }
        t->rounds = (int)rounds;
    }
    return true;
}

/* The same card is always in the same fold. */
static uint8_t fold_of(uint64_t card) {
    return (uint8_t)(hash_u64(card, 0) % FOLDS);
}

/* First reading: own fields, labels, folds and times of the labelled transactions. */
static bool read_own(Training *t, GError **error) {
    EventLog *log = t->job->open(t->job->open_data, error);
    if (!log) return false;
    t->own = matrix_new(t->own_columns);
    Event event;
    LogStatus status;
    size_t events = 0;
    while ((status = log->next(log, &event, error)) == LOG_EVENT) {
        if (++events % PROGRESS_EVERY == 0) report(t, "reading", events, 0);
        const Transaction *x = &event.transaction;
        if (event.kind != EVENT_TRANSACTION || x->is_fraud == LABEL_NONE) continue;
        feature_fill_own(x, t->row);
        matrix_append(t->own, t->row, x->is_fraud == 1, fold_of(x->card));
        g_array_append_val(t->times, x->time);
        if (event.input < t->job->valid_input) t->train_rows = t->own->rows;
    }
    log->free(log);
    return status == LOG_END;
}

/* Sets the rows apart that judge: no model of either stage is fitted to them. */
static bool split_rows(Training *t, GError **error) {
    TrainResult *r = t->result;
    r->threshold_choice = "best F1 on the validation file";
    if (t->job->valid_input != G_MAXUINT && t->train_rows == t->own->rows) {
        g_set_error(error, train_error_quark(), 0,
                    "the validation file has no labelled transactions");
        return false;
    }
    if (t->train_rows == t->own->rows) {
        r->threshold_choice = "best F1 on the last 10 % of the transactions, held out";
        t->train_rows -= (size_t)((double)t->own->rows * HOLD_OUT_SHARE);
    }
    r->rows = t->train_rows;
    r->valid_rows = t->own->rows - t->train_rows;
    r->first_time = INT64_MAX;
    for (size_t row = 0; row < t->train_rows; row++) {
        int64_t time = g_array_index(t->times, int64_t, row);
        r->frauds += matrix_is_fraud(t->own, row);
        r->first_time = MIN(r->first_time, time);
        r->last_time = MAX(r->last_time, time);
    }
    for (size_t row = t->train_rows; row < t->own->rows; row++)
        g_array_index(t->own->groups, uint8_t, row) = MATRIX_NO_GROUP;
    if (r->frauds > 0 && r->frauds < r->rows) return true;
    g_set_error(error, train_error_quark(), 0,
                "nothing to learn from: %zu labelled transactions, %zu of them fraud", r->rows,
                r->frauds);
    return false;
}

static const char **feature_names(size_t count) {
    const char **names = g_new(const char *, count);
    for (size_t i = 0; i < count; i++)
        names[i] = feature_at(i)->name;
    return names;
}

/* Trains on the first `row_limit` rows of `matrix` without fold `without`. */
static GBytes *fit(Training *t, const char *stage, const FeatureMatrix *matrix, uint8_t without,
                   size_t row_limit, int rounds, GError **error) {
    g_autofree const char **names = feature_names(matrix->columns);
    t->stage = stage;
    BoosterJob job = {
        .matrix = matrix,
        .without_group = without,
        .row_limit = row_limit,
        .params = (const BoosterParam *)(void *)t->params->data,
        .param_count = t->params->len,
        .rounds = rounds,
        .feature_names = names,
        .progress = report_round,
        .progress_data = t,
    };
    return booster_train(&job, error);
}

static TreeEnsemble *parse(GBytes *json, GError **error) {
    gsize len;
    const char *text = g_bytes_get_data(json, &len);
    return tree_ensemble_parse(text, len, error);
}

/* Scores the rows of one group, or all rows where `group` is negative. */
static void fill_suspicions(Training *t, const TreeEnsemble *ensemble, int group) {
    for (size_t row = 0; row < t->own->rows; row++)
        if (group < 0 || g_array_index(t->own->groups, uint8_t, row) == group)
            t->suspicion[row] =
                model_probability(tree_ensemble_margin(ensemble, matrix_row(t->own, row)));
}

static bool train_first_stage(Training *t, GError **error) {
    t->suspicion = g_new0(float, t->own->rows);
    int rounds = MIN(FIRST_STAGE_ROUNDS, t->rounds);
    for (int fold = 0; fold < FOLDS; fold++) {
        g_autoptr(GBytes) json =
            fit(t, "first stage, out of fold", t->own, (uint8_t)fold, t->train_rows, rounds, error);
        TreeEnsemble *ensemble = json ? parse(json, error) : NULL;
        if (!ensemble) return false;
        fill_suspicions(t, ensemble, fold);
        tree_ensemble_free(ensemble);
    }
    t->result->suspicion =
        fit(t, "first stage", t->own, MATRIX_NO_GROUP, t->train_rows, rounds, error);
    if (!t->result->suspicion) return false;
    t->first_stage = parse(t->result->suspicion, error);
    if (!t->first_stage) return false;
    fill_suspicions(t, t->first_stage, MATRIX_NO_GROUP);
    return true;
}

/* Folds one transaction; a labelled one becomes a row. */
static bool observe(Training *t, Engine *engine, const Transaction *x, GError **error) {
    size_t row = t->all->rows;
    bool labelled = x->is_fraud != LABEL_NONE;
    if (labelled && row >= t->own->rows) {
        g_set_error(error, train_error_quark(), 0, "the log changed between its two readings");
        return false;
    }
    float suspicion;
    if (labelled) {
        suspicion = t->suspicion[row];
    } else {
        feature_fill_own(x, t->row);
        suspicion = model_probability(tree_ensemble_margin(t->first_stage, t->row));
    }
    const float *features = engine_observe(engine, x, suspicion);
    if (labelled) matrix_append(t->all, features, x->is_fraud == 1, MATRIX_NO_GROUP);
    return true;
}

/* Second reading: the whole vector, from the graph as it was at each transaction. */
static bool read_all(Training *t, GError **error) {
    EventLog *log = t->job->open(t->job->open_data, error);
    if (!log) return false;
    Engine *engine = engine_new(NULL);
    t->all = matrix_new(feature_count());
    Event event;
    LogStatus status;
    while ((status = log->next(log, &event, error)) == LOG_EVENT) {
        if (event.kind == EVENT_LABEL) {
            engine_label(engine, &event.label);
        } else if (!observe(t, engine, &event.transaction, error)) {
            status = LOG_ERROR;
            break;
        }
        if (t->all->rows % PROGRESS_EVERY == 0)
            report(t, "computing features", t->all->rows, t->own->rows);
    }
    engine_free(engine);
    log->free(log);
    if (status == LOG_END && t->all->rows != t->own->rows) {
        g_set_error(error, train_error_quark(), 0, "the log changed between its two readings");
        return false;
    }
    return status == LOG_END;
}

/* Judges the model on the rows set apart and chooses the thresholds there. */
static bool judge(Training *t, GError **error) {
    TrainResult *r = t->result;
    TreeEnsemble *ensemble = parse(r->model, error);
    if (!ensemble) return false;
    g_autofree float *scores = g_new(float, r->valid_rows + 1);
    g_autofree uint8_t *is_fraud = g_new(uint8_t, r->valid_rows + 1);
    for (size_t i = 0; i < r->valid_rows; i++) {
        const float *row = matrix_row(t->all, t->train_rows + i);
        scores[i] = model_probability(tree_ensemble_margin(ensemble, row));
        is_fraud[i] = matrix_is_fraud(t->all, t->train_rows + i);
    }
    tree_ensemble_free(ensemble);
    Metrics m = metrics_compute(scores, is_fraud, r->valid_rows, 0.5, 1);
    r->threshold = m.frauds ? m.best_f1_threshold : 0.5;
    r->decline_threshold = MAX(r->threshold, m.frauds ? m.threshold_precision_99 : 1);
    r->metrics = metrics_compute(scores, is_fraud, r->valid_rows, r->threshold, 1);
    return true;
}

static bool train_second_stage(Training *t, GError **error) {
    t->result->model = fit(t, "training", t->all, MATRIX_NO_GROUP, t->train_rows, t->rounds, error);
    return t->result->model && judge(t, error);
}

/* The parameters in force, the caller's to keep. */
static GArray *copy_params(const Training *t) {
    GArray *copy = g_array_new(FALSE, FALSE, sizeof(BoosterParam));
    for (guint i = 0; i < t->params->len; i++) {
        const BoosterParam *param = &g_array_index(t->params, BoosterParam, i);
        BoosterParam own = {g_strdup(param->name), g_strdup(param->value)};
        g_array_append_val(copy, own);
    }
    BoosterParam rounds = {g_strdup("num_round"), g_strdup_printf("%d", t->rounds)};
    g_array_append_val(copy, rounds);
    return copy;
}

bool train_xgboost(const TrainJob *job, TrainResult *result, GError **error) {
    Training t = {.job = job, .result = result, .own_columns = feature_own_count()};
    gint64 start = g_get_monotonic_time();
    *result = (TrainResult){0};
    t.row = g_new(float, feature_count());
    t.times = g_array_new(FALSE, FALSE, sizeof(int64_t));
    bool good = choose_params(&t, error) && read_own(&t, error) && split_rows(&t, error) &&
                train_first_stage(&t, error) && read_all(&t, error) &&
                train_second_stage(&t, error);
    if (good) {
        result->params = copy_params(&t);
        result->seconds = (double)(g_get_monotonic_time() - start) / 1e6;
    } else {
        train_result_clear(result);
    }
    matrix_free(t.own);
    matrix_free(t.all);
    g_free(t.row);
    g_free(t.suspicion);
    tree_ensemble_free(t.first_stage);
    g_array_unref(t.times);
    g_array_unref(t.params);
    return good;
}

void train_result_clear(TrainResult *result) {
    g_clear_pointer(&result->model, g_bytes_unref);
    g_clear_pointer(&result->suspicion, g_bytes_unref);
    for (guint i = 0; result->params && i < result->params->len; i++) {
        g_free(g_array_index(result->params, BoosterParam, i).name);
        g_free(g_array_index(result->params, BoosterParam, i).value);
    }
    g_clear_pointer(&result->params, g_array_unref);
}
