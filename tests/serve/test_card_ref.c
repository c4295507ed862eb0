/* A card's reference: leads back to its number with its key and not with another, tells neither the
 * number nor what two numbers have in common, and nothing else is taken for one. */
#include "serve/card_ref.h"

#include <string.h>

static CardRefKey draw(void) {
    CardRefKey key;
    GError *error = NULL;
    g_assert_true(card_ref_key_draw(&key, &error));
    g_assert_no_error(error);
    return key;
}

static void test_there_and_back(void) {
    const CardRefKey key = draw(), other = draw();
    const uint64_t edges[] = {0, 1, 4111111111111111, UINT32_MAX, 1ULL << 32, UINT64_MAX};
    char ref[CARD_REF_LEN + 1];
    uint64_t found, astray;
    for (size_t i = 0; i < 2000; i++) {
        const uint64_t card = i < G_N_ELEMENTS(edges)
                                  ? edges[i]
                                  : (uint64_t)g_test_rand_int() << 32 | (uint32_t)g_test_rand_int();
        card_ref_write(&key, card, ref);
        g_assert_cmpuint(strlen(ref), ==, CARD_REF_LEN);
        g_assert_true(card_ref_read(&key, (Str){ref, CARD_REF_LEN}, &found));
        g_assert_cmpuint(found, ==, card);
        g_assert_true(card_ref_read(&other, (Str){ref, CARD_REF_LEN}, &astray));
        g_assert_cmpuint(astray, !=, card);
    }
}

/* Numbers that follow each other have references that differ in about half of their bits. */
static void test_tells_nothing(void) {
    const CardRefKey key = draw();
    const unsigned pairs = 2000;
    unsigned different = 0;
    for (unsigned i = 0; i < pairs; i++) {
        const uint64_t card = 4111111111111111 + i;
        char one[CARD_REF_LEN + 1], two[CARD_REF_LEN + 1];
        card_ref_write(&key, card, one);
        card_ref_write(&key, card + 1, two);
        const uint64_t bits = g_ascii_strtoull(one, NULL, 16) ^ g_ascii_strtoull(two, NULL, 16);
        different += (unsigned)__builtin_popcountll(bits);
    }
    /* 32 of 64 on average; the mean of 2,000 has a standard deviation of 0.09. */
    g_assert_cmpuint(different, >, pairs * 31);
    g_assert_cmpuint(different, <, pairs * 33);
}

static void test_other_texts(void) {
    const CardRefKey key = draw();
    static const char *const wrong[] = {"",
                                        "0",
                                        "0123456789abcde",
                                        "0123456789abcdef0",
                                        "0123456789abcdeg",
                                        "-123456789abcdef",
                                        "0x23456789abcdef"};
    uint64_t card;
    for (size_t i = 0; i < G_N_ELEMENTS(wrong); i++)
        g_assert_false(card_ref_read(&key, str_from(wrong[i]), &card));
    g_assert_false(card_ref_read(&key, (Str){"0123456\000789abcde", 16}, &card));
}

int main(int argc, char **argv) {
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/card_ref/there-and-back", test_there_and_back);
    g_test_add_func("/card_ref/tells-nothing", test_tells_nothing);
    g_test_add_func("/card_ref/other-texts", test_other_texts);
    return g_test_run();
}
