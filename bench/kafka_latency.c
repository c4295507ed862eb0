/* From produce to decision: sends transactions at a fixed rate, reads the decisions of a running
 * `haechi serve --kafka`, and prints how long each took to come back, as JSON. One thread sends,
 * another reads committed messages only and matches by transaction number. The time begins when
 * a transaction was due, not when it was sent, so that a sender that was held up hides nothing.
 * The first WARM_UP seconds are sent and not counted.
 *
 * It stands on librdkafka alone, not on our own use of it, whose latency is measured.
 *
 *   bench_kafka_latency BROKERS TRANSACTIONS DECISIONS [RATE [SECONDS [WARM_UP]]]
 *
 * Exit status: 0 done, 1 failed, or a decision did not come or came twice, 2 wrong use. */
#include "base/histogram.h"
#include "base/json.h"

#include <glib.h>
#include <inttypes.h>
#include <librdkafka/rdkafka.h>
#include <stdio.h>
#include <stdlib.h>

enum {
    RATE_MAX = 100000,     /* a second */
    SECONDS_MAX = 600,     /* of a run */
    CARDS = 1000,          /* with numbers that follow each other */
    MERCHANTS = 700,       /* each met by all cards */
    MESSAGE_MAX = 1 << 20, /* of a decision */
    POLL_MS = 100,
    WAIT_SECONDS = 30, /* for the last decision */
    ASK_MS = 30000,    /* for a broker to say where `decisions` ends */
    TEXT_LEN = 1024,
    STATUS_USAGE = 2,
};

static const char number_head[] = "latency";

typedef struct Run {
    const char *brokers, *transactions, *decisions;
    uint64_t rate, total, warm_up; /* the last two are numbers of transactions */
    int64_t start;                 /* when the first was due, microseconds, monotonic */
    uint64_t mark;                 /* tells this run's transaction numbers from another's */
    /* The reader's. */
    rd_kafka_t *consumer;
    uint8_t *decided; /* whether each came back */
    uint64_t matched, twice;
    Histogram latency; /* microseconds */
} Run;

static G_NORETURN void die(const char *doing, const char *why) {
    fprintf(stderr, "bench_kafka_latency: cannot %s: %s\n", doing, why);
    exit(EXIT_FAILURE);
}

static void on_delivered(rd_kafka_t *client, const rd_kafka_message_t *message, void *data) {
    (void)client, (void)data;
    if (message->err) die("produce", rd_kafka_err2str(message->err));
}

/* `settings` are pairs of name and value, ended by NULL. */
static rd_kafka_t *new_client(const Run *run, rd_kafka_type_t type, const char *const *settings) {
    char fault[TEXT_LEN];
    rd_kafka_conf_t *conf = rd_kafka_conf_new();
    if (rd_kafka_conf_set(conf, "bootstrap.servers", run->brokers, fault, sizeof fault))
        die("start", fault);
    for (; settings[0]; settings += 2)
        if (rd_kafka_conf_set(conf, settings[0], settings[1], fault, sizeof fault))
            die("start", fault);
    if (type == RD_KAFKA_PRODUCER) rd_kafka_conf_set_dr_msg_cb(conf, on_delivered);
    rd_kafka_t *client = rd_kafka_new(type, conf, fault, sizeof fault);
    if (!client) die("start", fault);
    return client;
}

static int64_t due(const Run *run, uint64_t n) {
    return run->start + (int64_t)(n * G_USEC_PER_SEC / run->rate);
}

/* Sending */

