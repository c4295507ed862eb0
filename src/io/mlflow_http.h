/* How mlflow.c talks: one request and its answer at a time, over one libcurl handle. */
#pragma once

#include "io/mlflow.h"

/* "%s" of a path or a query: every character that has a meaning there is escaped. */
char *mlflow_escape(const char *text);

/* Asks with GET, or where `question` has data, with POST. `path` begins with a slash and is
 * escaped; `doing` says what for, in errors. *root, which may be NULL, lives until the next
 * request. */
bool mlflow_ask(Mlflow *mlflow, const char *doing, const char *path, Str question, JsonValue *root,
                GError **error);

/* PUT of a file's bytes, and GET into a new file. */
bool mlflow_send_file(Mlflow *mlflow, const char *doing, const char *path, const char *file,
                      GError **error);
bool mlflow_receive_file(Mlflow *mlflow, const char *doing, const char *path, const char *file,
                         GError **error);

/* Sets *error to one line about what was being done; returns false. Secrets are taken out. */
bool mlflow_fail(const Mlflow *mlflow, const char *doing, MlflowError code, const char *what,
                 GError **error);

/* An emptied buffer for a question. */
GString *mlflow_body(Mlflow *mlflow);
