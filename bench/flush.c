/* The disk alone: appends of a commit's size, each flushed, as the store's are. What it prints is
 * the floor under the service's latency in the same run. Usage: bench_flush FILE */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

enum { BYTES = 128 << 10, FLUSHES = 1000, FILE_BYTES = 32 << 20, PAUSE_US = 3000 };

static double now_ms(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec * 1e3 + (double)now.tv_nsec / 1e6;
}

static int compare(const void *a, const void *b) {
    const double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

int main(int argc, char **argv) {
    static char bytes[BYTES];
    static double times[FLUSHES];
    const int file = argc == 2 ? open(argv[1], O_CREAT | O_WRONLY | O_TRUNC | O_CLOEXEC, 0600) : -1;
    if (file < 0) {
        fputs("usage: bench_flush FILE\n", stderr);
        return 2;
    }
    for (int i = 0; i < FLUSHES; i++) {
        const double start = now_ms();
        const off_t at = (off_t)i * BYTES % FILE_BYTES;
        if (pwrite(file, bytes, BYTES, at) != BYTES || fdatasync(file) != 0) {
            perror(argv[1]);
            return 1;
        }
        times[i] = now_ms() - start;
        usleep(PAUSE_US);
    }
    close(file);
    unlink(argv[1]);
    qsort(times, FLUSHES, sizeof *times, compare);
    printf("flush of %d KiB: p50 %.2f ms, p99 %.2f ms, max %.0f ms\n", BYTES >> 10,
           times[FLUSHES / 2], times[FLUSHES * 99 / 100], times[FLUSHES - 1]);
    return 0;
}
