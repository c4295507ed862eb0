#include "model/drift_bins.h"

#include "base/json.h"
#include "feature/feature.h"
#include "model/model.h"

#include <math.h>

enum {
    REPORT_FORMAT_READ = 1,
    LANES = 16, /* rows that are placed side by side */
};

struct DriftBins {
    DriftRow *rows; /* feature_count() + 1, the last of the score */
    size_t stride;  /* the same, up to a whole number of LANES */
    float *edges;   /* DRIFT_EDGES_MAX * stride, edge by edge; infinity where a row has fewer */
};

/* The bins being read: errors are told of them. */
typedef struct Reading {
    DriftBins *bins;
    size_t row; /* the one being read */
    unsigned at;
    double sum;
    GError **error;
} Reading;

static bool fail(const Reading *reading, const char *what) {
    g_set_error(reading->error, MODEL_ERROR, MODEL_ERROR_INVALID, "its report: %s", what);
    return false;
}

static bool fail_row(const Reading *reading, const char *what) {
    const bool is_feature = reading->row < feature_count();
    g_set_error(reading->error, MODEL_ERROR, MODEL_ERROR_INVALID, "its report: drift of %s: %s",
                is_feature ? feature_at(reading->row)->name : "the score", what);
    return false;
}

static bool read_edge(Str key, JsonValue value, void *data) {
    (void)key;
    Reading *reading = data;
    DriftRow *row = &reading->bins->rows[reading->row];
    const float edge = (float)json_get_double(value);
    if (row->edge_count == DRIFT_EDGES_MAX) return fail_row(reading, "too many edges");
    if (!isfinite(edge) || (row->edge_count > 0 && edge <= row->edges[row->edge_count - 1]))
        return fail_row(reading, "edges do not rise");
    row->edges[row->edge_count++] = edge;
    return true;
}

static bool take_share(Reading *reading, unsigned bin, JsonValue value) {
    const double share = json_get_double(value);
    if (!(share >= 0 && share <= 1)) return fail_row(reading, "a share is not from 0 to 1");
    reading->bins->rows[reading->row].shares[bin] = share;
    reading->sum += share;
    return true;
}

static bool read_share(Str key, JsonValue value, void *data) {
    (void)key;
    Reading *reading = data;
    if (reading->at > reading->bins->rows[reading->row].edge_count)
        return fail_row(reading, "more shares than bins");
    return take_share(reading, reading->at++, value);
}

/* The shares sum to 1 as far as they were rounded; where there were no rows all are 0. */
static bool read_row(Reading *reading, JsonValue value) {
    enum { ROUNDED = 1000 };
    JsonValue edges, shares, missing;
    reading->at = 0;
    reading->sum = 0;
    if (!json_member(value, "edges", &edges) || json_type(edges) != JSON_ARRAY ||
        !json_member(value, "shares", &shares) || json_type(shares) != JSON_ARRAY ||
        !json_member(value, "missing", &missing))
        return fail_row(reading, "no edges, shares and missing");
    if (!json_each(edges, read_edge, reading) || !json_each(shares, read_share, reading) ||
        !take_share(reading, DRIFT_MISSING, missing))
        return false;
    if (reading->at != reading->bins->rows[reading->row].edge_count + 1)
        return fail_row(reading, "fewer shares than bins");
    if (reading->sum != 0 && fabs(reading->sum - 1) > 1.0 / ROUNDED)
        return fail_row(reading, "shares do not sum to 1");
    reading->row++;
    return true;
}

static bool read_feature(Str key, JsonValue value, void *data) {
    (void)key;
    Reading *reading = data;
    JsonValue name;
    if (reading->row == feature_count() || !json_member(value, "feature", &name) ||
        !str_equal(json_get_str(name), str_from(feature_at(reading->row)->name)))
        return fail(reading, "its drift is of other features than this build's");
    return read_row(reading, value);
}

static bool is_of(JsonValue root, const char *key, const char *expected) {
    JsonValue value;
    return json_member(root, key, &value) && str_equal(json_get_str(value), str_from(expected));
}

