/* The rate that the service shows of itself. */
#include "serve/meters.h"

/* Under an even load it is that load, from the first second on; after it, none. */
static void test_rate(void) {
    Meters *meters = meters_new();
    for (int second = 1; second <= 30; second++) {
        counter_add(&meters->folded, 400);
        meters_tick(meters);
        g_assert_cmpuint(counter_get(&meters->rate_per_second), ==, 400);
    }
    for (int second = 1; second <= 8; second++)
        meters_tick(meters);
    g_assert_cmpuint(counter_get(&meters->rate_per_second), ==, 0);
    meters_free(meters);
}

int main(int argc, char **argv) {
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/meters/rate", test_rate);
    return g_test_run();
}
