#include "record/binary.h"

#include "base/bytes.h"
#include "record/category.h"
#include "record/columns.h"
#include <math.h>

enum { TRANSACTION_FORM = 1, LABEL_FORM = 129 }; /* the first byte */

static const char wrong_form[] = "of another version or kind";
static const char truncated[] = "truncated";
static const char too_long[] = "longer than its record";
static const char out_of_range[] = "a value out of range";

static void put_str(GByteArray *out, Str text) {
    const uint16_t len = (uint16_t)text.len;
    g_assert(text.len <= NAME_MAX_LEN);
    BYTES_PUT(out, len);
    bytes_put(out, text.data, len);
}

static Str get_str(BytesReader *in) {
    uint16_t len;
    BYTES_GET(in, len);
    return bytes_get_view(in, len);
}

void transaction_encode(GByteArray *out, const Transaction *t) {
    const uint8_t form = TRANSACTION_FORM;
    BYTES_PUT(out, form);
    BYTES_PUT(out, t->card);
    BYTES_PUT(out, t->time);
    BYTES_PUT(out, t->amount);
    BYTES_PUT(out, t->is_fraud);
    BYTES_PUT(out, t->gender);
    BYTES_PUT(out, t->birth);
    BYTES_PUT(out, t->city_population);
    BYTES_PUT(out, t->latitude);
    BYTES_PUT(out, t->longitude);
    BYTES_PUT(out, t->merchant_latitude);
    BYTES_PUT(out, t->merchant_longitude);
    const Str texts[] = {t->trans_num, t->merchant, t->category_name, t->first, t->last,
                         t->street,    t->city,     t->state,         t->zip,   t->job};
    for (size_t i = 0; i < G_N_ELEMENTS(texts); i++)
        put_str(out, texts[i]);
}

static bool degrees_are_well(double value, double limit) {
    return isnan(value) || fabs(value) <= limit;
}

static const char *check_texts(const Transaction *t) {
    const Str texts[] = {t->merchant, t->category_name, t->first, t->last, t->street,
                         t->city,     t->state,         t->zip,   t->job};
    for (size_t i = 0; i < G_N_ELEMENTS(texts); i++) {
        const char *wrong = check_text(texts[i]);
        if (wrong) return wrong;
    }
    if (t->merchant.len == 0) return "no merchant";
    return read_trans_num(t->trans_num);
}

static bool card_is_well(uint64_t card) {
    return card >= 1 && card <= CARD_MAX;
}

static bool time_is_well(int64_t time) {
    return time >= TIME_MIN && time <= TIME_MAX;
}

static bool numbers_are_well(const Transaction *t) {
    return card_is_well(t->card) && time_is_well(t->time) && t->amount >= 0 &&
           t->amount <= AMOUNT_MAX && t->is_fraud >= LABEL_NONE && t->is_fraud <= 1 &&
           (t->gender == 0 || t->gender == 'F' || t->gender == 'M') &&
           (t->birth == INT32_MIN || (t->birth >= BIRTH_MIN && t->birth <= BIRTH_MAX)) &&
           t->city_population >= -1 && t->city_population <= POPULATION_MAX &&
           degrees_are_well(t->latitude, 90) && degrees_are_well(t->longitude, 180) &&
           degrees_are_well(t->merchant_latitude, 90) &&
           degrees_are_well(t->merchant_longitude, 180);
}

/* Whether a reader has read its bytes to their very end. */
static const char *check_end(const BytesReader *in) {
    if (in->failed) return truncated;
    return in->at == in->len ? NULL : too_long;
}

const char *transaction_decode(Str bytes, Transaction *out) {
    BytesReader in = {.data = (const uint8_t *)bytes.data, .len = bytes.len};
    uint8_t form;
    BYTES_GET(&in, form);
    if (in.failed) return truncated;
    if (form != TRANSACTION_FORM) return wrong_form;
    BYTES_GET(&in, out->card);
    BYTES_GET(&in, out->time);
    BYTES_GET(&in, out->amount);
    BYTES_GET(&in, out->is_fraud);
    BYTES_GET(&in, out->gender);
    BYTES_GET(&in, out->birth);
    BYTES_GET(&in, out->city_population);
    BYTES_GET(&in, out->latitude);
    BYTES_GET(&in, out->longitude);
    BYTES_GET(&in, out->merchant_latitude);
    BYTES_GET(&in, out->merchant_longitude);
    Str *const texts[] = {&out->trans_num, &out->merchant, &out->category_name, &out->first,
                          &out->last,      &out->street,   &out->city,          &out->state,
                          &out->zip,       &out->job};
    for (size_t i = 0; i < G_N_ELEMENTS(texts); i++)
        *texts[i] = get_str(&in);
    const char *wrong = check_end(&in);
    if (wrong) return wrong;
    if (!numbers_are_well(out)) return out_of_range;
    out->category = category_code(out->category_name);
    return check_texts(out);
}

void label_encode(GByteArray *out, const Label *label) {
    const uint8_t form = LABEL_FORM;
    const uint8_t flags = (uint8_t)(label->is_fraud | label->was_fraud << 1);
    BYTES_PUT(out, form);
    BYTES_PUT(out, label->card);
    BYTES_PUT(out, label->transaction_time);
    BYTES_PUT(out, label->time);
    BYTES_PUT(out, flags);
    put_str(out, label->trans_num);
    put_str(out, label->merchant);
}

const char *label_decode(Str bytes, Label *out) {
    BytesReader in = {.data = (const uint8_t *)bytes.data, .len = bytes.len};
    uint8_t form, flags;
    BYTES_GET(&in, form);
    if (in.failed) return truncated;
    if (form != LABEL_FORM) return wrong_form;
    BYTES_GET(&in, out->card);
    BYTES_GET(&in, out->transaction_time);
    BYTES_GET(&in, out->time);
    BYTES_GET(&in, flags);
    out->trans_num = get_str(&in);
    out->merchant = get_str(&in);
    const char *wrong = check_end(&in);
    if (wrong) return wrong;
    if (!card_is_well(out->card) || !time_is_well(out->transaction_time) || out->time < TIME_MIN ||
        out->time > LABEL_TIME_MAX || flags > 3)
        return out_of_range;
    out->is_fraud = flags & 1;
    out->was_fraud = flags >> 1;
    if (out->merchant.len == 0) return "no merchant";
    wrong = check_text(out->merchant);
    return wrong ? wrong : read_trans_num(out->trans_num);
}
