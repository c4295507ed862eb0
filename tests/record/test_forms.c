/* The JSON and the binary form: what is written reads back as the same record, and nothing that is
 * wrong gets in. */
#include "base/civil.h"
#include "record/binary.h"
#include "record/category.h"
#include "record/json.h"
#include <math.h>

typedef struct Random {
    GRand *rand;
    char text[10][NAME_MAX_LEN + 1];
} Random;

/* Text of up to `max` bytes, now and then of more than ASCII. */
static Str random_text(Random *r, int slot, int min, int max) {
    static const char *const pieces[] = {
        "a",  "Z9", " ", "\"",       "\\",           ",",
        "{}", "'",  "/", "\xc3\xa9", "\xed\x95\xb4", "\xf0\x9f\x92\xb3"};
    char *out = r->text[slot];
    size_t len = 0;
    const size_t want = (size_t)g_rand_int_range(r->rand, min, max + 1);
    while (len < want) {
        const char *piece = pieces[g_rand_int_range(r->rand, 0, G_N_ELEMENTS(pieces))];
        const size_t size = strlen(piece);
        if (len + size > (size_t)max) break;
        memcpy(out + len, piece, size);
        len += size;
    }
    return (Str){out, len};
}

static double random_degrees(Random *r, double limit) {
    return g_rand_int_range(r->rand, 0, 5) ? g_rand_double_range(r->rand, -limit, limit) : NAN;
}

static Transaction random_transaction(Random *r) {
    Transaction t = {
        .trans_num = {r->text[0], 32},
        .merchant = random_text(r, 1, 4, NAME_MAX_LEN),
        .card = ((uint64_t)g_rand_int(r->rand) << 31 | g_rand_int(r->rand)) + 1,
        .time = (int64_t)g_rand_double_range(r->rand, 0, (double)TIME_MAX),
        .amount = (int64_t)g_rand_double_range(r->rand, 0, (double)AMOUNT_MAX),
        .is_fraud = (int8_t)g_rand_int_range(r->rand, -1, 2),
        .gender = "FM"[g_rand_int_range(r->rand, 0, 2)],
        .birth =
            g_rand_boolean(r->rand) ? g_rand_int_range(r->rand, BIRTH_MIN, BIRTH_MAX) : INT32_MIN,
        .city_population = g_rand_int_range(r->rand, -1, 1000000),
        .latitude = random_degrees(r, 90),
        .longitude = random_degrees(r, 180),
        .merchant_latitude = random_degrees(r, 90),
        .merchant_longitude = random_degrees(r, 180),
        .first = random_text(r, 3, 0, 20),
        .last = random_text(r, 4, 0, 20),
        .street = random_text(r, 5, 0, NAME_MAX_LEN),
        .city = random_text(r, 6, 0, 20),
        .state = random_text(r, 7, 0, 2),
        .zip = random_text(r, 8, 0, 5),
        .job = random_text(r, 9, 0, 60),
    };
    for (int i = 0; i < 32; i++)
        r->text[0][i] = "0123456789abcdef"[g_rand_int_range(r->rand, 0, 16)];
    t.category_name = g_rand_boolean(r->rand)
                          ? str_from(category_name((uint8_t)g_rand_int_range(r->rand, 0, 14)))
                          : random_text(r, 2, 0, 20);
    t.category = category_code(t.category_name);
    return t;
}

static void assert_same_str(Str a, Str b) {
    g_assert_cmpmem(a.data, a.len, b.data, b.len);
}

static void assert_same_double(double a, double b) {
    if (isnan(a) || isnan(b))
        g_assert_true(isnan(a) && isnan(b));
    else
        g_assert_cmpint(memcmp(&a, &b, sizeof a), ==, 0);
}

