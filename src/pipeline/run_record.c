#include "pipeline/run_record.h"

#include "base/civil.h"
#include "base/json_write.h"
#include "base/progress.h"
#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#define RUNS_FOLDER "pipelines"
#define RECORD_FILE "record"
#define LOCK_FILE   "lock"
#define CANCEL_FILE "cancel"
#define STEP_GROUP  "step "

#define SCHEDULE_FILE "schedule.lock"

enum { LOCK_TRIES = 100, LOCK_TRY_US = 20000, FOLDER_MODE = 0700, FILE_MODE = 0600 };

static const char *const state_names[RUN_STATES] = {"waiting", "running",   "succeeded",
                                                    "failed",  "cancelled", "interrupted"};

const char *run_state_name(RunState state) {
    g_assert(state < RUN_STATES);
    return state_names[state];
}

static void step_free(void *data) {
    RunStep *step = data;
    g_free(step->name);
    g_strfreev(step->words);
    g_strfreev(step->after);
    g_free(step->model);
    g_free(step->version);
    g_free(step);
}

static Run *run_alloc(const char *runs, const char *id) {
    Run *run = g_new0(Run, 1);
    run->id = g_strdup(id);
    run->dir = g_build_filename(runs, id, NULL);
    run->arguments = g_ptr_array_new_with_free_func(g_free);
    run->steps = g_ptr_array_new_with_free_func(step_free);
    run->lock = -1;
    return run;
}

void run_free(Run *run) {
    if (!run) return;
    if (run->lock >= 0) close(run->lock);
    g_free(run->id);
    g_free(run->pipeline);
    g_free(run->by);
    g_free(run->dir);
    g_free(run->folder);
    g_ptr_array_unref(run->arguments);
    g_ptr_array_unref(run->steps);
    g_free(run);
}

static G_GNUC_PRINTF(3, 4) void *refuse(GError **error, PipelineError code, const char *format,
                                        ...) {
    va_list list;
    va_start(list, format);
    g_autofree char *message = g_strdup_vprintf(format, list);
    va_end(list);
    g_set_error_literal(error, PIPELINE_ERROR, code, message);
    return NULL;
}

/* Of the system's last error. */
static void *fail(GError **error, const char *doing, const char *path) {
    const int code = errno;
    return refuse(error, PIPELINE_ERROR_SYSTEM, "cannot %s %s: %s", doing, path, g_strerror(code));
}

static bool id_valid(const char *id) {
    static const char form[] = "00000000-000000-000000";
    G_STATIC_ASSERT(sizeof form == RUN_ID_LEN + 1);
    if (strlen(id) != RUN_ID_LEN) return false;
    for (int i = 0; i < RUN_ID_LEN; i++)
        if (form[i] == '0' ? !g_ascii_isdigit(id[i]) : id[i] != form[i]) return false;
    return true;
}

/* The record as a key file. */

static void set_ints(GKeyFile *file, const char *group, RunState state, int64_t started,
                     int64_t ended) {
    g_key_file_set_string(file, group, "state", run_state_name(state));
    g_key_file_set_int64(file, group, "started", started);
    g_key_file_set_int64(file, group, "ended", ended);
}

static void set_list(GKeyFile *file, const char *group, const char *key, char **list) {
    g_key_file_set_string_list(file, group, key, (const char *const *)list, g_strv_length(list));
}

static void set_step(GKeyFile *file, const RunStep *step) {
    g_autofree char *group = g_strconcat(STEP_GROUP, step->name, NULL);
    set_ints(file, group, step->state, step->started, step->ended);
    g_key_file_set_integer(file, group, "status", step->status);
    g_key_file_set_integer(file, group, "signal", step->signal);
    set_list(file, group, "words", step->words);
    set_list(file, group, "after", step->after);
    if (!step->model) return;
    g_key_file_set_string(file, group, "model", step->model);
    g_key_file_set_string(file, group, "version", step->version);
}

/* The name of a folder may hold any bytes, and a key file none but UTF-8. */
static void set_folder(GKeyFile *file, const char *folder) {
    g_autofree char *escaped = g_strescape(folder, NULL);
    g_key_file_set_string(file, "run", "folder", escaped);
}

