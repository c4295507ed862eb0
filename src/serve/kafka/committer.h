/* The committing thread: writes each batch in one Kafka transaction, with the offsets it was made
 * of, then into the embedded store, then shows it. Meanwhile the next batch is folded.
 *
 * What a transaction cannot be brought through for (the group moved on, the broker gave up on it)
 * loses the batch and those after it: nothing of them is written, and the state that was folded
 * from them has to be made again from what is committed. */
#pragma once

#include "record/card_partition.h"
#include "serve/hub.h"
#include "serve/kafka/batch.h"
#include "serve/meters.h"

typedef struct Committer Committer;

typedef struct CommitterOptions {
    const KafkaOptions *kafka;
    KafkaHealth *health;
    const Model *model;
    Store *store; /* used by this thread alone once it runs */
    Hub *hub;
    Meters *meters;
} CommitterOptions;

/* Connects, fences whoever else writes as this store does, and starts the thread. May take until
 * the brokers answer; *stop ends the wait with KAFKA_ERROR_STOPPED. */
Committer *committer_new(const CommitterOptions *options, const _Atomic bool *stop, GError **error);

/* The model whose name what is kept has from now on; borrowed, as the first was. When nothing is
 * under way. */
void committer_set_model(Committer *committer, const Model *model);

/* Hands a batch over, when there is room within `wait_ms`; else false, and it stays the caller's.
 * Gives an empty one back in its place. */
bool committer_push(Committer *committer, Batch **batch, int wait_ms);

/* Whether nothing is under way. */
bool committer_idle(Committer *committer);

/* Waits until nothing is under way, or it is lost, or `wait_ms` have passed; whether all is
 * written. */
bool committer_drain(Committer *committer, int64_t wait_ms);

/* Offset after the last message of a partition's progress that this committer wrote; -1 when it
 * wrote none. True of what is drained. */
int64_t committer_progress_next(Committer *committer, int32_t partition);

/* Why batches were lost, or NULL. */
const char *committer_lost(Committer *committer);

/* The failure of the store, which the process does not survive; NULL while there is none. */
const GError *committer_failure(Committer *committer);

/* Ends the thread; what was not written is lost. */
void committer_free(Committer *committer);
