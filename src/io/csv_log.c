#include "io/csv_log.h"

#include "base/hash_set.h"
#include "io/csv_reader.h"
#include "io/label_weave.h"
#include <assert.h>
#include <sys/stat.h>

/* A row as it was read. */
typedef struct Row {
    ReadStatus status;
    Transaction transaction;
    HashKey key; /* of its trans_num */
    Reject reject;
} Row;

typedef struct CsvLog {
    EventLog base;
    char **paths;
    size_t path_count, path_at;
    bool labels_at_end, strict, no_reject_files;
    char *rejects_path;

    CsvReader *reader; /* NULL before a file is opened and after the last */
    RejectLog *rejects;
    char *problem;
    HashSet *seen;
    LabelWeave weave;
    CsvLogCounters counters;
    uint64_t bytes_before; /* of the files that are done */
    /* Two rows by turns. While a row is worked on, the next one is read if it lies in memory
     * already, so that what it will need of `seen` is near when its turn comes. */
    Row rows[2];
    Row *row;   /* whose turn it is */
    bool ahead; /* the other one is the next */
} CsvLog;

enum { ROW_BYTES = 256 }; /* of a row as published, plain; only to guess their number by */

G_DEFINE_QUARK(haechi - csv - log - error, csv_log_error)

static bool open_next(CsvLog *log, GError **error) {
    const char *path = log->paths[log->path_at];
    log->reader = csv_reader_open(path, error);
    if (!log->reader) return false;
    g_autofree char *beside = reject_log_path_for(path);
    const char *rejects = log->rejects_path ? log->rejects_path : beside;
    reject_log_free(log->rejects);
    log->rejects = reject_log_new(log->no_reject_files ? NULL : rejects);
    return true;
}

static void close_current(CsvLog *log) {
    log->bytes_before += input_file_position(csv_reader_file(log->reader));
    csv_reader_close(log->reader);
    log->reader = NULL;
    log->path_at++;
}

static bool refuse(CsvLog *log, const Reject *reject, GError **error) {
    log->counters.rejected++;
    reject_log_add(log->rejects, reject);
    const char *problem = reject_log_problem(log->rejects);
    if (problem && !log->problem) log->problem = g_strdup(problem);
    if (!log->strict) return true;
    const bool whole = *reject->field == 0;
    g_set_error(error, CSV_LOG_ERROR, CSV_LOG_ERROR_STRICT,
                "%s: line %" G_GUINT64_FORMAT ": %s%s%s%s%s%s", log->paths[log->path_at],
                reject->line, reject->field, whole ? "" : ": ", reject->reason,
                *reject->value ? " ('" : "", reject->value, *reject->value ? "')" : "");
    return false;
}

static void read_row(CsvLog *log, Row *row, GError **error) {
    row->status = csv_reader_next(log->reader, &row->transaction, &row->reject, error);
    if (row->status == READ_ROW) row->key = hash_set_key(log->seen, row->transaction.trans_num);
}

/* Gives the next row of the file its turn. */
static void turn(CsvLog *log, GError **error) {
    Row *other = log->row == &log->rows[0] ? &log->rows[1] : &log->rows[0];
    if (!log->ahead) read_row(log, other, error);
    log->ahead = (other->status == READ_ROW || other->status == READ_REJECT) &&
                 csv_reader_ready(log->reader);
    if (log->ahead) read_row(log, log->row, NULL);
    log->row = other;
}

/* Gives the next good row that is no duplicate its turn, from whichever file. */
static LogStatus next_transaction(CsvLog *log, GError **error) {
    for (;;) {
        if (!log->reader && log->path_at == log->path_count) return LOG_END;
        if (!log->reader && !open_next(log, error)) return LOG_ERROR;
        turn(log, error);
        if (log->row->status == READ_ERROR) return LOG_ERROR;
        if (log->row->status == READ_END) {
            close_current(log);
            continue;
        }
        log->counters.rows++;
        if (log->row->status == READ_REJECT) {
            if (!refuse(log, &log->row->reject, error)) return LOG_ERROR;
        } else if (hash_set_add_key(log->seen, log->row->key)) {
            return LOG_EVENT;
        } else {
            log->counters.duplicates++;
        }
    }
}

static void end_log(CsvLog *log) {
    csv_reader_close(log->reader);
    log->reader = NULL;
    log->path_at = log->path_count;
}