static void assert_same(const Transaction *a, const Transaction *b) {
    assert_same_str(a->trans_num, b->trans_num);
    assert_same_str(a->merchant, b->merchant);
    g_assert_cmpuint(a->card, ==, b->card);
    g_assert_cmpint(a->time, ==, b->time);
    g_assert_cmpint(a->amount, ==, b->amount);
    g_assert_cmpint(a->category, ==, b->category);
    g_assert_cmpint(a->is_fraud, ==, b->is_fraud);
    g_assert_cmpint(a->gender, ==, b->gender);
    g_assert_cmpint(a->birth, ==, b->birth);
    g_assert_cmpint(a->city_population, ==, b->city_population);
    assert_same_double(a->latitude, b->latitude);
    assert_same_double(a->longitude, b->longitude);
    assert_same_double(a->merchant_latitude, b->merchant_latitude);
    assert_same_double(a->merchant_longitude, b->merchant_longitude);
    assert_same_str(a->category_name, b->category_name);
    assert_same_str(a->first, b->first);
    assert_same_str(a->last, b->last);
    assert_same_str(a->street, b->street);
    assert_same_str(a->city, b->city);
    assert_same_str(a->state, b->state);
    assert_same_str(a->zip, b->zip);
    assert_same_str(a->job, b->job);
}

static JsonValue parsed(JsonParser *parser, const char *text) {
    JsonValue root;
    const char *message = NULL;
    if (!json_parse(parser, text, strlen(text), &root, &message)) g_error("%s: %s", text, message);
    return root;
}

static void test_json_round_trip(void) {
    Random r = {.rand = g_rand_new_with_seed(4)};
    JsonParser *parser = json_parser_new(1 << 16);
    GString *text = g_string_new(NULL);
    for (int round = 0; round < 20000; round++) {
        const Transaction t = random_transaction(&r);
        g_string_truncate(text, 0);
        transaction_write_json(text, &t, CARD_FULL, true);
        g_assert_null(strchr(text->str, '\n'));
        JsonScratch scratch;
        Transaction back;
        Reject reject;
        if (!transaction_from_json(parsed(parser, text->str), &scratch, &back, &reject))
            g_error("%s: %s: %s", text->str, reject.field, reject.reason);
        assert_same(&t, &back);
    }
    g_string_free(text, TRUE);
    json_parser_free(parser);
    g_rand_free(r.rand);
}

static void test_json_masked(void) {
    Random r = {.rand = g_rand_new_with_seed(5)};
    Transaction t = random_transaction(&r);
    t.card = 4992346398065154184;
    t.is_fraud = 1;
    GString *text = g_string_new("[");
    transaction_write_json(text, &t, CARD_MASKED, false);
    g_assert_nonnull(strstr(text->str, "\"cc_num\":\"***************4184\""));
    g_assert_null(strstr(text->str, "4992346398065154184"));
    g_assert_null(strstr(text->str, "is_fraud"));
    g_string_free(text, TRUE);
    g_rand_free(r.rand);
}

/* As a producer that reads the CSV with a data frame sends it, and as one that sends all as text.
 */
static void test_json_mixed_types(void) {
    static const char *const texts[] = {
        "{\"Unnamed: 0\": 17, \"trans_date_trans_time\": \"2020-06-21 12:14:25\","
        "\"cc_num\": 2291163933867244, \"merchant\": \"fraud_Hill and Dale\","
        "\"category\": \"personal_care\", \"amt\": 2.86, \"first\": \"Ann\", \"last\": null,"
        "\"gender\": \"F\", \"zip\": 29209, \"lat\": 33.9659, \"long\": -80, \"city_pop\": "
        "333497.0,"
        "\"dob\": \"1968-03-19\", \"trans_num\": \"2da90c7d\", \"unix_time\": 1371816865,"
        "\"merch_lat\": 33.986391, \"merch_long\": -81.200714, \"is_fraud\": 0, \"more\": [{}]}",
        "{\"Unnamed: 0\": \"17\", \"trans_date_trans_time\": \"2020-06-21T12:14:25Z\","
        "\"cc_num\": \"2291163933867244\", \"merchant\": \"fraud_Hill and Dale\","
        "\"category\": \"personal_care\", \"amt\": \"2.86\", \"first\": \"Ann\", \"last\": \"\","
        "\"gender\": \"F\", \"zip\": \"29209\", \"lat\": \"33.9659\", \"long\": \"-80.0\","
        "\"city_pop\": \"333497\", \"dob\": \"19/03/1968\", \"trans_num\": \"2da90c7d\","
        "\"merch_lat\": \"33.986391\", \"merch_long\": \"-81.200714\", \"is_fraud\": false}",
    };
    JsonParser *parsers[] = {json_parser_new(1 << 16), json_parser_new(1 << 16)};
    Transaction t[2];
    JsonScratch scratch[2];
    Reject reject;
    for (int i = 0; i < 2; i++)
        g_assert_true(
            transaction_from_json(parsed(parsers[i], texts[i]), &scratch[i], &t[i], &reject));
    assert_same(&t[0], &t[1]);
    g_assert_cmpint(t[0].amount, ==, 286);
    g_assert_cmpmem(t[0].zip.data, t[0].zip.len, "29209", 5);
    for (int i = 0; i < 2; i++)
        json_parser_free(parsers[i]);
}

