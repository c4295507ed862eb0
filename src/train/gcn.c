#include "train/gcn.h"

#include "base/hash.h"
#include "train/metrics.h"
#include <math.h>
#include <string.h>

enum {
    RUN_LONGEST = 128, /* nodes of one card that come to be in a batch together */
    PASS_ROWS = 512,   /* of a pass, which has its gradient to itself */
    JUDGE_RUN_LONGEST = 256,
};

/* AdamW (Loshchilov and Hutter 2019), with its authors' constants. */
#define BETA1   0.9
#define BETA2   0.999
#define EPSILON 1e-8
/* Each step the averaged parameters move this share towards the current ones, more at the start. */
#define AVERAGING       0.002
#define AVERAGING_START 9.0

const GcnOptions gcn_defaults = {
    .layers = 2,
    .width = 64,
    .neighbours = 8,
    .time_scale = 86400,
    .epochs = 10,
    .patience = 4,
    .batch = 8192,
    .learning_rate = 4e-3F,
    .weight_decay = 1e-2F,
    .fraud_weight = 4,
    .dropout = 0.1F,
    .seed = 1,
    .threads = 2,
};

/* Passes that several threads work off; each run of `passes` belongs to one pass. */
typedef struct Training {
    const GcnJob *job;
    GcnShape shape;
    GcnNodes nodes;
    GcnGraph *graph;
    float *inputs;
    uint8_t *is_fraud;  /* by place */
    GArray *runs;       /* GcnRun, to learn from */
    GArray *judge_runs; /* GcnRun, to judge on */
    GArray *passes;     /* uint32_t: where each pass's runs end, in the runs at hand */
    GcnPass **work;     /* one a thread */
    size_t count;       /* parameters */
    float *parameters, *averaged, *best;
    double *moment1, *moment2; /* AdamW's */
    float *gradients;          /* of the passes of a batch: count each */
    double *losses;            /* of the same */
    uint64_t step;
    GRand *random;
} Training;

static size_t run_rows(const GcnRun *run) {
    return run->end - run->begin;
}

/* The longest run that can be cut: its own nodes and what it looks back on. */
static size_t pass_room(const GcnShape *shape) {
    return MAX((size_t)PASS_ROWS, JUDGE_RUN_LONGEST + (size_t)shape->layers * shape->neighbours);
}

/* Groups the runs, in their order, into passes. */
static void group_runs(Training *t, const GArray *runs) {
    const size_t room = pass_room(&t->shape);
    size_t rows = 0;
    g_array_set_size(t->passes, 0);
    for (guint i = 0; i < runs->len; i++) {
        const size_t more = run_rows(&g_array_index(runs, GcnRun, i));
        if (rows + more > room) {
            g_array_append_val(t->passes, i);
            rows = 0;
        }
        rows += more;
    }
    if (runs->len > 0) g_array_append_val(t->passes, runs->len);
}

/* What the threads of one batch share: passes first..end of those at hand. */
typedef struct Batch {
    Training *training;
    const GArray *runs;
    size_t first, end;
    gint next;               /* pass to be taken, from 0 */
    gint workers;            /* threads that have a GcnPass of their own by now */
    const GcnLoss *loss;     /* to learn, or NULL to judge */
    float *margins;          /* where judged: one after the other, in the order of the runs */
    const size_t *margin_at; /* where each pass's margins begin */
} Batch;

static void do_pass(Batch *batch, GcnPass *work, size_t index) {
    Training *t = batch->training;
    const size_t pass = batch->first + index;
    const uint32_t begin = pass == 0 ? 0 : g_array_index(t->passes, uint32_t, pass - 1);
    const uint32_t end = g_array_index(t->passes, uint32_t, pass);
    const GcnRun *runs = &g_array_index(batch->runs, GcnRun, begin);
    if (batch->loss == NULL) {
        gcn_pass_forward(work, t->averaged, &t->nodes, runs, end - begin,
                         batch->margins + batch->margin_at[pass]);
        return;
    }
    float *gradient = t->gradients + index * t->count;
    memset(gradient, 0, t->count * sizeof *gradient);
    t->losses[index] =
        gcn_pass_gradient(work, t->parameters, &t->nodes, runs, end - begin, batch->loss, gradient);
}

