/* Training the network: its passes against PyTorch Geometric's, finite differences and scoring one
 * transaction after the other; and that it learns. */
#include "base/json.h"
#include "train/gcn.h"
#include "train/gcn_inputs.h"
#include "train/metrics.h"

#include <math.h>
#include <string.h>

/* Vectors made by PyTorch Geometric */

static const char fixture[] = "tests/train/gcn_pyg.json";

static bool take_number(Str key, JsonValue value, void *data) {
    (void)key;
    double **to = data;
    *(*to)++ = json_get_double(value);
    return json_is_number(value);
}

/* The numbers of array `name`, `count` of them; the caller frees them. */
static double *numbers(JsonValue root, const char *name, size_t count) {
    JsonValue array;
    g_assert_true(json_member(root, name, &array));
    g_assert_cmpuint(json_count(array), ==, count);
    double *values = g_new(double, count), *to = values;
    g_assert_true(json_each(array, take_number, &to));
    return values;
}

static float *floats(JsonValue root, const char *name, size_t count) {
    g_autofree double *values = numbers(root, name, count);
    float *out = g_new(float, count);
    for (size_t i = 0; i < count; i++)
        out[i] = (float)values[i];
    return out;
}

static double number(JsonValue root, const char *name) {
    JsonValue value;
    g_assert_true(json_member(root, name, &value));
    return json_get_double(value);
}

static void test_pyg(void) {
    enum { NODES = 24 };
    g_autofree char *text = NULL;
    gsize len;
    g_assert_true(g_file_get_contents(fixture, &text, &len, NULL));
    JsonParser *parser = json_parser_new(len);
    JsonValue root;
    const char *message;
    g_assert_true(json_parse(parser, text, len, &root, &message));
    g_autofree double *s = numbers(root, "shape", 5);
    const GcnShape shape = {(uint32_t)s[0], (uint32_t)s[1], (uint32_t)s[2],
                            (uint32_t)s[3], (uint32_t)s[4], (float)number(root, "time_scale")};
    const size_t count = gcn_parameter_count(&shape);
    g_autofree double *cards = numbers(root, "cards", NODES),
                      *times = numbers(root, "times", NODES);
    g_autofree double *labels = numbers(root, "labels", NODES);
    g_autofree float *rows = floats(root, "inputs", NODES * shape.inputs);
    g_autofree float *parameters = floats(root, "parameters", count);
    g_autofree double *margins = numbers(root, "margins", NODES);
    g_autofree double *gradient = numbers(root, "gradient", count);
    uint32_t card[NODES];
    int64_t time[NODES];
    for (size_t i = 0; i < NODES; i++) {
        card[i] = (uint32_t)cards[i];
        time[i] = (int64_t)times[i];
    }
    g_autoptr(GcnGraph) graph =
        gcn_graph_new(NODES, card, time, shape.neighbours, shape.time_scale);
    g_autofree float *inputs = g_new(float, NODES *shape.inputs);
    uint8_t is_fraud[NODES];
    for (size_t place = 0; place < NODES; place++) {
        const size_t row = graph->row[place];
        memcpy(inputs + place * shape.inputs, rows + row * shape.inputs,
               shape.inputs * sizeof(float));
        is_fraud[place] = labels[row] > 0;
    }
    const GcnNodes nodes = {graph, inputs, is_fraud};
    g_autoptr(GArray) runs = g_array_new(FALSE, FALSE, sizeof(GcnRun));
    gcn_graph_cut(graph, 0, NODES, NODES, shape.layers, runs);
    const GcnRun *run = (const GcnRun *)(const void *)runs->data;
    GcnPass *pass = gcn_pass_new(blas_load(NULL), &shape, NODES);
    float found[NODES];
    gcn_pass_forward(pass, parameters, &nodes, run, runs->len, found);
    for (size_t place = 0; place < NODES; place++)
        g_assert_cmpfloat_with_epsilon((double)found[place], margins[graph->row[place]], 1e-5);
    const GcnLoss loss = {.fraud_weight = (float)number(root, "fraud_weight")};
    g_autofree float *own = g_new0(float, count);
    const double sum = gcn_pass_gradient(pass, parameters, &nodes, run, runs->len, &loss, own);
    g_assert_cmpfloat_with_epsilon(sum, number(root, "loss"), 1e-4);
    for (size_t i = 0; i < count; i++)
        g_assert_cmpfloat_with_epsilon((double)own[i], gradient[i], 1e-4 * (1 + fabs(gradient[i])));
    gcn_pass_free(pass);
    json_parser_free(parser);
}

