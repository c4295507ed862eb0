#include "pipeline/desk.h"

#include "base/json_write.h"
#include "pipeline/detached.h"
#include "pipeline/run_cache.h"
#include "pipeline/run_log.h"
#include "pipeline/run_metrics.h"
#include "pipeline/run_stats.h"
#include "pipeline/schedule.h"
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

enum { WAIT_US = 500000 }; /* between two looks at a run of the schedule */

struct PipelineDesk {
    char *data_dir, *file;
    RunCache *cache;    /* of the worker's thread */
    RunMetrics *counts; /* the same */
    char *wrong;        /* the same: what is wrong with the file, as told last; NULL: nothing */
    GMutex children;    /* held while a run is begun, whose process is waited for by its number */
    GMutex lock;        /* of what follows */
    GString *metrics;   /* as of the last second */
    /* The schedule. */
    GPtrArray *scheduled; /* Pipeline *, those that there are; NULL: it is not run */
    GThread *thread;
    _Atomic bool stopping;
};

/* Answers as JSON */

static void add_text(GString *out, const char *key, const char *text) {
    g_string_append_printf(out, "\"%s\":", key);
    if (text)
        json_write_str(out, str_from(text));
    else
        g_string_append(out, "null");
}

static void add_number(GString *out, const char *key, double value) {
    g_string_append_printf(out, ",\"%s\":", key);
    json_write_double(out, value, 6); /* null where it is none */
}

static void add_arguments(GString *out, const Pipeline *pipeline) {
    g_string_append(out, ",\"arguments\":[");
    for (guint i = 0; i < pipeline->arguments->len; i++) {
        const PipelineArgument *argument = g_ptr_array_index(pipeline->arguments, i);
        g_string_append(out, i > 0 ? ",{" : "{");
        add_text(out, "name", argument->name);
        g_string_append_c(out, ',');
        add_text(out, "value", argument->value);
        g_string_append_c(out, '}');
    }
    g_string_append_c(out, ']');
}

static void add_step(GString *out, const PipelineStep *step) {
    g_autofree char *words = g_strjoinv(" ", step->words);
    add_text(out, "name", step->name);
    g_string_append_c(out, ',');
    add_text(out, "run", words);
    g_string_append(out, ",\"after\":[");
    for (guint i = 0; i < step->after->len; i++) {
        if (i > 0) g_string_append_c(out, ',');
        json_write_str(out, str_from(g_ptr_array_index(step->after, i)));
    }
    g_string_append_c(out, ']');
}

static void add_steps(GString *out, const Pipeline *pipeline) {
    g_string_append(out, ",\"steps\":[");
    for (guint i = 0; i < pipeline->steps->len; i++) {
        g_string_append(out, i > 0 ? ",{" : "{");
        add_step(out, g_ptr_array_index(pipeline->steps, i));
        g_string_append_c(out, '}');
    }
    g_string_append_c(out, ']');
}

static void add_schedule(GString *out, const Pipeline *pipeline) {
    const char *zone = pipeline->zone ? g_time_zone_get_identifier(pipeline->zone) : NULL;
    g_string_append_c(out, ',');
    add_text(out, "schedule", pipeline->schedule);
    g_string_append_c(out, ',');
    add_text(out, "time_zone", zone);
    g_string_append(out, ",\"next\":");
    run_write_time(out,
                   pipeline_next(pipeline, g_get_real_time() / G_USEC_PER_SEC) * G_USEC_PER_SEC);
}

static void add_stats(GString *out, const RunStats *stats) {
    g_string_append(out, ",\"last_run\":");
    if (stats->last)
        run_write_json(stats->last, out);
    else
        g_string_append(out, "null");
    g_string_append_printf(out, ",\"runs\":%u,\"succeeded\":%u", stats->runs,
                           stats->by_state[RUN_SUCCEEDED]);
    add_number(out, "success_ratio", stats->success_ratio);
    add_number(out, "seconds_median", stats->seconds_median);
}

static void add_pipeline(GString *out, const Pipeline *pipeline, const GPtrArray *runs) {
    const RunStats stats = run_stats(runs, pipeline->name);
    g_string_append_c(out, '{');
    add_text(out, "name", pipeline->name);
    g_string_append_c(out, ',');
    add_text(out, "description", pipeline->description);
    add_arguments(out, pipeline);
    add_schedule(out, pipeline);
    add_steps(out, pipeline);
    add_stats(out, &stats);
    g_string_append_c(out, '}');
}

/* The calls. Each says whether it was done. */

typedef bool Task(PipelineDesk *desk, const PipelinesCall *call, PipelinesAnswer *answer,
                  GError **error);

