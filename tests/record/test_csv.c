/* The CSV codec: each value's forms, each way a row can be wrong, and random rows against a naive
 * reader. */
#include "record/csv.h"

#include "base/civil.h"
#include "record/category.h"
#include <math.h>
#include <stdlib.h>

#define PUBLISHED_HEADER                                                                           \
    ",trans_date_trans_time,cc_num,merchant,category,amt,first,last,gender,street,city,state,zip," \
    "lat,long,city_pop,job,dob,trans_num,unix_time,merch_lat,merch_long,is_fraud"

static CsvParser *parser_of(const char *header) {
    GError *error = NULL;
    CsvParser *parser = csv_parser_new(str_from(header), &error);
    g_assert_no_error(error);
    return parser;
}

static void assert_str(Str got, const char *want) {
    g_assert_cmpmem(got.data, got.len, want, strlen(want));
}

static void test_published_row(void) {
    CsvParser *parser = parser_of("\xef\xbb\xbf" PUBLISHED_HEADER "\r");
    const Str row = STR(
        "17,2019-01-01 00:00:18,2703186189652095,\"fraud_Ripple, Cobb and \"\"Mann\"\"\",misc_net,"
        "4.97,Jennifer,Banks,F,561 Perry Cove,\"Caf\xc3\xa9, Springs\",NC,08654,36.0788,-81.1781,"
        "3495,\"Psychologist, counselling\",1988-03-09,0b242abb623afc578575680df30655b9,1325376018,"
        "36.011293,-82.048315,0\r");
    Transaction t;
    Reject reject = {0};
    g_assert_true(csv_parse(parser, row, &t, &reject));
    assert_str(t.trans_num, "0b242abb623afc578575680df30655b9");
    assert_str(t.merchant, "fraud_Ripple, Cobb and \"Mann\"");
    assert_str(t.category_name, "misc_net");
    assert_str(t.city, "Caf\xc3\xa9, Springs");
    assert_str(t.job, "Psychologist, counselling");
    assert_str(t.zip, "08654");
    assert_str(t.first, "Jennifer");
    assert_str(t.last, "Banks");
    assert_str(t.street, "561 Perry Cove");
    assert_str(t.state, "NC");
    g_assert_cmpuint(t.card, ==, 2703186189652095);
    g_assert_cmpint(t.time, ==, 1546300818);
    g_assert_cmpint(t.amount, ==, 497);
    g_assert_cmpint(t.category, ==, category_code(STR("misc_net")));
    g_assert_cmpint(t.is_fraud, ==, 0);
    g_assert_cmpint(t.gender, ==, 'F');
    g_assert_cmpint(t.birth, ==, civil_days(1988, 3, 9));
    g_assert_cmpint(t.city_population, ==, 3495);
    g_assert_true(t.latitude == 36.0788 && t.longitude == -81.1781);
    g_assert_true(t.merchant_latitude == 36.011293 && t.merchant_longitude == -82.048315);
    assert_str(csv_column(parser, COLUMN_UNIX_TIME), "1325376018");
    csv_parser_free(parser);
}

static void test_fewest_columns(void) {
    CsvParser *parser = parser_of("amt,Unnamed: 0,unix_time,\"merchant\",cc_num,trans_num,note");
    Transaction t;
    Reject reject = {0};
    g_assert_true(csv_parse(parser, STR("1,x,86400,shop,7,t1,\"a \"\"note\"\"\""), &t, &reject));
    g_assert_cmpint(t.time, ==, 86400);
    g_assert_cmpint(t.amount, ==, 100);
    g_assert_cmpint(t.is_fraud, ==, LABEL_NONE);
    g_assert_cmpint(t.gender, ==, 0);
    g_assert_cmpint(t.birth, ==, INT32_MIN);
    g_assert_cmpint(t.city_population, ==, -1);
    g_assert_cmpint(t.category, ==, CATEGORY_OTHER);
    g_assert_true(isnan(t.latitude) && isnan(t.merchant_longitude));
    g_assert_cmpuint(t.job.len, ==, 0);
    g_assert_true(csv_has_column(parser, COLUMN_UNIX_TIME));
    g_assert_false(csv_has_column(parser, COLUMN_TIME));
    csv_parser_free(parser);
}

