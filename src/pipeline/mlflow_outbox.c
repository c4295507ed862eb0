#include "pipeline/mlflow_outbox.h"

#include "base/json_write.h"
#include "model/model_folder.h"
#include "pipeline/mlflow_record.h"
#include <errno.h>
#include <fcntl.h>
#include <gio/gio.h>
#include <glib/gstdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

/* An entry is the folder VERSION@NAME: a version begins with its time, so that entries in order of
 * their names are in that of their training. Beside the model's files it holds a hidden one, with
 * what the folder does not say. */
#define ENTRY_FILE      ".record.json"
#define FRESH           ".fresh-"
#define LOCK            ".lock"
#define EXPERIMENT      "haechi"
#define LOCK_WAIT_US    100000
#define FRESH_SECONDS   86400 /* after which one that was not put in place never will be */
#define ENTRY_BYTES_MAX 65536

char *mlflow_outbox_folder(void) {
    return g_build_filename(g_get_user_state_dir(), "haechi", "mlflow", NULL);
}

static bool fail(const char *path, const char *doing, GError **error) {
    const int number = errno;
    g_set_error(error, MLFLOW_ERROR, MLFLOW_ERROR_FILE, "%s: cannot %s: %s", path, doing,
                g_strerror(number));
    return false;
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

/* Entries */

static bool is_entry(const char *name) {
    const char *at = strchr(name, '@');
    return at && model_name_valid((Str){name, (size_t)(at - name)}) &&
           model_name_valid(str_from(at + 1));
}

static int by_name(gconstpointer a, gconstpointer b) {
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* Their names, oldest first. */
static GPtrArray *list_entries(const char *outbox) {
    GPtrArray *names = g_ptr_array_new_with_free_func(g_free);
    GDir *entries = g_dir_open(outbox, 0, NULL);
    for (const char *name; entries && (name = g_dir_read_name(entries)) != NULL;)
        if (is_entry(name)) g_ptr_array_add(names, g_strdup(name));
    if (entries) g_dir_close(entries);
    g_ptr_array_sort(names, by_name);
    return names;
}

/* What a process that died left. */
static void sweep(const char *outbox) {
    const time_t now = time(NULL);
    GDir *entries = g_dir_open(outbox, 0, NULL);
    for (const char *name; entries && (name = g_dir_read_name(entries)) != NULL;) {
        g_autofree char *path = g_build_filename(outbox, name, NULL);
        struct stat st;
        if (g_str_has_prefix(name, FRESH) && lstat(path, &st) == 0 &&
            now - st.st_mtime > FRESH_SECONDS)
            remove_folder(path);
    }
    if (entries) g_dir_close(entries);
}

/* Adding */

/* A link costs nothing; over the border of a file system it is a copy. Files of a model's folder
 * are replaced and never written to. */
static bool keep_file(const char *from, const char *to, GError **error) {
    if (link(from, to) == 0) return true;
    g_autoptr(GFile) source = g_file_new_for_path(from);
    g_autoptr(GFile) target = g_file_new_for_path(to);
    return g_file_copy(source, target, G_FILE_COPY_NONE, NULL, NULL, NULL, error);
}

static bool keep_files(const char *dir, const char *entry, GError **error) {
    g_autoptr(GPtrArray) files = mlflow_record_files(dir, error);
    for (guint i = 0; files && i < files->len; i++) {
        const char *name = g_ptr_array_index(files, i);
        g_autofree char *from = g_build_filename(dir, name, NULL);
        g_autofree char *to = g_build_filename(entry, name, NULL);
        if (!keep_file(from, to, error)) return false;
    }
    return files != NULL;
}

static bool write_entry_file(const char *entry, int64_t ended, GError **error) {
    const char *experiment = g_getenv("MLFLOW_EXPERIMENT_NAME");
    g_autofree char *path = g_build_filename(entry, ENTRY_FILE, NULL);
    g_autoptr(GString) text = g_string_new("{\"experiment\":");
    json_write_str(text, str_from(experiment && *experiment ? experiment : EXPERIMENT));
    g_string_append_printf(text, ",\"ended\":%" G_GINT64_FORMAT "}\n", ended);
    return g_file_set_contents(path, text->str, (gssize)text->len, error);
}

/* VERSION@NAME of the folder's manifest. */
static char *entry_name(const char *dir, GError **error) {
    g_autofree char *name = NULL, *version = NULL;
    if (!mlflow_record_identity(dir, &name, &version, error)) return NULL;
    return g_strconcat(version, "@", name, NULL);
}

static void drop_oldest(const char *outbox) {
    g_autoptr(GPtrArray) names = list_entries(outbox);
    for (guint i = 0; i + MLFLOW_OUTBOX_MAX < names->len; i++) {
        g_autofree char *path = g_build_filename(outbox, g_ptr_array_index(names, i), NULL);
        g_printerr("MLflow: more than %d records wait: that of %s was dropped\n", MLFLOW_OUTBOX_MAX,
                   (const char *)g_ptr_array_index(names, i));
        remove_folder(path);
    }
}

static bool put_in_place(const char *fresh, const char *entry, GError **error) {
    if (g_rename(fresh, entry) == 0) return true;
    if (errno != EEXIST && errno != ENOTEMPTY) return fail(entry, "put a record there", error);
    remove_folder(fresh); /* the same version is waiting already */
    return true;
}

bool mlflow_outbox_add(const char *model_dir, int64_t ended, GError **error) {
    g_autofree char *outbox = mlflow_outbox_folder();
    g_autofree char *name = entry_name(model_dir, error);
    if (!name) return false;
    if (g_mkdir_with_parents(outbox, 0700) != 0) return fail(outbox, "make this folder", error);
    g_autofree char *fresh = g_build_filename(outbox, FRESH "XXXXXX", NULL);
    g_autofree char *entry = g_build_filename(outbox, name, NULL);
    if (!g_mkdtemp(fresh)) return fail(fresh, "make this folder", error);
    if (keep_files(model_dir, fresh, error) && write_entry_file(fresh, ended, error) &&
        put_in_place(fresh, entry, error)) {
        drop_oldest(outbox);
        return true;
    }
    remove_folder(fresh);
    return false;
}

/* Sending */

static int lock(const char *outbox, int64_t wait, GError **error) {
    g_autofree char *path = g_build_filename(outbox, LOCK, NULL);
    const int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (fd < 0) {
        fail(path, "open it", error);
        return -1;
    }
    while (flock(fd, LOCK_EX | LOCK_NB) != 0) {
        if (g_get_monotonic_time() >= wait) {
            g_set_error(error, MLFLOW_ERROR, MLFLOW_ERROR_AWAY, "%s: another haechi is sending",
                        outbox);
            close(fd);
            return -1;
        }
        g_usleep(LOCK_WAIT_US);
    }
    return fd;
}

/* What the hidden file says; what it does not is as if it were new. */
static char *read_entry_file(const char *entry, int64_t *ended) {
    g_autofree char *path = g_build_filename(entry, ENTRY_FILE, NULL);
    g_autofree char *text = NULL;
    JsonParser *parser = json_parser_new(ENTRY_BYTES_MAX);
    JsonValue root, value;
    const char *wrong;
    gsize len;
    char *experiment = NULL;
    *ended = g_get_real_time() / 1000;
    if (g_file_get_contents(path, &text, &len, NULL) &&
        json_parse(parser, text, len, &root, &wrong)) {
        if (json_member(root, "ended", &value) && json_type(value) == JSON_INT)
            *ended = json_get_int(value);
        if (json_member(root, "experiment", &value) && json_get_str(value).len > 0)
            experiment = g_strndup(json_get_str(value).data, json_get_str(value).len);
    }
    json_parser_free(parser);
    return experiment ? experiment : g_strdup(EXPERIMENT);
}

static void tell(GString *told, const char *address, const MlflowRecorded *r) {
    if (!told) return;
    if (r->already)
        g_string_append_printf(told, "run %s of %s was recorded in MLflow at %s already\n", r->run,
                               r->name, address);
    else
        g_string_append_printf(told,
                               "recorded in MLflow at %s: run %s, version %s of the model %s\n",
                               address, r->run, r->version, r->name);
}

static bool send_entry(Mlflow *mlflow, const char *entry, GString *told, GError **error) {
    int64_t ended;
    MlflowRecorded recorded;
    g_autofree char *experiment = read_entry_file(entry, &ended);
    if (!mlflow_record(mlflow, entry, experiment, ended, &recorded, error)) return false;
    tell(told, mlflow_address(mlflow), &recorded);
    mlflow_recorded_clear(&recorded);
    remove_folder(entry);
    return true;
}

/* Whether others would fare no better. */
static bool ends_all(const GError *error) {
    return g_error_matches(error, MLFLOW_ERROR, MLFLOW_ERROR_AWAY) ||
           g_error_matches(error, MLFLOW_ERROR, MLFLOW_ERROR_CREDENTIALS) ||
           g_error_matches(error, MLFLOW_ERROR, MLFLOW_ERROR_ANSWER);
}

static void send_entries(Mlflow *mlflow, const char *outbox, MlflowOutboxSent *out,
                         GError **error) {
    g_autoptr(GPtrArray) names = list_entries(outbox);
    bool go_on = true;
    for (guint i = 0; i < names->len; i++) {
        g_autofree char *entry = g_build_filename(outbox, g_ptr_array_index(names, i), NULL);
        GError *cause = NULL;
        if (go_on && send_entry(mlflow, entry, out->told, &cause)) {
            out->sent++;
            continue;
        }
        out->left++;
        if (!cause) continue;
        go_on = !ends_all(cause);
        if (error && !*error)
            g_propagate_error(error, cause);
        else
            g_error_free(cause);
    }
}

bool mlflow_outbox_send(Mlflow *mlflow, int64_t wait, MlflowOutboxSent *out, GError **error) {
    g_autofree char *outbox = mlflow_outbox_folder();
    out->sent = out->left = 0;
    if (!g_file_test(outbox, G_FILE_TEST_IS_DIR)) return true;
    const int fd = lock(outbox, wait, error);
    if (fd < 0) {
        g_autoptr(GPtrArray) names = list_entries(outbox);
        out->left = names->len;
        return false;
    }
    sweep(outbox);
    send_entries(mlflow, outbox, out, error);
    close(fd);
    return out->left == 0;
}

/* Training */

static bool record(const char *model_dir, MlflowOutboxSent *sent, GError **error) {
    MlflowOptions options;
    const int64_t now = g_get_real_time() / 1000;
    if (!mlflow_outbox_add(model_dir, now, error)) return false;
    sent->left = 1;
    if (!mlflow_options_read(&options, error)) return false;
    options.deadline = g_get_monotonic_time() + (int64_t)MLFLOW_OUTBOX_SECONDS * G_TIME_SPAN_SECOND;
    g_autoptr(Mlflow) mlflow = mlflow_new(&options, error);
    return mlflow && mlflow_outbox_send(mlflow, options.deadline, sent, error);
}

void mlflow_outbox_train(const char *model_dir) {
    const char *uri = g_getenv("MLFLOW_TRACKING_URI");
    if (!uri || !*uri) return;
    g_autoptr(GError) error = NULL;
    g_autoptr(GString) told = g_string_new(NULL);
    MlflowOutboxSent sent = {.told = told};
    const bool good = record(model_dir, &sent, &error);
    g_printerr("%s", told->str);
    if (good) return;
    g_autofree char *outbox = mlflow_outbox_folder();
    if (sent.left > 0)
        g_printerr("warning: not recorded: %s; %u wait in %s for the next training or 'haechi "
                   "mlflow send'\n",
                   error->message, sent.left, outbox);
    else
        g_printerr("warning: not recorded: %s\n", error->message);
}
