#include "serve/shadow.h"

#include "io/store.h"
#include "serve/hub.h"

#include <sys/resource.h>
#include <unistd.h>

enum {
    NICENESS = 10,     /* of the thread: decisions go first where processors are few */
    STEP_EVENTS = 512, /* between two looks at whether to stop; some milliseconds */
};

struct Shadow {
    Model *model;
    char *champion_version;
    const Meters *meters;
    Store *store; /* a reader */
    Engine *engine;
    GThread *thread;
    _Atomic bool stopping;
    _Atomic uint64_t position;

    GMutex lock; /* of what follows */
    GCond wake;
    Comparison *comparison;
    GError *failure;
};

/* Events of one step. */
typedef struct Step {
    Shadow *shadow;
    size_t left;
    uint64_t until;
} Step;

static void follow_transaction(Shadow *shadow, const LoggedEvent *logged) {
    const Transaction *transaction = &logged->event.transaction;
    const Decision decision = engine_transaction(shadow->engine, transaction);
    if (!str_equal(logged->model_version, str_from(shadow->champion_version))) return;
    comparison_add(shadow->comparison, transaction->trans_num,
                   (ScoredBy){logged->score, logged->verdict},
                   (ScoredBy){decision.score, decision.verdict});
}

static bool follow(uint64_t seq, const LoggedEvent *logged, void *data) {
    Step *step = data;
    Shadow *shadow = step->shadow;
    if (logged->event.kind == EVENT_LABEL) {
        engine_label(shadow->engine, &logged->event.label);
        comparison_label(shadow->comparison, logged->event.label.trans_num,
                         logged->event.label.is_fraud);
    } else {
        follow_transaction(shadow, logged);
    }
    atomic_store(&shadow->position, seq);
    return --step->left > 0 && seq < step->until;
}

/* Folds what is new, a step at most. */
static bool advance(Shadow *shadow, uint64_t until, GError **error) {
    Step step = {.shadow = shadow, .left = STEP_EVENTS, .until = until};
    g_mutex_lock(&shadow->lock);
    const bool ok =
        store_replay(shadow->store, atomic_load(&shadow->position), follow, &step, error);
    g_mutex_unlock(&shadow->lock);
    return ok;
}

/* Until something may be new or the end has come. */
static void wait_for_more(Shadow *shadow) {
    const int64_t until = g_get_monotonic_time() + TICK_MS * G_TIME_SPAN_MILLISECOND;
    g_mutex_lock(&shadow->lock);
    while (!atomic_load(&shadow->stopping) &&
           g_cond_wait_until(&shadow->wake, &shadow->lock, until))
        ;
    g_mutex_unlock(&shadow->lock);
}

static void fail(Shadow *shadow, GError *error) {
    g_printerr("model %s no longer follows the log: %s\n", model_version(shadow->model),
               error->message);
    g_mutex_lock(&shadow->lock);
    shadow->failure = error;
    g_mutex_unlock(&shadow->lock);
}

static void *run(void *data) {
    Shadow *shadow = data;
    if (setpriority(PRIO_PROCESS, (id_t)gettid(), NICENESS) != 0)
        g_debug("the thread keeps its priority");
    while (!atomic_load(&shadow->stopping)) {
        GError *error = NULL;
        if (!advance(shadow, UINT64_MAX, &error)) {
            fail(shadow, error);
            return NULL;
        }
        if (shadow_lag(shadow) == 0) wait_for_more(shadow);
    }
    return NULL;
}

static void stop(Shadow *shadow) {
    g_mutex_lock(&shadow->lock);
    atomic_store(&shadow->stopping, true);
    g_cond_signal(&shadow->wake);
    g_mutex_unlock(&shadow->lock);
    if (shadow->thread) g_thread_join(shadow->thread);
    shadow->thread = NULL;
}

Shadow *shadow_new(const char *dir, Model *model, const char *champion_version,
                   const Meters *meters, GError **error) {
    Store *store = store_open_reader(dir, error);
    if (!store) return NULL;
    Shadow *shadow = g_new0(Shadow, 1);
    shadow->model = model_ref(model);
    shadow->champion_version = g_strdup(champion_version);
    shadow->meters = meters;
    shadow->store = store;
    shadow->engine = engine_new(model);
    shadow->comparison = comparison_new();
    g_mutex_init(&shadow->lock);
    g_cond_init(&shadow->wake);
    shadow->thread = g_thread_new("shadow", run, shadow);
    return shadow;
}

void shadow_free(Shadow *shadow) {
    if (!shadow) return;
    stop(shadow);
    engine_free(shadow->engine);
    comparison_free(shadow->comparison);
    store_close(shadow->store);
    model_free(shadow->model);
    g_clear_error(&shadow->failure);
    g_mutex_clear(&shadow->lock);
    g_cond_clear(&shadow->wake);
    g_free(shadow->champion_version);
    g_free(shadow);
}

Model *shadow_model(const Shadow *shadow) {
    return shadow->model;
}

uint64_t shadow_lag(const Shadow *shadow) {
    const uint64_t position = counter_get(&shadow->meters->position);
    const uint64_t at = atomic_load(&shadow->position);
    return position > at ? position - at : 0;
}

const char *shadow_failure(Shadow *shadow) {
    g_mutex_lock(&shadow->lock);
    const char *failure = shadow->failure ? shadow->failure->message : NULL;
    g_mutex_unlock(&shadow->lock);
    return failure;
}

ComparisonTotals shadow_totals(Shadow *shadow) {
    g_mutex_lock(&shadow->lock);
    const ComparisonTotals totals = *comparison_totals(shadow->comparison);
    g_mutex_unlock(&shadow->lock);
    return totals;
}

Engine *shadow_take_over(Shadow *shadow, uint64_t position, GError **error) {
    stop(shadow);
    if (shadow->failure) {
        g_propagate_error(error, g_error_copy(shadow->failure));
        return NULL;
    }
    while (atomic_load(&shadow->position) < position) {
        const uint64_t before = atomic_load(&shadow->position);
        if (!advance(shadow, position, error)) return NULL;
        g_assert(atomic_load(&shadow->position) > before);
    }
    g_assert(engine_position(shadow->engine) == position);
    return g_steal_pointer(&shadow->engine);
}
