#include "io/store.h"

#include "io/data_folder.h"
#include "io/database.h"
#include "io/store_sweep.h"
#include "record/binary.h"

#include <unistd.h>

enum { MEMBERS_BYTES_MAX = 1 + 4 * MODEL_MEMBERS_MAX };

static const DatabaseKind store_kind = {
    .file = "haechi.db",
    .what = "store",
    .application = 0x48414543, /* "HAEC" */
    .version = 2,
    /* Transaction numbers are random, so a commit touches about one page of their index for each
     * transaction, and writes it whole: small pages halve what goes to the disk. */
    .page_bytes = 1024,
    /* version 1 did not keep what the members said */
    .upgrade = "ALTER TABLE models ADD COLUMN members TEXT NOT NULL DEFAULT '';"
               " ALTER TABLE transactions ADD COLUMN members BLOB;",
    .schema =
        "CREATE TABLE models(id INTEGER PRIMARY KEY, name TEXT NOT NULL, version TEXT NOT NULL,"
        " members TEXT NOT NULL DEFAULT '', UNIQUE(name, version));"
        /* kind is EventKind, record its binary form (record/binary.h) */
        "CREATE TABLE events(seq INTEGER PRIMARY KEY, kind INTEGER NOT NULL, record BLOB NOT NULL);"
        "CREATE TABLE transactions(seq INTEGER PRIMARY KEY REFERENCES events,"
        " trans_num TEXT NOT NULL UNIQUE, score REAL NOT NULL, verdict INTEGER NOT NULL,"
        " model INTEGER NOT NULL REFERENCES models, reasons TEXT NOT NULL,"
        /* which of the members would alert, a byte, and their scores, four bytes each */
        " members BLOB);"
        "CREATE INDEX verdicts ON transactions(verdict, seq);"
        /* the latest label of a transaction */
        "CREATE TABLE labels(transaction_seq INTEGER PRIMARY KEY REFERENCES transactions,"
        " seq INTEGER NOT NULL REFERENCES events, is_fraud INTEGER NOT NULL);"
        "CREATE TABLE totals(approve INTEGER NOT NULL, review INTEGER NOT NULL,"
        " decline INTEGER NOT NULL, labels INTEGER NOT NULL, frauds INTEGER NOT NULL,"
        " latest_time INTEGER NOT NULL);"
        "INSERT INTO totals VALUES(0, 0, 0, 0, 0, 0);"
        "CREATE TABLE notes(name TEXT PRIMARY KEY, value TEXT NOT NULL);"
        "INSERT INTO notes VALUES('id', lower(hex(randomblob(16))));",
};

enum {
    ADD_EVENT,
    ADD_TRANSACTION,
    ADD_LABEL,
    ADD_MODEL,
    FIND_MODEL,
    SET_TOTALS,
    FIND,
    FIND_AT,
    LATEST,
    AFTER,
    REPLAY,
    STATEMENT_COUNT
};

#define STORED_SELECT                                                                              \
    "SELECT t.seq, e.record, t.score, t.verdict, m.name, m.version, t.reasons, l.is_fraud, "       \
    "m.members, t.members "
#define STORED_JOINS                                                                               \
    "JOIN events e ON e.seq = t.seq JOIN models m ON m.id = t.model"                               \
    " LEFT JOIN labels l ON l.transaction_seq = t.seq "
#define LATEST_OF(verdict)                                                                         \
    "SELECT * FROM (SELECT seq FROM transactions WHERE verdict = " verdict " AND (?1 >> " verdict  \
    ") & 1 ORDER BY seq DESC LIMIT ?2)"

/* The latest of each verdict by its index, together: SQLite asks "(?1 >> verdict) & 1" but once. */
#define LATEST_SEQS LATEST_OF("0") " UNION ALL " LATEST_OF("1") " UNION ALL " LATEST_OF("2")

