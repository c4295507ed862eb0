/* The days of a simulation. The published set was simulated seven years before the dates it shows,
 * then moved: its weekdays and leap days are those of the older calendar, and unix_time still
 * tells it. A day here therefore has two dates: the simulated one rules weekday and season, the
 * shown one is what trans_date_trans_time says. 29 February is shown as the 28th, since the year
 * seven years on is no leap year, and a shown leap year has no 29th. */
#pragma once

#include <glib.h>
#include <stdint.h>

enum {
    CALENDAR_YEARS_SHIFTED = 7,
    DAY_SECONDS = 86400,
};

typedef struct Day {
    uint32_t shown;     /* midnight of the shown date, seconds since the epoch */
    uint32_t simulated; /* midnight of the simulated date, likewise: unix_time counts from here */
    uint8_t weekday;    /* of the simulated date, Monday 0 */
    uint8_t season;     /* weight of the time of the year */
} Day;

typedef struct Calendar {
    size_t count; /* of days simulated: where 29 February falls in, not that of dates shown */
    Day *days;
} Calendar;

/* Fills the days that are shown within `length` dates from `start` (days since the epoch, from 1977
 * on), at least one: a single 29 February is shown as the day after. calendar_clear frees them. */
void calendar_init(Calendar *calendar, int32_t start, int32_t length);
void calendar_clear(Calendar *calendar);
