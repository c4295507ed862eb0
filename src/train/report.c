#include "train/report.h"
#include "feature/feature.h"

#include <math.h>

/* How much over the cost of no model at all still shapes the thinned cost curve. */
#define COST_CAP 2

static void fill_times(Report *r, const Dataset *data) {
    for (size_t row = data->train_rows; row < data->matrix->rows; row++) {
        const int64_t time = g_array_index(data->times, int64_t, row);
        const bool first = row == data->train_rows;
        r->judged_from = first ? time : MIN(r->judged_from, time);
        r->judged_to = first ? time : MAX(r->judged_to, time);
    }
}

static void fill_cost(Report *r, const GArray *steps) {
    r->cost = curve_cost(steps, r->review_cost);
    for (guint i = 0; i < r->cost->len; i++) {
        const CurvePoint *p = &g_array_index(r->cost, CurvePoint, i);
        if (i == 0) r->no_model_cost = r->threshold_cost = p->y;
        if (p->threshold >= r->judgement.threshold) r->threshold_cost = p->y;
        if (i > 0 && p->y >= r->best_cost) continue;
        r->best_cost = p->y;
        r->best_threshold = p->threshold;
    }
    curve_thin(r->cost, REPORT_CURVE_POINTS, COST_CAP * r->no_model_cost);
}

static void fill_curves(Report *r, const ReportJob *job, const uint8_t *is_fraud, size_t n) {
    const int64_t *amounts =
        (const int64_t *)(const void *)job->data->amounts->data + job->data->train_rows;
    g_autoptr(GArray) steps = rank_steps(job->scores, is_fraud, amounts, n);
    r->precision_recall = curve_precision_recall(steps);
    r->roc = curve_roc(steps);
    curve_thin(r->precision_recall, REPORT_CURVE_POINTS, G_MAXDOUBLE);
    curve_thin(r->roc, REPORT_CURVE_POINTS, G_MAXDOUBLE);
    fill_cost(r, steps);
    r->by_width = reliability_by_width(job->scores, is_fraud, n, REPORT_WIDTH_BINS);
    r->by_count = reliability_by_count(job->scores, is_fraud, n, REPORT_COUNT_BINS);
    r->brier = brier_score(job->scores, is_fraud, n);
    r->log_loss = log_loss(job->scores, is_fraud, n);
    r->calibration_error = calibration_error(r->by_count);
    score_counts(job->scores, is_fraud, n, true, r->fraud_scores, REPORT_SCORE_BINS);
    score_counts(job->scores, is_fraud, n, false, r->other_scores, REPORT_SCORE_BINS);
}

/* Which judging rows are explained: up to `wanted` of each class, drawn evenly by selection
 * sampling (Knuth, TAOCP vol. 2, 3.4.2, S); always the same ones. */
static GArray *draw_rows(const uint8_t *is_fraud, size_t n, size_t frauds, size_t wanted) {
    enum { SEED = 1 };
    g_autoptr(GRand) random = g_rand_new_with_seed(SEED);
    size_t left[2] = {n - frauds, frauds};
    size_t to_draw[2] = {MIN(wanted, left[0]), MIN(wanted, left[1])};
    GArray *rows = g_array_new(FALSE, FALSE, sizeof(size_t));
    for (size_t i = 0; i < n; i++) {
        const unsigned class = is_fraud[i];
        const bool drawn = g_rand_double(random) * (double)left[class] < (double)to_draw[class];
        left[class]--;
        to_draw[class] -= drawn;
        if (drawn) g_array_append_val(rows, i);
    }
    return rows;
}

static int by_strength(const void *a, const void *b) {
    const ReportFeature *x = a, *y = b;
    if (x->mean_contribution != y->mean_contribution)
        return x->mean_contribution < y->mean_contribution ? 1 : -1;
    if (x->gain != y->gain) return x->gain < y->gain ? 1 : -1;
    return (x->feature > y->feature) - (x->feature < y->feature);
}

/* All features, the strongest first. `explained`: rows x (feature_count() + 1), or NULL. */
static void fill_importance(Report *r, const ReportJob *job, const float *explained, size_t rows) {
    const size_t n = feature_count();
    r->has_importance = job->importance != NULL;
    r->importance = g_array_new(FALSE, TRUE, sizeof(ReportFeature));
    for (size_t f = 0; f < n; f++) {
        ReportFeature row = {.feature = f};
        for (size_t i = 0; i < rows; i++)
            row.mean_contribution += fabs((double)explained[i * (n + 1) + f]) / (double)rows;
        if (job->importance) {
            row.gain = job->importance->gain[f];
            row.splits = job->importance->splits[f];
        }
        g_array_append_val(r->importance, row);
    }
    g_array_sort(r->importance, by_strength);
}