#define REST ", \"trans_num\": \"t\", \"merchant\": \"m\", \"unix_time\": 5}"

static void test_json_refused(void) {
    static const struct {
        const char *text, *field, *reason;
    } cases[] = {
        {"[]", "", "not a JSON object"},
        {"7", "", "not a JSON object"},
        {"{}", "trans_date_trans_time", "missing"},
        {"{\"cc_num\": 7" REST, "amt", "missing"},
        {"{\"cc_num\": 2.29E+15, \"amt\": 1" REST, "cc_num", reason_rounded_card},
        {"{\"cc_num\": 4992346398065154184.0, \"amt\": 1" REST, "cc_num", reason_rounded_card},
        {"{\"cc_num\": [7], \"amt\": 1" REST, "cc_num", "neither a number nor a string"},
        {"{\"cc_num\": 7, \"amt\": true" REST, "amt", "neither a number nor a string"},
        {"{\"cc_num\": 7, \"amt\": {}" REST, "amt", "neither a number nor a string"},
        {"{\"cc_num\": 7, \"amt\": -1" REST, "amt", "negative"},
        {"{\"cc_num\": 7, \"amt\": 1e300" REST, "amt", "too large"},
        {"{\"cc_num\": 7, \"amt\": 1, \"amt\": 2" REST, "amt", "given twice"},
        {"{\"cc_num\": 7, \"amt\": 1, \"city\": \"a\\u0000b\"" REST, "city", "NUL byte"},
        {"{\"cc_num\": 7, \"amt\": 1, \"city\": \"a\\nb\"" REST, "city", "control character"},
        {"{\"cc_num\": 7, \"amt\": 1, \"is_fraud\": 2" REST, "is_fraud", "not 0 or 1"},
    };
    JsonParser *parser = json_parser_new(1 << 16);
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        Transaction t;
        JsonScratch scratch;
        Reject reject;
        g_assert_false(transaction_from_json(parsed(parser, cases[i].text), &scratch, &t, &reject));
        g_assert_cmpstr(reject.field, ==, cases[i].field);
        g_assert_cmpstr(reject.reason, ==, cases[i].reason);
    }
    json_parser_free(parser);
}

/* A sum reads the same from JSON and from CSV, even where its double lies below the half cent. */
static void test_json_amounts(void) {
    static const struct {
        const char *text;
        int64_t cents;
    } cases[] = {{"1.005", 101}, {"107.22999999999999", 10723}, {"4.97", 497}, {"12", 1200},
                 {"1e2", 10000}, {"10000000000", AMOUNT_MAX}};
    JsonParser *parser = json_parser_new(1 << 16);
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autofree char *text = g_strdup_printf("{\"cc_num\": 7, \"amt\": %s" REST, cases[i].text);
        Transaction t;
        JsonScratch scratch;
        Reject reject;
        g_assert_true(transaction_from_json(parsed(parser, text), &scratch, &t, &reject));
        g_assert_cmpint(t.amount, ==, cases[i].cents);
    }
    json_parser_free(parser);
}

