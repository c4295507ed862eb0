#include "serve/kafka/snapshot.h"

#include "base/bytes.h"
#include "io/kafka_reader.h"

#include <errno.h>
#include <fcntl.h>
#include <gio/gio.h>
#include <unistd.h>
#include <zlib.h>
#include <zstd.h>

enum {
    VERSION = 1,
    PIECE_BYTES = 512 << 10,
    PIECES_MAX = 1 << 20, /* 512 GiB */
    LEVEL = 1,
    TAIL = 64, /* messages at the end among which the manifest is, unless a writer crashed */
    WAIT_MS = 1000,
    FLUSH_MS = 60000,
    ABSENT_MS = 30000,
};

typedef struct Manifest {
    uint32_t version, slot, pieces, crc; /* CRC-32 of the file */
    uint64_t size;
    int64_t first; /* offset of the first piece */
} Manifest;

G_STATIC_ASSERT(sizeof(Manifest) == 32); /* no padding: it is written as it lies */

/* Reading */

typedef struct Fetch {
    rd_kafka_t *client;
    const KafkaOptions *options;
    int32_t partition;
    const _Atomic bool *stop;
    GError **error;
} Fetch;

static KafkaRead next(const Fetch *fetch, KafkaReader *reader, const rd_kafka_message_t **message) {
    KafkaRead read;
    int waited = 0;
    while ((read = kafka_reader_next(reader, INT64_MAX, WAIT_MS, message, fetch->error)) ==
           KAFKA_READ_NOTHING) {
        waited += WAIT_MS;
        if (!atomic_load(fetch->stop) && waited < ABSENT_MS) continue;
        kafka_set_error(fetch->error, KAFKA_ERROR_STOPPED, fetch->options->settings,
                        "read the snapshots", "no answer");
        return KAFKA_READ_FAILED;
    }
    return read;
}

static bool key_is(const rd_kafka_message_t *message, const char *key) {
    return message->key_len == strlen(key) && memcmp(message->key, key, message->key_len) == 0;
}

static bool read_manifest(const rd_kafka_message_t *message, Manifest *out) {
    if (message->len != sizeof *out) return false;
    memcpy(out, message->payload, sizeof *out);
    return out->version == VERSION && out->slot <= 1 && out->pieces <= PIECES_MAX &&
           out->first >= 0 && out->size <= (uint64_t)out->pieces * PIECE_BYTES;
}

/* The last manifest at or after the offset `from`. */
static bool find_manifest(const Fetch *fetch, int64_t from, Manifest *out, bool *found) {
    KafkaReader *reader = kafka_reader_open(fetch->client, fetch->options->settings,
                                            fetch->options->topics[TOPIC_SNAPSHOTS],
                                            fetch->partition, from, fetch->error);
    if (!reader) return false;
    g_autofree char *key = g_strdup_printf("%d/manifest", fetch->partition);
    const rd_kafka_message_t *message;
    KafkaRead read;
    while ((read = next(fetch, reader, &message)) == KAFKA_READ) {
        Manifest manifest;
        if (!key_is(message, key) || !read_manifest(message, &manifest)) continue;
        *out = manifest;
        *found = true;
    }
    kafka_reader_close(reader);
    return read == KAFKA_READ_END;
}

/* The partition's last manifest: the last message of all, unless a writer crashed. */
static bool find_last_manifest(const Fetch *fetch, Manifest *out, bool *found) {
    int64_t first, end;
    *found = false;
    if (!kafka_offsets(fetch->client, fetch->options->settings,
                       fetch->options->topics[TOPIC_SNAPSHOTS], fetch->partition, ABSENT_MS, &first,
                       &end, fetch->error))
        return false;
    const int64_t places[] = {end - 1, end - TAIL, first};
    for (size_t i = 0; first < end && !*found && i < G_N_ELEMENTS(places); i++)
        if (!find_manifest(fetch, MAX(first, places[i]), out, found)) return false;
    return true;
}

/* Writing */

