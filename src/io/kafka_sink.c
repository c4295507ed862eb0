#include "io/kafka_sink.h"

#include "base/json_write.h"
#include "record/json.h"

enum {
    ASK_MS = 500,       /* for one question, such as whether a topic is there */
    FULL_WAIT_MS = 100, /* between two looks whether a full queue has room again */
    DRAIN_MS = 100,     /* between two looks whether all was delivered */
    GRACE_US = 5000000, /* what is queued gets to be delivered in when told to stop */
    POLL_EVERY = 256,   /* records between two looks at what came back */
};

/* A topic, and what became of the records sent there. */
typedef struct Target {
    char *name;
    rd_kafka_topic_t *topic;
    SinkTotals *totals;
} Target;

typedef struct KafkaSink {
    Sink base;
    const KafkaSettings *settings;
    rd_kafka_t *client;
    KafkaHealth health;
    Target transactions, labels;
    GString *key, *text; /* of the record at hand */
    unsigned unasked;    /* records sent since the last look at what came back */
    bool is_open;
    GError *failure; /* what waiting does not mend; the first of them */
} KafkaSink;

KafkaSettings *kafka_sink_settings(const char *brokers) {
    static const KafkaOption tuned[] = {
        {"compression.type", "lz4"},
        {"linger.ms", "10"},
        {"batch.num.messages", "10000"},
        {"batch.size", "524288"},
        {"queue.buffering.max.messages", "100000"},
        {"queue.buffering.max.kbytes", "65536"},
    };
    KafkaSettings *settings = kafka_settings_new(brokers);
    for (size_t i = 0; i < G_N_ELEMENTS(tuned); i++) {
        const bool known = kafka_settings_set(settings, tuned[i].name, tuned[i].value, NULL);
        g_assert(known);
    }
    return settings;
}

static bool go_on(const KafkaSink *sink) {
    return sink->base.caller.go_on(sink->base.caller.data);
}

/* What comes back. Called while polling. */

static void fail(KafkaSink *sink, const char *doing, const char *reason) {
    if (!sink->failure)
        kafka_set_error(&sink->failure, KAFKA_ERROR_CLIENT, sink->settings, doing, reason);
}

static const Target *target_of(const KafkaSink *sink, const rd_kafka_message_t *message) {
    return message->rkt == sink->transactions.topic ? &sink->transactions : &sink->labels;
}

/* Transient errors never come here: librdkafka tries again without limit. */
static void on_delivered(rd_kafka_t *client, const rd_kafka_message_t *message, void *data) {
    KafkaSink *sink = data;
    const Target *target = target_of(sink, message);
    if (!message->err) {
        target->totals->delivered++;
        if (sink->health.down) kafka_health_up(&sink->health);
        return;
    }
    if (message->err == RD_KAFKA_RESP_ERR__PURGE_QUEUE ||
        message->err == RD_KAFKA_RESP_ERR__PURGE_INFLIGHT)
        return; /* we gave it up ourselves */
    char text[256];
    const char *reason = rd_kafka_err2str(message->err);
    if (message->err == RD_KAFKA_RESP_ERR__FATAL) {
        rd_kafka_fatal_error(client, text, sizeof text);
        reason = text;
    }
    g_autofree char *doing =
        g_strdup_printf("send a message of %zu bytes to the topic %s", message->len, target->name);
    fail(sink, doing, reason);
}

/* Only at the start: those who were let in once are let in again. */
static bool on_denied(const char *why, void *data) {
    KafkaSink *sink = data;
    if (!sink->is_open) fail(sink, "get in", why);
    return !sink->is_open;
}

static bool failed(const KafkaSink *sink, GError **error) {
    if (!sink->failure) return false;
    g_propagate_error(error, g_error_copy(sink->failure));
    return true;
}

/* Sending */

/* Waits until all is delivered; a few seconds at most when the caller does not go on. */
static bool drain(KafkaSink *sink, GError **error) {
    int64_t stopped = 0;
    while (!sink->failure && rd_kafka_flush(sink->client, DRAIN_MS) != 0) {
        if (go_on(sink)) continue;
        if (!stopped) stopped = g_get_monotonic_time();
        if (g_get_monotonic_time() - stopped > GRACE_US) break;
    }
    return !failed(sink, error);
}

/* The queue is full: waits for room. */
static bool await_room(KafkaSink *sink, GError **error) {
    rd_kafka_poll(sink->client, FULL_WAIT_MS);
    if (failed(sink, error)) return false;
    if (go_on(sink)) return true;
    return drain(sink, error) && sink_stopped(error);
}

static bool produce(KafkaSink *sink, const Target *target, uint64_t card, GError **error) {
    g_string_truncate(sink->key, 0);
    json_write_uint(sink->key, card);
    while (rd_kafka_produce(target->topic, RD_KAFKA_PARTITION_UA, RD_KAFKA_MSG_F_COPY,
                            sink->text->str, sink->text->len, sink->key->str, sink->key->len,
                            NULL) != 0) {
        const rd_kafka_resp_err_t err = rd_kafka_last_error();
        if (err != RD_KAFKA_RESP_ERR__QUEUE_FULL) {
            g_autofree char *doing = g_strdup_printf("send a message of %zu bytes to the topic %s",
                                                     sink->text->len, target->name);
            fail(sink, doing, rd_kafka_err2str(err));
            return !failed(sink, error);
        }
        if (!await_room(sink, error)) return false;
    }
    target->totals->sent++;
    if (++sink->unasked == POLL_EVERY) {
        sink->unasked = 0;
        rd_kafka_poll(sink->client, 0);
    }
    return !failed(sink, error);
}

