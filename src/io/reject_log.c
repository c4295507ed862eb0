#include "io/reject_log.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

struct RejectLog {
    char *path;
    FILE *file; /* NULL until the first reject */
    char *problem;
    int64_t written;
    size_t kind_count;
    RejectKind kinds[REJECT_KINDS_MAX];
};

static const char header[] = "line,field,reason,value\n";

/* The name may be that of a file of the user's own, which must stay. */
static bool is_reject_file(const char *path) {
    char start[sizeof header - 1];
    const int fd = open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    if (fd < 0) return false;
    const ssize_t got = read(fd, start, sizeof start);
    close(fd);
    return got == (ssize_t)sizeof start && memcmp(start, header, sizeof start) == 0;
}

RejectLog *reject_log_new(const char *path) {
    RejectLog *log = g_new0(RejectLog, 1);
    log->path = g_strdup(path);
    /* What an earlier run refused is no longer so. */
    if (path && is_reject_file(path)) unlink(path);
    return log;
}

static void note_problem(RejectLog *log, const char *what) {
    if (log->problem) return;
    log->problem = g_strdup_printf("%s: %s", log->path, what);
}

void reject_log_free(RejectLog *log) {
    if (!log) return;
    if (log->file) fclose(log->file);
    g_free(log->path);
    g_free(log->problem);
    g_free(log);
}

static void open_file(RejectLog *log) {
    const int fd = open(log->path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    log->file = fd >= 0 ? fdopen(fd, "w") : NULL;
    if (log->file)
        fputs(header, log->file);
    else
        note_problem(log, g_strerror(errno));
}

static void write_quoted(FILE *file, const char *text) {
    fputc('"', file);
    for (; *text; text++) {
        if (*text == '"') fputc('"', file);
        fputc(*text, file);
    }
    fputc('"', file);
}

static void write_reject(RejectLog *log, const Reject *reject) {
    if (!log->path || log->problem) return;
    if (!log->file) open_file(log);
    if (!log->file) return;
    log->written += fprintf(log->file, "%" G_GUINT64_FORMAT ",%s,", reject->line, reject->field);
    write_quoted(log->file, reject->reason);
    fputc(',', log->file);
    write_quoted(log->file, reject->value);
    fputc('\n', log->file);
    log->written += (int64_t)(strlen(reject->reason) + strlen(reject->value) + 6);
    if (ferror(log->file) || fflush(log->file) != 0)
        note_problem(log, g_strerror(errno));
    else if (log->written > REJECT_FILE_MAX)
        note_problem(log, "full: later rejects are only counted");
}

static void count_kind(RejectLog *log, const Reject *reject) {
    for (size_t i = 0; i < log->kind_count; i++) {
        RejectKind *kind = &log->kinds[i];
        if (strcmp(kind->first.reason, reject->reason) == 0 &&
            strcmp(kind->first.field, reject->field) == 0) {
            kind->count++;
            return;
        }
    }
    if (log->kind_count < REJECT_KINDS_MAX)
        log->kinds[log->kind_count++] = (RejectKind){.count = 1, .first = *reject};
}

void reject_log_add(RejectLog *log, const Reject *reject) {
    count_kind(log, reject);
    write_reject(log, reject);
}

const RejectKind *reject_log_kinds(const RejectLog *log, size_t *count) {
    *count = log->kind_count;
    return log->kinds;
}

const char *reject_log_problem(const RejectLog *log) {
    return log->problem;
}

char *reject_log_path_for(const char *input_path) {
    return g_strconcat(strcmp(input_path, "-") == 0 ? "stdin" : input_path, ".rejects", NULL);
}
