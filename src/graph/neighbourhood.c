/* What lies around a vertex: one step away, and two. */
#include "graph/walk.h"

void subgraph_clear(Subgraph *subgraph) {
    g_array_unref(subgraph->vertices);
    g_array_unref(subgraph->pairs);
}

/* A vertex that may be shown. */
typedef struct Candidate {
    Vertex vertex;
    bool compromised;
    uint32_t ties; /* vertices of the step before that it is paired with */
    uint32_t last; /* seconds */
} Candidate;

/* Most ties first, then compromised cards, then who met last. */
static int by_rank(const void *a, const void *b) {
    const Candidate *x = a, *y = b;
    if (x->ties != y->ties) return x->ties > y->ties ? -1 : 1;
    if (x->compromised != y->compromised) return x->compromised ? -1 : 1;
    if (x->last != y->last) return x->last > y->last ? -1 : 1;
    return x->vertex.id < y->vertex.id ? -1 : x->vertex.id > y->vertex.id;
}

static void meet(const Graph *graph, GArray *candidates, GHashTable *places, const PairView *pair,
                 VertexKind from) {
    const Vertex vertex = pair_other(pair, from);
    gsize place = GPOINTER_TO_SIZE(g_hash_table_lookup(places, vertex_key(vertex)));
    if (!place) {
        const bool compromised =
            vertex.kind == VERTEX_CARD && graph_card_compromised(graph, vertex.id);
        const Candidate candidate = {.vertex = vertex, .compromised = compromised};
        g_array_append_val(candidates, candidate);
        place = candidates->len;
        g_hash_table_insert(places, vertex_key(vertex), GSIZE_TO_POINTER(place));
    }
    Candidate *candidate = &g_array_index(candidates, Candidate, place - 1);
    candidate->ties++;
    candidate->last = MAX(candidate->last, pair->last);
}

static void add_vertex(Subgraph *out, GHashTable *shown, Vertex vertex, uint32_t step) {
    const FoundVertex found = {vertex, step};
    g_array_append_val(out->vertices, found);
    g_hash_table_add(shown, vertex_key(vertex));
}

/* Of the pairs met in this step, keeps those that lead to vertices that are shown, and not back to
 * where the step before came from. */
static void keep_pairs(Subgraph *out, const GArray *met, GHashTable *before, GHashTable *shown,
                       VertexKind from) {
    for (guint i = 0; i < met->len; i++) {
        const PairView *pair = &g_array_index(met, PairView, i);
        gpointer key = vertex_key(pair_other(pair, from));
        if (!g_hash_table_contains(before, key) && g_hash_table_contains(shown, key))
            g_array_append_val(out->pairs, *pair);
    }
}

/* One step from the vertices [first, end) of `out`. `before` are those shown in earlier steps. */
static void take_step(Walk *walk, Subgraph *out, guint first, guint end, uint32_t step,
                      size_t limit) {
    g_autoptr(GHashTable) before = g_hash_table_new(NULL, NULL),
                          shown = g_hash_table_new(NULL, NULL);
    g_autoptr(GHashTable) places = g_hash_table_new(NULL, NULL);
    g_autoptr(GArray) candidates = g_array_new(FALSE, FALSE, sizeof(Candidate));
    g_autoptr(GArray) pairs = g_array_new(FALSE, FALSE, sizeof(PairView));
    g_autoptr(GArray) met = g_array_new(FALSE, FALSE, sizeof(PairView));
    for (guint i = 0; i < out->vertices->len; i++)
        g_hash_table_add(before, vertex_key(g_array_index(out->vertices, FoundVertex, i).vertex));
    const VertexKind from = g_array_index(out->vertices, FoundVertex, first).vertex.kind;
    for (guint v = first; v < end; v++) {
        walk_pairs(walk, g_array_index(out->vertices, FoundVertex, v).vertex, pairs);
        for (guint i = 0; i < pairs->len; i++) {
            const PairView *pair = &g_array_index(pairs, PairView, i);
            if (g_hash_table_contains(before, vertex_key(pair_other(pair, from)))) continue;
            meet(walk->graph, candidates, places, pair, from);
            g_array_append_val(met, *pair);
        }
    }
    g_array_sort(candidates, by_rank);
    const guint kept = (guint)MIN(limit, candidates->len);
    for (guint i = 0; i < kept; i++)
        add_vertex(out, shown, g_array_index(candidates, Candidate, i).vertex, step);
    out->left_out += candidates->len - kept;
    keep_pairs(out, met, before, shown, from);
}

Subgraph explore_neighbourhood(const Graph *graph, Vertex of, unsigned steps, size_t limit) {
    g_assert(steps >= 1 && steps <= NEIGHBOURHOOD_STEPS_MAX);
    g_assert(limit >= 1 && limit <= NEIGHBOURHOOD_LIMIT_MAX);
    Subgraph out = {.vertices = g_array_new(FALSE, FALSE, sizeof(FoundVertex)),
                    .pairs = g_array_new(FALSE, FALSE, sizeof(PairView))};
    const FoundVertex start = {of, 0};
    g_array_append_val(out.vertices, start);
    Walk walk;
    walk_start(&walk, graph);
    guint first = 0;
    for (unsigned step = 1; step <= steps && first < out.vertices->len; step++) {
        const guint end = out.vertices->len;
        take_step(&walk, &out, first, end, step, limit);
        first = end;
    }
    out.cut = walk.cut;
    walk_end(&walk);
    return out;
}
