#include "pipeline/mlflow_record.h"

#include "model/model_folder.h"
#include <fcntl.h>
#include <math.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define REPORT_FILE "report.json"

/* What there is to say of a version. */
typedef struct Record {
    char *name, *version;
    GStringChunk *texts;   /* of these: */
    GArray *params, *tags; /* of MlflowPair */
    GArray *metrics;       /* of MlflowMetric */
    int64_t ended;         /* milliseconds */
    double seconds;        /* that training took */
} Record;

void mlflow_recorded_clear(MlflowRecorded *recorded) {
    g_clear_pointer(&recorded->name, g_free);
    g_clear_pointer(&recorded->version, g_free);
    g_clear_pointer(&recorded->run, g_free);
}

static void record_init(Record *r, int64_t ended) {
    *r = (Record){.ended = ended};
    r->params = g_array_new(FALSE, FALSE, sizeof(MlflowPair));
    r->tags = g_array_new(FALSE, FALSE, sizeof(MlflowPair));
    r->metrics = g_array_new(FALSE, FALSE, sizeof(MlflowMetric));
    r->texts = g_string_chunk_new(4096);
}

static void record_clear(Record *r) {
    g_free(r->name);
    g_free(r->version);
    g_array_unref(r->params);
    g_array_unref(r->tags);
    g_array_unref(r->metrics);
    g_string_chunk_free(r->texts);
}

static void add_pair(Record *r, GArray *pairs, Str key, Str value) {
    g_autofree char *text = g_utf8_make_valid(value.len ? value.data : "", (gssize)value.len);
    const MlflowPair pair = {g_string_chunk_insert_len(r->texts, key.data, (gssize)key.len),
                             g_string_chunk_insert(r->texts, text)};
    g_array_append_val(pairs, pair);
}

static void add_metric(Record *r, Str key, double value, int64_t step) {
    const MlflowMetric metric = {g_string_chunk_insert_len(r->texts, key.data, (gssize)key.len),
                                 value, r->ended, step};
    g_array_append_val(r->metrics, metric);
}

static bool fail(const char *dir, const char *file, const char *why, GError **error) {
    g_set_error(error, MLFLOW_ERROR, MLFLOW_ERROR_FILE, "%s/%s: %s", dir, file, why);
    return false;
}

/* The manifest */

static bool add_param(Str key, JsonValue value, void *data) {
    Record *r = data;
    add_pair(r, r->params, key, json_get_str(value));
    return true;
}

static bool add_judged(Str key, JsonValue value, void *data) {
    if (json_is_number(value)) add_metric(data, key, json_get_double(value), 0);
    return true;
}

static void add_number(Record *r, JsonValue object, const char *key) {
    JsonValue value;
    if (json_member(object, key, &value)) add_judged(str_from(key), value, r);
}

static void add_tag(Record *r, JsonValue object, const char *key, const char *tag) {
    JsonValue value;
    if (json_member(object, key, &value) && json_type(value) == JSON_STRING)
        add_pair(r, r->tags, str_from(tag), json_get_str(value));
}

static bool add_member(Str key, JsonValue member, void *data) {
    (void)key;
    JsonValue kind;
    GString *kinds = data;
    if (!json_member(member, "kind", &kind)) return true;
    const Str text = json_get_str(kind);
    if (kinds->len > 0) g_string_append_c(kinds, ',');
    g_string_append_len(kinds, text.data, (gssize)text.len);
    return true;
}

static void read_manifest(Record *r, JsonValue manifest) {
    JsonValue value;
    g_autoptr(GString) kinds = g_string_new(NULL);
    if (json_member(manifest, "parameters", &value)) json_each(value, add_param, r);
    if (json_member(manifest, "metrics", &value)) json_each(value, add_judged, r);
    if (json_member(manifest, "members", &value)) json_each(value, add_member, kinds);
    if (json_member(manifest, "training_seconds", &value)) r->seconds = json_get_double(value);
    add_number(r, manifest, "training_seconds");
    add_number(r, manifest, "threshold");
    add_number(r, manifest, "decline_threshold");
    add_pair(r, r->tags, STR("haechi.members"), (Str){kinds->str, kinds->len});
    add_pair(r, r->tags, STR("haechi.version"), str_from(HAECHI_VERSION));
    add_tag(r, manifest, "feature_hash", "haechi.feature_hash");
    add_tag(r, manifest, "threshold_choice", "haechi.threshold_choice");
    if (!json_member(manifest, "data", &value)) return;
    add_tag(r, value, "from", "haechi.data_from");
    add_tag(r, value, "to", "haechi.data_to");
    JsonValue count;
    if (json_member(value, "rows", &count))
        add_metric(r, STR("training_rows"), json_get_double(count), 0);
    if (json_member(value, "frauds", &count))
        add_metric(r, STR("training_frauds"), json_get_double(count), 0);
}

