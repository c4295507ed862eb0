/* A sink that produces to Kafka: transactions to one topic, labels to another, each with the card
 * number's decimal digits as key and placed by murmur2, as Kafka's own producer places it, so that
 * a card and its labels are in the same partition of both. The producer is idempotent: whatever
 * happens to the brokers, each record arrives once and in the order of its partition, and what is
 * transient is tried again without limit. The queue is bounded: when it is full, whoever sends
 * waits. That brokers are away or answer again is told on standard error. */
#pragma once

#include "io/kafka.h"
#include "io/sink.h"

/* Settings to reach the brokers by, tuned for throughput; what is set later goes before them. */
KafkaSettings *kafka_sink_settings(const char *brokers);

typedef struct KafkaSinkOptions {
    const KafkaSettings *settings; /* borrowed; must outlive the sink */
    const char *transactions;      /* topic */
    const char *labels;            /* topic, or NULL when there will be no labels */
} KafkaSinkOptions;

/* Copies the topics' names. Its functions fail with KAFKA_ERROR too. `open` fails where a topic is
 * not there, where the two differ in their partitions, and where the brokers do not let us in; it
 * waits for brokers that are away. */
Sink *kafka_sink_new(const KafkaSinkOptions *options, GError **error);
