/* A family of models, as training sees it: one small struct each, so that a new family is a file
 * and its trainer. */
#pragma once

#include "model/model_member.h"
#include "train/dataset.h"
#include "train/param.h"

/* Told of each round or epoch (from 1) that is measured: `metric` says what and on what, such as
 * "average precision, judging". */
typedef void TrainStep(void *data, const char *metric, int step, double value);

typedef struct FitJob {
    const TrainParam *params; /* over the trainer's defaults; later ones override earlier ones */
    size_t param_count;
    const char *python;      /* the interpreter of families that train in Python; NULL: find one */
    TrainProgress *progress; /* may be NULL */
    void *progress_data;
    TrainStep *step; /* may be NULL */
    void *step_data;
    void (*note)(void *data, const char *line); /* of news on the way; may be NULL */
    void *note_data;
} FitJob;

/* What a library itself says of each feature's part in a member: feature_count() values. */
typedef struct TrainImportance {
    double *gain;   /* mean gain of the splits on it, in the units of the library's loss */
    double *splits; /* number of splits on it */
} TrainImportance;

typedef struct Trainer {
    ModelKind kind;
    const char *threads_param; /* which parameter is the number of threads */

    /* Whether the parameters will do, said before the data is read: false with *error in one line
     * that names the one which will not. */
    bool (*check)(const FitJob *job, GError **error);

    /* Learns from the training rows. Returns the member's file, and in *params the parameters in
     * force (GArray of TrainParam, the caller's); or NULL with *error in one line. */
    GBytes *(*fit)(const FitJob *job, const Dataset *data, GArray **params, GError **error);

    /* Fills both arrays of *out; false with *error in one line. NULL where the family has none. */
    bool (*importance)(GBytes *member, const TrainImportance *out, GError **error);
} Trainer;
