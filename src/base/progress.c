#include "base/progress.h"

#include <glib.h>
#include <stdbool.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

enum { BAR_WIDTH = 30, REDRAW_MS = 100 };

struct Progress {
    char *label;
    uint64_t total;
    int64_t started, drawn; /* milliseconds; drawn is 0 before the first time */
    bool shown;             /* standard error is a terminal */
};

static int64_t now_ms(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC_COARSE, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

Progress *progress_new(const char *label, uint64_t total) {
    Progress *progress = g_new0(Progress, 1);
    progress->label = g_strdup(label);
    progress->total = total;
    progress->started = now_ms();
    progress->shown = isatty(STDERR_FILENO) == 1;
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

void progress_update(Progress *progress, uint64_t done, const char *note) {
    if (!progress->shown) return;
    const int64_t now = now_ms();
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
    g_free(progress->label);
    g_free(progress);
}
