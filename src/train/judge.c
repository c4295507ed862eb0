#include "train/judge.h"

enum { BALANCED_SEED = 1 };

Judgement judge_scores(const Dataset *data, const float *scores) {
    const size_t rows = dataset_judging_rows(data);
    g_autofree uint8_t *is_fraud = g_new(uint8_t, rows + 1);
    for (size_t i = 0; i < rows; i++)
        is_fraud[i] = matrix_is_fraud(data->matrix, data->train_rows + i);
    const Metrics m = metrics_compute(scores, is_fraud, rows, 0.5, BALANCED_SEED);
    Judgement j = {
        .threshold = m.frauds ? m.best_f1_threshold : 0.5,
        .threshold_choice = data->judged_by_file
                                ? "best F1 on the validation file"
                                : "best F1 on the last 10 % of the transactions, held out",
    };
    j.decline_threshold = MAX(j.threshold, m.frauds ? m.threshold_precision_99 : 1);
    j.metrics = metrics_compute(scores, is_fraud, rows, j.threshold, BALANCED_SEED);
    return j;
}
