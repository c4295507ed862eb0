/* The network's inner loops for one kind of processor: included by gcn_kernel.c once for each, with
 * KERNEL(name) the name of a function for it, TARGET its attribute, and REGISTER the number of
 * floats of a register. */

typedef float KERNEL(Register)
    __attribute__((vector_size(REGISTER * sizeof(float)), aligned(4), may_alias));

/* One pass over the matrix's rows feeds `group` registers of sums, a constant where this is
 * inlined. Inputs and activations are often 0, and then a row of the matrix need not be read. */
TARGET static inline __attribute__((always_inline)) void
KERNEL(multiply_columns)(const float *x, const float *w, size_t rows, size_t columns, size_t group,
                         float *y) {
    KERNEL(Register) sum[GROUP] = {0};
    for (size_t row = 0; row < rows; row++) {
        if (x[row] == 0) continue;
        const KERNEL(Register) *from = (const void *)(w + row * columns);
        for (size_t i = 0; i < group; i++)
            sum[i] += x[row] * from[i];
    }
    memcpy(y, sum, group * sizeof *sum);
}

TARGET static void KERNEL(multiply)(const float *x, const float *w, size_t rows, size_t columns,
                                    float *y) {
    size_t column = 0;
    for (; column + GROUP * REGISTER <= columns; column += GROUP * REGISTER)
        KERNEL(multiply_columns)(x, w + column, rows, columns, GROUP, y + column);
    for (; column < columns; column += REGISTER)
        KERNEL(multiply_columns)(x, w + column, rows, columns, 1, y + column);
}

TARGET static void KERNEL(gather)(const float *const *rows, const float *scales, size_t count,
                                  size_t at, size_t columns, float *y) {
    for (size_t column = 0; column < columns; column += REGISTER) {
        KERNEL(Register) sum = {0};
        for (size_t i = 0; i < count; i++)
            sum += scales[i] * *(const KERNEL(Register) *)(const void *)(rows[i] + at + column);
        memcpy(y + column, &sum, sizeof sum);
    }
}

TARGET static void KERNEL(curves)(const GcnCurve *curves, size_t count, const float *row,
                                  float *out) {
    for (size_t i = 0; i < count; i++) {
        const GcnCurve *curve = &curves[i];
        float value = row[curve->feature];
        if (value < curve->low) value = curve->low;
        if (value > curve->high) value = curve->high;
        int32_t rank = 0;
        for (int k = 0; k < GCN_KNOTS_MAX; k++)
            rank += curve->x[k] <= value;
        const float y = curve->y[rank] + (value - curve->from[rank]) * curve->slope[rank];
        out[i] = isnan(value) ? curve->missing : y;
    }
}

static const GcnKernel KERNEL(kernel) = {KERNEL(multiply), KERNEL(gather), KERNEL(curves)};
