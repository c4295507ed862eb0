#include "io/casebook_internal.h"

#include <string.h>

/* The indexes of the queue hold all that most questions look at, so that rows which do not fit are
 * passed over without a look at the table. */
#define SCHEMA                                                                                     \
    "CREATE TABLE follow(store TEXT NOT NULL, position INTEGER NOT NULL, cards INTEGER NOT NULL);" \
    "INSERT INTO follow VALUES('', 0, 0);"                                                         \
    "CREATE TABLE merchants(id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE);" /* The queue: seq \
                                                                                  * is the log's,  \
                                                                                  * loss is score  \
                                                                                  * times amount,  \
                                                                                  * last_four of   \
                                                                                  * the card.      \
                                                                                  * Status and     \
                                                                                  * assignee are   \
                                                                                  * those of the   \
                                                                                  * case. */       \
    "CREATE TABLE alerts(seq INTEGER PRIMARY KEY, trans_num TEXT NOT NULL UNIQUE,"                 \
    " time INTEGER NOT NULL, last_four INTEGER NOT NULL,"                                          \
    " merchant INTEGER NOT NULL REFERENCES merchants, amount INTEGER NOT NULL,"                    \
    " score REAL NOT NULL, loss REAL NOT NULL, verdict INTEGER NOT NULL,"                          \
    " status INTEGER NOT NULL, assignee TEXT);"                                                    \
    "CREATE INDEX alerts_loss ON alerts(status, verdict, loss, seq, amount, time, assignee);"      \
    "CREATE INDEX alerts_time ON alerts(status, verdict, time, seq, amount, assignee);"            \
    "CREATE INDEX alerts_score ON alerts(status, verdict, score, seq, amount, time, assignee);"    \
    "CREATE INDEX alerts_last_four ON alerts(last_four);"                                          \
    "CREATE INDEX alerts_merchant ON alerts(merchant);"                                            \
    "CREATE INDEX alerts_assignee ON alerts(assignee) WHERE assignee IS NOT NULL;" /* Cases that   \
                                                                                      somebody or  \
                                                                                      a label has  \
                                                                                      touched. */  \
    "CREATE TABLE cases(trans_num TEXT PRIMARY KEY, status INTEGER NOT NULL,"                      \
    " by_analyst INTEGER NOT NULL, assignee TEXT, changed INTEGER NOT NULL,"                       \
    " notes INTEGER NOT NULL) WITHOUT ROWID;"                                                      \
    "CREATE TABLE outbox(id INTEGER PRIMARY KEY AUTOINCREMENT, trans_num TEXT NOT NULL UNIQUE,"    \
    " is_fraud INTEGER NOT NULL, sent INTEGER NOT NULL DEFAULT 0);"                                \
    "CREATE INDEX outbox_waiting ON outbox(id) WHERE sent = 0;"                                    \
    "CREATE TABLE cards(segment INTEGER NOT NULL, card INTEGER NOT NULL, seq INTEGER NOT NULL,"    \
    " PRIMARY KEY(segment, card, seq)) WITHOUT ROWID;"

#define FIND_COLUMNS                                                                               \
    "SELECT a.seq, a.status, c.by_analyst, c.assignee, c.changed, c.notes, o.sent FROM alerts a"   \
    " LEFT JOIN cases c ON c.trans_num = a.trans_num"                                              \
    " LEFT JOIN outbox o ON o.trans_num = a.trans_num "

