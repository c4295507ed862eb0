/* A graph convolutional network whose nodes are transactions (after Kipf and Welling 2017,
 * "Semi-Supervised Classification with Graph Convolutional Networks").
 *
 * Edges run only from the past to the present: from a card's last `neighbours` transactions j to
 * its new one i, with weight w_ij = exp(-(t_i - t_j) / time_scale), beside the self-loop of
 * weight 1. A node's degree is that of its incoming edges, d_i = 1 + sum_j w_ij. Layer l is
 *
 *   z_i = h_i C,  h'_i = relu(sum_j w_ij / sqrt(d_i d_j) z_j + z_i / d_i + h_i S + b)
 *
 * which is PyTorch Geometric's GCNConv (matrix C, bias b, gcn_norm with edge weights) plus a linear
 * skip (matrix S), as in Luo, Shi and Wu 2024, "Classic GNNs are Strong Baselines". The first h_i
 * are the inputs, curves through a transaction's features; the margin (log-odds of fraud) is a
 * linear function of the last h_i.
 *
 * Whatever was computed for a node never changes, for no edge ever comes in later. So a GcnMemory,
 * which keeps each card's last z_j, d_j and t_j, makes scoring one transaction after the other the
 * same as the forward pass over the whole graph, up to the rounding of sums.
 *
 * A Gcn is immutable and may be shared between threads; a GcnMemory is its owner's alone. The same
 * transactions give the same bits on every path and processor of one libm. */
#pragma once

#include <glib.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    GCN_FEATURES_MAX = 2048,
    GCN_INPUTS_MAX = 4096,
    GCN_KNOTS_MAX = 16, /* of one curve */
    GCN_LAYERS_MAX = 8,
    GCN_LANES = 16, /* the width is a multiple of it */
    GCN_WIDTH_MAX = 256,
    GCN_NEIGHBOURS_MAX = 64,
    GCN_BYTES_MAX = 64 << 20, /* of JSON */
};
/* By absolute value: of a parameter and of an input, of a curve's knot, and of an activation.
 * Trained networks are far from them; with them no sum of a hostile file's network overflows. */
#define GCN_PARAMETER_MAX  1e6F
#define GCN_KNOT_MAX       1e30F
#define GCN_ACTIVATION_MAX 1e12F
#define GCN_TIME_SCALE_MAX 3155760000.0F /* seconds: a hundred years */

typedef struct GcnShape {
    uint32_t features;   /* values of a row */
    uint32_t inputs;     /* what the first layer sees */
    uint32_t layers;     /* graph convolutions, 1 to GCN_LAYERS_MAX */
    uint32_t width;      /* of each layer */
    uint32_t neighbours; /* a card's transactions that a new one looks back on, 1 and more */
    float time_scale;    /* seconds in which an edge's weight falls to 1/e */
} GcnShape;

/* One input: a piecewise linear curve through one feature, constant beyond its ends. Indicators are
 * curves too: of a missing value one flat at 0 with `missing` 1, of a code one with a peak there.
 */
typedef struct GcnInput {
    uint32_t feature;
    uint32_t knots;         /* 1 to GCN_KNOTS_MAX */
    float missing;          /* the input where the feature is NaN */
    float x[GCN_KNOTS_MAX]; /* strictly rising */
    float y[GCN_KNOTS_MAX];
} GcnInput;

/* A network's parameters are one array. A layer's matrices lie side by side, a row for each thing
 * that it sees: `width` columns of C, then `width` of S. Then comes its bias; after the last layer
 * the read-out's `width` weights and its bias. */
size_t gcn_layer_inputs(const GcnShape *shape, uint32_t layer);  /* rows of its matrices */
size_t gcn_layer_weights(const GcnShape *shape, uint32_t layer); /* where they begin */
size_t gcn_layer_bias(const GcnShape *shape, uint32_t layer);
size_t gcn_readout(const GcnShape *shape);
size_t gcn_parameter_count(const GcnShape *shape);

