/* Card numbers are masked however the text is cut into pieces, and other numbers are not. */
#include "pipeline/card_mask.h"

#include <string.h>

static void check(const char *text, const char *expected) {
    const gsize len = strlen(text);
    for (gsize piece = 1; piece <= len; piece++) {
        CardMask mask = {0};
        g_autoptr(GString) out = g_string_new(NULL);
        for (gsize at = 0; at < len; at += piece)
            card_mask_add(&mask, text + at, MIN(piece, len - at), out);
        card_mask_end(&mask, out);
        g_assert_cmpstr(out->str, ==, expected);
    }
    g_assert_true(card_mask_needed(text) == (strcmp(text, expected) != 0));
}

static void test_masked(void) {
    check("4111111111111234", "************1234");
    check("card 213134567890123, and 630412345678!", "card ***********0123, and ********5678!");
    check("a1234567890123456789\n", "a***************6789\n");
    check("1234567890123456 1234567890123456", "************3456 ************3456");
}

static void test_behind_a_point(void) {
    check("x.4111111111111234", "x.************1234");
    check("..4111111111111234", "..************1234");
    check(".4111111111111234", ".************1234");
    check("12.4111111111111234", "12.4111111111111234");
}

/* As a person may write one. */
static void test_written(void) {
    static const char *const cards[] = {
        "4111111111111111",    "4111 1111 1111 1111",        "4111-1111-1111-1111",
        "3782 822463 10005",   "--card 4111 1111-1111 1111", "0.4111111111111111",
        "5019 7170 1010 3742", "x4222-2222-2222-2y",
    };
    static const char *const others[] = {
        "4111 1111 1111 1112", "2026-11-24 22:30:11", "20261124-223011-012345",
        "10.0.0.1:9092",       "0.1234567890123456",  "4111  1111 1111 1111",
        "1000 120 1",          "4111_1111_1111_1111",
    };
    for (guint i = 0; i < G_N_ELEMENTS(cards); i++)
        if (!card_mask_written(cards[i])) g_error("not seen: %s", cards[i]);
    for (guint i = 0; i < G_N_ELEMENTS(others); i++)
        if (card_mask_written(others[i])) g_error("seen: %s", others[i]);
}

static void test_left_alone(void) {
    check("12345678901", "12345678901");
    check("0.1234567890123456", "0.1234567890123456");
    check("12345678901234567890", "12345678901234567890");
    check("x123456789012345678901234567890y", "x123456789012345678901234567890y");
    check("2026-11-24 22:30:11 .5", "2026-11-24 22:30:11 .5");
}

int main(int argc, char **argv) {
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/card-mask/masked", test_masked);
    g_test_add_func("/card-mask/behind-a-point", test_behind_a_point);
    g_test_add_func("/card-mask/written", test_written);
    g_test_add_func("/card-mask/left-alone", test_left_alone);
    return g_test_run();
}
