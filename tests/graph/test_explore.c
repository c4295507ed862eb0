/* Questions about surroundings against answers found by brute force from all edges, on random
 * worlds; and what they say of graphs too large to look at in full. */
#include "graph/explore.h"

#include <math.h>

enum { CARDS = 24, MERCHANTS = 12, VERTICES = CARDS + MERCHANTS };

/* A world small enough to be looked at pair by pair. Vertices are numbered cards first. */
typedef struct World {
    Graph *graph;
    GRand *random;
    uint32_t now;
    uint32_t clock[VERTICES];
    GArray *log; /* Seen */
    PairView pairs[CARDS][MERCHANTS];
    uint32_t distance[VERTICES][VERTICES];
    double ways[VERTICES][VERTICES]; /* number of shortest paths */
} World;

typedef struct Seen {
    int card, merchant;
    uint32_t time;
    int64_t amount;
    float suspicion;
} Seen;

static char names[MERCHANTS][16];

static void pay(Graph *graph, uint64_t number, const char *merchant, int64_t time, int64_t amount,
                float suspicion) {
    const Transaction t = {.trans_num = STR("t"),
                           .card = number,
                           .merchant = str_from(merchant),
                           .time = time,
                           .amount = amount};
    CardId c;
    MerchantId m;
    graph_locate(graph, &t, &c, &m);
    graph_advance(graph, &t, c, m);
    graph_add(graph, &t, c, m, suspicion);
}

static void mark(Graph *graph, uint64_t number) {
    graph_label(graph, &(Label){.trans_num = STR("t"), .card = number, .is_fraud = true});
}

static Vertex vertex_at(const World *w, int i) {
    if (i < CARDS) return (Vertex){VERTEX_CARD, graph_find_card(w->graph, (uint64_t)i + 1)};
    const Str name = str_from(names[i - CARDS]);
    return (Vertex){VERTEX_MERCHANT, graph_find_merchant(w->graph, name)};
}

/* The number of a vertex. */
static int number_of(const World *w, Vertex vertex) {
    if (vertex.kind == VERTEX_CARD) return (int)graph_card_number(w->graph, vertex.id) - 1;
    const Str name = graph_merchant_name(w->graph, vertex.id);
    for (int i = 0; i < MERCHANTS; i++)
        if (str_equal(name, str_from(names[i]))) return CARDS + i;
    g_assert_not_reached();
}

static const PairView *pair_of(const World *w, int a, int b) {
    if (a > b) return pair_of(w, b, a);
    return a < CARDS && b >= CARDS && w->pairs[a][b - CARDS].count ? &w->pairs[a][b - CARDS] : NULL;
}

static void add_edge(World *w, int card, int merchant) {
    const Seen seen = {card, merchant, w->now, g_rand_int_range(w->random, 1, 100000),
                       (float)g_rand_int_range(w->random, 0, 1001) / 1000};
    g_array_append_val(w->log, seen);
    w->clock[card] = w->clock[CARDS + merchant] = w->now;
    pay(w->graph, (uint64_t)card + 1, names[merchant], seen.time, seen.amount, seen.suspicion);
}

static void find_pairs(World *w) {
    for (guint i = 0; i < w->log->len; i++) {
        const Seen *s = &g_array_index(w->log, Seen, i);
        const uint32_t clock = MAX(w->clock[s->card], w->clock[CARDS + s->merchant]);
        if (s->time + window_seconds[WINDOW_30D] <= clock) continue;
        PairView *pair = &w->pairs[s->card][s->merchant];
        pair->count++;
        pair->sum += s->amount;
        pair->last = s->time;
        pair->suspicion = MAX(pair->suspicion, s->suspicion);
    }
}

static void find_distances(World *w) {
    for (int from = 0; from < VERTICES; from++) {
        for (int to = 0; to < VERTICES; to++)
            w->distance[from][to] = from == to ? 0 : UINT32_MAX;
        w->ways[from][from] = 1;
        for (uint32_t d = 0; d < VERTICES; d++)
            for (int a = 0; a < VERTICES; a++)
                for (int b = 0; w->distance[from][a] == d && b < VERTICES; b++) {
                    if (!pair_of(w, a, b) || w->distance[from][b] < d + 1) continue;
                    w->distance[from][b] = d + 1;
                    w->ways[from][b] += w->ways[from][a];
                }
    }
}

