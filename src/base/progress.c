#include "base/progress.h"

#include <fcntl.h>
#include <glib.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

/* The file's line always has LINE_BYTES, so that one write takes the place of the one before. */
enum { BAR_WIDTH = 30, REDRAW_MS = 100, REWRITE_MS = 500, LINE_BYTES = 256 };

struct Progress {
    char *label;
    uint64_t total;
    int64_t started, drawn; /* milliseconds; drawn is 0 before the first time */
    bool shown;             /* standard error is a terminal */
    int file;               /* -1: none */
    int64_t written;        /* milliseconds; 0 before the first time */
};

static int64_t now_ms(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC_COARSE, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static int open_file(void) {
    const char *path = g_getenv(PROGRESS_VARIABLE);
    return path && *path ? open(path, O_WRONLY | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600) : -1;
}

Progress *progress_new(const char *label, uint64_t total) {
    Progress *progress = g_new0(Progress, 1);
    progress->label = g_strdup(label);
    progress->total = total;
    progress->started = now_ms();
    progress->shown = isatty(STDERR_FILENO) == 1;
    progress->file = open_file();
    return progress;
}

static void draw_bar(const Progress *progress, double share, int64_t elapsed) {
    const int filled = (int)(share * BAR_WIDTH);
    char bar[BAR_WIDTH + 1] = {0};
    for (int i = 0; i < BAR_WIDTH; i++)
        bar[i] = i < filled ? '#' : '.';
    fprintf(stderr, "\r%s [%s] %3d %%", progress->label, bar, (int)(share * 100));
    if (share > 0.01 && elapsed > 1000)
        fprintf(stderr, " %ld s left", (long)((double)elapsed * (1 - share) / share / 1000 + 1));
}

/* What cannot be written is not: the work matters more. */
static void write_file(Progress *progress, uint64_t done, int64_t now) {
    if (progress->written != 0 && now - progress->written < REWRITE_MS) return;
    progress->written = now;
    char share[G_ASCII_DTOSTR_BUF_SIZE] = "-", line[LINE_BYTES + 1];
    if (progress->total)
        g_ascii_formatd(share, sizeof share, "%.4f",
                        MIN((double)done / (double)progress->total, 1));
    g_snprintf(line, sizeof line, "%s %-*s", share, LINE_BYTES, progress->label);
    line[LINE_BYTES - 1] = '\n';
    if (pwrite(progress->file, line, LINE_BYTES, 0) != LINE_BYTES) {
        close(progress->file);
        progress->file = -1;
    }
}

char *progress_read(const char *path, double *share) {
    char line[LINE_BYTES + 1] = "", *end;
    const int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
    const ssize_t got = fd >= 0 ? read(fd, line, LINE_BYTES) : -1;
    if (fd >= 0) close(fd);
    *share = -1;
    if (got < LINE_BYTES) return NULL;
    if (*line != '-') {
        *share = g_ascii_strtod(line, &end);
        if (!(*share >= 0 && *share <= 1) || end == line) return NULL;
    }
    const char *label = strchr(line, ' ');
    if (!label) return NULL;
    g_autofree char *valid = g_utf8_make_valid(label + 1, -1);
    return g_strdup(g_strstrip(valid));
}

void progress_update(Progress *progress, uint64_t done, const char *note) {
    const int64_t now = now_ms();
    if (progress->file >= 0) write_file(progress, done, now);
    if (!progress->shown) return;
    if (progress->drawn != 0 && now - progress->drawn < REDRAW_MS) return;
    progress->drawn = now;
    const double share = progress->total ? (double)done / (double)progress->total : 0;
    if (progress->total)
        draw_bar(progress, MIN(share, 1), now - progress->started);
    else
        fprintf(stderr, "\r%s", progress->label);
    fprintf(stderr, " %s\033[K", note ? note : "");
}

void progress_end(Progress *progress) {
    if (!progress) return;
    if (progress->drawn != 0) fputs("\r\033[K", stderr);
    if (progress->file >= 0) close(progress->file);
    g_free(progress->label);
    g_free(progress);
}
