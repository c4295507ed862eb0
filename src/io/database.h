/* A SQLite database of ours, the store or beside it: readable by its owner alone, in WAL mode,
 * marked with what it is and of which version. Whoever holds the data folder's lock
 * (io/data_folder.h) may write it.
 *
 * A connection is used by one thread at a time. Several connections may write: each waits for the
 * other's transaction, for DATABASE_BUSY_MS at most. */
#pragma once

#include "base/str.h"
#include <glib.h>
#include <sqlite3.h>
#include <stdint.h>

enum { DATABASE_BUSY_MS = 10000 };

#define DATABASE_ERROR database_error_quark()
GQuark database_error_quark(void);
typedef enum DatabaseError {
    DATABASE_ERROR_ABSENT,  /* there is no such file */
    DATABASE_ERROR_NEWER,   /* written by a newer haechi */
    DATABASE_ERROR_FOREIGN, /* a database of something else */
    DATABASE_ERROR_FAILED,  /* SQLite failed: full disk, I/O error, damaged file */
    DATABASE_ERROR_SLOW,    /* given up: it took longer than it may (casebook_list) */
    DATABASE_ERROR_TAMPERED /* what it holds is not what was written (audit_trail.h) */
} DatabaseError;

typedef struct DatabaseKind {
    const char *file, *what; /* "cases.db", "casebook" */
    const char *schema;      /* of a new one */
    const char *upgrade;     /* statements that bring the version before up to date, or NULL */
    int application;         /* SQLite's application_id: four letters */
    int version;
    int page_bytes; /* of a new one; 0: as SQLite chooses */
} DatabaseKind;

typedef struct Database {
    const DatabaseKind *kind;
    char *path;
    sqlite3 *db;
} Database;

/* Makes the file if it is not there, and brings an older one up to date; or reads one that is.
 * Whether it failed or not, the database is to be closed. */
bool database_open(Database *database, const DatabaseKind *kind, const char *dir, GError **error);
bool database_open_reader(Database *database, const DatabaseKind *kind, const char *dir,
                          GError **error);

/* A database of which nothing was opened is allowed, if it is all zeros. */
void database_close(Database *database);

/* Sets the error "cannot DOING the WHAT PATH: SQLite's reason"; returns false. */
bool database_fail(const Database *database, const char *doing, GError **error);

/* Runs statements that return no rows. */
bool database_run(const Database *database, const char *sql, const char *doing, GError **error);

/* A statement to be used again and again, or NULL. */
sqlite3_stmt *database_prepare(const Database *database, const char *sql, GError **error);

/* Runs a prepared statement that returns no rows, and readies it for the next time. */
bool database_step(const Database *database, sqlite3_stmt *statement, GError **error);

/* The number that a query's only row holds. */
bool database_number(const Database *database, const char *sql, int64_t *out, GError **error);

/* The text that a query's only row holds, which the caller frees; or NULL. */
char *database_text(const Database *database, const char *sql, GError **error);

/* A transaction. Durable: its commit returns when it, and all before it, is on the disk; the other
 * kind may be lost to a power loss, as a whole, and never to a crash of the process. */
bool database_begin(const Database *database, bool durable, GError **error);
bool database_commit(const Database *database, GError **error);
void database_rollback(const Database *database); /* nothing where there is none */

/* The text lives as long as the statement's use of it. */
static inline void database_bind(sqlite3_stmt *statement, int index, Str text) {
    sqlite3_bind_text(statement, index, text.len ? text.data : "", (int)text.len, SQLITE_STATIC);
}

static inline void database_bind_number(sqlite3_stmt *statement, int index, uint64_t number) {
    sqlite3_bind_int64(statement, index, (int64_t)number);
}

/* A column's text, until the statement moves on. Empty for NULL. */
static inline Str database_column(sqlite3_stmt *row, int index) {
    const void *data = sqlite3_column_blob(row, index);
    return (Str){data, data ? (size_t)sqlite3_column_bytes(row, index) : 0};
}
