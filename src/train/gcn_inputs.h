/* What a network sees of the features: curves (model/gcn.h) fitted to the training rows.
 *
 * A code becomes one indicator for each of its values. A number becomes two curves with knots at
 * its quantiles, which lie closer together at the upper end, where frauds are: its logarithm in
 * standard deviations from the mean, which tells sizes, and the normal score of its rank, which
 * tells how unusual it is. Where values are missing an indicator tells so. */
#pragma once

#include "model/gcn.h"
#include "train/matrix.h"

/* Of the matrix's first `rows` rows; is_code[0..matrix->columns) says which features are codes.
 * Returns an array of GcnInput, the caller's. Every fraud is looked at, and one in ten of the
 * others, or all where there are few. */
GArray *gcn_inputs_fit(const FeatureMatrix *matrix, size_t rows, const bool *is_code);
