/* haechi pipeline status, logs, cancel: about runs that were begun. */
#include "base/json_write.h"
#include "cli/command.h"
#include "cli/options.h"
#include "cli/pipeline.h"
#include "pipeline/run_log.h"
#include "pipeline/runner.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* How long a cancelled run may take to end: the steps' grace, and some. */
enum { CANCEL_WAIT_SECONDS = RUN_GRACE_SECONDS + 15, CANCEL_LOOK_US = 50000 };

static void print_runs(const GPtrArray *runs) {
    if (runs->len == 0) {
        puts("no pipeline was run yet: 'haechi pipeline run NAME' runs one");
        return;
    }
    printf("%-22s  %-24s %-12s %-12s %s\n", "RUN (UTC)", "PIPELINE", "STATE", "TOOK", "AT");
    for (guint i = 0; i < runs->len; i++) {
        const Run *run = g_ptr_array_index(runs, i);
        const bool alive = run->state == RUN_RUNNING || run->ended != 0;
        const RunStep *step = run_stopped_at(run);
        g_autofree char *time = pipeline_duration(alive ? run->started : 0, run->ended);
        printf("%-22s  %-24s %-12s %-12s %s\n", run->id, run->pipeline, run_state_name(run->state),
               time, step ? step->name : "-");
    }
}

static void print_step(const RunStep *step) {
    g_autofree char *words = g_strjoinv(" ", step->words);
    const bool alive = step->state == RUN_RUNNING || step->ended != 0;
    g_autofree char *time = pipeline_duration(alive ? step->started : 0, step->ended);
    printf("  %-16s %-12s %-12s haechi %s", step->name, run_state_name(step->state), time, words);
    if (step->status > 0) printf(" (status %d)", step->status);
    if (step->signal > 0) printf(" (signal %d)", step->signal);
    putchar('\n');
    if (step->model) printf("    made the model %s/%s\n", step->model, step->version);
}

static void print_run(const Run *run) {
    printf("%s of %s: %s", run->id, run->pipeline, run_state_name(run->state));
    if (run->attempt > 1) printf(", tried %d times", run->attempt);
    if (run->by) printf(", for %s", run->by);
    putchar('\n');
    for (guint i = 0; i < run->arguments->len; i += 2)
        printf("  %s=%s\n", (const char *)g_ptr_array_index(run->arguments, i),
               (const char *)g_ptr_array_index(run->arguments, i + 1));
    for (guint i = 0; i < run->steps->len; i++)
        print_step(g_ptr_array_index(run->steps, i));
}

static int status_of_all(const PipelineWords *words) {
    g_autoptr(GPtrArray) runs = runs_list(pipeline_data_dir(words), RUNS_KEPT);
    if (!words->json) {
        print_runs(runs);
        return EXIT_SUCCESS;
    }
    g_autoptr(GString) out = g_string_new("{\"runs\":[");
    for (guint i = 0; i < runs->len; i++) {
        if (i > 0) g_string_append_c(out, ',');
        run_write_json(g_ptr_array_index(runs, i), out);
    }
    g_string_append(out, "]}");
    puts(out->str);
    return EXIT_SUCCESS;
}

static int status_of_one(const PipelineWords *words, const char *id) {
    g_autoptr(GError) error = NULL;
    g_autoptr(Run) run = run_open(pipeline_data_dir(words), id, &error);
    if (!run) return pipeline_fail("pipeline status", error);
    (words->json ? pipeline_print_json : print_run)(run);
    return EXIT_SUCCESS;
}

int cmd_pipeline_status(int argc, char **argv) {
    PipelineWords words = {0};
    GOptionEntry entries[PIPELINE_ENTRIES + 1] = {0};
    pipeline_words_entries(&words, entries);
    int status = EXIT_USAGE;
    if (options_parse("pipeline status", "[RUN]",
                      "Shows a run with its steps, or all runs that are kept, the latest first.",
                      entries, &argc, &argv, 0, 1))
        status = argc > 1 ? status_of_one(&words, argv[1]) : status_of_all(&words);
    g_free(words.data_dir);
    return status;
}

static void print_log(const Run *run, const RunStep *step, bool title) {
    g_autofree char *path = run_log_path(run, step);
    FILE *file = fopen(path, "rbe");
    if (!file) return; /* it has not begun */
    if (title) printf("==> %s\n", step->name);
    char text[16384];
    size_t got;
    while ((got = fread(text, 1, sizeof text, file)) > 0)
        fwrite(text, 1, got, stdout);
    fclose(file);
}

static void write_log(const Run *run, const RunStep *step, GString *out) {
    g_autofree char *path = run_log_path(run, step), *text = NULL;
    gsize len = 0;
    g_file_get_contents(path, &text, &len, NULL);
    g_string_append(out, "{\"step\":");
    json_write_str(out, str_from(step->name));
    g_string_append(out, ",\"log\":");
    if (text)
        json_write_str(out, (Str){text, len});
    else
        g_string_append(out, "null");
    g_string_append_c(out, '}');
}

/* Of one step, or where `name` is NULL, of all. */
static int print_logs(const Run *run, const char *name, bool json) {
    g_autoptr(GString) out = g_string_new("{\"logs\":[");
    guint shown = 0;
    for (guint i = 0; i < run->steps->len; i++) {
        const RunStep *step = g_ptr_array_index(run->steps, i);
        if (name && strcmp(step->name, name) != 0) continue;
        if (json && shown > 0) g_string_append_c(out, ',');
        if (json)
            write_log(run, step, out);
        else
            print_log(run, step, !name);
        shown++;
    }
    if (shown == 0)
        return options_fail("pipeline logs", EXIT_FAILURE, "run %s has no step '%.40s'", run->id,
                            name);
    g_string_append(out, "]}");
    if (json) puts(out->str);
    return EXIT_SUCCESS;
}

