#include "train/curves.h"

#include <math.h>
#include <stdlib.h>

typedef struct Ranked {
    float score;
    uint8_t is_fraud;
    int64_t amount;
} Ranked;

static int by_score_descending(const void *a, const void *b) {
    const float x = ((const Ranked *)a)->score, y = ((const Ranked *)b)->score;
    return (x < y) - (x > y);
}

/* Rows from the highest score to the lowest. `amounts` may be NULL. */
static Ranked *rank(const float *scores, const uint8_t *is_fraud, const int64_t *amounts,
                    size_t n) {
    Ranked *ranked = g_new(Ranked, n + 1);
    for (size_t i = 0; i < n; i++)
        ranked[i] = (Ranked){scores[i], is_fraud[i], amounts ? amounts[i] : 0};
    qsort(ranked, n, sizeof *ranked, by_score_descending);
    return ranked;
}

GArray *rank_steps(const float *scores, const uint8_t *is_fraud, const int64_t *amounts, size_t n) {
    g_autofree Ranked *ranked = rank(scores, is_fraud, amounts, n);
    GArray *steps = g_array_new(FALSE, FALSE, sizeof(RankStep));
    RankStep step = {0};
    for (size_t i = 0; i < n; i++) {
        step.score = ranked[i].score;
        step.flagged = i + 1;
        step.hits += ranked[i].is_fraud;
        if (ranked[i].is_fraud) step.caught += ranked[i].amount;
        if (i + 1 == n || ranked[i + 1].score < step.score) g_array_append_val(steps, step);
    }
    return steps;
}

static const RankStep *step_at(const GArray *steps, size_t i) {
    return &g_array_index(steps, RankStep, i);
}

/* How many frauds and others there are in all: what the last step flags. False where one of the two
 * is missing. */
static bool totals(const GArray *steps, double *frauds, double *others) {
    if (steps->len == 0) return false;
    const RankStep *last = step_at(steps, steps->len - 1);
    *frauds = (double)last->hits;
    *others = (double)(last->flagged - last->hits);
    return *frauds > 0 && *others > 0;
}

static void add(GArray *points, double threshold, double x, double y) {
    const CurvePoint point = {threshold, x, y};
    g_array_append_val(points, point);
}

GArray *curve_precision_recall(const GArray *steps) {
    GArray *points = g_array_new(FALSE, FALSE, sizeof(CurvePoint));
    double frauds, others;
    if (!totals(steps, &frauds, &others)) return points;
    for (guint i = 0; i < steps->len; i++) {
        const RankStep *s = step_at(steps, i);
        add(points, (double)s->score, (double)s->hits / frauds,
            (double)s->hits / (double)s->flagged);
    }
    return points;
}

GArray *curve_roc(const GArray *steps) {
    GArray *points = g_array_new(FALSE, FALSE, sizeof(CurvePoint));
    double frauds, others;
    if (!totals(steps, &frauds, &others)) return points;
    add(points, 1, 0, 0);
    for (guint i = 0; i < steps->len; i++) {
        const RankStep *s = step_at(steps, i);
        add(points, (double)s->score, (double)(s->flagged - s->hits) / others,
            (double)s->hits / frauds);
    }
    return points;
}

GArray *curve_cost(const GArray *steps, int64_t review_cost) {
    GArray *points = g_array_new(FALSE, FALSE, sizeof(CurvePoint));
    if (steps->len == 0) return points;
    const int64_t all = step_at(steps, steps->len - 1)->caught;
    add(points, 1, 1, (double)all);
    for (guint i = 0; i < steps->len; i++) {
        const RankStep *s = step_at(steps, i);
        const double alerts = (double)s->flagged * (double)review_cost;
        add(points, (double)s->score, (double)s->score, alerts + (double)(all - s->caught));
    }
    return points;
}

/* A stretch between two points that are kept, and which point of it lies farthest off its line. */
typedef struct Stretch {
    size_t first, last, farthest;
    double distance; /* negative when there is nothing between the two */
} Stretch;

