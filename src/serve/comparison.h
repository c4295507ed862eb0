/* Two models on the same transactions: how often they decide alike, how far their scores are apart,
 * and, where labels have come, which of them was right. Used by one thread. */
#pragma once

#include "model/model.h"
#include <glib.h>

/* Labels are joined to the verdicts of about so many latest transactions. */
enum { COMPARISON_REMEMBERED = 1 << 20 };

/* Alerts (reviewed or declined) against the latest labels. */
typedef struct ComparisonHits {
    uint64_t true_positives, false_positives, false_negatives, true_negatives;
} ComparisonHits;

typedef struct ComparisonTotals {
    uint64_t transactions;
    uint64_t verdicts[3][3]; /* [the champion's][the challenger's] */
    double difference_sum;   /* of the absolute differences of the scores */
    double difference_max;
    ComparisonHits champion, challenger;
} ComparisonTotals;

typedef struct Comparison Comparison;

Comparison *comparison_new(void);
void comparison_free(Comparison *comparison); /* NULL is allowed */

typedef struct ScoredBy {
    float score;
    Verdict verdict;
} ScoredBy;

void comparison_add(Comparison *comparison, Str trans_num, ScoredBy champion, ScoredBy challenger);

/* A label that corrects an earlier one takes its place. */
void comparison_label(Comparison *comparison, Str trans_num, bool is_fraud);

const ComparisonTotals *comparison_totals(const Comparison *comparison);

/* Appends the totals as a JSON object. */
void comparison_write(const ComparisonTotals *totals, GString *out);
