#include "serve/meters.h"

#include "base/civil.h"
#include "base/json_write.h"
#include "io/casebook.h"

#include <math.h>

Meters *meters_new(void) {
    Meters *meters = g_new0(Meters, 1);
    meters->started = g_get_monotonic_time();
    meters->drift = drift_new();
    return meters;
}

void meters_free(Meters *meters) {
    if (!meters) return;
    drift_free(meters->drift);
    g_free(meters);
}

void meters_latency(Meters *meters, uint64_t us) {
    counter_add(&meters->latency[histogram_bucket(us)], 1);
    counter_add(&meters->latency_sum_us, us);
    if (us > counter_get(&meters->latency_max_us)) counter_set(&meters->latency_max_us, us);
}

void meters_members(Meters *meters, const MemberScores *members) {
    if (members->count < 2 || members->alerts == 0) return;
    counter_add(&meters->member_alerts_any, 1);
    if (member_scores_agreeing(members, VERDICT_REVIEW) == members->count)
        counter_add(&meters->member_alerts_all, 1);
}

void meters_time(Meters *meters, int64_t latest, int64_t time) {
    if (latest == 0 || time - latest <= METERS_JUMP_SECONDS) return;
    char before[CIVIL_TIME_LEN + 1], after[CIVIL_TIME_LEN + 1];
    civil_write_time(latest, before);
    civil_write_time(time, after);
    counter_add(&meters->time_jumps, 1);
    g_printerr("a transaction has moved the windows from %s to %s at once: they do not move"
               " back if its time is wrong\n",
               before, after);
}

/* A copy of the latencies that stands still. */
static Histogram copy_latency(const Meters *meters) {
    Histogram copy = {.max = counter_get(&meters->latency_max_us)};
    for (size_t i = 0; i < HISTOGRAM_BUCKETS; i++) {
        copy.counts[i] = counter_get(&meters->latency[i]);
        copy.count += copy.counts[i];
    }
    return copy;
}

/* Rate: over the last seconds that rate_at remembers. */
void meters_tick(Meters *meters) {
    enum { SLOTS = G_N_ELEMENTS(((Meters *)0)->rate_at) };
    uint64_t folded = counter_get(&meters->folded);
    unsigned ticks = meters->rate_ticks++;
    unsigned seconds = ticks < SLOTS ? ticks + 1 : SLOTS; /* the first tick ends a second */
    uint64_t before = ticks < SLOTS ? 0 : meters->rate_at[ticks % SLOTS];
    meters->rate_at[ticks % SLOTS] = folded;
    counter_set(&meters->rate_per_second, (folded - before) / seconds);
}

static double uptime_seconds(const Meters *meters) {
    return (double)(g_get_monotonic_time() - meters->started) / G_USEC_PER_SEC;
}

static uint64_t transactions(const Meters *meters) {
    uint64_t sum = 0;
    for (int i = 0; i < 3; i++)
        sum += counter_get(&meters->verdicts[i]);
    return sum;
}

/* The stats object */

static void write_uint(GString *out, const char *name, uint64_t value) {
    g_string_append_printf(out, "\"%s\":%" G_GUINT64_FORMAT ",", name, value);
}

static void write_verdicts(const Meters *meters, GString *out) {
    g_string_append(out, "\"verdicts\":{");
    for (int i = 0; i < 3; i++)
        write_uint(out, verdict_name((Verdict)i), counter_get(&meters->verdicts[i]));
    out->str[out->len - 1] = '}';
    g_string_append_c(out, ',');
}

static void write_latency(const Meters *meters, GString *out) {
    Histogram latency = copy_latency(meters);
    g_string_append(out, "\"latency_us\":{");
    write_uint(out, "p50", histogram_quantile(&latency, 0.5));
    write_uint(out, "p99", histogram_quantile(&latency, 0.99));
    write_uint(out, "max", latency.max);
    out->str[out->len - 1] = '}';
    g_string_append_c(out, ',');
}

