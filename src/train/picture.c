#include "train/picture.h"
#include "feature/feature.h"
#include "train/chart.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum {
    BARS = 20,        /* features in the importance */
    PANELS_MAX = 6,   /* metrics in the training curve */
    PANELS_FEW = 3,   /* fit on a page, each with its name beside its axis */
    PANEL = 260,      /* height of each of more, in pixels */
    SWARM_LANES = 21, /* dots of a beeswarm one above the other, at most */
    DOT = 7,          /* radius in pixels */
    LABEL = 19,       /* size of a text in pixels */
};

typedef struct Picture {
    const char *file;
    bool (*has_data)(const Report *report);
    Chart *(*draw)(const Report *report, const char *name);
} Picture;

static const ChartAxis share_axis = {.low = 0, .high = 1};

/* A chart whose subtitle begins with the model's name. */
static G_GNUC_PRINTF(3, 4) Chart *page(const char *title, const char *name, const char *format,
                                       ...) {
    va_list list;
    va_start(list, format);
    g_autofree char *rest = g_strdup_vprintf(format, list);
    va_end(list);
    g_autofree char *subtitle = g_strconcat(name, ": ", rest, NULL);
    return chart_new(title, subtitle, CHART_HEIGHT);
}

static G_GNUC_PRINTF(4, 5) void legend(Chart *chart, ChartColour colour, const ChartLine *line,
                                       const char *format, ...) {
    va_list list;
    va_start(list, format);
    g_autofree char *text = g_strdup_vprintf(format, list);
    va_end(list);
    chart_legend(chart, colour, line, text);
}

static char *counted(size_t count) {
    GString *text = g_string_new(NULL);
    g_string_printf(text, "%zu", count);
    for (gssize at = (gssize)text->len - 3; at > 0; at -= 3)
        g_string_insert_c(text, at, ',');
    return g_string_free(text, FALSE);
}

static ChartAxis labelled(ChartAxis axis, const char *label) {
    axis.label = label;
    return axis;
}

typedef double PointPart(const CurvePoint *point);

static double part_x(const CurvePoint *point) {
    return point->x;
}

static double part_y(const CurvePoint *point) {
    return point->y;
}

static double *axis_of(const GArray *points, PointPart *part) {
    double *values = g_new(double, points->len + 1);
    for (guint i = 0; i < points->len; i++)
        values[i] = part(&g_array_index(points, CurvePoint, i));
    return values;
}

static void draw_curve(Chart *chart, const GArray *points, ChartLine line) {
    g_autofree double *x = axis_of(points, part_x), *y = axis_of(points, part_y);
    chart_line(chart, x, y, points->len, line);
}

/* A page that says what the judging rows are. */
static Chart *judged_page(const char *title, const char *name, const Report *r) {
    g_autofree char *rows = counted(r->judgement.metrics.rows);
    g_autofree char *frauds = counted(r->judgement.metrics.frauds);
    return page(title, name, "%s transactions that it had not seen, %s of them fraud", rows,
                frauds);
}

static bool has_curves(const Report *r) {
    return r->precision_recall->len > 0;
}

/* From recall 0 on: the first step's precision holds there. */
static void draw_recalls(Chart *chart, const GArray *points, ChartLine line) {
    g_autoptr(GArray) whole = g_array_copy((GArray *)(uintptr_t)points);
    CurvePoint first = g_array_index(whole, CurvePoint, 0);
    first.x = 0;
    g_array_prepend_val(whole, first);
    draw_curve(chart, whole, line);
}

