/* What the casebook's files share. */
#pragma once

#include "io/casebook.h"

typedef enum CasebookStatement {
    CASEBOOK_ADD_MERCHANT,
    CASEBOOK_FIND_MERCHANT,
    CASEBOOK_ADD_ALERT,
    CASEBOOK_SET_ALERT,
    CASEBOOK_FIND,
    CASEBOOK_SET_CASE,
    CASEBOOK_LAST_NOTE,
    CASEBOOK_ADD_LABEL,
    CASEBOOK_FIND_LABEL,
    CASEBOOK_NEXT_LABEL,
    CASEBOOK_SENT_LABEL,
    CASEBOOK_DROP_LABEL,
    CASEBOOK_WAITING,
    CASEBOOK_SET_POSITION,
    CASEBOOK_OLDEST,
    CASEBOOK_ADD_CARD,
    CASEBOOK_CARD_UP_TO,
    CASEBOOK_CARD_AFTER,
    CASEBOOK_STATEMENTS
} CasebookStatement;

struct Casebook {
    Database database;
    AuditTrail *trail;
    sqlite3_stmt *statements[CASEBOOK_STATEMENTS];
    uint64_t position, cards_position; /* those of the open transaction, if there is one */
    uint64_t counts[CASE_STATUSES];
    uint64_t kept_position, kept_cards_position, kept_counts[CASE_STATUSES]; /* committed */
};
