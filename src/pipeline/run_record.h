/* The record of a pipeline's run: a folder DATA/pipelines/ID with a key file, which is replaced
 * whole at every change and synced, and a log a step. It holds the steps' commands as they are run,
 * so that a run can go on though the pipeline has been changed since.
 *
 * Whoever runs it holds a lock on the folder's `lock`. The kernel drops it when he dies, however he
 * dies: a record that says it is running while nobody holds the lock is of a run that was
 * interrupted, and is read as such. */
#pragma once

#include "pipeline/definition.h"
#include <stdint.h>

enum {
    RUNS_KEPT = 200, /* the oldest beyond these go when another is made */
    RUN_RECORD_BYTES_MAX = 4 << 20,
    RUN_ID_LEN = 22, /* "20261124-223011-012345", the time it was made, UTC */
};

typedef enum RunState {
    RUN_WAITING,
    RUN_RUNNING,
    RUN_SUCCEEDED,
    RUN_FAILED,
    RUN_CANCELLED,
    RUN_INTERRUPTED, /* its runner died */
    RUN_STATES
} RunState;

const char *run_state_name(RunState state);

typedef struct RunStep {
    char *name;
    char **words, **after;
    RunState state;
    int64_t started, ended; /* microseconds since the epoch, of the last try; 0: not yet */
    int status;             /* exit status; -1: none */
    int signal;             /* that ended it; 0: none */
} RunStep;

typedef struct Run {
    char *id, *pipeline;
    char *dir;
    char *folder; /* that its steps run in: absolute, the one in which it was first started */
    GPtrArray *arguments; /* char *, pairs of name and value */
    GPtrArray *steps;     /* RunStep *, in the order in which they are run */
    RunState state;
    int64_t created, started, ended; /* as a step's */
    int attempt;                     /* from 1; one more each time that it is resumed */
    int lock;                        /* -1 where another may have it */
} Run;

/* Lets go of the lock too. */
void run_free(Run *run);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Run, run_free)

/* A new run under `data_dir`, which is made if it is not there; locked, waiting, written. NULL with
 * *error. */
Run *run_new(const char *data_dir, const Pipeline *pipeline, const GPtrArray *arguments,
             GError **error);

/* Reads a run, the latest where `id` is NULL; not locked. NULL with *error. */
Run *run_open(const char *data_dir, const char *id, GError **error);

/* Reads a run that ended without success and locks it, to be gone on with: the steps that did not
 * succeed are waiting again. PIPELINE_ERROR_BUSY when it succeeded or is running. */
Run *run_open_again(const char *data_dir, const char *id, GError **error);

/* The runs (Run *, with run_free), the latest first, at most `most`. Records that cannot be read
 * are left out; run_open tells why. */
GPtrArray *runs_list(const char *data_dir, guint most);

/* Writes the record of a locked run. False with *error. */
bool run_save(const Run *run, GError **error);

/* Asks whoever runs it to end it; he looks several times a second. */
bool run_ask_cancel(const Run *run, GError **error);
bool run_cancel_asked(const Run *run);
void run_forget_cancel(const Run *run);

/* The path of a step's log, which the caller frees. */
char *run_log_path(const Run *run, const RunStep *step);

/* Seconds from a start to an end, or till now; negative when it has not been started. */
double run_seconds(int64_t started, int64_t ended);

/* Appends the run as a JSON object: docs/pipelines.md tells its members. */
void run_write_json(const Run *run, GString *out);