static Chart *draw_precision_recall(const Report *r, const char *name) {
    const Metrics *m = &r->judgement.metrics;
    const ChartAxis x = labelled(share_axis, "Recall"), y = labelled(share_axis, "Precision");
    const ChartLine curve = {.colour = chart_blue, .filled = true};
    const ChartLine base = {.colour = chart_grey, .dashed = true};
    Chart *chart = judged_page("Precision-recall curve", name, r);
    chart_panel(chart, 0, 1, &x, &y);
    draw_recalls(chart, r->precision_recall, curve);
    chart_segment(chart, 0, r->prevalence, 1, r->prevalence, base);
    chart_dot(chart, m->at_threshold.recall, m->at_threshold.precision, DOT, chart_red);
    legend(chart, curve.colour, &curve, "average precision %.4f", m->average_precision);
    legend(chart, chart_red, NULL, "threshold %.3f: precision %.3f, recall %.3f",
           r->judgement.threshold, m->at_threshold.precision, m->at_threshold.recall);
    legend(chart, base.colour, &base, "chance: prevalence %.4f", r->prevalence);
    chart_legend_corner(chart, CHART_BOTTOM_LEFT);
    return chart;
}

static Chart *draw_roc(const Report *r, const char *name) {
    const Metrics *m = &r->judgement.metrics;
    const Confusion *c = &m->at_threshold;
    const ChartAxis x = labelled(share_axis, "False positive rate");
    const ChartAxis y = labelled(share_axis, "True positive rate (recall)");
    const ChartLine curve = {.colour = chart_blue, .filled = true};
    const ChartLine base = {.colour = chart_grey, .dashed = true};
    const double rate =
        (double)c->false_positives / (double)(c->false_positives + c->true_negatives);
    Chart *chart = judged_page("ROC curve", name, r);
    chart_panel(chart, 0, 1, &x, &y);
    draw_curve(chart, r->roc, curve);
    chart_segment(chart, 0, 0, 1, 1, base);
    chart_dot(chart, rate, c->recall, DOT, chart_red);
    legend(chart, curve.colour, &curve, "area under the curve %.4f", m->roc_auc);
    legend(chart, chart_red, NULL, "threshold %.3f: %.3f of the frauds, %.5f of the others",
           r->judgement.threshold, c->recall, rate);
    legend(chart, base.colour, &base, "chance");
    chart_legend_corner(chart, CHART_BOTTOM_RIGHT);
    return chart;
}

static bool has_rows(const Report *r) {
    return r->judgement.metrics.rows > 0;
}

/* Both kinds of bins: those of equal width tell of high scores, the equally full ones of low. */
static Chart *draw_reliability(const Report *r, const char *name) {
    const ChartAxis x = labelled(share_axis, "Mean score");
    const ChartAxis y = labelled(share_axis, "Observed share of frauds");
    const ChartLine base = {.colour = chart_grey, .dashed = true};
    const ChartLine line = {.colour = chart_blue};
    Chart *chart =
        page("Reliability (calibration curve)", name,
             "Brier score %.5f, expected calibration error %.5f", r->brier, r->calibration_error);
    chart_panel(chart, 0, 1, &x, &y);
    chart_segment(chart, 0, 0, 1, 1, base);
    for (guint i = 0; i < r->by_count->len; i++) {
        const ReliabilityBin *bin = &g_array_index(r->by_count, ReliabilityBin, i);
        chart_dot(chart, bin->mean_score, bin->observed, DOT, chart_green);
    }
    for (guint i = 0; i < r->by_width->len; i++) {
        const ReliabilityBin *bin = &g_array_index(r->by_width, ReliabilityBin, i);
        chart_segment(chart, bin->mean_score, bin->low, bin->mean_score, bin->high, line);
        chart_dot(chart, bin->mean_score, bin->observed, DOT, chart_blue);
    }
    legend(chart, base.colour, &base, "a perfectly calibrated score");
    legend(chart, chart_blue, NULL, "bins of equal width, with 95 %% intervals");
    legend(chart, chart_green, NULL, "bins of equally many transactions");
    chart_legend_corner(chart, CHART_TOP_LEFT);
    return chart;
}

