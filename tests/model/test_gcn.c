/* The network that scores one transaction after the other: its curves, its file, its memory, and
 * what it says of a score. */
#include "model/gcn.h"

#include <math.h>
#include <string.h>

enum { FEATURES = 7, CARDS = 20, STEPS = 600 };

static const char *const names[FEATURES] = {"a", "b", "c", "d", "e", "f", "g"};

static float small(GRand *random) {
    return (float)g_rand_double_range(random, -0.4, 0.4);
}

/* An identity through each of the features but the last, an indicator of its being missing, and a
 * crooked curve through the last. */
static void fill_curves(GcnInput *inputs) {
    for (uint32_t i = 0; i < FEATURES - 1; i++)
        inputs[i] = (GcnInput){.feature = i, .knots = 2, .x = {-1024, 1024}, .y = {-1024, 1024}};
    inputs[FEATURES - 1] = (GcnInput){.feature = 0, .knots = 1, .missing = 1};
    inputs[FEATURES] = (GcnInput){.feature = FEATURES - 1,
                                  .missing = 0.5F,
                                  .knots = 4,
                                  .x = {-1, 0, 1, 3},
                                  .y = {2, 0, 0, 8}};
}

static Gcn *make(uint32_t layers, uint32_t width, uint32_t neighbours, uint32_t seed) {
    const GcnShape shape = {FEATURES, FEATURES + 1, layers, width, neighbours, 3600};
    g_assert_null(gcn_shape_fault(&shape));
    GcnInput inputs[FEATURES + 1];
    fill_curves(inputs);
    GRand *random = g_rand_new_with_seed(seed);
    g_autofree float *parameters = g_new(float, gcn_parameter_count(&shape));
    for (size_t i = 0; i < gcn_parameter_count(&shape); i++)
        parameters[i] = small(random);
    g_rand_free(random);
    return gcn_new(&shape, names, inputs, parameters);
}

/* A world of transactions: each call gives the next. */
typedef struct World {
    GRand *random;
    int64_t time;
    uint32_t card;
    float row[FEATURES];
} World;

static void next(World *world) {
    world->card = (uint32_t)g_rand_int_range(world->random, 0, CARDS);
    world->time += g_rand_int_range(world->random, -200, 600); /* some come late */
    for (int i = 0; i < FEATURES; i++)
        world->row[i] = g_rand_int_range(world->random, 0, 10) == 0
                            ? NAN
                            : (float)g_rand_double_range(world->random, -2, 4);
}

static World world_new(uint32_t seed) {
    return (World){.random = g_rand_new_with_seed(seed), .time = 1600000000};
}

static float score(GcnMemory *memory, const World *world) {
    return gcn_memory_score(memory, world->card, world->time, world->row);
}

static void test_curves(void) {
    Gcn *gcn = make(1, 16, 1, 1);
    static const float x[] = {-9, -1, -0.5F, 0.3F, 1, 2, 3, 99, INFINITY, -INFINITY, NAN};
    static const float y[] = {2, 2, 1, 0, 0, 4, 8, 8, 8, 2, 0.5F};
    for (size_t i = 0; i < G_N_ELEMENTS(x); i++) {
        float row[FEATURES] = {NAN, [FEATURES - 1] = x[i]}, inputs[FEATURES + 1];
        gcn_fill_inputs(gcn, row, inputs);
        g_assert_cmpfloat(inputs[0], ==, 0); /* missing */
        g_assert_cmpfloat(inputs[FEATURES - 1], ==, 1);
        g_assert_cmpfloat(inputs[FEATURES], ==, y[i]);
    }
    gcn_free(gcn);
}

/* What a card's transactions give depends on nothing but the card's own last ones. */
static void test_looks_back(void) {
    Gcn *gcn = make(2, 16, 3, 2);
    GcnMemory *one = gcn_memory_new(gcn), *other = gcn_memory_new(gcn);
    World world = world_new(3);
    float first = 0, again;
    for (int i = 0; i < 40; i++) {
        next(&world);
        gcn_memory_score(one, 0, 1000, world.row);
    }
    /* Two layers look back on six transactions. */
    for (int i = 0; i < 7; i++) {
        next(&world);
        first = gcn_memory_score(one, 0, 2000 + i, world.row);
        again = gcn_memory_score(other, 5, 2000 + i, world.row);
    }
    g_assert_cmpfloat(first, !=, again); /* other degrees: the first of them had no neighbours */
    for (int i = 7; i < 20; i++) {
        next(&world);
        first = gcn_memory_score(one, 0, 2000 + i, world.row);
        again = gcn_memory_score(other, 5, 2000 + i, world.row);
    }
    g_assert_cmpfloat(first, ==, again);
    g_rand_free(world.random);
    gcn_memory_free(one);
    gcn_memory_free(other);
    gcn_free(gcn);
}

