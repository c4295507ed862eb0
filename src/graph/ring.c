/* The small group of cards and merchants, around a vertex, that trade among themselves. */
#include "graph/walk.h"

#include "graph/vertex.h"

/* A card or a merchant that may belong to the group. */
typedef struct Member {
    Vertex vertex;
    bool looked_at; /* its pairs are known */
    bool out;       /* it cannot belong */
    bool joined;    /* to the vertex that was asked about */
    size_t cost;    /* edges to look at */
    uint32_t ties;  /* regular pairs with members, as far as these are in */
    uint32_t edges; /* of a merchant that was looked at: all within its 30 days... */
    uint32_t ours;  /* ...and those of its regulars who are in */
} Member;

/* A regular and its merchant, as places among the members. */
typedef struct Tie {
    uint32_t card, merchant;
    PairView pair;
    bool out;
} Tie;

typedef struct Search {
    Walk walk;
    GArray *members, *ties, *pairs; /* Member, Tie, scratch */
    GHashTable *places;             /* vertex to its place among the members, plus one */
} Search;

static Member *member_at(const Search *search, uint32_t place) {
    return &g_array_index(search->members, Member, place);
}

static uint32_t member_place(Search *search, Vertex vertex) {
    gpointer key = vertex_key(vertex);
    gsize place = GPOINTER_TO_SIZE(g_hash_table_lookup(search->places, key));
    if (!place) {
        const Member member = {.vertex = vertex, .cost = walk_cost(&search->walk, vertex)};
        g_array_append_val(search->members, member);
        place = search->members->len;
        g_hash_table_insert(search->places, key, GSIZE_TO_POINTER(place));
    }
    return (uint32_t)(place - 1);
}

/* Growing: a merchant brings its regulars, a card the merchants it is a regular of. */

static bool is_regular(const PairView *pair) {
    return pair->count >= RING_REGULAR_EDGES;
}

static bool has_share(uint32_t ours, uint32_t edges) {
    return (uint64_t)ours * 100 >= (uint64_t)edges * RING_SHARE_PERCENT;
}

/* Keeps the regular pairs alone; returns the edges that they count. */
static uint32_t keep_regulars(GArray *pairs) {
    uint32_t edges = 0;
    guint kept = 0;
    for (guint i = 0; i < pairs->len; i++) {
        const PairView pair = g_array_index(pairs, PairView, i);
        if (!is_regular(&pair)) continue;
        g_array_index(pairs, PairView, kept++) = pair;
        edges += pair.count;
    }
    g_array_set_size(pairs, kept);
    return edges;
}

/* A merchant that fails with all its regulars fails with any part of them, and they are not gone
 * after. The shares of one that is not seen as a whole are not known: it is no member. */
static void look_at_merchant(Search *search, uint32_t place) {
    Member *merchant = member_at(search, place);
    const bool whole = walk_sees_all(&search->walk, merchant->vertex);
    const uint32_t edges =
        graph_merchant_window(search->walk.graph, merchant->vertex.id, WINDOW_30D).count;
    walk_pairs(&search->walk, merchant->vertex, search->pairs);
    const uint32_t ours = keep_regulars(search->pairs);
    const guint regulars = search->pairs->len;
    merchant->looked_at = true;
    merchant->edges = edges;
    merchant->out = !whole || regulars < RING_CARDS_MIN || regulars > RING_REGULARS_MAX ||
                    !has_share(ours, edges);
    if (merchant->out) return;
    for (guint i = 0; i < regulars; i++) {
        const PairView *pair = &g_array_index(search->pairs, PairView, i);
        const uint32_t card = member_place(search, (Vertex){VERTEX_CARD, pair->card});
        g_array_append_val(search->ties, ((Tie){card, place, *pair, false}));
    }
}

static void look_at_card(Search *search, uint32_t place) {
    Member *card = member_at(search, place);
    card->looked_at = true;
    walk_pairs(&search->walk, card->vertex, search->pairs);
    keep_regulars(search->pairs);
    card->out = search->pairs->len < RING_MERCHANTS_MIN;
    for (guint i = 0; i < search->pairs->len && !member_at(search, place)->out; i++) {
        const PairView *pair = &g_array_index(search->pairs, PairView, i);
        const Vertex vertex = {VERTEX_MERCHANT, pair->merchant};
        member_at(search, member_place(search, vertex))->ties++;
    }
}

static bool goes_first(const Member *a, const Member *b) {
    if (a->ties != b->ties) return a->ties > b->ties;
    return a->cost < b->cost;
}

/* The next to look at: every card, then the merchant that most cards are regulars of, the smaller
 * and then the first of equals. members->len when all have been. */
