#include "train/judge.h"

enum { BALANCED_SEED = 1, DAY_SECONDS = 86400 };

/* From the first to the last of the judging rows, a day at least. */
static double judging_days(const Dataset *data) {
    int64_t first = INT64_MAX, last = INT64_MIN;
    for (size_t row = data->train_rows; row < data->matrix->rows; row++) {
        const int64_t time = g_array_index(data->times, int64_t, row);
        first = MIN(first, time);
        last = MAX(last, time);
    }
    return first < last ? MAX(1, (double)(last - first) / DAY_SECONDS) : 1;
}

Judgement judge_scores(const Dataset *data, const float *scores, const ThresholdWish *wish) {
    const size_t rows = dataset_judging_rows(data);
    g_autofree uint8_t *is_fraud = dataset_judging_labels(data);
    g_autofree float *amounts = g_new(float, rows + 1);
    for (size_t i = 0; i < rows; i++)
        amounts[i] = (float)g_array_index(data->amounts, int64_t, data->train_rows + i) / 100;
    const ScoredRows scored = {scores, is_fraud, amounts, rows, judging_days(data)};
    Judgement j = {.threshold = threshold_choose(&scored, wish)};
    j.metrics = metrics_compute(scores, is_fraud, rows, j.threshold, BALANCED_SEED);
    j.decline_threshold = MAX(j.threshold, j.metrics.frauds ? j.metrics.threshold_precision_99 : 1);
    g_autofree char *how = threshold_describe(wish);
    j.threshold_choice =
        g_strdup_printf("%s, on %s", how,
                        data->judged_by_file ? "the validation file"
                                             : "the last 10 % of the transactions, held out");
    return j;
}

void judgement_clear(Judgement *judgement) {
    g_clear_pointer(&judgement->threshold_choice, g_free);
}
