#include "io/generator/simulate.h"

#include <math.h>

enum {
    FRAUD_SHARE = 98, /* per cent of the cards */
    FRAUD_DAYS = 2,
    FRAUD_MARGIN = 7,         /* the fraud ends at least so many days before the last, given room */
    NIGHT_SHARE = 80,         /* per cent of a thief's half days that fall in its dead hours */
    POSITION_RANGE = 1000000, /* millionths of a degree */
};

/* Ready-made habits. */

static void sampler_init(Sampler *sampler, const Habit *habit, const Calendar *calendar) {
    sampler->habit = habit;
    sampler->am = (double)habit->am / (habit->am + habit->pm);
    sampler->day_ends = g_new(uint32_t, calendar->count);
    uint32_t sum = 0; /* under 2^32 for 85,000 days at the highest weights */
    for (size_t i = 0; i < calendar->count; i++) {
        const Day *day = &calendar->days[i];
        sum += (uint32_t)habit->weekday[day->weekday] * day->season;
        sampler->day_ends[i] = sum;
    }
    int total = 0, part = 0;
    for (int c = 0; c < SPENDING_COUNT; c++)
        total += habit->spending[c].weight;
    for (int c = 0; c < SPENDING_COUNT; c++) {
        part += habit->spending[c].weight;
        sampler->category_ends[c] = (double)part / total;
    }
}

void simulation_init(Simulation *simulation, const World *world, const Calendar *calendar,
                     uint64_t seed) {
    *simulation = (Simulation){.world = world, .calendar = calendar, .seed = seed};
    for (int s = 0; s < SEGMENT_COUNT; s++) {
        sampler_init(&simulation->own[s], &segments[s].own, calendar);
        sampler_init(&simulation->fraud[s], &segments[s].fraud, calendar);
    }
}

void simulation_clear(Simulation *simulation) {
    for (int s = 0; s < SEGMENT_COUNT; s++) {
        g_free(simulation->own[s].day_ends);
        g_free(simulation->fraud[s].day_ends);
    }
}

/* Draws. */

/* One of the days [first, first + count), by their weights. */
static size_t draw_day(const Sampler *sampler, Random *random, size_t first, size_t count) {
    const uint32_t *ends = sampler->day_ends;
    const uint32_t before = first > 0 ? ends[first - 1] : 0;
    const uint32_t at = before + random_below(random, ends[first + count - 1] - before);
    while (count > 1) { /* the first day that ends after `at` */
        const size_t half = count / 2;
        if (ends[first + half - 1] <= at)
            first += half, count -= half;
        else
            count = half;
    }
    return first;
}

static int find_category(const Sampler *sampler, double share) {
    int category = 0;
    while (category < SPENDING_COUNT - 1 && sampler->category_ends[category] <= share)
        category++;
    return category;
}

/* Gamma distributed, below 1.00 redrawn between 1 and 10. In cents, times `factor`. */
static uint32_t draw_amount(Random *random, const Spending *spending, double factor) {
    const double ratio = (double)spending->mean / spending->deviation;
    const double scale = spending->deviation / ratio;
    double amount = random_gamma(random, ratio * ratio) * scale;
    if (amount < 1) amount = 1 + 9 * random_uniform(random);
    return (uint32_t)(amount * factor * 100 + 0.5);
}

static int draw_merchant(Random *random, int category) {
    return category * MERCHANTS_PER_CATEGORY + (int)random_below(random, MERCHANTS_PER_CATEGORY);
}

/* Card holders buy at any time of the half; thieves mostly from midnight to four and from ten. */
static uint32_t draw_second(Random *random, bool am, bool thief) {
    const bool night = thief && random_below(random, 100) < NIGHT_SHARE;
    const uint32_t hour = 3600;
    if (!night) return (am ? 0 : 12 * hour) + random_below(random, 12 * hour);
    return am ? random_below(random, 4 * hour) : 22 * hour + random_below(random, 2 * hour);
}

static int32_t draw_offset(Random *random) {
    return random_between(random, -POSITION_RANGE, POSITION_RANGE);
}

static void add_row(const Simulation *simulation, Random *random, const Purchase *purchase,
                    int32_t latitude, int32_t longitude, RowList *rows) {
    const Day *day = &simulation->calendar->days[purchase->day];
    Row row = {
        .shown = day->shown + purchase->second,
        .simulated = day->simulated + purchase->second,
        .card = purchase->card,
        .amount = purchase->amount,
        .merchant = (uint16_t)purchase->merchant,
        .scenario = (uint8_t)purchase->scenario,
    };
    row.latitude = latitude + draw_offset(random);
    row.longitude = longitude + draw_offset(random);
    row_list_add(rows, row);
}

void add_purchase(const Simulation *simulation, Random *random, const Purchase *purchase,
                  RowList *rows) {
    const Card *card = &simulation->world->cards[purchase->card];
    add_row(simulation, random, purchase, card->latitude, card->longitude, rows);
}

