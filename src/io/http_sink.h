/* A sink that posts newline-delimited records to a haechi service and reads its answers. While the
 * service is away or asks to wait (503, 429), a post waits with it: nothing is dropped, and whoever
 * produces is slowed down. Posting the same record twice is harmless, as the service knows it by
 * its trans_num. */
#pragma once

#include "base/str.h"
#include <glib.h>
#include <stdint.h>

#define HTTP_SINK_ERROR http_sink_error_quark()
GQuark http_sink_error_quark(void);
typedef enum HttpSinkError {
    HTTP_SINK_ERROR_URL,     /* not an http or https address */
    HTTP_SINK_ERROR_REFUSED, /* the service answered that it will not take this */
    HTTP_SINK_ERROR_STOPPED, /* `go_on` said so while waiting */
} HttpSinkError;

/* What the service answered, summed over all posts. */
typedef struct HttpSinkTotals {
    uint64_t accepted, refused; /* records */
    uint64_t approve, review, decline;
    uint64_t duplicates; /* of the accepted: known before */
    uint64_t retries;    /* posts made again */
} HttpSinkTotals;

typedef struct HttpSinkOptions {
    const char *url;   /* "http://127.0.0.1:8080" */
    const char *token; /* API token, or NULL */
    bool (*go_on)(void *data);
    void (*waiting)(void *data, const char *why); /* once for each time the service is away */
    void *data;
} HttpSinkOptions;

typedef struct HttpSink HttpSink;

/* Copies url and token. */
HttpSink *http_sink_new(const HttpSinkOptions *options, GError **error);
void http_sink_free(HttpSink *sink); /* NULL is allowed */

/* Posts `records` (each line one JSON object) to `path` ("/v1/transactions") and adds the answers
 * to *totals. Every error is one line that names the address. */
bool http_sink_post(HttpSink *sink, const char *path, Str records, HttpSinkTotals *totals,
                    GError **error);