static void test_header_errors(void) {
    static const char *const headers[][2] = {
        {"", "the header has no column trans_num"},
        {"trans_num,cc_num,merchant,unix_time", "the header has no column amt"},
        {"trans_num,cc_num,merchant,amt",
         "the header has neither column trans_date_trans_time nor unix_time"},
        {"trans_num,cc_num,merchant,amt,amt,unix_time", "the header names column amt twice"},
    };
    for (size_t i = 0; i < G_N_ELEMENTS(headers); i++) {
        GError *error = NULL;
        g_assert_null(csv_parser_new(str_from(headers[i][0]), &error));
        g_assert_error(error, CSV_ERROR, CSV_ERROR_HEADER);
        g_assert_cmpstr(error->message, ==, headers[i][1]);
        g_error_free(error);
    }
    g_autofree char *wide = g_strnfill(300, ',');
    GError *error = NULL;
    g_assert_null(csv_parser_new(str_from(wide), &error));
    g_assert_error(error, CSV_ERROR, CSV_ERROR_HEADER);
    g_error_free(error);
}

/* Columns: time, unix_time, cc_num, merchant, amt, trans_num, lat, long, city_pop, dob, is_fraud.
 */
#define SHORT_HEADER                                                                               \
    "trans_date_trans_time,unix_time,cc_num,merchant,amt,trans_num,lat,long,city_pop,dob,is_fraud"
static const char *const good[] = {
    "2019-01-01 00:00:18", "5", "42", "shop", "1.00", "t", "1", "2", "3", "", "1"};

/* The good row with the field of one column replaced. */
static char *row_with(Column column, const char *value) {
    static const Column order[] = {
        COLUMN_TIME,      COLUMN_UNIX_TIME, COLUMN_CARD,      COLUMN_MERCHANT,        COLUMN_AMOUNT,
        COLUMN_TRANS_NUM, COLUMN_LATITUDE,  COLUMN_LONGITUDE, COLUMN_CITY_POPULATION, COLUMN_BIRTH,
        COLUMN_IS_FRAUD,
    };
    GString *row = g_string_new(NULL);
    for (size_t i = 0; i < G_N_ELEMENTS(order); i++)
        g_string_append_printf(row, "%s%s", i ? "," : "", order[i] == column ? value : good[i]);
    return g_string_free(row, FALSE);
}

static bool parse_with(CsvParser *parser, Column column, const char *value, Transaction *t,
                       Reject *reject) {
    static char row[4096]; /* outlives the transaction's strings */
    g_autofree char *text = row_with(column, value);
    g_strlcpy(row, text, sizeof row);
    return csv_parse(parser, str_from(row), t, reject);
}

static void test_amounts(void) {
    static const struct {
        const char *text;
        int64_t cents;
    } amounts[] = {
        {"0", 0},
        {"-0.00", 0},
        {"4.97", 497},
        {"107.22999999999999", 10723},
        {"107.23000000000002", 10723},
        {"1e3", 100000},
        {"1.5E+2", 15000},
        {"25e-2", 25},
        {"0.005", 1},
        {"0.0049999999", 0},
        {"1.005", 101},
        {".5", 50},
        {"5.", 500},
        {"+3.10", 310},
        {"10000000000", AMOUNT_MAX},
        {"0000000000000000000000000001.25", 125},
        {"0.000000000000000000000000000000000000000000001", 0},
    };
    CsvParser *parser = parser_of(SHORT_HEADER);
    for (size_t i = 0; i < G_N_ELEMENTS(amounts); i++) {
        Transaction t;
        Reject reject;
        g_assert_true(parse_with(parser, COLUMN_AMOUNT, amounts[i].text, &t, &reject));
        g_assert_cmpint(t.amount, ==, amounts[i].cents);
    }
    csv_parser_free(parser);
}

static void test_times(void) {
    static const struct {
        const char *text;
        int64_t time;
    } times[] = {
        {"2019-01-01 00:00:18", 1546300818},
        {"2019-01-01T00:00:18", 1546300818},
        {"2019-01-01T00:00:18Z", 1546300818},
        {"2019-01-01 00:00:18.999999", 1546300818},
        {"2019-01-01T00:00:18.5Z", 1546300818},
        {"8/3/2020 6:18", 1583648280},
        {"08/03/2020 06:18:00", 1583648280},
        {"2020-02-29 23:59:59", 1583020799},
        {"1970-01-01 00:00:00", 0},
        {"", 5}, /* then unix_time */
    };
    CsvParser *parser = parser_of(SHORT_HEADER);
    for (size_t i = 0; i < G_N_ELEMENTS(times); i++) {
        Transaction t;
        Reject reject;
        g_assert_true(parse_with(parser, COLUMN_TIME, times[i].text, &t, &reject));
        g_assert_cmpint(t.time, ==, times[i].time);
    }
    csv_parser_free(parser);
}

