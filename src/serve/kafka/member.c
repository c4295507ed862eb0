#include "serve/kafka/member.h"

#include "serve/board.h"
#include "serve/intake.h"
#include "serve/kafka/committer.h"
#include "serve/kafka/fold.h"
#include "serve/kafka/restore.h"
#include "serve/kafka/snapshot.h"
#include "serve/partition.h"

enum {
    POLL_MS = 2,          /* wait for messages while nothing else is to do */
    PUSH_MS = 500,        /* wait for the committer before the partitions are paused */
    PAUSED_MS = 50,       /* one wait while they are */
    TOPICS_MS = 5000,     /* one look at the topics */
    AGAIN_MS = 2000,      /* between tries to enter the group... */
    AGAIN_MAX_MS = 30000, /* ...at most */
    DRAIN_MS = 20000,     /* for what was folded to be committed when a partition is taken away */
    OFFSETS_MS = 10000,
    COUNT_US = 1000000, /* between looks at how far behind we are */
};

struct Member {
    Worker worker; /* first: it is handed out */
    MemberOptions options;
    KafkaHealth health;
    Store *store;
    JobQueue *jobs;
    JobList working;
    GThread *thread;
    _Atomic bool stopping, failed, ready;
    Model *_Atomic successor; /* to be the champion; NULL for none */
    GError *failure;          /* written before `failed` is set */

    /* While it is in the group; the folding thread's. */
    rd_kafka_t *consumer, *reader_client;
    rd_kafka_queue_t *queue;
    Membership *membership; /* while it holds partitions */
    Committer *committer;
    SnapshotWriter *snapshots;
    Folder fold;
    size_t shard_count;
    char *last_fault; /* of the consumer's, told */
    char *trouble;    /* what the rebalance met; it has no other way to say */
    bool paused;
    rd_kafka_message_t **messages; /* BATCH_MESSAGES */
    int64_t counted_at;            /* microseconds, monotonic */
};

static void note_offsets(Member *member) {
    Batch *batch = member->fold.batch;
    if (!batch->offsets)
        batch->offsets = rd_kafka_topic_partition_list_new((int)(2 * member->shard_count));
    for (guint p = 0; p < member->fold.shards->len; p++) {
        const Shard *shard = g_ptr_array_index(member->fold.shards, p);
        for (int log = TOPIC_TRANSACTIONS; shard && log <= TOPIC_LABELS; log++) {
            const char *topic = member->options.kafka->topics[log];
            rd_kafka_topic_partition_t *entry =
                rd_kafka_topic_partition_list_find(batch->offsets, topic, (int32_t)p);
            if (!entry)
                entry = rd_kafka_topic_partition_list_add(batch->offsets, topic, (int32_t)p);
            entry->offset = shard->next[log];
        }
    }
    if (!batch->membership) batch->membership = g_atomic_rc_box_acquire(member->membership);
}

/* Checkpoints */

static void save(Member *member, Shard *shard, bool publish) {
    g_autoptr(GError) error = NULL;
    const int64_t began = g_get_monotonic_time();
    g_autofree char *path = shard_checkpoint_path(member->options.data_dir, shard->partition);
    g_autofree char *log_id =
        shard_log_id(member->reader_client, member->options.kafka, shard->partition);
    const int64_t written = committer_progress_next(member->committer, shard->partition);
    if (written >= 0) shard->progress_next = written;
    if (!shard_save(shard, log_id, path, &error)) {
        g_printerr("no checkpoint: %s\n", error->message);
        return;
    }
    counter_add(&member->options.meters->checkpoints, 1);
    counter_add(&member->options.meters->checkpoint_us, (uint64_t)(g_get_monotonic_time() - began));
    shard->unpublished = publish;
}

/* One at a time, whose turn it is when the last one is through. */
static void publish_when_free(Member *member) {
    for (guint p = 0; p < member->fold.shards->len; p++) {
        Shard *shard = g_ptr_array_index(member->fold.shards, p);
        if (!shard || !shard->unpublished) continue;
        g_autofree char *path = shard_checkpoint_path(member->options.data_dir, shard->partition);
        if (!snapshot_publish(member->snapshots, shard->partition, path)) return;
        shard->unpublished = false;
    }
}

