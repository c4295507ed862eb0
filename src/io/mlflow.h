/* A client of an MLflow tracking server's REST API (2.0, as MLflow 2.3 and later have it): runs
 * with their parameters, metrics and tags, artifacts by way of the server's proxy, and the model
 * registry. Every error is one line that names the server and what was being done, and shows no
 * secret. Nothing is tried again: whoever asks is there to ask again. One thread at a time. */
#pragma once

#include "io/mlflow_answer.h"

enum {
    MLFLOW_ANSWER_MAX = 4 << 20, /* bytes of a JSON answer; a longer one is an error */
    MLFLOW_FILE_MAX = 512 << 20, /* bytes of an artifact, sent or received */
    MLFLOW_CONNECT_SECONDS = 5,
    MLFLOW_SILENT_SECONDS = 15, /* without a byte either way, and it is away */
    MLFLOW_ASK_SECONDS = 60,    /* for a question, from its first byte sent to its last read */
    MLFLOW_FILE_SECONDS = 600,  /* for an artifact */
    /* MLflow's own limits of a log-batch request, and of texts, in bytes. */
    MLFLOW_BATCH_METRICS = 1000,
    MLFLOW_BATCH_PAIRS = 100, /* parameters, and tags */
    MLFLOW_KEY_MAX = 250,
    MLFLOW_PARAM_MAX = 500, /* that of servers older than 2.8, too */
    MLFLOW_TAG_MAX = 5000,
};

#define MLFLOW_ERROR mlflow_error_quark()
GQuark mlflow_error_quark(void);
typedef enum MlflowError {
    MLFLOW_ERROR_SETTING,     /* address, user, token or certificates: nothing was sent */
    MLFLOW_ERROR_AWAY,        /* no connection, no answer in time, or it asks to try again */
    MLFLOW_ERROR_CREDENTIALS, /* user and password, or token, are wrong or may not do this */
    MLFLOW_ERROR_MISSING,     /* what was asked for is not there */
    MLFLOW_ERROR_EXISTS,      /* what was to be made is there already */
    MLFLOW_ERROR_REFUSED,     /* it does not take the question */
    MLFLOW_ERROR_ANSWER,      /* what answered is no MLflow, or not one to trust */
    MLFLOW_ERROR_FILE,        /* a file here cannot be read or written */
} MlflowError;

/* The caller's texts. */
typedef struct MlflowOptions {
    const char *uri;                 /* "http://127.0.0.1:5000", or https; NULL: there is none */
    const char *username, *password; /* both, or neither */
    const char *token;               /* of no use beside a user name */
    const char *certificates;        /* to trust, a PEM file or a folder; NULL: the system's */
    int64_t deadline;         /* g_get_monotonic_time() after which nothing is asked; 0 for none */
    const _Atomic bool *stop; /* set by another thread: what is under way ends within about a
                                 second, as if the server were away. Borrowed; NULL for none */
} MlflowOptions;

/* Reads what MLflow's own clients know: MLFLOW_TRACKING_URI, MLFLOW_TRACKING_USERNAME and
 * MLFLOW_TRACKING_PASSWORD, MLFLOW_TRACKING_TOKEN, MLFLOW_TRACKING_SERVER_CERT_PATH. With
 * MLFLOW_TRACKING_INSECURE_TLS set it is an error (MLFLOW_ERROR_SETTING). */
bool mlflow_options_read(MlflowOptions *out, GError **error);

typedef struct Mlflow Mlflow;

/* Copies all of `options`; connects to nothing yet. */
Mlflow *mlflow_new(const MlflowOptions *options, GError **error);
void mlflow_free(Mlflow *mlflow); /* NULL is allowed */
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Mlflow, mlflow_free)

/* "http://127.0.0.1:5000", for messages: no secret is in it. */
const char *mlflow_address(const Mlflow *mlflow);

/* The id of the experiment, made when there is none, which the caller frees; NULL with *error. */
char *mlflow_experiment(Mlflow *mlflow, const char *name, GError **error);

typedef struct MlflowPair {
    const char *key, *value;
} MlflowPair;

typedef struct MlflowMetric {
    const char *key;
    double value; /* one that is not finite is left out */
    int64_t time; /* milliseconds since the epoch */
    int64_t step;
} MlflowMetric;

/* The newest run of the experiment, a deleted one too, whose tags have these values (which hold no
 * quotes); out->id is NULL where there is none. */
bool mlflow_run_find(Mlflow *mlflow, const char *experiment, const MlflowPair *tags, size_t count,
                     MlflowRun *out, GError **error);

/* `tags` may be many; `start` in milliseconds. */
bool mlflow_run_create(Mlflow *mlflow, const char *experiment, const char *name, int64_t start,
                       const MlflowPair *tags, size_t count, MlflowRun *out, GError **error);

/* Adds to a run, in as many requests as it takes. Characters that MLflow does not take in a key
 * become '_', and a text that is too long is cut. Logged twice, each counts once. */
bool mlflow_log_params(Mlflow *mlflow, const char *run, const MlflowPair *params, size_t count,
                       GError **error);
bool mlflow_log_metrics(Mlflow *mlflow, const char *run, const MlflowMetric *metrics, size_t count,
                        GError **error);
bool mlflow_log_tags(Mlflow *mlflow, const char *run, const MlflowPair *tags, size_t count,
                     GError **error);

/* The run is FINISHED, at `end` milliseconds. */
bool mlflow_run_finish(Mlflow *mlflow, const char *run, int64_t end, GError **error);

/* Artifacts: `folder` is a location such as a run's `artifacts`, or one below it, that the server's
 * proxy serves ("mlflow-artifacts:/1/RUN/artifacts"); any other is an error. */
bool mlflow_put(Mlflow *mlflow, const char *folder, const char *name, const char *path,
                GError **error);
/* Of MlflowFile; the caller unrefs it. */
GPtrArray *mlflow_files(Mlflow *mlflow, const char *folder, GError **error);
/* Into a new file; what was received of one that failed is removed. */
bool mlflow_get(Mlflow *mlflow, const char *folder, const char *name, const char *path,
                GError **error);

/* Sees to it that there is a registered model of the name. */
bool mlflow_model_create(Mlflow *mlflow, const char *name, GError **error);

/* The version that was made from the run; out->version is NULL where there is none. */
bool mlflow_version_of_run(Mlflow *mlflow, const char *name, const char *run, MlflowVersion *out,
                           GError **error);
bool mlflow_version_create(Mlflow *mlflow, const char *name, const char *run, const char *source,
                           const MlflowPair *tags, size_t count, MlflowVersion *out,
                           GError **error);

/* The version that the alias means, or that has the number. */
bool mlflow_version_by_alias(Mlflow *mlflow, const char *name, const char *alias,
                             MlflowVersion *out, GError **error);
bool mlflow_version_get(Mlflow *mlflow, const char *name, const char *version, MlflowVersion *out,
                        GError **error);

/* Where the version's files are; the caller frees it. */
char *mlflow_version_folder(Mlflow *mlflow, const char *name, const char *version, GError **error);

bool mlflow_alias_set(Mlflow *mlflow, const char *name, const char *alias, const char *version,
                      GError **error);
