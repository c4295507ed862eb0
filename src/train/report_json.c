/* The report as JSON. Curves are written as one array for each axis, which is how charts take
 * them. */
#include "base/civil.h"
#include "base/json_write.h"
#include "feature/feature.h"
#include "train/report.h"

enum { DIGITS = 6 };

/* Starts a member of an object or, with `name` NULL, an element of an array. */
static void next(GString *out, const char *name) {
    const char last = out->str[out->len - 1];
    if (last != '{' && last != '[') g_string_append_c(out, ',');
    if (!name) return;
    json_write_str(out, str_from(name));
    g_string_append_c(out, ':');
}

static void open_at(GString *out, const char *name, char bracket) {
    next(out, name);
    g_string_append_c(out, bracket);
}

static void text(GString *out, const char *name, const char *value) {
    next(out, name);
    json_write_str(out, str_from(value));
}

static void number(GString *out, const char *name, double value) {
    next(out, name);
    json_write_double(out, value, DIGITS);
}

static void count(GString *out, const char *name, size_t value) {
    next(out, name);
    json_write_uint(out, value);
}

/* Of a double that holds whole cents. */
static void money(GString *out, const char *name, double cents) {
    next(out, name);
    json_write_cents(out, (int64_t)cents);
}

static void time_of(GString *out, const char *name, int64_t seconds) {
    char when[CIVIL_TIME_LEN + 2];
    civil_write_time(seconds, when);
    when[10] = 'T';
    when[CIVIL_TIME_LEN] = 'Z';
    when[CIVIL_TIME_LEN + 1] = '\0';
    text(out, name, when);
}

static void write_head(GString *out, const Report *r, const ReportHead *head) {
    g_autofree char *hash = feature_hash();
    text(out, "name", head->name);
    text(out, "version", head->version);
    text(out, "kind", head->kind);
    text(out, "feature_hash", hash);
    number(out, "training_seconds", head->training_seconds);
    open_at(out, "data", '{');
    time_of(out, "from", head->data_from);
    time_of(out, "to", head->data_to);
    count(out, "rows", head->rows);
    count(out, "frauds", head->frauds);
    g_string_append_c(out, '}');
    open_at(out, "judged", '{');
    time_of(out, "from", r->judged_from);
    time_of(out, "to", r->judged_to);
    count(out, "rows", r->judgement.metrics.rows);
    count(out, "frauds", r->judgement.metrics.frauds);
    g_string_append_c(out, '}');
}

static void write_confusion(GString *out, const char *name, const Confusion *c) {
    open_at(out, name, '{');
    number(out, "precision", c->precision);
    number(out, "recall", c->recall);
    number(out, "f1", c->f1);
    number(out, "accuracy", c->accuracy);
    count(out, "true_positives", c->true_positives);
    count(out, "false_positives", c->false_positives);
    count(out, "false_negatives", c->false_negatives);
    count(out, "true_negatives", c->true_negatives);
    g_string_append_c(out, '}');
}

static void write_metrics(GString *out, const Report *r) {
    const Metrics *m = &r->judgement.metrics;
    next(out, "threshold");
    json_write_double(out, r->judgement.threshold, 17);
    next(out, "decline_threshold");
    json_write_double(out, r->judgement.decline_threshold, 17);
    text(out, "threshold_choice", r->judgement.threshold_choice);
    open_at(out, "metrics", '{');
    number(out, "average_precision", m->average_precision);
    number(out, "roc_auc", m->roc_auc);
    number(out, "best_f1", m->best_f1);
    number(out, "best_f1_threshold", m->best_f1_threshold);
    number(out, "recall_at_precision_95", m->recall_at_precision_95);
    number(out, "prevalence", r->prevalence);
    number(out, "brier_score", r->brier);
    number(out, "log_loss", r->log_loss);
    number(out, "expected_calibration_error", r->calibration_error);
    g_string_append_c(out, '}');
    write_confusion(out, "at_threshold", &m->at_threshold);
    write_confusion(out, "balanced", &m->balanced);
}