static void *do_passes(void *data) {
    Batch *batch = data;
    GcnPass *work = batch->training->work[g_atomic_int_add(&batch->workers, 1)];
    for (;;) {
        const size_t index = (size_t)g_atomic_int_add(&batch->next, 1);
        if (index >= batch->end - batch->first) return NULL;
        do_pass(batch, work, index);
    }
}

/* Which thread does which pass changes nothing: each has its own place for what it gives. */
static void do_batch(Batch *batch) {
    const unsigned more = batch->training->job->options->threads - 1;
    g_autofree GThread **threads = g_new(GThread *, more + 1);
    for (unsigned i = 0; i < more; i++)
        threads[i] = g_thread_new("gcn", do_passes, batch);
    do_passes(batch);
    for (unsigned i = 0; i < more; i++)
        g_thread_join(threads[i]);
}

/* The learning rate rises over the first epoch and falls along a cosine to the last one. */
static double learning_rate(const Training *t, uint64_t steps_an_epoch) {
    const GcnOptions *o = t->job->options;
    const double step = (double)t->step, warm = (double)steps_an_epoch;
    const double all = warm * o->epochs;
    if (step < warm) return (double)o->learning_rate * step / warm;
    return (double)o->learning_rate *
           (0.02 + 0.49 * (1 + cos(G_PI * (step - warm) / MAX(all - warm, 1))));
}

/* One step of AdamW along the sum of the passes' gradients, taken in their order. */
static void take_step(Training *t, size_t passes, double weight, uint64_t steps_an_epoch) {
    t->step++;
    const double rate = learning_rate(t, steps_an_epoch);
    const double decay = 1 - rate * (double)t->job->options->weight_decay;
    const double right1 = 1 - pow(BETA1, (double)t->step), right2 = 1 - pow(BETA2, (double)t->step);
    const double averaging = MAX(AVERAGING, AVERAGING_START / (AVERAGING_START + (double)t->step));
    for (size_t i = 0; i < t->count; i++) {
        double gradient = 0;
        for (size_t pass = 0; pass < passes; pass++)
            gradient += (double)t->gradients[pass * t->count + i];
        gradient /= weight;
        t->moment1[i] = BETA1 * t->moment1[i] + (1 - BETA1) * gradient;
        t->moment2[i] = BETA2 * t->moment2[i] + (1 - BETA2) * gradient * gradient;
        const double move = t->moment1[i] / right1 / (sqrt(t->moment2[i] / right2) + EPSILON);
        const double value = (double)t->parameters[i] * decay - rate * move;
        t->parameters[i] = (float)value;
        t->averaged[i] += (float)(averaging * (value - (double)t->averaged[i]));
    }
}

static void shuffle(GArray *runs, GRand *random) {
    for (guint i = runs->len; i > 1; i--) {
        const guint with = (guint)g_rand_int_range(random, 0, (gint32)i);
        const GcnRun run = g_array_index(runs, GcnRun, with);
        g_array_index(runs, GcnRun, with) = g_array_index(runs, GcnRun, i - 1);
        g_array_index(runs, GcnRun, i - 1) = run;
    }
}

static size_t passes_of_batch(const Training *t) {
    return MAX(t->job->options->batch / pass_room(&t->shape), (size_t)1);
}

