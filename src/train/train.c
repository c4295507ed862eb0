#include "train/train.h"
#include "model/model.h"

/* Scores the judging rows by the member as it will be read again, and judges it. */
static bool judge(const Dataset *data, const ThresholdWish *wish, TrainResult *result,
                  GError **error) {
    g_autoptr(ModelMember) member = model_member_parse(result->kind, result->member, error);
    if (!member) return false;
    g_autofree float *scores = g_new(float, result->valid_rows + 1);
    for (size_t i = 0; i < result->valid_rows; i++)
        scores[i] = model_probability(
            model_member_margin(member, matrix_row(data->matrix, data->train_rows + i)));
    result->judgement = judge_scores(data, scores, wish);
    return true;
}

static bool train_on(const TrainJob *job, const Dataset *data, TrainResult *result,
                     GError **error) {
    FitJob fit = job->fit;
    fit.progress = job->data.progress;
    fit.progress_data = job->data.progress_data;
    result->suspicion = g_bytes_ref(data->suspicion);
    result->rows = data->train_rows;
    result->frauds = data->frauds;
    result->valid_rows = dataset_judging_rows(data);
    result->first_time = data->first_time;
    result->last_time = data->last_time;
    result->member = job->trainer->fit(&fit, data, &result->params, error);
    return result->member && judge(data, &job->wish, result, error);
}

bool train_model(const TrainJob *job, TrainResult *result, GError **error) {
    const gint64 start = g_get_monotonic_time();
    *result = (TrainResult){.kind = job->trainer->kind};
    if (!job->trainer->check(&job->fit, error)) return false;
    DatasetJob reading = job->data;
    reading.threads =
        train_params_find(job->fit.params, job->fit.param_count, job->trainer->threads_param);
    g_autoptr(Dataset) data = dataset_read(&reading, error);
    if (!data || !train_on(job, data, result, error)) {
        train_result_clear(result);
        return false;
    }
    result->seconds = (double)(g_get_monotonic_time() - start) / 1e6;
    return true;
}

void train_result_clear(TrainResult *result) {
    g_clear_pointer(&result->member, g_bytes_unref);
    g_clear_pointer(&result->suspicion, g_bytes_unref);
    g_clear_pointer(&result->params, train_params_free);
    judgement_clear(&result->judgement);
}