static void test_label_json(void) {
    static const struct {
        const char *text;
        bool is_fraud;
        int64_t time;
    } good[] = {
        {"{\"trans_num\": \"t1\", \"is_fraud\": true}", true, LABEL_TIME_ABSENT},
        {"{\"trans_num\": \"t1\", \"is_fraud\": 0, \"time\": 1546300818}", false, 1546300818},
        {"{\"trans_num\": \"t1\", \"is_fraud\": \"1\", \"time\": \"2019-01-01T00:00:18Z\"}", true,
         1546300818},
        {"{\"trans_num\": \"t1\", \"is_fraud\": 1, \"time\": 8204889600}", true, LABEL_TIME_MAX},
        {"{\"trans_num\": \"t1\", \"is_fraud\": 1, \"time\": \"2150-01-01 00:00:00\"}", true,
         5680281600},
    };
    JsonParser *parser = json_parser_new(1 << 16);
    GString *text = g_string_new(NULL);
    JsonScratch scratch;
    Reject reject;
    for (size_t i = 0; i < G_N_ELEMENTS(good); i++) {
        Label label, back;
        g_assert_true(label_from_json(parsed(parser, good[i].text), &scratch, &label, &reject));
        g_assert_cmpmem(label.trans_num.data, label.trans_num.len, "t1", 2);
        g_assert_cmpint(label.is_fraud, ==, good[i].is_fraud);
        g_assert_cmpint(label.time, ==, good[i].time);
        g_string_truncate(text, 0);
        label_write_json(text, &label);
        g_assert_true(label_from_json(parsed(parser, text->str), &scratch, &back, &reject));
        g_assert_cmpint(back.is_fraud, ==, good[i].is_fraud);
        g_assert_cmpint(back.time, ==, good[i].time);
    }
    static const char *const bad[][3] = {
        {"[]", "", "not a JSON object"},
        {"{\"is_fraud\": 1}", "trans_num", "missing"},
        {"{\"trans_num\": \"t\"}", "is_fraud", "missing"},
        {"{\"trans_num\": \"t\", \"is_fraud\": null}", "is_fraud", "missing"},
        {"{\"trans_num\": \"t\", \"is_fraud\": \"perhaps\"}", "is_fraud", "not 0 or 1"},
        {"{\"trans_num\": {}, \"is_fraud\": 1}", "trans_num", "neither a number nor a string"},
        {"{\"trans_num\": \"t\", \"is_fraud\": 1, \"time\": \"soon\"}", "time", "not a time"},
        {"{\"trans_num\": \"t\", \"is_fraud\": 1, \"time\": -1}", "time", "negative"},
        {"{\"trans_num\": \"t\", \"is_fraud\": 1, \"time\": 8204889601}", "time",
         "outside the years 1970 to 2229"},
    };
    for (size_t i = 0; i < G_N_ELEMENTS(bad); i++) {
        Label label;
        g_assert_false(label_from_json(parsed(parser, bad[i][0]), &scratch, &label, &reject));
        g_assert_cmpstr(reject.field, ==, bad[i][1]);
        g_assert_cmpstr(reject.reason, ==, bad[i][2]);
    }
    g_string_free(text, TRUE);
    json_parser_free(parser);
}

static Str view(const GByteArray *bytes) {
    return (Str){(const char *)bytes->data, bytes->len};
}