/* A wrong file is asked for again and again by a page that is open: it is told of once, until what
 * is wrong with it changes. */
static void tell_wrong(PipelineDesk *desk, const GError *error) {
    const char *wrong = error ? error->message : NULL;
    if (g_strcmp0(desk->wrong, wrong) == 0) return;
    if (wrong) g_printerr("pipelines: %s\n", wrong);
    g_free(desk->wrong);
    desk->wrong = g_strdup(wrong);
}

static GPtrArray *read_pipelines(PipelineDesk *desk, GError **error) {
    GError *why = NULL;
    GPtrArray *pipelines = pipelines_read(desk->file, desk->data_dir, &why);
    tell_wrong(desk, g_error_matches(why, PIPELINE_ERROR, PIPELINE_ERROR_DEFINITION) ? why : NULL);
    if (why) g_propagate_error(error, why);
    return pipelines;
}

static bool list(PipelineDesk *desk, const PipelinesCall *call, PipelinesAnswer *answer,
                 GError **error) {
    (void)call;
    g_autoptr(GPtrArray) pipelines = read_pipelines(desk, error);
    if (!pipelines) return false;
    const GPtrArray *runs = run_cache_look(desk->cache);
    g_string_append(answer->body, "{\"pipelines\":[");
    for (guint i = 0; i < pipelines->len; i++) {
        if (i > 0) g_string_append_c(answer->body, ',');
        add_pipeline(answer->body, g_ptr_array_index(pipelines, i), runs);
    }
    g_string_append(answer->body, "]}");
    return true;
}

static bool list_runs(PipelineDesk *desk, const PipelinesCall *call, PipelinesAnswer *answer,
                      GError **error) {
    (void)error;
    const GPtrArray *runs = run_cache_look(desk->cache);
    size_t shown = 0;
    g_string_append(answer->body, "{\"runs\":[");
    for (guint i = 0; i < runs->len && shown < call->limit; i++) {
        const Run *run = g_ptr_array_index(runs, i);
        if (call->pipeline && strcmp(run->pipeline, call->pipeline) != 0) continue;
        if (shown++ > 0) g_string_append_c(answer->body, ',');
        run_write_json(run, answer->body);
    }
    g_string_append(answer->body, "]}");
    return true;
}

static bool show(PipelineDesk *desk, const PipelinesCall *call, PipelinesAnswer *answer,
                 GError **error) {
    g_autoptr(Run) run = run_open(desk->data_dir, call->run, error);
    if (run) run_write_json(run, answer->body);
    return run != NULL;
}

static bool show_log(PipelineDesk *desk, const PipelinesCall *call, PipelinesAnswer *answer,
                     GError **error) {
    g_autoptr(Run) run = run_open(desk->data_dir, call->run, error);
    if (!run) return false;
    const RunStep *step = run_find_step(run, call->step);
    if (!step) {
        g_set_error(error, PIPELINE_ERROR, PIPELINE_ERROR_MISSING, "run %s has no step '%.40s'",
                    run->id, call->step);
        return false;
    }
    /* Its state was read before the log: what ended then says no more. */
    const bool ended = step->state > RUN_RUNNING;
    const RunLogPiece piece = run_log_read(run, step, call->from);
    g_string_append(answer->body, "{\"text\":");
    json_write_str(answer->body, (Str){piece.text->str, piece.text->len});
    g_string_append_printf(answer->body,
                           ",\"from\":%" G_GUINT64_FORMAT ",\"to\":%" G_GUINT64_FORMAT
                           ",\"size\":%" G_GUINT64_FORMAT ",\"ended\":%s}",
                           piece.from, piece.to, piece.size,
                           ended && piece.to == piece.size ? "true" : "false");
    g_string_free(piece.text, TRUE);
    return true;
}

/* Begins a run. Nobody else waits for children meanwhile. */
static Run *begin_run(PipelineDesk *desk, const char *pipeline, const char *by,
                      const char *const *set, GError **error) {
    g_mutex_lock(&desk->children);
    Run *run = detached_run(desk->data_dir, desk->file, pipeline, by, set, error);
    g_mutex_unlock(&desk->children);
    return run;
}

/* Answers a change with the run as it is now. */
static bool answer_with(const Run *run, PipelinesAnswer *answer) {
    if (!run) return false;
    run_write_json(run, answer->body);
    answer->subject = g_strdup_printf("%s/%s", run->pipeline, run->id);
    return true;
}

