/* From messages to a batch: folds what the group's topics bring into the shards, and writes what
 * comes out (decisions, rejects, what is new of merchants, progress) into a batch. Used by one
 * thread. */
#pragma once

#include "io/kafka_reader.h"
#include "serve/kafka/batch.h"
#include "serve/kafka/shard.h"
#include "serve/meters.h"

enum { MERCHANTS_AT_ONCE = 4096 }; /* read or told of in one step of a partition */

typedef struct Folder {
    const KafkaOptions *kafka;
    Model *model; /* a reference of the owner's */
    Meters *meters;
    bool keep_all;     /* keep every transaction for the store, not only alerts */
    GPtrArray *shards; /* Shard *, owned, by partition; NULL where it is not ours */
    Batch *batch;      /* the one being filled */

    /* What all partitions tell of merchants; NULL where there is nobody to tell. */
    KafkaReader *merchants;
    int64_t merchants_next;     /* offset of its first message not read */
    int64_t merchants_delay_ms; /* from told to taken in: the longest since it was last reset */

    MessageReader reader;
    float *contributions;
    GString *text, *reasons;
    GByteArray *record;
    GArray *before; /* of each shard LOG_COUNT offsets: where the step began */
} Folder;

/* Everything but the shards and the batch is borrowed and set by the caller. */
void folder_init(Folder *folder);
void folder_clear(Folder *folder);

/* The partition's shard, or NULL when it is not ours. */
Shard *folder_shard(const Folder *folder, int32_t partition);

/* Folds messages that came in one go as one step of each partition: merchants first, then labels,
 * then transactions. What is of no shard, or folded already, is passed over. */
void folder_fold(Folder *folder, rd_kafka_message_t *const *messages, size_t count);

/* Keeps for the store what was decided and labelled once more, when a shard was restored. */
void folder_keep_decision(Folder *folder, const Shard *shard, const Transaction *transaction,
                          const Decision *decision);
void folder_keep_label(Folder *folder, const Label *label);
