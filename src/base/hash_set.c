#include "base/hash_set.h"

#include "base/hash.h"
#include <glib.h>

typedef struct Entry {
    uint64_t high, low; /* both 0 for an empty place */
} Entry;

struct HashSet {
    Entry *entries;
    size_t size, count; /* size is a power of two */
    uint64_t seed_high, seed_low;
};

enum { SIZE_MIN = 1024 };

HashSet *hash_set_new(void) {
    HashSet *set = g_new0(HashSet, 1);
    set->size = SIZE_MIN;
    set->entries = g_new0(Entry, SIZE_MIN);
    set->seed_high = hash_random_seed();
    set->seed_low = hash_random_seed();
    return set;
}

void hash_set_free(HashSet *set) {
    if (!set) return;
    g_free(set->entries);
    g_free(set);
}

static Entry *find_place(Entry *entries, size_t size, Entry wanted) {
    size_t at = wanted.low & (size - 1);
    while ((entries[at].high | entries[at].low) != 0 &&
           (entries[at].high != wanted.high || entries[at].low != wanted.low))
        at = (at + 1) & (size - 1);
    return &entries[at];
}

static void grow(HashSet *set) {
    const size_t size = set->size * 2;
    Entry *entries = g_new0(Entry, size);
    for (size_t i = 0; i < set->size; i++)
        if ((set->entries[i].high | set->entries[i].low) != 0)
            *find_place(entries, size, set->entries[i]) = set->entries[i];
    g_free(set->entries);
    set->entries = entries;
    set->size = size;
}

bool hash_set_add(HashSet *set, Str text) {
    Entry entry = {hash_str(text, set->seed_high), hash_str(text, set->seed_low)};
    entry.high |= entry.low == 0; /* never the mark of an empty place */
    Entry *place = find_place(set->entries, set->size, entry);
    if ((place->high | place->low) != 0) return false;
    *place = entry;
    if (++set->count > set->size / 5 * 4) grow(set);
    return true;
}

size_t hash_set_count(const HashSet *set) {
    return set->count;
}