static bool has_room(PipelineDesk *desk, GError **error) {
    const GPtrArray *runs = run_cache_look(desk->cache);
    guint alive = 0;
    for (guint i = 0; i < runs->len; i++)
        alive += ((const Run *)g_ptr_array_index(runs, i))->state <= RUN_RUNNING;
    if (alive < DESK_RUNNING_MAX) return true;
    g_set_error(error, PIPELINE_ERROR, PIPELINE_ERROR_BUSY,
                "%u runs are under way already: wait for one to end, or cancel it", alive);
    return false;
}

/* Over HTTP an address may only be the file's own: steps are given the secrets of the service's
 * environment, and data that no answer holds. */
static bool check_addresses(const Pipeline *pipeline, const GPtrArray *arguments, GError **error) {
    for (guint i = 0; i < pipeline->arguments->len; i++) {
        const PipelineArgument *argument = g_ptr_array_index(pipeline->arguments, i);
        const char *value = g_ptr_array_index(arguments, 2 * i + 1);
        if (!strstr(value, "://") || g_strcmp0(value, argument->value) == 0) continue;
        g_set_error(error, PIPELINE_ERROR, PIPELINE_ERROR_ARGUMENT,
                    "argument '%s': over HTTP an address is only what the pipeline's file says",
                    argument->name);
        return false;
    }
    return true;
}

/* What can be said of the arguments is said here: the process that runs it would only refuse them.
 */
static bool check_run(PipelineDesk *desk, const PipelinesCall *call, GError **error) {
    g_autoptr(GPtrArray) pipelines = read_pipelines(desk, error);
    if (!pipelines) return false;
    const Pipeline *pipeline = pipelines_find(pipelines, call->pipeline, error);
    if (!pipeline) return false;
    g_autoptr(GPtrArray) arguments =
        pipeline_arguments(pipeline, (const char *const *)call->set->pdata, error);
    if (!arguments || !check_addresses(pipeline, arguments, error)) return false;
    g_autoptr(GPtrArray) commands = pipeline_commands(pipeline, arguments, error);
    return commands && has_room(desk, error);
}

static bool run_one(PipelineDesk *desk, const PipelinesCall *call, PipelinesAnswer *answer,
                    GError **error) {
    if (!check_run(desk, call, error)) return false;
    g_autoptr(Run) run =
        begin_run(desk, call->pipeline, call->by, (const char *const *)call->set->pdata, error);
    return answer_with(run, answer);
}

static bool cancel(PipelineDesk *desk, const PipelinesCall *call, PipelinesAnswer *answer,
                   GError **error) {
    g_autoptr(Run) run = run_open(desk->data_dir, call->run, error);
    return run && run_ask_cancel(run, error) && answer_with(run, answer);
}

static bool resume(PipelineDesk *desk, const PipelinesCall *call, PipelinesAnswer *answer,
                   GError **error) {
    g_autoptr(Run) before = run_open(desk->data_dir, call->run, error);
    if (!before || !run_may_resume(before, error) || !has_room(desk, error)) return false;
    g_mutex_lock(&desk->children);
    g_autoptr(Run) run = detached_resume(desk->data_dir, before->id, error);
    g_mutex_unlock(&desk->children);
    return answer_with(run, answer);
}

static PipelinesOutcome outcome_of(const GError *error) {
    switch (error->domain == PIPELINE_ERROR ? error->code : PIPELINE_ERROR_SYSTEM) {
    case PIPELINE_ERROR_ARGUMENT:
        return PIPELINES_WRONG;
    case PIPELINE_ERROR_MISSING:
        return PIPELINES_MISSING;
    case PIPELINE_ERROR_BUSY:
    case PIPELINE_ERROR_DEFINITION: /* until the file is mended */
        return PIPELINES_BUSY;
    default:
        return PIPELINES_FAILED;
    }
}

static PipelinesOutcome answer_call(void *data, const PipelinesCall *call, PipelinesAnswer *answer,
                                    GError **error) {
    static Task *const tasks[] = {
        [PIPELINES_LIST] = list,     [PIPELINES_RUNS] = list_runs, [PIPELINES_SHOW] = show,
        [PIPELINES_LOG] = show_log,  [PIPELINES_RUN] = run_one,    [PIPELINES_CANCEL] = cancel,
        [PIPELINES_RESUME] = resume,
    };
    GError *why = NULL;
    if (tasks[call->task](data, call, answer, &why)) return PIPELINES_DONE;
    const PipelinesOutcome outcome = outcome_of(why);
    g_propagate_error(error, why);
    return outcome;
}

/* Metrics */

static void refresh(PipelineDesk *desk, bool first) {
    const GPtrArray *runs = run_cache_look(desk->cache);
    GString *out = g_string_new(NULL);
    run_metrics_count(desk->counts, runs, first);
    run_metrics_write(desk->counts, runs, out);
    g_mutex_lock(&desk->lock);
    GString *before = desk->metrics;
    desk->metrics = out;
    g_mutex_unlock(&desk->lock);
    if (before) g_string_free(before, TRUE);
}

