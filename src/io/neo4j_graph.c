#include "io/neo4j_graph.h"

#include "base/civil.h"
#include "base/decimal.h"
#include "base/hash.h"
#include "base/json_write.h"
#include "record/json.h"

#include <math.h>

G_DEFINE_QUARK(haechi - neo4j - graph - error, neo4j_graph_error)

struct Neo4jGraph {
    Neo4j *neo4j;
    char *id, *of;
    GraphPosition from, to;                     /* of the batch */
    GString *rows, *cards, *merchants, *labels; /* the insides of JSON arrays */
    GString *holder, *parameters;
    GHashTable *card_places, *merchant_places; /* in their lists, of cards with holders, of names */
    size_t row_count;
};

/* The schema */

static const char *const schema[] = {
    "CREATE CONSTRAINT haechi_card IF NOT EXISTS "
    "FOR (c:CreditCard) REQUIRE c.cc_num IS UNIQUE",
    "CREATE CONSTRAINT haechi_merchant IF NOT EXISTS "
    "FOR (m:Merchant) REQUIRE m.name IS UNIQUE",
    "CREATE CONSTRAINT haechi_transaction IF NOT EXISTS "
    "FOR ()-[t:TRANSACTION]-() REQUIRE t.trans_num IS UNIQUE",
    "CREATE CONSTRAINT haechi_graph IF NOT EXISTS "
    "FOR (g:HaechiGraph) REQUIRE g.id IS UNIQUE",
    "CREATE CONSTRAINT haechi_load IF NOT EXISTS "
    "FOR (l:HaechiLoad) REQUIRE l.id IS UNIQUE",
    "CREATE CONSTRAINT haechi_label IF NOT EXISTS "
    "FOR (l:HaechiLabel) REQUIRE l.trans_num IS UNIQUE",
    "CREATE INDEX haechi_place IF NOT EXISTS FOR ()-[t:TRANSACTION]-() ON (t.place)",
    "CREATE INDEX haechi_fraud IF NOT EXISTS FOR ()-[t:TRANSACTION]-() ON (t.is_fraud)",
    "CALL db.awaitIndexes(100)",
};

bool neo4j_graph_prepare(Neo4jGraph *graph, GError **error) {
    for (size_t i = 0; i < G_N_ELEMENTS(schema); i++)
        if (!neo4j_run(graph->neo4j, "making its constraints and indexes", schema[i], STR(""),
                       NEO4J_WRITE, NULL, error))
            return false;
    return true;
}

/* One statement a batch. What it reads of (:HaechiGraph) it reads after it has locked it by setting
 * a property; and it does nothing where the load is not where the batch starts from. The indexes
 * are named, since a plan made while the graph is empty would go through all edges, and be kept. */
static const char batch_statement[] =
    "MERGE (g:HaechiGraph {id: 1}) ON CREATE SET g.edges = 0 SET g.writer = $load "
    "WITH g MERGE (l:HaechiLoad {id: $load}) ON CREATE SET l.position = 0 "
    "WITH g, l WHERE l.position = $from "
    "CALL () { UNWIND $cards AS x"
    " MERGE (c:CreditCard {cc_num: x.cc_num}) ON CREATE SET c.holder = x.holder"
    " SET c += x.properties RETURN collect(c) AS cards } "
    "CALL () { UNWIND $merchants AS x"
    " MERGE (m:Merchant {name: x.name}) ON CREATE SET m += x.properties"
    " RETURN collect(m) AS merchants } "
    "WITH g, l, cards, merchants, g.edges AS first "
    "CALL (cards, merchants, first) { UNWIND range(0, size($rows) - 1) AS i"
    " WITH first, i, $rows[i] AS x, cards[$rows[i].card] AS c,"
    " $cards[$rows[i].card].holder AS holder, merchants[$rows[i].merchant] AS m"
    " OPTIONAL MATCH ()-[old:TRANSACTION {trans_num: x.trans_num}]->()"
    " USING INDEX old:TRANSACTION(trans_num)"
    " FOREACH (_ IN CASE WHEN old IS NULL THEN [1] ELSE [] END |"
    " CREATE (c)-[t:TRANSACTION {trans_num: x.trans_num,"
    " trans_date_trans_time: localdatetime(x.when), place: x.place + first + i,"
    " holder: CASE WHEN c.holder = holder THEN null ELSE holder END}]->(m)"
    " SET t += x.properties, t += x.answer)"
    " SET old += x.answer"
    " RETURN sum(CASE WHEN old IS NULL THEN 1 ELSE 0 END) AS created } "
    "CALL () { UNWIND $rows AS x MATCH (w:HaechiLabel {trans_num: x.trans_num})"
    " MATCH ()-[t:TRANSACTION {trans_num: x.trans_num}]->()"
    " USING INDEX t:TRANSACTION(trans_num)"
    " SET t.is_fraud = w.is_fraud, t.label_time = w.time DELETE w } "
    "CALL () { UNWIND $labels AS x"
    " OPTIONAL MATCH ()-[t:TRANSACTION {trans_num: x.trans_num}]->()"
    " USING INDEX t:TRANSACTION(trans_num)"
    " SET t.is_fraud = x.is_fraud, t.label_time = x.time"
    " WITH x, t WHERE t IS NULL MERGE (w:HaechiLabel {trans_num: x.trans_num})"
    " SET w.is_fraud = x.is_fraud, w.time = x.time } "
    "SET g.edges = first + size($rows),"
    " l.position = $to, l.clock = $clock, l.last = $last, l.of = $of, l.written = localdatetime() "
    "RETURN created, g.edges";

