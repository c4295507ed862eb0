#include "serve/partition.h"

#include "serve/board.h"
#include "serve/intake.h"
#include "serve/recover.h"

#include <gio/gio.h>

struct Partition {
    Worker worker; /* first: it is handed out */
    char *dir, *checkpoint;
    Champion *champion;
    Store *store;
    Engine *engine;
    Rejects *rejects;
    Hub *hub;
    Meters *meters;
    Intake intake;
    JobQueue *queue;
    JobList working;  /* taken, not through */
    JobList finished; /* through, waiting for the commit */
    GThread *thread;
    uint64_t checkpoint_position;
    int64_t checkpoint_time; /* microseconds, monotonic */
    GError *failure;         /* written before `failed` is set */
    _Atomic bool failed;

    GMutex lock; /* of what follows */
    GCond promoted;
    Shadow *successor; /* to be taken over; NULL for none */
    GError *refusal;   /* why the last one was not */
    bool ended;        /* the thread is not there to take over */
};

static void publish(Partition *partition) {
    Meters *meters = partition->meters;
    const StoreTotals *totals = store_totals(partition->store);
    const Graph *graph = engine_graph(partition->engine);
    for (int i = 0; i < 3; i++)
        counter_set(&meters->verdicts[i], totals->verdicts[i]);
    counter_set(&meters->labels, totals->labels);
    counter_set(&meters->frauds_labelled, totals->frauds_labelled);
    counter_set(&meters->position, store_position(partition->store));
    counter_set(&meters->cards, graph_card_count(graph));
    counter_set(&meters->merchants, graph_merchant_count(graph));
    counter_set(&meters->edges, graph_edge_count(graph));
    counter_set(&meters->graph_bytes, graph_memory(graph));
}

/* Checkpoints */

/* A checkpoint that cannot be written makes the next start slower, and that is all. */
static void write_checkpoint(Partition *partition) {
    g_autoptr(GError) error = NULL;
    int64_t start = g_get_monotonic_time();
    partition->checkpoint_time = start;
    if (!engine_save(partition->engine, store_id(partition->store), NULL, partition->checkpoint,
                     &error)) {
        g_printerr("no checkpoint: %s\n", error->message);
        return;
    }
    partition->checkpoint_position = engine_position(partition->engine);
    counter_set(&partition->meters->checkpoint_position, partition->checkpoint_position);
    counter_add(&partition->meters->checkpoints, 1);
    counter_add(&partition->meters->checkpoint_us, (uint64_t)(g_get_monotonic_time() - start));
}

static void checkpoint_when_due(Partition *partition) {
    uint64_t events = engine_position(partition->engine) - partition->checkpoint_position;
    int64_t age = g_get_monotonic_time() - partition->checkpoint_time;
    if (events >= CHECKPOINT_EVENTS ||
        (events > 0 && age >= CHECKPOINT_SECONDS * G_TIME_SPAN_SECOND))
        write_checkpoint(partition);
}

/* Batches */

static void finish_jobs(Partition *partition) {
    int64_t now = g_get_monotonic_time();
    Job *job;
    while ((job = job_list_pop(&partition->finished))) {
        if (job->kind == JOB_TRANSACTIONS)
            meters_latency(partition->meters, (uint64_t)MAX(now - job->arrived, 0));
        job->done(job);
    }
}

static bool work_batch(Partition *partition, GError **error) {
    size_t used = 0;
    for (size_t n = partition->working.length; n > 0 && used < BATCH_RECORDS; n--) {
        Job *job = job_list_pop(&partition->working);
        bool ok = intake_work(&partition->intake, job, SLICE_RECORDS, &used, error);
        job_list_push(ok && job->reply.status ? &partition->finished : &partition->working, job);
        if (!ok) return false;
    }
    return intake_commit(&partition->intake, error);
}

/* No one is left waiting. Of a request, an earlier batch may have kept a part; and a commit that
 * failed may have reached the disk all the same. */
static void refuse_list(JobList *jobs, const char *why) {
    Job *job;
    while ((job = job_list_pop(jobs))) {
        reply_problem(&job->reply, 503, why);
        job->reply.retry_after = 5;
        job->done(job);
    }
}

static void refuse_all(Partition *partition) {
    static const char why[] =
        "the store failed: this request may not have been kept; send it again";
    job_queue_close(partition->queue);
    do {
        refuse_list(&partition->finished, why);
        refuse_list(&partition->working, why);
    } while (job_queue_take(partition->queue, &partition->working, BATCH_JOBS, 0));
}

static void fail(Partition *partition, GError *error) {
    store_rollback(partition->store);
    partition->failure = error;
    atomic_store(&partition->failed, true);
    refuse_all(partition);
}

static bool take_jobs(Partition *partition) {
    JobList *working = &partition->working;
    int64_t wait_us = working->length > 0 ? 0 : TICK_MS * G_TIME_SPAN_MILLISECOND;
    size_t room = working->length < BATCH_JOBS ? BATCH_JOBS - working->length : 0;
    return job_queue_take(partition->queue, working, room, wait_us);
}

/* The next model */

/* The shadow's state takes the place of ours; on the disk no checkpoint of the old model is left
 * under the new one's name, whenever it crashes. */
