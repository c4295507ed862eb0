#include "record/json.h"

#include "base/civil.h"
#include "base/decimal.h"
#include "base/json_write.h"
#include <math.h>

_Static_assert(sizeof((JsonScratch *)0)->text[0] >= DECIMAL_FORMAT_MAX, "room for any number");

static const char reason_wrong_type[] = "neither a number nor a string";

/* The value as the text of a CSV field; false when it has no such form. */
static bool text_of(JsonValue value, char scratch[static 40], Str *out) {
    switch (json_type(value)) {
    case JSON_NULL:
        *out = (Str){NULL, 0};
        return true;
    case JSON_STRING:
        *out = json_get_str(value);
        return true;
    case JSON_INT:
        *out = (Str){scratch,
                     (size_t)g_snprintf(scratch, 40, "%" G_GINT64_FORMAT, json_get_int(value))};
        return true;
    case JSON_UINT:
        *out = (Str){scratch,
                     (size_t)g_snprintf(scratch, 40, "%" G_GUINT64_FORMAT, json_get_uint(value))};
        return true;
    case JSON_DOUBLE:
        *out = (Str){scratch, decimal_format(json_get_double(value), scratch)};
        return true;
    default:
        return false;
    }
}

static bool bool_text_of(JsonValue value, char scratch[static 40], Str *out) {
    if (json_type(value) != JSON_BOOL) return text_of(value, scratch, out);
    *out = json_get_bool(value) ? STR("1") : STR("0");
    return true;
}

typedef struct Collector {
    Str columns[COLUMN_COUNT];
    size_t given[COLUMN_COUNT]; /* by which object, from 1 */
    size_t object;              /* the one being read, from 1 */
    JsonScratch *scratch;
    Reject *reject;
} Collector;

static bool collect(Str key, JsonValue value, void *data) {
    Collector *collector = data;
    const Column column = column_find(key);
    if (column == COLUMN_COUNT) return true;
    const char *wrong = NULL;
    char *scratch = collector->scratch->text[column];
    Str *to = &collector->columns[column];
    if (collector->given[column] && collector->given[column] < collector->object) return true;
    if (collector->given[column])
        wrong = "given twice";
    else if (!(column == COLUMN_IS_FRAUD ? bool_text_of : text_of)(value, scratch, to))
        wrong = reason_wrong_type;
    collector->given[column] = collector->object;
    if (wrong) reject_set(collector->reject, column_name(column), wrong, STR(""));
    return !wrong;
}

static bool refuse_whole(Reject *reject) {
    reject_set(reject, "", "not a JSON object", STR(""));
    return false;
}

bool transaction_from_objects(const JsonValue *objects, size_t count, JsonScratch *scratch,
                              Transaction *out, Reject *reject) {
    reject->line = 0;
    Collector collector = {.scratch = scratch, .reject = reject};
    for (size_t i = 0; i < count; i++) {
        if (json_type(objects[i]) != JSON_OBJECT) return refuse_whole(reject);
        collector.object = i + 1;
        if (!json_each(objects[i], collect, &collector)) return false;
    }
    return transaction_from_columns(collector.columns, false, out, reject);
}

bool transaction_from_json(JsonValue object, JsonScratch *scratch, Transaction *out,
                           Reject *reject) {
    return transaction_from_objects(&object, 1, scratch, out, reject);
}

/* A member as text, empty when it is absent. */
static bool member_text(JsonValue object, const char *name, char scratch[static 40], Str *out) {
    JsonValue value;
    *out = (Str){NULL, 0};
    return !json_member(object, name, &value) || bool_text_of(value, scratch, out);
}

static const char *read_verdict(Str text, bool *out) {
    int8_t is_fraud = LABEL_NONE;
    const char *wrong = read_is_fraud(text, &is_fraud);
    *out = is_fraud == 1;
    return wrong ? wrong : is_fraud == LABEL_NONE ? "missing" : NULL;
}

/* Reads the members one by one; on failure *field and *text are those of the wrong one. */
static const char *read_label(JsonValue object, JsonScratch *scratch, Label *out,
                              const char **field, Str *text) {
    const char *wrong;
    *field = "trans_num";
    if (!member_text(object, *field, scratch->text[0], text)) return reason_wrong_type;
    if ((wrong = read_trans_num(*text))) return wrong;
    out->trans_num = *text;
    *field = "is_fraud";
    if (!member_text(object, *field, scratch->text[1], text)) return reason_wrong_type;
    if ((wrong = read_verdict(*text, &out->is_fraud))) return wrong;
    *field = "time";
    if (!member_text(object, *field, scratch->text[2], text)) return reason_wrong_type;
    out->time = LABEL_TIME_ABSENT;
    if (text->len && (wrong = read_label_time(*text, &out->time))) return wrong;
    *field = column_name(COLUMN_CARD);
    if (!member_text(object, *field, scratch->text[3], text)) return reason_wrong_type;
    return text->len == 0 ? NULL : read_card(*text, &out->card);
}

