/* The report and its pictures: the report's members are those of its data, counted the slow way,
 * whatever the data lacks; every picture is a whole PNG with something on it that changes with the
 * data. */
#include "base/json.h"
#include "feature/feature.h"
#include "train/chart.h"
#include "train/picture.h"

#include <cairo.h>
#include <math.h>

enum { TRAIN_ROWS = 900, JUDGING_ROWS = 700, JSON_MAX = 8 << 20 };

typedef struct World {
    Dataset data;
    float scores[JUDGING_ROWS];
    Judgement judgement;
} World;

/* Feature 0 is louder in frauds, feature 1 is often unknown, feature 2 is always 7. */
static void add_row(World *w, GRand *random, size_t row, double fraud_rate) {
    g_autofree float *values = g_new0(float, feature_count());
    const bool fraud = g_rand_double(random) < fraud_rate;
    const int64_t time = 1560000000 + (int64_t)row * 3600;
    const int64_t amount = g_rand_int_range(random, 100, fraud ? 90000 : 9000);
    for (size_t f = 0; f < feature_count(); f++)
        values[f] = (float)g_rand_double(random);
    values[0] += fraud;
    if (row % 3 == 0) values[1] = NAN;
    values[2] = 7;
    matrix_append(w->data.matrix, values, fraud, MATRIX_NO_GROUP);
    g_array_append_val(w->data.times, time);
    g_array_append_val(w->data.amounts, amount);
    if (row >= TRAIN_ROWS)
        w->scores[row - TRAIN_ROWS] = (float)CLAMP(
            0.5 * g_rand_double(random) * g_rand_double(random) + (fraud ? 0.2 : 0), 0, 1);
}

static World *world_new(uint32_t seed, size_t judging_rows, double fraud_rate) {
    World *w = g_new0(World, 1);
    g_autoptr(GRand) random = g_rand_new_with_seed(seed);
    w->data.matrix = matrix_new(feature_count());
    w->data.times = g_array_new(FALSE, FALSE, sizeof(int64_t));
    w->data.amounts = g_array_new(FALSE, FALSE, sizeof(int64_t));
    w->data.train_rows = TRAIN_ROWS;
    for (size_t row = 0; row < TRAIN_ROWS + judging_rows; row++)
        add_row(w, random, row, fraud_rate);
    w->judgement = judge_scores(&w->data, w->scores, &(ThresholdWish){.aim = AIM_F1});
    return w;
}

static void world_free(World *w) {
    judgement_clear(&w->judgement);
    matrix_free(w->data.matrix);
    g_array_unref(w->data.times);
    g_array_unref(w->data.amounts);
    g_free(w);
}

/* A linear model: feature f adds its value over (f + 1). */
static void explain(void *data, size_t row, float *out) {
    const World *w = data;
    const float *values = matrix_row(w->data.matrix, TRAIN_ROWS + row);
    for (size_t f = 0; f < feature_count(); f++)
        out[f] = isnan(values[f]) ? 0 : values[f] / (float)(f + 1);
    out[feature_count()] = -2;
}

static ReportJob job_of(World *w) {
    return (ReportJob){
        .data = &w->data,
        .scores = w->scores,
        .judgement = &w->judgement,
        .review_cost = 500,
        .explain = explain,
        .explain_data = w,
        .explain_method = REPORT_SHAPLEY_VALUES,
    };
}

static const ReportHead head = {
    .name = "fraud",
    .version = "20261122T121314Z-1a2b3c4d",
    .kind = "xgboost",
    .data_from = 1546300818,
    .data_to = 1592742863,
    .rows = TRAIN_ROWS,
    .frauds = 90,
    .training_seconds = 12.5,
};

/* A report read back as JSON. */
typedef struct Read {
    GString *text;
    JsonParser *parser;
    JsonValue root;
} Read;

static Read read_back(const Report *report) {
    Read r = {.text = g_string_new(NULL), .parser = json_parser_new(JSON_MAX)};
    const char *message = "";
    report_write(report, &head, r.text);
    if (!json_parse(r.parser, r.text->str, r.text->len, &r.root, &message)) g_error("%s", message);
    return r;
}