static void test_cards(void) {
    static const struct {
        const char *text;
        uint64_t card;
    } cards[] = {
        {"2703186189652095", 2703186189652095},
        {"2703186189652095.0", 2703186189652095},
        {"4992346398065154184", 4992346398065154184},
        {"9999999999999999999", 9999999999999999999u},
        {"060416207185", 60416207185},
        {"7", 7},
        {"\"42\"", 42},
    };
    CsvParser *parser = parser_of(SHORT_HEADER);
    for (size_t i = 0; i < G_N_ELEMENTS(cards); i++) {
        Transaction t;
        Reject reject;
        g_assert_true(parse_with(parser, COLUMN_CARD, cards[i].text, &t, &reject));
        g_assert_cmpuint(t.card, ==, cards[i].card);
    }
    csv_parser_free(parser);
}

static const struct {
    Column column;
    const char *value, *reason, *shown;
} wrong_values[] = {
    {COLUMN_CARD, "2.29E+15", reason_rounded_card, "*.29E+15"},
    {COLUMN_CARD, "4992346398065154000.0", reason_rounded_card, "****************000.0"},
    {COLUMN_CARD, "", "missing", ""},
    {COLUMN_CARD, "0", "card number of zeros", "0"},
    {COLUMN_CARD, "12345678901234567890", "more than 19 digits", "****************7890"},
    {COLUMN_CARD, "4000-1234-5678-9010", "not a number", "****-****-****-9010"},
    {COLUMN_CARD, "-5", "negative", "-5"},
    {COLUMN_CARD, "7.5", "not a whole number", "7.5"},
    {COLUMN_AMOUNT, "-1", "negative", "-1"},
    {COLUMN_AMOUNT, "-0.001", "negative", "-0.001"},
    {COLUMN_AMOUNT, "10000000000.01", "too large", "10000000000.01"},
    {COLUMN_AMOUNT, "1e400", "too large", "1e400"},
    {COLUMN_AMOUNT, "1e99999999999999999", "too large", "1e*************9999"},
    {COLUMN_AMOUNT, "abc", "not a number", "abc"},
    {COLUMN_AMOUNT, "nan", "not a number", "nan"},
    {COLUMN_AMOUNT, "1.2.3", "not a number", "1.2.3"},
    {COLUMN_AMOUNT, " 1", "not a number", " 1"},
    {COLUMN_AMOUNT, "1e", "not a number", "1e"},
    {COLUMN_AMOUNT, ".", "not a number", "."},
    {COLUMN_AMOUNT, "", "missing", ""},
    {COLUMN_TIME, "2019-02-30 00:00:00", "no such date", "2019-02-30 00:00:00"},
    {COLUMN_TIME, "2019-02-29 00:00:00", "no such date", "2019-02-29 00:00:00"},
    {COLUMN_TIME, "31/4/2019 1:00", "no such date", "31/4/2019 1:00"},
    {COLUMN_TIME, "3/13/2019 1:00", "no such date", "3/13/2019 1:00"},
    {COLUMN_TIME, "2019-01-01 24:00:00", "no such time of day", "2019-01-01 24:00:00"},
    {COLUMN_TIME, "2019-01-01 00:00:60", "no such time of day", "2019-01-01 00:00:60"},
    {COLUMN_TIME, "2019-01-01", "not a time", "2019-01-01"},
    {COLUMN_TIME, "2019-01-01 00:00:18+09:00", "not a time", "2019-01-01 00:00:18+09:00"},
    {COLUMN_TIME, "yesterday", "not a time", "yesterday"},
    {COLUMN_TIME, "1969-12-31 23:59:59", "outside the years 1970 to 2099", "1969-12-31 23:59:59"},
    {COLUMN_TIME, "2101-01-01 00:00:00", "outside the years 1970 to 2099", "2101-01-01 00:00:00"},
    {COLUMN_MERCHANT, "", "missing", ""},
    {COLUMN_MERCHANT, "a\tb", "control character", "a?b"},
    {COLUMN_MERCHANT, "a\x7f", "control character", "a?"},
    {COLUMN_MERCHANT, "a\xc2\x85", "control character", "a?"},
    {COLUMN_MERCHANT, "caf\xe9", "not UTF-8", "caf?"},
    {COLUMN_MERCHANT, "\xed\xa0\x80", "not UTF-8", "???"},
    {COLUMN_TRANS_NUM, "", "missing", ""},
    {COLUMN_TRANS_NUM, "a\\b", "not printable ASCII without quotes and backslashes", "a\\b"},
    {COLUMN_TRANS_NUM, "\"a\"\"b\"", "not printable ASCII without quotes and backslashes", "a\"b"},
    {COLUMN_TRANS_NUM, "\xc3\xa9", "not printable ASCII without quotes and backslashes",
     "\xc3\xa9"},
    {COLUMN_LATITUDE, "90.01", "out of range", "90.01"},
    {COLUMN_LATITUDE, "1e999", "not a number", "1e999"},
    {COLUMN_LONGITUDE, "-180.5", "out of range", "-180.5"},
    {COLUMN_LONGITUDE, "inf", "not a number", "inf"},
    {COLUMN_CITY_POPULATION, "-1", "negative", "-1"},
    {COLUMN_CITY_POPULATION, "3.5", "not a whole number", "3.5"},
    {COLUMN_BIRTH, "1988-13-01", "no such date", "1988-13-01"},
    {COLUMN_BIRTH, "19880301", "not a date", "19880301"},
    {COLUMN_BIRTH, "1799-12-31", "outside the years 1800 to 2099", "1799-12-31"},
    {COLUMN_BIRTH, "1/1/2100", "outside the years 1800 to 2099", "1/1/2100"},
    {COLUMN_IS_FRAUD, "2", "not 0 or 1", "2"},
    {COLUMN_IS_FRAUD, "yes", "not 0 or 1", "yes"},
    {COLUMN_IS_FRAUD, "1.5", "not 0 or 1", "1.5"},
};

