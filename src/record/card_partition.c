#include "record/card_partition.h"

#include <glib.h>

enum { DECIMAL_DIGITS_MAX = 20 }; /* of a uint64_t */

#define KAFKA_SEED    0x9747b28cU
#define MURMUR_FACTOR 0x5bd1e995U

static uint32_t load_little_endian(const char *bytes) {
    uint32_t word;
    memcpy(&word, bytes, sizeof word);
    return GUINT32_FROM_LE(word);
}

uint32_t partition_hash(Str key) {
    uint32_t h = KAFKA_SEED ^ (uint32_t)key.len;
    size_t at = 0;
    for (; at + 4 <= key.len; at += 4) {
        uint32_t k = load_little_endian(key.data + at) * MURMUR_FACTOR;
        h = h * MURMUR_FACTOR ^ (k ^ k >> 24) * MURMUR_FACTOR;
    }
    if (at < key.len) {
        for (size_t i = key.len; i-- > at;)
            h ^= (uint32_t)(uint8_t)key.data[i] << (8 * (i - at));
        h *= MURMUR_FACTOR;
    }
    h = (h ^ h >> 13) * MURMUR_FACTOR;
    return h ^ h >> 15;
}

unsigned card_partition(uint64_t card, unsigned partitions) {
    g_assert(partitions >= 1 && partitions <= PARTITIONS_MAX);
    char text[DECIMAL_DIGITS_MAX];
    size_t start = sizeof text;
    do
        text[--start] = (char)('0' + card % 10);
    while (card /= 10);
    const uint32_t hash = partition_hash((Str){text + start, sizeof text - start});
    return (hash & 0x7fffffff) % partitions;
}