static const char *const statement_text[CASEBOOK_STATEMENTS] = {
    [CASEBOOK_ADD_MERCHANT] = "INSERT INTO merchants(name) VALUES(?1) ON CONFLICT DO NOTHING",
    [CASEBOOK_FIND_MERCHANT] = "SELECT id FROM merchants WHERE name = ?1",
    [CASEBOOK_ADD_ALERT] =
        "INSERT INTO alerts SELECT ?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9,"
        " coalesce(c.status, 0), c.assignee FROM (SELECT 1) LEFT JOIN cases c ON c.trans_num = ?2"
        " RETURNING status",
    [CASEBOOK_SET_ALERT] = "UPDATE alerts SET status = ?2, assignee = ?3 WHERE seq = ?1",
    [CASEBOOK_FIND] = FIND_COLUMNS "WHERE a.trans_num = ?1",
    [CASEBOOK_SET_CASE] = "INSERT OR REPLACE INTO cases VALUES(?1, ?2, ?3, ?4, ?5, ?6)",
    [CASEBOOK_LAST_NOTE] = "SELECT by, text FROM audit WHERE subject = ?1 AND action = 'alert.note'"
                           " ORDER BY seq DESC LIMIT 1",
    [CASEBOOK_ADD_LABEL] = "INSERT OR REPLACE INTO outbox(trans_num, is_fraud) VALUES(?1, ?2)",
    [CASEBOOK_FIND_LABEL] = "SELECT id, is_fraud FROM outbox WHERE trans_num = ?1",
    [CASEBOOK_NEXT_LABEL] = "SELECT id, trans_num, is_fraud FROM outbox INDEXED BY outbox_waiting"
                            " WHERE sent = 0 ORDER BY id LIMIT 1",
    [CASEBOOK_SENT_LABEL] = "UPDATE outbox SET sent = 1 WHERE id = ?1",
    [CASEBOOK_DROP_LABEL] = "DELETE FROM outbox WHERE id = ?1",
    [CASEBOOK_WAITING] = "SELECT count(*) FROM outbox INDEXED BY outbox_waiting WHERE sent = 0",
    [CASEBOOK_SET_POSITION] = "UPDATE follow SET position = ?1, cards = ?2",
    [CASEBOOK_OLDEST] = "SELECT min(time) FROM alerts INDEXED BY alerts_time"
                        " WHERE status = ?1 AND verdict = ?2",
    [CASEBOOK_ADD_CARD] = "INSERT INTO cards VALUES(?1, ?2, ?3)",
    [CASEBOOK_CARD_UP_TO] = "SELECT seq FROM cards WHERE segment = ?1 AND card = ?2 AND seq <= ?3"
                            " ORDER BY seq DESC LIMIT ?4",
    [CASEBOOK_CARD_AFTER] = "SELECT seq FROM cards WHERE segment = ?1 AND card = ?2 AND seq > ?3"
                            " ORDER BY seq LIMIT ?4",
};

const DatabaseKind casebook_kind = {
    .file = "cases.db",
    .what = "casebook",
    .application = 0x48414343, /* "HACC" */
    .version = 1,
};

static const char *const status_names[CASE_STATUSES] = {"open", "in_review", "fraud", "not_fraud"};

const char *case_status_name(CaseStatus status) {
    return status_names[status];
}

bool case_status_find(Str name, CaseStatus *out) {
    for (int i = 0; i < CASE_STATUSES; i++) {
        if (!str_equal(name, str_from(status_names[i]))) continue;
        *out = (CaseStatus)i;
        return true;
    }
    return false;
}

void case_edit_clear(CaseEdit *edit) {
    g_free(edit->note);
    *edit = (CaseEdit){0};
}

/* Opening */

static bool prepare_statements(Casebook *casebook, GError **error) {
    for (int i = 0; i < CASEBOOK_STATEMENTS; i++) {
        casebook->statements[i] = database_prepare(&casebook->database, statement_text[i], error);
        if (!casebook->statements[i]) return false;
    }
    casebook->trail = audit_trail_new(&casebook->database, error);
    return casebook->trail != NULL;
}

static bool begin_anew(Casebook *casebook, const char *store_id, GError **error) {
    sqlite3_stmt *set = database_prepare(
        &casebook->database, "UPDATE follow SET store = ?1, position = 0, cards = 0", error);
    if (!set) return false;
    database_bind(set, 1, str_from(store_id));
    const bool ok = database_step(&casebook->database, set, error);
    sqlite3_finalize(set);
    return ok;
}

/* Drops what was derived from a log that is not this store's. */
static bool match_store(Casebook *casebook, const char *store_id, uint64_t position,
                        GError **error) {
    sqlite3_stmt *match =
        database_prepare(&casebook->database,
                         "SELECT count(*) FROM follow WHERE store = ?1 AND position <= ?2", error);
    if (!match) return false;
    database_bind(match, 1, str_from(store_id));
    database_bind_number(match, 2, position);
    const bool read = sqlite3_step(match) == SQLITE_ROW;
    const bool same = read && sqlite3_column_int(match, 0) == 1;
    sqlite3_finalize(match);
    if (!read) return database_fail(&casebook->database, "read", error);
    if (same) return true;
    return database_begin(&casebook->database, true, error) &&
           database_run(&casebook->database, "DELETE FROM alerts; DELETE FROM cards", "write",
                        error) &&
           begin_anew(casebook, store_id, error) && database_commit(&casebook->database, error);
}

static void keep_counts(Casebook *casebook) {
    casebook->kept_position = casebook->position;
    casebook->kept_cards_position = casebook->cards_position;
    memcpy(casebook->kept_counts, casebook->counts, sizeof casebook->counts);
}

