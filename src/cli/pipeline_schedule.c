/* haechi pipeline schedule: runs those pipelines that have a schedule, when they are due, until it
 * is stopped. */
#include "cli/command.h"
#include "cli/interrupt.h"
#include "cli/options.h"
#include "cli/pipeline.h"
#include "pipeline/runner.h"
#include "pipeline/schedule.h"

#include <stdio.h>
#include <stdlib.h>

static const char command[] = "pipeline schedule";

static void say(void *data, const char *line) {
    (void)data;
    fprintf(stderr, "%s\n", line);
}

/* Whatever becomes of it is said, and the schedule goes on. */
static void run_one(void *data_dir, const Pipeline *pipeline) {
    const RunWatch watch = {.go_on = interrupt_go_on};
    g_autoptr(GError) error = NULL;
    g_autoptr(GPtrArray) arguments = pipeline_arguments(pipeline, NULL, &error);
    g_autoptr(Run) run =
        arguments ? run_new(data_dir, pipeline, arguments, SCHEDULE_BY, &error) : NULL;
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
    if (!schedule_is_needed(pipelines))
        return options_fail(command, EXIT_FAILURE, "no pipeline has a schedule=");
    const ScheduleWays ways = {run_one, say, interrupt_go_on, (char *)(uintptr_t)data_dir};
    interrupt_catch();
    return schedule_run(data_dir, pipelines, &ways, &error) ? EXIT_SUCCESS
                                                            : pipeline_fail(command, error);
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
