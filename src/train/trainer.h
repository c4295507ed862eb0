/* A family of models, as training sees it: one small struct each, so that a new family is a file
 * and its trainer. */
#pragma once

#include "model/model_member.h"
#include "train/dataset.h"
#include "train/param.h"

typedef struct FitJob {
    const TrainParam *params; /* over the trainer's defaults; later ones override earlier ones */
    size_t param_count;
    const char *python;      /* the interpreter of families that train in Python; NULL: find one */
    TrainProgress *progress; /* may be NULL */
    void *progress_data;
} FitJob;

typedef struct Trainer {
    ModelKind kind;
    const char *threads_param; /* which parameter is the number of threads */

    /* Whether the parameters will do, said before the data is read: false with *error in one line
     * that names the one which will not. */
    bool (*check)(const FitJob *job, GError **error);

    /* Learns from the training rows. Returns the member's file, and in *params the parameters in
     * force (GArray of TrainParam, the caller's); or NULL with *error in one line. */
    GBytes *(*fit)(const FitJob *job, const Dataset *data, GArray **params, GError **error);
} Trainer;
