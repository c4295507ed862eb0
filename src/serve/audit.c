#include "serve/audit.h"

#include "io/casebook.h"

struct Audit {
    SideWorker side; /* first: its worker is handed out */
    GThread *thread;
    Meters *meters;
    GMutex lock; /* of what follows: the connection */
    Database database;
    AuditTrail *trail;
};

/* Writing */

bool audit_write(Audit *audit, const AuditEntry *entry, GError **error) {
    if (!audit) return true;
    counter_add(&audit->meters->audit_waiting, 1);
    g_mutex_lock(&audit->lock);
    const bool ok = database_begin(&audit->database, true, error) &&
                    audit_trail_add(audit->trail, entry, g_get_real_time(), error) &&
                    database_commit(&audit->database, error);
    if (!ok) database_rollback(&audit->database);
    g_mutex_unlock(&audit->lock);
    counter_subtract(&audit->meters->audit_waiting, 1);
    return ok;
}

/* The thread */

static void work(Audit *audit, Job *job) {
    g_autoptr(GError) error = NULL;
    if (!audit_write(audit, job->audit_entry, &error)) {
        g_printerr("%s\n", error->message);
        reply_problem(&job->reply, 500, "the audit trail could not be written");
    }
    job->done(job);
}

static void *run(void *data) {
    Audit *audit = data;
    JobList jobs = {0};
    Job *job;
    while (job_queue_take(audit->side.queue, &jobs, 1, G_TIME_SPAN_SECOND))
        while ((job = job_list_pop(&jobs)))
            work(audit, job);
    return NULL;
}

/* Life */

Worker *audit_worker(Audit *audit) {
    return &audit->side.worker;
}

Audit *audit_new(const char *dir, Meters *meters, GError **error) {
    Audit *audit = g_new0(Audit, 1);
    audit->meters = meters;
    g_mutex_init(&audit->lock);
    side_worker_init(&audit->side, AUDIT_QUEUE_MAX);
    if (!database_open(&audit->database, &casebook_kind, dir, error) ||
        !(audit->trail = audit_trail_new(&audit->database, error))) {
        audit_free(audit);
        return NULL;
    }
    audit->thread = g_thread_new("audit", run, audit);
    return audit;
}

void audit_stop(Audit *audit) {
    if (!audit) return;
    job_queue_close(audit->side.queue);
    g_thread_join(audit->thread);
    audit->thread = NULL;
}

void audit_free(Audit *audit) {
    if (!audit) return;
    g_assert(!audit->thread);
    audit_trail_free(audit->trail);
    database_close(&audit->database);
    side_worker_clear(&audit->side);
    g_mutex_clear(&audit->lock);
    g_free(audit);
}
