#include "serve/kafka/member.h"

#include "base/json_write.h"
#include "io/kafka_reader.h"
#include "record/binary.h"
#include "serve/intake.h"
#include "serve/kafka/committer.h"
#include "serve/kafka/restore.h"
#include "serve/kafka/snapshot.h"
#include "serve/partition.h"
#include "serve/shape.h"

enum {
    POLL_MS = 2,          /* wait for messages while nothing else is to do */
    PUSH_MS = 500,        /* wait for the committer before the partitions are paused */
    PAUSED_MS = 50,       /* one wait while they are */
    TOPICS_MS = 5000,     /* one look at the topics */
    AGAIN_MS = 2000,      /* between tries to enter the group... */
    AGAIN_MAX_MS = 30000, /* ...at most */
    DRAIN_MS = 20000,     /* for what was folded to be committed when a partition is taken away */
    OFFSETS_MS = 10000,
    MERCHANTS_AT_ONCE = 4096,   /* read or told of in one step of a partition */
    EXCHANGE_DATA_SECONDS = 60, /* of the data's time between two tellings, at most */
    COUNT_US = 1000000,         /* between looks at how far behind we are */
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
    GError *failure; /* written before `failed` is set */

    /* While it is in the group; the folding thread's. */
    rd_kafka_t *consumer, *reader_client;
    rd_kafka_queue_t *queue;
    KafkaReader *merchants;     /* what all partitions tell of merchants */
    int64_t merchants_next;     /* offset of the first message of it not read */
    int64_t merchants_delay_ms; /* from told to taken in: the longest of late */
    bool exchanging;
    Committer *committer;
    SnapshotWriter *snapshots;
    GPtrArray *shards; /* Shard *, by partition; NULL where it is not ours */
    size_t shard_count;
    char *trouble; /* what the rebalance met; it has no other way to say */
    bool paused;
    Batch *batch;
    GArray *steps; /* Step, of the shard at hand */
    MessageReader reader;
    rd_kafka_message_t **messages; /* BATCH_MESSAGES */
    float *contributions;
    GString *text, *reasons;
    GByteArray *record;
    int64_t counted_at; /* microseconds, monotonic */
};

/* Decisions */

static void keep(Member *member, Batch *batch, const Transaction *transaction,
                 const Decision *decision) {
    Kept kept = {.score = decision->score, .verdict = decision->verdict};
    g_byte_array_set_size(member->record, 0);
    transaction_encode(member->record, transaction);
    kept.record_len = member->record->len;
    kept.record = batch_put(batch, member->record->data, kept.record_len);
    kept.reasons_len = member->reasons->len;
    kept.reasons = batch_put(batch, member->reasons->str, kept.reasons_len);
    g_array_append_val(batch->kept, kept);
}

static void keep_label(Batch *batch, const Label *label) {
    const Kept kept = {
        .is_label = true,
        .is_fraud = label->is_fraud,
        .record = batch_put(batch, label->trans_num.data, label->trans_num.len),
        .record_len = label->trans_num.len,
        .time = label->time,
    };
    g_array_append_val(batch->kept, kept);
}

/* Alerts are always kept; the others where the store keeps all, or someone watches. */
static bool is_kept(const Member *member, Verdict verdict) {
    return verdict != VERDICT_APPROVE || member->options.keep_all ||
           counter_get(&member->options.meters->stream_clients) > 0;
}

/* Reasons are given for alerts: they cost more than the score. */
static void explain(Member *member, const Decision *decision) {
    g_string_truncate(member->reasons, 0);
    if (decision->verdict == VERDICT_APPROVE)
        g_string_append(member->reasons, "[]");
    else
        shape_reasons(member->reasons, member->options.model, decision->features,
                      member->contributions);
}

static void write_decision(Member *member, const rd_kafka_message_t *message,
                           const Transaction *transaction, const Decision *decision) {
    const Answer answer = {
        .score = decision->score,
        .verdict = decision->verdict,
        .model_name = str_from(model_name(member->options.model)),
        .model_version = str_from(model_version(member->options.model)),
        .reasons = {member->reasons->str, member->reasons->len},
    };
    g_string_truncate(member->text, 0);
    shape_answer(member->text, transaction->trans_num, &answer);
    const bool keyed = message->key != NULL;
    batch_write(member->batch, TOPIC_DECISIONS, message->partition,
                keyed ? message->key : (const void *)transaction->trans_num.data,
                keyed ? message->key_len : transaction->trans_num.len, member->text->str,
                member->text->len);
}

