/* The service about itself: totals, drift, the board, metrics, the stream, its description and its
 * page. */
#include "serve/http/endpoints.h"
#include "serve/openapi.h"
#include "serve/page.h"

#include <sys/stat.h>

enum { STREAM_RETRY_SECONDS = 5 };

enum MHD_Result http_get_stats(Request *request) {
    const HttpOptions *options = &request->http->options;
    GString *body = g_string_new(NULL);
    Model *model = champion_get(options->champion);
    meters_write_stats(options->meters, model, options->worker->queue_depth(options->worker), body);
    model_free(model);
    return http_send_json(request, body);
}

enum MHD_Result http_get_drift(Request *request) {
    g_autofree char *why = NULL;
    GString *body = g_string_new(NULL);
    if (drift_write(request->http->options.meters->drift, body, &why))
        return http_send_json(request, body);
    g_string_free(body, TRUE);
    g_autofree char *detail = g_strconcat("drift is not measured: ", why, NULL);
    return http_send_problem(request, 404, detail);
}

enum MHD_Result http_get_board(Request *request) {
    const char *window = http_query(request, "window");
    request->subject = g_strdup(window ? window : "24h");
    return http_submit_to(request, board_worker(request->http->options.board), BOARD_QUEUE_MAX,
                          JOB_BOARD);
}

/* A stream by cookie ends with its session. */
typedef struct StreamSession {
    Gate *gate;
    Digest digest;
} StreamSession;

static bool session_goes_on(const void *data) {
    const StreamSession *session = data;
    return gate_has_session(session->gate, &session->digest, http_now_seconds());
}

/* Where nobody has to say who they are, all are one, who may have all places. */
static Watcher watcher_of(const Request *request) {
    Gate *gate = request->http->options.gate;
    Watcher watcher = {.name = gate_requires(gate) ? request->identity->name : NULL};
    if (request->cookie.len == 0) return watcher;
    StreamSession *session = g_new(StreamSession, 1);
    *session = (StreamSession){gate, digest_of(request->cookie)};
    watcher.goes_on = session_goes_on;
    watcher.data = session;
    return watcher;
}

static enum MHD_Result refuse_stream(Request *request, unsigned status) {
    if (status == 503) return http_send_overloaded(request, "too many clients of the stream");
    const Pass too_many = {.status = status,
                           .wait = STREAM_RETRY_SECONDS,
                           .why = "too many streams are open under this name: close one of them"};
    return http_send_refusal(request, &too_many);
}

/* To a HEAD of a body in chunks libmicrohttpd sends the last chunk (0.9.75): it gets an empty one.
 */
static struct MHD_Response *stream_response(Request *request, unsigned *status) {
    if (request->head) return MHD_create_response_from_buffer(0, NULL, MHD_RESPMEM_PERSISTENT);
    const Watcher watcher = watcher_of(request);
    return hub_subscribe(request->http->options.hub, request->connection, &watcher, status);
}

enum MHD_Result http_get_stream(Request *request) {
    unsigned status = 503;
    struct MHD_Response *response = stream_response(request, &status);
    if (!response) return refuse_stream(request, status);
    http_add_header(response, "Content-Type", "text/event-stream");
    http_add_header(response, "Cache-Control", "no-store");
    http_add_header(response, "X-Accel-Buffering", "no");
    return http_respond(request, 200, response);
}

static uint64_t file_bytes(const char *path) {
    struct stat st;
    return stat(path, &st) == 0 ? (uint64_t)st.st_size : 0;
}

enum MHD_Result http_get_metrics(Request *request) {
    const Http *http = request->http;
    const HttpOptions *options = &http->options;
    GString *body = g_string_new(NULL);
    Model *model = champion_get(options->champion);
    meters_write_prometheus(options->meters, model, options->worker->queue_depth(options->worker),
                            file_bytes(http->db_path) + file_bytes(http->wal_path), body);
    model_free(model);
    if (options->pipelines) pipelines_write_metrics(options->pipelines, body);
    return http_respond(request, 200,
                        http_response_of("text/plain; version=0.0.4; charset=utf-8", body));
}

enum MHD_Result http_get_healthz(Request *request) {
    return http_send_json(request, g_string_new("{\"status\":\"ok\"}"));
}

enum MHD_Result http_get_readyz(Request *request) {
    Http *http = request->http;
    Worker *worker = http->options.worker;
    if (atomic_load(&http->stopping) || worker->failure(worker))
        return http_send_problem(request, 503, "the service is stopping");
    if (!worker->ready(worker)) return http_send_problem(request, 503, "the service is starting");
    return http_send_json(request, g_string_new("{\"status\":\"ready\"}"));
}

static enum MHD_Result send_static(Request *request, Str body, const char *content_type,
                                   const char *encoding) {
    struct MHD_Response *response = MHD_create_response_from_buffer(
        body.len, (void *)(uintptr_t)body.data, MHD_RESPMEM_PERSISTENT);
    if (!response) return MHD_NO;
    http_add_header(response, "Content-Type", content_type);
    http_add_header(response, "Cache-Control", "no-cache");
    if (encoding) http_add_header(response, "Content-Encoding", encoding);
    http_add_header(response, "Referrer-Policy", "no-referrer");
    http_add_header(response, "Content-Security-Policy",
                    "default-src 'none'; script-src 'self'; style-src 'self'; "
                    "img-src 'self'; font-src 'self'; connect-src 'self'; manifest-src 'self'; "
                    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'");
    return http_respond(request, 200, response);
}

enum MHD_Result http_get_openapi(Request *request) {
    Str body = {(const char *)openapi_json, openapi_json_len};
    return send_static(request, body, JSON_TYPE, NULL);
}

enum MHD_Result http_get_page(Request *request) {
    Str body;
    const char *content_type;
    g_assert_true(page_find(request->subject, &body, &content_type));
    return send_static(request, body, content_type, "gzip");
}

enum MHD_Result http_get_config(Request *request) {
    GString *body = g_string_new(NULL);
    config_write(request->http->options.config, body);
    return http_send_json(request, body);
}
