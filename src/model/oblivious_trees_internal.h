/* What the files of the oblivious trees share; nobody else includes it. */
#pragma once

#include "model/oblivious_trees.h"

enum { OBLIVIOUS_SUMS = 8 }; /* partial sums; tree t belongs to sum t % OBLIVIOUS_SUMS */

typedef struct ObliviousWide ObliviousWide;

struct ObliviousTrees {
    uint32_t feature_count;
    uint32_t tree_count;
    double bias;
    bool *missing_yes;                  /* of each feature: NaN answers yes */
    char **feature_names;               /* feature_count of them and a NULL, or NULL */
    uint32_t *first_split, *first_leaf; /* of each tree, and the end of the last */
    uint8_t *depth;                     /* of each tree */
    uint16_t *features;                 /* of all splits */
    float *borders;                     /* of all splits; finite */
    double *values, *weights;           /* of all leaves; finite, weights not negative */
    ObliviousWide *wide;                /* NULL when the form does not fit */
    ObliviousPath path;
};

static inline double oblivious_add(double bias, const double *sums) {
    for (int i = 0; i < OBLIVIOUS_SUMS; i++)
        bias += sums[i];
    return bias;
}

/* NULL when the processor lacks AVX2 or the ensemble does not fit the form. */
ObliviousWide *oblivious_wide_new(const ObliviousTrees *trees);
void oblivious_wide_free(ObliviousWide *wide);
bool oblivious_wide_has_avx512(void);

enum { OBLIVIOUS_ROWS = 4 }; /* at once */
/* Predictions of `n` rows, 1 or OBLIVIOUS_ROWS, `stride` floats apart, into out[0..n). */
void oblivious_avx512_margins(const ObliviousWide *wide, const float *rows, size_t n, size_t stride,
                              double *out);
void oblivious_avx2_margins(const ObliviousWide *wide, const float *rows, size_t n, size_t stride,
                            double *out);
