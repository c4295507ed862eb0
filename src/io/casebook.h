/* The casebook: what people make of alerts, beside the store, in a database of its own (cases.db of
 * the data folder). An alert is a transaction that was decided review or decline; its case has a
 * status, an assignee and notes.
 *
 * Three kinds of things are in it. The truth: the cases that somebody or a label has touched, by
 * transaction number, and the audit trail of every change (audit_trail.h), where the notes are too.
 * What is derived from the store's log and made anew from it where the log is another one: the
 * queue of all alerts, and which transactions are of which card. And the outbox: labels that cases
 * were closed with and that the log does not hold yet. A case, its audit entry and its label to be
 * sent are written in one commit, so after a crash all three are there or none is, and what is in
 * the outbox is sent again: a label that says what is known changes nothing.
 *
 * The log is followed in its order. A label closes the case of its alert as it says, unless an
 * analyst has decided: then the decision stands, and the trail says that the label differs. One
 * that the outbox waits for is the case's own coming back, and changes nothing.
 *
 * A casebook is used by one thread, which may have read it within a transaction of its own. */
#pragma once

#include "io/audit_trail.h"
#include "model/model.h"
#include "record/transaction.h"

enum {
    CASE_NAME_MAX = 64,   /* bytes of an assignee */
    CASE_NOTE_MAX = 4000, /* bytes of a note */
    CASE_QUERY_MAX = 256, /* bytes of a text that is searched for */
    CASE_LIST_MAX = 500,
    CARD_SEGMENT_EVENTS = 16384, /* of the log, whose cards are indexed together */
};

typedef enum CaseStatus {
    CASE_OPEN,
    CASE_IN_REVIEW,
    CASE_FRAUD,
    CASE_NOT_FRAUD,
    CASE_STATUSES
} CaseStatus;

const char *case_status_name(CaseStatus status); /* "in_review" */
bool case_status_find(Str name, CaseStatus *out);

typedef struct Case {
    uint64_t seq; /* the transaction's position in the store's log */
    CaseStatus status;
    bool by_analyst;                  /* who decided: an analyst, or a label */
    bool label_waits;                 /* its label is in the outbox and was not taken yet */
    char assignee[CASE_NAME_MAX + 1]; /* empty for nobody */
    int64_t changed;                  /* microseconds since the epoch; 0 for never */
    uint64_t notes;
} Case;

typedef struct Casebook Casebook;

extern const DatabaseKind casebook_kind; /* for readers of the audit trail */

/* Opens or makes the casebook of a store that holds `position` events. What was derived from
 * another store, or from events that this one no longer has, is dropped. */
Casebook *casebook_open(const char *dir, const char *store_id, uint64_t position, GError **error);
void casebook_close(Casebook *casebook); /* NULL is allowed */

AuditTrail *casebook_trail(Casebook *casebook);

/* How many alerts have which status. */
const uint64_t *casebook_counts(const Casebook *casebook);

/* The time of the oldest alert of a status, in seconds of the transactions' own time; false where
 * there is none. */
bool casebook_oldest(Casebook *casebook, CaseStatus status, int64_t *time);

/* Transactions of the database. What is followed need not be durable: it is read again. After a
 * failure the transaction is to be rolled back, and the casebook is as before it. */
bool casebook_begin(Casebook *casebook, bool durable, GError **error);
bool casebook_commit(Casebook *casebook, GError **error);
void casebook_rollback(Casebook *casebook);

/* Following the log, within a transaction */

/* Events of the log that were followed. */
uint64_t casebook_position(const Casebook *casebook);
void casebook_set_position(Casebook *casebook, uint64_t position); /* kept at the commit */

/* An alert at position `seq`. */
bool casebook_add_alert(Casebook *casebook, uint64_t seq, const Transaction *transaction,
                        float score, Verdict verdict, GError **error);

/* A label of the log; *changed says whether it changed a case. One of what is no alert is passed
 * over. */
bool casebook_add_label(Casebook *casebook, Str trans_num, bool is_fraud, bool *changed,
                        GError **error);

/* Cases */

typedef enum CaseFound { CASE_FOUND, CASE_ABSENT, CASE_FAILED } CaseFound;

CaseFound casebook_find(Casebook *casebook, Str trans_num, Case *out, GError **error);

