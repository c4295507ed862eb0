#include "pipeline/replay.h"

#include <errno.h>
#include <gio/gio.h>
#include <time.h>

enum { PROGRESS_EVERY = 4096, BALANCED_SEED = 1 };

typedef struct Replay {
    const ReplayOptions *options;
    ReplayResult *result;
    GArray *scores;                     /* float, of the labelled */
    GArray *members[MODEL_MEMBERS_MAX]; /* the same of each member, where there are several */
    GArray *labels;                     /* uint8_t */
} Replay;

static uint64_t now_ns(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000000000ULL + (uint64_t)t.tv_nsec;
}

static void keep_label(Replay *r, const Transaction *t, const Decision *decision) {
    if (t->is_fraud == LABEL_NONE) return;
    uint8_t is_fraud = t->is_fraud == 1;
    g_array_append_val(r->scores, decision->score);
    for (size_t m = 0; m < r->result->member_count; m++)
        g_array_append_val(r->members[m], decision->members.scores[m]);
    g_array_append_val(r->labels, is_fraud);
    r->result->labelled++;
    r->result->frauds += is_fraud;
}

static void count_alerts(ReplayResult *result, const MemberScores *members) {
    if (result->member_count == 0 || members->alerts == 0) return;
    result->member_alerts_any++;
    result->member_alerts_all += member_scores_agreeing(members, VERDICT_REVIEW) == members->count;
}

static void write_head(const Replay *r, const Model *model) {
    if (!r->options->scores) return;
    fputs("trans_num,score,decision", r->options->scores);
    Str kinds = model_member_kinds(model);
    for (size_t m = 0; m < r->result->member_count; m++) {
        const Str kind = member_kinds_next(&kinds);
        fprintf(r->options->scores, ",%.*s", (int)kind.len, kind.data);
    }
    fputc('\n', r->options->scores);
}

static bool write_score(const Replay *r, const Transaction *t, const Decision *decision) {
    FILE *out = r->options->scores;
    if (!out) return true;
    fprintf(out, "%.*s,%.9g,%s", (int)t->trans_num.len, t->trans_num.data, (double)decision->score,
            verdict_name(decision->verdict));
    for (size_t m = 0; m < r->result->member_count; m++)
        fprintf(out, ",%.9g", (double)decision->members.scores[m]);
    return fputc('\n', out) != EOF;
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
            keep_label(r, &event.transaction, &decision);
            count_alerts(r->result, &decision.members);
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

static void judge(const Replay *r, const Model *model) {
    ReplayResult *result = r->result;
    const uint8_t *labels = (const uint8_t *)(void *)r->labels->data;
    result->metrics = metrics_compute((const float *)(void *)r->scores->data, labels,
                                      r->labels->len, model_threshold(model), BALANCED_SEED);
    for (size_t m = 0; m < result->member_count; m++)
        result->members[m] =
            metrics_compute((const float *)(void *)r->members[m]->data, labels, r->labels->len,
                            model_member_threshold(model, m), BALANCED_SEED);
}

bool replay(EventLog *log, PartitionGroup *partitions, const ReplayOptions *options,
            ReplayResult *result, GError **error) {
    const Model *model = partition_group_model(partitions);
    const size_t members = model_member_count(model);
    *result = (ReplayResult){.member_count = members > 1 ? members : 0};
    Replay r = {.options = options,
                .result = result,
                .scores = g_array_new(FALSE, FALSE, sizeof(float)),
                .labels = g_array_new(FALSE, FALSE, sizeof(uint8_t))};
    for (size_t m = 0; m < result->member_count; m++)
        r.members[m] = g_array_new(FALSE, FALSE, sizeof(float));
    write_head(&r, model);
    LogStatus status = fold_log(&r, log, partitions, error);
    result->cards = partition_group_cards(partitions);
    result->graph_bytes = partition_group_memory(partitions);
    if (status == LOG_END && result->labelled) judge(&r, model);
    for (size_t m = 0; m < result->member_count; m++)
        g_array_unref(r.members[m]);
    g_array_unref(r.scores);
    g_array_unref(r.labels);
    return status == LOG_END;
}
