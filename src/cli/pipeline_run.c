/* haechi pipeline run, resume: a pipeline's steps, from the first or from the one that failed. */
#include "cli/command.h"
#include "cli/interrupt.h"
#include "cli/options.h"
#include "cli/pipeline.h"
#include "pipeline/runner.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

typedef struct Options {
    const char *command;
    PipelineWords words;
    char *file, *by, **set;
    gboolean detach;
} Options;

static void options_clear(Options *o) {
    g_free(o->words.data_dir);
    g_free(o->file);
    g_free(o->by);
    g_strfreev(o->set);
}

/* A line a step that begins or ends, for who watches. */
static void on_change(void *data, const Run *run, const RunStep *step) {
    (void)data;
    guint number = 0;
    while (g_ptr_array_index(run->steps, number) != step)
        number++;
    g_autofree char *words = g_strjoinv(" ", step->words);
    g_autofree char *time = pipeline_duration(step->started, step->ended);
    fprintf(stderr, "[%u/%u] %s: ", number + 1, run->steps->len, step->name);
    if (step->state == RUN_RUNNING)
        fprintf(stderr, "haechi %s\n", words);
    else
        fprintf(stderr, "%s after %s\n", run_state_name(step->state), time);
}

/* Says how it ended; returns the exit status. */
static int report(const Options *o, const Run *run) {
    g_autofree char *time = pipeline_duration(run->started, run->ended);
    if (o->words.json)
        pipeline_print_json(run);
    else if (run->state == RUN_SUCCEEDED)
        printf("Run %s of %s succeeded after %s.\n", run->id, run->pipeline, time);
    if (run->state == RUN_SUCCEEDED) return EXIT_SUCCESS;
    const RunStep *step = run_stopped_at(run);
    g_autofree char *line = run_last_line(run, step);
    options_fail(o->command, 0, "run %s %s at the step %s%s%s; 'haechi pipeline resume %s' goes on",
                 run->id, run_state_name(run->state), step->name, line ? ": " : "",
                 line ? line : "", run->id);
    return interrupt_signal() ? 128 + interrupt_signal() : EXIT_FAILURE;
}

static int execute(const Options *o, Run *run) {
    const RunWatch watch = {.changed = o->detach ? NULL : on_change, .go_on = interrupt_go_on};
    g_autoptr(GError) error = NULL;
    interrupt_catch(); /* the run is then cancelled */
    if (!run_execute(run, &watch, &error)) return pipeline_fail(o->command, error);
    return o->detach ? EXIT_SUCCESS : report(o, run);
}

/* Goes on as a process that no terminal knows. It has inherited the lock, so that at no time nobody
 * holds it. */
static int execute_alone(const Options *o, Run *run) {
    const int nowhere = open("/dev/null", O_RDWR | O_CLOEXEC);
    setsid();
    for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++)
        dup2(nowhere, fd);
    return execute(o, run);
}

static int detach(const Options *o, Run *run) {
    const pid_t pid = fork();
    if (pid < 0)
        return options_fail(o->command, EXIT_FAILURE, "cannot start: %s", g_strerror(errno));
    if (pid == 0) _exit(execute_alone(o, run));
    if (o->words.json)
        pipeline_print_json(run);
    else
        puts(run->id);
    return EXIT_SUCCESS;
}

static int start(const Options *o, Run *run, const GError *error) {
    if (!run) return pipeline_fail(o->command, error);
    if (o->detach) return detach(o, run);
    fprintf(stderr, "run %s of %s\n", run->id, run->pipeline);
    return execute(o, run);
}

static int run_new_one(const Options *o, const char *name) {
    g_autoptr(GError) error = NULL;
    const char *data_dir = pipeline_data_dir(&o->words);
    g_autoptr(GPtrArray) pipelines = pipelines_read(o->file, data_dir, &error);
    if (!pipelines) return pipeline_fail(o->command, error);
    const Pipeline *pipeline = pipelines_find(pipelines, name, &error);
    if (!pipeline) return pipeline_fail(o->command, error);
    g_autoptr(GPtrArray) arguments =
        pipeline_arguments(pipeline, (const char *const *)o->set, &error);
    if (!arguments) return pipeline_fail(o->command, error);
    const char *by = o->by ? o->by : g_get_user_name();
    g_autoptr(Run) run = run_new(data_dir, pipeline, arguments, by, &error);
    return start(o, run, error);
}

static int resume(const Options *o, const char *id) {
    g_autoptr(GError) error = NULL;
    const char *data_dir = pipeline_data_dir(&o->words);
    g_autofree char *latest = id ? NULL : runs_latest(data_dir, run_stopped_short);
    g_autoptr(Run) run = run_open_again(data_dir, id ? id : latest, &error);
    return start(o, run, error);
}

static GOptionEntry detach_entry(Options *o) {
    return (GOptionEntry){"detach",   0,
                          0,          G_OPTION_ARG_NONE,
                          &o->detach, "Run in the background, and print the run's name",
                          NULL};
}

int cmd_pipeline_run(int argc, char **argv) {
    Options o = {.command = "pipeline run"};
    GOptionEntry entries[PIPELINE_ENTRIES + 5] = {
        [PIPELINE_ENTRIES] = {"set", 's', 0, G_OPTION_ARG_STRING_ARRAY, &o.set,
                              "An argument's value; may be given again", "NAME=VALUE"},
        {"pipelines", 0, 0, G_OPTION_ARG_FILENAME, &o.file,
         "Your own pipelines (" PIPELINE_FILE " in the data folder)", "FILE"},
        {"by", 0, 0, G_OPTION_ARG_STRING, &o.by,
         "Who is said to have asked for it (your user name)", "NAME"},
        detach_entry(&o),
    };
    pipeline_words_entries(&o.words, entries);
    int status = EXIT_USAGE;
    if (options_parse(
            o.command, "NAME",
            "Runs the steps of the pipeline NAME ('haechi pipeline list'). Paths are taken\n"
            "from the folder that this is started in, also when it is resumed. Ctrl-C cancels the\n"
            "run.",
            entries, &argc, &argv, 1, 1))
        status = run_new_one(&o, argv[1]);
    options_clear(&o);
    return status;
}

int cmd_pipeline_resume(int argc, char **argv) {
    Options o = {.command = "pipeline resume"};
    GOptionEntry entries[PIPELINE_ENTRIES + 2] = {[PIPELINE_ENTRIES] = detach_entry(&o)};
    pipeline_words_entries(&o.words, entries);
    int status = EXIT_USAGE;
    if (options_parse(
            o.command, "[RUN]",
            "Goes on with a run (the latest) that failed, was cancelled or interrupted: runs\n"
            "again the step that it stopped at, and those behind it.",
            entries, &argc, &argv, 0, 1))
        status = resume(&o, argc > 1 ? argv[1] : NULL);
    options_clear(&o);
    return status;
}
