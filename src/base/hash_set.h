/* A set of texts, kept as 128-bit hashes under a random key: with 2^32 texts in it, the chance that
 * a new one is mistaken for a member is 2^-96, and nobody outside the process can bring it about.
 * Memory: 16 bytes an entry in a table that is 40 to 80 per cent full, so 20 to 40 bytes a text. */
#pragma once

#include "base/hash.h"

typedef struct HashSet HashSet;

/* With room for about as many texts as are expected; more are no harm. */
HashSet *hash_set_new(size_t expected);
void hash_set_free(HashSet *set); /* NULL is allowed */

/* The key of a text in this set; the memory that adding it will touch is asked for, so that work
 * done in between costs no wait. */
HashKey hash_set_key(const HashSet *set, Str text);

/* False when the key's text was in the set already. */
bool hash_set_add_key(HashSet *set, HashKey key);
bool hash_set_add(HashSet *set, Str text);
size_t hash_set_count(const HashSet *set);