bool run_save(const Run *run, GError **error) {
    g_assert(run->lock >= 0);
    g_autoptr(GKeyFile) file = g_key_file_new();
    g_key_file_set_string(file, "run", "pipeline", run->pipeline);
    if (run->by) g_key_file_set_string(file, "run", "by", run->by);
    set_folder(file, run->folder);
    set_ints(file, "run", run->state, run->started, run->ended);
    g_key_file_set_int64(file, "run", "created", run->created);
    g_key_file_set_integer(file, "run", "attempt", run->attempt);
    g_key_file_set_integer(file, "run", "parallel", (int)run->parallel);
    for (guint i = 0; i < run->arguments->len; i += 2)
        g_key_file_set_string(file, "arguments", g_ptr_array_index(run->arguments, i),
                              g_ptr_array_index(run->arguments, i + 1));
    for (guint i = 0; i < run->steps->len; i++)
        set_step(file, g_ptr_array_index(run->steps, i));
    gsize len;
    g_autofree char *text = g_key_file_to_data(file, &len, NULL);
    g_autofree char *path = g_build_filename(run->dir, RECORD_FILE, NULL);
    g_autoptr(GError) cause = NULL;
    if (len > RUN_RECORD_BYTES_MAX) /* nobody would read it again */
        return refuse(error, PIPELINE_ERROR_ARGUMENT, "the record of run %s would be too long",
                      run->id) != NULL;
    if (g_file_set_contents_full(path, text, (gssize)len,
                                 G_FILE_SET_CONTENTS_CONSISTENT | G_FILE_SET_CONTENTS_DURABLE,
                                 FILE_MODE, &cause))
        return true;
    refuse(error, PIPELINE_ERROR_SYSTEM, "%s", cause->message);
    return false;
}

/* Each of these says whether the record holds what it should. */

static bool get_state(GKeyFile *file, const char *group, RunState *state) {
    g_autofree char *text = g_key_file_get_string(file, group, "state", NULL);
    for (int i = 0; text && i < RUN_STATES; i++) {
        *state = (RunState)i;
        if (strcmp(text, state_names[i]) == 0) return true;
    }
    return false;
}

static bool get_time(GKeyFile *file, const char *group, const char *key, int64_t *us) {
    static const int64_t LATEST = 253402300799LL * G_USEC_PER_SEC; /* the year 9999 */
    *us = g_key_file_get_int64(file, group, key, NULL);
    return *us >= 0 && *us <= LATEST;
}

static bool get_times(GKeyFile *file, const char *group, int64_t *started, int64_t *ended) {
    return get_time(file, group, "started", started) && get_time(file, group, "ended", ended);
}

static bool get_step(Run *run, GKeyFile *file, const char *group) {
    const char *name = group + strlen(STEP_GROUP);
    if (!pipeline_name_valid(name) || run->steps->len == PIPELINE_STEPS_MAX) return false;
    RunStep *step = g_new0(RunStep, 1);
    g_ptr_array_add(run->steps, step);
    step->name = g_strdup(name);
    gsize words = 0;
    step->words = g_key_file_get_string_list(file, group, "words", &words, NULL);
    step->after = g_key_file_get_string_list(file, group, "after", NULL, NULL);
    step->status = g_key_file_get_integer(file, group, "status", NULL);
    step->signal = g_key_file_get_integer(file, group, "signal", NULL);
    step->model = g_key_file_get_string(file, group, "model", NULL);
    step->version = g_key_file_get_string(file, group, "version", NULL);
    if (!step->model != !step->version) return false;
    return words > 0 && words <= PIPELINE_WORDS_MAX && step->after &&
           get_state(file, group, &step->state) &&
           get_times(file, group, &step->started, &step->ended);
}

static bool get_arguments(Run *run, GKeyFile *file) {
    g_auto(GStrv) names = g_key_file_get_keys(file, "arguments", NULL, NULL);
    for (char **name = names; name && *name; name++) {
        char *value = g_key_file_get_string(file, "arguments", *name, NULL);
        if (!value || run->arguments->len == 2 * PIPELINE_ARGUMENTS_MAX) {
            g_free(value);
            return false;
        }
        g_ptr_array_add(run->arguments, g_strdup(*name));
        g_ptr_array_add(run->arguments, value);
    }
    return true;
}

/* A record of before there were several at once has no number. */
static guint get_parallel(GKeyFile *file) {
    const int number = g_key_file_get_integer(file, "run", "parallel", NULL);
    return (guint)CLAMP(number, 1, PIPELINE_PARALLEL_MAX);
}

