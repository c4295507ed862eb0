/* What the files of the network share; nobody else includes it. */
#pragma once

#include "model/gcn.h"

/* A curve as it is evaluated: of the knots x[0..GCN_KNOTS_MAX), padded with infinity, r are at or
 * below the value; then it is y[r] + (value - from[r]) * slope[r]. */
typedef struct GcnCurve {
    float x[GCN_KNOTS_MAX];
    float y[GCN_KNOTS_MAX + 1], from[GCN_KNOTS_MAX + 1], slope[GCN_KNOTS_MAX + 1];
    float low, high; /* the ends: a value beyond them counts as they do */
    float missing;
    uint32_t feature;
} GcnCurve;

typedef struct GcnKernel {
    /* y[0..columns) = the row x[0..rows) times the matrix w of rows * columns, where columns is a
     * multiple of GCN_LANES. Each sum is taken in the order of the rows. */
    void (*multiply)(const float *x, const float *w, size_t rows, size_t columns, float *y);
    /* y[0..columns) = the sum over i of scales[i] times the columns from `at` on of rows[i]. */
    void (*gather)(const float *const *rows, const float *scales, size_t count, size_t at,
                   size_t columns, float *y);
    void (*curves)(const GcnCurve *curves, size_t count, const float *row, float *out);
} GcnKernel;

struct Gcn {
    GcnShape shape;
    char **names; /* of the features */
    GcnInput *inputs;
    GcnCurve *curves;
    float *parameters;
    const GcnKernel *kernel;
};

/* Of the path, or NULL where the processor has not what it needs. All give the same bits. */
const GcnKernel *gcn_kernel(GcnPath path);
