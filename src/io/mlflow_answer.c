#include "io/mlflow_answer.h"

enum { VERSION_DIGITS_MAX = 18, FILE_NAME_MAX = 128 };

static Str member_str(JsonValue object, const char *name) {
    JsonValue value;
    return json_member(object, name, &value) ? json_get_str(value) : STR("");
}

static bool is_of(Str text, size_t max, const char *more) {
    for (size_t i = 0; i < text.len; i++)
        if (!g_ascii_isalnum(text.data[i]) && !memchr(more, text.data[i], strlen(more)))
            return false;
    return text.len > 0 && text.len <= max;
}

static char *copy(Str text) {
    return g_strndup(text.data, text.len);
}

static char *get_id(JsonValue object, const char *name) {
    const Str text = member_str(object, name);
    return is_of(text, MLFLOW_ID_MAX, "_-") ? copy(text) : NULL;
}

void mlflow_run_clear(MlflowRun *run) {
    g_clear_pointer(&run->id, g_free);
    g_clear_pointer(&run->artifacts, g_free);
}

void mlflow_version_clear(MlflowVersion *version) {
    g_clear_pointer(&version->version, g_free);
    g_clear_pointer(&version->run, g_free);
}

static bool is_deleted(JsonValue info) {
    return str_equal(member_str(info, "lifecycle_stage"), STR("deleted"));
}

char *mlflow_read_experiment(JsonValue root, bool *deleted) {
    JsonValue experiment;
    if (!json_member(root, "experiment", &experiment)) experiment = root;
    *deleted = is_deleted(experiment);
    return get_id(experiment, "experiment_id");
}

/* Printable ASCII without spaces, and no way up in it. */
static char *get_location(JsonValue object, const char *name) {
    const Str text = member_str(object, name);
    if (text.len == 0 || text.len > MLFLOW_LOCATION_MAX) return NULL;
    for (size_t i = 0; i < text.len; i++)
        if (!g_ascii_isgraph(text.data[i])) return NULL;
    if (g_strstr_len(text.data, (gssize)text.len, "..")) return NULL;
    return copy(text);
}

char *mlflow_read_location(JsonValue root) {
    return get_location(root, "artifact_uri");
}

static bool read_run(JsonValue run, MlflowRun *out) {
    JsonValue info;
    *out = (MlflowRun){0};
    if (!json_member(run, "info", &info)) return false;
    out->id = get_id(info, "run_id");
    out->artifacts = get_location(info, "artifact_uri");
    out->finished = str_equal(member_str(info, "status"), STR("FINISHED"));
    out->deleted = is_deleted(info);
    if (out->id && out->artifacts) return true;
    mlflow_run_clear(out);
    return false;
}

bool mlflow_read_run(JsonValue root, MlflowRun *out) {
    JsonValue run;
    *out = (MlflowRun){0};
    return json_member(root, "run", &run) && read_run(run, out);
}

static bool keep_first(Str key, JsonValue value, void *data) {
    (void)key;
    *(JsonValue *)data = value;
    return false;
}

/* The first element of the list, if there are any; false when it is no list. A member that is
 * absent is an empty one. */
static bool first_of(JsonValue root, const char *name, JsonValue *first, bool *found) {
    JsonValue list;
    *found = false;
    if (json_type(root) != JSON_OBJECT) return false;
    if (!json_member(root, name, &list)) return true;
    if (json_type(list) != JSON_ARRAY) return false;
    *found = json_count(list) > 0;
    json_each(list, keep_first, first);
    return true;
}

bool mlflow_read_first_run(JsonValue root, MlflowRun *out) {
    JsonValue first;
    bool found;
    *out = (MlflowRun){0};
    return first_of(root, "runs", &first, &found) && (!found || read_run(first, out));
}

static bool read_version(JsonValue value, MlflowVersion *out) {
    *out = (MlflowVersion){0};
    const Str number = member_str(value, "version"), run = member_str(value, "run_id");
    for (size_t i = 0; i < number.len; i++)
        if (!g_ascii_isdigit(number.data[i])) return false;
    if (number.len == 0 || number.len > VERSION_DIGITS_MAX) return false;
    if (run.len > 0 && !(out->run = get_id(value, "run_id"))) return false;
    out->version = copy(number);
    return true;
}

bool mlflow_read_version(JsonValue root, MlflowVersion *out) {
    JsonValue value;
    *out = (MlflowVersion){0};
    return json_member(root, "model_version", &value) && read_version(value, out);
}

bool mlflow_read_first_version(JsonValue root, MlflowVersion *out) {
    JsonValue first;
    bool found;
    *out = (MlflowVersion){0};
    return first_of(root, "model_versions", &first, &found) && (!found || read_version(first, out));
}

static void file_free(void *data) {
    MlflowFile *file = data;
    g_free(file->name);
    g_free(file);
}

static bool add_file(Str key, JsonValue value, void *data) {
    (void)key;
    JsonValue folder;
    const Str path = member_str(value, "path");
    if (!is_of(path, FILE_NAME_MAX, "._- +=,@") || path.data[0] == '.') return false;
    MlflowFile *file = g_new0(MlflowFile, 1);
    file->name = copy(path);
    file->is_folder = json_member(value, "is_dir", &folder) && json_get_bool(folder);
    g_ptr_array_add(data, file);
    return true;
}

GPtrArray *mlflow_read_files(JsonValue root) {
    JsonValue list;
    if (json_type(root) != JSON_OBJECT) return NULL;
    GPtrArray *files = g_ptr_array_new_with_free_func(file_free);
    if (!json_member(root, "files", &list)) return files;
    if (json_type(list) == JSON_ARRAY && json_count(list) <= MLFLOW_FILES_MAX &&
        json_each(list, add_file, files))
        return files;
    g_ptr_array_unref(files);
    return NULL;
}

void mlflow_read_error(JsonValue root, Str *code, Str *message) {
    *code = member_str(root, "error_code");
    *message = member_str(root, "message");
}
