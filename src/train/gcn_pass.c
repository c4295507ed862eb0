#include "train/gcn_pass.h"

#include "base/hash.h"
#include <math.h>
#include <string.h>

struct GcnPass {
    const Blas *blas;
    GcnShape shape;
    size_t room, rows;    /* nodes it has room for, and of the pass at hand */
    float *inputs;        /* room * shape.inputs */
    float *both;          /* of each layer: room * 2 * width, z and skip */
    float *out;           /* of each layer: room * width */
    float *gradient;      /* room * width, of a layer's outputs */
    float *both_gradient; /* room * 2 * width */
    float *margin;
    uint32_t *place; /* of each node, in the graph */
    uint8_t *reach;  /* its neighbours that are in the pass */
    bool *own;       /* whether its margin is asked for */
};

GcnPass *gcn_pass_new(const Blas *blas, const GcnShape *shape, size_t rows) {
    GcnPass *pass = g_new0(GcnPass, 1);
    const size_t width = shape->width;
    pass->blas = blas;
    pass->shape = *shape;
    pass->room = rows;
    pass->inputs = g_new(float, rows * shape->inputs);
    pass->both = g_new(float, shape->layers *rows * 2 * width);
    pass->out = g_new(float, shape->layers *rows *width);
    pass->gradient = g_new(float, rows *width);
    pass->both_gradient = g_new(float, rows * 2 * width);
    pass->margin = g_new(float, rows);
    pass->place = g_new(uint32_t, rows);
    pass->reach = g_new(uint8_t, rows);
    pass->own = g_new(bool, rows);
    return pass;
}

void gcn_pass_free(GcnPass *pass) {
    if (pass == NULL) return;
    g_free(pass->inputs);
    g_free(pass->both);
    g_free(pass->out);
    g_free(pass->gradient);
    g_free(pass->both_gradient);
    g_free(pass->margin);
    g_free(pass->place);
    g_free(pass->reach);
    g_free(pass->own);
    g_free(pass);
}

static float *both_of(const GcnPass *pass, uint32_t layer) {
    return pass->both + layer * pass->room * 2 * pass->shape.width;
}

static float *out_of(const GcnPass *pass, uint32_t layer) {
    return pass->out + layer * pass->room * pass->shape.width;
}

/* What layer `layer` sees. */
static const float *seen_by(const GcnPass *pass, uint32_t layer) {
    return layer == 0 ? pass->inputs : out_of(pass, layer - 1);
}

/* Lays the runs' nodes side by side. */
static void take_in(GcnPass *pass, const GcnNodes *nodes, const GcnRun *runs, size_t run_count) {
    const size_t inputs = pass->shape.inputs;
    pass->rows = 0;
    for (size_t r = 0; r < run_count; r++) {
        const GcnRun *run = &runs[r];
        const size_t count = run->end - run->begin;
        g_assert(count <= pass->room - pass->rows);
        memcpy(pass->inputs + pass->rows * inputs, nodes->inputs + run->begin * inputs,
               count * inputs * sizeof(float));
        for (uint32_t place = run->begin; place < run->end; place++, pass->rows++) {
            pass->place[pass->rows] = place;
            pass->own[pass->rows] = place >= run->from;
            pass->reach[pass->rows] = (uint8_t)MIN(nodes->graph->reach[place], place - run->begin);
        }
    }
}

/* out = relu(edges and self-loop over z, plus skip, plus bias). */
static void convolve(const GcnPass *pass, const GcnGraph *graph, uint32_t layer,
                     const float *bias) {
    const size_t width = pass->shape.width;
    const float *both = both_of(pass, layer);
    float *out = out_of(pass, layer);
    for (size_t i = 0; i < pass->rows; i++) {
        const float *z = both + i * 2 * width, *skip = z + width;
        const float *edge = graph->edge + (size_t)pass->place[i] * graph->neighbours;
        const float self = graph->self[pass->place[i]];
        float *to = out + i * width;
        for (size_t k = 0; k < width; k++)
            to[k] = self * z[k] + skip[k] + bias[k];
        for (uint32_t n = 0; n < pass->reach[i]; n++) {
            const float *from = z - (n + 1) * 2 * width, weight = edge[n];
            for (size_t k = 0; k < width; k++)
                to[k] += weight * from[k];
        }
        for (size_t k = 0; k < width; k++)
            to[k] = to[k] > 0 ? to[k] : 0;
    }
}