static void write_agreement(const Meters *meters, GString *out) {
    g_string_append(out, "\"member_alerts\":{");
    write_uint(out, "any", counter_get(&meters->member_alerts_any));
    write_uint(out, "all", counter_get(&meters->member_alerts_all));
    out->str[out->len - 1] = '}';
    g_string_append_c(out, ',');
}

/* The share of all transactions in the log that were alerts. */
static void write_alert_rate(const Meters *meters, GString *out) {
    const uint64_t all = transactions(meters);
    const uint64_t alerts = all - MIN(all, counter_get(&meters->verdicts[VERDICT_APPROVE]));
    g_string_append(out, "\"alert_rate\":");
    json_write_double(out, all > 0 ? (double)alerts / (double)all : (double)NAN, 6);
    g_string_append_c(out, ',');
}

/* Kafka and Neo4j, where they are in use. */
static void write_neighbours(const Meters *meters, GString *out) {
    const uint64_t position = counter_get(&meters->position);
    const uint64_t there = counter_get(&meters->neo4j_position);
    if (meters->has_kafka)
        g_string_append_printf(
            out, "\"kafka\":{\"partitions\":%" G_GUINT64_FORMAT ",\"lag\":%" G_GUINT64_FORMAT "},",
            counter_get(&meters->kafka.partitions), counter_get(&meters->kafka.lag));
    if (counter_get(&meters->neo4j_used))
        g_string_append_printf(out, "\"neo4j\":{\"up\":%s,\"behind\":%" G_GUINT64_FORMAT "},",
                               counter_get(&meters->neo4j_up) ? "true" : "false",
                               position > there ? position - there : 0);
}

static void write_model(const Model *model, GString *out) {
    if (!model) {
        g_string_append(out, "\"model\":null");
        return;
    }
    g_string_append(out, "\"model\":{\"name\":");
    json_write_str(out, str_from(model_name(model)));
    g_string_append(out, ",\"version\":");
    json_write_str(out, str_from(model_version(model)));
    g_string_append(out, ",\"threshold\":");
    json_write_double(out, model_threshold(model), 9);
    g_string_append(out, ",\"decline_threshold\":");
    json_write_double(out, model_decline_threshold(model), 9);
    g_string_append_c(out, '}');
}

void meters_write_stats(const Meters *meters, const Model *model, size_t queue_depth,
                        GString *out) {
    g_string_append(out, "{\"version\":\"" HAECHI_VERSION "\",");
    write_uint(out, "uptime_seconds", (uint64_t)uptime_seconds(meters));
    write_uint(out, "transactions", transactions(meters));
    write_uint(out, "labels", counter_get(&meters->labels));
    write_uint(out, "frauds_labelled", counter_get(&meters->frauds_labelled));
    write_verdicts(meters, out);
    write_uint(out, "rejected", counter_get(&meters->rejected));
    write_uint(out, "duplicates", counter_get(&meters->duplicates));
    write_uint(out, "rate_per_second", counter_get(&meters->rate_per_second));
    write_latency(meters, out);
    write_agreement(meters, out);
    write_alert_rate(meters, out);
    write_neighbours(meters, out);
    write_uint(out, "cards", counter_get(&meters->cards));
    write_uint(out, "merchants", counter_get(&meters->merchants));
    write_uint(out, "edges", counter_get(&meters->edges));
    write_uint(out, "graph_bytes", counter_get(&meters->graph_bytes));
    write_uint(out, "queue_depth", queue_depth);
    write_uint(out, "position", counter_get(&meters->position));
    write_model(model, out);
    g_string_append_c(out, '}');
}

/* Prometheus */

typedef struct Exposed {
    const char *name, *type, *help;
    size_t offset; /* of the Counter in Meters */
    double scale;
} Exposed;

