/* The generator: the bytes it writes, the published method's marks in them, the shapes of the
 * scenarios, and how it fails. */
#include "io/generator/generator.h"

#include "base/civil.h"
#include "base/json.h"
#include "io/csv_reader.h"
#include "io/generator/random.h"
#include "io/generator/row.h"
#include "io/generator/scenarios.h"

#include <errno.h>
#include <glib/gstdio.h>
#include <math.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <unistd.h>

enum { HOUR = 3600, DAY = 86400 };

/* Folders and files. */

static char *new_folder(void) {
    GError *error = NULL;
    char *folder = g_dir_make_tmp("haechi-generator-XXXXXX", &error);
    g_assert_no_error(error);
    return folder;
}

static void remove_folder(char *folder) {
    GDir *dir = g_dir_open(folder, 0, NULL);
    for (const char *name; dir && (name = g_dir_read_name(dir));) {
        g_autofree char *path = g_build_filename(folder, name, NULL);
        g_assert_cmpint(g_remove(path), ==, 0);
    }
    if (dir) g_dir_close(dir);
    g_assert_cmpint(g_rmdir(folder), ==, 0);
    g_free(folder);
}

static size_t count_entries(const char *folder) {
    GDir *dir = g_dir_open(folder, 0, NULL);
    g_assert_nonnull(dir);
    size_t count = 0;
    while (g_dir_read_name(dir))
        count++;
    g_dir_close(dir);
    return count;
}

static char *file_bytes(const char *folder, int file, gsize *length) {
    g_autofree char *path = g_build_filename(folder, generator_file_names[file], NULL);
    char *bytes;
    GError *error = NULL;
    g_file_get_contents(path, &bytes, length, &error);
    g_assert_no_error(error);
    return bytes;
}

static GeneratorOptions options_of(const char *folder, int64_t cards, int64_t days, uint64_t seed,
                                   GeneratorScenarios scenarios) {
    GeneratorOptions options = generator_defaults();
    options.out = folder;
    options.cards = cards;
    options.days = days;
    options.seed = seed;
    options.scenarios = scenarios;
    return options;
}

static GeneratorReport run_good(const GeneratorOptions *options) {
    GeneratorReport report;
    GError *error = NULL;
    const bool good = generator_run(options, &report, &error);
    g_assert_no_error(error);
    g_assert_true(good);
    return report;
}

/* Rows read back. */

typedef struct Seen {
    int64_t time, unix_time, amount;
    uint64_t card;
    const char *merchant; /* in the data's names: equal names are equal pointers */
    uint8_t category;
    bool fraud, train;
    char trans_num[33];
    const char *scenario; /* likewise, NULL where truth.csv has none */
} Seen;

typedef struct Data {
    GArray *rows; /* of Seen, in the files' order */
    GStringChunk *names;
    size_t truth_count;
} Data;

static Seen *row_at(const Data *data, size_t index) {
    return &g_array_index(data->rows, Seen, index);
}

static const char *keep_name(Data *data, Str text) {
    g_autofree char *copy = g_strndup(text.data, text.len);
    return g_string_chunk_insert_const(data->names, copy);
}

static void read_file(Data *data, const char *folder, int file) {
    g_autofree char *path = g_build_filename(folder, generator_file_names[file], NULL);
    GError *error = NULL;
    CsvReader *reader = csv_reader_open(path, &error);
    g_assert_no_error(error);
    Transaction t;
    Reject reject;
    ReadStatus status;
    while ((status = csv_reader_next(reader, &t, &reject, &error)) == READ_ROW) {
        Seen seen = {.time = t.time,
                     .amount = t.amount,
                     .card = t.card,
                     .merchant = keep_name(data, t.merchant),
                     .category = t.category,
                     .fraud = t.is_fraud == 1,
                     .train = file == GENERATOR_TRAIN};
        const Str unix_time = csv_column(csv_reader_parser(reader), COLUMN_UNIX_TIME);
        seen.unix_time = g_ascii_strtoll(unix_time.data, NULL, 10);
        g_assert_cmpuint(t.trans_num.len, ==, 32);
        memcpy(seen.trans_num, t.trans_num.data, 32);
        g_array_append_val(data->rows, seen);
    }
    g_assert_no_error(error);
    g_assert_cmpint(status, ==, READ_END);
    csv_reader_close(reader);
}

/* Joins truth.csv to the rows: each of its lines names a row, and no row twice. */
static void read_truth(Data *data, const char *folder) {
    g_autoptr(GHashTable) index = g_hash_table_new(g_str_hash, g_str_equal);
    for (size_t i = 0; i < data->rows->len; i++)
        g_assert_true(g_hash_table_insert(index, row_at(data, i)->trans_num, row_at(data, i)));
    g_autofree char *text = file_bytes(folder, GENERATOR_TRUTH, NULL);
    g_auto(GStrv) lines = g_strsplit(text, "\n", -1);
    g_assert_cmpstr(lines[0], ==, "trans_num,scenario");
    for (char **line = lines + 1; **line; line++) {
        g_auto(GStrv) fields = g_strsplit(*line, ",", -1);
        g_assert_cmpuint(g_strv_length(fields), ==, 2);
        Seen *seen = g_hash_table_lookup(index, fields[0]);
        g_assert_nonnull(seen);
        g_assert_null(seen->scenario);
        seen->scenario = g_string_chunk_insert_const(data->names, fields[1]);
        data->truth_count++;
    }
}