/* Hands what was folded to the committer and waits until it is committed. */
static bool flush(Member *member) {
    const int64_t until = g_get_monotonic_time() + DRAIN_MS * G_TIME_SPAN_MILLISECOND;
    while (!batch_is_empty(member->fold.batch) && !committer_lost(member->committer))
        if (!committer_push(member->committer, &member->fold.batch, PUSH_MS) &&
            g_get_monotonic_time() >= until)
            return false;
    return committer_drain(member->committer, DRAIN_MS);
}

/* One shard at a time: what is folded has to be committed first, and meanwhile nothing is folded.
 */
static void save_when_due(Member *member) {
    for (guint p = 0; p < member->fold.shards->len; p++) {
        Shard *shard = g_ptr_array_index(member->fold.shards, p);
        if (!shard) continue;
        const uint64_t events = engine_position(shard->engine) - shard->saved_position;
        const int64_t age = g_get_monotonic_time() - shard->saved_at;
        if (events < member->options.kafka->checkpoint_events &&
            (events == 0 || age < CHECKPOINT_SECONDS * G_TIME_SPAN_SECOND))
            continue;
        if (flush(member)) save(member, shard, true);
        return;
    }
}

/* Everything that was scored by the model before is committed before the next one is used, so a
 * batch is of one model. */
static void promote_successor(Member *member) {
    if (!atomic_load(&member->successor) || !flush(member)) return;
    Model *model = atomic_exchange(&member->successor, NULL);
    for (guint p = 0; p < member->fold.shards->len; p++) {
        Shard *shard = g_ptr_array_index(member->fold.shards, p);
        if (shard) engine_set_model(shard->engine, model);
    }
    committer_set_model(member->committer, model);
    model_free(member->fold.model);
    member->fold.model = model_ref(model);
    drift_set_model(member->options.meters->drift, model);
    champion_set(member->options.champion, model);
}

/* The group gives and takes */

static void publish_counts(Member *member) {
    Meters *meters = member->options.meters;
    uint64_t cards = 0, merchants = 0, edges = 0, bytes = 0;
    for (guint p = 0; p < member->fold.shards->len; p++) {
        const Shard *shard = g_ptr_array_index(member->fold.shards, p);
        if (!shard) continue;
        const Graph *graph = engine_graph(shard->engine);
        cards += graph_card_count(graph);
        merchants = MAX(merchants, graph_merchant_count(graph));
        edges += graph_edge_count(graph);
        bytes += graph_memory(graph);
    }
    counter_set(&meters->cards, cards);
    counter_set(&meters->merchants, merchants);
    counter_set(&meters->edges, edges);
    counter_set(&meters->graph_bytes, bytes);
    counter_set(&meters->kafka.partitions, member->shard_count);
}

/* How many messages of the shards' partitions are not folded yet: by what librdkafka last heard of
 * the ends, or, with `ask`, by what the brokers say now. */
static void look_at_lag(Member *member, bool ask) {
    uint64_t lag = 0;
    for (guint p = 0; p < member->fold.shards->len; p++) {
        const Shard *shard = g_ptr_array_index(member->fold.shards, p);
        for (int log = TOPIC_TRANSACTIONS; shard && log <= TOPIC_LABELS; log++) {
            const char *topic = member->options.kafka->topics[log];
            int64_t low, high;
            if (ask ? rd_kafka_query_watermark_offsets(member->consumer, topic, (int32_t)p, &low,
                                                       &high, TOPICS_MS)
                    : rd_kafka_get_watermark_offsets(member->consumer, topic, (int32_t)p, &low,
                                                     &high))
                return;
            if (high < 0) return; /* not heard of yet */
            lag += (uint64_t)MAX(high - shard->next[log], 0);
        }
    }
    counter_set(&member->options.meters->kafka.lag, lag);
}

static void drop_shards(Member *member) {
    g_ptr_array_set_size(member->fold.shards, 0);
    member->shard_count = 0;
    g_clear_pointer(&member->membership, membership_release);
    publish_counts(member);
}

static void give_up_partitions(Member *member, bool lost) {
    if (member->shard_count > 0 && !lost && flush(member))
        for (guint p = 0; p < member->fold.shards->len; p++) {
            Shard *shard = g_ptr_array_index(member->fold.shards, p);
            if (shard) save(member, shard, false);
        }
    batch_clear(member->fold.batch);
    drop_shards(member);
}

