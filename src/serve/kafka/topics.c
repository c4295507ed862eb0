#include "serve/kafka/topics.h"

#include "record/card_partition.h"

enum { LOOK_MS = 5000 }; /* one look at the topics */

bool topics_check_inputs(rd_kafka_t *client, const KafkaOptions *options, KafkaHealth *health,
                         int *partitions, GError **error) {
    int counts[2];
    for (int log = TOPIC_TRANSACTIONS; log <= TOPIC_LABELS; log++) {
        if (!kafka_topic_partitions(client, options->settings, options->topics[log], LOOK_MS,
                                    &counts[log], error)) {
            rd_kafka_poll(client, 0); /* why, such as a wrong password */
            return false;
        }
        kafka_health_up(health);
        if (counts[log] > 0) continue;
        g_set_error(error, KAFKA_ERROR, KAFKA_ERROR_TOPIC,
                    "there is no topic %s at kafka %s: waiting for it to be made",
                    options->topics[log], kafka_settings_brokers(options->settings));
        return false;
    }
    if (counts[0] != counts[1] || counts[0] > PARTITIONS_MAX) {
        g_set_error(error, KAFKA_ERROR, KAFKA_ERROR_TOPIC,
                    "the topics %s and %s have %d and %d partitions: make them as many, %d at most",
                    options->topics[0], options->topics[1], counts[0], counts[1], PARTITIONS_MAX);
        return false;
    }
    *partitions = counts[0];
    return true;
}

bool topics_make_outputs(rd_kafka_t *client, const KafkaOptions *options, int partitions,
                         GError **error) {
    static const char *const plain[] = {NULL};
    /* Of the merchants nothing newer than a day is compacted away: restoring reads their log as it
     * was written. A snapshot has to last only while somebody reads it. */
    static const char *const merchants[] = {"cleanup.policy", "compact", "min.compaction.lag.ms",
                                            "86400000", NULL};
    static const char *const snapshots[] = {"cleanup.policy", "compact", "min.compaction.lag.ms",
                                            "600000", NULL};
    for (int topic = 0; topic < TOPIC_COUNT; topic++) {
        int there;
        if (topic == TOPIC_TRANSACTIONS || topic == TOPIC_LABELS) continue;
        if (!kafka_topic_partitions(client, options->settings, options->topics[topic], LOOK_MS,
                                    &there, error))
            return false;
        const char *const *config = topic == TOPIC_MERCHANTS   ? merchants
                                    : topic == TOPIC_SNAPSHOTS ? snapshots
                                                               : plain;
        const int wanted = topic == TOPIC_MERCHANTS ? 1 : partitions;
        if (there == 0 && !kafka_topic_make(client, options->settings, options->topics[topic],
                                            wanted, config, error))
            return false;
        if (there > 0 && there < wanted && topic != TOPIC_REJECTS) {
            g_set_error(error, KAFKA_ERROR, KAFKA_ERROR_TOPIC,
                        "the topic %s has %d partitions and needs %d", options->topics[topic],
                        there, wanted);
            return false;
        }
    }
    return true;
}