static void write_reject(Member *member, KafkaTopic topic, const rd_kafka_message_t *message,
                         const Reject *reject) {
    GString *out = member->text;
    g_string_truncate(out, 0);
    g_string_append(out, "{\"topic\":");
    json_write_str(out, str_from(member->options.kafka->topics[topic]));
    g_string_append_printf(out, ",\"partition\":%d,\"offset\":%" G_GINT64_FORMAT ",\"field\":",
                           message->partition, message->offset);
    json_write_str(out, str_from(reject->field));
    g_string_append(out, ",\"reason\":");
    json_write_str(out, str_from(reject->reason));
    g_string_append(out, ",\"value\":");
    json_write_str(out, str_from(reject->value));
    g_string_append_c(out, '}');
    batch_write(member->batch, TOPIC_REJECTS, RD_KAFKA_PARTITION_UA, message->key, message->key_len,
                out->str, out->len);
    member->batch->rejected++;
}

static void take_transaction(Member *member, Shard *shard, const rd_kafka_message_t *message) {
    Batch *batch = member->batch;
    Transaction transaction;
    Decision decision;
    Reject reject;
    switch (
        shard_fold_transaction(shard, &member->reader, message, &transaction, &decision, &reject)) {
    case SHARD_DONE:
        explain(member, &decision);
        write_decision(member, message, &transaction, &decision);
        if (is_kept(member, decision.verdict)) keep(member, batch, &transaction, &decision);
        batch->decided++;
        batch->verdicts[decision.verdict]++;
        break;
    case SHARD_DUPLICATE:
        batch->duplicates++;
        break;
    case SHARD_REJECTED:
        write_reject(member, TOPIC_TRANSACTIONS, message, &reject);
    }
    const int64_t sent = rd_kafka_message_timestamp(message, NULL);
    if (sent > 0 && (batch->oldest_ms == 0 || sent < batch->oldest_ms)) batch->oldest_ms = sent;
}

static void take_label(Member *member, Shard *shard, const rd_kafka_message_t *message) {
    Label label;
    Reject reject;
    switch (shard_fold_label(shard, &member->reader, message, &label, &reject)) {
    case SHARD_DONE:
    case SHARD_DUPLICATE: /* "no fraud" is no news to the graph, but may be to the store */
        keep_label(member->batch, &label);
        member->batch->labels++;
        break;
    case SHARD_REJECTED:
        write_reject(member, TOPIC_LABELS, message, &reject);
    }
}

/* Messages */

static Shard *shard_at(const Member *member, int32_t partition) {
    return partition >= 0 && (guint)partition < member->shards->len
               ? g_ptr_array_index(member->shards, (guint)partition)
               : NULL;
}

static bool is_topic(const Member *member, const rd_kafka_message_t *message, KafkaTopic topic) {
    return strcmp(rd_kafka_topic_name(message->rkt), member->options.kafka->topics[topic]) == 0;
}

/* The messages of one topic, in order. Those of a partition that has gone, or folded already, are
 * left over from before a rebalance. */
static void take_messages(Member *member, KafkaTopic topic, size_t count) {
    for (size_t i = 0; i < count; i++) {
        const rd_kafka_message_t *message = member->messages[i];
        Shard *shard = message->err ? NULL : shard_at(member, message->partition);
        if (!shard || !is_topic(member, message, topic) || message->offset < shard->next[topic])
            continue;
        if (topic == TOPIC_TRANSACTIONS)
            take_transaction(member, shard, message);
        else
            take_label(member, shard, message);
    }
}

/* Merchants across partitions */

/* Folds what others told since the last time, into every shard that has not folded it yet. */
static void take_merchants(Member *member) {
    const rd_kafka_message_t *message;
    for (int n = 0; member->exchanging && n < MERCHANTS_AT_ONCE; n++) {
        if (kafka_reader_next(member->merchants, INT64_MAX, 0, &message, NULL) != KAFKA_READ)
            return;
        member->merchants_next = message->offset + 1;
        const int64_t told = rd_kafka_message_timestamp(message, NULL);
        if (told > 0)
            member->merchants_delay_ms =
                MAX(member->merchants_delay_ms, g_get_real_time() / 1000 - told);
        for (guint p = 0; p < member->shards->len; p++) {
            Shard *shard = g_ptr_array_index(member->shards, p);
            if (shard && message->offset >= shard->next[TOPIC_MERCHANTS])
                shard_fold_merchant(shard, message);
        }
    }
}

