/* The chosen threshold serves its aim as well as any other would, by trying them all. */
#include "train/threshold.h"

#include <math.h>

enum { ROWS = 250, WORLDS = 60 };

typedef struct World {
    float scores[ROWS], amounts[ROWS];
    uint8_t is_fraud[ROWS];
    ScoredRows rows;
} World;

static void make_world(World *world, uint32_t seed) {
    GRand *random = g_rand_new_with_seed(seed);
    for (size_t i = 0; i < ROWS; i++) {
        world->is_fraud[i] = g_rand_double(random) < 0.15;
        /* Few distinct scores in half the worlds, so that ties matter. */
        world->scores[i] = seed % 2 ? (float)g_rand_int_range(random, 0, 10) / 10
                                    : (float)(g_rand_double(random) * 0.6 +
                                              0.4 * world->is_fraud[i] * g_rand_double(random));
        world->amounts[i] = i % 50 == 7 ? NAN : (float)g_rand_double_range(random, 1, 900);
    }
    world->rows = (ScoredRows){world->scores, world->is_fraud, world->amounts, ROWS, 12.5};
    g_rand_free(random);
}

typedef struct Counted {
    double alerts, hits, frauds, cost;
} Counted;

static Counted count(const World *world, double threshold, double review_cost) {
    Counted c = {0};
    for (size_t i = 0; i < ROWS; i++) {
        const bool alert = (double)world->scores[i] >= threshold;
        c.frauds += world->is_fraud[i];
        c.alerts += alert;
        c.hits += alert && world->is_fraud[i];
        if (alert) c.cost += review_cost;
        if (!alert && world->is_fraud[i] && !isnan(world->amounts[i]))
            c.cost += (double)world->amounts[i];
    }
    return c;
}

static bool allowed(const ThresholdWish *wish, const Counted *c) {
    if (wish->aim == AIM_PRECISION) return c->hits >= wish->precision * c->alerts;
    return wish->aim != AIM_ALERTS || c->alerts <= wish->alerts_per_day * 12.5;
}

static double merit(const ThresholdWish *wish, const Counted *c) {
    if (wish->aim == AIM_F1) return 2 * c->hits / (c->alerts + c->frauds);
    return wish->aim == AIM_COST ? -c->cost : c->hits;
}

static void check_aim(const World *world, const ThresholdWish *wish) {
    const double chosen = threshold_choose(&world->rows, wish);
    const Counted at_chosen = count(world, chosen, wish->review_cost);
    g_assert_true(chosen >= 0 && chosen <= 1);
    g_assert_true(allowed(wish, &at_chosen));
    g_assert_cmpfloat_with_epsilon(threshold_cost(&world->rows, chosen, wish->review_cost),
                                   at_chosen.cost, 1e-6);
    for (size_t i = 0; i < ROWS; i++) {
        const Counted other = count(world, (double)world->scores[i], wish->review_cost);
        if (allowed(wish, &other))
            g_assert_cmpfloat(merit(wish, &other), <=, merit(wish, &at_chosen) + 1e-6);
    }
}

static void test_best_of_all(void) {
    for (uint32_t seed = 1; seed <= WORLDS; seed++) {
        World world;
        make_world(&world, seed);
        const ThresholdWish wishes[] = {
            {.aim = AIM_F1},
            {.aim = AIM_COST, .review_cost = 5},
            {.aim = AIM_COST, .review_cost = 200},
            {.aim = AIM_PRECISION, .precision = 0.3},
            {.aim = AIM_PRECISION, .precision = 0.9},
            {.aim = AIM_ALERTS, .alerts_per_day = 2},
        };
        for (size_t i = 0; i < G_N_ELEMENTS(wishes); i++)
            check_aim(&world, &wishes[i]);
    }
}

/* Where no alert is worth it, none is raised; without a fraud there is nothing to choose by. */
static void test_none_is_best(void) {
    const float scores[] = {0.9F, 0.8F, 0.1F}, amounts[] = {3, 4, 5};
    const uint8_t second[] = {0, 1, 0}, none[] = {0, 0, 0};
    ScoredRows rows = {scores, second, amounts, 3, 1};
    const ThresholdWish cost = {.aim = AIM_COST, .review_cost = 5};
    const ThresholdWish sure = {.aim = AIM_PRECISION, .precision = 1};
    const ThresholdWish few = {.aim = AIM_ALERTS, .alerts_per_day = 0.5};
    g_assert_cmpfloat(threshold_choose(&rows, &cost), >, 0.9);
    g_assert_cmpfloat(threshold_choose(&rows, &sure), >, 0.9);
    g_assert_cmpfloat(threshold_choose(&rows, &few), >, 0.9);
    rows.is_fraud = none;
    g_assert_cmpfloat(threshold_choose(&rows, &cost), ==, 0.5);
    rows.count = 0;
    g_assert_cmpfloat(threshold_choose(&rows, &cost), ==, 0.5);
}

static void test_words(void) {
    ThresholdWish wish = {.review_cost = 7.5};
    static const char *const bad[] = {"",
                                      "F1",
                                      "f1 ",
                                      "precision",
                                      "precision=",
                                      "precision=0",
                                      "precision=1.1",
                                      "precision=nan",
                                      "precision=0.9x",
                                      "alerts=-1",
                                      "alerts=inf",
                                      "alerts=1e99",
                                      "costs"};
    for (size_t i = 0; i < G_N_ELEMENTS(bad); i++)
        g_assert_false(threshold_parse(bad[i], &wish));
    static const char *const good[][2] = {
        {"f1", "best F1"},
        {"cost", "least cost, of a missed fraud its amount, of an alert 7.50"},
        {"precision=0.9", "most frauds at precision 0.9 or more"},
        {"alerts=50", "most frauds at 50 alerts a day or fewer"},
    };
    for (size_t i = 0; i < G_N_ELEMENTS(good); i++) {
        g_assert_true(threshold_parse(good[i][0], &wish));
        g_autofree char *text = threshold_describe(&wish);
        g_assert_cmpstr(text, ==, good[i][1]);
    }
}

int main(int argc, char **argv) {
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/threshold/best_of_all", test_best_of_all);
    g_test_add_func("/threshold/none_is_best", test_none_is_best);
    g_test_add_func("/threshold/words", test_words);
    return g_test_run();
}