static bool take_transaction(Sink *base, const Transaction *transaction, bool with_label,
                             GError **error) {
    KafkaSink *sink = (KafkaSink *)base;
    g_string_truncate(sink->text, 0);
    transaction_write_json(sink->text, transaction, CARD_FULL, with_label);
    return produce(sink, &sink->transactions, transaction->card, error);
}

static bool take_label(Sink *base, const Label *label, GError **error) {
    KafkaSink *sink = (KafkaSink *)base;
    g_assert(sink->labels.topic);
    g_string_truncate(sink->text, 0);
    label_write_json(sink->text, label);
    return produce(sink, &sink->labels, label->card, error);
}

/* What was produced is on its way without us. */
static bool look_back(Sink *base, GError **error) {
    KafkaSink *sink = (KafkaSink *)base;
    rd_kafka_poll(sink->client, 0);
    return !failed(sink, error);
}

static bool close_drained(Sink *base, GError **error) {
    return drain((KafkaSink *)base, error);
}

/* Opening */

/* Asks for a topic until a broker answers. */
static bool find_topic(KafkaSink *sink, const Target *target, int *partitions, GError **error) {
    for (;;) {
        g_autoptr(GError) cause = NULL;
        const bool answered = kafka_topic_partitions(sink->client, sink->settings, target->name,
                                                     ASK_MS, partitions, &cause);
        if (answered && *partitions > 0) return true;
        if (answered) {
            g_set_error(error, KAFKA_ERROR, KAFKA_ERROR_TOPIC,
                        "there is no topic %s at kafka %s: make it first", target->name,
                        kafka_settings_brokers(sink->settings));
            return false;
        }
        rd_kafka_poll(sink->client, 0); /* why it did not answer */
        if (failed(sink, error)) return false;
        if (!g_error_matches(cause, KAFKA_ERROR, KAFKA_ERROR_AWAY)) {
            g_propagate_error(error, g_steal_pointer(&cause));
            return false;
        }
        if (!go_on(sink)) return sink_stopped(error);
    }
}

static bool open_topics(Sink *base, GError **error) {
    KafkaSink *sink = (KafkaSink *)base;
    int partitions, of_labels;
    if (!find_topic(sink, &sink->transactions, &partitions, error)) return false;
    if (sink->labels.topic) {
        if (!find_topic(sink, &sink->labels, &of_labels, error)) return false;
        if (of_labels != partitions) {
            g_set_error(error, KAFKA_ERROR, KAFKA_ERROR_TOPIC,
                        "at kafka %s the topic %s has %d partitions and %s has %d: cards need the "
                        "same number in both",
                        kafka_settings_brokers(sink->settings), sink->transactions.name, partitions,
                        sink->labels.name, of_labels);
            return false;
        }
    }
    kafka_health_up(&sink->health);
    sink->is_open = true;
    return true;
}

/* Making and freeing */

static void target_clear(Target *target) {
    if (target->topic) rd_kafka_topic_destroy(target->topic);
    g_free(target->name);
}

static void kafka_sink_free(Sink *base) {
    KafkaSink *sink = (KafkaSink *)base;
    if (sink->client) {
        rd_kafka_purge(sink->client, RD_KAFKA_PURGE_F_QUEUE | RD_KAFKA_PURGE_F_INFLIGHT);
        rd_kafka_poll(sink->client, 0);
    }
    target_clear(&sink->transactions);
    target_clear(&sink->labels);
    kafka_client_free(sink->client);
    g_string_free(sink->key, TRUE);
    g_string_free(sink->text, TRUE);
    g_clear_error(&sink->failure);
    g_free(sink);
}

static bool target_open(KafkaSink *sink, Target *target, const char *name, SinkTotals *totals,
                        GError **error) {
    target->name = g_strdup(name);
    target->totals = totals;
    target->topic = rd_kafka_topic_new(sink->client, name, NULL);
    if (target->topic) return true;
    g_autofree char *doing = g_strdup_printf("use the topic %s", name);
    kafka_set_error(error, KAFKA_ERROR_TOPIC, sink->settings, doing,
                    rd_kafka_err2str(rd_kafka_last_error()));
    return false;
}

static bool start_client(KafkaSink *sink, GError **error) {
    static const KafkaOption fixed[] = {
        {"enable.idempotence", "true"},
        {"partitioner", "murmur2_random"},
        {"message.timeout.ms", "0"}, /* no limit */
        {NULL, NULL},
    };
    const KafkaCallbacks callbacks = {.delivered = on_delivered, .denied = on_denied, .data = sink};
    sink->client = kafka_client_new(RD_KAFKA_PRODUCER, sink->settings, fixed, &callbacks,
                                    &sink->health, error);
    return sink->client != NULL;
}

Sink *kafka_sink_new(const KafkaSinkOptions *options, GError **error) {
    KafkaSink *sink = g_new0(KafkaSink, 1);
    sink->base = (Sink){.open = open_topics,
                        .transaction = take_transaction,
                        .label = take_label,
                        .flush = look_back,
                        .close = close_drained,
                        .free = kafka_sink_free};
    sink->settings = options->settings;
    sink->key = g_string_new(NULL);
    sink->text = g_string_sized_new(1024);
    if (start_client(sink, error) &&
        target_open(sink, &sink->transactions, options->transactions, &sink->base.transactions,
                    error) &&
        (!options->labels ||
         target_open(sink, &sink->labels, options->labels, &sink->base.labels, error)))
        return &sink->base;
    kafka_sink_free(&sink->base);
    return NULL;
}
