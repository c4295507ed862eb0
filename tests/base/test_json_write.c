/* What is written reads back as the same value; hostile text stays inside its quotes. */
#include "base/json.h"
#include "base/json_write.h"

#include <math.h>

static void check_str(const char *text, size_t len, const char *expected) {
    g_autoptr(GString) out = g_string_new(NULL);
    json_write_str(out, (Str){text, len});
    g_assert_cmpstr(out->str, ==, expected);
}

static void test_strings(void) {
    check_str("", 0, "\"\"");
    check_str("plain", 5, "\"plain\"");
    check_str("a\"b\\c\n\r\t\x01\x7f", 10, "\"a\\\"b\\\\c\\n\\r\\t\\u0001\\u007f\"");
    check_str("\xed\x95\xb4", 3, "\"\xed\x95\xb4\"");
    check_str("\xff", 1, "\"\xef\xbf\xbd\"");
    check_str("a\0b", 3, "\"a\\u0000b\"");
}

static void test_strings_read_back(void) {
    JsonParser *parser = json_parser_new(1 << 16);
    g_autoptr(GString) out = g_string_new(NULL);
    for (int round = 0; round < 2000; round++) {
        char text[24];
        size_t len = (size_t)g_test_rand_int_range(0, sizeof text);
        for (size_t i = 0; i < len; i++)
            text[i] = (char)g_test_rand_int_range(0, 128);
        g_string_truncate(out, 0);
        json_write_str(out, (Str){text, len});
        JsonValue value;
        const char *message;
        g_assert_true(json_parse(parser, out->str, out->len, &value, &message));
        g_assert_true(str_equal(json_get_str(value), (Str){text, len}));
    }
    json_parser_free(parser);
}

static void check_uint(uint64_t value, const char *expected) {
    g_autoptr(GString) out = g_string_new(NULL);
    json_write_uint(out, value);
    g_assert_cmpstr(out->str, ==, expected);
}

static void test_integers(void) {
    check_uint(0, "0");
    check_uint(10, "10");
    check_uint(UINT64_MAX, "18446744073709551615");
}

static void check_double(double value, int digits, const char *expected) {
    g_autoptr(GString) out = g_string_new(NULL);
    json_write_double(out, value, digits);
    g_assert_cmpstr(out->str, ==, expected);
}

static void test_numbers(void) {
    check_double(0.5, 9, "0.5");
    check_double((double)0.1f, 9, "0.100000001");
    check_double(NAN, 9, "null");
    check_double(-INFINITY, 9, "null");
    check_double(1e300, 17, "1.0000000000000001e+300");
}

static void test_float_survives_nine_digits(void) {
    g_autoptr(GString) out = g_string_new(NULL);
    for (int i = 0; i < 10000; i++) {
        float value = (float)g_test_rand_double();
        g_string_truncate(out, 0);
        json_write_double(out, (double)value, 9);
        g_assert_true((float)g_ascii_strtod(out->str, NULL) == value);
    }
}

static void check_float(float value, const char *expected) {
    g_autoptr(GString) out = g_string_new(NULL);
    json_write_float(out, value);
    g_assert_cmpstr(out->str, ==, expected);
}

static void test_floats(void) {
    check_float(0.1f, "0.1");
    check_float(-12.34f, "-12.34");
    check_float(0, "0");
    check_float(NAN, "null");
    check_float(INFINITY, "null");
    g_autoptr(GString) out = g_string_new(NULL);
    for (int i = 0; i < 100000; i++) {
        guint32 bits = (guint32)g_test_rand_int();
        float value;
        memcpy(&value, &bits, sizeof value);
        if (!isfinite(value)) continue;
        g_string_truncate(out, 0);
        json_write_float(out, value);
        g_assert_cmpuint(out->len, <=, 15);
        float back = strtof(out->str, NULL);
        g_assert_cmpmem(&back, sizeof back, &value, sizeof value);
    }
}

static void check_cents(int64_t cents, const char *expected) {
    g_autoptr(GString) out = g_string_new(NULL);
    json_write_cents(out, cents);
    g_assert_cmpstr(out->str, ==, expected);
}

static void test_cents(void) {
    check_cents(0, "0.00");
    check_cents(5, "0.05");
    check_cents(123456, "1234.56");
    check_cents(-99, "-0.99");
    check_cents(INT64_MIN, "-92233720368547758.08");
}

int main(int argc, char **argv) {
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/json_write/strings", test_strings);
    g_test_add_func("/json_write/strings_read_back", test_strings_read_back);
    g_test_add_func("/json_write/integers", test_integers);
    g_test_add_func("/json_write/numbers", test_numbers);
    g_test_add_func("/json_write/float_survives_nine_digits", test_float_survives_nine_digits);
    g_test_add_func("/json_write/floats", test_floats);
    g_test_add_func("/json_write/cents", test_cents);
    return g_test_run();
}