/* `edges` at random, bunched in time so that some pairs are older than 30 days; sparse or dense. */
static void world_start(World *w, guint32 seed, int edges, int planted) {
    *w = (World){.graph = graph_new(),
                 .random = g_rand_new_with_seed(seed),
                 .now = 1500000000,
                 .log = g_array_new(FALSE, FALSE, sizeof(Seen))};
    for (int i = 0; i < VERTICES; i++) /* each is known */
        add_edge(w, i % CARDS, i % MERCHANTS);
    w->now += 40 * 86400;
    for (int i = 0; i < edges; i++) {
        w->now += (uint32_t)g_rand_int_range(w->random, 0, i == edges / 2 ? 2000000 : 20000);
        if (g_rand_int_range(w->random, 0, 100) < planted)
            add_edge(w, g_rand_int_range(w->random, 3, 8), g_rand_int_range(w->random, 4, 7));
        else
            add_edge(w, g_rand_int_range(w->random, 0, CARDS),
                     g_rand_int_range(w->random, 0, MERCHANTS));
    }
    for (int i = 0; i < CARDS; i += 5)
        mark(w->graph, (uint64_t)i + 1);
    find_pairs(w);
    find_distances(w);
}

static void world_end(World *w) {
    graph_free(w->graph);
    g_rand_free(w->random);
    g_array_unref(w->log);
}

static void check_pair(const World *w, const PairView *found) {
    const int card = number_of(w, (Vertex){VERTEX_CARD, found->card});
    const int merchant = number_of(w, (Vertex){VERTEX_MERCHANT, found->merchant});
    const PairView *pair = pair_of(w, card, merchant);
    g_assert_nonnull(pair);
    g_assert_cmpuint(found->count, ==, pair->count);
    g_assert_cmpuint(found->last, ==, pair->last);
    g_assert_cmpint(found->sum, ==, pair->sum);
    g_assert_cmpfloat_with_epsilon(found->suspicion, pair->suspicion, 1e-6);
}

/* Neighbourhood */

static uint32_t step_of(const World *w, const Subgraph *found, int number) {
    uint32_t step = UINT32_MAX;
    for (guint i = 0; i < found->vertices->len; i++) {
        const FoundVertex *v = &g_array_index(found->vertices, FoundVertex, i);
        if (number_of(w, v->vertex) != number) continue;
        g_assert_cmpuint(step, ==, UINT32_MAX); /* each once */
        step = v->step;
    }
    return step;
}

/* All pairs between vertices of neighbouring steps, and no others, each once. */
static void check_pairs(const World *w, const Subgraph *found) {
    guint expected = 0;
    for (int a = 0; a < CARDS; a++)
        for (int b = CARDS; b < VERTICES; b++) {
            const uint32_t x = step_of(w, found, a), y = step_of(w, found, b);
            expected += x != UINT32_MAX && y != UINT32_MAX && (x + 1 == y || y + 1 == x) &&
                        pair_of(w, a, b) != NULL;
        }
    g_assert_cmpuint(found->pairs->len, ==, expected);
    g_autoptr(GHashTable) once = g_hash_table_new(NULL, NULL);
    for (guint i = 0; i < found->pairs->len; i++) {
        const PairView *pair = &g_array_index(found->pairs, PairView, i);
        check_pair(w, pair);
        g_assert_true(
            g_hash_table_add(once, GUINT_TO_POINTER(pair->card * MERCHANTS + pair->merchant + 1)));
    }
}

static void check_whole_neighbourhood(const World *w, int of, unsigned steps) {
    Subgraph found = explore_neighbourhood(w->graph, vertex_at(w, of), steps, 200);
    g_assert_false(found.cut);
    g_assert_cmpuint(found.left_out, ==, 0);
    for (int i = 0; i < VERTICES; i++) {
        const uint32_t distance = w->distance[of][i];
        g_assert_cmpuint(step_of(w, &found, i), ==, distance <= steps ? distance : UINT32_MAX);
    }
    check_pairs(w, &found);
    subgraph_clear(&found);
}

