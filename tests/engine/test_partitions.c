/* Several engines that tell each other of merchants, against one that sees everything. */
#include "engine/engine.h"
#include "record/category.h"

#include <glib/gstdio.h>
#include <math.h>

enum { PARTITIONS = 4, MERCHANTS = 5, CARDS_EACH = 6, ROUNDS = 60, STEPS = 2000 };

static char names[MERCHANTS][16];

typedef struct Group {
    Engine *engines[PARTITIONS];
} Group;

static Group group_new(void) {
    Group group;
    for (int p = 0; p < PARTITIONS; p++)
        group.engines[p] = engine_new(NULL);
    return group;
}

static void group_free(Group *group) {
    for (int p = 0; p < PARTITIONS; p++)
        engine_free(group->engines[p]);
}

static Engine *engine_of(const Group *group, uint64_t card) {
    return group->engines[card_partition(card, PARTITIONS)];
}

/* Everyone tells everyone what is new, through the published form. */
static void exchange(const Group *group) {
    for (unsigned p = 0; p < PARTITIONS; p++) {
        const Graph *graph = engine_graph(group->engines[p]);
        MerchantId id;
        while (engine_take_touched(group->engines[p], &id, 1) == 1) {
            uint8_t bytes[MERCHANT_PARTIAL_LEN];
            MerchantPartial own, told;
            graph_merchant_partial(graph, id, &own);
            merchant_partial_encode(&own, bytes);
            g_assert_null(merchant_partial_decode((Str){(char *)bytes, sizeof bytes}, &told));
            for (unsigned q = 0; q < PARTITIONS; q++)
                if (q != p)
                    engine_apply_partial(group->engines[q], graph_merchant_name(graph, id), p,
                                         &told);
        }
    }
}

/* Card number `i` of those that live in the partition. */
static uint64_t card_in(unsigned partition, int i) {
    uint64_t card = 4000;
    while (card_partition(card, PARTITIONS) != partition || i-- > 0)
        card++;
    return card;
}

static Transaction make_transaction(GRand *random, int merchant, uint64_t card, int64_t time) {
    return (Transaction){
        .trans_num = STR("t"),
        .merchant = str_from(names[merchant]),
        .card = card,
        .time = time,
        .amount = g_rand_int_range(random, 0, 50000),
        .category = (uint8_t)g_rand_int_range(random, 0, CATEGORY_COUNT),
        .is_fraud = LABEL_NONE,
        .birth = INT32_MIN,
        .city_population = -1,
        .latitude = 37.5,
        .longitude = 127,
        .merchant_latitude = 37,
        .merchant_longitude = 127,
    };
}

static bool same(float a, float b) {
    return memcmp(&a, &b, sizeof a) == 0;
}

/* Where `all` is false, of the features that only a card's own past decides. A habit that was
 * merged has other rounding errors than one that was not. */
static void compare(const float *parts, const float *whole, bool all) {
    for (size_t i = 0; i < feature_count(); i++) {
        const char *name = feature_at(i)->name;
        if (all && strcmp(name, "merchant_amount_z") == 0) {
            g_assert_true(isnan(whole[i]) == isnan(parts[i]));
            if (!isnan(whole[i])) g_assert_true(fabsf(parts[i] - whole[i]) < 1e-3F);
        } else if (all || feature_at(i)->own || g_str_has_prefix(name, "card_")) {
            if (!same(parts[i], whole[i]))
                g_error("%s: %.9g, not %.9g", name, (double)parts[i], (double)whole[i]);
        }
    }
}

static void maybe_label(GRand *random, const Group *group, Engine *whole, uint64_t card) {
    if (g_rand_double(random) > 0.1) return;
    const Label label = {
        STR("t"), STR("m"), card, 1, 2, g_rand_boolean(random), g_rand_double(random) < 0.3};
    engine_label(engine_of(group, card), &label);
    engine_label(whole, &label);
}

/* In each round every partition meets every merchant at one time, and tells of it at once. The last
 * one to meet it, when all clocks of it agree, sees what the one engine sees, to the bit. */
