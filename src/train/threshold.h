/* The choice of a threshold for a stated aim, on scored transactions whose labels are known. From
 * the threshold on a transaction is an alert. */
#pragma once

#include <glib.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef enum ThresholdAim {
    AIM_F1,        /* the best F1 */
    AIM_COST,      /* the least cost: of a missed fraud its amount, of an alert review_cost */
    AIM_PRECISION, /* most frauds caught while precision is `precision` or more */
    AIM_ALERTS,    /* most frauds caught with at most `alerts_per_day` alerts */
} ThresholdAim;

typedef struct ThresholdWish {
    ThresholdAim aim;
    double review_cost; /* money */
    double precision;   /* over 0, at most 1 */
    double alerts_per_day;
} ThresholdWish;

typedef struct ScoredRows {
    const float *scores;
    const uint8_t *is_fraud; /* 0 or 1 */
    const float *amounts;    /* money; one that is unknown (NaN) costs nothing */
    size_t count;
    double days; /* that the rows span, over 0 */
} ScoredRows;

/* Reads "f1", "cost", "precision=0.9" or "alerts=50" into wish->aim and its number; false for
 * anything else. */
bool threshold_parse(const char *text, ThresholdWish *wish);

/* A score of the rows; the lowest over all of them, at most 1, when no alert is best; 0.5 when
 * there is no fraud among them. Of those that serve the aim as well, the highest. */
double threshold_choose(const ScoredRows *rows, const ThresholdWish *wish);

/* What all alerts from `threshold` on and all frauds under it cost (AIM_COST), in money. */
double threshold_cost(const ScoredRows *rows, double threshold, double review_cost);

/* How it was chosen, in English: "least cost, of a missed fraud its amount, of an alert 5.00". The
 * caller frees it. */
char *threshold_describe(const ThresholdWish *wish);
