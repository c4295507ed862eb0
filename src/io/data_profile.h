/* What CSV files of transactions hold: counts, ranges, and warnings that a person would want before
 * training on them. The files are taken as one log; a bad row is a finding, not a failure. */
#pragma once

#include "io/reject_log.h"
#include "record/category.h"

enum {
    UNKNOWN_CATEGORIES_MAX = 100, /* names kept; rows beyond are still counted */
    DATA_WARNINGS_MAX = 16,
};

typedef struct DataProfile {
    uint64_t rows; /* good + rejected + duplicates; all that follows is of the good ones */
    uint64_t good, rejected, duplicates;
    uint64_t frauds, honest, unlabelled;
    uint64_t cards, merchants;
    uint64_t out_of_order;          /* earlier than a row before them */
    int64_t first_time, last_time;  /* seconds since the epoch */
    int64_t amount_min, amount_max; /* cents */
    int64_t amount_sum;             /* cents */
    uint64_t category_rows[CATEGORY_COUNT];
    uint64_t unknown_category_rows; /* of CATEGORY_OTHER by another name */
    uint64_t without_category;
    uint64_t day_first_times;   /* times written day first, as 8/3/2020 6:18 */
    uint64_t unix_time_differs; /* from trans_date_trans_time */
    int64_t unix_time_least;    /* seconds that it lies behind, where it differs */
    uint64_t rounded_cards;     /* of the rejected */
} DataProfile;

typedef struct DataWarning {
    const char *code; /* "rounded_card_numbers" */
    char text[240];   /* one sentence */
} DataWarning;

typedef struct DataProfiler DataProfiler;

DataProfiler *data_profiler_new(void);
void data_profiler_free(DataProfiler *profiler);

/* Called now and then with the bytes read of all that there are (0 when not known). */
typedef void DataProgress(void *data, uint64_t done, uint64_t total);

/* Reads a file ("-" is standard input) to its end. On a file-level error what was read still
 * counts. `progress` may be NULL. */
bool data_profiler_read(DataProfiler *profiler, const char *path, DataProgress *progress,
                        void *data, GError **error);

DataProfile data_profiler_result(const DataProfiler *profiler);

/* The kinds of rejects, and the file each was met in first; views of the profiler's. */
const RejectKind *data_profiler_rejects(const DataProfiler *profiler, size_t *count);
const char *data_profiler_reject_file(const DataProfiler *profiler, size_t kind);

/* Calls `each` for every unknown category with its number of rows, in order of name. */
typedef void UnknownCategory(const char *name, uint64_t rows, void *data);
void data_profiler_unknown_categories(const DataProfiler *profiler, UnknownCategory *each,
                                      void *data);

/* Writes what deserves a warning; returns how many. */
size_t data_profile_warnings(const DataProfile *profile, DataWarning out[DATA_WARNINGS_MAX]);
