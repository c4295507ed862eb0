/* haechi data generate: a made-up card population and its transactions, in the published set's
 * files. */
#include "base/civil.h"
#include "base/json_write.h"
#include "base/progress.h"
#include "cli/command.h"
#include "cli/interrupt.h"
#include "cli/options.h"
#include "io/generator/generator.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

static const char command[] = "data generate";

/* Progress. */

typedef struct Steps {
    const char *step; /* the one that `bar` shows */
    Progress *bar;
} Steps;

static bool on_progress(void *data, const char *step, double fraction) {
    enum { PARTS = 1000 };
    Steps *steps = data;
    if (!steps->bar || strcmp(step, steps->step) != 0) {
        progress_end(steps->bar);
        steps->step = step;
        steps->bar = progress_new(step, PARTS);
    }
    progress_update(steps->bar, (uint64_t)(fraction * PARTS), NULL);
    return interrupt_signal() == 0;
}

/* Arguments. */

typedef struct Arguments {
    char *out, *start, *seed, *scenarios;
    gint64 cards, days;
    gboolean json;
} Arguments;

static void arguments_clear(Arguments *arguments) {
    g_free(arguments->out);
    g_free(arguments->start);
    g_free(arguments->seed);
    g_free(arguments->scenarios);
}

static const char summary[] =
    "Makes card transactions, some of them fraud, in the columns of the published data set and\n"
    "by the simulation method behind it. truth.csv names the scenario of every fraud, and of the\n"
    "honest rows that belong to a scenario. docs/data.md tells all. Example:\n\n"
    "  haechi data generate --out data --cards 500 --days 365 --scenarios all";

static bool parse_arguments(int argc, char **argv, Arguments *a) {
    const GOptionEntry entries[] = {
        {"out", 'o', 0, G_OPTION_ARG_FILENAME, &a->out,
         "Folder for fraudTrain.csv, fraudTest.csv and truth.csv; made when missing", "DIR"},
        {"cards", 0, 0, G_OPTION_ARG_INT64, &a->cards, "Number of cards (1000)", "N"},
        {"days", 0, 0, G_OPTION_ARG_INT64, &a->days,
         "Length in days (731); the first 70 % go to fraudTrain.csv", "N"},
        {"start", 0, 0, G_OPTION_ARG_STRING, &a->start, "First day (2019-01-01)", "DATE"},
        {"seed", 0, 0, G_OPTION_ARG_STRING, &a->seed,
         "The same seed makes the same bytes, on every machine (1)", "N"},
        {"scenarios", 0, 0, G_OPTION_ARG_STRING, &a->scenarios,
         "published: stolen cards only (the default); all: besides them compromised merchants, "
         "rings, card testing and slow drift",
         "published|all"},
        {"json", 0, 0, G_OPTION_ARG_NONE, &a->json, "Print one JSON object instead of text", NULL},
        {0},
    };
    return options_parse(command, NULL, summary, entries, &argc, &argv, 0, 0);
}

static bool parse_seed(const char *text, uint64_t *seed) {
    char *end;
    errno = 0;
    *seed = g_ascii_strtoull(text, &end, 10);
    return errno == 0 && g_ascii_isdigit(text[0]) && *end == 0;
}

/* Fills *options from the arguments; otherwise returns what is wrong with them. */
static const char *fill_options(const Arguments *a, GeneratorOptions *options) {
    if (!a->out || !*a->out) return "--out DIR is missing";
    options->out = a->out;
    options->cards = a->cards;
    options->days = a->days;
    if (a->start && civil_read_date(str_from(a->start), &options->start))
        return "--start needs a date such as 2019-01-01";
    if (a->seed && !parse_seed(a->seed, &options->seed))
        return "--seed needs a whole number from 0 to 18446744073709551615";
    if (a->scenarios && g_str_equal(a->scenarios, "all"))
        options->scenarios = GENERATOR_ALL;
    else if (a->scenarios && !g_str_equal(a->scenarios, "published"))
        return "--scenarios is 'published' or 'all'";
    return NULL;
}

