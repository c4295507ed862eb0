#include "pipeline/card_mask.h"

#include <string.h>

enum { DIGITS_LEAST = 12, DIGITS_MOST = 19, SHOWN = 4 };

static bool is_card(const CardMask *mask) {
    return mask->count >= DIGITS_LEAST && mask->count <= DIGITS_MOST && !mask->decimal;
}

void card_mask_end(CardMask *mask, GString *out) {
    if (is_card(mask)) memset(mask->digits, '*', mask->count - SHOWN);
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
        const bool decimal = data[i] == '.' && mask->count > 0;
        card_mask_end(mask, out);
        mask->decimal = decimal;
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

/* ISO/IEC 7812-1, annex B. */
static bool check_digit_right(const char *digits, guint count) {
    guint sum = 0;
    for (guint i = 0; i < count; i++) {
        const guint digit = (guint)(digits[count - 1 - i] - '0'), twice = 2 * digit;
        sum += i % 2 == 0 ? digit : twice % 10 + twice / 10;
    }
    return sum % 10 == 0;
}

/* Whether groups of digits that begin at `text`, each of three or more but for the last, are one.
 * Groups longer than on any card are taken for one only where nothing but spaces parts them, as
 * words, and all of them together are it: 20261124-223011 is a time. */
static bool begins_written(const char *text) {
    enum { GROUP_LEAST = 3, GROUP_MOST = 6 };
    char digits[DIGITS_MOST];
    guint count = 0;
    bool is_long = false, dashes = false;
    for (const char *at = text;; at++) {
        guint group = 0;
        for (; g_ascii_isdigit(*at); at++, group++) {
            if (count == DIGITS_MOST) return false;
            digits[count++] = *at;
        }
        const bool more = (*at == ' ' || *at == '-') && g_ascii_isdigit(at[1]);
        is_long |= group > GROUP_MOST;
        if (count >= DIGITS_LEAST && (!is_long || (!dashes && !more)) &&
            check_digit_right(digits, count))
            return true;
        if (!more || group < GROUP_LEAST) return false;
        dashes |= *at == '-';
    }
}

bool card_mask_written(const char *text) {
    if (card_mask_needed(text)) return true;
    for (const char *at = text; *at; at++) {
        const bool begins = g_ascii_isdigit(*at) && (at == text || !g_ascii_isdigit(at[-1]));
        if (begins && begins_written(at)) return true;
    }
    return false;
}
