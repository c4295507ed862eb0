#include "record/transaction.h"

#include <glib.h>

void card_mask(uint64_t card, char out[CARD_MASKED_SIZE]) {
    const int len = g_snprintf(out, CARD_MASKED_SIZE, "%" G_GUINT64_FORMAT, card);
    for (int i = 0; i < len - 4; i++)
        out[i] = '*';
}

/* Twelve digits in a row and more may be a card number, wherever a shifted row has put it; so may
 * thirteen and more in groups, as people write them: "4111 1111-1111 1111". */
enum { RUN_DIGITS_MIN = 12, GROUPED_DIGITS_MIN = 13, DIGITS_SHOWN = 4, JOINTS_MAX = 2 };

/* Masks the digits of text[0..end) but for the last four of them. */
static void mask_digits(char *text, size_t end) {
    size_t shown = 0;
    for (size_t i = end; i > 0; i--)
        if (g_ascii_isdigit(text[i - 1]) && shown++ >= DIGITS_SHOWN) text[i - 1] = '*';
}

/* Masks where `shortest` digits or more follow each other, with at most JOINTS_MAX of the joints
 * between two of them. */
static void mask_numbers(char *text, size_t shortest, const char *joints) {
    for (char *at = text; *at;) {
        char *end = at;
        size_t digits = 0;
        while (g_ascii_isdigit(*end)) {
            digits++;
            end++;
            const size_t between = strspn(end, joints);
            if (between <= JOINTS_MAX && g_ascii_isdigit(end[between])) end += between;
        }
        if (digits >= shortest) mask_digits(at, (size_t)(end - at));
        at = end > at ? end : at + 1;
    }
}

void mask_card_numbers(char *text) {
    mask_numbers(text, GROUPED_DIGITS_MIN, " -_/\t\n");
    mask_numbers(text, RUN_DIGITS_MIN, "");
}

/* A copy in which every byte that is not of a printable character is a question mark. */
static char *copy_printable(Str from) {
    char *out = g_malloc0(from.len + 1);
    size_t len = 0;
    for (size_t i = 0; i < from.len;) {
        const gunichar c = g_utf8_get_char_validated(from.data + i, (gssize)(from.len - i));
        const size_t width =
            c == (gunichar)-1 || c == (gunichar)-2 ? 1 : (size_t)g_unichar_to_utf8(c, NULL);
        const bool printable = c < 0x110000 && c >= 0x20 && !(c >= 0x7f && c < 0xa0);
        if (printable)
            memcpy(out + len, from.data + i, width);
        else
            out[len] = '?';
        len += printable ? width : 1;
        i += width;
    }
    out[len] = 0;
    return out;
}

/* Cuts between two characters. */
static void copy_start(char *out, size_t size, const char *text) {
    size_t len = strlen(text);
    if (len >= size) len = (size_t)(g_utf8_prev_char(text + size) - text);
    memcpy(out, text, len);
    out[len] = 0;
}

/* Masks before it cuts: of a card number across the cut, no digit is left to see. A damaged card
 * number may be spelled in any way, so all digits of a card field count as one number. */
void reject_set(Reject *reject, const char *field, const char *reason, Str value) {
    reject->field = field;
    reject->reason = reason;
    g_autofree char *text = copy_printable(value);
    if (strcmp(field, "cc_num") == 0) mask_digits(text, strlen(text));
    mask_card_numbers(text);
    copy_start(reject->value, sizeof reject->value, text);
}
