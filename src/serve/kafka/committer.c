#include "serve/kafka/committer.h"

#include "record/binary.h"
#include "serve/board.h"
#include "serve/shape.h"

enum {
    /* The broker still finishes a transaction when it has answered its commit; the next one, begun
     * at once, would be sent away for 20 ms. Where batches are small there is time to wait. */
    SETTLE_US = 3000,
    FEW_DECISIONS = 1000,
    INIT_MS = 2000,     /* one try to be let in */
    CALL_MS = 5000,     /* one try of a step of a transaction */
    FULL_MS = 100,      /* wait for room in the producer's queue */
    LEAVE_SECONDS = 10, /* tries on after this long end when the service is stopping */
};

struct Committer {
    CommitterOptions options;
    const _Atomic bool *stop;
    rd_kafka_t *producer;
    rd_kafka_topic_t *topics[TOPIC_COUNT]; /* those written to */
    GThread *thread;
    int64_t stop_seen; /* microseconds, monotonic; 0 not yet */

    GMutex lock;
    GCond changed;
    Batch *waiting, *spare; /* the one that is next; an empty one to give back */
    bool busy, ending;
    char *lost;
    GError *failure;
    int64_t progress_next[PARTITIONS_MAX];
};

static bool is_written(KafkaTopic topic) {
    return topic >= TOPIC_MERCHANTS && topic != TOPIC_SNAPSHOTS;
}

/* Runs within the producer's poll and flush, on the committing thread. */
static void delivered(rd_kafka_t *client, const rd_kafka_message_t *message, void *data) {
    (void)client;
    Committer *committer = data;
    if (message->err == RD_KAFKA_RESP_ERR__MSG_TIMED_OUT)
        kafka_health_down(committer->options.health, "a message was not taken");
    if (message->err || message->rkt != committer->topics[TOPIC_PROGRESS] ||
        message->partition < 0 || message->partition >= PARTITIONS_MAX)
        return;
    g_mutex_lock(&committer->lock);
    committer->progress_next[message->partition] = message->offset + 1;
    g_mutex_unlock(&committer->lock);
}

/* When the service is stopping, waiting for brokers that are away has to end some time. */
static bool gave_up(Committer *committer) {
    if (!atomic_load(committer->stop)) return false;
    const int64_t now = g_get_monotonic_time();
    if (committer->stop_seen == 0) committer->stop_seen = now;
    return now - committer->stop_seen > LEAVE_SECONDS * G_TIME_SPAN_SECOND;
}

/* A transaction. Each returns NULL, or why the batch is lost; the caller frees. */

/* Whether to make the same call again; else *why is set. Takes the error over. */
static bool try_again(Committer *committer, rd_kafka_error_t *error, char **why) {
    const bool again = rd_kafka_error_is_retriable(error) && !gave_up(committer);
    if (rd_kafka_error_code(error) == RD_KAFKA_RESP_ERR__TIMED_OUT)
        kafka_health_down(committer->options.health, "a call took too long");
    if (!again) *why = g_strdup(rd_kafka_error_string(error));
    rd_kafka_error_destroy(error);
    return again;
}

static char *produce_one(Committer *committer, const Batch *batch, const Output *output) {
    guint8 *bytes = batch->bytes->data;
    for (;;) {
        /* Neither copied nor freed: the batch outlives the transaction. */
        if (rd_kafka_produce(committer->topics[output->topic], output->partition, 0,
                             bytes + output->value, output->value_len,
                             output->has_key ? bytes + output->key : NULL, output->key_len,
                             NULL) == 0)
            return NULL;
        if (rd_kafka_last_error() != RD_KAFKA_RESP_ERR__QUEUE_FULL || gave_up(committer))
            return g_strdup(rd_kafka_err2str(rd_kafka_last_error()));
        rd_kafka_poll(committer->producer, FULL_MS);
    }
}

static char *produce_all(Committer *committer, const Batch *batch) {
    for (guint i = 0; i < batch->outputs->len; i++) {
        char *why = produce_one(committer, batch, &g_array_index(batch->outputs, Output, i));
        if (why) return why;
    }
    return NULL;
}

