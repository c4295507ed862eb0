/* The pseudo-stream: the rows of a file, sent to a sink as if they happened now. Rows keep their
 * times; only the pace is ours. A row's label is not sent with it: it follows when its delay has
 * passed in the rows' time. */
#pragma once

#include "io/sink.h"

#define STREAM_RATE_MAX 1000000.0

typedef struct StreamOptions {
    const char *path; /* a CSV file, or "-" */
    double rate;      /* transactions a second, up to STREAM_RATE_MAX; 0 for as fast as it goes */
    int64_t label_delay; /* seconds in the rows' time; negative: no labels */
    int64_t seconds;     /* ends after this long; 0 for no limit */
    uint64_t limit;      /* ends after this many transactions; 0 for no limit */
    bool loop;        /* starts over at the end: each round with trans_nums of its own ("...-2") and
                         times that go on after the last */
    bool with_labels; /* send is_fraud within the transactions too */
    bool strict;      /* the first bad row is an error */
} StreamOptions;

typedef enum StreamEnd {
    STREAM_END_FILE,
    STREAM_END_LIMIT,
    STREAM_END_TIME,
    STREAM_END_STOPPED
} StreamEnd;

typedef struct StreamReport {
    SinkTotals transactions, labels;        /* what became of those that were sent */
    uint64_t rejected_rows, duplicate_rows; /* of the file, not sent */
    double seconds;
    StreamEnd end;
    char *problem; /* a line to warn with when bad rows could not be kept aside, or NULL; the
                      caller frees */
} StreamReport;

/* Called from time to time with what was done so far, and the bytes read of the file's total. */
typedef void StreamProgress(void *data, const StreamReport *report, uint64_t done, uint64_t total);

/* Streams until the file, the limit or the time ends, or the caller's `go_on` says stop. The sink
 * is opened and closed here, and freed by whoever made it. `caller`'s functions and `progress`,
 * with the caller's data, are called from this thread. *report is filled in every case. */
bool stream_run(const StreamOptions *options, Sink *sink, const SinkCaller *caller,
                StreamProgress *progress, StreamReport *report, GError **error);

const char *stream_end_name(StreamEnd end); /* "file", "limit", "time", "stopped" */
