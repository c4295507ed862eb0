#include "serve/kafka/restore.h"

#include "io/kafka_reader.h"
#include "serve/kafka/snapshot.h"

#include <unistd.h>

enum { WAIT_MS = 500, CLUSTER_MS = 10000 };

typedef struct Replaying {
    const Restore *restore;
    Shard *shard;
    KafkaReader *logs[LOG_COUNT];
    GError **error;
    uint64_t events, mismatches;
} Replaying;

char *shard_checkpoint_path(const char *data_dir, int32_t partition) {
    g_autofree char *name = g_strdup_printf("partition-%d.checkpoint", partition);
    return g_build_filename(data_dir, name, NULL);
}

char *shard_log_id(rd_kafka_t *client, const KafkaOptions *options, int32_t partition) {
    char *cluster = rd_kafka_clusterid(client, CLUSTER_MS);
    g_autofree char *text = g_strdup_printf("%s/%s/%s/%d", cluster ? cluster : "", options->group,
                                            options->topics[TOPIC_TRANSACTIONS], partition);
    if (cluster) rd_kafka_mem_free(client, cluster);
    char *id = g_compute_checksum_for_string(G_CHECKSUM_SHA256, text, -1);
    id[LOG_ID_LEN] = '\0';
    return id;
}

/* Folding on */

static void fold_transaction(Replaying *replaying, const LogMessage *message) {
    const Restore *restore = replaying->restore;
    Transaction transaction;
    Decision decision;
    Label earlier;
    Reject reject;
    if (shard_fold_transaction(replaying->shard, restore->reader, message, &transaction, &decision,
                               &reject) != SHARD_DONE)
        return;
    restore->decided(restore->data, replaying->shard, &transaction, &decision);
    if (shard_labelled_before(replaying->shard, &transaction, &earlier))
        restore->labelled(restore->data, &earlier);
}

static void fold_label(Replaying *replaying, const LogMessage *message) {
    const Restore *restore = replaying->restore;
    Label label;
    Reject reject;
    if (shard_fold_label(replaying->shard, restore->reader, message, &label, &reject) !=
        SHARD_REJECTED)
        restore->labelled(restore->data, &label);
}

static void fold_message(Replaying *replaying, int log, const LogMessage *message) {
    switch (log) {
    case TOPIC_TRANSACTIONS:
        fold_transaction(replaying, message);
        break;
    case TOPIC_LABELS:
        fold_label(replaying, message);
        break;
    default:
        shard_fold_merchant(replaying->shard, message);
    }
    replaying->events++;
}

static bool stopped(const Replaying *replaying) {
    if (!atomic_load(replaying->restore->stop)) return false;
    kafka_set_error(replaying->error, KAFKA_ERROR_STOPPED, replaying->restore->options->settings,
                    "restore a partition", "the service is stopping");
    return true;
}

/* Folds one log up to the offset `before`. */
static bool fold_log(Replaying *replaying, int log, int64_t before) {
    Shard *shard = replaying->shard;
    const KafkaOptions *options = replaying->restore->options;
    if (shard->next[log] >= before) return true;
    if (!replaying->logs[log])
        replaying->logs[log] = kafka_reader_open(
            replaying->restore->client, options->settings, options->topics[log],
            log == TOPIC_MERCHANTS ? 0 : shard->partition, shard->next[log], replaying->error);
    if (!replaying->logs[log]) return false;
    while (!stopped(replaying)) {
        const rd_kafka_message_t *message;
        LogMessage read;
        switch (
            kafka_reader_next(replaying->logs[log], before, WAIT_MS, &message, replaying->error)) {
        case KAFKA_READ:
            read = log_message(message);
            fold_message(replaying, log, &read);
            break;
        case KAFKA_READ_END:
            shard->next[log] = before;
            return true;
        case KAFKA_READ_NOTHING:
            break;
        case KAFKA_READ_FAILED:
            return false;
        }
    }
    return false;
}

/* The merchants first, then the labels, then the transactions: as the step was made. */
static bool fold_step(Replaying *replaying, const Step *step) {
    for (int log = LOG_COUNT - 1; log >= 0; log--)
        if (!fold_log(replaying, log, step->next[log])) return false;
    const Step again = shard_end_step(replaying->shard);
    replaying->mismatches += again.model == step->model && again.scores != step->scores;
    return true;
}

