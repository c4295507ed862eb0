/* Numbers as decimal text. The text is read digit by digit into an integer and a power of ten, so
 * that money never passes through binary floating point, and the current locale plays no part.
 *
 * The form: an optional sign, digits with at most one point among them, an optional exponent.
 * No spaces, no thousands separators, no "nan", no "inf". */
#pragma once

#include "base/str.h"
#include <stdint.h>

typedef struct Decimal {
    uint64_t digits;  /* the first 19 significant digits, or 20 where they fit */
    int32_t exponent; /* the value is digits * 10^exponent */
    bool negative;
    bool truncated;    /* there were further digits, and not all of them zero */
    bool has_point;    /* written with a decimal point */
    bool has_exponent; /* written with an exponent */
} Decimal;

/* False when `text` is not of the form above. */
bool decimal_scan(Str text, Decimal *out);

/* Rounds the value to `places` decimal places, halves away from zero, and scales it to an integer:
 * "107.22999999999999" at 2 places is 10723. False when that exceeds `limit` (at most 10^17) in
 * magnitude. */
bool decimal_scaled(const Decimal *decimal, int places, int64_t limit, int64_t *out);

/* The double nearest to the value, as strtod gives it bit for bit. False when `text` is not of the
 * form above or the value is too large for a double. */
bool decimal_to_double(Str text, double *out);

enum { DECIMAL_FORMAT_MAX = 32 };

/* Writes the shortest text that reads back as `value`, which must be finite; always with a point or
 * an exponent ("3.0"). Returns its length; no NUL is added. */
size_t decimal_format(double value, char out[DECIMAL_FORMAT_MAX]);
