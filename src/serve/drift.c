#include "serve/drift.h"

#include "base/civil.h"
#include "base/json_write.h"

#include <math.h>

enum { PSI_DIGITS = 6 };

struct Drift {
    GMutex lock; /* of all that follows */
    Model *model;
    const DriftBins *bins; /* the model's; NULL for none */
    uint32_t *counts;      /* DRIFT_SLOTS * rows * DRIFT_BINS: of each slot, row and bin */
    uint8_t *places;       /* scratch: the bin of each row */
    int64_t latest;        /* the latest slot, hours since the epoch */
    bool counted;          /* there is one */
};

static size_t row_count(void) {
    return feature_count() + 1;
}

static size_t slot_cells(void) {
    return row_count() * DRIFT_BINS;
}

Drift *drift_new(void) {
    Drift *drift = g_new0(Drift, 1);
    g_mutex_init(&drift->lock);
    drift->counts = g_new0(uint32_t, DRIFT_SLOTS * slot_cells());
    drift->places = g_new(uint8_t, row_count());
    return drift;
}

void drift_free(Drift *drift) {
    if (!drift) return;
    model_free(drift->model);
    g_mutex_clear(&drift->lock);
    g_free(drift->counts);
    g_free(drift->places);
    g_free(drift);
}

void drift_set_model(Drift *drift, Model *model) {
    const char *why;
    g_mutex_lock(&drift->lock);
    Model *before = drift->model;
    drift->model = model_ref(model);
    drift->bins = model_drift(model, &why);
    drift->counted = false;
    memset(drift->counts, 0, DRIFT_SLOTS * slot_cells() * sizeof *drift->counts);
    g_mutex_unlock(&drift->lock);
    if (why)
        g_printerr("model %s %s: drift is not measured: %s\n", model_name(model),
                   model_version(model), why);
    model_free(before);
}

/* Counting */

static uint32_t *slot_of(Drift *drift, int64_t hour) {
    const int64_t place = hour % DRIFT_SLOTS;
    return drift->counts + (size_t)(place < 0 ? place + DRIFT_SLOTS : place) * slot_cells();
}

/* Moves the week on to `hour`; what leaves it is forgotten. */
static void move_to(Drift *drift, int64_t hour) {
    if (!drift->counted) drift->latest = hour - 1;
    drift->counted = true;
    const int64_t gone = MIN(hour - drift->latest, (int64_t)DRIFT_SLOTS);
    for (int64_t i = 0; i < gone; i++)
        memset(slot_of(drift, hour - i), 0, slot_cells() * sizeof(uint32_t));
    drift->latest = hour;
}

static int64_t hour_of(int64_t time) {
    const int64_t hour = time / DRIFT_SLOT_SECONDS;
    return time % DRIFT_SLOT_SECONDS < 0 ? hour - 1 : hour;
}

void drift_add(Drift *drift, int64_t time, const float *features, float score) {
    const int64_t hour = hour_of(time);
    g_mutex_lock(&drift->lock);
    if (drift->bins && (!drift->counted || hour > drift->latest)) move_to(drift, hour);
    if (drift->bins && hour > drift->latest - DRIFT_SLOTS) {
        drift_bins_place(drift->bins, features, score, drift->places);
        uint32_t *slot = slot_of(drift, hour);
        for (size_t row = 0; row < row_count(); row++)
            slot[row * DRIFT_BINS + drift->places[row]]++;
    }
    g_mutex_unlock(&drift->lock);
}

/* Reading */

/* A copy of the week that stands still. */
typedef struct Week {
    Model *model;
    const DriftBins *bins;
    uint64_t *counts; /* rows * DRIFT_BINS */
    uint64_t rows;
    int64_t latest; /* end of its latest slot, seconds */
    double *psi;    /* of each row; NaN where it is not known */
} Week;

static Week week_read(Drift *drift) {
    Week week = {.counts = g_new0(uint64_t, slot_cells()), .psi = g_new(double, row_count())};
    g_mutex_lock(&drift->lock);
    week.model = model_ref(drift->model);
    week.bins = drift->bins;
    week.latest = (drift->latest + 1) * DRIFT_SLOT_SECONDS;
    for (size_t slot = 0; slot < DRIFT_SLOTS; slot++)
        for (size_t i = 0; i < slot_cells(); i++)
            week.counts[i] += drift->counts[slot * slot_cells() + i];
    g_mutex_unlock(&drift->lock);
    for (unsigned bin = 0; bin < DRIFT_BINS; bin++)
        week.rows += week.counts[bin];
    for (size_t row = 0; row < row_count(); row++)
        week.psi[row] =
            week.bins && week.rows >= DRIFT_ROWS_MIN
                ? drift_psi(drift_bins_row(week.bins, row), week.counts + row * DRIFT_BINS)
                : NAN;
    return week;
}

static void week_clear(Week *week) {
    model_free(week->model);
    g_free(week->counts);
    g_free(week->psi);
}

/* As is usual; see drift_psi. */
static const char *reading_of(double psi) {
    if (isnan(psi)) return "unknown";
    return psi < 0.1 ? "none" : psi <= 0.25 ? "some" : "much";
}

static void write_time(GString *out, const char *name, int64_t seconds) {
    char text[CIVIL_TIME_LEN + 1];
    civil_write_time(seconds, text);
    text[10] = 'T';
    g_string_append_printf(out, ",\"%s\":\"%sZ\"", name, text);
}

