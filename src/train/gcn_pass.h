/* The forward and the backward pass of a network (model/gcn.h) over a part of its graph, on CBLAS.
 *
 * A pass works on some hundred nodes at a time, so that all that lies between its steps stays in
 * the processor's own memory. */
#pragma once

#include "model/gcn.h"
#include "train/blas.h"
#include "train/gcn_graph.h"

/* What the nodes are, by place in the graph. */
typedef struct GcnNodes {
    const GcnGraph *graph;
    const float *inputs;     /* graph->nodes * shape.inputs */
    const uint8_t *is_fraud; /* 0 or 1 */
} GcnNodes;

/* How the loss counts them: binary cross-entropy, each fraud counted `fraud_weight` times. */
typedef struct GcnLoss {
    float fraud_weight;
    float dropout; /* share of each layer's outputs that is left out, 0 for none */
    uint64_t seed; /* which ones */
} GcnLoss;

/* Room for passes of up to `rows` nodes; one thread at a time. `blas` is borrowed. */
typedef struct GcnPass GcnPass;
GcnPass *gcn_pass_new(const Blas *blas, const GcnShape *shape, size_t rows);
void gcn_pass_free(GcnPass *pass);

/* Margins of the runs' own nodes, from..end of each, one after the other, into `margins`. */
void gcn_pass_forward(GcnPass *pass, const float *parameters, const GcnNodes *nodes,
                      const GcnRun *runs, size_t run_count, float *margins);

/* The loss summed over them, and its gradient, added to
 * gradient[0..gcn_parameter_count). */
double gcn_pass_gradient(GcnPass *pass, const float *parameters, const GcnNodes *nodes,
                         const GcnRun *runs, size_t run_count, const GcnLoss *loss,
                         float *gradient);

/* Sum of their weights in the loss: what to divide loss and gradient by. */
double gcn_loss_weight(const GcnNodes *nodes, const GcnRun *runs, size_t run_count,
                       const GcnLoss *loss);
