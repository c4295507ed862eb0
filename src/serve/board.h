/* The board: what the page shows of many transactions at once (tally.h), kept up as they are
 * decided and labelled. It belongs to a thread of its own, which is told what happened through a
 * bounded queue and answers GET /v1/board, so that neither decisions nor other requests wait for
 * it.
 *
 * It is of the whole log, and a log that was there at the start is read in pieces meanwhile, by a
 * reader of the store. A piece has the labels as they are when it is read, and the teller tells of
 * a label before it commits it: what the thread was told before it has read a piece is known then,
 * so that each label counts once. Until all is read, the board answers that it is counting.
 *
 * Where the store does not keep every transaction (as a member of a Kafka group it keeps alerts,
 * unless they go to Neo4j too), the board is of what this process has decided since it started,
 * and of labels it has those of alerts. */
#pragma once

#include "io/store.h"
#include "serve/side_worker.h"
#include "serve/tally.h"

enum {
    BOARD_QUEUE_MAX = 256, /* questions that wait */
    BOARD_TOLD_MAX =
        1 << 16,        /* what it was told and has not counted: beyond it, the teller waits */
    BOARD_PIECE = 2000, /* transactions of the log read at once */
};

typedef struct Board Board;

/* Starts the thread, which does not answer before board_open. */
Board *board_new(void);

/* The board as the HTTP API sees it: it takes jobs of JOB_BOARD, whose subject is the window. */
Worker *board_worker(Board *board);

/* Says where the log is, in the store of folder `dir`, and how long it was before anything is told.
 * Once, by whoever tells. With `keeps_all` false what is there is not counted. */
bool board_open(Board *board, const char *dir, uint64_t position, bool keeps_all, GError **error);

/* A transaction was decided, and was not in the store before. Borrowed for the call, here as below.
 * `board` may be NULL for none, here as below. From one thread. */
void board_add(Board *board, const Transaction *transaction, const Answer *answer);

/* The same of one that the store does not keep: what board_row made of it, and its merchant. */
TallyRow board_row(const Transaction *transaction, const Answer *answer);
void board_add_row(Board *board, const TallyRow *row, Str merchant);

/* The stored transaction gets another label than it has; before that is committed. */
void board_label(Board *board, const StoredTransaction *of, bool is_fraud);

/* Answers what waits, takes no more and ends the thread; whoever tells has ended. NULL is allowed.
 */
void board_stop(Board *board);

/* After board_stop. NULL is allowed. */
void board_free(Board *board);
