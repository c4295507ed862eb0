/* A worker beside the one that owns the service's state: a thread of its own takes its jobs from a
 * queue of its own, for what may wait for disks. It is always ready and takes no records. */
#pragma once

#include "serve/worker.h"

typedef struct SideWorker {
    Worker worker; /* first: it is handed out */
    JobQueue *queue;
} SideWorker;

/* At most `limit` jobs wait. */
void side_worker_init(SideWorker *side, size_t limit);

/* After its thread has ended. */
void side_worker_clear(SideWorker *side);
