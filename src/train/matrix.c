#include "train/matrix.h"

#include <string.h>

FeatureMatrix *matrix_new(size_t columns) {
    g_assert(columns > 0);
    FeatureMatrix *m = g_new0(FeatureMatrix, 1);
    m->columns = columns;
    m->blocks = g_ptr_array_new_with_free_func(g_free);
    m->labels = g_array_new(FALSE, FALSE, sizeof(float));
    m->groups = g_array_new(FALSE, FALSE, sizeof(uint8_t));
    return m;
}

void matrix_free(FeatureMatrix *m) {
    if (!m) return;
    g_ptr_array_unref(m->blocks);
    g_array_unref(m->labels);
    g_array_unref(m->groups);
    g_free(m);
}

void matrix_append(FeatureMatrix *m, const float *values, bool is_fraud, uint8_t group) {
    size_t at = m->rows % MATRIX_BLOCK_ROWS;
    if (at == 0) g_ptr_array_add(m->blocks, g_new(float, MATRIX_BLOCK_ROWS * m->columns));
    float *block = g_ptr_array_index(m->blocks, m->blocks->len - 1);
    memcpy(block + at * m->columns, values, m->columns * sizeof *values);
    float label = is_fraud;
    g_array_append_val(m->labels, label);
    g_array_append_val(m->groups, group);
    m->rows++;
}

const float *matrix_row(const FeatureMatrix *m, size_t row) {
    g_assert(row < m->rows);
    const float *block = g_ptr_array_index(m->blocks, row / MATRIX_BLOCK_ROWS);
    return block + row % MATRIX_BLOCK_ROWS * m->columns;
}

size_t matrix_block_rows(const FeatureMatrix *m, size_t block) {
    g_assert(block < m->blocks->len);
    return MIN(m->rows - block * MATRIX_BLOCK_ROWS, (size_t)MATRIX_BLOCK_ROWS);
}
