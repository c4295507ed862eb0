/* Asks a service one question over HTTP: a JSON object there, a JSON object back. Nothing is tried
 * again: whoever asks is there to ask again. */
#pragma once

#include "base/json.h"

#include <glib.h>

enum { HTTP_ANSWER_MAX = 16 << 20 }; /* bytes of an answer that are read */

/* Posts the question, or, where its data is NULL, gets the path. `url` is such as
 * "http://127.0.0.1:8080", `path` begins with a slash, `token` is the API token or NULL. Appends
 * the answer to `answer`. `parser`, for texts of HTTP_ANSWER_MAX bytes, reads what a refusal says.
 * An address that is none, a service that is away, and an answer that is not 200 are errors of one
 * line. */
bool http_ask(const char *url, const char *path, const char *token, Str question,
              JsonParser *parser, GString *answer, GError **error);
