/* The job that puts a file of transactions into Neo4j. Its position is kept in Neo4j under the
 * file's digest, so a load that was killed, or failed, goes on where it was when it is run again,
 * and one that is complete writes nothing. */
#pragma once

#include "io/neo4j_graph.h"

enum {
    GRAPH_LOAD_PATIENCE_SECONDS = 300
}; /* how long Neo4j may be away before the load gives up */

typedef struct GraphLoadOptions {
    const char *path; /* "-" is standard input: such a load starts from the beginning each time */
    bool strict;      /* stop at the first bad row */
    bool (*go_on)(void *data);
    void (*waiting)(void *data, const char *why); /* once for each time Neo4j is away */
    /* After each batch; total is 0 when the file's size is not known. */
    void (*progress)(void *data, uint64_t bytes, uint64_t total, uint64_t transactions);
    void *data;
} GraphLoadOptions;

typedef struct GraphLoadReport {
    uint64_t transactions; /* good rows, without duplicates */
    uint64_t resumed;      /* of them, those written by earlier runs */
    uint64_t created;      /* edges that this run made */
    uint64_t rejected, duplicates;
    double seconds;
    char *problem; /* why rejects could not be kept aside, or NULL; the caller frees it */
} GraphLoadReport;

/* Loads one file. What was written until a failure stays, and is in *report. */
bool graph_load(Neo4j *neo4j, const GraphLoadOptions *options, GraphLoadReport *report,
                GError **error);
