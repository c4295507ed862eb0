/* The fold's promises: nothing looks ahead, no label acts before it arrives, and a state that was
 * saved and restored goes on bit for bit. */
#include "engine/engine.h"
#include "model/gcn_folder.h"
#include "record/category.h"

#include <glib/gstdio.h>
#include <math.h>
#include <unistd.h>

enum { STEPS = 1500 };

typedef struct World {
    Event events[STEPS];
    char texts[STEPS][16], merchants[STEPS][16];
} World;

/* A world of `seed` whose events from `turn` on are drawn from another seed. */
static void make_world(World *w, uint32_t seed, int turn, uint32_t other_seed) {
    GRand *random = g_rand_new_with_seed(seed);
    int64_t now = 1560000000;
    for (int i = 0; i < STEPS; i++) {
        if (i == turn) g_rand_set_seed(random, other_seed);
        now += g_rand_int_range(random, 0, 5000);
        g_snprintf(w->texts[i], sizeof w->texts[i], "t%d", i);
        g_snprintf(w->merchants[i], sizeof w->merchants[i], "m%d", g_rand_int_range(random, 0, 12));
        uint64_t card = 4000 + (uint64_t)g_rand_int_range(random, 0, 15);
        if (i > 20 && g_rand_double(random) < 0.1) {
            const Transaction *t = &w->events[0].transaction;
            w->events[i] = (Event){.kind = EVENT_LABEL};
            w->events[i].label = (Label){t->trans_num,
                                         t->merchant,
                                         card,
                                         t->time,
                                         now,
                                         g_rand_double(random) < 0.7,
                                         g_rand_double(random) < 0.2};
            continue;
        }
        w->events[i] = (Event){.kind = EVENT_TRANSACTION};
        w->events[i].transaction = (Transaction){
            .trans_num = str_from(w->texts[i]),
            .merchant = str_from(w->merchants[i]),
            .card = card,
            .time = now - (g_rand_double(random) < 0.05 ? 90000 : 0),
            .amount = g_rand_int_range(random, 0, 50000),
            .category = (uint8_t)g_rand_int_range(random, 0, CATEGORY_COUNT),
            .is_fraud = (int8_t)g_rand_int_range(random, 0, 2),
            .gender = 'F',
            .birth = 3000,
            .city_population = 5000,
            .latitude = 37.5,
            .longitude = 127,
            .merchant_latitude = 37 + g_rand_double(random),
            .merchant_longitude = 127 + g_rand_double(random),
        };
    }
    g_rand_free(random);
}

/* Any function of the transaction alone, as a first stage would be. */
static float suspicion_of(const Transaction *t) {
    return (float)(t->amount % 1000) / 1000;
}

/* Folds events [from, to) and keeps each transaction's vector in rows[i]. */
static void fold(Engine *engine, const World *w, int from, int to, float *rows) {
    for (int i = from; i < to; i++) {
        const Event *event = &w->events[i];
        if (event->kind == EVENT_LABEL) {
            engine_label(engine, &event->label);
            continue;
        }
        const Decision seen =
            engine_observe(engine, &event->transaction, suspicion_of(&event->transaction));
        memcpy(rows + (size_t)i * feature_count(), seen.features, feature_count() * sizeof *rows);
    }
}

static float *fold_all(const World *w) {
    float *rows = g_new0(float, STEPS *feature_count());
    Engine *engine = engine_new(NULL);
    fold(engine, w, 0, STEPS, rows);
    g_assert_cmpuint(engine_position(engine), ==, STEPS);
    engine_free(engine);
    return rows;
}

static void test_no_look_ahead(void) {
    for (uint32_t seed = 1; seed <= 10; seed++) {
        int turn = 300 + (int)seed * 50;
        g_autofree World *one = g_new0(World, 1), *two = g_new0(World, 1);
        make_world(one, seed, turn, 1000);
        make_world(two, seed, turn, 2000);
        g_autofree float *a = fold_all(one), *b = fold_all(two);
        size_t past = (size_t)turn * feature_count() * sizeof(float);
        g_assert_cmpmem(a, past, b, past);
        size_t all = STEPS * feature_count() * sizeof(float);
        g_assert_cmpint(memcmp(a, b, all), !=, 0); /* the worlds do differ */
    }
}

/* What a transaction turns out to be reaches the features by label events only. */
static void test_own_label_unseen(void) {
    g_autofree World *one = g_new0(World, 1), *two = g_new0(World, 1);
    make_world(one, 7, STEPS, 0);
    make_world(two, 7, STEPS, 0);
    for (int i = 0; i < STEPS; i++)
        if (two->events[i].kind == EVENT_TRANSACTION)
            two->events[i].transaction.is_fraud = (int8_t)(1 - two->events[i].transaction.is_fraud);
    g_autofree float *a = fold_all(one), *b = fold_all(two);
    size_t all = STEPS * feature_count() * sizeof(float);
    g_assert_cmpmem(a, all, b, all);
}

