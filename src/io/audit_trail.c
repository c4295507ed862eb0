#include "io/audit_trail.h"

#include "base/civil.h"
#include "base/json_write.h"
#include "record/transaction.h"

#include <string.h>

/* REPLACE would take a row's place without a DELETE, so an insertion may only go to the end. */
const char audit_trail_schema[] =
    "CREATE TABLE audit(seq INTEGER PRIMARY KEY, time INTEGER NOT NULL, by TEXT NOT NULL,"
    " role TEXT NOT NULL, action TEXT NOT NULL, subject TEXT, before TEXT, after TEXT, text TEXT,"
    " hash BLOB NOT NULL);"
    "CREATE INDEX audit_subject ON audit(subject, seq) WHERE subject IS NOT NULL;"
    "CREATE INDEX audit_people ON audit(seq) WHERE role <> 'service';"
    "CREATE TRIGGER audit_is_not_changed BEFORE UPDATE ON audit BEGIN"
    " SELECT raise(ABORT, 'the audit trail is never changed'); END;"
    "CREATE TRIGGER audit_is_kept BEFORE DELETE ON audit BEGIN"
    " SELECT raise(ABORT, 'the audit trail is kept'); END;"
    "CREATE TRIGGER audit_grows_at_its_end BEFORE INSERT ON audit"
    " WHEN new.seq IS NOT (SELECT coalesce(max(seq), 0) + 1 FROM audit) BEGIN"
    " SELECT raise(ABORT, 'the audit trail grows at its end'); END;";

enum { ADD, LAST, LIST, LIST_OF, LIST_PEOPLE, ALL, STATEMENT_COUNT };

#define COLUMNS "seq, time, by, role, action, subject, before, after, text, hash"

static const char *const statement_text[STATEMENT_COUNT] = {
    [ADD] = "INSERT INTO audit VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)",
    [LAST] = "SELECT seq, hash FROM audit ORDER BY seq DESC LIMIT 1",
    [LIST] = "SELECT " COLUMNS " FROM audit WHERE seq < ?1 ORDER BY seq DESC LIMIT ?2",
    [LIST_OF] =
        "SELECT " COLUMNS " FROM audit WHERE subject = ?3 AND seq < ?1 ORDER BY seq DESC LIMIT ?2",
    [LIST_PEOPLE] = "SELECT " COLUMNS " FROM audit INDEXED BY audit_people"
                    " WHERE role <> 'service' AND seq < ?1 ORDER BY seq DESC LIMIT ?2",
    [ALL] = "SELECT " COLUMNS " FROM audit ORDER BY seq",
};

struct AuditTrail {
    const Database *database;
    sqlite3_stmt *statements[STATEMENT_COUNT];
};

AuditTrail *audit_trail_new(const Database *database, GError **error) {
    AuditTrail *trail = g_new0(AuditTrail, 1);
    trail->database = database;
    for (int i = 0; i < STATEMENT_COUNT; i++) {
        trail->statements[i] = database_prepare(database, statement_text[i], error);
        if (trail->statements[i]) continue;
        audit_trail_free(trail);
        return NULL;
    }
    return trail;
}

void audit_trail_free(AuditTrail *trail) {
    if (!trail) return;
    for (int i = 0; i < STATEMENT_COUNT; i++)
        sqlite3_finalize(trail->statements[i]);
    g_free(trail);
}

/* The parts of an entry, in the order of the columns. */

enum { PART_BY, PART_ROLE, PART_ACTION, PART_SUBJECT, PART_FROM, PART_TO, PART_TEXT, PARTS };

typedef struct Parts {
    char *text[PARTS]; /* NULL for one that is not there */
} Parts;

/* A copy of at most `most` bytes, cut between two characters. */
static char *copy_part(const char *text, size_t most, bool mask) {
    if (!text) return NULL;
    char *copy = g_utf8_make_valid(text, -1);
    if (mask) mask_card_numbers(copy);
    if (strlen(copy) > most) *g_utf8_find_prev_char(copy, copy + most + 1) = '\0';
    return copy;
}

