/* One partition of a topic read in order from an offset, by nobody's group: what is committed only.
 * Readers of one client share its connections. */
#pragma once

#include "io/kafka.h"

/* The client that readers are opened on; ends with rd_kafka_destroy. */
rd_kafka_t *kafka_reader_client(const KafkaSettings *settings, KafkaHealth *health, GError **error);

typedef struct KafkaReader KafkaReader;

/* Starts at `offset`, or at the first message there is when that is later or `offset` is
 * negative. */
KafkaReader *kafka_reader_open(rd_kafka_t *client, const KafkaSettings *settings, const char *topic,
                               int32_t partition, int64_t offset, GError **error);
void kafka_reader_close(KafkaReader *reader); /* NULL is allowed */

typedef enum KafkaRead {
    KAFKA_READ,
    KAFKA_READ_END,
    KAFKA_READ_NOTHING,
    KAFKA_READ_FAILED
} KafkaRead;

/* The next message with an offset below `before`, valid until the next call. KAFKA_READ_END: there
 * is none, now; KAFKA_READ_NOTHING: none came within `timeout_ms`; KAFKA_READ_FAILED sets *error.
 */
KafkaRead kafka_reader_next(KafkaReader *reader, int64_t before, int timeout_ms,
                            const rd_kafka_message_t **message, GError **error);

/* The offsets of the first message there is and of the one after the last that is committed. */
bool kafka_offsets(rd_kafka_t *client, const KafkaSettings *settings, const char *topic,
                   int32_t partition, int timeout_ms, int64_t *first, int64_t *end, GError **error);