static char *write_transaction(Committer *committer, const Batch *batch) {
    char *why = NULL;
    rd_kafka_error_t *error = rd_kafka_begin_transaction(committer->producer);
    if (error) {
        why = g_strdup(rd_kafka_error_string(error));
        rd_kafka_error_destroy(error);
        return why;
    }
    if ((why = produce_all(committer, batch))) return why;
    while ((error = rd_kafka_send_offsets_to_transaction(committer->producer, batch->offsets,
                                                         batch->membership->metadata, CALL_MS)))
        if (!try_again(committer, error, &why)) return why;
    while ((error = rd_kafka_commit_transaction(committer->producer, CALL_MS)))
        if (!try_again(committer, error, &why)) return why;
    return NULL;
}

/* So that readers need not wait for the transaction's time-out. */
static void abort_transaction(Committer *committer) {
    rd_kafka_error_t *error;
    char *why = NULL;
    while ((error = rd_kafka_abort_transaction(committer->producer, CALL_MS)))
        if (!try_again(committer, error, &why)) break;
    g_free(why);
    rd_kafka_purge(committer->producer, RD_KAFKA_PURGE_F_QUEUE | RD_KAFKA_PURGE_F_INFLIGHT);
    rd_kafka_flush(committer->producer, CALL_MS);
}

/* The store and the page */

static Str bytes_at(const Batch *batch, size_t at, size_t len) {
    return (Str){(const char *)batch->bytes->data + at, len};
}

/* It may be there from before a crash or a move of the partition. */
static bool store(Committer *committer, const StoredTransaction *decided, GError **error) {
    StoredTransaction there;
    const StoreFound found =
        store_find(committer->options.store, decided->transaction.trans_num, &there, error);
    if (found != STORE_ABSENT) return found == STORE_FOUND;
    board_add(committer->options.meters->board, &decided->transaction, &decided->answer);
    return store_add_transaction(committer->options.store, &decided->transaction, &decided->answer,
                                 error);
}

static bool keep_decision(Committer *committer, const Batch *batch, const Kept *kept,
                          GError **error) {
    StoredTransaction decided = {.is_fraud = LABEL_NONE};
    const char *wrong =
        transaction_decode(bytes_at(batch, kept->record, kept->record_len), &decided.transaction);
    g_assert(!wrong);
    decided.answer = shape_decided(committer->options.model, &kept->decision,
                                   bytes_at(batch, kept->reasons, kept->reasons_len));
    hub_show(committer->options.hub, &decided.transaction, &decided.answer);
    return kept->shown_only || store(committer, &decided, error);
}

/* Of the transactions that the store does not keep, it does not keep the labels. */
static bool keep_label(Committer *committer, Str trans_num, const Kept *kept, GError **error) {
    StoredTransaction of;
    hub_add_label(committer->options.hub, trans_num, kept->is_fraud);
    switch (store_find(committer->options.store, trans_num, &of, error)) {
    case STORE_FOUND:
        break;
    case STORE_FAILED:
        return false;
    case STORE_ABSENT:
        return true;
    }
    if (of.is_fraud == (int)kept->is_fraud) return true;
    const Label label = store_label_of(&of, kept->time, kept->is_fraud);
    board_label(committer->options.meters->board, &of, kept->is_fraud);
    return store_add_label(committer->options.store, &label, of.seq, error);
}

static bool keep_one(Committer *committer, const Batch *batch, const Kept *kept, GError **error) {
    return kept->is_label
               ? keep_label(committer, bytes_at(batch, kept->record, kept->record_len), kept, error)
               : keep_decision(committer, batch, kept, error);
}

static bool keep_batch(Committer *committer, const Batch *batch, GError **error) {
    if (batch->kept->len == 0) return true;
    if (!store_begin(committer->options.store, error)) return false;
    for (guint i = 0; i < batch->kept->len; i++)
        if (!keep_one(committer, batch, &g_array_index(batch->kept, Kept, i), error)) return false;
    if (!store_commit(committer->options.store, error)) return false;
    counter_set(&committer->options.meters->position, store_position(committer->options.store));
    return true;
}

/* What is not kept is on the board all the same. */
static void count_passed(const Committer *committer, const Batch *batch) {
    for (guint i = 0; i < batch->passed->len; i++) {
        const Passed *passed = &g_array_index(batch->passed, Passed, i);
        board_add_row(committer->options.meters->board, &passed->row,
                      bytes_at(batch, passed->merchant, passed->merchant_len));
    }
}

