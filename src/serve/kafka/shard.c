#include "serve/kafka/shard.h"

#include "base/civil.h"

#include <gio/gio.h>
#include <zlib.h>

enum { NOTES_VERSION = 1 };

void message_reader_init(MessageReader *reader) {
    *reader = (MessageReader){.parser = json_parser_new(MESSAGE_MAX_BYTES)};
}

void message_reader_clear(MessageReader *reader) {
    json_parser_free(reader->parser);
}

static Shard *shard_of(int partition, Engine *engine, RecentSet *decided, RecentSet *frauds) {
    Shard *shard = g_new0(Shard, 1);
    shard->partition = partition;
    shard->engine = engine;
    shard->decided = decided;
    shard->frauds = frauds;
    shard->saved_position = engine_position(engine);
    shard->saved_at = g_get_monotonic_time();
    return shard;
}

Shard *shard_new(int partition, const Model *model) {
    return shard_of(partition, engine_new(model), recent_set_new(DECIDED_REMEMBERED),
                    recent_set_new(FRAUDS_REMEMBERED));
}

void shard_free(Shard *shard) {
    if (!shard) return;
    engine_free(shard->engine);
    recent_set_free(shard->decided);
    recent_set_free(shard->frauds);
    g_free(shard);
}

LogMessage log_message(const rd_kafka_message_t *message) {
    return (LogMessage){
        .key = {message->key, message->key ? message->key_len : 0},
        .value = {message->payload, message->payload ? message->len : 0},
        .offset = message->offset,
        .sent = rd_kafka_message_timestamp(message, NULL),
    };
}

/* Folding */

static bool refuse(Reject *reject, const char *reason) {
    reject_set(reject, "", reason, STR(""));
    return false;
}

static bool parse(MessageReader *reader, const LogMessage *message, JsonValue *value,
                  Reject *reject) {
    const char *wrong;
    if (message->value.len == 0) return refuse(reject, "empty message");
    if (message->value.len > MESSAGE_MAX_BYTES) return refuse(reject, "longer than 65536 bytes");
    if (!json_parse(reader->parser, message->value.data, message->value.len, value, &wrong))
        return refuse(reject, wrong);
    return true;
}

/* A time far ahead would move the windows of its card and merchant, which never move back. The
 * message's own timestamp stands for the clock: it is part of the log. */
static bool check_time(const LogMessage *message, const char *field, int64_t time, Reject *reject) {
    if (message->sent < 0 || time <= message->sent / 1000 + AHEAD_MAX_SECONDS) return true;
    char text[CIVIL_TIME_LEN + 1];
    civil_write_time(time, text);
    reject_set(reject, field, "more than a day ahead of its message", str_from(text));
    return false;
}

ShardOutcome shard_fold_transaction(Shard *shard, MessageReader *reader, const LogMessage *message,
                                    Transaction *transaction, Decision *decision, Reject *reject) {
    JsonValue value;
    shard->next[TOPIC_TRANSACTIONS] = message->offset + 1;
    if (!parse(reader, message, &value, reject) ||
        !transaction_from_json(value, &reader->scratch, transaction, reject) ||
        !check_time(message, column_name(COLUMN_TIME), transaction->time, reject))
        return SHARD_REJECTED;
    if (!recent_set_add(shard->decided, transaction->trans_num)) return SHARD_DUPLICATE;
    /* What is known of fraud arrives as a label, never with the transaction. */
    transaction->is_fraud = LABEL_NONE;
    *decision = engine_transaction(shard->engine, transaction);
    shard->latest_time = MAX(shard->latest_time, transaction->time);
    shard->scores =
        (uint32_t)crc32_z(shard->scores, (const Bytef *)&decision->score, sizeof decision->score);
    return SHARD_DONE;
}

/* Whether the label says something new; the transaction's last word is in `frauds`. */
static bool note_fraud(Shard *shard, Label *label) {
    label->was_fraud = recent_set_has(shard->frauds, label->trans_num);
    if (label->is_fraud && !label->was_fraud) recent_set_add(shard->frauds, label->trans_num);
    if (!label->is_fraud && label->was_fraud) recent_set_remove(shard->frauds, label->trans_num);
    return label->is_fraud != label->was_fraud;
}

ShardOutcome shard_fold_label(Shard *shard, MessageReader *reader, const LogMessage *message,
                              Label *label, Reject *reject) {
    JsonValue value;
    shard->next[TOPIC_LABELS] = message->offset + 1;
    if (!parse(reader, message, &value, reject) ||
        !label_from_json(value, &reader->scratch, label, reject))
        return SHARD_REJECTED;
    if (label->card == 0) {
        reject_set(reject, column_name(COLUMN_CARD), "missing", STR(""));
        return SHARD_REJECTED;
    }
    if (label->time == LABEL_TIME_ABSENT) label->time = 0;
    if (!check_time(message, "time", label->time, reject)) return SHARD_REJECTED;
    const bool news = note_fraud(shard, label);
    if (news) engine_label(shard->engine, label);
    return news ? SHARD_DONE : SHARD_DUPLICATE;
}

