/* The JSON reader: values of every type, views, limits, and texts that are wrong in every way. */
#include "base/json.h"
#include <glib.h>
#include <math.h>
#include <stdlib.h>

static const char SAMPLE[] =
    "{\"trans_num\":\"0b242abb623afc578575680df30655b9\",\"amt\":4.97,\"cc_num\":2703186189652095,"
    "\"merchant\":\"fraud_Rippin, Kub and Mann\",\"big\":18446744073709551615,\"min\":"
    "-9223372036854775808,\"exp\":-1.5E-3,\"esc\":\"a\\n\\\"\\u00e9\\ud83d\\ude00\\u0000z\","
    "\"on\":true,\"off\":false,\"none\":null,\"list\":[1,[2,3],{\"x\":4}],\"empty\":{},\"amt\":9}";

static bool parses(JsonParser *parser, const char *text, size_t len) {
    JsonValue root;
    const char *message = NULL;
    if (json_parse(parser, text, len, &root, &message)) return true;
    g_assert_nonnull(message);
    g_assert_cmpuint(strlen(message), >, 0);
    return false;
}

static JsonValue parse_ok(JsonParser *parser, const char *text) {
    JsonValue root = {0};
    const char *message = NULL;
    if (!json_parse(parser, text, strlen(text), &root, &message)) g_error("%s: %s", text, message);
    return root;
}

static JsonValue member(JsonValue object, const char *name) {
    JsonValue value = {0};
    g_assert_true(json_member(object, name, &value));
    return value;
}

static void test_values(void) {
    JsonParser *parser = json_parser_new(1 << 16);
    const JsonValue root = parse_ok(parser, SAMPLE);
    g_assert_cmpint(json_type(root), ==, JSON_OBJECT);
    g_assert_cmpuint(json_count(root), ==, 14);
    g_assert_true(
        str_equal(json_get_str(member(root, "merchant")), STR("fraud_Rippin, Kub and Mann")));
    g_assert_cmpfloat(json_get_double(member(root, "amt")), ==, 4.97);
    g_assert_cmpint(json_get_int(member(root, "cc_num")), ==, 2703186189652095);
    g_assert_cmpuint(json_get_uint(member(root, "cc_num")), ==, 2703186189652095);
    g_assert_cmpint(json_type(member(root, "big")), ==, JSON_UINT);
    g_assert_cmpuint(json_get_uint(member(root, "big")), ==, UINT64_MAX);
    g_assert_cmpint(json_get_int(member(root, "min")), ==, INT64_MIN);
    g_assert_cmpfloat(json_get_double(member(root, "exp")), ==, -1.5e-3);
    g_assert_true(str_equal(json_get_str(member(root, "esc")), STR("a\n\"é😀\0z")));
    g_assert_true(json_get_bool(member(root, "on")));
    g_assert_false(json_get_bool(member(root, "off")));
    g_assert_cmpint(json_type(member(root, "none")), ==, JSON_NULL);
    g_assert_cmpuint(json_count(member(root, "list")), ==, 3);
    g_assert_cmpuint(json_count(member(root, "empty")), ==, 0);
    JsonValue absent;
    g_assert_false(json_member(root, "absent", &absent));
    g_assert_false(json_member(member(root, "list"), "x", &absent));
    json_parser_free(parser);
}

static void test_wrong_types(void) {
    JsonParser *parser = json_parser_new(1 << 16);
    const JsonValue root = parse_ok(parser, SAMPLE);
    const JsonValue text = member(root, "merchant");
    g_assert_cmpint(json_get_int(text), ==, 0);
    g_assert_cmpuint(json_get_uint(member(root, "min")), ==, 0);
    g_assert_true(isnan(json_get_double(text)));
    g_assert_false(json_get_bool(text));
    g_assert_cmpuint(json_get_str(root).len, ==, 0);
    g_assert_cmpuint(json_count(text), ==, 0);
    g_assert_false(json_is_number(text));
    g_assert_true(json_is_number(member(root, "big")));
    json_parser_free(parser);
}

typedef struct Seen {
    GString *keys;
    int left;
} Seen;

static bool see(Str key, JsonValue value, void *data) {
    Seen *seen = data;
    g_string_append_len(seen->keys, key.data, (gssize)key.len);
    g_string_append_printf(seen->keys, "=%d;", (int)json_type(value));
    return --seen->left != 0;
}

static void test_each(void) {
    JsonParser *parser = json_parser_new(1 << 16);
    JsonValue root = parse_ok(parser, "{\"a\":1,\"b\":[{\"c\":2}],\"d\":\"x\"}");
    Seen seen = {g_string_new(NULL), 100};
    g_assert_true(json_each(root, see, &seen));
    g_assert_cmpstr(seen.keys->str, ==, "a=2;b=6;d=5;");
    g_string_truncate(seen.keys, 0);
    seen.left = 2;
    g_assert_false(json_each(root, see, &seen));
    g_assert_cmpstr(seen.keys->str, ==, "a=2;b=6;");
    g_string_truncate(seen.keys, 0);
    root = parse_ok(parser, "[null,1.5]");
    g_assert_true(json_each(root, see, &seen));
    g_assert_cmpstr(seen.keys->str, ==, "=0;=4;");
    g_assert_false(json_each(parse_ok(parser, "7"), see, &seen));
    g_string_free(seen.keys, TRUE);
    json_parser_free(parser);
}

/* Each part is parsed from a heap block of its exact size, so that a sanitizer sees any read past
 * the end. */
