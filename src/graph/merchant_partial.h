/* One merchant, many partitions. A card lives in one partition, but a merchant is met from all of
 * them. A partition's partial is what it alone knows of a merchant, as of its own clock there;
 * partitions publish theirs and apply each other's, so that each sees the merchant as a whole. */
#pragma once

#include "graph/graph.h"
#include "graph/habit.h"
#include "record/card_partition.h"

/* The cards that a merchant met within 30 days. */
typedef struct CardTally {
    uint32_t cards;       /* distinct ones */
    uint32_t compromised; /* of them, how many are known to be compromised */
} CardTally;

/* Windows are those of graph.h, as of `clock`. All of it adds up across partitions, but the largest
 * values, of which the larger one counts. */
typedef struct MerchantPartial {
    uint32_t clock; /* seconds since the epoch */
    CardTally tally;
    Habit habit;
    uint32_t count[WINDOW_COUNT];
    uint32_t suspicion_max[WINDOW_COUNT]; /* steps of 1 / SUSPICION_ONE; 0 when empty */
    int64_t sum[WINDOW_COUNT];            /* cents */
    int64_t max[WINDOW_COUNT];            /* cents; 0 when empty */
    uint64_t suspicion[WINDOW_COUNT];     /* steps, summed */
} MerchantPartial;

/* The form in which partials are published and kept in snapshots: its version in the first byte,
 * then the fields above in their order, little-endian, floats bit by bit. */
enum { MERCHANT_PARTIAL_LEN = 1 + sizeof(MerchantPartial) };
void merchant_partial_encode(const MerchantPartial *partial, uint8_t out[MERCHANT_PARTIAL_LEN]);

/* Reads a partial that fills `bytes` exactly. Whatever the bytes, what is yielded is a partial that
 * some graph could have. Returns NULL, or a static phrase that says what is wrong. */
const char *merchant_partial_decode(Str bytes, MerchantPartial *out);

/* What this graph's own edges and labels say of the merchant; nothing that was applied. */
void graph_merchant_partial(const Graph *graph, MerchantId merchant, MerchantPartial *out);

/* Takes a copy of the partial in place of what `partition`, below PARTITIONS_MAX and not the
 * graph's own, last said of the merchant. The last one applied counts, whatever its clock: the log
 * that brings them is their order. A name that is unknown, of 1 to NAME_MAX_LEN bytes, becomes a
 * merchant without edges. */
void graph_apply_partial(Graph *graph, Str merchant, unsigned partition,
                         const MerchantPartial *partial);

/* Takes out up to `limit` of the merchants whose own partial has changed since they were last taken
 * out, first changed first; returns how many were written. What is left waits. A window that only
 * time has moved is no change: whoever applied the partial ages it. */
size_t graph_take_touched(Graph *graph, MerchantId *out, size_t limit);
size_t graph_touched_count(const Graph *graph); /* how many wait */
