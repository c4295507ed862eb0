#include "train/train.h"
#include "model/model.h"
#include "train/stack.h"

/* A member as it will be read again, and what it remembers of the rows it was shown. */
typedef struct Reader {
    ModelMember *member;
    GcnMemory *memory; /* of a member that looks back; else NULL */
    size_t scored;     /* rows that the memory has taken in */
} Reader;

/* What one training makes on its way. */
typedef struct Training {
    const TrainJob *job;
    Dataset *data;
    Reader readers[MODEL_MEMBERS_MAX];
    double weights[MODEL_MEMBERS_MAX]; /* of their margins */
    float *margins;                    /* judging rows x members */
    float *scores;                     /* of the judging rows */
    GArray *steps;                     /* ReportStep */
    const char *fitting;               /* the kind that is being fitted, where there are several */
    gint64 start;                      /* microseconds */
} Training;

/* The member's margin of a row. One that looks back has to have taken in the rows before, so there
 * rows are asked for in their order. */
static float margin_of(Reader *reader, const Dataset *data, size_t row) {
    float margin = 0;
    for (size_t i = reader->memory ? reader->scored : row; i <= row; i++) {
        const ModelInput input = dataset_input(data, i);
        margin = model_member_margin(reader->member, reader->memory, &input);
    }
    reader->scored = row + 1;
    return margin;
}

/* Begins anew with the first row. */
static void forget(Reader *reader) {
    const Gcn *gcn = model_member_gcn(reader->member);
    gcn_memory_free(reader->memory);
    reader->memory = gcn ? gcn_memory_new(gcn) : NULL;
    reader->scored = 0;
}

/* Judges the member by its own score. */
static void judge_member(Training *t, size_t m, TrainResult *result) {
    for (size_t i = 0; i < result->valid_rows; i++)
        t->scores[i] = model_probability((double)t->margins[i * result->member_count + m]);
    result->members[m].judgement = judge_scores(t->data, t->scores, &t->job->wish);
}

static bool score_by(Training *t, size_t m, TrainResult *result, GError **error) {
    Reader *reader = &t->readers[m];
    reader->member = model_member_parse(result->members[m].kind, result->members[m].file, error);
    if (!reader->member) return false;
    forget(reader);
    for (size_t i = 0; i < result->valid_rows; i++)
        t->margins[i * result->member_count + m] =
            margin_of(reader, t->data, t->data->train_rows + i);
    judge_member(t, m, result);
    return true;
}

/* How the margins make a score. */
static void stack(Training *t, TrainResult *result) {
    Stack found = {.weights = {1}};
    if (result->member_count > 1) {
        g_autofree uint8_t *is_fraud = dataset_judging_labels(t->data);
        found = stack_fit(t->margins, is_fraud, result->valid_rows, result->member_count);
    }
    for (size_t m = 0; m < result->member_count; m++)
        result->members[m].weight = t->weights[m] = found.weights[m];
    result->bias = found.bias;
    for (size_t i = 0; i < result->valid_rows; i++) {
        double sum = found.bias;
        for (size_t m = 0; m < result->member_count; m++)
            sum += found.weights[m] * (double)t->margins[i * result->member_count + m];
        t->scores[i] = model_probability(sum);
    }
}

/* Scores the judging rows by the members, puts those together, and judges them. */
static bool judge(Training *t, TrainResult *result, GError **error) {
    t->scores = g_new(float, result->valid_rows + 1);
    t->margins = g_new(float, result->valid_rows * result->member_count + 1);
    for (size_t m = 0; m < result->member_count; m++)
        if (!score_by(t, m, result, error)) return false;
    stack(t, result);
    result->judgement = judge_scores(t->data, t->scores, &t->job->wish);
    result->seconds = (double)(g_get_monotonic_time() - t->start) / 1e6;
    return true;
}

static void keep_step(void *data, const char *metric, int step, double value) {
    const Training *t = data;
    g_autofree char *of = t->fitting ? g_strdup_printf("%s: %s", t->fitting, metric) : NULL;
    const ReportStep kept = {g_intern_string(of ? of : metric), step, value};
    g_array_append_val(t->steps, kept);
}

/* The report asks for the rows in their order. */
static void explain(void *data, size_t row, float *out) {
    Training *t = data;
    const size_t at = t->data->train_rows + row, count = feature_count() + 1;
    const ModelInput input = dataset_input(t->data, at);
    g_autofree float *part = g_new(float, count);
    memset(out, 0, sizeof(float) * count);
    for (size_t m = 0; m < t->job->member_count; m++) {
        Reader *reader = &t->readers[m];
        if (reader->memory) margin_of(reader, t->data, at);
        model_member_contributions(reader->member, reader->memory, &input, part);
        for (size_t f = 0; f < count; f++)
            out[f] += (float)t->weights[m] * part[f];
    }
}