static bool get_run(Run *run, GKeyFile *file) {
    run->pipeline = g_key_file_get_string(file, "run", "pipeline", NULL);
    run->by = g_key_file_get_string(file, "run", "by", NULL);
    g_autofree char *folder = g_key_file_get_string(file, "run", "folder", NULL);
    if (folder) run->folder = g_strcompress(folder);
    run->attempt = g_key_file_get_integer(file, "run", "attempt", NULL);
    run->parallel = get_parallel(file);
    if (!run->pipeline || !pipeline_name_valid(run->pipeline) || run->attempt < 1 || !run->folder ||
        !g_path_is_absolute(run->folder) || !get_state(file, "run", &run->state) ||
        !get_times(file, "run", &run->started, &run->ended) ||
        !get_time(file, "run", "created", &run->created) || !get_arguments(run, file))
        return false;
    g_auto(GStrv) groups = g_key_file_get_groups(file, NULL);
    for (char **group = groups; *group; group++)
        if (g_str_has_prefix(*group, STEP_GROUP) && !get_step(run, file, *group)) return false;
    return run->steps->len > 0;
}

/* As an open file, so that its size is checked on what is read. */
static bool read_record(Run *run, GError **error) {
    g_autofree char *path = g_build_filename(run->dir, RECORD_FILE, NULL);
    const int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
    if (fd < 0 && errno == ENOENT)
        return refuse(error, PIPELINE_ERROR_MISSING, "there is no run %s", run->id) != NULL;
    if (fd < 0) return fail(error, "open", path) != NULL;
    g_autoptr(GString) text = g_string_new(NULL);
    char buffer[16384];
    ssize_t got;
    while ((got = read(fd, buffer, sizeof buffer)) > 0 && text->len <= RUN_RECORD_BYTES_MAX)
        g_string_append_len(text, buffer, got);
    close(fd);
    g_autoptr(GKeyFile) file = g_key_file_new();
    if (got == 0 && text->len > 0 &&
        g_key_file_load_from_data(file, text->str, text->len, G_KEY_FILE_NONE, NULL) &&
        get_run(run, file))
        return true;
    return refuse(error, PIPELINE_ERROR_SYSTEM, "%s: the record is damaged", path) != NULL;
}

/* The lock. */

static int open_lock(const char *dir, int flags) {
    g_autofree char *path = g_build_filename(dir, LOCK_FILE, NULL);
    return open(path, flags | O_CLOEXEC | O_NOFOLLOW, FILE_MODE);
}

/* The folder's lock, held; -1 with errno. Readers hold it for a moment: they are waited for. */
static int take_lock(const char *dir) {
    const int fd = open_lock(dir, O_RDWR | O_CREAT);
    for (int try = 0; fd >= 0 && flock(fd, LOCK_EX | LOCK_NB) != 0; try++) {
        const int code = errno;
        if ((code == EWOULDBLOCK || code == EINTR) && try < LOCK_TRIES) {
            g_usleep(LOCK_TRY_US);
            continue;
        }
        close(fd);
        errno = code;
        return -1;
    }
    return fd;
}

static void interrupt(Run *run) {
    if (run->state > RUN_RUNNING) return;
    run->state = RUN_INTERRUPTED;
    for (guint i = 0; i < run->steps->len; i++) {
        RunStep *step = g_ptr_array_index(run->steps, i);
        if (step->state == RUN_RUNNING) step->state = RUN_INTERRUPTED;
    }
}

/* Nobody can begin to run it while it is read with the lock shared. */
static bool read_state(Run *run, GError **error) {
    const int fd = open_lock(run->dir, O_RDONLY);
    const bool running = fd >= 0 && flock(fd, LOCK_SH | LOCK_NB) != 0;
    const bool good = read_record(run, error);
    if (good && !running) interrupt(run);
    if (fd >= 0) close(fd);
    return good;
}

/* The folder of the runs. */

static char *runs_folder(const char *data_dir) {
    return g_build_filename(data_dir, RUNS_FOLDER, NULL);
}

static int later_first(const void *a, const void *b) {
    return strcmp(*(const char *const *)b, *(const char *const *)a);
}

