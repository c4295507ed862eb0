#include "train/dataset.h"
#include "base/hash.h"
#include "engine/engine.h"
#include "model/tree_ensemble.h"
#include "train/booster.h"

#include <math.h>
#include <string.h>

enum { FOLDS = 4, FIRST_STAGE_ROUNDS = 100, PROGRESS_EVERY = 8192 };

#define HOLD_OUT_SHARE 0.1

/* A card's suspicions are read together, so each has to be right far from the threshold too. The
 * margin starts near a usual prevalence, because from even odds most rounds would go by on the way
 * down; and the bins are many enough for the upper end of the amounts, where the frauds are, to
 * have several. */
static const TrainParam first_stage_params[] = {
    {(char *)"objective", (char *)"binary:logistic"},
    {(char *)"tree_method", (char *)"hist"},
    {(char *)"max_depth", (char *)"6"},
    {(char *)"eta", (char *)"0.1"},
    {(char *)"subsample", (char *)"0.8"},
    {(char *)"max_bin", (char *)"1024"},
    {(char *)"base_score", (char *)"0.005"},
    {(char *)"min_child_weight", (char *)"2"},
    {(char *)"seed", (char *)"1"},
    {(char *)"verbosity", (char *)"1"},
};

static G_DEFINE_QUARK(haechi - dataset - error, dataset_error)

    /* What the making of a data set holds between its steps. */
    typedef struct Making {
    const DatasetJob *job;
    Dataset *data;
    FeatureMatrix *own; /* own fields only; its groups are the folds */
    GArray *params;     /* of the first stage */
    float *row;         /* feature_count() values, for one transaction at a time */
    float *suspicion;   /* of each row */
    TreeEnsemble *first_stage;
    const char *stage;
    bool *hidden; /* of each feature; NULL for none */
} Making;

static void report(const Making *m, const char *stage, size_t done, size_t total) {
    if (m->job->progress) m->job->progress(m->job->progress_data, stage, done, total);
}

static void report_round(void *data, int round, int rounds) {
    const Making *m = data;
    report(m, m->stage, (size_t)round, (size_t)rounds);
}

/* The same card is always in the same fold. */
static uint8_t fold_of(uint64_t card) {
    return (uint8_t)(hash_u64(card, 0) % FOLDS);
}

/* Hides the features that nothing is to be learnt of. */
static void hide(const Making *m, float *row, size_t count) {
    for (size_t i = 0; m->hidden && i < count; i++)
        if (m->hidden[i]) row[i] = NAN;
}

static void fill_own(Making *m, const Transaction *x) {
    feature_fill_own(x, m->row);
    hide(m, m->row, feature_own_count());
}

/* First reading: own fields, labels, folds and times of the labelled transactions. */
static bool read_own(Making *m, GError **error) {
    EventLog *log = m->job->open(m->job->open_data, error);
    if (!log) return false;
    m->own = matrix_new(feature_own_count());
    Event event;
    LogStatus status;
    size_t events = 0;
    while ((status = log->next(log, &event, error)) == LOG_EVENT) {
        if (++events % PROGRESS_EVERY == 0) report(m, "reading", events, 0);
        const Transaction *x = &event.transaction;
        if (event.kind != EVENT_TRANSACTION || x->is_fraud == LABEL_NONE) continue;
        fill_own(m, x);
        matrix_append(m->own, m->row, x->is_fraud == 1, fold_of(x->card));
        g_array_append_val(m->data->times, x->time);
        g_array_append_val(m->data->amounts, x->amount);
        if (event.input < m->job->valid_input) m->data->train_rows = m->own->rows;
    }
    log->free(log);
    return status == LOG_END;
}

