/* A small hand for the tests to reach into Kafka with: starting Java for each touch would take
 * seconds. The brokers are those of the environment's HAECHI_KAFKA. It stands on librdkafka alone,
 * not on our own use of it, which it is there to check.
 *
 *   kafka_tool topic-make NAME PARTITIONS [CONFIG=VALUE]...
 *   kafka_tool topic-delete NAME...
 *   kafka_tool records-delete TOPIC PARTITION BEFORE
 *       deletes the messages before that offset, as the end of their retention would
 *   kafka_tool topics
 *       prints the names of all, a line each
 *   kafka_tool produce TOPIC [--key TEXT | --key-member NAME]
 *       sends each line of standard input; an empty line is a message without a value
 *   kafka_tool consume TOPIC [--committed] [--partition P]
 *       prints all that the topic holds now, from the first to the last, a line each:
 *       {"partition", "offset", "key", "value"}
 *
 * Exit status: 0 done, 1 failed, 2 wrong use. */
#include "base/json.h"
#include "base/json_write.h"

#include <librdkafka/rdkafka.h>
#include <stdio.h>
#include <stdlib.h>

enum {
    TIMEOUT_MS = 30000,
    MESSAGE_MAX = 16 << 20,
    FAULT_LEN = 512,
    STATUS_USAGE = 2,
};

static G_NORETURN void die(const char *doing, const char *why) {
    fprintf(stderr, "kafka_tool: cannot %s: %s\n", doing, why);
    exit(EXIT_FAILURE);
}

static void set(rd_kafka_conf_t *conf, const char *name, const char *value) {
    char fault[FAULT_LEN];
    if (rd_kafka_conf_set(conf, name, value, fault, sizeof fault) != RD_KAFKA_CONF_OK)
        die(name, fault);
}

static void on_delivered(rd_kafka_t *client, const rd_kafka_message_t *message, void *data) {
    (void)client, (void)data;
    if (message->err) die("produce", rd_kafka_err2str(message->err));
}

static rd_kafka_t *new_client(rd_kafka_type_t type, bool committed) {
    char fault[FAULT_LEN];
    const char *brokers = g_getenv("HAECHI_KAFKA");
    if (!brokers) die("start", "HAECHI_KAFKA is not set");
    rd_kafka_conf_t *conf = rd_kafka_conf_new();
    set(conf, "bootstrap.servers", brokers);
    if (type == RD_KAFKA_PRODUCER) {
        set(conf, "message.max.bytes", G_STRINGIFY(16777216));
        set(conf, "partitioner", "murmur2_random");
        set(conf, "linger.ms", "5");
        rd_kafka_conf_set_dr_msg_cb(conf, on_delivered);
    } else {
        set(conf, "group.id", "kafka-tool"); /* it commits nothing and joins nothing */
        set(conf, "enable.auto.commit", "false");
        set(conf, "enable.partition.eof", "true");
        set(conf, "fetch.wait.max.ms", "50");
        set(conf, "isolation.level", committed ? "read_committed" : "read_uncommitted");
    }
    rd_kafka_t *client = rd_kafka_new(type, conf, fault, sizeof fault);
    if (!client) die("start", fault);
    return client;
}

/* Topics */

static void add_config(rd_kafka_NewTopic_t *topic, char *pair) {
    char *equals = strchr(pair, '=');
    if (!equals) die("make a topic", "a setting is CONFIG=VALUE");
    *equals = 0;
    rd_kafka_NewTopic_set_config(topic, pair, equals + 1);
}

static rd_kafka_event_t *answer(rd_kafka_queue_t *queue, const char *doing) {
    rd_kafka_event_t *event = rd_kafka_queue_poll(queue, TIMEOUT_MS);
    if (!event) die(doing, "no answer");
    if (rd_kafka_event_error(event)) die(doing, rd_kafka_event_error_string(event));
    return event;
}

static void check_results(const rd_kafka_topic_result_t **results, size_t count,
                          const char *doing) {
    for (size_t i = 0; i < count; i++)
        if (rd_kafka_topic_result_error(results[i]))
            die(doing, rd_kafka_err2str(rd_kafka_topic_result_error(results[i])));
}

static bool has_leaders(rd_kafka_t *client, const char *name, int partitions) {
    const struct rd_kafka_metadata *metadata = NULL;
    rd_kafka_topic_t *topic = rd_kafka_topic_new(client, name, NULL);
    bool good = rd_kafka_metadata(client, 0, topic, &metadata, TIMEOUT_MS) == 0 &&
                metadata->topic_cnt == 1 && metadata->topics[0].err == 0 &&
                metadata->topics[0].partition_cnt == partitions;
    for (int i = 0; good && i < partitions; i++)
        good = metadata->topics[0].partitions[i].leader >= 0;
    if (metadata) rd_kafka_metadata_destroy(metadata);
    rd_kafka_topic_destroy(topic);
    return good;
}

