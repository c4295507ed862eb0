#include "base/decimal.h"

#include "base/decimal_double.h"
#include <assert.h>

enum { EXPONENT_LIMIT = 100000 }; /* far beyond what any double or amount of money can hold */

/* A cursor over the digits: once no more fit, the rest only move the exponent. */
typedef struct Scan {
    const char *at, *end;
    bool any;
} Scan;

static const uint64_t room_for_a_digit = (UINT64_MAX - 9) / 10;

static inline bool is_digit(char c) {
    return (unsigned char)(c - '0') <= 9;
}

static void scan_digits(Scan *scan, Decimal *out, int32_t step) {
    while (scan->at < scan->end && is_digit(*scan->at)) {
        uint64_t digit = (uint64_t)(*scan->at++ - '0');
        scan->any = true;
        if (out->digits <= room_for_a_digit) {
            out->digits = out->digits * 10 + digit;
            out->exponent -= step;
        } else {
            out->exponent += 1 - step;
            out->truncated |= digit != 0;
        }
    }
}

static bool scan_exponent(Scan *scan, Decimal *out) {
    bool negative = false;
    if (scan->at < scan->end && (*scan->at == '-' || *scan->at == '+'))
        negative = *scan->at++ == '-';
    if (scan->at == scan->end) return false;
    int32_t exponent = 0;
    for (; scan->at < scan->end && is_digit(*scan->at); scan->at++)
        if (exponent < EXPONENT_LIMIT) exponent = exponent * 10 + (*scan->at - '0');
    out->exponent += negative ? -exponent : exponent;
    out->has_exponent = true;
    return true;
}

bool decimal_scan(Str text, Decimal *out) {
    *out = (Decimal){0};
    Scan scan = {.at = text.data, .end = text.data + text.len};
    if (scan.at < scan.end && (*scan.at == '-' || *scan.at == '+'))
        out->negative = *scan.at++ == '-';
    scan_digits(&scan, out, 0);
    if (scan.at < scan.end && *scan.at == '.') {
        scan.at++;
        out->has_point = true;
        scan_digits(&scan, out, 1);
    }
    if (!scan.any) return false;
    if (scan.at < scan.end && (*scan.at == 'e' || *scan.at == 'E')) {
        scan.at++;
        if (!scan_exponent(&scan, out)) return false;
    }
    return scan.at == scan.end;
}

bool decimal_scaled(const Decimal *decimal, int places, int64_t limit, int64_t *out) {
    assert(limit >= 0 && limit <= 100000000000000000LL);
    uint64_t value = decimal->digits;
    int32_t exponent = decimal->exponent + places;
    for (; exponent > 0 && value != 0; exponent--) {
        if (value > (uint64_t)limit) return false;
        value *= 10;
    }
    /* Only the first digit that is dropped decides a rounding of halves away from zero. */
    uint64_t dropped = 0;
    for (; exponent < 0 && (value != 0 || dropped != 0); exponent++) {
        dropped = value % 10;
        value /= 10;
    }
    value += dropped >= 5;
    if (value > (uint64_t)limit) return false;
    *out = decimal->negative ? -(int64_t)value : (int64_t)value;
    return true;
}

/* Clinger 1990: when the digits and the power of ten are both exact doubles, one multiplication or
 * division rounds once, and so correctly. */
static bool double_exactly(const Decimal *decimal, double *out) {
    static const double power[] = {1e0,  1e1,  1e2,  1e3,  1e4,  1e5,  1e6,  1e7,
                                   1e8,  1e9,  1e10, 1e11, 1e12, 1e13, 1e14, 1e15,
                                   1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22};
    if (decimal->truncated || decimal->digits > (1ULL << 53)) return false;
    if (decimal->exponent < -22 || decimal->exponent > 22) return false;
    double value = (double)decimal->digits;
    value = decimal->exponent < 0 ? value / power[-decimal->exponent]
                                  : value * power[decimal->exponent];
    *out = decimal->negative ? -value : value;
    return true;
}

bool decimal_to_double(Str text, double *out) {
    Decimal decimal;
    if (!decimal_scan(text, &decimal)) return false;
    if (double_exactly(&decimal, out)) return true;
    size_t plus = text.data[0] == '+';
    if (decimal_double_read(text.data + plus, text.len - plus, out)) return true;
    /* Beyond the doubles: the largest has 309 digits before the point. */
    if (decimal.digits != 0 && decimal.exponent > 0) return false;
    *out = decimal.negative ? -0.0 : 0.0;
    return true;
}

size_t decimal_format(double value, char out[DECIMAL_FORMAT_MAX]) {
    size_t len = decimal_double_write(value, out, DECIMAL_FORMAT_MAX - 2);
    if (!memchr(out, '.', len) && !memchr(out, 'e', len)) {
        out[len++] = '.';
        out[len++] = '0';
    }
    return len;
}
