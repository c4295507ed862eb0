#include "engine/engine.h"

#include <errno.h>
#include <fcntl.h>
#include <gio/gio.h>
#include <unistd.h>
#include <zlib.h>

struct Engine {
    const Model *model;
    Graph *graph;
    ModelMemory *memory; /* NULL without a model */
    bool is_cold;        /* see engine_is_cold */
    uint64_t position;
    float *features;
};

Engine *engine_new(const Model *model) {
    Engine *engine = g_new0(Engine, 1);
    engine->model = model;
    if (model) engine->memory = model_memory_new(model);
    engine->graph = graph_new();
    engine->features = g_new0(float, feature_count());
    return engine;
}

void engine_free(Engine *engine) {
    if (!engine) return;
    graph_free(engine->graph);
    model_memory_free(engine->memory);
    g_free(engine->features);
    g_free(engine);
}

const Model *engine_model(const Engine *engine) {
    return engine->model;
}

static const char *memory_hash(const Model *model) {
    return model ? model_memory_hash(model) : "";
}

void engine_set_model(Engine *engine, const Model *model) {
    if (model && engine->model && strcmp(memory_hash(engine->model), memory_hash(model)) == 0) {
        model_memory_set_model(engine->memory, model);
    } else {
        model_memory_free(engine->memory);
        engine->memory = model ? model_memory_new(model) : NULL;
        engine->is_cold = *memory_hash(model) != '\0' && engine->position > 0;
    }
    engine->model = model;
}

uint64_t engine_position(const Engine *engine) {
    return engine->position;
}

const Graph *engine_graph(const Engine *engine) {
    return engine->graph;
}

/* Completes the vector, whose own fields are filled, from the graph as it was, then adds the edge
 * between the ends just located. */
static void fold(Engine *engine, const Transaction *t, float suspicion, CardId card,
                 MerchantId merchant) {
    graph_advance(engine->graph, t, card, merchant);
    feature_fill_rest(engine->graph, t, card, merchant, suspicion, engine->features);
    graph_add(engine->graph, t, card, merchant, suspicion);
    engine->position++;
}

void engine_prepare(const Engine *engine, const Transaction *transaction) {
    graph_prefetch(engine->graph, transaction);
}

Decision engine_transaction(Engine *engine, const Transaction *t) {
    const Model *model = engine->model;
    Decision decision = {.features = engine->features};
    graph_locate(engine->graph, t, &decision.card, &decision.merchant);
    feature_fill_own(t, engine->features);
    float suspicion = model ? model_suspicion(model, engine->features) : 0;
    fold(engine, t, suspicion, decision.card, decision.merchant);
    if (model) {
        const ModelInput input = {engine->features, decision.card, t->time};
        decision.score = model_score(model, engine->memory, &input, &decision.members);
        decision.verdict = model_verdict(model, decision.score);
    }
    return decision;
}

Decision engine_observe(Engine *engine, const Transaction *t, float suspicion) {
    Decision decision = {.features = engine->features};
    graph_locate(engine->graph, t, &decision.card, &decision.merchant);
    feature_fill_own(t, engine->features);
    fold(engine, t, suspicion, decision.card, decision.merchant);
    return decision;
}

void engine_contributions(const Engine *engine, const Decision *decision, float *out) {
    const ModelInput input = {.features = decision->features, .card = decision->card};
    model_contributions(engine->model, engine->memory, &input, out);
}

bool engine_looks_back(const Engine *engine) {
    return *memory_hash(engine->model) != '\0';
}

/* The card's edges and its ring in the model's memory are of the same transactions in the same
 * order, on the same clock; of the edges the decision's own is the latest. */
size_t engine_neighbours(const Engine *engine, const Decision *decision, EngineNeighbour *out) {
    GcnNeighbour seen[GCN_NEIGHBOURS_MAX];
    Edge edges[GCN_NEIGHBOURS_MAX + 1];
    const ModelInput input = {.features = decision->features, .card = decision->card};
    const size_t count = model_neighbours(engine->model, engine->memory, &input, seen);
    const size_t kept =
        count > 0 ? graph_card_edges(engine->graph, decision->card, edges, count + 1) : 0;
    for (size_t i = 0; i < count; i++) {
        const Edge *edge = i + 1 < kept && edges[i + 1].time == seen[i].time ? &edges[i + 1] : NULL;
        out[i] = (EngineNeighbour){
            .time = seen[i].time,
            .share = seen[i].share,
            .in_graph = edge != NULL,
            .merchant = edge ? edge->other : VERTEX_NONE,
            .amount = edge ? edge->amount : 0,
        };
    }
    return count;
}