static int topic_make(int argc, char **argv) {
    static const char doing[] = "make the topic";
    if (argc < 2) return STATUS_USAGE;
    char fault[FAULT_LEN];
    const int partitions = atoi(argv[1]); // NOLINT(cert-err34-c): nonsense is 0, and refused
    rd_kafka_t *client = new_client(RD_KAFKA_PRODUCER, false);
    rd_kafka_NewTopic_t *topic = rd_kafka_NewTopic_new(argv[0], partitions, 1, fault, sizeof fault);
    if (!topic) die(doing, fault);
    for (int i = 2; i < argc; i++)
        add_config(topic, argv[i]);
    rd_kafka_queue_t *queue = rd_kafka_queue_new(client);
    rd_kafka_CreateTopics(client, &topic, 1, NULL, queue);
    rd_kafka_event_t *event = answer(queue, doing);
    size_t count;
    check_results(
        rd_kafka_CreateTopics_result_topics(rd_kafka_event_CreateTopics_result(event), &count),
        count, doing);
    while (!has_leaders(client, argv[0], partitions))
        g_usleep(20000);
    rd_kafka_event_destroy(event);
    rd_kafka_queue_destroy(queue);
    rd_kafka_NewTopic_destroy(topic);
    rd_kafka_destroy(client);
    return EXIT_SUCCESS;
}

static int topic_delete(int argc, char **argv) {
    static const char doing[] = "delete the topic";
    if (argc < 1) return STATUS_USAGE;
    rd_kafka_t *client = new_client(RD_KAFKA_PRODUCER, false);
    rd_kafka_queue_t *queue = rd_kafka_queue_new(client);
    g_autofree rd_kafka_DeleteTopic_t **topics = g_new(rd_kafka_DeleteTopic_t *, (gsize)argc);
    for (int i = 0; i < argc; i++)
        topics[i] = rd_kafka_DeleteTopic_new(argv[i]);
    rd_kafka_DeleteTopics(client, topics, (size_t)argc, NULL, queue);
    rd_kafka_event_t *event = answer(queue, doing);
    size_t count;
    check_results(
        rd_kafka_DeleteTopics_result_topics(rd_kafka_event_DeleteTopics_result(event), &count),
        count, doing);
    rd_kafka_event_destroy(event);
    rd_kafka_DeleteTopic_destroy_array(topics, (size_t)argc);
    rd_kafka_queue_destroy(queue);
    rd_kafka_destroy(client);
    return EXIT_SUCCESS;
}

static int records_delete(int argc, char **argv) {
    static const char doing[] = "delete messages";
    if (argc != 3) return STATUS_USAGE;
    rd_kafka_t *client = new_client(RD_KAFKA_PRODUCER, false);
    rd_kafka_queue_t *queue = rd_kafka_queue_new(client);
    rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new(1);
    const int partition = atoi(argv[1]); // NOLINT(cert-err34-c): a test's own number
    rd_kafka_topic_partition_list_add(list, argv[0], partition)->offset =
        g_ascii_strtoll(argv[2], NULL, 10);
    rd_kafka_DeleteRecords_t *records = rd_kafka_DeleteRecords_new(list);
    rd_kafka_DeleteRecords(client, &records, 1, NULL, queue);
    rd_kafka_event_t *event = answer(queue, doing);
    const rd_kafka_topic_partition_list_t *done =
        rd_kafka_DeleteRecords_result_offsets(rd_kafka_event_DeleteRecords_result(event));
    if (done->elems[0].err) die(doing, rd_kafka_err2str(done->elems[0].err));
    rd_kafka_event_destroy(event);
    rd_kafka_DeleteRecords_destroy(records);
    rd_kafka_topic_partition_list_destroy(list);
    rd_kafka_queue_destroy(queue);
    rd_kafka_destroy(client);
    return EXIT_SUCCESS;
}

static int topics(int argc, char **argv) {
    (void)argv;
    if (argc != 0) return STATUS_USAGE;
    rd_kafka_t *client = new_client(RD_KAFKA_PRODUCER, false);
    const struct rd_kafka_metadata *metadata;
    const rd_kafka_resp_err_t err = rd_kafka_metadata(client, 1, NULL, &metadata, TIMEOUT_MS);
    if (err) die("list the topics", rd_kafka_err2str(err));
    for (int i = 0; i < metadata->topic_cnt; i++)
        puts(metadata->topics[i].topic);
    rd_kafka_metadata_destroy(metadata);
    rd_kafka_destroy(client);
    return EXIT_SUCCESS;
}

