/* Dates and times of day in the Gregorian calendar, UTC, without leap seconds: between their text
 * and integers since 1970-01-01. Nothing here asks the C library, whose answers depend on the time
 * zone and the locale.
 *
 * Readers return NULL on success and otherwise a static phrase that says what is wrong. */
#pragma once

#include "base/str.h"
#include <stdint.h>

typedef struct Civil {
    int32_t year;
    uint8_t month, day;           /* from 1 */
    uint8_t hour, minute, second; /* from 0 */
    uint8_t weekday;              /* 0 is Monday */
} Civil;

/* Days since 1970-01-01 of a date that exists. */
int32_t civil_days(int32_t year, unsigned month, unsigned day);

/* The date and time of day at `seconds` since the epoch, which may be negative. */
Civil civil_from_seconds(int64_t seconds);

/* "1988-03-09", or as spreadsheets of most of the world write it, day first: "19/03/1968". */
const char *civil_read_date(Str text, int32_t *days);

/* "2019-01-01 00:00:18", with 'T' for the space, without the seconds, with a fraction (dropped) or
 * a 'Z' behind; or day first: "8/3/2020 6:18" is the eighth of March. */
const char *civil_read_time(Str text, int64_t *seconds);

enum { CIVIL_TIME_LEN = 19 };

/* Writes "2019-01-01 00:00:18" and a NUL; the year must lie in 0 to 9999. */
void civil_write_time(int64_t seconds, char out[CIVIL_TIME_LEN + 1]);

/* Writes "1988-03-09" and a NUL, for days since the epoch; the year must lie in 0 to 9999. */
void civil_write_date(int32_t days, char out[11]);
