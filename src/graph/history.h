/* A vertex's edges of the last 30 days in arrival order, and the sliding windows over them.
 *
 * The edges lie in a ring. Every window is the ring's tail from its `start` on; advancing the clock
 * moves the starts forward and subtracts what fell out, so an event costs O(1) amortised however
 * long the window is. Maxima come from a monotone queue (Lemire 2006, "Streaming Maximum-Minimum
 * Filter"): one queue serves all windows, because a window's maximum is the first of its entries
 * inside it. */
#pragma once

#include "graph/graph.h"

/* An edge in 16 bytes. */
typedef struct PackedEdge {
    uint32_t time;
    uint32_t other;
    uint32_t amount_low;
    uint32_t amount_high : 8;
    uint32_t suspicion : 24;
} PackedEdge;

static inline int64_t edge_amount(const PackedEdge *edge) {
    return (int64_t)((uint64_t)edge->amount_high << 32 | edge->amount_low);
}

/* Sequence numbers of edges, each with a greater value than all that came after it. */
typedef struct Peaks {
    uint32_t *sequence;
    uint32_t begin, end, capacity;
} Peaks;

typedef struct History {
    PackedEdge *edges;
    uint32_t capacity, head, count; /* the ring: `count` edges from index `head` on */
    uint32_t first;                 /* sequence number of the oldest edge; wraps */
    uint32_t clock;
    uint32_t start[WINDOW_COUNT]; /* offset from the oldest edge of the window's first */
    int64_t sum[WINDOW_COUNT];    /* cents */
    uint64_t suspicion[WINDOW_COUNT];
    Peaks amount_peaks, suspicion_peaks;
} History;

/* The edge `offset` places after the oldest. */
static inline const PackedEdge *history_edge(const History *history, uint32_t offset) {
    uint32_t index = history->head + offset;
    return &history->edges[index < history->capacity ? index : index - history->capacity];
}

/* Called for every edge that leaves `window`. */
typedef void HistoryLeft(void *data, int window, const PackedEdge *edge);

/* Moves the clock to `time` if that is later, and drops what falls out of the windows. */
void history_advance(History *history, uint32_t time, HistoryLeft *left, void *data);

/* Asks for the edges that history_advance will look at, which lie far apart. */
static inline void history_prefetch(const History *history) {
    for (int w = 0; history->edges && w < WINDOW_COUNT; w++)
        __builtin_prefetch(history_edge(history, history->start[w]));
}

/* The same for the last `limit` edges, which lie side by side. */
static inline void history_prefetch_last(const History *history, uint32_t limit) {
    enum { EDGES_A_LINE = 64 / sizeof(PackedEdge) };
    for (uint32_t back = 0; back < limit && back < history->count; back += EDGES_A_LINE)
        __builtin_prefetch(history_edge(history, history->count - 1 - back));
}

/* Adds an edge at the clock. `memory`, bytes allocated, is kept up to date. */
void history_add(History *history, uint32_t other, int64_t amount, uint32_t suspicion,
                 size_t *memory);

void history_clear(History *history, size_t *memory);

static inline uint32_t history_count(const History *history, int window) {
    return history->count - history->start[window];
}

/* The maxima of all windows; 0 where a window is empty. */
void history_max_amounts(const History *history, int64_t out[WINDOW_COUNT]);
void history_max_suspicions(const History *history, uint32_t out[WINDOW_COUNT]);
uint32_t history_max_suspicion(const History *history, int window);
