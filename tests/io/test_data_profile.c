/* What `data check` finds: in small files of the published shape and of a spreadsheet's, in the
 * command's answers, and in real rows where they lie beside the project. */
#include "base/json.h"
#include "io/csv_reader.h"
#include "io/data_profile.h"
#include <glib/gstdio.h>

static DataProfiler *read_file(const char *path) {
    DataProfiler *profiler = data_profiler_new();
    GError *error = NULL;
    g_assert_true(data_profiler_read(profiler, path, NULL, NULL, &error));
    g_assert_no_error(error);
    return profiler;
}

static bool warns(const DataProfile *profile, const char *code) {
    DataWarning warnings[DATA_WARNINGS_MAX];
    const size_t count = data_profile_warnings(profile, warnings);
    for (size_t i = 0; i < count; i++)
        if (strcmp(warnings[i].code, code) == 0) return true;
    return false;
}

static void test_published(void) {
    DataProfiler *profiler = read_file("tests/data/published.csv");
    const DataProfile profile = data_profiler_result(profiler);
    g_assert_cmpuint(profile.rows, ==, 4);
    g_assert_cmpuint(profile.good, ==, 4);
    g_assert_cmpuint(profile.cards, ==, 4);
    g_assert_cmpuint(profile.merchants, ==, 4);
    g_assert_cmpuint(profile.frauds, ==, 1);
    g_assert_cmpint(profile.first_time, ==, 1546300818);
    g_assert_cmpint(profile.last_time, ==, 1546300876);
    g_assert_cmpint(profile.amount_sum, ==, 497 + 10723 + 22011 + 4500);
    g_assert_cmpint(profile.amount_min, ==, 497);
    g_assert_cmpint(profile.amount_max, ==, 22011);
    g_assert_cmpuint(profile.unix_time_differs, ==, 4);
    g_assert_cmpint(profile.unix_time_least, ==, 1546300818 - 1325376018);
    g_assert_true(warns(&profile, "unix_time_differs"));
    g_assert_false(warns(&profile, "unsorted_times"));
    g_assert_false(warns(&profile, "rounded_card_numbers"));
    data_profiler_free(profiler);
}

/* Whichever of a row's two times is ahead, the sentence counts forwards. */
static void test_unix_time_ahead(void) {
    DataProfile profile = {.rows = 3, .good = 3, .unix_time_differs = 3};
    static const struct {
        int64_t least;
        const char *said;
    } cases[] = {{3 * 31556952, "at least 3.0 years behind"}, {-2 * 31556952, "2.0 years ahead"}};
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        profile.unix_time_least = cases[i].least;
        DataWarning warnings[DATA_WARNINGS_MAX];
        const size_t count = data_profile_warnings(&profile, warnings);
        bool said = false;
        for (size_t j = 0; j < count; j++)
            said |= strstr(warnings[j].text, cases[i].said) != NULL;
        g_assert_true(said);
    }
}

static void check_unknown(const char *name, uint64_t rows, void *data) {
    g_assert_cmpstr(name, ==, "groceries");
    g_assert_cmpuint(rows, ==, 1);
    ++*(int *)data;
}

static void test_spreadsheet(void) {
    DataProfiler *profiler = read_file("tests/data/excel.csv");
    const DataProfile profile = data_profiler_result(profiler);
    g_assert_cmpuint(profile.rows, ==, 4);
    g_assert_cmpuint(profile.good, ==, 2);
    g_assert_cmpuint(profile.rounded_cards, ==, 2);
    g_assert_cmpuint(profile.out_of_order, ==, 1);
    g_assert_cmpuint(profile.day_first_times, ==, 2);
    g_assert_cmpuint(profile.unlabelled, ==, 1);
    g_assert_cmpint(profile.last_time, ==, 1583648340);
    static const char *const codes[] = {"rounded_card_numbers", "unsorted_times", "day_first_times",
                                        "missing_labels", "unknown_categories"};
    for (size_t i = 0; i < G_N_ELEMENTS(codes); i++)
        g_assert_true(warns(&profile, codes[i]));
    int unknown = 0;
    data_profiler_unknown_categories(profiler, check_unknown, &unknown);
    g_assert_cmpint(unknown, ==, 1);
    size_t kinds;
    const RejectKind *rejects = data_profiler_rejects(profiler, &kinds);
    g_assert_cmpuint(kinds, ==, 1);
    g_assert_cmpuint(rejects[0].count, ==, 2);
    g_assert_cmpuint(rejects[0].first.line, ==, 2);
    g_assert_cmpstr(data_profiler_reject_file(profiler, 0), ==, "tests/data/excel.csv");

    GError *error = NULL; /* the same again: all of it known */
    g_assert_true(data_profiler_read(profiler, "tests/data/excel.csv", NULL, NULL, &error));
    const DataProfile twice = data_profiler_result(profiler);
    g_assert_cmpuint(twice.duplicates, ==, 2);
    g_assert_cmpuint(twice.good, ==, 2);
    g_assert_true(warns(&twice, "duplicates"));
    data_profiler_free(profiler);
}

