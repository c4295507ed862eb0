#include "io/mlflow.h"

#include "base/json_write.h"
#include "io/mlflow_http.h"
#include <math.h>
#include <string.h>

#define API   "/api/2.0/mlflow/"
#define PROXY "/api/2.0/mlflow-artifacts/artifacts"

static bool fail_form(const Mlflow *mlflow, const char *doing, GError **error) {
    return mlflow_fail(mlflow, doing, MLFLOW_ERROR_ANSWER,
                       "the answer does not have the form that it should have", error);
}

/* Questions */

static void add_key(GString *body, const char *key) {
    const char last = body->str[body->len - 1];
    if (last != '{' && last != '[') g_string_append_c(body, ',');
    json_write_str(body, str_from(key));
    g_string_append_c(body, ':');
}

static void add_text(GString *body, const char *key, const char *value) {
    add_key(body, key);
    json_write_str(body, str_from(value));
}

static void add_int(GString *body, const char *key, int64_t value) {
    add_key(body, key);
    g_string_append_printf(body, "%" G_GINT64_FORMAT, value);
}

/* At most `max` bytes of it, not cutting a character in two. */
static Str cut(const char *text, size_t max) {
    Str part = {text, strlen(text)};
    if (part.len <= max) return part;
    const char *end = g_utf8_find_prev_char(text, text + max + 1);
    part.len = end ? (size_t)(end - text) : 0;
    return part;
}

/* Keys are of letters, digits, and _ - . space : / */
static void add_pair_key(GString *body, const char *text) {
    const Str part = cut(text, MLFLOW_KEY_MAX);
    g_autofree char *key = g_strndup(part.data, part.len);
    for (char *at = key; *at; at++)
        if (!g_ascii_isalnum(*at) && !strchr("_-. :/", *at)) *at = '_';
    add_text(body, "key", key);
}

static void add_pairs(GString *body, const char *name, const MlflowPair *pairs, size_t count,
                      size_t max) {
    add_key(body, name);
    g_string_append_c(body, '[');
    for (size_t i = 0; i < count; i++) {
        g_string_append(body, i > 0 ? ",{" : "{");
        add_pair_key(body, pairs[i].key);
        add_key(body, "value");
        json_write_str(body, cut(pairs[i].value, max));
        g_string_append_c(body, '}');
    }
    g_string_append_c(body, ']');
}

static GString *begin(Mlflow *mlflow) {
    return g_string_append_c(mlflow_body(mlflow), '{');
}

/* Asks what was begun. */
static bool post(Mlflow *mlflow, const char *doing, const char *path, GString *body,
                 JsonValue *root, GError **error) {
    g_string_append_c(body, '}');
    return mlflow_ask(mlflow, doing, path, (Str){body->str, body->len}, root, error);
}

static bool get(Mlflow *mlflow, const char *doing, const char *path, JsonValue *root,
                GError **error) {
    return mlflow_ask(mlflow, doing, path, (Str){NULL, 0}, root, error);
}

/* PATH?NAME=VALUE with two of them, of which the second may be NULL. */
static char *with_query(const char *path, const char *name, const char *value, const char *second,
                        const char *second_value) {
    g_autofree char *one = mlflow_escape(value);
    if (!second) return g_strdup_printf("%s?%s=%s", path, name, one);
    g_autofree char *two = mlflow_escape(second_value);
    return g_strdup_printf("%s?%s=%s&%s=%s", path, name, one, second, two);
}

/* Experiments */

static char *get_experiment(Mlflow *mlflow, const char *doing, const char *name, GError **error) {
    g_autofree char *path =
        with_query(API "experiments/get-by-name", "experiment_name", name, NULL, NULL);
    JsonValue root;
    bool deleted;
    if (!get(mlflow, doing, path, &root, error)) return NULL;
    char *id = mlflow_read_experiment(root, &deleted);
    if (!id) {
        fail_form(mlflow, doing, error);
    } else if (deleted) {
        mlflow_fail(mlflow, doing, MLFLOW_ERROR_REFUSED,
                    "it was deleted: restore it, or set MLFLOW_EXPERIMENT_NAME to another", error);
        g_clear_pointer(&id, g_free);
    }
    return id;
}

