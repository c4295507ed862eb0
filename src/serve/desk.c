#include "serve/desk.h"

#include "base/json_write.h"
#include "io/database.h"
#include "io/store.h"
#include "record/json.h"
#include "serve/label_sender.h"
#include "serve/shape_alert.h"

#include <gio/gio.h>

struct Desk {
    SideWorker side; /* first: its worker is handed out */
    _Atomic bool stopping;
    DeskOptions options;
    Casebook *casebook;
    Store *store; /* a reader */
    LabelSender *sender;
    GThread *thread;
    GArray *recent;       /* CardEvent: of the events whose cards are not indexed yet, in order */
    uint64_t read;        /* position up to which `recent` knows the log */
    int64_t latest_time;  /* of a transaction in what was read, seconds */
    int64_t labels_again; /* microseconds, monotonic: try the outbox no earlier */
    int64_t follow_again; /* the same for following, after a failure */
    char *failure;        /* the last one, told */
    GString *changes;     /* cases to be shown, comma-separated */
    unsigned change_count, changes_left_out;
    int64_t changes_sent; /* microseconds, monotonic */
};

/* What is wrong here is told on standard error, once for each new reason. */
static void tell_failure(Desk *desk, const GError *error) {
    if (g_strcmp0(desk->failure, error->message) == 0) return;
    g_printerr("%s\n", error->message);
    g_free(desk->failure);
    desk->failure = g_strdup(error->message);
}

/* The live stream */

static void note_change(Desk *desk, Str trans_num, const Case *of) {
    if (counter_get(&desk->options.meters->stream_clients) == 0) return;
    if (desk->change_count == DESK_CHANGES_SHOWN_MAX) {
        desk->changes_left_out++;
        return;
    }
    if (desk->change_count++ > 0) g_string_append_c(desk->changes, ',');
    shape_case(desk->changes, trans_num, of);
}

static void send_changes(Desk *desk) {
    const int64_t now = g_get_monotonic_time();
    if (desk->change_count == 0 || now - desk->changes_sent < TICK_MS * G_TIME_SPAN_MILLISECOND)
        return;
    g_autoptr(GString) data = g_string_new(NULL);
    g_string_append_printf(data, "{\"items\":[%s],\"left_out\":%u}", desk->changes->str,
                           desk->changes_left_out);
    hub_send(desk->options.hub, "alerts", data);
    g_string_truncate(desk->changes, 0);
    desk->change_count = desk->changes_left_out = 0;
    desk->changes_sent = now;
}

/* Following the log */

typedef struct Step {
    Desk *desk;
    size_t count;
    int64_t until;  /* microseconds, monotonic */
    bool gives_way; /* to whoever asks */
    GError *error;
} Step;

/* The audit trail is in the same database, which one writes at a time: who waits for its entry
 * waits for us. */
static bool entry_waits(const Desk *desk) {
    return counter_get(&desk->options.meters->audit_waiting) > 0;
}

/* Whether to go on to the next event; the clock is looked at now and then. */
static bool goes_on(Step *step) {
    enum { LOOK_EVENTS = 64 };
    if (++step->count % LOOK_EVENTS != 0) return true;
    return step->count < DESK_STEP_EVENTS && g_get_monotonic_time() < step->until &&
           !(step->gives_way &&
             (job_queue_length(step->desk->side.queue) > 0 || entry_waits(step->desk)));
}

static bool add_card(Desk *desk, uint64_t seq, const LoggedEvent *logged, GError **error) {
    if (logged->event.kind == EVENT_TRANSACTION) {
        const CardEvent event = {logged->event.transaction.card, seq};
        g_array_append_val(desk->recent, event);
        desk->latest_time = MAX(desk->latest_time, logged->event.transaction.time);
    }
    desk->read = seq;
    if (seq < casebook_cards_position(desk->casebook) + CARD_SEGMENT_EVENTS) return true;
    const bool ok = casebook_add_cards(desk->casebook, (CardEvent *)(void *)desk->recent->data,
                                       desk->recent->len, error);
    g_array_set_size(desk->recent, 0);
    return ok;
}

