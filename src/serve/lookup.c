#include "serve/lookup.h"

#include <stdatomic.h>
#include <sys/resource.h>
#include <unistd.h>

enum { NICENESS = 10 }; /* of the thread: decisions go first where processors are few */

struct Lookup {
    LookupOptions options;
    char *name;
    char *folder; /* what it meant the last time; the thread's */
    GThread *thread;
    _Atomic bool stopping;
    GQuark failed_domain; /* how the last look failed; 0 where it did not. The thread's */
    int failed_code;

    GMutex lock; /* of what follows */
    GCond wake;
    char *fresh; /* not taken yet; NULL for none */
};

static void note_folder(Lookup *lookup, char *folder) {
    if (lookup->failed_domain) g_printerr("%s can be looked up again\n", lookup->name);
    lookup->failed_domain = 0;
    if (g_strcmp0(folder, lookup->folder) != 0) {
        g_mutex_lock(&lookup->lock);
        g_free(lookup->fresh);
        lookup->fresh = g_strdup(folder);
        g_mutex_unlock(&lookup->lock);
    }
    g_free(lookup->folder);
    lookup->folder = folder;
}

/* The same failure may be worded otherwise each time; its kind tells. */
static void note_failure(Lookup *lookup, const GError *error) {
    const bool known = error->domain == lookup->failed_domain && error->code == lookup->failed_code;
    lookup->failed_domain = error->domain;
    lookup->failed_code = error->code;
    if (!known && !atomic_load(&lookup->stopping))
        g_printerr("%s: the model stays as it is: %s\n", lookup->name, error->message);
}

static void look(Lookup *lookup) {
    g_autoptr(GError) error = NULL;
    char *folder = lookup->options.find(lookup->name, lookup->folder, &lookup->stopping, &error);
    if (folder)
        note_folder(lookup, folder);
    else
        note_failure(lookup, error);
}

static void wait_for_a_look(Lookup *lookup) {
    const int64_t until = g_get_monotonic_time() + lookup->options.seconds * G_TIME_SPAN_SECOND;
    g_mutex_lock(&lookup->lock);
    while (!atomic_load(&lookup->stopping) &&
           g_cond_wait_until(&lookup->wake, &lookup->lock, until))
        ;
    g_mutex_unlock(&lookup->lock);
}

static void *run(void *data) {
    Lookup *lookup = data;
    if (setpriority(PRIO_PROCESS, (id_t)gettid(), NICENESS) != 0)
        g_debug("the thread keeps its priority");
    wait_for_a_look(lookup);
    while (!atomic_load(&lookup->stopping)) {
        look(lookup);
        wait_for_a_look(lookup);
    }
    return NULL;
}

Lookup *lookup_new(const LookupOptions *options, const char *name, const char *folder) {
    g_assert(options->seconds > 0);
    Lookup *lookup = g_new0(Lookup, 1);
    lookup->options = *options;
    lookup->name = g_strdup(name);
    lookup->folder = g_strdup(folder);
    g_mutex_init(&lookup->lock);
    g_cond_init(&lookup->wake);
    lookup->thread = g_thread_new("lookup", run, lookup);
    return lookup;
}

void lookup_free(Lookup *lookup) {
    if (!lookup) return;
    g_mutex_lock(&lookup->lock);
    atomic_store(&lookup->stopping, true);
    g_cond_signal(&lookup->wake);
    g_mutex_unlock(&lookup->lock);
    g_thread_join(lookup->thread);
    g_mutex_clear(&lookup->lock);
    g_cond_clear(&lookup->wake);
    g_free(lookup->name);
    g_free(lookup->folder);
    g_free(lookup->fresh);
    g_free(lookup);
}

char *lookup_take(Lookup *lookup) {
    g_mutex_lock(&lookup->lock);
    char *fresh = g_steal_pointer(&lookup->fresh);
    g_mutex_unlock(&lookup->lock);
    return fresh;
}