char *mlflow_experiment(Mlflow *mlflow, const char *name, GError **error) {
    g_autofree char *doing = g_strdup_printf("finding the experiment '%s'", name);
    GError *missing = NULL, *exists = NULL;
    char *id = get_experiment(mlflow, doing, name, &missing);
    if (id || !g_error_matches(missing, MLFLOW_ERROR, MLFLOW_ERROR_MISSING)) {
        if (missing) g_propagate_error(error, missing);
        return id;
    }
    g_clear_error(&missing);
    GString *body = begin(mlflow);
    JsonValue root;
    bool deleted;
    add_text(body, "name", name);
    if (post(mlflow, doing, API "experiments/create", body, &root, &exists)) {
        id = mlflow_read_experiment(root, &deleted);
        if (!id) fail_form(mlflow, doing, error);
        return id;
    }
    /* Somebody else made it just now. */
    if (g_error_matches(exists, MLFLOW_ERROR, MLFLOW_ERROR_EXISTS)) {
        g_clear_error(&exists);
        return get_experiment(mlflow, doing, name, error);
    }
    g_propagate_error(error, exists);
    return NULL;
}

/* Runs */

bool mlflow_run_find(Mlflow *mlflow, const char *experiment, const MlflowPair *tags, size_t count,
                     MlflowRun *out, GError **error) {
    static const char doing[] = "looking for the run";
    *out = (MlflowRun){0};
    g_autoptr(GString) filter = g_string_new(NULL);
    for (size_t i = 0; i < count; i++)
        g_string_append_printf(filter, "%stags.`%s` = '%s'", i > 0 ? " AND " : "", tags[i].key,
                               tags[i].value);
    GString *body = begin(mlflow);
    add_key(body, "experiment_ids");
    g_string_append_c(body, '[');
    json_write_str(body, str_from(experiment));
    g_string_append_c(body, ']');
    add_text(body, "filter", filter->str);
    add_text(body, "run_view_type", "ALL");
    add_int(body, "max_results", 1);
    JsonValue root;
    return post(mlflow, doing, API "runs/search", body, &root, error) &&
           (mlflow_read_first_run(root, out) || fail_form(mlflow, doing, error));
}

bool mlflow_run_create(Mlflow *mlflow, const char *experiment, const char *name, int64_t start,
                       const MlflowPair *tags, size_t count, MlflowRun *out, GError **error) {
    static const char doing[] = "creating a run";
    *out = (MlflowRun){0};
    GString *body = begin(mlflow);
    add_text(body, "experiment_id", experiment);
    add_text(body, "run_name", name);
    add_int(body, "start_time", start);
    add_pairs(body, "tags", tags, count, MLFLOW_TAG_MAX);
    JsonValue root;
    return post(mlflow, doing, API "runs/create", body, &root, error) &&
           (mlflow_read_run(root, out) || fail_form(mlflow, doing, error));
}

static GString *begin_batch(Mlflow *mlflow, const char *run) {
    GString *body = begin(mlflow);
    add_text(body, "run_id", run);
    return body;
}

static bool post_batch(Mlflow *mlflow, const char *doing, GString *body, GError **error) {
    return post(mlflow, doing, API "runs/log-batch", body, NULL, error);
}

static bool log_pairs(Mlflow *mlflow, const char *doing, const char *run, const char *name,
                      const MlflowPair *pairs, size_t count, size_t max, GError **error) {
    for (size_t at = 0; at < count; at += MLFLOW_BATCH_PAIRS) {
        GString *body = begin_batch(mlflow, run);
        add_pairs(body, name, pairs + at, MIN(count - at, (size_t)MLFLOW_BATCH_PAIRS), max);
        if (!post_batch(mlflow, doing, body, error)) return false;
    }
    return true;
}