/* One array of what is said of each of the row's bins but the missing. */
typedef double BinShare(const DriftRow *row, const Week *week, size_t index, unsigned bin);

static double expected_share(const DriftRow *row, const Week *week, size_t index, unsigned bin) {
    (void)week;
    (void)index;
    return row->shares[bin];
}

static double actual_share(const DriftRow *row, const Week *week, size_t index, unsigned bin) {
    (void)row;
    return week->rows == 0 ? NAN
                           : (double)week->counts[index * DRIFT_BINS + bin] / (double)week->rows;
}

static void write_shares(const Week *week, size_t index, const char *name, BinShare *share,
                         GString *out) {
    const DriftRow *row = drift_bins_row(week->bins, index);
    g_string_append_printf(out, ",\"%s\":{\"bins\":[", name);
    for (unsigned bin = 0; bin <= row->edge_count; bin++) {
        if (bin > 0) g_string_append_c(out, ',');
        json_write_double(out, share(row, week, index, bin), PSI_DIGITS);
    }
    g_string_append(out, "],\"missing\":");
    json_write_double(out, share(row, week, index, DRIFT_MISSING), PSI_DIGITS);
    g_string_append_c(out, '}');
}

static void write_row(const Week *week, size_t index, GString *out) {
    const DriftRow *row = drift_bins_row(week->bins, index);
    g_string_append_c(out, '{');
    if (index < feature_count())
        g_string_append_printf(out, "\"feature\":\"%s\",", feature_at(index)->name);
    g_string_append(out, "\"psi\":");
    json_write_double(out, week->psi[index], PSI_DIGITS);
    g_string_append_printf(out, ",\"reading\":\"%s\",\"edges\":[", reading_of(week->psi[index]));
    for (unsigned i = 0; i < row->edge_count; i++) {
        if (i > 0) g_string_append_c(out, ',');
        json_write_float(out, row->edges[i]);
    }
    g_string_append_c(out, ']');
    write_shares(week, index, "expected", expected_share, out);
    write_shares(week, index, "actual", actual_share, out);
    g_string_append_c(out, '}');
}

/* The greatest first, what is not known last, equals by their place in the catalogue. */
static int by_psi(const void *a, const void *b, void *data) {
    const double *psi = data;
    const size_t x = *(const size_t *)a, y = *(const size_t *)b;
    const double one = isnan(psi[x]) ? -1 : psi[x], two = isnan(psi[y]) ? -1 : psi[y];
    return one != two ? (one < two) - (one > two) : (x > y) - (x < y);
}

static void write_week(const Week *week, GString *out) {
    g_string_append(out, "{\"model\":{\"name\":");
    json_write_str(out, str_from(model_name(week->model)));
    g_string_append(out, ",\"version\":");
    json_write_str(out, str_from(model_version(week->model)));
    g_string_append_printf(out, "},\"transactions\":%" G_GUINT64_FORMAT ",\"transactions_min\":%d",
                           week->rows, DRIFT_ROWS_MIN);
    if (week->rows > 0) {
        write_time(out, "from", week->latest - (int64_t)DRIFT_SLOTS * DRIFT_SLOT_SECONDS);
        write_time(out, "to", week->latest);
    }
    g_string_append(out, ",\"score\":");
    write_row(week, feature_count(), out);
    g_string_append(out, ",\"features\":[");
    g_autofree size_t *order = g_new(size_t, feature_count());
    for (size_t i = 0; i < feature_count(); i++)
        order[i] = i;
    g_qsort_with_data(order, (gint)feature_count(), sizeof *order, by_psi, week->psi);
    for (size_t i = 0; i < feature_count(); i++) {
        if (i > 0) g_string_append_c(out, ',');
        write_row(week, order[i], out);
    }
    g_string_append(out, "]}");
}

bool drift_write(Drift *drift, GString *out, char **why) {
    Week week = week_read(drift);
    const char *fault = "no model decides yet";
    const bool can = week.model && model_drift(week.model, &fault);
    if (can)
        write_week(&week, out);
    else
        *why = g_strdup(fault);
    week_clear(&week);
    return can;
}

static void write_psi(const Week *week, size_t index, const char *label, GString *out) {
    char text[G_ASCII_DTOSTR_BUF_SIZE];
    if (isnan(week->psi[index])) return;
    g_ascii_formatd(text, sizeof text, "%.6g", week->psi[index]);
    g_string_append_printf(out, "haechi_drift_psi{feature=\"%s\"} %s\n", label, text);
}

void drift_write_prometheus(Drift *drift, GString *out) {
    Week week = week_read(drift);
    if (week.bins) {
        g_string_append_printf(
            out,
            "# HELP haechi_drift_transactions Transactions of the last week that drift is of.\n"
            "# TYPE haechi_drift_transactions gauge\n"
            "haechi_drift_transactions %" G_GUINT64_FORMAT "\n"
            "# HELP haechi_drift_psi Population stability index against training: under 0.1 none, "
            "up to 0.25 some, over it much.\n"
            "# TYPE haechi_drift_psi gauge\n",
            week.rows);
        for (size_t i = 0; i < feature_count(); i++)
            write_psi(&week, i, feature_at(i)->name, out);
        write_psi(&week, feature_count(), "score", out);
    }
    week_clear(&week);
}
