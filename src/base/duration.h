/* Lengths of time as people type them: "30s", "15m", "12h", "7d", "2w"; a bare number is seconds.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#define DURATION_MAX 3155760000LL /* seconds: a hundred years */

/* False when `text` is of another form or longer than DURATION_MAX. */
bool duration_parse(const char *text, int64_t *seconds);
