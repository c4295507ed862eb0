#include "serve/label_sender.h"

#include "io/kafka_sink.h"
#include "record/json.h"

#include <stdatomic.h>

enum {
    LOOK_US = 2000,     /* between two looks at what the brokers have */
    AGAIN_US = 1000000, /* between two tries after a failure */
};

struct LabelSender {
    Worker *worker;
    const KafkaOptions *kafka;
    char *under_way; /* which label was sent and is not answered yet; NULL for none */
    char *text;      /* of that one, as JSON */
    Job job;         /* for the worker */

    /* The brokers' side, by the thread. */
    GThread *thread;
    Sink *sink;
    char *failure; /* the last one, told */
    _Atomic bool stopping;

    GMutex lock; /* of what follows */
    GCond changed;
    bool is_answered;
    bool is_handed_over; /* `label` is the thread's to send */
    Label label;         /* its number is the next */
    char number[TRANS_NUM_MAX + 1];
};

/* The same label sent again may have another time. */
static char *name_of(const Label *label) {
    return g_strdup_printf("%d %.*s", label->is_fraud, (int)label->trans_num.len,
                           label->trans_num.data);
}

static void end_way(LabelSender *sender) {
    g_clear_pointer(&sender->under_way, g_free);
    g_clear_pointer(&sender->text, g_free);
}

static void note_answer(LabelSender *sender) {
    g_mutex_lock(&sender->lock);
    sender->is_answered = true;
    g_cond_broadcast(&sender->changed);
    g_mutex_unlock(&sender->lock);
}

/* The worker */

static void job_done(Job *job) {
    note_answer((LabelSender *)(void *)((char *)job - offsetof(LabelSender, job)));
}

static LabelSent read_reply(const LabelSender *sender) {
    const Reply *reply = &sender->job.reply;
    LabelSent sent = reply->duplicates > 0 ? LABEL_KNOWN : LABEL_TAKEN;
    if (reply->status == 503) sent = LABEL_WAITS;
    if (reply->status != 200 && reply->status != 503) {
        g_printerr("a decision's label was refused: %s\n", reply->body->str);
        sent = LABEL_REFUSED;
    }
    if (reply->body) g_string_free(reply->body, TRUE);
    return sent;
}

/* The text stays until the answer. */
static bool give_to_worker(LabelSender *sender, const Label *label) {
    GString *text = g_string_new(NULL);
    label_write_json(text, label);
    sender->text = g_string_free(text, FALSE);
    sender->job = (Job){.kind = JOB_LABELS,
                        .body = str_from(sender->text),
                        .arrived = g_get_monotonic_time(),
                        .done = job_done};
    return sender->worker->submit(sender->worker, &sender->job);
}

/* The brokers */

static bool go_on(void *data) {
    return !atomic_load(&((LabelSender *)data)->stopping);
}

static bool open_sink(LabelSender *sender, GError **error) {
    if (sender->sink) return true;
    const KafkaSinkOptions options = {.settings = sender->kafka->settings,
                                      .transactions = sender->kafka->topics[TOPIC_TRANSACTIONS],
                                      .labels = sender->kafka->topics[TOPIC_LABELS]};
    sender->sink = kafka_sink_new(&options, error);
    if (!sender->sink) return false;
    sender->sink->caller = (SinkCaller){.go_on = go_on, .data = sender};
    return sender->sink->open(sender->sink, error);
}

/* Returns when the brokers have it. */
static bool deliver(LabelSender *sender, GError **error) {
    if (!open_sink(sender, error) || !sender->sink->label(sender->sink, &sender->label, error))
        return false;
    const SinkTotals *labels = &sender->sink->labels;
    while (sender->sink->flush(sender->sink, error)) {
        if (labels->delivered == labels->sent) return true;
        if (!go_on(sender)) return sink_stopped(error);
        g_usleep(LOOK_US);
    }
    return false;
}

static void drop_sink(LabelSender *sender) {
    if (sender->sink) sender->sink->free(sender->sink);
    sender->sink = NULL;
}

static void tell_failure(LabelSender *sender, const GError *error) {
    if (!go_on(sender) || g_strcmp0(sender->failure, error->message) == 0) return;
    g_printerr("%s; a decision's label waits\n", error->message);
    g_free(sender->failure);
    sender->failure = g_strdup(error->message);
}

