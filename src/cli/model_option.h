/* The model that --model names: a folder, or a version in MLflow's registry. */
#pragma once

#include <glib.h>

#define MODEL_OPTION_HELP "The model: its folder, or mlflow:NAME@ALIAS, mlflow:NAME/VERSION"

/* The folder to load, which the caller frees, or NULL with *error. Says on standard error what
 * there is to know of it. */
char *model_option_folder(const char *command, const char *text, GError **error);
