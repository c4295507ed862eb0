/* Brings a partition's state to where the group has committed: from the checkpoint at hand or the
 * one in the topic of snapshots, then by folding the logs on, in the order that the progress
 * tells. The scores that come out are compared with those that were written, step by step. */
#pragma once

#include "serve/kafka/shard.h"
#include "serve/meters.h"

typedef struct Restore {
    const KafkaOptions *options;
    rd_kafka_t *client; /* kafka_reader_client() */
    const Model *model;
    MessageReader *reader;
    const char *data_dir;
    const _Atomic bool *stop;
    Meters *meters;
    int64_t merchants_next; /* offset up to which the merchants' log is folded at the end */
    /* What was decided and labelled again, for the store. */
    void (*decided)(void *data, const Shard *shard, const Transaction *transaction,
                    const Decision *decision);
    void (*labelled)(void *data, const Label *label);
    void *data;
} Restore;

/* `committed`: the group's offsets of the transactions and the labels, negative for none yet. What
 * happened is told on standard error. NULL when it was stopped or the brokers failed. */
Shard *restore_shard(const Restore *restore, int32_t partition, const int64_t committed[2],
                     GError **error);

/* Where the partition's checkpoint is, and the name of the log it is of (LOG_ID_LEN bytes). The
 * caller frees. */
char *shard_checkpoint_path(const char *data_dir, int32_t partition);
char *shard_log_id(rd_kafka_t *client, const KafkaOptions *options, int32_t partition);