static char *get_name(JsonValue manifest, const char *key) {
    JsonValue value;
    if (!json_member(manifest, key, &value) || !model_name_valid(json_get_str(value))) return NULL;
    return g_strndup(json_get_str(value).data, json_get_str(value).len);
}

/* A regular file of at most `max` bytes, whose size no other process is trusted to leave alone. */
static char *read_file(const char *dir, const char *name, size_t max, size_t *len) {
    g_autofree char *path = g_build_filename(dir, name, NULL);
    const int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    struct stat st;
    char *text = NULL;
    if (fd >= 0 && fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && (uint64_t)st.st_size <= max) {
        text = g_malloc((size_t)st.st_size + 1);
        const ssize_t got = read(fd, text, (size_t)st.st_size);
        *len = got > 0 ? (size_t)got : 0;
    }
    if (fd >= 0) close(fd);
    return text;
}

static bool read_version(Record *r, const char *dir, GError **error) {
    size_t len;
    JsonValue manifest;
    const char *wrong = "no file, or too long a one";
    g_autofree char *text = read_file(dir, MODEL_MANIFEST_FILE, MODEL_MANIFEST_BYTES_MAX, &len);
    JsonParser *parser = json_parser_new(MODEL_MANIFEST_BYTES_MAX);
    bool good = text && json_parse(parser, text, len, &manifest, &wrong);
    if (good) {
        r->name = get_name(manifest, "name");
        r->version = get_name(manifest, "version");
        good = r->name && r->version;
        wrong = "it does not name a model and a version";
        if (good) read_manifest(r, manifest);
    }
    json_parser_free(parser);
    return good || fail(dir, MODEL_MANIFEST_FILE, wrong, error);
}

/* The training curve: [{"metric": NAME, "step": [...], "value": [...]}, ...] */

static bool add_to_array(Str key, JsonValue value, void *data) {
    (void)key;
    const double number = json_is_number(value) ? json_get_double(value) : NAN;
    g_array_append_val((GArray *)data, number);
    return ((GArray *)data)->len < MLFLOW_RECORD_STEPS_MAX;
}

static GArray *numbers(JsonValue object, const char *key) {
    GArray *out = g_array_new(FALSE, FALSE, sizeof(double));
    JsonValue list;
    if (json_member(object, key, &list)) json_each(list, add_to_array, out);
    return out;
}

static bool add_curve(Str key, JsonValue curve, void *data) {
    (void)key;
    Record *r = data;
    JsonValue metric;
    if (!json_member(curve, "metric", &metric) || json_get_str(metric).len == 0) return true;
    g_autoptr(GArray) steps = numbers(curve, "step");
    g_autoptr(GArray) values = numbers(curve, "value");
    for (guint i = 0; i < MIN(steps->len, values->len); i++) {
        const double step = g_array_index(steps, double, i);
        if (r->metrics->len >= MLFLOW_RECORD_STEPS_MAX) return false;
        if (step >= 0 && step <= G_MAXINT32)
            add_metric(r, json_get_str(metric), g_array_index(values, double, i), (int64_t)step);
    }
    return true;
}

/* A folder without a report, or with one of another form, has no curve. */
static void read_report(Record *r, const char *dir) {
    size_t len;
    JsonValue report, curves;
    const char *wrong;
    g_autofree char *text = read_file(dir, REPORT_FILE, MLFLOW_RECORD_REPORT_MAX, &len);
    JsonParser *parser = json_parser_new(MLFLOW_RECORD_REPORT_MAX);
    if (text && json_parse(parser, text, len, &report, &wrong) &&
        json_member(report, "training_curve", &curves))
        json_each(curves, add_curve, r);
    json_parser_free(parser);
}

/* The files */