/* Distances are in y. Where the line is upright, the longer one of the two to its ends. */
static double distance_off(CurvePoint a, CurvePoint b, CurvePoint p, double cap) {
    const double from = MIN(a.y, cap), to = MIN(b.y, cap), at = MIN(p.y, cap);
    if (a.x == b.x) return MAX(0, MAX(at - MAX(from, to), MIN(from, to) - at));
    return fabs(at - (from + (to - from) * (p.x - a.x) / (b.x - a.x)));
}

static Stretch stretch_new(const GArray *points, size_t first, size_t last, double cap) {
    const CurvePoint *p = &g_array_index(points, CurvePoint, 0);
    Stretch stretch = {first, last, first, -1};
    for (size_t i = first + 1; i < last; i++) {
        const double distance = distance_off(p[first], p[last], p[i], cap);
        if (distance <= stretch.distance) continue;
        stretch.distance = distance;
        stretch.farthest = i;
    }
    return stretch;
}

static size_t worst_of(const Stretch *stretches, size_t count) {
    size_t worst = 0;
    for (size_t i = 1; i < count; i++)
        if (stretches[i].distance > stretches[worst].distance) worst = i;
    return worst;
}

static int by_place(const void *a, const void *b) {
    const size_t x = ((const Stretch *)a)->first, y = ((const Stretch *)b)->first;
    return (x > y) - (x < y);
}

void curve_thin(GArray *points, size_t limit, double y_cap) {
    g_assert(limit >= 2);
    if (points->len <= limit) return;
    g_autofree Stretch *stretches = g_new(Stretch, limit);
    stretches[0] = stretch_new(points, 0, points->len - 1, y_cap);
    size_t count = 1;
    for (; count < limit - 1; count++) {
        Stretch *worst = &stretches[worst_of(stretches, count)];
        if (worst->distance <= 0) break; /* those kept draw the very line */
        const Stretch whole = *worst;
        *worst = stretch_new(points, whole.first, whole.farthest, y_cap);
        stretches[count] = stretch_new(points, whole.farthest, whole.last, y_cap);
    }
    qsort(stretches, count, sizeof *stretches, by_place);
    CurvePoint *p = &g_array_index(points, CurvePoint, 0);
    const CurvePoint last = p[points->len - 1];
    for (size_t i = 0; i < count; i++)
        p[i] = p[stretches[i].first];
    p[count] = last;
    g_array_set_size(points, (guint)count + 1);
}

static void finish_bin(GArray *bins, double sum, double frauds, size_t rows) {
    const double n = (double)rows, share = frauds / n;
    const double z2 = 1.959963984540054 * 1.959963984540054;
    const double centre = (share + z2 / (2 * n)) / (1 + z2 / n);
    const double half = sqrt(z2 * (share * (1 - share) / n + z2 / (4 * n * n))) / (1 + z2 / n);
    const ReliabilityBin bin = {sum / n, share, MAX(0, centre - half), MIN(1, centre + half), rows};
    g_array_append_val(bins, bin);
}

GArray *reliability_by_width(const float *scores, const uint8_t *is_fraud, size_t n, size_t bins) {
    g_autofree double *sums = g_new0(double, bins), *frauds = g_new0(double, bins);
    g_autofree size_t *rows = g_new0(size_t, bins);
    for (size_t i = 0; i < n; i++) {
        const size_t bin = MIN((size_t)(scores[i] * (float)bins), bins - 1);
        sums[bin] += (double)scores[i];
        frauds[bin] += is_fraud[i];
        rows[bin]++;
    }
    GArray *out = g_array_new(FALSE, FALSE, sizeof(ReliabilityBin));
    for (size_t i = 0; i < bins; i++)
        if (rows[i] > 0) finish_bin(out, sums[i], frauds[i], rows[i]);
    return out;
}

GArray *reliability_by_count(const float *scores, const uint8_t *is_fraud, size_t n, size_t bins) {
    g_autofree Ranked *ranked = rank(scores, is_fraud, NULL, n);
    GArray *out = g_array_new(FALSE, FALSE, sizeof(ReliabilityBin));
    double sum = 0, frauds = 0;
    for (size_t i = n, start = n, bin = 1; i-- > 0;) {
        sum += (double)ranked[i].score;
        frauds += ranked[i].is_fraud;
        const bool tied = i > 0 && ranked[i - 1].score == ranked[i].score;
        if (tied || (i > 0 && (n - i) * bins < bin * n)) continue;
        finish_bin(out, sum, frauds, start - i);
        sum = frauds = 0;
        start = i;
        bin = (n - i) * bins / n + 1;
    }
    return out;
}