static bool load_counts(Casebook *casebook, GError **error) {
    int64_t position, cards;
    if (!database_number(&casebook->database, "SELECT position FROM follow", &position, error) ||
        !database_number(&casebook->database, "SELECT cards FROM follow", &cards, error))
        return false;
    casebook->position = (uint64_t)position;
    casebook->cards_position = (uint64_t)cards;
    sqlite3_stmt *count = database_prepare(
        &casebook->database,
        "SELECT status, count(*) FROM alerts INDEXED BY alerts_loss GROUP BY status", error);
    int status = SQLITE_ERROR;
    while (count && (status = sqlite3_step(count)) == SQLITE_ROW) {
        const int64_t name = sqlite3_column_int64(count, 0);
        if (name >= 0 && name < CASE_STATUSES)
            casebook->counts[name] = (uint64_t)sqlite3_column_int64(count, 1);
    }
    if (count && status != SQLITE_DONE) database_fail(&casebook->database, "read", error);
    sqlite3_finalize(count);
    keep_counts(casebook);
    return status == SQLITE_DONE;
}

static bool open_database(Casebook *casebook, const char *dir, GError **error) {
    g_autofree char *schema = g_strconcat(SCHEMA, audit_trail_schema, NULL);
    DatabaseKind kind = casebook_kind;
    kind.schema = schema;
    const bool ok = database_open(&casebook->database, &kind, dir, error);
    casebook->database.kind = &casebook_kind;
    return ok;
}

Casebook *casebook_open(const char *dir, const char *store_id, uint64_t position, GError **error) {
    Casebook *casebook = g_new0(Casebook, 1);
    if (open_database(casebook, dir, error) && match_store(casebook, store_id, position, error) &&
        load_counts(casebook, error) && prepare_statements(casebook, error))
        return casebook;
    casebook_close(casebook);
    return NULL;
}

void casebook_close(Casebook *casebook) {
    if (!casebook) return;
    for (int i = 0; i < CASEBOOK_STATEMENTS; i++)
        sqlite3_finalize(casebook->statements[i]);
    audit_trail_free(casebook->trail);
    database_close(&casebook->database);
    g_free(casebook);
}

AuditTrail *casebook_trail(Casebook *casebook) {
    return casebook->trail;
}

const uint64_t *casebook_counts(const Casebook *casebook) {
    return casebook->counts;
}

/* Transactions */

bool casebook_begin(Casebook *casebook, bool durable, GError **error) {
    return database_begin(&casebook->database, durable, error);
}

bool casebook_commit(Casebook *casebook, GError **error) {
    if (casebook->position != casebook->kept_position ||
        casebook->cards_position != casebook->kept_cards_position) {
        sqlite3_stmt *set = casebook->statements[CASEBOOK_SET_POSITION];
        database_bind_number(set, 1, casebook->position);
        database_bind_number(set, 2, casebook->cards_position);
        if (!database_step(&casebook->database, set, error)) return false;
    }
    if (!database_commit(&casebook->database, error)) return false;
    keep_counts(casebook);
    return true;
}

void casebook_rollback(Casebook *casebook) {
    database_rollback(&casebook->database);
    casebook->position = casebook->kept_position;
    casebook->cards_position = casebook->kept_cards_position;
    memcpy(casebook->counts, casebook->kept_counts, sizeof casebook->counts);
}

uint64_t casebook_position(const Casebook *casebook) {
    return casebook->position;
}

void casebook_set_position(Casebook *casebook, uint64_t position) {
    g_assert(position >= casebook->position);
    casebook->position = position;
}

/* Reading one */

/* Steps a statement that finds one row at most. */
static CaseFound find_row(Casebook *casebook, sqlite3_stmt *find, GError **error) {
    const int status = sqlite3_step(find);
    if (status == SQLITE_ROW) return CASE_FOUND;
    if (status == SQLITE_DONE) return CASE_ABSENT;
    database_fail(&casebook->database, "read", error);
    return CASE_FAILED;
}

static void copy_name(char out[CASE_NAME_MAX + 1], Str name) {
    const size_t len = MIN(name.len, (size_t)CASE_NAME_MAX);
    if (len) memcpy(out, name.data, len);
    out[len] = '\0';
}

