/* Drift in the running service: what it counts and says is what a fold of the same transactions
 * through an engine of our own gives, over the last week; it begins anew with another model. */
#include "engine/engine.h"
#include "serve/drift.h"
#include "serve/service.h"

#include <math.h>

static World *world;

/* What is decided of a transaction. */
typedef struct Row {
    int64_t time;
    float score;
    float *features;
} Row;

static void row_clear(void *data) {
    g_free(((Row *)data)->features);
}

/* The world's transactions through an engine of our own. */
static GArray *fold_all(const Model *model) {
    GArray *rows = g_array_new(FALSE, FALSE, sizeof(Row));
    g_array_set_clear_func(rows, row_clear);
    Engine *engine = engine_new(model);
    JsonParser *parser = json_parser_new(1 << 16);
    for (guint i = 0; i < world->transactions->len; i++) {
        const char *text = world->transactions->pdata[i], *message;
        JsonScratch scratch;
        JsonValue value;
        Transaction t;
        Reject reject;
        g_assert_true(json_parse(parser, text, strlen(text), &value, &message));
        g_assert_true(transaction_from_json(value, &scratch, &t, &reject));
        const Decision decision = engine_transaction(engine, &t);
        const Row row = {t.time, decision.score,
                         g_memdup2(decision.features, feature_count() * sizeof(float))};
        g_array_append_val(rows, row);
    }
    json_parser_free(parser);
    engine_free(engine);
    return rows;
}

static int64_t hour_of(const Row *row) {
    return (int64_t)floor((double)row->time / 3600);
}

static unsigned bin_of(const DriftRow *row, float x) {
    unsigned bin = 0;
    if (isnan(x)) return DRIFT_MISSING;
    while (bin < row->edge_count && x > row->edges[bin])
        bin++;
    return bin;
}

/* The index of row `index` over the last week, by the formula and nothing else. */
static double expected_psi(const GArray *rows, const DriftBins *bins, size_t index,
                           size_t *counted) {
    const DriftRow *row = drift_bins_row(bins, index);
    double counts[DRIFT_BINS] = {0}, sum = 0;
    int64_t latest = INT64_MIN;
    for (guint i = 0; i < rows->len; i++)
        latest = MAX(latest, hour_of(&g_array_index(rows, Row, i)));
    *counted = 0;
    for (guint i = 0; i < rows->len; i++) {
        const Row *r = &g_array_index(rows, Row, i);
        if (hour_of(r) <= latest - 7 * 24) continue;
        counts[bin_of(row, index < feature_count() ? r->features[index] : r->score)]++;
        ++*counted;
    }
    for (unsigned bin = 0; bin < DRIFT_BINS; bin++) {
        const double actual = MAX(counts[bin] / (double)*counted, 1e-4);
        const double expected = MAX(row->shares[bin], 1e-4);
        sum += (actual - expected) * log(actual / expected);
    }
    return sum;
}

static JsonValue member(JsonValue object, const char *name) {
    JsonValue value;
    if (!json_member(object, name, &value)) g_error("no member '%s'", name);
    return value;
}

typedef struct Check {
    const GArray *rows;
    const DriftBins *bins;
    double last; /* the index before */
    size_t features;
} Check;

static bool check_feature(Str key, JsonValue value, void *data) {
    (void)key;
    Check *check = data;
    const Str name = json_get_str(member(value, "feature"));
    size_t index = 0, counted;
    while (!str_equal(name, str_from(feature_at(index)->name)))
        index++;
    const double psi = json_get_double(member(value, "psi"));
    const double expected = expected_psi(check->rows, check->bins, index, &counted);
    g_assert_cmpfloat_with_epsilon(psi, expected, 1e-5 * MAX(1, expected));
    g_assert_cmpfloat(psi, <=, check->last);
    const Str reading = json_get_str(member(value, "reading"));
    g_assert_true(str_equal(reading, str_from(psi < 0.1 ? "none" : psi <= 0.25 ? "some" : "much")));
    check->last = psi;
    check->features++;
    return true;
}

static void send_all(Service *service) {
    g_autoptr(GString) body = g_string_new(NULL);
    for (guint i = 0; i < world->transactions->len; i++)
        g_string_append_printf(body, "%s\n", (char *)world->transactions->pdata[i]);
    Response response = post_lines(service, "/v1/transactions", body->str, body->len);
    g_assert_cmpint(response.status, ==, 200);
    response_clear(&response);
}

