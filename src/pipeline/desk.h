/* Pipelines for a service: answers what is asked of them (serve/pipelines.h), counts for its
 * metrics, and, where it is asked to, runs the schedule. Runs are processes of their own
 * (detached.h), so they neither slow the service nor end with it. */
#pragma once

#include "serve/pipelines.h"

enum { DESK_RUNNING_MAX = 8 }; /* runs under way, over which no other is begun */

typedef struct PipelineDesk PipelineDesk;

typedef struct PipelineDeskOptions {
    const char *data_dir;
    const char *file; /* the user's own pipelines; NULL: PIPELINE_FILE in data_dir */
    bool schedule;
} PipelineDeskOptions;

/* NULL with *error where the schedule is to be run and the file of pipelines is wrong, or none of
 * them has a schedule. Otherwise the file is read when it is needed. */
PipelineDesk *pipeline_desk_new(const PipelineDeskOptions *options, GError **error);

/* What the service asks; the desk must outlive it. */
PipelinesBackend pipeline_desk_backend(PipelineDesk *desk);

/* Ends the schedule; a run under way goes on. NULL is allowed. */
void pipeline_desk_free(PipelineDesk *desk);
