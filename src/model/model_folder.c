/* Writing a model's folder: the manifest's JSON, and the exchange of folders. */
#include "model/model_folder.h"

#include "base/civil.h"
#include "base/json_write.h"
#include "feature/feature.h"
#include "model/model.h"
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static const char *const model_files[] = {MODEL_MANIFEST_FILE, MODEL_FILE, MODEL_SUSPICION_FILE};

bool model_name_valid(Str text) {
    for (size_t i = 0; i < text.len; i++)
        if (!g_ascii_isalnum(text.data[i]) && memchr("._-", text.data[i], 3) == NULL) return false;
    return text.len > 0 && text.len <= MODEL_NAME_MAX && text.data[0] != '.';
}

/* Starts the next member of an object: a comma, a new line, and the quoted key. */
static void write_key(GString *out, const char *key) {
    g_string_append(out, out->str[out->len - 1] == '{' ? "\n  " : ",\n  ");
    json_write_str(out, str_from(key));
    g_string_append(out, ": ");
}

static void write_text(GString *out, const char *key, const char *value) {
    write_key(out, key);
    json_write_str(out, str_from(value));
}

/* With as few digits as read back to the very value. */
static void write_number(GString *out, const char *key, double value) {
    char text[64];
    int digits = 1;
    for (; digits < 17; digits++) {
        char format[8];
        g_snprintf(format, sizeof format, "%%.%dg", digits);
        if (g_ascii_strtod(g_ascii_formatd(text, sizeof text, format, value), NULL) == value) break;
    }
    write_key(out, key);
    json_write_double(out, value, digits);
}

static void write_count(GString *out, const char *key, size_t value) {
    write_key(out, key);
    g_string_append_printf(out, "%zu", value);
}

static void write_time(GString *out, const char *key, int64_t seconds) {
    char text[CIVIL_TIME_LEN + 2];
    civil_write_time(seconds, text);
    text[10] = 'T';
    text[CIVIL_TIME_LEN] = 'Z';
    text[CIVIL_TIME_LEN + 1] = '\0';
    write_text(out, key, text);
}

static void write_features(GString *out) {
    char *hash = feature_hash();
    write_text(out, "feature_hash", hash);
    g_free(hash);
    write_key(out, "features");
    for (size_t i = 0; i < feature_count(); i++) {
        g_string_append(out, i == 0 ? "[" : ", ");
        json_write_str(out, str_from(feature_at(i)->name));
    }
    g_string_append(out, "]");
}

static void write_file_hash(GString *out, const char *name, GBytes *bytes) {
    char *hash = g_compute_checksum_for_bytes(G_CHECKSUM_SHA256, bytes);
    write_text(out, name, hash);
    g_free(hash);
}

void model_manifest_write(const ModelManifest *manifest, GBytes *model, GBytes *suspicion,
                          GString *out) {
    g_string_append(out, "{");
    write_count(out, "format", MODEL_FORMAT);
    write_text(out, "name", manifest->name);
    write_text(out, "version", manifest->version);
    write_text(out, "kind", manifest->kind);
    write_number(out, "threshold", manifest->threshold);
    write_number(out, "decline_threshold", manifest->decline_threshold);
    write_text(out, "threshold_choice", manifest->threshold_choice);
    write_number(out, "training_seconds", manifest->training_seconds);
    write_key(out, "data");
    g_string_append(out, "{");
    write_time(out, "from", manifest->data_from);
    write_time(out, "to", manifest->data_to);
    write_count(out, "rows", manifest->rows);
    write_count(out, "frauds", manifest->frauds);
    g_string_append(out, "}");
    write_key(out, "metrics");
    g_string_append(out, "{");
    for (size_t i = 0; i < manifest->metric_count; i++)
        write_number(out, manifest->metrics[i].name, manifest->metrics[i].value);
    g_string_append(out, "}");
    write_key(out, "parameters");
    g_string_append(out, "{");
    for (size_t i = 0; i < manifest->parameter_count; i++)
        write_text(out, manifest->parameters[i].name, manifest->parameters[i].value);
    g_string_append(out, "}");
    write_features(out);
    write_key(out, "files");
    g_string_append(out, "{");
    write_file_hash(out, MODEL_FILE, model);
    if (suspicion != NULL) write_file_hash(out, MODEL_SUSPICION_FILE, suspicion);
    g_string_append(out, "}\n}\n");
}

static bool fail(const char *path, const char *doing, GError **error) {
    const int code = errno;
    g_set_error(error, MODEL_ERROR, MODEL_ERROR_WRITE, "%s: cannot %s: %s", path, doing,
                g_strerror(code));
    return false;
}

static bool write_all(int fd, const char *data, size_t len) {
    while (len > 0) {
        const ssize_t written = write(fd, data, len);
        if (written < 0 && errno == EINTR) continue;
        if (written <= 0) return false;
        data += written;
        len -= (size_t)written;
    }
    return true;
}

