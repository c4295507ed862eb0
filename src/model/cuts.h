/* The different questions that an ensemble of trees asks, which its vectorised forms number. */
#pragma once

#include <stddef.h>
#include <stdint.h>

/* A split's feature and threshold (or border). */
typedef struct Cut {
    uint32_t feature;
    float threshold;
} Cut;

/* By feature, then threshold; for qsort and bsearch. */
int cuts_compare(const void *a, const void *b);

/* Sorts cuts[0..count) and drops those that are there already; returns how many are left. */
size_t cuts_sort(Cut *cuts, size_t count);