static Data read_data(const char *folder) {
    Data data = {.rows = g_array_new(FALSE, FALSE, sizeof(Seen)),
                 .names = g_string_chunk_new(1 << 14)};
    read_file(&data, folder, GENERATOR_TRAIN);
    read_file(&data, folder, GENERATOR_TEST);
    read_truth(&data, folder);
    return data;
}

static Data make_data(GeneratorOptions options, GeneratorReport *report) {
    char *folder = new_folder();
    options.out = folder;
    *report = run_good(&options);
    Data data = read_data(folder);
    remove_folder(folder);
    return data;
}

static void data_clear(Data *data) {
    g_array_free(data->rows, TRUE);
    g_string_chunk_free(data->names);
}

static bool is_scenario(const Seen *seen, Scenario scenario) {
    return g_strcmp0(seen->scenario, scenario_name(scenario)) == 0;
}

/* What holds of every data set. */
static void check_whole(const Data *data, const GeneratorReport *report, int64_t start,
                        int64_t days) {
    const int64_t first = start * DAY, end = (start + days) * DAY;
    uint64_t frauds = 0, train = 0;
    for (size_t i = 0; i < data->rows->len; i++) {
        const Seen *seen = row_at(data, i);
        g_assert_cmpint(seen->time, >=, first);
        g_assert_cmpint(seen->time, <, end);
        if (i > 0) g_assert_cmpint(seen->time, >=, row_at(data, i - 1)->time);
        g_assert_cmpint(seen->train, ==, seen->time < first + (end - first) * 7 / 10);
        g_assert_cmpint(seen->amount, >=, 100);
        g_assert_true(!seen->fraud || seen->scenario);
        frauds += seen->fraud;
        train += seen->train;
    }
    g_assert_cmpuint(report->rows, ==, data->rows->len);
    g_assert_cmpuint(report->train_rows, ==, train);
    g_assert_cmpuint(report->test_rows, ==, data->rows->len - train);
    g_assert_cmpuint(report->frauds, ==, frauds);
    g_assert_cmpuint(report->truth_rows, ==, data->truth_count);
}

/* Random numbers. */

static void test_logarithm(void) {
    Random random;
    random_init(&random, 1, 1);
    for (int i = 0; i < 200000; i++) {
        const double x = exp(1400 * random_uniform(&random) - 700);
        g_assert_cmpfloat(fabs(exact_log(x) - log(x)), <=, 2e-15 * fabs(log(x)) + 1e-18);
        const double y = 1380 * random_uniform(&random) - 690;
        g_assert_cmpfloat(fabs(exact_exp(y) / exp(y) - 1), <=, 2e-15);
    }
    g_assert_cmpfloat(exact_log(1), ==, 0);
    g_assert_cmpfloat(exact_exp(0), ==, 1);
    g_assert_cmpfloat(exact_exp(-1e9), ==, 0);
}

static void check_moments(double shape) {
    Random random;
    random_init(&random, 7, (uint64_t)(shape * 1000));
    const int count = 400000;
    double sum = 0, squares = 0;
    for (int i = 0; i < count; i++) {
        const double x = random_gamma(&random, shape);
        g_assert_true(x >= 0 && isfinite(x));
        sum += x;
        squares += (x - shape) * (x - shape);
    }
    /* Mean and variance are both `shape`; six standard errors, of which the variance's comes from
     * the fourth central moment, 3 shape^2 + 6 shape. */
    g_assert_cmpfloat(fabs(sum / count - shape), <, 6 * sqrt(shape / count));
    const double error = sqrt((2 * shape * shape + 6 * shape) / count);
    g_assert_cmpfloat(fabs(squares / count - shape), <, 6 * error);
}

static void test_gamma(void) {
    static const double shapes[] = {0.0069, 0.0278, 0.5, 1, 4, 16, 100};
    for (size_t i = 0; i < G_N_ELEMENTS(shapes); i++)
        check_moments(shapes[i]);
}

/* Files. */

static void test_deterministic(void) {
    char *folders[3] = {new_folder(), new_folder(), new_folder()};
    for (int i = 0; i < 3; i++) {
        const GeneratorOptions options =
            options_of(folders[i], 60, 90, i < 2 ? 5 : 6, GENERATOR_ALL);
        run_good(&options);
    }
    for (int file = 0; file < GENERATOR_FILE_COUNT; file++) {
        gsize lengths[3];
        char *bytes[3];
        for (int i = 0; i < 3; i++)
            bytes[i] = file_bytes(folders[i], file, &lengths[i]);
        g_assert_cmpmem(bytes[0], lengths[0], bytes[1], lengths[1]);
        g_assert_true(lengths[0] != lengths[2] || memcmp(bytes[0], bytes[2], lengths[0]) != 0);
        for (int i = 0; i < 3; i++)
            g_free(bytes[i]);
    }
    for (int i = 0; i < 3; i++)
        remove_folder(folders[i]);
}

/* The bytes of one seed, as any compiler and machine must make them. To be renewed when the method
 * is changed on purpose. */
