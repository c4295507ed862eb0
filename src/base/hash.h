/* Hashing for tables in memory. Seeded, so that nobody can choose keys that collide; a seed of 0
 * gives a fingerprint that is the same in every process of one byte order. */
#pragma once

#include "base/str.h"
#include <stdint.h>

/* Finaliser of MurmurHash3 (Appleby, public domain): every input bit reaches every output bit. */
static inline uint64_t hash_mix(uint64_t x) {
    x ^= x >> 33;
    x *= 0xff51afd7ed558ccdULL;
    x ^= x >> 33;
    x *= 0xc4ceb9fe1a85ec53ULL;
    return x ^ (x >> 33);
}

static inline uint64_t hash_u64(uint64_t key, uint64_t seed) {
    return hash_mix(key ^ seed);
}

static inline uint64_t hash_str(Str text, uint64_t seed) {
    uint64_t h = seed ^ (text.len * 0x9e3779b97f4a7c15ULL);
    size_t i = 0;
    for (; i + 8 <= text.len; i += 8) {
        uint64_t word;
        memcpy(&word, text.data + i, 8);
        h = hash_mix(h ^ word) + 0x9e3779b97f4a7c15ULL;
    }
    uint64_t tail = 0;
    if (i < text.len) memcpy(&tail, text.data + i, text.len - i);
    return hash_mix(h ^ tail);
}

/* A text as a set knows it: 128 bits under the set's random seeds. Both halves 0 is no text's key.
 */
typedef struct HashKey {
    uint64_t high, low;
} HashKey;

static inline HashKey hash_key(Str text, uint64_t seed_high, uint64_t seed_low) {
    HashKey key = {hash_str(text, seed_high), hash_str(text, seed_low)};
    key.high |= key.low == 0;
    return key;
}

static inline bool hash_key_is_none(HashKey key) {
    return (key.high | key.low) == 0;
}

static inline bool hash_key_equal(HashKey a, HashKey b) {
    return a.high == b.high && a.low == b.low;
}

/* Maps a hash to [0, n) without a division (Lemire 2019, "Fast Random Integer Generation in an
 * Interval"). */
static inline size_t hash_range(uint64_t hash, size_t n) {
    __extension__ typedef unsigned __int128 u128;
    return (size_t)(((u128)hash * n) >> 64);
}

/* A seed nobody outside the process knows. */
uint64_t hash_random_seed(void);
