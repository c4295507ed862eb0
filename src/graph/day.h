/* What a card did since midnight (UTC, on the card's clock), and on its active day before. A
 * sliding window of 24 h mixes two days; a thief's day, though, is seldom also the owner's, so what
 * has been paid today says much of what comes next.
 *
 * A day's evidence is the sum of the log-odds of its transactions' suspicions over the usual odds:
 * what a naive Bayes classifier adds up to tell a day of fraud from the owner's. It is summed in
 * whole steps, so that it is exact. */
#pragma once

#include <glib.h>
#include <math.h>
#include <stdint.h>

#include "graph/graph.h"

enum { DAY_SECONDS = 86400, EVIDENCE_ONE = 1024 };

/* A usual prevalence of fraud, and the most that one transaction says, as a natural logarithm: a
 * first stage is never so sure that one transaction should outweigh all the others. */
#define EVIDENCE_USUAL_ODDS (0.005F / 0.995F)
#define EVIDENCE_MOST       6.0F

typedef struct DayTally {
    int64_t evidence;                      /* steps of 1 / EVIDENCE_ONE */
    uint32_t day;                          /* days since the epoch */
    uint32_t count;                        /* of transactions; 0 is no day at all */
    uint32_t suspicion_min, suspicion_max; /* steps of 1 / SUSPICION_ONE */
} DayTally;

/* The card's last two days on which it paid, the latest first. */
typedef struct ActiveDays {
    DayTally last, before;
} ActiveDays;

/* One transaction's evidence in steps, of its suspicion in steps. */
static inline int64_t evidence_of(uint32_t suspicion) {
    const float for_fraud = (float)suspicion, against = (float)(SUSPICION_ONE - suspicion);
    const float odds = (for_fraud + 0.5F) / (against + 0.5F);
    const float evidence = logf(odds / EVIDENCE_USUAL_ODDS);
    return lrintf(CLAMP(evidence, -EVIDENCE_MOST, EVIDENCE_MOST) * EVIDENCE_ONE);
}

/* Adds a transaction at `time` on the card's clock, which never runs backwards. */
static inline void active_days_add(ActiveDays *days, uint32_t time, uint32_t suspicion) {
    const uint32_t day = time / DAY_SECONDS;
    if (days->last.count == 0 || days->last.day != day) {
        days->before = days->last;
        days->last = (DayTally){.day = day, .suspicion_min = suspicion, .suspicion_max = suspicion};
    }
    DayTally *today = &days->last;
    today->count++;
    today->evidence += evidence_of(suspicion);
    today->suspicion_min = MIN(today->suspicion_min, suspicion);
    today->suspicion_max = MAX(today->suspicion_max, suspicion);
}

/* Whether some transactions up to `time` could have made them. */
static inline bool active_days_hold(const ActiveDays *days, uint32_t time) {
    const DayTally *both[] = {&days->last, &days->before};
    for (size_t i = 0; i < G_N_ELEMENTS(both); i++) {
        const int64_t most = (int64_t)both[i]->count * (int64_t)(EVIDENCE_MOST * EVIDENCE_ONE);
        if (both[i]->evidence < -most || both[i]->evidence > most ||
            both[i]->suspicion_min > both[i]->suspicion_max ||
            both[i]->suspicion_max > SUSPICION_ONE)
            return false;
    }
    if (days->last.count == 0) return days->before.count == 0;
    return days->last.day <= time / DAY_SECONDS &&
           (days->before.count == 0 || days->before.day < days->last.day);
}

/* The day of `time`; count 0 where the card has not paid on it. */
static inline DayTally active_days_today(const ActiveDays *days, uint32_t time) {
    const uint32_t day = time / DAY_SECONDS;
    return days->last.day == day ? days->last : (DayTally){.day = day};
}

/* The last active day before that of `time`; count 0 where there is none. */
static inline DayTally active_days_before(const ActiveDays *days, uint32_t time) {
    return days->last.day == time / DAY_SECONDS ? days->before : days->last;
}