static void test_same_everywhere(void) {
    static const char *const checksums[GENERATOR_FILE_COUNT] = {
        "ef84623e7220e5306c3b18d9501ddcf37c0d0d2c9b242cc0e8e6a610dea83952",
        "0e6691ddf8f42f771a63dc1eb8a921c012f54abf39e86e928d3a6afae1a955ce",
        "41f9bda3047fc8a1288cbf92fec41fc51dd5597b820a60af79d31e5aa8b72666",
    };
    char *folder = new_folder();
    const GeneratorOptions options = options_of(folder, 60, 90, 1, GENERATOR_ALL);
    run_good(&options);
    for (int file = 0; file < GENERATOR_FILE_COUNT; file++) {
        gsize length;
        g_autofree char *bytes = file_bytes(folder, file, &length);
        g_autofree char *sum =
            g_compute_checksum_for_data(G_CHECKSUM_SHA256, (guchar *)bytes, length);
        g_assert_cmpstr(sum, ==, checksums[file]);
    }
    remove_folder(folder);
}

/* Each line in the published form, field by field; quotes around every field with a comma. */
static void check_lines(const char *folder, int file) {
    static const char header[] =
        ",trans_date_trans_time,cc_num,merchant,category,amt,first,last,gender,street,city,state,"
        "zip,lat,long,city_pop,job,dob,trans_num,unix_time,merch_lat,merch_long,is_fraud";
    g_autoptr(GRegex) form = g_regex_new(
        "^\\d+,\\d{4}-\\d\\d-\\d\\d \\d\\d:\\d\\d:\\d\\d,[1-9]\\d{11,18},"
        "(fraud_[A-Z][A-Za-z-]+( [A-Za-z]+)*|\"fraud_[A-Z][a-z]+, [A-Z][a-z]+ and [A-Z][a-z]+\"),"
        "[a-z_]+,\\d+\\.(\\d|\\d[1-9]),[A-Z][a-z]+,[A-Z][a-z]+,[FM],"
        "\\d+ [A-Z][a-z]+ [A-Z][a-z]+( (Apt\\.|Suite) \\d+)?,[A-Z][a-z]+( [A-Z][a-z]+)?,[A-Z]{2},"
        "\\d{5},-?\\d+\\.(\\d|\\d{1,3}[1-9]),-?\\d+\\.(\\d|\\d{1,3}[1-9]),\\d+,"
        "([A-Z][a-z]+ [a-z]+|\"[A-Z][a-z]+, [a-z]+\"),\\d{4}-\\d\\d-\\d\\d,[0-9a-f]{32},\\d+,"
        "-?\\d+\\.(\\d|\\d{1,5}[1-9]),-?\\d+\\.(\\d|\\d{1,5}[1-9]),[01]$",
        G_REGEX_OPTIMIZE, 0, NULL);
    g_assert_nonnull(form);
    g_autofree char *text = file_bytes(folder, file, NULL);
    g_auto(GStrv) lines = g_strsplit(text, "\n", -1);
    g_assert_cmpstr(lines[0], ==, header);
    size_t index = 0;
    for (; *lines[index + 1]; index++) {
        const char *line = lines[index + 1];
        if (!g_regex_match(form, line, 0, NULL)) g_error("not in the published form: %s", line);
        g_assert_cmpuint(g_ascii_strtoull(line, NULL, 10), ==, index);
    }
    g_assert_cmpuint(index, >, 100);
}

static void test_form(void) {
    char *folder = new_folder();
    const GeneratorOptions options = options_of(folder, 60, 90, 3, GENERATOR_ALL);
    run_good(&options);
    check_lines(folder, GENERATOR_TRAIN);
    check_lines(folder, GENERATOR_TEST);
    remove_folder(folder);
}

static bool passes_luhn(uint64_t number) {
    unsigned sum = 0;
    for (bool twice = false; number > 0; number /= 10, twice = !twice) {
        const unsigned digit = number % 10 * (twice ? 2 : 1);
        sum += digit > 9 ? digit - 9 : digit;
    }
    return sum % 10 == 0;
}

/* The published method's marks. */
static void check_unix_time(const Seen *seen) {
    const Civil shown = civil_from_seconds(seen->time), older = civil_from_seconds(seen->unix_time);
    g_assert_cmpint(older.year, ==, shown.year - 7);
    g_assert_cmpint(older.month, ==, shown.month);
    if (older.month == 2 && older.day == 29)
        g_assert_cmpint(shown.day, ==, 28);
    else
        g_assert_cmpint(older.day, ==, shown.day);
    g_assert_cmpint(seen->unix_time % DAY, ==, seen->time % DAY);
}

/* A card's frauds lie within two days, on whose dates it has nothing of its own. */
static void check_fraud_windows(const Data *data) {
    g_autoptr(GHashTable) dates = g_hash_table_new_full(g_int64_hash, g_int64_equal, g_free, NULL);
    g_autoptr(GHashTable) first = g_hash_table_new(g_int64_hash, g_int64_equal);
    for (size_t i = 0; i < data->rows->len; i++) {
        Seen *seen = row_at(data, i);
        g_assert_cmpint(seen->fraud, ==, is_scenario(seen, SCENARIO_STOLEN_CARD));
        if (!seen->fraud) continue;
        const Seen *earliest = g_hash_table_lookup(first, &seen->card);
        if (!earliest)
            g_hash_table_insert(first, &seen->card, seen);
        else
            g_assert_cmpint(seen->time / DAY - earliest->time / DAY, <=, 2); /* over 29 Feb. */
        const gint64 key = (gint64)(seen->card * 40000 + (uint64_t)(seen->time / DAY));
        g_hash_table_add(dates, g_memdup2(&key, sizeof key));
    }
    for (size_t i = 0; i < data->rows->len; i++) {
        const Seen *seen = row_at(data, i);
        const gint64 shown = (gint64)(seen->card * 40000 + (uint64_t)(seen->time / DAY));
        const Civil date = civil_from_seconds(seen->time);
        const bool doubled = date.month == 2 && date.day == 28;
        if (!seen->fraud && !doubled) g_assert_false(g_hash_table_contains(dates, &shown));
    }
}