/* With little room: as many as there is room for, known frauds before others. */
static void check_limited(const World *w, int of, size_t limit) {
    Subgraph found = explore_neighbourhood(w->graph, vertex_at(w, of), 1, limit);
    size_t around = 0, frauds = 0, shown_frauds = 0;
    for (int i = 0; i < VERTICES; i++) {
        const bool near = w->distance[of][i] == 1;
        const bool fraud = near && i < CARDS && i % 5 == 0;
        around += near;
        frauds += fraud;
        shown_frauds += fraud && step_of(w, &found, i) == 1;
    }
    g_assert_cmpuint(found.vertices->len, ==, 1 + MIN(limit, around));
    g_assert_cmpuint(found.left_out, ==, around - MIN(limit, around));
    g_assert_cmpuint(shown_frauds, ==, MIN(limit, frauds));
    check_pairs(w, &found);
    subgraph_clear(&found);
    found = explore_neighbourhood(w->graph, vertex_at(w, of), 2, limit);
    check_pairs(w, &found);
    subgraph_clear(&found);
}

static void test_neighbourhood(void) {
    for (guint32 seed = 1; seed <= 12; seed++) {
        World w;
        world_start(&w, seed, 20 + 15 * (int)seed, 0);
        for (int of = 0; of < VERTICES; of++) {
            check_whole_neighbourhood(&w, of, 1);
            check_whole_neighbourhood(&w, of, 2);
            check_limited(&w, of, 1 + seed % 4);
        }
        world_end(&w);
    }
}

/* Paths */

static void check_path(const World *w, const Path *path, int from, int to) {
    g_assert_cmpint(number_of(w, path->vertices[0]), ==, from);
    g_assert_cmpint(number_of(w, path->vertices[path->length]), ==, to);
    g_assert_cmpuint(path->length, ==, w->distance[from][to]);
    for (uint32_t i = 0; i < path->length; i++) {
        const Vertex a = path->vertices[i], b = path->vertices[i + 1];
        const PairView *pair = &path->pairs[i];
        check_pair(w, pair);
        g_assert_cmpuint(a.kind, !=, b.kind);
        g_assert_cmpuint(a.kind == VERTEX_CARD ? a.id : b.id, ==, pair->card);
        g_assert_cmpuint(a.kind == VERTEX_CARD ? b.id : a.id, ==, pair->merchant);
    }
}

static void check_distinct(const Paths *found) {
    for (guint i = 0; i < found->paths->len; i++)
        for (guint k = 0; k < i; k++) {
            const Path *a = &g_array_index(found->paths, Path, i);
            const Path *b = &g_array_index(found->paths, Path, k);
            g_assert_true(a->length != b->length ||
                          memcmp(a->vertices, b->vertices, (a->length + 1) * sizeof(Vertex)) != 0);
        }
}

static void check_paths(const World *w, int from, int to, unsigned length, size_t limit) {
    Paths found = explore_paths(w->graph, vertex_at(w, from), vertex_at(w, to), length, limit);
    const double ways = w->distance[from][to] <= length ? w->ways[from][to] : 0;
    g_assert_cmpuint(found.paths->len, ==, (guint)MIN((double)limit, ways));
    g_assert_cmpint(found.more, ==, ways > (double)limit);
    g_assert_false(found.cut);
    for (guint i = 0; i < found.paths->len; i++)
        check_path(w, &g_array_index(found.paths, Path, i), from, to);
    check_distinct(&found);
    paths_clear(&found);
}

static void test_paths(void) {
    for (guint32 seed = 1; seed <= 10; seed++) {
        World w;
        world_start(&w, seed, 20 + 12 * (int)seed, 0);
        for (int from = 0; from < VERTICES; from++)
            for (int to = 0; to < VERTICES; to++)
                if (from != to)
                    check_paths(&w, from, to, 1 + (unsigned)(from + to + (int)seed) % 6,
                                seed % 2 ? 100 : 3);
        world_end(&w);
    }
}