/* A random world of rows that tell something, their cards and times */

enum { FEATURES = 6, NAMES = FEATURES };
static const char *const names[NAMES] = {"a", "b", "c", "d", "e", "f"};
static const bool is_code[NAMES] = {[5] = true};

typedef struct World {
    FeatureMatrix *matrix;
    uint32_t *cards;
    int64_t *times;
    GArray *inputs;
} World;

/* A transaction is fraud where its card's last one had a large first feature and its own second one
 * is large: nothing that a row tells by itself. */
static World world_new(size_t rows, uint32_t cards, uint32_t seed) {
    World world = {matrix_new(FEATURES), g_new(uint32_t, rows), g_new(int64_t, rows), NULL};
    GRand *random = g_rand_new_with_seed(seed);
    g_autofree float *last = g_new0(float, cards);
    int64_t time = 1600000000;
    for (size_t i = 0; i < rows; i++) {
        float row[FEATURES];
        for (int f = 0; f < FEATURES - 1; f++)
            row[f] = g_rand_int_range(random, 0, 20) == 0
                         ? NAN
                         : (float)g_rand_double_range(random, -1, 1);
        row[FEATURES - 1] = (float)g_rand_int_range(random, 0, 4);
        world.cards[i] = (uint32_t)g_rand_int_range(random, 0, (gint32)cards);
        time += g_rand_int_range(random, -30, 120);
        world.times[i] = time;
        matrix_append(world.matrix, row, last[world.cards[i]] > 0.5F && row[1] > 0.3F,
                      MATRIX_NO_GROUP);
        last[world.cards[i]] = row[0];
    }
    g_rand_free(random);
    world.inputs = gcn_inputs_fit(world.matrix, rows, is_code);
    return world;
}

static void world_clear(World *world) {
    matrix_free(world->matrix);
    g_free(world->cards);
    g_free(world->times);
    g_array_unref(world->inputs);
}

/* A network on a world, its parameters random, and the world's graph. */
typedef struct Set {
    World world;
    Gcn *gcn;
    GcnGraph *graph;
    float *inputs;
    uint8_t *is_fraud;
    GcnNodes nodes;
} Set;

static Set set_new(size_t rows, uint32_t cards, uint32_t layers, uint32_t width,
                   uint32_t neighbours, uint32_t seed) {
    Set set = {.world = world_new(rows, cards, seed)};
    const GcnShape shape = {FEATURES, set.world.inputs->len, layers, width, neighbours, 3000};
    g_autofree float *parameters = g_new(float, gcn_parameter_count(&shape));
    GRand *random = g_rand_new_with_seed(seed + 1);
    for (size_t i = 0; i < gcn_parameter_count(&shape); i++)
        parameters[i] = (float)g_rand_double_range(random, -0.3, 0.3);
    g_rand_free(random);
    set.gcn =
        gcn_new(&shape, names, (const GcnInput *)(const void *)set.world.inputs->data, parameters);
    set.graph = gcn_graph_new(rows, set.world.cards, set.world.times, neighbours, 3000);
    set.inputs = g_new(float, rows *shape.inputs);
    set.is_fraud = g_new(uint8_t, rows);
    for (size_t place = 0; place < rows; place++) {
        const uint32_t row = set.graph->row[place];
        gcn_fill_inputs(set.gcn, matrix_row(set.world.matrix, row),
                        set.inputs + place * shape.inputs);
        set.is_fraud[place] = matrix_is_fraud(set.world.matrix, row);
    }
    set.nodes = (GcnNodes){set.graph, set.inputs, set.is_fraud};
    return set;
}

static void set_clear(Set *set) {
    world_clear(&set->world);
    gcn_free(set->gcn);
    gcn_graph_free(set->graph);
    g_free(set->inputs);
    g_free(set->is_fraud);
}

static GArray *cut(const Set *set, size_t first, uint32_t longest) {
    GArray *runs = g_array_new(FALSE, FALSE, sizeof(GcnRun));
    gcn_graph_cut(set->graph, first, set->graph->nodes, longest, gcn_shape(set->gcn)->layers, runs);
    return runs;
}

/* Margins by place, from a pass over the whole graph at once. */
static float *whole(const Set *set) {
    g_autoptr(GArray) runs = cut(set, 0, G_MAXUINT32);
    float *margins = g_new(float, set->graph->nodes);
    GcnPass *pass = gcn_pass_new(blas_load(NULL), gcn_shape(set->gcn), set->graph->nodes);
    gcn_pass_forward(pass, gcn_parameters(set->gcn), &set->nodes,
                     (const GcnRun *)(const void *)runs->data, runs->len, margins);
    gcn_pass_free(pass);
    return margins;
}