CaseFound casebook_find(Casebook *casebook, Str trans_num, Case *out, GError **error) {
    sqlite3_stmt *find = casebook->statements[CASEBOOK_FIND];
    database_bind(find, 1, trans_num);
    const CaseFound found = find_row(casebook, find, error);
    if (found == CASE_FOUND) {
        const int status = sqlite3_column_int(find, 1);
        *out = (Case){
            .seq = (uint64_t)sqlite3_column_int64(find, 0),
            .status = status >= 0 && status < CASE_STATUSES ? (CaseStatus)status : CASE_OPEN,
            .by_analyst = sqlite3_column_int(find, 2) != 0,
            .changed = sqlite3_column_int64(find, 4),
            .notes = (uint64_t)sqlite3_column_int64(find, 5),
            .label_waits =
                sqlite3_column_type(find, 6) != SQLITE_NULL && sqlite3_column_int(find, 6) == 0,
        };
        copy_name(out->assignee, database_column(find, 3));
    }
    sqlite3_reset(find);
    return found;
}

bool casebook_oldest(Casebook *casebook, CaseStatus status, int64_t *time) {
    sqlite3_stmt *oldest = casebook->statements[CASEBOOK_OLDEST];
    bool any = false;
    for (int verdict = VERDICT_REVIEW; verdict <= VERDICT_DECLINE; verdict++) {
        sqlite3_bind_int(oldest, 1, (int)status);
        sqlite3_bind_int(oldest, 2, verdict);
        if (sqlite3_step(oldest) == SQLITE_ROW && sqlite3_column_type(oldest, 0) != SQLITE_NULL) {
            const int64_t found = sqlite3_column_int64(oldest, 0);
            *time = any ? MIN(*time, found) : found;
            any = true;
        }
        sqlite3_reset(oldest);
    }
    return any;
}

/* Writing a case: both where it is the truth and in the queue. */

static void bind_name(sqlite3_stmt *statement, int index, const char *name) {
    if (*name)
        database_bind(statement, index, str_from(name));
    else
        sqlite3_bind_null(statement, index);
}

static bool write_case(Casebook *casebook, Str trans_num, CaseStatus before, const Case *now,
                       GError **error) {
    sqlite3_stmt *truth = casebook->statements[CASEBOOK_SET_CASE];
    database_bind(truth, 1, trans_num);
    sqlite3_bind_int(truth, 2, (int)now->status);
    sqlite3_bind_int(truth, 3, now->by_analyst);
    bind_name(truth, 4, now->assignee);
    sqlite3_bind_int64(truth, 5, now->changed);
    database_bind_number(truth, 6, now->notes);
    sqlite3_stmt *alert = casebook->statements[CASEBOOK_SET_ALERT];
    database_bind_number(alert, 1, now->seq);
    sqlite3_bind_int(alert, 2, (int)now->status);
    bind_name(alert, 3, now->assignee);
    if (!database_step(&casebook->database, truth, error) ||
        !database_step(&casebook->database, alert, error))
        return false;
    casebook->counts[before]--;
    casebook->counts[now->status]++;
    return true;
}

static bool add_entry(Casebook *casebook, Str trans_num, CaseBy by, const char *action,
                      const char *from, const char *to, const char *text, int64_t time,
                      GError **error) {
    g_autofree char *subject = g_strndup(trans_num.data, trans_num.len);
    const AuditEntry entry = {.by = by.name,
                              .role = by.role,
                              .action = action,
                              .subject = subject,
                              .from = from,
                              .to = to,
                              .text = text};
    return audit_trail_add(casebook->trail, &entry, time, error);
}

/* Following the log */

static bool merchant_id(Casebook *casebook, Str name, int64_t *id, GError **error) {
    sqlite3_stmt *find = casebook->statements[CASEBOOK_FIND_MERCHANT];
    database_bind(find, 1, name);
    const CaseFound found = find_row(casebook, find, error);
    if (found == CASE_FOUND) *id = sqlite3_column_int64(find, 0);
    sqlite3_reset(find);
    if (found != CASE_ABSENT) return found == CASE_FOUND;
    sqlite3_stmt *add = casebook->statements[CASEBOOK_ADD_MERCHANT];
    database_bind(add, 1, name);
    if (!database_step(&casebook->database, add, error)) return false;
    *id = sqlite3_last_insert_rowid(casebook->database.db);
    return true;
}