double brier_score(const float *scores, const uint8_t *is_fraud, size_t n) {
    double sum = 0;
    for (size_t i = 0; i < n; i++) {
        const double off = (double)scores[i] - is_fraud[i];
        sum += off * off;
    }
    return n ? sum / (double)n : 0;
}

double log_loss(const float *scores, const uint8_t *is_fraud, size_t n) {
    const double least = 1.1920929e-7;
    double sum = 0;
    for (size_t i = 0; i < n; i++) {
        const double p = CLAMP((double)scores[i], least, 1 - least);
        sum -= log(is_fraud[i] ? p : 1 - p);
    }
    return n ? sum / (double)n : 0;
}

double calibration_error(const GArray *bins) {
    double sum = 0, rows = 0;
    for (guint i = 0; i < bins->len; i++) {
        const ReliabilityBin *bin = &g_array_index(bins, ReliabilityBin, i);
        sum += fabs(bin->mean_score - bin->observed) * (double)bin->rows;
        rows += (double)bin->rows;
    }
    return rows > 0 ? sum / rows : 0;
}

static int rising(const void *a, const void *b) {
    const float x = *(const float *)a, y = *(const float *)b;
    return (x > y) - (x < y);
}

/* Quantiles of a sample, each once. The largest value is no edge: nothing would lie over it. */
static GArray *find_edges(SpreadValue *value, const void *data, size_t n, size_t bins) {
    const size_t step = n / SPREAD_SAMPLE + 1;
    g_autofree float *sample = g_new(float, n / step + 1);
    size_t count = 0;
    for (size_t i = 0; i < n; i += step) {
        const float x = value(data, i);
        if (!isnan(x)) sample[count++] = x;
    }
    qsort(sample, count, sizeof *sample, rising);
    GArray *edges = g_array_new(FALSE, FALSE, sizeof(float));
    for (size_t i = 1; i < bins && count > 0; i++) {
        const float edge = sample[(i * count + bins - 1) / bins - 1];
        const bool known = edges->len > 0 && g_array_index(edges, float, edges->len - 1) >= edge;
        if (!known && edge < sample[count - 1]) g_array_append_val(edges, edge);
    }
    return edges;
}

/* The bin whose upper edge is the first that x is not over. */
static size_t bin_of(const GArray *edges, float x) {
    size_t low = 0, high = edges->len;
    while (low < high) {
        const size_t middle = (low + high) / 2;
        if (x > g_array_index(edges, float, middle))
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

Spread spread_of(SpreadValue *value, const void *data, size_t n, size_t bins) {
    Spread spread = {.edges = find_edges(value, data, n, bins)};
    spread.shares = g_array_new(FALSE, TRUE, sizeof(double));
    g_array_set_size(spread.shares, spread.edges->len + 1);
    const double one = n ? 1 / (double)n : 0;
    size_t missing = 0;
    for (size_t i = 0; i < n; i++) {
        const float x = value(data, i);
        if (isnan(x))
            missing++;
        else
            g_array_index(spread.shares, double, bin_of(spread.edges, x)) += 1;
    }
    for (guint i = 0; i < spread.shares->len; i++)
        g_array_index(spread.shares, double, i) *= one;
    spread.missing = (double)missing * one;
    return spread;
}

void spread_clear(Spread *spread) {
    g_clear_pointer(&spread->edges, g_array_unref);
    g_clear_pointer(&spread->shares, g_array_unref);
}

void score_counts(const float *scores, const uint8_t *is_fraud, size_t n, bool of_frauds,
                  size_t *counts, size_t bins) {
    for (size_t i = 0; i < bins; i++)
        counts[i] = 0;
    for (size_t i = 0; i < n; i++)
        if ((is_fraud[i] != 0) == of_frauds)
            counts[MIN((size_t)(scores[i] * (float)bins), bins - 1)]++;
}
