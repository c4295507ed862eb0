/* The audit trail (io/audit_trail.h), for every part of the service that does what has to be told
 * of. From any thread. A NULL Audit takes everything and does nothing. */
#pragma once

#include "io/audit_trail.h"

enum { AUDIT_QUEUE_MAX = 1024 }; /* entries that wait for audit_note's thread */

typedef struct Audit Audit;

/* A connection of its own to the casebook in `dir`, which is there already, and a thread. */
Audit *audit_new(const char *dir, GError **error);

/* Writes what waits and ends the thread. NULL is allowed. */
void audit_free(Audit *audit);

/* Adds an entry and returns when it is on the disk, some milliseconds later: before what it tells
 * of is answered, and not on the HTTP thread. False with *error when it could not be written: then
 * what it tells of should not be done, or undone. */
bool audit_write(Audit *audit, const AuditEntry *entry, GError **error);

/* Adds an entry and returns at once; it is on the disk within moments. When too many wait it is
 * left out, and an entry of the action "audit.left_out" will say how many were. */
void audit_note(Audit *audit, const AuditEntry *entry);
