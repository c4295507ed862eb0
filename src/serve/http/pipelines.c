/* Pipelines and their runs. */
#include "serve/http/endpoints.h"

/* The call whose names the path has: of a change and of all about one run, the first part is the
 * pipeline's or the run's, and a step's is the third. */
static PipelinesCall *begin_pipelines_call(Request *request, PipelinesTask task) {
    g_auto(GStrv) parts = g_strsplit(request->subject ? request->subject : "", "/", -1);
    const guint count = g_strv_length(parts);
    PipelinesCall *call = request->pipelines_call = g_new0(PipelinesCall, 1);
    call->task = task;
    call->by = g_strdup(http_asker(request).name);
    call->role = http_asker(request).role;
    if (count > 0) *(task == PIPELINES_RUN ? &call->pipeline : &call->run) = g_strdup(parts[0]);
    if (count > 2) call->step = g_strdup(parts[2]);
    return call;
}

static enum MHD_Result submit_pipelines(Request *request) {
    Pipelines *pipelines = request->http->options.pipelines;
    if (!pipelines) return http_send_problem(request, 404, "this service has no pipelines");
    request->job.pipelines_call = request->pipelines_call;
    return http_submit_to(request, pipelines_worker(pipelines), PIPELINES_QUEUE_MAX, JOB_PIPELINES);
}

enum MHD_Result http_get_pipelines(Request *request) {
    begin_pipelines_call(request, PIPELINES_LIST);
    return submit_pipelines(request);
}

enum MHD_Result http_get_runs(Request *request) {
    PipelinesCall *call = begin_pipelines_call(request, PIPELINES_RUNS);
    const char *limit = http_query(request, "limit");
    guint64 number = PIPELINES_RUNS_DEFAULT;
    if (limit && !g_ascii_string_to_unsigned(limit, 10, 1, PIPELINES_RUNS_MAX, &number, NULL))
        return http_send_problem(request, 400, "limit is 1 to 200");
    call->limit = (size_t)number;
    call->pipeline = g_strdup(http_query(request, "pipeline"));
    return submit_pipelines(request);
}

enum MHD_Result http_get_run(Request *request) {
    begin_pipelines_call(request, PIPELINES_SHOW);
    return submit_pipelines(request);
}

enum MHD_Result http_get_step_log(Request *request) {
    PipelinesCall *call = begin_pipelines_call(request, PIPELINES_LOG);
    const char *from = http_query(request, "from");
    if (from && !g_ascii_string_to_unsigned(from, 10, 0, G_MAXINT64, &call->from, NULL))
        return http_send_problem(request, 400, "from is a number of bytes");
    return submit_pipelines(request);
}

static enum MHD_Result change_run(Request *request, PipelinesTask task) {
    const Str body = {request->body, request->length};
    unsigned status;
    PipelinesCall *call = begin_pipelines_call(request, task);
    const char *wrong = pipelines_call_read(request->http->parser, body, call, &status);
    return wrong ? http_send_problem(request, status, wrong) : submit_pipelines(request);
}

enum MHD_Result http_post_run(Request *request) {
    return change_run(request, PIPELINES_RUN);
}

enum MHD_Result http_post_cancel(Request *request) {
    return change_run(request, PIPELINES_CANCEL);
}

enum MHD_Result http_post_resume(Request *request) {
    return change_run(request, PIPELINES_RESUME);
}
