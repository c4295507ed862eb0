/* haechi pipeline list: the pipelines, with their arguments and steps. */
#include "base/civil.h"
#include "base/json_write.h"
#include "cli/command.h"
#include "cli/options.h"
#include "cli/pipeline.h"

#include <stdio.h>
#include <stdlib.h>

static const char command[] = "pipeline list";

/* When it is due next, as "2026-11-24 22:30:00", UTC; false where it is never. */
static bool next_time(const Pipeline *pipeline, char text[CIVIL_TIME_LEN + 1]) {
    const int64_t next = pipeline_next(pipeline, g_get_real_time() / G_USEC_PER_SEC);
    if (next != 0) civil_write_time(next, text);
    return next != 0;
}

static void print_schedule(const Pipeline *pipeline) {
    char next[CIVIL_TIME_LEN + 1];
    if (!pipeline->schedule) return;
    const bool comes = next_time(pipeline, next);
    printf("    at %s (%s), next: %s%s\n", pipeline->schedule,
           g_time_zone_get_identifier(pipeline->zone), comes ? next : "never", comes ? " UTC" : "");
}

static void print_pipeline(const Pipeline *pipeline) {
    printf("%s\n    %s\n", pipeline->name, pipeline->description);
    print_schedule(pipeline);
    for (guint i = 0; i < pipeline->arguments->len; i++) {
        const PipelineArgument *argument = g_ptr_array_index(pipeline->arguments, i);
        printf("    --set %s=%s\n", argument->name,
               argument->value ? argument->value : "VALUE (needed)");
    }
    for (guint i = 0; i < pipeline->steps->len; i++) {
        const PipelineStep *step = g_ptr_array_index(pipeline->steps, i);
        g_autofree char *words = g_strjoinv(" ", step->words);
        printf("    %u. %s: %s\n", i + 1, step->name, words);
    }
}

static void write_words(GString *out, char **words) {
    for (char **word = words; *word; word++) {
        if (word > words) g_string_append_c(out, ',');
        json_write_str(out, str_from(*word));
    }
}

static void write_step(GString *out, const PipelineStep *step) {
    g_string_append(out, "{\"name\":");
    json_write_str(out, str_from(step->name));
    g_string_append(out, ",\"words\":[");
    write_words(out, step->words);
    g_string_append(out, "],\"after\":[");
    for (guint i = 0; i < step->after->len; i++) {
        if (i > 0) g_string_append_c(out, ',');
        json_write_str(out, str_from(g_ptr_array_index(step->after, i)));
    }
    g_string_append(out, "]}");
}

static void write_argument(GString *out, const PipelineArgument *argument) {
    json_write_str(out, str_from(argument->name));
    g_string_append_c(out, ':');
    if (argument->value)
        json_write_str(out, str_from(argument->value));
    else
        g_string_append(out, "null");
}

static void write_schedule(GString *out, const Pipeline *pipeline) {
    char next[CIVIL_TIME_LEN + 1];
    g_string_append(out, ",\"schedule\":");
    json_write_str(out, str_from(pipeline->schedule));
    g_string_append(out, ",\"time_zone\":");
    json_write_str(out, str_from(g_time_zone_get_identifier(pipeline->zone)));
    if (next_time(pipeline, next))
        g_string_append_printf(out, ",\"next\":\"%sZ\"", g_strdelimit(next, " ", 'T'));
}

static void write_pipeline(GString *out, const Pipeline *pipeline) {
    g_string_append(out, "{\"name\":");
    json_write_str(out, str_from(pipeline->name));
    g_string_append(out, ",\"description\":");
    json_write_str(out, str_from(pipeline->description));
    if (pipeline->schedule) write_schedule(out, pipeline);
    g_string_append(out, ",\"arguments\":{");
    for (guint i = 0; i < pipeline->arguments->len; i++) {
        if (i > 0) g_string_append_c(out, ',');
        write_argument(out, g_ptr_array_index(pipeline->arguments, i));
    }
    g_string_append(out, "},\"steps\":[");
    for (guint i = 0; i < pipeline->steps->len; i++) {
        if (i > 0) g_string_append_c(out, ',');
        write_step(out, g_ptr_array_index(pipeline->steps, i));
    }
    g_string_append(out, "]}");
}

static void print_json(const GPtrArray *pipelines) {
    g_autoptr(GString) out = g_string_new("{\"pipelines\":[");
    for (guint i = 0; i < pipelines->len; i++) {
        if (i > 0) g_string_append_c(out, ',');
        write_pipeline(out, g_ptr_array_index(pipelines, i));
    }
    g_string_append(out, "]}");
    puts(out->str);
}

static int list(const PipelineWords *words, const char *file) {
    g_autoptr(GError) error = NULL;
    g_autoptr(GPtrArray) pipelines = pipelines_read(file, pipeline_data_dir(words), &error);
    if (!pipelines) return pipeline_fail(command, error);
    if (words->json)
        print_json(pipelines);
    else
        for (guint i = 0; i < pipelines->len; i++)
            print_pipeline(g_ptr_array_index(pipelines, i));
    return EXIT_SUCCESS;
}

int cmd_pipeline_list(int argc, char **argv) {
    PipelineWords words = {0};
    char *file = NULL;
    GOptionEntry entries[PIPELINE_ENTRIES + 2] = {
        [PIPELINE_ENTRIES] = {"pipelines", 0, 0, G_OPTION_ARG_FILENAME, &file,
                              "Your own pipelines (" PIPELINE_FILE " in the data folder)", "FILE"},
    };
    pipeline_words_entries(&words, entries);
    int status = EXIT_USAGE;
    if (options_parse(command, NULL,
                      "Lists the pipelines: those built in and your own, with their arguments'\n"
                      "defaults and their steps.",
                      entries, &argc, &argv, 0, 0))
        status = list(&words, file);
    g_free(words.data_dir);
    g_free(file);
    return status;
}