static const char open_statement[] = "OPTIONAL MATCH (l:HaechiLoad {id: $load}) "
                                     "RETURN coalesce(l.position, 0), l.clock, l.last";

/* Life */

Neo4jGraph *neo4j_graph_new(Neo4j *neo4j) {
    Neo4jGraph *graph = g_new0(Neo4jGraph, 1);
    graph->neo4j = neo4j;
    graph->rows = g_string_new(NULL);
    graph->cards = g_string_new(NULL);
    graph->merchants = g_string_new(NULL);
    graph->labels = g_string_new(NULL);
    graph->holder = g_string_new(NULL);
    graph->parameters = g_string_new(NULL);
    graph->card_places = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    graph->merchant_places = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    return graph;
}

void neo4j_graph_free(Neo4jGraph *graph) {
    if (!graph) return;
    GString *texts[] = {graph->rows,   graph->cards,  graph->merchants,
                        graph->labels, graph->holder, graph->parameters};
    for (size_t i = 0; i < G_N_ELEMENTS(texts); i++)
        g_string_free(texts[i], TRUE);
    g_hash_table_unref(graph->card_places);
    g_hash_table_unref(graph->merchant_places);
    g_free(graph->id);
    g_free(graph->of);
    g_free(graph);
}

static void start_batch(Neo4jGraph *graph) {
    g_string_truncate(graph->rows, 0);
    g_string_truncate(graph->cards, 0);
    g_string_truncate(graph->merchants, 0);
    g_string_truncate(graph->labels, 0);
    g_hash_table_remove_all(graph->card_places);
    g_hash_table_remove_all(graph->merchant_places);
    graph->row_count = 0;
    graph->from = graph->to;
}

/* The columns of a result's one row, up to `count` of them; returns how many there were. */
typedef struct Columns {
    JsonValue values[3];
    size_t count;
} Columns;

static bool keep_column(Str key, JsonValue value, void *data) {
    (void)key;
    Columns *columns = data;
    if (columns->count < G_N_ELEMENTS(columns->values)) columns->values[columns->count++] = value;
    return true;
}

static bool keep_row(Str key, JsonValue row, void *data) {
    (void)key;
    json_each(row, keep_column, data);
    return false;
}

static Columns first_row(const Neo4jResult *result) {
    Columns columns = {.count = 0};
    json_each(result->rows, keep_row, &columns);
    return columns;
}

static bool ask_position(Neo4jGraph *graph, const char *id, GraphPosition *position,
                         GError **error) {
    g_autoptr(GString) parameters = g_string_new("{\"load\":");
    json_write_str(parameters, str_from(id));
    g_string_append_c(parameters, '}');
    Neo4jResult result;
    if (!neo4j_run(graph->neo4j, "asking where the load is", open_statement,
                   (Str){parameters->str, parameters->len}, NEO4J_READ, &result, error))
        return false;
    const Columns row = first_row(&result);
    *position = (GraphPosition){.clock = INT64_MIN};
    if (row.count == 3) {
        position->events = json_get_uint(row.values[0]);
        if (json_type(row.values[1]) == JSON_INT) position->clock = json_get_int(row.values[1]);
        if (json_type(row.values[2]) == JSON_INT) position->last = json_get_int(row.values[2]);
    }
    return true;
}

bool neo4j_graph_open(Neo4jGraph *graph, const char *id, const char *of, GraphPosition *position,
                      GError **error) {
    g_assert(strlen(id) <= GRAPH_LOAD_ID_MAX);
    if (!ask_position(graph, id, position, error)) return false;
    g_free(graph->id);
    g_free(graph->of);
    graph->id = g_strdup(id);
    graph->of = g_strdup(of);
    graph->to = *position;
    start_batch(graph);
    return true;
}

/* Adding */