/* A cell is the darker the more of its row it holds. */
static void draw_cell(Chart *chart, int column, int row, size_t count, size_t of) {
    const double share = of ? (double)count / (double)of : 0;
    const ChartColour shade = {0.94 - 0.72 * share, 0.96 - 0.48 * share, 0.98 - 0.25 * share, 1};
    const ChartColour ink = share > 0.55 ? (ChartColour){1, 1, 1, 1} : chart_black;
    g_autofree char *number = counted(count);
    g_autofree char *percent = g_strdup_printf("%.2f %%", 100 * share);
    chart_box(chart, column, row, column + 1, row + 1, shade);
    chart_text(chart, column + 0.5, row + 0.45, 44, CHART_CENTRE, ink, number);
    chart_text(chart, column + 0.5, row + 0.6, LABEL + 3, CHART_CENTRE, ink, percent);
}

static Chart *draw_confusion(const Report *r, const char *name) {
    static const char *const said[] = {"not flagged", "flagged"}, *const was[] = {"not fraud",
                                                                                  "fraud"};
    const Confusion *c = &r->judgement.metrics.at_threshold;
    const ChartAxis x = {.label = "Predicted", .high = 2, .names = said, .name_count = 2};
    const ChartAxis y = {.label = "Actual", .high = 2, .names = was, .name_count = 2};
    const ChartLine line = {.colour = {1, 1, 1, 1}};
    Chart *chart = page("Confusion matrix", name,
                        "at threshold %.4f: precision %.4f, recall %.4f, F1 %.4f, accuracy %.5f",
                        r->judgement.threshold, c->precision, c->recall, c->f1, c->accuracy);
    chart_panel(chart, 0, 1, &x, &y);
    const size_t others = c->true_negatives + c->false_positives;
    const size_t frauds = c->true_positives + c->false_negatives;
    draw_cell(chart, 0, 0, c->true_negatives, others);
    draw_cell(chart, 1, 0, c->false_positives, others);
    draw_cell(chart, 0, 1, c->false_negatives, frauds);
    draw_cell(chart, 1, 1, c->true_positives, frauds);
    chart_segment(chart, 1, 0, 1, 2, line);
    chart_segment(chart, 0, 1, 2, 1, line);
    return chart;
}

static bool has_strengths(const Report *r) {
    return r->shap.rows > 0 || r->has_importance;
}

static double strength(const Report *r, guint i) {
    const ReportFeature *f = &g_array_index(r->importance, ReportFeature, i);
    return r->shap.rows > 0 ? f->mean_contribution : f->gain;
}

static Chart *draw_importance(const Report *r, const char *name) {
    const char *names[BARS];
    const guint bars = MIN(r->importance->len, (guint)BARS);
    double most = 0;
    for (guint i = 0; i < bars; i++) {
        names[i] = feature_at(g_array_index(r->importance, ReportFeature, i).feature)->name;
        most = MAX(most, strength(r, i));
    }
    g_autofree char *label =
        r->shap.rows > 0
            ? g_strdup_printf("Mean |contribution| to the log-odds (%s)", r->shap.method)
            : g_strdup("Mean gain of its splits");
    const ChartAxis x = {.label = label, .high = chart_round_up(most * 1.08)};
    const ChartAxis y = {.high = bars, .names = names, .name_count = bars};
    Chart *chart = page("Feature importance", name, "the %u strongest of %u features", bars,
                        r->importance->len);
    chart_panel(chart, 0, 1, &x, &y);
    for (guint i = 0; i < bars; i++) {
        g_autofree char *value = g_strdup_printf("%.3g", strength(r, i));
        chart_box(chart, 0, i + 0.15, strength(r, i), i + 0.85, chart_blue);
        chart_text(chart, strength(r, i) + x.high * 0.006, i + 0.5, LABEL - 3, CHART_LEFT,
                   chart_grey, value);
    }
    return chart;
}

static bool has_shap(const Report *r) {
    return r->shap.rows > 0;
}

