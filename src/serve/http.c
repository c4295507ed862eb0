#include "serve/http.h"

#include "base/json_write.h"
#include "serve/intake.h"
#include "serve/openapi.h"
#include "serve/page.h"
#include "serve/question.h"
#include "serve/shape.h"

#include <errno.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/stat.h>
#include <unistd.h>

typedef struct Request Request;
typedef struct Route Route;

struct Http {
    struct MHD_Daemon *daemon;
    GThread *thread;
    int wake;           /* an eventfd: a connection was resumed, or a flag below set */
    _Atomic bool woken; /* it was written to and not yet read */
    HttpOptions options;
    Store *reader; /* the HTTP thread's own connection */
    JsonParser *parser;
    char *db_path, *wal_path;
    size_t body_bytes;       /* held by all requests; the HTTP thread's */
    _Atomic unsigned active; /* requests begun and not completed */
    _Atomic bool stopping;   /* takes no more connections and work */
    _Atomic bool ended;
};

struct Request {
    Job job; /* first: the partition hands back this address */
    Http *http;
    struct MHD_Connection *connection;
    const Route *route;
    const Identity *identity; /* who asks; NULL on an open route where nobody had to say */
    Str cookie;               /* of the session by which they ask; empty when by a token */
    char *body;
    size_t length, capacity;
    char *subject; /* the last part of the path */
    Question *question;
    LibraryCall *call;
    DeskCall *desk;
    PipelinesCall *pipelines_call;
    bool head;      /* only the headers are asked for */
    bool too_large; /* its body is over the limit */
};

/* What a route does once its request is whole. Returns MHD's word. */
typedef enum MHD_Result Handler(Request *request);

enum {
    ROUTE_OPEN = 1, /* asks nobody who they are */
    ROUTE_ONE = 2,  /* its body is one object, never many */
};

struct Route {
    const char *method;
    const char *path; /* one that ends with a slash takes more, the subject; a '*' is a part of the
                         subject without a slash, which begins at the first of them */
    Handler *handle;
    Role role; /* that it needs; ROLE_NONE on an open route */
    unsigned flags;
};

/* Replies */

static void add_header(struct MHD_Response *response, const char *name, const char *value) {
    MHD_add_response_header(response, name, value);
}

static enum MHD_Result respond(Request *request, unsigned status, struct MHD_Response *response) {
    if (!response) return MHD_NO;
    add_header(response, "X-Content-Type-Options", "nosniff");
    if (atomic_load(&request->http->stopping)) add_header(response, "Connection", "close");
    counter_add(&request->http->options.meters->responses[MIN(status / 100, 5u)], 1);
    enum MHD_Result result = MHD_queue_response(request->connection, status, response);
    MHD_destroy_response(response);
    return result;
}

static struct MHD_Response *response_of(const char *content_type, GString *body) {
    size_t len = body->len;
    char *bytes = g_string_free(body, FALSE);
    struct MHD_Response *response =
        MHD_create_response_from_buffer(len, bytes, MHD_RESPMEM_MUST_FREE);
    if (!response) {
        g_free(bytes);
        return NULL;
    }
    add_header(response, "Content-Type", content_type);
    add_header(response, "Cache-Control", "no-store");
    return response;
}

static enum MHD_Result send_json(Request *request, GString *body) {
    return respond(request, 200, response_of("application/json", body));
}

static struct MHD_Response *problem_response(unsigned status, const char *detail) {
    GString *body = g_string_new(NULL);
    shape_problem(body, status, detail);
    return response_of("application/problem+json", body);
}

static enum MHD_Result send_problem(Request *request, unsigned status, const char *detail) {
    struct MHD_Response *response = problem_response(status, detail);
    if (response && status == 503) add_header(response, "Retry-After", "1");
    return respond(request, status, response);
}

static enum MHD_Result send_refusal(Request *request, const Pass *pass) {
    char seconds[16];
    struct MHD_Response *response = problem_response(pass->status, pass->why);
    if (response && pass->status == 401) add_header(response, "WWW-Authenticate", "Bearer");
    if (response && pass->wait > 0) {
        g_snprintf(seconds, sizeof seconds, "%u", pass->wait);
        add_header(response, "Retry-After", seconds);
    }
    return respond(request, pass->status, response);
}

static enum MHD_Result send_overloaded(Request *request, const char *detail) {
    counter_add(&request->http->options.meters->overloaded, 1);
    return send_problem(request, 503, detail);
}

/* Jobs */

/* libmicrohttpd does not tell the one who runs it of resumed connections. One write is enough for
 * all that were resumed until it is read. */
static void wake_thread(void *data) {
    Http *http = data;
    const uint64_t one = 1;
    if (!atomic_exchange(&http->woken, true) && write(http->wake, &one, sizeof one) < 0)
        g_warn_if_reached();
}

