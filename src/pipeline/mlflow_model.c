#include "pipeline/mlflow_model.h"

#include "io/mlflow.h"
#include "model/model.h"
#include "model/model_folder.h"
#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <string.h>
#include <sys/stat.h>

#define SCHEME      "mlflow:"
#define FRESH       ".fresh-"
#define NAMES       "names"
#define ADDRESS_HEX 16
#define KEY_MAX     (MLFLOW_ID_MAX + 1)

/* What the text names, and where its cache is. */
typedef struct Wanted {
    const char *text;
    char *name, *alias, *version; /* alias or version, the other is NULL */
    char *cache;                  /* of this server */
    const char *before;           /* its folder the last time, loaded already; NULL for none */
    char *note_file;              /* holds the key of the folder that it meant the last time */
} Wanted;

static void wanted_clear(Wanted *w) {
    g_free(w->name);
    g_free(w->alias);
    g_free(w->version);
    g_free(w->cache);
    g_free(w->note_file);
}

static bool fail(GError **error, MlflowError code, const char *text, const char *why) {
    g_set_error(error, MLFLOW_ERROR, (int)code, "%s: %s", text, why);
    return false;
}

static bool is_number(const char *text) {
    return *text && strspn(text, "0123456789") == strlen(text) && strlen(text) <= 18;
}

static bool read_text(Wanted *w, const char *text, GError **error) {
    const char *rest = text + strlen(SCHEME), *mark = strpbrk(rest, "@/");
    *w = (Wanted){.text = text};
    if (mark && model_name_valid((Str){rest, (size_t)(mark - rest)}) &&
        (*mark == '@' ? model_name_valid(str_from(mark + 1)) : is_number(mark + 1))) {
        w->name = g_strndup(rest, (size_t)(mark - rest));
        *(*mark == '@' ? &w->alias : &w->version) = g_strdup(mark + 1);
        return true;
    }
    return fail(error, MLFLOW_ERROR_SETTING, text,
                "a model in MLflow is mlflow:NAME@ALIAS or mlflow:NAME/VERSION");
}

static bool place(Wanted *w, const Mlflow *mlflow, GError **error) {
    g_autofree char *hash =
        g_compute_checksum_for_string(G_CHECKSUM_SHA256, mlflow_address(mlflow), -1);
    hash[ADDRESS_HEX] = '\0';
    w->cache = g_build_filename(g_get_user_cache_dir(), "haechi", "mlflow", hash, NULL);
    g_autofree char *names = g_build_filename(w->cache, NAMES, NULL);
    g_autofree char *name = g_strconcat(w->name, w->alias ? "@" : "=", /* no alias has a '=' */
                                        w->alias ? w->alias : w->version, NULL);
    w->note_file = g_build_filename(names, name, NULL);
    if (g_mkdir_with_parents(names, 0700) == 0) return true;
    return fail(error, MLFLOW_ERROR_FILE, w->cache, g_strerror(errno));
}

/* The cache */

static bool key_is_well(const char *key) {
    const size_t len = strlen(key);
    for (size_t i = 0; i < len; i++)
        if (!g_ascii_isalnum(key[i]) && !strchr("_-.", key[i])) return false;
    return len > 0 && *key != '.';
}

/* The folder of the key, if it is there and whole: looked into, unless that was done already. It is
 * in use, so it is not the oldest any more. */
static char *cached(const Wanted *w, const char *key) {
    g_autofree char *folder = g_build_filename(w->cache, key, NULL);
    if (!key_is_well(key) || !g_file_test(folder, G_FILE_TEST_IS_DIR)) return NULL;
    bool whole = g_strcmp0(folder, w->before) == 0;
    if (!whole) {
        Model *model = model_load(folder, NULL);
        whole = model != NULL;
        model_free(model);
    }
    if (whole && utimensat(AT_FDCWD, folder, NULL, 0) != 0) g_debug("%s: its time stays", folder);
    return whole ? g_steal_pointer(&folder) : NULL;
}

static void remove_folder(const char *folder) {
    GDir *entries = g_dir_open(folder, 0, NULL);
    for (const char *name; entries && (name = g_dir_read_name(entries)) != NULL;) {
        g_autofree char *path = g_build_filename(folder, name, NULL);
        g_unlink(path);
    }
    if (entries) g_dir_close(entries);
    g_rmdir(folder);
}

typedef struct Kept {
    char *path;
    time_t time;
} Kept;

static void kept_clear(void *data) {
    g_free(((Kept *)data)->path);
}

static int oldest_first(gconstpointer a, gconstpointer b) {
    const time_t one = ((const Kept *)a)->time, two = ((const Kept *)b)->time;
    return (one > two) - (one < two);
}

static void drop_oldest(const Wanted *w) {
    g_autoptr(GArray) all = g_array_new(FALSE, FALSE, sizeof(Kept));
    g_array_set_clear_func(all, kept_clear);
    GDir *entries = g_dir_open(w->cache, 0, NULL);
    for (const char *name; entries && (name = g_dir_read_name(entries)) != NULL;) {
        struct stat st;
        g_autofree char *path = g_build_filename(w->cache, name, NULL);
        if (strcmp(name, NAMES) == 0 || lstat(path, &st) != 0) continue;
        const Kept kept = {g_steal_pointer(&path), st.st_mtime};
        g_array_append_val(all, kept);
    }
    if (entries) g_dir_close(entries);
    g_array_sort(all, oldest_first);
    for (guint i = 0; i + MLFLOW_MODEL_CACHE_MAX < all->len; i++)
        remove_folder(g_array_index(all, Kept, i).path);
}

