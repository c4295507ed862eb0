/* haechi graph ring: the small group around a vertex that trades among itself. */
#include "base/json_write.h"
#include "cli/command.h"
#include "cli/explore.h"
#include "cli/options.h"

#include <stdio.h>
#include <stdlib.h>

static const char command[] = "graph ring";

static void print_members(const GArray *vertices, const char *kind, const char *frauds) {
    printf("\n%17s  %12s  %s\n", frauds, "of its edges", kind);
    for (guint i = 0; i < vertices->len; i++) {
        const JsonValue vertex = g_array_index(vertices, JsonValue, i);
        g_autofree char *its = answer_text(vertex, "kind"), *name = answer_text(vertex, "name");
        if (strcmp(its, kind) != 0) continue;
        const bool is_card = strcmp(kind, "card") == 0;
        printf("%17.0f  %10.1f %%  %s\n",
               answer_number(vertex, is_card ? "frauds" : "compromised_cards"),
               100 * answer_number(vertex, "ring_share"), name);
    }
}

static void print_pairs(JsonValue answer, const GArray *vertices) {
    g_autoptr(GArray) pairs = answer_list(answer, "pairs");
    printf("\n%6s %12s %-20s %10s  %s\n", "edges", "sum", "last", "suspicion", "card, merchant");
    for (guint i = 0; i < pairs->len; i++) {
        const JsonValue pair = g_array_index(pairs, JsonValue, i);
        JsonValue card, merchant;
        if (!answer_end(vertices, pair, "card", &card) ||
            !answer_end(vertices, pair, "merchant", &merchant))
            continue;
        g_autofree char *last = answer_text(pair, "last");
        g_autofree char *number = answer_text(card, "name"), *name = answer_text(merchant, "name");
        printf("%6.0f %12.2f %-20s %10.4f  %s, %s\n", answer_number(pair, "count"),
               answer_number(pair, "sum"), last, answer_number(pair, "suspicion"), number, name);
    }
}

static void print_answer(JsonValue answer, void *data) {
    const char *subject = data;
    g_autofree char *title = explore_title(subject);
    g_autoptr(GArray) vertices = answer_list(answer, "vertices");
    if (answer_flag(answer, "too_wide")) {
        printf("no ring around %s: the group it belongs to has too many cards for one\n", title);
    } else if (!answer_flag(answer, "found")) {
        printf("no ring around %s\n", title);
    } else {
        printf("ring around %s: %.0f cards and %.0f merchants, %.0f edges between them, %.2f in "
               "all, in 30 days\n",
               title, answer_number(answer, "cards"), answer_number(answer, "merchants"),
               answer_number(answer, "edges"), answer_number(answer, "sum"));
        print_members(vertices, "card", "frauds");
        print_members(vertices, "merchant", "compromised cards");
        print_pairs(answer, vertices);
    }
    answer_print_cut(answer);
}

int cmd_graph_ring(int argc, char **argv) {
    ServiceWords words = {0};
    GOptionEntry entries[SERVICE_ENTRIES + 1] = {0};
    service_words_entries(&words, entries);
    int status = EXIT_USAGE;
    if (options_parse(
            command, "SUBJECT",
            "Asks a running service for the ring around card:NUMBER or merchant:NAME: the\n"
            "cards and merchants that trade among themselves. Each card pays at two or more\n"
            "of the merchants three times or more in 30 days; to each merchant three or more\n"
            "of the cards do so, who make a tenth or more of its edges.",
            entries, &argc, &argv, 1, 1) &&
        explore_check_subject(command, argv[1])) {
        g_autoptr(GString) question = g_string_new("{\"of\":");
        json_write_str(question, str_from(argv[1]));
        g_string_append_c(question, '}');
        status = explore_ask(command, &words, "/v1/graph/ring", question, print_answer, argv[1]);
    }
    service_words_clear(&words);
    return status;
}
