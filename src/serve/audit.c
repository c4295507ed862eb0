#include "serve/audit.h"

#include "io/casebook.h"

typedef struct Waiting {
    char *parts[7];
    int64_t time;
} Waiting;

struct Audit {
    GThread *thread;

    GMutex writing; /* of the connection */
    Database database;
    AuditTrail *trail;

    GMutex lock; /* of what follows */
    GCond changed;
    GQueue waiting; /* Waiting * */
    uint64_t left_out;
    bool ending;
};

static Waiting *waiting_new(const AuditEntry *entry) {
    const char *const parts[] = {entry->by,   entry->role, entry->action, entry->subject,
                                 entry->from, entry->to,   entry->text};
    Waiting *waiting = g_new(Waiting, 1);
    for (size_t i = 0; i < G_N_ELEMENTS(parts); i++)
        waiting->parts[i] = g_strdup(parts[i]);
    waiting->time = g_get_real_time();
    return waiting;
}

static void waiting_free(Waiting *waiting) {
    for (size_t i = 0; i < G_N_ELEMENTS(waiting->parts); i++)
        g_free(waiting->parts[i]);
    g_free(waiting);
}

static AuditEntry entry_of(const Waiting *waiting) {
    char *const *parts = waiting->parts;
    return (AuditEntry){parts[0], parts[1], parts[2], parts[3], parts[4], parts[5], parts[6]};
}

/* Writing */

static bool write_entry(Audit *audit, const AuditEntry *entry, int64_t time, GError **error) {
    g_mutex_lock(&audit->writing);
    const bool ok = database_begin(&audit->database, true, error) &&
                    audit_trail_add(audit->trail, entry, time, error) &&
                    database_commit(&audit->database, error);
    if (!ok) database_rollback(&audit->database);
    g_mutex_unlock(&audit->writing);
    return ok;
}

bool audit_write(Audit *audit, const AuditEntry *entry, GError **error) {
    return !audit || write_entry(audit, entry, g_get_real_time(), error);
}

void audit_note(Audit *audit, const AuditEntry *entry) {
    if (!audit) return;
    g_mutex_lock(&audit->lock);
    if (audit->waiting.length < AUDIT_QUEUE_MAX)
        g_queue_push_tail(&audit->waiting, waiting_new(entry));
    else
        audit->left_out++;
    g_cond_signal(&audit->changed);
    g_mutex_unlock(&audit->lock);
}

/* The thread */

static void tell_failure(const GError *error) {
    g_printerr("an audit entry is lost: %s\n", error->message);
}

static void write_left_out(Audit *audit, uint64_t count) {
    g_autoptr(GError) error = NULL;
    g_autofree char *text = g_strdup_printf("%" G_GUINT64_FORMAT " entries were left out: too many "
                                            "came at once",
                                            count);
    const AuditEntry entry = {
        .by = "haechi", .role = "service", .action = "audit.left_out", .text = text};
    if (!write_entry(audit, &entry, g_get_real_time(), &error)) tell_failure(error);
}

static void write_waiting(Audit *audit, Waiting *waiting) {
    g_autoptr(GError) error = NULL;
    const AuditEntry entry = entry_of(waiting);
    if (!write_entry(audit, &entry, waiting->time, &error)) tell_failure(error);
    waiting_free(waiting);
}

static void *run(void *data) {
    Audit *audit = data;
    g_mutex_lock(&audit->lock);
    while (!audit->ending || audit->waiting.length > 0 || audit->left_out > 0) {
        Waiting *waiting = g_queue_pop_head(&audit->waiting);
        const uint64_t left_out = waiting ? 0 : audit->left_out;
        if (!waiting && left_out == 0) {
            g_cond_wait(&audit->changed, &audit->lock);
            continue;
        }
        audit->left_out -= left_out;
        g_mutex_unlock(&audit->lock);
        if (waiting) write_waiting(audit, waiting);
        if (left_out > 0) write_left_out(audit, left_out);
        g_mutex_lock(&audit->lock);
    }
    g_mutex_unlock(&audit->lock);
    return NULL;
}

/* Life */

Audit *audit_new(const char *dir, GError **error) {
    Audit *audit = g_new0(Audit, 1);
    g_mutex_init(&audit->writing);
    g_mutex_init(&audit->lock);
    g_cond_init(&audit->changed);
    if (!database_open(&audit->database, &casebook_kind, dir, error) ||
        !(audit->trail = audit_trail_new(&audit->database, error))) {
        audit_free(audit);
        return NULL;
    }
    audit->thread = g_thread_new("audit", run, audit);
    return audit;
}

void audit_free(Audit *audit) {
    if (!audit) return;
    g_mutex_lock(&audit->lock);
    audit->ending = true;
    g_cond_signal(&audit->changed);
    g_mutex_unlock(&audit->lock);
    if (audit->thread) g_thread_join(audit->thread);
    audit_trail_free(audit->trail);
    database_close(&audit->database);
    g_mutex_clear(&audit->writing);
    g_mutex_clear(&audit->lock);
    g_cond_clear(&audit->changed);
    g_free(audit);
}
