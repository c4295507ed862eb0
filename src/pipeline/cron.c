#include "pipeline/cron.h"

#include "base/civil.h"
#include <string.h>

enum { MINUTE = 60, HOUR = 3600, DAY = 86400, YEARS = 10, NUMBER_MAX = 60 };

typedef struct Field {
    unsigned least, most;
    const char *names; /* of three letters each, from `first_name` on; NULL for none */
    unsigned first_name;
    const char *wrong;
} Field;

static const Field fields[] = {
    {0, 59, NULL, 0, "the minute is not within 0 to 59"},
    {0, 23, NULL, 0, "the hour is not within 0 to 23"},
    {1, 31, NULL, 0, "the day of the month is not within 1 to 31"},
    {1, 12, "janfebmaraprmayjunjulaugsepoctnovdec", 1,
     "the month is not within 1 to 12 or jan to dec"},
    {0, 7, "sunmontuewedthufrisat", 0, "the day of the week is not within 0 to 7 or sun to sat"},
};

/* Takes a number, or a name of the field, from the front of *text. */
static bool take_value(const Field *field, const char **text, unsigned *value) {
    const char *at = *text;
    *value = 0;
    for (; g_ascii_isdigit(*at) && *value <= NUMBER_MAX; at++)
        *value = *value * 10 + (unsigned)(*at - '0');
    const size_t names = at == *text && field->names ? strlen(field->names) : 0;
    for (size_t i = 0; i < names; i += 3) {
        if (g_ascii_strncasecmp(at, field->names + i, 3) != 0) continue;
        *value = field->first_name + (unsigned)(i / 3);
        at += 3;
        break;
    }
    const bool taken = at != *text;
    *text = at;
    return taken;
}

/* Takes "*", "A", or "A-B" and, but for the second, a step. */
static bool take_range(const Field *field, const char **text, uint64_t *bits) {
    unsigned from = field->least, to = field->most, step = 1;
    bool many = **text == '*';
    if (many)
        (*text)++;
    else if (!take_value(field, text, &from))
        return false;
    else if (**text == '-') {
        (*text)++;
        many = true;
        if (!take_value(field, text, &to)) return false;
    } else {
        to = from;
    }
    if (**text == '/') {
        static const Field number = {.most = NUMBER_MAX};
        (*text)++;
        if (!many || !take_value(&number, text, &step)) return false;
    }
    if (step == 0 || step > NUMBER_MAX || from < field->least || to > field->most || from > to)
        return false;
    for (unsigned i = from; i <= to; i += step)
        *bits |= 1ULL << i;
    return true;
}

static bool parse_field(const Field *field, const char *text, uint64_t *bits) {
    *bits = 0;
    while (take_range(field, &text, bits)) {
        if (*text == '\0') return true;
        if (*text++ != ',') return false;
    }
    return false;
}

/* A day that no month of `months` has: the 30th of February. */
static bool never_comes(const Cron *cron) {
    static const uint8_t longest[] = {0, 31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    for (unsigned month = 1; month <= 12; month++)
        for (unsigned day = 1; day <= longest[month]; day++)
            if (cron->months >> month & 1 && cron->days >> day & 1) return false;
    return cron->any_weekday; /* else it comes on that day of the week */
}

const char *cron_parse(const char *text, Cron *cron) {
    char copy[CRON_TEXT_MAX + 1];
    if (g_strlcpy(copy, text, sizeof copy) >= sizeof copy) return "it is too long";
    char *words[G_N_ELEMENTS(fields)], *rest = copy;
    uint64_t bits[G_N_ELEMENTS(fields)];
    for (size_t i = 0; i < G_N_ELEMENTS(fields); i++) {
        while ((words[i] = strsep(&rest, " \t")) != NULL && *words[i] == '\0')
            ;
        if (!words[i]) return "it has not five fields: minute, hour, day, month, day of the week";
        if (!parse_field(&fields[i], words[i], &bits[i])) return fields[i].wrong;
    }
    if (rest && rest[strspn(rest, " \t")] != '\0') return "it has more than five fields";
    *cron = (Cron){.minutes = bits[0],
                   .hours = (uint32_t)bits[1],
                   .days = (uint32_t)bits[2],
                   .months = (uint16_t)bits[3],
                   .weekdays = (uint8_t)((bits[4] | bits[4] >> 7) & 0x7f),
                   .any_day = *words[2] == '*',
                   .any_weekday = *words[4] == '*',
                   .by_the_clock = *words[0] != '*' && *words[1] != '*'};
    return never_comes(cron) ? "that day never comes" : NULL;
}

/* Whether the date of a local time fits. */
static bool fits_date(const Cron *cron, const Civil *at) {
    const bool day = cron->days >> at->day & 1;
    const bool weekday = cron->weekdays >> (at->weekday + 1) % 7 & 1;
    const bool either = !cron->any_day && !cron->any_weekday;
    return cron->months >> at->month & 1 && (either ? day || weekday : day && weekday);
}

static bool fits(const Cron *cron, int64_t local) {
    const Civil at = civil_from_seconds(local);
    return cron->minutes >> at.minute & 1 && cron->hours >> at.hour & 1 && fits_date(cron, &at);
}

/* Seconds that a clock in the zone is ahead of UTC. */
static int64_t ahead(GTimeZone *zone, int64_t time) {
    return g_time_zone_get_offset(zone,
                                  g_time_zone_find_interval(zone, G_TIME_TYPE_UNIVERSAL, time));
}

/* Whether the clock showed the same before, having been put back since. */
static bool is_second(GTimeZone *zone, int64_t time) {
    const int64_t before = ahead(zone, time - DAY), earlier = time + ahead(zone, time) - before;
    return earlier < time && ahead(zone, earlier) == before;
}

/* Whether the clock was put forward at `time`, over a time that fits. */
static bool skips_one(const Cron *cron, GTimeZone *zone, int64_t time) {
    const int64_t local = time + ahead(zone, time);
    int64_t skipped = time + ahead(zone, time - MINUTE);
    for (; skipped < local; skipped += MINUTE)
        if (fits(cron, skipped)) return true;
    return false;
}

static bool is_due(const Cron *cron, GTimeZone *zone, int64_t time) {
    const bool fitting = fits(cron, time + ahead(zone, time));
    if (!cron->by_the_clock) return fitting;
    return (fitting && !is_second(zone, time)) || skips_one(cron, zone, time);
}

/* How far it is to the next local day, or hour, where this one does not fit, unless clocks change
 * on the way; else a minute. */
static int64_t stride(const Cron *cron, GTimeZone *zone, int64_t time) {
    const int64_t offset = ahead(zone, time);
    const Civil at = civil_from_seconds(time + offset);
    const int64_t in_hour = at.minute * MINUTE + at.second;
    int64_t far = MINUTE;
    if (!fits_date(cron, &at))
        far = DAY - at.hour * HOUR - in_hour;
    else if (!(cron->hours >> at.hour & 1))
        far = HOUR - in_hour;
    return far % MINUTE == 0 && ahead(zone, time + far) == offset ? far : MINUTE;
}

int64_t cron_next(const Cron *cron, GTimeZone *zone, int64_t after) {
    const int64_t last = after + (int64_t)YEARS * 366 * DAY;
    int64_t time = after - (after % MINUTE + MINUTE) % MINUTE + MINUTE;
    for (; time <= last; time += stride(cron, zone, time))
        if (is_due(cron, zone, time)) return time;
    return 0;
}
