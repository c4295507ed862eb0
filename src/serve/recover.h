/* The way back after a stop, orderly or not: the checkpoint, then the events of the log after it,
 * folded once more by the same engine.
 *
 * The state is always the fold of the whole log with the model in use. A checkpoint made with
 * another model, or one that cannot be read, is therefore set aside and the log is folded from its
 * beginning. Scores that the same model version gave before are compared, bit for bit, with what
 * the fold gives now. */
#pragma once

#include "engine/engine.h"
#include "io/store.h"
#include "serve/meters.h"

/* The checkpoint's file in the data folder; the caller frees. */
char *checkpoint_path(const char *dir);

/* Makes sure that a checkpoint, if there is one, was made with `model`: one of another model is
 * removed. */
bool checkpoint_match_model(const char *dir, Store *store, const Model *model, GError **error);

/* An engine at the end of the store's log, or NULL. What happened is told on standard error. */
Engine *recover(const char *dir, Store *store, const Model *model, Meters *meters, GError **error);
