/* A model that is named by where it is in MLflow's registry: "mlflow:NAME@ALIAS" or
 * "mlflow:NAME/VERSION". Its folder is downloaded once into a cache, by the run that made it, and
 * is taken from there ever after. */
#pragma once

#include <glib.h>
#include <stdbool.h>

enum {
    MLFLOW_MODEL_CACHE_MAX = 16, /* folders; a further one takes the place of the oldest */
    MLFLOW_MODEL_SECONDS = 600,  /* to find and get one */
};

/* The folder of the model that `text` names, which the caller frees: `text` itself unless it begins
 * with "mlflow:". A folder that was downloaded was loaded once, and its files' SHA-256 are those of
 * its manifest. NULL with *error in one line. Where the server is away the folder is the one that
 * the name meant the last time, and *note, which the caller frees, says so; otherwise it is NULL.
 */
char *mlflow_model_folder(const char *text, char **note, GError **error);

/* Whether what `text` names may come to be another model: an alias may be moved. */
bool mlflow_model_may_change(const char *text);

/* Asks again which folder such a text means; `before` is the one that was given the last time and
 * is not looked into again. NULL with *error, also where the server is away: what was meant the
 * last time is the caller's to go on with. Ends within about a second once *stop is set. */
char *mlflow_model_again(const char *text, const char *before, const _Atomic bool *stop,
                         GError **error);
