#include "io/kafka_reader.h"

enum { SETTLE_US = 100000 };

struct KafkaReader {
    const KafkaSettings *settings;
    rd_kafka_topic_t *topic;
    int32_t partition;
    rd_kafka_message_t *message; /* read last */
    bool held;                   /* it is not given yet */
    int64_t end;                 /* where the partition ended when it was met; -1 */
};

rd_kafka_t *kafka_reader_client(const KafkaSettings *settings, KafkaHealth *health,
                                GError **error) {
    static const KafkaOption options[] = {
        {"enable.partition.eof", "true"},
        {"isolation.level", "read_committed"},
        {"auto.offset.reset", "earliest"},
        {"enable.auto.commit", "false"},
        {"fetch.wait.max.ms", "50"},
        /* A full queue is left alone for a second: it has to hold what is read in one. */
        {"queued.min.messages", "200000"},
        {"queued.max.messages.kbytes", "65536"},
        {NULL, NULL},
    };
    return kafka_client_new(RD_KAFKA_CONSUMER, settings, options, NULL, health, error);
}

static bool fail(const KafkaReader *reader, rd_kafka_resp_err_t err, GError **error) {
    g_autofree char *doing =
        g_strdup_printf("read the topic %s", rd_kafka_topic_name(reader->topic));
    kafka_set_error(error, KAFKA_ERROR_TOPIC, reader->settings, doing, rd_kafka_err2str(err));
    return false;
}

KafkaReader *kafka_reader_open(rd_kafka_t *client, const KafkaSettings *settings, const char *topic,
                               int32_t partition, int64_t offset, GError **error) {
    KafkaReader *reader = g_new0(KafkaReader, 1);
    reader->settings = settings;
    reader->topic = rd_kafka_topic_new(client, topic, NULL);
    reader->partition = partition;
    reader->end = -1;
    if (reader->topic &&
        rd_kafka_consume_start(reader->topic, partition,
                               offset < 0 ? RD_KAFKA_OFFSET_BEGINNING : offset) == 0)
        return reader;
    fail(reader, rd_kafka_last_error(), error);
    if (reader->topic) rd_kafka_topic_destroy(reader->topic);
    g_free(reader);
    return NULL;
}

void kafka_reader_close(KafkaReader *reader) {
    if (!reader) return;
    if (reader->message) rd_kafka_message_destroy(reader->message);
    rd_kafka_consume_stop(reader->topic, reader->partition);
    rd_kafka_topic_destroy(reader->topic);
    g_free(reader);
}

/* Waits for the next message; NULL for none, and then reader->end is known or it timed out. */
static rd_kafka_resp_err_t fetch(KafkaReader *reader, int timeout_ms) {
    if (reader->message) rd_kafka_message_destroy(reader->message);
    reader->message = rd_kafka_consume(reader->topic, reader->partition, timeout_ms);
    if (!reader->message) return RD_KAFKA_RESP_ERR__TIMED_OUT;
    const rd_kafka_resp_err_t err = reader->message->err;
    if (!err) {
        reader->held = true;
        reader->end = -1;
        return err;
    }
    if (err == RD_KAFKA_RESP_ERR__PARTITION_EOF) reader->end = reader->message->offset;
    rd_kafka_message_destroy(reader->message);
    reader->message = NULL;
    return err;
}

KafkaRead kafka_reader_next(KafkaReader *reader, int64_t before, int timeout_ms,
                            const rd_kafka_message_t **message, GError **error) {
    if (!reader->held) {
        const rd_kafka_resp_err_t err = fetch(reader, timeout_ms);
        switch (err) {
        case RD_KAFKA_RESP_ERR_NO_ERROR:
            break;
        case RD_KAFKA_RESP_ERR__PARTITION_EOF:
            return KAFKA_READ_END;
        case RD_KAFKA_RESP_ERR__TIMED_OUT: /* the end was told before, or nothing came */
            return reader->end >= 0 ? KAFKA_READ_END : KAFKA_READ_NOTHING;
        case RD_KAFKA_RESP_ERR__TRANSPORT:
        case RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN:
            return KAFKA_READ_NOTHING;
        default:
            fail(reader, err, error);
            return KAFKA_READ_FAILED;
        }
    }
    if (reader->message->offset >= before) return KAFKA_READ_END;
    reader->held = false;
    *message = reader->message;
    return KAFKA_READ;
}

/* Of a topic that was just made, brokers and clients hear one by one. */
static bool is_settling(rd_kafka_resp_err_t err) {
    return err == RD_KAFKA_RESP_ERR__UNKNOWN_PARTITION || err == RD_KAFKA_RESP_ERR__UNKNOWN_TOPIC ||
           err == RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART ||
           err == RD_KAFKA_RESP_ERR_LEADER_NOT_AVAILABLE;
}

bool kafka_offsets(rd_kafka_t *client, const KafkaSettings *settings, const char *topic,
                   int32_t partition, int timeout_ms, int64_t *first, int64_t *end,
                   GError **error) {
    const int64_t until = g_get_monotonic_time() + timeout_ms * G_TIME_SPAN_MILLISECOND;
    rd_kafka_resp_err_t err;
    while ((err = rd_kafka_query_watermark_offsets(client, topic, partition, first, end,
                                                   timeout_ms)) &&
           is_settling(err) && g_get_monotonic_time() < until)
        g_usleep(SETTLE_US);
    if (!err) return true;
    g_autofree char *doing = g_strdup_printf("look at the topic %s", topic);
    kafka_set_error(error, KAFKA_ERROR_TOPIC, settings, doing, rd_kafka_err2str(err));
    return false;
}
