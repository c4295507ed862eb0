#include "io/generator/scenarios.h"

enum {
    CAMPAIGN_DAYS_MAX = 45,
    VICTIMS_MAX = 30,
    VICTIM_FRAUDS_MIN = 2,
    VICTIM_FRAUDS_MAX = 4,
    CASH_OUT_MERCHANTS = 4,
    RING_CARDS_MIN = 4,
    RING_CARDS_MAX = 6,
    RING_MERCHANTS = 3,
    TESTED_CARDS_MAX = 8,
    TESTS_MIN = 5,
    TESTS_MAX = 9,
    DRIFT_DAYS_MAX = 150,
    DRIFT_DISTANCE = 2000000, /* millionths of a degree */
};

struct ScenarioPlan {
    const Simulation *simulation;
    Random random;
    uint32_t *cast; /* cards that buy at all, shuffled; each plays in one scenario */
    size_t cast_count, cast_used;
    size_t campaign_days;
    int breaches, rings, testings;
    Drift *drifts;
    size_t drift_count;
    GHashTable *drift_of; /* card + 1 as a pointer, to its Drift */
};

/* The cast. */

/* The next `wanted` cards, or what is left of them. */
static size_t cast_take(ScenarioPlan *plan, size_t wanted, const uint32_t **cards) {
    const size_t count = MIN(wanted, plan->cast_count - plan->cast_used);
    *cards = plan->cast + plan->cast_used;
    plan->cast_used += count;
    return count;
}

static void cast_init(ScenarioPlan *plan) {
    const World *world = plan->simulation->world;
    plan->cast = g_new(uint32_t, world->card_count);
    for (uint32_t i = 0; i < world->card_count; i++)
        if (world->cards[i].rate > 0) plan->cast[plan->cast_count++] = i;
    for (size_t i = plan->cast_count; i > 1; i--) { /* Fisher and Yates */
        const size_t j = random_below(&plan->random, (uint32_t)i);
        const uint32_t card = plan->cast[i - 1];
        plan->cast[i - 1] = plan->cast[j];
        plan->cast[j] = card;
    }
}

/* Drift. */

static void draw_drift(ScenarioPlan *plan, Drift *drift, uint32_t card) {
    Random *random = &plan->random;
    const Segment *from = plan->simulation->world->cards[card].segment;
    const size_t days = plan->simulation->calendar->count;
    drift->card = card;
    drift->length = MIN((size_t)DRIFT_DAYS_MAX, days / 3);
    drift->start = random_below(random, (uint32_t)(days - drift->length));
    do
        drift->towards = &segments[random_below(random, SEGMENT_COUNT)];
    while (drift->towards == from);
    drift->latitude = random_between(random, -DRIFT_DISTANCE, DRIFT_DISTANCE);
    drift->longitude = random_between(random, -DRIFT_DISTANCE, DRIFT_DISTANCE);
}

static void draw_drifts(ScenarioPlan *plan) {
    const uint32_t *cards;
    plan->drift_count = cast_take(plan, MAX(1, plan->simulation->world->card_count / 33), &cards);
    plan->drifts = g_new(Drift, plan->drift_count);
    plan->drift_of = g_hash_table_new(NULL, NULL);
    for (size_t i = 0; i < plan->drift_count; i++) {
        draw_drift(plan, &plan->drifts[i], cards[i]);
        g_hash_table_insert(plan->drift_of, GUINT_TO_POINTER(cards[i] + 1), &plan->drifts[i]);
    }
}

const Drift *scenario_plan_drift(const ScenarioPlan *plan, uint32_t card) {
    return g_hash_table_lookup(plan->drift_of, GUINT_TO_POINTER(card + 1));
}

/* Campaigns. */

/* First day of campaign `index` of `count`: spread over the time, so that the test days have
 * their part. */
static size_t campaign_start(ScenarioPlan *plan, int index, int count) {
    const double spread = 0.25 * (random_uniform(&plan->random) - 0.5);
    const size_t starts = plan->simulation->calendar->count - plan->campaign_days;
    return (size_t)((index + 0.5 + spread) / count * (double)starts);
}

