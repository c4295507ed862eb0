#include "serve/kafka/batch.h"

#include "base/bytes.h"

static void membership_clear(void *membership) {
    rd_kafka_consumer_group_metadata_destroy(((Membership *)membership)->metadata);
}

/* A member has a name; without one, and without a generation, the broker checks nothing. Looked at
 * last: until the consumer's rebalance is answered it does not get a new one. */
Membership *membership_new(rd_kafka_t *consumer) {
    Membership *membership = g_atomic_rc_box_new(Membership);
    membership->metadata = rd_kafka_consumer_group_metadata(consumer);
    char *name = rd_kafka_memberid(consumer);
    const bool is_member = name && *name && !rd_kafka_assignment_lost(consumer);
    if (name) rd_kafka_mem_free(consumer, name);
    if (is_member) return membership;
    membership_release(membership);
    return NULL;
}

void membership_release(Membership *membership) {
    if (membership) g_atomic_rc_box_release_full(membership, membership_clear);
}

Batch *batch_new(void) {
    Batch *batch = g_new0(Batch, 1);
    batch->bytes = g_byte_array_new();
    batch->outputs = g_array_new(FALSE, FALSE, sizeof(Output));
    batch->kept = g_array_new(FALSE, FALSE, sizeof(Kept));
    batch->passed = g_array_new(FALSE, FALSE, sizeof(Passed));
    return batch;
}

void batch_clear(Batch *batch) {
    if (batch->offsets) rd_kafka_topic_partition_list_destroy(batch->offsets);
    membership_release(batch->membership);
    g_byte_array_set_size(batch->bytes, 0);
    g_array_set_size(batch->outputs, 0);
    g_array_set_size(batch->kept, 0);
    g_array_set_size(batch->passed, 0);
    *batch = (Batch){.bytes = batch->bytes,
                     .outputs = batch->outputs,
                     .kept = batch->kept,
                     .passed = batch->passed};
}

void batch_free(Batch *batch) {
    if (!batch) return;
    batch_clear(batch);
    g_byte_array_unref(batch->bytes);
    g_array_unref(batch->outputs);
    g_array_unref(batch->kept);
    g_array_unref(batch->passed);
    g_free(batch);
}

bool batch_is_empty(const Batch *batch) {
    return !batch->offsets && batch->kept->len == 0;
}

size_t batch_put(Batch *batch, const void *bytes, size_t len) {
    const size_t at = batch->bytes->len;
    bytes_put(batch->bytes, bytes, len);
    return at;
}

void batch_write(Batch *batch, KafkaTopic topic, int32_t partition, const void *key, size_t key_len,
                 const void *value, size_t value_len) {
    const Output output = {
        .topic = topic,
        .partition = partition,
        .key = batch_put(batch, key, key ? key_len : 0),
        .value = batch_put(batch, value, value_len),
        .key_len = key_len,
        .value_len = value_len,
        .has_key = key != NULL,
    };
    g_array_append_val(batch->outputs, output);
}