/* Once over the training nodes, in an order of its own; returns the mean loss. */
static double run_epoch(Training *t) {
    const GcnOptions *o = t->job->options;
    const size_t step = passes_of_batch(t);
    double sum = 0, weights = 0;
    shuffle(t->runs, t->random);
    group_runs(t, t->runs);
    const GcnLoss loss = {o->fraud_weight, o->dropout, hash_u64(o->seed, t->step)};
    for (size_t first = 0; first < t->passes->len; first += step) {
        Batch batch = {t, t->runs, first, MIN(first + step, (size_t)t->passes->len), .loss = &loss};
        const uint32_t begin = first == 0 ? 0 : g_array_index(t->passes, uint32_t, first - 1);
        const uint32_t end = g_array_index(t->passes, uint32_t, batch.end - 1);
        const double weight =
            gcn_loss_weight(&t->nodes, &g_array_index(t->runs, GcnRun, begin), end - begin, &loss);
        if (weight == 0) continue;
        do_batch(&batch);
        for (size_t i = 0; i < batch.end - first; i++)
            sum += t->losses[i];
        weights += weight;
        take_step(t, batch.end - first, weight, (t->passes->len + step - 1) / step);
    }
    return weights > 0 ? sum / weights : 0;
}

/* Average precision of the averaged parameters on the judging nodes. */
static double judge(Training *t) {
    group_runs(t, t->judge_runs);
    g_autofree size_t *margin_at = g_new0(size_t, t->passes->len + 1);
    g_autoptr(GByteArray) is_fraud = g_byte_array_new();
    guint run = 0;
    for (guint pass = 0; pass < t->passes->len; pass++) {
        margin_at[pass] = is_fraud->len;
        for (; run < g_array_index(t->passes, uint32_t, pass); run++) {
            const GcnRun *r = &g_array_index(t->judge_runs, GcnRun, run);
            g_byte_array_append(is_fraud, t->is_fraud + r->from, r->end - r->from);
        }
    }
    g_autofree float *margins = g_new(float, is_fraud->len + 1);
    Batch batch = {t, t->judge_runs, 0, t->passes->len, .margins = margins, .margin_at = margin_at};
    do_batch(&batch);
    return metrics_compute(margins, is_fraud->data, is_fraud->len, 0, 1).average_precision;
}

/* A standard normal number (Box and Muller 1958). */
static double normal(GRand *random) {
    const double u = 1 - g_rand_double(random), v = g_rand_double(random);
    return sqrt(-2 * log(u)) * cos(2 * G_PI * v);
}

/* Weights as He et al. 2015 draw them before relu, for two matrices whose outputs are added. */
static void draw_parameters(Training *t) {
    for (uint32_t layer = 0; layer < t->shape.layers; layer++) {
        const size_t seen = gcn_layer_inputs(&t->shape, layer);
        float *weights = t->parameters + gcn_layer_weights(&t->shape, layer);
        for (size_t i = 0; i < 2 * seen * t->shape.width; i++)
            weights[i] = (float)(normal(t->random) / sqrt((double)seen));
    }
    float *readout = t->parameters + gcn_readout(&t->shape);
    for (uint32_t i = 0; i < t->shape.width; i++)
        readout[i] = (float)(normal(t->random) / sqrt((double)t->shape.width));
}

/* The inputs in the order of the graph's places. The network is not there yet, but its curves are:
 * they are evaluated as scoring does. */
static void fill_inputs(Training *t) {
    const GcnJob *job = t->job;
    const size_t rows = job->matrix->rows;
    Gcn *curves = gcn_new(&t->shape, job->names, job->inputs, t->parameters);
    t->inputs = g_new(float, rows * job->input_count);
    t->is_fraud = g_new(uint8_t, rows);
    for (size_t place = 0; place < rows; place++) {
        const uint32_t row = t->graph->row[place];
        gcn_fill_inputs(curves, matrix_row(job->matrix, row), t->inputs + place * job->input_count);
        t->is_fraud[place] = matrix_is_fraud(job->matrix, row);
    }
    gcn_free(curves);
}