/* The runs' names, the latest first. */
static GPtrArray *run_ids(const char *runs) {
    GPtrArray *ids = g_ptr_array_new_with_free_func(g_free);
    GDir *entries = g_dir_open(runs, 0, NULL);
    const char *name;
    while (entries && (name = g_dir_read_name(entries)) != NULL)
        if (id_valid(name)) g_ptr_array_add(ids, g_strdup(name));
    if (entries) g_dir_close(entries);
    g_ptr_array_sort(ids, later_first);
    return ids;
}

/* Removes a run's folder, which has no folders in it, unless somebody runs it. */
static void remove_run(const char *runs, const char *id) {
    g_autofree char *dir = g_build_filename(runs, id, NULL);
    const int lock = open_lock(dir, O_RDWR | O_CREAT);
    GDir *entries =
        lock >= 0 && flock(lock, LOCK_EX | LOCK_NB) == 0 ? g_dir_open(dir, 0, NULL) : NULL;
    const char *name;
    while (entries && (name = g_dir_read_name(entries)) != NULL) {
        g_autofree char *path = g_build_filename(dir, name, NULL);
        unlink(path);
    }
    if (entries) {
        g_dir_close(entries);
        rmdir(dir);
    }
    if (lock >= 0) close(lock);
}

static void prune(const char *runs) {
    g_autoptr(GPtrArray) ids = run_ids(runs);
    for (guint i = RUNS_KEPT - 1; i < ids->len; i++) /* one more is coming */
        remove_run(runs, g_ptr_array_index(ids, i));
}

GPtrArray *runs_list(const char *data_dir, guint most) {
    g_autofree char *runs = runs_folder(data_dir);
    g_autoptr(GPtrArray) ids = run_ids(runs);
    GPtrArray *list = g_ptr_array_new_with_free_func((GDestroyNotify)run_free);
    for (guint i = 0; i < ids->len && list->len < most; i++) {
        Run *run = run_alloc(runs, g_ptr_array_index(ids, i));
        if (read_state(run, NULL))
            g_ptr_array_add(list, run);
        else
            run_free(run);
    }
    return list;
}

GPtrArray *runs_ids(const char *data_dir) {
    g_autofree char *runs = runs_folder(data_dir);
    return run_ids(runs);
}

RunStamp run_stamp(const char *data_dir, const char *id) {
    g_autofree char *runs = runs_folder(data_dir);
    g_autofree char *path = g_build_filename(runs, id, RECORD_FILE, NULL);
    struct stat st;
    if (stat(path, &st) != 0) return (RunStamp){0};
    return (RunStamp){st.st_mtim.tv_sec, st.st_mtim.tv_nsec, st.st_ino};
}

int runs_open_schedule_lock(const char *data_dir) {
    g_autofree char *runs = runs_folder(data_dir);
    g_autofree char *path = g_build_filename(runs, SCHEDULE_FILE, NULL);
    if (g_mkdir_with_parents(runs, FOLDER_MODE) != 0) return -1;
    return open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, FILE_MODE);
}

/* Making and opening runs. */

static char *make_id(int64_t us) {
    const Civil at = civil_from_seconds(us / G_USEC_PER_SEC);
    return g_strdup_printf("%04d%02d%02d-%02d%02d%02d-%06d", at.year, at.month, at.day, at.hour,
                           at.minute, at.second, (int)(us % G_USEC_PER_SEC));
}

/* A name as a record can keep it: UTF-8 without control characters, not too long. */
static char *clean_name(const char *by) {
    if (!by || !*by) return NULL;
    char *name = g_utf8_make_valid(by, -1);
    for (char *c = name; *c; c++)
        if (g_ascii_iscntrl(*c)) *c = ' ';
    if (strlen(name) > RUN_BY_MAX) *g_utf8_find_prev_char(name, name + RUN_BY_MAX) = '\0';
    return name;
}

static char **copy_names(const GPtrArray *names) {
    char **list = g_new0(char *, names->len + 1);
    for (guint i = 0; i < names->len; i++)
        list[i] = g_strdup(g_ptr_array_index(names, i));
    return list;
}

