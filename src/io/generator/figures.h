/* The figures of the published simulation method: who spends how often, when, on what and how much.
 * A card holder belongs to the first segment that fits, and has two habits: their own, and the
 * thief's who gets hold of the card. */
#pragma once

#include "record/category.h"
#include <limits.h>

enum {
    SEGMENT_COUNT = 13,
    SPENDING_COUNT = CATEGORY_OTHER, /* every named category */
    FIGURE_MAX = INT_MAX,            /* "no upper bound" */
};

/* The categories by name, in the order of record/category.c. */
enum {
    GAS_TRANSPORT,
    GROCERY_NET,
    GROCERY_POS,
    MISC_NET,
    MISC_POS,
    SHOPPING_NET,
    SHOPPING_POS,
    ENTERTAINMENT,
    FOOD_DINING,
    HEALTH_FITNESS,
    HOME,
    KIDS_PETS,
    PERSONAL_CARE,
    TRAVEL,
};
_Static_assert(TRAVEL + 1 == SPENDING_COUNT, "the figures know every named category");

typedef struct Spending {
    int weight;
    int mean, deviation; /* of the amount, in whole units of money, before anything is redrawn */
} Spending;

typedef struct Habit {
    int rate_min, rate_max; /* transactions per day: one rate is drawn per card, both included */
    int am, pm;             /* weights of the halves of the day */
    int weekday[7];         /* weights, Monday first */
    Spending spending[SPENDING_COUNT];
} Habit;

typedef struct Segment {
    const char *name;
    char gender;                        /* 'F', 'M', or 0 for either */
    int age_min, age_max;               /* years, lower bound included, upper excluded */
    int population_min, population_max; /* of the home town, likewise */
    Habit own, fraud;
} Segment;

extern const Segment segments[SEGMENT_COUNT];