static void test_wrong_values(void) {
    CsvParser *parser = parser_of(SHORT_HEADER);
    Transaction t;
    Reject reject;
    g_assert_true(parse_with(parser, COLUMN_COUNT, "", &t, &reject));
    for (size_t i = 0; i < G_N_ELEMENTS(wrong_values); i++) {
        g_test_message("%s: %s", column_name(wrong_values[i].column), wrong_values[i].shown);
        g_assert_false(
            parse_with(parser, wrong_values[i].column, wrong_values[i].value, &t, &reject));
        g_assert_cmpstr(reject.field, ==, column_name(wrong_values[i].column));
        g_assert_cmpstr(reject.reason, ==, wrong_values[i].reason);
        g_assert_cmpstr(reject.value, ==, wrong_values[i].shown);
    }
    g_assert_true(parse_with(parser, COLUMN_COUNT, "", &t, &reject)); /* one bad row costs itself */
    csv_parser_free(parser);
}

static void assert_row_refused(CsvParser *parser, Str row, const char *reason, const char *value) {
    Transaction t;
    Reject reject;
    g_assert_false(csv_parse(parser, row, &t, &reject));
    g_assert_cmpstr(reject.field, ==, "");
    g_assert_cmpstr(reject.reason, ==, reason);
    g_assert_cmpstr(reject.value, ==, value);
}

static void test_wrong_rows(void) {
    CsvParser *parser = parser_of("trans_num,cc_num,merchant,amt,unix_time");
    assert_row_refused(parser, STR("t,1,m,1"), "wrong number of fields", "4 fields, not 5");
    assert_row_refused(parser, STR("t,1,m,1,1,1"), "wrong number of fields", "6 fields, not 5");
    assert_row_refused(parser, STR(""), "wrong number of fields", "1 fields, not 5");
    assert_row_refused(parser, STR("t,1,\"m,1,1"), "quote not closed on its line", "");
    assert_row_refused(parser, STR("t,1,m\"m\",1,1"), "quote inside an unquoted field", "");
    assert_row_refused(parser, STR("t,1,\"m\"m,1,1"), "quote inside an unquoted field", "");
    assert_row_refused(parser, STR("t,1,\"m\"m\"m\",1,1"), "quote inside an unquoted field", "");
    assert_row_refused(parser, STR("t,1,m\0m,1,1"), "NUL byte", "");
    g_autofree char *commas = g_strnfill(CSV_ROW_MAX, ',');
    assert_row_refused(parser, (Str){commas, CSV_ROW_MAX}, "wrong number of fields",
                       "65537 fields, not 5");
    g_autofree char *huge = g_strnfill(10 << 20, 'x');
    assert_row_refused(parser, str_from(huge), "row longer than 64 KiB", "");

    Transaction t;
    Reject reject;
    g_autofree char *name = g_strnfill(NAME_MAX_LEN + 1, 'm');
    g_autofree char *row = g_strdup_printf("t,1,%s,1,1", name);
    g_assert_false(csv_parse(parser, str_from(row), &t, &reject));
    g_assert_cmpstr(reject.reason, ==, "longer than 256 bytes");
    g_assert_cmpuint(strlen(reject.value), ==, 64);
    g_assert_true(csv_parse(parser, (Str){row, 0}, &t, &reject) == false);
    g_autofree char *longest = g_strdup_printf("t,1,%s,1,1", name + 1);
    g_assert_true(csv_parse(parser, str_from(longest), &t, &reject));
    csv_parser_free(parser);
}

