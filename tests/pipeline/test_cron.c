/* The next time of a schedule is what one finds by looking at the clock every minute, where clocks
 * are put forward and back too. */
#include "base/civil.h"
#include "pipeline/cron.h"

#include <string.h>

enum { MINUTE = 60, DAYS = 400, MINUTES = DAYS * 1440 };

static const char *const zones[] = {
    "UTC",
    "Asia/Seoul",
    "Europe/Berlin",
    "America/New_York",
    "Australia/Lord_Howe", /* 30 minutes */
    "Pacific/Apia",        /* a whole day, in 2011 */
    "America/St_Johns",    /* at 00:01, till 2011 */
    "Africa/Casablanca",   /* four times a year */
};

static int64_t at(const char *text) {
    int64_t seconds;
    g_assert_null(civil_read_time(str_from(text), &seconds));
    return seconds;
}

/* NULL where the system does not know the zone. */
static GTimeZone *zone_of(const char *name) {
    GTimeZone *zone = g_time_zone_new_identifier(name);
    if (!zone) g_test_skip("no time zones here: the package tzdata");
    return zone;
}

static void check_next(const char *text, const char *name, const char *after,
                       const char *expected) {
    g_autoptr(GTimeZone) zone = zone_of(name);
    if (!zone) return;
    Cron cron;
    g_assert_cmpstr(cron_parse(text, &cron), ==, NULL);
    g_assert_cmpint(cron_next(&cron, zone, at(after)), ==, at(expected));
}

static void test_known(void) {
    check_next("* * * * *", "UTC", "2026-11-24 22:30:00", "2026-11-24 22:31:00");
    check_next("* * * * *", "UTC", "2026-11-24 22:30:59", "2026-11-24 22:31:00");
    check_next("0 3 * * *", "Asia/Seoul", "2026-11-24 18:00:00", "2026-11-25 18:00:00");
    check_next("0 0 29 2 *", "UTC", "2096-03-01 00:00:00", "2104-02-29 00:00:00");
    check_next("0 0 29 Feb Mon", "UTC", "2026-02-28 00:00:00", "2027-02-01 00:00:00");
    check_next("0 12 13 * fri", "UTC", "2026-11-14 00:00:00", "2026-11-20 12:00:00");
    check_next("*/20 8-17/3 * 1,12 1-5", "UTC", "2026-11-24 00:00:00", "2026-12-01 08:00:00");
    check_next("59 23 31 12 7", "UTC", "2026-12-27 23:59:00", "2026-12-31 23:59:00");
}

/* In Berlin clocks skip 02:00 to 03:00 on 2026-03-29, and show it twice on 2026-10-25. */
static void test_clocks_change(void) {
    check_next("30 2 * * *", "Europe/Berlin", "2026-03-28 12:00:00", "2026-03-29 01:00:00");
    check_next("30 2 * * *", "Europe/Berlin", "2026-03-29 01:00:00", "2026-03-30 00:30:00");
    check_next("30 2 * * *", "Europe/Berlin", "2026-10-24 12:00:00", "2026-10-25 00:30:00");
    check_next("30 2 * * *", "Europe/Berlin", "2026-10-25 00:30:00", "2026-10-26 01:30:00");
    check_next("30 * * * *", "Europe/Berlin", "2026-10-25 00:30:00", "2026-10-25 01:30:00");
    check_next("30 * * * *", "Europe/Berlin", "2026-03-29 00:30:00", "2026-03-29 01:30:00");
    check_next("15 0 30 3 *", "Europe/Berlin", "2026-03-28 12:00:00", "2026-03-29 22:15:00");
    check_next("* 2 29 3 *", "Europe/Berlin", "2026-03-01 00:00:00", "2027-03-29 00:00:00");
}

/* A field as the text of a set, and the set. */
typedef struct Part {
    char text[400];
    bool in[64];
    bool star;
} Part;

static Part random_part(int least, int most) {
    Part part = {.star = g_test_rand_int_range(0, 3) == 0};
    const int step = part.star ? g_test_rand_int_range(1, 4) : 1;
    if (part.star) {
        g_snprintf(part.text, sizeof part.text, step > 1 ? "*/%d" : "*", step);
        for (int i = least; i <= most; i += step)
            part.in[i] = true;
        return part;
    }
    for (int n = g_test_rand_int_range(1, 4); n > 0; n--) {
        const int from = g_test_rand_int_range(least, most + 1);
        const int to = g_test_rand_int_range(from, most + 1);
        char text[32];
        g_snprintf(text, sizeof text, "%s%d-%d", *part.text ? "," : "", from, to);
        g_strlcat(part.text, text, sizeof part.text);
        for (int i = from; i <= to; i++)
            part.in[i] = true;
    }
    return part;
}

typedef struct World {
    Part minute, hour, day, month, weekday;
} World;

static bool shown_fits(const World *w, int64_t local) {
    const Civil c = civil_from_seconds(local * MINUTE);
    const int sunday0 = (c.weekday + 1) % 7;
    const bool day = w->day.in[c.day];
    const bool weekday = w->weekday.in[sunday0] || (sunday0 == 0 && w->weekday.in[7]);
    const bool date = !w->day.star && !w->weekday.star ? day || weekday : day && weekday;
    return w->minute.in[c.minute] && w->hour.in[c.hour] && w->month.in[c.month] && date;
}

/* What the clock shows, in minutes since the epoch, at each minute from `start` on. */
static int64_t *look(GTimeZone *zone, int64_t start) {
    int64_t *shown = g_new(int64_t, MINUTES);
    for (int i = 0; i < MINUTES; i++) {
        const int64_t time = start + (int64_t)i * MINUTE;
        const int interval = g_time_zone_find_interval(zone, G_TIME_TYPE_UNIVERSAL, time);
        shown[i] = (time + g_time_zone_get_offset(zone, interval)) / MINUTE;
    }
    return shown;
}