static void test_truncated(void) {
    JsonParser *parser = json_parser_new(1 << 16);
    for (size_t len = 0; len < sizeof SAMPLE - 1; len++) {
        char *part = malloc(len + !len);
        memcpy(part, SAMPLE, len);
        g_assert_false(parses(parser, part, len));
        free(part);
    }
    g_assert_true(parses(parser, SAMPLE, sizeof SAMPLE - 1));
    json_parser_free(parser);
}

static void test_flipped_bytes(void) {
    JsonParser *parser = json_parser_new(1 << 16);
    GRand *random = g_rand_new_with_seed(7);
    char text[sizeof SAMPLE];
    for (int round = 0; round < 20000; round++) {
        memcpy(text, SAMPLE, sizeof text);
        for (int i = g_rand_int_range(random, 1, 4); i > 0; i--)
            text[g_rand_int_range(random, 0, sizeof SAMPLE - 1)] = (char)g_rand_int(random);
        JsonValue root;
        const char *message;
        Seen seen = {g_string_new(NULL), -1};
        if (json_parse(parser, text, sizeof SAMPLE - 1, &root, &message)) {
            json_each(root, see, &seen);
            g_assert_true(g_utf8_validate_len(seen.keys->str, seen.keys->len, NULL) ||
                          memchr(seen.keys->str, 0, seen.keys->len) != NULL);
        }
        g_string_free(seen.keys, TRUE);
    }
    g_rand_free(random);
    json_parser_free(parser);
}

static void test_depth(void) {
    JsonParser *parser = json_parser_new(1 << 20);
    for (size_t depth = 1; depth <= 200; depth++) {
        char text[401];
        memset(text, '[', depth);
        memset(text + depth, ']', depth);
        g_assert_true(parses(parser, text, 2 * depth) == (depth <= JSON_MAX_DEPTH));
    }
    char *deep = malloc(1 << 20);
    memset(deep, '[', 1 << 20);
    g_assert_false(parses(parser, deep, 1 << 20));
    for (size_t i = 0; i + 5 <= 1 << 20; i += 5)
        memcpy(deep + i, "{\"\":", 5);
    g_assert_false(parses(parser, deep, 1 << 20));
    free(deep);
    json_parser_free(parser);
}

static void test_limit(void) {
    JsonParser *parser = json_parser_new(10);
    g_assert_true(parses(parser, "\"12345678\"", 10));
    g_assert_false(parses(parser, "\"123456789\"", 11));
    json_parser_free(parser);
    parser = json_parser_new(10000);
    char *text = malloc(10001);
    memset(text, ' ', 10001);
    text[0] = '1';
    g_assert_true(parses(parser, text, 10000));
    g_assert_false(parses(parser, text, 10001));
    g_assert_true(parses(parser, text, 1));
    free(text);
    json_parser_free(parser);
}

static void test_refused(void) {
    static const char *const refused[] = {
        "1e999",
        "-1e999",
        "18446744073709551616",
        "-9223372036854775809",
        "100000000000000000000000000000000000000000000000000",
        "01",
        "1.",
        ".5",
        "+1",
        "0x10",
        "NaN",
        "Infinity",
        "nul",
        "truefalse",
        "1 2",
        "{} {}",
        "[1,]",
        "{\"a\":1,}",
        "{\"a\" 1}",
        "{a:1}",
        "{1:1}",
        "'a'",
        "\"a",
        "\"a\nb\"",
        "\"\\x\"",
        "\"\\u12\"",
        "\"\\u12g4\"",
        "\"\xff\"",
        "\"\xc0\xaf\"",
        "\"\xed\xa0\x80\"",
        "\"\xf5\x80\x80\x80\"",
        "\"\xc3\"",
        "\"\\ud800\"",
        "\"\\ud800x\"",
        "\"\\ud800\\n\"",
        "\"\\ud800\\ud800\"",
        "\"\\udc00\"",
        "\"\\uDC00\\ud800\"",
        "\"\\ud83d\\ude00\\ude00\"",
        "\\u0041",
        "\xef\xbb\xbf{}",
        "]",
        "",
        " ",
    };
    JsonParser *parser = json_parser_new(1 << 16);
    for (size_t i = 0; i < G_N_ELEMENTS(refused); i++)
        if (parses(parser, refused[i], strlen(refused[i]))) g_error("taken: %s", refused[i]);
    g_assert_false(parses(parser, "1\0", 2));
    static const char not_lone[] = "\"\\\\ud800 \\ud83d\\ude00\"";
    g_assert_true(parses(parser, not_lone, strlen(not_lone)));
    json_parser_free(parser);
}

/* 17 million elements: past the 24 bits in which simdjson keeps its counts. */
static void test_large_count(void) {
    const size_t count = 17 * 1000 * 1000;
    char *text = malloc(2 * count + 1);
    for (size_t i = 0; i < count; i++)
        memcpy(text + 2 * i, ",1", 2);
    text[0] = '[';
    text[2 * count] = ']';
    JsonParser *parser = json_parser_new(64 << 20);
    JsonValue root;
    const char *message;
    g_assert_true(json_parse(parser, text, 2 * count + 1, &root, &message));
    g_assert_cmpuint(json_count(root), ==, count);
    free(text);
    json_parser_free(parser);
}

int main(int argc, char **argv) {
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/json/values", test_values);
    g_test_add_func("/json/wrong_types", test_wrong_types);
    g_test_add_func("/json/each", test_each);
    g_test_add_func("/json/truncated", test_truncated);
    g_test_add_func("/json/flipped_bytes", test_flipped_bytes);
    g_test_add_func("/json/depth", test_depth);
    g_test_add_func("/json/limit", test_limit);
    g_test_add_func("/json/refused", test_refused);
    g_test_add_func("/json/large_count", test_large_count);
    return g_test_run();
}