static size_t write_transaction(const Run *run, uint64_t n, uint64_t card, char out[TEXT_LEN]) {
    static const char *const categories[] = {"grocery_pos",  "gas_transport", "home",
                                             "shopping_net", "kids_pets",     "travel"};
    const int len = g_snprintf(
        out, TEXT_LEN,
        "{\"trans_num\":\"%s-%" PRIx64 "-%" PRIu64 "\",\"unix_time\":%" PRId64
        ",\"cc_num\":\"%" PRIu64 "\",\"merchant\":\"fraud_Merchant %" PRIu64
        "\",\"category\":\"%s\",\"amt\":%.2f,\"first\":\"Given\",\"last\":\"Family\","
        "\"gender\":\"F\",\"street\":\"561 Perry Cove\",\"city\":\"Moravian Falls\","
        "\"state\":\"NC\",\"zip\":\"28654\",\"lat\":36.0788,\"long\":-81.1781,\"city_pop\":3495,"
        "\"job\":\"Psychologist, counselling\",\"dob\":\"1988-03-09\",\"merch_lat\":36.011293,"
        "\"merch_long\":-82.048315}",
        number_head, run->mark, n, g_get_real_time() / G_USEC_PER_SEC, card, n * 104729 % MERCHANTS,
        categories[n % G_N_ELEMENTS(categories)], 1 + (double)(n * 31 % 20000) / 100);
    g_assert(len < TEXT_LEN);
    return (size_t)len;
}

static void send_one(const Run *run, rd_kafka_topic_t *topic, uint64_t n) {
    char text[TEXT_LEN], key[32];
    const uint64_t card = 4000000000000000 + n * 7919 % CARDS;
    const size_t len = write_transaction(run, n, card, text);
    const int key_len = g_snprintf(key, sizeof key, "%" PRIu64, card);
    if (rd_kafka_produce(topic, RD_KAFKA_PARTITION_UA, RD_KAFKA_MSG_F_COPY, text, len, key,
                         (size_t)key_len, NULL) != 0)
        die("produce", rd_kafka_err2str(rd_kafka_last_error()));
}

static void send_all(const Run *run, rd_kafka_t *producer) {
    rd_kafka_topic_t *topic = rd_kafka_topic_new(producer, run->transactions, NULL);
    for (uint64_t n = 0; n < run->total; n++) {
        const int64_t early = due(run, n) - g_get_monotonic_time();
        if (early > 0) g_usleep((gulong)early);
        send_one(run, topic, n);
        rd_kafka_poll(producer, 0);
    }
    if (rd_kafka_flush(producer, WAIT_SECONDS * 1000)) die("produce", "not all was taken in time");
    rd_kafka_topic_destroy(topic);
}

/* Reading */

static bool read_number(const Run *run, JsonParser *parser, const rd_kafka_message_t *message,
                        uint64_t *n) {
    JsonValue root, value;
    const char *wrong;
    if (!json_parse(parser, message->payload, message->len, &root, &wrong) ||
        !json_member(root, "trans_num", &value))
        die("read a decision", "it is no object with a trans_num");
    g_autofree char *text = g_strndup(json_get_str(value).data, json_get_str(value).len);
    g_autofree char *head = g_strdup_printf("%s-%" PRIx64 "-", number_head, run->mark);
    char *end;
    if (!g_str_has_prefix(text, head)) return false;
    *n = g_ascii_strtoull(text + strlen(head), &end, 10);
    return *end == '\0' && *n < run->total;
}

static void match(Run *run, JsonParser *parser, const rd_kafka_message_t *message) {
    const int64_t now = g_get_monotonic_time();
    uint64_t n;
    if (!read_number(run, parser, message, &n)) return;
    if (run->decided[n]) {
        run->twice++;
        return;
    }
    run->decided[n] = 1;
    run->matched++;
    if (n >= run->warm_up) histogram_add(&run->latency, (uint64_t)MAX(now - due(run, n), 0));
}

/* From the end of each partition on. */
static void assign_ends(const Run *run, rd_kafka_t *consumer) {
    const struct rd_kafka_metadata *metadata;
    rd_kafka_topic_t *topic = rd_kafka_topic_new(consumer, run->decisions, NULL);
    rd_kafka_resp_err_t err = rd_kafka_metadata(consumer, 0, topic, &metadata, ASK_MS);
    if (err || metadata->topics[0].err)
        die("read the decisions", rd_kafka_err2str(err ? err : metadata->topics[0].err));
    rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new(1);
    for (int i = 0; i < metadata->topics[0].partition_cnt; i++) {
        int64_t low, high;
        err = rd_kafka_query_watermark_offsets(consumer, run->decisions, i, &low, &high, ASK_MS);
        if (err) die("read the decisions", rd_kafka_err2str(err));
        rd_kafka_topic_partition_list_add(list, run->decisions, i)->offset = high;
    }
    err = rd_kafka_assign(consumer, list);
    if (err) die("read the decisions", rd_kafka_err2str(err));
    rd_kafka_topic_partition_list_destroy(list);
    rd_kafka_metadata_destroy(metadata);
    rd_kafka_topic_destroy(topic);
}

