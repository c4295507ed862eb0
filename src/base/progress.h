/* A progress bar on standard error, for people: where that is no terminal, nothing is printed.
 * Where the environment names a file (PROGRESS_VARIABLE), it is also written there, as the runner
 * of pipelines asks for: one line, the share done, or '-' where that is not known, and the label.
 */
#pragma once

#include <stdint.h>

#define PROGRESS_VARIABLE "HAECHI_PROGRESS_FILE"

typedef struct Progress Progress;

/* `label` says what is being done ("reading fraudTrain.csv"); `total` is in any unit, 0 when it is
 * not known. Never NULL. */
Progress *progress_new(const char *label, uint64_t total);

/* Draws at most ten times a second, and writes the file twice, so it may be called often. `note`
 * (or NULL) is a few words shown behind the bar. */
void progress_update(Progress *progress, uint64_t done, const char *note);

/* Clears the bar from the terminal and frees it. NULL is allowed. */
void progress_end(Progress *progress);

/* Reads such a file: *share is the share done, from 0 to 1, or -1 where it is not known. Returns
 * the label, valid UTF-8, which the caller frees; NULL where there is no such file. */
char *progress_read(const char *path, double *share);
