#include "serve/shape_graph.h"

#include "base/json_write.h"
#include "graph/vertex.h"
#include "serve/shape.h"

enum { SHARE_DIGITS = 6 };

static void write_comma(GString *out) {
    if (out->str[out->len - 1] != '[') g_string_append_c(out, ',');
}

static void write_id(GString *out, Vertex vertex) {
    g_string_append_printf(out, "\"%c%u\"", vertex.kind == VERTEX_CARD ? 'c' : 'm', vertex.id);
}

static void write_flag(GString *out, const char *name, bool value) {
    g_string_append_printf(out, ",\"%s\":%s", name, value ? "true" : "false");
}

static void write_share(GString *out, const char *name, double part, double whole) {
    g_string_append_printf(out, ",\"%s\":", name);
    json_write_double(out, whole > 0 ? part / whole : 0, SHARE_DIGITS);
}

/* Vertices and pairs */

static void write_card(GString *out, const Graph *graph, const CardRefKey *key, CardId card) {
    float share, count;
    graph_exposure(graph, card, &share, &count);
    char ref[CARD_REF_LEN + 1];
    card_ref_write(key, graph_card_number(graph, card), ref);
    g_string_append_printf(out, ",\"kind\":\"card\",\"ref\":\"%s\",\"name\":", ref);
    shape_masked(out, graph_card_number(graph, card));
    write_flag(out, "compromised", graph_card_compromised(graph, card));
    g_string_append_printf(out, ",\"frauds\":%u", graph_card(graph, card)->fraud_labels);
    write_share(out, "share", (double)share, 1);
}

static void write_merchant(GString *out, const Graph *graph, MerchantId merchant) {
    const uint32_t cards = graph_merchant_distinct_cards(graph, merchant);
    const uint32_t compromised = graph_merchant_compromised_cards(graph, merchant);
    g_string_append(out, ",\"kind\":\"merchant\",\"name\":");
    json_write_str(out, graph_merchant_name(graph, merchant));
    g_string_append_printf(out, ",\"cards\":%u,\"compromised_cards\":%u", cards, compromised);
    write_share(out, "share", compromised, cards);
}

/* A vertex but for its last brace. */
static void write_vertex(GString *out, const Graph *graph, const CardRefKey *key, Vertex vertex) {
    write_comma(out);
    g_string_append(out, "{\"id\":");
    write_id(out, vertex);
    if (vertex.kind == VERTEX_CARD)
        write_card(out, graph, key, vertex.id);
    else
        write_merchant(out, graph, vertex.id);
}

static void write_pair(GString *out, const PairView *pair) {
    write_comma(out);
    g_string_append(out, "{\"card\":");
    write_id(out, (Vertex){VERTEX_CARD, pair->card});
    g_string_append(out, ",\"merchant\":");
    write_id(out, (Vertex){VERTEX_MERCHANT, pair->merchant});
    g_string_append_printf(out, ",\"count\":%u,\"sum\":", pair->count);
    json_write_cents(out, pair->sum);
    g_string_append(out, ",\"last\":");
    shape_time(out, pair->last);
    g_string_append(out, ",\"suspicion\":");
    json_write_float(out, pair->suspicion);
    g_string_append_c(out, '}');
}

static void write_pairs(GString *out, const GArray *pairs) {
    g_string_append(out, ",\"pairs\":[");
    for (guint i = 0; i < pairs->len; i++)
        write_pair(out, &g_array_index(pairs, PairView, i));
    g_string_append_c(out, ']');
}

/* Neighbourhood */

void shape_neighbourhood(GString *out, const Graph *graph, const CardRefKey *key, Vertex of,
                         const Subgraph *found) {
    g_string_append(out, "{\"of\":");
    if (of.kind == VERTEX_CARD)
        shape_card(out, graph, of.id);
    else
        shape_merchant(out, graph, of.id);
    g_string_append(out, ",\"vertices\":[");
    for (guint i = 0; i < found->vertices->len; i++) {
        const FoundVertex *v = &g_array_index(found->vertices, FoundVertex, i);
        write_vertex(out, graph, key, v->vertex);
        g_string_append_printf(out, ",\"step\":%u}", v->step);
    }
    g_string_append_c(out, ']');
    write_pairs(out, found->pairs);
    g_string_append_printf(out, ",\"left_out\":%zu", found->left_out);
    write_flag(out, "cut", found->cut);
    g_string_append_c(out, '}');
}