bool label_from_json(JsonValue object, JsonScratch *scratch, Label *out, Reject *reject) {
    *out = (Label){0};
    reject->line = 0;
    if (json_type(object) != JSON_OBJECT) return refuse_whole(reject);
    const char *field;
    Str text = {NULL, 0};
    const char *wrong = read_label(object, scratch, out, &field, &text);
    if (wrong) reject_set(reject, field, wrong, text);
    return !wrong;
}

static void write_key(GString *out, const char *name) {
    if (out->str[out->len - 1] != '{') g_string_append_c(out, ',');
    g_string_append_c(out, '"');
    g_string_append(out, name);
    g_string_append(out, "\":");
}

static void write_text(GString *out, Column column, Str text) {
    if (text.len == 0) return;
    write_key(out, column_name(column));
    json_write_str(out, text);
}

static void write_degrees(GString *out, Column column, double value) {
    if (isnan(value)) return;
    char text[DECIMAL_FORMAT_MAX];
    write_key(out, column_name(column));
    g_string_append_len(out, text, (gssize)decimal_format(value, text));
}

static void write_card(GString *out, uint64_t card, CardForm form) {
    char masked[CARD_MASKED_SIZE];
    if (form == CARD_MASKED) {
        card_mask(card, masked);
        write_text(out, COLUMN_CARD, str_from(masked));
        return;
    }
    write_key(out, column_name(COLUMN_CARD));
    g_string_append_c(out, '"');
    json_write_uint(out, card);
    g_string_append_c(out, '"');
}

static void write_holder(GString *out, const Transaction *t) {
    write_text(out, COLUMN_FIRST, t->first);
    write_text(out, COLUMN_LAST, t->last);
    if (t->gender) write_text(out, COLUMN_GENDER, (Str){&t->gender, 1});
    write_text(out, COLUMN_STREET, t->street);
    write_text(out, COLUMN_CITY, t->city);
    write_text(out, COLUMN_STATE, t->state);
    write_text(out, COLUMN_ZIP, t->zip);
    write_degrees(out, COLUMN_LATITUDE, t->latitude);
    write_degrees(out, COLUMN_LONGITUDE, t->longitude);
    if (t->city_population >= 0) {
        write_key(out, column_name(COLUMN_CITY_POPULATION));
        json_write_uint(out, (uint64_t)t->city_population);
    }
    write_text(out, COLUMN_JOB, t->job);
    if (t->birth == INT32_MIN) return;
    char birth[11];
    civil_write_date(t->birth, birth);
    write_text(out, COLUMN_BIRTH, str_from(birth));
}

void holder_write_json(GString *out, const Transaction *t) {
    g_string_append_c(out, '{');
    write_holder(out, t);
    g_string_append_c(out, '}');
}

void transaction_write_json(GString *out, const Transaction *t, CardForm card, bool with_label) {
    char time[CIVIL_TIME_LEN + 1];
    civil_write_time(t->time, time);
    g_string_append_c(out, '{');
    write_text(out, COLUMN_TRANS_NUM, t->trans_num);
    write_text(out, COLUMN_TIME, str_from(time));
    write_card(out, t->card, card);
    write_text(out, COLUMN_MERCHANT, t->merchant);
    write_text(out, COLUMN_CATEGORY, t->category_name);
    write_key(out, column_name(COLUMN_AMOUNT));
    json_write_cents(out, t->amount);
    write_holder(out, t);
    write_degrees(out, COLUMN_MERCHANT_LATITUDE, t->merchant_latitude);
    write_degrees(out, COLUMN_MERCHANT_LONGITUDE, t->merchant_longitude);
    if (with_label && t->is_fraud != LABEL_NONE) {
        write_key(out, column_name(COLUMN_IS_FRAUD));
        g_string_append_c(out, (char)('0' + t->is_fraud));
    }
    g_string_append_c(out, '}');
}

void label_write_json(GString *out, const Label *label) {
    g_string_append_c(out, '{');
    write_text(out, COLUMN_TRANS_NUM, label->trans_num);
    write_key(out, column_name(COLUMN_IS_FRAUD));
    g_string_append(out, label->is_fraud ? "true" : "false");
    if (label->card) write_card(out, label->card, CARD_FULL);
    if (label->time != LABEL_TIME_ABSENT) {
        write_key(out, "time");
        g_string_append_printf(out, "%" G_GINT64_FORMAT, label->time);
    }
    g_string_append_c(out, '}');
}