static bool is_folded(const Shard *shard, const Step *step) {
    for (int log = 0; log < LOG_COUNT; log++)
        if (step->next[log] > shard->next[log]) return false;
    return true;
}

static bool fold_steps(Replaying *replaying, const rd_kafka_message_t *message) {
    g_autoptr(GArray) steps = g_array_new(FALSE, FALSE, sizeof(Step));
    if (!steps_read((Str){message->payload, message->len}, steps)) {
        g_printerr("partition %d: a message of the progress that cannot be read is passed over\n",
                   replaying->shard->partition);
        return true;
    }
    for (guint i = 0; i < steps->len; i++) {
        const Step *step = &g_array_index(steps, Step, i);
        if (!is_folded(replaying->shard, step) && !fold_step(replaying, step)) return false;
    }
    return true;
}

static bool fold_progress(Replaying *replaying) {
    Shard *shard = replaying->shard;
    const KafkaOptions *options = replaying->restore->options;
    KafkaReader *progress = kafka_reader_open(replaying->restore->client, options->settings,
                                              options->topics[TOPIC_PROGRESS], shard->partition,
                                              shard->progress_next, replaying->error);
    bool ok = progress != NULL, more = ok;
    while (more && (ok = !stopped(replaying))) {
        const rd_kafka_message_t *message;
        switch (kafka_reader_next(progress, INT64_MAX, WAIT_MS, &message, replaying->error)) {
        case KAFKA_READ:
            shard->progress_next = message->offset + 1;
            more = ok = fold_steps(replaying, message);
            break;
        case KAFKA_READ_END:
            more = false;
            break;
        case KAFKA_READ_NOTHING:
            break;
        case KAFKA_READ_FAILED:
            more = ok = false;
        }
    }
    kafka_reader_close(progress);
    return ok;
}

/* Where the progress says less than is committed (its topic was lost), labels come first. */
static bool fold_rest(Replaying *replaying, const int64_t committed[2]) {
    const Shard *shard = replaying->shard;
    if (shard->next[TOPIC_TRANSACTIONS] >= committed[TOPIC_TRANSACTIONS] &&
        shard->next[TOPIC_LABELS] >= committed[TOPIC_LABELS])
        return true;
    g_printerr("partition %d: the progress ends before what is committed: the order of some labels "
               "among the transactions may differ from what it was\n",
               shard->partition);
    const bool ok = fold_log(replaying, TOPIC_LABELS, committed[TOPIC_LABELS]) &&
                    fold_log(replaying, TOPIC_TRANSACTIONS, committed[TOPIC_TRANSACTIONS]);
    shard_end_step(replaying->shard);
    return ok;
}

/* The start and the end */

static bool look_at_log(const Restore *restore, const Shard *shard, int log, int64_t *first,
                        int64_t *end, GError **error) {
    return kafka_offsets(restore->client, restore->options->settings, restore->options->topics[log],
                         log == TOPIC_MERCHANTS ? 0 : shard->partition, CLUSTER_MS, first, end,
                         error);
}

/* Says what the brokers no longer keep (retention) of what comes next. What is committed is missing
 * from the state, all else is decided by nobody. */
static bool tell_gaps(const Restore *restore, const Shard *shard, const int64_t committed[2],
                      GError **error) {
    for (int log = TOPIC_TRANSACTIONS; log <= TOPIC_LABELS; log++) {
        int64_t first, end;
        if (!look_at_log(restore, shard, log, &first, &end, error)) return false;
        if (first > shard->next[log])
            g_printerr("partition %d: the topic %s no longer has the offsets from %" G_GINT64_FORMAT
                       " to %" G_GINT64_FORMAT ": what they held is %s\n",
                       shard->partition, restore->options->topics[log], shard->next[log], first - 1,
                       shard->next[log] < committed[log] ? "missing from the state"
                                                         : "not decided");
    }
    return true;
}

/* A log that ends before what was folded of it is not the one that was folded: it was made anew, or
 * brokers lost a part of it. What comes next would have offsets that count as folded already. */
static bool check_ends(const Restore *restore, const Shard *shard, GError **error) {
    for (int log = 0; log < LOG_COUNT; log++) {
        int64_t first, end;
        if (!look_at_log(restore, shard, log, &first, &end, error)) return false;
        if (end >= shard->next[log]) continue;
        g_set_error(error, KAFKA_ERROR, KAFKA_ERROR_TOPIC,
                    "the topic %s at kafka %s ends at offset %" G_GINT64_FORMAT
                    " of partition %d, of which the group has folded %" G_GINT64_FORMAT
                    ": was it made anew? Then the group needs another name, and its progress, "
                    "merchants and snapshots other topics",
                    restore->options->topics[log],
                    kafka_settings_brokers(restore->options->settings), end,
                    log == TOPIC_MERCHANTS ? 0 : shard->partition, shard->next[log]);
        return false;
    }
    return true;
}

