#include "record/transaction.h"

#include <glib.h>

void card_mask(uint64_t card, char out[24]) {
    const int len = g_snprintf(out, 24, "%" G_GUINT64_FORMAT, card);
    for (int i = 0; i < len - 4; i++)
        out[i] = '*';
}

/* Twelve digits in a row and more may be a card number, wherever a shifted row has put it. */
enum { CARD_DIGITS_MIN = 12 };

static void mask_digit_runs(char *text, size_t shortest) {
    for (char *at = text; *at;) {
        char *end = at;
        while (g_ascii_isdigit(*end))
            end++;
        if ((size_t)(end - at) >= shortest) memset(at, '*', (size_t)(end - at) - 4);
        at = end > at ? end : at + 1;
    }
}

/* Every digit but the last four of the whole text, as a damaged card number may be spelled in any
 * way. */
static void mask_all_digits(char *text) {
    size_t kept = 0;
    for (size_t i = strlen(text); i > 0; i--)
        if (g_ascii_isdigit(text[i - 1]) && kept++ >= 4) text[i - 1] = '*';
}

/* Copies what is printable; every other byte becomes a question mark. */
static void copy_printable(Str from, char *out, size_t size) {
    size_t len = 0;
    for (size_t i = 0; i < from.len && len < size - 1;) {
        const gunichar c = g_utf8_get_char_validated(from.data + i, (gssize)(from.len - i));
        const size_t width =
            c == (gunichar)-1 || c == (gunichar)-2 ? 1 : (size_t)g_unichar_to_utf8(c, NULL);
        const bool printable = c < 0x110000 && c >= 0x20 && !(c >= 0x7f && c < 0xa0);
        if (printable && len + width > size - 1) break;
        if (printable)
            memcpy(out + len, from.data + i, width);
        else
            out[len] = '?';
        len += printable ? width : 1;
        i += width;
    }
    out[len] = 0;
}

void reject_set(Reject *reject, const char *field, const char *reason, Str value) {
    reject->field = field;
    reject->reason = reason;
    copy_printable(value, reject->value, sizeof reject->value);
    if (strcmp(field, "cc_num") == 0)
        mask_all_digits(reject->value);
    else
        mask_digit_runs(reject->value, CARD_DIGITS_MIN);
}