bool casebook_add_alert(Casebook *casebook, uint64_t seq, const Transaction *transaction,
                        float score, Verdict verdict, GError **error) {
    enum { FOUR_DIGITS = 10000 };
    int64_t merchant;
    g_assert(verdict != VERDICT_APPROVE);
    if (!merchant_id(casebook, transaction->merchant, &merchant, error)) return false;
    sqlite3_stmt *add = casebook->statements[CASEBOOK_ADD_ALERT];
    database_bind_number(add, 1, seq);
    database_bind(add, 2, transaction->trans_num);
    sqlite3_bind_int64(add, 3, transaction->time);
    database_bind_number(add, 4, transaction->card % FOUR_DIGITS);
    sqlite3_bind_int64(add, 5, merchant);
    sqlite3_bind_int64(add, 6, transaction->amount);
    sqlite3_bind_double(add, 7, (double)score);
    sqlite3_bind_double(add, 8, (double)score * (double)transaction->amount);
    sqlite3_bind_int(add, 9, (int)verdict);
    const bool ok = sqlite3_step(add) == SQLITE_ROW;
    if (ok)
        casebook->counts[CLAMP(sqlite3_column_int(add, 0), 0, CASE_STATUSES - 1)]++;
    else
        database_fail(&casebook->database, "write", error);
    sqlite3_reset(add);
    return ok;
}

/* Whether the label is one that the outbox waits to see again; it need not wait any longer. */
static CaseFound take_own_label(Casebook *casebook, Str trans_num, bool is_fraud, GError **error) {
    sqlite3_stmt *find = casebook->statements[CASEBOOK_FIND_LABEL];
    database_bind(find, 1, trans_num);
    CaseFound found = find_row(casebook, find, error);
    const CaseLabel label = {.id = (uint64_t)sqlite3_column_int64(find, 0)};
    if (found == CASE_FOUND && (sqlite3_column_int(find, 1) != 0) != is_fraud) found = CASE_ABSENT;
    sqlite3_reset(find);
    if (found != CASE_FOUND) return found;
    return casebook_label_sent(casebook, &label, false, error) ? CASE_FOUND : CASE_FAILED;
}

static const CaseBy by_label = {"label", "service"};

bool casebook_add_label(Casebook *casebook, Str trans_num, bool is_fraud, bool *changed,
                        GError **error) {
    Case found;
    *changed = false;
    const CaseFound is_alert = casebook_find(casebook, trans_num, &found, error);
    if (is_alert != CASE_FOUND) return is_alert == CASE_ABSENT;
    const CaseFound own = take_own_label(casebook, trans_num, is_fraud, error);
    if (own != CASE_ABSENT) return own == CASE_FOUND;
    const CaseStatus before = found.status, says = is_fraud ? CASE_FRAUD : CASE_NOT_FRAUD;
    const bool decided = before == CASE_FRAUD || before == CASE_NOT_FRAUD;
    if (before == says) return true;
    const bool stands = decided && found.by_analyst;
    const int64_t now = g_get_real_time();
    if (!add_entry(casebook, trans_num, by_label, stands ? "alert.label" : "alert.status",
                   case_status_name(before), case_status_name(says), NULL, now, error))
        return false;
    if (stands) return true;
    found.status = says;
    found.by_analyst = false;
    found.changed = now;
    *changed = true;
    return write_case(casebook, trans_num, before, &found, error);
}

/* Changes */

static bool is_conflict(const CaseEdit *edit, const Case *found) {
    return (edit->expects_status && edit->expected_status != found->status) ||
           (edit->expects_assignee && strcmp(edit->expected_assignee, found->assignee) != 0);
}

static bool decides(CaseStatus status) {
    return status == CASE_FRAUD || status == CASE_NOT_FRAUD;
}

static bool changes_status(const CaseEdit *edit, const Case *found) {
    return edit->has_status &&
           (edit->status != found->status || (decides(edit->status) && !found->by_analyst));
}

static bool changes_assignee(const CaseEdit *edit, const Case *found) {
    return edit->has_assignee && strcmp(edit->assignee, found->assignee) != 0;
}

/* Whether the note is the alert's last one, by the same person: it was sent again. */
static bool is_last_note(Casebook *casebook, Str trans_num, const char *note, CaseBy by) {
    g_autofree char *text = g_strdup(note);
    mask_card_numbers(text);
    sqlite3_stmt *last = casebook->statements[CASEBOOK_LAST_NOTE];
    database_bind(last, 1, trans_num);
    const bool same = sqlite3_step(last) == SQLITE_ROW &&
                      str_equal(database_column(last, 0), str_from(by.name)) &&
                      str_equal(database_column(last, 1), str_from(text));
    sqlite3_reset(last);
    return same;
}

/* Puts the decision's label into the outbox, in the place of another one; none where the log says
 * the same already and nothing else is on its way. */
