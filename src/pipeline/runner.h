/* Runs a pipeline's run: each step as a child of ours that is haechi itself, those that wait for
 * nothing at the same time. What a step says goes into its log, card numbers masked. A step dies
 * with us, however we die. */
#pragma once

#include "pipeline/run_record.h"

enum {
    RUN_LOG_BYTES_MAX = 4 << 20, /* of a step; what comes then is dropped */
    RUN_GRACE_SECONDS = 5,       /* from SIGTERM to SIGKILL */
};

/* Who looks on. Each may be NULL. */
typedef struct RunWatch {
    void (*changed)(void *data, const Run *run, const RunStep *step); /* a step began or ended */
    bool (*go_on)(void *data); /* false, once and for all: cancel. Asked several times a second */
    void *data;
} RunWatch;

/* Runs the waiting steps of a locked run, each when those it waits for have succeeded, until one
 * does not or the run is cancelled, by go_on or by run_ask_cancel. Where one fails, those that run
 * beside it go on to their end, and no other is begun. Its state tells what became of it. False
 * with *error only when a record, a log or a process could not be had; the run has then failed.
 * Children are ended with the calling thread, which must therefore live on until this returns. */
bool run_execute(Run *run, const RunWatch *watch, GError **error);
