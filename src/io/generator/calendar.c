#include "io/generator/calendar.h"

#include "base/civil.h"

/* Christmas, the new year's quiet, the summer, and the rest. */
static uint8_t season_weight(const Civil *date) {
    const int at = date->month * 100 + date->day;
    if (at >= 1130) return 200;
    if (at < 301) return 75;
    if (at >= 524 && at <= 901) return 125;
    return 100;
}

static uint32_t midnight(int32_t days) {
    return (uint32_t)days * DAY_SECONDS;
}

/* A shown 29 February does not exist then; `leap_day`, 28 or 29, is the February day it becomes,
 * of which the 29th is 1 March. */
static int32_t years_before(int32_t shown, int32_t leap_day) {
    const Civil date = civil_from_seconds((int64_t)shown * DAY_SECONDS);
    const int32_t year = date.year - CALENDAR_YEARS_SHIFTED;
    if (date.month == 2 && date.day == 29) return civil_days(year, 2, 28) + leap_day - 28;
    return civil_days(year, date.month, date.day);
}

static int32_t years_after(const Civil *date) {
    const bool leap_day = date->month == 2 && date->day == 29;
    return civil_days(date->year + CALENDAR_YEARS_SHIFTED, date->month, date->day - leap_day);
}

void calendar_init(Calendar *calendar, int32_t start, int32_t length) {
    const int32_t first = years_before(start, 29);
    const int32_t last = MAX(first, years_before(start + length - 1, 28));
    calendar->count = (size_t)(last - first) + 1;
    calendar->days = g_new(Day, calendar->count);
    for (size_t i = 0; i < calendar->count; i++) {
        const int32_t simulated = first + (int32_t)i;
        const Civil date = civil_from_seconds((int64_t)simulated * DAY_SECONDS);
        calendar->days[i] = (Day){
            .shown = midnight(years_after(&date)),
            .simulated = midnight(simulated),
            .weekday = date.weekday,
            .season = season_weight(&date),
        };
    }
}

void calendar_clear(Calendar *calendar) {
    g_free(calendar->days);
    *calendar = (Calendar){0};
}
