/* The embedded store: one SQLite database in the data folder, and in it the log. Table `events`
 * holds every transaction and label in the order in which they were taken in; it is the truth, and
 * its row numbers, 1, 2, 3 and so on without a gap, are the positions of the fold. What was
 * answered to each transaction is kept beside it, so that the same transaction number is answered
 * the same for ever.
 *
 * A folder belongs to one process at a time (io/data_folder.h). The process writes through one
 * Store, used by one thread; other threads read through Stores of their own (store_open_reader),
 * which see what was committed. A commit returns when its data is on the disk.
 *
 * Errors are those of the database (io/database.h) and, at opening, of the data folder
 * (io/data_folder.h). */
#pragma once

#include "model/model.h"
#include "record/event.h"
#include <glib.h>

typedef struct Store Store;

/* Sums over the whole log, kept with it. */
typedef struct StoreTotals {
    uint64_t verdicts[3];     /* transactions by Verdict */
    uint64_t labels;          /* label events */
    uint64_t frauds_labelled; /* transactions whose latest label says fraud */
    int64_t latest_time;      /* seconds: the greatest transaction time; 0 when there is none */
} StoreTotals;

/* What was answered to a transaction. */
typedef struct Answer {
    float score;
    Verdict verdict;
    Str model_name, model_version;
    Str member_kinds;     /* of the model (model_member_kinds) */
    MemberScores members; /* of a model with one member, none: its score is the model's */
    Str reasons; /* a JSON array, the strongest features, and what of the answer's further members
                    explains it (shape_neighbours) */
} Answer;

/* A transaction of the log. The strings live until the next call with the same Store. */
typedef struct StoredTransaction {
    uint64_t seq;
    Transaction transaction;
    Answer answer;
    int is_fraud; /* 0, 1 or LABEL_NONE: the latest label */
} StoredTransaction;

typedef enum StoreFound { STORE_FOUND, STORE_ABSENT, STORE_FAILED } StoreFound;

/* Opens or makes the folder (mode 0700) and its store (mode 0600) and locks it. */
Store *store_open(const char *dir, GError **error);

/* A second, read-only connection to a store that this process has open. */
Store *store_open_reader(const char *dir, GError **error);

/* Closes the database and, for the writer, releases the lock. What was not committed is gone. */
void store_close(Store *store);

/* What tells this store from every other: 32 hexadecimal digits, drawn when it was made. */
const char *store_id(const Store *store);

/* Number of events in the log, those of an open batch included. */
uint64_t store_position(const Store *store);
const StoreTotals *store_totals(const Store *store); /* writer only */

/* A batch: begin, any number of adds and finds, commit. After a failure of any of them the batch
 * must be given up (store_rollback) and, as the fold has moved on, the process with it. */
bool store_begin(Store *store, GError **error);
bool store_commit(Store *store, GError **error);
void store_rollback(Store *store);

/* Adds a transaction, its number not in the log yet, at position store_position() + 1. */
bool store_add_transaction(Store *store, const Transaction *transaction, const Answer *answer,
                           GError **error);

/* The label that says so of a stored transaction; its strings are the transaction's. `time` is when
 * it became known, seconds. */
Label store_label_of(const StoredTransaction *of, int64_t time, bool is_fraud);

/* Adds a label of the transaction at position `of`; its was_fraud is what store_find gave. */
bool store_add_label(Store *store, const Label *label, uint64_t of, GError **error);

StoreFound store_find(Store *store, Str trans_num, StoredTransaction *out, GError **error);

/* The transaction at a position of the log; absent where there is a label. */
StoreFound store_at(Store *store, uint64_t seq, StoredTransaction *out, GError **error);

/* A choice of verdicts: the bit 1 << Verdict for each. */
enum { VERDICTS_ALL = 1 << VERDICT_APPROVE | 1 << VERDICT_REVIEW | 1 << VERDICT_DECLINE };

/* Calls `each` for up to `limit` transactions of the chosen verdicts, latest first. */
typedef void StoreEach(const StoredTransaction *stored, void *data);
bool store_latest(Store *store, unsigned verdicts, size_t limit, StoreEach *each, void *data,
                  GError **error);

/* Calls `each` for up to `limit` transactions at positions after `after`, in order. */
bool store_transactions(Store *store, uint64_t after, size_t limit, StoreEach *each, void *data,
                        GError **error);

/* An event of the log as the fold meets it again. For a transaction, the score and verdict it was
 * given and by which model. */
typedef struct LoggedEvent {
    Event event;
    float score;
    Verdict verdict;
    Str model_name, model_version;
    Str member_kinds;     /* as in Answer */
    MemberScores members; /* as in Answer */
} LoggedEvent;

/* Calls `each` for the events after position `after`, in order, until it returns false. */
typedef bool StoreReplayEach(uint64_t seq, const LoggedEvent *logged, void *data);
bool store_replay(Store *store, uint64_t after, StoreReplayEach *each, void *data, GError **error);

/* The model version the folder's checkpoint was made with, "" when none was noted (writer only;
 * the caller frees). Noting it is durable when the call returns. */
char *store_checkpoint_model(Store *store, GError **error);
bool store_note_checkpoint_model(Store *store, const char *version, GError **error);
