/* Stacking: the members' margins are put together by a logistic regression on rows that no member
 * has learnt from (Wolpert 1992, "Stacked generalization"). As it is fitted to the labels it also
 * calibrates: the sum's probability is how often such transactions are fraud (Platt 1999). */
#pragma once

#include "model/model.h"

typedef struct Stack {
    double weights[MODEL_MEMBERS_MAX]; /* 0 or more */
    double bias;
} Stack;

/* Fits to n rows of `members` margins (log-odds), row after row, and their labels, by Newton's
 * method on the log loss, with a ridge of 1 that draws the weights to equal shares: few frauds give
 * about the average. A member that would count against the others gets weight 0. Without a fraud,
 * with nothing else, or where all would, it is the average. */
Stack stack_fit(const float *margins, const uint8_t *is_fraud, size_t n, size_t members);
