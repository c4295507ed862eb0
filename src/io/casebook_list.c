/* The casebook's queue: alerts in an order, a page at a time. Each index orders those of one status
 * and verdict, so a page is the first of some sorted runs put together. Where few alerts fit what
 * is searched for, these are found first and sorted; else they are met soon on the way. */
#include "io/casebook_internal.h"

#include <string.h>

enum {
    FEW = 20000,       /* candidates that are sorted; more are met soon enough in the order */
    LOOK_STEPS = 1000, /* of SQLite's machine, between two looks at the clock */
};

static const char *const key_columns[CASE_ORDERS] = {"loss", "time", "score"};

/* Parameters, by number: the query's parts, wherever they stand. */
enum {
    BIND_KEY = 1,
    BIND_SEQ,
    BIND_LIMIT,
    BIND_ASSIGNEE,
    BIND_AMOUNT,
    BIND_SINCE,
    BIND_PREFIX,
    BIND_PREFIX_END,
    BIND_TEXT,
    BIND_FOUR
};

static bool is_four_digits(const char *text) {
    return strlen(text) == 4 && strspn(text, "0123456789") == 4;
}

/* What has to be true of a row besides status and verdict. */
static void write_conditions(GString *sql, const CaseQuery *query, bool with_text) {
    if (query->has_after)
        g_string_append_printf(sql, " AND (%s, seq) < (?1, ?2)", key_columns[query->order]);
    if (query->has_assignee)
        g_string_append(sql, *query->assignee ? " AND assignee = ?4" : " AND assignee IS NULL");
    if (query->min_amount > 0) g_string_append(sql, " AND amount >= ?5");
    if (query->since > 0) g_string_append(sql, " AND time >= ?6");
    if (!*query->text || !with_text) return;
    g_string_append(sql, " AND ((trans_num >= ?7 AND trans_num < ?8) OR merchant IN"
                         " (SELECT id FROM merchants WHERE instr(lower(name), lower(?9)) > 0)");
    if (is_four_digits(query->text)) g_string_append(sql, " OR last_four = ?10");
    g_string_append_c(sql, ')');
}

/* Where few rows fit one of the parts, a query of their numbers; NULL where no part is that choosy.
 * Each of them has an index. */

static void bind_query(sqlite3_stmt *statement, const CaseQuery *query, size_t limit,
                       char prefix_end[CASE_QUERY_MAX + 1]) {
    sqlite3_bind_double(statement, BIND_KEY, query->after_key);
    database_bind_number(statement, BIND_SEQ, query->after_seq);
    database_bind_number(statement, BIND_LIMIT, limit);
    database_bind(statement, BIND_ASSIGNEE, str_from(query->assignee));
    sqlite3_bind_int64(statement, BIND_AMOUNT, query->min_amount);
    sqlite3_bind_int64(statement, BIND_SINCE, query->since);
    database_bind(statement, BIND_PREFIX, str_from(query->text));
    /* Transaction numbers are ASCII and in the order of their bytes: the first text after all that
     * begin so. */
    g_strlcpy(prefix_end, query->text, CASE_QUERY_MAX + 1);
    const size_t len = strlen(prefix_end);
    if (len > 0 && (unsigned char)prefix_end[len - 1] < 0x7f) prefix_end[len - 1]++;
    database_bind(statement, BIND_PREFIX_END, str_from(prefix_end));
    database_bind(statement, BIND_TEXT, str_from(query->text));
    if (is_four_digits(query->text))
        sqlite3_bind_int(statement, BIND_FOUR, (int)g_ascii_strtoll(query->text, NULL, 10));
}

static const char text_candidates[] =
    "SELECT seq FROM alerts WHERE trans_num >= ?7 AND trans_num < ?8"
    " UNION ALL SELECT a.seq FROM merchants m CROSS JOIN alerts a ON a.merchant = m.id"
    " WHERE instr(lower(m.name), lower(?9)) > 0"
    " UNION ALL SELECT seq FROM alerts INDEXED BY alerts_last_four WHERE last_four = ?10";
static const char assigned_candidates[] =
    "SELECT seq FROM alerts INDEXED BY alerts_assignee WHERE assignee = ?4";
static const char recent_candidates[] =
    "SELECT seq FROM alerts INDEXED BY alerts_time"
    " WHERE status IN (0, 1, 2, 3) AND verdict IN (1, 2) AND time >= ?6";

static bool is_few(Casebook *casebook, const CaseQuery *query, const char *candidates) {
    char end[CASE_QUERY_MAX + 1];
    g_autofree char *sql =
        g_strdup_printf("SELECT count(*) FROM (SELECT 1 FROM (%s) LIMIT ?3)", candidates);
    sqlite3_stmt *count = database_prepare(&casebook->database, sql, NULL);
    if (!count) return false;
    bind_query(count, query, FEW + 1, end);
    const bool few = sqlite3_step(count) == SQLITE_ROW && sqlite3_column_int64(count, 0) <= FEW;
    sqlite3_finalize(count);
    return few;
}