static void read_clear(Read *r) {
    g_string_free(r->text, TRUE);
    json_parser_free(r->parser);
}

static JsonValue at(JsonValue object, const char *name) {
    JsonValue value;
    if (!json_member(object, name, &value)) g_error("no %s", name);
    return value;
}

static double number_at(JsonValue object, const char *name) {
    const JsonValue value = at(object, name);
    g_assert_true(json_is_number(value));
    return json_get_double(value);
}

static void test_confusion(void) {
    World *w = world_new(1, JUDGING_ROWS, 0.1);
    const ReportJob job = job_of(w);
    g_autoptr(Report) report = report_new(&job);
    Read r = read_back(report);
    size_t counts[2][2] = {{0}};
    double missed = 0, alerts = 0, lost = 0;
    for (size_t i = 0; i < JUDGING_ROWS; i++) {
        const bool fraud = matrix_is_fraud(w->data.matrix, TRAIN_ROWS + i);
        const bool flagged = (double)w->scores[i] >= w->judgement.threshold;
        const double amount = (double)g_array_index(w->data.amounts, int64_t, TRAIN_ROWS + i);
        counts[fraud][flagged]++;
        alerts += flagged;
        if (fraud) lost += amount;
        if (fraud && !flagged) missed += amount;
    }
    const JsonValue c = at(r.root, "at_threshold"), cost = at(r.root, "cost");
    g_assert_cmpfloat(number_at(c, "true_positives"), ==, (double)counts[1][1]);
    g_assert_cmpfloat(number_at(c, "false_positives"), ==, (double)counts[0][1]);
    g_assert_cmpfloat(number_at(c, "false_negatives"), ==, (double)counts[1][0]);
    g_assert_cmpfloat(number_at(c, "true_negatives"), ==, (double)counts[0][0]);
    g_assert_cmpfloat_with_epsilon(number_at(cost, "at_threshold"), (missed + 500 * alerts) / 100,
                                   1e-9);
    g_assert_cmpfloat_with_epsilon(number_at(cost, "without_model"), lost / 100, 1e-9);
    g_assert_cmpfloat(number_at(cost, "least"), <=, number_at(cost, "at_threshold"));
    const JsonValue balanced = at(r.root, "balanced");
    g_assert_cmpfloat(number_at(balanced, "true_negatives") +
                          number_at(balanced, "false_positives"),
                      ==, (double)(counts[1][0] + counts[1][1]));
    read_clear(&r);
    world_free(w);
}

static void test_shape(void) {
    World *w = world_new(2, JUDGING_ROWS, 0.1);
    const ReportLayer layers[] = {{"graph convolution 1", 93, 64, 6016}, {"output", 64, 1, 65}};
    const char *metric = g_intern_string("judging loss"), *other = g_intern_string("judging f1");
    g_autoptr(GArray) steps = g_array_new(FALSE, FALSE, sizeof(ReportStep));
    for (int i = 1; i <= 9; i++)
        g_array_append_val(steps, ((ReportStep){i % 3 ? metric : other, i, 1.0 / i}));
    ReportJob job = job_of(w);
    job.layers = layers;
    job.layer_count = G_N_ELEMENTS(layers);
    job.steps = steps;
    g_autoptr(Report) report = report_new(&job);
    Read r = read_back(report);
    static const char *const curves[][3] = {
        {"precision_recall", "recall", "precision"},
        {"roc", "false_positive_rate", "true_positive_rate"},
        {"cost", "threshold", "cost"},
    };
    for (size_t i = 0; i < G_N_ELEMENTS(curves); i++) {
        const JsonValue curve = at(r.root, curves[i][0]);
        const size_t points = json_count(at(curve, "threshold"));
        g_assert_cmpuint(points, >, 10);
        g_assert_cmpuint(points, <=, REPORT_CURVE_POINTS);
        g_assert_cmpuint(json_count(at(curve, curves[i][1])), ==, points);
        g_assert_cmpuint(json_count(at(curve, curves[i][2])), ==, points);
    }
    g_assert_cmpuint(json_count(at(at(r.root, "reliability"), "by_count")), ==, REPORT_COUNT_BINS);
    g_assert_cmpuint(json_count(at(r.root, "importance")), ==, feature_count());
    g_assert_cmpuint(json_count(at(at(r.root, "drift"), "features")), ==, feature_count());
    g_assert_true(
        str_equal(json_get_str(at(at(r.root, "shap"), "method")), str_from(REPORT_SHAPLEY_VALUES)));
    g_assert_cmpuint(json_count(at(r.root, "layers")), ==, 2);
    g_assert_cmpuint(json_count(at(r.root, "training_curve")), ==, 2);
    g_assert_true(str_equal(json_get_str(at(r.root, "version")), str_from(head.version)));
    g_autofree char *hash = feature_hash();
    g_assert_true(str_equal(json_get_str(at(r.root, "feature_hash")), str_from(hash)));
    read_clear(&r);
    world_free(w);
}

