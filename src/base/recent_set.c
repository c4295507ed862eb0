#include "base/recent_set.h"

#include "base/hash.h"

enum { ROOM_MIN = 64, FREE = 0 };

/* The ring holds the texts in the order they came, removed ones as gaps; the table finds a text's
 * place in it. A place is counted from the first text ever, so that it stays when the ring moves.
 */
struct RecentSet {
    size_t limit, count;
    uint64_t first, next; /* places: the ring holds first to next - 1 */
    HashKey *ring;        /* `room`, a power of two */
    uint64_t *table;      /* place + 1, or FREE; twice the room */
    size_t room;
    uint64_t seed_high, seed_low;
};

RecentSet *recent_set_new(size_t limit) {
    g_assert(limit > 0 && limit <= RECENT_SET_MAX);
    RecentSet *set = g_new0(RecentSet, 1);
    set->limit = limit;
    set->room = ROOM_MIN;
    set->ring = g_new0(HashKey, set->room);
    set->table = g_new0(uint64_t, 2 * set->room);
    set->seed_high = hash_random_seed();
    set->seed_low = hash_random_seed();
    return set;
}

void recent_set_free(RecentSet *set) {
    if (!set) return;
    g_free(set->ring);
    g_free(set->table);
    g_free(set);
}

static HashKey *at(const RecentSet *set, uint64_t place) {
    return &set->ring[place & (set->room - 1)];
}

static size_t home(const RecentSet *set, HashKey entry) {
    return entry.low & (2 * set->room - 1);
}

static size_t after(const RecentSet *set, size_t slot) {
    return (slot + 1) & (2 * set->room - 1);
}

/* The slot of the entry, or the free one where it would go. */
static size_t probe(const RecentSet *set, HashKey entry) {
    size_t slot = home(set, entry);
    while (set->table[slot] != FREE && !hash_key_equal(*at(set, set->table[slot] - 1), entry))
        slot = after(set, slot);
    return slot;
}

/* Backward-shift deletion (Knuth, TAOCP vol. 3, 6.4, algorithm R). */
static void empty_slot(RecentSet *set, size_t hole) {
    const size_t mask = 2 * set->room - 1;
    for (size_t slot = after(set, hole); set->table[slot] != FREE; slot = after(set, slot)) {
        const size_t want = home(set, *at(set, set->table[slot] - 1));
        if (((slot - want) & mask) < ((slot - hole) & mask)) continue;
        set->table[hole] = set->table[slot];
        hole = slot;
    }
    set->table[hole] = FREE;
}

static void forget(RecentSet *set, uint64_t place) {
    HashKey *entry = at(set, place);
    if (hash_key_is_none(*entry)) return;
    empty_slot(set, probe(set, *entry));
    *entry = (HashKey){0};
    set->count--;
}

static void grow(RecentSet *set) {
    HashKey *old = set->ring;
    const size_t old_mask = set->room - 1;
    set->room *= 2;
    set->ring = g_new0(HashKey, set->room);
    g_free(set->table);
    set->table = g_new0(uint64_t, 2 * set->room);
    for (uint64_t place = set->first; place < set->next; place++) {
        const HashKey entry = old[place & old_mask];
        *at(set, place) = entry;
        if (!hash_key_is_none(entry)) set->table[probe(set, entry)] = place + 1;
    }
    g_free(old);
}

static void append(RecentSet *set, HashKey entry) {
    if (set->next - set->first == set->limit) forget(set, set->first++);
    if (set->next - set->first == set->room) grow(set);
    const size_t slot = hash_key_is_none(entry) ? 0 : probe(set, entry);
    *at(set, set->next++) = entry;
    if (hash_key_is_none(entry)) return;
    set->table[slot] = set->next;
    set->count++;
}

bool recent_set_add(RecentSet *set, Str text) {
    const HashKey entry = hash_key(text, set->seed_high, set->seed_low);
    if (set->table[probe(set, entry)] != FREE) return false;
    append(set, entry);
    return true;
}

bool recent_set_has(const RecentSet *set, Str text) {
    return set->table[probe(set, hash_key(text, set->seed_high, set->seed_low))] != FREE;
}

bool recent_set_remove(RecentSet *set, Str text) {
    const uint64_t place = set->table[probe(set, hash_key(text, set->seed_high, set->seed_low))];
    if (place == FREE) return false;
    forget(set, place - 1);
    return true;
}

size_t recent_set_count(const RecentSet *set) {
    return set->count;
}

void recent_set_write(const RecentSet *set, GByteArray *out) {
    BYTES_PUT(out, set->seed_high);
    BYTES_PUT(out, set->seed_low);
    const uint64_t places = set->next - set->first;
    BYTES_PUT(out, places);
    for (uint64_t place = set->first; place < set->next; place++)
        BYTES_PUT(out, *at(set, place));
}

RecentSet *recent_set_read(BytesReader *in, size_t limit) {
    RecentSet *set = recent_set_new(limit);
    uint64_t places;
    BYTES_GET(in, set->seed_high);
    BYTES_GET(in, set->seed_low);
    BYTES_GET(in, places);
    bool good = !in->failed && places <= limit;
    for (uint64_t i = 0; good && i < places; i++) {
        HashKey entry;
        BYTES_GET(in, entry);
        good = !in->failed && (hash_key_is_none(entry) || set->table[probe(set, entry)] == FREE);
        if (good) append(set, entry);
    }
    if (good) return set;
    recent_set_free(set);
    return NULL;
}
