#include "io/neo4j_log.h"

#include "io/label_weave.h"
#include "io/neo4j_graph.h"
#include "record/json.h"

G_DEFINE_QUARK(haechi - neo4j - log - error, neo4j_log_error)

enum { HOLDER_MAX = 8192 }; /* bytes of a holder's data as JSON: ten texts of 256, escaped */

typedef struct Neo4jLog {
    EventLog base;
    Neo4j *neo4j;
    LabelWeave weave;
    uint64_t edges;   /* see neo4j_log_edges() */
    int64_t after;    /* the place of the last edge that was read */
    GArray *page;     /* of JsonValue: its rows, alive until the next page is asked for */
    size_t page_at;   /* the next of them */
    bool last_page;   /* no other comes after it */
    JsonParser *json; /* for the holder's data */
    JsonScratch scratch;
    Transaction transaction; /* that holds in the weave */
} Neo4jLog;

static const char edges_statement[] =
    "OPTIONAL MATCH (g:HaechiGraph {id: 1}) RETURN coalesce(g.edges, 0)";

/* The order of writing is in the lower bits of the place: GRAPH_ORDER_BITS, 2^31. The names are
 * those of the columns (record/columns.h). */
static const char page_statement[] =
    "MATCH (c:CreditCard)-[t:TRANSACTION]->(m:Merchant) "
    "USING INDEX t:TRANSACTION(place) "
    "WHERE t.place > $after AND t.place % 2147483648 < $edges "
    "RETURN t.place, coalesce(t.holder, c.holder), "
    "{trans_num: t.trans_num, unix_time: t.time, cc_num: c.cc_num, merchant: m.name,"
    " category: t.category, amt: t.amt, merch_lat: t.merch_lat, merch_long: t.merch_long,"
    " is_fraud: t.is_fraud} "
    "ORDER BY t.place LIMIT $limit";

_Static_assert(GRAPH_ORDER_BITS == 31, "the statement says 2147483648");

static const char reading[] = "reading transactions";

/* Pages */

static bool keep_value(Str key, JsonValue value, void *data) {
    (void)key;
    g_array_append_val((GArray *)data, value);
    return true;
}

static bool read_page(Neo4jLog *log, GError **error) {
    g_autofree char *parameters = g_strdup_printf("{\"after\":%" G_GINT64_FORMAT
                                                  ",\"edges\":%" G_GUINT64_FORMAT ",\"limit\":%d}",
                                                  log->after, log->edges, NEO4J_LOG_PAGE);
    Neo4jResult result;
    g_array_set_size(log->page, 0);
    log->page_at = 0;
    if (!neo4j_run(log->neo4j, reading, page_statement, str_from(parameters), NEO4J_READ, &result,
                   error))
        return false;
    json_each(result.rows, keep_value, log->page);
    log->last_page = log->page->len < NEO4J_LOG_PAGE;
    return true;
}

/* Edges */

enum { EDGE_PLACE, EDGE_HOLDER, EDGE_RECORD, EDGE_COLUMNS };

typedef struct Edge {
    JsonValue columns[EDGE_COLUMNS];
    size_t count;
} Edge;

static bool keep_column(Str key, JsonValue value, void *data) {
    (void)key;
    Edge *edge = data;
    if (edge->count < EDGE_COLUMNS) edge->columns[edge->count++] = value;
    return true;
}

static bool fail_edge(const Neo4jLog *log, const Reject *reject, GError **error) {
    g_set_error(error, NEO4J_LOG_ERROR, NEO4J_LOG_ERROR_EDGE,
                "Neo4j at %s: %s: after place %" G_GINT64_FORMAT
                ", an edge is not as haechi writes it: %s%s%s%s%s%s",
                neo4j_address(log->neo4j), reading, log->after, reject->field,
                *reject->field ? ": " : "", reject->reason, *reject->value ? " ('" : "",
                reject->value, *reject->value ? "')" : "");
    return false;
}

