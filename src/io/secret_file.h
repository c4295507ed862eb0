/* A secret, such as a token or a password, from a file that only its owner can read. */
#pragma once

#include <glib.h>
#include <stddef.h>

enum { SECRET_MAX = 256 }; /* bytes */

/* Reads the file's one line of `least` to SECRET_MAX printable ASCII characters; where `least` is
 * 1, as of a password that a person chose, spaces and UTF-8 too. `what` is for the message: "token
 * file". The caller frees the secret. Every error is one line that names the file and shows nothing
 * of what is in it. */
char *secret_file_read(const char *path, const char *what, size_t least, GError **error);

/* The whole text of such a file of up to `most` bytes, with a NUL after it; the caller wipes and
 * frees it. */
char *secret_file_text(const char *path, const char *what, size_t most, size_t *len,
                       GError **error);