struct SnapshotWriter {
    const KafkaOptions *options;
    rd_kafka_t *producer, *reader;
    rd_kafka_topic_t *topic;
    GThread *thread;
    _Atomic bool busy, ending;
    /* The one under way. */
    int32_t partition;
    uint32_t slot;
    char *path;
    int64_t first; /* the least offset delivered; -1 none */
    bool failed;
};

static void delivered(rd_kafka_t *client, const rd_kafka_message_t *message, void *data) {
    (void)client;
    SnapshotWriter *writer = data;
    if (message->err) writer->failed = true;
    if (!message->err && (writer->first < 0 || message->offset < writer->first))
        writer->first = message->offset;
}

SnapshotWriter *snapshot_writer_new(const KafkaOptions *options, KafkaHealth *health,
                                    GError **error) {
    static const KafkaOption own[] = {
        {"enable.idempotence", "true"},
        {"message.timeout.ms", "120000"},
        {"queue.buffering.max.kbytes", "16384"},
        {NULL, NULL},
    };
    SnapshotWriter *writer = g_new0(SnapshotWriter, 1);
    const KafkaCallbacks callbacks = {.delivered = delivered, .data = writer};
    writer->options = options;
    writer->reader = kafka_reader_client(options->settings, health, error);
    if (writer->reader)
        writer->producer =
            kafka_client_new(RD_KAFKA_PRODUCER, options->settings, own, &callbacks, health, error);
    if (!writer->producer) {
        kafka_client_free(writer->reader);
        g_free(writer);
        return NULL;
    }
    writer->topic = rd_kafka_topic_new(writer->producer, options->topics[TOPIC_SNAPSHOTS], NULL);
    return writer;
}

static void join(SnapshotWriter *writer) {
    if (writer->thread) g_thread_join(writer->thread);
    writer->thread = NULL;
    g_clear_pointer(&writer->path, g_free);
}

void snapshot_writer_free(SnapshotWriter *writer) {
    if (!writer) return;
    atomic_store(&writer->ending, true);
    join(writer);
    rd_kafka_topic_destroy(writer->topic);
    kafka_client_free(writer->producer);
    kafka_client_free(writer->reader);
    g_free(writer);
}

static bool send_message(SnapshotWriter *writer, const char *key, const void *value, size_t len) {
    while (!writer->failed && !atomic_load(&writer->ending)) {
        if (rd_kafka_produce(writer->topic, writer->partition, RD_KAFKA_MSG_F_COPY,
                             (void *)(uintptr_t)value, len, key, strlen(key), NULL) == 0) {
            rd_kafka_poll(writer->producer, 0);
            return true;
        }
        if (rd_kafka_last_error() != RD_KAFKA_RESP_ERR__QUEUE_FULL) return false;
        rd_kafka_poll(writer->producer, WAIT_MS);
    }
    return false;
}

static bool send_piece(SnapshotWriter *writer, uint32_t number, const uint8_t *piece, size_t len) {
    const size_t room = ZSTD_compressBound(len);
    g_autofree char *packed = g_malloc(room);
    const size_t packed_len = ZSTD_compress(packed, room, piece, len, LEVEL);
    g_autofree char *key = g_strdup_printf("%d/%u/%u", writer->partition, writer->slot, number);
    return !ZSTD_isError(packed_len) && send_message(writer, key, packed, packed_len);
}

static bool send_file(SnapshotWriter *writer, const uint8_t *bytes, size_t size) {
    Manifest manifest = {.version = VERSION, .slot = writer->slot, .size = size};
    for (size_t at = 0; at < size; at += PIECE_BYTES)
        if (!send_piece(writer, manifest.pieces++, bytes + at, MIN(PIECE_BYTES, size - at)))
            return false;
    if (rd_kafka_flush(writer->producer, FLUSH_MS) || writer->failed) return false;
    manifest.crc = (uint32_t)crc32_z(0, bytes, size);
    manifest.first = writer->first;
    g_autofree char *key = g_strdup_printf("%d/manifest", writer->partition);
    return send_message(writer, key, &manifest, sizeof manifest) &&
           rd_kafka_flush(writer->producer, FLUSH_MS) == 0 && !writer->failed;
}

