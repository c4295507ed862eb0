#include "train/version.h"
#include "base/civil.h"
#include "train/picture.h"

struct TrainVersion {
    ModelManifest manifest;
    ModelPart parts[MODEL_MEMBERS_MAX];
    char *name, *version;
    GStringChunk *names; /* of metrics and parameters */
    GArray *metrics;     /* ModelMetric */
    GArray *parameters;  /* ModelParameter */
    GArray *extras;      /* ModelExtra */
};

/* "20261122T121314Z-1a2b3c4d" */
static char *make_version(const TrainResult *r, int64_t now) {
    g_autoptr(GChecksum) checksum = g_checksum_new(G_CHECKSUM_SHA256);
    for (size_t m = 0; m < r->member_count; m++) {
        gsize len;
        const guchar *file = g_bytes_get_data(r->members[m].file, &len);
        g_checksum_update(checksum, file, (gssize)len);
    }
    const char *hash = g_checksum_get_string(checksum);
    const Civil at = civil_from_seconds(now);
    return g_strdup_printf("%04d%02u%02uT%02u%02u%02uZ-%.8s", at.year, at.month, at.day, at.hour,
                           at.minute, at.second, hash);
}

/* The name itself, or of one of several members "xgboost.name". */
static const char *name_of(TrainVersion *v, const TrainResult *r, const TrainedMember *member,
                           const char *name) {
    g_autofree char *whole =
        r->member_count > 1 ? g_strdup_printf("%s.%s", model_kind_name(member->kind), name) : NULL;
    return g_string_chunk_insert_const(v->names, whole ? whole : name);
}

static void fill_metrics(TrainVersion *v, const TrainResult *r) {
    const Metrics *m = &r->judgement.metrics;
    const ModelMetric metrics[] = {
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
    g_array_append_vals(v->metrics, metrics, G_N_ELEMENTS(metrics));
}

/* Of one of several members, by its own score. */
static void fill_member_metrics(TrainVersion *v, const TrainResult *r,
                                const TrainedMember *member) {
    const Metrics *m = &member->judgement.metrics;
    const ModelMetric metrics[] = {
        {name_of(v, r, member, "average_precision"), m->average_precision},
        {name_of(v, r, member, "best_f1"), m->best_f1},
        {name_of(v, r, member, "recall_at_precision_95"), m->recall_at_precision_95},
        {name_of(v, r, member, "balanced_f1"), m->balanced_f1},
        {name_of(v, r, member, "balanced_f1_threshold"), m->balanced_f1_threshold},
    };
    g_array_append_vals(v->metrics, metrics, G_N_ELEMENTS(metrics));
}

static void fill_parameters(TrainVersion *v, const TrainResult *r, const TrainedMember *member) {
    for (guint i = 0; i < member->params->len; i++) {
        const TrainParam *param = &g_array_index(member->params, TrainParam, i);
        const ModelParameter parameter = {name_of(v, r, member, param->name), param->value};
        g_array_append_val(v->parameters, parameter);
    }
}

static void fill_members(TrainVersion *v, const TrainResult *r) {
    for (size_t m = 0; m < r->member_count; m++) {
        const TrainedMember *member = &r->members[m];
        v->parts[m] =
            (ModelPart){member->kind, member->file, member->weight, member->judgement.threshold};
        fill_parameters(v, r, member);
        if (r->member_count > 1) fill_member_metrics(v, r, member);
    }
}

static void fill_manifest(TrainVersion *v, const TrainResult *r, int64_t now) {
    v->manifest = (ModelManifest){
        .name = v->name,
        .version = v->version,
        .members = v->parts,
        .member_count = r->member_count,
        .bias = r->bias,
        .suspicion = r->suspicion,
        .extras = (const ModelExtra *)(const void *)v->extras->data,
        .extra_count = v->extras->len,
        .parameters = (const ModelParameter *)(const void *)v->parameters->data,
        .parameter_count = v->parameters->len,
        .data_from = r->first_time,
        .data_to = r->last_time,
        .rows = r->rows,
        .frauds = r->frauds,
        .metrics = (const ModelMetric *)(const void *)v->metrics->data,
        .metric_count = v->metrics->len,
        .threshold = r->judgement.threshold,
        .decline_threshold = r->judgement.decline_threshold,
        .threshold_choice = r->judgement.threshold_choice,
        .training_seconds = r->seconds,
        .trained_at = now,
    };
}

const char *train_result_kind(const TrainResult *result) {
    return result->member_count > 1 ? ENSEMBLE_KIND : model_kind_name(result->members[0].kind);
}

static void add_report(TrainVersion *v, const TrainResult *r) {
    const ReportHead head = {
        .name = v->name,
        .version = v->version,
        .kind = train_result_kind(r),
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
    v->version = make_version(result, now);
    v->names = g_string_chunk_new(1024);
    v->metrics = g_array_new(FALSE, FALSE, sizeof(ModelMetric));
    v->parameters = g_array_new(FALSE, FALSE, sizeof(ModelParameter));
    v->extras = g_array_new(FALSE, FALSE, sizeof(ModelExtra));
    fill_metrics(v, result);
    fill_members(v, result);
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
    g_array_unref(v->metrics);
    g_array_unref(v->parameters);
    g_string_chunk_free(v->names);
    g_free(v->version);
    g_free(v->name);
    g_free(v);
}

const ModelManifest *train_version_manifest(const TrainVersion *v) {
    return &v->manifest;
}