static void test_paths(void) {
    Gcn *gcn = make(3, 144, 5, 4);
    for (int path = GCN_PATH_AVX2; path <= GCN_PATH_AVX512; path++) {
        GcnMemory *portable = gcn_memory_new(gcn), *wide = gcn_memory_new(gcn);
        World world = world_new(5);
        for (int i = 0; i < STEPS; i++) {
            next(&world);
            g_assert_true(gcn_set_path(gcn, GCN_PATH_PORTABLE));
            const float expected = score(portable, &world);
            if (!gcn_set_path(gcn, (GcnPath)path)) break;
            const float found = score(wide, &world);
            g_assert_cmpmem(&found, sizeof found, &expected, sizeof expected);
        }
        g_rand_free(world.random);
        gcn_memory_free(portable);
        gcn_memory_free(wide);
    }
    gcn_free(gcn);
}

static bool append(void *data, const void *bytes, size_t len) {
    g_byte_array_append(data, bytes, (guint)len);
    return true;
}

static GByteArray *bytes_of(const GcnMemory *memory) {
    GByteArray *bytes = g_byte_array_new();
    g_assert_true(gcn_memory_write(memory, append, bytes));
    return bytes;
}

/* Written and read at any moment, the memory goes on as if nothing had been. */
static void test_memory(void) {
    Gcn *gcn = make(2, 32, 4, 6);
    GcnMemory *straight = gcn_memory_new(gcn), *broken = gcn_memory_new(gcn);
    World world = world_new(7);
    for (int i = 0; i < STEPS; i++) {
        next(&world);
        const float expected = score(straight, &world), found = score(broken, &world);
        g_assert_cmpmem(&found, sizeof found, &expected, sizeof expected);
        if (i % 37 != 0) continue;
        GByteArray *bytes = bytes_of(broken);
        gcn_memory_free(broken);
        broken = gcn_memory_read(gcn, bytes->data, bytes->len);
        g_assert_nonnull(broken);
        g_byte_array_unref(bytes);
    }
    const size_t ring = (4 + 1) * (2 * 32 * sizeof(float) + 16) + 64;
    g_assert_cmpuint(gcn_memory_bytes(straight), <=, CARDS * ring);
    g_rand_free(world.random);
    gcn_memory_free(straight);
    gcn_memory_free(broken);
    gcn_free(gcn);
}

static void refuse(const Gcn *gcn, const GByteArray *bytes, size_t len) {
    /* A copy of just this length, so that reading on is seen. */
    g_autofree uint8_t *copy = g_memdup2(bytes->data, len);
    g_assert_null(gcn_memory_read(gcn, copy, len));
}

static void test_hostile_memory(void) {
    Gcn *gcn = make(2, 16, 4, 8), *wider = make(2, 32, 4, 8);
    GcnMemory *memory = gcn_memory_new(gcn);
    World world = world_new(9);
    for (int i = 0; i < 100; i++) {
        next(&world);
        score(memory, &world);
    }
    GByteArray *bytes = bytes_of(memory);
    for (size_t len = 0; len < bytes->len; len += len < 200 ? 1 : 61)
        refuse(gcn, bytes, len);
    refuse(wider, bytes, bytes->len);
    g_byte_array_append(bytes, (const guint8 *)"", 1);
    refuse(gcn, bytes, bytes->len);
    g_byte_array_set_size(bytes, bytes->len - 1);
    const size_t cards = sizeof(GcnShape), first = cards + 2 * sizeof(uint32_t);
    memset(bytes->data + cards, 0xff, sizeof(uint32_t)); /* cards without end */
    refuse(gcn, bytes, bytes->len);
    memcpy(bytes->data + cards, &(uint32_t){CARDS}, sizeof(uint32_t));
    memcpy(bytes->data + first + 8, &(float){2}, sizeof(float)); /* a degree under 1 */
    refuse(gcn, bytes, bytes->len);
    memcpy(bytes->data + first + 8, &(float){0.5F}, sizeof(float));
    memcpy(bytes->data + first + 12, &(float){NAN}, sizeof(float));
    refuse(gcn, bytes, bytes->len);
    memcpy(bytes->data + first + 12, &(float){0}, sizeof(float));
    memory = (gcn_memory_free(memory), gcn_memory_read(gcn, bytes->data, bytes->len));
    g_assert_nonnull(memory);
    g_rand_free(world.random);
    g_byte_array_unref(bytes);
    gcn_memory_free(memory);
    gcn_free(gcn);
    gcn_free(wider);
}

static Gcn *reread(const Gcn *gcn) {
    GBytes *file = gcn_write(gcn);
    gsize len;
    const char *json = g_bytes_get_data(file, &len);
    GError *error = NULL;
    Gcn *again = gcn_parse(json, len, &error);
    g_assert_no_error(error);
    g_bytes_unref(file);
    return again;
}

