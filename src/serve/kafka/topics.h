/* What a member of a Kafka group is told: where the brokers are and how the topics are called. */
#pragma once

#include "io/kafka.h"

/* The topics, in and out. */
typedef enum KafkaTopic {
    TOPIC_TRANSACTIONS,
    TOPIC_LABELS,
    TOPIC_MERCHANTS, /* what each partition knows of its merchants: compacted, one partition */
    TOPIC_DECISIONS,
    TOPIC_REJECTS,
    TOPIC_PROGRESS,  /* in what order each partition's events were folded (progress.h) */
    TOPIC_SNAPSHOTS, /* each partition's state: compacted (snapshot.h) */
    TOPIC_COUNT
} KafkaTopic;

/* Those that a partition's state is folded from come first. */
enum { LOG_COUNT = TOPIC_MERCHANTS + 1 };

typedef struct KafkaOptions {
    const KafkaSettings *settings;
    const char *group;
    const char *topics[TOPIC_COUNT];
    int64_t exchange_ms;        /* how often a merchant is told of to the others; negative: never */
    uint64_t checkpoint_events; /* of a partition, between two checkpoints at most */
} KafkaOptions;

/* How many partitions the topics that are read have: at least one, and as many of labels as of
 * transactions. Absent or unequal topics are errors. `client` is any. */
bool topics_check_inputs(rd_kafka_t *client, const KafkaOptions *options, KafkaHealth *health,
                         int *partitions, GError **error);

/* Makes those of the written topics that are absent, for so many partitions. */
bool topics_make_outputs(rd_kafka_t *client, const KafkaOptions *options, int partitions,
                         GError **error);
