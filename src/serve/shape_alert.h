/* The JSON shapes of alerts, of their cases, and of what is around them. All append to `out`. */
#pragma once

#include "io/casebook.h"
#include "io/store.h"

/* An alert as the queue lists it: the item of a transaction and its case. */
void shape_alert(GString *out, const StoredTransaction *stored, const Case *of);

/* The same in full, up to its notes and history: the object is left open. */
void shape_alert_start(GString *out, const StoredTransaction *stored, const Case *of);

/* A case that changed, for whoever watches. */
void shape_case(GString *out, Str trans_num, const Case *of);

/* "counts":{...} */
void shape_case_counts(GString *out, const uint64_t counts[CASE_STATUSES]);

/* A transaction in its card's history, with its places; `is_this`: the one that was asked about. */
void shape_card_item(GString *out, const StoredTransaction *stored, bool is_this);
