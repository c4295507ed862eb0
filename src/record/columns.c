#include "record/columns.h"

#include "base/civil.h"
#include "base/decimal.h"
#include "record/category.h"
#include <assert.h>
#include <glib.h>
#include <math.h>

static const Str names[COLUMN_COUNT] = {
    [COLUMN_TIME] = STR_INIT("trans_date_trans_time"),
    [COLUMN_CARD] = STR_INIT("cc_num"),
    [COLUMN_MERCHANT] = STR_INIT("merchant"),
    [COLUMN_CATEGORY] = STR_INIT("category"),
    [COLUMN_AMOUNT] = STR_INIT("amt"),
    [COLUMN_FIRST] = STR_INIT("first"),
    [COLUMN_LAST] = STR_INIT("last"),
    [COLUMN_GENDER] = STR_INIT("gender"),
    [COLUMN_STREET] = STR_INIT("street"),
    [COLUMN_CITY] = STR_INIT("city"),
    [COLUMN_STATE] = STR_INIT("state"),
    [COLUMN_ZIP] = STR_INIT("zip"),
    [COLUMN_LATITUDE] = STR_INIT("lat"),
    [COLUMN_LONGITUDE] = STR_INIT("long"),
    [COLUMN_CITY_POPULATION] = STR_INIT("city_pop"),
    [COLUMN_JOB] = STR_INIT("job"),
    [COLUMN_BIRTH] = STR_INIT("dob"),
    [COLUMN_TRANS_NUM] = STR_INIT("trans_num"),
    [COLUMN_UNIX_TIME] = STR_INIT("unix_time"),
    [COLUMN_MERCHANT_LATITUDE] = STR_INIT("merch_lat"),
    [COLUMN_MERCHANT_LONGITUDE] = STR_INIT("merch_long"),
    [COLUMN_IS_FRAUD] = STR_INIT("is_fraud"),
};

const char reason_rounded_card[] =
    "card number rounded by a spreadsheet: rounded card numbers cannot be told apart";
static const char reason_missing[] = "missing";
static const char reason_not_a_number[] = "not a number";

const char *column_name(Column column) {
    assert(column < COLUMN_COUNT);
    return names[column].data;
}

Column column_find(Str name) {
    Column column = 0;
    while (column < COLUMN_COUNT && !str_equal(names[column], name))
        column++;
    return column;
}

static bool has_control_character(Str text) {
    for (size_t i = 0; i < text.len; i++) {
        unsigned char c = (unsigned char)text.data[i];
        if (c < 0x20 || c == 0x7f) return true;
        /* U+0080 to U+009F, the other control characters, are C2 80 to C2 9F. */
        if (c == 0xc2 && i + 1 < text.len && (unsigned char)text.data[i + 1] < 0xa0) return true;
    }
    return false;
}

const char *check_text(Str text) {
    if (text.len > NAME_MAX_LEN) return "longer than 256 bytes";
    if (text.len == 0) return NULL;
    if (memchr(text.data, 0, text.len)) return "NUL byte";
    if (!g_utf8_validate_len(text.data, text.len, NULL)) return "not UTF-8";
    return has_control_character(text) ? "control character" : NULL;
}

const char *read_trans_num(Str text) {
    if (text.len == 0) return reason_missing;
    if (text.len > TRANS_NUM_MAX) return "longer than 64 bytes";
    bool wrong = false;
    for (size_t i = 0; i < text.len; i++) {
        unsigned char c = (unsigned char)text.data[i];
        wrong |= (unsigned char)(c - 0x20) > 0x7e - 0x20;
        wrong |= (c == '"') | (c == '\'') | (c == '\\');
    }
    return wrong ? "not printable ASCII without quotes and backslashes" : NULL;
}

static size_t leading_digits(Str text) {
    size_t count = 0;
    while (count < text.len && g_ascii_isdigit(text.data[count]))
        count++;
    return count;
}

/* A card number that passed through a double keeps its digits only up to 2^53. */
static const char *card_from_double(Str text, size_t digits, uint64_t card) {
    Decimal decimal;
    if (!decimal_scan(text, &decimal)) return reason_not_a_number;
    if (decimal.negative) return "negative";
    if (decimal.has_exponent) return reason_rounded_card;
    for (size_t i = digits + 1; i < text.len; i++)
        if (text.data[i] != '0') return "not a whole number";
    return card > (1ULL << 53) ? reason_rounded_card : NULL;
}