/* From the blue of a low value by violet to the red of a high one. */
static ChartColour value_colour(double share) {
    return (ChartColour){0.10 + 0.80 * share, 0.45 - 0.35 * fabs(2 * share - 1) * share,
                         0.85 - 0.55 * share, 0.85};
}

typedef struct SwarmDot {
    double x;
    float value;
} SwarmDot;

static int by_x(const void *a, const void *b) {
    const double x = ((const SwarmDot *)a)->x, y = ((const SwarmDot *)b)->x;
    return (x > y) - (x < y);
}

/* The share of a feature's values that are lower, with ties half. */
static double rank_of(const SwarmDot *dots, size_t n, float value) {
    double below = 0;
    size_t known = 0;
    for (size_t i = 0; i < n; i++) {
        if (isnan(dots[i].value)) continue;
        below += dots[i].value < value ? 1 : dots[i].value == value ? 0.5 : 0;
        known++;
    }
    return below / (double)MAX(known, (size_t)1);
}

/* 0, 1, -1, 2, -2, ... */
static double lane_at(int i) {
    return i % 2 ? (i + 1) / 2 : -i / 2;
}

/* Puts each dot into the lane next to the middle in which it touches none, from left to right. */
static void draw_swarm(Chart *chart, const SwarmDot *dots, size_t n, double row) {
    const double radius = 3.6, room = 2 * radius / chart_pixels_x(chart);
    const double lane_height = 0.84 / SWARM_LANES;
    double ends[SWARM_LANES];
    for (int i = 0; i < SWARM_LANES; i++)
        ends[i] = -INFINITY;
    for (size_t i = 0; i < n; i++) {
        int lane = 0;
        while (lane < SWARM_LANES - 1 && ends[lane] + room > dots[i].x)
            lane++;
        ends[lane] = dots[i].x;
        const ChartColour colour =
            isnan(dots[i].value) ? chart_grey : value_colour(rank_of(dots, n, dots[i].value));
        chart_dot(chart, dots[i].x, row + 0.5 + lane_at(lane) * lane_height, radius, colour);
    }
}

static void draw_feature_swarm(Chart *chart, const ReportShap *shap, size_t k) {
    g_autofree SwarmDot *dots = g_new(SwarmDot, shap->rows);
    for (size_t i = 0; i < shap->rows; i++)
        dots[i] = (SwarmDot){(double)shap->contributions[i * shap->features + k],
                             shap->values[i * shap->features + k]};
    qsort(dots, shap->rows, sizeof *dots, by_x);
    draw_swarm(chart, dots, shap->rows, (double)k);
}

static Chart *draw_beeswarm(const Report *r, const char *name) {
    const ReportShap *shap = &r->shap;
    const char *names[REPORT_SHAP_FEATURES];
    double low = 0, high = 0;
    for (size_t k = 0; k < shap->features; k++)
        names[k] = feature_at(g_array_index(r->importance, ReportFeature, k).feature)->name;
    for (size_t i = 0; i < shap->rows * shap->features; i++) {
        low = MIN(low, (double)shap->contributions[i]);
        high = MAX(high, (double)shap->contributions[i]);
    }
    const double room = MAX(0.03 * (high - low), 1e-3);
    g_autofree char *label =
        g_strdup_printf("Contribution to the log-odds of fraud (%s)", shap->method);
    const ChartAxis x = {
        .label = label,
        .low = low - room,
        .high = high + room,
    };
    const ChartAxis y = {
        .high = (double)shap->features, .names = names, .name_count = shap->features};
    size_t frauds = 0;
    for (size_t i = 0; i < shap->rows; i++)
        frauds += shap->is_fraud[i];
    Chart *chart =
        page(strcmp(shap->method, REPORT_SHAPLEY_VALUES) == 0 ? "SHAP summary"
                                                              : "Summary of contributions",
             name, "%zu transactions, %zu of them fraud", shap->rows, frauds);
    chart_colour_scale(chart, value_colour, "Feature value", "low", "high");
    chart_panel(chart, 0, 1, &x, &y);
    chart_segment(chart, 0, 0, 0, y.high, (ChartLine){.colour = chart_grey, .dashed = true});
    for (size_t k = 0; k < shap->features; k++)
        draw_feature_swarm(chart, shap, k);
    return chart;
}

