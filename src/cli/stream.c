/* haechi stream: sends the rows of a file to a service, so many a second. */
#include "pipeline/stream.h"
#include "base/duration.h"
#include "base/json_write.h"
#include "base/progress.h"
#include "cli/command.h"
#include "cli/options.h"
#include "serve/access.h"

#include <errno.h>
#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>

#define COUNT "%" G_GUINT64_FORMAT

static const char command[] = "stream";

/* Set by SIGINT and SIGTERM: the stream then ends as it does at the end of its file. */
static volatile sig_atomic_t interrupted;

static void on_signal(int number) {
    interrupted = number;
}

static bool go_on(void *data) {
    (void)data;
    return !interrupted;
}

static void on_waiting(void *data, const char *why) {
    (void)data;
    fprintf(stderr, "haechi stream: waiting for the service: %s\n", why);
}

static void on_progress(void *data, const StreamReport *report, uint64_t done, uint64_t total) {
    Progress **progress = data;
    if (!*progress) *progress = progress_new("streaming", total);
    g_autofree char *note = g_strdup_printf(
        COUNT " sent, " COUNT " labels, " COUNT " to review, " COUNT " declined", report->sent,
        report->labels_sent, report->transactions.review, report->transactions.decline);
    progress_update(*progress, done, note);
}

static double pace(const StreamReport *report) {
    return report->seconds > 0 ? (double)report->sent / report->seconds : 0;
}

static void print_text(const StreamReport *r) {
    const HttpSinkTotals *t = &r->transactions;
    printf(COUNT " transactions and " COUNT " labels sent in %.1f s, %.1f transactions a second\n",
           r->sent, r->labels_sent, r->seconds, pace(r));
    printf("decisions: " COUNT " approve, " COUNT " review, " COUNT " decline\n", t->approve,
           t->review, t->decline);
    if (t->refused || r->labels.refused)
        printf("refused by the service: " COUNT " transactions, " COUNT " labels\n", t->refused,
               r->labels.refused);
    if (t->duplicates) printf("known to the service before: " COUNT "\n", t->duplicates);
    if (r->rejected_rows || r->duplicate_rows)
        printf("not sent: " COUNT " bad rows, " COUNT " duplicates\n", r->rejected_rows,
               r->duplicate_rows);
}

static void print_json(const StreamReport *r) {
    const HttpSinkTotals *t = &r->transactions;
    g_autoptr(GString) out = g_string_new(NULL);
    g_string_append_printf(out,
                           "{\"transactions\":" COUNT ",\"labels\":" COUNT ",\"refused\":" COUNT
                           ",\"labels_refused\":" COUNT ",\"duplicates\":" COUNT
                           ",\"retries\":" COUNT ",\"rejected_rows\":" COUNT
                           ",\"duplicate_rows\":" COUNT ",\"decisions\":{\"approve\":" COUNT
                           ",\"review\":" COUNT ",\"decline\":" COUNT "},\"ended_by\":\"%s\"",
                           r->sent, r->labels_sent, t->refused, r->labels.refused, t->duplicates,
                           t->retries + r->labels.retries, r->rejected_rows, r->duplicate_rows,
                           t->approve, t->review, t->decline, stream_end_name(r->end));
    g_string_append(out, ",\"seconds\":");
    json_write_double(out, r->seconds, 6);
    g_string_append(out, ",\"transactions_per_second\":");
    json_write_double(out, pace(r), 6);
    g_string_append_c(out, '}');
    puts(out->str);
}

typedef struct Arguments {
    char *to, *rate, *label_delay, *length, *token_file;
    gint64 limit;
    gboolean loop, with_labels, no_labels, strict, json;
} Arguments;

static void arguments_clear(Arguments *a) {
    g_free(a->to);
    g_free(a->rate);
    g_free(a->label_delay);
    g_free(a->length);
    g_free(a->token_file);
}

static bool parse_rate(const char *text, double *rate) {
    char *end;
    *rate = g_ascii_strtod(text, &end);
    return end != text && *end == 0 && isfinite(*rate) && *rate >= 0 && *rate <= STREAM_RATE_MAX;
}