/* Producing */

/* The member of the line's object as text, or NULL: a message without a key. The caller frees. */
static char *member_of(JsonParser *parser, Str line, const char *name) {
    JsonValue root, value;
    const char *message;
    if (!json_parse(parser, line.data, line.len, &root, &message) ||
        json_type(root) != JSON_OBJECT || !json_member(root, name, &value))
        return NULL;
    switch (json_type(value)) {
    case JSON_STRING:
        return g_strndup(json_get_str(value).data, json_get_str(value).len);
    case JSON_INT:
        return g_strdup_printf("%" G_GINT64_FORMAT, json_get_int(value));
    case JSON_UINT:
        return g_strdup_printf("%" G_GUINT64_FORMAT, json_get_uint(value));
    default:
        return NULL;
    }
}

static void send_line(rd_kafka_t *client, rd_kafka_topic_t *topic, char *line, size_t len,
                      const char *key) {
    while (rd_kafka_produce(topic, RD_KAFKA_PARTITION_UA, RD_KAFKA_MSG_F_COPY, len ? line : NULL,
                            len, key, key ? strlen(key) : 0, NULL) != 0) {
        const rd_kafka_resp_err_t err = rd_kafka_last_error();
        if (err != RD_KAFKA_RESP_ERR__QUEUE_FULL) die("produce", rd_kafka_err2str(err));
        rd_kafka_poll(client, 100);
    }
    rd_kafka_poll(client, 0);
}

static int produce(int argc, char **argv) {
    const bool with_key = argc == 3 && strcmp(argv[1], "--key") == 0;
    const bool with_member = argc == 3 && strcmp(argv[1], "--key-member") == 0;
    if (argc != 1 && !with_key && !with_member) return STATUS_USAGE;
    rd_kafka_t *client = new_client(RD_KAFKA_PRODUCER, false);
    rd_kafka_topic_t *topic = rd_kafka_topic_new(client, argv[0], NULL);
    JsonParser *parser = json_parser_new(MESSAGE_MAX);
    char *text = NULL;
    size_t room = 0;
    for (ssize_t read; (read = getline(&text, &room, stdin)) > 0;) {
        const size_t len = (size_t)read - (text[read - 1] == '\n');
        g_autofree char *member = with_member ? member_of(parser, (Str){text, len}, argv[2]) : NULL;
        send_line(client, topic, text, len, with_key ? argv[2] : member);
    }
    if (rd_kafka_flush(client, TIMEOUT_MS)) die("produce", "not all was taken in time");
    free(text);
    json_parser_free(parser);
    rd_kafka_topic_destroy(topic);
    rd_kafka_destroy(client);
    return EXIT_SUCCESS;
}

/* Consuming */

/* All partitions of the topic, or the one wanted, from the beginning. */
static rd_kafka_topic_partition_list_t *partitions_of(rd_kafka_t *client, const char *topic,
                                                      int wanted) {
    const struct rd_kafka_metadata *metadata;
    rd_kafka_topic_t *handle = rd_kafka_topic_new(client, topic, NULL);
    const rd_kafka_resp_err_t err = rd_kafka_metadata(client, 0, handle, &metadata, TIMEOUT_MS);
    if (err) die("consume", rd_kafka_err2str(err));
    if (metadata->topics[0].err) die("consume", rd_kafka_err2str(metadata->topics[0].err));
    rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new(1);
    for (int i = 0; i < metadata->topics[0].partition_cnt; i++)
        if (wanted < 0 || wanted == i)
            rd_kafka_topic_partition_list_add(list, topic, i)->offset = RD_KAFKA_OFFSET_BEGINNING;
    rd_kafka_metadata_destroy(metadata);
    rd_kafka_topic_destroy(handle);
    return list;
}

static void write_bytes(GString *out, const void *data, size_t len) {
    if (data)
        json_write_str(out, (Str){data, len});
    else
        g_string_append(out, "null");
}

static void print_message(GString *out, const rd_kafka_message_t *message) {
    g_string_printf(out, "{\"partition\":%d,\"offset\":%" G_GINT64_FORMAT ",\"key\":",
                    message->partition, message->offset);
    write_bytes(out, message->key, message->key_len);
    g_string_append(out, ",\"value\":");
    write_bytes(out, message->payload, message->len);
    g_string_append(out, "}\n");
    fwrite(out->str, 1, out->len, stdout);
}

