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

static int32_t years_before(int32_t shown) {
    const Civil date = civil_from_seconds((int64_t)shown * DAY_SECONDS);
    const bool leap_day = date.month == 2 && date.day == 29;
    return civil_days(date.year - CALENDAR_YEARS_SHIFTED, date.month, date.day - leap_day) +
           leap_day;
}

static int32_t years_after(const Civil *date) {
    const bool leap_day = date->month == 2 && date->day == 29;
    return civil_days(date->year + CALENDAR_YEARS_SHIFTED, date->month, date->day - leap_day);
}

void calendar_init(Calendar *calendar, int32_t start, size_t count) {
    calendar->count = count;
    calendar->days = g_new(Day, count);
    const int32_t first = years_before(start);
    for (size_t i = 0; i < count; i++) {
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
