/* Transactions, labels, cards, merchants and the graph around them. */
#include "record/columns.h"
#include "serve/http/endpoints.h"
#include "serve/question.h"
#include "serve/shape.h"

static enum MHD_Result submit(Request *request, JobKind kind) {
    return http_submit_to(request, request->http->options.worker, QUEUE_MAX, kind);
}

static enum MHD_Result submit_records(Request *request, JobKind kind) {
    if (request->http->options.worker->takes_records) return submit(request, kind);
    return http_send_problem(request, 409,
                             "this service takes its transactions and labels from Kafka");
}

enum MHD_Result http_post_transactions(Request *request) {
    return submit_records(request, JOB_TRANSACTIONS);
}

enum MHD_Result http_post_labels(Request *request) {
    return submit_records(request, JOB_LABELS);
}

/* Questions by a card's number, which are told of first: whoever tries numbers is found by it. */

static enum MHD_Result submit_told(Request *request) {
    if (request->job.reply.status) return http_send_reply(request);
    return submit(request, request->asked);
}

static enum MHD_Result tell_and_submit(Request *request, const char *masked, JobKind kind) {
    request->asked = kind;
    return http_tell(request, request->identity, "card.asked", masked, submit_told);
}

enum MHD_Result http_get_card(Request *request) {
    uint64_t card;
    char masked[CARD_MASKED_SIZE];
    if (read_card(str_from(request->subject), &card)) return submit(request, JOB_CARD);
    card_mask(card, masked);
    return tell_and_submit(request, masked, JOB_CARD);
}

enum MHD_Result http_get_merchant(Request *request) {
    return submit(request, JOB_MERCHANT);
}

static enum MHD_Result send_store_failure(Request *request, const GError *error) {
    g_printerr("%s\n", error->message);
    return http_send_problem(request, 500, "the store could not be read");
}

/* Finds out the card of a subject that is told by a transaction; false when there is none, and the
 * request is answered then. */
static bool find_card(Request *request, Subject *subject, enum MHD_Result *result) {
    if (!subject->by_transaction) return true;
    g_autoptr(GError) error = NULL;
    StoredTransaction stored;
    const Str number = {subject->name, subject->name_len};
    const StoreFound found = store_find(request->http->reader, number, &stored, &error);
    if (found == STORE_FOUND)
        *subject = (Subject){.kind = VERTEX_CARD, .card = stored.transaction.card};
    else if (found == STORE_ABSENT)
        *result = http_send_problem(request, 404, "no such transaction");
    else
        *result = send_store_failure(request, error);
    return found == STORE_FOUND;
}

/* The cards of which it has the number, masked. The caller frees. */
static char *mask_numbers(const Question *question) {
    char of[CARD_MASKED_SIZE] = "", to[CARD_MASKED_SIZE] = "";
    if (question->of.by_number) card_mask(question->of.card, of);
    if (question->to.by_number) card_mask(question->to.card, to);
    return g_strconcat(of, *of && *to ? ", " : "", to, NULL);
}

static enum MHD_Result post_question(Request *request, JobKind kind) {
    const Str body = {request->body, request->length};
    unsigned status;
    enum MHD_Result result;
    request->question = g_new(Question, 1);
    Question *question = request->question;
    const char *wrong = question_read(request->http->parser, &request->http->card_ref_key, body,
                                      kind, question, &status);
    if (wrong) return http_send_problem(request, status, wrong);
    if ((question->of.by_number || question->to.by_number) &&
        request->identity->role < ROLE_ANALYST) /* whoever may try numbers finds out whole ones */
        return http_send_problem(request, 403, "to ask by a card's number needs the role analyst");
    if (!find_card(request, &question->of, &result) || !find_card(request, &question->to, &result))
        return result;
    wrong = question_check(kind, question);
    if (wrong) return http_send_problem(request, 422, wrong);
    request->job.question = request->question;
    if (!question->of.by_number && !question->to.by_number) return submit(request, kind);
    g_autofree char *masked = mask_numbers(question);
    return tell_and_submit(request, masked, kind);
}

enum MHD_Result http_post_neighbourhood(Request *request) {
    return post_question(request, JOB_NEIGHBOURHOOD);
}

enum MHD_Result http_post_paths(Request *request) {
    return post_question(request, JOB_PATHS);
}

enum MHD_Result http_post_ring(Request *request) {
    return post_question(request, JOB_RING);
}

enum MHD_Result http_get_transaction(Request *request) {
    g_autoptr(GError) error = NULL;
    StoredTransaction stored;
    switch (store_find(request->http->reader, str_from(request->subject), &stored, &error)) {
    case STORE_FOUND: {
        GString *body = g_string_new(NULL);
        shape_stored(body, &stored);
        return http_send_json(request, body);
    }
    case STORE_ABSENT:
        return http_send_problem(request, 404, "no such transaction");
    case STORE_FAILED:
        break;
    }
    return send_store_failure(request, error);
}

static bool read_limit(const Request *request, size_t *out) {
    const char *text = http_query(request, "limit");
    guint64 limit = LIST_DEFAULT;
    if (text && !g_ascii_string_to_unsigned(text, 10, 1, LIST_MAX, &limit, NULL)) return false;
    *out = (size_t)limit;
    return true;
}

/* The bit of the decision named text[0..len), 0 when it is none. */
static unsigned decision_bit(const char *text, size_t len) {
    for (int verdict = VERDICT_APPROVE; verdict <= VERDICT_DECLINE; verdict++)
        if (str_equal((Str){text, len}, str_from(verdict_name((Verdict)verdict))))
            return 1u << verdict;
    return 0;
}

/* "review,decline": any of the decisions, once or more. */
static bool read_decisions(const Request *request, unsigned *out) {
    const char *text = http_query(request, "decision");
    *out = text ? 0 : VERDICTS_ALL;
    while (text) {
        size_t len = strcspn(text, ",");
        unsigned bit = decision_bit(text, len);
        if (!bit) return false;
        *out |= bit;
        text = text[len] ? text + len + 1 : NULL;
    }
    return true;
}

static void list_item(const StoredTransaction *stored, void *data) {
    GString *body = data;
    if (body->str[body->len - 1] != '[') g_string_append_c(body, ',');
    shape_item(body, stored);
}

enum MHD_Result http_get_transactions(Request *request) {
    size_t limit;
    unsigned verdicts;
    if (!read_limit(request, &limit)) return http_send_problem(request, 400, "limit is 1 to 500");
    if (!read_decisions(request, &verdicts))
        return http_send_problem(request, 400,
                                 "decision is approve, review or decline, or several with commas");
    g_autoptr(GError) error = NULL;
    GString *body = g_string_new("{\"transactions\":[");
    if (!store_latest(request->http->reader, verdicts, limit, list_item, body, &error)) {
        g_string_free(body, TRUE);
        return send_store_failure(request, error);
    }
    g_string_append(body, "]}");
    return http_send_json(request, body);
}
