#include "io/store_sweep.h"

/* The writer's wait at the end of a sweep is ten to thirty milliseconds however short the log was,
 * so sweeps are rare: one a few seconds at the highest load. A start after a crash reads the log
 * through, which takes part of a second. */
enum { SWEEP_PAGES = 262144 }; /* 256 MiB: a sweep is due */

typedef enum State { IDLE, DUE, SWEPT, ENDING } State;

struct Sweeper {
    sqlite3 *db;
    GThread *thread;
    GMutex lock;
    GCond changed;
    State state;
};

/* While one pass copies and flushes, the writer goes on. Each pass has less to do than the one
 * before, until what is left for the writer, who waits for it, is a commit or two. */
static void sweep(sqlite3 *db) {
    enum { PASSES = 8, FEW_PAGES = 256 };
    int logged, copied, before = 0;
    for (int pass = 0; pass < PASSES; pass++) {
        if (sqlite3_wal_checkpoint_v2(db, NULL, SQLITE_CHECKPOINT_PASSIVE, &logged, &copied) !=
                SQLITE_OK ||
            copied - before < FEW_PAGES)
            return;
        before = copied;
    }
}

/* A sweep that fails is tried again after the next commit; if the disk is broken, the writer's own
 * part of the work says so. */
static void *run(void *data) {
    Sweeper *sweeper = data;
    g_mutex_lock(&sweeper->lock);
    while (sweeper->state != ENDING) {
        if (sweeper->state != DUE) {
            g_cond_wait(&sweeper->changed, &sweeper->lock);
            continue;
        }
        g_mutex_unlock(&sweeper->lock);
        sweep(sweeper->db);
        g_mutex_lock(&sweeper->lock);
        if (sweeper->state == DUE) sweeper->state = SWEPT;
    }
    g_mutex_unlock(&sweeper->lock);
    return NULL;
}

Sweeper *sweeper_new(const Database *database, GError **error) {
    Database own = {.kind = database->kind, .path = database->path};
    if (sqlite3_open_v2(own.path, &own.db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, NULL) !=
            SQLITE_OK ||
        sqlite3_exec(own.db, "PRAGMA synchronous = FULL", NULL, NULL, NULL) != SQLITE_OK) {
        database_fail(&own, "open", error);
        sqlite3_close(own.db);
        return NULL;
    }
    Sweeper *sweeper = g_new0(Sweeper, 1);
    sweeper->db = own.db;
    g_mutex_init(&sweeper->lock);
    g_cond_init(&sweeper->changed);
    sweeper->thread = g_thread_new("sweeper", run, sweeper);
    return sweeper;
}

void sweeper_free(Sweeper *sweeper) {
    if (!sweeper) return;
    g_mutex_lock(&sweeper->lock);
    sweeper->state = ENDING;
    g_cond_signal(&sweeper->changed);
    g_mutex_unlock(&sweeper->lock);
    g_thread_join(sweeper->thread);
    sqlite3_close(sweeper->db);
    g_mutex_clear(&sweeper->lock);
    g_cond_clear(&sweeper->changed);
    g_free(sweeper);
}

bool sweeper_after_commit(Sweeper *sweeper, int pages) {
    g_mutex_lock(&sweeper->lock);
    bool swept = sweeper->state == SWEPT;
    if (swept) sweeper->state = IDLE;
    if (!swept && sweeper->state == IDLE && pages >= SWEEP_PAGES) {
        sweeper->state = DUE;
        g_cond_signal(&sweeper->changed);
    }
    g_mutex_unlock(&sweeper->lock);
    return swept;
}
