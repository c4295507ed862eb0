/* Questions about the surroundings of a vertex, asked of the graph as it is: what lies around it,
 * how it is joined to another one, and in which small group it trades.
 *
 * A card and a merchant are a pair while they share an edge of the last 30 days on the clocks of
 * both, and these are the edges that a pair counts. So a pair is the same seen from either end;
 * only an edge that arrived late, whose time differs between its ends, may count at one end and no
 * more at the other for as long as it was late.
 *
 * Every question has a bound on the edges that it looks at, however large the graph is, and says
 * when the bound cut it short: then more may be there than was found, and what was found is true.
 * Vertices are visited from the one that met last, so the same graph gives the same answer. */
#pragma once

#include "graph/graph.h"

enum {
    EXPLORE_EDGES_MAX = 10000,       /* edges looked at for one question... */
    EXPLORE_VERTEX_EDGES_MAX = 2500, /* ...and the latest ones of any one vertex */
};

typedef enum VertexKind { VERTEX_CARD, VERTEX_MERCHANT } VertexKind;

typedef struct Vertex {
    VertexKind kind;
    uint32_t id; /* CardId or MerchantId */
} Vertex;

/* What is known of the edges of a pair. */
typedef struct PairView {
    CardId card;
    MerchantId merchant;
    uint32_t count, last; /* edges; seconds since the epoch */
    int64_t sum;          /* cents */
    float suspicion;      /* the greatest of an edge, in [0, 1] */
} PairView;

/* A vertex that was found, and how many steps away. */
typedef struct FoundVertex {
    Vertex vertex;
    uint32_t step;
} FoundVertex;

/* A part of the graph: vertices, each once, and pairs between them. The caller clears it. */
typedef struct Subgraph {
    GArray *vertices; /* FoundVertex */
    GArray *pairs;    /* PairView */
    size_t left_out;  /* vertices that were met and had no place within the limit */
    bool cut;
} Subgraph;

void subgraph_clear(Subgraph *subgraph);

/* The vertex and those up to `steps` away (1 or 2), at most `limit` new ones a step (1 to
 * NEIGHBOURHOOD_LIMIT_MAX). In the first step known compromised cards go first, then who met last;
 * in the second step those that share most vertices of the first one. All pairs between vertices
 * of neighbouring steps are there. */
enum { NEIGHBOURHOOD_STEPS_MAX = 2, NEIGHBOURHOOD_LIMIT_MAX = 200 };
Subgraph explore_neighbourhood(const Graph *graph, Vertex of, unsigned steps, size_t limit);

/* A path from vertices[0] to vertices[length]; pairs[i] joins vertices i and i + 1. */
enum { PATH_LENGTH_MAX = 6, PATHS_MAX = 100 };
typedef struct Path {
    uint32_t length;
    Vertex vertices[PATH_LENGTH_MAX + 1];
    PairView pairs[PATH_LENGTH_MAX];
} Path;

typedef struct Paths {
    GArray *paths; /* Path */
    bool more;     /* there are others as short */
    bool cut;
} Paths;

void paths_clear(Paths *paths);

/* All shortest paths between two vertices that differ, of at most `length` pairs (1 to
 * PATH_LENGTH_MAX), at most `limit` of them (1 to PATHS_MAX). Breadth first from both ends
 * (Pohl 1971, "Bi-directional search"), always from the end with less to look at. */
Paths explore_paths(const Graph *graph, Vertex from, Vertex to, unsigned length, size_t limit);

/* The known compromised cards nearest to a vertex, itself left out, with one shortest path to each:
 * nearest first, at most `limit`, at most `length` pairs away. */
Paths explore_paths_to_fraud(const Graph *graph, Vertex from, unsigned length, size_t limit);

/* The ring of a vertex: the cards and merchants around it that trade among themselves more than
 * chance, or a shop's ordinary custom, would have it.
 *
 * A card is a merchant's regular when their pair counts RING_REGULAR_EDGES edges or more. A group
 * holds together when each of its cards is a regular of RING_MERCHANTS_MIN of its merchants or
 * more, and each of its merchants has RING_CARDS_MIN of its cards or more as regulars, who account
 * for RING_SHARE_PERCENT per cent or more of the merchant's edges, other partitions' included. Both
 * ask for more the smaller the group is, so there is one largest such group, which is what is left
 * when vertices that fail are taken away until none does: the (alpha, beta)-core of Ding and others
 * (2017) with a share added, a generalised core in the sense of Batagelj and Zaversnik (2002,
 * "Generalized cores"). The ring is the part of it that is joined to the vertex, its community
 * (Wang and others 2021, "Efficient and Effective Community Search on Large-scale Bipartite
 * Graphs").
 *
 * A merchant with more than RING_REGULARS_MAX regulars serves a neighbourhood and is in no ring,
 * nor is one with more than EXPLORE_VERTEX_EDGES_MAX edges; a group of more than RING_CARDS_MAX
 * cards is no ring either. Where the bound on the work cuts it, the group is looked for among the
 * merchants that were reached, those first that share most cards. */
enum {
    RING_REGULAR_EDGES = 3,
    RING_MERCHANTS_MIN = 2,
    RING_CARDS_MIN = 3,
    RING_SHARE_PERCENT = 10,
    RING_REGULARS_MAX = 64,
    RING_CARDS_MAX = 32,
};

typedef struct Ring {
    Subgraph group; /* empty where there is no ring; all steps are 0, cards come first */
    bool too_wide;  /* the group has more than RING_CARDS_MAX cards and is not given */
} Ring;

void ring_clear(Ring *ring);
Ring explore_ring(const Graph *graph, Vertex of);
