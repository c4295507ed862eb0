#include "model/member_scores.h"

#include <string.h>

Str member_kinds_next(Str *kinds) {
    if (kinds->len == 0) return (Str){0};
    const char *comma = memchr(kinds->data, ',', kinds->len);
    const Str kind = {kinds->data, comma != NULL ? (size_t)(comma - kinds->data) : kinds->len};
    const size_t taken = kind.len + (comma != NULL);
    *kinds = (Str){kinds->data + taken, kinds->len - taken};
    return kind;
}
