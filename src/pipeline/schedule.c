#include "pipeline/schedule.h"

#include "base/civil.h"
#include "pipeline/run_record.h"
#include <errno.h>
#include <sys/file.h>
#include <unistd.h>

enum { LOOK_US = 200000 }; /* a clock that is set is seen that soon */

/* A pipeline that has a schedule. */
typedef struct Due {
    const Pipeline *pipeline;
    int64_t next; /* seconds since the epoch; 0: never */
} Due;

static int64_t now(void) {
    return g_get_real_time() / G_USEC_PER_SEC;
}

static void say_next(const Due *due, const ScheduleWays *ways) {
    char text[CIVIL_TIME_LEN + 1] = "never";
    if (due->next != 0) civil_write_time(due->next, text);
    g_autofree char *line =
        g_strdup_printf("%s is due next: %s%s", due->pipeline->name, text, due->next ? " UTC" : "");
    ways->say(ways->data, line);
}

bool schedule_is_needed(const GPtrArray *pipelines) {
    for (guint i = 0; i < pipelines->len; i++)
        if (((const Pipeline *)g_ptr_array_index(pipelines, i))->schedule) return true;
    return false;
}

static GArray *with_schedule(const GPtrArray *pipelines, const ScheduleWays *ways) {
    GArray *all = g_array_new(FALSE, FALSE, sizeof(Due));
    for (guint i = 0; i < pipelines->len; i++) {
        const Pipeline *pipeline = g_ptr_array_index(pipelines, i);
        if (!pipeline->schedule) continue;
        const Due due = {pipeline, pipeline_next(pipeline, now())};
        say_next(&due, ways);
        g_array_append_val(all, due);
    }
    return all;
}

/* The one that has been due for the longest; NULL when none is. */
static Due *earliest_due(const GArray *all) {
    Due *found = NULL;
    for (guint i = 0; i < all->len; i++) {
        Due *due = &g_array_index(all, Due, i);
        if (due->next != 0 && due->next <= now() && (!found || due->next < found->next))
            found = due;
    }
    return found;
}

/* Waits for the lock; false when there is no more need. */
static bool take_turn(int lock, const ScheduleWays *ways) {
    bool said = false;
    while (ways->go_on(ways->data)) {
        if (flock(lock, LOCK_EX | LOCK_NB) == 0) return true;
        if (!said) ways->say(ways->data, "another process runs the schedule: waiting for its end");
        said = true;
        g_usleep(LOOK_US);
    }
    return false;
}

/* A run of the schedule may have outlived who began it: it is waited for too. */
static bool is_run_alive(const char *data_dir) {
    g_autoptr(GPtrArray) runs = runs_list(data_dir, RUNS_KEPT);
    for (guint i = 0; i < runs->len; i++) {
        const Run *run = g_ptr_array_index(runs, i);
        if (run->state <= RUN_RUNNING && g_strcmp0(run->by, SCHEDULE_BY) == 0) return true;
    }
    return false;
}

static void keep(const char *data_dir, const GPtrArray *pipelines, const ScheduleWays *ways) {
    g_autoptr(GArray) all = with_schedule(pipelines, ways);
    while (ways->go_on(ways->data)) {
        Due *due = earliest_due(all);
        if (!due || is_run_alive(data_dir)) {
            g_usleep(LOOK_US);
            continue;
        }
        ways->run(ways->data, due->pipeline);
        due->next = pipeline_next(due->pipeline, now());
        say_next(due, ways);
    }
}

bool schedule_run(const char *data_dir, const GPtrArray *pipelines, const ScheduleWays *ways,
                  GError **error) {
    const int lock = runs_open_schedule_lock(data_dir);
    if (lock < 0) {
        g_set_error(error, PIPELINE_ERROR, PIPELINE_ERROR_SYSTEM,
                    "cannot make the schedule's lock in %s: %s", data_dir, g_strerror(errno));
        return false;
    }
    if (take_turn(lock, ways)) keep(data_dir, pipelines, ways);
    close(lock);
    return true;
}
