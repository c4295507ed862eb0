/* The labels that a file holds already but that become known only later: each waits until its time
 * has come. Labels due at the same time come out in the order in which they went in. */
#pragma once

#include "record/transaction.h"

/* Labels waiting at once: at some 130 bytes each, 2 GiB. */
#define LABEL_QUEUE_MAX ((size_t)16 * 1024 * 1024)

typedef struct LabelQueue LabelQueue;

LabelQueue *label_queue_new(void);
void label_queue_free(LabelQueue *queue); /* NULL is allowed */

/* Keeps a copy of the transaction's label, due `delay` seconds after it; its is_fraud must be 0
 * or 1. False when LABEL_QUEUE_MAX are waiting. */
bool label_queue_push(LabelQueue *queue, const Transaction *transaction, int64_t delay);

size_t label_queue_count(const LabelQueue *queue);

/* Takes the earliest label out if it is due by `now`. Its strings live until the next pop. */
bool label_queue_pop(LabelQueue *queue, int64_t now, Label *out);
