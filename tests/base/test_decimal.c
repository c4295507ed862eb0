/* Numbers and dates as text, against the C library's slower answers. */
#include "base/civil.h"
#include "base/decimal.h"
#include <glib.h>
#include <locale.h>
#include <math.h>
#include <stdlib.h>
#include <time.h>

static void assert_as_strtod(const char *text) {
    double got = NAN;
    const double want = strtod(text, NULL);
    const bool read = decimal_to_double(str_from(text), &got);
    if (isinf(want))
        g_assert_false(read);
    else if (!read || memcmp(&got, &want, sizeof got) != 0)
        g_error("%s: %.17g, strtod says %.17g", text, got, want);
}

static void test_like_strtod(void) {
    static const char *const texts[] = {
        "0",
        "-0",
        "0.0",
        "1",
        "36.0788",
        "-81.1781",
        "43.150704000000005",
        "39.450497999999996",
        "9007199254740993",
        "9007199254740992",
        "9007199254740993.0",
        "1e22",
        "1e23",
        "1e-22",
        "1e308",
        "1.7976931348623157e308",
        "1.7976931348623159e308",
        "1e309",
        "-1e400",
        "5e-324",
        "2e-324",
        "1e-400",
        "-1e-400",
        "2.2250738585072011e-308",
        "2.2250738585072014e-308",
        "0.000000000000000000000000000001",
        "123456789012345678901234567890",
        "12345678901234567890e-400",
        "0e99999",
        "179769313486231580793728971405301e277",
    };
    for (size_t i = 0; i < G_N_ELEMENTS(texts); i++)
        assert_as_strtod(texts[i]);
}

static void test_random_like_strtod(void) {
    GRand *random = g_rand_new_with_seed(1);
    for (int round = 0; round < 300000; round++) {
        char text[64];
        int len = 0;
        const int whole = g_rand_int_range(random, 1, 12), part = g_rand_int_range(random, 0, 16);
        if (g_rand_boolean(random)) text[len++] = '-';
        for (int i = 0; i < whole; i++)
            text[len++] = (char)('0' + g_rand_int_range(random, 0, 10));
        text[len++] = '.';
        for (int i = 0; i < part; i++)
            text[len++] = (char)('0' + g_rand_int_range(random, 0, 10));
        text[len] = 0;
        if (g_rand_int_range(random, 0, 3) == 0)
            g_snprintf(text + len, 16, "e%d", g_rand_int_range(random, -340, 330));
        assert_as_strtod(text);
    }
    g_rand_free(random);
}

/* Any bit pattern that is a number goes to text and back unchanged. */
static void test_format_round_trip(void) {
    GRand *random = g_rand_new_with_seed(2);
    for (int round = 0; round < 200000; round++) {
        const uint64_t bits = (uint64_t)g_rand_int(random) << 32 | g_rand_int(random);
        double value, back;
        memcpy(&value, &bits, sizeof value);
        if (!isfinite(value)) continue;
        char text[DECIMAL_FORMAT_MAX];
        const size_t len = decimal_format(value, text);
        g_assert_cmpuint(len, <=, DECIMAL_FORMAT_MAX);
        g_assert_true(decimal_to_double((Str){text, len}, &back));
        g_assert_true(memcmp(&value, &back, sizeof value) == 0);
    }
    char text[DECIMAL_FORMAT_MAX];
    g_assert_cmpmem(text, decimal_format(3, text), "3.0", 3);
    g_assert_cmpmem(text, decimal_format(107.23, text), "107.23", 6);
    g_rand_free(random);
}

static void test_not_numbers(void) {
    static const char *const texts[] = {"",    "-",     "+",   ".",     "e5",      "1e",
                                        "1e+", "1 ",    " 1",  "1,5",   "0x10",    "nan",
                                        "inf", "1.2.3", "--1", "1e5.5", "\xd9\xa1"};
    for (size_t i = 0; i < G_N_ELEMENTS(texts); i++) {
        Decimal decimal;
        double value;
        g_assert_false(decimal_scan(str_from(texts[i]), &decimal));
        g_assert_false(decimal_to_double(str_from(texts[i]), &value));
    }
}