static void test_published(void) {
    GeneratorReport report;
    Data data = make_data(options_of(NULL, 300, 731, 11, GENERATOR_PUBLISHED), &report);
    check_whole(&data, &report, civil_days(2019, 1, 1), 731);
    check_fraud_windows(&data);
    for (size_t i = 0; i < data.rows->len; i++) {
        const Seen *seen = row_at(&data, i);
        g_assert_true(passes_luhn(seen->card));
        g_assert_true(g_str_has_prefix(seen->merchant, "fraud_"));
        check_unix_time(seen);
    }
    const double share = (double)report.frauds / (double)report.rows;
    g_assert_cmpfloat(share, >, 0.004);
    g_assert_cmpfloat(share, <, 0.0075);
    g_assert_cmpuint(report.merchants, ==, 693);
    g_assert_cmpuint(report.cards, >=, 295);
    data_clear(&data);
}

/* Scenarios. */

/* Rows under the scenario's name are all fraud or all honest, and lie in train and test; only the
 * visits may all be early. */
static void check_presence(const Data *data, Scenario scenario) {
    size_t train = 0, test = 0;
    for (size_t i = 0; i < data->rows->len; i++) {
        const Seen *seen = row_at(data, i);
        if (!is_scenario(seen, scenario)) continue;
        g_assert_cmpint(seen->fraud, ==, scenario_is_fraud(scenario));
        *(seen->train ? &train : &test) += 1;
    }
    g_test_message("%s: %zu rows to train, %zu to test", scenario_name(scenario), train, test);
    g_assert_cmpuint(train, >, 0);
    if (scenario != SCENARIO_COMPROMISED_VISIT) g_assert_cmpuint(test, >, 0);
}

/* Each defrauded card visited a merchant before, in company, and was defrauded elsewhere. */
static void check_breaches(const Data *data) {
    g_autoptr(GHashTable) visits = g_hash_table_new(g_int64_hash, g_int64_equal);
    g_autoptr(GHashTable) company = g_hash_table_new(NULL, NULL); /* merchant to visits */
    g_autoptr(GHashTable) opened = g_hash_table_new(NULL, NULL);  /* merchant to first visit */
    for (size_t i = 0; i < data->rows->len; i++) {
        Seen *seen = row_at(data, i);
        if (!is_scenario(seen, SCENARIO_COMPROMISED_VISIT)) continue;
        g_assert_true(g_hash_table_insert(visits, &seen->card, seen));
        gpointer name = (gpointer)(uintptr_t)seen->merchant;
        const int count = GPOINTER_TO_INT(g_hash_table_lookup(company, name));
        g_hash_table_insert(company, name, GINT_TO_POINTER(count + 1));
        if (count == 0) g_hash_table_insert(opened, name, seen);
        const Seen *start = g_hash_table_lookup(opened, name);
        g_assert_cmpint(seen->time - start->time, <=, 10 * DAY);
    }
    for (size_t i = 0; i < data->rows->len; i++) {
        const Seen *seen = row_at(data, i);
        if (!is_scenario(seen, SCENARIO_COMPROMISED)) continue;
        const Seen *visit = g_hash_table_lookup(visits, &seen->card);
        g_assert_nonnull(visit);
        g_assert_cmpint(visit->time, <, seen->time);
        g_assert_cmpint(seen->time - visit->time, <=, 46 * DAY);
        g_assert_true(visit->merchant != seen->merchant);
        gconstpointer name = visit->merchant;
        g_assert_cmpint(GPOINTER_TO_INT(g_hash_table_lookup(company, name)), >=, 5);
    }
}

/* Few cards, few merchants, and pairs that meet again and again. */
static void check_rings(const Data *data) {
    g_autoptr(GHashTable) cards = g_hash_table_new(g_int64_hash, g_int64_equal);
    g_autoptr(GHashTable) merchants = g_hash_table_new(NULL, NULL);
    size_t rows = 0;
    for (size_t i = 0; i < data->rows->len; i++) {
        Seen *seen = row_at(data, i);
        if (!is_scenario(seen, SCENARIO_RING)) continue;
        g_hash_table_add(cards, &seen->card);
        g_hash_table_add(merchants, (gpointer)(uintptr_t)seen->merchant);
        rows++;
    }
    const guint card_count = g_hash_table_size(cards),
                merchant_count = g_hash_table_size(merchants);
    g_assert_cmpuint(card_count, >=, 8);
    g_assert_cmpuint(card_count, <=, 12);
    g_assert_cmpuint(merchant_count, <=, 6);
    g_assert_cmpuint(rows, >, 10 * card_count);
}