static void fill(Run *run, const Pipeline *pipeline, const GPtrArray *arguments,
                 GPtrArray *commands) {
    run->pipeline = g_strdup(pipeline->name);
    run->folder = g_get_current_dir();
    run->attempt = 1;
    run->parallel = pipeline->parallel;
    for (guint i = 0; i < arguments->len; i++)
        g_ptr_array_add(run->arguments, g_strdup(g_ptr_array_index(arguments, i)));
    for (guint i = 0; i < pipeline->steps->len; i++) {
        const PipelineStep *from = g_ptr_array_index(pipeline->steps, i);
        RunStep *step = g_new0(RunStep, 1);
        step->name = g_strdup(from->name);
        step->words = g_steal_pointer(&g_ptr_array_index(commands, i));
        step->after = copy_names(from->after);
        step->status = -1;
        g_ptr_array_add(run->steps, step);
    }
}

/* Makes the folder of a new run, and locks it; NULL with errno. */
static Run *make_folder(const char *runs) {
    for (;;) {
        const int64_t now = g_get_real_time();
        g_autofree char *id = make_id(now);
        g_autoptr(Run) run = run_alloc(runs, id);
        run->created = now;
        if (g_mkdir(run->dir, FOLDER_MODE) == 0)
            return (run->lock = take_lock(run->dir)) >= 0 ? g_steal_pointer(&run) : NULL;
        if (errno != EEXIST) return NULL;
    }
}

Run *run_new(const char *data_dir, const Pipeline *pipeline, const GPtrArray *arguments,
             const char *by, GError **error) {
    g_autoptr(GPtrArray) commands = pipeline_commands(pipeline, arguments, error);
    if (!commands) return NULL;
    g_autofree char *runs = runs_folder(data_dir);
    if (g_mkdir_with_parents(runs, FOLDER_MODE) != 0) return fail(error, "make", runs);
    const int lock = take_lock(runs); /* nobody prunes a folder that is not locked yet */
    if (lock < 0) return fail(error, "lock", runs);
    prune(runs);
    g_autoptr(Run) run = make_folder(runs);
    const int code = errno;
    close(lock);
    errno = code;
    if (!run) return fail(error, "make a run's folder in", runs);
    fill(run, pipeline, arguments, commands);
    run->by = clean_name(by);
    return run_save(run, error) ? g_steal_pointer(&run) : NULL;
}

/* `id`, or the latest run's; the caller frees it. NULL with *error. */
static char *choose(const char *runs, const char *id, GError **error) {
    if (id && id_valid(id)) return g_strdup(id);
    if (id) return refuse(error, PIPELINE_ERROR_MISSING, "'%.40s' is no run's name", id);
    g_autoptr(GPtrArray) ids = run_ids(runs);
    if (ids->len == 0) return refuse(error, PIPELINE_ERROR_MISSING, "no pipeline was run yet");
    return g_strdup(g_ptr_array_index(ids, 0));
}

Run *run_open(const char *data_dir, const char *id, GError **error) {
    g_autofree char *runs = runs_folder(data_dir);
    g_autofree char *chosen = choose(runs, id, error);
    if (!chosen) return NULL;
    g_autoptr(Run) run = run_alloc(runs, chosen);
    return read_state(run, error) ? g_steal_pointer(&run) : NULL;
}

static void wait_again(Run *run) {
    run->state = RUN_WAITING;
    run->ended = 0;
    run->attempt++;
    for (guint i = 0; i < run->steps->len; i++) {
        RunStep *step = g_ptr_array_index(run->steps, i);
        if (step->state == RUN_SUCCEEDED) continue;
        step->state = RUN_WAITING;
        step->started = step->ended = 0;
        step->status = -1;
        step->signal = 0;
        g_clear_pointer(&step->model, g_free);
        g_clear_pointer(&step->version, g_free);
    }
}

bool run_is_alive(const Run *run) {
    return run->state <= RUN_RUNNING;
}

bool run_stopped_short(const Run *run) {
    return run->state > RUN_SUCCEEDED;
}

char *runs_latest(const char *data_dir, bool (*fits)(const Run *run)) {
    g_autoptr(GPtrArray) runs = runs_list(data_dir, RUNS_KEPT);
    for (guint i = 0; i < runs->len; i++)
        if (fits(g_ptr_array_index(runs, i)))
            return g_strdup(((const Run *)g_ptr_array_index(runs, i))->id);
    return runs->len > 0 ? g_strdup(((const Run *)g_ptr_array_index(runs, 0))->id) : NULL;
}

