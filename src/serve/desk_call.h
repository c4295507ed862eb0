/* What is asked of the desk (desk.h), read from a request: the parameters of the queue with its
 * cursor, and the body of a change. Reading trusts nothing. */
#pragma once

#include "base/json.h"
#include "io/casebook.h"
#include "serve/job.h"

enum {
    ALERTS_DEFAULT = 50, /* of CASE_LIST_MAX */
    AUDIT_DEFAULT = 100,
    AUDIT_MAX = 1000,
    HISTORY_DEFAULT = 50, /* of a card */
    HISTORY_MAX = 500,
};

typedef enum DeskTask {
    DESK_LIST,
    DESK_SHOW,
    DESK_CHANGE,
    DESK_CARD,
    DESK_CARD_HISTORY,
    DESK_AUDIT,
} DeskTask;

struct DeskCall {
    DeskTask task;
    char *trans_num;   /* of all tasks but the first and the last */
    CaseQuery query;   /* of DESK_LIST */
    CaseEdit edit;     /* of DESK_CHANGE */
    size_t limit;      /* of DESK_CARD_HISTORY and DESK_AUDIT */
    uint64_t before;   /* of DESK_AUDIT: entries before this one */
    bool people;       /* of DESK_AUDIT: not what the service did of itself */
    char *name, *role; /* of who asks */
};

DeskCall *desk_call_new(DeskTask task, const char *trans_num, const char *name, const char *role);
void desk_call_free(DeskCall *call); /* NULL is allowed */

/* Takes one parameter of the task's address. Returns NULL, or what is wrong with it: a static
 * phrase. Each parameter stands once; the order before the cursor or after. */
const char *desk_call_set(DeskCall *call, Str name, Str value);

/* After the last parameter: whether they fit each other. */
const char *desk_call_check(const DeskCall *call);

/* Appends the cursor of what comes after `last` in the query's order. */
void case_cursor_write(GString *out, const CaseQuery *query, CaseListed last);

/* Reads the body of a change. Returns NULL, or what is wrong with it, and then *status. */
const char *case_edit_read(JsonParser *parser, Str body, CaseEdit *edit, unsigned *status);

/* Reads a body that has nothing to say: {}. The same answers. */
const char *empty_object_read(JsonParser *parser, Str body, unsigned *status);
