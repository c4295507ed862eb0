/* What the service took and decided, into Neo4j. One thread of its own follows the store's log, as
 * a reader of the store, and writes it to the graph many events at a time, transactions with their
 * answers and labels alike. Decisions never wait for it: while Neo4j is away, the log keeps what it
 * has to be told, and the thread tries again, after a second at first and half a minute at last.
 *
 * Where it is in the log is kept in Neo4j, in the same transaction as the edges (io/neo4j_graph.h),
 * so that a crash of either side, or a Neo4j put back from a backup, neither loses an edge nor
 * writes one twice. */
#pragma once

#include "io/neo4j.h"
#include "serve/meters.h"

enum {
    OUTBOX_RETRY_MIN_MS = 1000,  /* between two tries, doubling, give or take a quarter */
    OUTBOX_RETRY_MAX_MS = 30000, /* and at once where only a person can mend it */
    OUTBOX_DRAIN_SECONDS = 5,    /* at the end, to write what is left, if Neo4j is there */
};

typedef struct Outbox Outbox;

/* Starts the thread. `dir` is the folder of an open store. Fails only for settings that cannot be
 * right; that Neo4j is not there is no error. The meters are borrowed. */
Outbox *outbox_new(const char *dir, const Neo4jOptions *neo4j, Meters *meters, GError **error);

/* Ends the thread; after partition_stop. NULL is allowed. */
void outbox_free(Outbox *outbox);
