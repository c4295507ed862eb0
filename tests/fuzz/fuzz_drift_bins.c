/* Any bytes as a report: refused with one line, or bins whose edges rise, in which every value has
 * a place, and an index that is a number. */
#include "feature/feature.h"
#include "model/drift_bins.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_row(const DriftRow *row) {
    const uint64_t counts[DRIFT_BINS] = {1, 2};
    if (row->edge_count > DRIFT_EDGES_MAX) abort();
    for (unsigned i = 1; i < row->edge_count; i++)
        if (!(row->edges[i] > row->edges[i - 1])) abort();
    const double psi = drift_psi(row, counts);
    if (!isnan(psi) && !(psi >= 0 && psi < 1000)) abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    GError *error = NULL;
    DriftBins *bins = drift_bins_parse((Str){(const char *)data, size}, "m", "v", &error);
    if (!bins) {
        if (!error || strchr(error->message, '\n')) abort();
        g_error_free(error);
        return 0;
    }
    float *values = g_new0(float, feature_count());
    uint8_t *places = g_new(uint8_t, feature_count() + 1);
    drift_bins_place(bins, values, 0.5F, places);
    for (size_t i = 0; i <= feature_count(); i++) {
        check_row(drift_bins_row(bins, i));
        if (places[i] > drift_bins_row(bins, i)->edge_count) abort();
    }
    g_free(places);
    g_free(values);
    drift_bins_free(bins);
    return 0;
}
