#include "serve/http/http.h"

#include "serve/http/routes.h"
#include "serve/intake.h"

#include <errno.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

static enum MHD_Result send_no_route(Request *request, const char *allow) {
    if (!*allow) return http_send_problem(request, 404, "nothing is here");
    struct MHD_Response *response = http_problem_response(405, NULL);
    if (response) http_add_header(response, "Allow", allow);
    return http_respond(request, 405, response);
}

/* Bodies */

static bool has_media_type(const char *header, const char *type) {
    size_t len = strlen(type);
    return header && g_ascii_strncasecmp(header, type, len) == 0 &&
           (header[len] == '\0' || header[len] == ';' || header[len] == ' ');
}

static size_t body_limit(const Request *request) {
    return request->job.many ? MANY_MAX_BYTES : RECORD_MAX_BYTES;
}

/* Room for `length` bytes in all, within what all bodies together may take. */
static bool reserve(Request *request, size_t length) {
    if (length <= request->capacity) return true;
    size_t capacity = MIN(MAX(length, 2 * request->capacity), body_limit(request));
    size_t more = capacity - request->capacity;
    if (request->http->body_bytes + more > BODIES_MAX_BYTES) return false;
    request->body = g_realloc(request->body, capacity);
    request->capacity = capacity;
    request->http->body_bytes += more;
    return true;
}

static enum MHD_Result send_too_large(Request *request) {
    return http_send_problem(request, 413,
                             request->job.many ? "a body of many records has at most 16 MiB"
                                               : "an object has at most 64 KiB");
}

/* Looks at a POST's headers before its body is let in; *result is set when it is refused. */
static bool accept_body(Request *request, enum MHD_Result *result) {
    const char *type = http_header(request, "Content-Type");
    const char *length = http_header(request, "Content-Length");
    const bool one = request->route->flags & ROUTE_ONE;
    request->job.many = !one && has_media_type(type, NDJSON_TYPE);
    if (!request->job.many && !has_media_type(type, JSON_TYPE)) {
        *result = http_send_problem(request, 415,
                                    one ? "Content-Type is application/json"
                                        : "Content-Type is application/json for one object or "
                                          "application/x-ndjson for many");
        return false;
    }
    guint64 bytes = length ? g_ascii_strtoull(length, NULL, 10) : 0;
    request->too_large = bytes > body_limit(request);
    if (bytes > DROPPED_MAX_BYTES) {
        *result = send_too_large(request);
        return false;
    }
    if (atomic_load(&request->http->stopping)) {
        *result = http_send_problem(request, 503, "the service is stopping");
        return false;
    }
    if (request->too_large || reserve(request, (size_t)bytes)) return true;
    *result = http_send_overloaded(request, "too many large requests at once");
    return false;
}

static bool takes_body(const Route *route) {
    return strcmp(route->method, "POST") == 0;
}

/* Takes a piece of the body; one of a request that has no use for it is dropped. One that is too
 * large is read on for a while and answered at its end: who is still sending would find the
 * connection reset, and not the answer. Then the connection is cut. */
static enum MHD_Result receive(Request *request, const char *data, size_t *size) {
    size_t length = request->length + *size;
    request->too_large |= length > body_limit(request);
    if (length > DROPPED_MAX_BYTES) return MHD_NO;
    if (!request->too_large && takes_body(request->route)) {
        if (!reserve(request, length)) return MHD_NO;
        memcpy(request->body + request->length, data, *size);
    }
    request->length = length;
    *size = 0;
    return MHD_YES;
}

/* Requests */

static Request *request_new(Http *http, struct MHD_Connection *connection) {
    Request *request = g_new0(Request, 1);
    request->http = http;
    request->connection = connection;
    atomic_fetch_add(&http->active, 1);
    counter_add(&http->options.meters->requests, 1);
    return request;
}

static void request_completed(void *cls, struct MHD_Connection *connection, void **data,
                              enum MHD_RequestTerminationCode code) {
    (void)connection;
    (void)code;
    Http *http = cls;
    Request *request = *data;
    if (!request) return;
    if (request->job.reply.body) g_string_free(request->job.reply.body, TRUE);
    http->body_bytes -= request->capacity;
    g_free(request->body);
    g_free(request->subject);
    g_free(request->question);
    g_free(request->entry_text);
    library_call_free(request->call);
    desk_call_free(request->desk);
    pipelines_call_free(request->pipelines_call);
    if (request->job.reply.is_file) close(request->job.reply.fd);
    g_free(request);
    *data = NULL;
    atomic_fetch_sub(&http->active, 1);
}

/* What is not there is nobody's business but of those who may look. */
static Role needed_role(const Route *route) {
    if (!route) return ROLE_VIEWER;
    g_assert((route->role == ROLE_NONE) == ((route->flags & ROUTE_OPEN) != 0));
    return route->role;
}

