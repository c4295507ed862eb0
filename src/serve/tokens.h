/* The token file: whose API tokens the service takes, and what each may do. A line is
 *
 *     NAME ROLE TOKEN
 *
 * with a role of identity.h and a token of TOKEN_MIN to TOKEN_MAX printable ASCII characters, or
 * "sha256:" and the 64 hexadecimal digits of one's SHA-256, so that the file need not hold the
 * token itself. Empty lines and those that begin with # are passed over. A file of a single word is
 * a token too: of one who is called "admin" and is one.
 *
 * In memory only hashes are kept. What is looked up is compared with all of them in a time that
 * does not depend on where they differ. */
#pragma once

#include "serve/identity.h"
#include <glib.h>

enum {
    TOKEN_MIN = 16,
    TOKEN_MAX = 256,
    TOKENS_MAX = 1000, /* in one file */
    TOKEN_FILE_BYTES_MAX = 512 << 10,
    IDENTITY_NAME_MAX = 64, /* bytes */
};

typedef struct Tokens Tokens;

/* Reads a file that only its owner can read. Every error is one line with the file and, where there
 * is one, the line; nothing that could be a token is in it. */
Tokens *tokens_read(const char *path, GError **error);

/* The same of text[0..len), which was read from `path`. */
Tokens *tokens_parse(const char *path, const char *text, size_t len, GError **error);

void tokens_free(Tokens *tokens); /* NULL is allowed */

/* Adds the names (char *, copies that are `out`'s to free) of those who may do what `role`
 * may, in the file's order. */
void tokens_names(const Tokens *tokens, Role role, GPtrArray *out);

/* Whose token it is; NULL: nobody's. Lives as long as `tokens`. */
const Identity *tokens_find(const Tokens *tokens, Str token);
