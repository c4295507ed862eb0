#include "io/secret_file.h"

#include <errno.h>
#include <fcntl.h>
#include <gio/gio.h>
#include <stdbool.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static char *fail(const char *path, const char *what, const char *why, GError **error) {
    g_set_error(error, G_IO_ERROR, G_IO_ERROR_FAILED, "cannot use the %s %s: %s", what, path, why);
    return NULL;
}

static bool is_well(const char *secret, size_t least) {
    const size_t len = strlen(secret);
    for (size_t i = 0; i < len; i++) {
        const unsigned char c = (unsigned char)secret[i];
        const bool of_a_password = least == 1 && (c == ' ' || c >= 0x80);
        if (!g_ascii_isgraph(c) && !of_a_password) return false;
    }
    return len >= least && len <= SECRET_MAX;
}

/* -1 when there is no such file that only its owner can read. */
static int open_private(const char *path, const char *what, GError **error) {
    const int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    const char *why = fd < 0 ? g_strerror(errno) : NULL;
    struct stat st;
    if (fd >= 0 && (fstat(fd, &st) != 0 || !S_ISREG(st.st_mode)))
        why = "not a file";
    else if (fd >= 0 && st.st_mode & (S_IRWXG | S_IRWXO))
        why = "others can read it: chmod 600 it first";
    if (!why) return fd;
    fail(path, what, why, error);
    if (fd >= 0) close(fd);
    return -1;
}

static char *read_line(int fd, const char *path, const char *what, size_t least, GError **error) {
    char text[SECRET_MAX + 3];
    const ssize_t len = read(fd, text, sizeof text - 1);
    text[MAX(len, 0)] = '\0';
    text[strcspn(text, "\r\n")] = '\0';
    if (is_well(text, least)) return g_strdup(text);
    g_autofree char *why = g_strdup_printf(
        "it must hold one line of %zu to %d printable characters", least, SECRET_MAX);
    return fail(path, what, why, error);
}

char *secret_file_read(const char *path, const char *what, size_t least, GError **error) {
    const int fd = open_private(path, what, error);
    if (fd < 0) return NULL;
    char *secret = read_line(fd, path, what, least, error);
    close(fd);
    return secret;
}

char *secret_file_text(const char *path, const char *what, size_t most, size_t *len,
                       GError **error) {
    const int fd = open_private(path, what, error);
    if (fd < 0) return NULL;
    char *text = g_malloc0(most + 2);
    ssize_t got = 1;
    for (*len = 0; *len <= most && got > 0; *len += (size_t)MAX(got, 0))
        got = read(fd, text + *len, most + 1 - *len);
    close(fd);
    if (got >= 0 && *len <= most) return text;
    fail(path, what, got < 0 ? "it cannot be read" : "it is too large", error);
    explicit_bzero(text, most + 2);
    g_free(text);
    return NULL;
}
