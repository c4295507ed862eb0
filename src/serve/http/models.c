/* The registry of models, and the challenger. */
#include "serve/http/endpoints.h"

static enum MHD_Result submit_call(Request *request, LibraryTask task) {
    request->call->task = task;
    request->job.call = request->call;
    return http_submit_to(request, library_worker(request->http->options.library),
                          LIBRARY_QUEUE_MAX, JOB_LIBRARY);
}

/* The call whose name, version and file the path has: NAME/VERSION/files/FILE. */
static void begin_call(Request *request) {
    g_auto(GStrv) parts = g_strsplit(request->subject ? request->subject : "", "/", -1);
    const guint count = g_strv_length(parts);
    request->call = g_new0(LibraryCall, 1);
    request->call->by = g_strdup(http_asker(request).name);
    request->call->role = g_strdup(http_asker(request).role);
    if (count > 0) request->call->name = g_strdup(parts[0]);
    if (count > 1) request->call->version = g_strdup(parts[1]);
    if (count > 3) request->call->file = g_strdup(parts[3]);
}

enum MHD_Result http_get_models(Request *request) {
    begin_call(request);
    request->call->name = g_strdup(http_query(request, "name"));
    return submit_call(request, LIBRARY_LIST);
}

enum MHD_Result http_get_model(Request *request) {
    begin_call(request);
    return submit_call(request, LIBRARY_SHOW);
}

enum MHD_Result http_get_model_file(Request *request) {
    begin_call(request);
    return submit_call(request, LIBRARY_FILE);
}

enum MHD_Result http_get_comparison(Request *request) {
    const char *models = http_query(request, "models");
    begin_call(request);
    request->call->models = g_strdup(models ? models : "");
    return submit_call(request, LIBRARY_COMPARE);
}

static enum MHD_Result change_model(Request *request, LibraryTask task) {
    const Str body = {request->body, request->length};
    unsigned status;
    begin_call(request);
    const char *wrong = library_call_read(request->http->parser, body, request->call, &status);
    return wrong ? http_send_problem(request, status, wrong) : submit_call(request, task);
}

enum MHD_Result http_post_promotion(Request *request) {
    return change_model(request, LIBRARY_PROMOTE);
}

enum MHD_Result http_post_rollback(Request *request) {
    return change_model(request, LIBRARY_ROLLBACK);
}

enum MHD_Result http_delete_model(Request *request) {
    const char *force = http_query(request, "force");
    begin_call(request);
    if (force && strcmp(force, "true") != 0 && strcmp(force, "false") != 0)
        return http_send_problem(request, 400, "force is true or false");
    request->call->force = force && strcmp(force, "true") == 0;
    return submit_call(request, LIBRARY_DELETE);
}

enum MHD_Result http_get_live(Request *request) {
    GString *body = g_string_new(NULL);
    if (models_write_live(request->http->options.models, body))
        return http_send_json(request, body);
    g_string_free(body, TRUE);
    return http_send_problem(request, 404, "there is no challenger");
}