/* Paths */

/* Each vertex of the paths once. */
static void write_path_vertices(GString *out, const Graph *graph, const CardRefKey *key,
                                const GArray *paths) {
    g_autoptr(GHashTable) written =
        g_hash_table_new_full(g_int64_hash, g_int64_equal, g_free, NULL);
    for (guint i = 0; i < paths->len; i++) {
        const Path *path = &g_array_index(paths, Path, i);
        for (uint32_t k = 0; k <= path->length; k++) {
            const Vertex vertex = path->vertices[k];
            const gint64 place = (gint64)vertex.id << 1 | (gint64)vertex.kind;
            if (!g_hash_table_add(written, g_memdup2(&place, sizeof place))) continue;
            write_vertex(out, graph, key, vertex);
            g_string_append_c(out, '}');
        }
    }
}

static void write_path(GString *out, const Path *path) {
    write_comma(out);
    g_string_append_printf(out, "{\"length\":%u,\"vertices\":[", path->length);
    for (uint32_t i = 0; i <= path->length; i++) {
        write_comma(out);
        write_id(out, path->vertices[i]);
    }
    g_string_append(out, "],\"pairs\":[");
    for (uint32_t i = 0; i < path->length; i++)
        write_pair(out, &path->pairs[i]);
    g_string_append(out, "]}");
}

void shape_paths(GString *out, const Graph *graph, const CardRefKey *key, const Paths *found) {
    g_string_append(out, "{\"vertices\":[");
    write_path_vertices(out, graph, key, found->paths);
    g_string_append(out, "],\"paths\":[");
    for (guint i = 0; i < found->paths->len; i++)
        write_path(out, &g_array_index(found->paths, Path, i));
    g_string_append_c(out, ']');
    write_flag(out, "more", found->more);
    write_flag(out, "cut", found->cut);
    g_string_append_c(out, '}');
}

/* Ring */

/* Edges of the ring: all, or those of one vertex. */
static uint32_t ring_edges(const Subgraph *group, const Vertex *of, int64_t *sum) {
    uint32_t edges = 0;
    for (guint i = 0; i < group->pairs->len; i++) {
        const PairView *pair = &g_array_index(group->pairs, PairView, i);
        if (of && (of->kind == VERTEX_CARD ? pair->card : pair->merchant) != of->id) continue;
        edges += pair->count;
        *sum += pair->sum;
    }
    return edges;
}

static void write_ring_vertices(GString *out, const Graph *graph, const CardRefKey *key,
                                const Subgraph *group) {
    for (guint i = 0; i < group->vertices->len; i++) {
        const Vertex vertex = g_array_index(group->vertices, FoundVertex, i).vertex;
        const WindowView window = vertex.kind == VERTEX_CARD
                                      ? graph_card_window(graph, vertex.id, WINDOW_30D)
                                      : graph_merchant_window(graph, vertex.id, WINDOW_30D);
        int64_t sum = 0;
        write_vertex(out, graph, key, vertex);
        write_share(out, "ring_share", ring_edges(group, &vertex, &sum), window.count);
        g_string_append_c(out, '}');
    }
}

void shape_ring(GString *out, const Graph *graph, const CardRefKey *key, const Ring *found) {
    const Subgraph *group = &found->group;
    uint32_t cards = 0;
    int64_t sum = 0;
    for (guint i = 0; i < group->vertices->len; i++)
        cards += g_array_index(group->vertices, FoundVertex, i).vertex.kind == VERTEX_CARD;
    const uint32_t edges = ring_edges(group, NULL, &sum);
    g_string_append_printf(out, "{\"found\":%s,\"cards\":%u,\"merchants\":%u,\"edges\":%u,\"sum\":",
                           cards ? "true" : "false", cards, group->vertices->len - cards, edges);
    json_write_cents(out, sum);
    g_string_append(out, ",\"vertices\":[");
    write_ring_vertices(out, graph, key, group);
    g_string_append_c(out, ']');
    write_pairs(out, group->pairs);
    write_flag(out, "too_wide", found->too_wide);
    write_flag(out, "cut", group->cut);
    g_string_append_c(out, '}');
}
