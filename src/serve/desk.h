/* The analysts' desk: the queue of alerts, their cases, the card behind one, and the audit trail,
 * over HTTP (io/casebook.h keeps them). A worker with a thread of its own, as it waits for disks
 * and for labels, and neither the HTTP thread nor the folding one may. The same thread follows the
 * store's log, as a reader of the store: a new alert is in the queue a tick after its commit, and a
 * label that comes from elsewhere closes its case.
 *
 * A decision is written first, as case, audit entry and label to be sent, in one commit; then its
 * label is sent (label_sender.h), and the answer comes when it was taken. Where it is not taken for
 * LABEL_WAIT_MS the answer comes all the same and says so, and the label is sent as soon as may be,
 * after a restart too. */
#pragma once

#include "serve/desk_call.h"
#include "serve/hub.h"
#include "serve/kafka/topics.h"
#include "serve/side_worker.h"

enum {
    DESK_QUEUE_MAX = 256,        /* calls that wait */
    DESK_STEP_EVENTS = 16384,    /* of the log, followed in one commit... */
    DESK_STEP_MS = 1000,         /* ...or as many as in so long, or until somebody asks */
    DESK_FRESH_MS = 50,          /* of following, before an answer */
    DESK_LIST_MS = 5000,         /* of looking for alerts: meanwhile all others wait */
    DESK_ENTRIES_MAX = 500,      /* of an alert's history: the latest */
    DESK_CHANGES_SHOWN_MAX = 50, /* cases in one message of the live stream */
    LABEL_WAIT_MS = 3000,
    LABEL_RETRY_MS = 1000,
};

typedef struct Desk Desk;

typedef struct DeskOptions {
    const char *data_dir;
    Worker *worker;            /* takes labels... */
    const KafkaOptions *kafka; /* ...or, unless it is NULL, the topic of labels does */
    Meters *meters;
    Hub *hub;
} DeskOptions;

/* Opens the casebook beside the worker's store and starts the thread. All of `options` is borrowed.
 */
Desk *desk_new(const DeskOptions *options, GError **error);

/* The desk as the HTTP API sees it: it takes jobs of JOB_DESK. */
Worker *desk_worker(Desk *desk);

/* Answers what waits, takes no more and ends the thread; before the worker stops. NULL is allowed.
 */
void desk_stop(Desk *desk);

/* After desk_stop and after the worker has stopped. NULL is allowed. */
void desk_free(Desk *desk);
