/* Puts labels among transactions: what a source knows of fraud when it gives a transaction becomes
 * an event of its own, a delay later in the data's time, as chargebacks come. A label comes just
 * before the first transaction whose time has reached its own; where times go backwards, the latest
 * time seen so far is what counts.
 *
 * For each transaction the source calls label_weave_arrive, then label_weave_next until it gives no
 * more labels, then label_weave_pass as it lets the transaction itself go. */
#pragma once

#include "io/label_queue.h"

typedef struct LabelWeave {
    LabelQueue *queue;
    int64_t delay;         /* seconds; negative: no labels */
    int64_t clock;         /* the latest time seen */
    bool holding;          /* a transaction has arrived and waits for the labels before it */
    uint64_t labels;       /* given */
    uint64_t out_of_order; /* transactions earlier than one before them */
} LabelWeave;

void label_weave_init(LabelWeave *weave, int64_t delay);
void label_weave_clear(LabelWeave *weave);

void label_weave_arrive(LabelWeave *weave, int64_t time);

/* The next label that is due; its strings live until the next call. False when none is left: the
 * transaction that holds may pass. */
bool label_weave_next(LabelWeave *weave, Label *out);

/* The same at the end of the log, where all are due. */
bool label_weave_rest(LabelWeave *weave, Label *out);

/* Keeps the transaction's label, if it has one, for later. False when LABEL_QUEUE_MAX wait. */
bool label_weave_pass(LabelWeave *weave, const Transaction *transaction);
