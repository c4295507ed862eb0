#include "serve/rejects.h"

#include "base/json_write.h"
#include "serve/shape.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

enum { PENDING_MAX = 1 << 18 }; /* bytes kept back before they are written */

struct Rejects {
    char *path, *old_path;
    GString *pending;
    int fd; /* -1 until the first record */
    uint64_t bytes;
    bool warned;
};

Rejects *rejects_new(const char *dir) {
    Rejects *rejects = g_new0(Rejects, 1);
    rejects->path = g_build_filename(dir, "rejects.jsonl", NULL);
    rejects->old_path = g_strconcat(rejects->path, ".1", NULL);
    rejects->pending = g_string_new(NULL);
    rejects->fd = -1;
    return rejects;
}

void rejects_free(Rejects *rejects) {
    if (!rejects) return;
    rejects_flush(rejects);
    if (rejects->fd >= 0) close(rejects->fd);
    g_string_free(rejects->pending, TRUE);
    g_free(rejects->old_path);
    g_free(rejects->path);
    g_free(rejects);
}

static void warn_once(Rejects *rejects) {
    if (!rejects->warned) g_printerr("cannot write %s: %s\n", rejects->path, g_strerror(errno));
    rejects->warned = true;
}

static bool open_file(Rejects *rejects) {
    if (rejects->fd >= 0) return true;
    rejects->fd = open(rejects->path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0600);
    struct stat st;
    if (rejects->fd < 0 || fstat(rejects->fd, &st) != 0) return false;
    rejects->bytes = (uint64_t)st.st_size;
    return true;
}

static void start_anew_when_full(Rejects *rejects) {
    if (rejects->bytes < REJECTS_MAX_BYTES) return;
    close(rejects->fd);
    rejects->fd = -1;
    rejects->bytes = 0;
    if (rename(rejects->path, rejects->old_path) != 0) warn_once(rejects);
}

void rejects_add(Rejects *rejects, const Reject *reject) {
    GString *out = rejects->pending;
    g_string_append(out, "{\"at\":");
    shape_time(out, g_get_real_time() / G_USEC_PER_SEC);
    g_string_append_printf(out, ",\"line\":%" G_GUINT64_FORMAT, reject->line);
    shape_cause(out, reject);
    g_string_append(out, "}\n");
    if (out->len >= PENDING_MAX) rejects_flush(rejects);
}

void rejects_flush(Rejects *rejects) {
    GString *pending = rejects->pending;
    if (pending->len == 0) return;
    if (!open_file(rejects)) {
        warn_once(rejects);
    } else {
        ssize_t written = write(rejects->fd, pending->str, pending->len);
        if (written != (ssize_t)pending->len) warn_once(rejects);
        rejects->bytes += written > 0 ? (uint64_t)written : 0;
        start_anew_when_full(rejects);
    }
    g_string_truncate(pending, 0);
}
