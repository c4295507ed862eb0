/* The data that every family of models is trained on: the log, folded through the same engine that
 * serves, so that features and the moments at which labels arrive are those of live scoring.
 *
 * It is read twice. First a model of the first stage is trained, which sees a transaction's own
 * fields only; its score, the suspicion, feeds the graph's windows. For training it is out of fold:
 * the log's cards are split into groups, and a card's suspicions come from a model that never saw
 * the card. The first stage is XGBoost with the same parameters and seed whatever is trained on the
 * data, so members of one model share it. The second reading makes the whole vectors. */
#pragma once

#include "model/model_member.h"
#include "record/event.h"
#include "train/matrix.h"

/* Opens the log from its beginning. */
typedef EventLog *LogOpen(void *data, GError **error);

/* `stage` is a static phrase; `done` of `total` is 0 of 0 where the length is unknown. */
typedef void TrainProgress(void *data, const char *stage, size_t done, size_t total);

typedef struct DatasetJob {
    LogOpen *open;
    void *open_data;
    unsigned valid_input;       /* events of this input of the log and later ones judge the model;
                                   G_MAXUINT: the last 10 % of the transactions do */
    bool learn_all;             /* all rows are learnt from by both stages, and none judges */
    const char *const *without; /* patterns of the names of features to learn nothing of, such as
                                   "merchant_*", NULL after the last; NULL for none */
    const char *threads;        /* that train the first stage, in digits; NULL for all cores */
    TrainProgress *progress;
    void *progress_data;
} DatasetJob;

/* A row is a labelled transaction; rows are in the log's order. A feature that nothing is to be
 * learnt of is missing in all of them. The first train_rows are to be
 * learnt from, the rest, which are later and trained neither stage, to judge by. */
typedef struct Dataset {
    FeatureMatrix *matrix; /* feature_count() columns, and the labels; its groups are not used */
    GArray *times;         /* int64_t: seconds since the epoch, UTC */
    GArray *amounts;       /* int64_t: cents */
    GArray *cards;         /* uint32_t: each card's small number, as its graph counts them */
    GArray *merchants;     /* uint32_t: the same of merchants */
    size_t train_rows;
    size_t frauds;                 /* of the training rows; some, and not all */
    int64_t first_time, last_time; /* of the training rows */
    bool judged_by_file;           /* the judging rows are those of valid_input */
    GBytes *suspicion;             /* the first stage, XGBoost's JSON */
} Dataset;

/* NULL with *error in one line when the log cannot be read or has nothing to learn from. Memory: 4
 * bytes a feature and row, and 29 bytes a row. */
Dataset *dataset_read(const DatasetJob *job, GError **error);
void dataset_free(Dataset *data);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Dataset, dataset_free)

/* The row as a member sees it. */
ModelInput dataset_input(const Dataset *data, size_t row);

static inline size_t dataset_judging_rows(const Dataset *data) {
    return data->matrix->rows - data->train_rows;
}

/* 1 for each judging row that is fraud, 0 for the others, in order. The caller frees it. */
uint8_t *dataset_judging_labels(const Dataset *data);
