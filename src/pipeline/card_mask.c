#include "pipeline/card_mask.h"

#include <string.h>

enum { DIGITS_LEAST = 12, DIGITS_MOST = 19, SHOWN = 4 };

static bool is_card(guint count, char before) {
    return count >= DIGITS_LEAST && count <= DIGITS_MOST && before != '.';
}

void card_mask_end(CardMask *mask, GString *out) {
    if (is_card(mask->count, mask->before)) memset(mask->digits, '*', mask->count - SHOWN);
    if (mask->count > 0 && mask->count <= DIGITS_MOST)
        g_string_append_len(out, mask->digits, mask->count);
    mask->count = 0;
}

static void add_digit(CardMask *mask, char digit, GString *out) {
    if (mask->count < DIGITS_MOST) {
        mask->digits[mask->count++] = digit;
        return;
    }
    if (mask->count == DIGITS_MOST) { /* too long: no card number after all */
        g_string_append_len(out, mask->digits, mask->count);
        mask->count++;
    }
    g_string_append_c(out, digit);
}

void card_mask_add(CardMask *mask, const char *data, gsize len, GString *out) {
    for (gsize i = 0; i < len; i++) {
        if (g_ascii_isdigit(data[i])) {
            add_digit(mask, data[i], out);
            continue;
        }
        card_mask_end(mask, out);
        mask->before = data[i];
        g_string_append_c(out, data[i]);
    }
}

bool card_mask_needed(const char *text) {
    CardMask mask = {0};
    g_autoptr(GString) out = g_string_new(NULL);
    card_mask_add(&mask, text, strlen(text), out);
    card_mask_end(&mask, out);
    return strcmp(out->str, text) != 0;
}
