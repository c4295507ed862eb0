/* Parameters of a training, as its library's documentation names them. */
#pragma once

#include <glib.h>
#include <stdbool.h>

typedef struct TrainParam {
    char *name, *value;
} TrainParam;

/* Owned copies of the `defaults` that nothing overrides, then of `over`, in their order. */
GArray *train_params_merge(const TrainParam *defaults, size_t default_count, const TrainParam *over,
                           size_t over_count);

/* Takes `name` out of the params and frees it; returns its last value, the caller's to free, or
 * NULL. */
char *train_params_take(GArray *params, const char *name);

enum { TRAIN_THREADS_MAX = 256 };

/* Whether `name`, a number of threads, is TRAIN_THREADS_MAX at most or not given: libraries die of
 * more than a machine can start. False with *error in one line. */
bool train_params_check_threads(const TrainParam *params, size_t count, const char *name,
                                GError **error);

void train_params_add(GArray *params, const char *name, const char *value);
void train_params_free(GArray *params); /* NULL is allowed */

/* The last value of `name`, or NULL. */
const char *train_params_find(const TrainParam *params, size_t count, const char *name);
