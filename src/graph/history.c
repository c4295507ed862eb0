#include "graph/history.h"

const uint32_t window_seconds[WINDOW_COUNT] = {
    3600, 6 * 3600, 24 * 3600, 3 * 24 * 3600, 7 * 24 * 3600, 30 * 24 * 3600,
};
const char *const window_name[WINDOW_COUNT] = {"1h", "6h", "24h", "3d", "7d", "30d"};

enum { RING_MIN = 8, PEAKS_MIN = 8, LONGEST = WINDOW_COUNT - 1 };

static void ring_resize(History *h, uint32_t capacity, size_t *memory) {
    PackedEdge *edges = g_new(PackedEdge, capacity);
    for (uint32_t i = 0; i < h->count; i++)
        edges[i] = *history_edge(h, i);
    *memory += ((size_t)capacity - h->capacity) * sizeof *edges;
    g_free(h->edges);
    h->edges = edges;
    h->capacity = capacity;
    h->head = 0;
}

static void peaks_resize(Peaks *p, uint32_t capacity, size_t *memory) {
    uint32_t count = p->end - p->begin;
    uint32_t *sequence = g_new(uint32_t, capacity);
    if (count) memcpy(sequence, p->sequence + p->begin, count * sizeof *sequence);
    *memory += ((size_t)capacity - p->capacity) * sizeof *sequence;
    g_free(p->sequence);
    *p = (Peaks){sequence, 0, count, capacity};
}

static void peaks_push(Peaks *p, uint32_t sequence, size_t *memory) {
    if (p->end == p->capacity) {
        uint32_t count = p->end - p->begin;
        if (count <= p->capacity / 2 && p->capacity) {
            memmove(p->sequence, p->sequence + p->begin, count * sizeof *p->sequence);
            p->begin = 0;
            p->end = count;
        } else {
            peaks_resize(p, MAX(PEAKS_MIN, p->capacity * 2), memory);
        }
    }
    p->sequence[p->end++] = sequence;
}

static const PackedEdge *by_sequence(const History *h, uint32_t sequence) {
    return history_edge(h, sequence - h->first);
}

static void drop_oldest(History *h, uint32_t count) {
    h->head = (h->head + count) % h->capacity;
    h->count -= count;
    h->first += count;
    for (int w = 0; w < WINDOW_COUNT; w++)
        h->start[w] -= count;
    Peaks *all[] = {&h->amount_peaks, &h->suspicion_peaks};
    for (size_t i = 0; i < G_N_ELEMENTS(all); i++)
        while (all[i]->begin < all[i]->end &&
               (int32_t)(all[i]->sequence[all[i]->begin] - h->first) < 0)
            all[i]->begin++;
}

void history_advance(History *h, uint32_t time, HistoryLeft *left, void *data) {
    if (time <= h->clock) return;
    h->clock = time;
    for (int w = 0; w < WINDOW_COUNT; w++) {
        while (h->start[w] < h->count) {
            const PackedEdge *edge = history_edge(h, h->start[w]);
            if (edge->time + window_seconds[w] > time) break;
            h->sum[w] -= edge_amount(edge);
            h->suspicion[w] -= edge->suspicion;
            if (left) left(data, w, edge);
            h->start[w]++;
        }
    }
    if (h->start[LONGEST] > 0) drop_oldest(h, h->start[LONGEST]);
}

void history_add(History *h, uint32_t other, int64_t amount, uint32_t suspicion, size_t *memory) {
    g_assert(amount >= 0 && amount <= AMOUNT_MAX && suspicion <= SUSPICION_ONE);
    if (h->count == h->capacity)
        ring_resize(h, MAX(RING_MIN, h->capacity + h->capacity / 8), memory);
    else if (h->capacity > 4 * RING_MIN && h->count < h->capacity / 2)
        ring_resize(h, MAX(RING_MIN, h->count + h->count / 4), memory);

    uint32_t index = h->head + h->count;
    PackedEdge *edge = &h->edges[index < h->capacity ? index : index - h->capacity];
    edge->time = h->clock;
    edge->other = other;
    edge->amount_low = (uint32_t)amount;
    edge->amount_high = (uint32_t)(amount >> 32) & 0xff;
    edge->suspicion = suspicion & SUSPICION_ONE;
    uint32_t sequence = h->first + h->count++;
    for (int w = 0; w < WINDOW_COUNT; w++) {
        h->sum[w] += amount;
        h->suspicion[w] += suspicion;
    }

    Peaks *p = &h->amount_peaks;
    while (p->begin < p->end && edge_amount(by_sequence(h, p->sequence[p->end - 1])) <= amount)
        p->end--;
    peaks_push(p, sequence, memory);
    p = &h->suspicion_peaks;
    while (p->begin < p->end && by_sequence(h, p->sequence[p->end - 1])->suspicion <= suspicion)
        p->end--;
    peaks_push(p, sequence, memory);
}

void history_clear(History *h, size_t *memory) {
    *memory -= h->capacity * sizeof *h->edges;
    *memory -= ((size_t)h->amount_peaks.capacity + h->suspicion_peaks.capacity) * sizeof(uint32_t);
    g_free(h->edges);
    g_free(h->amount_peaks.sequence);
    g_free(h->suspicion_peaks.sequence);
    *h = (History){0};
}

/* Place of the first peak, from place `low` on, that lies inside the window; p->end for none. */
static uint32_t first_peak(const History *h, const Peaks *p, uint32_t low, int window) {
    uint32_t high = p->end;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        if (p->sequence[middle] - h->first < h->start[window])
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

/* Writes to out[w] the first peak that lies inside window w, or NULL. A shorter window's lies no
 * earlier than a longer one's, so each search starts where the last ended. */
static void peaks_in_windows(const History *h, const Peaks *p,
                             const PackedEdge *out[WINDOW_COUNT]) {
    uint32_t low = p->begin;
    for (int w = LONGEST; w >= 0; w--) {
        low = first_peak(h, p, low, w);
        out[w] = low < p->end ? by_sequence(h, p->sequence[low]) : NULL;
    }
}

void history_max_amounts(const History *h, int64_t out[WINDOW_COUNT]) {
    const PackedEdge *edges[WINDOW_COUNT];
    peaks_in_windows(h, &h->amount_peaks, edges);
    for (int w = 0; w < WINDOW_COUNT; w++)
        out[w] = edges[w] ? edge_amount(edges[w]) : 0;
}

void history_max_suspicions(const History *h, uint32_t out[WINDOW_COUNT]) {
    const PackedEdge *edges[WINDOW_COUNT];
    peaks_in_windows(h, &h->suspicion_peaks, edges);
    for (int w = 0; w < WINDOW_COUNT; w++)
        out[w] = edges[w] ? edges[w]->suspicion : 0;
}

uint32_t history_max_suspicion(const History *h, int window) {
    const Peaks *p = &h->suspicion_peaks;
    uint32_t place = first_peak(h, p, p->begin, window);
    return place < p->end ? by_sequence(h, p->sequence[place])->suspicion : 0;
}