static int by_name(gconstpointer a, gconstpointer b) {
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

GPtrArray *mlflow_record_files(const char *dir, GError **error) {
    GDir *entries = g_dir_open(dir, 0, error);
    if (!entries) return NULL;
    GPtrArray *files = g_ptr_array_new_with_free_func(g_free);
    for (const char *name; (name = g_dir_read_name(entries)) != NULL;) {
        g_autofree char *path = g_build_filename(dir, name, NULL);
        struct stat st;
        if (model_name_valid(str_from(name)) && lstat(path, &st) == 0 && S_ISREG(st.st_mode))
            g_ptr_array_add(files, g_strdup(name));
    }
    g_dir_close(entries);
    g_ptr_array_sort(files, by_name);
    if (files->len <= MLFLOW_RECORD_FILES_MAX) return files;
    g_ptr_array_unref(files);
    fail(dir, "", "too many files", error);
    return NULL;
}

static bool send_files(Mlflow *mlflow, const char *dir, const char *folder, GError **error) {
    g_autoptr(GPtrArray) files = mlflow_record_files(dir, error);
    bool good = files != NULL;
    for (guint i = 0; good && i < files->len; i++) {
        const char *name = g_ptr_array_index(files, i);
        g_autofree char *path = g_build_filename(dir, name, NULL);
        good = mlflow_put(mlflow, folder, name, path, error);
    }
    return good;
}

/* The run */

static bool find_or_create(Mlflow *mlflow, const Record *r, const char *experiment, MlflowRun *run,
                           GError **error) {
    const MlflowPair tags[] = {
        {"haechi.model_name", r->name},         {"haechi.model_version", r->version},
        {"mlflow.source.name", "haechi train"}, {"mlflow.source.type", "LOCAL"},
        {"mlflow.user", g_get_user_name()},
    };
    enum { OF_THE_VERSION = 2 };
    g_autofree char *title = g_strconcat(r->name, " ", r->version, NULL);
    const int64_t start = r->ended - (r->seconds >= 0 ? (int64_t)(r->seconds * 1000) : 0);
    return mlflow_run_find(mlflow, experiment, tags, OF_THE_VERSION, run, error) &&
           (run->id || mlflow_run_create(mlflow, experiment, title, start, tags, G_N_ELEMENTS(tags),
                                         run, error));
}

static bool register_version(Mlflow *mlflow, const Record *r, const char *run, const char *folder,
                             MlflowVersion *version, GError **error) {
    const MlflowPair tag = {"haechi.model_version", r->version};
    if (!mlflow_model_create(mlflow, r->name, error) ||
        !mlflow_version_of_run(mlflow, r->name, run, version, error))
        return false;
    return (version->version ||
            mlflow_version_create(mlflow, r->name, run, folder, &tag, 1, version, error)) &&
           mlflow_alias_set(mlflow, r->name, MLFLOW_RECORD_ALIAS, version->version, error);
}

/* It is finished last: of a run that is, everything was sent. */
static bool fill(Mlflow *mlflow, const Record *r, const char *dir, const MlflowRun *run,
                 MlflowVersion *version, GError **error) {
    g_autofree char *folder = g_strconcat(run->artifacts, "/" MLFLOW_RECORD_ARTIFACTS, NULL);
    return mlflow_log_params(mlflow, run->id, (const MlflowPair *)(void *)r->params->data,
                             r->params->len, error) &&
           mlflow_log_tags(mlflow, run->id, (const MlflowPair *)(void *)r->tags->data, r->tags->len,
                           error) &&
           mlflow_log_metrics(mlflow, run->id, (const MlflowMetric *)(void *)r->metrics->data,
                              r->metrics->len, error) &&
           send_files(mlflow, dir, folder, error) &&
           register_version(mlflow, r, run->id, folder, version, error) &&
           mlflow_run_finish(mlflow, run->id, r->ended, error);
}

static bool send(Mlflow *mlflow, const Record *r, const char *dir, const char *experiment,
                 MlflowRecorded *out, GError **error) {
    MlflowRun run = {0};
    MlflowVersion version = {0};
    g_autofree char *id = mlflow_experiment(mlflow, experiment, error);
    bool good = id && find_or_create(mlflow, r, id, &run, error);
    out->already = good && (run.finished || run.deleted);
    if (good && !out->already) good = fill(mlflow, r, dir, &run, &version, error);
    if (good) {
        out->name = g_strdup(r->name);
        out->run = g_steal_pointer(&run.id);
        out->version = g_steal_pointer(&version.version);
    }
    mlflow_run_clear(&run);
    mlflow_version_clear(&version);
    return good;
}

bool mlflow_record(Mlflow *mlflow, const char *dir, const char *experiment, int64_t ended,
                   MlflowRecorded *out, GError **error) {
    Record record;
    *out = (MlflowRecorded){0};
    record_init(&record, ended);
    bool good = read_version(&record, dir, error);
    if (good) {
        read_report(&record, dir);
        good = send(mlflow, &record, dir, experiment, out, error);
    }
    record_clear(&record);
    return good;
}

bool mlflow_record_identity(const char *dir, char **name, char **version, GError **error) {
    Record record;
    record_init(&record, 0);
    const bool good = read_version(&record, dir, error);
    *name = g_steal_pointer(&record.name);
    *version = g_steal_pointer(&record.version);
    record_clear(&record);
    return good;
}
