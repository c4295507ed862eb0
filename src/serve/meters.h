/* What the service counts. Every value has one writer, or is added to atomically; any thread reads.
 */
#pragma once

#include "base/histogram.h"
#include "model/model.h"
#include "serve/drift.h"
#include <glib.h>
#include <stdatomic.h>

enum { METERS_JUMP_SECONDS = 30 * 86400 }; /* the longest window */

typedef _Atomic uint64_t Counter;
typedef struct Board Board;

typedef struct Meters {
    /* The store's log and the fold, by who writes them. */
    Counter verdicts[3], labels, frauds_labelled, position;
    Counter cards, merchants, edges, graph_bytes;
    Counter checkpoint_position, checkpoints, checkpoint_us;
    Counter recovered_events, recovery_mismatches, recovery_us;
    Counter commits, commit_us;
    /* Since the start. */
    Counter rejected, duplicates, overloaded, folded;
    Counter time_jumps;                           /* see meters_time */
    Counter member_alerts_any, member_alerts_all; /* see meters_members */
    Counter requests, responses[6];               /* by the first digit of the status */
    Counter stream_clients, stream_skipped;
    /* The member of a Kafka group. */
    struct {
        Counter partitions, lag, rebalances, restarts, paused, merchants_delay_ms;
    } kafka;
    bool has_kafka; /* set before the threads start */
    Counter latency[HISTOGRAM_BUCKETS], latency_sum_us, latency_max_us;
    /* The queue of alerts, by the desk's thread. */
    Counter alerts[4];            /* by CaseStatus (io/casebook.h) */
    Counter cases_closed[2];      /* since the start: as fraud, as not */
    Counter oldest_alert_seconds; /* of those open, in the transactions' own time */
    Counter labels_waiting;       /* decided, and not taken yet */
    Counter audit_waiting;        /* entries of the audit trail that somebody waits for */
    /* Neo4j, by the outbox's thread. */
    Counter neo4j_used;     /* 1: there is an outbox */
    Counter neo4j_up;       /* 1: it answered the last time */
    Counter neo4j_position; /* events of the log that are there */
    Counter neo4j_covered;  /* microseconds, monotonic: all that was in the log by then is there */
    Counter neo4j_written, neo4j_failures;
    /* Transactions of the last seconds, for the rate; by meters_tick. */
    Counter rate_per_second;
    uint64_t rate_at[8]; /* `folded` at the last ticks of a second */
    unsigned rate_ticks;
    int64_t started; /* microseconds, monotonic */
    Drift *drift;    /* of what the folding thread decides */
    Board *board;    /* told of it; the owner's, NULL for none */
} Meters;

static inline void counter_add(Counter *counter, uint64_t n) {
    atomic_fetch_add_explicit(counter, n, memory_order_relaxed);
}

static inline void counter_subtract(Counter *counter, uint64_t n) {
    atomic_fetch_sub_explicit(counter, n, memory_order_relaxed);
}

static inline void counter_set(Counter *counter, uint64_t value) {
    atomic_store_explicit(counter, value, memory_order_relaxed);
}

static inline uint64_t counter_get(const Counter *counter) {
    return atomic_load_explicit(counter, memory_order_relaxed);
}

Meters *meters_new(void);
void meters_free(Meters *meters);

/* Counts a request of `us` microseconds, from its last byte read to its commit. */
void meters_latency(Meters *meters, uint64_t us);

/* Counts, of a model of several members, a transaction on which at least one of them would alert,
 * and one on which all would: how often they agree where it matters. */
void meters_members(Meters *meters, const MemberScores *members);

/* Counts and tells of a transaction whose time is over METERS_JUMP_SECONDS after `latest`, the
 * greatest of those before it, 0 where there is none; both are seconds. One wrong time does that,
 * and no window moves backwards: not its card's and merchant's, nor those of board and drift. */
void meters_time(Meters *meters, int64_t latest, int64_t time);

/* Brings the rate up to date; called once a second by one thread. */
void meters_tick(Meters *meters);

/* Appends the stats object of GET /v1/stats. `model` may be NULL. */
void meters_write_stats(const Meters *meters, const Model *model, size_t queue_depth, GString *out);

/* Appends everything in Prometheus' text format, version 0.0.4. */
void meters_write_prometheus(const Meters *meters, const Model *model, size_t queue_depth,
                             uint64_t store_bytes, GString *out);
