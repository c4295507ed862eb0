/* From a log to an XGBoost model: the log is folded through the same engine that serves, so
 * features and the moments at which labels arrive are those of live scoring.
 *
 * Two stages. The first-stage model sees a transaction's own fields only; its score, the suspicion,
 * feeds the graph's windows. For training it is out of fold: the log's cards are split into groups,
 * and a card's suspicions come from a model that never saw the card. The second stage sees
 * everything. */
#pragma once

#include "record/event.h"
#include "train/booster.h"
#include "train/metrics.h"

/* Opens the log from its beginning: training reads it twice. */
typedef EventLog *LogOpen(void *data, GError **error);

/* `stage` is a static phrase; `done` of `total` is 0 of 0 where the length is unknown. */
typedef void TrainProgress(void *data, const char *stage, size_t done, size_t total);

typedef struct TrainJob {
    LogOpen *open;
    void *open_data;
    unsigned valid_input;       /* events of this input of the log and later ones judge the model;
                                   G_MAXUINT: the last 10 % of the transactions do */
    const BoosterParam *params; /* over the defaults; "num_round" sets the number of trees */
    size_t param_count;
    TrainProgress *progress;
    void *progress_data;
} TrainJob;

typedef struct TrainResult {
    GBytes *model, *suspicion;       /* XGBoost's JSON */
    size_t rows, frauds, valid_rows; /* labelled transactions that trained, and that judged */
    int64_t first_time, last_time;   /* of the training rows, seconds */
    Metrics metrics;                 /* on the judging rows, at the threshold chosen on them */
    double threshold, decline_threshold;
    const char *threshold_choice;
    GArray *params; /* BoosterParam: those in force */
    double seconds; /* from first read to last tree */
} TrainResult;

/* Fills *result, or returns false with *error in one line. Memory: 4 bytes a feature and labelled
 * transaction, and 1 byte for libxgboost's bins. */
bool train_xgboost(const TrainJob *job, TrainResult *result, GError **error);
void train_result_clear(TrainResult *result);