static void draw_score_bars(Chart *chart, const size_t *counts, ChartColour colour) {
    const double width = 1.0 / REPORT_SCORE_BINS;
    colour.alpha = 0.6;
    for (int i = 0; i < REPORT_SCORE_BINS; i++)
        if (counts[i] > 0)
            chart_box(chart, i * width, 0.5, (i + 0.92) * width, (double)counts[i], colour);
}

static Chart *draw_scores(const Report *r, const char *name) {
    size_t most = 1;
    for (int i = 0; i < REPORT_SCORE_BINS; i++)
        most = MAX(most, MAX(r->fraud_scores[i], r->other_scores[i]));
    const ChartAxis x = labelled(share_axis, "Score");
    const ChartAxis y = {.label = "Transactions (log scale)",
                         .low = 0.5,
                         .high = 2.0 * (double)most,
                         .is_log = true};
    const ChartLine line = {.colour = chart_black, .dashed = true};
    Chart *chart = judged_page("Score distribution", name, r);
    chart_panel(chart, 0, 1, &x, &y);
    draw_score_bars(chart, r->other_scores, chart_blue);
    draw_score_bars(chart, r->fraud_scores, chart_red);
    const double threshold = r->judgement.threshold;
    chart_segment(chart, threshold, y.low, threshold, y.high, line);
    legend(chart, chart_blue, NULL, "not fraud");
    legend(chart, chart_red, NULL, "fraud");
    legend(chart, line.colour, &line, "threshold %.3f", threshold);
    return chart;
}

static bool has_cost(const Report *r) {
    return r->no_model_cost > 0;
}

static char *money(double cents) {
    g_autofree char *whole = counted((size_t)(cents / 100));
    return g_strdup_printf("%s.%02d", whole, (int)((int64_t)cents % 100));
}

static Chart *draw_cost(const Report *r, const char *name) {
    g_autofree double *thresholds = axis_of(r->cost, part_x), *costs = axis_of(r->cost, part_y);
    for (guint i = 0; i < r->cost->len; i++)
        costs[i] /= 100;
    g_autofree char *review = money((double)r->review_cost), *none = money(r->no_model_cost);
    g_autofree char *chosen = money(r->threshold_cost), *least = money(r->best_cost);
    const ChartAxis x = labelled(share_axis, "Threshold");
    const double floor = MAX(0.005, r->best_cost / 200);
    const ChartAxis y = {.label = "Cost (log scale)",
                         .low = floor,
                         .high = MAX(10 * r->no_model_cost / 100, 100 * floor),
                         .is_log = true};
    const ChartLine curve = {.colour = chart_blue};
    const ChartLine base = {.colour = chart_grey, .dashed = true};
    Chart *chart = page("Cost of the threshold", name,
                        "a missed fraud costs its amount, an alert costs %s", review);
    chart_panel(chart, 0, 1, &x, &y);
    chart_segment(chart, 0, r->no_model_cost / 100, 1, r->no_model_cost / 100, base);
    chart_line(chart, thresholds, costs, r->cost->len, curve);
    chart_dot(chart, r->best_threshold, r->best_cost / 100, DOT, chart_green);
    chart_dot(chart, r->judgement.threshold, r->threshold_cost / 100, DOT, chart_red);
    legend(chart, curve.colour, &curve, "cost");
    legend(chart, chart_red, NULL, "at the threshold %.3f: %s", r->judgement.threshold, chosen);
    legend(chart, chart_green, NULL, "least, at %.3f: %s", r->best_threshold, least);
    legend(chart, base.colour, &base, "without a model: %s", none);
    chart_legend_corner(chart, CHART_TOP_LEFT);
    return chart;
}