void engine_label(Engine *engine, const Label *label) {
    graph_label(engine->graph, label);
    engine->position++;
}

void engine_apply_partial(Engine *engine, Str merchant, unsigned partition,
                          const MerchantPartial *partial) {
    graph_apply_partial(engine->graph, merchant, partition, partial);
}

size_t engine_take_touched(Engine *engine, MerchantId *out, size_t limit) {
    return graph_take_touched(engine->graph, out, limit);
}

/* A snapshot: this header, the notes, the bytes of the model's memory and of the graph, and the
 * CRC-32 of all. */
enum { SNAPSHOT_VERSION = 5, FEATURE_HASH_LEN = 64, MEMORY_HASH_LEN = 64 };
static const char snapshot_magic[8] = "HAECHISN";

typedef struct SnapshotHeader {
    char magic[8];
    uint64_t position;
    uint32_t version;
    char feature_hash[FEATURE_HASH_LEN];
    uint32_t notes_len;
    char log_id[LOG_ID_LEN];
    char memory_hash[MEMORY_HASH_LEN]; /* of the model whose memory it is; zeros for none */
    uint64_t memory_len;
} SnapshotHeader;

static SnapshotHeader snapshot_header(uint64_t position, const char *log_id) {
    SnapshotHeader header = {.position = position, .version = SNAPSHOT_VERSION};
    memcpy(header.magic, snapshot_magic, sizeof header.magic);
    g_autofree char *hash = feature_hash();
    g_assert(strlen(hash) == FEATURE_HASH_LEN);
    memcpy(header.feature_hash, hash, FEATURE_HASH_LEN);
    g_assert(strlen(log_id) <= LOG_ID_LEN);
    memcpy(header.log_id, log_id, strlen(log_id));
    return header;
}

typedef struct Output {
    FILE *file;
    uLong crc;
} Output;

static bool output_write(void *data, const void *bytes, size_t len) {
    Output *out = data;
    if (len == 0) return true;
    out->crc = crc32_z(out->crc, bytes, len);
    return fwrite(bytes, 1, len, out->file) == len;
}

static bool count_bytes(void *data, const void *bytes, size_t len) {
    (void)bytes;
    *(uint64_t *)data += len;
    return true;
}

static void describe_memory(const Engine *engine, SnapshotHeader *header) {
    const char *hash = memory_hash(engine->model);
    g_assert(strlen(hash) <= MEMORY_HASH_LEN);
    memcpy(header->memory_hash, hash, strlen(hash));
    if (engine->memory) model_memory_write(engine->memory, count_bytes, &header->memory_len);
}

static bool write_snapshot(const Engine *engine, const char *log_id, GBytes *notes, FILE *file) {
    Output out = {file, crc32_z(0, NULL, 0)};
    SnapshotHeader header = snapshot_header(engine->position, log_id);
    gsize notes_len = 0;
    const void *note = notes ? g_bytes_get_data(notes, &notes_len) : NULL;
    g_assert(notes_len <= UINT32_MAX);
    header.notes_len = (uint32_t)notes_len;
    describe_memory(engine, &header);
    if (!output_write(&out, &header, sizeof header) || !output_write(&out, note, notes_len) ||
        (engine->memory && !model_memory_write(engine->memory, output_write, &out)) ||
        !graph_write(engine->graph, output_write, &out))
        return false;
    uint32_t crc = (uint32_t)out.crc;
    return fwrite(&crc, sizeof crc, 1, file) == 1 && fflush(file) == 0 && fsync(fileno(file)) == 0;
}

/* Makes a rename in the folder of `path` last through a power loss. */
static bool sync_folder(const char *path) {
    g_autofree char *folder = g_path_get_dirname(path);
    int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0) return false;
    bool good = fsync(fd) == 0;
    close(fd);
    return good;
}

