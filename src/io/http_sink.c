#include "io/http_sink.h"

#include "base/json.h"
#include "io/http_set_up.h"
#include "record/json.h"

enum {
    POST_RECORDS_MAX = 1000,
    POST_BYTES_MAX = 1 << 20,
    ANSWER_MAX = 64 << 20,     /* bytes of an answer that are read */
    ANSWER_LINE_MAX = 1 << 20, /* bytes of one record's answer */
    CONNECT_SECONDS = 5,
    POST_SECONDS = 60,
    WAIT_MIN_MS = 50,
    WAIT_MAX_MS = 5000,
    GRACE_US = 2000000, /* what a post under way gets to end in when told to stop */
};

/* Records of one kind that wait to be posted. */
typedef struct Batch {
    const char *path; /* where to */
    GString *lines;
    uint64_t records;
    SinkTotals *totals;
} Batch;

typedef struct HttpSink {
    Sink base;
    Batch transactions, labels;
    bool fraud_waits; /* a label among the waiting says fraud */
    char *url;
    CURL *curl;
    struct curl_slist *headers;
    GString *answer;
    uint64_t duplicates; /* of the answer being read */
    int64_t posted;      /* microseconds, monotonic: when the post under way began */
    JsonParser *json;
    char message[CURL_ERROR_SIZE];
} HttpSink;

static bool go_on(const HttpSink *sink) {
    return sink->base.caller.go_on(sink->base.caller.data);
}

static size_t take_answer(char *data, size_t size, size_t count, void *user) {
    HttpSink *sink = user;
    const size_t len = size * count;
    if (sink->answer->len + len > ANSWER_MAX) return 0;
    g_string_append_len(sink->answer, data, (gssize)len);
    return len;
}

static size_t take_header(char *data, size_t size, size_t count, void *user) {
    static const char name[] = "haechi-duplicates:";
    HttpSink *sink = user;
    const size_t len = size * count;
    g_autofree char *line = g_strndup(data, len);
    if (g_ascii_strncasecmp(line, name, sizeof name - 1) == 0)
        sink->duplicates = g_ascii_strtoull(line + sizeof name - 1, NULL, 10);
    return len;
}

static int keep_transfer(void *user, curl_off_t a, curl_off_t b, curl_off_t c, curl_off_t d) {
    (void)a, (void)b, (void)c, (void)d;
    const HttpSink *sink = user;
    return !go_on(sink) && g_get_monotonic_time() - sink->posted > GRACE_US;
}

static void set_up_curl(HttpSink *sink) {
    CURL *curl = sink->curl;
    http_set_up(curl);
    curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT, (long)CONNECT_SECONDS);
    curl_easy_setopt(curl, CURLOPT_TIMEOUT, (long)POST_SECONDS);
    curl_easy_setopt(curl, CURLOPT_HTTPHEADER, sink->headers);
    curl_easy_setopt(curl, CURLOPT_ERRORBUFFER, sink->message);
    curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, take_answer);
    curl_easy_setopt(curl, CURLOPT_WRITEDATA, sink);
    curl_easy_setopt(curl, CURLOPT_HEADERFUNCTION, take_header);
    curl_easy_setopt(curl, CURLOPT_HEADERDATA, sink);
    curl_easy_setopt(curl, CURLOPT_NOPROGRESS, 0L);
    curl_easy_setopt(curl, CURLOPT_XFERINFOFUNCTION, keep_transfer);
    curl_easy_setopt(curl, CURLOPT_XFERINFODATA, sink);
}

static void count_decision(Str decision, SinkTotals *totals) {
    totals->approve += str_equal(decision, STR("approve"));
    totals->review += str_equal(decision, STR("review"));
    totals->decline += str_equal(decision, STR("decline"));
}

/* Every record has a line: its answer, which names it, or a problem, which has a status. */
static void count_answers(HttpSink *sink, SinkTotals *totals) {
    const char *at = sink->answer->str, *end = at + sink->answer->len;
    while (at < end) {
        const char *feed = memchr(at, '\n', (size_t)(end - at));
        const size_t len = (size_t)((feed ? feed : end) - at);
        JsonValue root, value;
        const char *message;
        if (len > 0) {
            const bool read = json_parse(sink->json, at, len, &root, &message);
            const bool accepted = read && json_member(root, "trans_num", &value) &&
                                  !json_member(root, "status", &value);
            totals->delivered += accepted;
            totals->refused += !accepted;
            if (accepted && json_member(root, "decision", &value))
                count_decision(json_get_str(value), totals);
        }
        at += len + 1;
    }
    totals->duplicates += sink->duplicates;
}

/* Waits as long as the service asked for, or longer from time to time, looking out for the end. */
static bool wait_a_while(const HttpSink *sink, int64_t ms) {
    const int64_t until = g_get_monotonic_time() + ms * 1000;
    while (go_on(sink)) {
        const int64_t left = until - g_get_monotonic_time();
        if (left <= 0) return true;
        g_usleep((gulong)MIN(left, 50000));
    }
    return false;
}

static int64_t asked_wait_ms(const HttpSink *sink) {
    curl_off_t seconds = 0;
    curl_easy_getinfo(sink->curl, CURLINFO_RETRY_AFTER, &seconds);
    return MIN((int64_t)seconds * 1000, WAIT_MAX_MS);
}

