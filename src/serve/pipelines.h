/* Pipelines over HTTP: list, run, watch, cancel, resume. What a pipeline is, is known to a room
 * above (src/pipeline/), which is handed in as a PipelinesBackend; here are the calls, the answers'
 * statuses, and a worker with a thread of its own, as calls read files and start processes. */
#pragma once

#include "base/json.h"
#include "serve/audit.h"
#include "serve/side_worker.h"

enum {
    PIPELINES_QUEUE_MAX = 64, /* calls that wait */
    PIPELINES_RUNS_MAX = 200, /* runs in one list */
    PIPELINES_RUNS_DEFAULT = 50,
};

typedef enum PipelinesTask {
    PIPELINES_LIST,
    PIPELINES_RUNS,
    PIPELINES_SHOW,
    PIPELINES_LOG,
    PIPELINES_RUN, /* this and those behind it change something */
    PIPELINES_CANCEL,
    PIPELINES_RESUME,
} PipelinesTask;

/* What is asked for. */
struct PipelinesCall {
    PipelinesTask task;
    char *pipeline;   /* that is run; of a list of runs, or NULL for all */
    char *run;        /* the run's name, where there is one already */
    char *step;       /* of PIPELINES_LOG */
    uint64_t from;    /* the same: the byte to begin at */
    size_t limit;     /* of a list of runs */
    GPtrArray *set;   /* of PIPELINES_RUN: char *, "NAME=VALUE", NULL-terminated */
    char *by;         /* who asks for a change */
    const char *role; /* and in which role: a constant */
};

void pipelines_call_free(PipelinesCall *call); /* NULL is allowed */

/* Reads the body of a change, {"arguments": {"NAME": "VALUE"}} where a pipeline is run and {}
 * otherwise, into call->set. Returns NULL, or what is wrong with it, and then *status. */
const char *pipelines_call_read(JsonParser *parser, Str body, PipelinesCall *call,
                                unsigned *status);

typedef enum PipelinesOutcome {
    PIPELINES_DONE,
    PIPELINES_MISSING, /* there is none of that name */
    PIPELINES_WRONG,   /* what is asked for cannot be */
    PIPELINES_BUSY,    /* not as things are */
    PIPELINES_FAILED,  /* something is wrong here, not with the call */
} PipelinesOutcome;

typedef struct PipelinesAnswer {
    GString *body; /* JSON, empty before */
    char *subject; /* of a change that was done: "PIPELINE/RUN", g_malloc'ed */
} PipelinesAnswer;

typedef struct PipelinesBackend {
    /* Answers a call, on the worker's thread; *error in one line unless it is done. */
    PipelinesOutcome (*answer)(void *data, const PipelinesCall *call, PipelinesAnswer *answer,
                               GError **error);
    void (*tick)(void *data); /* once a second, on the worker's thread */
    /* Appends its metrics in Prometheus' text format, without waiting; from any thread. */
    void (*write_metrics)(void *data, GString *out);
    void *data;
} PipelinesBackend;

typedef struct Pipelines Pipelines;

/* Starts the thread. `backend` is copied, its data borrowed, and so is `audit`, where changes are
 * told. */
Pipelines *pipelines_new(const PipelinesBackend *backend, Audit *audit);

/* The pipelines as the HTTP API sees them: they take jobs of JOB_PIPELINES. */
Worker *pipelines_worker(Pipelines *pipelines);

void pipelines_write_metrics(Pipelines *pipelines, GString *out);

/* Answers what waits, takes no more and ends the thread. NULL is allowed. */
void pipelines_stop(Pipelines *pipelines);

/* After pipelines_stop. NULL is allowed. */
void pipelines_free(Pipelines *pipelines);