/* A transaction of a habit: one random number picks both the category and the half of the day. */
static Purchase draw_purchase(const Sampler *sampler, Random *random, uint32_t card, size_t day,
                              Scenario scenario) {
    const double share = random_uniform(random);
    Purchase purchase = {.card = card, .day = day, .scenario = scenario};
    purchase.category = find_category(sampler, share);
    purchase.second = draw_second(random, share < sampler->am, scenario == SCENARIO_STOLEN_CARD);
    purchase.merchant = draw_merchant(random, purchase.category);
    const Spending *spending = &sampler->habit->spending[purchase.category];
    purchase.amount = draw_amount(random, spending, 1);
    return purchase;
}

static const Sampler *own_sampler(const Simulation *simulation, uint32_t card) {
    return &simulation->own[simulation->world->cards[card].segment - segments];
}

Purchase draw_habitual(const Simulation *simulation, Random *random, uint32_t card, size_t day,
                       int category, Scenario scenario) {
    const Sampler *sampler = own_sampler(simulation, card);
    const Spending *spending = &sampler->habit->spending[category];
    g_assert(spending->weight > 0);
    const double low = category > 0 ? sampler->category_ends[category - 1] : 0;
    const double high = sampler->category_ends[category];
    const bool am = low + (high - low) * random_uniform(random) < sampler->am;
    Purchase purchase = {.card = card, .day = day, .category = category, .scenario = scenario};
    purchase.second = draw_second(random, am, false);
    purchase.merchant = draw_merchant(random, category);
    purchase.amount = draw_amount(random, spending, 1);
    return purchase;
}

/* A card's whole time. */

/* The method takes the length of a period as the difference of its last and first date, so `days`
 * days hold one day less of transactions. */
static size_t transactions_in(size_t days, int rate) {
    return (days > 1 ? days - 1 : 1) * (size_t)rate;
}

/* A bit per day of the window, from `first` on, set where the thief was at work. */
typedef struct FraudWindow {
    size_t first;
    unsigned used;
} FraudWindow;

static FraudWindow simulate_thief(const Simulation *simulation, Random *random, uint32_t card,
                                  RowList *rows) {
    FraudWindow window = {0};
    if ((int)random_below(random, 100) >= FRAUD_SHARE) return window;
    const Segment *segment = simulation->world->cards[card].segment;
    const Sampler *sampler = &simulation->fraud[segment - segments];
    const size_t days = simulation->calendar->count;
    const size_t length = MIN(days, (size_t)FRAUD_DAYS);
    const size_t starts =
        days > FRAUD_MARGIN + length ? days - FRAUD_MARGIN - 1 : days - length + 1;
    window.first = random_below(random, (uint32_t)starts);
    const int rate = random_between(random, sampler->habit->rate_min, sampler->habit->rate_max);
    for (size_t left = transactions_in(length, rate); left > 0; left--) {
        const size_t day = draw_day(sampler, random, window.first, length);
        const Purchase purchase = draw_purchase(sampler, random, card, day, SCENARIO_STOLEN_CARD);
        add_purchase(simulation, random, &purchase, rows);
        window.used |= 1u << (day - window.first);
    }
    return window;
}

static bool in_window(const FraudWindow *window, size_t day) {
    const size_t at = day - window->first; /* huge before the window */
    return at < FRAUD_DAYS && (window->used >> at & 1);
}

/* How far the drift has come on `day`, 0 to 1. */
static double drift_progress(const Drift *drift, size_t day) {
    if (!drift || day < drift->start) return 0;
    return MIN(1.0, (double)(day - drift->start + 1) / (double)drift->length);
}

/* Adds, instead of the transaction, one of the new habits, with a chance that grows with the
 * progress. */
static bool drift_away(const Simulation *simulation, const Drift *drift, Random *random,
                       const Purchase *purchase, RowList *rows) {
    const double progress = drift_progress(drift, purchase->day);
    if (progress == 0 || random_uniform(random) >= progress) return false;
    const Card *card = &simulation->world->cards[purchase->card];
    const Purchase changed = draw_purchase(&simulation->own[drift->towards - segments], random,
                                           purchase->card, purchase->day, SCENARIO_SLOW_DRIFT);
    add_row(simulation, random, &changed, card->latitude + (int32_t)(progress * drift->latitude),
            card->longitude + (int32_t)(progress * drift->longitude), rows);
    return true;
}

size_t simulate_card_limit(const Simulation *simulation, uint32_t card) {
    const Card *c = &simulation->world->cards[card];
    return transactions_in(simulation->calendar->count, c->rate) +
           transactions_in(FRAUD_DAYS, c->segment->fraud.rate_max);
}

void simulate_card(const Simulation *simulation, uint32_t card, const Drift *drift, RowList *rows) {
    Random random;
    random_init(&random, simulation->seed, STREAM_CARDS + card);
    const FraudWindow window = simulate_thief(simulation, &random, card, rows);
    const Sampler *sampler = own_sampler(simulation, card);
    const size_t days = simulation->calendar->count;
    for (size_t left = transactions_in(days, simulation->world->cards[card].rate); left > 0;
         left--) {
        const size_t day = draw_day(sampler, &random, 0, days);
        if (in_window(&window, day)) continue;
        const Purchase purchase = draw_purchase(sampler, &random, card, day, SCENARIO_NONE);
        if (drift && drift_away(simulation, drift, &random, &purchase, rows)) continue;
        add_purchase(simulation, &random, &purchase, rows);
    }
}
