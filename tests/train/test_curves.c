/* The curves against their definitions, counted the slow way on seeded random worlds, and against
 * degenerate ones. */
#include "train/curves.h"
#include "train/metrics.h"

#include <math.h>

enum { ROWS = 400, WORLDS = 30 };

typedef struct World {
    float scores[ROWS];
    uint8_t is_fraud[ROWS];
    int64_t amounts[ROWS];
} World;

/* Few distinct scores in half the worlds, so that ties matter. */
static World make_world(uint32_t seed) {
    g_autoptr(GRand) random = g_rand_new_with_seed(seed);
    World w;
    for (size_t i = 0; i < ROWS; i++) {
        w.is_fraud[i] = i < 2 ? i == 0 : g_rand_double(random) < 0.15;
        const double x = 0.6 * g_rand_double(random) + 0.35 * w.is_fraud[i];
        w.scores[i] = seed % 2 ? (float)x : (float)floor(x * 12) / 12;
        w.amounts[i] = g_rand_int_range(random, 1, 100000);
    }
    return w;
}

static void count_at(const World *w, double threshold, double *flagged, double *hits,
                     double *missed) {
    *flagged = *hits = *missed = 0;
    for (size_t i = 0; i < ROWS; i++) {
        const bool over = (double)w->scores[i] >= threshold;
        *flagged += over;
        *hits += over && w->is_fraud[i];
        if (!over && w->is_fraud[i]) *missed += (double)w->amounts[i];
    }
}

static double frauds_of(const World *w) {
    double n = 0;
    for (size_t i = 0; i < ROWS; i++)
        n += w->is_fraud[i];
    return n;
}

static const CurvePoint *point(const GArray *points, guint i) {
    return &g_array_index(points, CurvePoint, i);
}

static void test_points(void) {
    for (uint32_t seed = 1; seed <= WORLDS; seed++) {
        const World w = make_world(seed);
        const double frauds = frauds_of(&w);
        g_autoptr(GArray) steps = rank_steps(w.scores, w.is_fraud, w.amounts, ROWS);
        g_autoptr(GArray) pr = curve_precision_recall(steps), roc = curve_roc(steps);
        g_autoptr(GArray) cost = curve_cost(steps, 500);
        g_assert_cmpuint(pr->len, ==, steps->len);
        g_assert_cmpuint(roc->len, ==, steps->len + 1);
        g_assert_cmpuint(cost->len, ==, steps->len + 1);
        for (guint i = 0; i < steps->len; i++) {
            double flagged, hits, missed;
            count_at(&w, point(pr, i)->threshold, &flagged, &hits, &missed);
            g_assert_cmpfloat(point(pr, i)->x, ==, hits / frauds);
            g_assert_cmpfloat(point(pr, i)->y, ==, hits / flagged);
            g_assert_cmpfloat(point(roc, i + 1)->x, ==, (flagged - hits) / (ROWS - frauds));
            g_assert_cmpfloat(point(roc, i + 1)->y, ==, hits / frauds);
            g_assert_cmpfloat(point(cost, i + 1)->y, ==, flagged * 500 + missed);
        }
        double flagged, hits, missed;
        count_at(&w, 2, &flagged, &hits, &missed);
        g_assert_cmpfloat(point(cost, 0)->y, ==, missed);
    }
}

/* The whole curves hold what the metrics say: areas by the rule of each. */
static void test_areas(void) {
    for (uint32_t seed = 1; seed <= WORLDS; seed++) {
        const World w = make_world(seed);
        const Metrics m = metrics_compute(w.scores, w.is_fraud, ROWS, 0.5, 1);
        g_autoptr(GArray) steps = rank_steps(w.scores, w.is_fraud, NULL, ROWS);
        g_autoptr(GArray) pr = curve_precision_recall(steps), roc = curve_roc(steps);
        double precision = 0, auc = 0, before = 0;
        for (guint i = 0; i < pr->len; i++) {
            precision += point(pr, i)->y * (point(pr, i)->x - before);
            before = point(pr, i)->x;
        }
        for (guint i = 1; i < roc->len; i++)
            auc += (point(roc, i)->x - point(roc, i - 1)->x) *
                   (point(roc, i)->y + point(roc, i - 1)->y) / 2;
        g_assert_cmpfloat_with_epsilon(precision, m.average_precision, 1e-12);
        g_assert_cmpfloat_with_epsilon(auc, m.roc_auc, 1e-12);
    }
}

/* How far the line through `kept` is from the points of `all`, in y. */
static double farthest(const GArray *all, const GArray *kept) {
    double worst = 0;
    guint k = 0;
    for (guint i = 0; i < all->len; i++) {
        const CurvePoint *p = point(all, i);
        while (k + 2 < kept->len && point(kept, k + 1)->threshold >= p->threshold)
            k++;
        const CurvePoint *a = point(kept, k), *b = point(kept, k + 1);
        if (a->x == b->x) continue;
        worst = MAX(worst, fabs(p->y - (a->y + (b->y - a->y) * (p->x - a->x) / (b->x - a->x))));
    }
    return worst;
}