bool engine_save(const Engine *engine, const char *log_id, GBytes *notes, const char *path,
                 GError **error) {
    g_autofree char *temporary = g_strconcat(path, ".new", NULL);
    int fd = open(temporary, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    FILE *file = fd < 0 ? NULL : fdopen(fd, "wb");
    bool good = file && write_snapshot(engine, log_id, notes, file);
    int cause = errno;
    if (file)
        fclose(file);
    else if (fd >= 0)
        close(fd);
    if (good) {
        good = rename(temporary, path) == 0 && sync_folder(path);
        cause = errno;
    }
    if (good) return true;
    if (fd >= 0) unlink(temporary);
    g_set_error(error, G_IO_ERROR, (gint)g_io_error_from_errno(cause),
                "cannot write snapshot %s: %s", path, g_strerror(cause));
    return false;
}

static const char *snapshot_fault(const uint8_t *bytes, size_t len, const char *log_id) {
    SnapshotHeader found, wanted = snapshot_header(0, log_id);
    if (len < sizeof found + sizeof(uint32_t)) return "it is truncated";
    memcpy(&found, bytes, sizeof found);
    if (memcmp(found.magic, wanted.magic, sizeof found.magic) != 0) return "it is not a snapshot";
    if (found.version != SNAPSHOT_VERSION) return "it is of another version of haechi";
    uint32_t crc;
    memcpy(&crc, bytes + len - sizeof crc, sizeof crc);
    if (crc != (uint32_t)crc32_z(crc32_z(0, NULL, 0), bytes, len - sizeof crc))
        return "it is truncated or damaged (its checksum is wrong)";
    if (memcmp(found.feature_hash, wanted.feature_hash, FEATURE_HASH_LEN) != 0)
        return "it was made with other features";
    if (memcmp(found.log_id, wanted.log_id, LOG_ID_LEN) != 0) return "it is of another log";
    return NULL;
}

/* What a snapshot holds. */
typedef struct Parts {
    Graph *graph;
    ModelMemory *memory; /* NULL where it is of another model, or of none */
    uint64_t position;
} Parts;

/* The parts of bytes that have no fault so far; false where they do not hold together. */
static bool read_parts(const Model *model, const uint8_t *bytes, size_t len, Parts *parts,
                       GBytes **notes) {
    SnapshotHeader header;
    memcpy(&header, bytes, sizeof header);
    const uint8_t *at = bytes + sizeof header;
    size_t left = len - sizeof header - sizeof(uint32_t);
    if (header.notes_len > left || header.memory_len > left - header.notes_len) return false;
    const uint8_t *note = at, *memory = note + header.notes_len;
    const uint8_t *graph = memory + header.memory_len;
    left -= header.notes_len + header.memory_len;
    *parts = (Parts){.position = header.position};
    const bool fits =
        model && strncmp(header.memory_hash, memory_hash(model), MEMORY_HASH_LEN) == 0;
    if (fits) parts->memory = model_memory_read(model, memory, header.memory_len);
    if (fits && !parts->memory) return false;
    parts->graph = graph_read(graph, left);
    if (!parts->graph) model_memory_free(parts->memory);
    if (parts->graph && notes) *notes = g_bytes_new(note, header.notes_len);
    return parts->graph != NULL;
}

bool engine_restore(Engine *engine, const char *log_id, const char *path, GBytes **notes,
                    GError **error) {
    g_autoptr(GError) cause = NULL;
    g_autoptr(GMappedFile) map = g_mapped_file_new(path, FALSE, &cause);
    if (!map) {
        g_set_error(error, cause->domain, cause->code, "cannot read snapshot %s", path);
        return false;
    }
    const uint8_t *bytes = (const uint8_t *)g_mapped_file_get_contents(map);
    size_t len = g_mapped_file_get_length(map);
    const char *fault = snapshot_fault(bytes, len, log_id);
    Parts parts;
    if (!fault && !read_parts(engine->model, bytes, len, &parts, notes))
        fault = "its content does not hold together";
    if (fault) {
        g_set_error(error, G_IO_ERROR, G_IO_ERROR_INVALID_DATA, "cannot read snapshot %s: %s", path,
                    fault);
        return false;
    }
    graph_free(engine->graph);
    model_memory_free(engine->memory);
    engine->graph = parts.graph;
    engine->position = parts.position;
    engine->is_cold = !parts.memory && *memory_hash(engine->model) != '\0';
    if (!parts.memory && engine->model) parts.memory = model_memory_new(engine->model);
    engine->memory = parts.memory;
    return true;
}

bool engine_is_cold(const Engine *engine) {
    return engine->is_cold;
}
