#include "serve/outbox.h"

#include "io/neo4j_graph.h"
#include "io/store.h"
#include "serve/hub.h"

#include <sys/resource.h>
#include <unistd.h>

enum { NICENESS = 10 }; /* of the thread: decisions go first where processors are few */

struct Outbox {
    Neo4j *neo4j;
    Neo4jGraph *graph;
    Store *store; /* a reader */
    char *load;
    Meters *meters;
    GThread *thread;
    GMutex lock;
    GCond wake;
    _Atomic bool stopping;
    _Atomic int64_t stop_by; /* microseconds, monotonic */
    _Atomic bool connected;  /* the constraints are there and the position is known */
    int64_t away_since;      /* microseconds, monotonic; 0: it is not away */
    int away_code;           /* why, as it was told last */
    int64_t retry_ms;        /* the next wait; 0 after a success */
    uint64_t mark;           /* position of the log at mark_time; 0: no mark */
    int64_t mark_time;
};

static bool go_on(void *data) {
    const Outbox *outbox = data;
    if (!atomic_load(&outbox->stopping)) return true;
    return atomic_load(&outbox->connected) &&
           g_get_monotonic_time() < atomic_load(&outbox->stop_by);
}

static uint64_t written(const Outbox *outbox) {
    return counter_get(&outbox->meters->neo4j_position);
}

static uint64_t lag(const Outbox *outbox) {
    const uint64_t position = counter_get(&outbox->meters->position), at = written(outbox);
    return position > at ? position - at : 0;
}

/* Until the time is over or the end has come. */
static void wait_ms(Outbox *outbox, int64_t ms) {
    const int64_t until = g_get_monotonic_time() + ms * G_TIME_SPAN_MILLISECOND;
    g_mutex_lock(&outbox->lock);
    while (!atomic_load(&outbox->stopping) &&
           g_cond_wait_until(&outbox->wake, &outbox->lock, until))
        ;
    g_mutex_unlock(&outbox->lock);
}

/* Lag: the log up to the mark was there at the mark's time, so once that much is written, no event
 * that waits is older. */

static void set_mark(Outbox *outbox) {
    if (outbox->mark != 0) return;
    outbox->mark_time = g_get_monotonic_time();
    outbox->mark = counter_get(&outbox->meters->position);
}

static void pass_mark(Outbox *outbox) {
    if (written(outbox) < outbox->mark) return;
    if (outbox->mark != 0) counter_set(&outbox->meters->neo4j_covered, (uint64_t)outbox->mark_time);
    outbox->mark = 0;
}

/* Steps */

static bool refuse_copy(const Outbox *outbox, const GraphPosition *there, GError **error) {
    g_set_error(error, NEO4J_GRAPH_ERROR, NEO4J_GRAPH_ERROR_MOVED,
                "Neo4j at %s has %" G_GUINT64_FORMAT
                " events of this store, which is an older copy: it has gone another way since",
                neo4j_address(outbox->neo4j), there->events);
    return false;
}

static bool mark_event(uint64_t seq, const LoggedEvent *logged, void *data) {
    (void)seq;
    *(int64_t *)data =
        graph_event_mark(logged->event.kind == EVENT_LABEL ? logged->event.label.trans_num
                                                           : logged->event.transaction.trans_num);
    return false;
}

/* A store that was put back from a backup has other events, or none, at places that Neo4j knows. */
static bool is_same_log(const Outbox *outbox, const GraphPosition *there, GError **error) {
    int64_t here = 0;
    if (there->events == 0) return true;
    if (there->events > counter_get(&outbox->meters->position))
        return refuse_copy(outbox, there, error);
    if (!store_replay(outbox->store, there->events - 1, mark_event, &here, error)) return false;
    return there->last == here || refuse_copy(outbox, there, error);
}

static bool connect_graph(Outbox *outbox, GError **error) {
    GraphPosition position;
    if (!neo4j_graph_prepare(outbox->graph, error) ||
        !neo4j_graph_open(outbox->graph, outbox->load, "haechi serve", &position, error) ||
        !is_same_log(outbox, &position, error))
        return false;
    counter_set(&outbox->meters->neo4j_position, position.events);
    atomic_store(&outbox->connected, true);
    return true;
}

static bool add_event(uint64_t seq, const LoggedEvent *logged, void *data) {
    (void)seq;
    Neo4jGraph *graph = data;
    if (logged->event.kind == EVENT_LABEL) {
        neo4j_graph_add_label(graph, &logged->event.label);
    } else {
        const GraphAnswer answer = {
            .score = logged->score,
            .decision = verdict_name(logged->verdict),
            .flagged = logged->verdict != VERDICT_APPROVE,
            .model_name = logged->model_name,
            .model_version = logged->model_version,
            .member_kinds = logged->member_kinds,
            .members = &logged->members,
        };
        neo4j_graph_add(graph, &logged->event.transaction, &answer);
    }
    return !neo4j_graph_full(graph);
}