static const char *const statement_text[STATEMENT_COUNT] = {
    [ADD_EVENT] = "INSERT INTO events VALUES(?1, ?2, ?3)",
    [ADD_TRANSACTION] = "INSERT INTO transactions VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7)",
    [ADD_LABEL] = "INSERT OR REPLACE INTO labels VALUES(?1, ?2, ?3)",
    [ADD_MODEL] = "INSERT INTO models(name, version, members) VALUES(?1, ?2, ?3)",
    [FIND_MODEL] = "SELECT id FROM models WHERE name = ?1 AND version = ?2",
    [SET_TOTALS] = "UPDATE totals SET approve = ?1, review = ?2, decline = ?3, labels = ?4,"
                   " frauds = ?5, latest_time = ?6",
    [FIND] = STORED_SELECT "FROM transactions t " STORED_JOINS "WHERE t.trans_num = ?1",
    [FIND_AT] = STORED_SELECT "FROM transactions t " STORED_JOINS "WHERE t.seq = ?1",
    [LATEST] = STORED_SELECT "FROM (SELECT seq FROM (" LATEST_SEQS ") ORDER BY seq DESC LIMIT ?2) x"
                             " CROSS JOIN transactions t ON t.seq = x.seq " STORED_JOINS
                             "ORDER BY t.seq DESC",
    [AFTER] = STORED_SELECT "FROM transactions t " STORED_JOINS
                            "WHERE t.seq > ?1 ORDER BY t.seq LIMIT ?2",
    [REPLAY] = "SELECT e.seq, e.kind, e.record, t.score, m.version, t.verdict, m.name, m.members, "
               "t.members"
               " FROM events e"
               " LEFT JOIN transactions t ON t.seq = e.seq LEFT JOIN models m ON m.id = t.model"
               " WHERE e.seq > ?1 ORDER BY e.seq",
};

struct Store {
    int lock_fd; /* -1 for a reader */
    Database database;
    Sweeper *sweeper;  /* NULL for a reader */
    int wal_pages;     /* of the write-ahead log after the last commit */
    bool sweep_failed; /* the last one: it is told of once */
    sqlite3_stmt *statements[STATEMENT_COUNT];
    char *id;
    uint64_t position;
    StoreTotals totals;
    GByteArray *record; /* the event being written */
    GByteArray *found;  /* the strings of the transaction read last */
    char *model_name, *model_version;
    int64_t model_id; /* of those two; 0 when none was used yet */
};

static bool fail_damaged(const Store *store, uint64_t seq, GError **error) {
    g_set_error(error, DATABASE_ERROR, DATABASE_ERROR_FAILED,
                "the store %s is damaged: event %" G_GUINT64_FORMAT " cannot be read",
                store->database.path, seq);
    return false;
}

/* Opening */

static bool load_id(Store *store, GError **error) {
    store->id = database_text(&store->database, "SELECT value FROM notes WHERE name = 'id'", error);
    return store->id != NULL;
}

static bool load_totals(Store *store, GError **error) {
    int64_t position;
    if (!database_number(&store->database, "SELECT coalesce(max(seq), 0) FROM events", &position,
                         error))
        return false;
    store->position = (uint64_t)position;
    sqlite3_stmt *row = database_prepare(&store->database, "SELECT * FROM totals", error);
    if (!row) return false;
    const bool ok = sqlite3_step(row) == SQLITE_ROW;
    if (ok) {
        for (int i = 0; i < 3; i++)
            store->totals.verdicts[i] = (uint64_t)sqlite3_column_int64(row, i);
        store->totals.labels = (uint64_t)sqlite3_column_int64(row, 3);
        store->totals.frauds_labelled = (uint64_t)sqlite3_column_int64(row, 4);
        store->totals.latest_time = sqlite3_column_int64(row, 5);
    } else {
        database_fail(&store->database, "read", error);
    }
    sqlite3_finalize(row);
    return ok;
}

static bool prepare_statements(Store *store, GError **error) {
    for (int i = 0; i < STATEMENT_COUNT; i++) {
        store->statements[i] = database_prepare(&store->database, statement_text[i], error);
        if (!store->statements[i]) return false;
    }
    return true;
}