static bool add_label(Desk *desk, const Label *label, GError **error) {
    bool changed;
    Case now;
    if (!casebook_add_label(desk->casebook, label->trans_num, label->is_fraud, &changed, error))
        return false;
    if (!changed) return true;
    counter_add(&desk->options.meters->cases_closed[label->is_fraud ? 0 : 1], 1);
    const CaseFound found = casebook_find(desk->casebook, label->trans_num, &now, error);
    if (found == CASE_FOUND) note_change(desk, label->trans_num, &now);
    return found != CASE_FAILED;
}

static bool add_event(Desk *desk, uint64_t seq, const LoggedEvent *logged, GError **error) {
    if (seq > casebook_position(desk->casebook)) {
        if (logged->event.kind == EVENT_LABEL && !add_label(desk, &logged->event.label, error))
            return false;
        if (logged->event.kind == EVENT_TRANSACTION && logged->verdict != VERDICT_APPROVE &&
            !casebook_add_alert(desk->casebook, seq, &logged->event.transaction, logged->score,
                                logged->verdict, error))
            return false;
        casebook_set_position(desk->casebook, seq);
    }
    return add_card(desk, seq, logged, error);
}

static bool follow_event(uint64_t seq, const LoggedEvent *logged, void *data) {
    Step *step = data;
    return add_event(step->desk, seq, logged, &step->error) && goes_on(step);
}

/* After a failure what is not kept is read again. */
static void forget_recent(Desk *desk) {
    g_array_set_size(desk->recent, 0);
    desk->read = casebook_cards_position(desk->casebook);
}

static void publish(Desk *desk) {
    Meters *meters = desk->options.meters;
    const uint64_t *counts = casebook_counts(desk->casebook);
    int64_t oldest;
    for (int i = 0; i < CASE_STATUSES; i++)
        counter_set(&meters->alerts[i], counts[i]);
    const bool any = casebook_oldest(desk->casebook, CASE_OPEN, &oldest);
    counter_set(&meters->oldest_alert_seconds,
                any ? (uint64_t)MAX(desk->latest_time - oldest, 0) : 0);
    counter_set(&meters->labels_waiting, casebook_labels_waiting(desk->casebook));
}

/* The next events of the log, if there are any. */
static bool follow(Desk *desk, int64_t ms, bool gives_way, GError **error) {
    Step step = {.desk = desk,
                 .until = g_get_monotonic_time() + ms * G_TIME_SPAN_MILLISECOND,
                 .gives_way = gives_way};
    if (desk->read >= counter_get(&desk->options.meters->position)) return true;
    bool ok = casebook_begin(desk->casebook, false, error) &&
              store_replay(desk->store, desk->read, follow_event, &step, error);
    if (ok && step.error) {
        g_propagate_error(error, step.error);
        ok = false;
    }
    if (ok && casebook_commit(desk->casebook, error)) {
        g_clear_pointer(&desk->failure, g_free);
        publish(desk);
        return true;
    }
    casebook_rollback(desk->casebook);
    forget_recent(desk);
    return false;
}

static bool is_behind(const Desk *desk) {
    return desk->read < counter_get(&desk->options.meters->position) &&
           g_get_monotonic_time() >= desk->follow_again;
}

static void follow_some(Desk *desk, int64_t ms, bool gives_way) {
    g_autoptr(GError) error = NULL;
    if (!is_behind(desk) || follow(desk, ms, gives_way, &error)) return;
    tell_failure(desk, error);
    desk->follow_again = g_get_monotonic_time() + G_TIME_SPAN_SECOND;
}

/* Answers */

static void answer_json(Job *job, GString *body) {
    job->reply.body = body;
    reply_finish(&job->reply, 200, JSON_TYPE);
}

/* Finds the transaction that is asked about; false where the job was answered, or *error is set. */
static bool find_stored(const Desk *desk, Job *job, StoredTransaction *out, GError **error) {
    const StoreFound found = store_find(desk->store, str_from(job->desk->trans_num), out, error);
    if (found == STORE_ABSENT) reply_problem(&job->reply, 404, "no such transaction");
    return found == STORE_FOUND;
}

/* Finds the alert that is asked about, and its case. */
static bool find_alert(const Desk *desk, Job *job, StoredTransaction *stored, Case *of,
                       GError **error) {
    if (!find_stored(desk, job, stored, error)) return false;
    const CaseFound found = casebook_find(desk->casebook, stored->transaction.trans_num, of, error);
    if (found == CASE_ABSENT)
        reply_problem(&job->reply, 404,
                      stored->answer.verdict == VERDICT_APPROVE
                          ? "this transaction was approved: it is no alert"
                          : "this alert is not in the queue yet: come again in a moment");
    return found == CASE_FOUND;
}

