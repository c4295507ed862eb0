/* The conversions that C has only in forms bound to the locale: the C++ library's. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Reads text[0..len), which must be a number as base/decimal.h has it, without a plus sign. False
 * when its magnitude is beyond the doubles, too large or too small alike. */
bool decimal_double_read(const char *text, size_t len, double *out);

/* Writes the shortest text that reads back as `value`; returns its length, at most `size`. */
size_t decimal_double_write(double value, char *out, size_t size);

/* The same for a float. */
size_t decimal_float_write(float value, char *out, size_t size);

#ifdef __cplusplus
}
#endif