/* The strengths are the mean contributions of a fair sample; the rows are half frauds. */
static void test_shap(void) {
    World *w = world_new(3, JUDGING_ROWS, 0.4);
    const ReportJob job = job_of(w);
    g_autoptr(Report) report = report_new(&job);
    const ReportShap *shap = &report->shap;
    size_t frauds = 0;
    g_assert_cmpuint(shap->rows, ==, REPORT_SHAP_ROWS);
    g_assert_cmpfloat(shap->expected, ==, -2);
    const ReportFeature *first = &g_array_index(report->importance, ReportFeature, 0);
    g_assert_cmpuint(first->feature, ==, 2); /* 7 / 3 in every row */
    g_assert_cmpfloat_with_epsilon(first->mean_contribution, 7.0 / 3, 1e-5);
    for (guint i = 1; i < report->importance->len; i++)
        g_assert_cmpfloat(
            g_array_index(report->importance, ReportFeature, i).mean_contribution, <=,
            g_array_index(report->importance, ReportFeature, i - 1).mean_contribution);
    for (size_t i = 0; i < shap->rows; i++) {
        frauds += shap->is_fraud[i];
        for (size_t k = 0; k < shap->features; k++) {
            const size_t f = g_array_index(report->importance, ReportFeature, k).feature;
            const float value = shap->values[i * shap->features + k];
            const float part = shap->contributions[i * shap->features + k];
            g_assert_cmpfloat(part, ==, isnan(value) ? 0 : value / (float)(f + 1));
        }
    }
    g_assert_cmpuint(frauds, ==, REPORT_SHAP_ROWS / 2);
    world_free(w);
}

static void test_drift(void) {
    World *w = world_new(4, JUDGING_ROWS, 0.1);
    const ReportJob job = job_of(w);
    g_autoptr(Report) report = report_new(&job);
    g_assert_cmpuint(report->feature_spreads[0].shares->len, ==, REPORT_SPREAD_BINS);
    g_assert_cmpfloat_with_epsilon(report->feature_spreads[1].missing, 1.0 / 3, 1e-3);
    g_assert_cmpuint(report->feature_spreads[2].edges->len, ==, 0); /* all in one bin */
    g_assert_cmpuint(report->score_spread.shares->len, ==, REPORT_SPREAD_BINS);
    for (guint b = 0; b < REPORT_SPREAD_BINS; b++)
        g_assert_cmpfloat_with_epsilon(g_array_index(report->score_spread.shares, double, b), 0.1,
                                       2.0 / JUDGING_ROWS);
    world_free(w);
}

typedef struct Reader {
    GBytes *png;
    size_t at;
} Reader;

static cairo_status_t read_png(void *closure, unsigned char *out, unsigned int len) {
    Reader *reader = closure;
    gsize size;
    const unsigned char *data = g_bytes_get_data(reader->png, &size);
    if (size - reader->at < len) return CAIRO_STATUS_READ_ERROR;
    memcpy(out, data + reader->at, len);
    reader->at += len;
    return CAIRO_STATUS_SUCCESS;
}

