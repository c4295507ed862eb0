/* haechi graph query: one Cypher statement to Neo4j, its rows as a table or as JSON. */
#include "base/decimal.h"
#include "base/json_write.h"
#include "cli/command.h"
#include "cli/neo4j_options.h"
#include "cli/options.h"
#include "io/neo4j.h"

#include <stdio.h>
#include <stdlib.h>

enum { CELL_MAX = 60, COLUMNS_MAX = 64 }; /* characters of a cell that are shown */

static const char command[] = "graph query";

typedef struct Words {
    Neo4jWords neo4j;
    char **params;
    gboolean write, json;
} Words;

/* Parameters */

/* Whole numbers of so many digits are text: card numbers, which are text in the graph, have 12 and
 * more, and seconds since the epoch 10. */
enum { TEXT_DIGITS_MIN = 12 };

/* A number, true, false, null, a list or an object stands for itself; all else is text. */
static void write_value(GString *out, const char *text) {
    JsonParser *parser = json_parser_new(NEO4J_ANSWER_MAX);
    JsonValue root;
    const char *message;
    const bool is_card = strspn(text, "0123456789") >= TEXT_DIGITS_MIN;
    if (!is_card && json_parse(parser, text, strlen(text), &root, &message))
        g_string_append(out, text);
    else
        json_write_str(out, str_from(text));
    json_parser_free(parser);
}

static bool write_parameters(GString *out, char *const *params) {
    for (; params && *params; params++) {
        const char *equals = strchr(*params, '=');
        if (!equals || equals == *params) {
            options_fail(command, 0, "--param wants NAME=VALUE, not '%s'", *params);
            return false;
        }
        if (out->len > 1) g_string_append_c(out, ',');
        json_write_str(out, (Str){*params, (size_t)(equals - *params)});
        g_string_append_c(out, ':');
        write_value(out, equals + 1);
    }
    g_string_append_c(out, '}');
    return true;
}

/* Values as text */

static void write_json(GString *out, JsonValue value);

typedef struct Members {
    GString *out;
    size_t written;
    bool named;
} Members;

static bool write_member(Str key, JsonValue value, void *data) {
    Members *members = data;
    if (members->written++) g_string_append_c(members->out, ',');
    if (members->named) {
        json_write_str(members->out, key);
        g_string_append_c(members->out, ':');
    }
    write_json(members->out, value);
    return true;
}

static void write_double(GString *out, double value) {
    char text[DECIMAL_FORMAT_MAX];
    g_string_append_len(out, text, (gssize)decimal_format(value, text));
}

/* Nesting is bounded by the parser: JSON_MAX_DEPTH. */
static void write_json(GString *out, JsonValue value) {
    const JsonType type = json_type(value);
    Members members = {out, 0, type == JSON_OBJECT};
    if (type == JSON_OBJECT || type == JSON_ARRAY) {
        g_string_append_c(out, members.named ? '{' : '[');
        json_each(value, write_member, &members);
        g_string_append_c(out, members.named ? '}' : ']');
    } else if (type == JSON_STRING) {
        json_write_str(out, json_get_str(value));
    } else if (type == JSON_INT) {
        g_string_append_printf(out, "%" G_GINT64_FORMAT, json_get_int(value));
    } else if (type == JSON_UINT) {
        g_string_append_printf(out, "%" G_GUINT64_FORMAT, json_get_uint(value));
    } else if (type == JSON_DOUBLE) {
        write_double(out, json_get_double(value));
    } else {
        g_string_append(out, type == JSON_NULL ? "null" : json_get_bool(value) ? "true" : "false");
    }
}

/* A node or an edge is shown by its properties. */
static JsonValue shown_part(JsonValue value) {
    JsonValue properties, id;
    const bool is_element = json_type(value) == JSON_OBJECT &&
                            json_member(value, "elementId", &id) &&
                            json_member(value, "properties", &properties);
    return is_element ? properties : value;
}

/* One line of at most CELL_MAX characters, whatever is in the value. */
static char *cell_of(JsonValue value) {
    g_autoptr(GString) text = g_string_new(NULL);
    if (json_type(value) == JSON_STRING) {
        const Str string = json_get_str(value);
        g_string_append_len(text, string.data, (gssize)string.len);
    } else if (json_type(value) != JSON_NULL) {
        write_json(text, shown_part(value));
    }
    g_autofree char *valid = g_utf8_make_valid(text->str, (gssize)text->len);
    for (char *at = valid; *at; at++)
        if (g_ascii_iscntrl(*at)) *at = ' ';
    if (g_utf8_strlen(valid, -1) <= CELL_MAX) return g_steal_pointer(&valid);
    g_autofree char *start = g_utf8_substring(valid, 0, CELL_MAX - 1);
    return g_strconcat(start, "…", NULL);
}

/* The table */

