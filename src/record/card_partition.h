/* Which partition a card belongs to: the one that Kafka's own clients give a message whose key is
 * the card number in decimal, so that a topic keyed by card and haechi agree. */
#pragma once

#include "base/str.h"
#include <stdint.h>

enum { PARTITIONS_MAX = 1024 };

/* MurmurHash2 of 32 bits (Appleby, public domain) with Kafka's seed, as in
 * org.apache.kafka.common.utils.Utils.murmur2 and in librdkafka's murmur2 partitioners. */
uint32_t partition_hash(Str key);

/* The card's partition among `partitions`, 1 to PARTITIONS_MAX: as Kafka's default partitioner in
 * Java and librdkafka's murmur2_random place it. */
unsigned card_partition(uint64_t card, unsigned partitions);
