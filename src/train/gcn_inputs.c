#include "train/gcn_inputs.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum {
    SAMPLE_EVERY = 10,
    SAMPLE_ALL_ROWS = 100000, /* up to so many rows all are looked at */
    CODES_MAX = 64,           /* indicators of one feature; rarer codes are left without */
};

/* Shares of the values at or below each knot. */
static const double quantiles[GCN_KNOTS_MAX] = {0,   0.01, 0.03, 0.1,  0.2,  0.35,  0.5,   0.65,
                                                0.8, 0.9,  0.95, 0.98, 0.99, 0.997, 0.999, 1};

#define LOG_SCORE_MAX  6.0    /* standard deviations */
#define RANK_SHARE_MIN 0.0005 /* so that a rank's normal score is within 3.3 of 0 */
#define MISSING_MIN    0.001  /* share from which on missing values are told */

/* The sampled values of one feature, sorted. */
typedef struct Column {
    float *values;
    size_t count, missing;
} Column;

static int by_value(const void *a, const void *b) {
    const float x = *(const float *)a, y = *(const float *)b;
    return (x > y) - (x < y);
}

static void read_column(const FeatureMatrix *matrix, size_t rows, size_t feature, Column *column) {
    const size_t every = rows <= SAMPLE_ALL_ROWS ? 1 : SAMPLE_EVERY;
    column->count = column->missing = 0;
    for (size_t row = 0; row < rows; row++) {
        if (row % every != 0 && !matrix_is_fraud(matrix, row)) continue;
        const float value = matrix_row(matrix, row)[feature];
        if (isfinite(value))
            column->values[column->count++] = value;
        else
            column->missing++;
    }
    qsort(column->values, column->count, sizeof(float), by_value);
}

/* Number of the column's values below `value`, or at and below it. */
static size_t rank(const Column *column, float value, bool at_too) {
    size_t low = 0, high = column->count;
    while (low < high) {
        const size_t middle = (low + high) / 2;
        const float found = column->values[middle];
        if (found < value || (at_too && found == value))
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

/* The value that a standard normal number is below with this probability, by bisection. */
static double normal_score(double share) {
    double low = -10, high = 10;
    for (int i = 0; i < 60; i++) {
        const double middle = (low + high) / 2;
        if (erfc(-middle / G_SQRT2) / 2 < share)
            low = middle;
        else
            high = middle;
    }
    return low;
}

static double signed_log(double value) {
    return copysign(log1p(fabs(value)), value);
}

static void add(GArray *inputs, const GcnInput *input, size_t features) {
    const GcnShape shape = {.features = (uint32_t)features};
    if (gcn_input_fault(input, &shape) == NULL) g_array_append_val(inputs, *input);
}

static void add_codes(GArray *inputs, const Column *column, GcnInput input, size_t features) {
    int codes = 0;
    for (size_t i = 0; i < column->count && codes < CODES_MAX; i++) {
        const float value = column->values[i];
        if (i > 0 && value == column->values[i - 1]) continue;
        codes++;
        input.knots = 3;
        for (int k = 0; k < 3; k++) {
            input.x[k] = value + (float)(k - 1) / 2;
            input.y[k] = k == 1;
        }
        add(inputs, &input, features);
    }
}

/* Knots at the quantiles, as many as differ. */
static void place_knots(const Column *column, GcnInput *input) {
    input->knots = 0;
    for (size_t q = 0; q < GCN_KNOTS_MAX; q++) {
        const float value = column->values[(size_t)(quantiles[q] * (double)(column->count - 1))];
        if (input->knots > 0 && value - input->x[input->knots - 1] <= 1e-6F * fabsf(value))
            continue;
        input->x[input->knots++] = value;
    }
}

static void add_number(GArray *inputs, const Column *column, GcnInput input, size_t features) {
    place_knots(column, &input);
    double sum = 0, squares = 0;
    const double n = (double)column->count;
    for (size_t i = 0; i < column->count; i++) {
        const double value = signed_log((double)column->values[i]);
        sum += value;
        squares += value * value;
    }
    const double mean = sum / n, deviation = sqrt(MAX(squares / n - mean * mean, 0));
    if (input.knots < 2 || !(deviation > 0)) return;
    for (uint32_t k = 0; k < input.knots; k++) {
        const double score = (signed_log((double)input.x[k]) - mean) / deviation;
        input.y[k] = (float)CLAMP(score, -LOG_SCORE_MAX, LOG_SCORE_MAX);
    }
    add(inputs, &input, features);
    for (uint32_t k = 0; k < input.knots; k++) {
        const double below = (double)rank(column, input.x[k], false);
        const double share = (below + (double)rank(column, input.x[k], true)) / 2 / n;
        input.y[k] = (float)normal_score(CLAMP(share, RANK_SHARE_MIN, 1 - RANK_SHARE_MIN));
    }
    add(inputs, &input, features);
}

GArray *gcn_inputs_fit(const FeatureMatrix *matrix, size_t rows, const bool *is_code) {
    GArray *inputs = g_array_new(FALSE, FALSE, sizeof(GcnInput));
    Column column = {.values = g_new(float, rows + 1)};
    for (size_t feature = 0; feature < matrix->columns; feature++) {
        const GcnInput input = {.feature = (uint32_t)feature};
        read_column(matrix, rows, feature, &column);
        if (column.count == 0) continue; /* nothing is to be learnt of it */
        if (is_code[feature])
            add_codes(inputs, &column, input, matrix->columns);
        else
            add_number(inputs, &column, input, matrix->columns);
        const double missing = (double)column.missing, seen = (double)column.count;
        if (missing == 0 || missing < MISSING_MIN * (missing + seen)) continue;
        const GcnInput told = {.feature = (uint32_t)feature, .knots = 1, .missing = 1};
        add(inputs, &told, matrix->columns);
    }
    g_free(column.values);
    return inputs;
}