/* Fills *options; otherwise returns what is wrong with the arguments. */
static const char *fill_options(const Arguments *a, StreamOptions *options) {
    if (!a->to) return "--to URL is missing";
    if (!a->rate) return "--rate N is missing";
    if (!parse_rate(a->rate, &options->rate)) return "--rate is a number from 0 to 1000000";
    if (a->no_labels) options->label_delay = -1;
    if (a->length && (!duration_parse(a->length, &options->seconds) || options->seconds == 0))
        return "--for needs a length of time such as 30s";
    if (a->limit < 0) return "--limit is a number of transactions";
    if (a->loop && strcmp(options->path, "-") == 0)
        return "--loop cannot start standard input over";
    options->limit = (uint64_t)a->limit;
    options->loop = a->loop;
    options->with_labels = a->with_labels;
    options->strict = a->strict;
    return NULL;
}

static int run(const StreamOptions *options, const char *url, const char *token, bool json) {
    const struct sigaction action = {.sa_handler = on_signal};
    sigaction(SIGINT, &action, NULL);
    sigaction(SIGTERM, &action, NULL);
    Progress *progress = NULL;
    const HttpSinkOptions sink = {
        .url = url, .token = token, .go_on = go_on, .waiting = on_waiting, .data = &progress};
    StreamReport report;
    g_autoptr(GError) error = NULL;
    const bool good = stream_run(options, &sink, on_progress, &report, &error);
    progress_end(progress);
    g_autofree char *problem = report.problem;
    if (!good) return options_fail(command, EXIT_FAILURE, "%s", error->message);
    if (json)
        print_json(&report);
    else
        print_text(&report);
    if (problem) options_fail(command, EXIT_SUCCESS, "%s", problem);
    const bool never_reached = report.sent == 0 && report.transactions.retries > 0;
    return never_reached ? EXIT_FAILURE : EXIT_SUCCESS;
}

static int check_and_run(const Arguments *a, const char *path) {
    StreamOptions options = {.path = path};
    if (!options_label_delay(command, a->label_delay, &options.label_delay)) return EXIT_USAGE;
    const char *wrong = fill_options(a, &options);
    if (wrong) return options_fail(command, EXIT_USAGE, "%s (see 'haechi stream --help')", wrong);
    g_autoptr(GError) error = NULL;
    g_autofree char *token = a->token_file ? token_read(a->token_file, &error) : NULL;
    if (error) return options_fail(command, EXIT_FAILURE, "%s", error->message);
    return run(&options, a->to, token, a->json);
}

int cmd_stream(int argc, char **argv) {
    Arguments a = {0};
    const GOptionEntry entries[] = {
        {"to", 0, 0, G_OPTION_ARG_STRING, &a.to, "The service, such as http://127.0.0.1:8080",
         "URL"},
        {"rate", 0, 0, G_OPTION_ARG_STRING, &a.rate,
         "Transactions a second; 0 is as fast as it goes", "N"},
        {"label-delay", 0, 0, G_OPTION_ARG_STRING, &a.label_delay,
         "Send a row's label this long after it, in the rows' time (7d)", "TIME"},
        {"no-labels", 0, 0, G_OPTION_ARG_NONE, &a.no_labels, "Send no labels", NULL},
        {"with-labels", 0, 0, G_OPTION_ARG_NONE, &a.with_labels,
         "Leave is_fraud in the transactions too", NULL},
        {"for", 0, 0, G_OPTION_ARG_STRING, &a.length, "End after this long (30s, 5m, 2h)", "TIME"},
        {"limit", 0, 0, G_OPTION_ARG_INT64, &a.limit, "End after N transactions", "N"},
        {"loop", 0, 0, G_OPTION_ARG_NONE, &a.loop,
         "Start over at the end, with new transaction numbers and later times", NULL},
        {"token-file", 0, 0, G_OPTION_ARG_FILENAME, &a.token_file,
         "File that holds the service's API token", "FILE"},
        {"strict", 0, 0, G_OPTION_ARG_NONE, &a.strict, "Stop at the first bad row", NULL},
        {"json", 0, 0, G_OPTION_ARG_NONE, &a.json, "Print one JSON object at the end", NULL},
        {0},
    };
    int status = EXIT_USAGE;
    if (options_parse(
            command, "FILE",
            "Sends the rows of a CSV file (plain, gzip or zstd; '-' is standard input) to "
            "a service,\nso many a second, and each row's label after its delay. While "
            "the service is away, it waits.\n\nExample:\n  haechi stream fraudTest.csv "
            "--to http://127.0.0.1:8080 --rate 5",
            entries, &argc, &argv, 1, 1))
        status = check_and_run(&a, argv[1]);
    arguments_clear(&a);
    return status;
}
