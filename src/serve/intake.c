#include "serve/intake.h"

#include "base/civil.h"
#include "base/json_write.h"
#include "record/columns.h"
#include "serve/board.h"
#include "serve/question.h"
#include "serve/shape.h"

void intake_init(Intake *intake, Engine *engine, Store *store, Rejects *rejects, Hub *hub,
                 Meters *meters) {
    *intake = (Intake){
        .engine = engine,
        .store = store,
        .rejects = rejects,
        .hub = hub,
        .meters = meters,
        .parser = json_parser_new(RECORD_MAX_BYTES),
        .contributions = g_new(float, feature_count() + 1),
        .reasons = g_string_new(NULL),
    };
}

void intake_clear(Intake *intake) {
    json_parser_free(intake->parser);
    g_free(intake->contributions);
    g_string_free(intake->reasons, TRUE);
}

/* A refused record. Among many it costs itself alone; alone it is the reply. */
static void refuse(Intake *intake, Job *job, unsigned status, Reject *reject) {
    reject->line = job->many ? job->line : 0;
    job->refused++;
    counter_add(&intake->meters->rejected, 1);
    rejects_add(intake->rejects, reject);
    shape_reject(reply_body(&job->reply), status, reject);
    if (!job->many) reply_finish(&job->reply, status, PROBLEM_TYPE);
}

static void refuse_whole(Intake *intake, Job *job, unsigned status, const char *reason) {
    Reject reject = {.field = "", .reason = reason};
    refuse(intake, job, status, &reject);
}

/* The caller has appended the record's answer. */
static void answered(Job *job, bool duplicate) {
    job->reply.duplicates += duplicate;
    if (!job->many) reply_finish(&job->reply, 200, JSON_TYPE);
}

/* The batch */

static bool begin(Intake *intake, GError **error) {
    if (!intake->open) intake->open = store_begin(intake->store, error);
    return intake->open;
}

bool intake_commit(Intake *intake, GError **error) {
    if (!intake->open) return true;
    intake->open = false;
    int64_t start = g_get_monotonic_time();
    if (!store_commit(intake->store, error)) return false;
    counter_add(&intake->meters->commits, 1);
    counter_add(&intake->meters->commit_us, (uint64_t)(g_get_monotonic_time() - start));
    return true;
}

/* A time far ahead would move the windows of its card and merchant, which never move back. The fold
 * knows no clock, so this is asked here, of what is new; what is in the log stays as it is. */
static bool is_too_far_ahead(int64_t time) {
    return time > g_get_real_time() / G_USEC_PER_SEC + AHEAD_SECONDS_MAX;
}

static void refuse_time(Intake *intake, Job *job, const char *field, int64_t time) {
    char text[CIVIL_TIME_LEN + 1];
    civil_write_time(time, text);
    Reject reject;
    reject_set(&reject, field, "more than a day ahead of this machine's clock", str_from(text));
    refuse(intake, job, 422, &reject);
}

/* Transactions */

/* The decision's answer; its reasons live until the next call. */
static Answer explain(Intake *intake, const Decision *decision) {
    g_string_truncate(intake->reasons, 0);
    shape_reasons(intake->reasons, intake->engine, decision, intake->contributions);
    shape_neighbours(intake->reasons, intake->engine, decision);
    return shape_decided(engine_model(intake->engine), decision,
                         (Str){intake->reasons->str, intake->reasons->len});
}

static bool take_new(Intake *intake, Job *job, const Transaction *transaction, GError **error) {
    if (!begin(intake, error)) return false;
    meters_time(intake->meters, store_totals(intake->store)->latest_time, transaction->time);
    Decision decision = engine_transaction(intake->engine, transaction);
    Answer answer = explain(intake, &decision);
    if (!store_add_transaction(intake->store, transaction, &answer, error)) return false;
    board_add(intake->meters->board, transaction, &answer);
    counter_add(&intake->meters->folded, 1);
    meters_members(intake->meters, &decision.members);
    drift_add(intake->meters->drift, transaction->time, decision.features, decision.score);
    shape_answer(reply_body(&job->reply), transaction->trans_num, &answer);
    hub_show(intake->hub, transaction, &answer);
    answered(job, false);
    return true;
}

/* The member that a transaction's time was read from. */
static const char *time_field(JsonValue value) {
    JsonValue time;
    bool given = json_member(value, column_name(COLUMN_TIME), &time) &&
                 json_type(time) == JSON_STRING && json_get_str(time).len > 0;
    return column_name(given ? COLUMN_TIME : COLUMN_UNIX_TIME);
}