static void job_done(Job *job) {
    Request *request = (Request *)job;
    Http *http = request->http;
    MHD_resume_connection(request->connection);
    wake_thread(http); /* the request may be gone by now */
}

/* By an alias the same address may be another file tomorrow: a cache has to ask. */
static enum MHD_Result send_file(Request *request) {
    Reply *reply = &request->job.reply;
    struct MHD_Response *response = MHD_create_response_from_fd64(reply->file_size, reply->fd);
    if (!response) return MHD_NO;
    reply->is_file = false; /* the response closes it */
    add_header(response, "Content-Type", reply->content_type);
    add_header(response, "Cache-Control", "private, no-cache");
    return respond(request, reply->status, response);
}

static enum MHD_Result send_reply(Request *request) {
    Reply *reply = &request->job.reply;
    if (reply->is_file) return send_file(request);
    struct MHD_Response *response = response_of(reply->content_type, g_steal_pointer(&reply->body));
    char number[24];
    if (response && reply->duplicates > 0) {
        g_snprintf(number, sizeof number, "%" G_GUINT64_FORMAT, reply->duplicates);
        add_header(response, "Haechi-Duplicates", number);
    }
    if (response && reply->retry_after > 0) {
        g_snprintf(number, sizeof number, "%u", reply->retry_after);
        add_header(response, "Retry-After", number);
    }
    return respond(request, reply->status, response);
}

/* The connection sleeps before the worker can wake it. Nobody else submits, so a place that was
 * free a moment ago still is, unless the worker has just closed: then the reply is made here. */
