/* CSV files, one after the other, as one event log: each row is a transaction event, in file order,
 * and its label an event of its own that comes `label_delay` seconds later in the data's time, as
 * chargebacks do. A label comes just before the first transaction whose time has reached its own;
 * where times go backwards, the latest time seen so far is what counts. Labels that wait at the end
 * of a file are carried over into the next.
 *
 * A transaction event keeps its is_fraud, for evaluation to look at: whoever scores does not.
 *
 * A trans_num seen before in the log is dropped and counted; that takes 20 to 40 bytes of memory a
 * row. Rows that are refused are counted, and kept aside in FILE.rejects beside each file. */
#pragma once

#include "io/reject_log.h"
#include "record/event.h"

typedef struct CsvLogOptions {
    const char *const *paths; /* path_count of them; "-" is standard input */
    size_t path_count;
    int64_t label_delay;      /* seconds; negative: no label events */
    bool labels_at_end;       /* give the labels that still wait when the last file has ended */
    bool strict;              /* the first refused row is an error */
    bool no_reject_files;     /* only count what is refused */
    const char *rejects_path; /* in place of FILE.rejects; only for a log of one file; or NULL */
} CsvLogOptions;

typedef struct CsvLogCounters {
    uint64_t rows; /* without headers and empty lines: transactions + rejected + duplicates */
    uint64_t transactions;
    uint64_t rejected;
    uint64_t duplicates;
    uint64_t out_of_order; /* transactions earlier than one before them */
    uint64_t labels;       /* label events given */
    uint64_t labels_waiting;
    uint64_t bytes_read, bytes_total; /* as stored; total is 0 when it is not known */
} CsvLogCounters;

#define CSV_LOG_ERROR csv_log_error_quark()
GQuark csv_log_error_quark(void);
typedef enum CsvLogError {
    CSV_LOG_ERROR_STRICT, /* a refused row in strict mode */
    CSV_LOG_ERROR_LABELS, /* too many labels wait at once */
} CsvLogError;

/* Opens the first file, so that a wrong name is known at once; copies the options. Errors are one
 * line that starts with the file's name. */
EventLog *csv_log_open(const CsvLogOptions *options, GError **error);

CsvLogCounters csv_log_counters(const EventLog *log);

/* The rejects of the file now being read or read last. */
const RejectLog *csv_log_rejects(const EventLog *log);

/* A line to warn with when rejects could not be kept aside, NULL when all were. */
const char *csv_log_problem(const EventLog *log);
