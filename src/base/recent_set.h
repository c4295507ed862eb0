/* The last so many texts, as a set: the oldest is forgotten for each new one beyond the limit. Kept
 * as 128-bit hashes under a random key that belongs to the set and goes with it when it is written
 * and read. Memory: 24 to 40 bytes a text, at most. */
#pragma once

#include "base/bytes.h"
#include "base/str.h"

typedef struct RecentSet RecentSet;

/* `limit` from 1 to RECENT_SET_MAX. */
enum { RECENT_SET_MAX = 1 << 24 };
RecentSet *recent_set_new(size_t limit);
void recent_set_free(RecentSet *set); /* NULL is allowed */

/* False when the text was in the set already. */
bool recent_set_add(RecentSet *set, Str text);
bool recent_set_has(const RecentSet *set, Str text);

/* False when the text was not in the set. */
bool recent_set_remove(RecentSet *set, Str text);
size_t recent_set_count(const RecentSet *set);

void recent_set_write(const RecentSet *set, GByteArray *out);

/* What recent_set_write wrote, or NULL where the bytes do not hold together. */
RecentSet *recent_set_read(BytesReader *in, size_t limit);
