#include "pipeline/runner.h"

#include "base/progress.h"
#include "pipeline/card_mask.h"
#include "pipeline/made_model.h"
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#define PROGRAM "/proc/self/exe"

enum { LOOK_MS = 100, READ_BYTES = 65536, FILE_MODE = 0600 };

/* A step that is running. */
typedef struct Child {
    const Run *run;
    RunStep *step;
    GPid pid; /* 0: not yet, or no more */
    int pipe; /* from it; -1 once it has ended */
    int log;
    gsize logged; /* bytes */
    CardMask mask;
    GString *text; /* of the log, to be written */
    bool faulty;   /* it is why the run cannot go on */
} Child;

/* The run while it is run. */
typedef struct Work {
    Run *run;
    const RunWatch *watch;
    GPtrArray *children;  /* Child *, with child_free */
    int64_t asked_to_end; /* them all; monotonic microseconds; 0: not yet */
    bool failed;          /* a step has: no other is begun, and those that run go on to their end */
} Work;

static void child_free(void *data) {
    Child *child = data;
    if (child->pipe >= 0) close(child->pipe);
    if (child->log >= 0) close(child->log);
    g_string_free(child->text, TRUE);
    g_free(child);
}

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

/* The environment of a step: where it says how far it is, and what it made. */
static char **step_environment(const Child *child) {
    g_autofree char *progress = run_progress_path(child->run, child->step);
    g_autofree char *model = run_model_path(child->run, child->step);
    g_autofree char *progress_file = g_canonicalize_filename(progress, NULL);
    g_autofree char *model_file = g_canonicalize_filename(model, NULL);
    unlink(progress_file); /* of the try before */
    unlink(model_file);
    char **environment = g_get_environ();
    environment = g_environ_setenv(environment, PROGRESS_VARIABLE, progress_file, TRUE);
    return g_environ_setenv(environment, MADE_MODEL_VARIABLE, model_file, TRUE);
}