static bool write_listed(const Desk *desk, const CaseListed *listed, GString *out, GError **error) {
    StoredTransaction stored;
    Case of;
    const StoreFound found = store_at(desk->store, listed->seq, &stored, error);
    if (found == STORE_ABSENT) /* as after a failure of the disk that damaged the store */
        g_set_error(error, DATABASE_ERROR, DATABASE_ERROR_FAILED,
                    "the store has no transaction at position %" G_GUINT64_FORMAT, listed->seq);
    if (found != STORE_FOUND ||
        casebook_find(desk->casebook, stored.transaction.trans_num, &of, error) != CASE_FOUND)
        return false;
    shape_alert(out, &stored, &of);
    return true;
}

static bool list(Desk *desk, Job *job, GError **error) {
    CaseQuery timed = job->desk->query;
    timed.until = g_get_monotonic_time() + DESK_LIST_MS * G_TIME_SPAN_MILLISECOND;
    const CaseQuery *query = &timed;
    g_autofree CaseListed *listed = g_new(CaseListed, query->limit);
    g_autoptr(GString) body = g_string_new("{\"alerts\":[");
    size_t count;
    bool more;
    if (!casebook_list(desk->casebook, query, listed, &count, &more, error)) return false;
    for (size_t i = 0; i < count; i++) {
        if (i > 0) g_string_append_c(body, ',');
        if (!write_listed(desk, &listed[i], body, error)) return false;
    }
    g_string_append(body, "],\"next\":");
    if (more) {
        g_string_append_c(body, '"');
        case_cursor_write(body, query, listed[count - 1]);
        g_string_append(body, "\",");
    } else {
        g_string_append(body, "null,");
    }
    shape_case_counts(body, casebook_counts(desk->casebook));
    g_string_append_c(body, '}');
    answer_json(job, g_steal_pointer(&body));
    return true;
}

/* One alert, with its notes and history from the trail */

typedef struct Entries {
    GString *notes, *history;
} Entries;

static void write_note(GString *out, const AuditRecord *record) {
    char time[AUDIT_TIME_LEN + 1];
    audit_time_text(record->time, time);
    g_string_append_printf(out, "%s{\"time\":\"%s\",\"by\":", out->len ? "," : "", time);
    json_write_str(out, str_from(record->entry.by));
    g_string_append(out, ",\"text\":");
    json_write_str(out, str_from(record->entry.text ? record->entry.text : ""));
    g_string_append_c(out, '}');
}

/* The subject may be another's too: a run of a pipeline may be called as a transaction is. */
static void take_entry(const AuditRecord *record, void *data) {
    const Entries *entries = data;
    const char *action = record->entry.action;
    if (!g_str_has_prefix(action, "alert.") && !g_str_has_prefix(action, "card.")) return;
    if (strcmp(action, "alert.note") == 0) write_note(entries->notes, record);
    if (entries->history->len) g_string_append_c(entries->history, ',');
    audit_record_write(entries->history, record);
}

static bool answer_alert(const Desk *desk, Job *job, const StoredTransaction *stored,
                         const Case *of, GError **error) {
    g_autoptr(GString) notes = g_string_new(NULL), history = g_string_new(NULL);
    Entries entries = {notes, history};
    if (!audit_trail_list_of(casebook_trail(desk->casebook), job->desk->trans_num, DESK_ENTRIES_MAX,
                             take_entry, &entries, error))
        return false;
    GString *body = g_string_new(NULL);
    shape_alert_start(body, stored, of);
    g_string_append_printf(body, ",\"notes\":[%s],\"history\":[%s]}", notes->str, history->str);
    answer_json(job, body);
    return true;
}

static bool show(Desk *desk, Job *job, GError **error) {
    StoredTransaction stored;
    Case of;
    return find_alert(desk, job, &stored, &of, error) &&
           answer_alert(desk, job, &stored, &of, error);
}

/* Labels of decisions */

/* With Kafka the label names its card, and has a time of its own: nobody looks the transaction up
 * there. */
