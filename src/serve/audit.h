/* The audit trail (io/audit_trail.h), for every part of the service that does what has to be told
 * of. Nothing is told of later, or left out: whoever writes an entry waits until it is on the disk.
 * The parts with a thread of their own do so in audit_write; the HTTP thread, which waits for
 * nobody, hands a job to the trail's own thread. */
#pragma once

#include "io/audit_trail.h"
#include "serve/meters.h"
#include "serve/side_worker.h"

enum { AUDIT_QUEUE_MAX = 1024 }; /* jobs that wait */

typedef struct Audit Audit;

/* A connection of its own to the casebook in `dir`, which is there already, and a thread. In
 * `meters` it counts the entries that wait, so that who else writes to the casebook gives way. */
Audit *audit_new(const char *dir, Meters *meters, GError **error);

/* Takes jobs of JOB_AUDIT. The reply of one whose entry is on the disk stays empty; of another it
 * is a 500, and what the entry tells of should not be done, or undone. */
Worker *audit_worker(Audit *audit);

/* Does what waits, takes no more and ends the thread. NULL is allowed. */
void audit_stop(Audit *audit);

/* After audit_stop. NULL is allowed. */
void audit_free(Audit *audit);

/* Adds an entry and returns when it is on the disk, some milliseconds later: before what it tells
 * of is answered. From any thread but the HTTP thread. False with *error when it could not be
 * written: then what it tells of should not be done, or undone. A NULL Audit takes everything and
 * does nothing. */
bool audit_write(Audit *audit, const AuditEntry *entry, GError **error);
