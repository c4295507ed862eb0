/* What an input refused: counted by field and reason, and kept aside row by row in a reject file,
 * so that a person can mend it. The file exists only if something was refused, and is private, as
 * it holds what people sent. A file that is no reject file is not replaced. */
#pragma once

#include "record/transaction.h"
#include <glib.h>

enum { REJECT_KINDS_MAX = 128 };

#define REJECT_FILE_MAX (100LL * 1000 * 1000) /* bytes; past it rejects are only counted */

typedef struct RejectKind {
    uint64_t count;
    Reject first;
} RejectKind;

typedef struct RejectLog RejectLog;

/* `path` is the reject file, or NULL to count only; a reject file of an earlier run is removed. */
RejectLog *reject_log_new(const char *path);
void reject_log_free(RejectLog *log); /* NULL is allowed */

void reject_log_add(RejectLog *log, const Reject *reject);

const RejectKind *reject_log_kinds(const RejectLog *log,
                                   size_t *count); /* in order of appearance */

/* Why not all rejects are in the file ("cannot be written: ..."), NULL when they are. */
const char *reject_log_problem(const RejectLog *log);

/* The reject file of an input: "data.csv.rejects", "stdin.rejects" for "-". */
char *reject_log_path_for(const char *input_path);
