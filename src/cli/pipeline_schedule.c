/* haechi pipeline schedule: runs those pipelines that have a schedule, when they are due, until it
 * is stopped. One at a time: one that is due while another runs is run behind it, once. */
#include "base/civil.h"
#include "cli/command.h"
#include "cli/interrupt.h"
#include "cli/options.h"
#include "cli/pipeline.h"
#include "pipeline/runner.h"

#include <stdio.h>
#include <stdlib.h>

static const char command[] = "pipeline schedule";

enum { LOOK_US = 200000 }; /* a clock that is set is seen that soon */

/* A pipeline that has a schedule. */
typedef struct Due {
    const Pipeline *pipeline;
    int64_t next; /* seconds since the epoch; 0: never */
} Due;

static int64_t now(void) {
    return g_get_real_time() / G_USEC_PER_SEC;
}

static void say_next(const Due *due) {
    char text[CIVIL_TIME_LEN + 1] = "never";
    if (due->next != 0) civil_write_time(due->next, text);
    fprintf(stderr, "%s is due next: %s%s\n", due->pipeline->name, text, due->next ? " UTC" : "");
}

static GArray *with_schedule(const GPtrArray *pipelines) {
    GArray *all = g_array_new(FALSE, FALSE, sizeof(Due));
    for (guint i = 0; i < pipelines->len; i++) {
        const Pipeline *pipeline = g_ptr_array_index(pipelines, i);
        if (!pipeline->schedule) continue;
        const Due due = {pipeline, pipeline_next(pipeline, now())};
        say_next(&due);
        g_array_append_val(all, due);
    }
    return all;
}

/* The one that has been due for the longest; NULL when none is. */
static Due *earliest_due(const GArray *all) {
    Due *found = NULL;
    for (guint i = 0; i < all->len; i++) {
        Due *due = &g_array_index(all, Due, i);
        if (due->next != 0 && due->next <= now() && (!found || due->next < found->next))
            found = due;
    }
    return found;
}

/* Whatever becomes of it is said, and the schedule goes on. */
static void run_one(const char *data_dir, const Pipeline *pipeline) {
    const RunWatch watch = {.go_on = interrupt_go_on};
    g_autoptr(GError) error = NULL;
    g_autoptr(GPtrArray) arguments = pipeline_arguments(pipeline, NULL, &error);
    g_autoptr(Run) run = arguments ? run_new(data_dir, pipeline, arguments, &error) : NULL;
    if (!run || !run_execute(run, &watch, &error)) {
        pipeline_fail(command, error);
        return;
    }
    fprintf(stderr, "run %s of %s: %s\n", run->id, run->pipeline, run_state_name(run->state));
}

static int schedule(const char *data_dir, const char *file) {
    g_autoptr(GError) error = NULL;
    g_autoptr(GPtrArray) pipelines = pipelines_read(file, data_dir, &error);
    if (!pipelines) return pipeline_fail(command, error);
    g_autoptr(GArray) all = with_schedule(pipelines);
    if (all->len == 0) return options_fail(command, EXIT_FAILURE, "no pipeline has a schedule=");
    interrupt_catch();
    while (!interrupt_signal()) {
        Due *due = earliest_due(all);
        if (!due) {
            g_usleep(LOOK_US);
            continue;
        }
        run_one(data_dir, due->pipeline);
        due->next = pipeline_next(due->pipeline, now());
        say_next(due);
    }
    return EXIT_SUCCESS;
}

int cmd_pipeline_schedule(int argc, char **argv) {
    PipelineWords words = {0};
    char *file = NULL;
    const GOptionEntry entries[] = {
        {"data-dir", 0, 0, G_OPTION_ARG_FILENAME, &words.data_dir,
         "The folder that the runs are kept in (" PIPELINE_DATA_DIR ")", "DIR"},
        {"pipelines", 0, 0, G_OPTION_ARG_FILENAME, &file,
         "Your own pipelines (" PIPELINE_FILE " in the data folder)", "FILE"},
        {0},
    };
    int status = EXIT_USAGE;
    if (options_parse(
            command, NULL,
            "Runs the pipelines that have a schedule= when they are due, one at a time, until\n"
            "SIGINT or SIGTERM, which cancels the run under way. The file is read at the start.",
            entries, &argc, &argv, 0, 0))
        status = schedule(pipeline_data_dir(&words), file);
    g_free(words.data_dir);
    g_free(file);
    return status;
}