/* Connects if need be, and writes the next batch. *idle when there was nothing to write. */
static bool step(Outbox *outbox, bool *idle, GError **error) {
    *idle = false;
    if (!atomic_load(&outbox->connected) && !connect_graph(outbox, error)) return false;
    set_mark(outbox);
    if (neo4j_graph_batch(outbox->graph) == 0 &&
        !store_replay(outbox->store, written(outbox), add_event, outbox->graph, error))
        return false;
    *idle = neo4j_graph_batch(outbox->graph) == 0;
    uint64_t created = 0;
    if (!neo4j_graph_write(outbox->graph, &created, error)) return false;
    counter_add(&outbox->meters->neo4j_written, created);
    counter_set(&outbox->meters->neo4j_position, neo4j_graph_position(outbox->graph).events);
    pass_mark(outbox);
    return true;
}

/* Neo4j's coming and going */

static void tell_back(Outbox *outbox) {
    counter_set(&outbox->meters->neo4j_up, 1);
    outbox->retry_ms = 0;
    if (outbox->away_since == 0) return;
    const int64_t seconds = (g_get_monotonic_time() - outbox->away_since) / G_TIME_SPAN_SECOND;
    g_printerr("Neo4j at %s is back after %" G_GINT64_FORMAT " s; %" G_GUINT64_FORMAT
               " events wait for it\n",
               neo4j_address(outbox->neo4j), seconds, lag(outbox));
    outbox->away_since = 0;
}

/* One line when it goes away, and one when the reason changes. */
static void tell_away(Outbox *outbox, const GError *error) {
    counter_set(&outbox->meters->neo4j_up, 0);
    counter_add(&outbox->meters->neo4j_failures, 1);
    if (outbox->away_since == 0 || outbox->away_code != error->code)
        g_printerr("%s; decisions go on, and it is tried again\n", error->message);
    if (outbox->away_since == 0) outbox->away_since = g_get_monotonic_time();
    outbox->away_code = error->code;
}

static int64_t next_wait(Outbox *outbox, const GError *error) {
    const int64_t longer = CLAMP(outbox->retry_ms * 2, OUTBOX_RETRY_MIN_MS, OUTBOX_RETRY_MAX_MS);
    const bool moved = g_error_matches(error, NEO4J_GRAPH_ERROR, NEO4J_GRAPH_ERROR_MOVED);
    outbox->retry_ms = neo4j_is_transient(error) || moved ? longer : OUTBOX_RETRY_MAX_MS;
    return (int64_t)((double)outbox->retry_ms * g_random_double_range(0.75, 1.25));
}

/* What is left in the batch is read from the log again: the position may be another one now. */
static void fail(Outbox *outbox, GError *error) {
    atomic_store(&outbox->connected, false);
    if (!g_error_matches(error, NEO4J_ERROR, NEO4J_ERROR_STOPPED)) tell_away(outbox, error);
    wait_ms(outbox, next_wait(outbox, error));
    g_error_free(error);
}

static void *run(void *data) {
    Outbox *outbox = data;
    if (setpriority(PRIO_PROCESS, (id_t)gettid(), NICENESS) != 0)
        g_debug("the thread keeps its priority");
    do {
        bool idle;
        GError *error = NULL;
        if (!step(outbox, &idle, &error)) {
            fail(outbox, error);
            continue;
        }
        tell_back(outbox);
        if (idle) wait_ms(outbox, TICK_MS);
    } while (!atomic_load(&outbox->stopping) || (go_on(outbox) && lag(outbox) > 0));
    return NULL;
}

/* Life */

static bool open_all(Outbox *outbox, const char *dir, const Neo4jOptions *options, GError **error) {
    Neo4jOptions own = *options;
    own.go_on = go_on;
    own.data = outbox;
    outbox->neo4j = neo4j_new(&own, error);
    if (!outbox->neo4j) return false;
    outbox->graph = neo4j_graph_new(outbox->neo4j);
    outbox->store = store_open_reader(dir, error);
    if (!outbox->store) return false;
    outbox->load = g_strconcat("store:", store_id(outbox->store), NULL);
    return true;
}

Outbox *outbox_new(const char *dir, const Neo4jOptions *neo4j, Meters *meters, GError **error) {
    Outbox *outbox = g_new0(Outbox, 1);
    outbox->meters = meters;
    g_mutex_init(&outbox->lock);
    g_cond_init(&outbox->wake);
    if (!open_all(outbox, dir, neo4j, error)) {
        outbox_free(outbox);
        return NULL;
    }
    counter_set(&meters->neo4j_covered, (uint64_t)g_get_monotonic_time());
    counter_set(&meters->neo4j_used, 1);
    outbox->thread = g_thread_new("neo4j", run, outbox);
    return outbox;
}

void outbox_free(Outbox *outbox) {
    if (!outbox) return;
    atomic_store(&outbox->stop_by,
                 g_get_monotonic_time() + OUTBOX_DRAIN_SECONDS * G_TIME_SPAN_SECOND);
    g_mutex_lock(&outbox->lock);
    atomic_store(&outbox->stopping, true);
    g_cond_signal(&outbox->wake);
    g_mutex_unlock(&outbox->lock);
    if (outbox->thread) g_thread_join(outbox->thread);
    store_close(outbox->store);
    neo4j_graph_free(outbox->graph);
    neo4j_free(outbox->neo4j);
    g_mutex_clear(&outbox->lock);
    g_cond_clear(&outbox->wake);
    g_free(outbox->load);
    g_free(outbox);
}