/* Keeps of the explained rows what the beeswarm shows. */
static void fill_shap(Report *r, const ReportJob *job, const GArray *rows, const float *explained,
                      const uint8_t *is_fraud) {
    const size_t width = feature_count() + 1;
    ReportShap *shap = &r->shap;
    shap->method = job->explain_method;
    shap->rows = rows->len;
    shap->features = MIN((size_t)REPORT_SHAP_FEATURES, feature_count());
    shap->expected = rows->len ? (double)explained[width - 1] : 0;
    shap->scores = g_new(float, rows->len + 1);
    shap->is_fraud = g_new(uint8_t, rows->len + 1);
    shap->values = g_new(float, rows->len * shap->features + 1);
    shap->contributions = g_new(float, rows->len * shap->features + 1);
    for (size_t i = 0; i < rows->len; i++) {
        const size_t row = g_array_index(rows, size_t, i);
        const float *values = matrix_row(job->data->matrix, job->data->train_rows + row);
        shap->scores[i] = job->scores[row];
        shap->is_fraud[i] = is_fraud[row];
        for (size_t k = 0; k < shap->features; k++) {
            const size_t feature = g_array_index(r->importance, ReportFeature, k).feature;
            shap->values[i * shap->features + k] = values[feature];
            shap->contributions[i * shap->features + k] = explained[i * width + feature];
        }
    }
}

static void fill_explained(Report *r, const ReportJob *job, const uint8_t *is_fraud, size_t n) {
    const size_t width = feature_count() + 1;
    g_autoptr(GArray) rows =
        draw_rows(is_fraud, n, r->judgement.metrics.frauds, REPORT_SHAP_ROWS / 2);
    if (!job->explain) g_array_set_size(rows, 0);
    g_autofree float *explained = g_new0(float, rows->len *width + 1);
    for (guint i = 0; job->explain && i < rows->len; i++)
        job->explain(job->explain_data, g_array_index(rows, size_t, i), explained + i * width);
    fill_importance(r, job, explained, rows->len);
    if (rows->len > 0) fill_shap(r, job, rows, explained, is_fraud);
}

typedef struct Column {
    const FeatureMatrix *matrix;
    size_t column;
} Column;

static float column_value(const void *data, size_t i) {
    const Column *column = data;
    return matrix_row(column->matrix, i)[column->column];
}

static float score_value(const void *data, size_t i) {
    return ((const float *)data)[i];
}

static void fill_spreads(Report *r, const ReportJob *job, size_t n) {
    r->score_spread = spread_of(score_value, job->scores, n, REPORT_SPREAD_BINS);
    r->feature_spreads = g_new(Spread, feature_count());
    for (size_t f = 0; f < feature_count(); f++) {
        const Column column = {job->data->matrix, f};
        r->feature_spreads[f] =
            spread_of(column_value, &column, job->data->train_rows, REPORT_SPREAD_BINS);
    }
}

Report *report_new(const ReportJob *job) {
    g_assert(job->review_cost >= 0);
    Report *r = g_new0(Report, 1);
    const size_t n = dataset_judging_rows(job->data);
    g_autofree uint8_t *is_fraud = dataset_judging_labels(job->data);
    r->judgement = *job->judgement;
    r->review_cost = job->review_cost;
    r->prevalence = n ? (double)r->judgement.metrics.frauds / (double)n : 0;
    r->steps = job->steps ? g_array_copy((GArray *)(uintptr_t)job->steps)
                          : g_array_new(FALSE, FALSE, sizeof(ReportStep));
    r->layers = job->layers;
    r->layer_count = job->layer_count;
    fill_times(r, job->data);
    fill_curves(r, job, is_fraud, n);
    fill_explained(r, job, is_fraud, n);
    fill_spreads(r, job, n);
    return r;
}

void report_free(Report *r) {
    if (!r) return;
    g_array_unref(r->precision_recall);
    g_array_unref(r->roc);
    g_array_unref(r->cost);
    g_array_unref(r->by_width);
    g_array_unref(r->by_count);
    g_array_unref(r->importance);
    g_array_unref(r->steps);
    g_free(r->shap.scores);
    g_free(r->shap.is_fraud);
    g_free(r->shap.values);
    g_free(r->shap.contributions);
    spread_clear(&r->score_spread);
    for (size_t f = 0; f < feature_count(); f++)
        spread_clear(&r->feature_spreads[f]);
    g_free(r->feature_spreads);
    g_free(r);
}
