#include "io/generator/generator.h"

#include "base/civil.h"
#include "io/generator/scenarios.h"
#include "io/generator/write.h"

#include <errno.h>
#include <string.h>

G_DEFINE_QUARK(haechi - generator - error, generator_error)

const char *const generator_file_names[GENERATOR_FILE_COUNT] = {"fraudTrain.csv", "fraudTest.csv",
                                                                "truth.csv"};

enum { TRAIN_SHARE = 70, /* per cent of the time */ CARDS_PER_REPORT = 64 };

GeneratorOptions generator_defaults(void) {
    return (GeneratorOptions){
        .cards = GENERATOR_CARDS_DEFAULT,
        .days = GENERATOR_DAYS_DEFAULT,
        .start = civil_days(2019, 1, 1),
        .seed = 1,
        .scenarios = GENERATOR_PUBLISHED,
    };
}

/* Checks. */

static bool in_range(const char *name, int64_t value, int64_t low, int64_t high, GError **error) {
    if (value >= low && value <= high) return true;
    g_set_error(error, GENERATOR_ERROR, GENERATOR_ERROR_OPTION,
                "%s must be from %" G_GINT64_FORMAT " to %" G_GINT64_FORMAT
                ", not %" G_GINT64_FORMAT,
                name, low, high, value);
    return false;
}

static bool check_options(const GeneratorOptions *options, GError **error) {
    const bool all = options->scenarios == GENERATOR_ALL;
    const char *cards = all ? "with all scenarios, the number of cards" : "the number of cards";
    const char *days = all ? "with all scenarios, the number of days" : "the number of days";
    return in_range(cards, options->cards, all ? SCENARIO_CARDS_MIN : 1, GENERATOR_CARDS_MAX,
                    error) &&
           in_range(days, options->days, all ? SCENARIO_DAYS_MIN : 1, GENERATOR_DAYS_MAX, error) &&
           in_range("the year of the start",
                    civil_from_seconds((int64_t)options->start * DAY_SECONDS).year,
                    GENERATOR_START_YEAR_MIN, GENERATOR_START_YEAR_MAX, error);
}

static bool make_folder(const char *path, GError **error) {
    if (g_mkdir_with_parents(path, 0777) == 0) return true;
    g_set_error(error, GENERATOR_ERROR, GENERATOR_ERROR_WRITE, "cannot make the folder '%s': %s",
                path, g_strerror(errno));
    return false;
}

static bool no_memory(size_t rows, GError **error) {
    g_set_error(error, GENERATOR_ERROR, GENERATOR_ERROR_MEMORY,
                "not enough memory for %zu transactions: use fewer cards or days", rows);
    return false;
}

/* Steps. */

/* Makes room for every row that can come. */
static bool reserve_rows(const Simulation *simulation, const ScenarioPlan *plan, RowList *rows,
                         GError **error) {
    size_t limit = plan ? scenario_plan_limit(plan) : 0;
    for (uint32_t i = 0; i < simulation->world->card_count; i++)
        limit += simulate_card_limit(simulation, i);
    if (limit > GENERATOR_ROWS_MAX) {
        g_set_error(error, GENERATOR_ERROR, GENERATOR_ERROR_OPTION,
                    "so many cards and days make about %zu transactions, more than the limit of %d",
                    limit, GENERATOR_ROWS_MAX);
        return false;
    }
    return row_list_reserve(rows, limit) || no_memory(limit, error);
}

static bool simulate_cards(const GeneratorOptions *options, const Simulation *simulation,
                           const ScenarioPlan *plan, RowList *rows, GError **error) {
    const size_t count = simulation->world->card_count;
    for (uint32_t i = 0; i < count; i++) {
        simulate_card(simulation, i, plan ? scenario_plan_drift(plan, i) : NULL, rows);
        if (i % CARDS_PER_REPORT == 0 && options->progress &&
            !options->progress(options->progress_data, "simulating", (double)i / (double)count)) {
            g_set_error_literal(error, GENERATOR_ERROR, GENERATOR_ERROR_CANCELLED,
                                "interrupted: nothing was written");
            return false;
        }
    }
    return true;
}

static bool make_rows(const GeneratorOptions *options, const Simulation *simulation, RowList *rows,
                      GError **error) {
    ScenarioPlan *plan = options->scenarios == GENERATOR_ALL ? scenario_plan_new(simulation) : NULL;
    bool good = reserve_rows(simulation, plan, rows, error) &&
                simulate_cards(options, simulation, plan, rows, error);
    if (good && plan) scenario_plan_add(plan, rows);
    scenario_plan_free(plan);
    return good && (row_list_sort(rows) || no_memory(rows->count, error));
}

/* Number of rows in the first 70 % of the time. */
static size_t count_train(const GeneratorOptions *options, const RowList *rows) {
    const int64_t first = (int64_t)options->start * DAY_SECONDS;
    const int64_t split = first + options->days * DAY_SECONDS * TRAIN_SHARE / 100;
    size_t low = 0, high = rows->count;
    while (low < high) {
        const size_t middle = low + (high - low) / 2;
        if (rows->rows[middle].shown < split)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static void fill_report(const World *world, const RowList *rows, GeneratorReport *report) {
    g_autofree bool *card_seen = g_new0(bool, world->card_count);
    bool merchant_seen[MERCHANT_COUNT] = {false};
    report->rows = rows->count;
    for (size_t i = 0; i < rows->count; i++) {
        const Row *row = &rows->rows[i];
        report->frauds += scenario_is_fraud(row->scenario);
        card_seen[row->card] = true;
        merchant_seen[world_merchant_identity(row->merchant)] = true;
    }
    for (size_t i = 0; i < world->card_count; i++)
        report->cards += card_seen[i];
    for (int i = 0; i < MERCHANT_COUNT; i++)
        report->merchants += merchant_seen[i];
}

static bool generate(const GeneratorOptions *options, const World *world, const Calendar *calendar,
                     GeneratorReport *report, GError **error) {
    Simulation simulation;
    simulation_init(&simulation, world, calendar, options->seed);
    RowList rows = {0};
    bool good = make_rows(options, &simulation, &rows, error);
    if (good) {
        const RowWriter writer = {.world = world,
                                  .folder = options->out,
                                  .seed = options->seed,
                                  .progress = options->progress,
                                  .progress_data = options->progress_data};
        report->train_rows = count_train(options, &rows);
        report->test_rows = rows.count - report->train_rows;
        fill_report(world, &rows, report);
        good = write_rows(&writer, &rows, report->train_rows, &report->truth_rows, error);
    }
    row_list_clear(&rows);
    simulation_clear(&simulation);
    return good;
}

bool generator_run(const GeneratorOptions *options, GeneratorReport *report, GError **error) {
    const gint64 began = g_get_monotonic_time();
    *report = (GeneratorReport){0};
    if (!check_options(options, error) || !make_folder(options->out, error)) return false;
    Calendar calendar;
    calendar_init(&calendar, options->start, (int32_t)options->days);
    World world;
    world_init(&world, options->seed, (size_t)options->cards, options->start);
    const bool good = generate(options, &world, &calendar, report, error);
    world_clear(&world);
    calendar_clear(&calendar);
    report->seconds = (double)(g_get_monotonic_time() - began) / 1e6;
    return good;
}