int64_t graph_event_mark(Str trans_num) {
    return (int64_t)(hash_str(trans_num, 0) >> 1 | 1);
}

static void write_key(GString *out, const char *name) {
    if (out->str[out->len - 1] != '{') g_string_append_c(out, ',');
    g_string_append_printf(out, "\"%s\":", name);
}

static void write_text(GString *out, const char *name, Str text) {
    write_key(out, name);
    json_write_str(out, text);
}

static void write_int(GString *out, const char *name, int64_t value) {
    write_key(out, name);
    g_string_append_printf(out, "%" G_GINT64_FORMAT, value);
}

static void write_degrees(GString *out, const char *name, double value) {
    if (isnan(value)) return;
    char text[DECIMAL_FORMAT_MAX];
    write_key(out, name);
    g_string_append_len(out, text, (gssize)decimal_format(value, text));
}

static void start_element(GString *list) {
    g_string_append(list, list->len ? ",{" : "{");
}

/* The place in the batch's list of what `key`, which is taken over, stands for; *is_new when it
 * stands there not yet. */
static int64_t place_in(GHashTable *table, char *key, bool *is_new) {
    gpointer found;
    *is_new = !g_hash_table_lookup_extended(table, key, NULL, &found);
    if (*is_new) {
        found = GUINT_TO_POINTER(g_hash_table_size(table));
        g_hash_table_insert(table, key, found);
    } else {
        g_free(key);
    }
    return GPOINTER_TO_UINT(found);
}

/* A card stands in the batch once for each state that its holder's data are in. */
static int64_t add_card(Neo4jGraph *graph, const Transaction *t) {
    g_string_truncate(graph->holder, 0);
    holder_write_json(graph->holder, t);
    bool is_new;
    char number[24];
    g_snprintf(number, sizeof number, "%" G_GUINT64_FORMAT, t->card);
    const int64_t place =
        place_in(graph->card_places, g_strconcat(number, graph->holder->str, NULL), &is_new);
    if (!is_new) return place;
    GString *out = graph->cards;
    start_element(out);
    write_text(out, "cc_num", str_from(number));
    write_text(out, "holder", (Str){graph->holder->str, graph->holder->len});
    write_key(out, "properties");
    g_string_append_len(out, graph->holder->str, (gssize)graph->holder->len);
    g_string_append_c(out, '}');
    return place;
}

static int64_t add_merchant(Neo4jGraph *graph, const Transaction *t) {
    bool is_new;
    const int64_t place =
        place_in(graph->merchant_places, g_strndup(t->merchant.data, t->merchant.len), &is_new);
    if (!is_new) return place;
    GString *out = graph->merchants;
    start_element(out);
    write_text(out, "name", t->merchant);
    g_string_append(out, ",\"properties\":{");
    write_degrees(out, "merch_lat", t->merchant_latitude);
    write_degrees(out, "merch_long", t->merchant_longitude);
    g_string_append(out, "}}");
    return place;
}

static void write_properties(GString *out, const Transaction *t) {
    g_string_append(out, ",\"properties\":{");
    write_int(out, "time", t->time);
    write_key(out, "amt");
    json_write_cents(out, t->amount);
    write_int(out, "amt_cents", t->amount);
    if (t->category_name.len) write_text(out, "category", t->category_name);
    write_degrees(out, "merch_lat", t->merchant_latitude);
    write_degrees(out, "merch_long", t->merchant_longitude);
    if (t->is_fraud != LABEL_NONE) write_int(out, "is_fraud", t->is_fraud);
    g_string_append_c(out, '}');
}

static void write_predicted(GString *out, Str name, bool flagged) {
    g_autofree char *key = g_strdup_printf("pred_%.*s_is_fraud", (int)name.len, name.data);
    write_int(out, key, flagged);
}

static void write_answer(GString *out, const GraphAnswer *answer) {
    g_string_append(out, ",\"answer\":{");
    if (answer) {
        write_key(out, "score");
        json_write_float(out, answer->score);
        write_text(out, "decision", str_from(answer->decision));
        write_text(out, "model_version", answer->model_version);
        write_predicted(out, answer->model_name, answer->flagged);
        Str kinds = answer->member_kinds;
        for (unsigned i = 0; i < answer->members->count; i++) {
            const Str kind = member_kinds_next(&kinds);
            if (!str_equal(kind, answer->model_name)) /* an object has no name twice */
                write_predicted(out, kind, answer->members->alerts >> i & 1);
        }
    }
    g_string_append_c(out, '}');
}

