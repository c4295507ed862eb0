/* haechi graph load: files of transactions into Neo4j. */
#include "pipeline/graph_load.h"
#include "base/json_write.h"
#include "base/progress.h"
#include "cli/command.h"
#include "cli/interrupt.h"
#include "cli/neo4j_options.h"
#include "cli/options.h"

#include <stdio.h>
#include <stdlib.h>

#define COUNT "%" G_GUINT64_FORMAT

static const char command[] = "graph load";

static void on_waiting(void *data, const char *why) {
    (void)data;
    fprintf(stderr, "haechi graph load: waiting: %s\n", why);
}

/* A progress bar a file. */
typedef struct Bar {
    const char *path;
    Progress *progress;
} Bar;

static void on_progress(void *data, uint64_t bytes, uint64_t total, uint64_t transactions) {
    Bar *bar = data;
    if (!bar->progress) {
        g_autofree char *label = g_strconcat("loading ", bar->path, NULL);
        bar->progress = progress_new(label, total);
    }
    g_autofree char *note = g_strdup_printf(COUNT " transactions", transactions);
    progress_update(bar->progress, bytes, note);
}

static void add_report(GraphLoadReport *sum, const GraphLoadReport *one) {
    sum->transactions += one->transactions;
    sum->resumed += one->resumed;
    sum->created += one->created;
    sum->rejected += one->rejected;
    sum->duplicates += one->duplicates;
    sum->seconds += one->seconds;
}

/* Edges written a second, and those of earlier runs are none of them. */
static double pace(const GraphLoadReport *r) {
    return r->seconds > 0 ? (double)r->created / r->seconds : 0;
}

static void print_text(const GraphLoadReport *r) {
    printf(COUNT " transactions, " COUNT " edges made in %.1f s: %.0f a second\n", r->transactions,
           r->created, r->seconds, pace(r));
    if (r->resumed) printf("written by an earlier load: " COUNT "\n", r->resumed);
    const uint64_t known = r->transactions - r->resumed - r->created;
    if (known) printf("already in the graph under the same number: " COUNT "\n", known);
    if (r->rejected || r->duplicates)
        printf("not loaded: " COUNT " bad rows, " COUNT " duplicates\n", r->rejected,
               r->duplicates);
}

static void print_json(const GraphLoadReport *r) {
    g_autoptr(GString) out = g_string_new(NULL);
    g_string_append_printf(out,
                           "{\"transactions\":" COUNT ",\"created\":" COUNT ",\"resumed\":" COUNT
                           ",\"rejected\":" COUNT ",\"duplicates\":" COUNT ",\"seconds\":",
                           r->transactions, r->created, r->resumed, r->rejected, r->duplicates);
    json_write_double(out, r->seconds, 6);
    g_string_append(out, ",\"edges_per_second\":");
    json_write_double(out, pace(r), 6);
    g_string_append_c(out, '}');
    puts(out->str);
}

static bool load_one(Neo4j *neo4j, const char *path, bool strict, GraphLoadReport *sum) {
    Bar bar = {.path = path};
    const GraphLoadOptions options = {.path = path,
                                      .strict = strict,
                                      .go_on = interrupt_go_on,
                                      .waiting = on_waiting,
                                      .progress = on_progress,
                                      .data = &bar};
    GraphLoadReport report;
    g_autoptr(GError) error = NULL;
    const bool good = graph_load(neo4j, &options, &report, &error);
    progress_end(bar.progress);
    if (!good) options_fail(command, 0, "%s", error->message);
    if (report.problem) options_fail(command, 0, "%s", report.problem);
    const bool kept = !report.problem;
    g_free(report.problem);
    add_report(sum, &report);
    return good && kept;
}

static int load_all(const Neo4jWords *words, char **paths, bool strict, bool json) {
    Neo4jOptions options = neo4j_words_options(words);
    options.go_on = interrupt_go_on;
    g_autoptr(GError) error = NULL;
    Neo4j *neo4j = neo4j_new(&options, &error);
    if (!neo4j) return options_fail(command, EXIT_FAILURE, "%s", error->message);
    GraphLoadReport sum = {0};
    bool good = true;
    for (size_t i = 0; good && paths[i]; i++)
        good = load_one(neo4j, paths[i], strict, &sum);
    neo4j_free(neo4j);
    if (good && json)
        print_json(&sum);
    else if (good)
        print_text(&sum);
    return good ? EXIT_SUCCESS : EXIT_FAILURE;
}

int cmd_graph_load(int argc, char **argv) {
    Neo4jWords words = {0};
    gboolean strict = FALSE, json = FALSE;
    GOptionEntry entries[NEO4J_ENTRIES + 3] = {
        [NEO4J_ENTRIES] = {"strict", 0, 0, G_OPTION_ARG_NONE, &strict, "Stop at the first bad row",
                           NULL},
        {"json", 0, 0, G_OPTION_ARG_NONE, &json, "Print one JSON object", NULL},
        {0},
    };
    neo4j_words_entries(&words, entries);
    int status = EXIT_USAGE;
    if (!options_parse(
            command, "FILE...",
            "Puts the transactions of CSV files (plain, gzip, zstd, or - for standard input)\n"
            "into Neo4j. A load that was interrupted goes on where it was when it is run again.\n"
            "Bad rows go to FILE.rejects.",
            entries, &argc, &argv, 1, G_MAXINT)) {
        status = EXIT_USAGE;
    } else if (!words.url) {
        options_fail(command, 0, "needs --neo4j URL");
    } else {
        interrupt_catch(); /* the batch under way is then written, and the load ends */
        status = load_all(&words, argv + 1, strict, json);
    }
    neo4j_words_clear(&words);
    return status;
}