/* NULL where the shape is within its limits, else what is wrong with it: a static phrase. */
const char *gcn_shape_fault(const GcnShape *shape);
const char *gcn_input_fault(const GcnInput *input, const GcnShape *shape);

typedef struct Gcn Gcn;

#define GCN_ERROR gcn_error_quark()
GQuark gcn_error_quark(void);
typedef enum GcnError { GCN_ERROR_INVALID } GcnError;

/* Copies its arguments: the features' names, shape->inputs inputs and gcn_parameter_count(shape)
 * parameters up to GCN_PARAMETER_MAX, all without fault. */
Gcn *gcn_new(const GcnShape *shape, const char *const *names, const GcnInput *inputs,
             const float *parameters);
void gcn_free(Gcn *gcn);

/* The file (see gcn_json.c): one JSON object. Reading trusts nothing: on failure NULL and one line
 * in *error that says what is wrong where. */
GBytes *gcn_write(const Gcn *gcn);
Gcn *gcn_parse(const char *json, size_t len, GError **error);

const GcnShape *gcn_shape(const Gcn *gcn);
const char *gcn_feature_name(const Gcn *gcn, size_t index);
const GcnInput *gcn_inputs(const Gcn *gcn);
const float *gcn_parameters(const Gcn *gcn);

/* The inputs, out[0..shape.inputs), of a row of shape.features floats, NaN for missing. */
void gcn_fill_inputs(const Gcn *gcn, const float *row, float *out);

/* The ways to compute; the fastest that the processor has is chosen, tests choose for themselves.
 */
typedef enum GcnPath { GCN_PATH_PORTABLE, GCN_PATH_AVX2, GCN_PATH_AVX512 } GcnPath;
/* False, changing nothing, when there is no such path here. */
bool gcn_set_path(Gcn *gcn, GcnPath path);

/* Weight of an edge from a transaction `seconds` (0 and more) earlier. */
float gcn_edge_weight(int64_t seconds, float time_scale);

/* What scoring needs of the transactions so far: for each card a ring of its last ones, those that
 * the next will look back on and one more, which the last looked back on. A card takes at most
 * (neighbours + 1) * (4 * layers * width + 16) bytes and a little, less until it has paid that
 * often. `gcn` is borrowed and must outlive the memory. */
typedef struct GcnMemory GcnMemory;
GcnMemory *gcn_memory_new(const Gcn *gcn);
void gcn_memory_free(GcnMemory *memory);
size_t gcn_memory_bytes(const GcnMemory *memory);

/* From now on the memory is of another copy of its network. */
void gcn_memory_set_gcn(GcnMemory *memory, const Gcn *gcn);

/* Margin of the card's next transaction, which becomes part of the memory. `card` is a small dense
 * number; `time` in seconds, TIME_MIN to TIME_MAX, taken as the card's last one where it is
 * earlier. */
float gcn_memory_score(GcnMemory *memory, uint32_t card, int64_t time, const float *row);

/* A neighbour's part in a margin. */
typedef struct GcnNeighbour {
    int64_t time; /* of that transaction */
    float share;
} GcnNeighbour;

/* Gradient times input (Shrikumar et al. 2016, "Not Just a Black Box", 2.1) of the margin of the
 * card's latest transaction, whose row is given once more: features[0..shape.features) for its own
 * features, neighbours[0..*count) for the card's earlier transactions that it looked back on, the
 * latest first, room for shape.neighbours. Between the bends of its relus the network is linear, so
 * these shares and the returned rest, which is the biases', add up to the margin. */
float gcn_memory_attribute(const GcnMemory *memory, uint32_t card, const float *row,
                           float *features, GcnNeighbour *neighbours, size_t *count);

/* The memory as bytes, for snapshots: `write` is called with one piece after the other. Reading
 * trusts nothing: NULL where the bytes are not whole or not of a network of this shape. That they
 * are of this very network is the caller's to know. */
typedef bool GcnWrite(void *data, const void *bytes, size_t len);
bool gcn_memory_write(const GcnMemory *memory, GcnWrite *write, void *data);
GcnMemory *gcn_memory_read(const Gcn *gcn, const uint8_t *bytes, size_t len);
