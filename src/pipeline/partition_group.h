/* All partitions in one process, one engine each: an event goes to its card's, and what each knows
 * of merchants is told to all the others every so often, as it would be between processes. */
#pragma once

#include "engine/engine.h"

typedef struct PartitionGroup PartitionGroup;

#define EXCHANGE_NEVER (-1)

/* `count` partitions, 1 to PARTITIONS_MAX, that tell each other what is new every `exchange`
 * seconds of the events' time; 0: after every event. `model` is borrowed and must outlive them. */
PartitionGroup *partition_group_new(const Model *model, unsigned count, int64_t exchange);
void partition_group_free(PartitionGroup *group);

/* The engine of the card's partition; the group's. */
Engine *partition_group_engine(const PartitionGroup *group, uint64_t card);
const Model *partition_group_model(const PartitionGroup *group);

/* To be called before each transaction with its time: exchanges what is new when that is due. */
void partition_group_pass_time(PartitionGroup *group, int64_t time);

size_t partition_group_cards(const PartitionGroup *group);  /* a card is in one partition */
size_t partition_group_memory(const PartitionGroup *group); /* bytes, of all graphs */
