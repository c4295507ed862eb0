/* Metrics against their definitions, counted the slow way. */
#include "train/metrics.h"

#include <glib.h>

enum { ROWS = 300 };

static double precision_at(const float *s, const uint8_t *y, size_t n, float threshold,
                           double *recall) {
    double hits = 0, flagged = 0, frauds = 0;
    for (size_t i = 0; i < n; i++) {
        hits += s[i] >= threshold && y[i];
        flagged += s[i] >= threshold;
        frauds += y[i];
    }
    *recall = hits / frauds;
    return hits / flagged;
}

static double slow_auc(const float *s, const uint8_t *y, size_t n) {
    double won = 0, pairs = 0;
    for (size_t i = 0; i < n; i++)
        for (size_t k = 0; k < n; k++)
            if (y[i] && !y[k]) {
                pairs++;
                won += s[i] > s[k] ? 1 : s[i] == s[k] ? 0.5 : 0;
            }
    return won / pairs;
}

static int descending(const void *a, const void *b) {
    float x = *(const float *)a, y = *(const float *)b;
    return (x < y) - (x > y);
}

static void test_random(void) {
    for (uint32_t seed = 1; seed <= 40; seed++) {
        GRand *random = g_rand_new_with_seed(seed);
        float s[ROWS], sorted[ROWS];
        uint8_t y[ROWS];
        for (size_t i = 0; i < ROWS; i++) {
            y[i] = g_rand_double(random) < 0.2;
            /* Few distinct values in half the worlds, so that ties matter. */
            s[i] = seed % 2 ? (float)g_rand_int_range(random, 0, 12) / 12
                            : (float)(g_rand_double(random) + 0.4 * y[i]);
        }
        memcpy(sorted, s, sizeof s);
        qsort(sorted, ROWS, sizeof *sorted, descending);
        double ap = 0, best_f1 = 0, recall_95 = 0, recall_before = 0;
        for (size_t i = 0; i < ROWS; i++) {
            double recall, precision = precision_at(s, y, ROWS, sorted[i], &recall);
            ap += precision * (recall - recall_before);
            recall_before = recall;
            if (precision + recall > 0)
                best_f1 = MAX(best_f1, 2 * precision * recall / (precision + recall));
            if (precision >= 0.95) recall_95 = MAX(recall_95, recall);
        }
        double threshold = 0.5, recall, precision = precision_at(s, y, ROWS, 0.5F, &recall);
        Metrics m = metrics_compute(s, y, ROWS, threshold, seed);
        g_assert_cmpfloat_with_epsilon(m.average_precision, ap, 1e-12);
        g_assert_cmpfloat_with_epsilon(m.roc_auc, slow_auc(s, y, ROWS), 1e-12);
        g_assert_cmpfloat_with_epsilon(m.best_f1, best_f1, 1e-12);
        g_assert_cmpfloat_with_epsilon(m.recall_at_precision_95, recall_95, 1e-12);
        g_assert_cmpfloat_with_epsilon(m.at_threshold.precision, precision, 1e-12);
        g_assert_cmpfloat_with_epsilon(m.at_threshold.recall, recall, 1e-12);
        g_assert_cmpfloat_with_epsilon(m.balanced.recall, recall, 1e-12);
        const Confusion *c = &m.at_threshold;
        g_assert_cmpuint(c->true_positives + c->false_negatives, ==, m.frauds);
        g_assert_cmpuint(c->false_positives + c->true_negatives, ==, ROWS - m.frauds);
        g_assert_cmpfloat_with_epsilon(c->recall * (double)m.frauds, (double)c->true_positives,
                                       1e-9);
        g_assert_cmpuint(m.balanced.true_positives, ==, c->true_positives);
        g_assert_cmpuint(m.balanced.false_positives, <=, c->false_positives);
        g_assert_cmpuint(m.balanced.false_positives + m.balanced.true_negatives, ==, m.frauds);
        double at_best,
            best_precision = precision_at(s, y, ROWS, (float)m.best_f1_threshold, &at_best);
        g_assert_cmpfloat_with_epsilon(2 * best_precision * at_best / (best_precision + at_best),
                                       best_f1, 1e-12);
        g_rand_free(random);
    }
}

