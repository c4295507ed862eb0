#include "io/kafka.h"

#include <stdatomic.h>
#include <string.h>

enum { SECRET_MAX_BYTES = 64 << 10, SETTINGS_MAX = 256, ADMIN_TIMEOUT_MS = 30000, FAULT_LEN = 512 };

G_DEFINE_QUARK(haechi - kafka - error, kafka_error)

/* Unless the user says otherwise: a member that died is missed after this long. */
#define SESSION_MS 10000

struct KafkaSettings {
    char *brokers;
    GPtrArray *names, *values; /* char *, side by side */
};

/* What decides whether a message counts once, and who is in the group: not the user's to set. */
static const char *const ours[] = {
    "bootstrap.servers",  "metadata.broker.list",          "enable.auto.commit",
    "isolation.level",    "enable.auto.offset.store",      "transactional.id",
    "enable.idempotence", "partition.assignment.strategy", "group.id",
    "auto.offset.reset",  "enable.partition.eof",          "allow.auto.create.topics",
};

KafkaSettings *kafka_settings_new(const char *brokers) {
    KafkaSettings *settings = g_new0(KafkaSettings, 1);
    settings->brokers = g_strdup(brokers);
    settings->names = g_ptr_array_new_with_free_func(g_free);
    settings->values = g_ptr_array_new_with_free_func(g_free);
    return settings;
}

void kafka_settings_free(KafkaSettings *settings) {
    if (!settings) return;
    g_free(settings->brokers);
    g_ptr_array_unref(settings->names);
    g_ptr_array_unref(settings->values);
    g_free(settings);
}

const char *kafka_settings_brokers(const KafkaSettings *settings) {
    return settings->brokers;
}

static bool is_ours(const char *name) {
    for (size_t i = 0; i < G_N_ELEMENTS(ours); i++)
        if (strcmp(name, ours[i]) == 0) return true;
    return false;
}

/* The file's content without the line end that editors put there; NULL and *error. */
static char *read_secret(const char *name, const char *path, GError **error) {
    char *text = NULL;
    gsize len = 0;
    g_autoptr(GError) cause = NULL;
    if (!g_file_get_contents(path, &text, &len, &cause)) {
        g_set_error(error, KAFKA_ERROR, KAFKA_ERROR_SETTING, "%s: cannot read %s", name, path);
        return NULL;
    }
    if (len == 0 || len > SECRET_MAX_BYTES || strlen(text) != len) {
        g_set_error(error, KAFKA_ERROR, KAFKA_ERROR_SETTING,
                    "%s: %s is empty, over 64 KiB, or no text", name, path);
        g_free(text);
        return NULL;
    }
    return g_strchomp(text);
}

/* Asks librdkafka whether it knows the setting and takes the value. Its own message may quote the
 * value, so it is not passed on. */
static bool check_setting(const char *name, const char *value, GError **error) {
    char fault[FAULT_LEN];
    rd_kafka_conf_t *conf = rd_kafka_conf_new();
    const rd_kafka_conf_res_t result = rd_kafka_conf_set(conf, name, value, fault, sizeof fault);
    rd_kafka_conf_destroy(conf);
    if (result == RD_KAFKA_CONF_OK) return true;
    g_set_error(error, KAFKA_ERROR, KAFKA_ERROR_SETTING,
                result == RD_KAFKA_CONF_UNKNOWN ? "unknown Kafka setting '%s'"
                                                : "wrong value for the Kafka setting '%s'",
                name);
    return false;
}

bool kafka_settings_set(KafkaSettings *settings, const char *name, const char *value,
                        GError **error) {
    g_autofree char *bare = NULL, *secret = NULL;
    if (g_str_has_suffix(name, "-file")) {
        bare = g_strndup(name, strlen(name) - strlen("-file"));
        if (!(secret = read_secret(name, value, error))) return false;
        value = secret;
    }
    if (!bare) bare = g_strdup(name);
    if (is_ours(bare)) {
        g_set_error(error, KAFKA_ERROR, KAFKA_ERROR_SETTING,
                    "the Kafka setting '%s' is haechi's own and cannot be set", bare);
        return false;
    }
    if (settings->names->len == SETTINGS_MAX) {
        g_set_error(error, KAFKA_ERROR, KAFKA_ERROR_SETTING, "over %d Kafka settings",
                    SETTINGS_MAX);
        return false;
    }
    if (!check_setting(bare, value, error)) return false;
    g_ptr_array_add(settings->names, g_steal_pointer(&bare));
    g_ptr_array_add(settings->values, g_strdup(value));
    return true;
}

