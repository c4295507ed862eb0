/* What of the runs goes to Prometheus: how many ended since the start, and of the kept ones how
 * well and how fast they went. One thread at a time. */
#pragma once

#include "pipeline/run_record.h"

typedef struct RunMetrics RunMetrics;

RunMetrics *run_metrics_new(void);
void run_metrics_free(RunMetrics *metrics);

/* So that a pipeline that was not run yet is there, with 0. */
void run_metrics_know(RunMetrics *metrics, const char *pipeline);

/* Counts the tries among `runs` that have ended since the last call; `first`: those of before the
 * start are only made known. To be called often enough that no run is pruned before. */
void run_metrics_count(RunMetrics *metrics, const GPtrArray *runs, bool first);

/* Appends all in Prometheus' text format; `runs`, the latest first, are the kept ones. */
void run_metrics_write(RunMetrics *metrics, const GPtrArray *runs, GString *out);
