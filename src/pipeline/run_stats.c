#include "pipeline/run_stats.h"

#include <math.h>
#include <string.h>

static int by_value(const void *a, const void *b) {
    const double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static double median(GArray *values) {
    if (values->len == 0) return NAN;
    g_array_sort(values, by_value);
    const guint half = values->len / 2;
    const double upper = g_array_index(values, double, half);
    return values->len % 2 ? upper : (g_array_index(values, double, half - 1) + upper) / 2;
}

/* Of what ended by itself: who cancels a run says nothing of the pipeline. */
static double success_ratio(const RunStats *stats) {
    const guint good = stats->by_state[RUN_SUCCEEDED];
    const guint all = good + stats->by_state[RUN_FAILED] + stats->by_state[RUN_INTERRUPTED];
    return all ? (double)good / all : NAN;
}

/* The run is an earlier one than those before. */
static void add(RunStats *stats, const Run *run, GArray *seconds) {
    const RunStep *trained = run_model_step(run);
    const double took = run->ended ? run_seconds(run->started, run->ended) : NAN;
    stats->runs++;
    stats->by_state[run->state]++;
    if (!stats->last) stats->last = run;
    if (isnan(stats->seconds_last)) stats->seconds_last = took;
    if (trained && !stats->model) {
        stats->model = trained->model;
        stats->training_seconds = run_seconds(trained->started, trained->ended);
    }
    if (run->state != RUN_SUCCEEDED) return;
    g_array_append_val(seconds, took);
    stats->last_success = MAX(stats->last_success, run->ended);
}

RunStats run_stats(const GPtrArray *runs, const char *pipeline) {
    RunStats stats = {.seconds_last = NAN, .training_seconds = NAN};
    g_autoptr(GArray) seconds = g_array_new(FALSE, FALSE, sizeof(double));
    for (guint i = 0; i < runs->len; i++) {
        const Run *run = g_ptr_array_index(runs, i);
        if (strcmp(run->pipeline, pipeline) == 0) add(&stats, run, seconds);
    }
    stats.success_ratio = success_ratio(&stats);
    stats.seconds_median = median(seconds);
    return stats;
}
