/* Each card's last transactions, as the network sees them, and scoring by them. */
#include "base/bytes.h"
#include "model/gcn_internal.h"
#include "record/transaction.h"

#include <math.h>

/* A transaction that later ones look back on: its slot's floats are what each layer's z_j is. */
typedef struct Slot {
    int64_t time;
    float scale; /* 1 / sqrt(d_j) */
    uint32_t unused;
} Slot;

/* A card's ring. It grows by doubling until it holds all neighbours and one more; only then is the
 * oldest overwritten. */
typedef struct Ring {
    uint32_t count, room, first; /* slots in use, allocated, and the oldest one's place */
    Slot *slots;
    float *activations; /* room * layers * width, in the same order */
} Ring;

struct GcnMemory {
    const Gcn *gcn;
    GArray *rings; /* of Ring, by card */
    size_t bytes;  /* of the rings' contents */
    size_t depth;  /* floats of a slot: layers * width */
    float *space;  /* scratch */
};

enum { ROOM_FIRST = 2 };

/* What one transaction is computed in. */
typedef struct Pass {
    float *inputs;
    float *both;                      /* 2 * width: z_i and the skip */
    float *own;                       /* layers * width: each layer's z_i, to be kept */
    float *layers;                    /* (layers) * width: each layer's output */
    float weight[GCN_NEIGHBOURS_MAX]; /* w_ij / sqrt(d_j), the latest neighbour first */
    const float *neighbour[GCN_NEIGHBOURS_MAX];
    int64_t time;
    float scale; /* 1 / sqrt(d_i) */
    uint32_t neighbours;
} Pass;

static void ring_clear(void *data) {
    Ring *ring = data;
    g_free(ring->slots);
    g_free(ring->activations);
}

GcnMemory *gcn_memory_new(const Gcn *gcn) {
    GcnMemory *memory = g_new0(GcnMemory, 1);
    const GcnShape *shape = &gcn->shape;
    memory->gcn = gcn;
    memory->depth = (size_t)shape->layers * shape->width;
    memory->rings = g_array_new(FALSE, TRUE, sizeof(Ring));
    g_array_set_clear_func(memory->rings, ring_clear);
    memory->space = g_new(float, shape->inputs + 2 * shape->width + 2 * memory->depth);
    return memory;
}

void gcn_memory_free(GcnMemory *memory) {
    if (memory == NULL) return;
    g_array_unref(memory->rings);
    g_free(memory->space);
    g_free(memory);
}

void gcn_memory_set_gcn(GcnMemory *memory, const Gcn *gcn) {
    g_assert(memcmp(&gcn->shape, &memory->gcn->shape, sizeof gcn->shape) == 0);
    memory->gcn = gcn;
}

size_t gcn_memory_bytes(const GcnMemory *memory) {
    return memory->bytes + memory->rings->len * sizeof(Ring);
}

static size_t slot_bytes(const GcnMemory *memory) {
    return sizeof(Slot) + memory->depth * sizeof(float);
}

static Pass pass_in(const GcnMemory *memory, float *space) {
    const GcnShape *shape = &memory->gcn->shape;
    Pass pass = {.inputs = space};
    pass.both = pass.inputs + shape->inputs;
    pass.own = pass.both + 2 * (size_t)shape->width;
    pass.layers = pass.own + memory->depth;
    return pass;
}

static const Ring *find_ring(const GcnMemory *memory, uint32_t card) {
    static const Ring none = {0};
    return card < memory->rings->len ? &g_array_index(memory->rings, Ring, card) : &none;
}

/* Place of the `back`-th latest slot, from 0. */
static uint32_t place(const Ring *ring, uint32_t back) {
    const uint32_t at = ring->first + ring->count - 1 - back;
    return at >= ring->room ? at - ring->room : at;
}

/* The edges of a transaction at `time`, which looks back on the ring's slots from the `latest`
 * (0: the last one) on. */
static void look_back(const GcnMemory *memory, const Ring *ring, uint32_t latest, int64_t time,
                      Pass *pass) {
    const GcnShape *shape = &memory->gcn->shape;
    float degree = 1;
    pass->time = time;
    pass->neighbours = MIN(ring->count - latest, shape->neighbours);
    for (uint32_t n = 0; n < pass->neighbours; n++) {
        const uint32_t at = place(ring, latest + n);
        const Slot *slot = &ring->slots[at];
        if (n == 0) pass->time = MAX(time, slot->time);
        const float weight = gcn_edge_weight(pass->time - slot->time, shape->time_scale);
        degree += weight;
        pass->weight[n] = weight * slot->scale;
        pass->neighbour[n] = ring->activations + at * memory->depth;
    }
    pass->scale = 1 / sqrtf(degree);
}