static bool take_over(Partition *partition, Shadow *shadow, GError **error) {
    Model *model = shadow_model(shadow);
    Engine *engine = shadow_take_over(shadow, store_position(partition->store), error);
    if (!engine) return false;
    if (!checkpoint_match_model(partition->dir, partition->store, model, error)) {
        engine_free(engine);
        return false;
    }
    engine_free(partition->engine);
    partition->engine = partition->intake.engine = engine;
    champion_set(partition->champion, model_ref(model));
    drift_set_model(partition->meters->drift, model);
    write_checkpoint(partition);
    publish(partition);
    return true;
}

static void promote_successor(Partition *partition) {
    g_mutex_lock(&partition->lock);
    Shadow *shadow = partition->successor;
    g_mutex_unlock(&partition->lock);
    if (!shadow) return;
    GError *error = NULL;
    take_over(partition, shadow, &error);
    g_mutex_lock(&partition->lock);
    partition->refusal = error;
    partition->successor = NULL;
    g_cond_broadcast(&partition->promoted);
    g_mutex_unlock(&partition->lock);
}

static void end_promotions(Partition *partition) {
    g_mutex_lock(&partition->lock);
    partition->ended = true;
    partition->successor = NULL;
    g_cond_broadcast(&partition->promoted);
    g_mutex_unlock(&partition->lock);
}

bool partition_promote(Partition *partition, Shadow *shadow, GError **error) {
    g_mutex_lock(&partition->lock);
    partition->refusal = NULL;
    if (!partition->ended) partition->successor = shadow;
    while (partition->successor)
        g_cond_wait(&partition->promoted, &partition->lock);
    GError *refusal = g_steal_pointer(&partition->refusal);
    if (!refusal && partition->ended)
        refusal = g_error_new(G_IO_ERROR, G_IO_ERROR_CLOSED, "the service is stopping");
    g_mutex_unlock(&partition->lock);
    if (!refusal) return true;
    g_propagate_error(error, refusal);
    return false;
}

static void *run(void *data) {
    Partition *partition = data;
    while (take_jobs(partition)) {
        GError *error = NULL;
        bool idle = partition->working.length == 0;
        if (!work_batch(partition, &error)) {
            fail(partition, error);
            end_promotions(partition);
            return NULL;
        }
        if (!idle) publish(partition);
        finish_jobs(partition);
        rejects_flush(partition->rejects);
        hub_tick(partition->hub);
        checkpoint_when_due(partition);
        promote_successor(partition);
    }
    end_promotions(partition);
    if (engine_position(partition->engine) > partition->checkpoint_position)
        write_checkpoint(partition);
    return NULL;
}

/* Life */

static bool submit(Worker *worker, Job *job) {
    return job_queue_push(((Partition *)worker)->queue, job);
}

static size_t queue_depth(Worker *worker) {
    return job_queue_length(((Partition *)worker)->queue);
}

static const char *failure(Worker *worker) {
    Partition *partition = (Partition *)worker;
    return atomic_load(&partition->failed) ? partition->failure->message : NULL;
}

static bool ready(Worker *worker) {
    return failure(worker) == NULL;
}

Worker *partition_worker(Partition *partition) {
    return &partition->worker;
}

Partition *partition_new(const char *dir, Champion *champion, Meters *meters, Hub *hub,
                         GError **error) {
    Store *store = store_open(dir, error);
    if (!store) return NULL;
    /* Borrowed: only this partition replaces the champion, and then it has the next one's engine.
     */
    Model *model = champion_get(champion);
    Engine *engine = recover(dir, store, model, meters, error);
    if (engine) drift_set_model(meters->drift, model);
    model_free(model);
    if (!engine) {
        store_close(store);
        return NULL;
    }
    if (!board_open(meters->board, dir, store_position(store), true, error)) {
        engine_free(engine);
        store_close(store);
        return NULL;
    }
    Partition *partition = g_new0(Partition, 1);
    partition->worker = (Worker){submit, queue_depth, failure, ready, true};
    partition->dir = g_strdup(dir);
    partition->checkpoint = checkpoint_path(dir);
    partition->champion = champion;
    g_mutex_init(&partition->lock);
    g_cond_init(&partition->promoted);
    partition->store = store;
    partition->engine = engine;
    partition->rejects = rejects_new(dir);
    partition->hub = hub;
    partition->meters = meters;
    intake_init(&partition->intake, engine, store, partition->rejects, hub, meters);
    partition->queue = job_queue_new(QUEUE_MAX);
    partition->checkpoint_position = counter_get(&meters->checkpoint_position);
    partition->checkpoint_time = g_get_monotonic_time();
    publish(partition);
    partition->thread = g_thread_new("partition", run, partition);
    return partition;
}

bool partition_stop(Partition *partition, GError **error) {
    job_queue_close(partition->queue);
    g_thread_join(partition->thread);
    partition->thread = NULL;
    if (!partition->failure) return true;
    /* A copy: worker->failure may be asked until the HTTP thread has ended. */
    g_propagate_error(error, g_error_copy(partition->failure));
    return false;
}

void partition_free(Partition *partition) {
    if (!partition) return;
    g_assert(!partition->thread);
    job_queue_free(partition->queue);
    intake_clear(&partition->intake);
    rejects_free(partition->rejects);
    engine_free(partition->engine);
    store_close(partition->store);
    g_clear_error(&partition->failure);
    g_free(partition->checkpoint);
    g_free(partition->dir);
    g_mutex_clear(&partition->lock);
    g_cond_clear(&partition->promoted);
    g_free(partition);
}
