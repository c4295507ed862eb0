#include "train/train.h"
#include "model/model.h"

/* What one training makes on its way. */
typedef struct Training {
    const TrainJob *job;
    Dataset *data;
    ModelMember *member; /* as it will be read again */
    GcnMemory *memory;   /* of a member that looks back; else NULL */
    size_t scored;       /* rows that the memory has taken in */
    float *scores;       /* of the judging rows */
    GArray *steps;       /* ReportStep */
    gint64 start;        /* microseconds */
} Training;

/* The member's margin of a row. One that looks back has to have taken in the rows before, so there
 * rows are asked for in their order. */
static float margin_of(Training *t, size_t row) {
    float margin = 0;
    for (size_t i = t->memory ? t->scored : row; i <= row; i++) {
        const ModelInput input = dataset_input(t->data, i);
        margin = model_member_margin(t->member, t->memory, &input);
    }
    t->scored = row + 1;
    return margin;
}

/* Begins anew with the first row. */
static void forget(Training *t) {
    const Gcn *gcn = model_member_gcn(t->member);
    gcn_memory_free(t->memory);
    t->memory = gcn ? gcn_memory_new(gcn) : NULL;
    t->scored = 0;
}

/* Scores the judging rows by the member, and judges it. */
static bool judge(Training *t, TrainResult *result, GError **error) {
    t->member = model_member_parse(result->kind, result->member, error);
    if (!t->member) return false;
    t->scores = g_new(float, result->valid_rows + 1);
    forget(t);
    for (size_t i = 0; i < result->valid_rows; i++)
        t->scores[i] = model_probability(margin_of(t, t->data->train_rows + i));
    result->judgement = judge_scores(t->data, t->scores, &t->job->wish);
    result->seconds = (double)(g_get_monotonic_time() - t->start) / 1e6;
    return true;
}

static void keep_step(void *data, const char *metric, int step, double value) {
    const Training *t = data;
    const ReportStep kept = {g_intern_string(metric), step, value};
    g_array_append_val(t->steps, kept);
}

/* The report asks for the rows in their order. */
static void explain(void *data, size_t row, float *out) {
    Training *t = data;
    const size_t at = t->data->train_rows + row;
    if (t->memory) margin_of(t, at);
    const ModelInput input = dataset_input(t->data, at);
    model_member_contributions(t->member, t->memory, &input, out);
}

/* The layers of a network, the read-out last. */
static ReportLayer *layers_of(const ModelMember *member, size_t *count) {
    static const char *const names[GCN_LAYERS_MAX] = {
        "graph convolution 1", "graph convolution 2", "graph convolution 3", "graph convolution 4",
        "graph convolution 5", "graph convolution 6", "graph convolution 7", "graph convolution 8"};
    const Gcn *gcn = model_member_gcn(member);
    *count = gcn ? gcn_shape(gcn)->layers + 1 : 0;
    ReportLayer *layers = g_new0(ReportLayer, *count + 1);
    for (uint32_t i = 0; i + 1 < *count; i++) {
        const GcnShape *shape = gcn_shape(gcn);
        layers[i] = (ReportLayer){names[i], gcn_layer_inputs(shape, i), shape->width,
                                  gcn_layer_weights(shape, i + 1) - gcn_layer_weights(shape, i)};
    }
    if (gcn) {
        const size_t width = gcn_shape(gcn)->width;
        layers[*count - 1] = (ReportLayer){"read-out", width, 1, width + 1};
    }
    return layers;
}

static bool make_report(Training *t, TrainResult *result, GError **error) {
    const Trainer *trainer = t->job->trainer;
    g_autofree double *gain = g_new0(double, feature_count());
    g_autofree double *splits = g_new0(double, feature_count());
    const TrainImportance importance = {gain, splits};
    if (trainer->importance && !trainer->importance(result->member, &importance, error))
        return false;
    size_t layer_count;
    result->layers = layers_of(t->member, &layer_count);
    forget(t);
    const ReportJob job = {
        .data = t->data,
        .scores = t->scores,
        .judgement = &result->judgement,
        .review_cost = t->job->review_cost,
        .explain = explain,
        .explain_data = t,
        .explain_method =
            model_member_gcn(t->member) ? "gradient times input" : REPORT_SHAPLEY_VALUES,
        .importance = trainer->importance ? &importance : NULL,
        .steps = t->steps,
        .layers = result->layers,
        .layer_count = layer_count,
    };
    if (t->job->data.progress) t->job->data.progress(t->job->data.progress_data, "reporting", 0, 0);
    result->report = report_new(&job);
    return true;
}

/* Puts in the member's place one that learns from all rows. The thresholds stay as they are, chosen
 * by a model that had not seen the rows they were chosen on. */
static bool refit(const Training *t, const FitJob *fit, TrainResult *result, GError **error) {
    GArray *params = NULL;
    FitJob again = *fit;
    again.step = NULL;
    t->data->train_rows = t->data->matrix->rows;
    g_clear_pointer(&result->member, g_bytes_unref);
    result->member = t->job->trainer->fit(&again, t->data, &params, error);
    train_params_free(params);
    return result->member != NULL;
}

static bool train_on(Training *t, TrainResult *result, GError **error) {
    const Dataset *data = t->data;
    FitJob fit = t->job->fit;
    fit.progress = t->job->data.progress;
    fit.progress_data = t->job->data.progress_data;
    fit.step = keep_step;
    fit.step_data = t;
    result->suspicion = g_bytes_ref(data->suspicion);
    result->rows = data->train_rows;
    result->frauds = data->frauds;
    result->valid_rows = dataset_judging_rows(data);
    result->first_time = data->first_time;
    result->last_time = data->last_time;
    result->member = t->job->trainer->fit(&fit, data, &result->params, error);
    return result->member && judge(t, result, error) && make_report(t, result, error) &&
           (!t->job->refit || refit(t, &fit, result, error));
}

bool train_model(const TrainJob *job, TrainResult *result, GError **error) {
    *result = (TrainResult){.kind = job->trainer->kind};
    if (!job->trainer->check(&job->fit, error)) return false;
    Training t = {.job = job, .start = g_get_monotonic_time()};
    DatasetJob reading = job->data;
    reading.threads =
        train_params_find(job->fit.params, job->fit.param_count, job->trainer->threads_param);
    g_autoptr(Dataset) data = dataset_read(&reading, error);
    t.data = data;
    t.steps = g_array_new(FALSE, FALSE, sizeof(ReportStep));
    const bool good = data && train_on(&t, result, error);
    if (!good) train_result_clear(result);
    gcn_memory_free(t.memory);
    model_member_free(t.member);
    g_free(t.scores);
    g_array_unref(t.steps);
    return good;
}

void train_result_clear(TrainResult *result) {
    g_clear_pointer(&result->member, g_bytes_unref);
    g_clear_pointer(&result->suspicion, g_bytes_unref);
    g_clear_pointer(&result->params, train_params_free);
    judgement_clear(&result->judgement);
    g_clear_pointer(&result->report, report_free);
    g_clear_pointer(&result->layers, g_free);
}