static void test_known(void) {
    /* scikit-learn's documentation: average_precision_score and roc_auc_score of this example. */
    const float s[] = {0.1F, 0.4F, 0.35F, 0.8F};
    const uint8_t y[] = {0, 0, 1, 1};
    Metrics m = metrics_compute(s, y, 4, 0.3, 1);
    g_assert_cmpfloat_with_epsilon(m.average_precision, 0.8333333333, 1e-9);
    g_assert_cmpfloat_with_epsilon(m.roc_auc, 0.75, 1e-12);
    g_assert_cmpfloat_with_epsilon(m.at_threshold.accuracy, 0.75, 1e-12);
}

static void test_degenerate(void) {
    const float s[] = {0.3F, 0.3F};
    const uint8_t none[] = {0, 0}, all[] = {1, 1};
    Metrics m = metrics_compute(s, none, 2, 0.5, 1);
    g_assert_cmpfloat(m.average_precision, ==, 0);
    g_assert_cmpfloat(m.roc_auc, ==, 0);
    m = metrics_compute(s, all, 2, 0.5, 1);
    g_assert_cmpfloat(m.average_precision, ==, 1);
    m = metrics_compute(NULL, NULL, 0, 0.5, 1);
    g_assert_cmpuint(m.rows, ==, 0);
    g_assert_cmpfloat(m.balanced.f1, ==, 0);
}

/* Where the mix is balanced already, the best F1 is the balanced one; and where others are ten
 * times as many, each counts a tenth. */
static void test_balanced_best(void) {
    const float s[] = {0.9F, 0.8F, 0.7F, 0.6F, 0.5F, 0.4F};
    const uint8_t y[] = {1, 1, 0, 1, 0, 0};
    const Metrics even = metrics_compute(s, y, 6, 0.5, 1);
    g_assert_cmpfloat_with_epsilon(even.balanced_f1, even.best_f1, 1e-12);
    g_assert_cmpfloat(even.balanced_f1_threshold, ==, even.best_f1_threshold);
    float many[33];
    uint8_t is_fraud[33];
    for (int i = 0; i < 33; i++) {
        is_fraud[i] = i < 3;
        many[i] = i == 2 ? 0.3F : i < 2 ? 0.9F : i < 8 ? 0.4F : 0.1F; /* five others over a fraud */
    }
    const Metrics rare = metrics_compute(many, is_fraud, 33, 0.5, 1);
    g_assert_cmpfloat(rare.best_f1_threshold, ==, (double)0.9F);
    g_assert_cmpfloat(rare.balanced_f1_threshold, ==, (double)0.3F);
    g_assert_cmpfloat_with_epsilon(rare.balanced_f1, 2. / (2 + 5. / 30), 1e-12);
}

/* The balanced sample holds every fraud and as many others. */
static void test_balanced(void) {
    float s[1000];
    uint8_t y[1000];
    for (int i = 0; i < 1000; i++) {
        y[i] = i % 10 == 0;
        s[i] = 1; /* everything is flagged: precision is the share of frauds in the sample */
    }
    Metrics m = metrics_compute(s, y, 1000, 0.5, 7);
    g_assert_cmpfloat_with_epsilon(m.balanced.precision, 0.5, 1e-12);
    g_assert_cmpfloat_with_epsilon(m.balanced.accuracy, 0.5, 1e-12);
    g_assert_cmpfloat_with_epsilon(m.at_threshold.precision, 0.1, 1e-12);
    g_assert_cmpfloat_with_epsilon(m.balanced_f1, 2 / 3., 1e-12);
    g_assert_cmpfloat(m.balanced_f1_threshold, ==, 1);
}

int main(int argc, char **argv) {
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/metrics/random", test_random);
    g_test_add_func("/metrics/known", test_known);
    g_test_add_func("/metrics/degenerate", test_degenerate);
    g_test_add_func("/metrics/balanced", test_balanced);
    g_test_add_func("/metrics/balanced_best", test_balanced_best);
    return g_test_run();
}
