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

static char *stats(const Meters *meters) {
    GString *out = g_string_new(NULL);
    meters_write_stats(meters, NULL, 0, out);
    return g_string_free(out, FALSE);
}

/* Of Kafka and Neo4j the stats speak where they are in use. */
static void test_stats(void) {
    Meters *meters = meters_new();
    g_autofree char *none = stats(meters);
    g_assert_nonnull(strstr(none, "\"alert_rate\":null,\"cards\""));
    counter_set(&meters->verdicts[VERDICT_APPROVE], 90);
    counter_set(&meters->verdicts[VERDICT_REVIEW], 6);
    counter_set(&meters->verdicts[VERDICT_DECLINE], 4);
    counter_set(&meters->position, 130);
    counter_set(&meters->neo4j_position, 100);
    counter_set(&meters->neo4j_used, 1);
    counter_set(&meters->kafka.partitions, 3);
    counter_set(&meters->kafka.lag, 17);
    meters->has_kafka = true;
    g_autofree char *both = stats(meters);
    g_assert_nonnull(strstr(both, "\"alert_rate\":0.1,\"kafka\":{\"partitions\":3,\"lag\":17},"
                                  "\"neo4j\":{\"up\":false,\"behind\":30},\"cards\""));
    meters_free(meters);
}

int main(int argc, char **argv) {
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/meters/rate", test_rate);
    g_test_add_func("/meters/stats", test_stats);
    return g_test_run();
}
