/* SQLite's write-ahead log has to be copied into the database now and then. Done by the writer, as
 * SQLite does it by itself, that makes some commits wait for two more flushes of the disk. The
 * sweeper copies from a thread and a connection of its own while commits go on; the writer is left
 * with what was appended meanwhile, after which the log starts again at its beginning. */
#pragma once

#include "io/database.h"
#include <glib.h>
#include <stdbool.h>

typedef struct Sweeper Sweeper;

/* NULL, with *error set, when the database cannot be opened once more. The database is the writer's
 * and stays. */
Sweeper *sweeper_new(const Database *database, GError **error);

/* Ends the thread, which finishes what it is at. */
void sweeper_free(Sweeper *sweeper);

/* Tells the sweeper how many pages the log holds after a commit. Returns true when it has been
 * through the log and the writer is to copy the rest. */
bool sweeper_after_commit(Sweeper *sweeper, int pages);
