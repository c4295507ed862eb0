/* The audit trail: who did what to what, and when; a table of the casebook (io/casebook.h). Entries
 * are added and never changed: the database refuses to, and each carries the SHA-256 of the entry
 * before it and of its own content, so that one that was changed, taken out or put between by other
 * means is found (audit_trail_verify). Who rewrites the whole chain from some entry on, or cuts its
 * end off, is found by the hash of an entry that was noted elsewhere.
 *
 * An entry's numbers are 1, 2, 3 and so on without a gap. */
#pragma once

#include "io/database.h"

enum {
    AUDIT_HASH_BYTES = 32,
    AUDIT_HASH_TEXT = 2 * AUDIT_HASH_BYTES, /* hexadecimal digits */
    AUDIT_WORD_MAX = 256,                   /* bytes of every part but the text */
    AUDIT_TEXT_MAX = 4096,
};

/* What was done. By, role and action must be there; the others may be NULL. What is too long is
 * cut, what is not UTF-8 replaced. No card number belongs here: what may be one is masked in from,
 * to and text; the subject is kept as it is, since transaction numbers may look like one. */
typedef struct AuditEntry {
    const char *by, *role; /* "kim", "analyst" */
    const char *action;    /* "alert.status" */
    const char *subject;   /* a transaction number, a model's version, a pipeline's run */
    const char *from, *to; /* what it was before and after */
    const char *text;
} AuditEntry;

/* An entry of the trail. */
typedef struct AuditRecord {
    uint64_t seq;
    int64_t time; /* microseconds since the epoch */
    AuditEntry entry;
    char hash[AUDIT_HASH_TEXT + 1];
} AuditRecord;

/* Its part of a database's schema. */
extern const char audit_trail_schema[];

typedef struct AuditTrail AuditTrail;

/* On a connection, which is borrowed; NULL with *error. */
AuditTrail *audit_trail_new(const Database *database, GError **error);
void audit_trail_free(AuditTrail *trail); /* NULL is allowed */

/* Adds an entry, within a transaction of the connection. `time` is microseconds since the epoch. */
bool audit_trail_add(AuditTrail *trail, const AuditEntry *entry, int64_t time, GError **error);

typedef void AuditEach(const AuditRecord *record, void *data);

/* Calls `each` for up to `limit` entries before entry `before` (UINT64_MAX: from the last), the
 * latest first; with `people`, of what people did and not the service of itself. The record lives
 * until `each` returns. */
bool audit_trail_list(AuditTrail *trail, bool people, uint64_t before, size_t limit,
                      AuditEach *each, void *data, GError **error);

/* The same of the latest entries of one subject. */
bool audit_trail_list_of(AuditTrail *trail, const char *subject, size_t limit, AuditEach *each,
                         void *data, GError **error);

/* What a look at the whole trail finds. */
typedef struct AuditCheck {
    uint64_t entries;               /* those that hold */
    char last[AUDIT_HASH_TEXT + 1]; /* the hash of the last of them; zeros where there is none */
    uint64_t seen_at;               /* the entry whose hash is `noted`; 0 for none */
} AuditCheck;

/* Reads the trail from its beginning. False with DATABASE_ERROR_TAMPERED where an entry does not
 * hold, which the error names. `noted` is NULL or a hash that was noted before. */
bool audit_trail_verify(AuditTrail *trail, const char *noted, AuditCheck *check, GError **error);

/* Microseconds since the epoch as 2026-11-29T12:13:14.056Z. */
enum { AUDIT_TIME_LEN = 24 };
void audit_time_text(int64_t us, char out[AUDIT_TIME_LEN + 1]);

/* Appends the entry as a JSON object. */
void audit_record_write(GString *out, const AuditRecord *record);