bool kafka_topic_valid(const char *topic) {
    const size_t len = strlen(topic);
    return len > 0 && len <= 249 && strcmp(topic, ".") != 0 && strcmp(topic, "..") != 0 &&
           strspn(topic, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-") ==
               len;
}

bool kafka_url_parse(const char *url, char **brokers, char **topic, GError **error) {
    const char *rest = g_str_has_prefix(url, "kafka://") ? url + strlen("kafka://") : "";
    const char *slash = strchr(rest, '/');
    if (!slash || slash == rest || !kafka_topic_valid(slash + 1) ||
        memchr(rest, '@', (size_t)(slash - rest))) {
        g_set_error(error, KAFKA_ERROR, KAFKA_ERROR_URL, "'%s' is not kafka://HOST:PORT/TOPIC",
                    strchr(url, '@') ? "kafka://…" : url);
        return false;
    }
    *brokers = g_strndup(rest, (gsize)(slash - rest));
    *topic = g_strdup(slash + 1);
    return true;
}

/* Health */

void kafka_health_up(KafkaHealth *health) {
    if (atomic_exchange(&health->down, false))
        g_printerr("kafka %s answers again\n", health->brokers);
}

void kafka_health_down(KafkaHealth *health, const char *why) {
    if (atomic_exchange(&health->down, true)) return;
    g_printerr("kafka %s does not answer (%s): waiting for it\n", health->brokers, why);
}

/* Clients */

/* What a client's callbacks need; librdkafka has one opaque for all of them. It lives as long as
 * the client: that may call back until its last thread has ended. */
typedef struct Opaque {
    KafkaCallbacks callbacks;
    KafkaHealth *health;
} Opaque;

static void denied(const Opaque *opaque, const char *why) {
    const KafkaCallbacks *callbacks = &opaque->callbacks;
    if (callbacks->denied && callbacks->denied(why, callbacks->data))
        atomic_store(&opaque->health->down, true); /* nothing more is to be said of it */
    else
        kafka_health_down(opaque->health, why);
}

/* Losing one of several connections is routine; librdkafka mends it. */
static void on_error(rd_kafka_t *client, int err, const char *reason, void *data) {
    const Opaque *opaque = data;
    char fatal[FAULT_LEN];
    switch (err) {
    case RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN:
        kafka_health_down(opaque->health, "no broker can be reached");
        break;
    case RD_KAFKA_RESP_ERR__AUTHENTICATION:
    case RD_KAFKA_RESP_ERR__SSL:
        denied(opaque, reason);
        break;
    case RD_KAFKA_RESP_ERR__FATAL:
        rd_kafka_fatal_error(client, fatal, sizeof fatal);
        g_printerr("kafka %s: %s\n", opaque->health->brokers, fatal);
        break;
    default:
        break;
    }
}

static void on_rebalance(rd_kafka_t *client, rd_kafka_resp_err_t err,
                         rd_kafka_topic_partition_list_t *partitions, void *data) {
    const Opaque *opaque = data;
    opaque->callbacks.rebalance(client, err, partitions, opaque->callbacks.data);
}

static void on_delivered(rd_kafka_t *client, const rd_kafka_message_t *message, void *data) {
    const Opaque *opaque = data;
    opaque->callbacks.delivered(client, message, opaque->callbacks.data);
}

/* What matters comes through on_error and the calls' results. */
static void no_log(const rd_kafka_t *client, int level, const char *facility, const char *text) {
    (void)client;
    g_debug("librdkafka %d %s: %s", level, facility, text);
}

void kafka_set_error(GError **error, KafkaError code, const KafkaSettings *settings,
                     const char *doing, const char *reason) {
    g_set_error(error, KAFKA_ERROR, (gint)code, "cannot %s at kafka %s: %s", doing,
                settings->brokers, reason);
}

static bool set(rd_kafka_conf_t *conf, const char *name, const char *value, GError **error) {
    char fault[FAULT_LEN];
    if (rd_kafka_conf_set(conf, name, value, fault, sizeof fault) == RD_KAFKA_CONF_OK) return true;
    g_set_error(error, KAFKA_ERROR, KAFKA_ERROR_SETTING, "wrong value for the Kafka setting '%s'",
                name);
    return false;
}

static bool set_all(rd_kafka_conf_t *conf, const KafkaSettings *settings,
                    const KafkaOption *options, GError **error) {
    if (!set(conf, "bootstrap.servers", settings->brokers, error) ||
        !set(conf, "allow.auto.create.topics", "false", error) ||
        !set(conf, "client.id", "haechi", error) ||
        !set(conf, "session.timeout.ms", G_STRINGIFY(SESSION_MS), error))
        return false;
    for (guint i = 0; i < settings->names->len; i++)
        if (!set(conf, g_ptr_array_index(settings->names, i),
                 g_ptr_array_index(settings->values, i), error))
            return false;
    for (; options->name; options++)
        if (!set(conf, options->name, options->value, error)) return false;
    return true;
}

rd_kafka_t *kafka_client_new(rd_kafka_type_t type, const KafkaSettings *settings,
                             const KafkaOption *options, const KafkaCallbacks *callbacks,
                             KafkaHealth *health, GError **error) {
    rd_kafka_conf_t *conf = rd_kafka_conf_new();
    if (!set_all(conf, settings, options, error)) {
        rd_kafka_conf_destroy(conf);
        return NULL;
    }
    Opaque *opaque = g_new0(Opaque, 1);
    if (callbacks) opaque->callbacks = *callbacks;
    opaque->health = health;
    health->brokers = settings->brokers;
    rd_kafka_conf_set_opaque(conf, opaque);
    rd_kafka_conf_set_error_cb(conf, on_error);
    rd_kafka_conf_set_log_cb(conf, no_log);
    if (opaque->callbacks.rebalance) rd_kafka_conf_set_rebalance_cb(conf, on_rebalance);
    if (opaque->callbacks.delivered) rd_kafka_conf_set_dr_msg_cb(conf, on_delivered);
    char fault[FAULT_LEN];
    rd_kafka_t *client = rd_kafka_new(type, conf, fault, sizeof fault);
    if (client) {
        if (type == RD_KAFKA_CONSUMER) rd_kafka_poll_set_consumer(client);
        return client;
    }
    rd_kafka_conf_destroy(conf);
    g_free(opaque);
    kafka_set_error(error, KAFKA_ERROR_CLIENT, settings, "start a client", fault);
    return NULL;
}

void kafka_client_free(rd_kafka_t *client) {
    if (!client) return;
    void *opaque = rd_kafka_opaque(client);
    rd_kafka_destroy(client);
    g_free(opaque);
}

/* Topics */

/* librdkafka's own errors are negative: it asked in vain. Brokers answer with positive ones. */
static KafkaError asking_failed(rd_kafka_resp_err_t err) {
    return err < 0 ? KAFKA_ERROR_AWAY : KAFKA_ERROR_TOPIC;
}

bool kafka_topic_partitions(rd_kafka_t *client, const KafkaSettings *settings, const char *topic,
                            int timeout_ms, int *partitions, GError **error) {
    *partitions = 0;
    rd_kafka_topic_t *handle = rd_kafka_topic_new(client, topic, NULL);
    const struct rd_kafka_metadata *metadata = NULL;
    rd_kafka_resp_err_t err = handle ? rd_kafka_metadata(client, 0, handle, &metadata, timeout_ms)
                                     : rd_kafka_last_error();
    if (!err && metadata && metadata->topic_cnt == 1) {
        err = metadata->topics[0].err;
        if (!err) *partitions = metadata->topics[0].partition_cnt;
        if (err == RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART ||
            err == RD_KAFKA_RESP_ERR_LEADER_NOT_AVAILABLE)
            err = RD_KAFKA_RESP_ERR_NO_ERROR;
    }
    if (metadata) rd_kafka_metadata_destroy(metadata);
    if (handle) rd_kafka_topic_destroy(handle);
    if (!err) return true;
    g_autofree char *doing = g_strdup_printf("look at the topic %s", topic);
    kafka_set_error(error, asking_failed(err), settings, doing, rd_kafka_err2str(err));
    return false;
}

/* What the broker said of the one topic asked for; NULL when all is well. */
static char *creation_fault(rd_kafka_t *client, rd_kafka_NewTopic_t *topic) {
    rd_kafka_AdminOptions_t *options =
        rd_kafka_AdminOptions_new(client, RD_KAFKA_ADMIN_OP_CREATETOPICS);
    rd_kafka_AdminOptions_set_request_timeout(options, ADMIN_TIMEOUT_MS, NULL, 0);
    rd_kafka_queue_t *queue = rd_kafka_queue_new(client);
    rd_kafka_CreateTopics(client, &topic, 1, options, queue);
    rd_kafka_event_t *event = rd_kafka_queue_poll(queue, 2 * ADMIN_TIMEOUT_MS);
    char *fault = NULL;
    if (!event) {
        fault = g_strdup("no answer");
    } else if (rd_kafka_event_error(event)) {
        fault = g_strdup(rd_kafka_event_error_string(event));
    } else {
        size_t count;
        const rd_kafka_topic_result_t **results =
            rd_kafka_CreateTopics_result_topics(rd_kafka_event_CreateTopics_result(event), &count);
        const rd_kafka_resp_err_t err = count == 1 ? rd_kafka_topic_result_error(results[0]) : 0;
        if (err && err != RD_KAFKA_RESP_ERR_TOPIC_ALREADY_EXISTS) {
            const char *text = rd_kafka_topic_result_error_string(results[0]);
            fault = g_strdup(text ? text : rd_kafka_err2str(err));
        }
    }
    if (event) rd_kafka_event_destroy(event);
    rd_kafka_queue_destroy(queue);
    rd_kafka_AdminOptions_destroy(options);
    return fault;
}

bool kafka_topic_make(rd_kafka_t *client, const KafkaSettings *settings, const char *topic,
                      int partitions, const char *const *config, GError **error) {
    char fault[FAULT_LEN];
    rd_kafka_NewTopic_t *wanted = rd_kafka_NewTopic_new(topic, partitions, -1, fault, sizeof fault);
    g_autofree char *doing = g_strdup_printf("make the topic %s", topic);
    if (!wanted) {
        kafka_set_error(error, KAFKA_ERROR_TOPIC, settings, doing, fault);
        return false;
    }
    for (; config[0]; config += 2)
        rd_kafka_NewTopic_set_config(wanted, config[0], config[1]);
    g_autofree char *refused = creation_fault(client, wanted);
    rd_kafka_NewTopic_destroy(wanted);
    if (refused) kafka_set_error(error, KAFKA_ERROR_TOPIC, settings, doing, refused);
    return refused == NULL;
}
