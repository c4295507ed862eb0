/* Writing JSON: appends values to a GString; commas and braces are the caller's. */
#pragma once

#include "base/str.h"
#include <glib.h>
#include <stdint.h>

/* A quoted string. What is not UTF-8 becomes U+FFFD; control characters and quotes are escaped. */
void json_write_str(GString *out, Str text);

/* An integer's decimal digits. */
void json_write_uint(GString *out, uint64_t value);

/* A number with up to `digits` significant digits (at most 17), `null` when it is not finite. */
void json_write_double(GString *out, double value, int digits);

/* The shortest number that reads back as the same float, `null` when it is not finite. */
void json_write_float(GString *out, float value);

/* An amount in cents as units with two decimals: 1234 is 12.34. */
void json_write_cents(GString *out, int64_t cents);