bool mlflow_log_params(Mlflow *mlflow, const char *run, const MlflowPair *params, size_t count,
                       GError **error) {
    return log_pairs(mlflow, "logging parameters", run, "params", params, count, MLFLOW_PARAM_MAX,
                     error);
}

bool mlflow_log_tags(Mlflow *mlflow, const char *run, const MlflowPair *tags, size_t count,
                     GError **error) {
    return log_pairs(mlflow, "setting tags", run, "tags", tags, count, MLFLOW_TAG_MAX, error);
}

static void add_metric(GString *body, const MlflowMetric *metric) {
    if (!isfinite(metric->value)) return;
    g_string_append(body, body->str[body->len - 1] == '[' ? "{" : ",{");
    add_pair_key(body, metric->key);
    add_key(body, "value");
    json_write_double(body, metric->value, 17);
    add_int(body, "timestamp", metric->time);
    add_int(body, "step", metric->step);
    g_string_append_c(body, '}');
}

bool mlflow_log_metrics(Mlflow *mlflow, const char *run, const MlflowMetric *metrics, size_t count,
                        GError **error) {
    for (size_t at = 0; at < count; at += MLFLOW_BATCH_METRICS) {
        GString *body = begin_batch(mlflow, run);
        add_key(body, "metrics");
        g_string_append_c(body, '[');
        for (size_t i = at; i < MIN(count, at + MLFLOW_BATCH_METRICS); i++)
            add_metric(body, &metrics[i]);
        g_string_append_c(body, ']');
        if (!post_batch(mlflow, "logging metrics", body, error)) return false;
    }
    return true;
}

bool mlflow_run_finish(Mlflow *mlflow, const char *run, int64_t end, GError **error) {
    GString *body = begin_batch(mlflow, run);
    add_text(body, "status", "FINISHED");
    add_int(body, "end_time", end);
    return post(mlflow, "finishing the run", API "runs/update", body, NULL, error);
}

/* Artifacts */

/* The path within the proxy; NULL with *error for a location that is not its. */
static const char *proxied(const Mlflow *mlflow, const char *doing, const char *folder,
                           GError **error) {
    static const char scheme[] = "mlflow-artifacts:/";
    const char *path = folder + strlen(scheme);
    if (g_str_has_prefix(folder, scheme) && *path != '/') return path;
    g_autofree char *what =
        g_strdup_printf("its files are at %.100s, which the server does not hand on "
                        "(mlflow server --serve-artifacts)",
                        folder);
    mlflow_fail(mlflow, doing, MLFLOW_ERROR_REFUSED, what, error);
    return NULL;
}

static char *file_path(const char *folder, const char *name) {
    g_autofree char *one = g_uri_escape_string(folder, "/", FALSE), *two = mlflow_escape(name);
    return g_strconcat(PROXY "/", one, "/", two, NULL);
}

bool mlflow_put(Mlflow *mlflow, const char *folder, const char *name, const char *path,
                GError **error) {
    g_autofree char *doing = g_strdup_printf("sending %s", name);
    const char *place = proxied(mlflow, doing, folder, error);
    g_autofree char *to = place ? file_path(place, name) : NULL;
    return to && mlflow_send_file(mlflow, doing, to, path, error);
}

GPtrArray *mlflow_files(Mlflow *mlflow, const char *folder, GError **error) {
    static const char doing[] = "listing the files";
    const char *place = proxied(mlflow, doing, folder, error);
    g_autofree char *path = place ? with_query(PROXY, "path", place, NULL, NULL) : NULL;
    JsonValue root;
    if (!path || !get(mlflow, doing, path, &root, error)) return NULL;
    GPtrArray *files = mlflow_read_files(root);
    if (!files) fail_form(mlflow, doing, error);
    return files;
}

