/* What every Kafka client of ours shares: settings, secrets, errors, and whether the brokers
 * answer. The protocol is librdkafka's.
 *
 * Settings are librdkafka's own, by their own names, passed through: security.protocol,
 * sasl.mechanism, sasl.username, ssl.ca.location, linger.ms and all the others. A name that ends in
 * "-file" gives the value of the name before it as the content of a file: sasl.password-file. Those
 * that decide whether a message counts once (enable.auto.commit, isolation.level, transactional.id
 * and the like) are ours and refused. */
#pragma once

#include "base/str.h"
#include <glib.h>
#include <librdkafka/rdkafka.h>
#include <stdatomic.h>

#define KAFKA_ERROR kafka_error_quark()
GQuark kafka_error_quark(void);
typedef enum KafkaError {
    KAFKA_ERROR_SETTING, /* an unknown setting, a wrong value, a file that cannot be read */
    KAFKA_ERROR_URL,     /* not kafka://HOST:PORT/TOPIC */
    KAFKA_ERROR_CLIENT,  /* librdkafka refused or failed */
    KAFKA_ERROR_TOPIC,   /* a topic that does not exist or may not be used */
    KAFKA_ERROR_AWAY,    /* no broker answered in time */
    KAFKA_ERROR_STOPPED, /* the caller said so while waiting */
} KafkaError;

typedef struct KafkaSettings KafkaSettings;

/* `brokers`: HOST:PORT, several with commas. Copied. */
KafkaSettings *kafka_settings_new(const char *brokers);
void kafka_settings_free(KafkaSettings *settings); /* NULL is allowed */
const char *kafka_settings_brokers(const KafkaSettings *settings);

/* Takes one of librdkafka's settings. Errors name the setting, never its value. */
bool kafka_settings_set(KafkaSettings *settings, const char *name, const char *value,
                        GError **error);

/* Whether Kafka allows a topic of that name. */
bool kafka_topic_valid(const char *topic);

/* Takes "kafka://HOST:PORT[,HOST:PORT…]/TOPIC" apart. The caller frees both. */
bool kafka_url_parse(const char *url, char **brokers, char **topic, GError **error);

/* Whether the brokers answer, told on standard error when it changes. */
typedef struct KafkaHealth {
    const char *brokers; /* borrowed from the settings */
    _Atomic bool down;
} KafkaHealth;

/* The brokers answered: says so if they had been away. */
void kafka_health_up(KafkaHealth *health);

/* They did not, and why it is thought so. A client that has lost all connections says it by itself;
 * one whose connection is open and silent does not. */
void kafka_health_down(KafkaHealth *health, const char *why);

/* One of our own settings for a client, over the user's. */
typedef struct KafkaOption {
    const char *name, *value;
} KafkaOption;

/* What a client calls; NULL for none. `data` is every callback's opaque. */
typedef struct KafkaCallbacks {
    void (*rebalance)(rd_kafka_t *client, rd_kafka_resp_err_t err,
                      rd_kafka_topic_partition_list_t *partitions, void *data);
    void (*delivered)(rd_kafka_t *client, const rd_kafka_message_t *message, void *data);
    /* The brokers refused our credentials, or we their certificate. True: the caller deals with it;
     * false, or none: it is waited out like brokers that are away. */
    bool (*denied)(const char *why, void *data);
    void *data;
} KafkaCallbacks;

/* A client; `options` ends with a name of NULL. The health must outlive it. */
rd_kafka_t *kafka_client_new(rd_kafka_type_t type, const KafkaSettings *settings,
                             const KafkaOption *options, const KafkaCallbacks *callbacks,
                             KafkaHealth *health, GError **error);

/* Ends its threads, whatever is still queued. NULL is allowed. */
void kafka_client_free(rd_kafka_t *client);

/* One line: what could not be done, and librdkafka's reason. */
void kafka_set_error(GError **error, KafkaError code, const KafkaSettings *settings,
                     const char *doing, const char *reason);

/* How many partitions a topic has. 0 and no error: there is no such topic (now); else false with
 * *error, which is KAFKA_ERROR_AWAY when no broker answered within `timeout_ms`. Never creates the
 * topic. */
bool kafka_topic_partitions(rd_kafka_t *client, const KafkaSettings *settings, const char *topic,
                            int timeout_ms, int *partitions, GError **error);

/* Makes a topic if it is not there. `config` are pairs of name and value, ended by NULL. The
 * replication factor is the brokers' default. */
bool kafka_topic_make(rd_kafka_t *client, const KafkaSettings *settings, const char *topic,
                      int partitions, const char *const *config, GError **error);