static bool take_transaction(Intake *intake, Job *job, JsonValue value, GError **error) {
    Transaction transaction;
    Reject reject;
    if (!transaction_from_json(value, &intake->json, &transaction, &reject)) {
        refuse(intake, job, 422, &reject);
        return true;
    }
    /* What is known of fraud arrives as a label, never with the transaction. */
    transaction.is_fraud = LABEL_NONE;
    StoredTransaction stored;
    switch (store_find(intake->store, transaction.trans_num, &stored, error)) {
    case STORE_ABSENT:
        if (is_too_far_ahead(transaction.time)) {
            refuse_time(intake, job, time_field(value), transaction.time);
            return true;
        }
        return take_new(intake, job, &transaction, error);
    case STORE_FOUND:
        counter_add(&intake->meters->duplicates, 1);
        shape_answer(reply_body(&job->reply), transaction.trans_num, &stored.answer);
        answered(job, true);
        return true;
    case STORE_FAILED:
        break;
    }
    return false;
}

/* Labels */

static bool fold_label(Intake *intake, const StoredTransaction *of, int64_t time, bool is_fraud,
                       GError **error) {
    const Label label = store_label_of(of, time, is_fraud);
    if (!begin(intake, error)) return false;
    engine_label(intake->engine, &label);
    board_label(intake->meters->board, of, is_fraud);
    if (!store_add_label(intake->store, &label, of->seq, error)) return false;
    hub_add_label(intake->hub, label.trans_num, is_fraud);
    return true;
}

static void answer_label(Job *job, Str trans_num, bool is_fraud, bool duplicate) {
    GString *out = reply_body(&job->reply);
    g_string_append(out, "{\"trans_num\":");
    json_write_str(out, trans_num);
    g_string_append(out, is_fraud ? ",\"is_fraud\":true}" : ",\"is_fraud\":false}");
    answered(job, duplicate);
}

static bool take_label(Intake *intake, Job *job, JsonValue value, GError **error) {
    Label label;
    Reject reject;
    if (!label_from_json(value, &intake->json, &label, &reject)) {
        refuse(intake, job, 422, &reject);
        return true;
    }
    if (is_too_far_ahead(label.time)) {
        refuse_time(intake, job, "time", label.time);
        return true;
    }
    StoredTransaction stored;
    StoreFound found = store_find(intake->store, label.trans_num, &stored, error);
    if (found == STORE_ABSENT) {
        reject_set(&reject, "trans_num", "no such transaction", label.trans_num);
        refuse(intake, job, 404, &reject);
        return true;
    }
    if (found == STORE_FAILED) return false;
    bool known = stored.is_fraud == (int)label.is_fraud;
    int64_t time =
        label.time == LABEL_TIME_ABSENT ? store_totals(intake->store)->latest_time : label.time;
    if (known)
        counter_add(&intake->meters->duplicates, 1);
    else if (!fold_label(intake, &stored, time, label.is_fraud, error))
        return false;
    answer_label(job, label.trans_num, label.is_fraud, known);
    return true;
}

/* Bodies */

static bool take_record(Intake *intake, Job *job, Str text, GError **error) {
    JsonValue value;
    const char *message;
    if (text.len > RECORD_MAX_BYTES) {
        refuse_whole(intake, job, 413, "longer than 65536 bytes");
        return true;
    }
    if (!json_parse(intake->parser, text.data, text.len, &value, &message)) {
        refuse_whole(intake, job, 400, message);
        return true;
    }
    if (json_type(value) != JSON_OBJECT) {
        refuse_whole(intake, job, 400, "not a JSON object");
        return true;
    }
    return job->kind == JOB_LABELS ? take_label(intake, job, value, error)
                                   : take_transaction(intake, job, value, error);
}

static bool is_blank(Str line) {
    for (size_t i = 0; i < line.len; i++)
        if (!g_ascii_isspace(line.data[i])) return false;
    return true;
}

/* The next line of the body; false at its end. */
static bool next_line(Job *job, Str *line) {
    if (job->offset >= job->body.len) return false;
    const char *start = job->body.data + job->offset;
    size_t left = job->body.len - job->offset;
    const char *end = memchr(start, '\n', left);
    *line = (Str){start, end ? (size_t)(end - start) : left};
    job->offset += line->len + 1;
    job->line++;
    return true;
}

