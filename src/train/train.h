/* From a log to a model: the data set, a member that learns from it, and its judgement. */
#pragma once

#include "train/judge.h"
#include "train/report.h"
#include "train/trainer.h"

typedef struct TrainJob {
    DatasetJob data; /* its threads are the trainer's */
    const Trainer *trainer;
    FitJob fit; /* its progress is the data's, its steps are the report's */
    ThresholdWish wish;
    int64_t review_cost; /* cents: what an alert costs, for the report's cost curve */
    bool refit; /* learn once more, from the judging rows too, when all that is judged is */
} TrainJob;

typedef struct TrainResult {
    ModelKind kind;
    GBytes *member, *suspicion; /* the model's files */
    size_t rows, frauds,
        valid_rows; /* of the judgement: labelled transactions that trained, and that judged */
    int64_t first_time, last_time; /* of the training rows, seconds */
    Judgement judgement;
    GArray *params; /* TrainParam: those in force */
    double seconds; /* from first read to last tree, and judged */
    Report *report;
    ReportLayer *layers; /* the report's, of a network */
} TrainResult;

/* Fills *result, or returns false with *error in one line. Memory: the data set's and the
 * trainer's. */
bool train_model(const TrainJob *job, TrainResult *result, GError **error);
void train_result_clear(TrainResult *result);
