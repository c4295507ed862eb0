#include "pipeline/detached.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define PROGRAM "/proc/self/exe"

enum { SAID_MAX = 4096 }; /* bytes that are kept of what it says */

/* Output and errors of a process that is starting. */
typedef struct Said {
    int fd;
    GString *text;
} Said;

static bool fail(GError **error, int code) {
    g_set_error(error, PIPELINE_ERROR, PIPELINE_ERROR_SYSTEM, "cannot start a run: %s",
                g_strerror(code));
    return false;
}

/* As a person's shell would start it: the signals that a service blocks or ignores as they are by
 * themselves, no file of the service's open, and no terminal of its. posix_spawn copies no memory,
 * of which a service has much. */
static int spawn(char **words, int out, int err, pid_t *pid) {
    posix_spawn_file_actions_t files;
    posix_spawnattr_t attributes;
    sigset_t none, all;
    sigemptyset(&none);
    sigfillset(&all);
    posix_spawn_file_actions_init(&files);
    posix_spawn_file_actions_addopen(&files, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
    posix_spawn_file_actions_adddup2(&files, out, STDOUT_FILENO);
    posix_spawn_file_actions_adddup2(&files, err, STDERR_FILENO);
    posix_spawn_file_actions_addclosefrom_np(&files, STDERR_FILENO + 1);
    posix_spawnattr_init(&attributes);
    posix_spawnattr_setflags(&attributes,
                             POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSID);
    posix_spawnattr_setsigmask(&attributes, &none);
    posix_spawnattr_setsigdefault(&attributes, &all);
    g_auto(GStrv) environment = g_get_environ();
    const int code = posix_spawn(pid, PROGRAM, &files, &attributes, words, environment);
    posix_spawnattr_destroy(&attributes);
    posix_spawn_file_actions_destroy(&files);
    return code;
}

/* Takes what is there; closes it at its end. */
static void take(Said *said) {
    char data[1024];
    const ssize_t got = read(said->fd, data, sizeof data);
    if (got < 0 && errno == EINTR) return;
    if (got > 0) {
        g_string_append_len(said->text, data, MIN(got, (gssize)(SAID_MAX - said->text->len)));
        return;
    }
    close(said->fd);
    said->fd = -1;
}

/* Takes all that it says, until it has said all or the time is over. The run that it leaves behind
 * holds neither. */
static bool listen_to(Said said[2]) {
    const int64_t until = g_get_monotonic_time() + (int64_t)DETACHED_START_SECONDS * G_USEC_PER_SEC;
    while (said[0].fd >= 0 || said[1].fd >= 0) {
        struct pollfd fds[2] = {{said[0].fd, POLLIN, 0}, {said[1].fd, POLLIN, 0}};
        const int64_t left = until - g_get_monotonic_time();
        if (left <= 0) return false;
        poll(fds, G_N_ELEMENTS(fds), (int)(left / 1000) + 1);
        for (size_t i = 0; i < G_N_ELEMENTS(fds); i++)
            if (fds[i].revents) take(&said[i]);
    }
    return true;
}

static int wait_for(pid_t pid, bool in_time) {
    int status = -1;
    if (!in_time) kill(pid, SIGKILL);
    while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
        ;
    return status;
}

/* Its own words without "haechi pipeline run: ". */
static void refuse(const Said *said, GError **error) {
    g_autofree char *text = g_utf8_make_valid(said->text->str, -1);
    text[strcspn(text, "\n")] = '\0';
    const char *words = strstr(text, ": ");
    g_set_error(error, PIPELINE_ERROR, PIPELINE_ERROR_BUSY, "%s",
                words ? words + 2 : "the run did not begin");
}

/* Runs haechi with these words; the first line that it prints, which the caller frees. */
static char *run_haechi(char **words, GError **error) {
    int out[2], err[2];
    if (pipe2(out, O_CLOEXEC) != 0) return fail(error, errno), NULL;
    if (pipe2(err, O_CLOEXEC) != 0) {
        fail(error, errno);
        close(out[0]);
        close(out[1]);
        return NULL;
    }
    pid_t pid;
    const int code = spawn(words, out[1], err[1], &pid);
    close(out[1]);
    close(err[1]);
    Said said[2] = {{out[0], g_string_new(NULL)}, {err[0], g_string_new(NULL)}};
    const bool in_time = code == 0 && listen_to(said);
    const int status = code == 0 ? wait_for(pid, in_time) : -1;
    const bool good = in_time && WIFEXITED(status) && WEXITSTATUS(status) == 0;
    for (size_t i = 0; i < G_N_ELEMENTS(said); i++)
        if (said[i].fd >= 0) close(said[i].fd);
    if (code != 0)
        fail(error, code);
    else if (!good)
        refuse(&said[1], error);
    char *line = g_strchomp(g_string_free(said[0].text, FALSE));
    g_string_free(said[1].text, TRUE);
    if (good) return line;
    g_free(line);
    return NULL;
}

static void add(GPtrArray *words, const char *word) {
    g_ptr_array_add(words, g_strdup(word));
}

static void add_option(GPtrArray *words, const char *name, const char *value) {
    if (value) g_ptr_array_add(words, g_strdup_printf("--%s=%s", name, value));
}

static Run *start(const char *data_dir, GPtrArray *words, GError **error) {
    g_ptr_array_add(words, NULL);
    g_autofree char *id = run_haechi((char **)words->pdata, error);
    return id ? run_open(data_dir, id, error) : NULL;
}

static GPtrArray *begin_words(const char *command, const char *data_dir) {
    GPtrArray *words = g_ptr_array_new_with_free_func(g_free);
    add(words, "haechi");
    add(words, "pipeline");
    add(words, command);
    add(words, "--detach");
    add_option(words, "data-dir", data_dir);
    return words;
}

Run *detached_run(const char *data_dir, const char *file, const char *name, const char *by,
                  const char *const *set, GError **error) {
    g_autoptr(GPtrArray) words = begin_words("run", data_dir);
    add_option(words, "pipelines", file);
    add_option(words, "by", by);
    for (; set && *set; set++)
        add_option(words, "set", *set);
    add(words, name);
    return start(data_dir, words, error);
}

Run *detached_resume(const char *data_dir, const char *id, GError **error) {
    g_autoptr(GPtrArray) words = begin_words("resume", data_dir);
    add(words, id);
    return start(data_dir, words, error);
}