/* What it meant the last time, where the server cannot be asked. */
static char *remembered(const Wanted *w) {
    g_autofree char *key = NULL;
    gsize len;
    if (!g_file_get_contents(w->note_file, &key, &len, NULL) || len > KEY_MAX) return NULL;
    g_strchomp(key);
    return cached(w, key);
}

/* Getting */

static bool get_files(Mlflow *mlflow, const char *from, const char *to, GError **error) {
    g_autoptr(GPtrArray) files = mlflow_files(mlflow, from, error);
    for (guint i = 0; files && i < files->len; i++) {
        const MlflowFile *file = g_ptr_array_index(files, i);
        g_autofree char *path = g_build_filename(to, file->name, NULL);
        if (!file->is_folder && !mlflow_get(mlflow, from, file->name, path, error)) return false;
    }
    return files != NULL;
}

static bool check(const Wanted *w, const char *folder, GError **error) {
    Model *model = model_load(folder, error);
    model_free(model);
    if (!model) g_prefix_error(error, "%s cannot be used: ", w->text);
    return model != NULL;
}

/* Downloads into a folder beside its place, which it is moved to whole and checked. */
static char *download(const Wanted *w, Mlflow *mlflow, const char *version, const char *key,
                      GError **error) {
    g_autofree char *from = mlflow_version_folder(mlflow, w->name, version, error);
    g_autofree char *fresh = g_build_filename(w->cache, FRESH "XXXXXX", NULL);
    g_autofree char *folder = g_build_filename(w->cache, key, NULL);
    if (!from) return NULL;
    if (!g_mkdtemp(fresh)) {
        fail(error, MLFLOW_ERROR_FILE, fresh, g_strerror(errno));
        return NULL;
    }
    if (get_files(mlflow, from, fresh, error) && check(w, fresh, error)) {
        remove_folder(folder); /* damaged, or it would have been taken */
        /* Another process may have put the same there just now. */
        if (g_rename(fresh, folder) == 0 || errno == ENOTEMPTY || errno == EEXIST) {
            remove_folder(fresh);
            drop_oldest(w);
            return g_steal_pointer(&folder);
        }
        fail(error, MLFLOW_ERROR_FILE, folder, g_strerror(errno));
    }
    remove_folder(fresh);
    return NULL;
}

static char *find(const Wanted *w, Mlflow *mlflow, GError **error) {
    MlflowVersion version;
    const bool found = w->alias
                           ? mlflow_version_by_alias(mlflow, w->name, w->alias, &version, error)
                           : mlflow_version_get(mlflow, w->name, w->version, &version, error);
    if (!found) return NULL;
    g_autofree char *key =
        version.run ? g_strdup(version.run) : g_strdup_printf("%s-%s", w->name, version.version);
    char *folder = cached(w, key);
    if (!folder) folder = download(w, mlflow, version.version, key, error);
    if (folder) g_file_set_contents(w->note_file, key, -1, NULL);
    mlflow_version_clear(&version);
    return folder;
}

static char *find_or_remember(const Wanted *w, Mlflow *mlflow, char **note, GError **error) {
    GError *cause = NULL;
    char *folder = find(w, mlflow, &cause);
    if (!folder && g_error_matches(cause, MLFLOW_ERROR, MLFLOW_ERROR_AWAY) &&
        (folder = remembered(w))) {
        *note = g_strdup_printf("%s: the version it meant the last time is used: %s", w->text,
                                cause->message);
        g_error_free(cause);
    } else if (!folder) {
        g_propagate_error(error, cause);
    }
    return folder;
}

/* What there is to get a model with; the caller frees the client, and clears `wanted` in any case.
 */
static Mlflow *begin(Wanted *wanted, const char *text, const _Atomic bool *stop, GError **error) {
    MlflowOptions options;
    *wanted = (Wanted){.text = text};
    if (!mlflow_options_read(&options, error) || !read_text(wanted, text, error)) return NULL;
    options.deadline = g_get_monotonic_time() + (int64_t)MLFLOW_MODEL_SECONDS * G_TIME_SPAN_SECOND;
    options.stop = stop;
    if (!options.uri) {
        fail(error, MLFLOW_ERROR_SETTING, text, "MLFLOW_TRACKING_URI, where it is, is not set");
        return NULL;
    }
    g_autoptr(Mlflow) mlflow = mlflow_new(&options, error);
    return mlflow && place(wanted, mlflow, error) ? g_steal_pointer(&mlflow) : NULL;
}

char *mlflow_model_folder(const char *text, char **note, GError **error) {
    *note = NULL;
    if (!g_str_has_prefix(text, SCHEME)) return g_strdup(text);
    Wanted wanted;
    g_autoptr(Mlflow) mlflow = begin(&wanted, text, NULL, error);
    char *folder = mlflow ? find_or_remember(&wanted, mlflow, note, error) : NULL;
    wanted_clear(&wanted);
    return folder;
}

bool mlflow_model_may_change(const char *text) {
    return g_str_has_prefix(text, SCHEME) && strchr(text, '@');
}

char *mlflow_model_again(const char *text, const char *before, const _Atomic bool *stop,
                         GError **error) {
    Wanted wanted;
    g_autoptr(Mlflow) mlflow = begin(&wanted, text, stop, error);
    wanted.before = before;
    char *folder = mlflow ? find(&wanted, mlflow, error) : NULL;
    wanted_clear(&wanted);
    return folder;
}