typedef struct Table {
    GPtrArray *cells; /* char *, row after row, the names first */
    GArray *right;    /* bool a cell: a number, which stands at the right */
    size_t columns;
} Table;

static bool add_cell(Str key, JsonValue value, void *data) {
    (void)key;
    Table *table = data;
    const bool right = json_is_number(value);
    g_ptr_array_add(table->cells, cell_of(value));
    g_array_append_val(table->right, right);
    return true;
}

static bool add_row(Str key, JsonValue row, void *data) {
    (void)key;
    return json_each(row, add_cell, data);
}

static int columns_wide(const char *text) {
    int width = 0;
    for (; *text; text += g_utf8_skip[(unsigned char)*text]) {
        const gunichar c = g_utf8_get_char(text);
        width += g_unichar_iszerowidth(c) ? 0 : g_unichar_iswide(c) ? 2 : 1;
    }
    return width;
}

static void print_cell(const char *text, int width, bool right, bool last) {
    const int pad = width - columns_wide(text);
    if (right) printf("%*s", pad, "");
    fputs(text, stdout);
    if (!right && !last) printf("%*s", pad, "");
    fputs(last ? "\n" : "  ", stdout);
}

static void print_cells(const Table *table) {
    int widths[COLUMNS_MAX] = {0};
    for (guint i = 0; i < table->cells->len; i++) {
        int *width = &widths[i % table->columns];
        *width = MAX(*width, columns_wide(g_ptr_array_index(table->cells, i)));
    }
    for (guint i = 0; i < table->cells->len; i++) {
        const size_t column = i % table->columns;
        print_cell(g_ptr_array_index(table->cells, i), widths[column],
                   g_array_index(table->right, bool, i), column + 1 == table->columns);
    }
}

static void print_table(const Neo4jResult *result) {
    Table table = {g_ptr_array_new_with_free_func(g_free), g_array_new(FALSE, FALSE, sizeof(bool)),
                   json_count(result->fields)};
    json_each(result->fields, add_cell, &table);
    json_each(result->rows, add_row, &table);
    if (table.columns > 0) print_cells(&table);
    const size_t rows = json_count(result->rows);
    printf("%zu row%s\n", rows, rows == 1 ? "" : "s");
    g_ptr_array_unref(table.cells);
    g_array_unref(table.right);
}

static void print_json(const Neo4jResult *result) {
    g_autoptr(GString) out = g_string_new("{\"fields\":");
    write_json(out, result->fields);
    g_string_append(out, ",\"rows\":");
    write_json(out, result->rows);
    g_string_append_c(out, '}');
    puts(out->str);
}

static int ask(const Words *words, const char *statement, Str parameters) {
    const Neo4jOptions options = neo4j_words_options(&words->neo4j);
    g_autoptr(GError) error = NULL;
    Neo4j *neo4j = neo4j_new(&options, &error);
    Neo4jResult result;
    int status = EXIT_SUCCESS;
    if (!neo4j || !neo4j_run(neo4j, "running the query", statement, parameters,
                             words->write ? NEO4J_WRITE : NEO4J_READ, &result, &error))
        status = options_fail(command, EXIT_FAILURE, "%s", error->message);
    else if (words->json)
        print_json(&result);
    else if (json_count(result.fields) > COLUMNS_MAX)
        status = options_fail(command, EXIT_FAILURE, "a table has at most %d columns: use --json",
                              COLUMNS_MAX);
    else
        print_table(&result);
    neo4j_free(neo4j);
    return status;
}

int cmd_graph_query(int argc, char **argv) {
    Words words = {0};
    enum { OWN_ENTRIES = 3 };
    GOptionEntry entries[] = {
        {"param", 'p', 0, G_OPTION_ARG_STRING_ARRAY, &words.params,
         "A parameter of the statement: text, a number or other JSON; may be given again",
         "NAME=VALUE"},
        {"write", 0, 0, G_OPTION_ARG_NONE, &words.write, "Let the statement change the graph",
         NULL},
        {"json", 0, 0, G_OPTION_ARG_NONE, &words.json, "Print one JSON object", NULL},
        [OWN_ENTRIES + NEO4J_ENTRIES] = {0},
    };
    neo4j_words_entries(&words.neo4j, entries + OWN_ENTRIES);
    int status = EXIT_USAGE;
    g_autoptr(GString) parameters = g_string_new("{");
    if (!options_parse(
            command, "CYPHER",
            "Runs one Cypher statement in Neo4j and prints its rows. Without --write,\n"
            "Neo4j refuses to change anything. docs/graph-queries.md has a dozen to try.",
            entries, &argc, &argv, 1, 1))
        status = EXIT_USAGE;
    else if (!words.neo4j.url)
        options_fail(command, 0, "needs --neo4j URL");
    else if (write_parameters(parameters, words.params))
        status = ask(&words, argv[1], (Str){parameters->str, parameters->len});
    g_strfreev(words.params);
    neo4j_words_clear(&words.neo4j);
    return status;
}