static void check_to_fraud(const World *w, int from, unsigned length, size_t limit) {
    Paths found = explore_paths_to_fraud(w->graph, vertex_at(w, from), length, limit);
    size_t near[PATH_LENGTH_MAX + 1] = {0}, all = 0, seen = 0;
    for (int i = 0; i < CARDS; i += 5)
        if (i != from && w->distance[from][i] <= length) {
            near[w->distance[from][i]]++;
            all++;
        }
    g_assert_cmpuint(found.paths->len, ==, MIN(all, limit));
    uint32_t before = 0;
    for (guint i = 0; i < found.paths->len; i++) {
        const Path *path = &g_array_index(found.paths, Path, i);
        const int to = number_of(w, path->vertices[path->length]);
        g_assert_cmpint(to % 5, ==, 0);
        g_assert_cmpint(to, <, CARDS);
        g_assert_cmpuint(path->length, >=, before);
        check_path(w, path, from, to);
        before = path->length;
    }
    for (uint32_t d = 0; d <= before; d++)
        seen += near[d];
    g_assert_cmpint(found.more, ==, seen > found.paths->len);
    check_distinct(&found);
    paths_clear(&found);
}

static void test_paths_to_fraud(void) {
    for (guint32 seed = 1; seed <= 20; seed++) {
        World w;
        world_start(&w, seed, 20 + 6 * (int)seed, 0);
        for (int from = 0; from < VERTICES; from++)
            check_to_fraud(&w, from, 1 + (seed + (guint)from) % 6, 1 + (guint)from % 7);
        world_end(&w);
    }
}

/* Rings */

typedef struct Core {
    bool in[VERTICES];
} Core;

/* A merchant's edges of its last 30 days. */
static uint32_t edges_of(const World *w, int i) {
    uint32_t edges = 0;
    for (guint k = 0; k < w->log->len; k++) {
        const Seen *s = &g_array_index(w->log, Seen, k);
        edges += CARDS + s->merchant == i &&
                 s->time + window_seconds[WINDOW_30D] > w->clock[CARDS + s->merchant];
    }
    return edges;
}

static bool holds(const World *w, const Core *core, int i) {
    uint32_t ties = 0, ours = 0, regulars = 0;
    for (int k = 0; k < VERTICES; k++) {
        const PairView *pair = pair_of(w, i, k);
        if (!pair) continue;
        if (pair->count < RING_REGULAR_EDGES) continue;
        regulars++;
        if (!core->in[k]) continue;
        ties++;
        ours += pair->count;
    }
    if (i < CARDS) return ties >= RING_MERCHANTS_MIN;
    return ties >= RING_CARDS_MIN && regulars <= RING_REGULARS_MAX &&
           ours * 100 >= edges_of(w, i) * RING_SHARE_PERCENT;
}

/* The largest group that holds together, of the whole graph, then what of it is joined to `of`. */
static Core find_core(const World *w, int of) {
    Core core, joined = {0};
    memset(&core, 1, sizeof core);
    for (bool again = true; again;) {
        again = false;
        for (int i = 0; i < VERTICES; i++)
            if (core.in[i] && !holds(w, &core, i)) {
                core.in[i] = false;
                again = true;
            }
    }
    joined.in[of] = core.in[of];
    for (int round = 0; round < VERTICES; round++)
        for (int a = 0; a < VERTICES; a++)
            for (int b = 0; b < VERTICES; b++) {
                const PairView *pair = pair_of(w, a, b);
                joined.in[b] |=
                    joined.in[a] && core.in[b] && pair && pair->count >= RING_REGULAR_EDGES;
            }
    return joined;
}

static int check_ring(const World *w, int of) {
    const Core core = find_core(w, of);
    Ring ring = explore_ring(w->graph, vertex_at(w, of));
    guint size = 0, pairs = 0;
    g_assert_false(ring.group.cut);
    g_assert_false(ring.too_wide);
    for (int i = 0; i < VERTICES; i++) {
        size += core.in[i];
        g_assert_cmpint(core.in[i], ==, step_of(w, &ring.group, i) != UINT32_MAX);
        for (int k = CARDS; i < CARDS && k < VERTICES; k++) {
            const PairView *pair = pair_of(w, i, k);
            pairs += core.in[i] && core.in[k] && pair && pair->count >= RING_REGULAR_EDGES;
        }
    }
    g_assert_cmpuint(ring.group.vertices->len, ==, size);
    g_assert_cmpuint(ring.group.pairs->len, ==, pairs);
    for (guint i = 0; i < ring.group.pairs->len; i++)
        check_pair(w, &g_array_index(ring.group.pairs, PairView, i));
    ring_clear(&ring);
    return (int)size;
}