/* Never a category's first merchant, whose name another category may share. */
static int draw_merchant_of(Random *random, const uint8_t *categories, size_t count) {
    const int category = categories[random_below(random, (uint32_t)count)];
    return category * MERCHANTS_PER_CATEGORY +
           random_between(random, 1, MERCHANTS_PER_CATEGORY - 1);
}

static void add_habitual(ScenarioPlan *plan, uint32_t card, size_t day, int merchant,
                         Scenario scenario, RowList *rows) {
    const int category = merchant / MERCHANTS_PER_CATEGORY;
    Purchase purchase =
        draw_habitual(plan->simulation, &plan->random, card, day, category, scenario);
    if (scenario_is_fraud(scenario)) {
        const Purchase other =
            draw_habitual(plan->simulation, &plan->random, card, day, category, scenario);
        purchase.amount = MAX(purchase.amount, other.amount);
    }
    purchase.merchant = merchant;
    add_purchase(plan->simulation, &plan->random, &purchase, rows);
}

static const uint8_t shop_categories[] = {GAS_TRANSPORT, GROCERY_POS, MISC_POS, SHOPPING_POS,
                                          FOOD_DINING};
static const uint8_t cash_out_categories[] = {GROCERY_NET, MISC_NET, SHOPPING_NET, ENTERTAINMENT};
static const uint8_t ring_categories[] = {MISC_NET, MISC_POS, SHOPPING_NET, PERSONAL_CARE};
static const uint8_t test_categories[] = {GROCERY_NET, MISC_NET};
static const uint8_t prize_categories[] = {SHOPPING_NET, SHOPPING_POS};

static void defraud_victim(ScenarioPlan *plan, uint32_t card, size_t start, const int *cash_outs,
                           RowList *rows) {
    Random *random = &plan->random;
    const size_t visit_days = plan->campaign_days / 5;
    const size_t later = plan->campaign_days - visit_days - 2;
    const size_t first = start + visit_days + random_below(random, (uint32_t)later);
    for (int left = random_between(random, VICTIM_FRAUDS_MIN, VICTIM_FRAUDS_MAX); left > 0;
         left--) {
        const size_t day = first + random_below(random, 3);
        const int merchant = cash_outs[random_below(random, CASH_OUT_MERCHANTS)];
        add_habitual(plan, card, day, merchant, SCENARIO_COMPROMISED, rows);
    }
}

static void add_breach(ScenarioPlan *plan, int index, RowList *rows) {
    Random *random = &plan->random;
    const size_t start = campaign_start(plan, index, plan->breaches);
    const int copying = draw_merchant_of(random, shop_categories, G_N_ELEMENTS(shop_categories));
    int cash_outs[CASH_OUT_MERCHANTS];
    for (int i = 0; i < CASH_OUT_MERCHANTS; i++)
        cash_outs[i] =
            draw_merchant_of(random, cash_out_categories, G_N_ELEMENTS(cash_out_categories));
    const uint32_t *cards;
    const size_t wanted = MIN((size_t)VICTIMS_MAX, plan->simulation->world->card_count / 10);
    const size_t count = cast_take(plan, wanted, &cards);
    for (size_t i = 0; i < count; i++) {
        const size_t visit = random_below(random, (uint32_t)(plan->campaign_days / 5));
        add_habitual(plan, cards[i], start + visit, copying, SCENARIO_COMPROMISED_VISIT, rows);
        defraud_victim(plan, cards[i], start, cash_outs, rows);
    }
}

static void add_ring(ScenarioPlan *plan, int index, RowList *rows) {
    Random *random = &plan->random;
    const size_t start = campaign_start(plan, index, plan->rings);
    int merchants[RING_MERCHANTS];
    for (int i = 0; i < RING_MERCHANTS; i++)
        merchants[i] = draw_merchant_of(random, ring_categories, G_N_ELEMENTS(ring_categories));
    const uint32_t *cards;
    const size_t wanted = (size_t)random_between(random, RING_CARDS_MIN, RING_CARDS_MAX);
    const size_t count = cast_take(plan, wanted, &cards);
    for (size_t day = start; day < start + plan->campaign_days; day++) {
        for (size_t i = 0; i < count; i++) {
            if (random_below(random, 2)) continue;
            const int merchant = merchants[random_below(random, RING_MERCHANTS)];
            add_habitual(plan, cards[i], day, merchant, SCENARIO_RING, rows);
        }
    }
}