static void test_nothing(void) {
    const DataProfile profile = {0};
    g_assert_true(warns(&profile, "no_rows"));
    g_assert_false(warns(&profile, "no_labels"));
}

static int run(const char *arguments, char **out, char **err) {
    g_autofree char *line = g_strdup_printf("%s data check %s", g_getenv("HAECHI"), arguments);
    GError *error = NULL;
    int status;
    g_assert_true(g_spawn_command_line_sync(line, out, err, &status, &error));
    g_assert_no_error(error);
    g_assert_true(WIFEXITED(status));
    return WEXITSTATUS(status);
}

static void test_command(void) {
    char *out, *err;
    g_assert_cmpint(run("tests/data/published.csv tests/data/excel.csv", &out, &err), ==, 0);
    g_assert_nonnull(strstr(out, "rows         8: 6 good, 2 bad, 0 duplicates"));
    g_assert_nonnull(strstr(out, "rounded card numbers cannot be told apart; the first in"));
    g_assert_cmpstr(err, ==, "");
    g_assert_false(g_file_test("tests/data/excel.csv.rejects", G_FILE_TEST_EXISTS));
    g_free(out);
    g_free(err);

    g_assert_cmpint(run("--json --strict tests/data/excel.csv", &out, &err), ==, 1);
    JsonParser *parser = json_parser_new(1 << 20);
    JsonValue root, value;
    const char *message;
    g_assert_true(json_parse(parser, out, strlen(out), &root, &message));
    g_assert_true(json_member(root, "rejected", &value));
    g_assert_cmpint(json_get_int(value), ==, 2);
    g_assert_true(json_member(root, "warnings", &value));
    g_assert_cmpuint(json_count(value), >=, 5);
    json_parser_free(parser);
    g_free(out);
    g_free(err);

    g_assert_cmpint(run("", &out, &err), ==, 2);
    g_assert_nonnull(strstr(err, "FILE"));
    g_free(out);
    g_free(err);
    g_assert_cmpint(run("no-such-file.csv", &out, &err), ==, 1);
    g_assert_cmpstr(err, ==, "haechi data check: no-such-file.csv: No such file or directory\n");
    g_free(out);
    g_free(err);
}

/* Real rows, where they lie beside the project. */
static void test_real_rows(void) {
    static const struct {
        const char *path;
        uint64_t rows, good;
    } files[] = {
        {"../shared/data/kaggle-sample/fraudTrain-first-5038.csv", 5039, 5039},
        {"../shared/data/kaggle-sample/fraudTest-first-2144.csv", 2145, 2145},
        {"../shared/data/kaggle-sample/fraudTrain-balanced-excel-damaged.csv", 13280, 100},
    };
    for (size_t i = 0; i < G_N_ELEMENTS(files); i++) {
        if (!g_file_test(files[i].path, G_FILE_TEST_EXISTS)) {
            g_test_skip("the published rows do not lie beside the project");
            return;
        }
        DataProfiler *profiler = read_file(files[i].path);
        const DataProfile profile = data_profiler_result(profiler);
        g_assert_cmpuint(profile.rows, ==, files[i].rows);
        g_assert_cmpuint(profile.good, ==, files[i].good);
        g_assert_cmpuint(profile.rounded_cards, ==, files[i].rows - files[i].good);
        data_profiler_free(profiler);
    }
}

int main(int argc, char **argv) {
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/data-profile/published", test_published);
    g_test_add_func("/data-profile/unix-time-ahead", test_unix_time_ahead);
    g_test_add_func("/data-profile/spreadsheet", test_spreadsheet);
    g_test_add_func("/data-profile/nothing", test_nothing);
    g_test_add_func("/data-profile/command", test_command);
    g_test_add_func("/data-profile/real-rows", test_real_rows);
    return g_test_run();
}
