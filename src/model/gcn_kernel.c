/* The network's inner loops, written once in GCC's vector extension and compiled for several
 * processors. A lane is an output, so every sum is taken in the same order however many lanes a
 * register has, and no multiplication is fused with an addition: all give the same bits. */
#include "model/gcn_internal.h"

#include <math.h>
#include <string.h>

typedef float Lanes __attribute__((vector_size(GCN_LANES * sizeof(float)), aligned(4), may_alias));
typedef int32_t IntLanes __attribute__((vector_size(GCN_LANES * sizeof(int32_t))));

enum { GROUP = 8 }; /* registers of sums that one pass over the matrix's rows feeds */

/* Inputs and activations are often 0, and then a row of the matrix need not be read. */
static inline __attribute__((always_inline)) void
multiply_body(const float *x, const float *w, size_t rows, size_t columns, float *y) {
    size_t column = 0;
    for (; column + GROUP * GCN_LANES <= columns; column += GROUP * GCN_LANES) {
        Lanes sum[GROUP] = {0};
        for (size_t row = 0; row < rows; row++) {
            if (x[row] == 0) continue;
            const Lanes *from = (const Lanes *)(const void *)(w + row * columns + column);
            for (int i = 0; i < GROUP; i++)
                sum[i] += x[row] * from[i];
        }
        memcpy(y + column, sum, sizeof sum);
    }
    for (; column < columns; column += GCN_LANES) {
        Lanes sum = {0};
        for (size_t row = 0; row < rows; row++)
            if (x[row] != 0)
                sum += x[row] * *(const Lanes *)(const void *)(w + row * columns + column);
        memcpy(y + column, &sum, sizeof sum);
    }
}

static inline __attribute__((always_inline)) void gather_body(const float *const *rows,
                                                              const float *scales, size_t count,
                                                              size_t at, size_t columns, float *y) {
    for (size_t column = 0; column < columns; column += GCN_LANES) {
        Lanes sum = {0};
        for (size_t i = 0; i < count; i++)
            sum += scales[i] * *(const Lanes *)(const void *)(rows[i] + at + column);
        memcpy(y + column, &sum, sizeof sum);
    }
}

static inline __attribute__((always_inline)) void curves_body(const GcnCurve *curves, size_t count,
                                                              const float *row, float *out) {
    for (size_t i = 0; i < count; i++) {
        const GcnCurve *curve = &curves[i];
        float value = row[curve->feature];
        if (value < curve->low) value = curve->low;
        if (value > curve->high) value = curve->high;
        const IntLanes reached = *(const Lanes *)(const void *)curve->x <= value;
        int32_t rank = 0;
        for (int k = 0; k < GCN_LANES; k++)
            rank -= reached[k];
        const float y = curve->y[rank] + (value - curve->from[rank]) * curve->slope[rank];
        out[i] = isnan(value) ? curve->missing : y;
    }
}

G_STATIC_ASSERT(GCN_LANES == GCN_KNOTS_MAX);

/* The loops under a processor's name. */
/* NOLINTBEGIN(bugprone-macro-parentheses): TARGET is an attribute, or nothing. */
#define GCN_KERNEL(NAME, TARGET)                                                                   \
    TARGET static void multiply_##NAME(const float *x, const float *w, size_t rows,                \
                                       size_t columns, float *y) {                                 \
        multiply_body(x, w, rows, columns, y);                                                     \
    }                                                                                              \
    TARGET static void gather_##NAME(const float *const *rows, const float *scales, size_t count,  \
                                     size_t at, size_t columns, float *y) {                        \
        gather_body(rows, scales, count, at, columns, y);                                          \
    }                                                                                              \
    TARGET static void curves_##NAME(const GcnCurve *curves, size_t count, const float *row,       \
                                     float *out) {                                                 \
        curves_body(curves, count, row, out);                                                      \
    }                                                                                              \
    static const GcnKernel kernel_##NAME = {multiply_##NAME, gather_##NAME, curves_##NAME};
/* NOLINTEND(bugprone-macro-parentheses) */

GCN_KERNEL(portable, )
#if defined(__x86_64__)
GCN_KERNEL(avx2, __attribute__((target("avx2"))))
GCN_KERNEL(avx512, __attribute__((target("avx512f,avx512dq"))))
#endif

const GcnKernel *gcn_kernel(GcnPath path) {
    switch (path) {
    case GCN_PATH_PORTABLE:
        return &kernel_portable;
#if defined(__x86_64__)
    case GCN_PATH_AVX2:
        return __builtin_cpu_supports("avx2") ? &kernel_avx2 : NULL;
    case GCN_PATH_AVX512:
        return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512dq")
                   ? &kernel_avx512
                   : NULL;
#endif
    default:
        return NULL;
    }
}
