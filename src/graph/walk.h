/* What all questions about surroundings share: looking at a vertex's edges, within a bound. */
#pragma once

#include "graph/explore.h"

typedef struct Walk {
    const Graph *graph;
    size_t left; /* edges that may still be looked at */
    bool cut;
    GHashTable *places; /* scratch */
} Walk;

void walk_start(Walk *walk, const Graph *graph);
void walk_end(Walk *walk);

/* Replaces what is in `out` (PairView) by the vertex's pairs, the one that met last first. */
void walk_pairs(Walk *walk, Vertex of, GArray *out);

/* The edges that walk_pairs would look at, at most. */
size_t walk_cost(const Walk *walk, Vertex of);

/* Whether walk_pairs would look at all edges of the vertex. */
bool walk_sees_all(const Walk *walk, Vertex of);

/* The pair's end that is of the other kind than `of`. */
static inline Vertex pair_other(const PairView *pair, VertexKind of) {
    return of == VERTEX_CARD ? (Vertex){VERTEX_MERCHANT, pair->merchant}
                             : (Vertex){VERTEX_CARD, pair->card};
}

/* A vertex as a key of a hash table. */
static inline gpointer vertex_key(Vertex vertex) {
    return GSIZE_TO_POINTER((gsize)vertex.id << 1 | (gsize)vertex.kind);
}
