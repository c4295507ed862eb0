#include "model/cuts.h"

#include <stdlib.h>

int cuts_compare(const void *a, const void *b) {
    const Cut *x = a, *y = b;
    if (x->feature != y->feature) return x->feature < y->feature ? -1 : 1;
    return (x->threshold > y->threshold) - (x->threshold < y->threshold);
}

size_t cuts_sort(Cut *cuts, size_t count) {
    qsort(cuts, count, sizeof *cuts, cuts_compare);
    size_t kept = 0;
    for (size_t i = 0; i < count; i++)
        if (i == 0 || cuts_compare(&cuts[kept - 1], &cuts[i]) != 0) cuts[kept++] = cuts[i];
    return kept;
}
