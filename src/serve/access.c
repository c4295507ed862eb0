#include "serve/access.h"

#include "io/secret_file.h"
#include "serve/tokens.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { BACKLOG = 1024 };

/* Listening */

static bool fail_listen(const char *address, const char *why, GError **error) {
    g_set_error(error, G_IO_ERROR, G_IO_ERROR_FAILED, "cannot listen on %s: %s", address, why);
    return false;
}

/* "host:port", where an IPv6 host stands in brackets. */
static bool split_address(const char *address, char **host, char **port) {
    const char *colon = strrchr(address, ':');
    if (!colon || colon == address || !colon[1] ||
        strspn(colon + 1, "0123456789") != strlen(colon + 1) || strlen(colon + 1) > 5 ||
        g_ascii_strtoull(colon + 1, NULL, 10) > 65535)
        return false;
    const char *start = address, *end = colon;
    bool bracketed = *start == '[' && end[-1] == ']';
    if (!bracketed && memchr(start, ':', (size_t)(end - start))) return false;
    *host = g_strndup(start + bracketed, (gsize)(end - start) - 2 * bracketed);
    *port = g_strdup(colon + 1);
    return true;
}

static bool is_loopback(const struct sockaddr *address) {
    if (address->sa_family == AF_INET) {
        const struct sockaddr_in *in = (const void *)address;
        return ntohl(in->sin_addr.s_addr) >> 24 == 127;
    }
    const struct sockaddr_in6 *in6 = (const void *)address;
    return address->sa_family == AF_INET6 && IN6_IS_ADDR_LOOPBACK(&in6->sin6_addr);
}

static int bind_socket(const struct addrinfo *info) {
    int fd = socket(info->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    int on = 1;
    if (fd >= 0 && setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) == 0 &&
        bind(fd, info->ai_addr, info->ai_addrlen) == 0 && listen(fd, BACKLOG) == 0)
        return fd;
    int failure = errno;
    if (fd >= 0) close(fd);
    errno = failure;
    return -1;
}

static char *url_of(int fd) {
    struct sockaddr_storage address = {0};
    socklen_t len = sizeof address;
    char host[INET6_ADDRSTRLEN + 16] = "", port[8] = "";
    getsockname(fd, (struct sockaddr *)&address, &len);
    getnameinfo((struct sockaddr *)&address, len, host, sizeof host, port, sizeof port,
                NI_NUMERICHOST | NI_NUMERICSERV);
    bool v6 = address.ss_family == AF_INET6;
    return g_strdup_printf("http://%s%s%s:%s/", v6 ? "[" : "", host, v6 ? "]" : "", port);
}

bool listener_open(const char *address, Listener *out, GError **error) {
    g_autofree char *host = NULL, *port = NULL;
    if (!split_address(address, &host, &port))
        return fail_listen(address, "an address is HOST:PORT, such as 127.0.0.1:8080", error);
    struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_NUMERICSERV}, *info;
    int status = getaddrinfo(host, port, &hints, &info);
    if (status != 0) return fail_listen(address, gai_strerror(status), error);
    out->loopback = is_loopback(info->ai_addr);
    out->fd = bind_socket(info);
    int failure = errno;
    freeaddrinfo(info);
    if (out->fd < 0)
        return fail_listen(
            address, failure == EADDRINUSE ? "the port is in use" : g_strerror(failure), error);
    out->url = url_of(out->fd);
    return true;
}

void listener_clear(Listener *listener) {
    if (listener->fd >= 0) close(listener->fd);
    g_free(listener->url);
    *listener = (Listener){.fd = -1};
}

/* A client's token */

char *token_read(const char *path, GError **error) {
    return secret_file_read(path, "token file", TOKEN_MIN, error);
}

/* Clients */

static void write_v6(const struct in6_addr *address, char out[CLIENT_ADDRESS_LEN]) {
    struct in6_addr network = *address;
    if (IN6_IS_ADDR_V4MAPPED(address)) {
        inet_ntop(AF_INET, &address->s6_addr[12], out, CLIENT_ADDRESS_LEN);
        return;
    }
    memset(&network.s6_addr[8], 0, 8);
    inet_ntop(AF_INET6, &network, out, CLIENT_ADDRESS_LEN);
}

/* "ADDRESS" or "..., ADDRESS". What is no address stands for itself. */
static void write_forwarded(const char *forwarded, char out[CLIENT_ADDRESS_LEN]) {
    const char *comma = strrchr(forwarded, ',');
    struct in6_addr v6;
    g_strlcpy(out, comma ? comma + 1 : forwarded, CLIENT_ADDRESS_LEN);
    g_strstrip(out);
    if (inet_pton(AF_INET6, out, &v6) == 1) write_v6(&v6, out);
}

void client_address(const struct sockaddr *peer, const char *forwarded,
                    char out[CLIENT_ADDRESS_LEN]) {
    g_strlcpy(out, "unknown", CLIENT_ADDRESS_LEN);
    if (forwarded && is_loopback(peer))
        write_forwarded(forwarded, out);
    else if (peer->sa_family == AF_INET)
        inet_ntop(AF_INET, &((const struct sockaddr_in *)(const void *)peer)->sin_addr, out,
                  CLIENT_ADDRESS_LEN);
    else if (peer->sa_family == AF_INET6)
        write_v6(&((const struct sockaddr_in6 *)(const void *)peer)->sin6_addr, out);
}

/* Host */

bool host_is_loopback(const char *host) {
    if (!host) return false;
    const char *colon = strrchr(host, ':');
    size_t len = strlen(host);
    if (colon && (*host != '[' || colon[-1] == ']')) len = (size_t)(colon - host);
    g_autofree char *name = g_ascii_strdown(host, (gssize)len);
    struct in_addr in;
    return strcmp(name, "localhost") == 0 || strcmp(name, "[::1]") == 0 ||
           (inet_pton(AF_INET, name, &in) == 1 && ntohl(in.s_addr) >> 24 == 127);
}