static bool read_report(Reading *reading, JsonValue root, const char *name, const char *version) {
    JsonValue format, drift, score, features;
    if (!json_member(root, "format", &format) || json_get_int(format) != REPORT_FORMAT_READ)
        return fail(reading, "written by another version of haechi");
    if (!is_of(root, "name", name) || !is_of(root, "version", version))
        return fail(reading, "it is another version's");
    if (!json_member(root, "drift", &drift) || !json_member(drift, "score", &score) ||
        !json_member(drift, "features", &features) || json_type(features) != JSON_ARRAY)
        return fail(reading, "no \"drift\" of score and features");
    if (!json_each(features, read_feature, reading)) return false;
    if (reading->row < feature_count())
        return fail(reading, "its drift is of other features than this build's");
    return read_row(reading, score);
}

/* Edge by edge, so that all rows are compared side by side. */
static void lay_out_edges(DriftBins *bins) {
    const size_t rows = feature_count() + 1;
    bins->stride = (rows + LANES - 1) / LANES * LANES;
    bins->edges = g_new(float, DRIFT_EDGES_MAX * bins->stride);
    for (size_t i = 0; i < DRIFT_EDGES_MAX * bins->stride; i++) {
        const size_t row = i % bins->stride, edge = i / bins->stride;
        const bool is_one = row < rows && edge < bins->rows[row].edge_count;
        bins->edges[i] = is_one ? bins->rows[row].edges[edge] : INFINITY;
    }
}

DriftBins *drift_bins_parse(Str report, const char *name, const char *version, GError **error) {
    JsonParser *parser = json_parser_new(DRIFT_REPORT_BYTES_MAX);
    DriftBins *bins = g_new0(DriftBins, 1);
    bins->rows = g_new0(DriftRow, feature_count() + 1);
    Reading reading = {.bins = bins, .error = error};
    JsonValue root;
    const char *message;
    const bool good = json_parse(parser, report.data, report.len, &root, &message)
                          ? read_report(&reading, root, name, version)
                          : fail(&reading, message);
    json_parser_free(parser);
    if (good)
        lay_out_edges(bins);
    else
        g_clear_pointer(&bins, drift_bins_free);
    return bins;
}

void drift_bins_free(DriftBins *bins) {
    if (!bins) return;
    g_free(bins->rows);
    g_free(bins->edges);
    g_free(bins);
}

const DriftRow *drift_bins_row(const DriftBins *bins, size_t index) {
    g_assert(index <= feature_count());
    return &bins->rows[index];
}

/* LANES rows side by side. NaN is over no edge; it is told apart afterwards. */
static void place_block(const DriftBins *bins, size_t from, const float *values, uint8_t *out) {
    int32_t places[LANES] = {0};
    for (unsigned i = 0; i < DRIFT_EDGES_MAX; i++) {
        const float *edges = bins->edges + i * bins->stride + from;
        for (int k = 0; k < LANES; k++)
            places[k] += values[k] > edges[k];
    }
    for (int k = 0; k < LANES; k++)
        places[k] = values[k] == values[k] ? places[k] : DRIFT_MISSING;
    for (int k = 0; k < LANES; k++)
        out[k] = (uint8_t)places[k];
}

void drift_bins_place(const DriftBins *bins, const float *features, float score, uint8_t *out) {
    const size_t count = feature_count();
    size_t from = 0;
    for (; from + LANES <= count; from += LANES)
        place_block(bins, from, features + from, out + from);
    float last[LANES] = {0};
    uint8_t places[LANES];
    const size_t left = count - from;
    memcpy(last, features + from, left * sizeof *last);
    last[left] = score;
    place_block(bins, from, last, places);
    memcpy(out + from, places, left + 1);
}

double drift_psi(const DriftRow *row, const uint64_t *counts) {
    uint64_t total = 0;
    double known = 0, sum = 0;
    for (unsigned bin = 0; bin < DRIFT_BINS; bin++) {
        total += counts[bin];
        known += row->shares[bin];
    }
    if (total == 0 || known == 0) return NAN;
    for (unsigned bin = 0; bin < DRIFT_BINS; bin++) {
        const double expected = MAX(row->shares[bin], DRIFT_SHARE_MIN);
        const double actual = MAX((double)counts[bin] / (double)total, DRIFT_SHARE_MIN);
        sum += (actual - expected) * log(actual / expected);
    }
    return sum;
}
