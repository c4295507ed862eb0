/* Training a network (model/gcn.h) on labelled transactions: AdamW over batches of the graph, the
 * parameters averaged along the way, until the judging nodes' average precision no longer rises. */
#pragma once

#include "model/gcn.h"
#include "train/gcn_pass.h"
#include "train/matrix.h"

typedef struct GcnOptions {
    uint32_t layers, width, neighbours;
    float time_scale;          /* seconds */
    unsigned epochs, patience; /* at most so many; end after so many without a better one */
    unsigned batch;            /* nodes, about */
    float learning_rate, weight_decay;
    float fraud_weight; /* in the loss; margins are set right for it afterwards */
    float dropout;
    uint64_t seed;
    unsigned threads;
} GcnOptions;

extern const GcnOptions gcn_defaults;

typedef struct GcnEpoch {
    unsigned number;          /* from 1 */
    double loss;              /* mean of the training nodes, under drop-out */
    double average_precision; /* of the judging nodes; NaN without any */
    double seconds;           /* of its training, without the judging */
    bool best;                /* of all so far */
} GcnEpoch;

typedef struct GcnJob {
    const FeatureMatrix *matrix; /* rows in the order of the log */
    size_t train_rows;           /* the rows after the first train_rows judge */
    const char *const *names;    /* of the features */
    const uint32_t *cards;       /* each row's, a number of any kind */
    const int64_t *times;        /* each row's, seconds */
    const GcnInput *inputs;
    uint32_t input_count;
    const GcnOptions *options;
    void (*progress)(void *progress_data, const GcnEpoch *epoch); /* may be NULL */
    void *progress_data;
} GcnJob;

/* Returns the network of the best epoch, without judging rows of the last one, or NULL with *error
 * in one line where it ran away from all sense or OpenBLAS is not there; there are no more than
 * UINT32_MAX rows. The same job gives the same bits, whatever the number of threads, on one kind of
 * processor. Memory: 4 bytes an input and row, and 4 bytes a neighbour. */
Gcn *gcn_train(const GcnJob *job, GError **error);
