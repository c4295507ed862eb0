/* Gradient boosting through libxgboost's C API: from a matrix to a model in XGBoost's own JSON. */
#pragma once

#include "train/matrix.h"
#include "train/param.h"

/* Called after every round. */
typedef void BoosterProgress(void *data, int round, int rounds);

/* Told of a round (numbered from 1): the probabilities that the trees up to it give the rows from
 * row_limit on. They die with the call. */
typedef void BoosterStep(void *data, int round, const float *probabilities, size_t rows);

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
    BoosterStep *step; /* may be NULL; told of no more than BOOSTER_STEPS_MAX rounds, the first and
                          the last among them, and of none where row_limit leaves no rows */
    void *step_data;
} BoosterJob;

enum { BOOSTER_STEPS_MAX = 100 };

/* Trains and returns the model's JSON, or NULL with *error in one line; a parameter that XGBoost
 * does not know is an error. One training at a time in a process: libxgboost's log has one
 * listener. */
GBytes *booster_train(const BoosterJob *job, GError **error);

/* What XGBoost says of each feature of a model of booster_train ("gain", "weight": its
 * importance_type) into out[0..columns); 0 for a feature that no split is on. False with *error. */
bool booster_importance(GBytes *json, const char *type, const char *const *feature_names,
                        size_t columns, double *out, GError **error);
