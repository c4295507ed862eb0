#include "base/duration.h"

#include <stddef.h>
#include <string.h>

static int64_t unit_seconds(const char *unit) {
    static const struct {
        const char *name;
        int64_t seconds;
    } units[] = {{"", 1}, {"s", 1}, {"m", 60}, {"h", 3600}, {"d", 86400}, {"w", 604800}};
    for (size_t i = 0; i < sizeof units / sizeof *units; i++)
        if (strcmp(unit, units[i].name) == 0) return units[i].seconds;
    return 0;
}

bool duration_parse(const char *text, int64_t *seconds) {
    int64_t count = 0;
    const char *at = text;
    for (; *at >= '0' && *at <= '9'; at++) {
        if (count > DURATION_MAX) return false;
        count = count * 10 + (*at - '0');
    }
    const int64_t unit = unit_seconds(at);
    if (at == text || unit == 0 || count > DURATION_MAX / unit) return false;
    *seconds = count * unit;
    return true;
}