/* Sets the rows apart that judge: no model of either stage is fitted to them. */
static bool split_rows(Making *m, GError **error) {
    Dataset *data = m->data;
    data->judged_by_file = m->job->valid_input != G_MAXUINT;
    if (m->job->learn_all)
        data->train_rows = m->own->rows;
    else if (!data->judged_by_file)
        data->train_rows -= (size_t)((double)m->own->rows * HOLD_OUT_SHARE);
    else if (data->train_rows == m->own->rows) {
        g_set_error(error, dataset_error_quark(), 0,
                    "the validation file has no labelled transactions");
        return false;
    }
    data->first_time = INT64_MAX;
    for (size_t row = 0; row < data->train_rows; row++) {
        const int64_t time = g_array_index(data->times, int64_t, row);
        data->frauds += matrix_is_fraud(m->own, row);
        data->first_time = MIN(data->first_time, time);
        data->last_time = MAX(data->last_time, time);
    }
    for (size_t row = data->train_rows; row < m->own->rows; row++)
        g_array_index(m->own->groups, uint8_t, row) = MATRIX_NO_GROUP;
    if (data->frauds > 0 && data->frauds < data->train_rows) return true;
    g_set_error(error, dataset_error_quark(), 0,
                "nothing to learn from: %zu labelled transactions, %zu of them fraud",
                data->train_rows, data->frauds);
    return false;
}

/* Trains the first stage on the training rows without fold `without`. */
static GBytes *fit(Making *m, const char *stage, uint8_t without, GError **error) {
    g_autofree const char **names = g_new(const char *, m->own->columns);
    for (size_t i = 0; i < m->own->columns; i++)
        names[i] = feature_at(i)->name;
    m->stage = stage;
    const BoosterJob job = {
        .matrix = m->own,
        .without_group = without,
        .row_limit = m->data->train_rows,
        .params = (const TrainParam *)(const void *)m->params->data,
        .param_count = m->params->len,
        .rounds = FIRST_STAGE_ROUNDS,
        .feature_names = names,
        .progress = report_round,
        .progress_data = m,
    };
    return booster_train(&job, error);
}

static TreeEnsemble *parse(GBytes *json, GError **error) {
    gsize len;
    const char *text = g_bytes_get_data(json, &len);
    return tree_ensemble_parse(text, len, error);
}

/* Scores the rows of one group, or all rows where `group` is negative. */
static void fill_suspicions(Making *m, const TreeEnsemble *ensemble, int group) {
    for (size_t row = 0; row < m->own->rows; row++)
        if (group < 0 || g_array_index(m->own->groups, uint8_t, row) == group)
            m->suspicion[row] =
                model_probability((double)tree_ensemble_margin(ensemble, matrix_row(m->own, row)));
}

static bool train_first_stage(Making *m, GError **error) {
    m->suspicion = g_new0(float, m->own->rows);
    for (int fold = 0; fold < FOLDS; fold++) {
        g_autoptr(GBytes) json = fit(m, "first stage, out of fold", (uint8_t)fold, error);
        TreeEnsemble *ensemble = json ? parse(json, error) : NULL;
        if (!ensemble) return false;
        fill_suspicions(m, ensemble, fold);
        tree_ensemble_free(ensemble);
    }
    m->data->suspicion = fit(m, "first stage", MATRIX_NO_GROUP, error);
    if (!m->data->suspicion) return false;
    m->first_stage = parse(m->data->suspicion, error);
    if (!m->first_stage) return false;
    fill_suspicions(m, m->first_stage, MATRIX_NO_GROUP);
    return true;
}

/* Folds one transaction; a labelled one becomes a row. */
static bool observe(Making *m, Engine *engine, const Transaction *x, GError **error) {
    size_t row = m->data->matrix->rows;
    bool labelled = x->is_fraud != LABEL_NONE;
    if (labelled && row >= m->own->rows) {
        g_set_error(error, dataset_error_quark(), 0, "the log changed between its two readings");
        return false;
    }
    float suspicion;
    if (labelled) {
        suspicion = m->suspicion[row];
    } else {
        fill_own(m, x);
        suspicion = model_probability((double)tree_ensemble_margin(m->first_stage, m->row));
    }
    const Decision seen = engine_observe(engine, x, suspicion);
    if (!labelled) return true;
    memcpy(m->row, seen.features, sizeof(float) * feature_count());
    hide(m, m->row, feature_count());
    matrix_append(m->data->matrix, m->row, x->is_fraud == 1, MATRIX_NO_GROUP);
    g_array_append_val(m->data->cards, seen.card);
    g_array_append_val(m->data->merchants, seen.merchant);
    return true;
}