static enum MHD_Result submit_to(Request *request, Worker *worker, size_t most, JobKind kind) {
    if (worker->queue_depth(worker) >= most)
        return send_overloaded(request, "too many requests are waiting");
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

static enum MHD_Result submit(Request *request, JobKind kind) {
    return submit_to(request, request->http->options.worker, QUEUE_MAX, kind);
}

static enum MHD_Result submit_records(Request *request, JobKind kind) {
    if (request->http->options.worker->takes_records) return submit(request, kind);
    return send_problem(request, 409, "this service takes its transactions and labels from Kafka");
}

static enum MHD_Result post_transactions(Request *request) {
    return submit_records(request, JOB_TRANSACTIONS);
}

static enum MHD_Result post_labels(Request *request) {
    return submit_records(request, JOB_LABELS);
}

static enum MHD_Result get_card(Request *request) {
    return submit(request, JOB_CARD);
}

static enum MHD_Result get_merchant(Request *request) {
    return submit(request, JOB_MERCHANT);
}

static enum MHD_Result post_question(Request *request, JobKind kind) {
    const Str body = {request->body, request->length};
    unsigned status;
    request->question = g_new(Question, 1);
    const char *wrong =
        question_read(request->http->parser, body, kind, request->question, &status);
    if (wrong) return send_problem(request, status, wrong);
    request->job.question = request->question;
    return submit(request, kind);
}

static enum MHD_Result post_neighbourhood(Request *request) {
    return post_question(request, JOB_NEIGHBOURHOOD);
}

static enum MHD_Result post_paths(Request *request) {
    return post_question(request, JOB_PATHS);
}

static enum MHD_Result post_ring(Request *request) {
    return post_question(request, JOB_RING);
}

/* Who asks, for the audit trail. */
static CaseBy asker(const Request *request) {
    return (CaseBy){request->identity->name, role_name(request->identity->role)};
}

/* The registry of models */

static const char *query(const Request *request, const char *name) {
    return MHD_lookup_connection_value(request->connection, MHD_GET_ARGUMENT_KIND, name);
}

static enum MHD_Result submit_call(Request *request, LibraryTask task) {
    request->call->task = task;
    request->job.call = request->call;
    return submit_to(request, library_worker(request->http->options.library), LIBRARY_QUEUE_MAX,
                     JOB_LIBRARY);
}

/* The call whose name, version and file the path has: NAME/VERSION/files/FILE. */
static void begin_call(Request *request) {
    g_auto(GStrv) parts = g_strsplit(request->subject ? request->subject : "", "/", -1);
    const guint count = g_strv_length(parts);
    request->call = g_new0(LibraryCall, 1);
    request->call->by = g_strdup(asker(request).name);
    request->call->role = g_strdup(asker(request).role);
    if (count > 0) request->call->name = g_strdup(parts[0]);
    if (count > 1) request->call->version = g_strdup(parts[1]);
    if (count > 3) request->call->file = g_strdup(parts[3]);
}

static enum MHD_Result get_models(Request *request) {
    begin_call(request);
    request->call->name = g_strdup(query(request, "name"));
    return submit_call(request, LIBRARY_LIST);
}

static enum MHD_Result get_model(Request *request) {
    begin_call(request);
    return submit_call(request, LIBRARY_SHOW);
}

static enum MHD_Result get_model_file(Request *request) {
    begin_call(request);
    return submit_call(request, LIBRARY_FILE);
}

static enum MHD_Result get_comparison(Request *request) {
    const char *models = query(request, "models");
    begin_call(request);
    request->call->models = g_strdup(models ? models : "");
    return submit_call(request, LIBRARY_COMPARE);
}

static enum MHD_Result change_model(Request *request, LibraryTask task) {
    const Str body = {request->body, request->length};
    unsigned status;
    begin_call(request);
    const char *wrong = library_call_read(request->http->parser, body, request->call, &status);
    return wrong ? send_problem(request, status, wrong) : submit_call(request, task);
}

static enum MHD_Result post_promotion(Request *request) {
    return change_model(request, LIBRARY_PROMOTE);
}

static enum MHD_Result post_rollback(Request *request) {
    return change_model(request, LIBRARY_ROLLBACK);
}

static enum MHD_Result delete_model(Request *request) {
    const char *force = query(request, "force");
    begin_call(request);
    if (force && strcmp(force, "true") != 0 && strcmp(force, "false") != 0)
        return send_problem(request, 400, "force is true or false");
    request->call->force = force && strcmp(force, "true") == 0;
    return submit_call(request, LIBRARY_DELETE);
}

/* The analysts' desk */

typedef struct Parameters {
    DeskCall *call;
    const char *wrong;
} Parameters;

static enum MHD_Result take_parameter(void *data, enum MHD_ValueKind kind, const char *name,
                                      size_t name_len, const char *value, size_t value_len) {
    (void)kind;
    Parameters *parameters = data;
    parameters->wrong = desk_call_set(parameters->call, (Str){name, name_len},
                                      value ? (Str){value, value_len} : STR(""));
    return parameters->wrong ? MHD_NO : MHD_YES;
}

/* Of a path that goes on behind the transaction's number, that number alone. */
static enum MHD_Result submit_desk(Request *request, DeskTask task, bool goes_on) {
    const CaseBy by = asker(request);
    const char *subject = request->subject;
    g_autofree char *trans_num =
        goes_on ? g_strndup(subject, strcspn(subject, "/")) : g_strdup(subject);
    request->desk = desk_call_new(task, trans_num, by.name, by.role);
    Parameters parameters = {.call = request->desk};
    MHD_get_connection_values_n(request->connection, MHD_GET_ARGUMENT_KIND, take_parameter,
                                &parameters);
    const char *wrong = parameters.wrong ? parameters.wrong : desk_call_check(request->desk);
    if (wrong) return send_problem(request, 400, wrong);
    request->job.desk = request->desk;
    if (task == DESK_CHANGE || task == DESK_CARD) {
        unsigned status;
        const Str body = {request->body, request->length};
        wrong = task == DESK_CHANGE
                    ? case_edit_read(request->http->parser, body, &request->desk->edit, &status)
                    : empty_object_read(request->http->parser, body, &status);
        if (wrong) return send_problem(request, status, wrong);
    }
    return submit_to(request, desk_worker(request->http->options.desk), DESK_QUEUE_MAX, JOB_DESK);
}

static enum MHD_Result get_alerts(Request *request) {
    return submit_desk(request, DESK_LIST, false);
}

static enum MHD_Result get_alert(Request *request) {
    return submit_desk(request, DESK_SHOW, false);
}

static enum MHD_Result post_alert(Request *request) {
    return submit_desk(request, DESK_CHANGE, false);
}

static enum MHD_Result post_card(Request *request) {
    return submit_desk(request, DESK_CARD, true);
}

static enum MHD_Result get_card_history(Request *request) {
    return submit_desk(request, DESK_CARD_HISTORY, true);
}

static enum MHD_Result get_audit(Request *request) {
    return submit_desk(request, DESK_AUDIT, false);
}

/* Pipelines */

/* The call whose names the path has: of a change and of all about one run, the first part is the
 * pipeline's or the run's, and a step's is the third. */
static PipelinesCall *begin_pipelines_call(Request *request, PipelinesTask task) {
    g_auto(GStrv) parts = g_strsplit(request->subject ? request->subject : "", "/", -1);
    const guint count = g_strv_length(parts);
    PipelinesCall *call = request->pipelines_call = g_new0(PipelinesCall, 1);
    call->task = task;
    call->by = g_strdup(asker(request).name);
    call->role = asker(request).role;
    if (count > 0) *(task == PIPELINES_RUN ? &call->pipeline : &call->run) = g_strdup(parts[0]);
    if (count > 2) call->step = g_strdup(parts[2]);
    return call;
}

static enum MHD_Result submit_pipelines(Request *request) {
    Pipelines *pipelines = request->http->options.pipelines;
    if (!pipelines) return send_problem(request, 404, "this service has no pipelines");
    request->job.pipelines_call = request->pipelines_call;
    return submit_to(request, pipelines_worker(pipelines), PIPELINES_QUEUE_MAX, JOB_PIPELINES);
}

static enum MHD_Result get_pipelines(Request *request) {
    begin_pipelines_call(request, PIPELINES_LIST);
    return submit_pipelines(request);
}

static enum MHD_Result get_runs(Request *request) {
    PipelinesCall *call = begin_pipelines_call(request, PIPELINES_RUNS);
    const char *limit = query(request, "limit");
    guint64 number = PIPELINES_RUNS_DEFAULT;
    if (limit && !g_ascii_string_to_unsigned(limit, 10, 1, PIPELINES_RUNS_MAX, &number, NULL))
        return send_problem(request, 400, "limit is 1 to 200");
    call->limit = (size_t)number;
    call->pipeline = g_strdup(query(request, "pipeline"));
    return submit_pipelines(request);
}

static enum MHD_Result get_run(Request *request) {
    begin_pipelines_call(request, PIPELINES_SHOW);
    return submit_pipelines(request);
}

static enum MHD_Result get_step_log(Request *request) {
    PipelinesCall *call = begin_pipelines_call(request, PIPELINES_LOG);
    const char *from = query(request, "from");
    if (from && !g_ascii_string_to_unsigned(from, 10, 0, G_MAXINT64, &call->from, NULL))
        return send_problem(request, 400, "from is a number of bytes");
    return submit_pipelines(request);
}

static enum MHD_Result change_run(Request *request, PipelinesTask task) {
    const Str body = {request->body, request->length};
    unsigned status;
    PipelinesCall *call = begin_pipelines_call(request, task);
    const char *wrong = pipelines_call_read(request->http->parser, body, call, &status);
    return wrong ? send_problem(request, status, wrong) : submit_pipelines(request);
}

static enum MHD_Result post_run(Request *request) {
    return change_run(request, PIPELINES_RUN);
}

static enum MHD_Result post_cancel(Request *request) {
    return change_run(request, PIPELINES_CANCEL);
}

static enum MHD_Result post_resume(Request *request) {
    return change_run(request, PIPELINES_RESUME);
}

/* Stored transactions */

static enum MHD_Result send_store_failure(Request *request, const GError *error) {
    g_printerr("%s\n", error->message);
    return send_problem(request, 500, "the store could not be read");
}

static enum MHD_Result get_transaction(Request *request) {
    g_autoptr(GError) error = NULL;
    StoredTransaction stored;
    switch (store_find(request->http->reader, str_from(request->subject), &stored, &error)) {
    case STORE_FOUND: {
        GString *body = g_string_new(NULL);
        shape_stored(body, &stored);
        return send_json(request, body);
    }
    case STORE_ABSENT:
        return send_problem(request, 404, "no such transaction");
    case STORE_FAILED:
        break;
    }
    return send_store_failure(request, error);
}

static bool read_limit(const Request *request, size_t *out) {
    const char *text = query(request, "limit");
    guint64 limit = LIST_DEFAULT;
    if (text && !g_ascii_string_to_unsigned(text, 10, 1, LIST_MAX, &limit, NULL)) return false;
    *out = (size_t)limit;
    return true;
}

/* The bit of the decision named text[0..len), 0 when it is none. */
static unsigned decision_bit(const char *text, size_t len) {
    for (int verdict = VERDICT_APPROVE; verdict <= VERDICT_DECLINE; verdict++)
        if (str_equal((Str){text, len}, str_from(verdict_name((Verdict)verdict))))
            return 1u << verdict;
    return 0;
}

/* "review,decline": any of the decisions, once or more. */
static bool read_decisions(const Request *request, unsigned *out) {
    const char *text = query(request, "decision");
    *out = text ? 0 : VERDICTS_ALL;
    while (text) {
        size_t len = strcspn(text, ",");
        unsigned bit = decision_bit(text, len);
        if (!bit) return false;
        *out |= bit;
        text = text[len] ? text + len + 1 : NULL;
    }
    return true;
}

static void list_item(const StoredTransaction *stored, void *data) {
    GString *body = data;
    if (body->str[body->len - 1] != '[') g_string_append_c(body, ',');
    shape_item(body, stored);
}

static enum MHD_Result get_transactions(Request *request) {
    size_t limit;
    unsigned verdicts;
    if (!read_limit(request, &limit)) return send_problem(request, 400, "limit is 1 to 500");
    if (!read_decisions(request, &verdicts))
        return send_problem(request, 400,
                            "decision is approve, review or decline, or several with commas");
    g_autoptr(GError) error = NULL;
    GString *body = g_string_new("{\"transactions\":[");
    if (!store_latest(request->http->reader, verdicts, limit, list_item, body, &error)) {
        g_string_free(body, TRUE);
        return send_store_failure(request, error);
    }
    g_string_append(body, "]}");
    return send_json(request, body);
}

/* The service about itself */

static enum MHD_Result get_stats(Request *request) {
    const HttpOptions *options = &request->http->options;
    GString *body = g_string_new(NULL);
    Model *model = champion_get(options->champion);
    meters_write_stats(options->meters, model, options->worker->queue_depth(options->worker), body);
    model_free(model);
    return send_json(request, body);
}

static enum MHD_Result get_live(Request *request) {
    GString *body = g_string_new(NULL);
    if (models_write_live(request->http->options.models, body)) return send_json(request, body);
    g_string_free(body, TRUE);
    return send_problem(request, 404, "there is no challenger");
}

static enum MHD_Result get_drift(Request *request) {
    g_autofree char *why = NULL;
    GString *body = g_string_new(NULL);
    if (drift_write(request->http->options.meters->drift, body, &why))
        return send_json(request, body);
    g_string_free(body, TRUE);
    g_autofree char *detail = g_strconcat("drift is not measured: ", why, NULL);
    return send_problem(request, 404, detail);
}

static enum MHD_Result get_board(Request *request) {
    const char *window = query(request, "window");
    request->subject = g_strdup(window ? window : "24h");
    return submit_to(request, board_worker(request->http->options.board), BOARD_QUEUE_MAX,
                     JOB_BOARD);
}

/* To a HEAD of a body in chunks libmicrohttpd sends the last chunk (0.9.75): it gets an empty one.
 */
static enum MHD_Result get_stream(Request *request) {
    struct MHD_Response *response =
        request->head ? MHD_create_response_from_buffer(0, NULL, MHD_RESPMEM_PERSISTENT)
                      : hub_subscribe(request->http->options.hub, request->connection);
    if (!response) return send_overloaded(request, "too many clients of the stream");
    add_header(response, "Content-Type", "text/event-stream");
    add_header(response, "Cache-Control", "no-store");
    add_header(response, "X-Accel-Buffering", "no");
    return respond(request, 200, response);
}

static uint64_t file_bytes(const char *path) {
    struct stat st;
    return stat(path, &st) == 0 ? (uint64_t)st.st_size : 0;
}

static enum MHD_Result get_metrics(Request *request) {
    const Http *http = request->http;
    const HttpOptions *options = &http->options;
    GString *body = g_string_new(NULL);
    Model *model = champion_get(options->champion);
    meters_write_prometheus(options->meters, model, options->worker->queue_depth(options->worker),
                            file_bytes(http->db_path) + file_bytes(http->wal_path), body);
    model_free(model);
    if (options->pipelines) pipelines_write_metrics(options->pipelines, body);
    return respond(request, 200, response_of("text/plain; version=0.0.4; charset=utf-8", body));
}

static enum MHD_Result get_healthz(Request *request) {
    return send_json(request, g_string_new("{\"status\":\"ok\"}"));
}

static enum MHD_Result get_readyz(Request *request) {
    Http *http = request->http;
    Worker *worker = http->options.worker;
    if (atomic_load(&http->stopping) || worker->failure(worker))
        return send_problem(request, 503, "the service is stopping");
    if (!worker->ready(worker)) return send_problem(request, 503, "the service is starting");
    return send_json(request, g_string_new("{\"status\":\"ready\"}"));
}

static enum MHD_Result send_static(Request *request, Str body, const char *content_type,
                                   const char *encoding) {
    struct MHD_Response *response = MHD_create_response_from_buffer(
        body.len, (void *)(uintptr_t)body.data, MHD_RESPMEM_PERSISTENT);
    if (!response) return MHD_NO;
    add_header(response, "Content-Type", content_type);
    add_header(response, "Cache-Control", "no-cache");
    if (encoding) add_header(response, "Content-Encoding", encoding);
    add_header(response, "Referrer-Policy", "no-referrer");
    add_header(response, "Content-Security-Policy",
               "default-src 'none'; script-src 'self'; style-src 'self'; "
               "img-src 'self'; font-src 'self'; connect-src 'self'; manifest-src 'self'; "
               "base-uri 'none'; form-action 'none'; frame-ancestors 'none'");
    return respond(request, 200, response);
}

static enum MHD_Result get_openapi(Request *request) {
    Str body = {(const char *)openapi_json, openapi_json_len};
    return send_static(request, body, "application/json", NULL);
}

static enum MHD_Result get_page(Request *request) {
    Str body;
    const char *content_type;
    g_assert_true(page_find(request->subject, &body, &content_type));
    return send_static(request, body, content_type, "gzip");
}

/* Sessions */

static const char *header(const Request *request, const char *name) {
    return MHD_lookup_connection_value(request->connection, MHD_HEADER_KIND, name);
}

static int64_t now_seconds(void) {
    return g_get_monotonic_time() / G_USEC_PER_SEC;
}

static enum MHD_Result keep_last(void *data, enum MHD_ValueKind kind, const char *name,
                                 const char *value) {
    (void)kind;
    if (g_ascii_strcasecmp(name, "X-Forwarded-For") == 0) *(const char **)data = value;
    return MHD_YES;
}

/* The strings live as long as the request and `address`. */
static Claim claim_of(const Request *request, const char *method,
                      char address[CLIENT_ADDRESS_LEN]) {
    const char *forwarded = NULL; /* a proxy may put a header of its own after the client's */
    Claim claim = {
        .method = method,
        .host = header(request, "Host"),
        .origin = header(request, "Origin"),
    };
    if (!gate_requires(request->http->options.gate)) return claim; /* no more is looked at */
    MHD_get_connection_values(request->connection, MHD_HEADER_KIND, keep_last, &forwarded);
    client_address(MHD_get_connection_info(request->connection, MHD_CONNECTION_INFO_CLIENT_ADDRESS)
                       ->client_addr,
                   forwarded, address);
    claim.authorization = header(request, "Authorization");
    claim.cookie = header(request, "Cookie");
    claim.csrf = header(request, "X-Haechi-Csrf");
    claim.address = str_from(address);
    return claim;
}

static void write_text_or_null(GString *out, const char *name, const char *text) {
    g_string_append_printf(out, ",\"%s\":", name);
    if (text)
        json_write_str(out, str_from(text));
    else
        g_string_append(out, "null");
}

/* The session as the page knows it; `cookie` is empty where there is none. */
static struct MHD_Response *session_response(const Request *request, const Identity *identity,
                                             Str cookie) {
    SecretText csrf;
    GString *body = g_string_new("{\"required\":");
    g_string_append(body, gate_requires(request->http->options.gate) ? "true" : "false");
    write_text_or_null(body, "name", identity ? identity->name : NULL);
    write_text_or_null(body, "role", identity ? role_name(identity->role) : NULL);
    if (cookie.len > 0) session_csrf(cookie, csrf);
    write_text_or_null(body, "csrf", cookie.len > 0 ? csrf : NULL);
    g_string_append_c(body, '}');
    return response_of("application/json", body);
}

/* A session's cookie, for `seconds` of which 0 takes it away. Secure where a proxy in front speaks
 * TLS: over plain HTTP a browser would not send it back. */
static void set_cookie(const Request *request, struct MHD_Response *response, const char *value,
                       int seconds) {
    const char *scheme = header(request, "X-Forwarded-Proto");
    const bool secure = scheme && g_ascii_strcasecmp(scheme, "https") == 0;
    g_autofree char *cookie =
        g_strdup_printf(SESSION_COOKIE "=%s; HttpOnly; SameSite=Strict; Path=/; Max-Age=%d%s",
                        value, seconds, secure ? "; Secure" : "");
    add_header(response, "Set-Cookie", cookie);
}

static enum MHD_Result get_session(Request *request) {
    return respond(request, 200, session_response(request, request->identity, request->cookie));
}

static bool read_token_member(Str key, JsonValue value, void *data) {
    *(Str *)data = json_get_str(value);
    return str_equal(key, STR("token")) && json_type(value) == JSON_STRING;
}

/* Tells of sessions in the audit trail. `whose` is NULL for a token that is nobody's: of those the
 * gate lets so many through from an address and no more. */
static void note_session(const Request *request, const char *action, const Identity *whose,
                         const char *address) {
    const AuditEntry entry = {
        .by = whose ? whose->name : "unknown",
        .role = role_name(whose ? whose->role : ROLE_NONE),
        .action = action,
        .text = address,
    };
    audit_note(request->http->options.audit, &entry);
}

static enum MHD_Result post_session(Request *request) {
    char address[CLIENT_ADDRESS_LEN];
    JsonValue value;
    const char *message;
    Str token = {"", 0};
    Http *http = request->http;
    Gate *gate = http->options.gate;
    if (!gate_requires(gate))
        return send_problem(request, 409, "this service asks nobody to sign in");
    if (!json_parse(http->parser, request->body, request->length, &value, &message))
        return send_problem(request, 400, message);
    if (!json_each(value, read_token_member, &token) || json_count(value) != 1)
        return send_problem(request, 422, "the only member is \"token\", a text");
    const Claim claim = claim_of(request, "POST", address);
    SecretText cookie;
    const Pass pass = gate_sign_in(gate, &claim, token, now_seconds(), cookie);
    if (pass.status == 401) note_session(request, "session.refused", NULL, address);
    if (pass.status == 0) note_session(request, "session.begin", pass.identity, address);
    if (pass.status) return send_refusal(request, &pass);
    struct MHD_Response *response =
        session_response(request, pass.identity, (Str){cookie, DIGEST_HEX});
    if (response) set_cookie(request, response, cookie, SESSION_SECONDS);
    return respond(request, 200, response);
}

static enum MHD_Result delete_session(Request *request) {
    char address[CLIENT_ADDRESS_LEN];
    Gate *gate = request->http->options.gate;
    if (gate_requires(gate)) {
        const Claim claim = claim_of(request, "DELETE", address);
        const Pass pass = gate_sign_out(gate, &claim, now_seconds());
        if (pass.status) return send_refusal(request, &pass);
        if (pass.identity) note_session(request, "session.end", pass.identity, address);
        request->identity = NULL;
        request->cookie = (Str){"", 0};
    }
    struct MHD_Response *response = session_response(request, request->identity, (Str){"", 0});
    if (response) set_cookie(request, response, "", 0);
    return respond(request, 200, response);
}

static enum MHD_Result get_config(Request *request) {
    GString *body = g_string_new(NULL);
    config_write(request->http->options.config, body);
    return send_json(request, body);
}

/* Routing */

static const Route routes[] = {
    {"POST", "/v1/transactions", post_transactions, ROLE_ADMIN, 0},
    {"GET", "/v1/transactions", get_transactions, ROLE_VIEWER, 0},
    {"GET", "/v1/transactions/*/card_history", get_card_history, ROLE_VIEWER, 0},
    {"POST", "/v1/transactions/*/card", post_card, ROLE_ANALYST, ROUTE_ONE},
    {"GET", "/v1/transactions/", get_transaction, ROLE_VIEWER, 0},
    {"POST", "/v1/labels", post_labels, ROLE_ANALYST, 0},
    {"GET", "/v1/alerts", get_alerts, ROLE_VIEWER, 0},
    {"GET", "/v1/alerts/", get_alert, ROLE_VIEWER, 0},
    {"POST", "/v1/alerts/", post_alert, ROLE_ANALYST, ROUTE_ONE},
    {"GET", "/v1/audit", get_audit, ROLE_ANALYST, 0},
    {"GET", "/v1/cards/", get_card, ROLE_VIEWER, 0},
    {"GET", "/v1/merchants/", get_merchant, ROLE_VIEWER, 0},
    {"POST", "/v1/graph/neighbourhood", post_neighbourhood, ROLE_VIEWER, ROUTE_ONE},
    {"POST", "/v1/graph/paths", post_paths, ROLE_VIEWER, ROUTE_ONE},
    {"POST", "/v1/graph/ring", post_ring, ROLE_VIEWER, ROUTE_ONE},
    {"GET", "/v1/stats", get_stats, ROLE_VIEWER, 0},
    {"GET", "/v1/board", get_board, ROLE_VIEWER, 0},
    {"GET", "/v1/drift", get_drift, ROLE_VIEWER, 0},
    {"GET", "/v1/models", get_models, ROLE_VIEWER, 0},
    {"GET", "/v1/models/live", get_live, ROLE_VIEWER, 0},
    {"GET", "/v1/models/compare", get_comparison, ROLE_VIEWER, 0},
    {"GET", "/v1/models/*/*", get_model, ROLE_VIEWER, 0},
    {"DELETE", "/v1/models/*/*", delete_model, ROLE_ADMIN, 0},
    {"GET", "/v1/models/*/*/files/*", get_model_file, ROLE_VIEWER, 0},
    {"POST", "/v1/models/*/*/promote", post_promotion, ROLE_ADMIN, ROUTE_ONE},
    {"POST", "/v1/models/*/rollback", post_rollback, ROLE_ADMIN, ROUTE_ONE},
    {"GET", "/v1/pipelines", get_pipelines, ROLE_VIEWER, 0},
    {"POST", "/v1/pipelines/*/run", post_run, ROLE_ADMIN, ROUTE_ONE},
    {"GET", "/v1/pipelines/runs", get_runs, ROLE_VIEWER, 0},
    {"GET", "/v1/pipelines/runs/*", get_run, ROLE_VIEWER, 0},
    {"GET", "/v1/pipelines/runs/*/steps/*/log", get_step_log, ROLE_VIEWER, 0},
    {"POST", "/v1/pipelines/runs/*/cancel", post_cancel, ROLE_ADMIN, ROUTE_ONE},
    {"POST", "/v1/pipelines/runs/*/resume", post_resume, ROLE_ADMIN, ROUTE_ONE},
    {"GET", "/v1/session", get_session, ROLE_NONE, ROUTE_OPEN},
    {"POST", "/v1/session", post_session, ROLE_NONE, ROUTE_OPEN | ROUTE_ONE},
    {"DELETE", "/v1/session", delete_session, ROLE_NONE, ROUTE_OPEN},
    {"GET", "/v1/config", get_config, ROLE_ADMIN, 0},
    {"GET", "/v1/stream", get_stream, ROLE_VIEWER, 0},
    {"GET", "/metrics", get_metrics, ROLE_VIEWER, 0},
    {"GET", "/healthz", get_healthz, ROLE_NONE, ROUTE_OPEN},
    {"GET", "/readyz", get_readyz, ROLE_NONE, ROUTE_OPEN},
    {"GET", "/openapi.json", get_openapi, ROLE_NONE, ROUTE_OPEN},
};

static const Route page_route = {"GET", "/", get_page, ROLE_NONE, ROUTE_OPEN};

static bool path_matches(const char *path, const char *url) {
    char last = '\0';
    for (; *path; last = *path++) {
        const size_t part = *path == '*' ? strcspn(url, "/") : *path == *url;
        if (part == 0) return false;
        url += part;
    }
    return last == '/' ? *url != '\0' : *url == '\0';
}

/* Where the subject begins; 0 for a path without one. */
static size_t subject_at(const char *path) {
    const char *star = strchr(path, '*');
    if (star) return (size_t)(star - path);
    return g_str_has_suffix(path, "/") ? strlen(path) : 0;
}

/* The route of a request; else NULL and `allow` says which methods the path has, if any. */
static const Route *find_route(const char *method, const char *url, char allow[32]) {
    Str body;
    const char *content_type;
    allow[0] = '\0';
    if (strcmp(method, "HEAD") == 0) method = "GET";
    for (size_t i = 0; i < G_N_ELEMENTS(routes); i++) {
        if (!path_matches(routes[i].path, url)) continue;
        if (strcmp(routes[i].method, method) == 0) return &routes[i];
        if (*allow) g_strlcat(allow, ", ", 32);
        g_strlcat(allow, routes[i].method, 32);
    }
    if (*allow || !page_find(url, &body, &content_type)) return NULL;
    if (strcmp(method, "GET") == 0) return &page_route;
    g_strlcpy(allow, "GET", 32);
    return NULL;
}

static enum MHD_Result send_no_route(Request *request, const char *allow) {
    if (!*allow) return send_problem(request, 404, "nothing is here");
    struct MHD_Response *response = problem_response(405, NULL);
    if (response) add_header(response, "Allow", allow);
    return respond(request, 405, response);
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
    return send_problem(request, 413,
                        request->job.many ? "a body of many records has at most 16 MiB"
                                          : "an object has at most 64 KiB");
}

/* Looks at a POST's headers before its body is let in; *result is set when it is refused. */
static bool accept_body(Request *request, enum MHD_Result *result) {
    const char *type = header(request, "Content-Type");
    const char *length = header(request, "Content-Length");
    const bool one = request->route->flags & ROUTE_ONE;
    request->job.many = !one && has_media_type(type, "application/x-ndjson");
    if (!request->job.many && !has_media_type(type, "application/json")) {
        *result = send_problem(request, 415,
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
        *result = send_problem(request, 503, "the service is stopping");
        return false;
    }
    if (request->too_large || reserve(request, (size_t)bytes)) return true;
    *result = send_overloaded(request, "too many large requests at once");
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
    const Claim claim = claim_of(request, method, address);
    request->head = strcmp(method, "HEAD") == 0;
    Pass pass = gate_host(gate, &claim);
    if (pass.status) return send_refusal(request, &pass);
    request->route = find_route(method, url, allow);
    pass = gate_pass(gate, &claim, needed_role(request->route), now_seconds());
    if (pass.status) return send_refusal(request, &pass);
    request->identity = pass.identity;
    request->cookie = pass.cookie;
    if (!request->route) return send_no_route(request, allow);
    const char *path = request->route->path;
    if (request->route == &page_route)
        request->subject = g_strdup(url);
    else if (subject_at(path) > 0)
        request->subject = g_strdup(url + subject_at(path));
    enum MHD_Result result = MHD_YES;
    if (takes_body(request->route)) accept_body(request, &result);
    return result;
}

static enum MHD_Result end(Request *request) {
    if (request->job.reply.status) return send_reply(request);
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
    if (!http->reader) return false;
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
    hub_set_wake(options->hub, wake_thread, http);
    http->thread = g_thread_new("http", run, http);
    return http;
}

void http_quiesce(Http *http) {
    atomic_store(&http->stopping, true);
    wake_thread(http);
}

void http_stop(Http *http, unsigned seconds) {
    int64_t until = g_get_monotonic_time() + (int64_t)seconds * G_TIME_SPAN_SECOND;
    while (atomic_load(&http->active) > 0 && g_get_monotonic_time() < until)
        g_usleep(1000);
    atomic_store(&http->ended, true);
    wake_thread(http);
    g_thread_join(http->thread);
    hub_set_wake(http->options.hub, NULL, NULL);
    MHD_stop_daemon(http->daemon);
    http_free(http);
}