bool mlflow_get(Mlflow *mlflow, const char *folder, const char *name, const char *path,
                GError **error) {
    g_autofree char *doing = g_strdup_printf("getting %s", name);
    const char *place = proxied(mlflow, doing, folder, error);
    g_autofree char *from = place ? file_path(place, name) : NULL;
    return from && mlflow_receive_file(mlflow, doing, from, path, error);
}

/* The registry */

bool mlflow_model_create(Mlflow *mlflow, const char *name, GError **error) {
    GError *exists = NULL;
    GString *body = begin(mlflow);
    add_text(body, "name", name);
    if (post(mlflow, "registering the model", API "registered-models/create", body, NULL, &exists))
        return true;
    if (g_error_matches(exists, MLFLOW_ERROR, MLFLOW_ERROR_EXISTS)) {
        g_error_free(exists);
        return true;
    }
    g_propagate_error(error, exists);
    return false;
}

bool mlflow_version_of_run(Mlflow *mlflow, const char *name, const char *run, MlflowVersion *out,
                           GError **error) {
    static const char doing[] = "looking for the run's model version";
    *out = (MlflowVersion){0};
    g_autofree char *filter = g_strdup_printf("name = '%s' AND run_id = '%s'", name, run);
    g_autofree char *path =
        with_query(API "model-versions/search", "filter", filter, "max_results", "1");
    JsonValue root;
    return get(mlflow, doing, path, &root, error) &&
           (mlflow_read_first_version(root, out) || fail_form(mlflow, doing, error));
}

bool mlflow_version_create(Mlflow *mlflow, const char *name, const char *run, const char *source,
                           const MlflowPair *tags, size_t count, MlflowVersion *out,
                           GError **error) {
    static const char doing[] = "registering the version";
    *out = (MlflowVersion){0};
    GString *body = begin(mlflow);
    add_text(body, "name", name);
    add_text(body, "source", source);
    add_text(body, "run_id", run);
    add_pairs(body, "tags", tags, count, MLFLOW_TAG_MAX);
    JsonValue root;
    return post(mlflow, doing, API "model-versions/create", body, &root, error) &&
           (mlflow_read_version(root, out) || fail_form(mlflow, doing, error));
}

static bool find_version(Mlflow *mlflow, const char *path, const char *name, const char *key,
                         const char *value, MlflowVersion *out, GError **error) {
    g_autofree char *doing = g_strdup_printf("finding the model %s, %s %s", name, key, value);
    g_autofree char *address = with_query(path, "name", name, key, value);
    *out = (MlflowVersion){0};
    JsonValue root;
    return get(mlflow, doing, address, &root, error) &&
           (mlflow_read_version(root, out) || fail_form(mlflow, doing, error));
}

bool mlflow_version_by_alias(Mlflow *mlflow, const char *name, const char *alias,
                             MlflowVersion *out, GError **error) {
    return find_version(mlflow, API "registered-models/alias", name, "alias", alias, out, error);
}

bool mlflow_version_get(Mlflow *mlflow, const char *name, const char *version, MlflowVersion *out,
                        GError **error) {
    return find_version(mlflow, API "model-versions/get", name, "version", version, out, error);
}

char *mlflow_version_folder(Mlflow *mlflow, const char *name, const char *version, GError **error) {
    static const char doing[] = "asking where the version's files are";
    g_autofree char *path =
        with_query(API "model-versions/get-download-uri", "name", name, "version", version);
    JsonValue root;
    if (!get(mlflow, doing, path, &root, error)) return NULL;
    char *folder = mlflow_read_location(root);
    if (!folder) fail_form(mlflow, doing, error);
    return folder;
}

bool mlflow_alias_set(Mlflow *mlflow, const char *name, const char *alias, const char *version,
                      GError **error) {
    GString *body = begin(mlflow);
    add_text(body, "name", name);
    add_text(body, "alias", alias);
    add_text(body, "version", version);
    return post(mlflow, "setting the alias", API "registered-models/alias", body, NULL, error);
}
