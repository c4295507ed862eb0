#include "serve/pipelines.h"

#include <string.h>

struct Pipelines {
    SideWorker side; /* first: its worker is handed out */
    PipelinesBackend backend;
    Audit *audit;
    GThread *thread;
};

void pipelines_call_free(PipelinesCall *call) {
    if (!call) return;
    g_free(call->pipeline);
    g_free(call->run);
    g_free(call->step);
    g_free(call->by);
    if (call->set) g_ptr_array_unref(call->set);
    g_free(call);
}

/* Calls */

static bool add_argument(Str name, JsonValue value, void *data) {
    const Str text = json_get_str(value);
    if (json_type(value) != JSON_STRING || memchr(text.data, '\0', text.len) ||
        memchr(name.data, '\0', name.len) || memchr(name.data, '=', name.len))
        return false;
    g_ptr_array_add(
        data, g_strdup_printf("%.*s=%.*s", (int)name.len, name.data, (int)text.len, text.data));
    return true;
}

static bool read_member(Str name, JsonValue value, void *data) {
    PipelinesCall *call = data;
    return call->task == PIPELINES_RUN && str_equal(name, STR("arguments")) &&
           json_type(value) == JSON_OBJECT && json_each(value, add_argument, call->set);
}

const char *pipelines_call_read(JsonParser *parser, Str body, PipelinesCall *call,
                                unsigned *status) {
    JsonValue root;
    const char *message;
    *status = 400;
    call->set = g_ptr_array_new_with_free_func(g_free);
    if (!json_parse(parser, body.data, body.len, &root, &message)) return message;
    if (json_type(root) != JSON_OBJECT) return "not a JSON object";
    *status = 422;
    if (!json_each(root, read_member, call))
        return call->task == PIPELINES_RUN
                   ? "the only member is \"arguments\": an object of names with texts"
                   : "it has no members";
    g_ptr_array_add(call->set, NULL);
    return NULL;
}

/* Answers */

/* Who did what to which run, and with which arguments: on standard error and in the audit trail.
 * Once it is done it stays so; that the trail could not be written is then all there is to say. */
static bool tell_change(const Pipelines *pipelines, const PipelinesCall *call, const char *subject,
                        GError **error) {
    static const char *const actions[] = {[PIPELINES_RUN] = "pipeline.run",
                                          [PIPELINES_CANCEL] = "pipeline.cancel",
                                          [PIPELINES_RESUME] = "pipeline.resume"};
    g_printerr("asked over HTTP by %s (%s): %s %s\n", call->by, call->role, actions[call->task],
               subject);
    g_autofree char *arguments = g_strjoinv(" ", (char **)call->set->pdata);
    const AuditEntry entry = {.by = call->by,
                              .role = call->role,
                              .action = actions[call->task],
                              .subject = subject,
                              .text = *arguments ? arguments : NULL};
    g_autoptr(GError) why = NULL;
    if (audit_write(pipelines->audit, &entry, &why)) return true;
    g_set_error(error, DATABASE_ERROR, why->code, "it was done, but not told of: %s", why->message);
    return false;
}

static void answer(const Pipelines *pipelines, Job *job) {
    static const unsigned statuses[] = {[PIPELINES_MISSING] = 404,
                                        [PIPELINES_WRONG] = 422,
                                        [PIPELINES_BUSY] = 409,
                                        [PIPELINES_FAILED] = 500};
    const PipelinesCall *call = job->pipelines_call;
    const bool change = call->task >= PIPELINES_RUN;
    g_autoptr(GError) error = NULL;
    PipelinesAnswer given = {.body = g_string_new(NULL)};
    PipelinesOutcome outcome =
        pipelines->backend.answer(pipelines->backend.data, call, &given, &error);
    if (outcome == PIPELINES_DONE && change && !tell_change(pipelines, call, given.subject, &error))
        outcome = PIPELINES_FAILED;
    if (outcome == PIPELINES_DONE) {
        job->reply.body = g_steal_pointer(&given.body);
        reply_finish(&job->reply, change ? 202 : 200, JSON_TYPE);
    } else {
        if (outcome == PIPELINES_FAILED) g_printerr("%s\n", error->message);
        reply_problem(&job->reply, statuses[outcome], error->message);
    }
    if (given.body) g_string_free(given.body, TRUE);
    g_free(given.subject);
    job->done(job);
}

/* The thread */

static void *run(void *data) {
    const Pipelines *pipelines = data;
    JobList jobs = {0};
    Job *job;
    int64_t next = 0;
    while (job_queue_take(pipelines->side.queue, &jobs, 1, G_TIME_SPAN_SECOND)) {
        while ((job = job_list_pop(&jobs)))
            answer(pipelines, job);
        if (g_get_monotonic_time() < next) continue;
        pipelines->backend.tick(pipelines->backend.data);
        next = g_get_monotonic_time() + G_TIME_SPAN_SECOND;
    }
    return NULL;
}

/* Life */

Worker *pipelines_worker(Pipelines *pipelines) {
    return &pipelines->side.worker;
}

void pipelines_write_metrics(Pipelines *pipelines, GString *out) {
    pipelines->backend.write_metrics(pipelines->backend.data, out);
}

Pipelines *pipelines_new(const PipelinesBackend *backend, Audit *audit) {
    Pipelines *pipelines = g_new0(Pipelines, 1);
    pipelines->backend = *backend;
    pipelines->audit = audit;
    side_worker_init(&pipelines->side, PIPELINES_QUEUE_MAX);
    pipelines->thread = g_thread_new("pipelines", run, pipelines);
    return pipelines;
}

void pipelines_stop(Pipelines *pipelines) {
    if (!pipelines) return;
    job_queue_close(pipelines->side.queue);
    g_thread_join(pipelines->thread);
    pipelines->thread = NULL;
}

void pipelines_free(Pipelines *pipelines) {
    if (!pipelines) return;
    g_assert(!pipelines->thread);
    side_worker_clear(&pipelines->side);
    g_free(pipelines);
}
