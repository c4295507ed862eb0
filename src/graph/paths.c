/* The shortest ways from a vertex to another, and to the nearest compromised cards. */
#include "graph/walk.h"

#define NONE UINT32_MAX

/* A vertex that a search has reached; its parents are those of the layer before that lead to it. */
typedef struct Node {
    Vertex vertex;
    uint32_t depth;
    uint32_t first_parent, last_parent; /* places in Side.parents; NONE */
} Node;

typedef struct Parent {
    uint32_t node, next;
    PairView pair;
} Parent;

/* A breadth-first search from one vertex. The nodes from `layer` on are the deepest. */
typedef struct Side {
    GArray *nodes, *parents; /* Node, Parent */
    GHashTable *places;      /* vertex to its place among the nodes, plus one */
    uint32_t layer, depth;
} Side;

static const Node *node_at(const Side *side, uint32_t place) {
    return &g_array_index(side->nodes, Node, place);
}

static const Parent *parent_at(const Side *side, uint32_t place) {
    return &g_array_index(side->parents, Parent, place);
}

static uint32_t side_find(const Side *side, Vertex vertex) {
    gsize place = GPOINTER_TO_SIZE(g_hash_table_lookup(side->places, vertex_key(vertex)));
    return place ? (uint32_t)(place - 1) : NONE;
}

static uint32_t side_add(Side *side, Vertex vertex, uint32_t depth) {
    const Node node = {vertex, depth, NONE, NONE};
    g_array_append_val(side->nodes, node);
    g_hash_table_insert(side->places, vertex_key(vertex), GSIZE_TO_POINTER(side->nodes->len));
    return side->nodes->len - 1;
}

static void side_start(Side *side, Vertex from) {
    *side = (Side){.nodes = g_array_new(FALSE, FALSE, sizeof(Node)),
                   .parents = g_array_new(FALSE, FALSE, sizeof(Parent)),
                   .places = g_hash_table_new(NULL, NULL)};
    side_add(side, from, 0);
}

static void side_end(Side *side) {
    g_array_unref(side->nodes);
    g_array_unref(side->parents);
    g_hash_table_destroy(side->places);
}

static void add_parent(Side *side, uint32_t place, uint32_t node, const PairView *pair) {
    const uint32_t parent = side->parents->len;
    g_array_append_val(side->parents, ((Parent){node, NONE, *pair}));
    Node *child = &g_array_index(side->nodes, Node, place);
    if (child->first_parent == NONE)
        child->first_parent = parent;
    else
        g_array_index(side->parents, Parent, child->last_parent).next = parent;
    child->last_parent = parent;
}

/* Reaches the next layer; false when there is none, or nothing more may be looked at. */
static bool expand(Side *side, Walk *walk, GArray *pairs) {
    const uint32_t end = side->nodes->len, depth = ++side->depth;
    for (uint32_t i = side->layer; i < end; i++) {
        const Vertex from = node_at(side, i)->vertex;
        walk_pairs(walk, from, pairs);
        for (guint k = 0; k < pairs->len; k++) {
            const PairView *pair = &g_array_index(pairs, PairView, k);
            const Vertex to = pair_other(pair, from.kind);
            uint32_t place = side_find(side, to);
            if (place == NONE) place = side_add(side, to, depth);
            if (node_at(side, place)->depth == depth) add_parent(side, place, i, pair);
        }
    }
    side->layer = end;
    return end < side->nodes->len;
}

static size_t layer_cost(const Side *side, const Walk *walk) {
    size_t cost = 0;
    for (uint32_t i = side->layer; i < side->nodes->len; i++)
        cost += walk_cost(walk, node_at(side, i)->vertex);
    return cost;
}

/* Between two vertices */

typedef struct Meeting {
    const Side *from, *to;
    size_t limit;
    Paths *out;
    Path path; /* the one being written */
} Meeting;

static void write_onwards(Meeting *m, uint32_t place, uint32_t at) {
    const Node *node = node_at(m->to, place);
    m->path.vertices[at] = node->vertex;
    if (node->depth == 0) {
        m->out->more = m->out->paths->len == m->limit;
        if (!m->out->more) g_array_append_val(m->out->paths, m->path);
    }
    for (uint32_t p = node->first_parent; p != NONE && !m->out->more;
         p = parent_at(m->to, p)->next) {
        m->path.pairs[at] = parent_at(m->to, p)->pair;
        write_onwards(m, parent_at(m->to, p)->node, at + 1);
    }
}