/* What is to be changed, and what is expected to be there before. */
typedef struct CaseEdit {
    bool has_status, has_assignee;
    CaseStatus status;
    char assignee[CASE_NAME_MAX + 1]; /* empty: nobody */
    char *note;                       /* NULL for none */
    bool expects_status, expects_assignee;
    CaseStatus expected_status;
    char expected_assignee[CASE_NAME_MAX + 1];
} CaseEdit;

void case_edit_clear(CaseEdit *edit);

typedef struct CaseBy {
    const char *name, *role;
} CaseBy;

typedef enum CaseOutcome { CASE_CHANGED, CASE_SAME, CASE_CONFLICT, CASE_BROKEN } CaseOutcome;

/* Changes the case *found, within a transaction, and fills in what it is then. CASE_SAME: it is
 * as asked already, so that a request that is sent again changes nothing; CASE_CONFLICT: it is not
 * as expected. `known` is the latest label that the log holds, 0, 1 or LABEL_NONE: a decision that
 * says the same needs no label. */
CaseOutcome casebook_change(Casebook *casebook, Str trans_num, const CaseEdit *edit, CaseBy by,
                            int known, Case *found, GError **error);

/* The outbox */

typedef struct CaseLabel {
    uint64_t id;
    char trans_num[TRANS_NUM_MAX + 1];
    bool is_fraud;
} CaseLabel;

/* The label that has waited longest; CASE_ABSENT when none waits. */
CaseFound casebook_next_label(Casebook *casebook, CaseLabel *out, GError **error);

/* Within a transaction: it was taken and will come back with the log; or it came to nothing, or the
 * log holds it already, and is not waited for. */
bool casebook_label_sent(Casebook *casebook, const CaseLabel *label, bool comes_back,
                         GError **error);

uint64_t casebook_labels_waiting(Casebook *casebook);

/* The queue */

typedef enum CaseOrder { CASE_BY_LOSS, CASE_BY_TIME, CASE_BY_SCORE, CASE_ORDERS } CaseOrder;

/* What of the queue is asked for: those that are in all of it. */
typedef struct CaseQuery {
    unsigned statuses; /* the bit 1 << CaseStatus for each */
    unsigned verdicts; /* the bit 1 << Verdict for each; of what is approved there is none */
    bool has_assignee;
    char assignee[CASE_NAME_MAX + 1]; /* empty: nobody's */
    char text[CASE_QUERY_MAX + 1];    /* the beginning of a transaction number, a part of a
                                         merchant's name, or a card's last four digits */
    int64_t min_amount;               /* cents */
    int64_t since;                    /* seconds */
    CaseOrder order;                  /* the greatest first; of equals the later in the log */
    bool has_after;                   /* only what comes after this one in the order... */
    CaseOrder after_order;            /* ...in which it was listed: the same */
    double after_key;
    uint64_t after_seq;
    size_t limit;  /* 1 to CASE_LIST_MAX */
    int64_t until; /* microseconds, monotonic, when it is given up; 0: never */
} CaseQuery;

/* An alert of the queue, and by what it is ordered: the expected loss (score times cents), the time
 * in seconds or the score. */
typedef struct CaseListed {
    uint64_t seq;
    double key;
} CaseListed;

/* Fills `out`, which has room for query->limit, and *count; *more says whether there are others
 * after them. DATABASE_ERROR_SLOW where query->until came first. */
bool casebook_list(Casebook *casebook, const CaseQuery *query, CaseListed *out, size_t *count,
                   bool *more, GError **error);

/* The cards' transactions. They are indexed a segment of CARD_SEGMENT_EVENTS events at a time, each
 * one sorted run at the index's end: an index of one event at a time would write about as much to
 * the disk as the log itself. Events after the last whole segment are not in it. */

typedef struct CardEvent {
    uint64_t card, seq;
} CardEvent;

/* Events of the log whose cards are indexed: whole segments. */
uint64_t casebook_cards_position(const Casebook *casebook);

/* Within a transaction: the transactions among the next CARD_SEGMENT_EVENTS events, in any order,
 * which are sorted. */
bool casebook_add_cards(Casebook *casebook, CardEvent *events, size_t count, GError **error);

/* Appends up to `limit` positions of the card's transactions to `out` (uint64_t): of those up to
 * position `from`, the latest first; or, with `later`, of those after it, the earliest first. */
bool casebook_card_events(Casebook *casebook, uint64_t card, uint64_t from, bool later,
                          size_t limit, GArray *out, GError **error);