static const Exposed exposed_kafka[] = {
    {"kafka_partitions", "gauge", "Partitions that the group gave to this process.",
     offsetof(Meters, kafka.partitions), 1},
    {"kafka_lag", "gauge", "Messages of these partitions that are not folded yet.",
     offsetof(Meters, kafka.lag), 1},
    {"kafka_paused", "gauge", "Whether no more is asked of the brokers for now.",
     offsetof(Meters, kafka.paused), 1},
    {"kafka_merchants_delay_seconds", "gauge",
     "From telling the others of a merchant to taking it in: the longest of the last second.",
     offsetof(Meters, kafka.merchants_delay_ms), 1e-3},
    {"kafka_rebalances_total", "counter", "Times the group gave or took partitions.",
     offsetof(Meters, kafka.rebalances), 1},
    {"kafka_restarts_total", "counter", "Times the group had to be entered anew.",
     offsetof(Meters, kafka.restarts), 1},
};

static const Exposed exposed[] = {
    {"labels_total", "counter", "Label events in the log.", offsetof(Meters, labels), 1},
    {"frauds_labelled", "gauge", "Transactions whose latest label says fraud.",
     offsetof(Meters, frauds_labelled), 1},
    {"log_position", "gauge", "Events in the log.", offsetof(Meters, position), 1},
    {"cards", "gauge", "Cards in the graph.", offsetof(Meters, cards), 1},
    {"merchants", "gauge", "Merchants in the graph.", offsetof(Meters, merchants), 1},
    {"edges", "gauge", "Edges within the cards' windows.", offsetof(Meters, edges), 1},
    {"graph_bytes", "gauge", "Memory of the graph.", offsetof(Meters, graph_bytes), 1},
    {"checkpoint_position", "gauge", "Events folded into the last checkpoint.",
     offsetof(Meters, checkpoint_position), 1},
    {"checkpoints_total", "counter", "Checkpoints written since the start.",
     offsetof(Meters, checkpoints), 1},
    {"checkpoint_seconds_total", "counter", "Time spent writing checkpoints.",
     offsetof(Meters, checkpoint_us), 1e-6},
    {"recovered_events", "gauge", "Events folded again at the start.",
     offsetof(Meters, recovered_events), 1},
    {"recovery_seconds", "gauge", "Time recovery took at the start.", offsetof(Meters, recovery_us),
     1e-6},
    {"recovery_mismatches", "gauge", "Scores that came out differently at recovery; 0 is right.",
     offsetof(Meters, recovery_mismatches), 1},
    {"commits_total", "counter", "Batches committed since the start.", offsetof(Meters, commits),
     1},
    {"commit_seconds_total", "counter", "Time spent in commits.", offsetof(Meters, commit_us),
     1e-6},
    {"member_alerts_any_total", "counter",
     "Transactions that at least one of the model's members would alert on, since the start.",
     offsetof(Meters, member_alerts_any), 1},
    {"member_alerts_all_total", "counter",
     "Transactions that all of the model's members would alert on, since the start.",
     offsetof(Meters, member_alerts_all), 1},
    {"alerts_oldest_open_seconds", "gauge",
     "From the oldest open alert to the latest transaction, in the transactions' own time.",
     offsetof(Meters, oldest_alert_seconds), 1},
    {"alert_labels_waiting", "gauge", "Labels of decided alerts that were not taken yet.",
     offsetof(Meters, labels_waiting), 1},
    {"audit_waiting", "gauge", "Entries that wait to be written to the audit trail.",
     offsetof(Meters, audit_waiting), 1},
    {"rejected_total", "counter", "Records refused since the start.", offsetof(Meters, rejected),
     1},
    {"time_jumps_total", "counter",
     "Transactions dated over 30 days after all before them, since the start: the windows moved.",
     offsetof(Meters, time_jumps), 1},
    {"duplicates_total", "counter", "Records that were already in the log, since the start.",
     offsetof(Meters, duplicates), 1},
    {"overloaded_total", "counter", "Requests refused for a full queue or buffer.",
     offsetof(Meters, overloaded), 1},
    {"stream_clients", "gauge", "Clients of the live stream.", offsetof(Meters, stream_clients), 1},
    {"stream_skipped_total", "counter", "Messages that slow clients of the stream did not get.",
     offsetof(Meters, stream_skipped), 1},
};

