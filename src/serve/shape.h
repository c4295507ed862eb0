/* The JSON shapes of the HTTP API, each written in one place. All append to `out`. Card numbers
 * leave masked. */
#pragma once

#include "engine/engine.h"
#include "io/store.h"

/* The answer that a decision of `model` is; NULL for none. `reasons` is what shape_reasons made,
 * and is borrowed. */
Answer shape_decided(const Model *model, const Decision *decision, Str reasons);

/* The answer to a transaction, as it was and as it will be for the same number again. */
void shape_answer(GString *out, Str trans_num, const Answer *answer);

/* Why an alert is one: its strongest REASONS_MAX features, greatest contribution to the margin
 * first, by absolute value; a JSON array of under 4 KiB. "[]" for what is approved: reasons cost
 * much more than the score. The decision is the engine's last. `contributions` has feature_count()
 * + 1 places and is overwritten. */
enum { REASONS_MAX = 5 };
void shape_reasons(GString *out, const Engine *engine, const Decision *decision,
                   float *contributions);

/* Which of the card's earlier transactions an alert's score came from, where the model looks back
 * on them: appends to the reasons ,"neighbours":[...], those NEIGHBOURS_MAX that added or took the
 * most, greatest by absolute value first, in under 4 KiB. Nothing for what is approved, and where
 * no member looks back. The decision is the engine's last. */
enum { NEIGHBOURS_MAX = 5 };
void shape_neighbours(GString *out, const Engine *engine, const Decision *decision);

/* What every list of transactions has of one: the members without braces, the number first. */
void shape_payment(GString *out, const StoredTransaction *stored);

/* A transaction as the live page lists it. */
void shape_item(GString *out, const StoredTransaction *stored);

/* A stored transaction in full: the item, its position and its model. */
void shape_stored(GString *out, const StoredTransaction *stored);

/* A vertex with its windows and its last edges. */
void shape_card(GString *out, const Graph *graph, CardId card);
void shape_merchant(GString *out, const Graph *graph, MerchantId merchant);

/* A problem of RFC 9457; `detail` may be NULL. */
void shape_problem(GString *out, unsigned status, const char *detail);

/* Appends the members that say why a record was refused: ,"field":...,"reason":...,"value":... */
void shape_cause(GString *out, const Reject *reject);

/* A problem for a refused record, with its line (unless 0), field, reason and value. */
void shape_reject(GString *out, unsigned status, const Reject *reject);

/* The card's number, masked and quoted. */
void shape_masked(GString *out, uint64_t card);

/* `time` as 2026-11-22T12:13:14Z, quoted. */
void shape_time(GString *out, int64_t time);

/* The reason phrase of a status that this service answers with. */
const char *status_title(unsigned status);
