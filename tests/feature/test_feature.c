/* The catalogue's rules, and values worked out by hand for a small story. */
#include "feature/feature.h"
#include "record/category.h"

#include <math.h>

static void test_catalogue(void) {
    g_autoptr(GHashTable) names = g_hash_table_new(g_str_hash, g_str_equal);
    for (size_t i = 0; i < feature_count(); i++) {
        const Feature *f = feature_at(i);
        g_assert_true(g_hash_table_add(names, (gpointer)(uintptr_t)f->name)); /* no name twice */
        g_assert_true(*f->unit && *f->window && *f->meaning);
        g_assert_cmpint(f->own, ==, i < feature_own_count()); /* own ones come first */
        for (const char *c = f->name; *c; c++)
            g_assert_true(g_ascii_islower(*c) || g_ascii_isdigit(*c) || *c == '_');
    }
    g_assert_cmpuint(feature_own_count(), >, 0);
    g_autofree char *one = feature_hash(), *two = feature_hash();
    g_assert_cmpstr(one, ==, two);
    g_assert_cmpuint(strlen(one), ==, 64);
}

static float value_of(const float *row, const char *name) {
    for (size_t i = 0; i < feature_count(); i++)
        if (strcmp(feature_at(i)->name, name) == 0) return row[i];
    g_error("no feature %s", name);
}

static void pay(Graph *graph, const Transaction *t, float suspicion, float *row) {
    CardId card;
    MerchantId merchant;
    graph_locate(graph, t, &card, &merchant);
    graph_advance(graph, t, card, merchant);
    feature_fill_own(t, row);
    feature_fill_rest(graph, t, card, merchant, suspicion, row);
    graph_add(graph, t, card, merchant, suspicion);
}

#define NEAR(name, expected)                                                                       \
    g_assert_cmpfloat_with_epsilon((double)value_of(row, name), (expected),                        \
                                   1e-3 * (expected) + 1e-6)
#define MISSING(name) g_assert_true(isnan(value_of(row, name)))

