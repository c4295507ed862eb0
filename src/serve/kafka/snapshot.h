/* Partitions' checkpoints in a compacted topic, for whoever takes a partition over without having
 * its file. A file goes as compressed pieces and, last, a manifest that says which they are. Pieces
 * have keys in two slots by turns, so that compaction keeps the pieces of the last manifest while
 * the next are being written. */
#pragma once

#include "serve/kafka/topics.h"

typedef struct SnapshotWriter SnapshotWriter;

SnapshotWriter *snapshot_writer_new(const KafkaOptions *options, KafkaHealth *health,
                                    GError **error);
void snapshot_writer_free(SnapshotWriter *writer); /* NULL is allowed */

/* Writes the file at `path` as the partition's snapshot, unless the last one is still under way
 * (then false, and no error). Takes as long as the brokers do; on a thread of its own. Failures are
 * told on standard error: the partition's state is then restored from an older one. */
bool snapshot_publish(SnapshotWriter *writer, int32_t partition, const char *path);

/* Puts the partition's last snapshot at `path`, whole or not at all. *found is false, without an
 * error, when there is none that holds together. `client` is a kafka_reader_client(). */
bool snapshot_fetch(rd_kafka_t *client, const KafkaOptions *options, int32_t partition,
                    const char *path, const _Atomic bool *stop, bool *found, GError **error);