/* due[i]: by the rule of cron.h, told by looking every minute. */
static bool *find_due(const World *w, const int64_t *shown) {
    bool *due = g_new0(bool, MINUTES);
    int64_t latest = shown[0] - 1; /* that the clock has shown, or skipped */
    for (int i = 0; i < MINUTES; i++) {
        if (w->minute.star || w->hour.star) {
            due[i] = shown_fits(w, shown[i]);
            continue;
        }
        for (; latest < shown[i]; latest++)
            due[i] = due[i] || shown_fits(w, latest + 1);
    }
    return due;
}

static void check_against(const World *w, GTimeZone *zone, int64_t start, const int64_t *shown) {
    g_autofree char *text = g_strjoin(" ", w->minute.text, w->hour.text, w->day.text, w->month.text,
                                      w->weekday.text, NULL);
    Cron cron;
    if (strlen(text) > CRON_TEXT_MAX || cron_parse(text, &cron)) return; /* it never comes */
    g_autofree bool *due = find_due(w, shown);
    enum { SETTLED = 2 * 1440 }; /* clocks put back before the start are not seen */
    for (int round = 0; round < 200; round++) {
        const int from = g_test_rand_int_range(SETTLED, MINUTES);
        int next = from + 1;
        while (next < MINUTES && !due[next])
            next++;
        const int64_t found = cron_next(
            &cron, zone, start + (int64_t)from * MINUTE + g_test_rand_int_range(0, MINUTE));
        if (next < MINUTES)
            g_assert_cmpint(found, ==, start + (int64_t)next * MINUTE);
        else
            g_assert_true(found == 0 || found >= start + (int64_t)MINUTES * MINUTE);
    }
}

static void test_minute_by_minute(void) {
    for (size_t z = 0; z < G_N_ELEMENTS(zones); z++) {
        g_autoptr(GTimeZone) zone = zone_of(zones[z]);
        if (!zone) return;
        const int64_t start = at(z % 2 ? "2011-01-01 00:00:00" : "2026-01-01 00:00:00");
        g_autofree int64_t *shown = look(zone, start);
        for (int round = 0; round < 8; round++) {
            const World world = {random_part(0, 59), random_part(0, 23), random_part(1, 31),
                                 random_part(1, 12), random_part(0, 7)};
            check_against(&world, zone, start, shown);
        }
    }
}

/* Asked again and again, every time around the changes comes, and none twice. */
static void test_every_time(void) {
    for (size_t z = 0; z < G_N_ELEMENTS(zones); z++) {
        g_autoptr(GTimeZone) zone = zone_of(zones[z]);
        if (!zone) return;
        const int64_t start = at("2011-01-01 00:00:00");
        g_autofree int64_t *shown = look(zone, start);
        World world = {.day.star = true, .month.star = true, .weekday.star = true};
        memset(world.day.in, 1, sizeof world.day.in);
        memset(world.month.in, 1, sizeof world.month.in);
        memset(world.weekday.in, 1, sizeof world.weekday.in);
        world.minute.in[0] = world.minute.in[30] = true;
        for (int hour = 0; hour < 5; hour++)
            world.hour.in[hour] = true;
        g_autofree bool *due = find_due(&world, shown);
        Cron cron;
        g_assert_cmpstr(cron_parse("0,30 0-4 * * *", &cron), ==, NULL);
        int64_t time = start + (int64_t)2 * 1440 * MINUTE;
        for (int i = 2 * 1440 + 1; i < MINUTES; i++) {
            if (!due[i]) continue;
            time = cron_next(&cron, zone, time);
            g_assert_cmpint(time, ==, start + (int64_t)i * MINUTE);
        }
    }
}

static void test_refused(void) {
    static const char *const wrong[] = {"",
                                        "* * * *",
                                        "* * * * * *",
                                        "60 * * * *",
                                        "* 24 * * *",
                                        "* * 0 * *",
                                        "* * 32 * *",
                                        "* * * 13 *",
                                        "* * * * 8",
                                        "*/0 * * * *",
                                        "*/61 * * * *",
                                        "5/2 * * * *",
                                        "5-1 * * * *",
                                        "1, * * * *",
                                        ",1 * * * *",
                                        "1- * * * *",
                                        "-1 * * * *",
                                        "1-2- * * * *",
                                        "99999999999999999999 * * * *",
                                        "mon * * * *",
                                        "* * * * monday",
                                        "* * 30 2 *",
                                        "* * 31 2,4,6,9,11 */2",
                                        "@daily"};
    Cron cron;
    for (size_t i = 0; i < G_N_ELEMENTS(wrong); i++)
        if (!cron_parse(wrong[i], &cron)) g_error("'%s' was taken", wrong[i]);
    char text[CRON_TEXT_MAX + 2];
    memset(text, ' ', sizeof text);
    memcpy(text, "* * * * *", 9);
    text[CRON_TEXT_MAX] = '\0';
    g_assert_cmpstr(cron_parse(text, &cron), ==, NULL);
    text[CRON_TEXT_MAX] = ' ';
    text[CRON_TEXT_MAX + 1] = '\0';
    g_assert_cmpstr(cron_parse(text, &cron), ==, "it is too long");
}

int main(int argc, char **argv) {
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/cron/known", test_known);
    g_test_add_func("/cron/clocks-change", test_clocks_change);
    g_test_add_func("/cron/minute-by-minute", test_minute_by_minute);
    g_test_add_func("/cron/every-time", test_every_time);
    g_test_add_func("/cron/refused", test_refused);
    return g_test_run();
}
