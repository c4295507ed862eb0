/* When something is to be done, in the five fields of cron: minute, hour, day of the month, month,
 * day of the week, as in POSIX's crontab, with what Vixie's cron added: names of months and days,
 * lists, ranges and steps (star/15, 1-9/2), and 7 for Sunday. Where both days are given, either
 * will do; one that begins with a star does not count as given. */
#pragma once

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

enum { CRON_TEXT_MAX = 200 }; /* bytes */

typedef struct Cron {
    uint64_t minutes;     /* bit i: at minute i */
    uint32_t hours, days; /* days: of the month, from 1 */
    uint16_t months;      /* from 1 */
    uint8_t weekdays;     /* bit 0: Sunday */
    bool any_day;         /* the day of the month begins with a star */
    bool any_weekday;     /* that of the week does */
    bool by_the_clock;    /* neither minute nor hour begins with a star */
} Cron;

/* NULL, or a static phrase that says what is wrong with `text`, such as a day that never comes. */
const char *cron_parse(const char *text, Cron *cron);

/* The first time after `after` (seconds since the epoch) at which it is due in `zone`; 0 when that
 * is more than ten years away.
 *
 * Where clocks change, what is due by the clock ("30 2 * * *") is done once for each time that it
 * names: at the first of two such times, and for one that the clocks skip, when they have done so.
 * What is due again and again ("0 * * * *", "* 2 * * *") is done whenever a clock shows it. That is
 * how cronie does it. */
int64_t cron_next(const Cron *cron, GTimeZone *zone, int64_t after);