static int note_wal_pages(void *data, sqlite3 *db, const char *name, int pages) {
    (void)db;
    (void)name;
    Store *store = data;
    store->wal_pages = pages;
    return SQLITE_OK;
}

/* The hook takes the place of SQLite's own copying at commits. */
static bool start_sweeper(Store *store, GError **error) {
    sqlite3_wal_hook(store->database.db, note_wal_pages, store);
    store->sweeper = sweeper_new(&store->database, error);
    return store->sweeper != NULL;
}

static Store *store_new(void) {
    Store *store = g_new0(Store, 1);
    store->lock_fd = -1;
    store->record = g_byte_array_new();
    store->found = g_byte_array_new();
    return store;
}

Store *store_open(const char *dir, GError **error) {
    Store *store = store_new();
    store->lock_fd = data_folder_lock(dir, error);
    if (store->lock_fd >= 0 && database_open(&store->database, &store_kind, dir, error) &&
        load_id(store, error) && load_totals(store, error) && prepare_statements(store, error) &&
        start_sweeper(store, error))
        return store;
    store_close(store);
    return NULL;
}

Store *store_open_reader(const char *dir, GError **error) {
    Store *store = store_new();
    if (database_open_reader(&store->database, &store_kind, dir, error) && load_id(store, error) &&
        prepare_statements(store, error))
        return store;
    store_close(store);
    return NULL;
}

void store_close(Store *store) {
    if (!store) return;
    sweeper_free(store->sweeper);
    for (int i = 0; i < STATEMENT_COUNT; i++)
        sqlite3_finalize(store->statements[i]);
    database_close(&store->database);
    if (store->lock_fd >= 0) close(store->lock_fd);
    g_byte_array_unref(store->record);
    g_byte_array_unref(store->found);
    g_free(store->model_name);
    g_free(store->model_version);
    g_free(store->id);
    g_free(store);
}

const char *store_id(const Store *store) {
    return store->id;
}

uint64_t store_position(const Store *store) {
    return store->position;
}

const StoreTotals *store_totals(const Store *store) {
    return &store->totals;
}

/* Writing */

bool store_begin(Store *store, GError **error) {
    return database_begin(&store->database, true, error);
}

/* What is committed is safe in the write-ahead log, so a sweep that fails loses nothing: it is
 * tried again, and a disk that is broken or full shows itself at a commit. */
static void finish_sweep(Store *store) {
    int status =
        sqlite3_wal_checkpoint_v2(store->database.db, NULL, SQLITE_CHECKPOINT_PASSIVE, NULL, NULL);
    bool failed = status != SQLITE_OK && status != SQLITE_BUSY;
    if (failed && !store->sweep_failed)
        g_printerr("the store %s keeps its write-ahead log for now: %s\n", store->database.path,
                   sqlite3_errmsg(store->database.db));
    store->sweep_failed = failed;
}

bool store_commit(Store *store, GError **error) {
    sqlite3_stmt *set = store->statements[SET_TOTALS];
    const StoreTotals *totals = &store->totals;
    for (int i = 0; i < 3; i++)
        database_bind_number(set, i + 1, totals->verdicts[i]);
    database_bind_number(set, 4, totals->labels);
    database_bind_number(set, 5, totals->frauds_labelled);
    sqlite3_bind_int64(set, 6, totals->latest_time);
    if (!database_step(&store->database, set, error) || !database_commit(&store->database, error))
        return false;
    if (sweeper_after_commit(store->sweeper, store->wal_pages)) finish_sweep(store);
    return true;
}

void store_rollback(Store *store) {
    database_rollback(&store->database);
}

static bool add_event(Store *store, const Event *event, GError **error) {
    g_byte_array_set_size(store->record, 0);
    if (event->kind == EVENT_LABEL)
        label_encode(store->record, &event->label);
    else
        transaction_encode(store->record, &event->transaction);
    sqlite3_stmt *add = store->statements[ADD_EVENT];
    database_bind_number(add, 1, store->position + 1);
    sqlite3_bind_int(add, 2, (int)event->kind);
    sqlite3_bind_blob(add, 3, store->record->data, (int)store->record->len, SQLITE_STATIC);
    if (!database_step(&store->database, add, error)) return false;
    store->position++;
    return true;
}