static Label label_of(const Desk *desk, const CaseLabel *waiting, const StoredTransaction *of) {
    Label label = {.trans_num = str_from(waiting->trans_num),
                   .time = LABEL_TIME_ABSENT,
                   .is_fraud = waiting->is_fraud};
    if (!desk->options.kafka) return label;
    label.card = of->transaction.card;
    label.time = MAX(desk->latest_time, of->transaction.time);
    return label;
}

/* Sends the label that has waited longest; *waits where it has to wait on. */
static bool send_label(Desk *desk, const CaseLabel *waiting, int64_t wait_ms, bool *waits,
                       GError **error) {
    StoredTransaction of;
    const StoreFound found = store_find(desk->store, str_from(waiting->trans_num), &of, error);
    if (found == STORE_FAILED) return false;
    LabelSent sent = LABEL_REFUSED; /* of what is no longer in the store */
    if (found == STORE_FOUND) {
        const Label label = label_of(desk, waiting, &of);
        sent = label_sender_send(desk->sender, &label, wait_ms);
    }
    *waits = sent == LABEL_WAITS;
    if (*waits) return true;
    return casebook_begin(desk->casebook, false, error) &&
           casebook_label_sent(desk->casebook, waiting, sent == LABEL_TAKEN, error) &&
           casebook_commit(desk->casebook, error);
}

/* Empties the outbox as far as it goes within the time. */
static bool send_labels(Desk *desk, int64_t wait_ms, GError **error) {
    const int64_t until = g_get_monotonic_time() + wait_ms * G_TIME_SPAN_MILLISECOND;
    bool waits = false;
    CaseLabel waiting;
    CaseFound found;
    while (!waits && (found = casebook_next_label(desk->casebook, &waiting, error)) == CASE_FOUND) {
        const int64_t left = MAX(until - g_get_monotonic_time(), 0) / G_TIME_SPAN_MILLISECOND;
        if (!send_label(desk, &waiting, left, &waits, error)) {
            casebook_rollback(desk->casebook);
            return false;
        }
    }
    desk->labels_again =
        waits ? g_get_monotonic_time() + LABEL_RETRY_MS * G_TIME_SPAN_MILLISECOND : 0;
    counter_set(&desk->options.meters->labels_waiting, casebook_labels_waiting(desk->casebook));
    return waits || found == CASE_ABSENT;
}

/* What waited before goes on waiting, and nobody waits with it. */
static void send_waiting(Desk *desk) {
    g_autoptr(GError) error = NULL;
    if (desk->labels_again == 0 || g_get_monotonic_time() < desk->labels_again) return;
    if (send_labels(desk, 0, &error)) return;
    tell_failure(desk, error);
    desk->labels_again = g_get_monotonic_time() + LABEL_RETRY_MS * G_TIME_SPAN_MILLISECOND;
}

/* Changes */

static void answer_conflict(Job *job, const Case *of) {
    g_autofree char *assignee = *of->assignee ? g_strdup_printf("assigned to %s", of->assignee)
                                              : g_strdup("assigned to nobody");
    g_autofree char *detail = g_strdup_printf("the alert has changed: it is %s and %s",
                                              case_status_name(of->status), assignee);
    reply_problem(&job->reply, 409, detail);
}

static bool write_change(Desk *desk, const Job *job, const StoredTransaction *stored, Case *of,
                         CaseOutcome *outcome, GError **error) {
    const DeskCall *call = job->desk;
    if (!casebook_begin(desk->casebook, true, error)) return false;
    *outcome = casebook_change(desk->casebook, stored->transaction.trans_num, &call->edit,
                               (CaseBy){call->name, call->role}, stored->is_fraud, of, error);
    if (*outcome == CASE_CHANGED && casebook_commit(desk->casebook, error)) return true;
    casebook_rollback(desk->casebook);
    return *outcome == CASE_SAME || *outcome == CASE_CONFLICT;
}

static void count_closed(Desk *desk, CaseStatus before, const Case *now) {
    if (now->status == before || now->status < CASE_FRAUD) return;
    counter_add(&desk->options.meters->cases_closed[now->status == CASE_FRAUD ? 0 : 1], 1);
}

