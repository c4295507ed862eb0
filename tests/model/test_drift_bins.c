/* The bins of a report: what is read is what was written, hostile reports are refused with one
 * line, every value is in the bin that the report's words say, and the index is that of a hand
 * calculation. */
#include "base/json_write.h"
#include "feature/feature.h"
#include "model/drift_bins.h"
#include "model/model.h"

#include <math.h>

enum { BINS = 10 };

/* A report with random bins; row feature_count() is the score. */
typedef struct Made {
    GString *text;
    DriftRow *rows;
} Made;

static DriftRow random_row(GRand *rand) {
    DriftRow row = {.edge_count = (unsigned)g_rand_int_range(rand, 0, BINS)};
    float edge = (float)g_rand_double_range(rand, -1e6, 1e6);
    for (unsigned i = 0; i < row.edge_count; i++)
        row.edges[i] = edge += (float)g_rand_double_range(rand, 1, 1e5);
    double left = 1;
    for (unsigned i = 0; i <= row.edge_count; i++)
        left -= row.shares[i] = left * g_rand_double(rand);
    row.shares[DRIFT_MISSING] = left;
    return row;
}

static void write_row(GString *out, const char *name, const DriftRow *row) {
    g_string_append_c(out, '{');
    if (name) g_string_append_printf(out, "\"feature\":\"%s\",", name);
    g_string_append(out, "\"edges\":[");
    for (unsigned i = 0; i < row->edge_count; i++) {
        if (i > 0) g_string_append_c(out, ',');
        json_write_float(out, row->edges[i]);
    }
    g_string_append(out, "],\"shares\":[");
    for (unsigned i = 0; i <= row->edge_count; i++) {
        if (i > 0) g_string_append_c(out, ',');
        json_write_double(out, row->shares[i], 17);
    }
    g_string_append(out, "],\"missing\":");
    json_write_double(out, row->shares[DRIFT_MISSING], 17);
    g_string_append_c(out, '}');
}

static Made make(guint32 seed) {
    Made made = {g_string_new(NULL), g_new(DriftRow, feature_count() + 1)};
    g_autoptr(GRand) rand = g_rand_new_with_seed(seed);
    for (size_t i = 0; i <= feature_count(); i++)
        made.rows[i] = random_row(rand);
    g_string_append(made.text,
                    "{\"format\":1,\"name\":\"m\",\"version\":\"v\",\"drift\":{\"score\":");
    write_row(made.text, NULL, &made.rows[feature_count()]);
    g_string_append(made.text, ",\"features\":[");
    for (size_t i = 0; i < feature_count(); i++) {
        if (i > 0) g_string_append_c(made.text, ',');
        write_row(made.text, feature_at(i)->name, &made.rows[i]);
    }
    g_string_append(made.text, "]}}");
    return made;
}

static void made_clear(Made *made) {
    g_string_free(made->text, TRUE);
    g_free(made->rows);
}

static DriftBins *parse(const char *text) {
    g_autoptr(GError) error = NULL;
    DriftBins *bins = drift_bins_parse(str_from(text), "m", "v", &error);
    g_assert_no_error(error);
    return bins;
}

static void test_read(void) {
    for (guint32 seed = 1; seed <= 20; seed++) {
        Made made = make(seed);
        DriftBins *bins = parse(made.text->str);
        for (size_t i = 0; i <= feature_count(); i++) {
            const DriftRow *row = drift_bins_row(bins, i);
            g_assert_cmpuint(row->edge_count, ==, made.rows[i].edge_count);
            for (unsigned e = 0; e < row->edge_count; e++)
                g_assert_cmpfloat(row->edges[e], ==, made.rows[i].edges[e]);
            for (unsigned b = 0; b < DRIFT_BINS; b++)
                g_assert_cmpfloat(row->shares[b], ==, made.rows[i].shares[b]);
        }
        drift_bins_free(bins);
        made_clear(&made);
    }
}

/* As the report says it: over edges[i - 1] and not over edges[i]. */
static unsigned bin_of(const DriftRow *row, float x) {
    unsigned bin = 0;
    if (isnan(x)) return DRIFT_MISSING;
    while (bin < row->edge_count && x > row->edges[bin])
        bin++;
    return bin;
}

static float random_value(GRand *rand, const DriftRow *row) {
    switch (g_rand_int_range(rand, 0, 6)) {
    case 0:
        return NAN;
    case 1:
        return g_rand_boolean(rand) ? INFINITY : -INFINITY;
    case 2:
    case 3:
        if (row->edge_count > 0)
            return row->edges[g_rand_int_range(rand, 0, (gint32)row->edge_count)];
        return 0;
    default:
        return (float)g_rand_double_range(rand, -2e6, 2e6);
    }
}

