#include "pipeline/run_metrics.h"

#include "pipeline/run_stats.h"
#include <math.h>
#include <string.h>

struct RunMetrics {
    GHashTable *counted; /* id: attempt, of the tries that are in `ended` or of before the start */
    GHashTable *ended;   /* pipeline: guint64[RUN_STATES], tries that ended since the start */
};

RunMetrics *run_metrics_new(void) {
    RunMetrics *metrics = g_new0(RunMetrics, 1);
    metrics->counted = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    metrics->ended = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
    return metrics;
}

void run_metrics_free(RunMetrics *metrics) {
    if (!metrics) return;
    g_hash_table_unref(metrics->counted);
    g_hash_table_unref(metrics->ended);
    g_free(metrics);
}

static const RunState outcomes[] = {RUN_SUCCEEDED, RUN_FAILED, RUN_CANCELLED, RUN_INTERRUPTED};

/* The tries of the pipeline that ended since the start. */
static guint64 *ended_of(RunMetrics *metrics, const char *pipeline) {
    guint64 *counts = g_hash_table_lookup(metrics->ended, pipeline);
    if (counts) return counts;
    counts = g_new0(guint64, RUN_STATES);
    g_hash_table_insert(metrics->ended, g_strdup(pipeline), counts);
    return counts;
}

typedef double Value(const RunStats *stats);

static double value_of_ratio(const RunStats *stats) {
    return stats->success_ratio;
}

static double value_of_last(const RunStats *stats) {
    return stats->seconds_last;
}

static double value_of_success(const RunStats *stats) {
    return stats->last_success ? (double)stats->last_success / G_USEC_PER_SEC : NAN;
}

static double value_of_training(const RunStats *stats) {
    return stats->training_seconds;
}

static double value_of_running(const RunStats *stats) {
    return stats->by_state[RUN_WAITING] + stats->by_state[RUN_RUNNING];
}

static const struct {
    const char *name, *help;
    Value *value;
} gauges[] = {
    {"running", "Runs under way.", value_of_running},
    {"success_ratio", "Of the kept runs that were not cancelled, those that succeeded.",
     value_of_ratio},
    {"last_duration_seconds", "How long the latest run took that ended.", value_of_last},
    {"last_success_timestamp_seconds", "When the latest run that succeeded ended.",
     value_of_success},
    {"training_seconds", "How long the latest step took that made a model.", value_of_training},
};

static void add_head(GString *out, const char *name, const char *type, const char *help) {
    g_string_append_printf(out, "# HELP haechi_pipeline_%s %s\n# TYPE haechi_pipeline_%s %s\n",
                           name, help, name, type);
}

/* Names of pipelines are letters, digits, '_' and '-': labels as they are. */
static void add_totals(GString *out, RunMetrics *metrics, const char *pipeline) {
    const guint64 *ended = ended_of(metrics, pipeline);
    for (size_t i = 0; i < G_N_ELEMENTS(outcomes); i++)
        g_string_append_printf(
            out,
            "haechi_pipeline_runs_total{pipeline=\"%s\",outcome=\"%s\"} %" G_GUINT64_FORMAT "\n",
            pipeline, run_state_name(outcomes[i]), ended[outcomes[i]]);
}

static void add_gauge(GString *out, const char *name, const char *pipeline, double value) {
    char text[G_ASCII_DTOSTR_BUF_SIZE];
    if (isnan(value)) return;
    g_ascii_formatd(text, sizeof text, "%.15g", value);
    g_string_append_printf(out, "haechi_pipeline_%s{pipeline=\"%s\"} %s\n", name, pipeline, text);
}

static void write_gauges(const GPtrArray *runs, char **names, GString *out) {
    for (size_t g = 0; g < G_N_ELEMENTS(gauges); g++) {
        add_head(out, gauges[g].name, "gauge", gauges[g].help);
        for (char **name = names; *name; name++) {
            const RunStats stats = run_stats(runs, *name);
            add_gauge(out, gauges[g].name, *name, gauges[g].value(&stats));
        }
    }
}

static int by_name(const void *a, const void *b) {
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* The names of all pipelines that are known, in order, NULL-terminated; the metrics' own. */
static GPtrArray *names_of(const RunMetrics *metrics) {
    GPtrArray *names = g_ptr_array_new();
    GHashTableIter each;
    void *name;
    g_hash_table_iter_init(&each, metrics->ended);
    while (g_hash_table_iter_next(&each, &name, NULL))
        g_ptr_array_add(names, name);
    g_ptr_array_sort(names, by_name);
    g_ptr_array_add(names, NULL);
    return names;
}

void run_metrics_know(RunMetrics *metrics, const char *pipeline) {
    ended_of(metrics, pipeline);
}

void run_metrics_count(RunMetrics *metrics, const GPtrArray *runs, bool first) {
    GHashTable *counted = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    for (guint i = 0; i < runs->len; i++) {
        const Run *run = g_ptr_array_index(runs, i);
        int known = GPOINTER_TO_INT(g_hash_table_lookup(metrics->counted, run->id));
        guint64 *ended = ended_of(metrics, run->pipeline);
        if (run->state > RUN_RUNNING && known < run->attempt) {
            if (!first) ended[run->state]++;
            known = run->attempt;
        }
        g_hash_table_insert(counted, g_strdup(run->id), GINT_TO_POINTER(known));
    }
    g_hash_table_unref(metrics->counted);
    metrics->counted = counted;
}

void run_metrics_write(RunMetrics *metrics, const GPtrArray *runs, GString *out) {
    g_autoptr(GPtrArray) sorted = names_of(metrics);
    char **names = (char **)sorted->pdata;
    add_head(out, "runs_total", "counter",
             "Runs that ended since the service's start; one that was resumed counts again.");
    for (char **name = names; *name; name++)
        add_totals(out, metrics, *name);
    write_gauges(runs, names, out);
}