/* Writes every path through a vertex that both searches reached, back to the start first. */
static void write_backwards(Meeting *m, uint32_t place, uint32_t at, uint32_t there) {
    const Node *node = node_at(m->from, place);
    m->path.vertices[at] = node->vertex;
    if (at == 0) write_onwards(m, there, m->path.length - node_at(m->to, there)->depth);
    for (uint32_t p = node->first_parent; p != NONE && !m->out->more;
         p = parent_at(m->from, p)->next) {
        m->path.pairs[at - 1] = parent_at(m->from, p)->pair;
        write_backwards(m, parent_at(m->from, p)->node, at - 1, there);
    }
}

/* Of the vertices that both searches reached, those of the shortest paths: their length, and how
 * deep the last of them are. Every such path has one vertex at that depth. False when there are
 * none. */
static bool find_meeting(const Meeting *m, uint32_t *length, uint32_t *depth) {
    *length = NONE;
    for (uint32_t i = 0; i < m->from->nodes->len; i++) {
        const Node *node = node_at(m->from, i);
        const uint32_t there = side_find(m->to, node->vertex);
        const uint32_t sum = there == NONE ? NONE : node->depth + node_at(m->to, there)->depth;
        if (sum == NONE || sum > *length) continue;
        *length = sum;
        *depth = node->depth; /* nodes lie in the order of their depths */
    }
    return *length != NONE;
}

static bool meet(Meeting *m) {
    uint32_t depth = 0;
    if (!find_meeting(m, &m->path.length, &depth)) return false;
    for (uint32_t i = 0; i < m->from->nodes->len && !m->out->more; i++) {
        const Node *node = node_at(m->from, i);
        const uint32_t there = side_find(m->to, node->vertex);
        if (there != NONE && node->depth == depth &&
            depth + node_at(m->to, there)->depth == m->path.length)
            write_backwards(m, i, depth, there);
    }
    return true;
}

static Paths paths_new(void) {
    return (Paths){.paths = g_array_new(FALSE, TRUE, sizeof(Path))};
}

void paths_clear(Paths *paths) {
    g_array_unref(paths->paths);
}

Paths explore_paths(const Graph *graph, Vertex from, Vertex to, unsigned length, size_t limit) {
    g_assert(length >= 1 && length <= PATH_LENGTH_MAX && limit >= 1 && limit <= PATHS_MAX);
    g_assert(from.kind != to.kind || from.id != to.id);
    Paths out = paths_new();
    g_autoptr(GArray) pairs = g_array_new(FALSE, FALSE, sizeof(PairView));
    Walk walk;
    Side here, there;
    walk_start(&walk, graph);
    side_start(&here, from);
    side_start(&there, to);
    Meeting meeting = {.from = &here, .to = &there, .limit = limit, .out = &out};
    bool on = true;
    while (on && here.depth + there.depth < length) {
        Side *nearer = layer_cost(&here, &walk) <= layer_cost(&there, &walk) ? &here : &there;
        on = expand(nearer, &walk, pairs) && !meet(&meeting);
    }
    if (out.paths->len == 0) meet(&meeting);
    out.cut = walk.cut;
    side_end(&here);
    side_end(&there);
    walk_end(&walk);
    return out;
}

/* To fraud */

static void write_chain(const Side *side, uint32_t place, Path *path) {
    for (const Node *node = node_at(side, place);; node = node_at(side, place)) {
        path->vertices[node->depth] = node->vertex;
        if (node->depth == 0) return;
        const Parent *parent = parent_at(side, node->first_parent);
        path->pairs[node->depth - 1] = parent->pair;
        place = parent->node;
    }
}

static void collect_frauds(const Side *side, const Graph *graph, size_t limit, Paths *out) {
    for (uint32_t i = side->layer; i < side->nodes->len && !out->more; i++) {
        const Node *node = node_at(side, i);
        if (node->vertex.kind != VERTEX_CARD || !graph_card_compromised(graph, node->vertex.id))
            continue;
        out->more = out->paths->len == limit;
        if (out->more) return;
        Path path = {.length = node->depth};
        write_chain(side, i, &path);
        g_array_append_val(out->paths, path);
    }
}

Paths explore_paths_to_fraud(const Graph *graph, Vertex from, unsigned length, size_t limit) {
    g_assert(length >= 1 && length <= PATH_LENGTH_MAX && limit >= 1 && limit <= PATHS_MAX);
    Paths out = paths_new();
    g_autoptr(GArray) pairs = g_array_new(FALSE, FALSE, sizeof(PairView));
    Walk walk;
    Side side;
    walk_start(&walk, graph);
    side_start(&side, from);
    for (bool on = true; on && side.depth < length && out.paths->len < limit;) {
        on = expand(&side, &walk, pairs);
        collect_frauds(&side, graph, limit, &out);
    }
    out.cut = walk.cut;
    side_end(&side);
    walk_end(&walk);
    return out;
}
