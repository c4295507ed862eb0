#include "train/metrics.h"

#include <glib.h>

typedef struct Ranked {
    float score;
    uint8_t is_fraud;
} Ranked;

static int by_score_descending(const void *a, const void *b) {
    float x = ((const Ranked *)a)->score, y = ((const Ranked *)b)->score;
    return (x < y) - (x > y);
}

static double share(double a, double b) {
    return b > 0 ? a / b : 0;
}

static Confusion confusion(double true_positives, double flagged, double frauds, double rows) {
    Confusion c = {
        .precision = share(true_positives, flagged),
        .recall = share(true_positives, frauds),
        .true_positives = (size_t)true_positives,
        .false_positives = (size_t)(flagged - true_positives),
        .false_negatives = (size_t)(frauds - true_positives),
        .true_negatives = (size_t)(rows - frauds - flagged + true_positives),
    };
    c.f1 = share(2 * true_positives, flagged + frauds);
    c.accuracy = share(rows - flagged - frauds + 2 * true_positives, rows);
    return c;
}

/* Walks the ranking from the highest score down, one step for each distinct score. */
static void walk_ranking(const Ranked *ranked, size_t n, Metrics *m) {
    double frauds = (double)m->frauds, others = (double)(n - m->frauds);
    double hits = 0, recall_before = 0, pairs_won = 0;
    for (size_t i = 0; i < n;) {
        size_t first = i;
        double step_hits = 0;
        for (; i < n && !(ranked[i].score < ranked[first].score); i++)
            step_hits += ranked[i].is_fraud;
        double step_others = (double)(i - first) - step_hits;
        double others_before = (double)first - hits;
        pairs_won += step_hits * (others - others_before - step_others / 2);
        hits += step_hits;

        double precision = hits / (double)i, recall = share(hits, frauds);
        m->average_precision += precision * (recall - recall_before);
        recall_before = recall;
        double f1 = share(2 * hits, (double)i + frauds);
        if (f1 > m->best_f1) {
            m->best_f1 = f1;
            m->best_f1_threshold = (double)ranked[first].score;
        }
        const double balanced_f1 = 2 * recall / (1 + recall + share((double)i - hits, others));
        if (balanced_f1 > m->balanced_f1) {
            m->balanced_f1 = balanced_f1;
            m->balanced_f1_threshold = (double)ranked[first].score;
        }
        if (precision >= 0.95) m->recall_at_precision_95 = recall;
        if (precision >= 0.99) m->threshold_precision_99 = (double)ranked[first].score;
    }
    m->roc_auc = share(pairs_won, frauds * others);
}

/* All frauds and as many others, drawn by selection sampling (Knuth, TAOCP vol. 2, 3.4.2, S). */
static Confusion balanced(const float *scores, const uint8_t *is_fraud, size_t n, const Metrics *m,
                          uint32_t seed) {
    GRand *random = g_rand_new_with_seed(seed);
    size_t others_left = n - m->frauds, wanted = MIN(m->frauds, others_left);
    double hits = 0, flagged = 0, rows = (double)(m->frauds + wanted);
    for (size_t i = 0; i < n; i++) {
        bool over = (double)scores[i] >= m->threshold;
        if (is_fraud[i]) {
            hits += over;
            flagged += over;
        } else {
            bool drawn = g_rand_double(random) * (double)others_left < (double)wanted;
            others_left--;
            wanted -= drawn;
            flagged += drawn && over;
        }
    }
    g_rand_free(random);
    return confusion(hits, flagged, (double)m->frauds, rows);
}

Metrics metrics_compute(const float *scores, const uint8_t *is_fraud, size_t n, double threshold,
                        uint32_t seed) {
    Metrics m = {.rows = n, .threshold = threshold, .threshold_precision_99 = 1};
    g_autofree Ranked *ranked = g_new(Ranked, n ? n : 1);
    double hits = 0, flagged = 0;
    for (size_t i = 0; i < n; i++) {
        ranked[i] = (Ranked){scores[i], is_fraud[i]};
        bool over = (double)scores[i] >= threshold;
        m.frauds += is_fraud[i];
        flagged += over;
        hits += over && is_fraud[i];
    }
    qsort(ranked, n, sizeof *ranked, by_score_descending);
    walk_ranking(ranked, n, &m);
    m.at_threshold = confusion(hits, flagged, (double)m.frauds, (double)n);
    m.balanced = balanced(scores, is_fraud, n, &m, seed);
    return m;
}
