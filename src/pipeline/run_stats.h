/* How the kept runs of one pipeline went. */
#pragma once

#include "pipeline/run_record.h"

typedef struct RunStats {
    guint by_state[RUN_STATES]; /* runs */
    guint runs;                 /* all of them */
    double success_ratio;       /* of those that succeeded, failed or were interrupted; NaN: none */
    double seconds_median;      /* of those that succeeded; NaN: none */
    double seconds_last;        /* of the latest that ended; NaN: none */
    int64_t last_success;       /* when the latest of them ended, microseconds; 0: never */
    double training_seconds;    /* of the latest step that made a model; NaN: none */
    const char *model;          /* which it made: the runs' */
    const Run *last;            /* the latest run; NULL: none */
} RunStats;

/* `runs` (Run *), the latest first, may be of any pipelines; the stats live as long as they. */
RunStats run_stats(const GPtrArray *runs, const char *pipeline);
