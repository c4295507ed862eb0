#include "pipeline/runner.h"

#include "pipeline/card_mask.h"
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#define PROGRAM "/proc/self/exe"

enum { LOOK_MS = 100, READ_BYTES = 65536, FILE_MODE = 0600 };

/* A step that is running. */
typedef struct Child {
    Run *run;
    RunStep *step;
    const RunWatch *watch;
    GPid pid;
    int pipe; /* from it; -1 once it has ended */
    int log;
    gsize logged; /* bytes */
    CardMask mask;
    GString *text;        /* of the log, to be written */
    int64_t asked_to_end; /* monotonic microseconds; 0: not yet */
} Child;

static bool fail(GError **error, const char *doing, const char *what) {
    const int code = errno;
    g_set_error(error, PIPELINE_ERROR, PIPELINE_ERROR_SYSTEM, "cannot %s %s: %s", doing, what,
                g_strerror(code));
    return false;
}

/* In the child, before it becomes the step. */
static void die_with_parent(gpointer parent) {
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != (pid_t)GPOINTER_TO_INT(parent)) _exit(1); /* it is too late to be told */
    setpgid(0, 0);
}

static bool spawn(Child *child, GError **error) {
    int ends[2];
    if (pipe2(ends, O_CLOEXEC) != 0) return fail(error, "start the step", child->step->name);
    fcntl(ends[0], F_SETFL, O_NONBLOCK);
    g_autoptr(GPtrArray) words = g_ptr_array_new();
    g_ptr_array_add(words, (void *)(uintptr_t)PROGRAM);
    for (char **word = child->step->words; *word; word++)
        g_ptr_array_add(words, *word);
    g_ptr_array_add(words, NULL);
    g_autoptr(GError) cause = NULL;
    const bool good = g_spawn_async_with_fds(
        child->run->folder, (char **)words->pdata, NULL, G_SPAWN_DO_NOT_REAP_CHILD, die_with_parent,
        GINT_TO_POINTER(getpid()), &child->pid, -1, ends[1], ends[1], &cause);
    close(ends[1]);
    child->pipe = ends[0];
    if (!good)
        g_set_error(error, PIPELINE_ERROR, PIPELINE_ERROR_SYSTEM, "cannot start the step %s: %s",
                    child->step->name, cause->message);
    return good;
}

static bool write_all(int fd, const char *data, gsize len) {
    while (len > 0) {
        const ssize_t written = write(fd, data, len);
        if (written < 0 && errno == EINTR) continue;
        if (written < 0) return false;
        data += written;
        len -= (gsize)written;
    }
    return true;
}

/* Writes what is in `text` as far as the log may go. */
static bool write_log(Child *child, GError **error) {
    static const char over[] = "\n[the log ends here: it would be too long]\n";
    const gsize room = RUN_LOG_BYTES_MAX - child->logged;
    const gsize len = MIN(child->text->len, room);
    bool good = write_all(child->log, child->text->str, len);
    child->logged += len;
    if (good && len > 0 && child->logged == RUN_LOG_BYTES_MAX)
        good = write_all(child->log, over, sizeof over - 1);
    g_string_truncate(child->text, 0);
    return good || fail(error, "write the log of", child->step->name);
}

/* Takes what the child has said by now, up to READ_BYTES. */
static bool take(Child *child, GError **error) {
    if (child->pipe < 0) return true;
    char data[READ_BYTES];
    const ssize_t got = read(child->pipe, data, sizeof data);
    if (got < 0 && (errno == EAGAIN || errno == EINTR)) return true;
    if (got > 0) {
        card_mask_add(&child->mask, data, (gsize)got, child->text);
        return write_log(child, error);
    }
    close(child->pipe);
    child->pipe = -1;
    return true;
}

static bool is_cancelled(const Child *child) {
    const RunWatch *watch = child->watch;
    return (watch->go_on && !watch->go_on(watch->data)) || run_cancel_asked(child->run);
}

/* Asks the step to end when the run is cancelled, and in the end insists. */
static void end_if_cancelled(Child *child) {
    const int64_t now = g_get_monotonic_time();
    if (child->asked_to_end == 0 && is_cancelled(child)) {
        child->asked_to_end = now;
        kill(-child->pid, SIGTERM);
    }
    if (child->asked_to_end &&
        now - child->asked_to_end > (int64_t)RUN_GRACE_SECONDS * G_USEC_PER_SEC)
        kill(-child->pid, SIGKILL);
}

/* Whether it has ended; it stays to be waited for, so that nobody else gets its number. */
static bool has_ended(const Child *child) {
    siginfo_t info = {0};
    return waitid(P_PID, (id_t)child->pid, &info, WEXITED | WNOHANG | WNOWAIT) == 0 &&
           info.si_pid == child->pid;
}