typedef double PointPart(const CurvePoint *point);

static double point_x(const CurvePoint *point) {
    return point->x;
}

static double point_y(const CurvePoint *point) {
    return point->y;
}

static double point_threshold(const CurvePoint *point) {
    return point->threshold;
}

static void write_axis(GString *out, const char *name, const GArray *points, PointPart *part) {
    open_at(out, name, '[');
    for (guint i = 0; i < points->len; i++)
        number(out, NULL, part(&g_array_index(points, CurvePoint, i)));
    g_string_append_c(out, ']');
}

static void write_curve(GString *out, const char *name, const GArray *points, const char *x,
                        const char *y) {
    open_at(out, name, '{');
    write_axis(out, "threshold", points, point_threshold);
    write_axis(out, x, points, point_x);
    write_axis(out, y, points, point_y);
    g_string_append_c(out, '}');
}

static void write_cost(GString *out, const Report *r) {
    open_at(out, "cost", '{');
    money(out, "review_cost", (double)r->review_cost);
    money(out, "without_model", r->no_model_cost);
    money(out, "at_threshold", r->threshold_cost);
    money(out, "least", r->best_cost);
    number(out, "least_threshold", r->best_threshold);
    write_axis(out, "threshold", r->cost, point_threshold);
    open_at(out, "cost", '[');
    for (guint i = 0; i < r->cost->len; i++)
        money(out, NULL, g_array_index(r->cost, CurvePoint, i).y);
    g_string_append(out, "]}");
}

static void write_bins(GString *out, const char *name, const GArray *bins) {
    open_at(out, name, '[');
    for (guint i = 0; i < bins->len; i++) {
        const ReliabilityBin *bin = &g_array_index(bins, ReliabilityBin, i);
        open_at(out, NULL, '{');
        number(out, "mean_score", bin->mean_score);
        number(out, "observed", bin->observed);
        number(out, "low", bin->low);
        number(out, "high", bin->high);
        count(out, "rows", bin->rows);
        g_string_append_c(out, '}');
    }
    g_string_append_c(out, ']');
}

static void write_counts(GString *out, const char *name, const size_t *counts) {
    open_at(out, name, '[');
    for (int i = 0; i < REPORT_SCORE_BINS; i++)
        count(out, NULL, counts[i]);
    g_string_append_c(out, ']');
}

static void write_importance(GString *out, const Report *r) {
    open_at(out, "importance", '[');
    for (guint i = 0; i < r->importance->len; i++) {
        const ReportFeature *f = &g_array_index(r->importance, ReportFeature, i);
        open_at(out, NULL, '{');
        text(out, "feature", feature_at(f->feature)->name);
        if (r->shap.rows > 0) number(out, "mean_contribution", f->mean_contribution);
        if (r->has_importance) {
            number(out, "gain", f->gain);
            number(out, "splits", f->splits);
        }
        g_string_append_c(out, '}');
    }
    g_string_append_c(out, ']');
}

static void write_floats(GString *out, const char *name, const float *values, size_t n) {
    open_at(out, name, '[');
    for (size_t i = 0; i < n; i++)
        number(out, NULL, (double)values[i]);
    g_string_append_c(out, ']');
}

static void write_table(GString *out, const char *name, const float *values, size_t rows,
                        size_t columns) {
    open_at(out, name, '[');
    for (size_t i = 0; i < rows; i++)
        write_floats(out, NULL, values + i * columns, columns);
    g_string_append_c(out, ']');
}

static void write_shap(GString *out, const Report *r) {
    const ReportShap *shap = &r->shap;
    open_at(out, "shap", '{');
    text(out, "method", shap->method);
    number(out, "expected", shap->expected);
    open_at(out, "features", '[');
    for (size_t k = 0; k < shap->features; k++)
        text(out, NULL, feature_at(g_array_index(r->importance, ReportFeature, k).feature)->name);
    g_string_append_c(out, ']');
    open_at(out, "is_fraud", '[');
    for (size_t i = 0; i < shap->rows; i++)
        count(out, NULL, shap->is_fraud[i]);
    g_string_append_c(out, ']');
    write_floats(out, "scores", shap->scores, shap->rows);
    write_table(out, "values", shap->values, shap->rows, shap->features);
    write_table(out, "contributions", shap->contributions, shap->rows, shap->features);
    g_string_append_c(out, '}');
}