static void check_metrics(Service *service, size_t counted, double score) {
    Response response = request(service, "GET", "/metrics", NULL);
    g_autofree char *total = g_strdup_printf("\nhaechi_drift_transactions %zu\n", counted);
    g_assert_nonnull(strstr(response.body->str, total));
    for (size_t i = 0; i < feature_count(); i++) {
        g_autofree char *line =
            g_strdup_printf("\nhaechi_drift_psi{feature=\"%s\"} ", feature_at(i)->name);
        g_assert_nonnull(strstr(response.body->str, line));
    }
    const char *at = strstr(response.body->str, "\nhaechi_drift_psi{feature=\"score\"} ");
    g_assert_nonnull(at);
    g_assert_cmpfloat_with_epsilon(g_ascii_strtod(strchr(at, ' '), NULL), score, 1e-5);
    response_clear(&response);
}

static void test_service(void) {
    g_autoptr(GError) error = NULL;
    const char *why;
    Model *model = model_load(world->model, &error);
    g_assert_no_error(error);
    const DriftBins *bins = model_drift(model, &why);
    g_assert_nonnull(bins);
    g_autoptr(GArray) rows = fold_all(model);
    Check check = {rows, bins, INFINITY, 0};
    size_t counted;
    const double score = expected_psi(rows, bins, feature_count(), &counted);
    g_assert_cmpuint(counted, >=, DRIFT_ROWS_MIN);
    g_assert_cmpuint(counted, <, rows->len); /* or nothing has left the week */

    g_autofree char *data = world_path(world, "drift");
    Service service = service_start(world->model, data, NULL);
    send_all(&service);
    JsonParser *parser = json_parser_new(4 << 20);
    JsonValue root;
    const char *message;
    Response response = request(&service, "GET", "/v1/drift", NULL);
    g_assert_cmpint(response.status, ==, 200);
    g_assert_true(json_parse(parser, response.body->str, response.body->len, &root, &message));
    g_assert_cmpuint(json_get_uint(member(root, "transactions")), ==, counted);
    g_assert_cmpfloat_with_epsilon(json_get_double(member(member(root, "score"), "psi")), score,
                                   1e-5);
    json_each(member(root, "features"), check_feature, &check);
    g_assert_cmpuint(check.features, ==, feature_count());
    check_metrics(&service, counted, score);
    response_clear(&response);
    json_parser_free(parser);
    g_assert_cmpint(service_end(&service, SIGTERM), ==, 0);
    service_clear(&service);
    model_free(model);
}

static uint64_t counted_in(Drift *drift) {
    g_autoptr(GString) out = g_string_new(NULL);
    g_autofree char *why = NULL;
    g_assert_true(drift_write(drift, out, &why));
    const char *at = strstr(out->str, "\"transactions\":");
    g_assert_nonnull(at);
    return g_ascii_strtoull(strchr(at, ':') + 1, NULL, 10);
}

/* The week moves with the latest transaction, whatever the order and however wide the gaps, before
 * 1970 too. */
static void test_week(void) {
    Model *model = model_load(world->model, NULL);
    g_autofree float *features = g_new0(float, feature_count());
    g_autoptr(GRand) rand = g_rand_new_with_seed(11);
    for (int round = 0; round < 50; round++) {
        Drift *drift = drift_new();
        drift_set_model(drift, model);
        g_autoptr(GArray) hours = g_array_new(FALSE, FALSE, sizeof(int64_t));
        const int64_t reach = g_rand_int_range(rand, 1, 1000);
        int64_t latest = INT64_MIN;
        for (int i = 0; i < 300; i++) {
            const int64_t hour = g_rand_int_range(rand, -(gint32)reach, (gint32)reach);
            drift_add(drift, hour * 3600 + g_rand_int_range(rand, 0, 3600), features, 0);
            latest = MAX(latest, hour);
            if (hour > latest - 7 * 24) g_array_append_val(hours, hour);
        }
        size_t inside = 0;
        for (guint i = 0; i < hours->len; i++)
            inside += g_array_index(hours, int64_t, i) > latest - 7 * 24;
        g_assert_cmpuint(counted_in(drift), ==, inside);
        drift_set_model(drift, model);
        g_assert_cmpuint(counted_in(drift), ==, 0);
        drift_free(drift);
    }
    model_free(model);
}

int main(int argc, char **argv) {
    g_test_init(&argc, &argv, NULL);
    curl_global_init(CURL_GLOBAL_ALL);
    world = world_new();
    g_test_add_func("/drift/service", test_service);
    g_test_add_func("/drift/week", test_week);
    const int status = g_test_run();
    world_free(world);
    return status;
}
