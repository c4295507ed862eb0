/* The records of training runs that wait for MLflow. Every run's is put here first, as links to the
 * files of its model's folder, and removed once it was sent; so what a server that is away or a
 * crash kept from being sent goes out with the next training, or with `haechi mlflow send`. */
#pragma once

#include "io/mlflow.h"

enum {
    MLFLOW_OUTBOX_MAX = 64,      /* records; a further one takes the place of the oldest */
    MLFLOW_OUTBOX_SECONDS = 120, /* that a training run spends on it at most */
};

/* $XDG_STATE_HOME/haechi/mlflow; the caller frees it. */
char *mlflow_outbox_folder(void);

/* Puts the model's folder into the outbox, to be recorded in the experiment that
 * MLFLOW_EXPERIMENT_NAME names, or "haechi". `ended`: when its training ended, in milliseconds
 * since the epoch. */
bool mlflow_outbox_add(const char *model_dir, int64_t ended, GError **error);

typedef struct MlflowOutboxSent {
    unsigned sent, left;
    GString *told; /* a line for each that was sent; NULL: none is told. The caller's */
} MlflowOutboxSent;

/* Sends what is there, oldest first, one process at a time. False with the first *error when not
 * all of it was sent. A server that is away, or does not let us in, ends it. `wait`: until when
 * (g_get_monotonic_time()) another process that sends is waited for. */
bool mlflow_outbox_send(Mlflow *mlflow, int64_t wait, MlflowOutboxSent *out, GError **error);

/* What `haechi train` does after it wrote a model's folder: with MLFLOW_TRACKING_URI set, records
 * it, in a bounded time, and says in one line on standard error how that went. Without, does
 * nothing. */
void mlflow_outbox_train(const char *model_dir);