/* A card's run: small amounts at one merchant, minutes apart, then a large one elsewhere. */
static void check_run(const GPtrArray *run) {
    g_assert_cmpuint(run->len, >=, 6);
    g_assert_cmpuint(run->len, <=, 10);
    const Seen *first = run->pdata[0], *prize = run->pdata[run->len - 1];
    for (guint i = 0; i + 1 < run->len; i++) {
        const Seen *seen = run->pdata[i];
        g_assert_cmpint(seen->amount, <=, 350);
        g_assert_true(seen->merchant == first->merchant);
        g_assert_cmpint(seen->time - first->time, <=, 8 * 300);
    }
    g_assert_cmpint(prize->amount, >=, 30000);
    g_assert_true(prize->merchant != first->merchant);
    g_assert_cmpint(prize->time - first->time, <=, 3 * HOUR);
}

static void check_testing(const Data *data) {
    g_autoptr(GHashTable) runs =
        g_hash_table_new_full(g_int64_hash, g_int64_equal, NULL, (GDestroyNotify)g_ptr_array_unref);
    for (size_t i = 0; i < data->rows->len; i++) {
        Seen *seen = row_at(data, i);
        if (!is_scenario(seen, SCENARIO_CARD_TESTING)) continue;
        GPtrArray *run = g_hash_table_lookup(runs, &seen->card);
        if (!run) g_hash_table_insert(runs, &seen->card, run = g_ptr_array_new());
        g_ptr_array_add(run, seen);
    }
    g_assert_cmpuint(g_hash_table_size(runs), >=, 8);
    GHashTableIter iter;
    g_hash_table_iter_init(&iter, runs);
    for (gpointer run; g_hash_table_iter_next(&iter, NULL, &run);)
        check_run(run);
}

/* Of the rows since a card's drift began, the later half holds more of the new habit. */
static void check_drifts(const Data *data) {
    g_autoptr(GHashTable) cards =
        g_hash_table_new_full(g_int64_hash, g_int64_equal, NULL, (GDestroyNotify)g_array_unref);
    for (size_t i = 0; i < data->rows->len; i++) {
        Seen *seen = row_at(data, i);
        const bool changed = is_scenario(seen, SCENARIO_SLOW_DRIFT);
        GArray *marks = g_hash_table_lookup(cards, &seen->card);
        if (!marks && changed)
            g_hash_table_insert(cards, &seen->card,
                                marks = g_array_new(FALSE, FALSE, sizeof changed));
        if (marks) g_array_append_val(marks, changed);
    }
    g_assert_cmpuint(g_hash_table_size(cards), >=, 5);
    size_t early = 0, late = 0;
    GHashTableIter iter;
    g_hash_table_iter_init(&iter, cards);
    for (gpointer value; g_hash_table_iter_next(&iter, NULL, &value);) {
        const GArray *marks = value;
        for (guint i = 0; i < marks->len; i++)
            *(i < marks->len / 2 ? &early : &late) += g_array_index(marks, bool, i);
    }
    g_assert_cmpuint(late, >, early * 5 / 4);
}

static void test_scenarios(void) {
    GeneratorReport report;
    Data data = make_data(options_of(NULL, 300, 365, 2, GENERATOR_ALL), &report);
    check_whole(&data, &report, civil_days(2019, 1, 1), 365);
    for (Scenario s = SCENARIO_STOLEN_CARD; s < SCENARIO_COUNT; s++)
        check_presence(&data, s);
    check_breaches(&data);
    check_rings(&data);
    check_testing(&data);
    check_drifts(&data);
    data_clear(&data);
}

/* Edges. */

static void check_edge(int64_t cards, int64_t days, int32_t start, GeneratorScenarios scenarios) {
    for (uint64_t seed = 0; seed < 5; seed++) {
        GeneratorOptions options = options_of(NULL, cards, days, seed, scenarios);
        options.start = start;
        GeneratorReport report;
        Data data = make_data(options, &report);
        g_assert_cmpuint(report.rows, ==, data.rows->len);
        g_assert_cmpuint(report.cards, <=, (uint64_t)cards);
        for (size_t i = 0; i < data.rows->len; i++)
            check_unix_time(row_at(&data, i));
        data_clear(&data);
    }
}

static void test_edges(void) {
    check_edge(1, 1, civil_days(2019, 1, 1), GENERATOR_PUBLISHED);
    check_edge(1, 2, civil_days(2019, 1, 1), GENERATOR_PUBLISHED);
    check_edge(3, 9, civil_days(2020, 2, 29), GENERATOR_PUBLISHED);
    check_edge(3, 9, civil_days(2019, 2, 25), GENERATOR_PUBLISHED);
    check_edge(2, GENERATOR_DAYS_MAX, civil_days(2080, 12, 31), GENERATOR_PUBLISHED);
    check_edge(SCENARIO_CARDS_MIN, SCENARIO_DAYS_MIN, civil_days(1980, 1, 1), GENERATOR_ALL);
}

static void expect_error(const GeneratorOptions *options, GeneratorError code, const char *part) {
    GeneratorReport report;
    g_autoptr(GError) error = NULL;
    g_assert_false(generator_run(options, &report, &error));
    g_assert_error(error, GENERATOR_ERROR, (gint)code);
    g_assert_null(strchr(error->message, '\n'));
    if (!strstr(error->message, part)) g_error("'%s' does not say '%s'", error->message, part);
}

