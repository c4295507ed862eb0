/* The ordered log: transactions and labels, in the order in which they became known. */
#pragma once

#include "record/transaction.h"
#include <glib.h>

typedef enum EventKind { EVENT_TRANSACTION, EVENT_LABEL } EventKind;

typedef struct Event {
    EventKind kind;
    unsigned input; /* place of its file among the log's inputs, from 0 */
    union {
        Transaction transaction;
        Label label;
    };
    const Transaction *ahead; /* the next transaction, where it is known already, else NULL */
} Event;

typedef enum LogStatus { LOG_EVENT, LOG_END, LOG_ERROR } LogStatus;

/* Where a log comes from. Implemented in io/, read by train/, pipeline/ and serve/. */
typedef struct EventLog EventLog;
struct EventLog {
    /* Fills *event, valid until the next call. LOG_ERROR sets *error and ends the log. */
    LogStatus (*next)(EventLog *log, Event *event, GError **error);
    void (*free)(EventLog *log);
};