static bool write_file(const char *dir, const char *name, Str content, GError **error) {
    char *path = g_build_filename(dir, name, NULL);
    const int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
    bool ok = fd >= 0 && write_all(fd, content.data, content.len) && fsync(fd) == 0;
    if (fd >= 0 && close(fd) != 0) ok = false;
    if (!ok) fail(path, "write", error);
    g_free(path);
    return ok;
}

static Str bytes_view(GBytes *bytes) {
    Str view;
    view.data = g_bytes_get_data(bytes, &view.len);
    return view;
}

static bool sync_folder(const char *path, GError **error) {
    const int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    const bool ok = fd >= 0 && fsync(fd) == 0;
    if (!ok) fail(path, "flush", error);
    if (fd >= 0) close(fd);
    return ok;
}

static void remove_model_files(const char *dir) {
    for (size_t i = 0; i < G_N_ELEMENTS(model_files); i++) {
        char *path = g_build_filename(dir, model_files[i], NULL);
        g_unlink(path);
        g_free(path);
    }
}

/* Clears away the folder that was replaced; what in it is no model's moves to its successor. */
static void retire(const char *old, const char *successor) {
    remove_model_files(old);
    GDir *entries = g_dir_open(old, 0, NULL);
    for (const char *name; entries != NULL && (name = g_dir_read_name(entries)) != NULL;) {
        char *from = g_build_filename(old, name, NULL),
             *to = g_build_filename(successor, name, NULL);
        g_rename(from, to);
        g_free(from);
        g_free(to);
    }
    if (entries != NULL) g_dir_close(entries);
    g_rmdir(old);
}

/* Puts folder `fresh` at `dir`. Afterwards `fresh` is gone. */
static bool put_in_place(const char *fresh, const char *dir, GError **error) {
    if (renameat2(AT_FDCWD, fresh, AT_FDCWD, dir, RENAME_EXCHANGE) == 0) {
        retire(fresh, dir);
        return true;
    }
    if (errno != ENOENT || g_rename(fresh, dir) != 0)
        return fail(dir, "put the new model there", error);
    return true;
}

static bool write_files(const char *dir, const ModelManifest *manifest, GBytes *model,
                        GBytes *suspicion, GError **error) {
    GString *text = g_string_new(NULL);
    model_manifest_write(manifest, model, suspicion, text);
    const bool ok = write_file(dir, MODEL_FILE, bytes_view(model), error) &&
                    (suspicion == NULL ||
                     write_file(dir, MODEL_SUSPICION_FILE, bytes_view(suspicion), error)) &&
                    write_file(dir, MODEL_MANIFEST_FILE, (Str){text->str, text->len}, error) &&
                    sync_folder(dir, error);
    g_string_free(text, TRUE);
    return ok;
}

/* Writes the folder under a new name in `parent`, then moves it to `dir`. */
static bool write_beside(const char *parent, const char *dir, const ModelManifest *manifest,
                         GBytes *model, GBytes *suspicion, GError **error) {
    char *fresh = g_build_filename(parent, ".model-XXXXXX", NULL);
    bool ok = g_mkdtemp_full(fresh, 0755) != NULL;
    if (!ok) {
        fail(fresh, "make this folder", error);
    } else {
        ok = write_files(fresh, manifest, model, suspicion, error) &&
             put_in_place(fresh, dir, error);
        if (!ok) {
            remove_model_files(fresh);
            g_rmdir(fresh);
        }
        ok = ok && sync_folder(parent, error);
    }
    g_free(fresh);
    return ok;
}

/* The folder's own absolute path: a link to it must lead to the new model too. */
static char *resolve(const char *dir) {
    char *real = realpath(dir, NULL);
    char *path = real != NULL ? g_strdup(real) : g_canonicalize_filename(dir, NULL);
    free(real);
    return path;
}

bool model_folder_write(const char *dir, const ModelManifest *manifest, GBytes *model,
                        GBytes *suspicion, GError **error) {
    g_assert(model_name_valid(str_from(manifest->name)));
    g_assert(model_name_valid(str_from(manifest->version)));
    g_assert(manifest->threshold >= 0 && manifest->threshold <= manifest->decline_threshold &&
             manifest->decline_threshold <= 1);
    char *path = resolve(dir);
    if (g_file_test(path, G_FILE_TEST_EXISTS) && !g_file_test(path, G_FILE_TEST_IS_DIR)) {
        errno = ENOTDIR;
        fail(path, "put a model there", error);
        g_free(path);
        return false;
    }
    char *parent = g_path_get_dirname(path);
    const bool ok = write_beside(parent, path, manifest, model, suspicion, error);
    g_free(parent);
    g_free(path);
    return ok;
}