static bool is_model(const Store *store, const Answer *answer) {
    return store->model_id != 0 && str_equal(str_from(store->model_name), answer->model_name) &&
           str_equal(str_from(store->model_version), answer->model_version);
}

static bool find_model(Store *store, const Answer *answer, GError **error) {
    sqlite3_stmt *find = store->statements[FIND_MODEL];
    database_bind(find, 1, answer->model_name);
    database_bind(find, 2, answer->model_version);
    int status = sqlite3_step(find);
    store->model_id = status == SQLITE_ROW ? sqlite3_column_int64(find, 0) : 0;
    if (status != SQLITE_ROW && status != SQLITE_DONE)
        database_fail(&store->database, "read", error);
    sqlite3_reset(find);
    return status == SQLITE_ROW || status == SQLITE_DONE;
}

/* The row of the answer's model becomes the current one. */
static bool use_model(Store *store, const Answer *answer, GError **error) {
    if (is_model(store, answer)) return true;
    if (!find_model(store, answer, error)) return false;
    if (store->model_id == 0) {
        sqlite3_stmt *add = store->statements[ADD_MODEL];
        database_bind(add, 1, answer->model_name);
        database_bind(add, 2, answer->model_version);
        database_bind(add, 3, answer->member_kinds);
        if (!database_step(&store->database, add, error)) return false;
        store->model_id = sqlite3_last_insert_rowid(store->database.db);
    }
    g_free(store->model_name);
    g_free(store->model_version);
    store->model_name = g_strndup(answer->model_name.data, answer->model_name.len);
    store->model_version = g_strndup(answer->model_version.data, answer->model_version.len);
    return true;
}

/* Members as the database keeps them; their length. Scores are little-endian, as all else here. */
static int encode_members(const MemberScores *members, uint8_t *out) {
    out[0] = members->alerts;
    memcpy(out + 1, members->scores, sizeof(float) * members->count);
    return 1 + (int)sizeof(float) * members->count;
}

bool store_add_transaction(Store *store, const Transaction *transaction, const Answer *answer,
                           GError **error) {
    Event event = {.kind = EVENT_TRANSACTION, .transaction = *transaction};
    if (!use_model(store, answer, error) || !add_event(store, &event, error)) return false;
    sqlite3_stmt *add = store->statements[ADD_TRANSACTION];
    database_bind_number(add, 1, store->position);
    database_bind(add, 2, transaction->trans_num);
    sqlite3_bind_double(add, 3, (double)answer->score);
    sqlite3_bind_int(add, 4, (int)answer->verdict);
    sqlite3_bind_int64(add, 5, store->model_id);
    database_bind(add, 6, answer->reasons);
    uint8_t members[MEMBERS_BYTES_MAX];
    if (answer->members.count > 0)
        sqlite3_bind_blob(add, 7, members, encode_members(&answer->members, members),
                          SQLITE_TRANSIENT);
    else
        sqlite3_bind_null(add, 7);
    if (!database_step(&store->database, add, error)) return false;
    store->totals.verdicts[answer->verdict]++;
    store->totals.latest_time = MAX(store->totals.latest_time, transaction->time);
    return true;
}

Label store_label_of(const StoredTransaction *of, int64_t time, bool is_fraud) {
    return (Label){
        .trans_num = of->transaction.trans_num,
        .merchant = of->transaction.merchant,
        .card = of->transaction.card,
        .transaction_time = of->transaction.time,
        .time = time,
        .is_fraud = is_fraud,
        .was_fraud = of->is_fraud == 1,
    };
}

