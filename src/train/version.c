#include "train/version.h"
#include "base/civil.h"
#include "train/picture.h"

enum { METRICS = 13 };

struct TrainVersion {
    ModelManifest manifest;
    ModelPart part;
    char *name, *version;
    ModelMetric metrics[METRICS];
    ModelParameter *parameters;
    GArray *extras; /* ModelExtra */
};

/* "20261122T121314Z-1a2b3c4d" */
static char *make_version(GBytes *member, int64_t now) {
    g_autofree char *hash = g_compute_checksum_for_bytes(G_CHECKSUM_SHA256, member);
    const Civil at = civil_from_seconds(now);
    return g_strdup_printf("%04d%02u%02uT%02u%02u%02uZ-%.8s", at.year, at.month, at.day, at.hour,
                           at.minute, at.second, hash);
}

static void fill_metrics(TrainVersion *v, const TrainResult *r) {
    const Metrics *m = &r->judgement.metrics;
    const ModelMetric metrics[METRICS] = {
        {"rows", (double)m->rows},
        {"frauds", (double)m->frauds},
        {"average_precision", m->average_precision},
        {"roc_auc", m->roc_auc},
        {"best_f1", m->best_f1},
        {"recall_at_precision_95", m->recall_at_precision_95},
        {"precision", m->at_threshold.precision},
        {"recall", m->at_threshold.recall},
        {"f1", m->at_threshold.f1},
        {"balanced_f1", m->balanced_f1},
        {"balanced_f1_threshold", m->balanced_f1_threshold},
        {"brier_score", r->report->brier},
        {"expected_calibration_error", r->report->calibration_error},
    };
    memcpy(v->metrics, metrics, sizeof metrics);
}

static void fill_parameters(TrainVersion *v, const TrainResult *r) {
    v->parameters = g_new(ModelParameter, r->params->len + 1);
    for (guint i = 0; i < r->params->len; i++) {
        const TrainParam *param = &g_array_index(r->params, TrainParam, i);
        v->parameters[i] = (ModelParameter){param->name, param->value};
    }
}

static void fill_manifest(TrainVersion *v, const TrainResult *r, int64_t now) {
    v->part = (ModelPart){r->kind, r->member, 1};
    v->manifest = (ModelManifest){
        .name = v->name,
        .version = v->version,
        .members = &v->part,
        .member_count = 1,
        .suspicion = r->suspicion,
        .extras = (const ModelExtra *)(const void *)v->extras->data,
        .extra_count = v->extras->len,
        .parameters = v->parameters,
        .parameter_count = r->params->len,
        .data_from = r->first_time,
        .data_to = r->last_time,
        .rows = r->rows,
        .frauds = r->frauds,
        .metrics = v->metrics,
        .metric_count = METRICS,
        .threshold = r->judgement.threshold,
        .decline_threshold = r->judgement.decline_threshold,
        .threshold_choice = r->judgement.threshold_choice,
        .training_seconds = r->seconds,
        .trained_at = now,
    };
}

static void add_report(TrainVersion *v, const TrainResult *r) {
    const ReportHead head = {
        .name = v->name,
        .version = v->version,
        .kind = model_kind_name(r->kind),
        .data_from = r->first_time,
        .data_to = r->last_time,
        .rows = r->rows,
        .frauds = r->frauds,
        .training_seconds = r->seconds,
    };
    GString *text = g_string_new(NULL);
    report_write(r->report, &head, text);
    const ModelExtra extra = {REPORT_FILE, g_string_free_to_bytes(text)};
    g_array_append_val(v->extras, extra);
}

static bool add_pictures(TrainVersion *v, const TrainResult *r, GError **error) {
    for (size_t i = 0; i < picture_count(); i++) {
        if (!picture_has_data(i, r->report)) continue;
        GBytes *png = picture_draw(i, r->report, v->name, error);
        if (!png) return false;
        const ModelExtra extra = {picture_file(i), png};
        g_array_append_val(v->extras, extra);
    }
    return true;
}

TrainVersion *train_version_new(const TrainResult *result, const char *name, int64_t now,
                                GError **error) {
    TrainVersion *v = g_new0(TrainVersion, 1);
    v->name = g_strdup(name);
    v->version = make_version(result->member, now);
    v->extras = g_array_new(FALSE, FALSE, sizeof(ModelExtra));
    fill_metrics(v, result);
    fill_parameters(v, result);
    add_report(v, result);
    if (!add_pictures(v, result, error)) {
        train_version_free(v);
        return NULL;
    }
    fill_manifest(v, result, now);
    return v;
}

void train_version_free(TrainVersion *v) {
    if (!v) return;
    for (guint i = 0; i < v->extras->len; i++)
        g_bytes_unref(g_array_index(v->extras, ModelExtra, i).bytes);
    g_array_unref(v->extras);
    g_free(v->parameters);
    g_free(v->version);
    g_free(v->name);
    g_free(v);
}

const ModelManifest *train_version_manifest(const TrainVersion *v) {
    return &v->manifest;
}