/* A card number in the wrong column is masked too. */
static void test_shifted_card(void) {
    CsvParser *parser = parser_of("trans_num,cc_num,merchant,amt,unix_time");
    Transaction t;
    Reject reject;
    g_assert_false(csv_parse(parser, STR("t,5,m,x 4992346398065154184,1"), &t, &reject));
    g_assert_cmpstr(reject.value, ==, "x ***************4184");
    csv_parser_free(parser);
}

/* RFC 4180, a character at a time; NULL when the row is not well-formed. */
static GPtrArray *split_naively(const char *row) {
    GPtrArray *fields = g_ptr_array_new_with_free_func(g_free);
    for (const char *at = row;; at++) {
        GString *field = g_string_new(NULL);
        const bool quoted = *at == '"';
        if (quoted) {
            for (at++; *at && (*at != '"' || at[1] == '"'); at++) {
                g_string_append_c(field, *at);
                if (*at == '"') at++;
            }
            const bool closed = *at == '"' && (at[1] == ',' || at[1] == 0);
            if (!closed) {
                g_string_free(field, TRUE);
                g_ptr_array_unref(fields);
                return NULL;
            }
            at++;
        } else {
            for (; *at && *at != ','; at++)
                g_string_append_c(field, *at);
        }
        const bool stray = !quoted && strchr(field->str, '"');
        g_ptr_array_add(fields, g_string_free(field, FALSE));
        if (stray) {
            g_ptr_array_unref(fields);
            return NULL;
        }
        if (*at == 0) return fields;
    }
}

/* Random rows, most of them broken in some way: splitting agrees with the naive reader, whatever
 * the rows' lengths against the scanner's blocks. */
static void test_random_rows(void) {
    CsvParser *parser = parser_of("trans_num,cc_num,merchant,amt,unix_time,city,job");
    GRand *random = g_rand_new_with_seed(20190101);
    static const char *const pieces[] = {
        "a", "bc,", "\"", "\"\"", "x y", ",", "", "d\"e", "longer name here"};
    int accepted = 0, refused = 0;
    for (int round = 0; round < 200000; round++) {
        GString *row = g_string_new("t,1,m");
        for (int i = g_rand_int_range(random, 0, 20); i > 0; i--)
            g_string_append_c(row, 'm');
        g_string_append(row, ",1,1,");
        for (int field = 0; field < 2; field++) {
            const bool quoted = g_rand_boolean(random);
            if (quoted) g_string_append_c(row, '"');
            for (int i = g_rand_int_range(random, 0, 4); i > 0; i--)
                g_string_append(row, pieces[g_rand_int_range(random, 0, G_N_ELEMENTS(pieces))]);
            if (quoted) g_string_append_c(row, '"');
            if (field == 0) g_string_append_c(row, ',');
        }
        Transaction t;
        Reject reject;
        const bool got = csv_parse(parser, (Str){row->str, row->len}, &t, &reject);
        GPtrArray *fields = split_naively(row->str);
        const bool want = fields && fields->len == 7;
        if (got != want) g_error("%s: %s", row->str, got ? "accepted" : reject.reason);
        if (got) {
            assert_str(t.merchant, fields->pdata[2]);
            assert_str(t.city, fields->pdata[5]);
            assert_str(t.job, fields->pdata[6]);
        }
        accepted += got;
        refused += !got;
        if (fields) g_ptr_array_unref(fields);
        g_string_free(row, TRUE);
    }
    g_assert_cmpint(accepted, >, 10000);
    g_assert_cmpint(refused, >, 10000);
    g_rand_free(random);
    csv_parser_free(parser);
}

