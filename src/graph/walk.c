#include "graph/walk.h"

#include "graph/vertex.h"

G_STATIC_ASSERT(sizeof(gpointer) >= 8); /* a vertex's key has 33 bits */

void walk_start(Walk *walk, const Graph *graph) {
    *walk = (Walk){graph, EXPLORE_EDGES_MAX, false, g_hash_table_new(NULL, NULL)};
}

void walk_end(Walk *walk) {
    g_hash_table_destroy(walk->places);
}

static const History *history_of(const Graph *graph, Vertex vertex) {
    return vertex.kind == VERTEX_CARD ? &graph_card(graph, vertex.id)->history
                                      : &graph_merchant(graph, vertex.id)->history;
}

size_t walk_cost(const Walk *walk, Vertex of) {
    return MIN(history_of(walk->graph, of)->count, (uint32_t)EXPLORE_VERTEX_EDGES_MAX);
}

bool walk_sees_all(const Walk *walk, Vertex of) {
    const uint32_t edges = history_of(walk->graph, of)->count;
    return edges <= EXPLORE_VERTEX_EDGES_MAX && edges <= walk->left;
}

/* The place of the other end's pair in `out`, which is made if it is new. */
static PairView *place_of(Walk *walk, Vertex of, uint32_t other, GArray *out) {
    gpointer key = GSIZE_TO_POINTER((gsize)other + 1);
    gsize place = GPOINTER_TO_SIZE(g_hash_table_lookup(walk->places, key));
    if (!place) {
        const bool is_card = of.kind == VERTEX_CARD;
        const PairView view = {.card = is_card ? of.id : other,
                               .merchant = is_card ? other : of.id};
        g_array_append_val(out, view);
        place = out->len;
        g_hash_table_insert(walk->places, key, GSIZE_TO_POINTER(place));
    }
    return &g_array_index(out, PairView, place - 1);
}

static void count_edge(PairView *pair, const PackedEdge *edge) {
    if (pair->count++ == 0) pair->last = edge->time;
    pair->sum += edge_amount(edge);
    pair->suspicion = MAX(pair->suspicion, (float)edge->suspicion / SUSPICION_ONE);
}

enum { AHEAD = 12 }; /* edges: their other ends lie far apart, and are asked for early */

static void ask_ahead(const Walk *walk, VertexKind across, const History *history, size_t i) {
    if (i >= history->count) return;
    const uint32_t other = history_edge(history, history->count - 1 - (uint32_t)i)->other;
    __builtin_prefetch(&history_of(walk->graph, (Vertex){across, other})->clock);
}

void walk_pairs(Walk *walk, Vertex of, GArray *out) {
    const VertexKind across = of.kind == VERTEX_CARD ? VERTEX_MERCHANT : VERTEX_CARD;
    const History *history = history_of(walk->graph, of);
    const size_t looked_at = MIN(walk_cost(walk, of), walk->left);
    g_array_set_size(out, 0);
    g_hash_table_remove_all(walk->places);
    for (size_t i = 0; i < looked_at; i++) {
        const PackedEdge *edge = history_edge(history, history->count - 1 - (uint32_t)i);
        ask_ahead(walk, across, history, i + AHEAD);
        const History *theirs = history_of(walk->graph, (Vertex){across, edge->other});
        if (edge->time + window_seconds[WINDOW_30D] <= theirs->clock) continue;
        count_edge(place_of(walk, of, edge->other, out), edge);
    }
    walk->left -= looked_at;
    walk->cut |= looked_at < history->count;
}