static void test_story(void) {
    Graph *graph = graph_new();
    float *row = g_new0(float, feature_count());
    /* Monday 2019-06-03 00:00:00 UTC; from Seoul City Hall to Busan City Hall is 325 km. */
    Transaction t = {
        .trans_num = STR("1"),
        .merchant = STR("cafe"),
        .card = 4000,
        .time = 1559520000,
        .amount = 1250,
        .category = 2,
        .is_fraud = LABEL_NONE,
        .gender = 'F',
        .birth = 0, /* 1970-01-01 */
        .city_population = 2499,
        .latitude = 37.5665,
        .longitude = 126.9780,
        .merchant_latitude = 35.1796,
        .merchant_longitude = 129.0756,
    };
    pay(graph, &t, 0.25F, row);
    NEAR("amount", 12.5);
    NEAR("amount_cents", 50);
    NEAR("category", 2);
    NEAR("hour", 0);
    NEAR("weekday", 0);
    g_assert_cmpfloat(fabs((double)value_of(row, "home_distance") - 325), <, 2);
    NEAR("gender_female", 1);
    NEAR("age_band", 1);
    NEAR("town", 0);
    NEAR("card_count_30d", 0);
    NEAR("suspicion", 0.25);
    MISSING("card_since_last");
    MISSING("card_amount_z");
    MISSING("edge_since_last");
    MISSING("card_amount_to_mean_30d");

    t.time += 1800;
    t.amount = 5000;
    t.merchant = STR("shop");
    pay(graph, &t, 0.5F, row);
    NEAR("card_count_1h", 1);
    NEAR("card_sum_1h", 12.5);
    NEAR("card_max_30d", 12.5);
    NEAR("card_since_last", 1800);
    NEAR("card_amount_to_max_30d", 4);
    NEAR("card_suspicion_sum_1h", 0.25);
    NEAR("edge_count", 0);
    NEAR("merchant_count_30d", 0);
    NEAR("card_hour_share", 1);
    NEAR("card_category_share", 1);
    g_assert_cmpfloat((double)value_of(row, "card_last_distance"), <, 0.01); /* kept as floats */

    t.time += 3600 - 1800; /* the first is now an hour old: out of the window of 1 h */
    t.merchant = STR("cafe");
    t.amount = 625;
    t.category = 3;
    pay(graph, &t, 0, row);
    NEAR("card_count_1h", 1);
    NEAR("card_count_6h", 2);
    NEAR("card_sum_6h", 62.5);
    NEAR("card_suspicion_max_6h", 0.5);
    NEAR("card_suspicion_mean_24h", 0.375);
    NEAR("edge_count", 1);
    NEAR("edge_since_last", 3600);
    NEAR("edge_share_of_merchant", 1);
    NEAR("merchant_cards", 1);
    NEAR("merchant_amount_to_mean_30d", 0.5);
    NEAR("card_since_2nd", 3600);
    NEAR("card_category_share", 0);
    MISSING("card_category_since");
    double mean = (log(13.5) + log(51)) / 2, deviation = (log(51) - log(13.5)) / sqrt(2);
    g_assert_cmpfloat_with_epsilon((double)value_of(row, "card_amount_z"),
                                   (log(7.25) - mean) / deviation, 1e-4);

    /* Its day so far: suspicions of 0.25 and 0.5, and it had none before. */
    NEAR("card_day_count", 2);
    NEAR("card_day_suspicion_min", 0.25);
    NEAR("card_day_suspicion_max", 0.5);
    const double usual = log(0.005 / 0.995);
    g_assert_cmpfloat_with_epsilon((double)value_of(row, "card_day_evidence"),
                                   log(0.25 / 0.75) + log(1) - 2 * usual, 2e-3);
    MISSING("card_day_before_evidence");
    MISSING("card_day_before_age");

    /* Another card was at the cafe and is found to be defrauded: this card was exposed there. */
    Transaction other = t;
    other.card = 4001;
    pay(graph, &other, 0, row);
    graph_label(graph,
                &(Label){STR("9"), STR("cafe"), 4001, other.time, other.time + 60, true, false});
    t.time += 120;
    t.merchant = STR("shop");
    pay(graph, &t, 0, row);
    NEAR("exposure_count", 1);
    NEAR("exposure_max", 0.5);
    NEAR("merchant_compromised", 0);
    t.time += 10;
    t.merchant = STR("cafe");
    pay(graph, &t, 0, row);
    NEAR("merchant_compromised", 1);
    NEAR("merchant_compromised_share", 0.5);

    /* Two days later, a second after midnight: 5 on the day before, three of suspicion 0, which
     * count as 6 against fraud. A late one is taken at the card's clock, so today. */
    t.time = 1559520000 + 2 * 86400 + 1;
    pay(graph, &t, 0.125F, row);
    NEAR("card_day_count", 0);
    NEAR("card_day_evidence", 0);
    MISSING("card_day_suspicion_min");
    MISSING("card_day_suspicion_max");
    NEAR("card_day_before_age", 2);
    g_assert_cmpfloat_with_epsilon((double)value_of(row, "card_day_before_evidence"),
                                   log(0.25 / 0.75) + log(1) - 2 * usual - 3 * 6, 2e-3);
    t.time -= 3600;
    pay(graph, &t, 0, row);
    NEAR("card_day_count", 1);
    NEAR("card_day_suspicion_max", 0.125);
    NEAR("card_day_before_age", 2);
    g_free(row);
    graph_free(graph);
}

/* Absent fields are missing values, never numbers. */
static void test_absent(void) {
    Graph *graph = graph_new();
    float *row = g_new0(float, feature_count());
    Transaction t = {.trans_num = STR("1"),
                     .merchant = STR("m"),
                     .card = 1,
                     .time = 1559520000,
                     .category = CATEGORY_OTHER,
                     .birth = INT32_MIN,
                     .city_population = -1,
                     .latitude = NAN,
                     .longitude = NAN,
                     .merchant_latitude = NAN,
                     .merchant_longitude = NAN,
                     .is_fraud = LABEL_NONE};
    for (int i = 0; i < 3; i++) {
        pay(graph, &t, 0, row);
        MISSING("home_distance");
        MISSING("gender_female");
        MISSING("age_band");
        MISSING("town");
        MISSING("card_last_distance");
        MISSING("card_speed");
        for (size_t k = 0; k < feature_count(); k++)
            g_assert_false(isinf(row[k]));
    }
    g_free(row);
    graph_free(graph);
}

int main(int argc, char **argv) {
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/feature/catalogue", test_catalogue);
    g_test_add_func("/feature/story", test_story);
    g_test_add_func("/feature/absent", test_absent);
    return g_test_run();
}
