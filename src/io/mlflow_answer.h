/* Reading an MLflow server's answers, none of which is trusted: an id, a version, a location or a
 * file's name is taken only where it has the form of one, so that it can be put into an address and
 * a path. */
#pragma once

#include "base/json.h"

#include <glib.h>

enum {
    MLFLOW_ID_MAX = 64,
    MLFLOW_LOCATION_MAX = 1024,
    MLFLOW_FILES_MAX = 256, /* in one folder of artifacts */
};

typedef struct MlflowRun {
    char *id;        /* [A-Za-z0-9_-]+, as all ids */
    char *artifacts; /* its location: printable ASCII without spaces, no ".." in its path */
    bool finished, deleted;
} MlflowRun;

typedef struct MlflowVersion {
    char *version; /* decimal digits */
    char *run;     /* NULL where it was not made from one */
} MlflowVersion;

typedef struct MlflowFile {
    char *name; /* no slash, and no dot at its beginning; printable ASCII */
    bool is_folder;
} MlflowFile;

void mlflow_run_clear(MlflowRun *run);
void mlflow_version_clear(MlflowVersion *version);

/* Of the answer to experiments/create, or experiments/get-by-name: its id, or NULL. */
char *mlflow_read_experiment(JsonValue root, bool *deleted);

/* {"run": ...} of runs/create. */
bool mlflow_read_run(JsonValue root, MlflowRun *out);

/* {"runs": [...]} of runs/search: the first; out->id is NULL where there is none. */
bool mlflow_read_first_run(JsonValue root, MlflowRun *out);

/* {"model_version": ...}. */
bool mlflow_read_version(JsonValue root, MlflowVersion *out);

/* {"model_versions": [...]}: the first; out->version is NULL where there is none. */
bool mlflow_read_first_version(JsonValue root, MlflowVersion *out);

/* {"artifact_uri": ...}; the caller frees it; NULL where it is none. */
char *mlflow_read_location(JsonValue root);

/* {"files": [...]}: of MlflowFile; NULL where one is not as it should be, or they are too many. */
GPtrArray *mlflow_read_files(JsonValue root);

/* {"error_code": ..., "message": ...}: views, empty where there is none. */
void mlflow_read_error(JsonValue root, Str *code, Str *message);