/* Bytes at random over a good row: whatever comes out obeys the schema's bounds. */
static void test_random_damage(void) {
    CsvParser *parser = parser_of(SHORT_HEADER);
    GRand *random = g_rand_new_with_seed(7);
    for (int round = 0; round < 100000; round++) {
        g_autofree char *row = row_with(COLUMN_COUNT, "");
        const size_t len = strlen(row);
        for (int i = g_rand_int_range(random, 1, 4); i > 0; i--)
            row[g_rand_int_range(random, 0, (gint32)len)] = (char)g_rand_int(random);
        Transaction t;
        Reject reject;
        if (csv_parse(parser, (Str){row, len}, &t, &reject)) {
            g_assert_true(t.time >= TIME_MIN && t.time <= TIME_MAX);
            g_assert_true(t.amount >= 0 && t.amount <= AMOUNT_MAX);
            g_assert_true(t.card != 0 && t.trans_num.len >= 1 && t.merchant.len >= 1);
            g_assert_null(check_text(t.merchant));
        } else {
            g_assert_true(g_utf8_validate(reject.value, -1, NULL));
        }
    }
    g_rand_free(random);
    csv_parser_free(parser);
}

static void test_categories(void) {
    for (uint8_t code = 0; code < CATEGORY_COUNT; code++)
        g_assert_cmpint(category_code(str_from(category_name(code))), ==, code);
    g_assert_cmpint(category_code(STR("")), ==, CATEGORY_OTHER);
    g_assert_cmpint(category_code(STR("Travel")), ==, CATEGORY_OTHER);
    g_assert_cmpint(category_code(STR("misc_nets")), ==, CATEGORY_OTHER);
    g_assert_cmpstr(category_name(200), ==, "other");
}

static void test_card_mask(void) {
    char masked[24];
    card_mask(2703186189652095, masked);
    g_assert_cmpstr(masked, ==, "************2095");
    card_mask(UINT64_MAX, masked);
    g_assert_cmpstr(masked, ==, "****************1615");
    card_mask(123, masked);
    g_assert_cmpstr(masked, ==, "123");
}

/* What of a refused value is shown: no card number, however it is spelled and wherever it lies. */
static void test_reject_values(void) {
    static const struct {
        const char *field, *value, *shown;
    } cases[] = {
        {"amt", "2703186189652095", "************2095"},
        {"amt", "4111 1111-1111 1111", "**** ****-**** 1111"},
        {"amt", "2020-06-21 4111111111111111 7", "****-**-** *************111 7"},
        {"amt", "12345678901", "12345678901"},
        {"amt", "2020-06-21 12:14:25", "2020-06-21 12:14:25"},
        {"amt", "4111  1111_/1111-1111", "****  ****_/****-1111"},
        {"amt", "4111   1111   1111   1111", "4111   1111   1111   1111"},
        {"cc_num", "4111.1111x1111_1111", "****.****x****_1111"},
        {"cc_num",
         "4111xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx11111111",
         "****xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"},
        /* cut after the 5th and the 15th digit */
        {"merchant", "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx2703186189652095",
         "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx*****"},
        {"merchant", "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx2703186189652095",
         "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx************209"},
        {"merchant",
         "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx2703 1861 8965 2095",
         "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx**** "},
        /* a character of two bytes across the cut */
        {"merchant", "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx\u00e9",
         "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"},
    };
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        Reject reject;
        reject_set(&reject, cases[i].field, "wrong", str_from(cases[i].value));
        g_assert_cmpstr(reject.value, ==, cases[i].shown);
    }
}

int main(int argc, char **argv) {
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/csv/published-row", test_published_row);
    g_test_add_func("/csv/fewest-columns", test_fewest_columns);
    g_test_add_func("/csv/header-errors", test_header_errors);
    g_test_add_func("/csv/amounts", test_amounts);
    g_test_add_func("/csv/times", test_times);
    g_test_add_func("/csv/cards", test_cards);
    g_test_add_func("/csv/wrong-values", test_wrong_values);
    g_test_add_func("/csv/wrong-rows", test_wrong_rows);
    g_test_add_func("/csv/shifted-card", test_shifted_card);
    g_test_add_func("/csv/random-rows", test_random_rows);
    g_test_add_func("/csv/random-damage", test_random_damage);
    g_test_add_func("/category/round-trip", test_categories);
    g_test_add_func("/card/mask", test_card_mask);
    g_test_add_func("/reject/values", test_reject_values);
    return g_test_run();
}
