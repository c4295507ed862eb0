/* A set of texts, kept as 128-bit hashes under a random key: with 2^32 texts in it, the chance that
 * a new one is mistaken for a member is 2^-96, and nobody outside the process can bring it about.
 * Memory: 16 bytes an entry in a table that is 40 to 80 per cent full, so 20 to 40 bytes a text. */
#pragma once

#include "base/str.h"

typedef struct HashSet HashSet;

HashSet *hash_set_new(void);
void hash_set_free(HashSet *set); /* NULL is allowed */

/* False when `text` was in the set already. */
bool hash_set_add(HashSet *set, Str text);
size_t hash_set_count(const HashSet *set);
