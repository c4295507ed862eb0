/* Who may ask: the address the service listens on, the API token, and the Host header. */
#pragma once

#include <gio/gio.h>
#include <stdbool.h>

typedef struct Listener {
    int fd;
    bool loopback;
    char *url; /* "http://127.0.0.1:8080/", with the port that was chosen when 0 was asked for */
} Listener;

/* Opens a socket on "127.0.0.1:8080", "[::1]:0", "localhost:8080". The error is one line. */
bool listener_open(const char *address, Listener *out, GError **error);
void listener_clear(Listener *listener);

/* Reads the token from a file that only its owner can read: one line of 16 to 256 printable
 * characters. The caller frees it. */
char *token_read(const char *path, GError **error);

/* Whether an Authorization header (NULL for none) carries the token. Takes the same time wherever
 * the two differ. */
bool token_matches(const char *token, const char *authorization);

/* Whether a Host header (NULL for none) names this machine's loopback. A page of another site that
 * had its name resolve to 127.0.0.1 is told apart by it. */
bool host_is_loopback(const char *host);