/* A fraud label changes features, and only from where it stands in the log. */
static void test_labels_act_on_arrival(void) {
    g_autofree World *with = g_new0(World, 1), *without = g_new0(World, 1);
    make_world(with, 8, STEPS, 0);
    make_world(without, 8, STEPS, 0);
    int first = 0;
    while (with->events[first].kind != EVENT_LABEL || !with->events[first].label.is_fraud)
        first++;
    for (int i = first; i < STEPS; i++)
        if (without->events[i].kind == EVENT_LABEL) without->events[i].label.is_fraud = false;
    g_autofree float *a = fold_all(with), *b = fold_all(without);
    size_t past = (size_t)first * feature_count() * sizeof(float);
    g_assert_cmpmem(a, past, b, past);
    g_assert_cmpint(memcmp(a, b, STEPS * feature_count() * sizeof(float)), !=, 0);
}

static void test_save_and_restore(void) {
    g_autofree char *dir = g_dir_make_tmp("haechi-engine-XXXXXX", NULL);
    g_autofree char *path = g_build_filename(dir, "snapshot", NULL);
    for (uint32_t seed = 1; seed <= 5; seed++) {
        g_autofree World *w = g_new0(World, 1);
        make_world(w, seed, STEPS, 0);
        g_autofree float *whole = fold_all(w), *parts = g_new0(float, STEPS *feature_count());
        GError *error = NULL;
        Engine *engine = engine_new(NULL);
        for (int at = 0; at < STEPS; at += 250) {
            fold(engine, w, at, at + 250, parts);
            g_assert_true(engine_save(engine, "log", NULL, path, &error));
            engine_free(engine);
            engine = engine_new(NULL);
            g_assert_true(engine_restore(engine, "log", path, NULL, &error));
            g_assert_cmpuint(engine_position(engine), ==, (uint64_t)at + 250);
        }
        engine_free(engine);
        size_t all = STEPS * feature_count() * sizeof(float);
        g_assert_cmpmem(whole, all, parts, all);
    }
    g_remove(path);
    g_rmdir(dir);
}

/* Folds events [from, to) as they are scored, and keeps the scores. */
static void decide(Engine *engine, const World *w, int from, int to, float *scores) {
    g_autofree float *parts = g_new(float, feature_count() + 1);
    for (int i = from; i < to; i++) {
        const Event *event = &w->events[i];
        if (event->kind == EVENT_LABEL) {
            engine_label(engine, &event->label);
            continue;
        }
        const Decision decision = engine_transaction(engine, &event->transaction);
        scores[i] = decision.score;
        /* Asking why changes nothing, and what is told adds up to the score. */
        engine_contributions(engine, &decision, parts);
        double odds = 0;
        for (size_t f = 0; f <= feature_count(); f++)
            odds += (double)parts[f];
        g_assert_cmpfloat_with_epsilon((double)decision.score, 1 / (1 + exp(-odds)), 1e-4);
    }
}

/* A model that looks back on earlier transactions gives the same bits from any snapshot. */
static void test_memory(void) {
    g_autofree char *dir = g_dir_make_tmp("haechi-engine-XXXXXX", NULL);
    g_autofree char *path = g_build_filename(dir, "snapshot", NULL);
    g_autofree char *one = g_build_filename(dir, "one", NULL);
    g_autofree char *two = g_build_filename(dir, "two", NULL);
    gcn_folder_write(one, "1", 1);
    gcn_folder_write(two, "2", 2);
    Model *model = model_load(one, NULL), *again = model_load(one, NULL);
    Model *other = model_load(two, NULL);
    g_autofree World *w = g_new0(World, 1);
    make_world(w, 4, STEPS, 0);
    g_autofree float *whole = g_new0(float, STEPS), *parts = g_new0(float, STEPS);
    Engine *engine = engine_new(model);
    decide(engine, w, 0, STEPS, whole);
    engine_free(engine);
    engine = engine_new(model);
    for (int at = 0; at < STEPS; at += 250) {
        decide(engine, w, at, at + 250, parts);
        g_assert_true(engine_save(engine, "log", NULL, path, NULL));
        engine_free(engine);
        engine = engine_new(again);
        g_assert_true(engine_restore(engine, "log", path, NULL, NULL));
        g_assert_false(engine_is_cold(engine));
    }
    g_assert_cmpmem(whole, STEPS * sizeof *whole, parts, STEPS * sizeof *parts);
    g_assert_cmpfloat(whole[STEPS - 1], !=, whole[STEPS - 2]);

    /* The same network under another pointer goes on; another begins without. */
    engine_set_model(engine, model);
    g_assert_false(engine_is_cold(engine));
    engine_set_model(engine, other);
    g_assert_true(engine_is_cold(engine));
    engine_free(engine);
    engine = engine_new(other);
    g_assert_false(engine_is_cold(engine));
    g_assert_true(engine_restore(engine, "log", path, NULL, NULL));
    g_assert_true(engine_is_cold(engine));
    g_assert_cmpuint(engine_position(engine), ==, STEPS);
    engine_free(engine);
    engine = engine_new(NULL);
    g_assert_true(engine_restore(engine, "log", path, NULL, NULL));
    g_assert_false(engine_is_cold(engine));
    engine_free(engine);
    model_free(model);
    model_free(again);
    model_free(other);
    g_remove(path);
    gcn_folder_remove(one);
    gcn_folder_remove(two);
    g_rmdir(dir);
}

