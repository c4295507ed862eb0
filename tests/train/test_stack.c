/* Stacking finds the weights that made the labels, calibrates, and is finite whatever it is given.
 */
#include "train/stack.h"

#include <math.h>

enum { ROWS = 40000, MEMBERS = 3 };

typedef struct World {
    float *margins;
    uint8_t *is_fraud;
} World;

/* Labels drawn from the log-odds weights . margins + bias; the members' margins are correlated. */
static World make_world(uint32_t seed, const double *weights, double bias) {
    GRand *random = g_rand_new_with_seed(seed);
    World world = {g_new(float, ROWS *MEMBERS), g_new(uint8_t, ROWS)};
    for (size_t row = 0; row < ROWS; row++) {
        const double common = g_rand_double_range(random, -4, 4);
        double z = bias;
        for (size_t m = 0; m < MEMBERS; m++) {
            const double margin = common + g_rand_double_range(random, -2, 2);
            world.margins[row * MEMBERS + m] = (float)margin;
            z += weights[m] * margin;
        }
        world.is_fraud[row] = g_rand_double(random) < 1 / (1 + exp(-z));
    }
    g_rand_free(random);
    return world;
}

static void free_world(World *world) {
    g_free(world->margins);
    g_free(world->is_fraud);
}

static double probability(const Stack *stack, const float *margins) {
    double z = stack->bias;
    for (size_t m = 0; m < MEMBERS; m++)
        z += stack->weights[m] * (double)margins[m];
    return 1 / (1 + exp(-z));
}

static void test_weights_are_found(void) {
    const double weights[MEMBERS] = {0.9, 0.2, 0.5};
    for (uint32_t seed = 1; seed <= 5; seed++) {
        World world = make_world(seed, weights, -1.5);
        const Stack stack = stack_fit(world.margins, world.is_fraud, ROWS, MEMBERS);
        for (size_t m = 0; m < MEMBERS; m++)
            g_assert_cmpfloat_with_epsilon(stack.weights[m], weights[m], 0.08);
        g_assert_cmpfloat_with_epsilon(stack.bias, -1.5, 0.1);
        free_world(&world);
    }
}

/* The mean of the probabilities is the share of frauds, and so is it among the likeliest. */
static void test_calibrated(void) {
    const double weights[MEMBERS] = {0.3, 0.3, 0.1};
    World world = make_world(9, weights, -2);
    const Stack stack = stack_fit(world.margins, world.is_fraud, ROWS, MEMBERS);
    double expected = 0, frauds = 0, high_expected = 0, high_frauds = 0;
    for (size_t row = 0; row < ROWS; row++) {
        const double p = probability(&stack, world.margins + row * MEMBERS);
        expected += p;
        frauds += world.is_fraud[row];
        if (p < 0.3) continue;
        high_expected += p;
        high_frauds += world.is_fraud[row];
    }
    g_assert_cmpfloat_with_epsilon(expected / frauds, 1, 0.001);
    g_assert_cmpfloat(high_frauds, >, 500);
    g_assert_cmpfloat_with_epsilon(high_expected / high_frauds, 1, 0.06);
    free_world(&world);
}

static void test_harmful_member_is_left_out(void) {
    const double weights[MEMBERS] = {0.8, -0.6, 0.5};
    World world = make_world(3, weights, -1);
    const Stack stack = stack_fit(world.margins, world.is_fraud, ROWS, MEMBERS);
    g_assert_cmpfloat(stack.weights[1], ==, 0);
    g_assert_cmpfloat(stack.weights[0], >, 0);
    g_assert_cmpfloat(stack.weights[2], >, 0);
    free_world(&world);
}

static void test_nothing_to_learn_is_the_average(void) {
    const float margins[4 * MEMBERS] = {1, 2, 3, -1, 0, 2, 5, 5, 5, -9, 1, 0};
    for (int label = 0; label <= 1; label++) {
        const uint8_t labels[4] = {(uint8_t)label, (uint8_t)label, (uint8_t)label, (uint8_t)label};
        const Stack stack = stack_fit(margins, labels, 4, MEMBERS);
        for (size_t m = 0; m < MEMBERS; m++)
            g_assert_cmpfloat_with_epsilon(stack.weights[m], 1.0 / MEMBERS, 1e-12);
        g_assert_cmpfloat(stack.bias, ==, 0);
    }
    const uint8_t none[1] = {0};
    g_assert_cmpfloat(stack_fit(margins, none, 0, 1).weights[0], ==, 1);
}

/* Frauds and others that can be told apart for sure, huge margins, members that are the same. */
static void test_stays_finite(void) {
    float margins[200 * MEMBERS];
    uint8_t labels[200];
    for (size_t row = 0; row < 200; row++) {
        labels[row] = row % 3 == 0;
        for (size_t m = 0; m < MEMBERS; m++)
            margins[row * MEMBERS + m] = labels[row] ? 80 : -80;
    }
    const Stack stack = stack_fit(margins, labels, 200, MEMBERS);
    g_assert_true(isfinite(stack.bias));
    for (size_t m = 0; m < MEMBERS; m++) {
        g_assert_true(isfinite(stack.weights[m]) && stack.weights[m] > 0);
        g_assert_cmpfloat_with_epsilon(stack.weights[m], stack.weights[0], 1e-6);
    }
}

int main(int argc, char **argv) {
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/stack/weights_are_found", test_weights_are_found);
    g_test_add_func("/stack/calibrated", test_calibrated);
    g_test_add_func("/stack/harmful_member_is_left_out", test_harmful_member_is_left_out);
    g_test_add_func("/stack/nothing_to_learn_is_the_average", test_nothing_to_learn_is_the_average);
    g_test_add_func("/stack/stays_finite", test_stays_finite);
    return g_test_run();
}