/* Makes log->transaction of a page's row. */
static bool read_edge(Neo4jLog *log, JsonValue row, GError **error) {
    Edge edge = {.count = 0};
    Reject reject = {.field = "holder", .reason = "missing", .value = ""};
    json_each(row, keep_column, &edge);
    if (edge.count < EDGE_COLUMNS) return fail_edge(log, &reject, error);
    const Str holder = json_get_str(edge.columns[EDGE_HOLDER]);
    JsonValue objects[2] = {edge.columns[EDGE_RECORD]};
    if (!json_parse(log->json, holder.data, holder.len, &objects[1], &reject.reason) ||
        !transaction_from_objects(objects, G_N_ELEMENTS(objects), &log->scratch, &log->transaction,
                                  &reject))
        return fail_edge(log, &reject, error);
    log->after = json_get_int(edge.columns[EDGE_PLACE]);
    return true;
}

static LogStatus next_transaction(Neo4jLog *log, GError **error) {
    while (log->page_at == log->page->len) {
        if (log->last_page) return LOG_END;
        if (!read_page(log, error)) return LOG_ERROR;
    }
    const JsonValue row = g_array_index(log->page, JsonValue, log->page_at++);
    return read_edge(log, row, error) ? LOG_EVENT : LOG_ERROR;
}

/* The log */

static LogStatus fail_labels(const Neo4jLog *log, GError **error) {
    g_set_error(error, NEO4J_LOG_ERROR, NEO4J_LOG_ERROR_LABELS,
                "Neo4j at %s: %s: over %zu labels wait at once: choose a shorter label delay",
                neo4j_address(log->neo4j), reading, LABEL_QUEUE_MAX);
    return LOG_ERROR;
}

static LogStatus neo4j_log_next(EventLog *base, Event *event, GError **error) {
    Neo4jLog *log = (Neo4jLog *)base;
    if (!log->weave.holding) {
        const LogStatus status = next_transaction(log, error);
        if (status == LOG_ERROR) log->last_page = true;
        if (status != LOG_EVENT) return status;
        label_weave_arrive(&log->weave, log->transaction.time);
    }
    event->ahead = NULL;
    event->input = 0;
    event->kind = EVENT_LABEL;
    if (label_weave_next(&log->weave, &event->label)) return LOG_EVENT;
    event->kind = EVENT_TRANSACTION;
    event->transaction = log->transaction;
    return label_weave_pass(&log->weave, &log->transaction) ? LOG_EVENT : fail_labels(log, error);
}

static void neo4j_log_free(EventLog *base) {
    Neo4jLog *log = (Neo4jLog *)base;
    label_weave_clear(&log->weave);
    g_array_unref(log->page);
    json_parser_free(log->json);
    g_free(log);
}

static bool keep_count(Str key, JsonValue value, void *data) {
    if (json_type(value) == JSON_ARRAY) return json_each(value, keep_count, data);
    (void)key;
    *(uint64_t *)data = json_get_uint(value);
    return false;
}

static bool ask_edges(Neo4jLog *log, GError **error) {
    Neo4jResult result;
    if (!neo4j_run(log->neo4j, "counting its edges", edges_statement, STR(""), NEO4J_READ, &result,
                   error))
        return false;
    json_each(result.rows, keep_count, &log->edges);
    if (log->edges > 0) return true;
    g_set_error(error, NEO4J_LOG_ERROR, NEO4J_LOG_ERROR_EMPTY,
                "Neo4j at %s has no transactions; 'haechi graph load' puts some there",
                neo4j_address(log->neo4j));
    return false;
}

EventLog *neo4j_log_open(Neo4j *neo4j, const Neo4jLogOptions *options, GError **error) {
    Neo4jLog *log = g_new0(Neo4jLog, 1);
    log->base = (EventLog){neo4j_log_next, neo4j_log_free};
    log->neo4j = neo4j;
    log->after = -1;
    log->edges = options->edges;
    log->page = g_array_new(FALSE, FALSE, sizeof(JsonValue));
    log->json = json_parser_new(HOLDER_MAX);
    label_weave_init(&log->weave, options->label_delay);
    if (log->edges > 0 || ask_edges(log, error)) return &log->base;
    neo4j_log_free(&log->base);
    return NULL;
}

uint64_t neo4j_log_edges(const EventLog *base) {
    return ((const Neo4jLog *)base)->edges;
}