/* The row after this one, when it is known and good. */
static const Transaction *transaction_ahead(const CsvLog *log) {
    const Row *other = log->row == &log->rows[0] ? &log->rows[1] : &log->rows[0];
    return log->ahead && other->status == READ_ROW ? &other->transaction : NULL;
}

/* The file that events come from now, as their `input`. */
static unsigned current_input(const CsvLog *log) {
    return (unsigned)MIN(log->path_at, log->path_count - 1);
}

static LogStatus give_label(const CsvLog *log, Event *event) {
    event->kind = EVENT_LABEL;
    event->ahead = NULL;
    event->input = current_input(log);
    return LOG_EVENT;
}

static LogStatus give_transaction(CsvLog *log, Event *event, GError **error) {
    const Transaction *transaction = &log->row->transaction;
    event->transaction = *transaction;
    event->kind = EVENT_TRANSACTION;
    event->ahead = transaction_ahead(log);
    event->input = current_input(log);
    log->counters.transactions++;
    if (label_weave_pass(&log->weave, transaction)) return LOG_EVENT;
    g_set_error(error, CSV_LOG_ERROR, CSV_LOG_ERROR_LABELS,
                "%s: over %zu labels wait at once: choose a shorter label delay",
                log->paths[log->path_at], LABEL_QUEUE_MAX);
    end_log(log);
    return LOG_ERROR;
}

static LogStatus csv_log_next(EventLog *base, Event *event, GError **error) {
    CsvLog *log = (CsvLog *)base;
    if (!log->weave.holding) {
        const LogStatus status = next_transaction(log, error);
        if (status == LOG_ERROR) end_log(log);
        if (status == LOG_END && log->labels_at_end && label_weave_rest(&log->weave, &event->label))
            return give_label(log, event);
        if (status != LOG_EVENT) return status;
        label_weave_arrive(&log->weave, log->row->transaction.time);
    }
    if (label_weave_next(&log->weave, &event->label)) return give_label(log, event);
    return give_transaction(log, event, error);
}

static void csv_log_free(EventLog *base) {
    CsvLog *log = (CsvLog *)base;
    csv_reader_close(log->reader);
    reject_log_free(log->rejects);
    hash_set_free(log->seen);
    label_weave_clear(&log->weave);
    g_strfreev(log->paths);
    g_free(log->rejects_path);
    g_free(log->problem);
    g_free(log);
}

/* The files' sizes together; 0 when one of them is no regular file. */
static uint64_t total_size(const CsvLogOptions *options) {
    uint64_t total = 0;
    for (size_t i = 0; i < options->path_count; i++) {
        struct stat info;
        if (stat(options->paths[i], &info) != 0 || !S_ISREG(info.st_mode)) return 0;
        total += (uint64_t)info.st_size;
    }
    return total;
}

EventLog *csv_log_open(const CsvLogOptions *options, GError **error) {
    assert(options->path_count > 0);
    assert(!options->rejects_path || options->path_count == 1);
    CsvLog *log = g_new0(CsvLog, 1);
    log->base = (EventLog){csv_log_next, csv_log_free};
    log->path_count = options->path_count;
    log->paths = g_new0(char *, options->path_count + 1);
    for (size_t i = 0; i < options->path_count; i++)
        log->paths[i] = g_strdup(options->paths[i]);
    log->labels_at_end = options->labels_at_end;
    log->strict = options->strict;
    log->no_reject_files = options->no_reject_files;
    log->rejects_path = g_strdup(options->rejects_path);
    log->counters.bytes_total = total_size(options);
    log->seen = hash_set_new(log->counters.bytes_total / ROW_BYTES);
    label_weave_init(&log->weave, options->label_delay);
    log->row = &log->rows[0];
    if (open_next(log, error)) return &log->base;
    csv_log_free(&log->base);
    return NULL;
}

CsvLogCounters csv_log_counters(const EventLog *base) {
    const CsvLog *log = (const CsvLog *)base;
    CsvLogCounters counters = log->counters;
    counters.out_of_order = log->weave.out_of_order;
    counters.labels = log->weave.labels;
    counters.labels_waiting = label_queue_count(log->weave.queue);
    counters.bytes_read = log->bytes_before;
    if (log->reader) counters.bytes_read += input_file_position(csv_reader_file(log->reader));
    return counters;
}

const RejectLog *csv_log_rejects(const EventLog *base) {
    return ((const CsvLog *)base)->rejects;
}

const char *csv_log_problem(const EventLog *base) {
    return ((const CsvLog *)base)->problem;
}