static void wait_for_change(LabelSender *sender, int64_t us) {
    const int64_t until = g_get_monotonic_time() + us;
    g_mutex_lock(&sender->lock);
    while (!atomic_load(&sender->stopping) &&
           g_cond_wait_until(&sender->changed, &sender->lock, until))
        ;
    g_mutex_unlock(&sender->lock);
}

static void deliver_in_the_end(LabelSender *sender) {
    while (go_on(sender)) {
        g_autoptr(GError) error = NULL;
        if (deliver(sender, &error)) {
            g_clear_pointer(&sender->failure, g_free);
            note_answer(sender);
            return;
        }
        tell_failure(sender, error);
        drop_sink(sender);
        wait_for_change(sender, AGAIN_US);
    }
}

static void *run(void *data) {
    LabelSender *sender = data;
    while (go_on(sender)) {
        g_mutex_lock(&sender->lock);
        while (!sender->is_handed_over && go_on(sender))
            g_cond_wait(&sender->changed, &sender->lock);
        const bool handed_over = sender->is_handed_over;
        sender->is_handed_over = false;
        g_mutex_unlock(&sender->lock);
        if (handed_over) deliver_in_the_end(sender);
    }
    drop_sink(sender);
    return NULL;
}

static bool give_to_brokers(LabelSender *sender, const Label *label) {
    g_mutex_lock(&sender->lock);
    sender->label = *label;
    const size_t len = MIN(label->trans_num.len, (size_t)TRANS_NUM_MAX);
    memcpy(sender->number, label->trans_num.data, len);
    sender->label.trans_num = (Str){sender->number, len};
    sender->label.merchant = STR("");
    sender->is_handed_over = true;
    g_cond_broadcast(&sender->changed);
    g_mutex_unlock(&sender->lock);
    return true;
}

/* Both */

static LabelSent await_answer(LabelSender *sender, int64_t until) {
    g_mutex_lock(&sender->lock);
    while (!sender->is_answered && g_cond_wait_until(&sender->changed, &sender->lock, until))
        ;
    const bool answered = sender->is_answered;
    g_mutex_unlock(&sender->lock);
    if (!answered) return LABEL_WAITS;
    const LabelSent sent = sender->kafka ? LABEL_TAKEN : read_reply(sender);
    end_way(sender);
    return sent;
}

LabelSent label_sender_send(LabelSender *sender, const Label *label, int64_t wait_ms) {
    const int64_t until = g_get_monotonic_time() + wait_ms * G_TIME_SPAN_MILLISECOND;
    g_autofree char *name = name_of(label);
    if (sender->under_way) {
        const bool same = strcmp(sender->under_way, name) == 0;
        const LabelSent sent = await_answer(sender, until);
        if (same || sent == LABEL_WAITS) return sent;
    }
    sender->is_answered = false; /* nothing is under way: nobody else looks at it */
    sender->under_way = g_steal_pointer(&name);
    if (sender->kafka ? give_to_brokers(sender, label) : give_to_worker(sender, label))
        return await_answer(sender, until);
    end_way(sender);
    return LABEL_WAITS;
}

LabelSender *label_sender_new(Worker *worker, const KafkaOptions *kafka) {
    LabelSender *sender = g_new0(LabelSender, 1);
    sender->worker = worker;
    sender->kafka = kafka;
    g_mutex_init(&sender->lock);
    g_cond_init(&sender->changed);
    if (kafka) sender->thread = g_thread_new("labels", run, sender);
    return sender;
}

void label_sender_free(LabelSender *sender) {
    if (!sender) return;
    g_mutex_lock(&sender->lock);
    atomic_store(&sender->stopping, true);
    g_cond_broadcast(&sender->changed);
    g_mutex_unlock(&sender->lock);
    if (sender->thread) g_thread_join(sender->thread);
    if (sender->under_way && !sender->kafka && sender->job.reply.body)
        g_string_free(sender->job.reply.body, TRUE);
    end_way(sender);
    g_free(sender->failure);
    g_mutex_clear(&sender->lock);
    g_cond_clear(&sender->changed);
    g_free(sender);
}
