/* haechi graph paths: how two vertices are joined, or a vertex to the nearest known fraud. */
#include "base/json_write.h"
#include "cli/command.h"
#include "cli/explore.h"
#include "cli/options.h"

#include <stdio.h>
#include <stdlib.h>

enum { LENGTH_DEFAULT = 4, LENGTH_MAX = 6, LIMIT_DEFAULT = 10, LIMIT_MAX = 100 };

static const char command[] = "graph paths";

/* The ends, as they were given. */
typedef struct Ends {
    const char *from, *to; /* `to` is NULL on the way to fraud */
} Ends;

/* A vertex of a path; what the user gave in full stays so. */
static void print_vertex(const GArray *vertices, JsonValue id, const char *given) {
    JsonValue vertex;
    if (!answer_vertex(vertices, id, &vertex)) return;
    g_autofree char *kind = answer_text(vertex, "kind"), *name = answer_text(vertex, "name");
    g_autofree char *title = given ? explore_title(given) : g_strconcat(kind, " ", name, NULL);
    printf("  %s%s\n", title,
           answer_flag(vertex, "compromised") ? ", known to be compromised" : "");
}

static void print_path(const GArray *vertices, JsonValue path, guint number, const Ends *ends) {
    g_autoptr(GArray) ids = answer_list(path, "vertices"), pairs = answer_list(path, "pairs");
    printf("\npath %u, of length %.0f\n", number, answer_number(path, "length"));
    for (guint at = 0; at < ids->len; at++) {
        const char *given = at == 0 ? ends->from : at + 1 == ids->len ? ends->to : NULL;
        print_vertex(vertices, g_array_index(ids, JsonValue, at), given);
        if (at >= pairs->len) continue;
        g_autofree char *text = answer_pair_text(g_array_index(pairs, JsonValue, at));
        printf("    %s\n", text);
    }
}

static void print_answer(JsonValue answer, void *data) {
    const Ends *ends = data;
    g_autoptr(GArray) vertices = answer_list(answer, "vertices");
    g_autoptr(GArray) paths = answer_list(answer, "paths");
    g_autofree char *from = explore_title(ends->from);
    g_autofree char *to = ends->to ? explore_title(ends->to) : g_strdup("compromised cards");
    const char *what = ends->to ? "shortest path" : "path";
    printf("%u %s%s from %s to %s%s\n", paths->len, what, paths->len == 1 ? "" : "s", from, to,
           answer_flag(answer, "more") ? ", and others as short (--limit)" : "");
    for (guint i = 0; i < paths->len; i++)
        print_path(vertices, g_array_index(paths, JsonValue, i), i + 1, ends);
    answer_print_cut(answer);
}

typedef struct Arguments {
    ServiceWords words;
    gint64 length, limit;
    gboolean to_fraud;
} Arguments;

/* What is wrong with the words; NULL for nothing. Subjects say it themselves. */
static const char *check(const Arguments *a, int count) {
    if (a->to_fraud && count == 2) return "either TO or --to-fraud says where the paths lead";
    if (!a->to_fraud && count == 1) return "needs TO, or --to-fraud";
    if (a->length < 1 || a->length > LENGTH_MAX) return "--length is a number from 1 to 6";
    if (a->limit < 1 || a->limit > LIMIT_MAX) return "--limit is a number from 1 to 100";
    return NULL;
}

static int ask(const Arguments *a, Ends *ends) {
    g_autoptr(GString) question = g_string_new("{\"from\":");
    json_write_str(question, str_from(ends->from));
    g_string_append(question, ends->to ? ",\"to\":" : ",\"to_fraud\":true");
    if (ends->to) json_write_str(question, str_from(ends->to));
    g_string_append_printf(question, ",\"length\":%d,\"limit\":%d}", (int)a->length, (int)a->limit);
    return explore_ask(command, &a->words, "/v1/graph/paths", question, print_answer, ends);
}

static int check_and_ask(const Arguments *a, int count, char **subjects) {
    const char *wrong = check(a, count);
    if (wrong)
        return options_fail(command, EXIT_USAGE, "%s (see 'haechi %s --help')", wrong, command);
    for (int i = 0; i < count; i++)
        if (!explore_check_subject(command, subjects[i])) return EXIT_USAGE;
    Ends ends = {subjects[0], count == 2 ? subjects[1] : NULL};
    return ask(a, &ends);
}

int cmd_graph_paths(int argc, char **argv) {
    Arguments a = {.length = LENGTH_DEFAULT, .limit = LIMIT_DEFAULT};
    GOptionEntry entries[SERVICE_ENTRIES + 4] = {
        [SERVICE_ENTRIES] = {"to-fraud", 0, 0, G_OPTION_ARG_NONE, &a.to_fraud,
                             "Lead to the nearest known compromised cards, one path to each", NULL},
        {"length", 0, 0, G_OPTION_ARG_INT64, &a.length,
         "Pairs of a card and a merchant in a path, at most, 1 to 6 (4)", "N"},
        {"limit", 0, 0, G_OPTION_ARG_INT64, &a.limit, "Show at most N paths, 1 to 100 (10)", "N"},
        {0},
    };
    service_words_entries(&a.words, entries);
    int status = EXIT_USAGE;
    if (options_parse(
            command, "FROM [TO]",
            "Asks a running service for the shortest paths between two of its cards and\n"
            "merchants, card:NUMBER or merchant:NAME, over the edges of the last 30 days.\n"
            "\nExamples:\n"
            "  haechi graph paths card:2291163933867244 'merchant:fraud_Kirlin and Sons'\n"
            "  haechi graph paths card:2291163933867244 --to-fraud",
            entries, &argc, &argv, 1, 2))
        status = check_and_ask(&a, argc - 1, argv + 1);
    service_words_clear(&a.words);
    return status;
}