static void test_card(ScenarioPlan *plan, uint32_t card, size_t day, int merchant, RowList *rows) {
    Random *random = &plan->random;
    Purchase purchase = {
        .card = card, .day = day, .merchant = merchant, .scenario = SCENARIO_CARD_TESTING};
    /* Three hours before midnight at the latest: the run and its prize take less. */
    purchase.second = random_below(random, DAY_SECONDS - 3 * 3600);
    for (int left = random_between(random, TESTS_MIN, TESTS_MAX); left > 0; left--) {
        purchase.amount = (uint32_t)random_between(random, 100, 350);
        add_purchase(plan->simulation, random, &purchase, rows);
        purchase.second += (uint32_t)random_between(random, 40, 300);
    }
    purchase.second += (uint32_t)random_between(random, 1200, 7200);
    purchase.merchant = draw_merchant_of(random, prize_categories, G_N_ELEMENTS(prize_categories));
    purchase.amount = (uint32_t)random_between(random, 30000, 90000);
    add_purchase(plan->simulation, random, &purchase, rows);
}

static void add_testing(ScenarioPlan *plan, int index, RowList *rows) {
    Random *random = &plan->random;
    const size_t start = campaign_start(plan, index, plan->testings);
    const int merchant = draw_merchant_of(random, test_categories, G_N_ELEMENTS(test_categories));
    const uint32_t *cards;
    const size_t wanted = MIN((size_t)TESTED_CARDS_MAX, plan->simulation->world->card_count / 12);
    const size_t count = cast_take(plan, wanted, &cards);
    for (size_t i = 0; i < count; i++) {
        const size_t day = start + random_below(random, (uint32_t)plan->campaign_days);
        test_card(plan, cards[i], day, merchant, rows);
    }
}

/* The plan. */

ScenarioPlan *scenario_plan_new(const Simulation *simulation) {
    const size_t cards = simulation->world->card_count, days = simulation->calendar->count;
    g_assert(cards >= SCENARIO_CARDS_MIN && days + 1 >= SCENARIO_DAYS_MIN);
    ScenarioPlan *plan = g_new0(ScenarioPlan, 1);
    plan->simulation = simulation;
    plan->campaign_days = MIN((size_t)CAMPAIGN_DAYS_MAX, days / 4);
    plan->breaches = (int)MAX(3, cards / 250);
    plan->rings = (int)MAX(2, cards / 500);
    plan->testings = (int)MAX(3, cards / 250);
    random_init(&plan->random, simulation->seed, STREAM_SCENARIOS);
    cast_init(plan);
    draw_drifts(plan);
    return plan;
}

void scenario_plan_free(ScenarioPlan *plan) {
    if (!plan) return;
    g_hash_table_destroy(plan->drift_of);
    g_free(plan->drifts);
    g_free(plan->cast);
    g_free(plan);
}

size_t scenario_plan_limit(const ScenarioPlan *plan) {
    return (size_t)plan->breaches * VICTIMS_MAX * (1 + VICTIM_FRAUDS_MAX) +
           (size_t)plan->rings * RING_CARDS_MAX * plan->campaign_days +
           (size_t)plan->testings * TESTED_CARDS_MAX * (TESTS_MAX + 1);
}

void scenario_plan_add(ScenarioPlan *plan, RowList *rows) {
    for (int i = 0; i < plan->breaches; i++)
        add_breach(plan, i, rows);
    for (int i = 0; i < plan->rings; i++)
        add_ring(plan, i, rows);
    for (int i = 0; i < plan->testings; i++)
        add_testing(plan, i, rows);
}
