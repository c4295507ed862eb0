/* A trained version's folder as a run in MLflow: the parameters, the metrics and what else its
 * manifest says, the training curve of its report where there is one, its files as artifacts, and
 * the version in the registry. All of it is read from the folder, so that it can be sent at any
 * time, and sent again: a run that was begun is found by its tags and completed, and one that is
 * complete is left as it is. */
#pragma once

#include "io/mlflow.h"

enum {
    MLFLOW_RECORD_REPORT_MAX = 16 << 20, /* bytes of report.json */
    MLFLOW_RECORD_STEPS_MAX = 100000,    /* points of all training curves */
    MLFLOW_RECORD_FILES_MAX = 200,
};

/* Where in a run's artifacts the folder's files are, and what a newly registered version is called
 * until somebody promotes it. */
#define MLFLOW_RECORD_ARTIFACTS "model"
#define MLFLOW_RECORD_ALIAS     "challenger"

typedef struct MlflowRecorded {
    char *name;    /* of the model */
    char *version; /* MLflow's number of it */
    char *run;
    bool already; /* it was all there */
} MlflowRecorded;

void mlflow_recorded_clear(MlflowRecorded *recorded);

/* `ended` is when the training ended, in milliseconds since the epoch. False with *error in one
 * line (of MLFLOW_ERROR); what was sent until then is kept. */
bool mlflow_record(Mlflow *mlflow, const char *dir, const char *experiment, int64_t ended,
                   MlflowRecorded *out, GError **error);

/* The folder's files that go to MLflow, as names: those that are regular and not hidden, in order;
 * NULL with *error when it cannot be read or they are too many. */
GPtrArray *mlflow_record_files(const char *dir, GError **error);

/* Name and version that the folder's manifest says; the caller frees both. */
bool mlflow_record_identity(const char *dir, char **name, char **version, GError **error);