static bool follow(Child *child, GError **error) {
    while (!has_ended(child)) {
        struct pollfd wait = {.fd = child->pipe, .events = POLLIN};
        poll(&wait, 1, child->pipe < 0 ? LOOK_MS / 10 : LOOK_MS);
        if (!take(child, error)) return false;
        end_if_cancelled(child);
    }
    return true;
}

/* What the child said before it ended. Others may hold the pipe still: nobody waits for them. */
static bool take_rest(Child *child, GError **error) {
    for (gsize before = G_MAXSIZE; child->pipe >= 0 && before != child->logged;) {
        before = child->logged;
        if (!take(child, error)) return false;
    }
    card_mask_end(&child->mask, child->text);
    return write_log(child, error);
}

/* Ends all of the step's processes and notes how it ended. */
static void reap(Child *child) {
    int status = 0;
    kill(-child->pid, SIGKILL);
    while (waitpid(child->pid, &status, 0) < 0 && errno == EINTR)
        ;
    RunStep *step = child->step;
    if (WIFSIGNALED(status))
        step->signal = WTERMSIG(status);
    else
        step->status = WEXITSTATUS(status);
    g_spawn_close_pid(child->pid);
}

static bool start_and_follow(Child *child, GError **error) {
    if (!spawn(child, error)) return false;
    bool good = follow(child, error);
    good = good && take_rest(child, error);
    reap(child);
    return good;
}

static bool open_log(Child *child, GError **error) {
    g_autofree char *path = run_log_path(child->run, child->step);
    child->log = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, FILE_MODE);
    return child->log >= 0 || fail(error, "open", path);
}

static void tell(const Child *child) {
    if (child->watch->changed) child->watch->changed(child->watch->data, child->run, child->step);
}

static bool begin(Child *child, GError **error) {
    child->step->state = RUN_RUNNING;
    child->step->started = g_get_real_time();
    if (!run_save(child->run, error)) return false;
    tell(child);
    return true;
}

/* A step that was asked to end may do so with status 0, as a stream does, and has not done all. */
static RunState outcome(const Child *child) {
    if (child->asked_to_end) return RUN_CANCELLED;
    return child->step->status == 0 ? RUN_SUCCEEDED : RUN_FAILED;
}

static bool run_step(Run *run, RunStep *step, const RunWatch *watch, GError **error) {
    Child child = {.run = run, .step = step, .watch = watch, .pipe = -1, .log = -1};
    child.text = g_string_new(NULL);
    const bool good =
        open_log(&child, error) && begin(&child, error) && start_and_follow(&child, error);
    if (child.pipe >= 0) close(child.pipe);
    if (child.log >= 0) close(child.log);
    g_string_free(child.text, TRUE);
    step->state = good ? outcome(&child) : RUN_FAILED;
    step->ended = g_get_real_time();
    tell(&child);
    return good;
}

/* Runs the steps that wait; returns what becomes of the run. */
static RunState run_steps(Run *run, const RunWatch *watch, GError **error) {
    for (guint i = 0; i < run->steps->len; i++) {
        RunStep *step = g_ptr_array_index(run->steps, i);
        const Child asking = {.run = run, .watch = watch};
        if (step->state == RUN_SUCCEEDED) continue;
        if (is_cancelled(&asking)) return RUN_CANCELLED;
        if (!run_step(run, step, watch, error)) return RUN_FAILED;
        if (step->state != RUN_SUCCEEDED) return step->state;
        if (!run_save(run, error)) return RUN_FAILED;
    }
    return RUN_SUCCEEDED;
}

bool run_execute(Run *run, const RunWatch *watch, GError **error) {
    g_assert(run->lock >= 0 && run->state == RUN_WAITING);
    GError *cause = NULL;
    run->state = RUN_RUNNING;
    run->started = g_get_real_time();
    run->state = run_save(run, &cause) ? run_steps(run, watch, &cause) : RUN_FAILED;
    run->ended = g_get_real_time();
    run_save(run, cause ? NULL : &cause);
    run_forget_cancel(run);
    if (!cause) return true;
    g_propagate_error(error, cause);
    return false;
}

char *run_last_line(const Run *run, const RunStep *step) {
    enum { TAIL_BYTES = 4096, LINE_BYTES = 200 };
    g_autofree char *path = run_log_path(run, step);
    FILE *file = fopen(path, "rbe");
    if (!file) return NULL;
    char text[TAIL_BYTES + 1];
    if (fseek(file, -TAIL_BYTES, SEEK_END) != 0) rewind(file);
    text[fread(text, 1, TAIL_BYTES, file)] = '\0';
    fclose(file);
    g_strchomp(text);
    const char *last = strrchr(text, '\n');
    g_autofree char *line = g_strndup(last ? last + 1 : text, LINE_BYTES);
    return *line ? g_utf8_make_valid(line, -1) : NULL;
}
