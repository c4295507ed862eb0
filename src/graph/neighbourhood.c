/* What lies around a vertex: one step away, and two. */
#include "graph/walk.h"

void subgraph_clear(Subgraph *subgraph) {
    g_array_unref(subgraph->vertices);
    g_array_unref(subgraph->pairs);
}

/* A vertex that may be shown. */
typedef struct Candidate {
    Vertex vertex;
    bool compromised, shown;
    uint32_t ties; /* vertices of the step before that it is paired with */
    uint32_t last; /* seconds */
} Candidate;

/* A pair, and the place of the candidate that it leads to. */
typedef struct Tie {
    PairView pair;
    guint candidate;
} Tie;

typedef struct Step {
    const Graph *graph;
    GHashTable *places; /* vertex to its place among the candidates, plus one; SHOWN_BEFORE */
    GArray *candidates, *ties;
} Step;

#define SHOWN_BEFORE G_MAXSIZE

/* Most ties first, then compromised cards, then who met last. */
static int by_rank(const void *a, const void *b, void *data) {
    const Candidate *all = data, *x = &all[*(const guint *)a], *y = &all[*(const guint *)b];
    if (x->ties != y->ties) return x->ties > y->ties ? -1 : 1;
    if (x->compromised != y->compromised) return x->compromised ? -1 : 1;
    if (x->last != y->last) return x->last > y->last ? -1 : 1;
    return x->vertex.id < y->vertex.id ? -1 : x->vertex.id > y->vertex.id;
}

static void meet(Step *step, const PairView *pair, VertexKind from) {
    const Vertex vertex = pair_other(pair, from);
    gsize place = GPOINTER_TO_SIZE(g_hash_table_lookup(step->places, vertex_key(vertex)));
    if (place == SHOWN_BEFORE) return;
    if (!place) {
        const bool compromised =
            vertex.kind == VERTEX_CARD && graph_card_compromised(step->graph, vertex.id);
        const Candidate candidate = {.vertex = vertex, .compromised = compromised};
        g_array_append_val(step->candidates, candidate);
        place = step->candidates->len;
        g_hash_table_insert(step->places, vertex_key(vertex), GSIZE_TO_POINTER(place));
    }
    Candidate *candidate = &g_array_index(step->candidates, Candidate, place - 1);
    candidate->ties++;
    candidate->last = MAX(candidate->last, pair->last);
    g_array_append_val(step->ties, ((Tie){*pair, (guint)place - 1}));
}

/* Meets all that the vertices of `out` from `first` on are paired with. */
static void meet_all(Step *step, Walk *walk, const Subgraph *out, guint first) {
    g_autoptr(GArray) pairs = g_array_new(FALSE, FALSE, sizeof(PairView));
    for (guint i = 0; i < out->vertices->len; i++) {
        const Vertex vertex = g_array_index(out->vertices, FoundVertex, i).vertex;
        g_hash_table_insert(step->places, vertex_key(vertex), GSIZE_TO_POINTER(SHOWN_BEFORE));
    }
    for (guint v = first; v < out->vertices->len; v++) {
        const Vertex vertex = g_array_index(out->vertices, FoundVertex, v).vertex;
        walk_pairs(walk, vertex, pairs);
        for (guint i = 0; i < pairs->len; i++)
            meet(step, &g_array_index(pairs, PairView, i), vertex.kind);
    }
}

/* The best candidates, and the pairs that lead to them. */
static void show(const Step *step, Subgraph *out, uint32_t number, size_t limit) {
    g_autoptr(GArray) order = g_array_new(FALSE, FALSE, sizeof(guint));
    for (guint i = 0; i < step->candidates->len; i++)
        g_array_append_val(order, i);
    g_array_sort_with_data(order, by_rank, step->candidates->data);
    for (guint i = 0; i < order->len && i < limit; i++) {
        Candidate *candidate =
            &g_array_index(step->candidates, Candidate, g_array_index(order, guint, i));
        candidate->shown = true;
        g_array_append_val(out->vertices, ((FoundVertex){candidate->vertex, number}));
    }
    out->left_out += order->len - MIN(limit, order->len);
    for (guint i = 0; i < step->ties->len; i++) {
        const Tie *tie = &g_array_index(step->ties, Tie, i);
        if (g_array_index(step->candidates, Candidate, tie->candidate).shown)
            g_array_append_val(out->pairs, tie->pair);
    }
}

static void take_step(Walk *walk, Subgraph *out, guint first, uint32_t number, size_t limit) {
    Step step = {walk->graph, g_hash_table_new(NULL, NULL),
                 g_array_new(FALSE, FALSE, sizeof(Candidate)),
                 g_array_new(FALSE, FALSE, sizeof(Tie))};
    meet_all(&step, walk, out, first);
    show(&step, out, number, limit);
    g_hash_table_destroy(step.places);
    g_array_unref(step.candidates);
    g_array_unref(step.ties);
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
        take_step(&walk, &out, first, step, limit);
        first = end;
    }
    out.cut = walk.cut;
    walk_end(&walk);
    return out;
}