/* A long rough curve keeps its ends, its order and its shape; more points keep more of it. */
static void test_thin(void) {
    g_autoptr(GRand) random = g_rand_new_with_seed(3);
    g_autoptr(GArray) all = g_array_new(FALSE, FALSE, sizeof(CurvePoint));
    for (int i = 0; i < 20000; i++) {
        const double x = i / 20000.0;
        const CurvePoint p = {1 - x, x, sqrt(x) + 0.001 * g_rand_double(random)};
        g_array_append_val(all, p);
    }
    double before = 1;
    for (guint limit = 5; limit <= 200; limit += 65) {
        g_autoptr(GArray) kept = g_array_copy(all);
        curve_thin(kept, limit, G_MAXDOUBLE);
        g_assert_cmpuint(kept->len, <=, limit);
        g_assert_cmpmem(point(kept, 0), sizeof(CurvePoint), point(all, 0), sizeof(CurvePoint));
        g_assert_cmpmem(point(kept, kept->len - 1), sizeof(CurvePoint), point(all, all->len - 1),
                        sizeof(CurvePoint));
        for (guint i = 1; i < kept->len; i++)
            g_assert_cmpfloat(point(kept, i)->x, >, point(kept, i - 1)->x);
        const double off = farthest(all, kept);
        g_assert_cmpfloat(off, <=, before + 0.001); /* but for the noise */
        before = off;
    }
    g_assert_cmpfloat(before, <, 0.003); /* three times the noise */
}

/* A straight line needs its ends only; a cap flattens what is over it. */
static void test_thin_straight(void) {
    g_autoptr(GArray) line = g_array_new(FALSE, FALSE, sizeof(CurvePoint));
    for (int i = 0; i < 1000; i++)
        g_array_append_val(line, ((CurvePoint){1, i, 2.0 * i}));
    g_autoptr(GArray) capped = g_array_copy(line);
    curve_thin(line, 200, G_MAXDOUBLE);
    g_assert_cmpuint(line->len, ==, 2);
    curve_thin(capped, 3, 1000);
    g_assert_cmpuint(capped->len, ==, 3);
    g_assert_cmpfloat(point(capped, 1)->x, ==, 500);
}

static void check_bins(const GArray *bins, const World *w) {
    double rows = 0, frauds = 0, sum = 0, before = -1, expected = 0;
    for (guint i = 0; i < bins->len; i++) {
        const ReliabilityBin *bin = &g_array_index(bins, ReliabilityBin, i);
        rows += (double)bin->rows;
        frauds += bin->observed * (double)bin->rows;
        sum += bin->mean_score * (double)bin->rows;
        g_assert_cmpfloat(bin->mean_score, >, before);
        g_assert_true(bin->low <= bin->observed + 1e-12 && bin->observed <= bin->high + 1e-12);
        before = bin->mean_score;
    }
    for (size_t i = 0; i < ROWS; i++)
        expected += (double)w->scores[i];
    g_assert_cmpfloat(rows, ==, ROWS);
    g_assert_cmpfloat_with_epsilon(frauds, frauds_of(w), 1e-9);
    g_assert_cmpfloat_with_epsilon(sum, expected, 1e-9);
}

static void test_reliability(void) {
    for (uint32_t seed = 1; seed <= WORLDS; seed++) {
        const World w = make_world(seed);
        g_autoptr(GArray) even = reliability_by_count(w.scores, w.is_fraud, ROWS, 15);
        g_autoptr(GArray) wide = reliability_by_width(w.scores, w.is_fraud, ROWS, 10);
        check_bins(even, &w);
        check_bins(wide, &w);
        if (seed % 2 == 0) continue;
        g_assert_cmpuint(even->len, ==, 15);
        for (guint i = 0; i < even->len; i++) {
            const size_t rows = g_array_index(even, ReliabilityBin, i).rows;
            g_assert_true(rows == ROWS / 15 || rows == ROWS / 15 + 1);
        }
    }
}

/* Wilson's interval of 8 in 10, as R's prop.test(8, 10, correct = FALSE) gives it; a score that is
 * always right has neither error. */
static void test_known(void) {
    float scores[10];
    uint8_t is_fraud[10];
    for (size_t i = 0; i < 10; i++) {
        scores[i] = 0.7F;
        is_fraud[i] = i < 8;
    }
    g_autoptr(GArray) bins = reliability_by_width(scores, is_fraud, 10, 10);
    const ReliabilityBin *bin = &g_array_index(bins, ReliabilityBin, 0);
    g_assert_cmpfloat_with_epsilon(bin->low, 0.4901625, 1e-6);
    g_assert_cmpfloat_with_epsilon(bin->high, 0.9433178, 1e-6);
    g_assert_cmpfloat_with_epsilon(calibration_error(bins), 0.1, 1e-6);
    g_assert_cmpfloat_with_epsilon(brier_score(scores, is_fraud, 10), 0.8 * 0.09 + 0.2 * 0.49,
                                   1e-6);
    g_assert_cmpfloat_with_epsilon(log_loss(scores, is_fraud, 10),
                                   -(0.8 * log(0.7) + 0.2 * log(0.3)), 1e-6);
    for (size_t i = 0; i < 10; i++)
        scores[i] = is_fraud[i];
    g_assert_cmpfloat(log_loss(scores, is_fraud, 10), <, 1e-6);
    g_assert_cmpfloat(log_loss(scores, is_fraud, 0), ==, 0);
    g_autoptr(GArray) right = reliability_by_count(scores, is_fraud, 10, 15);
    g_assert_cmpuint(right->len, ==, 2);
    g_assert_cmpfloat(calibration_error(right), ==, 0);
    g_assert_cmpfloat(brier_score(scores, is_fraud, 10), ==, 0);
}