/* Every cent up to a million, spelt as floating point spells it, comes back as itself. */
static void test_scaled_round_trip(void) {
    for (int64_t cents = 0; cents < 1000000; cents++) {
        char text[40];
        g_snprintf(text, sizeof text, "%.17g", (double)cents / 100);
        Decimal decimal;
        int64_t back = -1;
        g_assert_true(decimal_scan(str_from(text), &decimal));
        g_assert_true(decimal_scaled(&decimal, 2, 1000000, &back));
        g_assert_cmpint(back, ==, cents);
    }
}

static void test_scaled_limit(void) {
    Decimal decimal;
    int64_t out;
    g_assert_true(decimal_scan(STR("99.995"), &decimal));
    g_assert_true(decimal_scaled(&decimal, 2, 10000, &out));
    g_assert_cmpint(out, ==, 10000);
    g_assert_false(decimal_scaled(&decimal, 2, 9999, &out));
    g_assert_true(decimal_scan(STR("-1.235"), &decimal));
    g_assert_true(decimal_scaled(&decimal, 2, 1000, &out));
    g_assert_cmpint(out, ==, -124);
    g_assert_true(decimal_scan(STR("0e100000"), &decimal));
    g_assert_true(decimal_scaled(&decimal, 2, 0, &out));
    g_assert_cmpint(out, ==, 0);
}

/* Every fifth hour and odd second of 1899 to 2101, against gmtime. */
static void test_civil_like_gmtime(void) {
    for (int64_t t = -2240000000; t < 4140000000; t += 17977) {
        const Civil civil = civil_from_seconds(t);
        struct tm tm;
        const time_t when = (time_t)t;
        g_assert_nonnull(gmtime_r(&when, &tm));
        g_assert_cmpint(civil.year, ==, tm.tm_year + 1900);
        g_assert_cmpint(civil.month, ==, tm.tm_mon + 1);
        g_assert_cmpint(civil.day, ==, tm.tm_mday);
        g_assert_cmpint(civil.hour, ==, tm.tm_hour);
        g_assert_cmpint(civil.minute, ==, tm.tm_min);
        g_assert_cmpint(civil.second, ==, tm.tm_sec);
        g_assert_cmpint(civil.weekday, ==, (tm.tm_wday + 6) % 7);
        char text[CIVIL_TIME_LEN + 1];
        civil_write_time(t, text);
        int64_t back;
        g_assert_null(civil_read_time(str_from(text), &back));
        g_assert_cmpint(back, ==, t);
    }
}

static void test_dates(void) {
    int32_t days, same;
    g_assert_null(civil_read_date(STR("1968-03-19"), &days));
    g_assert_null(civil_read_date(STR("19/03/1968"), &same));
    g_assert_cmpint(days, ==, same);
    g_assert_cmpint(days, ==, civil_days(1968, 3, 19));
    char text[11];
    civil_write_date(days, text);
    g_assert_cmpstr(text, ==, "1968-03-19");
    g_assert_cmpstr(civil_read_date(STR("1900-02-29"), &days), ==, "no such date");
    g_assert_null(civil_read_date(STR("2000-02-29"), &days));
    g_assert_cmpstr(civil_read_date(STR("2000-02-2"), &days), ==, "not a date");
    g_assert_cmpstr(civil_read_date(STR("2000-02-29 "), &days), ==, "not a date");
    g_assert_cmpstr(civil_read_date(STR(""), &days), ==, "not a date");
}

int main(int argc, char **argv) {
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/decimal/like-strtod", test_like_strtod);
    g_test_add_func("/decimal/random-like-strtod", test_random_like_strtod);
    g_test_add_func("/decimal/format-round-trip", test_format_round_trip);
    g_test_add_func("/decimal/not-numbers", test_not_numbers);
    g_test_add_func("/decimal/scaled-round-trip", test_scaled_round_trip);
    g_test_add_func("/decimal/scaled-limit", test_scaled_limit);
    g_test_add_func("/civil/like-gmtime", test_civil_like_gmtime);
    g_test_add_func("/civil/dates", test_dates);
    return g_test_run();
}