static void test_binary_round_trip(void) {
    Random r = {.rand = g_rand_new_with_seed(6)};
    GByteArray *bytes = g_byte_array_new();
    for (int round = 0; round < 20000; round++) {
        const Transaction t = random_transaction(&r);
        g_byte_array_set_size(bytes, 0);
        transaction_encode(bytes, &t);
        Transaction back;
        g_assert_cmpstr(transaction_decode(view(bytes), &back), ==, NULL);
        assert_same(&t, &back);

        const Label label = {t.trans_num,     t.merchant, t.card,        t.time,
                             t.time + 604800, round % 2,  round % 3 == 0};
        Label label_back;
        g_byte_array_set_size(bytes, 0);
        label_encode(bytes, &label);
        g_assert_cmpstr(label_decode(view(bytes), &label_back), ==, NULL);
        assert_same_str(label.trans_num, label_back.trans_num);
        assert_same_str(label.merchant, label_back.merchant);
        g_assert_cmpuint(label.card, ==, label_back.card);
        g_assert_cmpint(label.transaction_time, ==, label_back.transaction_time);
        g_assert_cmpint(label.time, ==, label_back.time);
        g_assert_cmpint(label.is_fraud, ==, label_back.is_fraud);
        g_assert_cmpint(label.was_fraud, ==, label_back.was_fraud);
    }
    g_byte_array_unref(bytes);
    g_rand_free(r.rand);
}

/* Every cut is found, every byte more too, and a transaction is no label. */
static void test_binary_refused(void) {
    Random r = {.rand = g_rand_new_with_seed(8)};
    const Transaction t = random_transaction(&r);
    const Label label = {t.trans_num, t.merchant, t.card, t.time, t.time, true, false};
    GByteArray *transaction = g_byte_array_new(), *other = g_byte_array_new();
    transaction_encode(transaction, &t);
    label_encode(other, &label);
    Transaction t_out;
    Label label_out;
    for (size_t len = 0; len < transaction->len; len++)
        g_assert_cmpstr(transaction_decode((Str){(char *)transaction->data, len}, &t_out), ==,
                        "truncated");
    for (size_t len = 0; len < other->len; len++)
        g_assert_cmpstr(label_decode((Str){(char *)other->data, len}, &label_out), ==, "truncated");
    g_assert_cmpstr(label_decode(view(transaction), &label_out), ==, "of another version or kind");
    g_assert_cmpstr(transaction_decode(view(other), &t_out), ==, "of another version or kind");
    g_byte_array_append(transaction, (const guint8 *)"", 1);
    g_byte_array_append(other, (const guint8 *)"", 1);
    g_assert_cmpstr(transaction_decode(view(transaction), &t_out), ==, "longer than its record");
    g_assert_cmpstr(label_decode(view(other), &label_out), ==, "longer than its record");
    g_byte_array_unref(transaction);
    g_byte_array_unref(other);
    g_rand_free(r.rand);
}

/* Bytes changed at random: what still reads obeys the schema. */
static void test_binary_damage(void) {
    Random r = {.rand = g_rand_new_with_seed(9)};
    GByteArray *bytes = g_byte_array_new();
    int accepted = 0;
    for (int round = 0; round < 50000; round++) {
        const Transaction t = random_transaction(&r);
        g_byte_array_set_size(bytes, 0);
        transaction_encode(bytes, &t);
        bytes->data[g_rand_int_range(r.rand, 0, (gint32)bytes->len)] = (guint8)g_rand_int(r.rand);
        Transaction back;
        if (transaction_decode(view(bytes), &back)) continue;
        accepted++;
        g_assert_true(back.amount >= 0 && back.amount <= AMOUNT_MAX);
        g_assert_true(back.time >= TIME_MIN && back.time <= TIME_MAX);
        g_assert_true(back.card >= 1 && back.card <= CARD_MAX);
        g_assert_false(fabs(back.latitude) > 90);
        g_assert_cmpstr(check_text(back.job), ==, NULL);
    }
    g_assert_cmpint(accepted, >, 1000);
    g_byte_array_unref(bytes);
    g_rand_free(r.rand);
}

int main(int argc, char **argv) {
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/json/round-trip", test_json_round_trip);
    g_test_add_func("/json/masked", test_json_masked);
    g_test_add_func("/json/mixed-types", test_json_mixed_types);
    g_test_add_func("/json/refused", test_json_refused);
    g_test_add_func("/json/amounts", test_json_amounts);
    g_test_add_func("/json/label", test_label_json);
    g_test_add_func("/binary/round-trip", test_binary_round_trip);
    g_test_add_func("/binary/refused", test_binary_refused);
    g_test_add_func("/binary/damage", test_binary_damage);
    return g_test_run();
}
