/* A step's log, read in pieces while it is written. */
#pragma once

#include "pipeline/run_record.h"

enum { RUN_LOG_PIECE_MAX = 256 << 10 }; /* bytes */

typedef struct RunLogPiece {
    GString *text; /* the bytes from..to: whole characters where they are UTF-8, and at the end of
                      the log of a step that has ended, whatever is there */
    uint64_t from, to, size; /* of the log, in bytes */
} RunLogPiece;

/* Reads what the log has from the byte `from` on, at most RUN_LOG_PIECE_MAX of it. Where `from` is
 * beyond its end, it was begun anew by another try, and is read from its beginning. One that has
 * not begun is empty. The caller frees the text. */
RunLogPiece run_log_read(const Run *run, const RunStep *step, uint64_t from);
