#include "serve/kafka/fold.h"

#include "base/json_write.h"
#include "record/binary.h"
#include "serve/board.h"
#include "serve/hub.h"
#include "serve/shape.h"

enum { EXCHANGE_DATA_SECONDS = 60 }; /* of the data's time between two tellings, at most */

/* Decisions */

static void keep(Folder *folder, Batch *batch, const Transaction *transaction,
                 const Decision *decision, bool shown_only) {
    Kept kept = {.decision = *decision, .shown_only = shown_only};
    g_byte_array_set_size(folder->record, 0);
    transaction_encode(folder->record, transaction);
    kept.record_len = folder->record->len;
    kept.record = batch_put(batch, folder->record->data, kept.record_len);
    kept.reasons_len = folder->reasons->len;
    kept.reasons = batch_put(batch, folder->reasons->str, kept.reasons_len);
    g_array_append_val(batch->kept, kept);
}

static void pass(Batch *batch, const Transaction *transaction, const Decision *decision) {
    const Answer answer = {.verdict = decision->verdict, .members = decision->members};
    const Passed passed = {
        .row = board_row(transaction, &answer),
        .merchant = batch_put(batch, transaction->merchant.data, transaction->merchant.len),
        .merchant_len = transaction->merchant.len,
    };
    g_array_append_val(batch->passed, passed);
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

/* The store keeps alerts, or all; of the others the page gets a sample while someone watches. */
static void keep_or_show(Folder *folder, const Transaction *transaction, const Decision *decision) {
    Batch *batch = folder->batch;
    if (decision->verdict != VERDICT_APPROVE || folder->keep_all) {
        keep(folder, batch, transaction, decision, false);
        return;
    }
    pass(batch, transaction, decision);
    if (batch->shown_only < ITEMS_PER_TICK && counter_get(&folder->meters->stream_clients) > 0) {
        batch->shown_only++;
        keep(folder, batch, transaction, decision, true);
    }
}

static void explain(Folder *folder, const Shard *shard, const Decision *decision) {
    g_string_truncate(folder->reasons, 0);
    shape_reasons(folder->reasons, shard->engine, decision, folder->contributions);
    shape_neighbours(folder->reasons, shard->engine, decision);
}

static void write_decision(Folder *folder, const rd_kafka_message_t *message,
                           const Transaction *transaction, const Decision *decision) {
    const Answer answer =
        shape_decided(folder->model, decision, (Str){folder->reasons->str, folder->reasons->len});
    g_string_truncate(folder->text, 0);
    shape_answer(folder->text, transaction->trans_num, &answer);
    const bool keyed = message->key != NULL;
    batch_write(folder->batch, TOPIC_DECISIONS, message->partition,
                keyed ? message->key : (const void *)transaction->trans_num.data,
                keyed ? message->key_len : transaction->trans_num.len, folder->text->str,
                folder->text->len);
}

static void write_reject(Folder *folder, KafkaTopic topic, const rd_kafka_message_t *message,
                         const Reject *reject) {
    GString *out = folder->text;
    g_string_truncate(out, 0);
    g_string_append(out, "{\"topic\":");
    json_write_str(out, str_from(folder->kafka->topics[topic]));
    g_string_append_printf(out, ",\"partition\":%d,\"offset\":%" G_GINT64_FORMAT,
                           message->partition, message->offset);
    shape_cause(out, reject);
    g_string_append_c(out, '}');
    batch_write(folder->batch, TOPIC_REJECTS, RD_KAFKA_PARTITION_UA, message->key, message->key_len,
                out->str, out->len);
    folder->batch->rejected++;
}

static void take_transaction(Folder *folder, Shard *shard, const rd_kafka_message_t *message) {
    Batch *batch = folder->batch;
    Transaction transaction;
    Decision decision;
    Label earlier;
    Reject reject;
    const LogMessage read = log_message(message);
    const int64_t latest = shard->latest_time;
    switch (
        shard_fold_transaction(shard, &folder->reader, &read, &transaction, &decision, &reject)) {
    case SHARD_DONE:
        meters_time(folder->meters, latest, transaction.time);
        drift_add(folder->meters->drift, transaction.time, decision.features, decision.score);
        explain(folder, shard, &decision);
        write_decision(folder, message, &transaction, &decision);
        keep_or_show(folder, &transaction, &decision);
        if (shard_labelled_before(shard, &transaction, &earlier)) keep_label(batch, &earlier);
        batch->decided++;
        batch->verdicts[decision.verdict]++;
        meters_members(folder->meters, &decision.members);
        break;
    case SHARD_DUPLICATE:
        batch->duplicates++;
        break;
    case SHARD_REJECTED:
        write_reject(folder, TOPIC_TRANSACTIONS, message, &reject);
    }
    if (read.sent > 0 && (batch->oldest_ms == 0 || read.sent < batch->oldest_ms))
        batch->oldest_ms = read.sent;
}

static void take_label(Folder *folder, Shard *shard, const rd_kafka_message_t *message) {
    Label label;
    Reject reject;
    const LogMessage read = log_message(message);
    switch (shard_fold_label(shard, &folder->reader, &read, &label, &reject)) {
    case SHARD_DONE:
    case SHARD_DUPLICATE: /* "no fraud" is no news to the graph, but may be to the store */
        keep_label(folder->batch, &label);
        folder->batch->labels++;
        break;
    case SHARD_REJECTED:
        write_reject(folder, TOPIC_LABELS, message, &reject);
    }
}

/* Messages */

Shard *folder_shard(const Folder *folder, int32_t partition) {
    return partition >= 0 && (guint)partition < folder->shards->len
               ? g_ptr_array_index(folder->shards, (guint)partition)
               : NULL;
}

static bool is_topic(const Folder *folder, const rd_kafka_message_t *message, KafkaTopic topic) {
    return strcmp(rd_kafka_topic_name(message->rkt), folder->kafka->topics[topic]) == 0;
}

/* The messages of one topic, in order. Those of a partition that has gone, or folded already, are
 * left over from before a rebalance. */
static void take_messages(Folder *folder, KafkaTopic topic, rd_kafka_message_t *const *messages,
                          size_t count) {
    for (size_t i = 0; i < count; i++) {
        const rd_kafka_message_t *message = messages[i];
        Shard *shard = message->err ? NULL : folder_shard(folder, message->partition);
        if (!shard || !is_topic(folder, message, topic) || message->offset < shard->next[topic])
            continue;
        if (topic == TOPIC_TRANSACTIONS)
            take_transaction(folder, shard, message);
        else
            take_label(folder, shard, message);
    }
}

/* Merchants across partitions */

/* Folds what others told since the last time, into every shard that has not folded it yet. */
static void take_merchants(Folder *folder) {
    const rd_kafka_message_t *message;
    for (int n = 0; folder->merchants && n < MERCHANTS_AT_ONCE; n++) {
        if (kafka_reader_next(folder->merchants, INT64_MAX, 0, &message, NULL) != KAFKA_READ)
            return;
        folder->merchants_next = message->offset + 1;
        const LogMessage told = log_message(message);
        if (told.sent > 0)
            folder->merchants_delay_ms =
                MAX(folder->merchants_delay_ms, g_get_real_time() / 1000 - told.sent);
        for (guint p = 0; p < folder->shards->len; p++) {
            Shard *shard = g_ptr_array_index(folder->shards, p);
            if (shard && message->offset >= shard->next[TOPIC_MERCHANTS])
                shard_fold_merchant(shard, &told);
        }
    }
}

static void tell_merchant(Folder *folder, const Shard *shard, MerchantId id) {
    const Graph *graph = engine_graph(shard->engine);
    char key[MERCHANT_KEY_MAX];
    uint8_t value[MERCHANT_PARTIAL_LEN];
    MerchantPartial partial;
    graph_merchant_partial(graph, id, &partial);
    merchant_partial_encode(&partial, value);
    const size_t key_len =
        shard_merchant_key(shard->partition, graph_merchant_name(graph, id), key);
    batch_write(folder->batch, TOPIC_MERCHANTS, 0, key, key_len, value, sizeof value);
}

/* Tells the others of the merchants of which there is something new, at most MERCHANTS_AT_ONCE; the
 * rest waits for the next time. Every so often, and in a run through old data as often as its own
 * clock asks for. */
static void tell_merchants(Folder *folder, Shard *shard) {
    MerchantId ids[MERCHANTS_AT_ONCE];
    const int64_t now = g_get_monotonic_time();
    if (!folder->merchants ||
        (now - shard->told_at < folder->kafka->exchange_ms * G_TIME_SPAN_MILLISECOND &&
         shard->latest_time - shard->told_time < EXCHANGE_DATA_SECONDS))
        return;
    shard->told_at = now;
    shard->told_time = shard->latest_time;
    const size_t count = engine_take_touched(shard->engine, ids, MERCHANTS_AT_ONCE);
    for (size_t i = 0; i < count; i++)
        tell_merchant(folder, shard, ids[i]);
}

static int64_t *step_begin(const Folder *folder, guint partition) {
    return &g_array_index(folder->before, int64_t, partition * LOG_COUNT);
}

/* Notes the step of each shard that has moved, as a message of its progress. */
static void end_steps(Folder *folder) {
    for (guint p = 0; p < folder->shards->len; p++) {
        Shard *shard = g_ptr_array_index(folder->shards, p);
        if (!shard || memcmp(step_begin(folder, p), shard->next, sizeof shard->next) == 0) continue;
        tell_merchants(folder, shard);
        const Step step = shard_end_step(shard);
        g_byte_array_set_size(folder->record, 0);
        steps_write(folder->record, &step, 1);
        batch_write(folder->batch, TOPIC_PROGRESS, (int32_t)p, NULL, 0, folder->record->data,
                    folder->record->len);
    }
}

void folder_fold(Folder *folder, rd_kafka_message_t *const *messages, size_t count) {
    g_array_set_size(folder->before, folder->shards->len * LOG_COUNT);
    for (guint p = 0; p < folder->shards->len; p++) {
        const Shard *shard = g_ptr_array_index(folder->shards, p);
        if (shard) memcpy(step_begin(folder, p), shard->next, sizeof shard->next);
    }
    take_merchants(folder);
    take_messages(folder, TOPIC_LABELS, messages, count);
    take_messages(folder, TOPIC_TRANSACTIONS, messages, count);
    end_steps(folder);
}

/* What is restored */

void folder_keep_decision(Folder *folder, const Shard *shard, const Transaction *transaction,
                          const Decision *decision) {
    if (decision->verdict == VERDICT_APPROVE && !folder->keep_all) return;
    explain(folder, shard, decision);
    keep(folder, folder->batch, transaction, decision, false);
}

void folder_keep_label(Folder *folder, const Label *label) {
    keep_label(folder->batch, label);
}

/* Life */

static void free_shard(gpointer shard) {
    shard_free(shard);
}

void folder_init(Folder *folder) {
    folder->shards = g_ptr_array_new_with_free_func(free_shard);
    folder->batch = batch_new();
    message_reader_init(&folder->reader);
    folder->contributions = g_new(float, feature_count() + 1);
    folder->text = g_string_new(NULL);
    folder->reasons = g_string_new(NULL);
    folder->record = g_byte_array_new();
    folder->before = g_array_new(FALSE, FALSE, sizeof(int64_t));
}

void folder_clear(Folder *folder) {
    g_ptr_array_unref(folder->shards);
    batch_free(folder->batch);
    message_reader_clear(&folder->reader);
    g_free(folder->contributions);
    g_string_free(folder->text, TRUE);
    g_string_free(folder->reasons, TRUE);
    g_byte_array_unref(folder->record);
    g_array_unref(folder->before);
}