/* The runs are nobody's children once they have begun; where the service is the first process of a
 * container, they become its own. */
static void bury_orphans(PipelineDesk *desk) {
    if (getpid() != 1 || !g_mutex_trylock(&desk->children)) return; /* else the next time */
    while (waitpid(-1, NULL, WNOHANG) > 0)
        ;
    g_mutex_unlock(&desk->children);
}

static void write_metrics(void *data, GString *out) {
    PipelineDesk *desk = data;
    g_mutex_lock(&desk->lock);
    g_string_append_len(out, desk->metrics->str, (gssize)desk->metrics->len);
    g_mutex_unlock(&desk->lock);
}

/* The schedule */

static bool goes_on(void *data) {
    return !((PipelineDesk *)data)->stopping;
}

static void say(void *data, const char *line) {
    (void)data;
    g_printerr("schedule: %s\n", line);
}

static void run_scheduled(void *data, const Pipeline *pipeline) {
    PipelineDesk *desk = data;
    g_autoptr(GError) error = NULL;
    g_autoptr(Run) run = begin_run(desk, pipeline->name, SCHEDULE_BY, NULL, &error);
    while (run && run->state <= RUN_RUNNING && goes_on(desk)) {
        g_usleep(WAIT_US);
        g_autofree char *id = g_strdup(run->id);
        run_free(run);
        run = run_open(desk->data_dir, id, &error);
    }
    g_autofree char *line = run ? g_strdup_printf("run %s of %s: %s", run->id, run->pipeline,
                                                  run_state_name(run->state))
                                : g_strdup_printf("%s: %s", pipeline->name, error->message);
    say(NULL, line);
}

static void *keep_schedule(void *data) {
    PipelineDesk *desk = data;
    const ScheduleWays ways = {run_scheduled, say, goes_on, desk};
    g_autoptr(GError) error = NULL;
    if (!schedule_run(desk->data_dir, desk->scheduled, &ways, &error)) say(NULL, error->message);
    return NULL;
}

static bool read_scheduled(PipelineDesk *desk, GError **error) {
    desk->scheduled = pipelines_read(desk->file, desk->data_dir, error);
    if (!desk->scheduled) return false;
    if (!schedule_is_needed(desk->scheduled)) say(NULL, "no pipeline has a schedule=");
    return true;
}

/* The schedule's thread is begun here: what begins a service has blocked its signals by now. */
static void tick(void *data) {
    PipelineDesk *desk = data;
    if (desk->scheduled && !desk->thread)
        desk->thread = g_thread_new("schedule", keep_schedule, desk);
    refresh(desk, false);
    bury_orphans(desk);
}

/* Life */

/* So that the metrics of a pipeline that was not run yet are there, and 0. */
static void know_pipelines(PipelineDesk *desk) {
    g_autoptr(GPtrArray) pipelines = pipelines_read(desk->file, desk->data_dir, NULL);
    for (guint i = 0; pipelines && i < pipelines->len; i++)
        run_metrics_know(desk->counts, ((const Pipeline *)g_ptr_array_index(pipelines, i))->name);
}

PipelineDesk *pipeline_desk_new(const PipelineDeskOptions *options, GError **error) {
    PipelineDesk *desk = g_new0(PipelineDesk, 1);
    g_mutex_init(&desk->lock);
    g_mutex_init(&desk->children);
    desk->data_dir = g_strdup(options->data_dir);
    desk->file = g_strdup(options->file);
    desk->cache = run_cache_new(options->data_dir);
    desk->counts = run_metrics_new();
    know_pipelines(desk);
    refresh(desk, true);
    if (!options->schedule || read_scheduled(desk, error)) return desk;
    pipeline_desk_free(desk);
    return NULL;
}

PipelinesBackend pipeline_desk_backend(PipelineDesk *desk) {
    return (PipelinesBackend){answer_call, tick, write_metrics, desk};
}

void pipeline_desk_free(PipelineDesk *desk) {
    if (!desk) return;
    desk->stopping = true;
    if (desk->thread) g_thread_join(desk->thread);
    if (desk->scheduled) g_ptr_array_unref(desk->scheduled);
    run_cache_free(desk->cache);
    run_metrics_free(desk->counts);
    g_string_free(desk->metrics, TRUE);
    g_mutex_clear(&desk->lock);
    g_free(desk->wrong);
    g_mutex_clear(&desk->children);
    g_free(desk->data_dir);
    g_free(desk->file);
    g_free(desk);
}