static bool spawn(Child *child, GError **error) {
    int ends[2];
    if (pipe2(ends, O_CLOEXEC) != 0) return fail(error, "start the step", child->step->name);
    fcntl(ends[0], F_SETFL, O_NONBLOCK);
    g_auto(GStrv) environment = step_environment(child);
    g_autoptr(GPtrArray) words = g_ptr_array_new();
    g_ptr_array_add(words, (void *)(uintptr_t)PROGRAM);
    for (char **word = child->step->words; *word; word++)
        g_ptr_array_add(words, *word);
    g_ptr_array_add(words, NULL);
    g_autoptr(GError) cause = NULL;
    const bool good = g_spawn_async_with_fds(
        child->run->folder, (char **)words->pdata, environment, G_SPAWN_DO_NOT_REAP_CHILD,
        die_with_parent, GINT_TO_POINTER(getpid()), &child->pid, -1, ends[1], ends[1], &cause);
    close(ends[1]);
    child->pipe = ends[0];
    if (good) return true;
    child->pid = 0;
    g_set_error(error, PIPELINE_ERROR, PIPELINE_ERROR_SYSTEM, "cannot start the step %s: %s",
                child->step->name, cause->message);
    return false;
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

/* Whether it has ended; it stays to be waited for, so that nobody else gets its number. */
static bool has_ended(const Child *child) {
    siginfo_t info = {0};
    return waitid(P_PID, (id_t)child->pid, &info, WEXITED | WNOHANG | WNOWAIT) == 0 &&
           info.si_pid == child->pid;
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

static bool open_log(Child *child, GError **error) {
    g_autofree char *path = run_log_path(child->run, child->step);
    child->log = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, FILE_MODE);
    return child->log >= 0 || fail(error, "open", path);
}

static void tell(const Work *work, const RunStep *step) {
    if (work->watch->changed) work->watch->changed(work->watch->data, work->run, step);
}

static bool begin(Work *work, RunStep *step, GError **error) {
    Child *child = g_new0(Child, 1);
    *child = (Child){.run = work->run, .step = step, .pipe = -1, .log = -1};
    child->text = g_string_new(NULL);
    g_ptr_array_add(work->children, child);
    child->faulty = true;
    if (!open_log(child, error)) return false;
    step->state = RUN_RUNNING;
    step->started = g_get_real_time();
    if (!run_save(work->run, error)) return false;
    tell(work, step);
    child->faulty = !spawn(child, error);
    return !child->faulty;
}

static bool is_ready(const Run *run, const RunStep *step) {
    for (char **name = step->after; *name; name++) {
        const RunStep *before = run_find_step(run, *name);
        if (!before || before->state != RUN_SUCCEEDED) return false;
    }
    return step->state == RUN_WAITING;
}

static bool is_cancelled(const Work *work) {
    const RunWatch *watch = work->watch;
    return (watch->go_on && !watch->go_on(watch->data)) || run_cancel_asked(work->run);
}

/* Begins what waits for nothing any more, as many as may run at the same time. */
static bool begin_ready(Work *work, GError **error) {
    const Run *run = work->run;
    for (guint i = 0; i < run->steps->len && !work->failed && !work->asked_to_end; i++) {
        RunStep *step = g_ptr_array_index(run->steps, i);
        if (work->children->len == run->parallel) return true;
        if (!is_ready(run, step)) continue;
        if (is_cancelled(work))
            work->asked_to_end = g_get_monotonic_time();
        else if (!begin(work, step, error))
            return false;
    }
    return true;
}

/* Waits until one of them says something or ends, for a moment at most. */
static void wait_a_moment(const Work *work) {
    struct pollfd pipes[PIPELINE_PARALLEL_MAX];
    nfds_t open = 0;
    for (guint i = 0; i < work->children->len; i++) {
        const Child *child = g_ptr_array_index(work->children, i);
        if (child->pipe >= 0) pipes[open++] = (struct pollfd){child->pipe, POLLIN, 0};
    }
    poll(pipes, open, open < work->children->len ? LOOK_MS / 10 : LOOK_MS);
}

static void signal_all(const Work *work, int number) {
    for (guint i = 0; i < work->children->len; i++) {
        const Child *child = g_ptr_array_index(work->children, i);
        if (child->pid > 0) kill(-child->pid, number);
    }
}

/* Asks the steps to end when the run is cancelled, and in the end insists. */
static void end_if_cancelled(Work *work) {
    const int64_t now = g_get_monotonic_time();
    if (!work->asked_to_end && work->children->len > 0 && is_cancelled(work)) {
        work->asked_to_end = now;
        signal_all(work, SIGTERM);
    }
    if (work->asked_to_end &&
        now - work->asked_to_end > (int64_t)RUN_GRACE_SECONDS * G_USEC_PER_SEC)
        signal_all(work, SIGKILL);
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
    child->pid = 0;
}

/* A step that was asked to end may do so with status 0, as a stream does, and has not done all. */
static RunState outcome(const Work *work, const Child *child) {
    if (work->asked_to_end) return RUN_CANCELLED;
    return child->step->status == 0 ? RUN_SUCCEEDED : RUN_FAILED;
}

static void end_with(const Work *work, const Child *child, RunState state) {
    RunStep *step = child->step;
    g_autofree char *path = run_model_path(work->run, step);
    step->state = state;
    step->ended = g_get_real_time();
    if (state == RUN_SUCCEEDED) made_model_read(path, &step->model, &step->version);
    tell(work, step);
}

/* Takes what the children say, and ends those that have ended. */
static bool follow(Work *work, GError **error) {
    for (guint i = 0; i < work->children->len;) {
        Child *child = g_ptr_array_index(work->children, i);
        const bool ended = has_ended(child);
        child->faulty = !take(child, error) || (ended && !take_rest(child, error));
        if (child->faulty) return false;
        if (!ended) {
            i++;
            continue;
        }
        reap(child);
        const RunState state = outcome(work, child);
        work->failed |= state == RUN_FAILED;
        end_with(work, child, state);
        g_ptr_array_remove_index(work->children, i);
        if (!run_save(work->run, error)) return false;
    }
    return true;
}

/* The run cannot go on: those that run are ended at once. */
static void give_up(Work *work) {
    for (guint i = 0; i < work->children->len; i++) {
        Child *child = g_ptr_array_index(work->children, i);
        if (child->pid > 0) reap(child);
        end_with(work, child, child->faulty ? RUN_FAILED : RUN_CANCELLED);
    }
    g_ptr_array_set_size(work->children, 0);
}

/* What becomes of the run. */
static RunState result(const Work *work) {
    if (work->asked_to_end) return RUN_CANCELLED;
    return run_stopped_at(work->run) ? RUN_FAILED : RUN_SUCCEEDED;
}

/* Runs the steps that wait; returns what becomes of the run. */
static RunState run_steps(Run *run, const RunWatch *watch, GError **error) {
    Work work = {.run = run, .watch = watch};
    g_autoptr(GPtrArray) children = g_ptr_array_new_with_free_func(child_free);
    work.children = children;
    bool good = begin_ready(&work, error);
    while (good && children->len > 0) {
        wait_a_moment(&work);
        good = follow(&work, error);
        end_if_cancelled(&work);
        good = good && begin_ready(&work, error);
    }
    if (good) return result(&work);
    give_up(&work);
    return RUN_FAILED;
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
