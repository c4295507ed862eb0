/* The queue is bounded, keeps its order, and lets go of nothing when it is closed. */
#include "serve/job.h"

static void test_bounded(void) {
    Job jobs[4] = {0};
    JobQueue *queue = job_queue_new(3);
    for (int i = 0; i < 3; i++)
        g_assert_true(job_queue_push(queue, &jobs[i]));
    g_assert_false(job_queue_push(queue, &jobs[3]));
    g_assert_cmpuint(job_queue_length(queue), ==, 3);
    JobList taken = {0};
    g_assert_true(job_queue_take(queue, &taken, 2, 0));
    g_assert_true(job_queue_push(queue, &jobs[3]));
    g_assert_true(job_queue_take(queue, &taken, 10, 0));
    for (int i = 0; i < 4; i++)
        g_assert_true(job_list_pop(&taken) == &jobs[i]);
    g_assert_null(job_list_pop(&taken));
    job_queue_free(queue);
}

static void test_closed(void) {
    Job jobs[2] = {0};
    JobQueue *queue = job_queue_new(3);
    JobList taken = {0};
    g_assert_true(job_queue_push(queue, &jobs[0]));
    job_queue_close(queue);
    g_assert_false(job_queue_push(queue, &jobs[1]));
    g_assert_true(job_queue_take(queue, &taken, 10, G_TIME_SPAN_DAY));
    g_assert_true(job_list_pop(&taken) == &jobs[0]);
    g_assert_false(job_queue_take(queue, &taken, 10, G_TIME_SPAN_DAY));
    job_queue_free(queue);
}

enum { PUSHED = 20000 };

static void *push_all(void *data) {
    JobQueue *queue = data;
    Job *jobs = g_new0(Job, PUSHED);
    for (guint i = 0; i < PUSHED; i++) {
        jobs[i].line = i;
        while (!job_queue_push(queue, &jobs[i]))
            g_thread_yield();
    }
    job_queue_close(queue);
    return jobs;
}

/* Across threads every job arrives once and in order, however full the queue is. */
static void test_threads(void) {
    JobQueue *queue = job_queue_new(16);
    GThread *thread = g_thread_new("push", push_all, queue);
    JobList taken = {0};
    guint next = 0;
    while (job_queue_take(queue, &taken, 7, G_TIME_SPAN_MINUTE)) {
        Job *job;
        while ((job = job_list_pop(&taken)))
            g_assert_cmpuint(job->line, ==, next++);
    }
    g_assert_cmpuint(next, ==, PUSHED);
    g_free(g_thread_join(thread));
    job_queue_free(queue);
}

int main(int argc, char **argv) {
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/job/bounded", test_bounded);
    g_test_add_func("/job/closed", test_closed);
    g_test_add_func("/job/threads", test_threads);
    return g_test_run();
}