static void tell_merchant(Member *member, const Shard *shard, MerchantId id) {
    const Graph *graph = engine_graph(shard->engine);
    char key[MERCHANT_KEY_MAX];
    uint8_t value[MERCHANT_PARTIAL_LEN];
    MerchantPartial partial;
    graph_merchant_partial(graph, id, &partial);
    merchant_partial_encode(&partial, value);
    const size_t key_len =
        shard_merchant_key(shard->partition, graph_merchant_name(graph, id), key);
    batch_write(member->batch, TOPIC_MERCHANTS, 0, key, key_len, value, sizeof value);
}

/* Tells the others of the merchants of which there is something new, at most MERCHANTS_AT_ONCE; the
 * rest waits for the next time. Every so often, and in a run through old data as often as its own
 * clock asks for. */
static void tell_merchants(Member *member, Shard *shard) {
    MerchantId ids[MERCHANTS_AT_ONCE];
    const int64_t now = g_get_monotonic_time();
    if (!member->exchanging ||
        (now - shard->told_at < member->options.kafka->exchange_ms * G_TIME_SPAN_MILLISECOND &&
         shard->latest_time - shard->told_time < EXCHANGE_DATA_SECONDS))
        return;
    shard->told_at = now;
    shard->told_time = shard->latest_time;
    const size_t count = engine_take_touched(shard->engine, ids, MERCHANTS_AT_ONCE);
    for (size_t i = 0; i < count; i++)
        tell_merchant(member, shard, ids[i]);
}

/* Notes the step of each shard that has moved, as a message of its progress. */
static void end_steps(Member *member, const int64_t (*before)[LOG_COUNT]) {
    for (guint p = 0; p < member->shards->len; p++) {
        Shard *shard = g_ptr_array_index(member->shards, p);
        if (!shard || memcmp(before[p], shard->next, sizeof shard->next) == 0) continue;
        tell_merchants(member, shard);
        const Step step = shard_end_step(shard);
        g_byte_array_set_size(member->record, 0);
        steps_write(member->record, &step, 1);
        batch_write(member->batch, TOPIC_PROGRESS, (int32_t)p, NULL, 0, member->record->data,
                    member->record->len);
    }
}

static void note_offsets(Member *member) {
    Batch *batch = member->batch;
    if (!batch->offsets)
        batch->offsets = rd_kafka_topic_partition_list_new((int)(2 * member->shard_count));
    for (guint p = 0; p < member->shards->len; p++) {
        const Shard *shard = g_ptr_array_index(member->shards, p);
        for (int log = TOPIC_TRANSACTIONS; shard && log <= TOPIC_LABELS; log++) {
            const char *topic = member->options.kafka->topics[log];
            rd_kafka_topic_partition_t *entry =
                rd_kafka_topic_partition_list_find(batch->offsets, topic, (int32_t)p);
            if (!entry)
                entry = rd_kafka_topic_partition_list_add(batch->offsets, topic, (int32_t)p);
            entry->offset = shard->next[log];
        }
    }
    if (batch->membership) rd_kafka_consumer_group_metadata_destroy(batch->membership);
    batch->membership = rd_kafka_consumer_group_metadata(member->consumer);
}

/* Folds what came in one go, as one step: merchants first, then labels, then transactions. */
static void fold(Member *member, size_t count) {
    g_autofree int64_t(*before)[LOG_COUNT] =
        g_malloc0(MAX(member->shards->len, 1) * sizeof *before);
    for (guint p = 0; p < member->shards->len; p++) {
        const Shard *shard = g_ptr_array_index(member->shards, p);
        if (shard) memcpy(before[p], shard->next, sizeof shard->next);
    }
    take_merchants(member);
    take_messages(member, TOPIC_LABELS, count);
    take_messages(member, TOPIC_TRANSACTIONS, count);
    end_steps(member, (const int64_t(*)[LOG_COUNT])before);
    note_offsets(member);
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
    if (publish) snapshot_publish(member->snapshots, shard->partition, path);
}

