#include "base/civil.h"

#include <assert.h>

enum { DAY_SECONDS = 86400, ERA_DAYS = 146097, ERA_YEARS = 400, EPOCH_DAY = 719468 };

static const char *const unknown_date = "not a date";
static const char *const unknown_time = "not a time";
static const char *const no_such_date = "no such date";
static const char *const no_such_time = "no such time of day";

/* The year is counted from March, so that the leap day is its last: Howard Hinnant,
 * "chrono-Compatible Low-Level Date Algorithms". */
int32_t civil_days(int32_t year, unsigned month, unsigned day) {
    assert(month >= 1 && month <= 12 && day >= 1 && day <= 31);
    year -= month <= 2;
    int32_t era = (year >= 0 ? year : year - (ERA_YEARS - 1)) / ERA_YEARS;
    uint32_t year_of_era = (uint32_t)(year - era * ERA_YEARS);
    uint32_t day_of_year = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1;
    uint32_t day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    return era * ERA_DAYS + (int32_t)day_of_era - EPOCH_DAY;
}

static void date_from_days(int32_t days, Civil *out) {
    int32_t shifted = days + EPOCH_DAY;
    int32_t era = (shifted >= 0 ? shifted : shifted - (ERA_DAYS - 1)) / ERA_DAYS;
    uint32_t day_of_era = (uint32_t)(shifted - era * ERA_DAYS);
    uint32_t year_of_era =
        (day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
    uint32_t day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    uint32_t month = (5 * day_of_year + 2) / 153;
    out->day = (uint8_t)(day_of_year - (153 * month + 2) / 5 + 1);
    out->month = (uint8_t)(month < 10 ? month + 3 : month - 9);
    out->year = (int32_t)year_of_era + era * ERA_YEARS + (out->month <= 2);
    out->weekday = (uint8_t)(((days % 7) + 10) % 7); /* the epoch was a Thursday */
}

Civil civil_from_seconds(int64_t seconds) {
    int64_t days = seconds / DAY_SECONDS - (seconds % DAY_SECONDS < 0);
    uint32_t rest = (uint32_t)(seconds - days * DAY_SECONDS);
    Civil out = {.hour = (uint8_t)(rest / 3600),
                 .minute = (uint8_t)(rest / 60 % 60),
                 .second = (uint8_t)(rest % 60)};
    date_from_days((int32_t)days, &out);
    return out;
}

/* Reads `min` to `max` digits at *at; false when there are fewer. */
static inline bool read_digits(const char **at, const char *end, int min, int max, uint32_t *out) {
    uint32_t value = 0;
    int count = 0;
    for (; count < max && *at < end && (unsigned char)(**at - '0') <= 9; count++, ++*at)
        value = value * 10 + (uint32_t)(**at - '0');
    *out = value;
    return count >= min;
}

static inline bool skip(const char **at, const char *end, char c) {
    if (*at == end || **at != c) return false;
    ++*at;
    return true;
}

static bool date_exists(uint32_t year, uint32_t month, uint32_t day) {
    static const uint8_t days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    if (month < 1 || month > 12 || day < 1) return false;
    bool leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    return day <= days[month - 1] + (uint32_t)(leap && month == 2);
}

/* Reads the date at *at, in either order. */
static const char *read_date(const char **at, const char *end, int32_t *days) {
    uint32_t year, month, day;
    bool year_first = end - *at > 4 && (*at)[4] == '-';
    if (year_first) {
        if (!read_digits(at, end, 4, 4, &year) || !skip(at, end, '-') ||
            !read_digits(at, end, 2, 2, &month) || !skip(at, end, '-') ||
            !read_digits(at, end, 2, 2, &day))
            return unknown_date;
    } else {
        if (!read_digits(at, end, 1, 2, &day) || !skip(at, end, '/') ||
            !read_digits(at, end, 1, 2, &month) || !skip(at, end, '/') ||
            !read_digits(at, end, 4, 4, &year))
            return unknown_date;
    }
    if (!date_exists(year, month, day)) return no_such_date;
    *days = civil_days((int32_t)year, month, day);
    return NULL;
}

const char *civil_read_date(Str text, int32_t *days) {
    const char *at = text.data, *end = text.data + text.len;
    const char *wrong = read_date(&at, end, days);
    if (wrong) return wrong;
    return at == end ? NULL : unknown_date;
}

/* Reads "H:M", ":S", ".fraction" and "Z", all but the first optional. */
static const char *read_time_of_day(const char **at, const char *end, uint32_t *seconds) {
    uint32_t hour, minute, second = 0, fraction;
    if (!read_digits(at, end, 1, 2, &hour) || !skip(at, end, ':') ||
        !read_digits(at, end, 2, 2, &minute))
        return unknown_time;
    if (skip(at, end, ':')) {
        if (!read_digits(at, end, 2, 2, &second)) return unknown_time;
        if (skip(at, end, '.') && !read_digits(at, end, 1, 9, &fraction)) return unknown_time;
    }
    (void)skip(at, end, 'Z');
    if (hour > 23 || minute > 59 || second > 59) return no_such_time;
    *seconds = hour * 3600 + minute * 60 + second;
    return NULL;
}

const char *civil_read_time(Str text, int64_t *seconds) {
    if (text.len == 0) return unknown_time; /* its data may be NULL, which nothing is added to */
    const char *at = text.data, *end = text.data + text.len;
    int32_t days;
    uint32_t rest;
    const char *wrong = read_date(&at, end, &days);
    if (wrong) return wrong == unknown_date ? unknown_time : wrong;
    if (!skip(&at, end, ' ') && !skip(&at, end, 'T')) return unknown_time;
    wrong = read_time_of_day(&at, end, &rest);
    if (wrong) return wrong;
    if (at != end) return unknown_time;
    *seconds = (int64_t)days * DAY_SECONDS + rest;
    return NULL;
}

static void write_digits(uint32_t value, int count, char *out) {
    for (int i = count - 1; i >= 0; i--, value /= 10)
        out[i] = (char)('0' + value % 10);
}

static void write_date(const Civil *civil, char *out) {
    assert(civil->year >= 0 && civil->year <= 9999);
    memcpy(out, "0000-00-00", 11);
    write_digits((uint32_t)civil->year, 4, out);
    write_digits(civil->month, 2, out + 5);
    write_digits(civil->day, 2, out + 8);
}

void civil_write_date(int32_t days, char out[11]) {
    const Civil civil = civil_from_seconds((int64_t)days * DAY_SECONDS);
    write_date(&civil, out);
}

void civil_write_time(int64_t seconds, char out[CIVIL_TIME_LEN + 1]) {
    const Civil civil = civil_from_seconds(seconds);
    write_date(&civil, out);
    memcpy(out + 10, " 00:00:00", 10);
    write_digits(civil.hour, 2, out + 11);
    write_digits(civil.minute, 2, out + 14);
    write_digits(civil.second, 2, out + 17);
}