static void test_limits(void) {
    char *folder = new_folder();
    static const struct {
        int64_t cards, days;
        int year;
        GeneratorScenarios scenarios;
        const char *message;
    } cases[] = {
        {0, 10, 2019, GENERATOR_PUBLISHED, "cards must be from 1"},
        {-5, 10, 2019, GENERATOR_PUBLISHED, "not -5"},
        {GENERATOR_CARDS_MAX + 1, 1, 2019, GENERATOR_PUBLISHED, "cards must be"},
        {1, 0, 2019, GENERATOR_PUBLISHED, "days must be from 1"},
        {1, INT64_MAX, 2019, GENERATOR_PUBLISHED, "days must be from 1"},
        {1, 1, 1979, GENERATOR_PUBLISHED, "year of the start must be from 1980 to 2080"},
        {1, 1, 2081, GENERATOR_PUBLISHED, "year of the start"},
        {SCENARIO_CARDS_MIN - 1, 365, 2019, GENERATOR_ALL, "all scenarios, the number of cards"},
        {100, SCENARIO_DAYS_MIN - 1, 2019, GENERATOR_ALL, "all scenarios, the number of days"},
        {8000, GENERATOR_DAYS_MAX, 2019, GENERATOR_PUBLISHED, "more than the limit of 30000000"},
    };
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        GeneratorOptions options =
            options_of(folder, cases[i].cards, cases[i].days, 1, cases[i].scenarios);
        options.start = civil_days(cases[i].year, 6, 1);
        expect_error(&options, GENERATOR_ERROR_OPTION, cases[i].message);
    }
    g_assert_cmpuint(count_entries(folder), ==, 0);
    remove_folder(folder);
}

/* Failures. */

static void test_unwritable(void) {
    char *folder = new_folder();
    g_autofree char *file = g_build_filename(folder, "file", NULL);
    g_assert_true(g_file_set_contents(file, "x", 1, NULL));
    g_autofree char *below = g_build_filename(file, "data", NULL);
    GeneratorOptions options = options_of(below, 2, 2, 1, GENERATOR_PUBLISHED);
    expect_error(&options, GENERATOR_ERROR_WRITE, below);
    options.out = "/proc/haechi";
    expect_error(&options, GENERATOR_ERROR_WRITE, "/proc/haechi");
    remove_folder(folder);
}

/* A folder stands where the last file should go: the first two must not appear either. */
static void test_name_taken(void) {
    char *folder = new_folder();
    g_autofree char *taken = g_build_filename(folder, generator_file_names[GENERATOR_TRUTH], NULL);
    g_assert_cmpint(g_mkdir(taken, 0777), ==, 0);
    const GeneratorOptions options = options_of(folder, 2, 2, 1, GENERATOR_PUBLISHED);
    expect_error(&options, GENERATOR_ERROR_WRITE, taken);
    g_assert_cmpuint(count_entries(folder), ==, 1);
    remove_folder(folder);
}

/* The old files must survive a failed run, and nothing half-written may lie beside them. */
static void check_survives(const char *folder, GeneratorOptions options, GeneratorError code,
                           const char *part) {
    gsize lengths[GENERATOR_FILE_COUNT];
    char *before[GENERATOR_FILE_COUNT];
    for (int i = 0; i < GENERATOR_FILE_COUNT; i++)
        before[i] = file_bytes(folder, i, &lengths[i]);
    expect_error(&options, code, part);
    g_assert_cmpuint(count_entries(folder), ==, GENERATOR_FILE_COUNT);
    for (int i = 0; i < GENERATOR_FILE_COUNT; i++) {
        gsize length;
        g_autofree char *after = file_bytes(folder, i, &length);
        g_assert_cmpmem(after, length, before[i], lengths[i]);
        g_free(before[i]);
    }
}

static void test_write_fails(void) {
    char *folder = new_folder();
    GeneratorOptions options = options_of(folder, 2, 2, 1, GENERATOR_PUBLISHED);
    run_good(&options);
    options.cards = 100;
    options.days = 100;
    struct rlimit old, low;
    g_assert_cmpint(getrlimit(RLIMIT_FSIZE, &old), ==, 0);
    low = old;
    low.rlim_cur = 1 << 20;
    g_assert_true(signal(SIGXFSZ, SIG_IGN) != SIG_ERR);
    g_assert_cmpint(setrlimit(RLIMIT_FSIZE, &low), ==, 0);
    check_survives(folder, options, GENERATOR_ERROR_WRITE, g_strerror(EFBIG));
    g_assert_cmpint(setrlimit(RLIMIT_FSIZE, &old), ==, 0);
    remove_folder(folder);
}

static void test_disk_full(void) {
    char *folder = new_folder();
    if (mount("none", folder, "tmpfs", 0, "size=1m") != 0) {
        g_test_skip_printf("cannot mount a small disk here: %s", g_strerror(errno));
        remove_folder(folder);
        return;
    }
    GeneratorOptions options = options_of(folder, 2, 2, 1, GENERATOR_PUBLISHED);
    run_good(&options);
    options.cards = 100;
    options.days = 100;
    check_survives(folder, options, GENERATOR_ERROR_WRITE, g_strerror(ENOSPC));
    g_assert_cmpint(umount(folder), ==, 0);
    remove_folder(folder);
}

