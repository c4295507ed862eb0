/* How good a score is at telling fraud, on labelled transactions. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct Confusion {
    double precision, recall, f1, accuracy; /* 0 where undefined */
    size_t true_positives, false_positives, false_negatives, true_negatives;
} Confusion;

typedef struct Metrics {
    size_t rows, frauds;
    /* Sum over the ranking of precision times the step in recall (Manning, Raghavan and Schuetze
     * 2008, 8.4); tied scores are one step. */
    double average_precision;
    double roc_auc; /* ties count half (Hanley and McNeil 1982) */
    double best_f1, best_f1_threshold;
    /* The best F1 to be expected on a sample of all frauds and as many random others, and where. */
    double balanced_f1, balanced_f1_threshold;
    double recall_at_precision_95; /* the largest recall at which precision is 0.95 or more */
    double threshold_precision_99; /* the lowest score with precision 0.99 or more; 1 for none */
    double threshold;
    Confusion at_threshold;
    Confusion balanced; /* at the threshold, on all frauds and as many random others */
} Metrics;

/* Judges scores[0..n) against is_fraud[0..n) (0 or 1). `seed` draws the balanced sample. */
Metrics metrics_compute(const float *scores, const uint8_t *is_fraud, size_t n, double threshold,
                        uint32_t seed);
