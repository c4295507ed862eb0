/* The pairs of a card and a merchant that met within the merchant's last 30 days: how often and
 * when last. A hash table that forgets a pair when its last edge leaves the window, so it is never
 * larger than the windows are. */
#pragma once

#include "graph/graph.h"

typedef struct Pair {
    uint32_t card, merchant;
    uint32_t last;            /* the merchant's clock at their latest edge */
    uint32_t count : 31;      /* edges within the merchant's 30 days */
    uint32_t compromised : 1; /* counted in the merchant's compromised cards */
} Pair;

typedef struct PairTable {
    Pair *slots; /* a slot is free when count is 0 */
    size_t capacity, count;
    uint64_t seed;
} PairTable;

void pair_table_init(PairTable *table, size_t *memory);
void pair_table_clear(PairTable *table, size_t *memory);

/* Asks for the place in memory where the pair would lie. */
void pair_prefetch(const PairTable *table, CardId card, MerchantId merchant);

/* NULL when they have not met. The pointer lives until the next insert or remove. */
Pair *pair_find(const PairTable *table, CardId card, MerchantId merchant);

/* The pair, made with a count of 0 if it is new; the caller must raise it at once. */
Pair *pair_insert(PairTable *table, CardId card, MerchantId merchant, size_t *memory);
void pair_remove(PairTable *table, Pair *pair);