bool run_may_resume(const Run *run, GError **error) {
    if (run->state == RUN_SUCCEEDED)
        refuse(error, PIPELINE_ERROR_BUSY, "run %s succeeded: there is nothing to resume", run->id);
    else if (run_is_alive(run))
        refuse(error, PIPELINE_ERROR_BUSY, "run %s is running", run->id);
    else
        return true;
    return false;
}

Run *run_open_again(const char *data_dir, const char *id, GError **error) {
    g_autoptr(Run) seen = run_open(data_dir, id, error);
    if (!seen) return NULL;
    g_autofree char *runs = runs_folder(data_dir);
    g_autoptr(Run) run = run_alloc(runs, seen->id);
    run->lock = take_lock(run->dir);
    if (run->lock < 0 && errno == EWOULDBLOCK)
        return refuse(error, PIPELINE_ERROR_BUSY, "run %s is running", run->id);
    if (run->lock < 0) return fail(error, "lock", run->dir);
    if (!read_record(run, error)) return NULL;
    interrupt(run); /* nobody else has the lock */
    if (!run_may_resume(run, error)) return NULL;
    wait_again(run);
    run_forget_cancel(run); /* it was of the try before */
    return run_save(run, error) ? g_steal_pointer(&run) : NULL;
}

/* Cancelling. */

static char *cancel_path(const Run *run) {
    return g_build_filename(run->dir, CANCEL_FILE, NULL);
}

bool run_ask_cancel(const Run *run, GError **error) {
    if (run->state > RUN_RUNNING) {
        refuse(error, PIPELINE_ERROR_BUSY, "run %s is not running: its state is %s", run->id,
               run_state_name(run->state));
        return false;
    }
    g_autofree char *path = cancel_path(run);
    const int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC | O_NOFOLLOW, FILE_MODE);
    if (fd < 0) return fail(error, "make", path) != NULL;
    close(fd);
    return true;
}

bool run_cancel_asked(const Run *run) {
    g_autofree char *path = cancel_path(run);
    return access(path, F_OK) == 0;
}

void run_forget_cancel(const Run *run) {
    g_autofree char *path = cancel_path(run);
    unlink(path);
}

/* Files and steps. */

static char *step_path(const Run *run, const RunStep *step, const char *ending) {
    g_autofree char *name = g_strconcat(step->name, ending, NULL);
    return g_build_filename(run->dir, name, NULL);
}

char *run_log_path(const Run *run, const RunStep *step) {
    return step_path(run, step, ".log");
}

char *run_progress_path(const Run *run, const RunStep *step) {
    return step_path(run, step, ".progress");
}