const char *read_card(Str text, uint64_t *out) {
    if (text.len == 0) return reason_missing;
    const size_t digits = leading_digits(text);
    if (digits > 19) return "more than 19 digits";
    uint64_t card = 0;
    for (size_t i = 0; i < digits; i++)
        card = card * 10 + (uint64_t)(text.data[i] - '0');
    if (digits < text.len) {
        const char *wrong = card_from_double(text, digits, card);
        if (wrong) return wrong;
    }
    if (card == 0) return "card number of zeros";
    *out = card;
    return NULL;
}

/* A whole number of at most `limit`; "3495.0" is one. */
static const char *read_integer(Str text, int64_t limit, int64_t *out) {
    Decimal decimal;
    if (!decimal_scan(text, &decimal)) return reason_not_a_number;
    if (decimal.has_point || decimal.has_exponent) {
        double value;
        if (!decimal_to_double(text, &value)) return "too large";
        if (value != floor(value)) return "not a whole number";
    }
    if (decimal.negative && decimal.digits != 0) return "negative";
    return decimal_scaled(&decimal, 0, limit, out) ? NULL : "too large";
}

static const char *read_amount(Str text, int64_t *out) {
    Decimal decimal;
    if (text.len == 0) return reason_missing;
    if (!decimal_scan(text, &decimal)) return reason_not_a_number;
    if (decimal.negative && decimal.digits != 0) return "negative";
    return decimal_scaled(&decimal, 2, AMOUNT_MAX, out) ? NULL : "too large";
}

static const char *check_time(int64_t time) {
    return time < TIME_MIN || time > TIME_MAX ? "outside the years 1970 to 2099" : NULL;
}

const char *read_unix_time(Str text, int64_t *out) {
    const char *wrong = read_integer(text, TIME_MAX * 1000, out);
    return wrong ? wrong : check_time(*out);
}

const char *read_time(Str text, int64_t *out) {
    const char *wrong = civil_read_time(text, out);
    return wrong ? wrong : check_time(*out);
}

const char *read_label_time(Str text, int64_t *out) {
    Decimal decimal;
    const char *wrong = decimal_scan(text, &decimal)
                            ? read_integer(text, LABEL_TIME_MAX * 1000, out)
                            : civil_read_time(text, out);
    if (wrong) return wrong;
    return *out < TIME_MIN || *out > LABEL_TIME_MAX ? "outside the years 1970 to 2229" : NULL;
}

static const char *read_birth(Str text, int32_t *out) {
    *out = INT32_MIN;
    if (text.len == 0) return NULL;
    const char *wrong = civil_read_date(text, out);
    if (wrong) return wrong;
    return *out < BIRTH_MIN || *out > BIRTH_MAX ? "outside the years 1800 to 2099" : NULL;
}

static const char *read_degrees(Str text, double limit, double *out) {
    *out = NAN;
    if (text.len == 0) return NULL;
    if (!decimal_to_double(text, out)) return reason_not_a_number;
    return fabs(*out) <= limit ? NULL : "out of range";
}

static const char *read_population(Str text, int64_t *out) {
    *out = -1;
    return text.len == 0 ? NULL : read_integer(text, POPULATION_MAX, out);
}

/* Labels with gaps come out of data frames as 0.0 and 1.0. */
const char *read_is_fraud(Str text, int8_t *out) {
    *out = LABEL_NONE;
    if (text.len == 0) return NULL;
    if (text.data[0] != '0' && text.data[0] != '1') return "not 0 or 1";
    if (text.len != 1 && !(text.len == 3 && text.data[1] == '.' && text.data[2] == '0'))
        return "not 0 or 1";
    *out = (int8_t)(text.data[0] - '0');
    return NULL;
}

/* Whoever asks for anything but F or M gets the absent one: no payment is refused for it. */
static char read_gender(Str text) {
    return text.len == 1 && (text.data[0] == 'F' || text.data[0] == 'M') ? text.data[0] : 0;
}

static const char *check_name(Str text, bool plain) {
    if (plain) return text.len > NAME_MAX_LEN ? "longer than 256 bytes" : NULL;
    return check_text(text);
}

