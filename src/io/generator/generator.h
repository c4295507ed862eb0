/* `haechi data generate` as a function: makes a card population, simulates it, and writes the
 * published set's files. The same options give the same bytes on every machine. */
#pragma once

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

#define GENERATOR_ERROR generator_error_quark()
GQuark generator_error_quark(void);
typedef enum GeneratorError {
    GENERATOR_ERROR_OPTION,    /* options outside their limits: wrong use */
    GENERATOR_ERROR_MEMORY,    /* not enough of it */
    GENERATOR_ERROR_WRITE,     /* a file or folder could not be written */
    GENERATOR_ERROR_CANCELLED, /* `progress` said so */
} GeneratorError;

enum {
    GENERATOR_CARDS_DEFAULT = 1000,
    GENERATOR_CARDS_MAX = 1000000,
    GENERATOR_DAYS_DEFAULT = 731, /* with the default start: two calendar years */
    GENERATOR_DAYS_MAX = 3660,
    GENERATOR_ROWS_MAX = 30000000, /* 56 bytes of memory each */
    GENERATOR_START_YEAR_MIN = 1980,
    GENERATOR_START_YEAR_MAX = 2080,
};

typedef enum GeneratorScenarios {
    GENERATOR_PUBLISHED, /* the published method, nothing else */
    GENERATOR_ALL,       /* and what io/generator/scenarios.h tells */
} GeneratorScenarios;

/* Called now and then with what is being done and how far it has come, 0 to 1. Returning false
 * ends the generation, which leaves no file behind. */
typedef bool GeneratorProgress(void *data, const char *step, double fraction);

typedef struct GeneratorOptions {
    const char *out; /* folder, created when missing */
    int64_t cards, days;
    int32_t start; /* days since the epoch */
    uint64_t seed;
    GeneratorScenarios scenarios;
    GeneratorProgress *progress; /* may be NULL */
    void *progress_data;
} GeneratorOptions;

enum { GENERATOR_TRAIN, GENERATOR_TEST, GENERATOR_TRUTH, GENERATOR_FILE_COUNT };
extern const char *const generator_file_names[GENERATOR_FILE_COUNT];

typedef struct GeneratorReport {
    uint64_t rows, train_rows, test_rows, truth_rows;
    uint64_t frauds;
    uint64_t cards;     /* with at least one row */
    uint64_t merchants; /* names with at least one row */
    double seconds;
} GeneratorReport;

/* Everything but `out` at its default. */
GeneratorOptions generator_defaults(void);

/* Writes fraudTrain.csv, fraudTest.csv and truth.csv into options->out. The files appear under
 * their names, replacing older ones, only when all three are complete; on any error the folder
 * is as it was, and *error is one line. */
bool generator_run(const GeneratorOptions *options, GeneratorReport *report, GError **error);
