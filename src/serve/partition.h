/* A partition: one engine, its log and the one thread that owns both. Jobs come through a bounded
 * queue; the thread takes all that wait, works on them in order, commits once for all of them, and
 * only then lets their replies go. So the more is waiting, the more one commit carries. */
#pragma once

#include "serve/champion.h"
#include "serve/hub.h"
#include "serve/meters.h"
#include "serve/shadow.h"
#include "serve/worker.h"

enum {
    BATCH_JOBS = 1024,           /* jobs in one batch */
    BATCH_RECORDS = 2048,        /* records in one batch, about */
    SLICE_RECORDS = 256,         /* records of one job in one batch */
    CHECKPOINT_SECONDS = 300,    /* at most this long after an event... */
    CHECKPOINT_EVENTS = 1000000, /* ...or this many of them */
};

typedef struct Partition Partition;

/* Opens the store in `dir`, recovers, and starts the thread. The others are borrowed and must
 * outlive the partition. */
Partition *partition_new(const char *dir, Champion *champion, Meters *meters, Hub *hub,
                         GError **error);

/* Makes the shadow's model the champion, and goes on with its state: from the next event on the
 * service is as if that model had decided from the first. Waits for it, which takes as long as a
 * checkpoint, and more where the shadow lags; on failure nothing has changed. The shadow follows no
 * more in either case, and stays the caller's. From one thread that is not the partition's. */
bool partition_promote(Partition *partition, Shadow *shadow, GError **error);

/* The partition as the HTTP API sees it; lives as long as it does. */
Worker *partition_worker(Partition *partition);

/* Works off what waits, commits, writes a checkpoint and ends the thread. False when the partition
 * had failed. */
bool partition_stop(Partition *partition, GError **error);

/* After partition_stop. Closes the store. */
void partition_free(Partition *partition);
