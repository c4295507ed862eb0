#include "serve/models.h"

#include "base/json_write.h"
#include "model/model_folder.h"

#include <sys/stat.h>

enum {
    LOOK_MS = 500,   /* between two looks at the folders */
    CAUGHT_UP = 512, /* events that the partition may wait for at a change */
};

/* A folder, and which file its manifest was when it was last loaded. */
typedef struct Watched {
    char *dir; /* NULL for none */
    struct stat seen;
    Lookup *lookup; /* what says that it is another folder now; NULL for nothing */
} Watched;

static void watch(Watched *watched, const char *dir, const char *name,
                  const LookupOptions *lookup) {
    watched->dir = g_strdup(dir);
    if (name) watched->lookup = lookup_new(lookup, name, dir);
}

static void watched_clear(Watched *watched) {
    lookup_free(g_steal_pointer(&watched->lookup));
    g_clear_pointer(&watched->dir, g_free);
}

static void look_up(Watched *watched) {
    char *dir = watched->lookup ? lookup_take(watched->lookup) : NULL;
    if (!dir) return;
    g_free(watched->dir);
    watched->dir = dir;
}

struct Models {
    ModelsOptions options;
    Watched champion, challenger;
    Shadow *next; /* the champion to be; NULL for none */
    GThread *thread;
    _Atomic bool stopping;

    GMutex lock; /* of what follows */
    GCond wake;
    Shadow *shadow; /* the challenger; NULL for none */
};

static bool is_gone(const Watched *watched) {
    if (!watched->dir) return false;
    g_autofree char *manifest = g_build_filename(watched->dir, MODEL_MANIFEST_FILE, NULL);
    return !g_file_test(manifest, G_FILE_TEST_EXISTS);
}

/* Whether the folder holds something else than when this was last asked. */
static bool has_changed(Watched *watched) {
    struct stat now;
    if (!watched->dir) return false;
    g_autofree char *manifest = g_build_filename(watched->dir, MODEL_MANIFEST_FILE, NULL);
    if (stat(manifest, &now) != 0) return false;
    const struct stat *seen = &watched->seen;
    if (now.st_dev == seen->st_dev && now.st_ino == seen->st_ino &&
        now.st_mtim.tv_sec == seen->st_mtim.tv_sec && now.st_mtim.tv_nsec == seen->st_mtim.tv_nsec)
        return false;
    watched->seen = now;
    return true;
}

static Model *load(const Watched *watched) {
    g_autoptr(GError) error = NULL;
    Model *model = model_load(watched->dir, &error);
    if (!model) g_printerr("%s; the model before goes on\n", error->message);
    return model;
}

static bool is_version(const Model *model, const char *version) {
    return strcmp(model_version(model), version) == 0;
}

static char *champion_version(Models *models) {
    Model *champion = champion_get(models->options.champion);
    char *version = g_strdup(model_version(champion));
    model_free(champion);
    return version;
}

static Shadow *follow(Models *models, Model *model) {
    g_autoptr(GError) error = NULL;
    g_autofree char *version = champion_version(models);
    Shadow *shadow =
        shadow_new(models->options.data_dir, model, version, models->options.meters, &error);
    if (!shadow)
        g_printerr("model %s cannot follow the log: %s\n", model_version(model), error->message);
    return shadow;
}

static void tell_champion(const Model *model) {
    g_printerr("model %s %s is the champion\n", model_name(model), model_version(model));
}

/* The challenger */

static void set_challenger(Models *models, Shadow *shadow) {
    g_mutex_lock(&models->lock);
    Shadow *before = models->shadow;
    models->shadow = shadow;
    g_mutex_unlock(&models->lock);
    shadow_free(before);
}

/* It is compared with the champion that there is: with another one, from the beginning. */
static void challenge(Models *models) {
    Model *model = load(&models->challenger);
    if (!model) return;
    g_autofree char *version = champion_version(models);
    const bool is_champion = is_version(model, version);
    set_challenger(models, is_champion ? NULL : follow(models, model));
    if (!is_champion)
        g_printerr("model %s %s follows in the shadow\n", model_name(model), model_version(model));
    model_free(model);
}

/* Its folder, or the link to it, is there no more. */
static void dismiss_challenger(Models *models) {
    models->challenger.seen = (struct stat){0};
    set_challenger(models, NULL);
}

/* The challenger's shadow when it is of this model, which it then is no longer; else NULL. */
static Shadow *take_challenger(Models *models, const Model *model) {
    Shadow *taken = NULL;
    g_mutex_lock(&models->lock);
    if (models->shadow && is_version(shadow_model(models->shadow), model_version(model)))
        taken = g_steal_pointer(&models->shadow);
    g_mutex_unlock(&models->lock);
    return taken;
}