static rd_kafka_t *new_consumer(const Run *run) {
    static const char *const settings[] = {"group.id",
                                           "bench-kafka-latency",
                                           "enable.auto.commit",
                                           "false",
                                           "isolation.level",
                                           "read_committed",
                                           "fetch.wait.max.ms",
                                           "10",
                                           NULL};
    rd_kafka_t *consumer = new_client(run, RD_KAFKA_CONSUMER, settings);
    assign_ends(run, consumer);
    return consumer;
}

static void *read_all(void *data) {
    Run *run = data;
    JsonParser *parser = json_parser_new(MESSAGE_MAX);
    const int64_t until = due(run, run->total) + WAIT_SECONDS * G_TIME_SPAN_SECOND;
    while (run->matched < run->total && g_get_monotonic_time() < until) {
        rd_kafka_message_t *message = rd_kafka_consumer_poll(run->consumer, POLL_MS);
        if (!message) continue;
        if (message->err) die("read a decision", rd_kafka_message_errstr(message));
        match(run, parser, message);
        rd_kafka_message_destroy(message);
    }
    json_parser_free(parser);
    return NULL;
}

/* The whole */

static bool read_arguments(int argc, char **argv, Run *run) {
    guint64 rate = 1000, seconds = 30, warm_up = 5;
    if (argc < 4 || argc > 7 ||
        (argc > 4 && !g_ascii_string_to_unsigned(argv[4], 10, 1, RATE_MAX, &rate, NULL)) ||
        (argc > 5 && !g_ascii_string_to_unsigned(argv[5], 10, 1, SECONDS_MAX, &seconds, NULL)) ||
        (argc > 6 && !g_ascii_string_to_unsigned(argv[6], 10, 0, SECONDS_MAX, &warm_up, NULL)))
        return false;
    *run = (Run){
        .brokers = argv[1],
        .transactions = argv[2],
        .decisions = argv[3],
        .rate = rate,
        .total = rate * (seconds + warm_up),
        .warm_up = rate * warm_up,
        .mark = (uint64_t)g_get_real_time(),
    };
    return true;
}

static double ms(uint64_t us) {
    return (double)us / 1000;
}

static void print(const Run *run) {
    printf("{\"rate\": %" PRIu64 ", \"counted\": %" PRIu64 ", \"lost\": %" PRIu64
           ", \"twice\": %" PRIu64 ", \"p50_ms\": %.1f, \"p99_ms\": %.1f, \"max_ms\": %.1f}\n",
           run->rate, run->latency.count, run->total - run->matched, run->twice,
           ms(histogram_quantile(&run->latency, 0.5)), ms(histogram_quantile(&run->latency, 0.99)),
           ms(run->latency.max));
}

int main(int argc, char **argv) {
    static const char *const sending[] = {"acks",           "all", "linger.ms", "0", "partitioner",
                                          "murmur2_random", NULL};
    static Run run;
    if (!read_arguments(argc, argv, &run)) {
        fputs("usage: bench_kafka_latency BROKERS TRANSACTIONS DECISIONS [RATE [SECONDS "
              "[WARM_UP]]]\n",
              stderr);
        return STATUS_USAGE;
    }
    run.decided = g_malloc0(run.total);
    run.consumer = new_consumer(&run);
    rd_kafka_t *producer = new_client(&run, RD_KAFKA_PRODUCER, sending);
    run.start = g_get_monotonic_time();
    GThread *reader = g_thread_new("reader", read_all, &run);
    send_all(&run, producer);
    g_thread_join(reader);
    print(&run);
    rd_kafka_consumer_close(run.consumer);
    rd_kafka_destroy(run.consumer);
    rd_kafka_destroy(producer);
    g_free(run.decided);
    return run.matched == run.total && run.twice == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
