/* A progress bar on standard error, for people: where that is no terminal, nothing is printed. */
#pragma once

#include <stdint.h>

typedef struct Progress Progress;

/* `label` says what is being done ("reading fraudTrain.csv"); `total` is in any unit, 0 when it is
 * not known. Never NULL. */
Progress *progress_new(const char *label, uint64_t total);

/* Draws at most ten times a second, so it may be called often. `note` (or NULL) is a few words
 * shown behind the bar. */
void progress_update(Progress *progress, uint64_t done, const char *note);

/* Clears the bar from the terminal and frees it. NULL is allowed. */
void progress_end(Progress *progress);
