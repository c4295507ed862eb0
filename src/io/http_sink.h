/* A sink that posts records to a haechi service and reads its answers. While the service is away or
 * asks to wait (503, 429), a post waits with it. Posting the same record twice is harmless, as the
 * service knows it by its trans_num.
 *
 * Records gather into posts of newline-delimited JSON. A label that says fraud must not overtake,
 * nor be overtaken by, a transaction, so what has gathered goes before the next one; the others,
 * which teach the graph nothing new, wait for the post at hand to fill. */
#pragma once

#include "io/sink.h"

/* `url` is such as "http://127.0.0.1:8080"; `token` is the API token, or NULL. Both are copied. */
Sink *http_sink_new(const char *url, const char *token, GError **error);
