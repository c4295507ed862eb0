/* The temporal graph: cards and merchants are vertices, transactions are edges, and a vertex keeps
 * its edges of the last 30 days with exact sliding windows over them.
 *
 * Time. Every vertex has a clock of its own, the latest time it has seen. An edge that arrives late
 * is placed at its vertex's clock: arrival order is the order, and no window ever moves backwards.
 *
 * A window of length L at time t holds the edges with time in (t - L, t]. Counts, sums and the
 * distinct counterparts are integers, so adding and removing edges loses nothing. */
#pragma once

#include "record/transaction.h"
#include <glib.h>
#include <stdio.h>

typedef uint32_t CardId;
typedef uint32_t MerchantId;

#define VERTEX_NONE UINT32_MAX

enum { WINDOW_1H, WINDOW_6H, WINDOW_24H, WINDOW_3D, WINDOW_7D, WINDOW_30D, WINDOW_COUNT };
extern const uint32_t window_seconds[WINDOW_COUNT];
extern const char *const window_name[WINDOW_COUNT]; /* "1h", ... */

/* Suspicion, a probability, is kept in 24-bit steps so that its windowed sums are exact too. */
#define SUSPICION_ONE 0xffffffu

typedef struct Graph Graph;

/* A vertex's view of one edge. */
typedef struct Edge {
    uint32_t time;  /* seconds since the epoch, on the vertex's clock */
    uint32_t other; /* the merchant of a card's edge, the card of a merchant's */
    int64_t amount; /* cents */
    float suspicion;
} Edge;

Graph *graph_new(void);
void graph_free(Graph *graph);

CardId graph_find_card(const Graph *graph, uint64_t number);  /* VERTEX_NONE when unknown */
MerchantId graph_find_merchant(const Graph *graph, Str name); /* VERTEX_NONE when unknown */
uint64_t graph_card_number(const Graph *graph, CardId card);
Str graph_merchant_name(const Graph *graph, MerchantId merchant); /* lives as long as the graph */
size_t graph_card_count(const Graph *graph);
size_t graph_merchant_count(const Graph *graph);
size_t graph_edge_count(const Graph *graph); /* edges within the cards' windows */
size_t graph_memory(const Graph *graph);     /* bytes allocated */

/* The last `limit` edges of a vertex, latest first; returns how many were written. */
size_t graph_card_edges(const Graph *graph, CardId card, Edge *out, size_t limit);
size_t graph_merchant_edges(const Graph *graph, MerchantId merchant, Edge *out, size_t limit);

/* What is known of a vertex's windows as of its clock. */
typedef struct WindowView {
    uint32_t count;
    int64_t sum; /* cents */
    int64_t max; /* cents; 0 when empty */
} WindowView;
WindowView graph_card_window(const Graph *graph, CardId card, int window);
uint32_t graph_card_clock(const Graph *graph, CardId card);
bool graph_card_compromised(const Graph *graph, CardId card); /* a fraud label has arrived for it */

/* Of a merchant, what other partitions have told is included (graph/merchant_partial.h). */
WindowView graph_merchant_window(const Graph *graph, MerchantId merchant, int window);
uint32_t graph_merchant_distinct_cards(const Graph *graph, MerchantId merchant);    /* 30 d */
uint32_t graph_merchant_compromised_cards(const Graph *graph, MerchantId merchant); /* 30 d */

/* Asks for the memory that graph_locate will read, when the transaction is known some while before
 * its turn; changes nothing. */
void graph_prefetch(const Graph *graph, const Transaction *transaction);

/* A transaction enters in three steps. First its two ends are found or made, and what the next step
 * reads of them is asked for, so that it is near by the time it is wanted. */
void graph_locate(Graph *graph, const Transaction *transaction, CardId *card, MerchantId *merchant);

/* Then the clocks of the two ends just located move to the transaction's time. */
void graph_advance(Graph *graph, const Transaction *transaction, CardId card, MerchantId merchant);

/* Then the transaction is added as an edge between them. `suspicion` in [0, 1]. */
void graph_add(Graph *graph, const Transaction *transaction, CardId card, MerchantId merchant,
               float suspicion);

/* A label has arrived. A card with a fraud that still holds is known to be compromised at every
 * merchant it met within their windows; a label that takes its last fraud back takes that back. */
void graph_label(Graph *graph, const Label *label);

/* The state as bytes, for snapshots. Only edges, habits, labels and what other partitions have told
 * are written: windows, pairs and distinct counts follow from them. `write` is called with one
 * piece after the other. */
typedef bool GraphWrite(void *data, const void *bytes, size_t len);
bool graph_write(const Graph *graph, GraphWrite *write, void *data);

/* A new graph of what graph_write wrote, or NULL where the bytes do not hold together. */
Graph *graph_read(const uint8_t *bytes, size_t len);