/* Leaves out a share of the layer's outputs and scales up the rest (Srivastava et al. 2014). Which
 * ones depends on nothing but seed, node and layer. */
static void drop_out(const GcnPass *pass, uint32_t layer, const GcnLoss *loss) {
    enum { PER_HASH = 4 };
    const size_t width = pass->shape.width;
    const uint32_t below = (uint32_t)(loss->dropout * 65536);
    const float scale = 1 / (1 - loss->dropout);
    for (size_t i = 0; i < pass->rows; i++) {
        float *out = out_of(pass, layer) + i * width;
        const uint64_t node = hash_u64(pass->place[i], loss->seed + layer);
        for (size_t k = 0; k < width; k += PER_HASH) {
            const uint64_t bits = hash_u64(node, k);
            for (size_t b = 0; b < PER_HASH; b++)
                out[k + b] *= ((bits >> (16 * b)) & 0xffff) < below ? 0 : scale;
        }
    }
}

static void run_forward(GcnPass *pass, const float *parameters, const GcnGraph *graph,
                        const GcnLoss *loss) {
    const GcnShape *shape = &pass->shape;
    const int rows = (int)pass->rows, width = (int)shape->width;
    for (uint32_t layer = 0; layer < shape->layers; layer++) {
        const int seen = (int)gcn_layer_inputs(shape, layer);
        pass->blas->sgemm(CblasRowMajor, CblasNoTrans, CblasNoTrans, rows, 2 * width, seen, 1,
                          seen_by(pass, layer), seen, parameters + gcn_layer_weights(shape, layer),
                          2 * width, 0, both_of(pass, layer), 2 * width);
        convolve(pass, graph, layer, parameters + gcn_layer_bias(shape, layer));
        if (loss != NULL && loss->dropout > 0) drop_out(pass, layer, loss);
    }
    const float *readout = parameters + gcn_readout(shape);
    for (int i = 0; i < rows; i++)
        pass->margin[i] = readout[width];
    pass->blas->sgemv(CblasRowMajor, CblasNoTrans, rows, width, 1, out_of(pass, shape->layers - 1),
                      width, readout, 1, 1, pass->margin, 1);
}

void gcn_pass_forward(GcnPass *pass, const float *parameters, const GcnNodes *nodes,
                      const GcnRun *runs, size_t run_count, float *margins) {
    take_in(pass, nodes, runs, run_count);
    run_forward(pass, parameters, nodes->graph, NULL);
    for (size_t i = 0; i < pass->rows; i++)
        if (pass->own[i]) *margins++ = pass->margin[i];
}

/* ln(1 + exp(x)) without overflow. */
static double softplus(double x) {
    return x > 0 ? x + log1p(exp(-x)) : log1p(exp(x));
}

static double weight_of(const GcnLoss *loss, bool is_fraud) {
    return is_fraud ? (double)loss->fraud_weight : 1;
}

double gcn_loss_weight(const GcnNodes *nodes, const GcnRun *runs, size_t run_count,
                       const GcnLoss *loss) {
    double sum = 0;
    for (size_t r = 0; r < run_count; r++)
        for (uint32_t place = runs[r].from; place < runs[r].end; place++)
            sum += weight_of(loss, nodes->is_fraud[place]);
    return sum;
}

