/* A habit: count, mean and sum of squared deviations of ln(1 + amount). */
#pragma once

#include <glib.h>
#include <stdint.h>

typedef struct Habit {
    uint32_t count;
    float mean, m2;
} Habit;

/* One more value, by Welford's update (1962). */
static inline void habit_add(Habit *habit, float value) {
    habit->count++;
    float delta = value - habit->mean;
    habit->mean += delta / (float)habit->count;
    habit->m2 += delta * (value - habit->mean);
}

/* The habit of both sets of values, by the pairwise formula of Chan, Golub and LeVeque (1979),
 * "Updating Formulae and a Pairwise Algorithm for Computing Sample Variances". A count that would
 * not fit stays at its largest. */
static inline Habit habit_merge(Habit a, Habit b) {
    if (b.count == 0) return a;
    const double count = (double)a.count + (double)b.count;
    const double delta = (double)b.mean - (double)a.mean;
    return (Habit){
        .count = (uint32_t)MIN(count, (double)UINT32_MAX),
        .mean = (float)((double)a.mean + delta * (double)b.count / count),
        .m2 = (float)((double)a.m2 + (double)b.m2 +
                      delta * delta * (double)a.count * (double)b.count / count),
    };
}
