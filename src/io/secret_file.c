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

static char *read_line(int fd, const char *path, const char *what, size_t least, GError **error) {
    struct stat st;
    if (fstat(fd, &st) != 0 || !S_ISREG(st.st_mode)) return fail(path, what, "not a file", error);
    if (st.st_mode & (S_IRWXG | S_IRWXO))
        return fail(path, what, "others can read it: chmod 600 it first", error);
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
    const int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0) return fail(path, what, g_strerror(errno), error);
    char *secret = read_line(fd, path, what, least, error);
    close(fd);
    return secret;
}