/* The steps of the metric that step `at` is of, if that is its first. */
static void write_series(GString *out, const GArray *steps, guint at) {
    const char *metric = g_array_index(steps, ReportStep, at).metric;
    for (guint i = 0; i < at; i++)
        if (g_array_index(steps, ReportStep, i).metric == metric) return;
    open_at(out, NULL, '{');
    text(out, "metric", metric);
    open_at(out, "step", '[');
    for (guint i = at; i < steps->len; i++)
        if (g_array_index(steps, ReportStep, i).metric == metric)
            number(out, NULL, g_array_index(steps, ReportStep, i).step);
    g_string_append_c(out, ']');
    open_at(out, "value", '[');
    for (guint i = at; i < steps->len; i++)
        if (g_array_index(steps, ReportStep, i).metric == metric)
            number(out, NULL, g_array_index(steps, ReportStep, i).value);
    g_string_append(out, "]}");
}

static void write_layers(GString *out, const Report *r) {
    open_at(out, "layers", '[');
    for (size_t i = 0; i < r->layer_count; i++) {
        open_at(out, NULL, '{');
        text(out, "name", r->layers[i].name);
        count(out, "inputs", r->layers[i].inputs);
        count(out, "outputs", r->layers[i].outputs);
        count(out, "parameters", r->layers[i].parameters);
        g_string_append_c(out, '}');
    }
    g_string_append_c(out, ']');
}

/* Edges in full: a live value is compared with them as a float. */
static void write_spread(GString *out, const char *name, const char *feature, const Spread *s) {
    open_at(out, name, '{');
    if (feature) text(out, "feature", feature);
    open_at(out, "edges", '[');
    for (guint i = 0; i < s->edges->len; i++) {
        next(out, NULL);
        json_write_float(out, g_array_index(s->edges, float, i));
    }
    g_string_append_c(out, ']');
    open_at(out, "shares", '[');
    for (guint i = 0; i < s->shares->len; i++)
        number(out, NULL, g_array_index(s->shares, double, i));
    g_string_append_c(out, ']');
    number(out, "missing", s->missing);
    g_string_append_c(out, '}');
}

static void write_drift(GString *out, const Report *r) {
    open_at(out, "drift", '{');
    write_spread(out, "score", NULL, &r->score_spread);
    open_at(out, "features", '[');
    for (size_t f = 0; f < feature_count(); f++)
        write_spread(out, NULL, feature_at(f)->name, &r->feature_spreads[f]);
    g_string_append(out, "]}");
}

void report_write(const Report *r, const ReportHead *head, GString *out) {
    g_string_append_c(out, '{');
    count(out, "format", REPORT_FORMAT);
    write_head(out, r, head);
    write_metrics(out, r);
    write_curve(out, "precision_recall", r->precision_recall, "recall", "precision");
    write_curve(out, "roc", r->roc, "false_positive_rate", "true_positive_rate");
    write_cost(out, r);
    open_at(out, "reliability", '{');
    write_bins(out, "by_width", r->by_width);
    write_bins(out, "by_count", r->by_count);
    g_string_append_c(out, '}');
    open_at(out, "scores", '{');
    write_counts(out, "frauds", r->fraud_scores);
    write_counts(out, "others", r->other_scores);
    g_string_append_c(out, '}');
    write_importance(out, r);
    if (r->shap.rows > 0) write_shap(out, r);
    open_at(out, "training_curve", '[');
    for (guint i = 0; i < r->steps->len; i++)
        write_series(out, r->steps, i);
    g_string_append_c(out, ']');
    write_layers(out, r);
    write_drift(out, r);
    g_string_append(out, "}\n");
}