bool store_add_label(Store *store, const Label *label, uint64_t of, GError **error) {
    Event event = {.kind = EVENT_LABEL, .label = *label};
    if (!add_event(store, &event, error)) return false;
    sqlite3_stmt *add = store->statements[ADD_LABEL];
    database_bind_number(add, 1, of);
    database_bind_number(add, 2, store->position);
    sqlite3_bind_int(add, 3, label->is_fraud);
    if (!database_step(&store->database, add, error)) return false;
    store->totals.labels++;
    store->totals.frauds_labelled += label->is_fraud;
    store->totals.frauds_labelled -= label->was_fraud;
    return true;
}

/* Reading */

/* Copies `count` columns of a row, so that the row can be let go of: a statement left open would
 * hold the reader to an old state of the database. */
static void keep_columns(Store *store, sqlite3_stmt *row, const int *columns, Str *out,
                         size_t count) {
    guint total = 0;
    for (size_t i = 0; i < count; i++)
        total += (guint)sqlite3_column_bytes(row, columns[i]);
    g_byte_array_set_size(store->found, total);
    guint8 *at = store->found->data;
    for (size_t i = 0; i < count; i++) {
        Str text = database_column(row, columns[i]);
        if (text.len) memcpy(at, text.data, text.len);
        out[i] = (Str){(const char *)at, text.len};
        at += text.len;
    }
}

static bool decode_members(Str bytes, MemberScores *out) {
    *out = (MemberScores){0};
    if (bytes.len == 0) return true;
    if ((bytes.len - 1) % sizeof(float) != 0 || bytes.len > MEMBERS_BYTES_MAX) return false;
    out->count = (uint8_t)((bytes.len - 1) / sizeof(float));
    out->alerts = (uint8_t)bytes.data[0];
    memcpy(out->scores, bytes.data + 1, bytes.len - 1);
    return out->alerts >> out->count == 0;
}

static bool read_stored(Store *store, sqlite3_stmt *row, StoredTransaction *out, GError **error) {
    enum { RECORD, NAME, VERSION, REASONS, KINDS, STRINGS };
    static const int columns[STRINGS] = {1, 4, 5, 6, 8};
    Str kept[STRINGS];
    keep_columns(store, row, columns, kept, STRINGS);
    out->seq = (uint64_t)sqlite3_column_int64(row, 0);
    int verdict = sqlite3_column_int(row, 3);
    if (transaction_decode(kept[RECORD], &out->transaction) || verdict < VERDICT_APPROVE ||
        verdict > VERDICT_DECLINE)
        return fail_damaged(store, out->seq, error);
    out->answer = (Answer){
        .score = (float)sqlite3_column_double(row, 2),
        .verdict = (Verdict)verdict,
        .model_name = kept[NAME],
        .model_version = kept[VERSION],
        .member_kinds = kept[KINDS],
        .reasons = kept[REASONS],
    };
    if (!decode_members(database_column(row, 9), &out->answer.members))
        return fail_damaged(store, out->seq, error);
    bool labelled = sqlite3_column_type(row, 7) != SQLITE_NULL;
    out->is_fraud = labelled ? sqlite3_column_int(row, 7) : LABEL_NONE;
    return true;
}

static StoreFound find_bound(Store *store, sqlite3_stmt *find, StoredTransaction *out,
                             GError **error) {
    int status = sqlite3_step(find);
    StoreFound found = status == SQLITE_DONE ? STORE_ABSENT : STORE_FAILED;
    if (status == SQLITE_ROW)
        found = read_stored(store, find, out, error) ? STORE_FOUND : STORE_FAILED;
    else if (status != SQLITE_DONE)
        database_fail(&store->database, "read", error);
    sqlite3_reset(find);
    return found;
}

StoreFound store_find(Store *store, Str trans_num, StoredTransaction *out, GError **error) {
    sqlite3_stmt *find = store->statements[FIND];
    database_bind(find, 1, trans_num);
    return find_bound(store, find, out, error);
}

StoreFound store_at(Store *store, uint64_t seq, StoredTransaction *out, GError **error) {
    sqlite3_stmt *find = store->statements[FIND_AT];
    database_bind_number(find, 1, seq);
    return find_bound(store, find, out, error);
}

