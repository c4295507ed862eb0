/* The registry of models over HTTP: list, show, compare, files, promote, roll back, delete. A
 * worker with a thread of its own, as files wait for disks and changes for each other, and neither
 * the HTTP thread nor the folding one may. What it answers as JSON is what `haechi models --json`
 * prints. A promotion moves a link, and whoever watches it (models.h) takes the version over. */
#pragma once

#include "base/json.h"
#include "model/registry.h"
#include "serve/audit.h"
#include "serve/models.h"
#include "serve/side_worker.h"

enum {
    LIBRARY_QUEUE_MAX = 64,              /* calls that wait */
    LIBRARY_REPORT_BYTES_MAX = 16 << 20, /* a report that is shown with its version */
};

typedef enum LibraryTask {
    LIBRARY_LIST,
    LIBRARY_SHOW,
    LIBRARY_FILE,
    LIBRARY_COMPARE,
    LIBRARY_PROMOTE,
    LIBRARY_ROLLBACK,
    LIBRARY_DELETE,
} LibraryTask;

/* What is asked for. */
struct LibraryCall {
    LibraryTask task;
    char *name;          /* of all tasks but a comparison; of a list NULL for all names */
    char *version;       /* of a version, or an alias, or "latest" */
    char *file;          /* of LIBRARY_FILE */
    char *models;        /* of a comparison: MODEL,MODEL..., as for registry_find */
    RegistryAlias alias; /* to promote to or roll back */
    bool force;          /* to delete what is in use, too */
    char *by, *role;     /* of who asks */
};

void library_call_free(LibraryCall *call); /* NULL is allowed */

/* Reads the body of a promotion or rollback, {"as": "champion"} or {}, into call->alias. Returns
 * NULL, or what is wrong with it, and then *status. */
const char *library_call_read(JsonParser *parser, Str body, LibraryCall *call, unsigned *status);

typedef struct Library Library;

/* Starts the thread. All are borrowed; `dir` is NULL where the service has no registry, and then
 * every call is answered with 404. Changes go into the audit trail; `audit` may be NULL. */
Library *library_new(const char *dir, Models *models, Audit *audit);

/* The library as the HTTP API sees it: it takes jobs of JOB_LIBRARY. */
Worker *library_worker(Library *library);

/* Answers what waits, takes no more and ends the thread; before `models` is freed. NULL is allowed.
 */
void library_stop(Library *library);

/* After library_stop. NULL is allowed. */
void library_free(Library *library);