/* Who asks, and for what: all that can be said before the body. */
static enum MHD_Result begin(Request *request, const char *url, const char *method) {
    Gate *gate = request->http->options.gate;
    char allow[32], address[CLIENT_ADDRESS_LEN];
    Claim claim = http_claim_of(request, method, address);
    request->head = strcmp(method, "HEAD") == 0;
    Pass pass = gate_host(gate, &claim);
    if (pass.status) return http_send_refusal(request, &pass);
    request->route = http_find_route(method, url, allow);
    claim.unattended |= request->route && request->route->flags & ROUTE_UNATTENDED;
    pass = gate_pass(gate, &claim, needed_role(request->route), http_now_seconds());
    if (pass.status) return http_send_refusal(request, &pass);
    request->identity = pass.identity;
    request->cookie = pass.cookie;
    if (!request->route) return send_no_route(request, allow);
    const char *path = request->route->path;
    if (request->route == http_page_route())
        request->subject = g_strdup(url);
    else if (http_subject_at(path) > 0)
        request->subject = g_strdup(url + http_subject_at(path));
    enum MHD_Result result = MHD_YES;
    if (takes_body(request->route)) accept_body(request, &result);
    return result;
}

static enum MHD_Result end(Request *request) {
    Handler *told = request->told;
    request->told = NULL;
    if (told) return told(request);
    if (request->job.reply.status) return http_send_reply(request);
    if (request->too_large) return send_too_large(request);
    return request->route->handle(request);
}

static enum MHD_Result handle(void *cls, struct MHD_Connection *connection, const char *url,
                              const char *method, const char *version, const char *upload,
                              size_t *upload_size, void **data) {
    (void)version;
    Request *request = *data;
    if (!request) {
        *data = request = request_new(cls, connection);
        return begin(request, url, method);
    }
    if (*upload_size > 0) return receive(request, upload, upload_size);
    return end(request);
}

/* The thread. libmicrohttpd's own loop is not used: where exactly 128 events have come at once, it
 * waits for another one before it looks at them (0.9.75). Run from outside, it never waits. */

static int wait_ms(Http *http) {
    MHD_UNSIGNED_LONG_LONG ms;
    return MHD_get_timeout(http->daemon, &ms) == MHD_YES ? (int)MIN(ms, 1000u) : -1;
}

static void *run(void *data) {
    Http *http = data;
    bool quiet = false;
    struct pollfd fds[] = {
        {MHD_get_daemon_info(http->daemon, MHD_DAEMON_INFO_EPOLL_FD)->epoll_fd, POLLIN, 0},
        {http->wake, POLLIN, 0},
    };
    while (!atomic_load(&http->ended)) {
        poll(fds, G_N_ELEMENTS(fds), wait_ms(http));
        uint64_t wakes;
        if (fds[1].revents && read(http->wake, &wakes, sizeof wakes) < 0) g_warn_if_reached();
        atomic_store(&http->woken, false); /* what is resumed from here on wakes again */
        if (atomic_load(&http->stopping) && !quiet) {
            close(MHD_quiesce_daemon(http->daemon));
            quiet = true;
        }
        MHD_run(http->daemon);
    }
    return NULL;
}

/* Life */

static void http_free(Http *http) {
    store_close(http->reader);
    json_parser_free(http->parser);
    if (http->wake >= 0) close(http->wake);
    g_free(http->db_path);
    g_free(http->wal_path);
    g_free(http);
}

static struct MHD_Daemon *start_daemon(Http *http, int fd) {
    return MHD_start_daemon(MHD_USE_EPOLL | MHD_ALLOW_SUSPEND_RESUME | MHD_USE_ITC, 0, NULL, NULL,
                            handle, http, MHD_OPTION_LISTEN_SOCKET, fd, MHD_OPTION_CONNECTION_LIMIT,
                            (unsigned)CONNECTIONS_MAX, MHD_OPTION_CONNECTION_MEMORY_LIMIT,
                            (size_t)CONNECTION_BYTES, MHD_OPTION_CONNECTION_TIMEOUT,
                            (unsigned)IDLE_SECONDS, MHD_OPTION_NOTIFY_COMPLETED, request_completed,
                            http, MHD_OPTION_END);
}

static bool open_all(Http *http, const Listener *listener, GError **error) {
    http->reader = store_open_reader(http->options.data_dir, error);
    if (!http->reader || !card_ref_key_draw(&http->card_ref_key, error)) return false;
    http->wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (http->wake >= 0) http->daemon = start_daemon(http, listener->fd);
    if (http->daemon) return true;
    g_set_error(error, G_IO_ERROR, G_IO_ERROR_FAILED, "cannot serve HTTP on %s: %s", listener->url,
                g_strerror(errno));
    return false;
}

Http *http_start(Listener *listener, const HttpOptions *options, GError **error) {
    Http *http = g_new0(Http, 1);
    http->options = *options;
    http->wake = -1;
    http->parser = json_parser_new(RECORD_MAX_BYTES);
    http->db_path = g_build_filename(options->data_dir, "haechi.db", NULL);
    http->wal_path = g_strconcat(http->db_path, "-wal", NULL);
    if (!open_all(http, listener, error)) {
        http_free(http);
        return NULL;
    }
    listener->fd = -1;
    hub_set_wake(options->hub, http_wake_thread, http);
    http->thread = g_thread_new("http", run, http);
    return http;
}

void http_quiesce(Http *http) {
    atomic_store(&http->stopping, true);
    http_wake_thread(http);
}

void http_stop(Http *http, unsigned seconds) {
    int64_t until = g_get_monotonic_time() + (int64_t)seconds * G_TIME_SPAN_SECOND;
    while (atomic_load(&http->active) > 0 && g_get_monotonic_time() < until)
        g_usleep(1000);
    atomic_store(&http->ended, true);
    http_wake_thread(http);
    g_thread_join(http->thread);
    hub_set_wake(http->options.hub, NULL, NULL);
    MHD_stop_daemon(http->daemon);
    http_free(http);
}
