/* A batch: what the folding thread made of some messages, for the committing thread to write in one
 * Kafka transaction: decisions, rejects, progress, and the offsets that go with them. Also what the
 * embedded store keeps and the page shows once that is done. */
#pragma once

#include "engine/engine.h"
#include "io/store.h"
#include "serve/kafka/topics.h"
#include "serve/tally.h"

enum {
    BATCH_MESSAGES = 4096,      /* folded into one batch, about */
    BATCH_BYTES_MAX = 16 << 20, /* of messages to write, about */
};

/* A message to write; offsets are into the batch's bytes. */
typedef struct Output {
    KafkaTopic topic;
    int32_t partition; /* RD_KAFKA_PARTITION_UA: by its key */
    size_t key, value;
    size_t key_len, value_len;
    bool has_key;
} Output;

/* A decision or a label for the store and the page. */
typedef struct Kept {
    bool is_label, is_fraud;     /* the second of a label */
    bool shown_only;             /* a decision for the page, not for the store */
    size_t record, record_len;   /* of a decision its transaction's binary form (record/binary.h),
                                    of a label its trans_num */
    size_t reasons, reasons_len; /* of a decision */
    Decision decision;           /* of a decision; its features are gone */
    int64_t time;                /* of a label, seconds */
} Kept;

/* A decision that the store does not keep, as far as the board goes. */
typedef struct Passed {
    TallyRow row;
    size_t merchant, merchant_len; /* in the batch's bytes */
} Passed;

/* That a process is a member of the group, in the generation in which it was given its partitions:
 * the broker takes no offsets of an earlier generation. Counted references, as batches of a
 * generation share one. */
typedef struct Membership {
    rd_kafka_consumer_group_metadata_t *metadata;
} Membership;

/* The consumer's present membership, to be taken while it answers a rebalance. NULL when it has
 * none: the broker would take its offsets whoever owns the partitions by now. */
Membership *membership_new(rd_kafka_t *consumer);
void membership_release(Membership *membership); /* NULL is allowed */

typedef struct Batch {
    GByteArray *bytes;
    GArray *outputs;                          /* Output */
    GArray *kept;                             /* Kept */
    GArray *passed;                           /* Passed */
    rd_kafka_topic_partition_list_t *offsets; /* to commit */
    Membership *membership; /* under which; a reference, with offsets never NULL */
    int64_t oldest_ms;      /* timestamp of its oldest transaction's message, wall clock; 0 none */
    uint64_t decided, verdicts[3], labels, rejected, duplicates, shown_only;
} Batch;

Batch *batch_new(void);
void batch_free(Batch *batch); /* NULL is allowed */
void batch_clear(Batch *batch);
bool batch_is_empty(const Batch *batch);

/* Appends bytes and returns where they are. */
size_t batch_put(Batch *batch, const void *bytes, size_t len);

/* Adds a message whose value is `value`; `key` may be NULL for none. */
void batch_write(Batch *batch, KafkaTopic topic, int32_t partition, const void *key, size_t key_len,
                 const void *value, size_t value_len);
