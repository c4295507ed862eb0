#include "train/train_gcn.h"

#include "feature/feature.h"
#include "train/gcn.h"
#include "train/gcn_inputs.h"

#include <math.h>
#include <string.h>

enum { THREADS_MAX = 64 };

/* A parameter: what it may be, and where it goes. */
typedef struct Field {
    const char *name;
    double low, high;
    bool whole;
    size_t offset; /* in GcnOptions */
    size_t size;
} Field;

#define FIELD(NAME, LOW, HIGH, WHOLE)                                                              \
    { #NAME, LOW, HIGH, WHOLE, offsetof(GcnOptions, NAME), sizeof(((GcnOptions *)0)->NAME) }

static const Field fields[] = {
    FIELD(layers, 1, GCN_LAYERS_MAX, true),
    FIELD(width, GCN_LANES, GCN_WIDTH_MAX, true),
    FIELD(neighbours, 1, GCN_NEIGHBOURS_MAX, true),
    FIELD(time_scale, 1, GCN_TIME_SCALE_MAX, false),
    FIELD(epochs, 1, 10000, true),
    FIELD(patience, 1, 10000, true),
    FIELD(batch, 1, 1 << 24, true),
    FIELD(learning_rate, 1e-9, 1, false),
    FIELD(weight_decay, 0, 1, false),
    FIELD(fraud_weight, 1e-3, 1e3, false),
    FIELD(dropout, 0, 0.9, false),
    FIELD(seed, 0, G_MAXUINT32, true),
    {"nthread", 1, THREADS_MAX, true, offsetof(GcnOptions, threads), sizeof(unsigned)},
};

static G_DEFINE_QUARK(haechi - train - gcn - error, train_gcn_error)

    static void put(GcnOptions *options, const Field *field, double value) {
    char *to = (char *)options + field->offset;
    if (!field->whole)
        *(float *)(void *)to = (float)value;
    else if (field->size == sizeof(uint64_t))
        *(uint64_t *)(void *)to = (uint64_t)value;
    else
        *(uint32_t *)(void *)to = (uint32_t)value;
}

static double get(const GcnOptions *options, const Field *field) {
    const char *from = (const char *)options + field->offset;
    if (!field->whole) return (double)*(const float *)(const void *)from;
    if (field->size == sizeof(uint64_t)) return (double)*(const uint64_t *)(const void *)from;
    return *(const uint32_t *)(const void *)from;
}

static const Field *find(const char *name) {
    for (size_t i = 0; i < G_N_ELEMENTS(fields); i++)
        if (strcmp(fields[i].name, name) == 0) return &fields[i];
    return NULL;
}

static bool take_param(GcnOptions *options, const TrainParam *param, GError **error) {
    const Field *field = find(param->name);
    if (!field) {
        g_set_error(error, train_gcn_error_quark(), 0, "the GCN has no parameter '%s'",
                    param->name);
        return false;
    }
    char *end;
    const double value = g_ascii_strtod(param->value, &end);
    const bool good = end != param->value && *end == '\0' && value >= field->low &&
                      value <= field->high && (!field->whole || value == floor(value));
    if (good)
        put(options, field, value);
    else
        g_set_error(error, train_gcn_error_quark(), 0, "%s must be %s from %g to %g, not '%s'",
                    field->name, field->whole ? "a whole number" : "a number", field->low,
                    field->high, param->value);
    return good;
}

static bool read_options(const FitJob *job, GcnOptions *options, GError **error) {
    *options = gcn_defaults;
    options->threads = MIN(g_get_num_processors(), (guint)THREADS_MAX);
    for (size_t i = 0; i < job->param_count; i++)
        if (!take_param(options, &job->params[i], error)) return false;
    if (options->width % GCN_LANES == 0) return true;
    g_set_error(error, train_gcn_error_quark(), 0, "width must be a multiple of %d, not %u",
                GCN_LANES, options->width);
    return false;
}

static bool check(const FitJob *job, GError **error) {
    GcnOptions options;
    return read_options(job, &options, error) && blas_load(error) != NULL;
}

static GArray *params_of(const GcnOptions *options) {
    GArray *params = g_array_new(FALSE, FALSE, sizeof(TrainParam));
    for (size_t i = 0; i < G_N_ELEMENTS(fields); i++) {
        char text[32];
        g_ascii_formatd(text, sizeof text, "%.8g", get(options, &fields[i]));
        train_params_add(params, fields[i].name, text);
    }
    return params;
}

/* What hears of the epochs. */
typedef struct Listener {
    const FitJob *job;
    unsigned epochs;
} Listener;

static void note(const FitJob *job, const GcnEpoch *epoch, bool judged) {
    g_autoptr(GString) line = g_string_new(NULL);
    g_string_printf(line, "epoch %u: loss %.5f, ", epoch->number, epoch->loss);
    if (judged)
        g_string_append_printf(line, "average precision on judging rows %.4f, ",
                               epoch->average_precision);
    g_string_append_printf(line, "%.2f s%s", epoch->seconds,
                           judged && epoch->best ? " (best)" : "");
    job->note(job->note_data, line->str);
}

static void hear(void *data, const GcnEpoch *epoch) {
    const Listener *listener = data;
    const FitJob *job = listener->job;
    const bool judged = !isnan(epoch->average_precision);
    if (job->note) note(job, epoch, judged);
    if (job->step) {
        job->step(job->step_data, "loss, training", (int)epoch->number, epoch->loss);
        if (judged)
            job->step(job->step_data, "average precision, judging", (int)epoch->number,
                      epoch->average_precision);
    }
    if (job->progress)
        job->progress(job->progress_data, "training", epoch->number, listener->epochs);
}

static Gcn *run(const FitJob *job, const Dataset *data, const GcnOptions *options, GError **error) {
    const size_t columns = data->matrix->columns;
    g_autofree bool *is_code = g_new(bool, columns);
    g_autofree const char **names = g_new(const char *, columns);
    for (size_t i = 0; i < columns; i++) {
        names[i] = feature_at(i)->name;
        is_code[i] = strcmp(feature_at(i)->unit, "code") == 0;
    }
    g_autoptr(GArray) inputs = gcn_inputs_fit(data->matrix, data->train_rows, is_code);
    if (inputs->len == 0) {
        g_set_error(error, train_gcn_error_quark(), 0,
                    "nothing to learn from: every feature has but one value");
        return NULL;
    }
    Listener listener = {job, options->epochs};
    const GcnJob gcn = {
        .matrix = data->matrix,
        .train_rows = data->train_rows,
        .names = names,
        .cards = (const uint32_t *)(const void *)data->cards->data,
        .times = (const int64_t *)(const void *)data->times->data,
        .inputs = (const GcnInput *)(const void *)inputs->data,
        .input_count = inputs->len,
        .options = options,
        .progress = hear,
        .progress_data = &listener,
    };
    return gcn_train(&gcn, error);
}

static GBytes *fit(const FitJob *job, const Dataset *data, GArray **params, GError **error) {
    GcnOptions options;
    if (!read_options(job, &options, error)) return NULL;
    Gcn *gcn = run(job, data, &options, error);
    if (!gcn) return NULL;
    GBytes *file = gcn_write(gcn);
    gcn_free(gcn);
    *params = params_of(&options);
    return file;
}

const Trainer train_gcn = {
    .kind = MODEL_GCN,
    .threads_param = "nthread",
    .check = check,
    .fit = fit,
};