static Parts copy_parts(const AuditEntry *entry) {
    g_assert(entry->by && entry->role && entry->action);
    const char *const texts[PARTS] = {entry->by,   entry->role, entry->action, entry->subject,
                                      entry->from, entry->to,   entry->text};
    Parts parts;
    for (int i = 0; i < PARTS; i++)
        parts.text[i] =
            copy_part(texts[i], i == PART_TEXT ? AUDIT_TEXT_MAX : AUDIT_WORD_MAX, i >= PART_FROM);
    return parts;
}

static void parts_clear(Parts *parts) {
    for (int i = 0; i < PARTS; i++)
        g_free(parts->text[i]);
}

/* Hashes */

static void put_number(GChecksum *sum, uint64_t number) {
    const uint64_t little = GUINT64_TO_LE(number);
    g_checksum_update(sum, (const guchar *)&little, sizeof little);
}

/* Each part after its length, so that no two entries give the same bytes; one that is not there has
 * a length that none has. */
static void hash_entry(const uint8_t before[AUDIT_HASH_BYTES], uint64_t seq, int64_t time,
                       const Str parts[PARTS], uint8_t out[AUDIT_HASH_BYTES]) {
    GChecksum *sum = g_checksum_new(G_CHECKSUM_SHA256);
    g_checksum_update(sum, before, AUDIT_HASH_BYTES);
    put_number(sum, seq);
    put_number(sum, (uint64_t)time);
    for (int i = 0; i < PARTS; i++) {
        put_number(sum, parts[i].data ? parts[i].len : UINT64_MAX);
        if (parts[i].len)
            g_checksum_update(sum, (const guchar *)parts[i].data, (gssize)parts[i].len);
    }
    gsize len = AUDIT_HASH_BYTES;
    g_checksum_get_digest(sum, out, &len);
    g_checksum_free(sum);
}

static void hash_text(const uint8_t hash[AUDIT_HASH_BYTES], char out[AUDIT_HASH_TEXT + 1]) {
    for (int i = 0; i < AUDIT_HASH_BYTES; i++)
        g_snprintf(out + 2 * (gsize)i, 3, "%02x", hash[i]);
}

/* Adding */

/* The last entry's number and hash; zeros before the first. */
static bool read_last(AuditTrail *trail, uint64_t *seq, uint8_t hash[AUDIT_HASH_BYTES],
                      GError **error) {
    sqlite3_stmt *last = trail->statements[LAST];
    const int status = sqlite3_step(last);
    *seq = 0;
    memset(hash, 0, AUDIT_HASH_BYTES);
    bool ok = status == SQLITE_DONE;
    if (status == SQLITE_ROW) {
        const Str found = database_column(last, 1);
        *seq = (uint64_t)sqlite3_column_int64(last, 0);
        ok = found.len == AUDIT_HASH_BYTES;
        if (ok) memcpy(hash, found.data, AUDIT_HASH_BYTES);
    }
    if (!ok) database_fail(trail->database, "read the audit trail of", error);
    sqlite3_reset(last);
    return ok;
}

bool audit_trail_add(AuditTrail *trail, const AuditEntry *entry, int64_t time, GError **error) {
    uint64_t last;
    uint8_t hash[AUDIT_HASH_BYTES];
    if (!read_last(trail, &last, hash, error)) return false;
    Parts parts = copy_parts(entry);
    Str views[PARTS];
    sqlite3_stmt *add = trail->statements[ADD];
    database_bind_number(add, 1, last + 1);
    sqlite3_bind_int64(add, 2, time);
    for (int i = 0; i < PARTS; i++) {
        views[i] = parts.text[i] ? str_from(parts.text[i]) : (Str){0};
        if (parts.text[i])
            database_bind(add, 3 + i, views[i]);
        else
            sqlite3_bind_null(add, 3 + i);
    }
    hash_entry(hash, last + 1, time, views, hash);
    sqlite3_bind_blob(add, 3 + PARTS, hash, sizeof hash, SQLITE_STATIC);
    bool ok = database_step(trail->database, add, error);
    parts_clear(&parts);
    if (ok && sqlite3_changes(trail->database->db) != 1) { /* a trigger that is not ours */
        g_set_error(error, DATABASE_ERROR, DATABASE_ERROR_TAMPERED,
                    "the audit trail of %s takes no entry", trail->database->path);
        ok = false;
    }
    return ok;
}