static void count(Committer *committer, const Batch *batch, int64_t began) {
    Meters *meters = committer->options.meters;
    const int64_t now_ms = g_get_real_time() / 1000;
    for (int i = 0; i < 3; i++)
        counter_add(&meters->verdicts[i], batch->verdicts[i]);
    counter_add(&meters->folded, batch->decided);
    counter_add(&meters->labels, batch->labels);
    counter_add(&meters->rejected, batch->rejected);
    counter_add(&meters->duplicates, batch->duplicates);
    counter_add(&meters->commits, 1);
    counter_add(&meters->commit_us, (uint64_t)(g_get_monotonic_time() - began));
    if (batch->oldest_ms > 0)
        meters_latency(meters, (uint64_t)MAX(now_ms - batch->oldest_ms, 0) * 1000);
}

/* The thread */

static void lose(Committer *committer, char *why) {
    g_mutex_lock(&committer->lock);
    committer->lost = why;
    g_cond_broadcast(&committer->changed);
    g_mutex_unlock(&committer->lock);
}

static void write_batch(Committer *committer, const Batch *batch) {
    const int64_t began = g_get_monotonic_time();
    /* What was folded again after a restart is for the store alone. */
    char *why = batch->offsets ? write_transaction(committer, batch) : NULL;
    if (why) {
        abort_transaction(committer);
        lose(committer, why);
        return;
    }
    kafka_health_up(committer->options.health);
    GError *error = NULL;
    if (!keep_batch(committer, batch, &error)) {
        store_rollback(committer->options.store);
        g_mutex_lock(&committer->lock);
        committer->failure = error;
        g_mutex_unlock(&committer->lock);
        lose(committer, g_strdup("the store failed"));
        return;
    }
    count_passed(committer, batch);
    count(committer, batch, began);
}

static void *run(void *data) {
    Committer *committer = data;
    g_mutex_lock(&committer->lock);
    while (!committer->ending) {
        if (!committer->waiting || committer->lost) {
            g_cond_wait_until(&committer->changed, &committer->lock,
                              g_get_monotonic_time() + TICK_MS * G_TIME_SPAN_MILLISECOND);
            g_mutex_unlock(&committer->lock);
            rd_kafka_poll(committer->producer, 0);
            hub_tick(committer->options.hub);
            g_mutex_lock(&committer->lock);
            continue;
        }
        Batch *batch = g_steal_pointer(&committer->waiting);
        committer->busy = true;
        g_cond_broadcast(&committer->changed);
        g_mutex_unlock(&committer->lock);
        write_batch(committer, batch);
        hub_tick(committer->options.hub);
        if (batch->decided < FEW_DECISIONS) g_usleep(SETTLE_US);
        batch_clear(batch);
        g_mutex_lock(&committer->lock);
        committer->busy = false;
        batch_free(committer->spare);
        committer->spare = batch;
        g_cond_broadcast(&committer->changed);
    }
    g_mutex_unlock(&committer->lock);
    return NULL;
}

/* Between the threads */

void committer_set_model(Committer *committer, const Model *model) {
    g_mutex_lock(&committer->lock);
    g_assert(!committer->waiting && !committer->busy);
    committer->options.model = model;
    g_mutex_unlock(&committer->lock);
}

bool committer_push(Committer *committer, Batch **batch, int wait_ms) {
    const int64_t until = g_get_monotonic_time() + wait_ms * G_TIME_SPAN_MILLISECOND;
    g_mutex_lock(&committer->lock);
    while (committer->waiting && !committer->lost)
        if (wait_ms == 0 || !g_cond_wait_until(&committer->changed, &committer->lock, until)) break;
    const bool room = !committer->waiting && !committer->lost;
    if (room) {
        committer->waiting = *batch;
        *batch = g_steal_pointer(&committer->spare);
        g_cond_broadcast(&committer->changed);
    }
    g_mutex_unlock(&committer->lock);
    if (!*batch) *batch = batch_new();
    return room;
}

static bool is_idle(const Committer *committer) {
    return !committer->waiting && !committer->busy;
}

bool committer_idle(Committer *committer) {
    g_mutex_lock(&committer->lock);
    const bool idle = is_idle(committer);
    g_mutex_unlock(&committer->lock);
    return idle;
}