/* Of an empty state: the logs' first messages. Where the first ones are gone but were committed
 * once, what they said is missing from the state. */
static bool start_empty(const Restore *restore, Shard *shard, GError **error) {
    for (int log = 0; log < LOG_COUNT; log++) {
        int64_t first, end;
        if (!look_at_log(restore, shard, log, &first, &end, error)) return false;
        shard->next[log] = first;
        if (first > 0 && log == TOPIC_TRANSACTIONS)
            g_printerr("partition %d: the log begins at offset %" G_GINT64_FORMAT
                       ", and no checkpoint holds what was before\n",
                       shard->partition, first);
    }
    shard->progress_next = -1;
    return true;
}

/* A checkpoint that knows of more than is committed was made of another past. */
static bool fits(const Shard *shard, const int64_t committed[2]) {
    return shard->next[TOPIC_TRANSACTIONS] <= MAX(committed[TOPIC_TRANSACTIONS], 0) &&
           shard->next[TOPIC_LABELS] <= MAX(committed[TOPIC_LABELS], 0);
}

static Shard *load(const Restore *restore, int32_t partition, const char *log_id, const char *path,
                   const int64_t committed[2]) {
    g_autoptr(GError) why = NULL;
    if (access(path, F_OK) != 0) return NULL;
    Shard *shard = shard_load(partition, restore->model, log_id, path, &why);
    if (!shard) g_printerr("%s\n", why->message);
    if (!shard || fits(shard, committed)) return shard;
    g_printerr("%s is of a longer log than is committed: it is not used\n", path);
    shard_free(shard);
    return NULL;
}

/* The checkpoint at hand, or else the one in the topic. */
static bool load_any(const Restore *restore, int32_t partition, const int64_t committed[2],
                     Shard **shard, GError **error) {
    g_autofree char *path = shard_checkpoint_path(restore->data_dir, partition);
    g_autofree char *log_id = shard_log_id(restore->client, restore->options, partition);
    *shard = NULL;
    if (committed[TOPIC_TRANSACTIONS] < 0 && committed[TOPIC_LABELS] < 0) return true;
    *shard = load(restore, partition, log_id, path, committed);
    if (*shard) return true;
    bool found;
    if (!snapshot_fetch(restore->client, restore->options, partition, path, restore->stop, &found,
                        error))
        return false;
    if (found) *shard = load(restore, partition, log_id, path, committed);
    return true;
}

Shard *restore_shard(const Restore *restore, int32_t partition, const int64_t committed[2],
                     GError **error) {
    const int64_t began = g_get_monotonic_time();
    Shard *shard;
    if (!load_any(restore, partition, committed, &shard, error)) return NULL;
    const uint64_t loaded = shard ? engine_position(shard->engine) : 0;
    bool ok = true;
    if (!shard) {
        shard = shard_new(partition, restore->model);
        ok = start_empty(restore, shard, error);
    }
    Replaying replaying = {.restore = restore, .shard = shard, .error = error};
    ok = ok && tell_gaps(restore, shard, committed, error) && fold_progress(&replaying) &&
         fold_rest(&replaying, committed) &&
         fold_log(&replaying, TOPIC_MERCHANTS, restore->merchants_next) &&
         check_ends(restore, shard, error);
    for (int log = 0; log < LOG_COUNT; log++)
        kafka_reader_close(replaying.logs[log]);
    if (!ok) {
        shard_free(shard);
        return NULL;
    }
    counter_add(&restore->meters->recovered_events, replaying.events);
    counter_add(&restore->meters->recovery_mismatches, replaying.mismatches);
    g_printerr("partition %d: %" G_GUINT64_FORMAT
               " events from the checkpoint and %" G_GUINT64_FORMAT
               " from the log in %.1f s; %" G_GUINT64_FORMAT " steps scored differently\n",
               partition, loaded, replaying.events,
               (double)(g_get_monotonic_time() - began) / G_USEC_PER_SEC, replaying.mismatches);
    return shard;
}
