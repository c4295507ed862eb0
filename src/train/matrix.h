/* A table of feature vectors with their labels, in blocks, so that it grows without copying and can
 * be handed on piece by piece. */
#pragma once

#include <glib.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { MATRIX_BLOCK_ROWS = 65536, MATRIX_NO_GROUP = 255 };

typedef struct FeatureMatrix {
    size_t columns, rows;
    GPtrArray *blocks; /* of float[MATRIX_BLOCK_ROWS * columns] */
    GArray *labels;    /* float, 0 or 1 */
    GArray *groups;    /* uint8_t: the fold that a row belongs to, or MATRIX_NO_GROUP */
} FeatureMatrix;

FeatureMatrix *matrix_new(size_t columns);
void matrix_free(FeatureMatrix *matrix);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(FeatureMatrix, matrix_free)

void matrix_append(FeatureMatrix *matrix, const float *values, bool is_fraud, uint8_t group);

/* Row `row`, `columns` values. */
const float *matrix_row(const FeatureMatrix *matrix, size_t row);

/* Number of rows in block `block`. */
size_t matrix_block_rows(const FeatureMatrix *matrix, size_t block);

static inline bool matrix_is_fraud(const FeatureMatrix *matrix, size_t row) {
    return g_array_index(matrix->labels, float, row) > 0;
}