bool committer_drain(Committer *committer, int64_t wait_ms) {
    const int64_t until = g_get_monotonic_time() + wait_ms * G_TIME_SPAN_MILLISECOND;
    g_mutex_lock(&committer->lock);
    while (!is_idle(committer) && !committer->lost)
        if (!g_cond_wait_until(&committer->changed, &committer->lock, until)) break;
    const bool drained = is_idle(committer) && !committer->lost;
    g_mutex_unlock(&committer->lock);
    return drained;
}

const char *committer_lost(Committer *committer) {
    g_mutex_lock(&committer->lock);
    const char *lost = committer->lost;
    g_mutex_unlock(&committer->lock);
    return lost;
}

const GError *committer_failure(Committer *committer) {
    g_mutex_lock(&committer->lock);
    const GError *failure = committer->failure;
    g_mutex_unlock(&committer->lock);
    return failure;
}

int64_t committer_progress_next(Committer *committer, int32_t partition) {
    g_assert(partition >= 0 && partition < PARTITIONS_MAX);
    g_mutex_lock(&committer->lock);
    const int64_t next = committer->progress_next[partition];
    g_mutex_unlock(&committer->lock);
    return next;
}

/* Life */

/* The name under which the brokers know who writes: a process that comes back with the same store
 * fences its former self. */
static rd_kafka_t *make_producer(Committer *committer, GError **error) {
    const CommitterOptions *options = &committer->options;
    g_autofree char *name =
        g_strdup_printf("%s-%s", options->kafka->group, store_id(options->store));
    const KafkaOption own[] = {
        {"transactional.id", name},
        {"linger.ms", "5"},
        /* The broker asks to try again while it finishes the transaction before, a few ms. */
        {"retry.backoff.ms", "2"},
        {"queue.buffering.max.messages", "200000"},
        {"transaction.timeout.ms", "30000"},
        {"partitioner", "murmur2_random"},
        {NULL, NULL},
    };
    const KafkaCallbacks callbacks = {.delivered = delivered, .data = committer};
    return kafka_client_new(RD_KAFKA_PRODUCER, options->kafka->settings, own, &callbacks,
                            options->health, error);
}

static bool enter(Committer *committer, GError **error) {
    rd_kafka_error_t *refused;
    while ((refused = rd_kafka_init_transactions(committer->producer, INIT_MS))) {
        const bool again = rd_kafka_error_is_retriable(refused) && !atomic_load(committer->stop);
        if (!again)
            kafka_set_error(error,
                            atomic_load(committer->stop) ? KAFKA_ERROR_STOPPED : KAFKA_ERROR_CLIENT,
                            committer->options.kafka->settings, "begin to write",
                            rd_kafka_error_string(refused));
        rd_kafka_error_destroy(refused);
        if (!again) return false;
    }
    return true;
}

Committer *committer_new(const CommitterOptions *options, const _Atomic bool *stop,
                         GError **error) {
    Committer *committer = g_new0(Committer, 1);
    committer->options = *options;
    committer->stop = stop;
    g_mutex_init(&committer->lock);
    g_cond_init(&committer->changed);
    for (int i = 0; i < PARTITIONS_MAX; i++)
        committer->progress_next[i] = -1;
    committer->producer = make_producer(committer, error);
    if (!committer->producer || !enter(committer, error)) {
        committer_free(committer);
        return NULL;
    }
    for (int i = 0; i < TOPIC_COUNT; i++)
        if (is_written((KafkaTopic)i))
            committer->topics[i] =
                rd_kafka_topic_new(committer->producer, options->kafka->topics[i], NULL);
    committer->thread = g_thread_new("committer", run, committer);
    return committer;
}

void committer_free(Committer *committer) {
    if (!committer) return;
    g_mutex_lock(&committer->lock);
    committer->ending = true;
    g_cond_broadcast(&committer->changed);
    g_mutex_unlock(&committer->lock);
    if (committer->thread) g_thread_join(committer->thread);
    for (int i = 0; i < TOPIC_COUNT; i++)
        if (committer->topics[i]) rd_kafka_topic_destroy(committer->topics[i]);
    kafka_client_free(committer->producer);
    batch_free(committer->waiting);
    batch_free(committer->spare);
    g_clear_error(&committer->failure);
    g_free(committer->lost);
    g_mutex_clear(&committer->lock);
    g_cond_clear(&committer->changed);
    g_free(committer);
}