/* The layers of the network among the members, the read-out last; none where there is none. */
static ReportLayer *layers_of(const Training *t, size_t *count) {
    static const char *const names[GCN_LAYERS_MAX] = {
        "graph convolution 1", "graph convolution 2", "graph convolution 3", "graph convolution 4",
        "graph convolution 5", "graph convolution 6", "graph convolution 7", "graph convolution 8"};
    const Gcn *gcn = NULL;
    for (size_t m = 0; m < t->job->member_count && !gcn; m++)
        gcn = model_member_gcn(t->readers[m].member);
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

/* What the contributions are, by the members there are. */
static const char *method_of(const Training *t) {
    size_t networks = 0;
    for (size_t m = 0; m < t->job->member_count; m++)
        networks += model_member_gcn(t->readers[m].member) != NULL;
    if (networks == 0) return REPORT_SHAPLEY_VALUES;
    return networks == t->job->member_count
               ? "gradient times input"
               : "Shapley values of the trees, gradient times input of the network";
}

static void tell(const Training *t, const char *stage) {
    if (t->job->data.progress) t->job->data.progress(t->job->data.progress_data, stage, 0, 0);
}

/* A library's own importance is shown where it is the whole model's. */
static bool make_report(Training *t, TrainResult *result, GError **error) {
    const Trainer *alone = result->member_count == 1 ? t->job->members[0].trainer : NULL;
    const bool has_importance = alone && alone->importance;
    g_autofree double *gain = g_new0(double, feature_count());
    g_autofree double *splits = g_new0(double, feature_count());
    const TrainImportance importance = {gain, splits};
    if (has_importance && !alone->importance(result->members[0].file, &importance, error))
        return false;
    size_t layer_count;
    result->layers = layers_of(t, &layer_count);
    for (size_t m = 0; m < result->member_count; m++)
        forget(&t->readers[m]);
    const ReportJob job = {
        .data = t->data,
        .scores = t->scores,
        .judgement = &result->judgement,
        .review_cost = t->job->review_cost,
        .explain = explain,
        .explain_data = t,
        .explain_method = method_of(t),
        .importance = has_importance ? &importance : NULL,
        .steps = t->steps,
        .layers = result->layers,
        .layer_count = layer_count,
    };
    tell(t, "reporting");
    result->report = report_new(&job);
    return true;
}

/* Fits every member to the data's training rows. */
static bool fit_members(Training *t, TrainResult *result, GError **error) {
    for (size_t m = 0; m < t->job->member_count; m++) {
        const TrainMember *member = &t->job->members[m];
        TrainedMember *trained = &result->members[m];
        if (t->job->member_count > 1) t->fitting = model_kind_name(member->trainer->kind);
        const FitJob fit = {
            .params = member->params,
            .param_count = member->param_count,
            .python = t->job->python,
            .progress = t->job->data.progress,
            .progress_data = t->job->data.progress_data,
            .step = t->steps ? keep_step : NULL,
            .step_data = t,
            .note = t->job->note,
            .note_data = t->job->note_data,
        };
        g_clear_pointer(&trained->params, train_params_free);
        g_clear_pointer(&trained->file, g_bytes_unref);
        trained->kind = member->trainer->kind;
        trained->file = member->trainer->fit(&fit, t->data, &trained->params, error);
        if (!trained->file) return false;
    }
    return true;
}

static bool read_data(Training *t, bool learn_all, GError **error) {
    const TrainMember *first = &t->job->members[0];
    DatasetJob reading = t->job->data;
    reading.threads =
        train_params_find(first->params, first->param_count, first->trainer->threads_param);
    reading.learn_all = learn_all;
    t->data = dataset_read(&reading, error);
    return t->data != NULL;
}

/* Puts in the place of both stages ones that learn from all rows. Weights and thresholds stay as
 * they are, chosen by members that had not seen the rows they were chosen on. */
static bool refit(Training *t, TrainResult *result, GError **error) {
    g_clear_pointer(&t->data, dataset_free);
    g_clear_pointer(&t->steps, g_array_unref);
    if (!read_data(t, true, error) || !fit_members(t, result, error)) return false;
    g_clear_pointer(&result->suspicion, g_bytes_unref);
    result->suspicion = g_bytes_ref(t->data->suspicion);
    return true;
}

static bool train_all(Training *t, TrainResult *result, GError **error) {
    if (!read_data(t, false, error)) return false;
    const Dataset *data = t->data;
    result->suspicion = g_bytes_ref(data->suspicion);
    result->rows = data->train_rows;
    result->frauds = data->frauds;
    result->valid_rows = dataset_judging_rows(data);
    result->first_time = data->first_time;
    result->last_time = data->last_time;
    return fit_members(t, result, error) && judge(t, result, error) &&
           make_report(t, result, error) && (!t->job->refit || refit(t, result, error));
}

static bool check_params(const TrainJob *job, GError **error) {
    for (size_t m = 0; m < job->member_count; m++) {
        const TrainMember *member = &job->members[m];
        const FitJob fit = {
            .params = member->params, .param_count = member->param_count, .python = job->python};
        if (!train_params_check_threads(member->params, member->param_count,
                                        member->trainer->threads_param, error) ||
            !member->trainer->check(&fit, error))
            return false;
    }
    return true;
}

bool train_model(const TrainJob *job, TrainResult *result, GError **error) {
    g_assert(job->member_count >= 1 && job->member_count <= MODEL_MEMBERS_MAX);
    *result = (TrainResult){.member_count = job->member_count};
    if (!check_params(job, error)) return false;
    Training t = {.job = job, .start = g_get_monotonic_time()};
    t.steps = g_array_new(FALSE, FALSE, sizeof(ReportStep));
    const bool good = train_all(&t, result, error);
    if (!good) train_result_clear(result);
    for (size_t m = 0; m < job->member_count; m++) {
        gcn_memory_free(t.readers[m].memory);
        model_member_free(t.readers[m].member);
    }
    dataset_free(t.data);
    g_free(t.margins);
    g_free(t.scores);
    if (t.steps) g_array_unref(t.steps);
    return good;
}

void train_result_clear(TrainResult *result) {
    for (size_t m = 0; m < result->member_count; m++) {
        TrainedMember *member = &result->members[m];
        g_clear_pointer(&member->file, g_bytes_unref);
        g_clear_pointer(&member->params, train_params_free);
        judgement_clear(&member->judgement);
    }
    g_clear_pointer(&result->suspicion, g_bytes_unref);
    judgement_clear(&result->judgement);
    g_clear_pointer(&result->report, report_free);
    g_clear_pointer(&result->layers, g_free);
}
