#include "pipeline/stream.h"

#include "io/csv_log.h"
#include "io/label_queue.h"

enum { WEEK_SECONDS = 7 * 86400, PROGRESS_EVERY = 1000 /* transactions */, PAUSE_US = 100000 };

/* What a transaction may be late and still be made up for: more is an outage. */
#define LATE_US_MAX G_USEC_PER_SEC

typedef struct Stream {
    const StreamOptions *options;
    const SinkCaller *outer; /* the caller's callbacks */
    StreamProgress *progress;
    StreamReport *report;
    Sink *sink;
    EventLog *log;
    LabelQueue *queue;
    int64_t started;     /* microseconds, monotonic */
    uint64_t scheduled;  /* transactions given a moment to be sent at */
    int64_t forgiven;    /* microseconds of outages, by which the moments were put off */
    int64_t clock;       /* the latest time seen, shifted */
    int64_t first, last; /* times of the file, as they are */
    uint64_t round;      /* from 1 */
    int64_t shift;       /* seconds added to the times of this round */
} Stream;

static bool time_is_up(const Stream *stream) {
    return stream->options->seconds > 0 &&
           g_get_monotonic_time() - stream->started >= stream->options->seconds * G_USEC_PER_SEC;
}

static bool go_on(void *data) {
    const Stream *stream = data;
    return stream->outer->go_on(stream->outer->data) && !time_is_up(stream);
}

static void tell_waiting(void *data, const char *why) {
    const Stream *stream = data;
    stream->outer->waiting(stream->outer->data, why);
}

static void tell_progress(Stream *stream) {
    const CsvLogCounters counters = csv_log_counters(stream->log);
    stream->report->transactions = stream->sink->transactions;
    stream->report->labels = stream->sink->labels;
    stream->progress(stream->outer->data, stream->report, counters.bytes_read,
                     counters.bytes_total);
}

static bool send_due_labels(Stream *stream, GError **error) {
    Label label;
    while (label_queue_pop(stream->queue, stream->clock, &label))
        if (!stream->sink->label(stream->sink, &label, error)) return false;
    return true;
}

/* Waits until the next transaction's moment has come, while the sink sends what it has. Moments are
 * counted from the start, so a late one does not delay those after it; but what could not be sent
 * in an outage is not then sent at once. */
static bool keep_pace(Stream *stream, GError **error) {
    if (stream->options->rate <= 0) return true;
    const double seconds = (double)stream->scheduled / stream->options->rate;
    int64_t moment = stream->started + stream->forgiven + (int64_t)(seconds * G_USEC_PER_SEC);
    const int64_t late = g_get_monotonic_time() - moment;
    if (late > LATE_US_MAX) {
        stream->forgiven += late;
        moment += late;
    }
    while (g_get_monotonic_time() < moment && go_on(stream)) {
        if (!stream->sink->flush(stream->sink, error)) return false;
        tell_progress(stream);
        const int64_t left = moment - g_get_monotonic_time();
        if (left > 0) g_usleep((gulong)MIN(left, PAUSE_US));
    }
    return true;
}

/* A later round of a loop sends the same rows as new transactions. `name` has room for them. */
static bool make_new(const Stream *stream, Transaction *t, char name[TRANS_NUM_MAX + 1]) {
    t->time += stream->shift;
    if (t->time > TIME_MAX) return false;
    if (stream->round == 1) return true;
    const int len = g_snprintf(name, TRANS_NUM_MAX + 1, "%.*s-%" G_GUINT64_FORMAT,
                               (int)t->trans_num.len, t->trans_num.data, stream->round);
    t->trans_num = (Str){name, (size_t)len};
    return len <= TRANS_NUM_MAX;
}

static bool send_transaction(Stream *stream, const Transaction *t, GError **error) {
    const StreamOptions *options = stream->options;
    stream->clock = MAX(stream->clock, t->time);
    if (!send_due_labels(stream, error) || !keep_pace(stream, error)) return false;
    if (!go_on(stream)) return true; /* it ended while waiting for this one's moment */
    if (!stream->sink->transaction(stream->sink, t, options->with_labels, error)) return false;
    if (++stream->scheduled % PROGRESS_EVERY == 0) tell_progress(stream);
    if (options->label_delay < 0 || t->is_fraud == LABEL_NONE ||
        label_queue_push(stream->queue, t, options->label_delay))
        return true;
    g_set_error(error, CSV_LOG_ERROR, CSV_LOG_ERROR_LABELS,
                "over %zu labels wait at once: choose a shorter --label-delay", LABEL_QUEUE_MAX);
    return false;
}

