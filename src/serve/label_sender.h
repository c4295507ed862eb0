/* Where the labels go that analysts decide: the way that all labels go. Over HTTP that is the
 * worker, as of POST /v1/labels; between Kafka topics it is the topic of labels, from where the
 * label comes back to whoever has the card's partition; a thread waits there for brokers that are
 * away. Used by one thread, one label at a time. */
#pragma once

#include "record/transaction.h"
#include "serve/kafka/topics.h"
#include "serve/worker.h"

typedef enum LabelSent {
    LABEL_TAKEN,   /* it is in the log, or in the topic */
    LABEL_KNOWN,   /* the log says the same already */
    LABEL_WAITS,   /* not yet: to be sent again, after a while */
    LABEL_REFUSED, /* it never will be; told on standard error */
} LabelSent;

typedef struct LabelSender LabelSender;

/* Both are borrowed; `kafka` is NULL where labels go to the worker. */
LabelSender *label_sender_new(Worker *worker, const KafkaOptions *kafka);

/* After the worker has stopped: it may still have a label. What was not taken is dropped. NULL is
 * allowed. */
void label_sender_free(LabelSender *sender);

/* Sends the label, and waits for up to `wait_ms` until it is taken. One that was sent before and
 * waits is not sent twice, and no other is sent before it is through. */
LabelSent label_sender_send(LabelSender *sender, const Label *label, int64_t wait_ms);