static bool change(Desk *desk, Job *job, GError **error) {
    StoredTransaction stored;
    Case of;
    CaseOutcome outcome;
    if (!find_alert(desk, job, &stored, &of, error)) return false;
    const CaseStatus before = of.status;
    if (!write_change(desk, job, &stored, &of, &outcome, error)) return false;
    if (outcome == CASE_CONFLICT) {
        answer_conflict(job, &of);
        return true;
    }
    if (outcome == CASE_CHANGED) {
        count_closed(desk, before, &of);
        note_change(desk, stored.transaction.trans_num, &of);
        if (!send_labels(desk, desk->labels_again ? 0 : LABEL_WAIT_MS, error)) return false;
        publish(desk);
    }
    return find_alert(desk, job, &stored, &of, error) &&
           answer_alert(desk, job, &stored, &of, error);
}

/* The card */

/* The entry is on the disk before the number is shown. */
static bool show_card(Desk *desk, Job *job, GError **error) {
    const DeskCall *call = job->desk;
    StoredTransaction stored;
    if (!find_stored(desk, job, &stored, error)) return false;
    const AuditEntry entry = {
        .by = call->name, .role = call->role, .action = "card.shown", .subject = call->trans_num};
    if (!casebook_begin(desk->casebook, true, error) ||
        !audit_trail_add(casebook_trail(desk->casebook), &entry, g_get_real_time(), error) ||
        !casebook_commit(desk->casebook, error)) {
        casebook_rollback(desk->casebook);
        return false;
    }
    GString *body = g_string_new(NULL);
    g_string_append_printf(body, "{\"card\":\"%" G_GUINT64_FORMAT "\"}", stored.transaction.card);
    answer_json(job, body);
    return true;
}

/* The card's positions after `seq`, the earliest first, up to `limit`. */
static bool find_later(Desk *desk, uint64_t card, uint64_t seq, size_t limit, GArray *out,
                       GError **error) {
    if (!casebook_card_events(desk->casebook, card, seq, true, limit, out, error)) return false;
    for (guint i = 0; i < desk->recent->len && out->len < limit; i++) {
        const CardEvent *event = &g_array_index(desk->recent, CardEvent, i);
        if (event->card == card && event->seq > seq) g_array_append_val(out, event->seq);
    }
    return true;
}

/* Those up to it, the latest first. */
static bool find_earlier(Desk *desk, uint64_t card, uint64_t seq, size_t limit, GArray *out,
                         GError **error) {
    for (guint i = desk->recent->len; i > 0 && out->len < limit; i--) {
        const CardEvent *event = &g_array_index(desk->recent, CardEvent, i - 1);
        if (event->card == card && event->seq <= seq) g_array_append_val(out, event->seq);
    }
    return out->len == limit ||
           casebook_card_events(desk->casebook, card, seq, false, limit - out->len, out, error);
}

static bool write_card_item(Desk *desk, uint64_t seq, uint64_t asked, GString *out,
                            GError **error) {
    StoredTransaction stored;
    const StoreFound found = store_at(desk->store, seq, &stored, error);
    if (found != STORE_FOUND) return found == STORE_ABSENT;
    if (out->str[out->len - 1] != '[') g_string_append_c(out, ',');
    shape_card_item(out, &stored, seq == asked);
    return true;
}

static bool card_history(Desk *desk, Job *job, GError **error) {
    StoredTransaction stored;
    if (!find_stored(desk, job, &stored, error)) return false;
    const uint64_t card = stored.transaction.card, asked = stored.seq;
    const size_t limit = job->desk->limit;
    g_autoptr(GArray) later = g_array_new(FALSE, FALSE, sizeof(uint64_t));
    g_autoptr(GArray) earlier = g_array_new(FALSE, FALSE, sizeof(uint64_t));
    g_autoptr(GString) body = g_string_new("{\"transactions\":[");
    if (!find_later(desk, card, asked, limit / 2, later, error) ||
        !find_earlier(desk, card, asked, limit - later->len, earlier, error))
        return false;
    for (guint i = later->len; i > 0; i--)
        if (!write_card_item(desk, g_array_index(later, uint64_t, i - 1), asked, body, error))
            return false;
    for (guint i = 0; i < earlier->len; i++)
        if (!write_card_item(desk, g_array_index(earlier, uint64_t, i), asked, body, error))
            return false;
    g_string_append(body, "]}");
    answer_json(job, g_steal_pointer(&body));
    return true;
}

/* The audit trail */

