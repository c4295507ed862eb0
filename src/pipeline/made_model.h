/* Which model a pipeline's step has made. The runner names a file in the step's environment, the
 * command that trains writes into it, and the runner reads it when the step has succeeded. */
#pragma once

#include <glib.h>
#include <stdbool.h>

#define MADE_MODEL_VARIABLE "HAECHI_MODEL_FILE"

/* Notes the version in the file that MADE_MODEL_VARIABLE names; where none is, does nothing. */
bool made_model_note(const char *name, const char *version, GError **error);

/* What the file holds; the caller frees both. False where there is none, or it is no such note. */
bool made_model_read(const char *path, char **name, char **version);
