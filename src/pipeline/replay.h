/* Replaying a log through the engine, or those of several partitions, as fast as it goes, as live
 * scoring would have seen it, and judging the scores where there are labels. */
#pragma once

#include "base/histogram.h"
#include "pipeline/partition_group.h"
#include "record/event.h"
#include "train/metrics.h"
#include <stdio.h>

typedef struct ReplayOptions {
    unsigned judged_input; /* events of the log's earlier inputs only warm the graph up */
    FILE *scores; /* receives trans_num,score,decision, and the score of each of several members,
                     as CSV; may be NULL */
    void (*progress)(void *data, uint64_t transactions); /* now and then; may be NULL */
    void *progress_data;
} ReplayOptions;

typedef struct ReplayResult {
    uint64_t transactions, frauds, labelled; /* of the judged inputs */
    double seconds;                          /* reading, parsing and scoring them */
    Histogram latency_ns;                    /* a transaction's, from its bytes to its decision */
    size_t cards, graph_bytes;               /* of the graphs at the end */
    Metrics metrics;                         /* where labelled > 0 */

    /* Of a model of several members. */
    size_t member_count;
    Metrics members[MODEL_MEMBERS_MAX];            /* by its own score; where labelled > 0 */
    uint64_t member_alerts_any, member_alerts_all; /* at least one, and all, would have alerted */
} ReplayResult;

/* False with *error when the log or the output fails. */
bool replay(EventLog *log, PartitionGroup *partitions, const ReplayOptions *options,
            ReplayResult *result, GError **error);