/* A broker that has just come back does not lead its partitions at once. */
static rd_kafka_resp_err_t query_ends(rd_kafka_t *client,
                                      const rd_kafka_topic_partition_t *partition, int64_t *first,
                                      int64_t *end) {
    enum { AGAIN_MS = 200 };
    rd_kafka_resp_err_t err = RD_KAFKA_RESP_ERR_NO_ERROR;
    for (int waited = 0; waited < TIMEOUT_MS; waited += AGAIN_MS) {
        err = rd_kafka_query_watermark_offsets(client, partition->topic, partition->partition,
                                               first, end, TIMEOUT_MS);
        if (err != RD_KAFKA_RESP_ERR_NOT_LEADER_FOR_PARTITION &&
            err != RD_KAFKA_RESP_ERR_LEADER_NOT_AVAILABLE)
            break;
        g_usleep(AGAIN_MS * 1000);
    }
    return err;
}

/* Where each partition ends now; what comes while it is read belongs to the next time. Returns how
 * many hold anything. */
static int find_ends(rd_kafka_t *client, const rd_kafka_topic_partition_list_t *list,
                     int64_t *ends) {
    int filled = 0;
    for (int i = 0; i < list->cnt; i++) {
        int64_t first;
        const rd_kafka_resp_err_t err = query_ends(client, &list->elems[i], &first, &ends[i]);
        if (err) die("consume", rd_kafka_err2str(err));
        if (first == ends[i]) ends[i] = 0;
        filled += ends[i] > 0;
    }
    return filled;
}

/* The end of the message's partition, which is 0 once that is read through. */
static int64_t *end_of(const rd_kafka_topic_partition_list_t *list, int64_t *ends,
                       const rd_kafka_message_t *message) {
    int i = 0;
    while (list->elems[i].partition != message->partition)
        i++;
    return &ends[i];
}

static int consume(int argc, char **argv) {
    bool committed = false;
    int partition = -1;
    if (argc < 1) return STATUS_USAGE;
    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "--committed") == 0)
            committed = true;
        else if (strcmp(argv[i], "--partition") == 0 && i + 1 < argc)
            partition = atoi(argv[++i]); // NOLINT(cert-err34-c): a test's own number
        else
            return STATUS_USAGE;
    }
    rd_kafka_t *client = new_client(RD_KAFKA_CONSUMER, committed);
    rd_kafka_topic_partition_list_t *list = partitions_of(client, argv[0], partition);
    g_autofree int64_t *ends = g_new0(int64_t, list->cnt);
    g_autoptr(GString) out = g_string_new(NULL);
    int left = find_ends(client, list, ends);
    rd_kafka_assign(client, list);
    while (left > 0) {
        rd_kafka_message_t *message = rd_kafka_consumer_poll(client, TIMEOUT_MS);
        if (!message) die("consume", "nothing came in time");
        const bool at_end = message->err == RD_KAFKA_RESP_ERR__PARTITION_EOF;
        if (message->err && !at_end) die("consume", rd_kafka_message_errstr(message));
        int64_t *end = end_of(list, ends, message);
        if (!at_end && message->offset < *end) print_message(out, message);
        if (*end > 0 && (at_end || message->offset + 1 >= *end)) {
            *end = 0;
            left--;
        }
        rd_kafka_message_destroy(message);
    }
    rd_kafka_topic_partition_list_destroy(list);
    rd_kafka_consumer_close(client);
    rd_kafka_destroy(client);
    return EXIT_SUCCESS;
}

int main(int argc, char **argv) {
    static const struct {
        const char *name;
        int (*run)(int argc, char **argv);
    } verbs[] = {{"topic-make", topic_make},
                 {"topic-delete", topic_delete},
                 {"records-delete", records_delete},
                 {"topics", topics},
                 {"produce", produce},
                 {"consume", consume}};
    int status = STATUS_USAGE;
    for (size_t i = 0; argc > 1 && i < G_N_ELEMENTS(verbs); i++)
        if (strcmp(argv[1], verbs[i].name) == 0) status = verbs[i].run(argc - 2, argv + 2);
    if (status == STATUS_USAGE)
        fprintf(stderr, "usage: kafka_tool topic-make NAME PARTITIONS [CONFIG=VALUE]...\n"
                        "       kafka_tool topic-delete NAME...\n"
                        "       kafka_tool records-delete TOPIC PARTITION BEFORE\n"
                        "       kafka_tool topics\n"
                        "       kafka_tool produce TOPIC [--key TEXT | --key-member NAME]\n"
                        "       kafka_tool consume TOPIC [--committed] [--partition P]\n");
    return status;
}
