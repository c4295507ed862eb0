/* What is asked of the desk: lines NAME=VALUE of parameters, of which the first names the task,
 * then, behind an empty line, a body. It is refused with a reason, or it is within its limits; a
 * cursor that was read is written again as one that reads the same. */
#include "serve/desk_call.h"

#include <math.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_cursor(const CaseQuery *query) {
    g_autoptr(GString) text = g_string_new(NULL);
    DeskCall *again = desk_call_new(DESK_LIST, NULL, "kim", "admin");
    case_cursor_write(text, query, (CaseListed){query->after_seq, query->after_key});
    again->query.order = query->order;
    g_assert_null(desk_call_set(again, STR("after"), (Str){text->str, text->len}));
    g_assert_null(desk_call_check(again));
    g_assert_true(again->query.after_key == query->after_key);
    g_assert_cmpuint(again->query.after_seq, ==, query->after_seq);
    desk_call_free(again);
}

static void check_call(const DeskCall *call) {
    const CaseQuery *query = &call->query;
    g_assert_true(query->limit >= 1 && query->limit <= CASE_LIST_MAX);
    g_assert_true(call->limit >= 1 && call->limit <= AUDIT_MAX);
    g_assert_true(query->statuses < 1u << CASE_STATUSES && query->order < CASE_ORDERS);
    g_assert_true(query->min_amount >= 0 && query->min_amount <= AMOUNT_MAX);
    g_assert_true(strlen(query->text) <= CASE_QUERY_MAX &&
                  strlen(query->assignee) <= CASE_NAME_MAX);
    if (query->has_after) check_cursor(query);
}

static void check_edit(const CaseEdit *edit) {
    g_assert_true(edit->has_status || edit->has_assignee || edit->note);
    g_assert_true(edit->status < CASE_STATUSES && edit->expected_status < CASE_STATUSES);
    if (!edit->note) return;
    g_assert_true(g_utf8_validate(edit->note, -1, NULL));
    g_assert_true(strlen(edit->note) >= 1 && strlen(edit->note) <= CASE_NOTE_MAX);
}

static void read_body(Str body) {
    JsonParser *parser = json_parser_new(1 << 16);
    CaseEdit edit;
    unsigned status;
    if (!case_edit_read(parser, body, &edit, &status)) {
        check_edit(&edit);
        case_edit_clear(&edit);
    } else {
        g_assert_true(status == 400 || status == 422);
    }
    (void)empty_object_read(parser, body, &status);
    json_parser_free(parser);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static const DeskTask tasks[] = {DESK_LIST, DESK_AUDIT, DESK_CARD_HISTORY, DESK_SHOW};
    if (size == 0) return 0;
    DeskCall *call = desk_call_new(tasks[data[0] % G_N_ELEMENTS(tasks)], "t1", "kim", "admin");
    Str rest = {(const char *)data + 1, size - 1};
    bool good = true;
    while (rest.len > 0 && rest.data[0] != '\n') {
        const char *end = memchr(rest.data, '\n', rest.len);
        const Str line = {rest.data, end ? (size_t)(end - rest.data) : rest.len};
        const char *equals = line.len ? memchr(line.data, '=', line.len) : NULL;
        const size_t name_len = equals ? (size_t)(equals - line.data) : line.len;
        const Str value = equals ? (Str){equals + 1, line.len - name_len - 1} : (Str){line.data, 0};
        good &= !desk_call_set(call, (Str){line.data, name_len}, value);
        rest = end ? (Str){end + 1, rest.len - line.len - 1} : (Str){0};
    }
    if (good && !desk_call_check(call)) check_call(call);
    desk_call_free(call);
    if (rest.len > 0) read_body((Str){rest.data + 1, rest.len - 1});
    return 0;
}
