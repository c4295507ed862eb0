/* The published method: what each card holder buys, day after day, and the two days in which a
 * thief does. */
#pragma once

#include "io/generator/calendar.h"
#include "io/generator/row.h"
#include "io/generator/world.h"

/* A habit made ready for drawing. */
typedef struct Sampler {
    const Habit *habit;
    uint32_t *day_ends;                   /* per day of the calendar, sum of weights up to it */
    double category_ends[SPENDING_COUNT]; /* likewise, as shares of 1 */
    double am;                            /* share of the first half of the day */
} Sampler;

/* A card's habits moving, in the course of `length` days from `start`, from its segment's to
 * another's and to another place. */
typedef struct Drift {
    uint32_t card;
    size_t start, length; /* days; length at least 1 */
    const Segment *towards;
    int32_t latitude, longitude; /* of the move, millionths of a degree */
} Drift;

typedef struct Simulation {
    const World *world;
    const Calendar *calendar;
    uint64_t seed;
    Sampler own[SEGMENT_COUNT], fraud[SEGMENT_COUNT];
} Simulation;

/* Both are borrowed and must outlive the simulation. simulation_clear frees what init allocated. */
void simulation_init(Simulation *simulation, const World *world, const Calendar *calendar,
                     uint64_t seed);
void simulation_clear(Simulation *simulation);

/* The most rows that simulate_card can add for any drift. */
size_t simulate_card_limit(const Simulation *simulation, uint32_t card);

/* Adds a card's transactions, its own and the thief's. `drift` may be NULL. `rows` must have room
 * for simulate_card_limit() more. */
void simulate_card(const Simulation *simulation, uint32_t card, const Drift *drift, RowList *rows);

/* What one purchase is made of. */
typedef struct Purchase {
    uint32_t card;
    size_t day;
    uint32_t second; /* of the day */
    int category;
    int merchant; /* index into the world's merchants */
    uint32_t amount;
    Scenario scenario;
} Purchase;

/* A purchase on `day` in `category` as the card's holder would make it: the half of the day that
 * goes with the category, the amount of the habit, any merchant of the category. The category must
 * have a weight in the holder's habit. */
Purchase draw_habitual(const Simulation *simulation, Random *random, uint32_t card, size_t day,
                       int category, Scenario scenario);

/* Adds a purchase, at a place within one degree of the card holder's home. */
void add_purchase(const Simulation *simulation, Random *random, const Purchase *purchase,
                  RowList *rows);