/* Of a statement that is bound. */
static bool read_all(Store *store, sqlite3_stmt *statement, StoreEach *each, void *data,
                     GError **error) {
    bool ok = true;
    int status;
    while (ok && (status = sqlite3_step(statement)) == SQLITE_ROW) {
        StoredTransaction stored;
        ok = read_stored(store, statement, &stored, error);
        if (ok) each(&stored, data);
    }
    if (ok && status != SQLITE_DONE) ok = database_fail(&store->database, "read", error);
    sqlite3_reset(statement);
    return ok;
}

bool store_latest(Store *store, unsigned verdicts, size_t limit, StoreEach *each, void *data,
                  GError **error) {
    g_assert((verdicts & ~(unsigned)VERDICTS_ALL) == 0);
    sqlite3_stmt *latest = store->statements[LATEST];
    sqlite3_bind_int(latest, 1, (int)verdicts);
    database_bind_number(latest, 2, limit);
    return read_all(store, latest, each, data, error);
}

bool store_transactions(Store *store, uint64_t after, size_t limit, StoreEach *each, void *data,
                        GError **error) {
    sqlite3_stmt *statement = store->statements[AFTER];
    database_bind_number(statement, 1, after);
    database_bind_number(statement, 2, limit);
    return read_all(store, statement, each, data, error);
}

static bool read_logged(const Store *store, sqlite3_stmt *row, LoggedEvent *out, GError **error) {
    int kind = sqlite3_column_int(row, 1);
    Str record = database_column(row, 2);
    const char *wrong = "unknown kind";
    const int verdict = sqlite3_column_int(row, 5);
    if (kind == EVENT_TRANSACTION) wrong = transaction_decode(record, &out->event.transaction);
    if (kind == EVENT_LABEL) wrong = label_decode(record, &out->event.label);
    if (verdict < VERDICT_APPROVE || verdict > VERDICT_DECLINE) wrong = "unknown verdict";
    if (wrong) return fail_damaged(store, (uint64_t)sqlite3_column_int64(row, 0), error);
    out->event.kind = (EventKind)kind;
    out->score = (float)sqlite3_column_double(row, 3);
    out->model_version = database_column(row, 4);
    out->verdict = (Verdict)verdict;
    out->model_name = database_column(row, 6);
    out->member_kinds = database_column(row, 7);
    if (!decode_members(database_column(row, 8), &out->members))
        return fail_damaged(store, (uint64_t)sqlite3_column_int64(row, 0), error);
    return true;
}

bool store_replay(Store *store, uint64_t after, StoreReplayEach *each, void *data, GError **error) {
    sqlite3_stmt *replay = store->statements[REPLAY];
    database_bind_number(replay, 1, after);
    uint64_t expected = after + 1;
    bool ok = true, more = true;
    while (ok && more) {
        int status = sqlite3_step(replay);
        if (status == SQLITE_DONE) break;
        LoggedEvent logged;
        if (status != SQLITE_ROW)
            ok = database_fail(&store->database, "read", error);
        else if ((uint64_t)sqlite3_column_int64(replay, 0) != expected)
            ok = fail_damaged(store, expected, error);
        else if ((ok = read_logged(store, replay, &logged, error)))
            more = each(expected++, &logged, data);
    }
    sqlite3_reset(replay);
    return ok;
}

/* Notes */

char *store_checkpoint_model(Store *store, GError **error) {
    return database_text(
        &store->database,
        "SELECT coalesce((SELECT value FROM notes WHERE name = 'checkpoint_model'), '')", error);
}

bool store_note_checkpoint_model(Store *store, const char *version, GError **error) {
    sqlite3_stmt *set = database_prepare(
        &store->database, "INSERT OR REPLACE INTO notes VALUES('checkpoint_model', ?1)", error);
    if (!set) return false;
    database_bind(set, 1, str_from(version));
    const bool ok = database_begin(&store->database, true, error) &&
                    database_step(&store->database, set, error) &&
                    database_commit(&store->database, error);
    database_rollback(&store->database);
    sqlite3_finalize(set);
    return ok;
}