/* The champion */

/* Begins the change to what the champion's folder holds now. */
static void begin_change(Models *models) {
    Model *model = load(&models->champion);
    if (!model) return;
    g_autofree char *version = champion_version(models);
    shadow_free(g_steal_pointer(&models->next));
    if (is_version(model, version)) {
        model_free(model);
    } else if (models->options.member) {
        tell_champion(model);
        member_promote(models->options.member, model);
    } else {
        models->next = take_challenger(models, model);
        if (!models->next) models->next = follow(models, model);
        model_free(model);
    }
}

/* The log that a shadow lags behind grows all the time; a last small piece is folded while the
 * partition waits. */
static void end_change(Models *models) {
    g_autoptr(GError) error = NULL;
    const char *failure = shadow_failure(models->next);
    if (!failure && shadow_lag(models->next) > CAUGHT_UP) return;
    if (failure || !partition_promote(models->options.partition, models->next, &error))
        g_printerr("model %s did not become the champion: %s\n",
                   model_version(shadow_model(models->next)), failure ? failure : error->message);
    else
        tell_champion(shadow_model(models->next));
    shadow_free(g_steal_pointer(&models->next));
    if (!error && models->challenger.dir) challenge(models);
}

static void wait_for_a_look(Models *models) {
    const int64_t until = g_get_monotonic_time() + LOOK_MS * G_TIME_SPAN_MILLISECOND;
    g_mutex_lock(&models->lock);
    while (!atomic_load(&models->stopping) &&
           g_cond_wait_until(&models->wake, &models->lock, until))
        ;
    g_mutex_unlock(&models->lock);
}

static void *run(void *data) {
    Models *models = data;
    while (!atomic_load(&models->stopping)) {
        look_up(&models->champion);
        look_up(&models->challenger);
        if (has_changed(&models->champion)) begin_change(models);
        if (has_changed(&models->challenger)) challenge(models);
        if (is_gone(&models->challenger)) dismiss_challenger(models);
        if (models->next) end_change(models);
        wait_for_a_look(models);
    }
    return NULL;
}

/* Life */

Models *models_new(const ModelsOptions *options) {
    Models *models = g_new0(Models, 1);
    models->options = *options;
    watch(&models->champion, options->champion_dir, options->champion_name, &options->lookup);
    watch(&models->challenger, options->challenger_dir, options->challenger_name, &options->lookup);
    g_mutex_init(&models->lock);
    g_cond_init(&models->wake);
    models->thread = g_thread_new("models", run, models);
    return models;
}

void models_stop(Models *models) {
    if (!models) return;
    g_mutex_lock(&models->lock);
    atomic_store(&models->stopping, true);
    g_cond_signal(&models->wake);
    g_mutex_unlock(&models->lock);
    g_thread_join(models->thread);
    models->thread = NULL;
    shadow_free(g_steal_pointer(&models->next));
    set_challenger(models, NULL);
    watched_clear(&models->champion);
    watched_clear(&models->challenger);
}

void models_free(Models *models) {
    if (!models) return;
    g_assert(!models->thread);
    g_mutex_clear(&models->lock);
    g_cond_clear(&models->wake);
    g_free(models);
}

bool models_in_use(Models *models, const char *version) {
    Model *champion = champion_get(models->options.champion);
    bool used = is_version(champion, version);
    model_free(champion);
    g_mutex_lock(&models->lock);
    if (models->shadow) used |= is_version(shadow_model(models->shadow), version);
    g_mutex_unlock(&models->lock);
    return used;
}

static void write_model(GString *out, const char *role, const Model *model) {
    g_string_append_printf(out, "\"%s\":{\"name\":", role);
    json_write_str(out, str_from(model_name(model)));
    g_string_append(out, ",\"version\":");
    json_write_str(out, str_from(model_version(model)));
    g_string_append(out, "},");
}

bool models_write_live(Models *models, GString *out) {
    g_mutex_lock(&models->lock);
    Shadow *shadow = models->shadow;
    if (shadow) {
        Model *champion = champion_get(models->options.champion);
        const ComparisonTotals totals = shadow_totals(shadow);
        g_string_append_c(out, '{');
        write_model(out, "champion", champion);
        write_model(out, "challenger", shadow_model(shadow));
        g_string_append_printf(
            out, "\"lag_events\":%" G_GUINT64_FORMAT ",\"comparison\":", shadow_lag(shadow));
        comparison_write(&totals, out);
        g_string_append_c(out, '}');
        model_free(champion);
    }
    g_mutex_unlock(&models->lock);
    return shadow != NULL;
}