static void run_layer(const Gcn *gcn, Pass *pass, uint32_t layer) {
    const GcnShape *shape = &gcn->shape;
    const size_t width = shape->width;
    const float *seen = layer == 0 ? pass->inputs : pass->layers + (layer - 1) * width;
    const float *bias = gcn->parameters + gcn_layer_bias(shape, layer);
    float *z = pass->own + layer * width, *out = pass->layers + layer * width;
    gcn->kernel->multiply(seen, gcn->parameters + gcn_layer_weights(shape, layer),
                          gcn_layer_inputs(shape, layer), 2 * width, pass->both);
    memcpy(z, pass->both, width * sizeof *z);
    gcn->kernel->gather(pass->neighbour, pass->weight, pass->neighbours, layer * width, width, out);
    for (size_t i = 0; i < width; i++) {
        const float sum =
            (out[i] + z[i] * pass->scale) * pass->scale + pass->both[width + i] + bias[i];
        out[i] = sum > 0 ? MIN(sum, GCN_ACTIVATION_MAX) : 0;
    }
}

/* Summed lane by lane, as many sums side by side as a wide register has lanes. */
static float read_out(const Gcn *gcn, const Pass *pass) {
    const GcnShape *shape = &gcn->shape;
    const float *last = pass->layers + (size_t)(shape->layers - 1) * shape->width;
    const float *weights = gcn->parameters + gcn_readout(shape);
    float lanes[GCN_LANES] = {0}, margin = weights[shape->width];
    for (uint32_t i = 0; i < shape->width; i += GCN_LANES)
        for (uint32_t k = 0; k < GCN_LANES; k++)
            lanes[k] += last[i + k] * weights[i + k];
    for (uint32_t k = 0; k < GCN_LANES; k++)
        margin += lanes[k];
    return margin;
}

/* Computes the transaction whose edges are in the pass. */
static float run(const Gcn *gcn, const float *row, Pass *pass) {
    gcn_fill_inputs(gcn, row, pass->inputs);
    for (uint32_t layer = 0; layer < gcn->shape.layers; layer++)
        run_layer(gcn, pass, layer);
    return read_out(gcn, pass);
}

/* The place for the card's next slot; the oldest's where the ring is full. */
static uint32_t make_room(GcnMemory *memory, Ring *ring) {
    const uint32_t most = memory->gcn->shape.neighbours + 1;
    if (ring->count == most) {
        const uint32_t oldest = ring->first;
        ring->first = oldest + 1 == most ? 0 : oldest + 1;
        return oldest;
    }
    if (ring->count == ring->room) {
        const uint32_t room = MIN(MAX(2 * ring->room, (uint32_t)ROOM_FIRST), most);
        ring->slots = g_renew(Slot, ring->slots, room);
        ring->activations = g_renew(float, ring->activations, room * memory->depth);
        memory->bytes += (room - ring->room) * slot_bytes(memory);
        ring->room = room;
    }
    return ring->count++; /* a ring with room left begins at its first place */
}

static Ring *claim_ring(GcnMemory *memory, uint32_t card) {
    if (card >= memory->rings->len) g_array_set_size(memory->rings, card + 1);
    return &g_array_index(memory->rings, Ring, card);
}

float gcn_memory_score(GcnMemory *memory, uint32_t card, int64_t time, const float *row) {
    Ring *ring = claim_ring(memory, card);
    Pass pass = pass_in(memory, memory->space);
    look_back(memory, ring, 0, time, &pass);
    const float margin = run(memory->gcn, row, &pass);
    const uint32_t at = make_room(memory, ring);
    ring->slots[at] = (Slot){.time = pass.time, .scale = pass.scale};
    memcpy(ring->activations + at * memory->depth, pass.own, memory->depth * sizeof(float));
    return margin;
}

/* Takes the gradient of a layer's output, gates it, gives each neighbour its share and turns it
 * into that of what the layer saw, in `seen`. Returns the bias's share. */
static float attribute_layer(const Gcn *gcn, const Pass *pass, uint32_t layer, float *gradient,
                             float *seen, GcnNeighbour *neighbours) {
    const GcnShape *shape = &gcn->shape;
    const size_t width = shape->width;
    const float *out = pass->layers + layer * width;
    const float *bias = gcn->parameters + gcn_layer_bias(shape, layer);
    const float *weights = gcn->parameters + gcn_layer_weights(shape, layer);
    float rest = 0;
    for (size_t i = 0; i < width; i++) {
        if (!(out[i] > 0)) gradient[i] = 0;
        rest += gradient[i] * bias[i];
    }
    for (uint32_t n = 0; n < pass->neighbours; n++) {
        const float *z = pass->neighbour[n] + layer * width;
        float sum = 0;
        for (size_t i = 0; i < width; i++)
            sum += gradient[i] * z[i];
        neighbours[n].share += sum * pass->weight[n] * pass->scale;
    }
    const float self = pass->scale * pass->scale;
    for (size_t row = 0; row < gcn_layer_inputs(shape, layer); row++) {
        const float *conv = weights + row * 2 * width, *skip = conv + width;
        seen[row] = 0;
        for (size_t i = 0; i < width; i++)
            seen[row] += gradient[i] * (conv[i] * self + skip[i]);
    }
    return rest;
}

