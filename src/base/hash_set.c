#include "base/hash_set.h"

#include <glib.h>
#include <sys/mman.h>
#include <unistd.h>

struct HashSet {
    HashKey *entries;   /* no text's key: an empty place */
    size_t size, count; /* size is a power of two */
    uint64_t seed_high, seed_low;
};

enum {
    SIZE_MIN = 1024,
    EXPECTED_MAX = 1 << 24, /* beyond it, room is made when it is needed */
    HUGE_PAGE = 2 * 1024 * 1024,
};

/* A large table is touched all over: huge pages spare the processor most of its page walks. */
static HashKey *new_entries(size_t size) {
    HashKey *entries = g_new0(HashKey, size);
    const uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE);
    const uintptr_t begin = ((uintptr_t)entries + page - 1) & ~(page - 1);
    const uintptr_t end = (uintptr_t)(entries + size) & ~(page - 1);
    if (end > begin && end - begin >= HUGE_PAGE)
        madvise((void *)begin, end - begin, MADV_HUGEPAGE); /* a wish: without it all works too */
    return entries;
}

HashSet *hash_set_new(size_t expected) {
    HashSet *set = g_new0(HashSet, 1);
    set->size = SIZE_MIN;
    while (set->size / 5 * 4 < MIN(expected, EXPECTED_MAX))
        set->size *= 2;
    set->entries = new_entries(set->size);
    set->seed_high = hash_random_seed();
    set->seed_low = hash_random_seed();
    return set;
}

void hash_set_free(HashSet *set) {
    if (!set) return;
    g_free(set->entries);
    g_free(set);
}

static HashKey *find_place(HashKey *entries, size_t size, HashKey wanted) {
    size_t at = wanted.low & (size - 1);
    while (!hash_key_is_none(entries[at]) && !hash_key_equal(entries[at], wanted))
        at = (at + 1) & (size - 1);
    return &entries[at];
}

static void grow(HashSet *set) {
    const size_t size = set->size * 2;
    HashKey *entries = new_entries(size);
    for (size_t i = 0; i < set->size; i++)
        if (!hash_key_is_none(set->entries[i]))
            *find_place(entries, size, set->entries[i]) = set->entries[i];
    g_free(set->entries);
    set->entries = entries;
    set->size = size;
}

HashKey hash_set_key(const HashSet *set, Str text) {
    const HashKey key = hash_key(text, set->seed_high, set->seed_low);
    __builtin_prefetch(&set->entries[key.low & (set->size - 1)], 1);
    return key;
}

bool hash_set_add_key(HashSet *set, HashKey key) {
    HashKey *place = find_place(set->entries, set->size, key);
    if (!hash_key_is_none(*place)) return false;
    *place = key;
    if (++set->count > set->size / 5 * 4) grow(set);
    return true;
}

bool hash_set_add(HashSet *set, Str text) {
    return hash_set_add_key(set, hash_set_key(set, text));
}

size_t hash_set_count(const HashSet *set) {
    return set->count;
}
