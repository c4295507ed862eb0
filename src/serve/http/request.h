/* A request on its way through the HTTP thread, and how it is replied to: at once, or by a worker
 * that is handed a job while the connection sleeps. */
#pragma once

#include "serve/http/http.h"

typedef struct Request Request;
typedef struct Route Route;

/* What a route does once its request is whole. Returns MHD's word. */
typedef enum MHD_Result Handler(Request *request);

struct Http {
    struct MHD_Daemon *daemon;
    GThread *thread;
    int wake;           /* an eventfd: a connection was resumed, or a flag below set */
    _Atomic bool woken; /* it was written to and not yet read */
    HttpOptions options;
    Store *reader; /* the HTTP thread's own connection */
    JsonParser *parser;
    CardRefKey card_ref_key;
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
    Handler *told;    /* goes on once `entry` is in the audit trail; NULL: nothing is told of */
    AuditEntry entry; /* the names in it are those of identities, the text is its own */
    char *entry_text;
    JobKind asked; /* of a question that is told of first */
    Pass pass;     /* of a sign-in, and the cookie that it made */
    SecretText made;
    bool head;      /* only the headers are asked for */
    bool too_large; /* its body is over the limit */
};

/* A parameter or a header; NULL where it is not there. */
const char *http_query(const Request *request, const char *name);
const char *http_header(const Request *request, const char *name);

/* Who asks, for the audit trail; not of an open route. */
CaseBy http_asker(const Request *request);

/* Replies. Each takes `body`, and returns what MHD is to be told. */

struct MHD_Response *http_response_of(const char *content_type, GString *body);
struct MHD_Response *http_problem_response(unsigned status, const char *detail);
void http_add_header(struct MHD_Response *response, const char *name, const char *value);

/* Takes the response, NULL where there was no memory for one. */
enum MHD_Result http_respond(Request *request, unsigned status, struct MHD_Response *response);
enum MHD_Result http_send_json(Request *request, GString *body);
enum MHD_Result http_send_problem(Request *request, unsigned status, const char *detail);
enum MHD_Result http_send_overloaded(Request *request, const char *detail);
enum MHD_Result http_send_queue_full(Request *request); /* overloaded: too many wait */

/* Of a pass that was refused. */
enum MHD_Result http_send_refusal(Request *request, const Pass *pass);

/* Has the worker, where at most `most` wait already, fill in request->job.reply; then the request
 * is handed to http_send_reply. The job's kind, body and subject are filled in here, what else the
 * kind needs must be. */
enum MHD_Result http_submit_to(Request *request, Worker *worker, size_t most, JobKind kind);
enum MHD_Result http_send_reply(Request *request);

/* Has the audit trail say what `by` (NULL: nobody) does, with a text, which is copied; `told` goes
 * on when the entry is on the disk. Where it could not be written, request->job.reply says so
 * already: then `told` undoes what it can, and sends that. */
enum MHD_Result http_tell(Request *request, const Identity *by, const char *action,
                          const char *text, Handler *told);

/* Whether http_tell has a place: for what is done before it is told. */
bool http_may_tell(const Request *request);

/* Has the HTTP thread (a Http *) look at its connections. From any thread. */
void http_wake_thread(void *data);

/* Of the clock that only goes forward. */
int64_t http_now_seconds(void);

/* What the request says of who asks, whose strings live as long as it and `address`, which is
 * filled in. */
Claim http_claim_of(const Request *request, const char *method, char address[CLIENT_ADDRESS_LEN]);
