/* The judgement of a model's scores, of whatever family it is, on rows that it has not seen; and
 * the thresholds, which are chosen on the same rows. */
#pragma once

#include "train/dataset.h"
#include "train/metrics.h"
#include "train/threshold.h"

typedef struct Judgement {
    double threshold, decline_threshold; /* 0 <= threshold <= decline_threshold <= 1 */
    char *threshold_choice;              /* how, in English */
    Metrics metrics;                     /* at the threshold */
} Judgement;

/* `scores`: probability of fraud of each judging row of `data`, in order. Reviewed is from the
 * threshold of `wish`, declined from the lowest score over it at which precision is 0.99 or more.
 */
Judgement judge_scores(const Dataset *data, const float *scores, const ThresholdWish *wish);
void judgement_clear(Judgement *judgement);
