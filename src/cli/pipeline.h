/* What the commands on pipelines have in common. */
#pragma once

#include "pipeline/run_record.h"
#include <glib.h>

#define PIPELINE_DATA_DIR "haechi-data" /* as the service's */

typedef struct PipelineWords {
    char *data_dir; /* --data-dir; NULL for the usual one */
    gboolean json;
} PipelineWords;

enum { PIPELINE_ENTRIES = 2 };

/* Fills entries[0..PIPELINE_ENTRIES). */
void pipeline_words_entries(PipelineWords *words, GOptionEntry *entries);
const char *pipeline_data_dir(const PipelineWords *words);

/* The exit status of `command` that ended in `error`, having said why. */
int pipeline_fail(const char *command, const GError *error);

/* "3.2 s", "4 min 10 s", or "-" where it has not begun; the caller frees it. */
char *pipeline_duration(int64_t started, int64_t ended);

/* Prints the run as one line of JSON. */
void pipeline_print_json(const Run *run);
