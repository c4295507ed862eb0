/* What is answered to a request, by whichever thread works on it. */
#pragma once

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

#define JSON_TYPE    "application/json"
#define NDJSON_TYPE  "application/x-ndjson"
#define PROBLEM_TYPE "application/problem+json"

typedef struct Reply {
    unsigned status; /* HTTP; 0 while there is none */
    const char *content_type;
    GString *body;
    uint64_t duplicates;  /* records that were already in the log */
    unsigned retry_after; /* seconds; 0 for none */
    bool is_file;         /* the body is this open file: who sends it closes it */
    int fd;
    uint64_t file_size;
} Reply;

/* Its body, which is made when there is none; whoever sends it frees it. */
GString *reply_body(Reply *reply);

/* The reply is final. `content_type` must outlive it. */
void reply_finish(Reply *reply, unsigned status, const char *content_type);

/* The reply is a problem (RFC 9457), whatever its body was. */
void reply_problem(Reply *reply, unsigned status, const char *detail);