/* What a long restore keeps goes to the store in pieces. */
static void hand_on_kept(Member *member) {
    while (member->fold.batch->bytes->len >= BATCH_BYTES_MAX &&
           !committer_lost(member->committer) && !atomic_load(&member->stopping))
        committer_push(member->committer, &member->fold.batch, PUSH_MS);
}

static void kept_again(void *data, const Shard *shard, const Transaction *transaction,
                       const Decision *decision) {
    Member *member = data;
    folder_keep_decision(&member->fold, shard, transaction, decision);
    hand_on_kept(member);
}

static void label_again(void *data, const Label *label) {
    Member *member = data;
    folder_keep_label(&member->fold, label);
    hand_on_kept(member);
}

/* The group's offset of a topic's partition; -1 for none yet. */
static bool read_committed(Member *member, int32_t partition, int64_t committed[2],
                           GError **error) {
    const KafkaOptions *options = member->options.kafka;
    rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new(2);
    for (int log = TOPIC_TRANSACTIONS; log <= TOPIC_LABELS; log++)
        rd_kafka_topic_partition_list_add(list, options->topics[log], partition);
    rd_kafka_resp_err_t err;
    do
        err = rd_kafka_committed(member->consumer, list, OFFSETS_MS);
    while (
        (err == RD_KAFKA_RESP_ERR_UNSTABLE_OFFSET_COMMIT || err == RD_KAFKA_RESP_ERR__TIMED_OUT) &&
        !atomic_load(&member->stopping));
    for (int log = TOPIC_TRANSACTIONS; log <= TOPIC_LABELS; log++) {
        committed[log] = MAX(list->elems[log].offset, -1);
        /* An offset that is not told is not one that is not there: all would be decided again. */
        if (!err) err = list->elems[log].err;
    }
    rd_kafka_topic_partition_list_destroy(list);
    if (err)
        kafka_set_error(error, KAFKA_ERROR_CLIENT, options->settings, "read what is committed",
                        rd_kafka_err2str(err));
    return !err;
}

static bool restore(Member *member, int32_t partition, GError **error) {
    int64_t committed[2];
    const Restore restore = {
        .options = member->options.kafka,
        .client = member->reader_client,
        .model = member->fold.model,
        .reader = &member->fold.reader,
        .data_dir = member->options.data_dir,
        .stop = &member->stopping,
        .merchants_next = member->fold.merchants ? member->fold.merchants_next : 0,
        .meters = member->options.meters,
        .decided = kept_again,
        .labelled = label_again,
        .data = member,
    };
    if (!read_committed(member, partition, committed, error)) return false;
    Shard *shard = restore_shard(&restore, partition, committed, error);
    if (!shard) return false;
    if ((guint)partition >= member->fold.shards->len)
        g_ptr_array_set_size(member->fold.shards, partition + 1);
    g_ptr_array_index(member->fold.shards, (guint)partition) = shard;
    member->shard_count++;
    return true;
}

/* Both topics of a partition come together: the assignor works by ranges, and the topics have as
 * many partitions. */
static void take_partitions(Member *member, rd_kafka_topic_partition_list_t *given) {
    const KafkaOptions *options = member->options.kafka;
    g_autoptr(GError) error = NULL;
    member->membership = membership_new(member->consumer);
    bool ok = member->membership != NULL;
    for (int i = 0; ok && i < given->cnt; i++)
        if (strcmp(given->elems[i].topic, options->topics[TOPIC_TRANSACTIONS]) == 0)
            ok = restore(member, given->elems[i].partition, &error);
    if (!ok) {
        g_free(member->trouble);
        member->trouble =
            g_strdup(error ? error->message : "the group went on without this member");
        drop_shards(member);
        return;
    }
    for (int i = 0; i < given->cnt; i++) {
        const Shard *shard = folder_shard(&member->fold, given->elems[i].partition);
        const bool is_labels = strcmp(given->elems[i].topic, options->topics[TOPIC_LABELS]) == 0;
        if (shard)
            given->elems[i].offset = shard->next[is_labels ? TOPIC_LABELS : TOPIC_TRANSACTIONS];
    }
    look_at_lag(member, true);
    publish_counts(member);
    atomic_store(&member->ready, true);
}