/* Not the slot that the last snapshot is in, whoever wrote it. */
static bool choose_slot(SnapshotWriter *writer) {
    const Fetch fetch = {writer->reader, writer->options, writer->partition, &writer->ending, NULL};
    Manifest last;
    bool found;
    if (!find_last_manifest(&fetch, &last, &found)) return false;
    writer->slot = found ? last.slot ^ 1 : 0;
    return true;
}

static void *publish(void *data) {
    SnapshotWriter *writer = data;
    writer->first = -1;
    writer->failed = false;
    g_autoptr(GMappedFile) map = g_mapped_file_new(writer->path, FALSE, NULL);
    const bool good = map && choose_slot(writer) &&
                      send_file(writer, (const uint8_t *)g_mapped_file_get_contents(map),
                                g_mapped_file_get_length(map));
    if (!good && !atomic_load(&writer->ending))
        g_printerr("the snapshot of partition %d could not be written to the topic %s\n",
                   writer->partition, writer->options->topics[TOPIC_SNAPSHOTS]);
    atomic_store(&writer->busy, false);
    return NULL;
}

bool snapshot_publish(SnapshotWriter *writer, int32_t partition, const char *path) {
    if (atomic_load(&writer->busy)) return false;
    join(writer);
    writer->partition = partition;
    writer->path = g_strdup(path);
    atomic_store(&writer->busy, true);
    writer->thread = g_thread_new("snapshot", publish, writer);
    return true;
}

/* Fetching */

/* Writes the pieces one after the other; *good is whether they are all there and right. */
static bool write_pieces(const Fetch *fetch, KafkaReader *reader, const Manifest *manifest,
                         FILE *file, bool *good) {
    g_autofree uint8_t *piece = g_malloc(PIECE_BYTES);
    uint64_t size = 0;
    uLong crc = crc32_z(0, NULL, 0);
    uint32_t number = 0;
    KafkaRead read = KAFKA_READ;
    while (number < manifest->pieces) {
        const rd_kafka_message_t *message;
        if ((read = next(fetch, reader, &message)) != KAFKA_READ) break;
        g_autofree char *key =
            g_strdup_printf("%d/%u/%u", fetch->partition, manifest->slot, number);
        if (!key_is(message, key)) continue;
        const size_t len = ZSTD_decompress(piece, PIECE_BYTES, message->payload, message->len);
        if (ZSTD_isError(len) || fwrite(piece, 1, len, file) != len) break;
        crc = crc32_z(crc, piece, len);
        size += len;
        number++;
    }
    *good = number == manifest->pieces && size == manifest->size && crc == manifest->crc;
    return read != KAFKA_READ_FAILED;
}

static bool fetch_file(const Fetch *fetch, const Manifest *manifest, const char *path,
                       bool *found) {
    KafkaReader *reader = kafka_reader_open(fetch->client, fetch->options->settings,
                                            fetch->options->topics[TOPIC_SNAPSHOTS],
                                            fetch->partition, manifest->first, fetch->error);
    if (!reader) return false;
    g_autofree char *temporary = g_strconcat(path, ".fetched", NULL);
    const int fd = open(temporary, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    FILE *file = fd < 0 ? NULL : fdopen(fd, "wb");
    bool whole = false;
    bool ok = !file || write_pieces(fetch, reader, manifest, file, &whole);
    if (file && fclose(file) != 0) whole = false;
    *found = whole && rename(temporary, path) == 0;
    if (!*found) unlink(temporary);
    kafka_reader_close(reader);
    return ok;
}

bool snapshot_fetch(rd_kafka_t *client, const KafkaOptions *options, int32_t partition,
                    const char *path, const _Atomic bool *stop, bool *found, GError **error) {
    const Fetch fetch = {client, options, partition, stop, error};
    Manifest manifest;
    if (!find_last_manifest(&fetch, &manifest, found)) return false;
    return !*found || fetch_file(&fetch, &manifest, path, found);
}
