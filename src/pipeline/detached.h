/* Runs that go on as processes of their own, for a service: begun as a person begins one with
 * `haechi pipeline run --detach`. They outlive whoever began them. */
#pragma once

#include "pipeline/run_record.h"

enum { DETACHED_START_SECONDS = 30 }; /* within which a run must have begun */

/* Begins a run of the pipeline NAME, with `set` (NULL-terminated "NAME=VALUE", or NULL). `file`, or
 * NULL, is that of the user's own pipelines. The run, not locked; NULL with *error:
 * PIPELINE_ERROR_BUSY and the process's own words where it refused. */
Run *detached_run(const char *data_dir, const char *file, const char *name, const char *by,
                  const char *const *set, GError **error);

/* Goes on with a run that ended without success. */
Run *detached_resume(const char *data_dir, const char *id, GError **error);
