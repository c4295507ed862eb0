/* The curves that a model is judged by, from the scores of labelled transactions. All but the
 * reliability come from one walk down the ranking: a step for each distinct score, at which all
 * transactions of that score or a higher one are flagged.
 *
 * Arrays of n rows: scores are probabilities of fraud, is_fraud is 0 or 1, amounts are cents. */
#pragma once

#include <glib.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct RankStep {
    float score;
    size_t flagged; /* rows with this score or a higher one */
    size_t hits;    /* frauds among them */
    int64_t caught; /* cents: the amounts of those frauds */
} RankStep;

/* From the highest score to the lowest. The caller unrefs the array (RankStep). */
GArray *rank_steps(const float *scores, const uint8_t *is_fraud, const int64_t *amounts, size_t n);

typedef struct CurvePoint {
    double threshold; /* flagging begins at this score; 1 or more where nothing is flagged */
    double x, y;
} CurvePoint;

/* Arrays of CurvePoint with a point for every step, the caller's. Empty where one of the two
 * classes is. */
GArray *curve_precision_recall(const GArray *steps); /* x: recall, y: precision */
GArray *curve_roc(const GArray *steps);              /* x: false positive rate, y: recall */

/* x: the threshold, y: what it would have cost, in cents: review_cost for each flagged transaction
 * and its amount for each fraud that is not. The first point flags nothing. */
GArray *curve_cost(const GArray *steps, int64_t review_cost);

/* Keeps at most `limit` points (2 or more), the first and the last among them, so that the line
 * through those kept follows the line through all: again and again the point is added that lies
 * farthest off, in y (the greedy form of Douglas and Peucker 1973). y over `y_cap` counts as
 * y_cap. */
void curve_thin(GArray *points, size_t limit, double y_cap);

typedef struct ReliabilityBin {
    double mean_score, observed; /* mean score, and the share of frauds */
    double low, high;            /* 95 % interval of that share (Wilson 1927) */
    size_t rows;
} ReliabilityBin;

/* Bins of equal width from 0 to 1, those without rows left out. The caller unrefs the array. */
GArray *reliability_by_width(const float *scores, const uint8_t *is_fraud, size_t n, size_t bins);
/* Bins of as equally many rows as ties allow, which share a bin. */
GArray *reliability_by_count(const float *scores, const uint8_t *is_fraud, size_t n, size_t bins);

/* Mean squared difference of score and label (Brier 1950). 0 for no rows. */
double brier_score(const float *scores, const uint8_t *is_fraud, size_t n);
/* Mean of -log of the probability given to what was, in nats; probabilities kept off 0 and 1 by the
 * least that a float tells from 1, as scikit-learn does. 0 for no rows. */
double log_loss(const float *scores, const uint8_t *is_fraud, size_t n);
/* Mean distance of score and observed share, weighted by rows (Naeini et al. 2015). */
double calibration_error(const GArray *bins);

/* How values are spread: up to `bins` bins at the values' quantiles. A value belongs to bin i when
 * it is over edges[i - 1] and not over edges[i]; the last bin has no upper edge. Values that are
 * repeated make fewer bins. What a population stability index compares against. */
typedef struct Spread {
    GArray *edges;  /* float, rising: one fewer than there are bins */
    GArray *shares; /* double: of the values in each bin; they and `missing` sum to 1 */
    double missing; /* share of NaN */
} Spread;

/* value(data, i) for i < n. Edges come from at most SPREAD_SAMPLE values, evenly taken, the shares
 * from all. */
enum { SPREAD_SAMPLE = 65536 };
typedef float SpreadValue(const void *data, size_t i);
Spread spread_of(SpreadValue *value, const void *data, size_t n, size_t bins);
void spread_clear(Spread *spread);

/* Counts of scores in `bins` bins of equal width from 0 to 1, of the frauds or the others. */
void score_counts(const float *scores, const uint8_t *is_fraud, size_t n, bool of_frauds,
                  size_t *counts, size_t bins);
