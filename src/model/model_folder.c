/* Writing a model's folder: the manifest's JSON, and the exchange of folders. */
#include "model/model_folder.h"

#include "base/civil.h"
#include "base/json.h"
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

/* Which members there are, in their order, and how their margins make a score. */
static void write_members(const ModelManifest *manifest, GString *out) {
    write_key(out, "members");
    g_string_append(out, "[");
    for (size_t i = 0; i < manifest->member_count; i++) {
        const ModelPart *part = &manifest->members[i];
        g_string_append(out, i == 0 ? "{" : ", {");
        write_text(out, "kind", model_kind_name(part->kind));
        write_text(out, "file", model_kind_file(part->kind));
        write_number(out, "weight", part->weight);
        write_number(out, "threshold", part->threshold);
        g_string_append(out, "}");
    }
    g_string_append(out, "]");
    write_number(out, "bias", manifest->bias);
}

void model_manifest_write(const ModelManifest *manifest, GString *out) {
    g_string_append(out, "{");
    write_count(out, "format", MODEL_FORMAT);
    write_text(out, "name", manifest->name);
    write_text(out, "version", manifest->version);
    write_members(manifest, out);
    write_number(out, "threshold", manifest->threshold);
    write_number(out, "decline_threshold", manifest->decline_threshold);
    write_text(out, "threshold_choice", manifest->threshold_choice);
    if (manifest->trained_at != 0) write_time(out, "trained_at", manifest->trained_at);
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
    for (size_t i = 0; i < manifest->member_count; i++)
        write_file_hash(out, model_kind_file(manifest->members[i].kind),
                        manifest->members[i].bytes);
    if (manifest->suspicion != NULL)
        write_file_hash(out, MODEL_SUSPICION_FILE, manifest->suspicion);
    for (size_t i = 0; i < manifest->extra_count; i++)
        write_file_hash(out, manifest->extras[i].name, manifest->extras[i].bytes);
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

static void remove_file(const char *dir, const char *name) {
    g_autofree char *path = g_build_filename(dir, name, NULL);
    g_unlink(path);
}

/* Removes the files of a folder that was not put in place. */
static void remove_all(const char *dir) {
    GDir *entries = g_dir_open(dir, 0, NULL);
    for (const char *name; entries != NULL && (name = g_dir_read_name(entries)) != NULL;)
        remove_file(dir, name);
    if (entries != NULL) g_dir_close(entries);
    g_rmdir(dir);
}

static bool remove_listed(Str name, JsonValue value, void *dir) {
    (void)value;
    if (!model_name_valid(name)) return true;
    g_autofree char *file = g_strndup(name.data, name.len);
    remove_file(dir, file);
    return true;
}

/* Removes what the folder's own manifest calls the model's files, and the manifest. */
static void remove_model_files(char *dir) {
    g_autofree char *path = g_build_filename(dir, MODEL_MANIFEST_FILE, NULL);
    g_autofree char *text = NULL;
    JsonParser *parser = json_parser_new(MODEL_MANIFEST_BYTES_MAX);
    JsonValue manifest, files;
    const char *message;
    gsize len;
    if (g_file_get_contents(path, &text, &len, NULL) &&
        json_parse(parser, text, len, &manifest, &message) &&
        json_member(manifest, "files", &files))
        json_each(files, remove_listed, dir);
    json_parser_free(parser);
    g_unlink(path);
}

/* Clears away the folder that was replaced; what in it is no model's moves to its successor. */
static void retire(char *old, const char *successor) {
    remove_model_files(old);
    GDir *entries = g_dir_open(old, 0, NULL);
    for (const char *name; entries != NULL && (name = g_dir_read_name(entries)) != NULL;) {
        g_autofree char *from = g_build_filename(old, name, NULL);
        g_autofree char *to = g_build_filename(successor, name, NULL);
        if (renameat2(AT_FDCWD, from, AT_FDCWD, to, RENAME_NOREPLACE) != 0) g_unlink(from);
    }
    if (entries != NULL) g_dir_close(entries);
    g_rmdir(old);
}

/* Puts folder `fresh` at `dir`. Afterwards `fresh` is gone. */
static bool put_in_place(char *fresh, const char *dir, GError **error) {
    if (renameat2(AT_FDCWD, fresh, AT_FDCWD, dir, RENAME_EXCHANGE) == 0) {
        retire(fresh, dir);
        return true;
    }
    if (errno != ENOENT || g_rename(fresh, dir) != 0)
        return fail(dir, "put the new model there", error);
    return true;
}

static bool write_files(const char *dir, const ModelManifest *manifest, GError **error) {
    for (size_t i = 0; i < manifest->member_count; i++) {
        const ModelPart *part = &manifest->members[i];
        if (!write_file(dir, model_kind_file(part->kind), bytes_view(part->bytes), error))
            return false;
    }
    for (size_t i = 0; i < manifest->extra_count; i++)
        if (!write_file(dir, manifest->extras[i].name, bytes_view(manifest->extras[i].bytes),
                        error))
            return false;
    GBytes *suspicion = manifest->suspicion;
    g_autoptr(GString) text = g_string_new(NULL);
    model_manifest_write(manifest, text);
    return (suspicion == NULL ||
            write_file(dir, MODEL_SUSPICION_FILE, bytes_view(suspicion), error)) &&
           write_file(dir, MODEL_MANIFEST_FILE, (Str){text->str, text->len}, error) &&
           sync_folder(dir, error);
}

/* The folder's own absolute path: a link to it must lead to the new model too. */
static char *resolve(const char *dir) {
    char *real = realpath(dir, NULL);
    char *path = real != NULL ? g_strdup(real) : g_canonicalize_filename(dir, NULL);
    free(real);
    return path;
}

static bool weights_valid(const ModelManifest *manifest) {
    bool valid = manifest->member_count >= 1 && manifest->member_count <= MODEL_MEMBERS_MAX &&
                 fabs(manifest->bias) <= MODEL_WEIGHT_MAX;
    for (size_t i = 0; valid && i < manifest->member_count; i++)
        valid = fabs(manifest->members[i].weight) <= MODEL_WEIGHT_MAX;
    return valid;
}

/* The path at which a model is to stand, which the caller frees; NULL with *error where something
 * else does. */
static char *place_of(const char *dir, GError **error) {
    g_autofree char *path = resolve(dir);
    if (!g_file_test(path, G_FILE_TEST_EXISTS) || g_file_test(path, G_FILE_TEST_IS_DIR))
        return g_steal_pointer(&path);
    errno = ENOTDIR;
    fail(path, "put a model there", error);
    return NULL;
}

/* Makes a new empty folder in `parent`; the caller frees its path. */
static char *make_fresh(const char *parent, GError **error) {
    g_autofree char *fresh = g_build_filename(parent, ".model-XXXXXX", NULL);
    if (g_mkdtemp_full(fresh, 0755) != NULL) return g_steal_pointer(&fresh);
    fail(fresh, "make this folder", error);
    return NULL;
}

/* Writes the folder under a new name in `parent`, then moves it to `dir`. */
static bool write_beside(const char *parent, const char *dir, const ModelManifest *manifest,
                         GError **error) {
    g_autofree char *fresh = make_fresh(parent, error);
    if (fresh == NULL) return false;
    if (write_files(fresh, manifest, error) && put_in_place(fresh, dir, error))
        return sync_folder(parent, error);
    remove_all(fresh);
    return false;
}

bool model_folder_check(const char *dir, GError **error) {
    g_autofree char *path = place_of(dir, error);
    if (path == NULL) return false;
    g_autofree char *parent = g_path_get_dirname(path);
    g_autofree char *fresh = make_fresh(parent, error);
    if (fresh != NULL) g_rmdir(fresh);
    return fresh != NULL;
}

bool model_folder_write(const char *dir, const ModelManifest *manifest, GError **error) {
    g_assert(weights_valid(manifest));
    g_assert(model_name_valid(str_from(manifest->name)));
    g_assert(model_name_valid(str_from(manifest->version)));
    for (size_t i = 0; i < manifest->extra_count; i++)
        g_assert(model_name_valid(str_from(manifest->extras[i].name)));
    g_assert(manifest->threshold >= 0 && manifest->threshold <= manifest->decline_threshold &&
             manifest->decline_threshold <= 1);
    g_autofree char *path = place_of(dir, error);
    if (path == NULL) return false;
    g_autofree char *parent = g_path_get_dirname(path);
    return write_beside(parent, path, manifest, error);
}