static bool has_steps(const Report *r) {
    return r->steps->len > 1;
}

/* The metrics of the steps, each once, in their order. */
static int find_metrics(const Report *r, const char *metrics[PANELS_MAX]) {
    int count = 0;
    for (guint i = 0; i < r->steps->len; i++) {
        const char *metric = g_array_index(r->steps, ReportStep, i).metric;
        int known = 0;
        while (known < count && metrics[known] != metric)
            known++;
        if (known == count && count < PANELS_MAX) metrics[count++] = metric;
    }
    return count;
}

static void draw_series(Chart *chart, const Report *r, const char *metric, int index, int count) {
    g_autofree double *steps = g_new(double, r->steps->len), *values = g_new(double, r->steps->len);
    size_t n = 0;
    double low = INFINITY, high = -INFINITY;
    for (guint i = 0; i < r->steps->len; i++) {
        const ReportStep *step = &g_array_index(r->steps, ReportStep, i);
        if (step->metric != metric || !isfinite(step->value)) continue;
        steps[n] = step->step;
        values[n++] = step->value;
        low = MIN(low, step->value);
        high = MAX(high, step->value);
    }
    if (n == 0) return;
    const double room = MAX(0.06 * (high - low), 1e-6 * MAX(fabs(high), 1));
    const ChartAxis x = {.label = index + 1 == count ? "Round or epoch" : NULL,
                         .low = 0,
                         .high = MAX(steps[n - 1], 1)};
    const bool few = count <= PANELS_FEW;
    const ChartAxis y = {.label = few ? metric : NULL, .low = low - room, .high = high + room};
    const ChartLine line = {.colour = index % 2 ? chart_red : chart_blue};
    chart_panel(chart, index, count, &x, &y);
    chart_line(chart, steps, values, n, line);
    legend(chart, line.colour, &line, "%s%slast %.5g, least %.5g, most %.5g", few ? "" : metric,
           few ? "" : ": ", values[n - 1], low, high);
    chart_legend_corner(chart,
                        values[n - 1] * 2 > low + high ? CHART_BOTTOM_RIGHT : CHART_TOP_RIGHT);
}

static Chart *draw_training(const Report *r, const char *name) {
    const char *metrics[PANELS_MAX];
    const int count = find_metrics(r, metrics);
    g_autofree char *subtitle =
        g_strdup_printf("%s: %u measures as it was trained", name, r->steps->len);
    Chart *chart =
        chart_new("Training curve", subtitle, count <= PANELS_FEW ? CHART_HEIGHT : PANEL * count);
    for (int i = 0; i < count; i++)
        draw_series(chart, r, metrics[i], i, count);
    return chart;
}

static const Picture pictures[] = {
    {"precision_recall.png", has_curves, draw_precision_recall},
    {"roc.png", has_curves, draw_roc},
    {"reliability.png", has_rows, draw_reliability},
    {"confusion_matrix.png", has_rows, draw_confusion},
    {"importance.png", has_strengths, draw_importance},
    {"shap_summary.png", has_shap, draw_beeswarm},
    {"score_distribution.png", has_rows, draw_scores},
    {"cost_curve.png", has_cost, draw_cost},
    {"training_curve.png", has_steps, draw_training},
};

size_t picture_count(void) {
    return G_N_ELEMENTS(pictures);
}

const char *picture_file(size_t index) {
    g_assert(index < G_N_ELEMENTS(pictures));
    return pictures[index].file;
}

bool picture_has_data(size_t index, const Report *report) {
    g_assert(index < G_N_ELEMENTS(pictures));
    return pictures[index].has_data(report);
}

GBytes *picture_draw(size_t index, const Report *report, const char *name, GError **error) {
    g_assert(picture_has_data(index, report));
    g_autoptr(Chart) chart = pictures[index].draw(report, name);
    return chart_png(chart, error);
}
