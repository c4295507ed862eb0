/* haechi graph card, haechi graph merchant: what a service knows of one, and what it trades with.
 */
#include "base/json_write.h"
#include "cli/command.h"
#include "cli/explore.h"
#include "cli/options.h"
#include "record/columns.h"

#include <stdio.h>
#include <stdlib.h>

enum { EDGES_PRINTED = 10, NEIGHBOURS_DEFAULT = 20, NEIGHBOURS_MAX = 200 };

typedef struct Shown {
    const char *subject; /* "card:..." */
    bool is_card;
} Shown;

static void print_card_title(JsonValue of, const char *title, JsonValue vertex) {
    g_autofree char *as_of = answer_text(of, "as_of");
    printf("%s, as of %s: ", title, as_of);
    if (answer_flag(of, "compromised"))
        printf("known to be compromised, %.0f of its transactions labelled fraud\n",
               answer_number(vertex, "frauds"));
    else
        puts("not known to be compromised");
}

static void print_merchant_title(JsonValue of, const char *title, JsonValue vertex) {
    printf("%s: %.0f cards in 30 days, %.0f of them known to be compromised (%.2f %%)\n", title,
           answer_number(of, "cards"), answer_number(of, "compromised_cards"),
           100 * answer_number(vertex, "share"));
}

static void print_windows(JsonValue of) {
    g_autoptr(GArray) windows = answer_list(of, "windows");
    printf("\n%-8s %8s %14s %14s\n", "window", "edges", "sum", "max");
    for (guint i = 0; i < windows->len; i++) {
        const JsonValue window = g_array_index(windows, JsonValue, i);
        g_autofree char *name = answer_text(window, "window");
        printf("%-8s %8.0f %14.2f %14.2f\n", name, answer_number(window, "count"),
               answer_number(window, "sum"), answer_number(window, "max"));
    }
}

static void print_edges(JsonValue of, bool is_card) {
    g_autoptr(GArray) edges = answer_list(of, "edges");
    printf("\n%-20s %12s %10s  %s\n", "last edges", "amount", "suspicion",
           is_card ? "merchant" : "card");
    for (guint i = 0; i < edges->len && i < EDGES_PRINTED; i++) {
        const JsonValue edge = g_array_index(edges, JsonValue, i);
        g_autofree char *time = answer_text(edge, "time");
        g_autofree char *other = answer_text(edge, is_card ? "merchant" : "card");
        printf("%-20s %12.2f %10.4f  %s%s\n", time, answer_number(edge, "amount"),
               answer_number(edge, "suspicion"), other,
               answer_flag(edge, "compromised") ? ", compromised" : "");
    }
}

static void print_neighbour(JsonValue pair, JsonValue vertex, bool is_card) {
    g_autofree char *last = answer_text(pair, "last");
    g_autofree char *name = answer_text(vertex, "name");
    printf("%-20s %6.0f %12.2f %10.4f ", last, answer_number(pair, "count"),
           answer_number(pair, "sum"), answer_number(pair, "suspicion"));
    if (is_card)
        printf("%6.0f of %-6.0f %s\n", answer_number(vertex, "compromised_cards"),
               answer_number(vertex, "cards"), name);
    else
        printf("%6s %6.0f    %s\n", answer_flag(vertex, "compromised") ? "yes" : "no",
               answer_number(vertex, "frauds"), name);
}

static void print_neighbours(JsonValue answer, const GArray *vertices, bool is_card) {
    g_autoptr(GArray) pairs = answer_list(answer, "pairs");
    printf("\n%-20s %6s %12s %10s ", is_card ? "merchants, last met" : "cards, last met", "edges",
           "sum", "suspicion");
    puts(is_card ? "compromised      merchant" : "compr. frauds    card");
    for (guint i = 0; i < pairs->len; i++) {
        const JsonValue pair = g_array_index(pairs, JsonValue, i);
        JsonValue vertex;
        if (answer_end(vertices, pair, is_card ? "merchant" : "card", &vertex))
            print_neighbour(pair, vertex, is_card);
    }
    const double left_out = answer_number(answer, "left_out");
    if (left_out > 0) printf("and %.0f more (--limit)\n", left_out);
}

static void print_answer(JsonValue answer, void *data) {
    const Shown *shown = data;
    g_autofree char *title = explore_title(shown->subject);
    g_autoptr(GArray) vertices = answer_list(answer, "vertices");
    JsonValue of;
    if (!json_member(answer, "of", &of) || vertices->len == 0) return;
    const JsonValue vertex = g_array_index(vertices, JsonValue, 0);
    if (shown->is_card)
        print_card_title(of, title, vertex);
    else
        print_merchant_title(of, title, vertex);
    print_windows(of);
    print_edges(of, shown->is_card);
    print_neighbours(answer, vertices, shown->is_card);
    answer_print_cut(answer);
}

static int ask(const char *command, const ServiceWords *words, Shown *shown, gint64 limit) {
    g_autoptr(GString) question = g_string_new("{\"of\":");
    json_write_str(question, str_from(shown->subject));
    g_string_append_printf(question, ",\"steps\":1,\"limit\":%d}", (int)limit);
    return explore_ask(command, words, "/v1/graph/neighbourhood", question, print_answer, shown);
}

static int run(const char *command, bool is_card, const char *summary, int argc, char **argv) {
    ServiceWords words = {0};
    gint64 limit = NEIGHBOURS_DEFAULT;
    GOptionEntry entries[SERVICE_ENTRIES + 2] = {
        [SERVICE_ENTRIES] = {"limit", 0, 0, G_OPTION_ARG_INT64, &limit,
                             "Show at most N of those it trades with, 1 to 200 (20)", "N"},
        {0},
    };
    service_words_entries(&words, entries);
    int status = EXIT_USAGE;
    if (options_parse(command, is_card ? "NUMBER" : "NAME", summary, entries, &argc, &argv, 1, 1)) {
        g_autofree char *subject = g_strconcat(is_card ? "card:" : "merchant:", argv[1], NULL);
        Shown shown = {subject, is_card};
        uint64_t number;
        if (limit < 1 || limit > NEIGHBOURS_MAX)
            options_fail(command, 0, "--limit is a number from 1 to %d", NEIGHBOURS_MAX);
        else if (is_card && read_card(str_from(argv[1]), &number))
            options_fail(command, 0, "needs a card number, which this is not");
        else
            status = ask(command, &words, &shown, limit);
    }
    service_words_clear(&words);
    return status;
}

int cmd_graph_card(int argc, char **argv) {
    return run(
        "graph card", true,
        "Asks a running service about a card: its windows, its last edges, the merchants it\n"
        "trades with, and whether fraud is known of it.",
        argc, argv);
}

int cmd_graph_merchant(int argc, char **argv) {
    return run(
        "graph merchant", false,
        "Asks a running service about a merchant: its windows, its last edges, the cards it\n"
        "trades with, those known to be compromised first.",
        argc, argv);
}