/* The share of pixels that are not white, in the panel alone. */
static double ink(GBytes *png) {
    Reader reader = {png, 0};
    cairo_surface_t *surface = cairo_image_surface_create_from_png_stream(read_png, &reader);
    g_assert_cmpint(cairo_surface_status(surface), ==, CAIRO_STATUS_SUCCESS);
    const int width = cairo_image_surface_get_width(surface);
    const int height = cairo_image_surface_get_height(surface);
    g_assert_cmpint(width, ==, CHART_WIDTH);
    g_assert_cmpint(height, ==, CHART_HEIGHT);
    const unsigned char *data = cairo_image_surface_get_data(surface);
    size_t dark = 0;
    for (int y = CHART_HEIGHT / 6; y < height; y++)
        for (int x = 0; x < width; x++) {
            const unsigned char *pixel =
                data + (size_t)y * (size_t)cairo_image_surface_get_stride(surface) + 4 * (size_t)x;
            dark += pixel[0] < 200 || pixel[1] < 200 || pixel[2] < 200;
        }
    cairo_surface_destroy(surface);
    return (double)dark / (double)(width * height);
}

static GBytes *draw(size_t index, const Report *report) {
    g_autoptr(GError) error = NULL;
    GBytes *png = picture_draw(index, report, "fraud", &error);
    g_assert_no_error(error);
    return png;
}

static Report *whole_report(World *w) {
    const char *metric = g_intern_string("judging loss");
    g_autoptr(GArray) steps = g_array_new(FALSE, FALSE, sizeof(ReportStep));
    for (int i = 1; i <= 20; i++)
        g_array_append_val(steps, ((ReportStep){metric, i, (double)w->scores[i]}));
    ReportJob job = job_of(w);
    job.steps = steps;
    return report_new(&job);
}

static void test_pictures(void) {
    World *one = world_new(5, JUDGING_ROWS, 0.1), *two = world_new(6, JUDGING_ROWS, 0.2);
    g_autoptr(Report) first = whole_report(one), second = whole_report(two);
    for (size_t i = 0; i < picture_count(); i++) {
        g_assert_true(g_str_has_suffix(picture_file(i), ".png"));
        g_assert_true(picture_has_data(i, first));
        g_autoptr(GBytes) a = draw(i, first), again = draw(i, first), b = draw(i, second);
        g_assert_cmpfloat(ink(a), >, 0.01);
        g_assert_cmpfloat(ink(a), <, 0.9);
        g_assert_true(g_bytes_equal(a, again));
        g_assert_false(g_bytes_equal(a, b));
    }
    world_free(one);
    world_free(two);
}

/* What the data lacks is left out, and what is drawn or written is sound. */
static void test_poor_data(void) {
    static const struct {
        size_t rows;
        double fraud_rate;
    } poor[] = {{0, 0.1}, {1, 0}, {1, 1}, {2, 0.5}, {50, 0}, {50, 1}};
    for (size_t k = 0; k < G_N_ELEMENTS(poor); k++) {
        World *w = world_new(7, poor[k].rows, poor[k].fraud_rate);
        ReportJob job = job_of(w);
        if (k % 2) job.explain = NULL;
        g_autoptr(Report) report = report_new(&job);
        Read r = read_back(report);
        g_assert_cmpfloat(number_at(at(r.root, "judged"), "rows"), ==, (double)poor[k].rows);
        g_assert_null(strstr(r.text->str, "nan"));
        for (size_t i = 0; i < picture_count(); i++) {
            if (!picture_has_data(i, report)) continue;
            g_autoptr(GBytes) png = draw(i, report);
            g_assert_cmpfloat(ink(png), >, 0);
        }
        read_clear(&r);
        world_free(w);
    }
}

int main(int argc, char **argv) {
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/report/confusion", test_confusion);
    g_test_add_func("/report/shape", test_shape);
    g_test_add_func("/report/shap", test_shap);
    g_test_add_func("/report/drift", test_drift);
    g_test_add_func("/report/pictures", test_pictures);
    g_test_add_func("/report/poor-data", test_poor_data);
    return g_test_run();
}