bool shard_labelled_before(const Shard *shard, const Transaction *transaction, Label *label) {
    if (!recent_set_has(shard->frauds, transaction->trans_num)) return false;
    *label = (Label){.trans_num = transaction->trans_num,
                     .card = transaction->card,
                     .transaction_time = transaction->time,
                     .time = transaction->time,
                     .is_fraud = true,
                     .was_fraud = true};
    return true;
}

size_t shard_merchant_key(int partition, Str merchant, char out[MERCHANT_KEY_MAX]) {
    const int len = g_snprintf(out, MERCHANT_KEY_MAX, "%d/", partition);
    g_assert(merchant.len <= NAME_MAX_LEN);
    memcpy(out + len, merchant.data, merchant.len);
    return (size_t)len + merchant.len;
}

static bool read_merchant_key(Str key, unsigned *partition, Str *merchant) {
    size_t at = 0;
    *partition = 0;
    while (at < key.len && g_ascii_isdigit(key.data[at]) && *partition < PARTITIONS_MAX)
        *partition = *partition * 10 + (unsigned)(key.data[at++] - '0');
    if (at == 0 || at == key.len || key.data[at] != '/' || *partition >= PARTITIONS_MAX)
        return false;
    *merchant = (Str){key.data + at + 1, key.len - at - 1};
    return merchant->len > 0 && check_text(*merchant) == NULL;
}

void shard_fold_merchant(Shard *shard, const LogMessage *message) {
    unsigned partition;
    Str merchant;
    MerchantPartial partial;
    shard->next[TOPIC_MERCHANTS] = message->offset + 1;
    if (!read_merchant_key(message->key, &partition, &merchant) ||
        partition == (unsigned)shard->partition ||
        merchant_partial_decode(message->value, &partial))
        return;
    engine_apply_partial(shard->engine, merchant, partition, &partial);
}

Step shard_end_step(Shard *shard) {
    const char *version = model_version(engine_model(shard->engine));
    Step step = {.scores = shard->scores,
                 .model = (uint32_t)crc32_z(0, (const Bytef *)version, strlen(version))};
    memcpy(step.next, shard->next, sizeof step.next);
    shard->scores = 0;
    return step;
}

/* Checkpoints */

bool shard_save(Shard *shard, const char *log_id, const char *path, GError **error) {
    GByteArray *notes = g_byte_array_new();
    const uint32_t version = NOTES_VERSION;
    BYTES_PUT(notes, version);
    BYTES_PUT(notes, shard->next);
    BYTES_PUT(notes, shard->progress_next);
    recent_set_write(shard->decided, notes);
    recent_set_write(shard->frauds, notes);
    g_autoptr(GBytes) bytes = g_byte_array_free_to_bytes(notes);
    shard->saved_at = g_get_monotonic_time();
    if (!engine_save(shard->engine, log_id, bytes, path, error)) return false;
    shard->saved_position = engine_position(shard->engine);
    return true;
}

static Shard *read_notes(int partition, Engine *engine, GBytes *notes) {
    gsize len;
    const uint8_t *data = g_bytes_get_data(notes, &len);
    BytesReader in = {data, len, 0, false};
    uint32_t version;
    int64_t next[LOG_COUNT], progress_next;
    BYTES_GET(&in, version);
    BYTES_GET(&in, next);
    BYTES_GET(&in, progress_next);
    if (in.failed || version != NOTES_VERSION) return NULL;
    RecentSet *decided = recent_set_read(&in, DECIDED_REMEMBERED);
    RecentSet *frauds = decided ? recent_set_read(&in, FRAUDS_REMEMBERED) : NULL;
    if (!frauds || in.at != in.len) {
        recent_set_free(decided);
        recent_set_free(frauds);
        return NULL;
    }
    Shard *shard = shard_of(partition, engine, decided, frauds);
    memcpy(shard->next, next, sizeof next);
    shard->progress_next = progress_next;
    return shard;
}

Shard *shard_load(int partition, const Model *model, const char *log_id, const char *path,
                  GError **error) {
    Engine *engine = engine_new(model);
    g_autoptr(GBytes) notes = NULL;
    Shard *shard = NULL;
    if (engine_restore(engine, log_id, path, &notes, error)) {
        shard = read_notes(partition, engine, notes);
        if (!shard)
            g_set_error(error, G_IO_ERROR, G_IO_ERROR_INVALID_DATA,
                        "cannot read snapshot %s: its offsets do not hold together", path);
    }
    if (!shard)
        engine_free(engine);
    else if (engine_is_cold(engine))
        g_printerr("%s: what its model looks back on is of another model and is dropped\n", path);
    return shard;
}
