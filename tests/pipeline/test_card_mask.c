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
    g_test_add_func("/card-mask/left-alone", test_left_alone);
    return g_test_run();
}