void neo4j_graph_add(Neo4jGraph *graph, const Transaction *t, const GraphAnswer *answer) {
    g_assert(!neo4j_graph_full(graph));
    char when[CIVIL_TIME_LEN + 1];
    civil_write_time(t->time, when);
    when[10] = 'T';
    graph->to.events++;
    graph->to.clock = MAX(graph->to.clock, t->time);
    graph->to.last = graph_event_mark(t->trans_num);
    GString *out = graph->rows;
    start_element(out);
    write_int(out, "card", add_card(graph, t));
    write_int(out, "merchant", add_merchant(graph, t));
    write_text(out, "trans_num", t->trans_num);
    write_text(out, "when", str_from(when));
    write_int(out, "place", graph->to.clock << GRAPH_ORDER_BITS);
    write_properties(out, t);
    write_answer(out, answer);
    g_string_append_c(out, '}');
    graph->row_count++;
}

void neo4j_graph_add_label(Neo4jGraph *graph, const Label *label) {
    g_assert(!neo4j_graph_full(graph));
    GString *out = graph->labels;
    start_element(out);
    write_text(out, "trans_num", label->trans_num);
    write_int(out, "is_fraud", label->is_fraud);
    write_int(out, "time", label->time);
    g_string_append_c(out, '}');
    graph->to.events++;
    graph->to.last = graph_event_mark(label->trans_num);
}

size_t neo4j_graph_batch(const Neo4jGraph *graph) {
    return (size_t)(graph->to.events - graph->from.events);
}

bool neo4j_graph_full(const Neo4jGraph *graph) {
    return neo4j_graph_batch(graph) >= GRAPH_BATCH_MAX;
}

GraphPosition neo4j_graph_position(const Neo4jGraph *graph) {
    return graph->to;
}

/* Writing */

static void write_list(GString *out, const char *name, const GString *inside) {
    write_key(out, name);
    g_string_append_c(out, '[');
    g_string_append_len(out, inside->str, (gssize)inside->len);
    g_string_append_c(out, ']');
}

static Str write_parameters(Neo4jGraph *graph) {
    GString *out = graph->parameters;
    g_string_assign(out, "{");
    write_text(out, "load", str_from(graph->id));
    write_text(out, "of", str_from(graph->of));
    write_int(out, "from", (int64_t)graph->from.events);
    write_int(out, "to", (int64_t)graph->to.events);
    write_int(out, "last", graph->to.last);
    write_key(out, "clock");
    if (graph->to.clock == INT64_MIN)
        g_string_append(out, "null");
    else
        g_string_append_printf(out, "%" G_GINT64_FORMAT, graph->to.clock);
    write_list(out, "cards", graph->cards);
    write_list(out, "merchants", graph->merchants);
    write_list(out, "rows", graph->rows);
    write_list(out, "labels", graph->labels);
    g_string_append_c(out, '}');
    return (Str){out->str, out->len};
}

/* The batch did not start where the load is. If the load is where the batch ends, an attempt whose
 * answer was lost has written it. */
static bool was_written(Neo4jGraph *graph, const char *doing, GError **error) {
    GraphPosition now;
    if (!ask_position(graph, graph->id, &now, error)) return false;
    if (now.events == graph->to.events) return true;
    g_set_error(error, NEO4J_GRAPH_ERROR, NEO4J_GRAPH_ERROR_MOVED,
                "Neo4j at %s: %s: the load is at event %" G_GUINT64_FORMAT
                " there, not at %" G_GUINT64_FORMAT,
                neo4j_address(graph->neo4j), doing, now.events, graph->from.events);
    return false;
}

static bool has_room(const Neo4jGraph *graph, uint64_t edges, GError **error) {
    if (edges + GRAPH_BATCH_MAX < UINT64_C(1) << GRAPH_ORDER_BITS) return true;
    g_set_error(error, NEO4J_GRAPH_ERROR, NEO4J_GRAPH_ERROR_FULL,
                "Neo4j at %s: the graph is full: it has %" G_GUINT64_FORMAT " edges",
                neo4j_address(graph->neo4j), edges);
    return false;
}

bool neo4j_graph_write(Neo4jGraph *graph, uint64_t *created, GError **error) {
    g_assert(graph->id);
    const size_t events = neo4j_graph_batch(graph);
    if (events == 0) return true;
    g_autofree char *doing = g_strdup_printf("writing %zu transactions and %zu labels",
                                             graph->row_count, events - graph->row_count);
    Neo4jResult result;
    if (!neo4j_run(graph->neo4j, doing, batch_statement, write_parameters(graph), NEO4J_WRITE,
                   &result, error))
        return false;
    const Columns row = first_row(&result);
    if (row.count < 2 && !was_written(graph, doing, error)) return false;
    *created += row.count < 2 ? graph->row_count : json_get_uint(row.values[0]);
    start_batch(graph);
    return row.count < 2 || has_room(graph, json_get_uint(row.values[1]), error);
}
