/* What a model's transactions were like when it was trained, to compare live ones with: each
 * feature over the training rows and the score over the rows that judged it, each in bins of about
 * equal count, as the model's report has them ("drift" in report.json). Immutable. */
#pragma once

#include "base/str.h"
#include <glib.h>
#include <stdint.h>

enum {
    DRIFT_EDGES_MAX = 9,
    DRIFT_MISSING = DRIFT_EDGES_MAX + 1, /* the bin of what is missing (NaN) */
    DRIFT_BINS = DRIFT_MISSING + 1,
    DRIFT_REPORT_BYTES_MAX = 16 << 20,
};

/* One feature, or the score. A value is in bin i when it is over edges[i - 1] and not over
 * edges[i]; the bins are 0 to edge_count, and DRIFT_MISSING. */
typedef struct DriftRow {
    unsigned edge_count;
    float edges[DRIFT_EDGES_MAX]; /* rising */
    double shares[DRIFT_BINS];    /* they sum to 1; to 0 where nothing was counted */
} DriftRow;

typedef struct DriftBins DriftBins;

/* Reads the bins of the report of version `version` of `name`, whose bytes are not trusted; its
 * features must be the catalogue's. On failure NULL with one line in *error (MODEL_ERROR_INVALID).
 */
DriftBins *drift_bins_parse(Str report, const char *name, const char *version, GError **error);
void drift_bins_free(DriftBins *bins); /* NULL is allowed */

/* Row `index` is the feature of that place in the catalogue, or, at feature_count(), the score. */
const DriftRow *drift_bins_row(const DriftBins *bins, size_t index);

/* The bin of each of feature_count() features and of the score, into out[0..feature_count()]. */
void drift_bins_place(const DriftBins *bins, const float *features, float score, uint8_t *out);

/* Population stability index of counts[0..DRIFT_BINS) against the row's shares: the sum over the
 * bins of (actual - expected) * ln(actual / expected), where a share under DRIFT_SHARE_MIN counts
 * as that (Siddiqi 2006, "Credit Risk Scorecards", ch. 9; it is Jeffreys' divergence of 1946). By
 * custom a value under 0.1 is no drift, up to 0.25 some, and over it much. NaN where there is
 * nothing to compare. */
#define DRIFT_SHARE_MIN 1e-4
double drift_psi(const DriftRow *row, const uint64_t *counts);