static void list_entry(const AuditRecord *record, void *data) {
    GString *body = data;
    if (body->str[body->len - 1] != '[') g_string_append_c(body, ',');
    audit_record_write(body, record);
}

static bool list_audit(Desk *desk, Job *job, GError **error) {
    g_autoptr(GString) body = g_string_new("{\"entries\":[");
    if (!audit_trail_list(casebook_trail(desk->casebook), job->desk->people, job->desk->before,
                          job->desk->limit, list_entry, body, error))
        return false;
    g_string_append(body, "]}");
    answer_json(job, g_steal_pointer(&body));
    return true;
}

/* The thread */

typedef bool Task(Desk *desk, Job *job, GError **error);

/* Whoever waits behind others when the service stops is not waited for. */
static void turn_away(Job *job) {
    reply_problem(&job->reply, 503, "the service is stopping");
    job->done(job);
}

static void work(Desk *desk, Job *job) {
    static Task *const tasks[] = {
        [DESK_LIST] = list,      [DESK_SHOW] = show,        [DESK_CHANGE] = change,
        [DESK_CARD] = show_card, [DESK_AUDIT] = list_audit, [DESK_CARD_HISTORY] = card_history,
    };
    g_autoptr(GError) error = NULL;
    follow_some(desk, DESK_FRESH_MS, false); /* what was answered a moment ago is to be there */
    const bool ok = tasks[job->desk->task](desk, job, &error);
    const bool slow = g_error_matches(error, DATABASE_ERROR, DATABASE_ERROR_SLOW);
    if (error && !slow) tell_failure(desk, error);
    if (slow)
        reply_problem(&job->reply, 503, "the search takes too long: narrow it down");
    else if (!ok && job->reply.status == 0)
        reply_problem(&job->reply, 500, "the casebook could not be read or written");
    job->done(job);
}

static void *run(void *data) {
    Desk *desk = data;
    JobList jobs = {0};
    Job *job;
    int64_t wait = 0;
    while (job_queue_take(desk->side.queue, &jobs, 1, wait)) {
        while ((job = job_list_pop(&jobs)))
            if (atomic_load(&desk->stopping))
                turn_away(job);
            else
                work(desk, job);
        const bool gives_way = entry_waits(desk);
        if (!gives_way) follow_some(desk, DESK_STEP_MS, true);
        send_waiting(desk);
        send_changes(desk);
        wait = is_behind(desk) && !gives_way ? 0 : TICK_MS * G_TIME_SPAN_MILLISECOND;
    }
    return NULL;
}

/* Life */

Worker *desk_worker(Desk *desk) {
    return &desk->side.worker;
}

static bool open_all(Desk *desk, GError **error) {
    const DeskOptions *options = &desk->options;
    desk->store = store_open_reader(options->data_dir, error);
    if (!desk->store) return false;
    desk->casebook = casebook_open(options->data_dir, store_id(desk->store),
                                   counter_get(&options->meters->position), error);
    return desk->casebook != NULL;
}

Desk *desk_new(const DeskOptions *options, GError **error) {
    Desk *desk = g_new0(Desk, 1);
    desk->options = *options;
    side_worker_init(&desk->side, DESK_QUEUE_MAX);
    desk->recent = g_array_new(FALSE, FALSE, sizeof(CardEvent));
    desk->changes = g_string_new(NULL);
    desk->sender = label_sender_new(options->worker, options->kafka);
    if (!open_all(desk, error)) {
        desk_free(desk);
        return NULL;
    }
    forget_recent(desk);
    publish(desk);
    desk->labels_again = g_get_monotonic_time(); /* what a crash left in the outbox */
    desk->thread = g_thread_new("desk", run, desk);
    return desk;
}

void desk_stop(Desk *desk) {
    if (!desk) return;
    atomic_store(&desk->stopping, true);
    job_queue_close(desk->side.queue);
    if (desk->thread) g_thread_join(desk->thread);
    desk->thread = NULL;
}

void desk_free(Desk *desk) {
    if (!desk) return;
    g_assert(!desk->thread);
    label_sender_free(desk->sender);
    casebook_close(desk->casebook);
    store_close(desk->store);
    side_worker_clear(&desk->side);
    g_array_unref(desk->recent);
    g_string_free(desk->changes, TRUE);
    g_free(desk->failure);
    g_free(desk);
}
