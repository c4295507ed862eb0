#include "base/decimal_double.h"

#include <charconv>

bool decimal_double_read(const char *text, size_t len, double *out) {
    return std::from_chars(text, text + len, *out).ec == std::errc();
}

size_t decimal_double_write(double value, char *out, size_t size) {
    return (size_t)(std::to_chars(out, out + size, value).ptr - out);
}

size_t decimal_float_write(float value, char *out, size_t size) {
    return (size_t)(std::to_chars(out, out + size, value).ptr - out);
}