static const char *choose_candidates(Casebook *casebook, const CaseQuery *query) {
    if (*query->text && is_few(casebook, query, text_candidates)) return text_candidates;
    if (query->has_assignee && *query->assignee && is_few(casebook, query, assigned_candidates))
        return assigned_candidates;
    if (query->since > 0 && is_few(casebook, query, recent_candidates)) return recent_candidates;
    return NULL;
}

static void write_bits(GString *sql, const char *column, unsigned bits) {
    g_string_append_printf(sql, "%s IN (", column);
    for (unsigned i = 0; bits >> i; i++)
        if (bits >> i & 1) g_string_append_printf(sql, "%u,", i);
    sql->str[sql->len - 1] = ')';
}

static void write_sorted(GString *sql, const CaseQuery *query, const char *candidates) {
    const char *key = key_columns[query->order];
    g_string_append_printf(sql,
                           "SELECT seq, %s AS key FROM alerts NOT INDEXED WHERE seq IN (%s) AND ",
                           key, candidates);
    write_bits(sql, "status", query->statuses);
    write_bits(g_string_append(sql, " AND "), "verdict", query->verdicts);
    write_conditions(sql, query, candidates != text_candidates);
}

static void write_runs(GString *sql, const CaseQuery *query) {
    const char *key = key_columns[query->order];
    const char *between = "";
    for (unsigned status = 0; status < CASE_STATUSES; status++)
        for (unsigned verdict = VERDICT_REVIEW; verdict <= VERDICT_DECLINE; verdict++) {
            if (!(query->statuses >> status & 1) || !(query->verdicts >> verdict & 1)) continue;
            g_string_append_printf(sql,
                                   "%sSELECT * FROM (SELECT seq, %s AS key FROM alerts INDEXED BY"
                                   " alerts_%s WHERE status = %u AND verdict = %u",
                                   between, key, key, status, verdict);
            write_conditions(sql, query, true);
            g_string_append_printf(sql, " ORDER BY %s DESC, seq DESC LIMIT ?3)", key);
            between = " UNION ALL ";
        }
}

static bool read_listed(Casebook *casebook, const CaseQuery *query, sqlite3_stmt *list,
                        CaseListed *out, size_t *count, bool *more, GError **error) {
    int status;
    *count = 0;
    *more = false;
    while ((status = sqlite3_step(list)) == SQLITE_ROW) {
        if (*count == query->limit) {
            *more = true;
            return true;
        }
        out[(*count)++] =
            (CaseListed){(uint64_t)sqlite3_column_int64(list, 0), sqlite3_column_double(list, 1)};
    }
    if (status == SQLITE_DONE) return true;
    if (status != SQLITE_INTERRUPT) return database_fail(&casebook->database, "read", error);
    g_set_error(error, DATABASE_ERROR, DATABASE_ERROR_SLOW, "the search took too long");
    return false;
}

/* SQLite goes on while it is 0. */
static int is_over(void *data) {
    const int64_t *until = data;
    return g_get_monotonic_time() >= *until;
}

static bool list(Casebook *casebook, const CaseQuery *query, CaseListed *out, size_t *count,
                 bool *more, GError **error) {
    char end[CASE_QUERY_MAX + 1];
    g_autoptr(GString) sql = g_string_new("SELECT seq, key FROM (");
    const char *candidates = choose_candidates(casebook, query);
    if (candidates)
        write_sorted(sql, query, candidates);
    else
        write_runs(sql, query);
    g_string_append(sql, ") ORDER BY key DESC, seq DESC LIMIT ?3");
    sqlite3_stmt *list = database_prepare(&casebook->database, sql->str, error);
    if (!list) return false;
    bind_query(list, query, query->limit + 1, end);
    const bool ok = read_listed(casebook, query, list, out, count, more, error);
    sqlite3_finalize(list);
    return ok;
}

bool casebook_list(Casebook *casebook, const CaseQuery *query, CaseListed *out, size_t *count,
                   bool *more, GError **error) {
    g_assert(query->limit >= 1 && query->limit <= CASE_LIST_MAX);
    *count = 0;
    *more = false;
    const unsigned alerts = 1u << VERDICT_REVIEW | 1u << VERDICT_DECLINE;
    if (!query->statuses || !(query->verdicts & alerts)) return true;
    sqlite3 *db = casebook->database.db;
    int64_t until = query->until;
    if (until > 0) sqlite3_progress_handler(db, LOOK_STEPS, is_over, &until);
    const bool ok = list(casebook, query, out, count, more, error);
    sqlite3_progress_handler(db, 0, NULL, NULL);
    return ok;
}
