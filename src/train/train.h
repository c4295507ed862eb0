/* From a log to a model: the data set, the members that learn from it, how they are put together,
 * and the judgement of the whole. */
#pragma once

#include "model/member_scores.h"
#include "train/judge.h"
#include "train/report.h"
#include "train/trainer.h"

/* A member to be. */
typedef struct TrainMember {
    const Trainer *trainer;
    const TrainParam *params; /* over the trainer's defaults; later ones override earlier ones */
    size_t param_count;
} TrainMember;

typedef struct TrainJob {
    DatasetJob data;            /* its threads are the first member's */
    const TrainMember *members; /* of different kinds */
    size_t member_count;        /* 1 to MODEL_MEMBERS_MAX */
    const char *python;         /* as in FitJob */
    void (*note)(void *data, const char *line);
    void *note_data;
    ThresholdWish wish;
    int64_t review_cost; /* cents: what an alert costs, for the report's cost curve */
    bool
        refit; /* read and learn once more, from the judging rows too, when all that is judged is */
} TrainJob;

typedef struct TrainedMember {
    ModelKind kind;
    GBytes *file;
    double weight;       /* of its margin in the score */
    Judgement judgement; /* of its own score */
    GArray *params;      /* TrainParam: those in force */
} TrainedMember;

typedef struct TrainResult {
    TrainedMember members[MODEL_MEMBERS_MAX];
    size_t member_count;
    double bias;       /* added to the weighted margins */
    GBytes *suspicion; /* the first stage's file */
    size_t rows, frauds,
        valid_rows; /* of the judgement: labelled transactions that trained, and that judged */
    int64_t first_time, last_time; /* of the training rows, seconds */
    Judgement judgement;           /* of all members together */
    double seconds;                /* from first read to last tree, and judged */
    Report *report;
    ReportLayer *layers; /* the report's, of a network */
} TrainResult;

/* Fills *result, or returns false with *error in one line. Several members are stacked (stack.h) on
 * the rows that judge: no member has been fitted to them, and of the stack it is one number a
 * member and one more. Memory: the data set's and the hungriest trainer's. */
bool train_model(const TrainJob *job, TrainResult *result, GError **error);
void train_result_clear(TrainResult *result);
