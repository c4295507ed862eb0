/* The catalogue of features: one row each, with the function that computes it from the graph as it
 * was before the transaction. Training, replay and serving fill their vectors here and nowhere
 * else. */
#pragma once

#include "graph/graph.h"
#include "record/transaction.h"

typedef struct FeatureInput FeatureInput;

typedef struct Feature {
    const char *name;
    const char *unit;
    const char *window;  /* "1h", "30d", "-" for none */
    const char *meaning; /* one English sentence */
    bool own;            /* reads the transaction alone: seen by the first-stage model */
    float (*value)(const FeatureInput *in, int argument); /* NaN for unknown */
    int argument;
} Feature;

size_t feature_count(void);
size_t feature_own_count(void); /* the features flagged `own`: the first ones of the catalogue */
const Feature *feature_at(size_t index); /* the catalogue's order is the vector's order */

/* SHA-256, in hex, of the catalogue's names, windows and order and of the category list. The caller
 * frees it. */
char *feature_hash(void);

/* Fills the entries of out[0..feature_count()) flagged `own`; the others become NaN. */
void feature_fill_own(const Transaction *transaction, float *out);

/* Fills the entries not flagged `own`. `card` and `merchant` must just have been advanced to
 * the transaction (graph_advance). `suspicion` is the first-stage probability of this transaction.
 */
void feature_fill_rest(const Graph *graph, const Transaction *transaction, CardId card,
                       MerchantId merchant, float suspicion, float *out);