char *run_model_path(const Run *run, const RunStep *step) {
    return step_path(run, step, ".model");
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

RunStep *run_find_step(const Run *run, const char *name) {
    for (guint i = 0; i < run->steps->len; i++) {
        RunStep *step = g_ptr_array_index(run->steps, i);
        if (strcmp(step->name, name) == 0) return step;
    }
    return NULL;
}

/* How much a step in that state says of why the run is not done. */
static int weight(RunState state) {
    switch (state) {
    case RUN_FAILED:
        return 4;
    case RUN_CANCELLED:
    case RUN_INTERRUPTED:
        return 3;
    case RUN_RUNNING:
        return 2;
    case RUN_WAITING:
        return 1;
    default:
        return 0;
    }
}

const RunStep *run_stopped_at(const Run *run) {
    const RunStep *found = NULL;
    for (guint i = 0; i < run->steps->len; i++) {
        const RunStep *step = g_ptr_array_index(run->steps, i);
        if (weight(step->state) > (found ? weight(found->state) : 0)) found = step;
    }
    return found;
}

const RunStep *run_model_step(const Run *run) {
    const RunStep *found = NULL;
    for (guint i = 0; i < run->steps->len; i++) {
        const RunStep *step = g_ptr_array_index(run->steps, i);
        if (step->model) found = step;
    }
    return found;
}

double run_seconds(int64_t started, int64_t ended) {
    if (started == 0) return -1;
    return (double)((ended ? ended : g_get_real_time()) - started) / G_USEC_PER_SEC;
}

/* JSON. */

static void write_text(GString *out, const char *key, const char *value) {
    g_string_append_printf(out, "\"%s\":", key);
    json_write_str(out, str_from(value));
}

static void write_text_or_null(GString *out, const char *key, const char *value) {
    g_string_append_printf(out, ",\"%s\":", key);
    if (value)
        json_write_str(out, str_from(value));
    else
        g_string_append(out, "null");
}

void run_write_time(GString *out, int64_t us) {
    char text[CIVIL_TIME_LEN + 1];
    if (us == 0) {
        g_string_append(out, "null");
        return;
    }
    civil_write_time(us / G_USEC_PER_SEC, text);
    g_strdelimit(text, " ", 'T');
    g_string_append_printf(out, "\"%sZ\"", text);
}

static void write_time(GString *out, const char *key, int64_t us) {
    g_string_append_printf(out, ",\"%s\":", key);
    run_write_time(out, us);
}

static void write_times(GString *out, RunState state, int64_t started, int64_t ended) {
    g_string_append_c(out, ',');
    write_text(out, "state", run_state_name(state));
    write_time(out, "started", started);
    write_time(out, "ended", ended);
    g_string_append(out, ",\"seconds\":");
    if (started != 0 && (ended != 0 || state == RUN_RUNNING))
        json_write_double(out, run_seconds(started, ended), 6);
    else
        g_string_append(out, "null");
}

static void write_list(GString *out, const char *key, char **list) {
    g_string_append_printf(out, ",\"%s\":[", key);
    for (char **text = list; *text; text++) {
        if (text > list) g_string_append_c(out, ',');
        json_write_str(out, str_from(*text));
    }
    g_string_append_c(out, ']');
}

static void write_model(GString *out, const RunStep *step) {
    g_string_append(out, ",\"model\":");
    if (!step || !step->model) {
        g_string_append(out, "null");
        return;
    }
    g_string_append_c(out, '{');
    write_text(out, "name", step->model);
    g_string_append_c(out, ',');
    write_text(out, "version", step->version);
    g_string_append_c(out, '}');
}

/* Of a step that runs: how far it is with what it does just now, as it says itself. */
static void write_progress(GString *out, const Run *run, const RunStep *step) {
    g_autofree char *path = run_progress_path(run, step), *doing = NULL;
    double share = -1;
    if (step->state == RUN_RUNNING) doing = progress_read(path, &share);
    g_string_append(out, ",\"progress\":");
    if (share >= 0)
        json_write_double(out, share, 4);
    else
        g_string_append(out, "null");
    write_text_or_null(out, "doing", doing);
}

static void write_step(GString *out, const Run *run, const RunStep *step) {
    g_autofree char *last_line = run_last_line(run, step);
    g_string_append_c(out, '{');
    write_text(out, "name", step->name);
    write_times(out, step->state, step->started, step->ended);
    if (step->status >= 0)
        g_string_append_printf(out, ",\"exit_status\":%d", step->status);
    else
        g_string_append(out, ",\"exit_status\":null");
    if (step->signal > 0)
        g_string_append_printf(out, ",\"signal\":%d", step->signal);
    else
        g_string_append(out, ",\"signal\":null");
    write_list(out, "words", step->words);
    write_list(out, "after", step->after);
    write_progress(out, run, step);
    write_text_or_null(out, "last_line", last_line);
    write_model(out, step);
    g_string_append_c(out, '}');
}

void run_write_json(const Run *run, GString *out) {
    g_string_append_c(out, '{');
    write_text(out, "id", run->id);
    g_string_append_c(out, ',');
    write_text(out, "pipeline", run->pipeline);
    write_times(out, run->state, run->started, run->ended);
    write_time(out, "created", run->created);
    write_text_or_null(out, "by", run->by);
    write_model(out, run_model_step(run));
    g_string_append_printf(out, ",\"attempt\":%d,\"arguments\":{", run->attempt);
    for (guint i = 0; i < run->arguments->len; i += 2) {
        if (i > 0) g_string_append_c(out, ',');
        json_write_str(out, str_from(g_ptr_array_index(run->arguments, i)));
        g_string_append_c(out, ':');
        json_write_str(out, str_from(g_ptr_array_index(run->arguments, i + 1)));
    }
    g_string_append(out, "},\"steps\":[");
    for (guint i = 0; i < run->steps->len; i++) {
        if (i > 0) g_string_append_c(out, ',');
        write_step(out, run, g_ptr_array_index(run->steps, i));
    }
    g_string_append(out, "]}");
}