/* Called within the consumer's poll, on the folding thread. */
static void rebalance(rd_kafka_t *client, rd_kafka_resp_err_t err,
                      rd_kafka_topic_partition_list_t *partitions, void *data) {
    Member *member = data;
    counter_add(&member->options.meters->kafka.rebalances, 1);
    if (err == RD_KAFKA_RESP_ERR__ASSIGN_PARTITIONS) {
        take_partitions(member, partitions);
        rd_kafka_assign(client, partitions);
    } else {
        give_up_partitions(member, rd_kafka_assignment_lost(client));
        rd_kafka_assign(client, NULL);
    }
}

/* Says what is wrong when it is something new. */
static void tell(char **last, const char *why) {
    if (*last && strcmp(*last, why) == 0) return;
    g_printerr("%s\n", why);
    g_free(*last);
    *last = g_strdup(why);
}

/* The loop */

static void answer(Member *member, Job *job) {
    const Graph *graph = NULL;
    for (guint p = 0; p < member->fold.shards->len; p++) {
        const Shard *shard = g_ptr_array_index(member->fold.shards, p);
        if (!shard) continue;
        graph = engine_graph(shard->engine);
        if (intake_knows(graph, job)) break;
    }
    if (graph)
        intake_answer(graph, job);
    else
        reply_problem(&job->reply, 503, "no partition is here");
    job->done(job);
}

/* Those that wait, as far as they take no more time than a batch of messages may. */
static void answer_jobs(Member *member) {
    const size_t room = BATCH_JOBS - member->working.length;
    if (!job_queue_take(member->jobs, &member->working, room, 0)) return;
    Job *job;
    for (size_t used = 0; used < BATCH_RECORDS && (job = job_list_pop(&member->working));) {
        used += intake_cost(job);
        answer(member, job);
    }
}

static void look_at_counts(Member *member) {
    const int64_t now = g_get_monotonic_time();
    if (now - member->counted_at < COUNT_US) return;
    member->counted_at = now;
    counter_set(&member->options.meters->kafka.merchants_delay_ms,
                (uint64_t)member->fold.merchants_delay_ms);
    member->fold.merchants_delay_ms = 0;
    look_at_lag(member, false);
    publish_counts(member);
}

static void pause_partitions(Member *member, bool pause) {
    if (member->paused == pause) return;
    rd_kafka_topic_partition_list_t *all = NULL;
    if (rd_kafka_assignment(member->consumer, &all)) return;
    if (pause)
        rd_kafka_pause_partitions(member->consumer, all);
    else
        rd_kafka_resume_partitions(member->consumer, all);
    rd_kafka_topic_partition_list_destroy(all);
    member->paused = pause;
    counter_set(&member->options.meters->kafka.paused, pause);
}

static bool is_full(const Batch *batch) {
    return batch->decided + batch->labels + batch->rejected + batch->duplicates >= BATCH_MESSAGES ||
           batch->bytes->len >= BATCH_BYTES_MAX;
}

/* Hands the batch on when the committer is free; waits for it when the batch is full, and asks the
 * brokers for no more when that takes long. */
static void hand_on(Member *member) {
    if (batch_is_empty(member->fold.batch)) return;
    const bool full = is_full(member->fold.batch);
    if (!full && !committer_idle(member->committer)) return;
    const int wait = !full ? 0 : member->paused ? PAUSED_MS : PUSH_MS;
    pause_partitions(member, !committer_push(member->committer, &member->fold.batch, wait) && full);
}

static void poll_messages(Member *member) {
    const size_t room = member->paused ? 1 : BATCH_MESSAGES;
    const bool busy = !batch_is_empty(member->fold.batch);
    const ssize_t count =
        rd_kafka_consume_batch_queue(member->queue, busy ? 1 : POLL_MS, member->messages, room);
    if (count > 0) {
        folder_fold(&member->fold, member->messages, (size_t)count);
        if (member->shard_count > 0) note_offsets(member);
    }
    for (ssize_t i = 0; i < count; i++) {
        if (member->messages[i]->err)
            tell(&member->last_fault, rd_kafka_message_errstr(member->messages[i]));
        rd_kafka_message_destroy(member->messages[i]);
    }
}

