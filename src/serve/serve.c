#include "serve/serve.h"

#include "serve/audit.h"
#include "serve/board.h"
#include "serve/http/http.h"
#include "serve/kafka/member.h"
#include "serve/outbox.h"
#include "serve/partition.h"

#include <errno.h>
#include <signal.h>
#include <time.h>

enum { DRAIN_SECONDS = 5 };

typedef struct Service {
    Gate *gate;
    Champion *champion;
    Listener listener;
    Meters *meters;
    Board *board;
    Hub *hub;
    Partition *partition; /* one of these two */
    Member *member;
    Worker *worker;
    Models *models;
    Desk *desk;
    Audit *audit;
    Library *library;
    Pipelines *pipelines;
    Outbox *outbox;
    Http *http;
} Service;

/* A write to a client that has gone, or past a limit on file sizes, is an error to be handled, not
 * an end. The signals that end the service are blocked in every thread, and waited for in this
 * one. */
static sigset_t take_signals(void) {
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGTERM);
    sigaddset(&set, SIGINT);
    pthread_sigmask(SIG_BLOCK, &set, NULL);
    signal(SIGPIPE, SIG_IGN);
    signal(SIGXFSZ, SIG_IGN);
    return set;
}

static bool open_listener(Service *service, const ServeOptions *options, GError **error) {
    Tokens *tokens = NULL;
    if (options->token_file && !(tokens = tokens_read(options->token_file, error))) return false;
    service->gate = gate_new(tokens);
    if (!listener_open(options->listen, &service->listener, error)) return false;
    if (service->listener.loopback || gate_requires(service->gate)) return true;
    g_set_error(error, G_IO_ERROR, G_IO_ERROR_FAILED,
                "%s can be reached from outside this machine: an API token is needed "
                "(--token-file)",
                options->listen);
    return false;
}

static bool start_worker(Service *service, const ServeOptions *options, GError **error) {
    const MemberOptions member = {
        .kafka = options->kafka,
        .data_dir = options->data_dir,
        .champion = service->champion,
        .meters = service->meters,
        .hub = service->hub,
        .keep_all = options->neo4j.url != NULL,
    };
    if (options->kafka) {
        service->meters->has_kafka = true;
        service->member = member_new(&member, error);
        if (service->member) service->worker = member_worker(service->member);
    } else {
        service->partition = partition_new(options->data_dir, service->champion, service->meters,
                                           service->hub, error);
        if (service->partition) service->worker = partition_worker(service->partition);
    }
    return service->worker != NULL;
}

static bool start_desk(Service *service, const ServeOptions *options, GError **error) {
    const DeskOptions desk = {
        .data_dir = options->data_dir,
        .worker = service->worker,
        .kafka = options->kafka,
        .meters = service->meters,
        .hub = service->hub,
    };
    service->desk = desk_new(&desk, error);
    if (service->desk) service->audit = audit_new(options->data_dir, service->meters, error);
    return service->audit != NULL;
}

static bool start(Service *service, const ServeOptions *options, GError **error) {
    Model *model = model_load(options->model_dir, error);
    if (!model) return false;
    service->champion = champion_new(model);
    if (!open_listener(service, options, error)) return false;
    service->meters = meters_new();
    service->meters->board = service->board = board_new();
    service->hub = hub_new(service->meters);
    if (!start_worker(service, options, error) || !start_desk(service, options, error))
        return false;
    if (options->neo4j.url &&
        !(service->outbox = outbox_new(options->data_dir, &options->neo4j, service->meters, error)))
        return false;
    const ModelsOptions models = {
        .champion_dir = options->model_dir,
        .challenger_dir = options->challenger_dir,
        .champion_name = options->model_name,
        .challenger_name = options->challenger_name,
        .lookup = options->lookup,
        .data_dir = options->data_dir,
        .champion = service->champion,
        .partition = service->partition,
        .member = service->member,
        .meters = service->meters,
    };
    service->models = models_new(&models);
    service->library = library_new(options->models_dir, service->models, service->audit);
    if (options->pipelines) service->pipelines = pipelines_new(options->pipelines, service->audit);
    HttpOptions http = {
        .data_dir = options->data_dir,
        .gate = service->gate,
        .trust_proxy = options->trust_proxy,
        .config = options->config,
        .champion = service->champion,
        .models = service->models,
        .worker = service->worker,
        .library = service->library,
        .desk = service->desk,
        .pipelines = service->pipelines,
        .board = service->board,
        .audit = service->audit,
        .meters = service->meters,
        .hub = service->hub,
    };
    service->http = http_start(&service->listener, &http, error);
    return service->http != NULL;
}

static void send_stats(const Service *service) {
    meters_tick(service->meters);
    if (counter_get(&service->meters->stream_clients) == 0) return;
    g_autoptr(GString) stats = g_string_new(NULL);
    Model *model = champion_get(service->champion);
    meters_write_stats(service->meters, model, service->worker->queue_depth(service->worker),
                       stats);
    model_free(model);
    hub_send(service->hub, "stats", stats);
}

/* Until a signal comes or the worker fails. */
static void run(const Service *service, const sigset_t *signals) {
    static const struct timespec tick = {.tv_nsec = TICK_MS * 1000000L};
    int64_t next = g_get_monotonic_time() + G_TIME_SPAN_SECOND;
    while (!service->worker->failure(service->worker) && sigtimedwait(signals, NULL, &tick) < 0) {
        if (g_get_monotonic_time() < next) continue;
        next += G_TIME_SPAN_SECOND;
        send_stats(service);
    }
}

static bool stop(Service *service, GError **error) {
    if (service->http) http_quiesce(service->http);
    if (service->hub) hub_close(service->hub);
    /* The HTTP thread may ask it until it has ended; a change of champion ends before the worker.
     */
    models_stop(service->models);
    library_stop(service->library);
    desk_stop(service->desk); /* it may wait for the worker */
    pipelines_stop(service->pipelines);
    audit_stop(service->audit);
    bool ok = (!service->partition || partition_stop(service->partition, error)) &&
              (!service->member || member_stop(service->member, error));
    outbox_free(service->outbox);
    board_stop(service->board);
    if (service->http) http_stop(service->http, DRAIN_SECONDS);
    library_free(service->library);
    desk_free(service->desk);
    pipelines_free(service->pipelines);
    audit_free(service->audit);
    models_free(service->models);
    partition_free(service->partition);
    member_free(service->member);
    hub_free(service->hub);
    board_free(service->board);
    meters_free(service->meters);
    listener_clear(&service->listener);
    champion_free(service->champion);
    gate_free(service->gate);
    return ok;
}

bool serve(const ServeOptions *options, GError **error) {
    sigset_t signals = take_signals();
    Service service = {.listener.fd = -1};
    if (!start(&service, options, error)) {
        stop(&service, NULL);
        return false;
    }
    Model *model = champion_get(service.champion);
    g_printerr("model %s %s\nlistening on %s\n", model_name(model), model_version(model),
               service.listener.url);
    model_free(model);
    run(&service, &signals);
    g_printerr("stopping\n");
    return stop(&service, error);
}