static void test_rings(void) {
    int found = 0, nothing = 0;
    for (guint32 seed = 1; seed <= 40; seed++) {
        World w;
        world_start(&w, seed, 60 + 10 * (int)seed, (int)(seed % 4) * 20);
        for (int of = 0; of < VERTICES; of++) {
            const int size = check_ring(&w, of);
            found += size > 0;
            nothing += size == 0;
        }
        world_end(&w);
    }
    g_assert_cmpint(found, >, 100);
    g_assert_cmpint(nothing, >, 100);
}

/* `cards` cards go to each of two shops `edges` times, next to passers-by. */
static Graph *shops(int cards, int edges, int passers_by) {
    Graph *graph = graph_new();
    int64_t now = 1500000000;
    for (int i = 0; i < edges; i++)
        for (int c = 1; c <= cards; c++) {
            pay(graph, (uint64_t)c, "supermarket", ++now, 5000, 0);
            pay(graph, (uint64_t)c, "bakery", ++now, 500, 0);
        }
    for (int c = 1; c <= passers_by; c++) {
        pay(graph, 1000000 + (uint64_t)c, "supermarket", ++now, 5000, 0);
        pay(graph, 1000000 + (uint64_t)c, "bakery", ++now, 5000, 0);
    }
    return graph;
}

static void check_shops(int cards, int edges, int passers_by, size_t expected, bool too_wide) {
    Graph *graph = shops(cards, edges, passers_by);
    const Vertex from[] = {{VERTEX_MERCHANT, graph_find_merchant(graph, STR("supermarket"))},
                           {VERTEX_MERCHANT, graph_find_merchant(graph, STR("bakery"))},
                           {VERTEX_CARD, graph_find_card(graph, 1)}};
    for (size_t i = 0; i < G_N_ELEMENTS(from); i++) {
        Ring ring = explore_ring(graph, from[i]);
        g_assert_cmpuint(ring.group.vertices->len, ==, expected);
        g_assert_cmpint(ring.too_wide, ==, too_wide);
        ring_clear(&ring);
    }
    graph_free(graph);
}

/* Few cards that make much of two shops' trade are a ring. The same few among many others are not,
 * nor are many, nor those who come now and then. */
static void test_ordinary_shops(void) {
    check_shops(5, 4, 0, 7, false);
    check_shops(5, 4, 180, 7, false);
    check_shops(5, 4, 181, 0, false); /* under a tenth */
    check_shops(2, 9, 0, 0, false);
    check_shops(5, 2, 0, 0, false);
    check_shops(RING_CARDS_MAX, 4, 0, RING_CARDS_MAX + 2, false);
    check_shops(RING_CARDS_MAX + 1, 4, 0, 0, true);
    check_shops(RING_REGULARS_MAX + 1, 4, 0, 0, false);
}

/* Bounds */

/* Cards with merchants of their own besides, all at one large merchant. */
static Graph *large_graph(int cards) {
    Graph *graph = graph_new();
    int64_t now = 1500000000;
    for (int c = 1; c <= cards; c++) {
        g_autofree char *corner = g_strdup_printf("corner %d", c / 10);
        pay(graph, (uint64_t)c, corner, ++now, 100, 0);
        pay(graph, (uint64_t)c, "hub", ++now, 100, 0);
    }
    return graph;
}