static void write_head(GString *out, const char *name, const char *type, const char *help) {
    g_string_append_printf(out, "# HELP haechi_%s %s\n# TYPE haechi_%s %s\n", name, help, name,
                           type);
}

static void write_value(GString *out, double value) {
    char text[G_ASCII_DTOSTR_BUF_SIZE];
    g_string_append(out, g_ascii_formatd(text, sizeof text, "%.15g", value));
    g_string_append_c(out, '\n');
}

static void write_gauge(GString *out, const char *name, const char *help, double value) {
    write_head(out, name, "gauge", help);
    g_string_append_printf(out, "haechi_%s ", name);
    write_value(out, value);
}

static void write_labelled(const Meters *meters, GString *out) {
    write_head(out, "transactions_total", "counter", "Transactions in the log.");
    for (int i = 0; i < 3; i++)
        g_string_append_printf(out,
                               "haechi_transactions_total{decision=\"%s\"} %" G_GUINT64_FORMAT "\n",
                               verdict_name((Verdict)i), counter_get(&meters->verdicts[i]));
    write_head(out, "http_responses_total", "counter", "HTTP responses by class of status.");
    for (int i = 1; i < 6; i++)
        g_string_append_printf(
            out, "haechi_http_responses_total{status=\"%dxx\"} %" G_GUINT64_FORMAT "\n", i,
            counter_get(&meters->responses[i]));
}

static void write_alerts(const Meters *meters, GString *out) {
    write_head(out, "alerts", "gauge", "Alerts by the status of their case.");
    for (int i = 0; i < CASE_STATUSES; i++)
        g_string_append_printf(out, "haechi_alerts{status=\"%s\"} %" G_GUINT64_FORMAT "\n",
                               case_status_name((CaseStatus)i), counter_get(&meters->alerts[i]));
    write_head(out, "cases_closed_total", "counter",
               "Cases closed since the start, by analysts and by labels.");
    for (int i = 0; i < 2; i++)
        g_string_append_printf(
            out, "haechi_cases_closed_total{status=\"%s\"} %" G_GUINT64_FORMAT "\n",
            case_status_name((CaseStatus)(CASE_FRAUD + i)), counter_get(&meters->cases_closed[i]));
}

static uint64_t count_up_to(const Histogram *latency, uint64_t us) {
    uint64_t sum = 0;
    for (unsigned i = 0; i < HISTOGRAM_BUCKETS && histogram_bucket_top(i) < us; i++)
        sum += latency->counts[i];
    return sum;
}

/* Bounds are powers of two of microseconds, where the histogram's own buckets end. */
static void write_histogram(const Meters *meters, GString *out) {
    write_head(out, "request_seconds", "histogram",
               "POST /v1/transactions, from the last byte read to the commit.");
    Histogram latency = copy_latency(meters);
    for (unsigned power = 6; power <= 22; power++) {
        char bound[G_ASCII_DTOSTR_BUF_SIZE];
        g_ascii_formatd(bound, sizeof bound, "%.7g", (double)(1u << power) / G_USEC_PER_SEC);
        g_string_append_printf(out,
                               "haechi_request_seconds_bucket{le=\"%s\"} %" G_GUINT64_FORMAT "\n",
                               bound, count_up_to(&latency, UINT64_C(1) << power));
    }
    uint64_t count = latency.count;
    g_string_append_printf(
        out, "haechi_request_seconds_bucket{le=\"+Inf\"} %" G_GUINT64_FORMAT "\n", count);
    g_string_append(out, "haechi_request_seconds_sum ");
    write_value(out, (double)counter_get(&meters->latency_sum_us) / G_USEC_PER_SEC);
    g_string_append_printf(out, "haechi_request_seconds_count %" G_GUINT64_FORMAT "\n", count);
}