float gcn_memory_attribute(const GcnMemory *memory, uint32_t card, const float *row,
                           float *features, GcnNeighbour *neighbours, size_t *count) {
    const Gcn *gcn = memory->gcn;
    const GcnShape *shape = &gcn->shape;
    const Ring *ring = find_ring(memory, card);
    Pass pass = pass_in(memory, memory->space);
    g_assert(ring->count > 0);
    look_back(memory, ring, 1, ring->slots[place(ring, 0)].time, &pass);
    run(gcn, row, &pass);
    *count = pass.neighbours;
    for (uint32_t n = 0; n < pass.neighbours; n++)
        neighbours[n] = (GcnNeighbour){.time = ring->slots[place(ring, n + 1)].time};
    const float *readout = gcn->parameters + gcn_readout(shape);
    g_autofree float *gradient = g_new0(float, MAX(shape->inputs, shape->width));
    g_autofree float *seen = g_new(float, MAX(shape->inputs, shape->width));
    memcpy(gradient, readout, shape->width * sizeof(float));
    float rest = readout[shape->width];
    for (uint32_t layer = shape->layers; layer-- > 0;) {
        rest += attribute_layer(gcn, &pass, layer, gradient, seen, neighbours);
        memcpy(gradient, seen, gcn_layer_inputs(shape, layer) * sizeof(float));
    }
    memset(features, 0, shape->features * sizeof(float));
    for (uint32_t i = 0; i < shape->inputs; i++)
        features[gcn->inputs[i].feature] += gradient[i] * pass.inputs[i];
    return rest;
}

/* The bytes: the shape, the number of cards, and for each card the number of its slots and these,
 * the oldest first: time, scale, activations. */
bool gcn_memory_write(const GcnMemory *memory, GcnWrite *write, void *data) {
    const uint32_t cards = memory->rings->len;
    if (!write(data, &memory->gcn->shape, sizeof(GcnShape)) || !write(data, &cards, sizeof cards))
        return false;
    for (uint32_t card = 0; card < cards; card++) {
        const Ring *ring = find_ring(memory, card);
        if (!write(data, &ring->count, sizeof ring->count)) return false;
        for (uint32_t back = ring->count; back-- > 0;) {
            const uint32_t at = place(ring, back);
            const Slot *slot = &ring->slots[at];
            if (!write(data, &slot->time, sizeof slot->time) ||
                !write(data, &slot->scale, sizeof slot->scale) ||
                !write(data, ring->activations + at * memory->depth, memory->depth * sizeof(float)))
                return false;
        }
    }
    return true;
}

static bool all_finite(const float *values, size_t count) {
    for (size_t i = 0; i < count; i++)
        if (!isfinite(values[i])) return false;
    return true;
}

static bool read_ring(GcnMemory *memory, BytesReader *in, Ring *ring) {
    uint32_t count;
    BYTES_GET(in, count);
    if (in->failed || count > memory->gcn->shape.neighbours + 1) return false;
    int64_t last = TIME_MIN;
    for (uint32_t i = 0; i < count; i++) {
        Slot slot = {0};
        BYTES_GET(in, slot.time);
        BYTES_GET(in, slot.scale);
        const Str activations = bytes_get_view(in, memory->depth * sizeof(float));
        if (in->failed || slot.time < last || slot.time > TIME_MAX ||
            !(slot.scale > 0 && slot.scale <= 1))
            return false;
        last = slot.time;
        const uint32_t at = make_room(memory, ring);
        ring->slots[at] = slot;
        float *to = ring->activations + at * memory->depth;
        memcpy(to, activations.data, activations.len);
        if (!all_finite(to, memory->depth)) return false;
    }
    return true;
}

GcnMemory *gcn_memory_read(const Gcn *gcn, const uint8_t *bytes, size_t len) {
    BytesReader in = {.data = bytes, .len = len};
    GcnMemory *memory = gcn_memory_new(gcn);
    GcnShape shape;
    uint32_t cards;
    BYTES_GET(&in, shape);
    BYTES_GET(&in, cards);
    bool good = !in.failed && memcmp(&shape, &gcn->shape, sizeof shape) == 0 &&
                cards <= (len - in.at) / sizeof(uint32_t);
    if (good) g_array_set_size(memory->rings, cards);
    for (uint32_t card = 0; good && card < cards; card++)
        good = read_ring(memory, &in, &g_array_index(memory->rings, Ring, card));
    if (good && in.at == len) return memory;
    gcn_memory_free(memory);
    return NULL;
}