/* Reading */

static const char *column_text(sqlite3_stmt *row, int index) {
    return (const char *)sqlite3_column_text(row, index);
}

static AuditRecord read_record(sqlite3_stmt *row) {
    AuditRecord record = {
        .seq = (uint64_t)sqlite3_column_int64(row, 0),
        .time = sqlite3_column_int64(row, 1),
        .entry = {.by = column_text(row, 2),
                  .role = column_text(row, 3),
                  .action = column_text(row, 4),
                  .subject = column_text(row, 5),
                  .from = column_text(row, 6),
                  .to = column_text(row, 7),
                  .text = column_text(row, 8)},
    };
    const Str hash = database_column(row, 9);
    if (hash.len == AUDIT_HASH_BYTES) hash_text((const uint8_t *)hash.data, record.hash);
    return record;
}

/* Reads what the bound statement gives. */
static bool read_list(AuditTrail *trail, sqlite3_stmt *list, uint64_t before, size_t limit,
                      AuditEach *each, void *data, GError **error) {
    sqlite3_bind_int64(list, 1, (int64_t)MIN(before, (uint64_t)INT64_MAX));
    database_bind_number(list, 2, limit);
    int status;
    while ((status = sqlite3_step(list)) == SQLITE_ROW) {
        const AuditRecord record = read_record(list);
        each(&record, data);
    }
    const bool ok = status == SQLITE_DONE;
    if (!ok) database_fail(trail->database, "read the audit trail of", error);
    sqlite3_reset(list);
    return ok;
}

bool audit_trail_list(AuditTrail *trail, bool people, uint64_t before, size_t limit,
                      AuditEach *each, void *data, GError **error) {
    sqlite3_stmt *list = trail->statements[people ? LIST_PEOPLE : LIST];
    return read_list(trail, list, before, limit, each, data, error);
}

bool audit_trail_list_of(AuditTrail *trail, const char *subject, size_t limit, AuditEach *each,
                         void *data, GError **error) {
    sqlite3_stmt *list = trail->statements[LIST_OF];
    database_bind(list, 3, str_from(subject));
    return read_list(trail, list, UINT64_MAX, limit, each, data, error);
}

/* Checking */

static bool fail_tampered(const AuditTrail *trail, uint64_t seq, const char *how, GError **error) {
    g_set_error(error, DATABASE_ERROR, DATABASE_ERROR_TAMPERED,
                "the audit trail of %s does not hold at entry %" G_GUINT64_FORMAT ": %s",
                trail->database->path, seq, how);
    return false;
}

/* Whether the entry is the next of the chain, whose hash is moved on to it. */
static bool check_row(const AuditTrail *trail, sqlite3_stmt *row, uint64_t expected,
                      uint8_t hash[AUDIT_HASH_BYTES], GError **error) {
    const uint64_t seq = (uint64_t)sqlite3_column_int64(row, 0);
    if (seq != expected) return fail_tampered(trail, expected, "it is missing", error);
    Str parts[PARTS];
    for (int i = 0; i < PARTS; i++) {
        const int type = sqlite3_column_type(row, 2 + i);
        if (type != SQLITE_TEXT && type != SQLITE_NULL)
            return fail_tampered(trail, seq, "a part of it is no text", error);
        parts[i] = database_column(row, 2 + i);
        /* Of an empty text SQLite gives no address. */
        if (sqlite3_column_type(row, 2 + i) != SQLITE_NULL && !parts[i].data) parts[i].data = "";
    }
    hash_entry(hash, seq, sqlite3_column_int64(row, 1), parts, hash);
    const Str found = database_column(row, 2 + PARTS);
    if (str_equal(found, (Str){(const char *)hash, AUDIT_HASH_BYTES})) return true;
    return fail_tampered(trail, seq, "its hash is not that of its content and the entry before",
                         error);
}

