/* One partition's state in a member of a Kafka group, and how a message changes it. The state is a
 * fold over the partition's logs and nothing else: what is done with a message depends on the
 * message (its bytes, its offset, its timestamp) and on the state before, so that whoever folds the
 * same logs in the same order has the same state and the same scores. */
#pragma once

#include "base/recent_set.h"
#include "engine/engine.h"
#include "record/card_partition.h"
#include "record/json.h"
#include "serve/kafka/progress.h"

enum {
    MESSAGE_MAX_BYTES = 64 << 10, /* one JSON object */
    AHEAD_MAX_SECONDS = 86400,    /* how far a record's time may be ahead of its message's */
    DECIDED_REMEMBERED = 1 << 20, /* transaction numbers, to know a repeated one by */
    FRAUDS_REMEMBERED = 1 << 20,  /* transactions labelled fraud, to know a correction by */
};

/* A message of a log: views that live as long as it. */
typedef struct LogMessage {
    Str key, value; /* empty when absent */
    int64_t offset;
    int64_t sent; /* its timestamp, milliseconds since the epoch; -1 when it has none */
} LogMessage;

LogMessage log_message(const rd_kafka_message_t *message);

/* What reading messages needs; shared by the shards of a thread. */
typedef struct MessageReader {
    JsonParser *parser;
    JsonScratch scratch;
} MessageReader;

void message_reader_init(MessageReader *reader);
void message_reader_clear(MessageReader *reader);

typedef struct Shard {
    int partition;
    Engine *engine;
    RecentSet *decided, *frauds;
    int64_t next[LOG_COUNT]; /* offsets of the first event not folded; negative: none known */
    int64_t progress_next;   /* of the first message of the progress not folded */
    uint32_t scores;         /* of the step under way */
    int64_t latest_time;     /* of a transaction folded since the start, seconds */
    int64_t told_time;       /* what that was when the merchants were last told of... */
    int64_t told_at;         /* ...and when, microseconds, monotonic */
    bool unpublished;        /* the last checkpoint still has to go to the topic of snapshots */
    uint64_t saved_position; /* the engine's at the last checkpoint */
    int64_t saved_at;        /* microseconds, monotonic */
} Shard;

/* An empty state; the offsets are the caller's to set. `model` is borrowed. */
Shard *shard_new(int partition, const Model *model);
void shard_free(Shard *shard); /* NULL is allowed */

typedef enum ShardOutcome { SHARD_DONE, SHARD_DUPLICATE, SHARD_REJECTED } ShardOutcome;

/* Folds one transaction. SHARD_DONE fills *transaction and *decision, whose parts live until the
 * next call; SHARD_REJECTED fills *reject. In every case the offset moves on. */
ShardOutcome shard_fold_transaction(Shard *shard, MessageReader *reader, const LogMessage *message,
                                    Transaction *transaction, Decision *decision, Reject *reject);

/* Folds one label, which names its card. SHARD_DUPLICATE: it says what was known. */
ShardOutcome shard_fold_label(Shard *shard, MessageReader *reader, const LogMessage *message,
                              Label *label, Reject *reject);

/* Whether a transaction that was just folded had been labelled fraud before it came, and then the
 * label, for the store, which had nothing to label at that time. When the label was told is
 * forgotten: the transaction's own time stands for it. */
bool shard_labelled_before(const Shard *shard, const Transaction *transaction, Label *label);

/* The key under which a partition tells of a merchant; returns its length. */
enum { MERCHANT_KEY_MAX = NAME_MAX_LEN + 16 };
size_t shard_merchant_key(int partition, Str merchant, char out[MERCHANT_KEY_MAX]);

/* Folds what another partition tells of a merchant; what this one told itself, and what cannot be
 * read, changes nothing. */
void shard_fold_merchant(Shard *shard, const LogMessage *message);

/* Ends the step under way and says what it was. */
Step shard_end_step(Shard *shard);

/* The checkpoint: the state and its offsets, in a file. `log_id` names cluster, topic and
 * partition. A checkpoint that was made with another model is taken: its suspicions are that
 * model's until they leave the windows. */
bool shard_save(Shard *shard, const char *log_id, const char *path, GError **error);
Shard *shard_load(int partition, const Model *model, const char *log_id, const char *path,
                  GError **error);