/* Scoring one transaction after the other is the forward pass over the whole graph. */
static void test_streaming(void) {
    enum { ROWS = 100000 };
    Set set = set_new(ROWS, 300, 2, 32, 8, 1);
    g_autofree float *margins = whole(&set), *by_row = g_new(float, ROWS);
    for (size_t place = 0; place < ROWS; place++)
        by_row[set.graph->row[place]] = margins[place];
    GcnMemory *memory = gcn_memory_new(set.gcn);
    double furthest = 0, lowest = INFINITY, highest = -INFINITY;
    for (size_t row = 0; row < ROWS; row++) {
        const double margin = (double)gcn_memory_score(
            memory, set.world.cards[row], set.world.times[row], matrix_row(set.world.matrix, row));
        furthest = fmax(furthest, fabs(margin - (double)by_row[row]));
        lowest = fmin(lowest, margin);
        highest = fmax(highest, margin);
    }
    g_test_message("furthest apart: %.2g, of margins from %.2f to %.2f", furthest, lowest, highest);
    g_assert_cmpfloat(furthest, <, 2e-5);
    g_assert_cmpfloat(highest - lowest, >, 1);
    gcn_memory_free(memory);
    set_clear(&set);
}

/* Runs of any length, with what they reach back to, give what the whole graph gives; and they cover
 * what they are asked for, once. */
static void test_runs(void) {
    enum { ROWS = 3000, FIRST = 1700 };
    Set set = set_new(ROWS, 17, 3, 16, 5, 2);
    g_autofree float *margins = whole(&set);
    static const uint32_t longest[] = {1, 7, 64};
    for (size_t i = 0; i < G_N_ELEMENTS(longest); i++) {
        g_autoptr(GArray) runs = cut(&set, FIRST, longest[i]);
        GcnPass *pass = gcn_pass_new(blas_load(NULL), gcn_shape(set.gcn), longest[i] + 3 * 5);
        size_t seen = 0;
        for (guint r = 0; r < runs->len; r++) {
            const GcnRun *run = &g_array_index(runs, GcnRun, r);
            float found[64];
            g_assert_cmpuint(run->end - run->from, <=, longest[i]);
            gcn_pass_forward(pass, gcn_parameters(set.gcn), &set.nodes, run, 1, found);
            for (uint32_t place = run->from; place < run->end; place++, seen++) {
                g_assert_cmpuint(set.graph->row[place], >=, FIRST);
                g_assert_cmpfloat_with_epsilon(found[place - run->from], margins[place], 1e-5F);
            }
        }
        g_assert_cmpuint(seen, ==, ROWS - FIRST);
        gcn_pass_free(pass);
    }
    set_clear(&set);
}

/* The gradient against central differences of the loss, with drop-out, over runs that reach back.
 */
static void test_gradient(void) {
    enum { ROWS = 160 };
    Set set = set_new(ROWS, 4, 2, 16, 3, 3);
    const GcnShape *shape = gcn_shape(set.gcn);
    g_autoptr(GArray) runs = cut(&set, 20, 16);
    const GcnRun *run = (const GcnRun *)(const void *)runs->data;
    const GcnLoss loss = {.fraud_weight = 3, .dropout = 0.25F, .seed = 5};
    const size_t count = gcn_parameter_count(shape);
    g_autofree float *parameters = g_memdup2(gcn_parameters(set.gcn), count * sizeof(float));
    g_autofree float *gradient = g_new0(float, count), *unused = g_new0(float, count);
    GcnPass *pass = gcn_pass_new(blas_load(NULL), shape, 4 * ROWS);
    gcn_pass_gradient(pass, parameters, &set.nodes, run, runs->len, &loss, gradient);
    const float step = 1.0F / 4096;
    size_t off = 0;
    for (size_t i = 0; i < count; i++) {
        const float kept = parameters[i];
        parameters[i] = kept + step;
        const double up =
            gcn_pass_gradient(pass, parameters, &set.nodes, run, runs->len, &loss, unused);
        parameters[i] = kept - step;
        const double down =
            gcn_pass_gradient(pass, parameters, &set.nodes, run, runs->len, &loss, unused);
        parameters[i] = kept;
        const double slope = (up - down) / (2 * (double)step);
        /* A relu that bends within the step makes the difference another; few do. */
        off += fabs(slope - (double)gradient[i]) > 0.02 * (1 + fabs(slope));
    }
    g_test_message("%zu of %zu differ", off, count);
    g_assert_cmpuint(off, <=, count / 100);
    gcn_pass_free(pass);
    set_clear(&set);
}