/* The statements by which the table is there, sorted. */
static char *read_schema(sqlite3 *db) {
    GString *out = g_string_new(NULL);
    sqlite3_stmt *all = NULL;
    if (sqlite3_prepare_v2(db,
                           "SELECT coalesce(sql, name) FROM sqlite_master WHERE tbl_name = 'audit'"
                           " ORDER BY 1",
                           -1, &all, NULL) == SQLITE_OK)
        while (sqlite3_step(all) == SQLITE_ROW)
            g_string_append_printf(out, "%s\n", (const char *)sqlite3_column_text(all, 0));
    sqlite3_finalize(all);
    return g_string_free(out, FALSE);
}

/* Whether the table, its indexes and its triggers are ours and no others: one more could keep
 * entries out. */
static bool check_schema(const AuditTrail *trail, GError **error) {
    sqlite3 *fresh = NULL;
    const bool made = sqlite3_open(":memory:", &fresh) == SQLITE_OK &&
                      sqlite3_exec(fresh, audit_trail_schema, NULL, NULL, NULL) == SQLITE_OK;
    g_autofree char *ours = made ? read_schema(fresh) : NULL;
    g_autofree char *found = read_schema(trail->database->db);
    sqlite3_close(fresh);
    if (g_strcmp0(ours, found) == 0) return true;
    g_set_error(error, DATABASE_ERROR, DATABASE_ERROR_TAMPERED,
                "the audit trail of %s does not hold: its table or its triggers were changed",
                trail->database->path);
    return false;
}

bool audit_trail_verify(AuditTrail *trail, const char *noted, AuditCheck *check, GError **error) {
    uint8_t hash[AUDIT_HASH_BYTES] = {0};
    sqlite3_stmt *all = trail->statements[ALL];
    *check = (AuditCheck){0};
    hash_text(hash, check->last);
    bool ok = true;
    int status = SQLITE_DONE;
    while (ok && (status = sqlite3_step(all)) == SQLITE_ROW) {
        ok = check_row(trail, all, check->entries + 1, hash, error);
        if (!ok) break;
        check->entries++;
        hash_text(hash, check->last);
        if (noted && g_ascii_strcasecmp(noted, check->last) == 0) check->seen_at = check->entries;
    }
    if (ok && status != SQLITE_DONE)
        ok = database_fail(trail->database, "read the audit trail of", error);
    sqlite3_reset(all);
    return ok && check_schema(trail, error);
}

/* Writing */

/* What a damaged database says may be no time at all. */
void audit_time_text(int64_t us, char out[AUDIT_TIME_LEN + 1]) {
    us = CLAMP(us, 0, TIME_MAX * G_USEC_PER_SEC);
    char text[CIVIL_TIME_LEN + 1];
    civil_write_time(us / G_USEC_PER_SEC, text);
    text[10] = 'T';
    g_snprintf(out, AUDIT_TIME_LEN + 1, "%s.%03dZ", text, (int)(us % G_USEC_PER_SEC / 1000));
}

static void write_member(GString *out, const char *name, const char *value) {
    g_string_append_printf(out, ",\"%s\":", name);
    if (value)
        json_write_str(out, str_from(value));
    else
        g_string_append(out, "null");
}

void audit_record_write(GString *out, const AuditRecord *record) {
    const AuditEntry *entry = &record->entry;
    char time[AUDIT_TIME_LEN + 1];
    audit_time_text(record->time, time);
    g_string_append_printf(out, "{\"seq\":%" G_GUINT64_FORMAT ",\"time\":\"%s\"", record->seq,
                           time);
    write_member(out, "by", entry->by);
    write_member(out, "role", entry->role);
    write_member(out, "action", entry->action);
    write_member(out, "subject", entry->subject);
    write_member(out, "from", entry->from);
    write_member(out, "to", entry->to);
    write_member(out, "text", entry->text);
    write_member(out, "hash", record->hash);
    g_string_append_c(out, '}');
}
