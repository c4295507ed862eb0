/* Whoever owns the state of the service, as the HTTP API sees it: takes jobs in, and says how many
 * wait and whether it gave up. A partition is one; a member of a Kafka group is the other. */
#pragma once

#include "serve/job.h"

enum { QUEUE_MAX = 4096 }; /* jobs that wait */

typedef struct Worker Worker;
struct Worker {
    /* Hands a job in; job->done is called on the worker's thread. False when the queue is full or
     * the worker is stopping: the job was not taken. */
    bool (*submit)(Worker *worker, Job *job);
    size_t (*queue_depth)(Worker *worker);

    /* The message of the failure that ended it, or NULL while all is well. Nothing that was
     * answered before it is lost. */
    const char *(*failure)(Worker *worker);

    /* Whether it can answer now. */
    bool (*ready)(Worker *worker);

    bool takes_records; /* transactions and labels, over HTTP */
};