static GcnOptions options(void) {
    GcnOptions o = gcn_defaults;
    o.width = 16;
    o.neighbours = 2;
    o.time_scale = 3000;
    o.batch = 512;
    o.epochs = 25;
    o.learning_rate = 1e-2F;
    return o;
}

static Gcn *train(const World *world, const GcnOptions *o, GError **error) {
    const GcnJob job = {
        .matrix = world->matrix,
        .train_rows = world->matrix->rows * 3 / 4,
        .names = names,
        .cards = world->cards,
        .times = world->times,
        .inputs = (const GcnInput *)(const void *)world->inputs->data,
        .input_count = world->inputs->len,
        .options = o,
    };
    return gcn_train(&job, error);
}

static void assert_same(const Gcn *a, const Gcn *b) {
    g_assert_cmpmem(gcn_shape(a), sizeof(GcnShape), gcn_shape(b), sizeof(GcnShape));
    const size_t size = gcn_parameter_count(gcn_shape(a)) * sizeof(float);
    g_assert_cmpmem(gcn_parameters(a), size, gcn_parameters(b), size);
}

/* It learns what only the graph tells, and the same with any number of threads. */
static void test_learns(void) {
    enum { ROWS = 24000 };
    World world = world_new(ROWS, 100, 4);
    GcnOptions o = options();
    o.threads = 1;
    Gcn *gcn = train(&world, &o, NULL);
    GcnMemory *memory = gcn_memory_new(gcn);
    g_autofree float *margins = g_new(float, ROWS);
    g_autofree uint8_t *is_fraud = g_new(uint8_t, ROWS);
    for (size_t row = 0; row < ROWS; row++) {
        margins[row] = gcn_memory_score(memory, world.cards[row], world.times[row],
                                        matrix_row(world.matrix, row));
        is_fraud[row] = matrix_is_fraud(world.matrix, row);
    }
    const size_t first = ROWS * 3 / 4;
    const Metrics metrics = metrics_compute(margins + first, is_fraud + first, ROWS - first, 0, 1);
    g_test_message("average precision %.3f", metrics.average_precision);
    g_assert_cmpfloat(metrics.average_precision, >,
                      0.8); /* 0.09 by chance, 0.25 by the row alone */
    o.threads = 3;
    o.epochs = 2;
    Gcn *three = train(&world, &o, NULL);
    o.threads = 1;
    Gcn *one = train(&world, &o, NULL);
    assert_same(one, three);
    GError *error = NULL;
    o.learning_rate = 1e30F;
    g_assert_null(train(&world, &o, &error));
    g_assert_nonnull(strstr(error->message, "lower the learning rate"));
    g_error_free(error);
    gcn_free(one);
    gcn_free(three);
    gcn_memory_free(memory);
    gcn_free(gcn);
    world_clear(&world);
}

/* Curves are finite and rise with their feature, codes have one indicator each. */
static void test_inputs(void) {
    World world = world_new(5000, 10, 6);
    size_t codes = 0, missing = 0, rising = 0;
    for (guint i = 0; i < world.inputs->len; i++) {
        const GcnInput *input = &g_array_index(world.inputs, GcnInput, i);
        if (is_code[input->feature]) {
            codes++;
        } else if (input->missing == 1) {
            missing++;
        } else {
            rising++;
            for (uint32_t k = 1; k < input->knots; k++)
                g_assert_cmpfloat(input->y[k], >, input->y[k - 1]);
        }
    }
    g_assert_cmpuint(codes, ==, 4);
    g_assert_cmpuint(missing, ==, FEATURES - 1);
    g_assert_cmpuint(rising, ==, 2 * (FEATURES - 1));
    world_clear(&world);
}

int main(int argc, char **argv) {
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/gcn/forward and backward are PyTorch Geometric's", test_pyg);
    g_test_add_func("/gcn/inputs", test_inputs);
    g_test_add_func("/gcn/streaming is the whole graph's forward pass", test_streaming);
    g_test_add_func("/gcn/runs are the whole graph's", test_runs);
    g_test_add_func("/gcn/gradient against finite differences", test_gradient);
    g_test_add_func("/gcn/learns what the graph tells", test_learns);
    return g_test_run();
}