/* One shard at a time: what is folded has to be committed first. */
static void save_when_due(Member *member) {
    for (guint p = 0; p < member->shards->len; p++) {
        Shard *shard = g_ptr_array_index(member->shards, p);
        if (!shard) continue;
        const uint64_t events = engine_position(shard->engine) - shard->saved_position;
        const int64_t age = g_get_monotonic_time() - shard->saved_at;
        if (events < CHECKPOINT_EVENTS &&
            (events == 0 || age < CHECKPOINT_SECONDS * G_TIME_SPAN_SECOND))
            continue;
        if (batch_is_empty(member->batch) && committer_drain(member->committer, 0))
            save(member, shard, true);
        return;
    }
}

/* The group gives and takes */

static void publish_counts(Member *member) {
    Meters *meters = member->options.meters;
    uint64_t cards = 0, merchants = 0, edges = 0, bytes = 0, position = 0;
    for (guint p = 0; p < member->shards->len; p++) {
        const Shard *shard = g_ptr_array_index(member->shards, p);
        if (!shard) continue;
        const Graph *graph = engine_graph(shard->engine);
        cards += graph_card_count(graph);
        merchants = MAX(merchants, graph_merchant_count(graph));
        edges += graph_edge_count(graph);
        bytes += graph_memory(graph);
        position += engine_position(shard->engine);
    }
    counter_set(&meters->cards, cards);
    counter_set(&meters->merchants, merchants);
    counter_set(&meters->edges, edges);
    counter_set(&meters->graph_bytes, bytes);
    counter_set(&meters->position, position);
    counter_set(&meters->kafka.partitions, member->shard_count);
}

/* How many messages of the shards' partitions are not folded yet: by what librdkafka last heard of
 * the ends, or, with `ask`, by what the brokers say now. */
static void look_at_lag(Member *member, bool ask) {
    uint64_t lag = 0;
    for (guint p = 0; p < member->shards->len; p++) {
        const Shard *shard = g_ptr_array_index(member->shards, p);
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
    g_ptr_array_set_size(member->shards, 0);
    member->shard_count = 0;
    publish_counts(member);
}

/* Hands what was folded to the committer and waits until it is committed. */
static bool flush(Member *member) {
    const int64_t until = g_get_monotonic_time() + DRAIN_MS * G_TIME_SPAN_MILLISECOND;
    while (!batch_is_empty(member->batch) && !committer_lost(member->committer))
        if (!committer_push(member->committer, &member->batch, PUSH_MS) &&
            g_get_monotonic_time() >= until)
            return false;
    return committer_drain(member->committer, DRAIN_MS);
}

static void give_up_partitions(Member *member, bool lost) {
    if (member->shard_count > 0 && !lost && flush(member))
        for (guint p = 0; p < member->shards->len; p++) {
            Shard *shard = g_ptr_array_index(member->shards, p);
            if (shard) save(member, shard, false);
        }
    batch_clear(member->batch);
    drop_shards(member);
}

/* What a long restore keeps goes to the store in pieces. */
static void hand_on_kept(Member *member) {
    while (member->batch->bytes->len >= BATCH_BYTES_MAX && !committer_lost(member->committer) &&
           !atomic_load(&member->stopping))
        committer_push(member->committer, &member->batch, PUSH_MS);
}

static void kept_again(void *data, const Transaction *transaction, const Decision *decision,
                       Engine *engine) {
    (void)engine;
    Member *member = data;
    if (decision->verdict == VERDICT_APPROVE && !member->options.keep_all) return;
    explain(member, decision);
    keep(member, member->batch, transaction, decision);
    hand_on_kept(member);
}

static void label_again(void *data, const Label *label) {
    Member *member = data;
    keep_label(member->batch, label);
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
    for (int log = TOPIC_TRANSACTIONS; log <= TOPIC_LABELS; log++)
        committed[log] = MAX(list->elems[log].offset, -1);
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
        .model = member->options.model,
        .reader = &member->reader,
        .data_dir = member->options.data_dir,
        .stop = &member->stopping,
        .merchants_next = member->exchanging ? member->merchants_next : 0,
        .meters = member->options.meters,
        .decided = kept_again,
        .labelled = label_again,
        .data = member,
    };
    if (!read_committed(member, partition, committed, error)) return false;
    Shard *shard = restore_shard(&restore, partition, committed, error);
    if (!shard) return false;
    if ((guint)partition >= member->shards->len)
        g_ptr_array_set_size(member->shards, partition + 1);
    g_ptr_array_index(member->shards, (guint)partition) = shard;
    member->shard_count++;
    return true;
}

/* Both topics of a partition come together: the assignor works by ranges, and the topics have as
 * many partitions. */