static void test_file(void) {
    Gcn *gcn = make(3, 48, 7, 10), *again = reread(gcn);
    g_assert_cmpmem(gcn_shape(gcn), sizeof(GcnShape), gcn_shape(again), sizeof(GcnShape));
    g_assert_cmpmem(gcn_inputs(gcn), (FEATURES + 1) * sizeof(GcnInput), gcn_inputs(again),
                    (FEATURES + 1) * sizeof(GcnInput));
    const size_t size = gcn_parameter_count(gcn_shape(gcn)) * sizeof(float);
    g_assert_cmpmem(gcn_parameters(gcn), size, gcn_parameters(again), size);
    g_assert_cmpstr(gcn_feature_name(again, 6), ==, "g");
    gcn_free(gcn);
    gcn_free(again);
}

static void refuse_file(const char *json, gssize len, const char *cause) {
    GError *error = NULL;
    g_autofree char *copy = g_memdup2(json, len < 0 ? strlen(json) : (size_t)len);
    Gcn *gcn = gcn_parse(copy, len < 0 ? strlen(json) : (size_t)len, &error);
    g_assert_null(gcn);
    g_assert_nonnull(error);
    g_assert_null(strchr(error->message, '\n'));
    if (cause && !strstr(error->message, cause))
        g_error("'%s' does not say '%s'", error->message, cause);
    g_error_free(error);
}

static void test_hostile_file(void) {
    Gcn *gcn = make(2, 16, 4, 11);
    GBytes *file = gcn_write(gcn);
    gsize len;
    const char *data = g_bytes_get_data(file, &len);
    g_autofree char *json = g_strndup(data, len);
    for (size_t cut = 0; cut + 2 < len; cut += 211)
        refuse_file(json, (gssize)cut, NULL);
    static const struct {
        const char *from, *to, *cause;
    } changes[] = {
        {"haechi-gcn", "haechi-gnn", "\"format\" is not"},
        {"\"version\":1", "\"version\":2", "\"version\" is not 1"},
        {"\"width\":16", "\"width\":17", "multiple of 16"},
        {"\"width\":16", "\"width\":32", "layer 0: \"conv\" has 128 entries, not 256"},
        {"\"width\":16", "\"width\":-16", "\"width\" is not a whole number"},
        {"\"width\":16", "\"width\":1e99", "\"width\" is not a whole number"},
        {"\"neighbours\":4", "\"neighbours\":0", "neighbours"},
        {"\"neighbours\":4", "\"neighbours\":65", "\"neighbours\" is not a whole number"},
        {"\"time_scale\":3600", "\"time_scale\":0", "time scale"},
        {"\"time_scale\":3600", "\"time_scale\":1e50",
         "\"time_scale\" is no number up to 3.15576e+09"},
        {"\"feature\":6", "\"feature\":7", "input 7: reads a feature that is not there"},
        {"[-1,0,1,3]", "[-1,0,0,3]", "input 7: knots that do not rise"},
        {"[-1,0,1,3]", "[-1,0,1]", "input 7: \"y\" has 4 entries, not 3"},
        {"[-1,0,1,3]", "[]", "input 7: has 0 knots"},
        {"[-1,0,1,3]", "[-1,0,1,\"3\"]",
         "input 7: \"x\" has an entry that is no number up to 1e+30"},
        {"[2,0,0,8]", "[2,0,0,1e39]", "input 7: \"y\" has an entry that is no number up to 1e+06"},
        {"[\"a\",", "[7,", "feature 0 has no name"},
        {"\"layers\":[{", "\"layers\":[],\"lagen\":[{", "too many layers, or none"},
        {"\"skip\":[", "\"skip\":[7,", "layer 0: \"skip\" has 129 entries, not 128"},
        {"\"readout\":", "\"lesen\":", "no \"readout\""},
    };
    for (size_t i = 0; i < G_N_ELEMENTS(changes); i++) {
        char *at = strstr(json, changes[i].from);
        g_assert_nonnull(at);
        g_autofree char *before = g_strndup(json, (gsize)(at - json));
        g_autofree char *changed =
            g_strconcat(before, changes[i].to, at + strlen(changes[i].from), NULL);
        refuse_file(changed, -1, changes[i].cause);
    }
    g_bytes_unref(file);
    gcn_free(gcn);
}