/* In the group, until the service stops or something has to begin anew; the reason, or NULL. */
static char *run_in_group(Member *member) {
    while (!atomic_load(&member->stopping)) {
        poll_messages(member);
        if (member->trouble) return g_steal_pointer(&member->trouble);
        hand_on(member);
        answer_jobs(member);
        save_when_due(member);
        promote_successor(member);
        publish_when_free(member);
        look_at_counts(member);
        const char *lost = committer_lost(member->committer);
        if (lost) return g_strdup(lost);
    }
    return NULL;
}

/* Entering */

static bool subscribe(Member *member, GError **error) {
    const KafkaOptions *options = member->options.kafka;
    const KafkaOption own[] = {
        {"group.id", options->group},
        {"enable.auto.commit", "false"},
        {"enable.auto.offset.store", "false"},
        {"isolation.level", "read_committed"},
        {"auto.offset.reset", "earliest"},
        {"partition.assignment.strategy", "range"},
        {"max.poll.interval.ms", "900000"}, /* a long restore is no reason to be missed */
        {"fetch.wait.max.ms", "10"},
        /* A full queue is left alone for a second: it has to hold what is folded in one. */
        {"queued.min.messages", "200000"},
        {"queued.max.messages.kbytes", "65536"},
        {NULL, NULL},
    };
    const KafkaCallbacks callbacks = {.rebalance = rebalance, .data = member};
    member->consumer = kafka_client_new(RD_KAFKA_CONSUMER, options->settings, own, &callbacks,
                                        &member->health, error);
    if (!member->consumer) return false;
    member->queue = rd_kafka_queue_get_consumer(member->consumer);
    rd_kafka_topic_partition_list_t *topics = rd_kafka_topic_partition_list_new(2);
    rd_kafka_topic_partition_list_add(topics, options->topics[TOPIC_TRANSACTIONS], -1);
    rd_kafka_topic_partition_list_add(topics, options->topics[TOPIC_LABELS], -1);
    const rd_kafka_resp_err_t err = rd_kafka_subscribe(member->consumer, topics);
    rd_kafka_topic_partition_list_destroy(topics);
    if (err)
        kafka_set_error(error, KAFKA_ERROR_CLIENT, options->settings, "enter the group",
                        rd_kafka_err2str(err));
    return !err;
}

/* Reads what is told of merchants from now on; what was told before, each shard folds when it is
 * restored. With one partition there is nobody to tell. */
static bool open_merchants(Member *member, int partitions, GError **error) {
    const KafkaOptions *options = member->options.kafka;
    const char *topic = options->topics[TOPIC_MERCHANTS];
    int64_t first;
    if (partitions == 1 || options->exchange_ms < 0) return true;
    if (!kafka_offsets(member->reader_client, options->settings, topic, 0, TOPICS_MS, &first,
                       &member->fold.merchants_next, error))
        return false;
    member->fold.merchants = kafka_reader_open(member->reader_client, options->settings, topic, 0,
                                               member->fold.merchants_next, error);
    return member->fold.merchants != NULL;
}

static bool enter_group(Member *member, GError **error) {
    int partitions;
    const CommitterOptions committer = {
        .kafka = member->options.kafka,
        .health = &member->health,
        .model = member->fold.model,
        .store = member->store,
        .hub = member->options.hub,
        .meters = member->options.meters,
    };
    member->reader_client =
        kafka_reader_client(member->options.kafka->settings, &member->health, error);
    if (!member->reader_client ||
        !topics_check_inputs(member->reader_client, member->options.kafka, &member->health,
                             &partitions, error) ||
        !topics_make_outputs(member->reader_client, member->options.kafka, partitions, error) ||
        !open_merchants(member, partitions, error))
        return false;
    member->committer = committer_new(&committer, &member->stopping, error);
    member->snapshots = snapshot_writer_new(member->options.kafka, &member->health, error);
    return member->committer && member->snapshots && subscribe(member, error);
}