static uint32_t next_member(const Search *search) {
    uint32_t best = search->members->len;
    for (uint32_t i = 0; i < search->members->len; i++) {
        const Member *member = member_at(search, i);
        if (member->looked_at) continue;
        if (member->vertex.kind == VERTEX_CARD) return i;
        if (best == search->members->len || goes_first(member, member_at(search, best))) best = i;
    }
    return best;
}

static void grow(Search *search, Vertex from) {
    member_place(search, from);
    for (uint32_t next = 0; next < search->members->len && search->walk.left > 0;
         next = next_member(search)) {
        if (member_at(search, next)->vertex.kind == VERTEX_CARD)
            look_at_card(search, next);
        else
            look_at_merchant(search, next);
    }
    search->walk.cut |= next_member(search) < search->members->len;
}

/* Peeling: members that fail are taken away until none does. */

static void count_ties(Search *search) {
    for (uint32_t i = 0; i < search->members->len; i++)
        member_at(search, i)->ties = member_at(search, i)->ours = 0;
    for (guint i = 0; i < search->ties->len; i++) {
        const Tie *tie = &g_array_index(search->ties, Tie, i);
        member_at(search, tie->card)->ties++;
        member_at(search, tie->merchant)->ties++;
        member_at(search, tie->merchant)->ours += tie->pair.count;
    }
}

static bool fails(const Member *member) {
    if (member->out) return true;
    if (member->vertex.kind == VERTEX_CARD) return member->ties < RING_MERCHANTS_MIN;
    return member->ties < RING_CARDS_MIN || !has_share(member->ours, member->edges);
}

static bool peel_once(Search *search) {
    bool peeled = false;
    for (guint i = 0; i < search->ties->len; i++) {
        Tie *tie = &g_array_index(search->ties, Tie, i);
        Member *card = member_at(search, tie->card), *merchant = member_at(search, tie->merchant);
        if (tie->out || !(fails(card) || fails(merchant))) continue;
        tie->out = peeled = true;
        card->ties--;
        merchant->ties--;
        merchant->ours -= tie->pair.count;
    }
    return peeled;
}

static void join(Search *search, Vertex from) {
    member_at(search, member_place(search, from))->joined = true;
    for (bool grew = true; grew;) {
        grew = false;
        for (guint i = 0; i < search->ties->len; i++) {
            const Tie *tie = &g_array_index(search->ties, Tie, i);
            bool *card = &member_at(search, tie->card)->joined;
            bool *merchant = &member_at(search, tie->merchant)->joined;
            if (tie->out || *card == *merchant) continue;
            *card = *merchant = grew = true;
        }
    }
}

/* Writing */

static guint add_members(const Search *search, VertexKind kind, Subgraph *out) {
    guint count = 0;
    for (uint32_t i = 0; i < search->members->len; i++) {
        const Member *member = member_at(search, i);
        if (!member->joined || member->ties == 0 || member->vertex.kind != kind) continue;
        const FoundVertex found = {member->vertex, 0};
        g_array_append_val(out->vertices, found);
        count++;
    }
    return count;
}

static void write_group(const Search *search, Ring *ring) {
    Subgraph *out = &ring->group;
    const guint cards = add_members(search, VERTEX_CARD, out);
    ring->too_wide = cards > RING_CARDS_MAX;
    if (ring->too_wide) {
        g_array_set_size(out->vertices, 0);
        return;
    }
    add_members(search, VERTEX_MERCHANT, out);
    for (guint i = 0; i < search->ties->len; i++) {
        const Tie *tie = &g_array_index(search->ties, Tie, i);
        if (!tie->out && member_at(search, tie->card)->joined)
            g_array_append_val(out->pairs, tie->pair);
    }
}

void ring_clear(Ring *ring) {
    subgraph_clear(&ring->group);
}

Ring explore_ring(const Graph *graph, Vertex of) {
    Ring ring = {.group = {.vertices = g_array_new(FALSE, FALSE, sizeof(FoundVertex)),
                           .pairs = g_array_new(FALSE, FALSE, sizeof(PairView))}};
    Search search = {.members = g_array_new(FALSE, FALSE, sizeof(Member)),
                     .ties = g_array_new(FALSE, FALSE, sizeof(Tie)),
                     .pairs = g_array_new(FALSE, FALSE, sizeof(PairView)),
                     .places = g_hash_table_new(NULL, NULL)};
    walk_start(&search.walk, graph);
    grow(&search, of);
    count_ties(&search);
    while (peel_once(&search)) {
    }
    join(&search, of);
    write_group(&search, &ring);
    ring.group.cut = search.walk.cut;
    g_array_unref(search.members);
    g_array_unref(search.ties);
    g_array_unref(search.pairs);
    g_hash_table_destroy(search.places);
    walk_end(&search.walk);
    return ring;
}