/* One post. Returns the HTTP status, 0 when there was no answer. */
static long post_once(HttpSink *sink, const char *path, Str records) {
    g_autofree char *address = g_strconcat(sink->url, path, NULL);
    g_string_truncate(sink->answer, 0);
    sink->duplicates = 0;
    sink->posted = g_get_monotonic_time();
    sink->message[0] = 0;
    curl_easy_setopt(sink->curl, CURLOPT_URL, address);
    curl_easy_setopt(sink->curl, CURLOPT_POSTFIELDS, records.data);
    curl_easy_setopt(sink->curl, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)records.len);
    if (curl_easy_perform(sink->curl) != CURLE_OK) return 0;
    long status = 0;
    curl_easy_getinfo(sink->curl, CURLINFO_RESPONSE_CODE, &status);
    return status;
}

/* A status that waiting does not mend. */
static bool refused(HttpSink *sink, const char *path, long status, GError **error) {
    const Str answer = {sink->answer->str, MIN(sink->answer->len, (gsize)ANSWER_LINE_MAX)};
    g_autofree char *why = http_refusal(sink->url, path, status, sink->json, answer);
    g_set_error_literal(error, SINK_ERROR, SINK_ERROR_REFUSED, why);
    return false;
}

static bool worth_waiting(long status) {
    return status == 0 || status == 429 || status == 502 || status == 503 || status == 504;
}

static void tell_waiting(const HttpSink *sink, long status) {
    g_autofree char *why = status ? g_strdup_printf("%s answered %ld", sink->url, status)
                                  : g_strdup_printf("%s: %s", sink->url, sink->message);
    sink->base.caller.waiting(sink->base.caller.data, why);
}

static bool post(HttpSink *sink, Batch *batch, GError **error) {
    if (batch->records == 0) return true;
    const Str lines = {batch->lines->str, batch->lines->len};
    for (int64_t wait = WAIT_MIN_MS;; wait = MIN(wait * 2, WAIT_MAX_MS)) {
        const long status = post_once(sink, batch->path, lines);
        if (status == 200) break;
        if (!worth_waiting(status)) return refused(sink, batch->path, status, error);
        if (!go_on(sink)) return sink_stopped(error);
        if (wait == WAIT_MIN_MS * 4) tell_waiting(sink, status);
        if (!wait_a_while(sink, MAX(wait, asked_wait_ms(sink)))) return sink_stopped(error);
        batch->totals->retries++;
    }
    count_answers(sink, batch->totals);
    batch->totals->sent += batch->records;
    batch->records = 0;
    g_string_truncate(batch->lines, 0);
    return true;
}

/* The sink */

/* The service is first asked when there is something to send. */
static bool open_nothing(Sink *base, GError **error) {
    (void)base, (void)error;
    return true;
}

/* Transactions first, as the labels speak of earlier ones. */
static bool flush(Sink *base, GError **error) {
    HttpSink *sink = (HttpSink *)base;
    if (!post(sink, &sink->transactions, error) || !post(sink, &sink->labels, error)) return false;
    sink->fraud_waits = false;
    return true;
}

/* Counts the record whose line was just appended; posts when the batch is full. */
static bool end_record(HttpSink *sink, Batch *batch, GError **error) {
    g_string_append_c(batch->lines, '\n');
    batch->records++;
    const bool full = batch->records >= POST_RECORDS_MAX || batch->lines->len >= POST_BYTES_MAX;
    return !full || flush(&sink->base, error);
}

static bool take_transaction(Sink *base, const Transaction *transaction, bool with_label,
                             GError **error) {
    HttpSink *sink = (HttpSink *)base;
    if (sink->fraud_waits && !flush(base, error)) return false;
    transaction_write_json(sink->transactions.lines, transaction, CARD_FULL, with_label);
    return end_record(sink, &sink->transactions, error);
}

/* The service looks the card up. */
static bool take_label(Sink *base, const Label *label, GError **error) {
    HttpSink *sink = (HttpSink *)base;
    Label bare = *label;
    bare.card = 0;
    sink->fraud_waits |= label->is_fraud;
    label_write_json(sink->labels.lines, &bare);
    return end_record(sink, &sink->labels, error);
}

static void http_sink_free(Sink *base) {
    HttpSink *sink = (HttpSink *)base;
    curl_easy_cleanup(sink->curl);
    curl_slist_free_all(sink->headers);
    json_parser_free(sink->json);
    g_string_free(sink->answer, TRUE);
    g_string_free(sink->transactions.lines, TRUE);
    g_string_free(sink->labels.lines, TRUE);
    g_free(sink->url);
    g_free(sink);
}

Sink *http_sink_new(const char *url, const char *token, GError **error) {
    if (!http_is_url(url)) {
        g_set_error(error, SINK_ERROR, SINK_ERROR_ADDRESS,
                    "'%s' is not an address such as http://127.0.0.1:8080", url);
        return NULL;
    }
    HttpSink *sink = g_new0(HttpSink, 1);
    sink->base = (Sink){.decides = true,
                        .open = open_nothing,
                        .transaction = take_transaction,
                        .label = take_label,
                        .flush = flush,
                        .close = flush,
                        .free = http_sink_free};
    sink->url = g_strdup(url);
    if (g_str_has_suffix(url, "/")) sink->url[strlen(url) - 1] = 0;
    sink->transactions =
        (Batch){"/v1/transactions", g_string_new(NULL), 0, &sink->base.transactions};
    sink->labels = (Batch){"/v1/labels", g_string_new(NULL), 0, &sink->base.labels};
    sink->answer = g_string_new(NULL);
    sink->json = json_parser_new(ANSWER_LINE_MAX);
    sink->headers = http_post_headers("application/x-ndjson", token);
    sink->curl = curl_easy_init();
    g_assert(sink->curl);
    set_up_curl(sink);
    return &sink->base;
}