static bool post_label(Casebook *casebook, Str trans_num, bool is_fraud, int known,
                       GError **error) {
    sqlite3_stmt *find = casebook->statements[CASEBOOK_FIND_LABEL];
    database_bind(find, 1, trans_num);
    const CaseFound found = find_row(casebook, find, error);
    sqlite3_reset(find);
    if (found == CASE_FAILED) return false;
    if (found == CASE_ABSENT && known == (int)is_fraud) return true;
    sqlite3_stmt *add = casebook->statements[CASEBOOK_ADD_LABEL];
    database_bind(add, 1, trans_num);
    sqlite3_bind_int(add, 2, is_fraud);
    return database_step(&casebook->database, add, error);
}

static bool change_status(Casebook *casebook, Str trans_num, const CaseEdit *edit, CaseBy by,
                          int known, Case *found, GError **error) {
    if (!changes_status(edit, found)) return true;
    if (!add_entry(casebook, trans_num, by, "alert.status", case_status_name(found->status),
                   case_status_name(edit->status), NULL, found->changed, error))
        return false;
    found->status = edit->status;
    found->by_analyst = decides(edit->status);
    return !found->by_analyst ||
           post_label(casebook, trans_num, edit->status == CASE_FRAUD, known, error);
}

static const char *name_or_null(const char *name) {
    return *name ? name : NULL;
}

static bool change_assignee(Casebook *casebook, Str trans_num, const CaseEdit *edit, CaseBy by,
                            Case *found, GError **error) {
    if (!changes_assignee(edit, found)) return true;
    if (!add_entry(casebook, trans_num, by, "alert.assign", name_or_null(found->assignee),
                   name_or_null(edit->assignee), NULL, found->changed, error))
        return false;
    memcpy(found->assignee, edit->assignee, sizeof found->assignee);
    return true;
}

static bool add_note(Casebook *casebook, Str trans_num, const CaseEdit *edit, CaseBy by,
                     Case *found, GError **error) {
    if (!edit->note) return true;
    found->notes++;
    return add_entry(casebook, trans_num, by, "alert.note", NULL, NULL, edit->note, found->changed,
                     error);
}

CaseOutcome casebook_change(Casebook *casebook, Str trans_num, const CaseEdit *edit, CaseBy by,
                            int known, Case *found, GError **error) {
    const CaseStatus before = found->status;
    if (!changes_status(edit, found) && !changes_assignee(edit, found) &&
        (!edit->note || is_last_note(casebook, trans_num, edit->note, by)))
        return CASE_SAME;
    if (is_conflict(edit, found)) return CASE_CONFLICT;
    found->changed = g_get_real_time();
    return change_status(casebook, trans_num, edit, by, known, found, error) &&
                   change_assignee(casebook, trans_num, edit, by, found, error) &&
                   add_note(casebook, trans_num, edit, by, found, error) &&
                   write_case(casebook, trans_num, before, found, error)
               ? CASE_CHANGED
               : CASE_BROKEN;
}

/* The outbox */

CaseFound casebook_next_label(Casebook *casebook, CaseLabel *out, GError **error) {
    sqlite3_stmt *next = casebook->statements[CASEBOOK_NEXT_LABEL];
    const CaseFound found = find_row(casebook, next, error);
    if (found == CASE_FOUND) {
        const Str trans_num = database_column(next, 1);
        *out = (CaseLabel){.id = (uint64_t)sqlite3_column_int64(next, 0),
                           .is_fraud = sqlite3_column_int(next, 2) != 0};
        memcpy(out->trans_num, trans_num.data, MIN(trans_num.len, (size_t)TRANS_NUM_MAX));
    }
    sqlite3_reset(next);
    return found;
}

bool casebook_label_sent(Casebook *casebook, const CaseLabel *label, bool comes_back,
                         GError **error) {
    sqlite3_stmt *set =
        casebook->statements[comes_back ? CASEBOOK_SENT_LABEL : CASEBOOK_DROP_LABEL];
    database_bind_number(set, 1, label->id);
    return database_step(&casebook->database, set, error);
}

uint64_t casebook_labels_waiting(Casebook *casebook) {
    sqlite3_stmt *count = casebook->statements[CASEBOOK_WAITING];
    const bool read = sqlite3_step(count) == SQLITE_ROW;
    const uint64_t waiting = read ? (uint64_t)sqlite3_column_int64(count, 0) : 0;
    sqlite3_reset(count);
    return waiting;
}
