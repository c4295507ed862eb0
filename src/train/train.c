#include "train/train.h"
#include "model/model.h"

/* What one training makes on its way. */
typedef struct Training {
    const TrainJob *job;
    Dataset *data;
    ModelMember *member; /* as it will be read again */
    float *scores;       /* of the judging rows */
    GArray *steps;       /* ReportStep */
    gint64 start;        /* microseconds */
} Training;

/* Scores the judging rows by the member, and judges it. */
static bool judge(Training *t, TrainResult *result, GError **error) {
    t->member = model_member_parse(result->kind, result->member, error);
    if (!t->member) return false;
    t->scores = g_new(float, result->valid_rows + 1);
    for (size_t i = 0; i < result->valid_rows; i++)
        t->scores[i] = model_probability(
            model_member_margin(t->member, matrix_row(t->data->matrix, t->data->train_rows + i)));
    result->judgement = judge_scores(t->data, t->scores, &t->job->wish);
    result->seconds = (double)(g_get_monotonic_time() - t->start) / 1e6;
    return true;
}

static void keep_step(void *data, const char *metric, int step, double value) {
    const Training *t = data;
    const ReportStep kept = {g_intern_string(metric), step, value};
    g_array_append_val(t->steps, kept);
}

static void explain(void *data, size_t row, float *out) {
    const Training *t = data;
    model_member_contributions(t->member, matrix_row(t->data->matrix, t->data->train_rows + row),
                               out);
}

static bool make_report(Training *t, TrainResult *result, GError **error) {
    const Trainer *trainer = t->job->trainer;
    g_autofree double *gain = g_new0(double, feature_count());
    g_autofree double *splits = g_new0(double, feature_count());
    const TrainImportance importance = {gain, splits};
    if (trainer->importance && !trainer->importance(result->member, &importance, error))
        return false;
    const ReportJob job = {
        .data = t->data,
        .scores = t->scores,
        .judgement = &result->judgement,
        .review_cost = t->job->review_cost,
        .explain = explain,
        .explain_data = t,
        .importance = trainer->importance ? &importance : NULL,
        .steps = t->steps,
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
}
