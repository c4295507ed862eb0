/* A string that is a view into someone else's memory: parsers hand out fields without copying them.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

typedef struct Str {
    const char *data; /* not NUL-terminated; may be NULL when len is 0 */
    size_t len;
} Str;

#define STR(literal) ((Str){(literal), sizeof(literal) - 1})
#define STR_INIT(literal)                                                                          \
    { (literal), sizeof(literal) - 1 } /* for static tables */

static inline Str str_from(const char *text) {
    const Str whole = {text, strlen(text)};
    return whole;
}

static inline bool str_equal(Str a, Str b) {
    return a.len == b.len && (a.len == 0 || memcmp(a.data, b.data, a.len) == 0);
}
