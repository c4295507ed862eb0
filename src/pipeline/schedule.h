/* Runs those pipelines that have a schedule, when they are due, one at a time: one that is due
 * while another runs is run behind it, once. Of several that look after the same runs, in whatever
 * process, one does it: it holds a lock, which the kernel drops when it dies, and the others wait
 * until they get it. What was due while nobody did is not made up for. */
#pragma once

#include "pipeline/definition.h"

#define SCHEDULE_BY "schedule" /* who is said to have asked for its runs */

/* Whose business each part is. All are needed. */
typedef struct ScheduleWays {
    void (*run)(void *data, const Pipeline *pipeline); /* runs it to its end, whatever that is */
    void (*say)(void *data, const char *line);         /* without a line's end */
    bool (*go_on)(void *data); /* false: end. Asked several times a second */
    void *data;
} ScheduleWays;

/* Whether any of them has a schedule. */
bool schedule_is_needed(const GPtrArray *pipelines);

/* Until `go_on` says no. False with *error where the lock's file cannot be had under `data_dir`. */
bool schedule_run(const char *data_dir, const GPtrArray *pipelines, const ScheduleWays *ways,
                  GError **error);