/* How far the logs were followed. */
typedef struct Followed {
    const char *only;                /* this step's alone; NULL: all */
    uint64_t at[PIPELINE_STEPS_MAX]; /* bytes */
    guint last;                      /* the step that was printed last, and one more; 0: none */
} Followed;

/* Prints what is new in the log of step `i`; whether there was something. */
static bool print_news(Followed *followed, const Run *run, guint i) {
    const RunStep *step = g_ptr_array_index(run->steps, i);
    if (followed->only && strcmp(step->name, followed->only) != 0) return false;
    const RunLogPiece piece = run_log_read(run, step, followed->at[i]);
    const bool news = piece.text->len > 0;
    if (news && !followed->only && followed->last != i + 1) printf("==> %s\n", step->name);
    if (news) followed->last = i + 1;
    fwrite(piece.text->str, 1, piece.text->len, stdout);
    fflush(stdout);
    followed->at[i] = piece.to;
    g_string_free(piece.text, TRUE);
    return news;
}

/* Prints the logs as they grow, until the run has ended and all is printed. */
static int follow_logs(const char *data_dir, const char *id, const char *only) {
    enum { LOOK_US = 200000 };
    g_autoptr(GError) error = NULL;
    g_autoptr(Run) run = run_open(data_dir, id, &error);
    Followed followed = {.only = only};
    if (run && only && !run_find_step(run, only))
        return options_fail("pipeline logs", EXIT_FAILURE, "run %s has no step '%.40s'", run->id,
                            only);
    while (run) {
        bool news = false; /* the state was read before the logs: nothing is missed */
        for (guint i = 0; i < run->steps->len; i++)
            news |= print_news(&followed, run, i);
        if (run->state > RUN_RUNNING && !news) return EXIT_SUCCESS;
        if (!news) g_usleep(LOOK_US);
        g_autofree char *same = g_strdup(run->id);
        run_free(run);
        run = run_open(data_dir, same, &error);
    }
    return pipeline_fail("pipeline logs", error);
}

static int logs(const PipelineWords *words, const char *id, const char *step, bool follow) {
    const char *data_dir = pipeline_data_dir(words);
    if (follow && words->json)
        return options_fail("pipeline logs", EXIT_USAGE, "--follow has no --json");
    if (follow) return follow_logs(data_dir, id, step);
    g_autoptr(GError) error = NULL;
    g_autoptr(Run) run = run_open(data_dir, id, &error);
    return run ? print_logs(run, step, words->json) : pipeline_fail("pipeline logs", error);
}

int cmd_pipeline_logs(int argc, char **argv) {
    PipelineWords words = {0};
    char *step = NULL;
    gboolean follow = FALSE;
    GOptionEntry entries[PIPELINE_ENTRIES + 3] = {
        [PIPELINE_ENTRIES] = {"step", 0, 0, G_OPTION_ARG_STRING, &step, "Of this step alone",
                              "NAME"},
        {"follow", 'f', 0, G_OPTION_ARG_NONE, &follow, "Go on as they grow, until the run ends",
         NULL},
    };
    pipeline_words_entries(&words, entries);
    int status = EXIT_USAGE;
    if (options_parse("pipeline logs", "[RUN]", "Shows what the steps of a run (the latest) said.",
                      entries, &argc, &argv, 0, 1))
        status = logs(&words, argc > 1 ? argv[1] : NULL, step, follow);
    g_free(words.data_dir);
    g_free(step);
    return status;
}

/* Waits until the run is no longer running; NULL with *error. */
static Run *wait_for_end(const char *data_dir, const char *id, GError **error) {
    for (int64_t waited = 0; waited < (int64_t)CANCEL_WAIT_SECONDS * G_USEC_PER_SEC;
         waited += CANCEL_LOOK_US) {
        g_autoptr(Run) run = run_open(data_dir, id, error);
        if (!run || run->state > RUN_RUNNING) return g_steal_pointer(&run);
        g_usleep(CANCEL_LOOK_US);
    }
    g_set_error(error, PIPELINE_ERROR, PIPELINE_ERROR_BUSY, "run %s has not ended in %d s", id,
                CANCEL_WAIT_SECONDS);
    return NULL;
}

static int cancel(const PipelineWords *words, const char *id) {
    const char *data_dir = pipeline_data_dir(words);
    g_autoptr(GError) error = NULL;
    g_autofree char *latest = id ? NULL : runs_latest(data_dir, run_is_alive);
    g_autoptr(Run) run = run_open(data_dir, id ? id : latest, &error);
    if (!run || !run_ask_cancel(run, &error)) return pipeline_fail("pipeline cancel", error);
    g_autoptr(Run) ended = wait_for_end(data_dir, run->id, &error);
    if (!ended) return pipeline_fail("pipeline cancel", error);
    if (words->json)
        pipeline_print_json(ended);
    else
        printf("Run %s of %s: %s.\n", ended->id, ended->pipeline, run_state_name(ended->state));
    return EXIT_SUCCESS;
}

int cmd_pipeline_cancel(int argc, char **argv) {
    PipelineWords words = {0};
    GOptionEntry entries[PIPELINE_ENTRIES + 1] = {0};
    pipeline_words_entries(&words, entries);
    int status = EXIT_USAGE;
    if (options_parse("pipeline cancel", "[RUN]",
                      "Ends a run (the latest that runs): asks its step to end, and after 5 "
                      "seconds kills it.",
                      entries, &argc, &argv, 0, 1))
        status = cancel(&words, argc > 1 ? argv[1] : NULL);
    g_free(words.data_dir);
    return status;
}
