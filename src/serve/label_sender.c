#include "serve/label_sender.h"

#include "io/kafka_sink.h"
#include "record/json.h"

enum { LOOK_US = 2000 }; /* between two looks at what the brokers have */

struct LabelSender {
    Worker *worker;
    const KafkaOptions *kafka;
    char *under_way; /* which label was sent and is not answered yet; NULL for none */
    char *text;      /* of that one */

    /* To the worker. */
    Job job;
    GMutex lock; /* of what follows */
    GCond answered;
    bool is_answered;

    /* To the brokers. */
    Sink *sink;
    int64_t until; /* microseconds, monotonic: wait no longer */
    char *failure; /* the last one, told */
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

/* The worker */

static void job_done(Job *job) {
    LabelSender *sender = (LabelSender *)((char *)job - offsetof(LabelSender, job));
    g_mutex_lock(&sender->lock);
    sender->is_answered = true;
    g_cond_signal(&sender->answered);
    g_mutex_unlock(&sender->lock);
}

static bool await_answer(LabelSender *sender) {
    g_mutex_lock(&sender->lock);
    while (!sender->is_answered &&
           g_cond_wait_until(&sender->answered, &sender->lock, sender->until))
        ;
    const bool answered = sender->is_answered;
    g_mutex_unlock(&sender->lock);
    return answered;
}

static LabelSent read_answer(LabelSender *sender) {
    const Reply *reply = &sender->job.reply;
    LabelSent sent = reply->duplicates > 0 ? LABEL_KNOWN : LABEL_TAKEN;
    if (reply->status == 503) sent = LABEL_WAITS;
    if (reply->status != 200 && reply->status != 503) {
        g_printerr("a decision's label was refused: %s\n", reply->body->str);
        sent = LABEL_REFUSED;
    }
    if (reply->body) g_string_free(reply->body, TRUE);
    end_way(sender);
    return sent;
}

/* The text stays until the answer. */
static LabelSent send_to_worker(LabelSender *sender, const Label *label) {
    GString *text = g_string_new(NULL);
    label_write_json(text, label);
    sender->text = g_string_free(text, FALSE);
    sender->is_answered = false;
    sender->job = (Job){.kind = JOB_LABELS,
                        .body = str_from(sender->text),
                        .arrived = g_get_monotonic_time(),
                        .done = job_done};
    if (!sender->worker->submit(sender->worker, &sender->job)) {
        end_way(sender);
        return LABEL_WAITS;
    }
    return await_answer(sender) ? read_answer(sender) : LABEL_WAITS;
}

/* The brokers */

static bool go_on(void *data) {
    const LabelSender *sender = data;
    return g_get_monotonic_time() < sender->until;
}

static LabelSent give_up_sink(LabelSender *sender, const GError *error) {
    if (!g_error_matches(error, SINK_ERROR, SINK_ERROR_STOPPED) &&
        g_strcmp0(sender->failure, error->message) != 0) {
        g_printerr("%s; a decision's label waits\n", error->message);
        g_free(sender->failure);
        sender->failure = g_strdup(error->message);
    }
    if (sender->sink) sender->sink->free(sender->sink);
    sender->sink = NULL;
    end_way(sender);
    return LABEL_WAITS;
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

static LabelSent await_delivery(LabelSender *sender) {
    g_autoptr(GError) error = NULL;
    const SinkTotals *labels = &sender->sink->labels;
    while (sender->sink->flush(sender->sink, &error)) {
        if (labels->delivered == labels->sent) {
            end_way(sender);
            g_clear_pointer(&sender->failure, g_free);
            return LABEL_TAKEN;
        }
        if (!go_on(sender)) return LABEL_WAITS;
        g_usleep(LOOK_US);
    }
    return give_up_sink(sender, error);
}

static LabelSent send_to_brokers(LabelSender *sender, const Label *label) {
    g_autoptr(GError) error = NULL;
    if (!open_sink(sender, &error) || !sender->sink->label(sender->sink, label, &error))
        return give_up_sink(sender, error);
    return await_delivery(sender);
}

/* Both */

static LabelSent await_under_way(LabelSender *sender) {
    if (sender->kafka) return await_delivery(sender);
    return await_answer(sender) ? read_answer(sender) : LABEL_WAITS;
}

LabelSent label_sender_send(LabelSender *sender, const Label *label, int64_t wait_ms) {
    g_autofree char *name = name_of(label);
    sender->until = g_get_monotonic_time() + wait_ms * G_TIME_SPAN_MILLISECOND;
    if (sender->under_way) {
        const bool same = strcmp(sender->under_way, name) == 0;
        const LabelSent sent = await_under_way(sender);
        if (same || sent == LABEL_WAITS) return sent;
    }
    sender->under_way = g_steal_pointer(&name);
    return sender->kafka ? send_to_brokers(sender, label) : send_to_worker(sender, label);
}

LabelSender *label_sender_new(Worker *worker, const KafkaOptions *kafka) {
    LabelSender *sender = g_new0(LabelSender, 1);
    sender->worker = worker;
    sender->kafka = kafka;
    g_mutex_init(&sender->lock);
    g_cond_init(&sender->answered);
    return sender;
}

void label_sender_free(LabelSender *sender) {
    if (!sender) return;
    if (sender->sink) sender->sink->free(sender->sink);
    if (sender->under_way && !sender->kafka && sender->job.reply.body)
        g_string_free(sender->job.reply.body, TRUE);
    end_way(sender);
    g_free(sender->failure);
    g_mutex_clear(&sender->lock);
    g_cond_clear(&sender->answered);
    g_free(sender);
}
