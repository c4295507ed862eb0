#include "serve/desk_call.h"

#include "base/civil.h"
#include "base/decimal.h"
#include "record/columns.h"

#include <math.h>

DeskCall *desk_call_new(DeskTask task, const char *trans_num, const char *name, const char *role) {
    DeskCall *call = g_new0(DeskCall, 1);
    call->task = task;
    call->trans_num = g_strdup(trans_num);
    call->name = g_strdup(name);
    call->role = g_strdup(role);
    call->query = (CaseQuery){.statuses = 1u << CASE_OPEN | 1u << CASE_IN_REVIEW,
                              .verdicts = 1u << VERDICT_REVIEW | 1u << VERDICT_DECLINE,
                              .limit = ALERTS_DEFAULT};
    call->limit = task == DESK_AUDIT ? AUDIT_DEFAULT : HISTORY_DEFAULT;
    call->before = UINT64_MAX;
    return call;
}

void desk_call_free(DeskCall *call) {
    if (!call) return;
    case_edit_clear(&call->edit);
    g_free(call->trans_num);
    g_free(call->name);
    g_free(call->role);
    g_free(call);
}

/* Parameters */

static bool read_count(Str text, uint64_t least, uint64_t most, uint64_t *out) {
    char digits[24];
    if (text.len == 0 || text.len >= sizeof digits) return false;
    memcpy(digits, text.data, text.len);
    digits[text.len] = '\0';
    guint64 number;
    if (strlen(digits) != text.len ||
        !g_ascii_string_to_unsigned(digits, 10, least, most, &number, NULL))
        return false;
    *out = number;
    return true;
}

/* The next word of a list with commas; false at its end. */
static bool next_word(Str *rest, Str *word) {
    if (!rest->data) return false;
    const char *comma = rest->len ? memchr(rest->data, ',', rest->len) : NULL;
    *word = (Str){rest->data, comma ? (size_t)(comma - rest->data) : rest->len};
    *rest = comma ? (Str){comma + 1, rest->len - word->len - 1} : (Str){0};
    return true;
}

static const char *set_status(CaseQuery *query, Str value) {
    Str word;
    CaseStatus status;
    query->statuses = 0;
    if (str_equal(value, STR("all"))) query->statuses = (1u << CASE_STATUSES) - 1;
    while (query->statuses != (1u << CASE_STATUSES) - 1 && next_word(&value, &word)) {
        if (!case_status_find(word, &status))
            return "status is open, in_review, fraud or not_fraud, several with commas, or all";
        query->statuses |= 1u << status;
    }
    return NULL;
}

static const char *set_decision(CaseQuery *query, Str value) {
    Str word;
    query->verdicts = 0;
    while (next_word(&value, &word)) {
        int verdict = VERDICT_REVIEW;
        while (verdict <= VERDICT_DECLINE &&
               !str_equal(word, str_from(verdict_name((Verdict)verdict))))
            verdict++;
        if (verdict > VERDICT_DECLINE) return "decision is review or decline, or both with a comma";
        query->verdicts |= 1u << verdict;
    }
    return NULL;
}

/* A text of at most `most` bytes, without control characters; all zeros behind it. */
static bool copy_text(Str value, size_t most, char *out) {
    if (value.len > most || check_text(value) != NULL) return false;
    memset(out, 0, most + 1);
    if (value.len) memcpy(out, value.data, value.len);
    return true;
}

static const char *set_assignee(CaseQuery *query, Str value) {
    query->has_assignee = true;
    return copy_text(value, CASE_NAME_MAX, query->assignee)
               ? NULL
               : "assignee is a name of at most 64 bytes; empty for nobody";
}

static const char *set_text(CaseQuery *query, Str value) {
    return copy_text(value, CASE_QUERY_MAX, query->text) ? NULL
                                                         : "q is a text of at most 256 bytes";
}

static const char *set_min_amount(CaseQuery *query, Str value) {
    Decimal decimal;
    const bool good = decimal_scan(value, &decimal) && (!decimal.negative || decimal.digits == 0) &&
                      decimal_scaled(&decimal, 2, AMOUNT_MAX, &query->min_amount);
    return good ? NULL : "min_amount is an amount, not negative";
}

static const char *set_since(CaseQuery *query, Str value) {
    int32_t days;
    if (!read_time(value, &query->since)) return NULL;
    if (civil_read_date(value, &days)) return "since is a date, or a date and time of day";
    query->since = (int64_t)days * 86400;
    return NULL;
}

