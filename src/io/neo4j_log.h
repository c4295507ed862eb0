/* An event log read back from Neo4j's graph: every edge is a transaction event, in the order of the
 * edges' places (time; within one load, and among equal times, the order of writing), and what is
 * known of fraud is a label event that comes `label_delay` later, as in the log of a file
 * (io/csv_log.h). Of a file that was loaded, the log is the file's, bit for bit.
 *
 * Edges are asked for a page at a time, each page after the last one's place, so memory does not
 * grow with the graph. Those written after the log was opened are not in it. */
#pragma once

#include "io/neo4j.h"
#include "record/event.h"

enum { NEO4J_LOG_PAGE = 4000 }; /* edges */

#define NEO4J_LOG_ERROR neo4j_log_error_quark()
GQuark neo4j_log_error_quark(void);
typedef enum Neo4jLogError {
    NEO4J_LOG_ERROR_EMPTY,  /* there is no transaction */
    NEO4J_LOG_ERROR_EDGE,   /* an edge is not as haechi writes it */
    NEO4J_LOG_ERROR_LABELS, /* too many labels wait at once */
} Neo4jLogError;

typedef struct Neo4jLogOptions {
    int64_t label_delay; /* seconds; negative: no label events */
    uint64_t edges;      /* only those that were written when the graph had so many; 0: all that
                            there are when the log is opened */
} Neo4jLogOptions;

/* Borrows the client, which must outlive the log. Fails when Neo4j is not there or has no edge. */
EventLog *neo4j_log_open(Neo4j *neo4j, const Neo4jLogOptions *options, GError **error);

/* How many edges had been written to the graph when the log was opened: with it as
 * options->edges, a log opened later has the same edges. */
uint64_t neo4j_log_edges(const EventLog *log);