static void test_bounds(void) {
    Graph *graph = large_graph(30000);
    const Vertex hub = {VERTEX_MERCHANT, graph_find_merchant(graph, STR("hub"))};
    const Vertex first = {VERTEX_CARD, graph_find_card(graph, 1)};
    const Vertex last = {VERTEX_CARD, graph_find_card(graph, 30000)};
    Subgraph around = explore_neighbourhood(graph, hub, 2, NEIGHBOURHOOD_LIMIT_MAX);
    g_assert_true(around.cut);
    g_assert_cmpuint(around.vertices->len, <=, 1 + 2 * NEIGHBOURHOOD_LIMIT_MAX);
    subgraph_clear(&around);
    Paths paths = explore_paths(graph, first, last, PATH_LENGTH_MAX, PATHS_MAX);
    g_assert_cmpuint(paths.paths->len, ==, 1); /* over the hub, which both name */
    paths_clear(&paths);
    paths = explore_paths_to_fraud(graph, first, PATH_LENGTH_MAX, PATHS_MAX);
    g_assert_true(paths.cut);
    g_assert_cmpuint(paths.paths->len, ==, 0);
    paths_clear(&paths);
    Ring ring = explore_ring(graph, hub);
    g_assert_cmpuint(ring.group.vertices->len, ==, 0);
    ring_clear(&ring);
    graph_free(graph);
}

/* The number of paths grows beyond all bounds, the work does not. */
static void test_many_paths(void) {
    Graph *graph = graph_new();
    int64_t now = 1500000000;
    for (int c = 1; c <= 100; c++)
        for (int m = 0; m < PATHS_MAX + 10; m++) {
            g_autofree char *name = g_strdup_printf("m%d", m);
            pay(graph, (uint64_t)c, name, ++now, 100, 0);
        }
    pay(graph, 1000, "lonely", ++now, 100, 0);
    Paths paths = explore_paths(graph, (Vertex){VERTEX_CARD, 0}, (Vertex){VERTEX_CARD, 99},
                                PATH_LENGTH_MAX, PATHS_MAX);
    g_assert_cmpuint(paths.paths->len, ==, PATHS_MAX);
    g_assert_true(paths.more);
    check_distinct(&paths);
    paths_clear(&paths);
    const Vertex lonely = {VERTEX_CARD, graph_find_card(graph, 1000)};
    paths = explore_paths(graph, (Vertex){VERTEX_CARD, 0}, lonely, PATH_LENGTH_MAX, PATHS_MAX);
    g_assert_cmpuint(paths.paths->len, ==, 0);
    g_assert_false(paths.more);
    paths_clear(&paths);
    graph_free(graph);
}

/* Late edges: whatever is said is true of one end at least, and nothing breaks. */
static void test_late_edges(void) {
    GRand *random = g_rand_new_with_seed(8);
    Graph *graph = graph_new();
    for (int i = 0; i < 4000; i++)
        pay(graph, (uint64_t)g_rand_int_range(random, 1, 60),
            names[g_rand_int_range(random, 0, MERCHANTS)],
            1500000000 + i * 1000 - g_rand_int_range(random, 0, 4000000), 100, 0.5F);
    for (CardId card = 0; card < graph_card_count(graph); card++) {
        const Vertex of = {VERTEX_CARD, card};
        Subgraph around = explore_neighbourhood(graph, of, 2, 50);
        for (guint i = 0; i < around.pairs->len; i++)
            g_assert_cmpuint(g_array_index(around.pairs, PairView, i).count, >, 0);
        subgraph_clear(&around);
        Ring ring = explore_ring(graph, of);
        ring_clear(&ring);
        Paths paths = explore_paths(graph, of, (Vertex){VERTEX_MERCHANT, 0}, 6, 20);
        check_distinct(&paths);
        paths_clear(&paths);
    }
    graph_free(graph);
    g_rand_free(random);
}

int main(int argc, char **argv) {
    g_test_init(&argc, &argv, NULL);
    for (size_t i = 0; i < G_N_ELEMENTS(names); i++)
        g_snprintf(names[i], sizeof names[i], "merchant %zu", i);
    g_test_add_func("/explore/neighbourhood", test_neighbourhood);
    g_test_add_func("/explore/paths", test_paths);
    g_test_add_func("/explore/paths-to-fraud", test_paths_to_fraud);
    g_test_add_func("/explore/rings", test_rings);
    g_test_add_func("/explore/ordinary-shops", test_ordinary_shops);
    g_test_add_func("/explore/bounds", test_bounds);
    g_test_add_func("/explore/many-paths", test_many_paths);
    g_test_add_func("/explore/late-edges", test_late_edges);
    return g_test_run();
}
