/* Where a stream goes: a service over HTTP, the topics of a Kafka cluster. A sink is a struct of
 * functions, so that whoever sends knows none of them.
 *
 * Transactions and labels are given in the order in which they became known, and arrive in it: each
 * kind among itself, and a label that says fraud at its exact place among the transactions as far
 * as the other side has one order for both. A sink that cannot go on waits, and its sender with it:
 * nothing is dropped, and what it holds is bounded. */
#pragma once

#include "record/transaction.h"
#include <glib.h>

#define SINK_ERROR sink_error_quark()
GQuark sink_error_quark(void);
typedef enum SinkError {
    SINK_ERROR_ADDRESS, /* no address of this kind of sink */
    SINK_ERROR_REFUSED, /* the other side will not take this, however long one waits */
    SINK_ERROR_STOPPED, /* `go_on` said so while waiting */
} SinkError;

/* Who sends. Called from the sender's thread, within the sink's functions. */
typedef struct SinkCaller {
    bool (*go_on)(void *data);                    /* false: wait no longer */
    void (*waiting)(void *data, const char *why); /* once for each time the other side is away;
                                                     not where the sink itself tells it */
    void *data;
} SinkCaller;

/* Records of one kind. */
typedef struct SinkTotals {
    uint64_t sent;                     /* given to the other side, or on the way there */
    uint64_t delivered;                /* of the sent: known to be kept by the other side */
    uint64_t refused;                  /* of the sent: answered that they are not taken */
    uint64_t duplicates;               /* of the delivered: known there before */
    uint64_t approve, review, decline; /* decisions that were answered */
    uint64_t retries;                  /* times that something was sent again */
} SinkTotals;

/* Every error of these functions is one line that names the address, and ends the sink's use: only
 * `free` may follow it. */
typedef struct Sink Sink;
struct Sink {
    SinkCaller caller; /* to be set before `open` */
    bool decides;      /* transactions are answered with decisions */
    SinkTotals transactions, labels;

    /* Gets in touch, and finds out what would be refused in any case. */
    bool (*open)(Sink *sink, GError **error);
    /* Takes a record. `with_label`: with its is_fraud, where it is known. */
    bool (*transaction)(Sink *sink, const Transaction *transaction, bool with_label,
                        GError **error);
    bool (*label)(Sink *sink, const Label *label, GError **error);
    /* For pauses, and cheap: sends what has gathered and takes what came back. */
    bool (*flush)(Sink *sink, GError **error);
    /* Sends what is left and waits until it is delivered, but only a few seconds once the caller
     * does not go on: the totals tell what was not. So does any function before it fails with
     * SINK_ERROR_STOPPED. */
    bool (*close)(Sink *sink, GError **error);
    void (*free)(Sink *sink); /* drops what is left */
};

/* Fails with SINK_ERROR_STOPPED; returns false. */
bool sink_stopped(GError **error);