/* Answers. */

static void print_json(const char *folder, const GeneratorReport *report) {
    g_autoptr(GString) out = g_string_new("{");
    g_string_append_printf(out,
                           "\"rows\":%" G_GUINT64_FORMAT ",\"train_rows\":%" G_GUINT64_FORMAT
                           ",\"test_rows\":%" G_GUINT64_FORMAT ",\"truth_rows\":%" G_GUINT64_FORMAT
                           ",\"cards\":%" G_GUINT64_FORMAT ",\"merchants\":%" G_GUINT64_FORMAT
                           ",\"frauds\":%" G_GUINT64_FORMAT ",\"seconds\":",
                           report->rows, report->train_rows, report->test_rows, report->truth_rows,
                           report->cards, report->merchants, report->frauds);
    json_write_double(out, report->seconds, 6);
    g_string_append(out, ",\"rows_per_second\":");
    json_write_double(out, (double)report->rows / report->seconds, 6);
    g_string_append(out, ",\"files\":[");
    for (int i = 0; i < GENERATOR_FILE_COUNT; i++) {
        g_autofree char *path = g_build_filename(folder, generator_file_names[i], NULL);
        if (i > 0) g_string_append_c(out, ',');
        json_write_str(out, str_from(path));
    }
    g_string_append(out, "]}");
    puts(out->str);
}

static void print_text(const GeneratorOptions *options, const GeneratorReport *report) {
    const uint64_t cards = (uint64_t)options->cards, idle = cards - report->cards;
    const double share = report->rows ? 100.0 * (double)report->frauds / (double)report->rows : 0;
    printf("%s: %" G_GUINT64_FORMAT " transactions (%" G_GUINT64_FORMAT
           " to train, %" G_GUINT64_FORMAT " to test) of %" G_GUINT64_FORMAT " cards",
           options->out, report->rows, report->train_rows, report->test_rows, cards);
    if (idle > 0) printf(" (%" G_GUINT64_FORMAT " of them unused)", idle);
    printf(" at %" G_GUINT64_FORMAT " merchants, %" G_GUINT64_FORMAT
           " frauds (%.2f %%), in %.1f s\n",
           report->merchants, report->frauds, share, report->seconds);
}

/* The exit status of a run that ended in `error`, having said why. */
static int fail(const GError *error) {
    if (g_error_matches(error, GENERATOR_ERROR, GENERATOR_ERROR_OPTION))
        return options_fail(command, EXIT_USAGE, "%s (see 'haechi %s --help')", error->message,
                            command);
    return options_fail(command, interrupt_signal() ? 128 + interrupt_signal() : EXIT_FAILURE, "%s",
                        error->message);
}

static int run(const Arguments *arguments, GeneratorOptions *options) {
    Steps steps = {0};
    options->progress = on_progress;
    options->progress_data = &steps;
    interrupt_catch(); /* asked between rows: the temporary files are then removed */
    GeneratorReport report;
    g_autoptr(GError) error = NULL;
    const bool good = generator_run(options, &report, &error);
    progress_end(steps.bar);
    if (!good) return fail(error);
    if (arguments->json)
        print_json(options->out, &report);
    else
        print_text(options, &report);
    return EXIT_SUCCESS;
}

int cmd_data_generate(int argc, char **argv) {
    Arguments arguments = {.cards = GENERATOR_CARDS_DEFAULT, .days = GENERATOR_DAYS_DEFAULT};
    GeneratorOptions options = generator_defaults();
    int status = EXIT_USAGE;
    if (parse_arguments(argc, argv, &arguments)) {
        const char *wrong = fill_options(&arguments, &options);
        status =
            wrong ? options_fail(command, EXIT_USAGE, "%s (see 'haechi %s --help')", wrong, command)
                  : run(&arguments, &options);
    }
    arguments_clear(&arguments);
    return status;
}