static bool stop_at_writing(void *data, const char *step, double fraction) {
    g_assert_true(fraction >= 0 && fraction <= 1);
    int *calls = data;
    ++*calls;
    return strcmp(step, "writing") != 0 || fraction < 0.5;
}

static void test_cancelled(void) {
    char *folder = new_folder();
    GeneratorOptions options = options_of(folder, 2, 2, 1, GENERATOR_PUBLISHED);
    run_good(&options);
    int calls = 0;
    options.cards = 200;
    options.days = 300;
    options.progress = stop_at_writing;
    options.progress_data = &calls;
    check_survives(folder, options, GENERATOR_ERROR_CANCELLED, "interrupted");
    g_assert_cmpint(calls, >, 3);
    remove_folder(folder);
}

/* The command. */

typedef struct Ran {
    int status;
    char *out, *err;
} Ran;

static Ran run_command(const char *arguments) {
    const char *haechi = g_getenv("HAECHI");
    g_assert_nonnull(haechi);
    g_autofree char *line = g_strdup_printf("'%s' data generate %s", haechi, arguments);
    const char *const argv[] = {"sh", "-c", line, NULL};
    Ran ran;
    GError *error = NULL;
    int wait_status;
    g_spawn_sync(NULL, (char **)(uintptr_t)argv, NULL, G_SPAWN_SEARCH_PATH, NULL, NULL, &ran.out,
                 &ran.err, &wait_status, &error);
    g_assert_no_error(error);
    g_assert_true(WIFEXITED(wait_status));
    ran.status = WEXITSTATUS(wait_status);
    return ran;
}

static void ran_clear(Ran *ran) {
    g_free(ran->out);
    g_free(ran->err);
}

static void expect_command(const char *arguments, int status, const char *message) {
    Ran ran = run_command(arguments);
    g_assert_cmpint(ran.status, ==, status);
    g_assert_cmpstr(ran.out, ==, "");
    const char *end = strchr(ran.err, '\n');
    g_assert_true(end && end[1] == 0); /* one line */
    if (!strstr(ran.err, message)) g_error("'%s' does not say '%s'", ran.err, message);
    ran_clear(&ran);
}

static void test_wrong_use(void) {
    static const char *const cases[][2] = {
        {"", "--out DIR is missing"},
        {"--out ''", "--out DIR is missing"},
        {"--out /tmp/x --cards many", "many"},
        {"--out /tmp/x --cards 0", "must be from 1"},
        {"--out /tmp/x --days 99999", "must be from 1 to 3660"},
        {"--out /tmp/x --seed -1", "--seed needs"},
        {"--out /tmp/x --seed 18446744073709551616", "--seed needs"},
        {"--out /tmp/x --start tomorrow", "--start needs a date"},
        {"--out /tmp/x --scenarios some", "'published' or 'all'"},
        {"--out /tmp/x --nonsense", "--nonsense"},
        {"--out /tmp/x extra", "unexpected argument 'extra'"},
    };
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++)
        expect_command(cases[i][0], 2, cases[i][1]);
    expect_command("--out /proc/haechi", 1, "cannot make the folder '/proc/haechi'");
}

static void test_json(void) {
    char *folder = new_folder();
    g_autofree char *arguments =
        g_strdup_printf("--out '%s' --cards 50 --days 60 --scenarios all --seed 9 "
                        "--start 2021-03-01 --json",
                        folder);
    Ran ran = run_command(arguments);
    g_assert_cmpint(ran.status, ==, 0);
    g_assert_cmpstr(ran.err, ==, ""); /* no progress bar without a terminal */
    JsonParser *parser = json_parser_new(1 << 16);
    JsonValue root, value;
    const char *message;
    g_assert_true(json_parse(parser, ran.out, strlen(ran.out), &root, &message));
    static const char *const numbers[] = {"rows",       "train_rows", "test_rows",
                                          "truth_rows", "cards",      "merchants",
                                          "frauds",     "seconds",    "rows_per_second"};
    for (size_t i = 0; i < G_N_ELEMENTS(numbers); i++) {
        g_assert_true(json_member(root, numbers[i], &value));
        g_assert_cmpfloat(json_get_double(value), >, 0);
    }
    g_assert_true(json_member(root, "files", &value));
    g_assert_cmpuint(json_count(value), ==, GENERATOR_FILE_COUNT);
    json_parser_free(parser);
    ran_clear(&ran);
    Data data = read_data(folder);
    g_assert_cmpint(row_at(&data, 0)->time / DAY, ==, civil_days(2021, 3, 1));
    data_clear(&data);
    remove_folder(folder);
}

static void test_output_full(void) {
    if (access("/dev/full", W_OK) != 0) {
        g_test_skip("no /dev/full here");
        return;
    }
    char *folder = new_folder();
    g_autofree char *arguments =
        g_strdup_printf("--out '%s' --cards 1 --days 1 --json >/dev/full", folder);
    expect_command(arguments, 1, "cannot write the result");
    remove_folder(folder);
}

