/* The graph that a network (model/gcn.h) trains on: its nodes in an order in which every card's lie
 * side by side, so that a node's neighbours are the places just before its own. Any stretch of a
 * card, with the places that its layers reach back to, can then be computed by itself, exactly as
 * in the graph as a whole; that is what a batch is made of. */
#pragma once

#include <glib.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct GcnGraph {
    size_t nodes;
    uint32_t neighbours; /* the most that a node has */
    uint32_t *row;       /* of the node at each place: the caller's number of it */
    uint8_t *reach;      /* its neighbours: those of the `reach` places before it */
    float *edge; /* nodes * neighbours: w_ij / sqrt(d_i d_j) of the node n + 1 places before it */
    float *self; /* 1 / d_i */
} GcnGraph;

/* A stretch of one card's places: begin <= from < end. What is computed for from..end is exact. */
typedef struct GcnRun {
    uint32_t begin, from, end;
} GcnRun;

/* Of nodes 0..nodes, at most UINT32_MAX, whose numbers are the order in which they came; times in
 * seconds, taken as the card's latest where they are earlier. */
GcnGraph *gcn_graph_new(size_t nodes, const uint32_t *cards, const int64_t *times,
                        uint32_t neighbours, float time_scale);
void gcn_graph_free(GcnGraph *graph);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(GcnGraph, gcn_graph_free)

/* Appends to `runs` (of GcnRun) the places of the nodes first..end (in their own numbers), which
 * come after all others that are below `first` on the same card, cut into stretches of at most
 * `longest`, each with what `layers` layers reach back to. */
void gcn_graph_cut(const GcnGraph *graph, size_t first, size_t end, uint32_t longest,
                   uint32_t layers, GArray *runs);