/* Turns the margins into the loss's gradient by them; returns the loss. */
static double judge(GcnPass *pass, const GcnNodes *nodes, const GcnLoss *loss) {
    double sum = 0;
    for (size_t i = 0; i < pass->rows; i++) {
        const bool is_fraud = nodes->is_fraud[pass->place[i]];
        const double margin = (double)pass->margin[i], weight = weight_of(loss, is_fraud);
        pass->margin[i] = 0;
        if (!pass->own[i]) continue;
        sum += weight * softplus(is_fraud ? -margin : margin);
        pass->margin[i] = (float)(weight * (1 / (1 + exp(-margin)) - is_fraud));
    }
    return sum;
}

/* From the read-out back to the last layer's outputs. */
static void readout_backward(GcnPass *pass, const float *readout, float *gradient) {
    const size_t width = pass->shape.width;
    const float *out = out_of(pass, pass->shape.layers - 1);
    pass->blas->sgemv(CblasRowMajor, CblasTrans, (int)pass->rows, (int)width, 1, out, (int)width,
                      pass->margin, 1, 1, gradient, 1);
    for (size_t i = 0; i < pass->rows; i++) {
        const float by_margin = pass->margin[i];
        gradient[width] += by_margin;
        for (size_t k = 0; k < width; k++)
            pass->gradient[i * width + k] = by_margin * readout[k];
    }
}

/* From the gradient of a layer's outputs to that of its z and skip, and of its bias. An output that
 * is 0 was below the bend of relu, or left out. */
static void convolve_backward(GcnPass *pass, const GcnGraph *graph, uint32_t layer, float scale,
                              float *bias_gradient) {
    const size_t width = pass->shape.width;
    const float *out = out_of(pass, layer);
    for (size_t i = 0; i < pass->rows; i++) {
        float *gradient = pass->gradient + i * width;
        float *z = pass->both_gradient + i * 2 * width, *skip = z + width;
        const float *edge = graph->edge + (size_t)pass->place[i] * graph->neighbours;
        const float self = graph->self[pass->place[i]];
        for (size_t k = 0; k < width; k++) {
            const float by_sum = out[i * width + k] > 0 ? gradient[k] * scale : 0;
            bias_gradient[k] += by_sum;
            skip[k] = by_sum;
            z[k] = self * by_sum;
        }
        for (uint32_t n = 0; n < pass->reach[i]; n++) {
            float *to = z - (n + 1) * 2 * width;
            const float weight = edge[n];
            for (size_t k = 0; k < width; k++)
                to[k] += weight * skip[k];
        }
    }
}

static void run_backward(GcnPass *pass, const float *parameters, const GcnGraph *graph,
                         const GcnLoss *loss, float *gradient) {
    const GcnShape *shape = &pass->shape;
    const int rows = (int)pass->rows, width = (int)shape->width;
    const float scale = 1 / (1 - loss->dropout);
    readout_backward(pass, parameters + gcn_readout(shape), gradient + gcn_readout(shape));
    for (uint32_t layer = shape->layers; layer-- > 0;) {
        const int seen = (int)gcn_layer_inputs(shape, layer);
        const size_t weights = gcn_layer_weights(shape, layer);
        convolve_backward(pass, graph, layer, scale, gradient + gcn_layer_bias(shape, layer));
        pass->blas->sgemm(CblasRowMajor, CblasTrans, CblasNoTrans, seen, 2 * width, rows, 1,
                          seen_by(pass, layer), seen, pass->both_gradient, 2 * width, 1,
                          gradient + weights, 2 * width);
        if (layer == 0) break;
        pass->blas->sgemm(CblasRowMajor, CblasNoTrans, CblasTrans, rows, width, 2 * width, 1,
                          pass->both_gradient, 2 * width, parameters + weights, 2 * width, 0,
                          pass->gradient, width);
    }
}

double gcn_pass_gradient(GcnPass *pass, const float *parameters, const GcnNodes *nodes,
                         const GcnRun *runs, size_t run_count, const GcnLoss *loss,
                         float *gradient) {
    take_in(pass, nodes, runs, run_count);
    run_forward(pass, parameters, nodes->graph, loss);
    const double sum = judge(pass, nodes, loss);
    run_backward(pass, parameters, nodes->graph, loss, gradient);
    return sum;
}