static void refuse(Engine *engine, const char *path, const char *bytes, gsize len,
                   const char *why) {
    GError *error = NULL;
    g_assert_true(g_file_set_contents(path, bytes, (gssize)len, NULL));
    g_assert_false(engine_restore(engine, "log", path, NULL, &error));
    g_assert_nonnull(strstr(error->message, why));
    g_assert_null(strchr(error->message, '\n'));
    g_clear_error(&error);
}

static void test_damaged_snapshot(void) {
    g_autofree char *dir = g_dir_make_tmp("haechi-engine-XXXXXX", NULL);
    g_autofree char *path = g_build_filename(dir, "snapshot", NULL);
    g_autofree World *w = g_new0(World, 1);
    g_autofree float *rows = g_new0(float, STEPS *feature_count());
    make_world(w, 3, STEPS, 0);
    Engine *engine = engine_new(NULL);
    fold(engine, w, 0, 200, rows);
    g_assert_true(engine_save(engine, "log", NULL, path, NULL));
    g_autofree char *bytes = NULL;
    gsize len;
    g_assert_true(g_file_get_contents(path, &bytes, &len, NULL));

    refuse(engine, path, bytes, 10, "truncated");
    refuse(engine, path, bytes, len - 1, "damaged");
    g_autofree char *other = g_strnfill(1000, '.');
    refuse(engine, path, other, 1000, "not a snapshot");
    bytes[len / 2] ^= 1;
    refuse(engine, path, bytes, len, "damaged");
    bytes[len / 2] ^= 1;
    bytes[16] ^= 64;
    refuse(engine, path, bytes, len, "another version");
    g_assert_cmpuint(engine_position(engine), ==, 200); /* the engine is as it was */
    bytes[16] ^= 64;
    GError *error = NULL;
    g_assert_true(g_file_set_contents(path, bytes, (gssize)len, NULL));
    g_assert_false(engine_restore(engine, "log2", path, NULL, &error));
    g_assert_nonnull(strstr(error->message, "another log"));
    g_clear_error(&error);
    g_assert_true(engine_restore(engine, "log", path, NULL, &error));
    g_remove(path);

    g_assert_false(engine_restore(engine, "log", path, NULL, &error));
    g_clear_error(&error);
    g_autofree char *nowhere = g_build_filename(dir, "none", "snapshot", NULL);
    g_assert_false(engine_save(engine, "log", NULL, nowhere, &error));
    g_assert_nonnull(strstr(error->message, "cannot write snapshot"));
    g_clear_error(&error);
    if (g_file_test("/dev/full", G_FILE_TEST_EXISTS)) {
        g_autofree char *full = g_build_filename(dir, "full", NULL);
        g_autofree char *link = g_strconcat(full, ".new", NULL);
        g_assert_cmpint(symlink("/dev/full", link), ==, 0);
        g_assert_false(engine_save(engine, "log", NULL, full, &error));
        g_assert_nonnull(strstr(error->message, "No space left"));
        g_clear_error(&error);
        g_assert_false(g_file_test(full, G_FILE_TEST_EXISTS));
    }
    engine_free(engine);
    g_rmdir(dir);
}

int main(int argc, char **argv) {
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/engine/no-look-ahead", test_no_look_ahead);
    g_test_add_func("/engine/own-label-unseen", test_own_label_unseen);
    g_test_add_func("/engine/labels-act-on-arrival", test_labels_act_on_arrival);
    g_test_add_func("/engine/save-and-restore", test_save_and_restore);
    g_test_add_func("/engine/memory-goes-with-its-model", test_memory);
    g_test_add_func("/engine/damaged-snapshot", test_damaged_snapshot);
    return g_test_run();
}
