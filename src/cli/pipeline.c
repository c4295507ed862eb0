#include "cli/pipeline.h"

#include "cli/command.h"
#include "cli/options.h"
#include <stdio.h>
#include <stdlib.h>

void pipeline_words_entries(PipelineWords *words, GOptionEntry *entries) {
    entries[0] = (GOptionEntry){"data-dir",
                                0,
                                0,
                                G_OPTION_ARG_FILENAME,
                                &words->data_dir,
                                "The folder that the runs are kept in (" PIPELINE_DATA_DIR ")",
                                "DIR"};
    entries[1] = (GOptionEntry){
        "json", 0, 0, G_OPTION_ARG_NONE, &words->json, "Print one JSON object", NULL};
}

const char *pipeline_data_dir(const PipelineWords *words) {
    return words->data_dir ? words->data_dir : PIPELINE_DATA_DIR;
}

int pipeline_fail(const char *command, const GError *error) {
    const bool usage = g_error_matches(error, PIPELINE_ERROR, PIPELINE_ERROR_ARGUMENT);
    return options_fail(command, usage ? EXIT_USAGE : EXIT_FAILURE, "%s", error->message);
}

char *pipeline_duration(int64_t started, int64_t ended) {
    const double seconds = run_seconds(started, ended);
    if (seconds < 0) return g_strdup("-");
    if (seconds < 60) return g_strdup_printf("%.1f s", seconds);
    return g_strdup_printf("%d min %d s", (int)(seconds / 60), (int)seconds % 60);
}

void pipeline_print_json(const Run *run) {
    g_autoptr(GString) out = g_string_new(NULL);
    run_write_json(run, out);
    puts(out->str);
}