/* The consumer's close calls the rebalance once more, which commits and saves what is ours. */
static void leave_group(Member *member) {
    atomic_store(&member->ready, false);
    if (member->consumer) {
        rd_kafka_queue_destroy(member->queue);
        rd_kafka_consumer_close(member->consumer);
        kafka_client_free(member->consumer);
        member->consumer = NULL;
    }
    batch_clear(member->fold.batch);
    drop_shards(member);
    snapshot_writer_free(member->snapshots);
    member->snapshots = NULL;
    const GError *failure = member->committer ? committer_failure(member->committer) : NULL;
    if (failure && !member->failure) member->failure = g_error_copy(failure);
    committer_free(member->committer);
    member->committer = NULL;
    kafka_reader_close(member->fold.merchants);
    member->fold.merchants = NULL;
    kafka_client_free(member->reader_client);
    member->reader_client = NULL;
    g_clear_pointer(&member->trouble, g_free);
    member->paused = false;
}

/* Between tries, still answering what can be answered. */
static void wait_before_again(Member *member, int64_t ms) {
    const int64_t until = g_get_monotonic_time() + ms * G_TIME_SPAN_MILLISECOND;
    while (!atomic_load(&member->stopping) && g_get_monotonic_time() < until) {
        answer_jobs(member);
        g_usleep(TICK_MS * G_TIME_SPAN_MILLISECOND);
    }
}

static void *run(void *data) {
    Member *member = data;
    g_autofree char *last = NULL;
    int64_t again = AGAIN_MS;
    while (!atomic_load(&member->stopping) && !member->failure) {
        g_autoptr(GError) error = NULL;
        g_autofree char *why = NULL;
        if (enter_group(member, &error)) {
            why = run_in_group(member);
            again = AGAIN_MS;
        } else {
            why = g_strdup(error->message);
            again = MIN(again * 2, AGAIN_MAX_MS);
        }
        leave_group(member);
        if (!why || member->failure || atomic_load(&member->stopping)) continue;
        counter_add(&member->options.meters->kafka.restarts, 1);
        tell(&last, why);
        wait_before_again(member, error && error->code == KAFKA_ERROR_TOPIC ? AGAIN_MS : again);
    }
    if (member->failure) atomic_store(&member->failed, true);
    job_queue_close(member->jobs);
    while (job_queue_length(member->jobs) + member->working.length > 0)
        answer_jobs(member);
    return NULL;
}

/* Life */

static bool submit(Worker *worker, Job *job) {
    return job_queue_push(((Member *)worker)->jobs, job);
}

static size_t queue_depth(Worker *worker) {
    return job_queue_length(((Member *)worker)->jobs);
}

static const char *failure(Worker *worker) {
    Member *member = (Member *)worker;
    return atomic_load(&member->failed) ? member->failure->message : NULL;
}

static bool ready(Worker *worker) {
    return atomic_load(&((Member *)worker)->ready);
}

void member_promote(Member *member, Model *model) {
    model_free(atomic_exchange(&member->successor, model));
}

Worker *member_worker(Member *member) {
    return &member->worker;
}

Member *member_new(const MemberOptions *options, GError **error) {
    Store *store = store_open(options->data_dir, error);
    if (!store) return NULL;
    if (!board_open(options->meters->board, options->data_dir, store_position(store),
                    options->keep_all, error)) {
        store_close(store);
        return NULL;
    }
    Member *member = g_new0(Member, 1);
    member->worker = (Worker){submit, queue_depth, failure, ready, false};
    member->options = *options;
    member->store = store;
    member->jobs = job_queue_new(QUEUE_MAX);
    counter_set(&options->meters->position, store_position(store));
    member->fold = (Folder){
        .kafka = options->kafka,
        .model = champion_get(options->champion),
        .meters = options->meters,
        .keep_all = options->keep_all,
    };
    folder_init(&member->fold);
    drift_set_model(options->meters->drift, member->fold.model);
    member->messages = g_new(rd_kafka_message_t *, BATCH_MESSAGES);
    member->thread = g_thread_new("member", run, member);
    return member;
}

bool member_stop(Member *member, GError **error) {
    atomic_store(&member->stopping, true);
    g_thread_join(member->thread);
    member->thread = NULL;
    if (!member->failure) return true;
    g_propagate_error(error, g_error_copy(member->failure));
    return false;
}

void member_free(Member *member) {
    if (!member) return;
    g_assert(!member->thread);
    job_queue_free(member->jobs);
    folder_clear(&member->fold);
    model_free(member->fold.model);
    model_free(atomic_load(&member->successor));
    g_free(member->last_fault);
    g_free(member->messages);
    store_close(member->store);
    g_clear_error(&member->failure);
    g_free(member);
}
