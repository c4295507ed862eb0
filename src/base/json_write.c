#include "base/json_write.h"

#include "base/decimal_double.h"

#include <math.h>

static void write_escaped(GString *out, unsigned char c) {
    switch (c) {
    case '"':
        g_string_append(out, "\\\"");
        break;
    case '\\':
        g_string_append(out, "\\\\");
        break;
    case '\n':
        g_string_append(out, "\\n");
        break;
    case '\r':
        g_string_append(out, "\\r");
        break;
    case '\t':
        g_string_append(out, "\\t");
        break;
    default:
        g_string_append_printf(out, "\\u%04x", c);
        break;
    }
}

/* `text` is UTF-8, but may hold NUL bytes. */
static void write_valid(GString *out, const char *text, size_t len) {
    size_t start = 0;
    for (size_t i = 0; i < len; i++) {
        unsigned char c = (unsigned char)text[i];
        if (c >= 0x20 && c != '"' && c != '\\' && c != 0x7f) continue;
        g_string_append_len(out, text + start, (gssize)(i - start));
        write_escaped(out, c);
        start = i + 1;
    }
    g_string_append_len(out, text + start, (gssize)(len - start));
}

static bool is_ascii(Str text) {
    unsigned char all = 0;
    for (size_t i = 0; i < text.len; i++)
        all |= (unsigned char)text.data[i];
    return all < 0x80;
}

/* Nothing to escape and nothing to check: nearly every text. Without a branch in the loop, which
 * the compiler turns into a few vector instructions. */
static bool is_plain(Str text) {
    unsigned special = 0;
    for (size_t i = 0; i < text.len; i++) {
        const unsigned char c = (unsigned char)text.data[i];
        special |= (unsigned)(c < 0x20) | (unsigned)(c >= 0x7f) | (unsigned)(c == '"') |
                   (unsigned)(c == '\\');
    }
    return !special;
}

void json_write_str(GString *out, Str text) {
    g_string_append_c(out, '"');
    if (is_plain(text)) {
        g_string_append_len(out, text.data, (gssize)text.len);
    } else if (is_ascii(text)) {
        write_valid(out, text.data, text.len);
    } else {
        g_autofree char *valid = g_utf8_make_valid(text.data, (gssize)text.len);
        write_valid(out, valid, strlen(valid));
    }
    g_string_append_c(out, '"');
}

void json_write_uint(GString *out, uint64_t value) {
    char digits[20];
    size_t first = sizeof digits;
    do {
        digits[--first] = (char)('0' + value % 10);
        value /= 10;
    } while (value);
    g_string_append_len(out, digits + first, (gssize)(sizeof digits - first));
}

void json_write_double(GString *out, double value, int digits) {
    if (!isfinite(value)) {
        g_string_append(out, "null");
        return;
    }
    char format[8], text[G_ASCII_DTOSTR_BUF_SIZE];
    g_snprintf(format, sizeof format, "%%.%dg", CLAMP(digits, 1, 17));
    g_string_append(out, g_ascii_formatd(text, sizeof text, format, value));
}

void json_write_float(GString *out, float value) {
    char text[32];
    if (isfinite(value))
        g_string_append_len(out, text, (gssize)decimal_float_write(value, text, sizeof text));
    else
        g_string_append(out, "null");
}

void json_write_cents(GString *out, int64_t cents) {
    const uint64_t absolute = cents < 0 ? -(uint64_t)cents : (uint64_t)cents;
    const unsigned rest = (unsigned)(absolute % 100);
    const char decimals[] = {'.', (char)('0' + rest / 10), (char)('0' + rest % 10)};
    if (cents < 0) g_string_append_c(out, '-');
    json_write_uint(out, absolute / 100);
    g_string_append_len(out, decimals, sizeof decimals);
}
