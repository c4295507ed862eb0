/* Drift: how far the transactions of the last week are from those that the model was trained on, as
 * a population stability index of each feature and of the score (model/drift_bins.h).
 *
 * The week is one of the transactions' own time, in slots of an hour, so that the hour of the day
 * and the day of the week do not count as drift, and a replay of old data shows what the service
 * would have shown. One thread adds; any thread reads. It is what this process has decided since it
 * started or the model was changed: after either the week fills anew. */
#pragma once

#include "model/model.h"
#include <glib.h>

enum {
    DRIFT_SLOT_SECONDS = 3600,
    DRIFT_SLOTS = 7 * 24,
    DRIFT_ROWS_MIN = 1000, /* of fewer transactions an index would mostly be chance */
};

typedef struct Drift Drift;

Drift *drift_new(void);
void drift_free(Drift *drift); /* NULL is allowed */

/* Begins anew with what this model was trained on; a reference of its own is taken. Says once on
 * standard error why there is nothing to compare with, where that is so. */
void drift_set_model(Drift *drift, Model *model);

/* Counts a decided transaction: its time, in seconds, and its feature_count() features. One that is
 * a week before the latest is not counted. */
void drift_add(Drift *drift, int64_t time, const float *features, float score);

/* Appends the answer of GET /v1/drift: one JSON object, the features with the greatest index first.
 * False, having pointed *why at a line that the caller frees, where there is nothing to compare
 * with. */
bool drift_write(Drift *drift, GString *out, char **why);

/* Appends the gauges in Prometheus' text format; none where there is nothing to compare with. */
void drift_write_prometheus(Drift *drift, GString *out);