static void take_partitions(Member *member, rd_kafka_topic_partition_list_t *given) {
    const KafkaOptions *options = member->options.kafka;
    g_autoptr(GError) error = NULL;
    bool ok = true;
    for (int i = 0; ok && i < given->cnt; i++)
        if (strcmp(given->elems[i].topic, options->topics[TOPIC_TRANSACTIONS]) == 0)
            ok = restore(member, given->elems[i].partition, &error);
    if (!ok) {
        g_free(member->trouble);
        member->trouble = g_strdup(error ? error->message : "the partitions could not be restored");
        drop_shards(member);
        return;
    }
    for (int i = 0; i < given->cnt; i++) {
        const Shard *shard = shard_at(member, given->elems[i].partition);
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

/* The loop */

static void answer(Member *member, Job *job) {
    const Graph *graph = NULL;
    for (guint p = 0; p < member->shards->len; p++) {
        const Shard *shard = g_ptr_array_index(member->shards, p);
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

static void answer_jobs(Member *member) {
    if (!job_queue_take(member->jobs, &member->working, BATCH_JOBS, 0)) return;
    Job *job;
    while ((job = job_list_pop(&member->working)))
        answer(member, job);
}

static void look_at_counts(Member *member) {
    const int64_t now = g_get_monotonic_time();
    if (now - member->counted_at < COUNT_US) return;
    member->counted_at = now;
    counter_set(&member->options.meters->kafka.merchants_delay_ms,
                (uint64_t)member->merchants_delay_ms);
    member->merchants_delay_ms = 0;
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
    if (batch_is_empty(member->batch)) return;
    const bool full = is_full(member->batch);
    if (!full && !committer_idle(member->committer)) return;
    const int wait = !full ? 0 : member->paused ? PAUSED_MS : PUSH_MS;
    pause_partitions(member, !committer_push(member->committer, &member->batch, wait) && full);
}

static void poll_messages(Member *member) {
    const size_t room = member->paused ? 1 : BATCH_MESSAGES;
    const bool busy = !batch_is_empty(member->batch);
    const ssize_t count =
        rd_kafka_consume_batch_queue(member->queue, busy ? 1 : POLL_MS, member->messages, room);
    if (count > 0) fold(member, (size_t)count);
    for (ssize_t i = 0; i < count; i++)
        rd_kafka_message_destroy(member->messages[i]);
}

/* In the group, until the service stops or something has to begin anew; the reason, or NULL. */
static char *run_in_group(Member *member) {
    while (!atomic_load(&member->stopping)) {
        poll_messages(member);
        if (member->trouble) return g_steal_pointer(&member->trouble);
        hand_on(member);
        answer_jobs(member);
        save_when_due(member);
        look_at_counts(member);
        const char *lost = committer_lost(member->committer);
        if (lost) return g_strdup(lost);
    }
    return NULL;
}

/* Entering */

static bool check_inputs(Member *member, int *partitions, GError **error) {
    const KafkaOptions *options = member->options.kafka;
    int counts[2];
    for (int log = TOPIC_TRANSACTIONS; log <= TOPIC_LABELS; log++) {
        if (!kafka_topic_partitions(member->reader_client, options->settings, options->topics[log],
                                    TOPICS_MS, &counts[log], error)) {
            rd_kafka_poll(member->reader_client, 0); /* why, such as a wrong password */
            return false;
        }
        kafka_health_up(&member->health);
        if (counts[log] > 0) continue;
        g_set_error(error, KAFKA_ERROR, KAFKA_ERROR_TOPIC,
                    "there is no topic %s at kafka %s: waiting for it to be made",
                    options->topics[log], kafka_settings_brokers(options->settings));
        return false;
    }
    if (counts[0] != counts[1] || counts[0] > PARTITIONS_MAX) {
        g_set_error(error, KAFKA_ERROR, KAFKA_ERROR_TOPIC,
                    "the topics %s and %s have %d and %d partitions: make them as many, %d at most",
                    options->topics[0], options->topics[1], counts[0], counts[1], PARTITIONS_MAX);
        return false;
    }
    *partitions = counts[0];
    return true;
}

static bool make_outputs(Member *member, int partitions, GError **error) {
    static const char *const plain[] = {NULL};
    /* Nothing newer than a day is compacted away: restoring reads the log as it was written. */
    static const char *const compacted[] = {"cleanup.policy", "compact", "min.compaction.lag.ms",
                                            "86400000", NULL};
    const KafkaOptions *options = member->options.kafka;
    for (int topic = 0; topic < TOPIC_COUNT; topic++) {
        int there;
        if (topic == TOPIC_TRANSACTIONS || topic == TOPIC_LABELS) continue;
        if (!kafka_topic_partitions(member->reader_client, options->settings,
                                    options->topics[topic], TOPICS_MS, &there, error))
            return false;
        const bool compact = topic == TOPIC_MERCHANTS || topic == TOPIC_SNAPSHOTS;
        const int wanted = topic == TOPIC_MERCHANTS ? 1 : partitions;
        if (there == 0 &&
            !kafka_topic_make(member->reader_client, options->settings, options->topics[topic],
                              wanted, compact ? compacted : plain, error))
            return false;
        if (there > 0 && there < wanted && topic != TOPIC_REJECTS) {
            g_set_error(error, KAFKA_ERROR, KAFKA_ERROR_TOPIC,
                        "the topic %s has %d partitions and needs %d", options->topics[topic],
                        there, wanted);
            return false;
        }
    }
    return true;
}

static bool subscribe(Member *member, GError **error) {
    const KafkaOptions *options = member->options.kafka;
    const KafkaOption own[] = {
        {"group.id", options->group},
        {"enable.auto.commit", "false"},
        {"enable.auto.offset.store", "false"},
        {"isolation.level", "read_committed"},
        {"auto.offset.reset", "earliest"},
        {"partition.assignment.strategy", "range"},
        {"fetch.wait.max.ms", "10"},
        {"queued.min.messages", "20000"},
        {"queued.max.messages.kbytes", "32768"},
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
    member->exchanging = partitions > 1 && options->exchange_ms >= 0;
    if (!kafka_offsets(member->reader_client, options->settings, topic, 0, TOPICS_MS, &first,
                       &member->merchants_next, error))
        return false;
    member->merchants = kafka_reader_open(member->reader_client, options->settings, topic, 0,
                                          member->merchants_next, error);
    return member->merchants != NULL;
}

static bool enter_group(Member *member, GError **error) {
    int partitions;
    const CommitterOptions committer = {
        .kafka = member->options.kafka,
        .health = &member->health,
        .model = member->options.model,
        .store = member->store,
        .hub = member->options.hub,
        .meters = member->options.meters,
    };
    member->reader_client =
        kafka_reader_client(member->options.kafka->settings, &member->health, error);
    if (!member->reader_client || !check_inputs(member, &partitions, error) ||
        !make_outputs(member, partitions, error) || !open_merchants(member, partitions, error))
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
    batch_clear(member->batch);
    drop_shards(member);
    snapshot_writer_free(member->snapshots);
    member->snapshots = NULL;
    const GError *failure = member->committer ? committer_failure(member->committer) : NULL;
    if (failure && !member->failure) member->failure = g_error_copy(failure);
    committer_free(member->committer);
    member->committer = NULL;
    kafka_reader_close(member->merchants);
    member->merchants = NULL;
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

/* Says what is wrong when it is something new. */
static void tell(char **last, const char *why) {
    if (*last && strcmp(*last, why) == 0) return;
    g_printerr("%s\n", why);
    g_free(*last);
    *last = g_strdup(why);
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

Worker *member_worker(Member *member) {
    return &member->worker;
}

Member *member_new(const MemberOptions *options, GError **error) {
    Store *store = store_open(options->data_dir, error);
    if (!store) return NULL;
    Member *member = g_new0(Member, 1);
    member->worker = (Worker){submit, queue_depth, failure, ready, false};
    member->options = *options;
    member->store = store;
    member->jobs = job_queue_new(QUEUE_MAX);
    member->shards = g_ptr_array_new_with_free_func((GDestroyNotify)shard_free);
    member->batch = batch_new();
    message_reader_init(&member->reader);
    member->messages = g_new(rd_kafka_message_t *, BATCH_MESSAGES);
    member->contributions = g_new(float, feature_count() + 1);
    member->text = g_string_new(NULL);
    member->reasons = g_string_new(NULL);
    member->record = g_byte_array_new();
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
    g_ptr_array_unref(member->shards);
    batch_free(member->batch);
    message_reader_clear(&member->reader);
    g_free(member->messages);
    g_free(member->contributions);
    g_string_free(member->text, TRUE);
    g_string_free(member->reasons, TRUE);
    g_byte_array_unref(member->record);
    store_close(member->store);
    g_clear_error(&member->failure);
    g_free(member);
}