/* Opens the file for another round, whose first row follows the last by a whole number of weeks
 * from its former place, so that weekdays and hours stay. */
static bool start_round(Stream *stream, GError **error) {
    const CsvLogOptions options = {.paths = &stream->options->path,
                                   .path_count = 1,
                                   .label_delay = -1,
                                   .strict = stream->options->strict};
    if (stream->round++ > 0)
        stream->shift += ((stream->last - stream->first) / WEEK_SECONDS + 1) * WEEK_SECONDS;
    stream->log = csv_log_open(&options, error);
    return stream->log != NULL;
}

static void end_round(Stream *stream) {
    const CsvLogCounters counters = csv_log_counters(stream->log);
    stream->report->rejected_rows += counters.rejected;
    stream->report->duplicate_rows += counters.duplicates;
    if (!stream->report->problem) stream->report->problem = g_strdup(csv_log_problem(stream->log));
    stream->log->free(stream->log);
    stream->log = NULL;
}

/* What ends the stream before its next transaction, if anything does. */
static bool is_over(const Stream *stream, StreamEnd *end) {
    if (!stream->outer->go_on(stream->outer->data))
        *end = STREAM_END_STOPPED;
    else if (time_is_up(stream))
        *end = STREAM_END_TIME;
    else if (stream->options->limit && stream->scheduled >= stream->options->limit)
        *end = STREAM_END_LIMIT;
    else
        return false;
    return true;
}

/* The rows of one round; sets *over when the stream ends with it. */
static bool run_round(Stream *stream, bool *over, GError **error) {
    const uint64_t before = stream->scheduled;
    Event event;
    LogStatus status;
    while (!(*over = is_over(stream, &stream->report->end)) &&
           (status = stream->log->next(stream->log, &event, error)) != LOG_END) {
        if (status == LOG_ERROR) return false;
        char name[TRANS_NUM_MAX + 1];
        Transaction *t = &event.transaction;
        if (stream->round == 1) {
            stream->first = stream->scheduled ? MIN(stream->first, t->time) : t->time;
            stream->last = stream->scheduled ? MAX(stream->last, t->time) : t->time;
        }
        if (!make_new(stream, t, name))
            stream->report->rejected_rows++;
        else if (!send_transaction(stream, t, error))
            return false;
    }
    if (*over) return true;
    stream->report->end = STREAM_END_FILE;
    *over = !stream->options->loop || stream->scheduled == before;
    return true;
}

static bool run_rounds(Stream *stream, GError **error) {
    Sink *sink = stream->sink;
    if (!sink->open(sink, error)) return false;
    for (bool over = false; !over;) {
        if (!start_round(stream, error)) return false;
        const bool good = run_round(stream, &over, error) && sink->flush(sink, error);
        if (good) tell_progress(stream);
        end_round(stream);
        if (!good) return false;
    }
    return sink->close(sink, error);
}

/* A wait that was given up because the stream is over is no failure. */
static bool forgive_stop(Stream *stream, GError **failure) {
    if (!g_error_matches(*failure, SINK_ERROR, SINK_ERROR_STOPPED)) return false;
    g_clear_error(failure);
    stream->report->end = time_is_up(stream) ? STREAM_END_TIME : STREAM_END_STOPPED;
    return true;
}

bool stream_run(const StreamOptions *options, Sink *sink, const SinkCaller *outer,
                StreamProgress *progress, StreamReport *report, GError **error) {
    *report = (StreamReport){0};
    Stream stream = {.options = options,
                     .outer = outer,
                     .progress = progress,
                     .report = report,
                     .sink = sink,
                     .queue = label_queue_new(),
                     .clock = INT64_MIN,
                     .started = g_get_monotonic_time()};
    sink->caller = (SinkCaller){go_on, tell_waiting, &stream};
    GError *failure = NULL;
    const bool good = run_rounds(&stream, &failure) || forgive_stop(&stream, &failure);
    if (failure) g_propagate_error(error, failure);
    report->transactions = sink->transactions;
    report->labels = sink->labels;
    report->seconds = (double)(g_get_monotonic_time() - stream.started) / G_USEC_PER_SEC;
    label_queue_free(stream.queue);
    return good;
}

const char *stream_end_name(StreamEnd end) {
    static const char *const names[] = {"file", "limit", "time", "stopped"};
    return names[end];
}
