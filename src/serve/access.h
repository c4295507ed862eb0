/* Where the service listens and who is at the other end; and the token that a client of it has. */
#pragma once

#include <gio/gio.h>
#include <stdbool.h>
#include <sys/socket.h>

typedef struct Listener {
    int fd;
    bool loopback;
    char *url; /* "http://127.0.0.1:8080/", with the port that was chosen when 0 was asked for */
} Listener;

/* Opens a socket on "127.0.0.1:8080", "[::1]:0", "localhost:8080". The error is one line. */
bool listener_open(const char *address, Listener *out, GError **error);
void listener_clear(Listener *listener);

/* Reads a client's token from a file that only its owner can read: one line of 16 to 256 printable
 * characters. The caller frees it. */
char *token_read(const char *path, GError **error);

/* The address of a client as text, by which guessers of tokens are kept apart. Of a proxy on this
 * machine it is the client that the proxy names last in X-Forwarded-For, as what stands before that
 * may be the client's own words; NULL where there is none, or no proxy that is trusted. Of IPv6 it
 * is the network, a /64, as whoever has one address there has them all. */
enum { CLIENT_ADDRESS_LEN = 64 };
void client_address(const struct sockaddr *peer, const char *forwarded,
                    char out[CLIENT_ADDRESS_LEN]);

/* Whether a Host header (NULL for none) names this machine's loopback. A page of another site that
 * had its name resolve to 127.0.0.1 is told apart by it. */
bool host_is_loopback(const char *host);