static const char *const order_names[CASE_ORDERS] = {"expected_loss", "time", "score"};
static const char order_letters[CASE_ORDERS] = {'l', 't', 's'};

static const char *set_order(CaseQuery *query, Str value) {
    for (int i = 0; i < CASE_ORDERS; i++) {
        if (!str_equal(value, str_from(order_names[i]))) continue;
        query->order = (CaseOrder)i;
        return NULL;
    }
    return "order is expected_loss, time or score";
}

static const char *set_limit(CaseQuery *query, Str value) {
    uint64_t limit;
    if (!read_count(value, 1, CASE_LIST_MAX, &limit)) return "limit is 1 to 500";
    query->limit = (size_t)limit;
    return NULL;
}

/* The cursor: the order's letter, the key's bits as 16 hexadecimal digits, a point, the position.
 */

enum { KEY_DIGITS = 16 };

void case_cursor_write(GString *out, const CaseQuery *query, CaseListed last) {
    uint64_t bits;
    memcpy(&bits, &last.key, sizeof bits);
    g_string_append_printf(out, "%c%016" G_GINT64_MODIFIER "x.%" G_GUINT64_FORMAT,
                           order_letters[query->order], bits, last.seq);
}

static bool read_key(Str digits, double *key) {
    uint64_t bits = 0;
    for (size_t i = 0; i < digits.len; i++) {
        if (!g_ascii_isxdigit(digits.data[i])) return false;
        bits = bits << 4 | (uint64_t)g_ascii_xdigit_value(digits.data[i]);
    }
    memcpy(key, &bits, sizeof bits);
    return isfinite(*key);
}

/* Whether it is of the order asked for is looked at in the end, as that may come later. */
static const char *set_after(CaseQuery *query, Str value) {
    static const char wrong[] = "after is not a cursor that this list gave";
    if (value.len < 1 + KEY_DIGITS + 2 || value.data[1 + KEY_DIGITS] != '.') return wrong;
    const Str digits = {value.data + 1, KEY_DIGITS};
    const Str seq = {digits.data + KEY_DIGITS + 1, value.len - KEY_DIGITS - 2};
    int order = 0;
    while (order < CASE_ORDERS && order_letters[order] != value.data[0])
        order++;
    if (order == CASE_ORDERS || !read_key(digits, &query->after_key) ||
        !read_count(seq, 1, INT64_MAX, &query->after_seq))
        return wrong;
    query->has_after = true;
    query->after_order = (CaseOrder)order;
    return NULL;
}

typedef struct Parameter {
    const char *name;
    const char *(*set)(CaseQuery *query, Str value);
} Parameter;

static const char *set_query(CaseQuery *query, Str name, Str value) {
    static const Parameter parameters[] = {
        {"status", set_status},         {"decision", set_decision},
        {"assignee", set_assignee},     {"q", set_text},
        {"order", set_order},           {"limit", set_limit},
        {"min_amount", set_min_amount}, {"since", set_since},
        {"after", set_after},
    };
    for (size_t i = 0; i < G_N_ELEMENTS(parameters); i++)
        if (str_equal(name, str_from(parameters[i].name))) return parameters[i].set(query, value);
    return "an unknown parameter: there are status, decision, assignee, q, min_amount, since, "
           "order, limit and after";
}

static const char *set_page(DeskCall *call, Str name, Str value) {
    const bool audit = call->task == DESK_AUDIT;
    uint64_t number;
    if (str_equal(name, STR("limit"))) {
        if (!read_count(value, 1, audit ? AUDIT_MAX : HISTORY_MAX, &number))
            return audit ? "limit is 1 to 1000" : "limit is 1 to 500";
        call->limit = (size_t)number;
        return NULL;
    }
    if (audit && str_equal(name, STR("before")))
        return read_count(value, 1, INT64_MAX, &call->before) ? NULL
                                                              : "before is an entry's number";
    if (audit && str_equal(name, STR("people"))) {
        call->people = str_equal(value, STR("true"));
        return call->people || str_equal(value, STR("false")) ? NULL : "people is true or false";
    }
    return audit ? "an unknown parameter: there are limit, before and people"
                 : "an unknown parameter: there is limit";
}

const char *desk_call_set(DeskCall *call, Str name, Str value) {
    if (call->task == DESK_LIST) return set_query(&call->query, name, value);
    if (call->task == DESK_AUDIT || call->task == DESK_CARD_HISTORY)
        return set_page(call, name, value);
    return "there are no parameters here";
}

