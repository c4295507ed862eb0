#include "pipeline/replay.h"

#include <errno.h>
#include <gio/gio.h>
#include <time.h>

enum { PROGRESS_EVERY = 4096, BALANCED_SEED = 1 };

typedef struct Replay {
    const ReplayOptions *options;
    ReplayResult *result;
    GArray *scores; /* float, of the labelled */
    GArray *labels; /* uint8_t */
} Replay;

static uint64_t now_ns(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000000000ULL + (uint64_t)t.tv_nsec;
}

static void keep_label(Replay *r, const Transaction *t, float score) {
    if (t->is_fraud == LABEL_NONE) return;
    uint8_t is_fraud = t->is_fraud == 1;
    g_array_append_val(r->scores, score);
    g_array_append_val(r->labels, is_fraud);
    r->result->labelled++;
    r->result->frauds += is_fraud;
}

static bool write_score(const Replay *r, const Transaction *t, const Decision *decision) {
    if (!r->options->scores) return true;
    return fprintf(r->options->scores, "%.*s,%.9g,%s\n", (int)t->trans_num.len, t->trans_num.data,
                   (double)decision->score, verdict_name(decision->verdict)) > 0;
}

static Decision decide(PartitionGroup *partitions, const Event *event) {
    const Transaction *t = &event->transaction, *ahead = event->ahead;
    if (ahead) engine_prepare(partition_group_engine(partitions, ahead->card), ahead);
    partition_group_pass_time(partitions, t->time);
    return engine_transaction(partition_group_engine(partitions, t->card), t);
}

/* Folds the whole log; LOG_END when all went well. */
static LogStatus fold_log(Replay *r, EventLog *log, PartitionGroup *partitions, GError **error) {
    LogStatus status;
    Event event;
    uint64_t before = now_ns(), start = before, transactions = 0;
    bool judging = false;
    while ((status = log->next(log, &event, error)) == LOG_EVENT) {
        if (!judging && event.input >= r->options->judged_input) {
            judging = true;
            start = before;
        }
        if (event.kind == EVENT_LABEL) {
            engine_label(partition_group_engine(partitions, event.label.card), &event.label);
            continue; /* its time is the next transaction's */
        }
        Decision decision = decide(partitions, &event);
        uint64_t now = now_ns();
        if (judging) {
            histogram_add(&r->result->latency_ns, now - before);
            r->result->transactions++;
            keep_label(r, &event.transaction, decision.score);
            if (!write_score(r, &event.transaction, &decision)) {
                g_set_error(error, G_IO_ERROR, (gint)g_io_error_from_errno(errno),
                            "cannot write scores: %s", g_strerror(errno));
                return LOG_ERROR;
            }
        }
        if (r->options->progress && ++transactions % PROGRESS_EVERY == 0)
            r->options->progress(r->options->progress_data, transactions);
        before = now;
    }
    r->result->seconds = judging ? (double)(now_ns() - start) / 1e9 : 0;
    return status;
}

bool replay(EventLog *log, PartitionGroup *partitions, const ReplayOptions *options,
            ReplayResult *result, GError **error) {
    *result = (ReplayResult){0};
    Replay r = {options, result, g_array_new(FALSE, FALSE, sizeof(float)),
                g_array_new(FALSE, FALSE, sizeof(uint8_t))};
    if (options->scores) fputs("trans_num,score,decision\n", options->scores);
    LogStatus status = fold_log(&r, log, partitions, error);
    result->cards = partition_group_cards(partitions);
    result->graph_bytes = partition_group_memory(partitions);
    if (status == LOG_END && result->labelled)
        result->metrics = metrics_compute(
            (const float *)(void *)r.scores->data, (const uint8_t *)r.labels->data, r.labels->len,
            model_threshold(partition_group_model(partitions)), BALANCED_SEED);
    g_array_unref(r.scores);
    g_array_unref(r.labels);
    return status == LOG_END;
}
