/* The progress of a partition: in what order the events of its logs were folded. Each log (the
 * transactions, the labels, what the others tell of merchants) has an order of its own; the order
 * among them is made when they are read, and has to be known to make the same state again. It is a
 * list of steps: fold the merchants' log up to an offset, then the labels', then the transactions'.
 * The steps of a batch are one message, in the same Kafka transaction as its decisions. */
#pragma once

#include "base/bytes.h"
#include "serve/kafka/topics.h"

typedef struct Step {
    int64_t next[LOG_COUNT]; /* offsets of the first event after the step */
    uint32_t scores;         /* CRC-32 of the scores' bits, of the step's decisions in order */
    uint32_t model;          /* CRC-32 of the version of the model that gave them */
} Step;

enum { STEPS_MAX = 4096 }; /* in one message */

void steps_write(GByteArray *out, const Step *steps, size_t count);

/* Reads a message into *out (Step), replacing what it held. False when the bytes do not hold
 * together. */
bool steps_read(Str message, GArray *out);
