/* What every HTTP client of ours asks of libcurl. */
#pragma once

#include "base/json.h"

#include <curl/curl.h>
#include <stdbool.h>

/* HTTP and HTTPS only, no signals, small writes at once, and the own machine without a proxy,
 * whatever proxy is set for the world. Redirects are not followed and certificates are checked, as
 * libcurl has it. */
void http_set_up(CURL *curl);

/* Whether the text begins as an address that http_set_up lets through. */
bool http_is_url(const char *text);

/* The headers of a POST with a body of the type; `token`, NULL for none, is the API token. The
 * caller frees the list. */
struct curl_slist *http_post_headers(const char *content_type, const char *token);

/* The one line, which the caller frees, about an answer that is no success: `status`, and the
 * detail of the problem (RFC 9457) that the answer holds, if it does. */
char *http_refusal(const char *url, const char *path, long status, JsonParser *parser, Str answer);

/* A text that a server said, as a part of one line, which the caller frees: valid UTF-8 of at most
 * 400 bytes, what controls a terminal or breaks a line made a space, card numbers masked. */
char *http_one_line(Str text);
