/* A model that follows the service's log without deciding: a fold of its own over the same events,
 * from the log's beginning, on a thread that reads the store. So its scores are those it would have
 * given, and it can take over at any event: the state it hands over is the one that the service
 * would have had it decided from the first. What the two would have done differently is counted. */
#pragma once

#include "engine/engine.h"
#include "serve/comparison.h"
#include "serve/meters.h"

typedef struct Shadow Shadow;

/* Opens the store in `dir` a second time and starts the thread. `model` gets a reference of its
 * own; `champion_version` is of whom the answers in the log are compared with; `meters` is borrowed
 * and tells the log's position. */
Shadow *shadow_new(const char *dir, Model *model, const char *champion_version,
                   const Meters *meters, GError **error);

/* Ends the thread. NULL is allowed. */
void shadow_free(Shadow *shadow);

Model *shadow_model(const Shadow *shadow); /* the shadow's reference */

/* Events of the log that it has not folded yet; from any thread. */
uint64_t shadow_lag(const Shadow *shadow);

/* Why it stopped following (the store failed), or NULL; from any thread. */
const char *shadow_failure(Shadow *shadow);

/* Totals up to now; from any thread. */
ComparisonTotals shadow_totals(Shadow *shadow);

/* From the thread that owns the log, which holds `position` events, all committed: ends the thread,
 * and returns its state as of that position, the caller's; NULL when the log could not be read. */
Engine *shadow_take_over(Shadow *shadow, uint64_t position, GError **error);
