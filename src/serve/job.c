#include "serve/job.h"

struct JobQueue {
    GMutex lock;
    GCond filled;
    JobList jobs;
    size_t limit;
    bool closed;
};

void job_list_push(JobList *list, Job *job) {
    job->next = NULL;
    if (list->tail)
        list->tail->next = job;
    else
        list->head = job;
    list->tail = job;
    list->length++;
}

Job *job_list_pop(JobList *list) {
    Job *job = list->head;
    if (!job) return NULL;
    list->head = job->next;
    if (!list->head) list->tail = NULL;
    list->length--;
    return job;
}

JobQueue *job_queue_new(size_t limit) {
    g_assert(limit > 0);
    JobQueue *queue = g_new0(JobQueue, 1);
    g_mutex_init(&queue->lock);
    g_cond_init(&queue->filled);
    queue->limit = limit;
    return queue;
}

void job_queue_free(JobQueue *queue) {
    if (!queue) return;
    g_assert(queue->jobs.length == 0);
    g_mutex_clear(&queue->lock);
    g_cond_clear(&queue->filled);
    g_free(queue);
}

bool job_queue_push(JobQueue *queue, Job *job) {
    g_mutex_lock(&queue->lock);
    bool room = !queue->closed && queue->jobs.length < queue->limit;
    if (room) {
        job_list_push(&queue->jobs, job);
        if (queue->jobs.length == 1) g_cond_signal(&queue->filled);
    }
    g_mutex_unlock(&queue->lock);
    return room;
}

bool job_queue_take(JobQueue *queue, JobList *out, size_t limit, int64_t wait_us) {
    int64_t until = g_get_monotonic_time() + wait_us;
    g_mutex_lock(&queue->lock);
    while (!queue->closed && queue->jobs.length == 0 && wait_us > 0)
        if (!g_cond_wait_until(&queue->filled, &queue->lock, until)) break;
    for (size_t taken = 0; taken < limit && queue->jobs.length > 0; taken++)
        job_list_push(out, job_list_pop(&queue->jobs));
    bool open = !queue->closed || out->length > 0;
    g_mutex_unlock(&queue->lock);
    return open;
}

void job_queue_close(JobQueue *queue) {
    g_mutex_lock(&queue->lock);
    queue->closed = true;
    g_cond_signal(&queue->filled);
    g_mutex_unlock(&queue->lock);
}

size_t job_queue_length(JobQueue *queue) {
    g_mutex_lock(&queue->lock);
    size_t length = queue->jobs.length;
    g_mutex_unlock(&queue->lock);
    return length;
}