static float value_at(const void *data, size_t i) {
    return ((const float *)data)[i];
}

/* Every value counted by hand into the bin that its edges say. */
static void check_spread(const float *values, size_t n, size_t bins) {
    Spread s = spread_of(value_at, values, n, bins);
    g_assert_cmpuint(s.shares->len, ==, s.edges->len + 1);
    g_assert_cmpuint(s.shares->len, <=, bins);
    double sum = s.missing;
    for (guint b = 0; b < s.shares->len; b++) {
        const float low = b == 0 ? -INFINITY : g_array_index(s.edges, float, b - 1);
        const float high = b == s.edges->len ? INFINITY : g_array_index(s.edges, float, b);
        g_assert_true(b == 0 || low < high);
        size_t count = 0;
        for (size_t i = 0; i < n; i++)
            count += (values[i] > low || (b == 0 && values[i] == low)) && values[i] <= high;
        const double share = g_array_index(s.shares, double, b);
        g_assert_cmpfloat_with_epsilon(share, n ? (double)count / (double)n : 0, 1e-12);
        if (n > 0 && s.missing < 1) g_assert_cmpfloat(share, >, 0);
        sum += share;
    }
    if (n > 0) g_assert_cmpfloat_with_epsilon(sum, 1, 1e-9);
    spread_clear(&s);
}

static void test_spread(void) {
    g_autoptr(GRand) random = g_rand_new_with_seed(8);
    enum { MANY = SPREAD_SAMPLE * 2 + 17 };
    g_autofree float *values = g_new(float, MANY);
    for (size_t i = 0; i < MANY; i++)
        values[i] = (float)g_rand_double(random);
    check_spread(values, MANY, 10);
    Spread even = spread_of(value_at, values, 1000, 10);
    for (guint b = 0; b < 10; b++)
        g_assert_cmpfloat_with_epsilon(g_array_index(even.shares, double, b), 0.1, 1e-9);
    spread_clear(&even);
    for (size_t i = 0; i < 1000; i++)
        values[i] = i % 3 ? 0 : (i % 2 ? NAN : (float)(i % 7));
    check_spread(values, 1000, 10);
    for (size_t n = 0; n < 15; n++)
        check_spread(values, n, 10);
    for (size_t i = 0; i < 100; i++)
        values[i] = i < 50 ? NAN : INFINITY;
    check_spread(values, 100, 10);
    check_spread(values, 50, 10);
}

static void test_score_counts(void) {
    const float scores[] = {0, 0.09F, 0.1F, 0.95F, 1, 1};
    const uint8_t is_fraud[] = {0, 0, 0, 1, 1, 0};
    size_t counts[10];
    score_counts(scores, is_fraud, 6, false, counts, 10);
    g_assert_true(counts[0] == 2 && counts[1] == 1 && counts[9] == 1);
    score_counts(scores, is_fraud, 6, true, counts, 10);
    g_assert_true(counts[0] == 0 && counts[9] == 2);
}

static void test_degenerate(void) {
    const float s[] = {0.5F, 0.5F};
    const uint8_t none[] = {0, 0};
    const int64_t amounts[] = {100, 200};
    for (size_t n = 0; n <= 2; n++) {
        g_autoptr(GArray) steps = rank_steps(s, none, amounts, n);
        g_autoptr(GArray) pr = curve_precision_recall(steps), roc = curve_roc(steps);
        g_autoptr(GArray) cost = curve_cost(steps, 10);
        g_assert_cmpuint(pr->len + roc->len, ==, 0);
        g_assert_cmpuint(cost->len, ==, n ? 2 : 0);
        g_autoptr(GArray) bins = reliability_by_count(s, none, n, 15);
        g_assert_cmpuint(bins->len, ==, n ? 1 : 0);
        g_assert_true(isfinite(calibration_error(bins)) && isfinite(brier_score(s, none, n)));
        curve_thin(cost, 2, G_MAXDOUBLE);
    }
}

int main(int argc, char **argv) {
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/curves/points", test_points);
    g_test_add_func("/curves/areas", test_areas);
    g_test_add_func("/curves/thin", test_thin);
    g_test_add_func("/curves/thin-straight", test_thin_straight);
    g_test_add_func("/curves/reliability", test_reliability);
    g_test_add_func("/curves/known", test_known);
    g_test_add_func("/curves/spread", test_spread);
    g_test_add_func("/curves/score-counts", test_score_counts);
    g_test_add_func("/curves/degenerate", test_degenerate);
    return g_test_run();
}
