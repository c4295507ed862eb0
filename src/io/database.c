#include "io/database.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

/* Pages that the write-ahead log holds before they are copied into the database, 32 MiB: a page
 * that changes often is copied once for many commits. */
#define CHECKPOINT_PAGES 8192

G_DEFINE_QUARK(haechi - database - error, database_error)

bool database_fail(const Database *database, const char *doing, GError **error) {
    g_set_error(error, DATABASE_ERROR, DATABASE_ERROR_FAILED, "cannot %s the %s %s: %s", doing,
                database->kind->what, database->path,
                database->db ? sqlite3_errmsg(database->db) : "out of memory");
    return false;
}

bool database_run(const Database *database, const char *sql, const char *doing, GError **error) {
    if (sqlite3_exec(database->db, sql, NULL, NULL, NULL) == SQLITE_OK) return true;
    return database_fail(database, doing, error);
}

sqlite3_stmt *database_prepare(const Database *database, const char *sql, GError **error) {
    sqlite3_stmt *statement = NULL;
    if (sqlite3_prepare_v3(database->db, sql, -1, SQLITE_PREPARE_PERSISTENT, &statement, NULL) !=
        SQLITE_OK)
        database_fail(database, "read", error);
    return statement;
}

bool database_step(const Database *database, sqlite3_stmt *statement, GError **error) {
    const bool ok = sqlite3_step(statement) == SQLITE_DONE;
    if (!ok) database_fail(database, "write", error);
    sqlite3_reset(statement);
    return ok;
}

bool database_number(const Database *database, const char *sql, int64_t *out, GError **error) {
    sqlite3_stmt *statement = database_prepare(database, sql, error);
    if (!statement) return false;
    const bool ok = sqlite3_step(statement) == SQLITE_ROW;
    if (ok)
        *out = sqlite3_column_int64(statement, 0);
    else
        database_fail(database, "read", error);
    sqlite3_finalize(statement);
    return ok;
}

char *database_text(const Database *database, const char *sql, GError **error) {
    sqlite3_stmt *statement = database_prepare(database, sql, error);
    if (!statement) return NULL;
    char *text = NULL;
    if (sqlite3_step(statement) == SQLITE_ROW)
        text = g_strdup((const char *)sqlite3_column_text(statement, 0));
    if (!text) database_fail(database, "read", error);
    sqlite3_finalize(statement);
    return text;
}

/* Opening */

static bool make_schema(const Database *database, GError **error) {
    const DatabaseKind *kind = database->kind;
    g_autofree char *sql =
        g_strdup_printf("PRAGMA page_size = %d; BEGIN IMMEDIATE; %s PRAGMA application_id = %d;"
                        " PRAGMA user_version = %d; COMMIT",
                        kind->page_bytes, kind->schema, kind->application, kind->version);
    return database_run(database, sql, "make", error);
}

static bool upgrade(const Database *database, GError **error) {
    const DatabaseKind *kind = database->kind;
    g_autofree char *sql = g_strdup_printf("BEGIN IMMEDIATE; %s PRAGMA user_version = %d; COMMIT",
                                           kind->upgrade, kind->version);
    return database_run(database, sql, "upgrade", error);
}

/* Whose database it is and of which version. Where it may be written, an empty one is made ours,
 * and an older one brought up to date. */
static bool check_version(const Database *database, bool writable, GError **error) {
    const DatabaseKind *kind = database->kind;
    int64_t application, version, tables;
    if (!database_number(database, "PRAGMA application_id", &application, error) ||
        !database_number(database, "PRAGMA user_version", &version, error) ||
        !database_number(database, "SELECT count(*) FROM sqlite_master", &tables, error))
        return false;
    if (writable && application == 0 && version == 0 && tables == 0)
        return make_schema(database, error);
    if (application != kind->application) {
        g_set_error(error, DATABASE_ERROR, DATABASE_ERROR_FOREIGN, "%s is not a %s of haechi",
                    database->path, kind->what);
        return false;
    }
    if (version == kind->version || (version < kind->version && !writable)) return true;
    if (version < kind->version) return !kind->upgrade || upgrade(database, error);
    g_set_error(error, DATABASE_ERROR, DATABASE_ERROR_NEWER,
                "the %s %s was written by a newer haechi (version %d; this one knows %d)",
                kind->what, database->path, (int)version, kind->version);
    return false;
}

/* SQLite gives its side files the mode of the database, so that is made before SQLite opens it. */
static bool make_private(const Database *database, GError **error) {
    const int fd = open(database->path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (fd < 0) {
        g_set_error(error, DATABASE_ERROR, DATABASE_ERROR_FAILED, "cannot open %s: %s",
                    database->path, g_strerror(errno));
        return false;
    }
    close(fd);
    return true;
}

static bool connect_database(Database *database, int flags, GError **error) {
    if (sqlite3_open_v2(database->path, &database->db, flags | SQLITE_OPEN_NOMUTEX, NULL) !=
        SQLITE_OK)
        return database_fail(database, "open", error);
    sqlite3_extended_result_codes(database->db, 1);
    sqlite3_busy_timeout(database->db, DATABASE_BUSY_MS);
    sqlite3_db_config(database->db, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
    return database_run(database,
                        "PRAGMA trusted_schema = OFF; PRAGMA cache_size = -32768;"
                        " PRAGMA wal_autocheckpoint = " G_STRINGIFY(CHECKPOINT_PAGES),
                        "open", error);
}

/* SQLite answers with the mode it is in, and keeps the old one where the file system has not what
 * WAL mode needs. */
static bool use_wal(const Database *database, GError **error) {
    g_autofree char *mode = database_text(database, "PRAGMA journal_mode = WAL", error);
    if (!mode) return false;
    if (strcmp(mode, "wal") == 0) return true;
    g_set_error(error, DATABASE_ERROR, DATABASE_ERROR_FAILED,
                "the %s %s cannot be in WAL mode here (it is in mode %s): put the data folder on a"
                " local disk",
                database->kind->what, database->path, mode);
    return false;
}

bool database_open(Database *database, const DatabaseKind *kind, const char *dir, GError **error) {
    *database = (Database){.kind = kind, .path = g_build_filename(dir, kind->file, NULL)};
    return make_private(database, error) &&
           connect_database(database, SQLITE_OPEN_READWRITE, error) &&
           check_version(database, true, error) && use_wal(database, error);
}

bool database_open_reader(Database *database, const DatabaseKind *kind, const char *dir,
                          GError **error) {
    *database = (Database){.kind = kind, .path = g_build_filename(dir, kind->file, NULL)};
    if (!g_file_test(database->path, G_FILE_TEST_EXISTS)) {
        g_set_error(error, DATABASE_ERROR, DATABASE_ERROR_ABSENT, "there is no %s %s", kind->what,
                    database->path);
        return false;
    }
    return connect_database(database, SQLITE_OPEN_READONLY, error) &&
           check_version(database, false, error);
}

void database_close(Database *database) {
    sqlite3_close(database->db);
    g_free(database->path);
    *database = (Database){0};
}

/* Transactions */

bool database_begin(const Database *database, bool durable, GError **error) {
    return database_run(database,
                        durable ? "PRAGMA synchronous = FULL; BEGIN IMMEDIATE"
                                : "PRAGMA synchronous = NORMAL; BEGIN IMMEDIATE",
                        "write", error);
}

bool database_commit(const Database *database, GError **error) {
    return database_run(database, "COMMIT", "write", error);
}

void database_rollback(const Database *database) {
    if (database->db && !sqlite3_get_autocommit(database->db))
        sqlite3_exec(database->db, "ROLLBACK", NULL, NULL, NULL);
}