const char *desk_call_check(const DeskCall *call) {
    const CaseQuery *query = &call->query;
    if (query->has_after && query->after_order != query->order)
        return "after is the cursor of a list in another order";
    return NULL;
}

/* The body of a change */

typedef struct Reading {
    CaseEdit *edit;
    const char *wrong;
} Reading;

static const char wrong_status[] = "status: not open, in_review, fraud or not_fraud";
static const char wrong_assignee[] =
    "assignee: not null or a name of 1 to 64 bytes without control "
    "characters";

static const char *take_status(JsonValue value, bool *has, CaseStatus *out) {
    *has = true;
    return json_type(value) == JSON_STRING && case_status_find(json_get_str(value), out)
               ? NULL
               : wrong_status;
}

static const char *take_assignee(JsonValue value, bool *has, char out[CASE_NAME_MAX + 1]) {
    *has = true;
    const Str name = json_get_str(value);
    const bool good =
        json_type(value) == JSON_NULL || (json_type(value) == JSON_STRING && name.len > 0);
    if (!good || !copy_text(name, CASE_NAME_MAX, out)) return wrong_assignee;
    char masked[CASE_NAME_MAX + 1];
    g_strlcpy(masked, out, sizeof masked);
    mask_card_numbers(masked);
    return strcmp(masked, out) == 0 ? NULL : "assignee: it looks like a card number";
}

/* A note may have lines. */
static bool is_note(Str text) {
    bool any = false;
    for (size_t i = 0; i < text.len; i++) {
        const unsigned char c = (unsigned char)text.data[i];
        if ((c < 0x20 && c != '\n' && c != '\t') || c == 0x7f) return false;
        any |= c > 0x20;
    }
    return any && text.len <= CASE_NOTE_MAX;
}

static const char *take_note(JsonValue value, CaseEdit *edit) {
    const Str text = json_get_str(value);
    if (json_type(value) != JSON_STRING || !is_note(text))
        return "note: not a text of 1 to 4000 bytes without control characters";
    g_free(edit->note);
    edit->note = g_strndup(text.data, text.len);
    return NULL;
}

static bool take_expected(Str key, JsonValue value, void *data) {
    Reading *reading = data;
    CaseEdit *edit = reading->edit;
    if (str_equal(key, STR("status")))
        reading->wrong = take_status(value, &edit->expects_status, &edit->expected_status);
    else if (str_equal(key, STR("assignee")))
        reading->wrong = take_assignee(value, &edit->expects_assignee, edit->expected_assignee);
    else
        reading->wrong = "expected: an unknown member: there are status and assignee";
    return !reading->wrong;
}

static bool take_member(Str key, JsonValue value, void *data) {
    Reading *reading = data;
    CaseEdit *edit = reading->edit;
    if (str_equal(key, STR("status")))
        reading->wrong = take_status(value, &edit->has_status, &edit->status);
    else if (str_equal(key, STR("assignee")))
        reading->wrong = take_assignee(value, &edit->has_assignee, edit->assignee);
    else if (str_equal(key, STR("note")))
        reading->wrong = take_note(value, edit);
    else if (!str_equal(key, STR("expected")))
        reading->wrong = "an unknown member: there are status, assignee, note and expected";
    else if (json_type(value) != JSON_OBJECT)
        reading->wrong = "expected: not an object";
    else
        json_each(value, take_expected, reading);
    return !reading->wrong;
}

const char *case_edit_read(JsonParser *parser, Str body, CaseEdit *edit, unsigned *status) {
    JsonValue root;
    const char *message;
    *edit = (CaseEdit){0};
    *status = 400;
    if (!json_parse(parser, body.data, body.len, &root, &message)) return message;
    if (json_type(root) != JSON_OBJECT) return "not a JSON object";
    *status = 422;
    Reading reading = {.edit = edit};
    json_each(root, take_member, &reading);
    if (!reading.wrong && !edit->has_status && !edit->has_assignee && !edit->note)
        reading.wrong = "nothing to change: there are status, assignee and note";
    if (reading.wrong) case_edit_clear(edit);
    return reading.wrong;
}

const char *empty_object_read(JsonParser *parser, Str body, unsigned *status) {
    JsonValue root;
    const char *message;
    *status = 400;
    if (!json_parse(parser, body.data, body.len, &root, &message)) return message;
    if (json_type(root) != JSON_OBJECT) return "not a JSON object";
    *status = 422;
    return json_count(root) == 0 ? NULL : "an unknown member: the object is empty";
}
