/* The named pipelines: read from the key file that is built in (pipelines.conf, which tells the
 * form) and from the user's own. A pipeline is a small graph of steps; a step is a haechi command,
 * a list of words that no shell ever sees. */
#pragma once

#include "pipeline/cron.h"
#include <glib.h>
#include <stdbool.h>

#define PIPELINE_FILE "pipelines.conf" /* the user's own, in the data folder */

enum {
    PIPELINE_FILE_BYTES_MAX = 1 << 18,
    PIPELINES_MAX = 100,
    PIPELINE_STEPS_MAX = 32,
    PIPELINE_ARGUMENTS_MAX = 32,
    PIPELINE_WORDS_MAX = 64,              /* of a step's command */
    PIPELINE_NAME_MAX = 40,               /* bytes: letters, digits, '_' and '-' */
    PIPELINE_VALUE_MAX = 4096,            /* bytes: of an argument, a command, a description */
    PIPELINE_COMMAND_BYTES_MAX = 1 << 15, /* of a command with its arguments' values in it */
    PIPELINE_PARALLEL_DEFAULT = 2,        /* steps that run at the same time */
    PIPELINE_PARALLEL_MAX = 8,
};

typedef enum PipelineError {
    PIPELINE_ERROR_DEFINITION, /* a file of pipelines is wrong */
    PIPELINE_ERROR_ARGUMENT,   /* what was asked for is wrong */
    PIPELINE_ERROR_MISSING,    /* there is none of that name */
    PIPELINE_ERROR_BUSY,       /* it is not in a state in which that can be done */
    PIPELINE_ERROR_SYSTEM,     /* a file or a process could not be had */
} PipelineError;

#define PIPELINE_ERROR (pipeline_error_quark())
GQuark pipeline_error_quark(void);

typedef struct PipelineArgument {
    char *name;
    char *value; /* the default; NULL where it must be given */
} PipelineArgument;

typedef struct PipelineStep {
    char *name;
    char **words;     /* as written: with ${ARG} in them */
    GPtrArray *after; /* char *: names of steps before this one in the pipeline's array */
} PipelineStep;

typedef struct Pipeline {
    char *name, *description;
    GPtrArray *arguments; /* PipelineArgument *, as they stand in the file */
    GPtrArray *steps;     /* PipelineStep *, each after those it waits for */
    char *schedule;       /* as written; NULL where it has none */
    Cron cron;            /* the same */
    GTimeZone *zone;      /* of the schedule: the system's unless the file says another */
    guint parallel; /* steps that run at the same time at most, where none waits for another */
} Pipeline;

void pipeline_free(Pipeline *pipeline);

/* Reads the text of a file of pipelines and adds them to `pipelines` (Pipeline *, with
 * pipeline_free); one takes the place of another of its name. `path` is for messages. False with
 * *error in one line that names file, group and key; `pipelines` is then as it was. */
bool pipelines_parse(GPtrArray *pipelines, const char *path, const char *text, gsize len,
                     GError **error);

/* Those built in, then those of the file `path`, or where that is NULL, of `data_dir`'s
 * PIPELINE_FILE if there is one. NULL with *error. */
GPtrArray *pipelines_read(const char *path, const char *data_dir, GError **error);

/* NULL with *error when there is none of that name. */
const Pipeline *pipelines_find(const GPtrArray *pipelines, const char *name, GError **error);

/* The arguments of a run, in the pipeline's order, as char * pairs of name and value: the defaults,
 * and in their place what `set` (NULL-terminated "NAME=VALUE") says. NULL with *error for an
 * unknown name, one without a value, and a value that is empty, begins with '-' (it could be taken
 * for an option), has control characters, or holds what looks like a card number or an address
 * with a password in it. */
GPtrArray *pipeline_arguments(const Pipeline *pipeline, const char *const *set, GError **error);

/* The steps' commands with the arguments' values in them (char **, with g_strfreev), in their
 * order. NULL with *error where one is too long, runs pipelines, or holds what a value may not. */
GPtrArray *pipeline_commands(const Pipeline *pipeline, const GPtrArray *arguments, GError **error);

/* When it is due for the first time after `after`, seconds since the epoch; 0 for never. */
int64_t pipeline_next(const Pipeline *pipeline, int64_t after);

/* Letters, digits, '_' and '-', at most PIPELINE_NAME_MAX, a letter or digit first. */
bool pipeline_name_valid(const char *name);