static size_t count_lines(Str body) {
    size_t lines = 0;
    const char *at = body.data, *end = body.data + body.len;
    while (at < end && (at = memchr(at, '\n', (size_t)(end - at)))) {
        lines++;
        at++;
    }
    return lines + 1;
}

/* A problem is longer than the line it answers can be, so their number is bounded: the reply stays
 * small, and one request cannot push all that others were refused out of the reject file. */
static void refuse_rest(Intake *intake, Job *job) {
    refuse_whole(intake, job, 422, "not looked at, nor what follows: 1000 records were refused");
    g_string_append_c(job->reply.body, '\n');
    reply_finish(&job->reply, 200, NDJSON_TYPE);
}

static bool take_lines(Intake *intake, Job *job, size_t limit, size_t *used, GError **error) {
    if (job->offset == 0 && count_lines(job->body) > RECORDS_MAX + 1) {
        reply_problem(&job->reply, 413, "more than 100000 lines");
        return true;
    }
    Str line;
    while (*used < limit) {
        if (!next_line(job, &line)) {
            reply_body(&job->reply);
            reply_finish(&job->reply, 200, NDJSON_TYPE);
            return true;
        }
        if (is_blank(line)) continue;
        if (job->refused == REFUSALS_MAX) {
            refuse_rest(intake, job);
            return true;
        }
        ++*used;
        if (!take_record(intake, job, line, error)) return false;
        g_string_append_c(job->reply.body, '\n');
    }
    return true;
}

/* Questions */

enum { EXPLORE_COST = 256 }; /* some milliseconds */

size_t intake_cost(const Job *job) {
    return job->question ? EXPLORE_COST : 1;
}

bool intake_knows(const Graph *graph, const Job *job) {
    uint64_t number;
    if (job->question) return question_has_edges(graph, job->kind, job->question);
    if (job->kind == JOB_MERCHANT) return graph_find_merchant(graph, job->subject) != VERTEX_NONE;
    return !read_card(job->subject, &number) && graph_find_card(graph, number) != VERTEX_NONE;
}

static void answer_card(const Graph *graph, Job *job) {
    uint64_t number;
    const char *wrong = read_card(job->subject, &number);
    CardId card = wrong ? VERTEX_NONE : graph_find_card(graph, number);
    if (wrong) {
        reply_problem(&job->reply, 400, "not a card number");
    } else if (card == VERTEX_NONE) {
        reply_problem(&job->reply, 404, "no transaction of this card has been seen");
    } else {
        shape_card(reply_body(&job->reply), graph, card);
        reply_finish(&job->reply, 200, JSON_TYPE);
    }
}

static void answer_merchant(const Graph *graph, Job *job) {
    MerchantId merchant = graph_find_merchant(graph, job->subject);
    if (merchant == VERTEX_NONE) {
        reply_problem(&job->reply, 404, "no transaction at this merchant has been seen");
        return;
    }
    shape_merchant(reply_body(&job->reply), graph, merchant);
    reply_finish(&job->reply, 200, JSON_TYPE);
}

static void answer_question(const Graph *graph, Job *job) {
    const char *wrong = question_wrong(graph, job->kind, job->question);
    if (wrong) {
        reply_problem(&job->reply, 404, wrong);
        return;
    }
    question_answer(graph, job->kind, job->question, reply_body(&job->reply));
    reply_finish(&job->reply, 200, JSON_TYPE);
}

void intake_answer(const Graph *graph, Job *job) {
    if (job->question)
        answer_question(graph, job);
    else if (job->kind == JOB_CARD)
        answer_card(graph, job);
    else
        answer_merchant(graph, job);
}

bool intake_work(Intake *intake, Job *job, size_t limit, size_t *used, GError **error) {
    size_t before = *used;
    switch (job->kind) {
    case JOB_CARD:
    case JOB_MERCHANT:
    case JOB_NEIGHBOURHOOD:
    case JOB_PATHS:
    case JOB_RING:
        intake_answer(engine_graph(intake->engine), job);
        *used += intake_cost(job);
        break;
    case JOB_TRANSACTIONS:
    case JOB_LABELS:
        if (job->many) return take_lines(intake, job, before + limit, used, error);
        ++*used;
        return take_record(intake, job, job->body, error);
    case JOB_LIBRARY:
    case JOB_DESK:
    case JOB_PIPELINES:
    case JOB_BOARD:
    case JOB_AUDIT:
        g_assert_not_reached();
    }
    return true;
}
