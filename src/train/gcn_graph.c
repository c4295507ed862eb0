#include "train/gcn_graph.h"

#include "model/gcn.h"
#include <math.h>
#include <stdlib.h>

/* A node while they are put in order. */
typedef struct Placed {
    uint32_t card, row;
} Placed;

static int by_card_and_row(const void *a, const void *b) {
    const Placed *x = a, *y = b;
    if (x->card != y->card) return x->card < y->card ? -1 : 1;
    return (x->row > y->row) - (x->row < y->row);
}

/* Reach, edges and self-loops of the nodes of one card, at places begin..end. */
static void link_card(GcnGraph *graph, const int64_t *times, size_t begin, size_t end,
                      float time_scale) {
    const uint32_t most = graph->neighbours;
    g_autofree int64_t *clock = g_new(int64_t, end - begin);
    g_autofree float *scale = g_new(float, end - begin);
    for (size_t i = 0; i < end - begin; i++) {
        const size_t place = begin + i;
        float *edge = graph->edge + place * most;
        const int64_t time = times[graph->row[place]];
        clock[i] = i > 0 ? MAX(time, clock[i - 1]) : time;
        graph->reach[place] = (uint8_t)MIN(i, (size_t)most);
        float degree = 1;
        for (uint32_t n = 0; n < graph->reach[place]; n++) {
            edge[n] = gcn_edge_weight(clock[i] - clock[i - 1 - n], time_scale);
            degree += edge[n];
        }
        scale[i] = 1 / sqrtf(degree);
        for (uint32_t n = 0; n < graph->reach[place]; n++)
            edge[n] *= scale[i] * scale[i - 1 - n];
        graph->self[place] = scale[i] * scale[i];
    }
}

GcnGraph *gcn_graph_new(size_t nodes, const uint32_t *cards, const int64_t *times,
                        uint32_t neighbours, float time_scale) {
    g_assert(nodes <= UINT32_MAX && neighbours >= 1 && neighbours <= GCN_NEIGHBOURS_MAX);
    GcnGraph *graph = g_new0(GcnGraph, 1);
    graph->nodes = nodes;
    graph->neighbours = neighbours;
    graph->row = g_new(uint32_t, nodes + 1);
    graph->reach = g_new(uint8_t, nodes + 1);
    graph->edge = g_new0(float, nodes *neighbours + 1);
    graph->self = g_new(float, nodes + 1);
    g_autofree Placed *placed = g_new(Placed, nodes + 1);
    for (size_t i = 0; i < nodes; i++)
        placed[i] = (Placed){cards[i], (uint32_t)i};
    qsort(placed, nodes, sizeof *placed, by_card_and_row);
    for (size_t i = 0; i < nodes; i++)
        graph->row[i] = placed[i].row;
    for (size_t begin = 0, end; begin < nodes; begin = end) {
        for (end = begin + 1; end < nodes && placed[end].card == placed[begin].card;)
            end++;
        link_card(graph, times, begin, end, time_scale);
    }
    return graph;
}

void gcn_graph_free(GcnGraph *graph) {
    if (graph == NULL) return;
    g_free(graph->row);
    g_free(graph->reach);
    g_free(graph->edge);
    g_free(graph->self);
    g_free(graph);
}

/* How far back a node at `place` depends on its card, `layers` layers deep. */
static uint32_t begin_of(const GcnGraph *graph, uint32_t place, uint32_t layers) {
    for (uint32_t i = 0; i < layers; i++)
        place -= graph->reach[place];
    return place;
}

void gcn_graph_cut(const GcnGraph *graph, size_t first, size_t end, uint32_t longest,
                   uint32_t layers, GArray *runs) {
    g_assert(longest > 0);
    GcnRun run = {0};
    bool open = false;
    for (uint32_t place = 0; place < graph->nodes; place++) {
        const bool wanted = graph->row[place] >= first && graph->row[place] < end;
        const bool same_card = graph->reach[place] > 0;
        if (open && (!wanted || !same_card || place - run.from == longest)) {
            g_array_append_val(runs, run);
            open = false;
        }
        if (!open && wanted)
            run.begin = begin_of(graph, place, layers), run.from = place, open = true;
        run.end = place + 1;
    }
    if (open) g_array_append_val(runs, run);
}
