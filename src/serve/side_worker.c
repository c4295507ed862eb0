#include "serve/side_worker.h"

static bool submit(Worker *worker, Job *job) {
    return job_queue_push(((SideWorker *)worker)->queue, job);
}

static size_t queue_depth(Worker *worker) {
    return job_queue_length(((SideWorker *)worker)->queue);
}

static const char *failure(Worker *worker) {
    (void)worker;
    return NULL;
}

static bool ready(Worker *worker) {
    (void)worker;
    return true;
}

void side_worker_init(SideWorker *side, size_t limit) {
    side->worker = (Worker){submit, queue_depth, failure, ready, false};
    side->queue = job_queue_new(limit);
}

void side_worker_clear(SideWorker *side) {
    job_queue_free(side->queue);
}