/* Reads the names and sets *wrong_column to the first that is wrong. */
static const char *read_names(const Str *columns, bool plain, Transaction *out,
                              Column *wrong_column) {
    out->merchant = columns[COLUMN_MERCHANT];
    out->category_name = columns[COLUMN_CATEGORY];
    out->first = columns[COLUMN_FIRST];
    out->last = columns[COLUMN_LAST];
    out->street = columns[COLUMN_STREET];
    out->city = columns[COLUMN_CITY];
    out->state = columns[COLUMN_STATE];
    out->zip = columns[COLUMN_ZIP];
    out->job = columns[COLUMN_JOB];
    static const Column texts[] = {COLUMN_MERCHANT, COLUMN_CATEGORY, COLUMN_FIRST,
                                   COLUMN_LAST,     COLUMN_STREET,   COLUMN_CITY,
                                   COLUMN_STATE,    COLUMN_ZIP,      COLUMN_JOB};
    for (size_t i = 0; i < G_N_ELEMENTS(texts); i++) {
        const char *wrong = check_name(columns[texts[i]], plain);
        if (wrong) {
            *wrong_column = texts[i];
            return wrong;
        }
    }
    *wrong_column = COLUMN_MERCHANT;
    return out->merchant.len == 0 ? reason_missing : NULL;
}

static const char *read_positions(const Str *columns, Transaction *out, Column *wrong_column) {
    const char *wrong;
    *wrong_column = COLUMN_LATITUDE;
    if ((wrong = read_degrees(columns[COLUMN_LATITUDE], 90, &out->latitude))) return wrong;
    *wrong_column = COLUMN_LONGITUDE;
    if ((wrong = read_degrees(columns[COLUMN_LONGITUDE], 180, &out->longitude))) return wrong;
    *wrong_column = COLUMN_MERCHANT_LATITUDE;
    if ((wrong = read_degrees(columns[COLUMN_MERCHANT_LATITUDE], 90, &out->merchant_latitude)))
        return wrong;
    *wrong_column = COLUMN_MERCHANT_LONGITUDE;
    return read_degrees(columns[COLUMN_MERCHANT_LONGITUDE], 180, &out->merchant_longitude);
}

static const char *read_when(const Str *columns, Transaction *out, Column *wrong_column) {
    *wrong_column = COLUMN_TIME;
    if (columns[COLUMN_TIME].len != 0) return read_time(columns[COLUMN_TIME], &out->time);
    if (columns[COLUMN_UNIX_TIME].len == 0) return reason_missing;
    *wrong_column = COLUMN_UNIX_TIME;
    return read_unix_time(columns[COLUMN_UNIX_TIME], &out->time);
}

static const char *read_all(const Str *columns, bool plain, Transaction *out, Column *column) {
    const char *wrong;
    if ((wrong = read_when(columns, out, column))) return wrong;
    *column = COLUMN_CARD;
    if ((wrong = read_card(columns[COLUMN_CARD], &out->card))) return wrong;
    if ((wrong = read_names(columns, plain, out, column))) return wrong;
    *column = COLUMN_AMOUNT;
    if ((wrong = read_amount(columns[COLUMN_AMOUNT], &out->amount))) return wrong;
    *column = COLUMN_TRANS_NUM;
    if ((wrong = read_trans_num(columns[COLUMN_TRANS_NUM]))) return wrong;
    out->trans_num = columns[COLUMN_TRANS_NUM];
    if ((wrong = read_positions(columns, out, column))) return wrong;
    *column = COLUMN_CITY_POPULATION;
    if ((wrong = read_population(columns[COLUMN_CITY_POPULATION], &out->city_population)))
        return wrong;
    *column = COLUMN_BIRTH;
    if ((wrong = read_birth(columns[COLUMN_BIRTH], &out->birth))) return wrong;
    *column = COLUMN_IS_FRAUD;
    return read_is_fraud(columns[COLUMN_IS_FRAUD], &out->is_fraud);
}

bool transaction_from_columns(const Str columns[COLUMN_COUNT], bool plain, Transaction *out,
                              Reject *reject) {
    Column column = COLUMN_COUNT;
    const char *wrong = read_all(columns, plain, out, &column);
    if (wrong) {
        reject_set(reject, column_name(column), wrong, columns[column]);
        return false;
    }
    out->category = category_code(out->category_name);
    out->gender = read_gender(columns[COLUMN_GENDER]);
    return true;
}
