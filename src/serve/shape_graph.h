/* The JSON shapes of answers about the surroundings of a vertex. All append to `out`. Vertices go
 * by an id that says nothing of a card's number and holds for as long as the service's log is the
 * same; cards also by a reference under the key, by which more can be asked about them. */
#pragma once

#include "graph/explore.h"
#include "serve/card_ref.h"

/* `of` is the vertex that was asked about, which is given in full. */
void shape_neighbourhood(GString *out, const Graph *graph, const CardRefKey *key, Vertex of,
                         const Subgraph *found);
void shape_paths(GString *out, const Graph *graph, const CardRefKey *key, const Paths *found);
void shape_ring(GString *out, const Graph *graph, const CardRefKey *key, const Ring *found);
