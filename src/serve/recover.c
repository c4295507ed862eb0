#include "serve/recover.h"

#include "io/data_folder.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

char *checkpoint_path(const char *dir) {
    return g_build_filename(dir, "checkpoint", NULL);
}

static bool remove_checkpoint(const char *dir, const char *path, GError **error) {
    int folder = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    bool ok = folder >= 0 && (unlink(path) == 0 || errno == ENOENT) && fsync(folder) == 0;
    if (!ok)
        g_set_error(error, DATA_FOLDER_ERROR, DATA_FOLDER_ERROR_UNUSABLE, "cannot remove %s: %s",
                    path, g_strerror(errno));
    if (folder >= 0) close(folder);
    return ok;
}

/* The old checkpoint goes before the new model is noted, so no crash can leave one under a wrong
 * name. */
bool checkpoint_match_model(const char *dir, Store *store, const Model *model, GError **error) {
    g_autofree char *path = checkpoint_path(dir);
    g_autofree char *noted = store_checkpoint_model(store, error);
    if (!noted) return false;
    if (strcmp(noted, model_version(model)) == 0) return true;
    if (*noted)
        g_printerr("the model changed from %s to %s: the checkpoint is of the former\n", noted,
                   model_version(model));
    return remove_checkpoint(dir, path, error) &&
           store_note_checkpoint_model(store, model_version(model), error);
}

/* An engine as of the checkpoint, or an empty one when there is none that can be used. */
static Engine *start_engine(const char *path, const Store *store, const Model *model) {
    Engine *engine = engine_new(model);
    if (access(path, F_OK) != 0) return engine;
    g_autoptr(GError) why = NULL;
    if (!engine_restore(engine, store_id(store), path, NULL, &why)) {
        g_printerr("%s: the whole log is folded again\n", why->message);
        return engine;
    }
    if (engine_position(engine) <= store_position(store)) return engine;
    g_printerr("%s is of a longer log than the store holds: the whole log is folded again\n", path);
    engine_free(engine);
    return engine_new(model);
}

typedef struct Refold {
    Engine *engine;
    const Model *model;
    uint64_t mismatches;
} Refold;

static bool same_bits(float a, float b) {
    return memcmp(&a, &b, sizeof a) == 0;
}

static bool refold_event(uint64_t seq, const LoggedEvent *logged, void *data) {
    Refold *refold = data;
    if (logged->event.kind == EVENT_LABEL) {
        engine_label(refold->engine, &logged->event.label);
    } else {
        float score = engine_transaction(refold->engine, &logged->event.transaction).score;
        if (str_equal(logged->model_version, str_from(model_version(refold->model))) &&
            !same_bits(score, logged->score)) {
            if (refold->mismatches++ == 0)
                g_printerr("WARNING: the score of event %" G_GUINT64_FORMAT
                           " came out differently at recovery\n",
                           seq);
        }
    }
    g_assert(engine_position(refold->engine) == seq);
    return true;
}

Engine *recover(const char *dir, Store *store, const Model *model, Meters *meters, GError **error) {
    int64_t start = g_get_monotonic_time();
    g_autofree char *path = checkpoint_path(dir);
    if (!checkpoint_match_model(dir, store, model, error)) return NULL;
    Refold refold = {.engine = start_engine(path, store, model), .model = model};
    uint64_t restored = engine_position(refold.engine);
    if (!store_replay(store, restored, refold_event, &refold, error)) {
        engine_free(refold.engine);
        return NULL;
    }
    int64_t us = g_get_monotonic_time() - start;
    uint64_t folded = engine_position(refold.engine) - restored;
    counter_set(&meters->checkpoint_position, restored);
    counter_set(&meters->recovered_events, folded);
    counter_set(&meters->recovery_mismatches, refold.mismatches);
    counter_set(&meters->recovery_us, (uint64_t)us);
    g_printerr("recovered %" G_GUINT64_FORMAT " events from the checkpoint and %" G_GUINT64_FORMAT
               " from the log in %.1f s; %" G_GUINT64_FORMAT " scores differ\n",
               restored, folded, (double)us / G_USEC_PER_SEC, refold.mismatches);
    return refold.engine;
}
