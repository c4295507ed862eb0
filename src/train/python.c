#include "train/python.h"

#include <errno.h>
#include <glib/gstdio.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

enum { LINE_MAX_BYTES = 8192, COMPLAINT_BYTES = 4096, WORDS_MAX = 400 };

struct Python {
    char *interpreter;
    GPid pid;
    int socket;    /* to send on */
    FILE *hearing; /* the same socket, buffered */
    FILE *errors;  /* what the child writes on standard error: a file without a name */
    bool deaf;     /* it takes no more */
    JsonParser *parser;
    char line[LINE_MAX_BYTES];
};

static G_DEFINE_QUARK(haechi - python - error, python_error)

    char *python_find(const char *told, const char *name, GError **error) {
    if (!told || !*told) told = g_getenv("HAECHI_PYTHON");
    if (told && *told) return g_strdup(told);
    const char *envs = g_getenv("HAECHI_PYTHON_ENVS");
    g_autofree char *cache =
        envs && *envs ? g_strdup(envs)
                      : g_build_filename(g_get_user_cache_dir(), "haechi", "python", NULL);
    g_autofree char *path = g_build_filename(cache, name, "bin", "python", NULL);
    if (g_file_test(path, G_FILE_TEST_IS_EXECUTABLE)) return g_steal_pointer(&path);
    g_set_error(error, python_error_quark(), 0,
                "there is no Python with %s: 'make %s' sets one up, or name one with --python or "
                "HAECHI_PYTHON",
                name, name);
    return NULL;
}

/* In the child, before it becomes Python. */
static void die_with_parent(gpointer parent) {
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != (pid_t)GPOINTER_TO_INT(parent)) _exit(1); /* it is too late to be told */
}

static bool spawn(Python *python, const char *program, int theirs, GError **error) {
    const char *const words[] = {python->interpreter, "-u", "-c", program, NULL};
    GError *cause = NULL;
    if (g_spawn_async_with_fds(NULL, (char **)(void *)(uintptr_t)words, NULL,
                               G_SPAWN_DO_NOT_REAP_CHILD | G_SPAWN_SEARCH_PATH, die_with_parent,
                               GINT_TO_POINTER(getpid()), &python->pid, theirs, theirs,
                               fileno(python->errors), &cause))
        return true;
    g_set_error(error, python_error_quark(), 0, "cannot start Python: %s", cause->message);
    g_error_free(cause);
    return false;
}

Python *python_start(const char *interpreter, const char *program, GError **error) {
    g_autoptr(Python) python = g_new0(Python, 1);
    int pair[2];
    python->interpreter = g_strdup(interpreter);
    python->parser = json_parser_new(LINE_MAX_BYTES);
    python->socket = -1;
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) != 0) {
        g_set_error(error, python_error_quark(), 0, "cannot start Python: %s", g_strerror(errno));
        return NULL;
    }
    python->socket = pair[0];
    python->hearing = fdopen(dup(pair[0]), "rb");
    python->errors = tmpfile();
    bool good = python->hearing && python->errors;
    if (!good)
        g_set_error(error, python_error_quark(), 0, "cannot start Python: %s", g_strerror(errno));
    good = good && spawn(python, program, pair[1], error);
    close(pair[1]);
    return good ? g_steal_pointer(&python) : NULL;
}

void python_free(Python *python) {
    if (!python) return;
    if (python->pid) {
        kill(python->pid, SIGKILL);
        waitpid(python->pid, NULL, 0);
    }
    if (python->socket >= 0) close(python->socket);
    if (python->hearing) fclose(python->hearing);
    if (python->errors) fclose(python->errors);
    json_parser_free(python->parser);
    g_free(python->interpreter);
    g_free(python);
}

void python_send(Python *python, const void *data, size_t len) {
    const char *at = data;
    while (len > 0 && !python->deaf) {
        const ssize_t sent = send(python->socket, at, len, MSG_NOSIGNAL);
        if (sent < 0 && errno == EINTR) continue;
        python->deaf = sent <= 0;
        if (python->deaf) return;
        at += sent;
        len -= (size_t)sent;
    }
}

void python_send_end(Python *python) {
    shutdown(python->socket, SHUT_WR);
}

/* The last line that the child wrote on standard error, or how it ended. */
static char *complaint(Python *python) {
    char text[COMPLAINT_BYTES + 1];
    fflush(python->errors);
    if (fseek(python->errors, -COMPLAINT_BYTES, SEEK_END) != 0) rewind(python->errors);
    const size_t len = fread(text, 1, COMPLAINT_BYTES, python->errors);
    text[len] = '\0';
    g_strchomp(text);
    const char *last = strrchr(text, '\n');
    last = last ? last + 1 : text;
    int status = 0;
    if (*last == '\0' && waitpid(python->pid, &status, 0) == python->pid) python->pid = 0;
    if (WIFSIGNALED(status)) return g_strdup_printf("it was ended by signal %d", WTERMSIG(status));
    return *last ? g_strndup(last, WORDS_MAX) : g_strdup("it said nothing");
}

static bool ended(Python *python, GError **error) {
    g_autofree char *why = complaint(python);
    g_autofree char *words = g_utf8_make_valid(why, -1);
    g_set_error(error, python_error_quark(), 0, "%s ended early: %s", python->interpreter, words);
    return false;
}

/* What the child calls an error. */
static bool is_error(const Python *python, JsonValue told, GError **error) {
    JsonValue value;
    if (json_member(told, "missing", &value)) {
        const Str name = json_get_str(value);
        g_set_error(error, python_error_quark(), 0,
                    "%s has no module named %.*s ('make help' tells what sets it up)",
                    python->interpreter, (int)MIN(name.len, (size_t)WORDS_MAX),
                    name.len ? name.data : "");
        return true;
    }
    if (!json_member(told, "error", &value)) return false;
    const Str words = json_get_str(value);
    g_autofree char *text =
        g_strndup(words.len ? words.data : "", MIN(words.len, (size_t)WORDS_MAX));
    g_autofree char *line = g_utf8_make_valid(g_strdelimit(text, "\r\n", ' '), -1);
    g_set_error(error, python_error_quark(), 0, "%s", line);
    return true;
}

bool python_hear(Python *python, JsonValue *told, GError **error) {
    const char *message;
    if (!fgets(python->line, sizeof python->line, python->hearing)) return ended(python, error);
    if (json_parse(python->parser, python->line, strlen(python->line), told, &message) &&
        json_type(*told) == JSON_OBJECT)
        return !is_error(python, *told, error);
    g_set_error(error, python_error_quark(), 0, "%s said what was not expected",
                python->interpreter);
    return false;
}

GBytes *python_hear_bytes(Python *python, size_t len, GError **error) {
    char *bytes = g_try_malloc(MAX(len, 1));
    if (bytes && fread(bytes, 1, len, python->hearing) == len) return g_bytes_new_take(bytes, len);
    g_free(bytes);
    ended(python, error);
    return NULL;
}
