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
    RUNS_KEPT = 200,                /* the oldest beyond these go when another is made */
    RUN_RECORD_BYTES_MAX = 4 << 20, /* more than the longest that a definition allows */
    RUN_BY_MAX = 100,               /* bytes of the name of who asked for it */
    RUN_ID_LEN = 22,                /* "20261124-223011-012345", the time it was made, UTC */
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
    char *model, *version;  /* that it made; NULL where it made none */
} RunStep;

typedef struct Run {
    char *id, *pipeline;
    char *by; /* who asked for it; NULL where that is not known */
    char *dir;
    char *folder; /* that its steps run in: absolute, the one in which it was first started */
    GPtrArray *arguments; /* char *, pairs of name and value */
    GPtrArray *steps;     /* RunStep *, in the order in which they are run */
    RunState state;
    int64_t created, started, ended; /* as a step's */
    int attempt;                     /* from 1; one more each time that it is resumed */
    guint parallel;                  /* steps that run at the same time at most */
    int lock;                        /* -1 where another may have it */
} Run;

/* Lets go of the lock too. */
void run_free(Run *run);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Run, run_free)

/* A new run under `data_dir`, which is made if it is not there; locked, waiting, written. `by`, or
 * NULL, is the name of who asked for it. NULL with *error, which is PIPELINE_ERROR_ARGUMENT where
 * the arguments make a command that may not be. */
Run *run_new(const char *data_dir, const Pipeline *pipeline, const GPtrArray *arguments,
             const char *by, GError **error);

/* Reads a run, the latest where `id` is NULL; not locked. NULL with *error. */
Run *run_open(const char *data_dir, const char *id, GError **error);

/* Whether there is something to go on with: it is not running and did not succeed. False with
 * *error, PIPELINE_ERROR_BUSY. */
bool run_may_resume(const Run *run, GError **error);

/* Reads a run that ended without success and locks it, to be gone on with: the steps that did not
 * succeed are waiting again. PIPELINE_ERROR_BUSY when it succeeded or is running. */
Run *run_open_again(const char *data_dir, const char *id, GError **error);

/* The runs (Run *, with run_free), the latest first, at most `most`. Records that cannot be read
 * are left out; run_open tells why. */
GPtrArray *runs_list(const char *data_dir, guint most);

/* The runs' names, the latest first; g_free'd by the array. */
GPtrArray *runs_ids(const char *data_dir);

/* Which writing of a run's record is on the disk. */
typedef struct RunStamp {
    int64_t seconds, nanoseconds; /* times alone do not tell two writings of one moment apart */
    uint64_t inode;
} RunStamp;

/* All 0 where there is none. */
RunStamp run_stamp(const char *data_dir, const char *id);

/* The file, among the runs, that whoever runs the schedule locks: open, not locked; -1 with errno.
 */
int runs_open_schedule_lock(const char *data_dir);

/* The latest run that `fits`, or where there is none the latest; NULL where there is no run at all.
 * The caller frees its id. */
char *runs_latest(const char *data_dir, bool (*fits)(const Run *run));
bool run_is_alive(const Run *run);
bool run_stopped_short(const Run *run); /* it can be resumed */

/* Writes the record of a locked run. False with *error. */
bool run_save(const Run *run, GError **error);

/* Asks whoever runs it to end it; he looks several times a second. */
bool run_ask_cancel(const Run *run, GError **error);
bool run_cancel_asked(const Run *run);
void run_forget_cancel(const Run *run);

/* The path of a step's log, which the caller frees. */
char *run_log_path(const Run *run, const RunStep *step);

/* The last line of a step's log that is not empty, at most 200 bytes of it; the caller frees it.
 * NULL when there is none. */
char *run_last_line(const Run *run, const RunStep *step);

/* What a step says of itself in files beside its log: how far it is, and which model it made. Each
 * path is the caller's. */
char *run_progress_path(const Run *run, const RunStep *step);
char *run_model_path(const Run *run, const RunStep *step);

/* The step of that name, or NULL. */
RunStep *run_find_step(const Run *run, const char *name);

/* The step that tells why the run is not done: one that failed or was ended before one that runs,
 * and that before one that waits. NULL when all succeeded. */
const RunStep *run_stopped_at(const Run *run);

/* The last step that made a model; NULL when none did. */
const RunStep *run_model_step(const Run *run);

/* Seconds from a start to an end, or till now; negative when it has not been started. */
double run_seconds(int64_t started, int64_t ended);

/* Appends a time as JSON: "2026-11-24T22:38:18Z", or null for 0. */
void run_write_time(GString *out, int64_t us);

/* Appends the run as a JSON object: docs/pipelines.md tells its members. */
void run_write_json(const Run *run, GString *out);
