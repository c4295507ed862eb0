/* The fold: event in, decision out, state changed. One engine is one partition, used by one thread;
 * it has no clock and does no I/O except for its snapshots. The same log through the same model
 * gives the same decisions, bit for bit, wherever it was started from. */
#pragma once

#include "graph/merchant_partial.h"
#include "model/model.h"
#include "record/event.h"

typedef struct Engine Engine;

typedef struct Decision {
    float score; /* probability of fraud; 0 without a model */
    Verdict verdict;
    MemberScores members; /* of the model's members; none without a model */
    CardId card;
    MerchantId merchant;
    const float *features; /* feature_count() values, the engine's, until its next call */
} Decision;

/* `model` is borrowed and must outlive the engine or be replaced first; NULL scores everything 0.
 */
Engine *engine_new(const Model *model);
void engine_free(Engine *engine);
const Model *engine_model(const Engine *engine);

/* Scores with another model from now on, borrowed as the first was. The suspicions of what was
 * folded before stay the first one's until they leave the windows, and a member that looks back on
 * earlier transactions knows those of before only where it is the first one's (engine_is_cold). */
void engine_set_model(Engine *engine, const Model *model);

/* To be called, if at all, some while before the transaction's turn: asks for the memory that its
 * decision will read, and changes nothing. */
void engine_prepare(const Engine *engine, const Transaction *transaction);

/* Duplicates are the log's business: every call counts. */
Decision engine_transaction(Engine *engine, const Transaction *transaction);
void engine_label(Engine *engine, const Label *label);

/* The same fold with the first-stage suspicion given from outside and no score: training uses it,
 * whose suspicions are out of fold. The decision is to approve, with score 0. */
Decision engine_observe(Engine *engine, const Transaction *transaction, float suspicion);

/* What another partition told of a merchant (graph_apply_partial). It changes what later
 * transactions see, but is no event of this partition's log: the position stays. */
void engine_apply_partial(Engine *engine, Str merchant, unsigned partition,
                          const MerchantPartial *partial);

/* Takes out merchants of which there is something new to tell (graph_take_touched); what that is,
 * graph_merchant_partial says. */
size_t engine_take_touched(Engine *engine, MerchantId *out, size_t limit);

/* What each feature added to the log-odds of the decision, which is the engine's last, and the rest
 * at out[feature_count()] (model_contributions). There must be a model. */
void engine_contributions(const Engine *engine, const Decision *decision, float *out);

/* Whether the model has a member that looks back on a card's earlier transactions. */
bool engine_looks_back(const Engine *engine);

/* An earlier transaction of a decision's card, and what it added to the log-odds. */
typedef struct EngineNeighbour {
    int64_t time; /* seconds, on the card's clock */
    float share;
    bool in_graph;       /* the rest is known: it is among the card's edges of the last 30 days */
    MerchantId merchant; /* VERTEX_NONE where it is not */
    int64_t amount;      /* cents */
} EngineNeighbour;

/* The earlier transactions that the decision, which is the engine's last, looked back on, the
 * latest first (model_neighbours), into out[0..GCN_NEIGHBOURS_MAX). Returns how many; 0 where no
 * member of the model looks back. There must be a model. */
size_t engine_neighbours(const Engine *engine, const Decision *decision, EngineNeighbour *out);

/* Whether the model has a member that looks back on earlier transactions, and came to the engine,
 * or the engine to its state, without them: it began with none, and scores them worse until cards
 * have paid again. */
bool engine_is_cold(const Engine *engine);

/* Number of events folded so far. */
uint64_t engine_position(const Engine *engine);
const Graph *engine_graph(const Engine *engine);

enum { LOG_ID_LEN = 32 };

/* Writes the state to `path` so that a crash leaves either the old file or the new one: a temporary
 * file, synced, then renamed. `log_id`, of at most LOG_ID_LEN bytes, names the log that the state
 * is the fold of; `notes` are bytes that the log's reader keeps with it, NULL for none. */
bool engine_save(const Engine *engine, const char *log_id, GBytes *notes, const char *path,
                 GError **error);

/* Replaces the state by the file's. On failure the engine is as it was. A file that is truncated,
 * damaged (checksum) of another format or feature set, or of another log is an error of one line.
 * What the model remembers (model_memory_hash) is restored where it is of this engine's model;
 * otherwise it begins anew (engine_is_cold). The caller unrefs *notes; `notes` may be NULL. */
bool engine_restore(Engine *engine, const char *log_id, const char *path, GBytes **notes,
                    GError **error);
