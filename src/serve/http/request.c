#include "serve/http/request.h"

#include "serve/shape.h"

#include <unistd.h>

void http_add_header(struct MHD_Response *response, const char *name, const char *value) {
    MHD_add_response_header(response, name, value);
}

enum MHD_Result http_respond(Request *request, unsigned status, struct MHD_Response *response) {
    if (!response) return MHD_NO;
    http_add_header(response, "X-Content-Type-Options", "nosniff");
    if (atomic_load(&request->http->stopping)) http_add_header(response, "Connection", "close");
    counter_add(&request->http->options.meters->responses[MIN(status / 100, 5u)], 1);
    enum MHD_Result result = MHD_queue_response(request->connection, status, response);
    MHD_destroy_response(response);
    return result;
}

struct MHD_Response *http_response_of(const char *content_type, GString *body) {
    size_t len = body->len;
    char *bytes = g_string_free(body, FALSE);
    struct MHD_Response *response =
        MHD_create_response_from_buffer(len, bytes, MHD_RESPMEM_MUST_FREE);
    if (!response) {
        g_free(bytes);
        return NULL;
    }
    http_add_header(response, "Content-Type", content_type);
    http_add_header(response, "Cache-Control", "no-store");
    return response;
}

enum MHD_Result http_send_json(Request *request, GString *body) {
    return http_respond(request, 200, http_response_of(JSON_TYPE, body));
}

struct MHD_Response *http_problem_response(unsigned status, const char *detail) {
    GString *body = g_string_new(NULL);
    shape_problem(body, status, detail);
    return http_response_of(PROBLEM_TYPE, body);
}

enum MHD_Result http_send_problem(Request *request, unsigned status, const char *detail) {
    struct MHD_Response *response = http_problem_response(status, detail);
    if (response && status == 503) http_add_header(response, "Retry-After", "1");
    return http_respond(request, status, response);
}

enum MHD_Result http_send_refusal(Request *request, const Pass *pass) {
    char seconds[16];
    struct MHD_Response *response = http_problem_response(pass->status, pass->why);
    if (response && pass->status == 401) http_add_header(response, "WWW-Authenticate", "Bearer");
    if (response && pass->wait > 0) {
        g_snprintf(seconds, sizeof seconds, "%u", pass->wait);
        http_add_header(response, "Retry-After", seconds);
    }
    return http_respond(request, pass->status, response);
}

enum MHD_Result http_send_overloaded(Request *request, const char *detail) {
    counter_add(&request->http->options.meters->overloaded, 1);
    return http_send_problem(request, 503, detail);
}

/* libmicrohttpd does not tell the one who runs it of resumed connections. One write is enough for
 * all that were resumed until it is read. */
void http_wake_thread(void *data) {
    Http *http = data;
    const uint64_t one = 1;
    if (!atomic_exchange(&http->woken, true) && write(http->wake, &one, sizeof one) < 0)
        g_warn_if_reached();
}

static void job_done(Job *job) {
    Request *request = (Request *)job;
    Http *http = request->http;
    MHD_resume_connection(request->connection);
    http_wake_thread(http); /* the request may be gone by now */
}

/* By an alias the same address may be another file tomorrow: a cache has to ask. */
static enum MHD_Result send_file(Request *request) {
    Reply *reply = &request->job.reply;
    struct MHD_Response *response = MHD_create_response_from_fd64(reply->file_size, reply->fd);
    if (!response) return MHD_NO;
    reply->is_file = false; /* the response closes it */
    http_add_header(response, "Content-Type", reply->content_type);
    http_add_header(response, "Cache-Control", "private, no-cache");
    return http_respond(request, reply->status, response);
}

enum MHD_Result http_send_reply(Request *request) {
    Reply *reply = &request->job.reply;
    if (reply->is_file) return send_file(request);
    struct MHD_Response *response =
        http_response_of(reply->content_type, g_steal_pointer(&reply->body));
    char number[24];
    if (response && reply->duplicates > 0) {
        g_snprintf(number, sizeof number, "%" G_GUINT64_FORMAT, reply->duplicates);
        http_add_header(response, "Haechi-Duplicates", number);
    }
    if (response && reply->retry_after > 0) {
        g_snprintf(number, sizeof number, "%u", reply->retry_after);
        http_add_header(response, "Retry-After", number);
    }
    return http_respond(request, reply->status, response);
}

/* The connection sleeps before the worker can wake it. Nobody else submits, so a place that was
 * free a moment ago still is, unless the worker has just closed: then the reply is made here. */
enum MHD_Result http_send_queue_full(Request *request) {
    return http_send_overloaded(request, "too many requests are waiting");
}

enum MHD_Result http_submit_to(Request *request, Worker *worker, size_t most, JobKind kind) {
    if (worker->queue_depth(worker) >= most) return http_send_queue_full(request);
    request->job.kind = kind;
    request->job.body = (Str){request->body, request->length};
    request->job.subject = str_from(request->subject ? request->subject : "");
    request->job.arrived = g_get_monotonic_time();
    request->job.done = job_done;
    MHD_suspend_connection(request->connection);
    if (!worker->submit(worker, &request->job)) {
        reply_problem(&request->job.reply, 503, "the service is stopping");
        request->job.reply.retry_after = 5;
        job_done(&request->job);
    }
    return MHD_YES;
}

bool http_may_tell(const Request *request) {
    Worker *worker = audit_worker(request->http->options.audit);
    return worker->queue_depth(worker) < AUDIT_QUEUE_MAX;
}

enum MHD_Result http_tell(Request *request, const Identity *by, const char *action,
                          const char *text, Handler *told) {
    g_assert(!request->entry_text);
    request->entry_text = g_strdup(text);
    request->entry = (AuditEntry){.by = by ? by->name : "unknown",
                                  .role = role_name(by ? by->role : ROLE_NONE),
                                  .action = action,
                                  .text = request->entry_text};
    request->job.audit_entry = &request->entry;
    request->told = told;
    return http_submit_to(request, audit_worker(request->http->options.audit), AUDIT_QUEUE_MAX,
                          JOB_AUDIT);
}

/* Who asks, for the audit trail. */
CaseBy http_asker(const Request *request) {
    return (CaseBy){request->identity->name, role_name(request->identity->role)};
}

const char *http_query(const Request *request, const char *name) {
    return MHD_lookup_connection_value(request->connection, MHD_GET_ARGUMENT_KIND, name);
}

const char *http_header(const Request *request, const char *name) {
    return MHD_lookup_connection_value(request->connection, MHD_HEADER_KIND, name);
}