/* The shares and the rest are the margin. */
static void test_attribution_adds_up(void) {
    Gcn *gcn = make(3, 32, 6, 12);
    GcnMemory *memory = gcn_memory_new(gcn);
    World world = world_new(13);
    for (int i = 0; i < STEPS; i++) {
        next(&world);
        const float margin = score(memory, &world);
        float features[FEATURES];
        GcnNeighbour neighbours[6];
        size_t count;
        double sum = (double)gcn_memory_attribute(memory, world.card, world.row, features,
                                                  neighbours, &count);
        for (size_t f = 0; f < FEATURES; f++)
            sum += (double)features[f];
        for (size_t n = 0; n < count; n++) {
            sum += (double)neighbours[n].share;
            if (n > 0) g_assert_cmpint(neighbours[n].time, <=, neighbours[n - 1].time);
        }
        g_assert_cmpfloat_with_epsilon(sum, (double)margin, 1e-4 * (1 + fabs((double)margin)));
    }
    g_rand_free(world.random);
    gcn_memory_free(memory);
    gcn_free(gcn);
}

/* One card's memory of `count` transactions, of which neighbour `which` (the latest is 0) has its
 * activations multiplied by `factor`. */
static GcnMemory *with_neighbour(const Gcn *gcn, const GByteArray *bytes, size_t count,
                                 size_t which, float factor) {
    const GcnShape *shape = gcn_shape(gcn);
    const size_t floats = (size_t)shape->layers * shape->width, slot = 12 + floats * sizeof(float);
    g_autofree uint8_t *copy = g_memdup2(bytes->data, bytes->len);
    uint8_t *at = copy + sizeof(GcnShape) + 8 + (count - 1 - which) * slot + 12;
    for (size_t i = 0; i < floats; i++) {
        float value;
        memcpy(&value, at + i * sizeof value, sizeof value);
        value *= factor;
        memcpy(at + i * sizeof value, &value, sizeof value);
    }
    return gcn_memory_read(gcn, copy, bytes->len);
}

static double margin_with(const Gcn *gcn, const GByteArray *bytes, size_t count, size_t which,
                          float factor, const float *row) {
    GcnMemory *memory = with_neighbour(gcn, bytes, count, which, factor);
    const double margin = (double)gcn_memory_score(memory, 0, 5000, row);
    gcn_memory_free(memory);
    return margin;
}

/* Each share is the derivative by a common factor of what it is of, at 1. */
static void test_attribution_is_gradient(void) {
    enum { NEIGHBOURS = 4 };
    const float step = 1.0F / 4096; /* so that hardly a relu bends within it */
    Gcn *gcn = make(2, 16, NEIGHBOURS, 14);
    GcnMemory *memory = gcn_memory_new(gcn);
    World world = world_new(15);
    for (int i = 0; i < NEIGHBOURS; i++) {
        next(&world);
        gcn_memory_score(memory, 0, 1000 + 900 * i, world.row);
    }
    GByteArray *bytes = bytes_of(memory);
    const float row[FEATURES] = {1, -2, 0.5F, 3, -1, 2, 1.75F};
    gcn_memory_score(memory, 0, 5000, row);
    float features[FEATURES];
    GcnNeighbour neighbours[NEIGHBOURS];
    size_t count;
    gcn_memory_attribute(memory, 0, row, features, neighbours, &count);
    g_assert_cmpuint(count, ==, NEIGHBOURS);
    g_assert_cmpint(neighbours[0].time, ==, 3700);
    for (size_t n = 0; n < count; n++) {
        const double up = margin_with(gcn, bytes, count, n, 1 + step, row);
        const double down = margin_with(gcn, bytes, count, n, 1 - step, row);
        g_assert_cmpfloat_with_epsilon((double)neighbours[n].share,
                                       (up - down) / (2 * (double)step), 2e-3);
    }
    for (size_t f = 0; f + 1 < FEATURES; f++) { /* the features whose inputs are themselves */
        float moved[FEATURES];
        memcpy(moved, row, sizeof row);
        moved[f] = row[f] * (1 + step);
        const double up = margin_with(gcn, bytes, count, 0, 1, moved);
        moved[f] = row[f] * (1 - step);
        const double down = margin_with(gcn, bytes, count, 0, 1, moved);
        g_assert_cmpfloat_with_epsilon((double)features[f], (up - down) / (2 * (double)step), 2e-3);
    }
    g_byte_array_unref(bytes);
    g_rand_free(world.random);
    gcn_memory_free(memory);
    gcn_free(gcn);
}

int main(int argc, char **argv) {
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/gcn/curves", test_curves);
    g_test_add_func("/gcn/looks back on its card's last ones", test_looks_back);
    g_test_add_func("/gcn/every path gives the same bits", test_paths);
    g_test_add_func("/gcn/memory goes on as it was", test_memory);
    g_test_add_func("/gcn/hostile memory", test_hostile_memory);
    g_test_add_func("/gcn/file", test_file);
    g_test_add_func("/gcn/hostile file", test_hostile_file);
    g_test_add_func("/gcn/attribution adds up", test_attribution_adds_up);
    g_test_add_func("/gcn/attribution is a gradient", test_attribution_is_gradient);
    return g_test_run();
}