static void set_up(Training *t, const Blas *blas) {
    const GcnJob *job = t->job;
    const GcnOptions *o = job->options;
    t->shape = (GcnShape){(uint32_t)job->matrix->columns,
                          job->input_count,
                          o->layers,
                          o->width,
                          o->neighbours,
                          o->time_scale};
    t->count = gcn_parameter_count(&t->shape);
    t->random = g_rand_new_with_seed((guint32)hash_u64(o->seed, 0));
    t->parameters = g_new0(float, t->count);
    t->averaged = g_new0(float, t->count);
    t->best = g_new0(float, t->count);
    t->moment1 = g_new0(double, t->count);
    t->moment2 = g_new0(double, t->count);
    t->gradients = g_new(float, passes_of_batch(t) * t->count);
    t->losses = g_new0(double, passes_of_batch(t));
    draw_parameters(t);
    t->graph =
        gcn_graph_new(job->matrix->rows, job->cards, job->times, o->neighbours, o->time_scale);
    fill_inputs(t);
    t->nodes = (GcnNodes){t->graph, t->inputs, t->is_fraud};
    t->runs = g_array_new(FALSE, FALSE, sizeof(GcnRun));
    t->judge_runs = g_array_new(FALSE, FALSE, sizeof(GcnRun));
    t->passes = g_array_new(FALSE, FALSE, sizeof(uint32_t));
    gcn_graph_cut(t->graph, 0, job->train_rows, RUN_LONGEST, o->layers, t->runs);
    gcn_graph_cut(t->graph, job->train_rows, job->matrix->rows, JUDGE_RUN_LONGEST, o->layers,
                  t->judge_runs);
    t->work = g_new(GcnPass *, o->threads);
    for (unsigned i = 0; i < o->threads; i++)
        t->work[i] = gcn_pass_new(blas, &t->shape, pass_room(&t->shape));
}

static void tear_down(Training *t) {
    for (unsigned i = 0; i < t->job->options->threads; i++)
        gcn_pass_free(t->work[i]);
    g_free(t->work);
    g_array_unref(t->runs);
    g_array_unref(t->judge_runs);
    g_array_unref(t->passes);
    gcn_graph_free(t->graph);
    g_free(t->inputs);
    g_free(t->is_fraud);
    g_free(t->parameters);
    g_free(t->averaged);
    g_free(t->best);
    g_free(t->moment1);
    g_free(t->moment2);
    g_free(t->gradients);
    g_free(t->losses);
    g_rand_free(t->random);
}

/* Whether the averaged parameters are such as a network may have. */
static bool within_limits(const Training *t) {
    for (size_t i = 0; i < t->count; i++)
        if (!(fabsf(t->averaged[i]) < GCN_PARAMETER_MAX / 2)) return false;
    return true;
}

/* False when no epoch gave a network. */
static bool run_epochs(Training *t) {
    const GcnOptions *o = t->job->options;
    const bool judged = t->judge_runs->len > 0;
    double best = -1;
    unsigned worse = 0;
    for (unsigned number = 1; number <= o->epochs && worse < o->patience; number++) {
        const gint64 start = g_get_monotonic_time();
        GcnEpoch epoch = {.number = number, .loss = run_epoch(t)};
        epoch.seconds = (double)(g_get_monotonic_time() - start) / 1e6;
        epoch.average_precision = judged ? judge(t) : NAN;
        epoch.best = within_limits(t) && (!judged || epoch.average_precision > best);
        worse = epoch.best ? 0 : worse + 1;
        if (epoch.best) {
            best = judged ? epoch.average_precision : 0;
            memcpy(t->best, t->averaged, t->count * sizeof(float));
        }
        if (t->job->progress) t->job->progress(t->job->progress_data, &epoch);
    }
    return best >= 0;
}

static G_DEFINE_QUARK(haechi - gcn - train - error, gcn_train_error)

    Gcn *gcn_train(const GcnJob *job, GError **error) {
    Training t = {.job = job};
    Gcn *gcn = NULL;
    const Blas *blas = blas_load(error);
    if (blas == NULL) return NULL;
    set_up(&t, blas);
    if (run_epochs(&t)) {
        /* A fraud counted w times raises the odds w times. */
        t.best[t.count - 1] -= logf(job->options->fraud_weight);
        gcn = gcn_new(&t.shape, job->names, job->inputs, t.best);
    } else {
        g_set_error(error, gcn_train_error_quark(), 0,
                    "the network's parameters grew without bound: lower the learning rate");
    }
    tear_down(&t);
    return gcn;
}
