/* Gradient boosting through libxgboost's C API: from a matrix to a model in XGBoost's own JSON. */
#pragma once

#include "train/matrix.h"
#include "train/param.h"

/* Called after every round. */
typedef void BoosterProgress(void *data, int round, int rounds);

typedef struct BoosterJob {
    const FeatureMatrix *matrix;
    uint8_t without_group;    /* leave this fold out; MATRIX_NO_GROUP leaves nothing out */
    size_t row_limit;         /* use the first `row_limit` rows only; 0 for all */
    const TrainParam *params; /* later ones override earlier ones */
    size_t param_count;
    int rounds;
    const char *const *feature_names; /* matrix->columns of them */
    BoosterProgress *progress;        /* may be NULL */
    void *progress_data;
} BoosterJob;

/* Trains and returns the model's JSON, or NULL with *error in one line; a parameter that XGBoost
 * does not know is an error. One training at a time in a process: libxgboost's log has one
 * listener. */
GBytes *booster_train(const BoosterJob *job, GError **error);