/* A label value of the exposition format: backslash, quote and newline are escaped. */
static char *label_value(const char *text) {
    GString *out = g_string_new(NULL);
    for (; *text; text++) {
        if (*text == '\\' || *text == '"') g_string_append_c(out, '\\');
        g_string_append(out, *text == '\n' ? "\\n" : (char[]){*text, '\0'});
    }
    return g_string_free(out, FALSE);
}

static void write_info(const Model *model, GString *out) {
    write_head(out, "build_info", "gauge", "The program.");
    g_string_append(out, "haechi_build_info{version=\"" HAECHI_VERSION "\"} 1\n");
    if (!model) return;
    g_autofree char *name = label_value(model_name(model));
    g_autofree char *version = label_value(model_version(model));
    write_head(out, "model_info", "gauge", "The model that scores.");
    g_string_append_printf(out, "haechi_model_info{name=\"%s\",version=\"%s\"} 1\n", name, version);
}

/* Nothing where no outbox is. */
static void write_neo4j(const Meters *meters, GString *out) {
    if (!counter_get(&meters->neo4j_used)) return;
    const uint64_t position = counter_get(&meters->position);
    const uint64_t there = counter_get(&meters->neo4j_position);
    const double age =
        (double)(g_get_monotonic_time() - (int64_t)counter_get(&meters->neo4j_covered));
    write_gauge(out, "neo4j_up", "1 when Neo4j took what was sent to it last.",
                (double)counter_get(&meters->neo4j_up));
    write_gauge(out, "neo4j_lag_events", "Events of the log that are not in Neo4j yet.",
                position > there ? (double)(position - there) : 0);
    write_gauge(out, "neo4j_lag_seconds", "How long at most the oldest of them has waited.",
                position > there ? age / G_USEC_PER_SEC : 0);
    write_head(out, "neo4j_written_total", "counter", "Edges made in Neo4j since the start.");
    g_string_append_printf(out, "haechi_neo4j_written_total %" G_GUINT64_FORMAT "\n",
                           counter_get(&meters->neo4j_written));
    write_head(out, "neo4j_failures_total", "counter",
               "Tries to write to Neo4j that failed since the start.");
    g_string_append_printf(out, "haechi_neo4j_failures_total %" G_GUINT64_FORMAT "\n",
                           counter_get(&meters->neo4j_failures));
}

static void write_exposed(const Meters *meters, const Exposed *rows, size_t count, GString *out) {
    for (size_t i = 0; i < count; i++) {
        const Exposed *e = &rows[i];
        const Counter *counter = (const void *)((const char *)meters + e->offset);
        write_head(out, e->name, e->type, e->help);
        g_string_append_printf(out, "haechi_%s ", e->name);
        write_value(out, (double)counter_get(counter) * e->scale);
    }
}

void meters_write_prometheus(const Meters *meters, const Model *model, size_t queue_depth,
                             uint64_t store_bytes, GString *out) {
    write_info(model, out);
    write_labelled(meters, out);
    write_alerts(meters, out);
    write_exposed(meters, exposed, G_N_ELEMENTS(exposed), out);
    if (meters->has_kafka) write_exposed(meters, exposed_kafka, G_N_ELEMENTS(exposed_kafka), out);
    write_gauge(out, "queue_depth", "Requests that wait for the partition.", (double)queue_depth);
    write_gauge(out, "store_bytes", "Size of the store's files.", (double)store_bytes);
    write_gauge(out, "uptime_seconds", "Time since the start.", uptime_seconds(meters));
    drift_write_prometheus(meters->drift, out);
    write_neo4j(meters, out);
    write_histogram(meters, out);
}
