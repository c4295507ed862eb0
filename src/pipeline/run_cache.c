#include "pipeline/run_cache.h"

#include <string.h>

struct RunCache {
    char *data_dir;
    GPtrArray *runs;    /* Run *, the latest first */
    GHashTable *stamps; /* a run's id: RunStamp *, of its record as it was read */
};

RunCache *run_cache_new(const char *data_dir) {
    RunCache *cache = g_new0(RunCache, 1);
    cache->data_dir = g_strdup(data_dir);
    cache->runs = g_ptr_array_new_with_free_func((GDestroyNotify)run_free);
    cache->stamps = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
    return cache;
}

void run_cache_free(RunCache *cache) {
    if (!cache) return;
    g_ptr_array_unref(cache->runs);
    g_hash_table_unref(cache->stamps);
    g_free(cache->data_dir);
    g_free(cache);
}

static bool same(const RunStamp *a, const RunStamp *b) {
    return a->seconds == b->seconds && a->nanoseconds == b->nanoseconds && a->inode == b->inode;
}

/* Takes the run out of the cache if it has ended and is as it was; both lists are in order, and *at
 * goes on in the cache's. */
static Run *take_old(RunCache *cache, const char *id, const RunStamp *stamp, guint *at) {
    for (; *at < cache->runs->len; (*at)++) {
        Run *run = g_ptr_array_index(cache->runs, *at);
        const int order = run ? strcmp(run->id, id) : 1;
        if (order > 0) continue; /* a later one, which is no more */
        const RunStamp *known = order == 0 ? g_hash_table_lookup(cache->stamps, id) : NULL;
        if (!known || !same(known, stamp) || run->state <= RUN_RUNNING) return NULL;
        g_ptr_array_index(cache->runs, *at) = NULL;
        return run;
    }
    return NULL;
}

const GPtrArray *run_cache_look(RunCache *cache) {
    g_autoptr(GPtrArray) ids = runs_ids(cache->data_dir);
    GPtrArray *runs = g_ptr_array_new_with_free_func((GDestroyNotify)run_free);
    GHashTable *stamps = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
    guint at = 0;
    for (guint i = 0; i < ids->len && runs->len < RUNS_KEPT; i++) {
        const char *id = g_ptr_array_index(ids, i);
        const RunStamp stamp = run_stamp(cache->data_dir, id); /* before it is read */
        Run *run = take_old(cache, id, &stamp, &at);
        if (!run) run = run_open(cache->data_dir, id, NULL);
        if (!run) continue;
        g_ptr_array_add(runs, run);
        g_hash_table_insert(stamps, g_strdup(id), g_memdup2(&stamp, sizeof stamp));
    }
    g_ptr_array_unref(cache->runs);
    g_hash_table_unref(cache->stamps);
    cache->runs = runs;
    cache->stamps = stamps;
    return runs;
}
