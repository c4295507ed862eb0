/* The graph convolutional network of train/gcn.h, on the transaction mix as it is. Its parameters
 * are the fields of GcnOptions: layers, width, neighbours, time_scale (seconds), epochs, patience,
 * batch, learning_rate, weight_decay, fraud_weight, dropout, seed; and nthread, by default one for
 * each processor. Which number of threads does not change the bytes that come out.
 *
 * Nodes are the labelled transactions: one without a label is no neighbour here, but it is one when
 * the network scores. Memory: 4 bytes an input (about twice as many as features), row. */
#pragma once

#include "train/trainer.h"

extern const Trainer train_gcn;