static void test_place(void) {
    const size_t n = feature_count();
    g_autofree float *values = g_new(float, n + 1);
    g_autofree uint8_t *places = g_new(uint8_t, n + 1);
    g_autoptr(GRand) rand = g_rand_new_with_seed(5);
    for (guint32 seed = 1; seed <= 20; seed++) {
        Made made = make(seed);
        DriftBins *bins = parse(made.text->str);
        for (int round = 0; round < 200; round++) {
            for (size_t i = 0; i <= n; i++)
                values[i] = random_value(rand, &made.rows[i]);
            drift_bins_place(bins, values, values[n], places);
            for (size_t i = 0; i <= n; i++)
                g_assert_cmpuint(places[i], ==, bin_of(&made.rows[i], values[i]));
        }
        drift_bins_free(bins);
        made_clear(&made);
    }
}

/* Two bins of a half each and a quarter against three: (0.25 - 0.5) ln(0.25 / 0.5) + (0.75 - 0.5)
 * ln(0.75 / 0.5) = 0.1732868 + 0.1013663. */
static void test_index(void) {
    const DriftRow even = {.edge_count = 1, .edges = {0}, .shares = {0.5, 0.5}};
    const uint64_t same[DRIFT_BINS] = {7, 7}, moved[DRIFT_BINS] = {1, 3}, none[DRIFT_BINS] = {0};
    uint64_t missing[DRIFT_BINS] = {0};
    missing[DRIFT_MISSING] = 10;
    g_assert_cmpfloat(drift_psi(&even, same), ==, 0);
    g_assert_cmpfloat_with_epsilon(drift_psi(&even, moved), 0.2746531, 1e-7);
    g_assert_true(isnan(drift_psi(&even, none)));
    /* 2 * (1e-4 - 0.5) ln(2e-4) + (1 - 1e-4) ln(1e4): an empty bin counts as the least share. */
    g_assert_cmpfloat_with_epsilon(drift_psi(&even, missing), 8.5154895 + 9.2094193, 1e-6);
    const DriftRow nothing = {.edge_count = 0};
    g_assert_true(isnan(drift_psi(&nothing, same)));
}

static void check_refused(const char *text, const char *expected) {
    g_autoptr(GError) error = NULL;
    DriftBins *bins = drift_bins_parse(str_from(text), "m", "v", &error);
    g_assert_null(bins);
    g_assert_error(error, MODEL_ERROR, MODEL_ERROR_INVALID);
    g_assert_null(strchr(error->message, '\n'));
    if (!strstr(error->message, expected)) g_error("'%s' is not in '%s'", expected, error->message);
}

/* With the first `from` of a good report replaced. */
static void check_changed(const char *from, const char *to, const char *expected) {
    Made made = make(3);
    char *at = strstr(made.text->str, from);
    g_assert_nonnull(at);
    const gssize offset = at - made.text->str;
    g_string_erase(made.text, offset, (gssize)strlen(from));
    g_string_insert(made.text, offset, to);
    check_refused(made.text->str, expected);
    made_clear(&made);
}

static void test_refused(void) {
    check_refused("", "its report: ");
    check_refused("[]", "another version of haechi");
    check_refused("{\"format\":1,\"name\":\"m\",\"version\":\"w\"}", "another version's");
    check_refused("{\"format\":1,\"name\":\"m\",\"version\":\"v\"}", "no \"drift\"");
    check_changed("\"format\":1", "\"format\":2", "another version of haechi");
    check_changed("\"features\":[", "\"features\":[{},", "other features");
    check_changed("\"feature\":\"", "\"feature\":\"x", "other features");
    check_changed("\"edges\":[", "\"edges\":[1e300,", "edges do not rise");
    check_changed("\"edges\":[", "\"edges\":[\"x\",", "edges do not rise");
    check_changed("\"edges\":[", "\"edges\":[-99,-98,-97,-96,-95,-94,-93,-92,-91,-90],\"x\":[",
                  "too many edges");
    check_changed("\"edges\":[", "\"x\":[", "no edges, shares and missing");
    check_changed("\"shares\":[", "\"shares\":[2,", "a share is not from 0 to 1");
    check_changed("\"shares\":[", "\"shares\":[null,", "a share is not from 0 to 1");
    check_changed("\"shares\":[", "\"shares\":[0,", "more shares than bins");
    check_changed("\"shares\":[", "\"shares\":[],\"x\":[", "fewer shares than bins");
    check_changed("\"missing\":", "\"missing\":1,\"x\":", "shares do not sum to 1");
    Made made = make(4);
    for (gsize len = 0; len < made.text->len; len += 97) {
        g_autoptr(GError) error = NULL;
        g_assert_null(drift_bins_parse((Str){made.text->str, len}, "m", "v", &error));
        g_assert_nonnull(error);
    }
    made_clear(&made);
}

int main(int argc, char **argv) {
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/drift_bins/read", test_read);
    g_test_add_func("/drift_bins/place", test_place);
    g_test_add_func("/drift_bins/index", test_index);
    g_test_add_func("/drift_bins/refused", test_refused);
    return g_test_run();
}