static void run_rounds(uint32_t seed) {
    GRand *random = g_rand_new_with_seed(seed);
    Group group = group_new();
    Engine *whole = engine_new(NULL);
    int64_t now = 1560000000;
    for (int round = 0; round < ROUNDS; round++) {
        const double u = g_rand_double(random);
        now += g_rand_int_range(random, 0, u < 0.8 ? 7200 : u < 0.95 ? 300000 : 3000000);
        for (int m = 0; m < MERCHANTS; m++)
            for (unsigned p = 0; p < PARTITIONS; p++) {
                const uint64_t card = card_in(p, g_rand_int_range(random, 0, CARDS_EACH));
                const Transaction t = make_transaction(random, m, card, now);
                const float suspicion = (float)g_rand_double(random);
                const float *a = engine_observe(group.engines[p], &t, suspicion).features;
                const float *b = engine_observe(whole, &t, suspicion).features;
                compare(a, b, p == PARTITIONS - 1);
                maybe_label(random, &group, whole, card);
                exchange(&group);
            }
    }
    engine_free(whole);
    group_free(&group);
    g_rand_free(random);
}

static void test_equal_to_one(void) {
    for (uint32_t seed = 1; seed <= 20; seed++)
        run_rounds(seed);
}

/* Folds STEPS random events, with an exchange now and then; keeps each vector in rows. With a path,
 * every engine is saved there and restored from it now and then. */
static void fold(uint32_t seed, float *rows, const char *path) {
    GRand *random = g_rand_new_with_seed(seed);
    Group group = group_new();
    int64_t now = 1560000000;
    for (int i = 0; i < STEPS; i++) {
        now += g_rand_int_range(random, 0, 5000);
        const uint64_t card = card_in((unsigned)g_rand_int_range(random, 0, PARTITIONS),
                                      g_rand_int_range(random, 0, CARDS_EACH));
        const int merchant = g_rand_int_range(random, 0, MERCHANTS);
        const Transaction t = make_transaction(random, merchant, card, now);
        const Decision seen =
            engine_observe(engine_of(&group, card), &t, (float)g_rand_double(random));
        memcpy(rows + (size_t)i * feature_count(), seen.features, feature_count() * sizeof *rows);
        if (g_rand_double(random) < 0.05)
            engine_label(engine_of(&group, card),
                         &(Label){t.trans_num, t.merchant, card, now, now, true, false});
        if (g_rand_double(random) < 0.2) exchange(&group);
        for (int p = 0; path && i % 97 == 0 && p < PARTITIONS; p++) {
            const uint64_t position = engine_position(group.engines[p]);
            g_assert_true(engine_save(group.engines[p], "log", NULL, path, NULL));
            engine_free(group.engines[p]);
            group.engines[p] = engine_new(NULL);
            g_assert_true(engine_restore(group.engines[p], "log", path, NULL, NULL));
            g_assert_cmpuint(engine_position(group.engines[p]), ==, position);
        }
    }
    group_free(&group);
    g_rand_free(random);
}

/* The same events and exchanges give the same vectors, restored from snapshots or not. */
static void test_repeats(void) {
    g_autofree char *dir = g_dir_make_tmp("haechi-partitions-XXXXXX", NULL);
    g_autofree char *path = g_build_filename(dir, "snapshot", NULL);
    const size_t size = STEPS * feature_count() * sizeof(float);
    for (uint32_t seed = 1; seed <= 3; seed++) {
        g_autofree float *one = g_malloc(size), *two = g_malloc(size), *three = g_malloc(size);
        fold(seed, one, NULL);
        fold(seed, two, NULL);
        fold(seed, three, path);
        g_assert_cmpmem(one, size, two, size);
        g_assert_cmpmem(one, size, three, size);
    }
    g_remove(path);
    g_rmdir(dir);
}

/* What is applied is no event of the engine's own log. */
static void test_position(void) {
    Engine *engine = engine_new(NULL);
    const MerchantPartial nothing = {.clock = 1};
    engine_apply_partial(engine, STR("m"), 1, &nothing);
    g_assert_cmpuint(engine_position(engine), ==, 0);
    g_assert_cmpuint(graph_merchant_count(engine_graph(engine)), ==, 1);
    engine_free(engine);
}

int main(int argc, char **argv) {
    g_test_init(&argc, &argv, NULL);
    for (size_t i = 0; i < G_N_ELEMENTS(names); i++)
        g_snprintf(names[i], sizeof names[i], "merchant %zu", i);
    g_test_add_func("/partitions/equal-to-one-when-clocks-agree", test_equal_to_one);
    g_test_add_func("/partitions/repeats", test_repeats);
    g_test_add_func("/partitions/position", test_position);
    return g_test_run();
}