/* Second reading: the whole vector, from the graph as it was at each transaction. */
static bool read_all(Making *m, GError **error) {
    EventLog *log = m->job->open(m->job->open_data, error);
    if (!log) return false;
    Engine *engine = engine_new(NULL);
    Event event;
    LogStatus status;
    while ((status = log->next(log, &event, error)) == LOG_EVENT) {
        if (event.kind == EVENT_LABEL) {
            engine_label(engine, &event.label);
        } else if (!observe(m, engine, &event.transaction, error)) {
            status = LOG_ERROR;
            break;
        }
        if (m->data->matrix->rows % PROGRESS_EVERY == 0)
            report(m, "computing features", m->data->matrix->rows, m->own->rows);
    }
    engine_free(engine);
    log->free(log);
    if (status == LOG_END && m->data->matrix->rows != m->own->rows) {
        g_set_error(error, dataset_error_quark(), 0, "the log changed between its two readings");
        return false;
    }
    return status == LOG_END;
}

static Dataset *dataset_new(void) {
    Dataset *data = g_new0(Dataset, 1);
    data->matrix = matrix_new(feature_count());
    data->times = g_array_new(FALSE, FALSE, sizeof(int64_t));
    data->amounts = g_array_new(FALSE, FALSE, sizeof(int64_t));
    data->cards = g_array_new(FALSE, FALSE, sizeof(CardId));
    data->merchants = g_array_new(FALSE, FALSE, sizeof(MerchantId));
    return data;
}

void dataset_free(Dataset *data) {
    if (!data) return;
    matrix_free(data->matrix);
    g_array_unref(data->times);
    g_array_unref(data->amounts);
    g_array_unref(data->cards);
    g_array_unref(data->merchants);
    g_clear_pointer(&data->suspicion, g_bytes_unref);
    g_free(data);
}

ModelInput dataset_input(const Dataset *data, size_t row) {
    return (ModelInput){
        .features = matrix_row(data->matrix, row),
        .card = g_array_index(data->cards, uint32_t, row),
        .time = g_array_index(data->times, int64_t, row),
    };
}

/* Which features the job's patterns name. */
static bool find_hidden(Making *m, GError **error) {
    if (!m->job->without) return true;
    m->hidden = g_new0(bool, feature_count());
    for (const char *const *pattern = m->job->without; *pattern; pattern++) {
        bool any = false;
        for (size_t i = 0; i < feature_count(); i++)
            if (g_pattern_match_simple(*pattern, feature_at(i)->name)) any = m->hidden[i] = true;
        if (any) continue;
        g_set_error(error, dataset_error_quark(), 0, "there is no feature '%s'", *pattern);
        return false;
    }
    return true;
}

Dataset *dataset_read(const DatasetJob *job, GError **error) {
    Making m = {
        .job = job,
        .data = dataset_new(),
        .row = g_new(float, feature_count()),
        .params = train_params_merge(first_stage_params, G_N_ELEMENTS(first_stage_params), NULL, 0),
    };
    if (job->threads) train_params_add(m.params, "nthread", job->threads);
    const bool good = find_hidden(&m, error) && read_own(&m, error) && split_rows(&m, error) &&
                      train_first_stage(&m, error) && read_all(&m, error);
    if (!good) g_clear_pointer(&m.data, dataset_free);
    matrix_free(m.own);
    tree_ensemble_free(m.first_stage);
    train_params_free(m.params);
    g_free(m.row);
    g_free(m.hidden);
    g_free(m.suspicion);
    return m.data;
}

uint8_t *dataset_judging_labels(const Dataset *data) {
    const size_t rows = dataset_judging_rows(data);
    uint8_t *is_fraud = g_new(uint8_t, rows + 1);
    for (size_t i = 0; i < rows; i++)
        is_fraud[i] = matrix_is_fraud(data->matrix, data->train_rows + i);
    return is_fraud;
}
