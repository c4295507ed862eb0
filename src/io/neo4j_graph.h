/* The transaction graph in Neo4j:
 *
 *   (:CreditCard {cc_num, ...})-[:TRANSACTION {trans_num, ...}]->(:Merchant {name, ...})
 *
 * docs/neo4j.md lists every property. Transactions and labels are gathered here and written many at
 * a time. A batch is one transaction of Neo4j, and in it the position of whoever feeds it moves on
 * too, kept in a node (:HaechiLoad): whatever is killed when, and however often a batch is sent, an
 * edge is there once and the feeder goes on where it was. A trans_num that is there already keeps
 * its edge.
 *
 * A label whose transaction is not there yet, as another service has still to write it, waits for
 * it in a node (:HaechiLabel).
 *
 * Each edge has a `place` in the log: the time, and among equal times the order of writing. A
 * batch first locks the node (:HaechiGraph) that counts the edges, so writers take turns and never
 * wait for each other in a ring. */
#pragma once

#include "io/neo4j.h"
#include "model/member_scores.h"
#include "record/transaction.h"

enum {
    GRAPH_BATCH_MAX = 4000,  /* transactions and labels in a batch */
    GRAPH_ORDER_BITS = 31,   /* of a place: the order of writing; above them the time */
    GRAPH_LOAD_ID_MAX = 128, /* bytes */
};

#define NEO4J_GRAPH_ERROR neo4j_graph_error_quark()
GQuark neo4j_graph_error_quark(void);
typedef enum Neo4jGraphError {
    NEO4J_GRAPH_ERROR_MOVED, /* the load is at another position than the batch starts from */
    NEO4J_GRAPH_ERROR_FULL,  /* the order of writing does not fit a place any more */
} Neo4jGraphError;

typedef struct Neo4jGraph Neo4jGraph;

/* What the service answered to a transaction. */
typedef struct GraphAnswer {
    float score;
    const char *decision; /* "approve", "review", "decline" */
    bool flagged;         /* anything but approve */
    Str model_name, model_version;
    Str member_kinds;            /* of the model's members (model_member_kinds) */
    const MemberScores *members; /* what each said */
} GraphAnswer;

/* Where a load is: events of its source that are in Neo4j, the latest time among them (seconds;
 * INT64_MIN before the first), and which the last one was (graph_event_mark; 0 before the first).
 */
typedef struct GraphPosition {
    uint64_t events;
    int64_t clock, last;
} GraphPosition;

/* Tells an event from others at its place, in another copy of a source: a fingerprint of its
 * trans_num, never 0. */
int64_t graph_event_mark(Str trans_num);

/* Borrows the client, which must outlive it. */
Neo4jGraph *neo4j_graph_new(Neo4j *neo4j);
void neo4j_graph_free(Neo4jGraph *graph); /* NULL is allowed */

/* Makes the constraints and indexes that are not there yet, and waits until they can be used. */
bool neo4j_graph_prepare(Neo4jGraph *graph, GError **error);

/* Finds where the load `id` is, at 0 when it is new; the batch, which is emptied, starts there.
 * `of` says of what it is, for people. */
bool neo4j_graph_open(Neo4jGraph *graph, const char *id, const char *of, GraphPosition *position,
                      GError **error);

/* Each adds the next event of the source to the batch, which must not be full. A transaction's
 * trans_num stands in a batch once. `answer` may be NULL. */
void neo4j_graph_add(Neo4jGraph *graph, const Transaction *transaction, const GraphAnswer *answer);
void neo4j_graph_add_label(Neo4jGraph *graph, const Label *label);

size_t neo4j_graph_batch(const Neo4jGraph *graph); /* events in it */
bool neo4j_graph_full(const Neo4jGraph *graph);

/* Where the load will be once the batch is written. */
GraphPosition neo4j_graph_position(const Neo4jGraph *graph);

/* Writes the batch, which is empty then; after a failure it is as before and can be written again.
 * One that an earlier attempt had written after all counts as written. Adds the edges that are new
 * to *created. */
bool neo4j_graph_write(Neo4jGraph *graph, uint64_t *created, GError **error);
