/* Runs a pipeline's run: a step after the other, each a child of ours that is haechi itself. What a
 * step says goes into its log, card numbers masked. A step dies with us, however we die. */
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

/* Runs the waiting steps of a locked run in their order until one does not succeed or the run is
 * cancelled, by go_on or by run_ask_cancel. Its state tells what became of it. False with *error
 * only when a record, a log or a process could not be had; the run has then failed. Children are
 * ended with the calling thread, which must therefore live on until this returns. */
bool run_execute(Run *run, const RunWatch *watch, GError **error);

/* The last line of a step's log that is not empty, at most 200 bytes of it; the caller frees it.
 * NULL when there is none. */
char *run_last_line(const Run *run, const RunStep *step);
