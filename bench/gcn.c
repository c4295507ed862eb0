/* One epoch of the network's training over a whole graph: forward, backward and steps of AdamW.
 * Writes the graph to DIR as it lies in memory, for bench/gcn_pyg.py to do the same with PyTorch
 * Geometric.
 *
 *   bench_gcn DIR [TRANSACTIONS] */
#include "train/gcn.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

enum { TRANSACTIONS = 300000, CARDS = 300, FEATURES = 180, THREADS = 2, EPOCHS = 6 };

static void write_file(const char *dir, const char *name, const void *bytes, size_t len) {
    g_autofree char *path = g_build_filename(dir, name, NULL);
    g_autoptr(GError) error = NULL;
    if (!g_file_set_contents(path, bytes, (gssize)len, &error)) g_error("%s", error->message);
}

/* The shortest epoch: seconds by the clock on the wall, and of the processors. */
typedef struct Shortest {
    double wall, processors, last;
} Shortest;

static double processor_seconds(void) {
    struct timespec t;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void keep_shortest(void *data, const GcnEpoch *epoch) {
    Shortest *shortest = data;
    const double now = processor_seconds();
    if (epoch->number > 1) { /* before the first lies the making of the graph */
        shortest->wall = MIN(shortest->wall, epoch->seconds);
        shortest->processors = MIN(shortest->processors, now - shortest->last);
    }
    shortest->last = now;
}

/* A graph as it lies in memory. */
typedef struct World {
    size_t rows;
    FeatureMatrix *matrix;
    float *features;
    uint32_t *cards;
    int64_t *times;
    uint8_t *labels;
} World;

static World world_new(size_t rows) {
    World world = {rows,
                   matrix_new(FEATURES),
                   g_new(float, rows *FEATURES),
                   g_new(uint32_t, rows),
                   g_new(int64_t, rows),
                   g_new(uint8_t, rows)};
    g_autoptr(GRand) random = g_rand_new_with_seed(1);
    for (size_t i = 0; i < rows; i++) {
        float *row = world.features + i * FEATURES;
        for (size_t f = 0; f < FEATURES; f++)
            row[f] = (float)g_rand_double_range(random, -2, 2);
        world.cards[i] = (uint32_t)g_rand_int_range(random, 0, CARDS);
        world.times[i] = 1600000000 + 60 * (int64_t)i;
        world.labels[i] = g_rand_int_range(random, 0, 200) == 0;
        matrix_append(world.matrix, row, world.labels[i], MATRIX_NO_GROUP);
    }
    return world;
}

static void world_write(const World *world, const char *dir) {
    write_file(dir, "inputs.f32", world->features, world->rows * FEATURES * sizeof(float));
    write_file(dir, "cards.u32", world->cards, world->rows * sizeof *world->cards);
    write_file(dir, "times.i64", world->times, world->rows * sizeof *world->times);
    write_file(dir, "labels.u8", world->labels, world->rows);
}

static void world_clear(World *world) {
    matrix_free(world->matrix);
    g_free(world->features);
    g_free(world->cards);
    g_free(world->times);
    g_free(world->labels);
}

static Shortest measure(const World *world, const GcnOptions *options) {
    const char *names[FEATURES];
    GcnInput inputs[FEATURES];
    for (uint32_t f = 0; f < FEATURES; f++) {
        names[f] = "f";
        inputs[f] = (GcnInput){.feature = f, .knots = 2, .x = {-2, 2}, .y = {-2, 2}};
    }
    Shortest shortest = {G_MAXDOUBLE, G_MAXDOUBLE, 0};
    const GcnJob job = {
        .matrix = world->matrix,
        .train_rows = world->rows,
        .names = names,
        .cards = world->cards,
        .times = world->times,
        .inputs = inputs,
        .input_count = FEATURES,
        .options = options,
        .progress = keep_shortest,
        .progress_data = &shortest,
    };
    g_autoptr(GError) error = NULL;
    Gcn *gcn = gcn_train(&job, &error);
    if (!gcn) g_error("%s", error->message);
    gcn_free(gcn);
    return shortest;
}

int main(int argc, char **argv) {
    if (argc < 2) return fputs("usage: bench_gcn DIR [TRANSACTIONS]\n", stderr), 2;
    World world = world_new(argc > 2 ? strtoul(argv[2], NULL, 10) : TRANSACTIONS);
    GcnOptions options = gcn_defaults;
    options.threads = THREADS;
    options.epochs = EPOCHS;
    const Shortest shortest = measure(&world, &options);
    world_write(&world, argv[1]);
    printf("{\"transactions\":%zu,\"inputs\":%d,\"layers\":%u,\"width\":%u,\"neighbours\":%u,"
           "\"time_scale\":%g,\"dropout\":%g,\"threads\":%d,\"wall\":%.4f,\"processors\":%.4f}\n",
           world.rows, FEATURES, options.layers, options.width, options.neighbours,
           (double)options.time_scale, (double)options.dropout, THREADS, shortest.wall,
           shortest.processors);
    world_clear(&world);
    return 0;
}