static void test_help(void) {
    Ran ran = run_command("--help");
    g_assert_cmpint(ran.status, ==, 0);
    static const char *const options[] = {"--out",  "--cards",     "--days", "--start",
                                          "--seed", "--scenarios", "--json"};
    for (size_t i = 0; i < G_N_ELEMENTS(options); i++)
        g_assert_nonnull(strstr(ran.out, options[i]));
    ran_clear(&ran);
}

/* The published problem at full size, where it is at hand. */

typedef struct Marginals {
    double rows, frauds;
    double category[2][CATEGORY_COUNT], amount[2][CATEGORY_COUNT]; /* [fraud] counts, sums */
    double hour[2][24], weekday[7], month[12];
} Marginals;

static void measure_file(const char *path, Marginals *m) {
    GError *error = NULL;
    CsvReader *reader = csv_reader_open(path, &error);
    g_assert_no_error(error);
    Transaction t;
    Reject reject;
    while (csv_reader_next(reader, &t, &reject, &error) == READ_ROW) {
        const int fraud = t.is_fraud == 1;
        const Civil at = civil_from_seconds(t.time);
        m->rows++;
        m->frauds += fraud;
        m->category[fraud][t.category]++;
        m->amount[fraud][t.category] += (double)t.amount / 100;
        m->hour[fraud][at.hour]++;
        m->weekday[at.weekday]++;
        m->month[at.month - 1]++;
    }
    g_assert_no_error(error);
    csv_reader_close(reader);
}

static void near(const char *what, int index, double got, double want, double tolerance) {
    if (fabs(got - want) > tolerance)
        g_error("%s %d: %g, in the published problem %g, tolerance %g", what, index, got, want,
                tolerance);
}

/* Tolerances: some three times what differs between two seeds of 1000 cards. */
static void compare_marginals(const Marginals *got, const Marginals *want) {
    near("fraud share", 0, got->frauds / got->rows, want->frauds / want->rows, 0.0006);
    const double got_rows[2] = {got->rows - got->frauds, got->frauds};
    const double want_rows[2] = {want->rows - want->frauds, want->frauds};
    for (int fraud = 0; fraud < 2; fraud++) {
        for (int h = 0; h < 24; h++)
            near(fraud ? "frauds in hour" : "honest rows in hour", h,
                 got->hour[fraud][h] / got_rows[fraud], want->hour[fraud][h] / want_rows[fraud],
                 fraud ? 0.02 : 0.004);
        for (int c = 0; c < CATEGORY_OTHER; c++)
            near(fraud ? "frauds in category" : "honest rows in category", c,
                 got->category[fraud][c] / got_rows[fraud],
                 want->category[fraud][c] / want_rows[fraud], fraud ? 0.015 : 0.006);
    }
    for (int c = 0; c < CATEGORY_OTHER; c++) {
        const double mean = want->amount[0][c] / want->category[0][c];
        near("mean amount in category", c, got->amount[0][c] / got->category[0][c], mean,
             c == category_code(STR("travel")) ? 0.25 * mean : 0.06 * mean);
    }
    for (int d = 0; d < 7; d++)
        near("rows on weekday", d, got->weekday[d] / got->rows, want->weekday[d] / want->rows,
             0.006);
    for (int i = 0; i < 12; i++)
        near("rows in month", i, got->month[i] / got->rows, want->month[i] / want->rows, 0.002);
}

static void test_against_published(void) {
    static const char train[] = "../shared/data/sparkov/fraudTrain.csv.zst";
    static const char test[] = "../shared/data/sparkov/fraudTest.csv.zst";
    if (access(train, R_OK) != 0 || access(test, R_OK) != 0) {
        g_test_skip("no data to compare with (../shared/data/sparkov)");
        return;
    }
    Marginals want = {0}, got = {0};
    measure_file(train, &want);
    measure_file(test, &want);
    char *folder = new_folder();
    GeneratorOptions options = generator_defaults();
    options.out = folder;
    run_good(&options);
    for (int file = GENERATOR_TRAIN; file <= GENERATOR_TEST; file++) {
        g_autofree char *path = g_build_filename(folder, generator_file_names[file], NULL);
        measure_file(path, &got);
    }
    compare_marginals(&got, &want);
    remove_folder(folder);
}

int main(int argc, char **argv) {
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/generator/random/logarithm", test_logarithm);
    g_test_add_func("/generator/random/gamma", test_gamma);
    g_test_add_func("/generator/deterministic", test_deterministic);
    g_test_add_func("/generator/same-everywhere", test_same_everywhere);
    g_test_add_func("/generator/form", test_form);
    g_test_add_func("/generator/published", test_published);
    g_test_add_func("/generator/scenarios", test_scenarios);
    g_test_add_func("/generator/edges", test_edges);
    g_test_add_func("/generator/limits", test_limits);
    g_test_add_func("/generator/unwritable", test_unwritable);
    g_test_add_func("/generator/name-taken", test_name_taken);
    g_test_add_func("/generator/write-fails", test_write_fails);
    g_test_add_func("/generator/disk-full", test_disk_full);
    g_test_add_func("/generator/cancelled", test_cancelled);
    g_test_add_func("/generator/command/wrong-use", test_wrong_use);
    g_test_add_func("/generator/command/json", test_json);
    g_test_add_func("/generator/command/output-full", test_output_full);
    g_test_add_func("/generator/command/help", test_help);
    g_test_add_func("/generator/against-published", test_against_published);
    return g_test_run();
}
