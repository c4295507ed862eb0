#include "graph/pair.h"
#include "base/hash.h"

enum { CAPACITY_MIN = 64 };

static size_t home(const PairTable *t, uint32_t card, uint32_t merchant) {
    return hash_range(hash_u64((uint64_t)card << 32 | merchant, t->seed), t->capacity);
}

static size_t after(const PairTable *t, size_t slot) {
    return slot + 1 == t->capacity ? 0 : slot + 1;
}

void pair_table_init(PairTable *t, size_t *memory) {
    *t = (PairTable){g_new0(Pair, CAPACITY_MIN), CAPACITY_MIN, 0, hash_random_seed()};
    *memory += CAPACITY_MIN * sizeof *t->slots;
}

void pair_table_clear(PairTable *t, size_t *memory) {
    *memory -= t->capacity * sizeof *t->slots;
    g_free(t->slots);
    *t = (PairTable){0};
}

void pair_prefetch(const PairTable *t, CardId card, MerchantId merchant) {
    __builtin_prefetch(&t->slots[home(t, card, merchant)]);
}

/* The pair's slot, or the free one where it would go. */
static Pair *probe(const PairTable *t, uint32_t card, uint32_t merchant) {
    size_t slot = home(t, card, merchant);
    while (t->slots[slot].count &&
           (t->slots[slot].card != card || t->slots[slot].merchant != merchant))
        slot = after(t, slot);
    return &t->slots[slot];
}

Pair *pair_find(const PairTable *t, CardId card, MerchantId merchant) {
    Pair *pair = probe(t, card, merchant);
    return pair->count ? pair : NULL;
}

static void resize(PairTable *t, size_t capacity, size_t *memory) {
    PairTable old = *t;
    t->slots = g_new0(Pair, capacity);
    t->capacity = capacity;
    for (size_t i = 0; i < old.capacity; i++)
        if (old.slots[i].count) *probe(t, old.slots[i].card, old.slots[i].merchant) = old.slots[i];
    *memory += (capacity - old.capacity) * sizeof *t->slots;
    g_free(old.slots);
}

Pair *pair_insert(PairTable *t, CardId card, MerchantId merchant, size_t *memory) {
    Pair *pair = probe(t, card, merchant);
    if (pair->count) return pair;
    if (t->count >= t->capacity - t->capacity / 6) {
        resize(t, t->capacity + t->capacity / 8, memory);
        pair = probe(t, card, merchant);
    }
    *pair = (Pair){.card = card, .merchant = merchant};
    t->count++;
    return pair;
}

/* Backward-shift deletion (Knuth, TAOCP vol. 3, 6.4, algorithm R): no tombstones are left. */
void pair_remove(PairTable *t, Pair *pair) {
    size_t hole = (size_t)(pair - t->slots);
    for (size_t slot = after(t, hole); t->slots[slot].count; slot = after(t, slot)) {
        size_t want = home(t, t->slots[slot].card, t->slots[slot].merchant);
        bool stays = hole < slot ? (hole < want && want <= slot) : (hole < want || want <= slot);
        if (stays) continue;
        t->slots[hole] = t->slots[slot];
        hole = slot;
    }
    t->slots[hole] = (Pair){0};
    t->count--;
}
