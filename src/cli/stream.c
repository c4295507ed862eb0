/* haechi stream: sends the rows of a file to a service or to Kafka, so many a second. */
#include "pipeline/stream.h"
#include "base/duration.h"
#include "base/json_write.h"
#include "base/progress.h"
#include "cli/command.h"
#include "cli/interrupt.h"
#include "cli/options.h"
#include "io/http_sink.h"
#include "io/kafka_sink.h"
#include "serve/access.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#define COUNT "%" G_GUINT64_FORMAT

static const char command[] = "stream";

static void on_waiting(void *data, const char *why) {
    (void)data;
    fprintf(stderr, "haechi stream: waiting for the service: %s\n", why);
}

static void on_progress(void *data, const StreamReport *report, uint64_t done, uint64_t total) {
    Progress **progress = data;
    if (!*progress) *progress = progress_new("streaming", total);
    const SinkTotals *t = &report->transactions;
    g_autoptr(GString) note = g_string_new(NULL);
    g_string_printf(note, COUNT " sent, " COUNT " labels", t->sent, report->labels.sent);
    if (t->approve + t->review + t->decline > 0)
        g_string_append_printf(note, ", " COUNT " to review, " COUNT " declined", t->review,
                               t->decline);
    progress_update(*progress, done, note->str);
}

static double pace(const StreamReport *report) {
    return report->seconds > 0 ? (double)report->transactions.sent / report->seconds : 0;
}

static void print_text(const StreamReport *r, bool decides) {
    const SinkTotals *t = &r->transactions, *labels = &r->labels;
    printf(COUNT " transactions and " COUNT " labels sent in %.1f s, %.1f transactions a second\n",
           t->sent, labels->sent, r->seconds, pace(r));
    printf("delivered: " COUNT " transactions, " COUNT " labels\n", t->delivered,
           labels->delivered);
    if (decides)
        printf("decisions: " COUNT " approve, " COUNT " review, " COUNT " decline\n", t->approve,
               t->review, t->decline);
    if (t->refused || labels->refused)
        printf("refused by the service: " COUNT " transactions, " COUNT " labels\n", t->refused,
               labels->refused);
    if (t->duplicates) printf("known to the service before: " COUNT "\n", t->duplicates);
    if (r->rejected_rows || r->duplicate_rows)
        printf("not sent: " COUNT " bad rows, " COUNT " duplicates\n", r->rejected_rows,
               r->duplicate_rows);
}

static void print_json(const StreamReport *r, bool decides) {
    const SinkTotals *t = &r->transactions, *labels = &r->labels;
    g_autoptr(GString) out = g_string_new(NULL);
    g_string_append_printf(
        out,
        "{\"transactions\":" COUNT ",\"labels\":" COUNT ",\"delivered\":" COUNT
        ",\"labels_delivered\":" COUNT ",\"refused\":" COUNT ",\"labels_refused\":" COUNT
        ",\"duplicates\":" COUNT ",\"retries\":" COUNT ",\"rejected_rows\":" COUNT
        ",\"duplicate_rows\":" COUNT,
        t->sent, labels->sent, t->delivered, labels->delivered, t->refused, labels->refused,
        t->duplicates, t->retries + labels->retries, r->rejected_rows, r->duplicate_rows);
    if (decides)
        g_string_append_printf(out,
                               ",\"decisions\":{\"approve\":" COUNT ",\"review\":" COUNT
                               ",\"decline\":" COUNT "}",
                               t->approve, t->review, t->decline);
    g_string_append_printf(out, ",\"ended_by\":\"%s\",\"seconds\":", stream_end_name(r->end));
    json_write_double(out, r->seconds, 6);
    g_string_append(out, ",\"transactions_per_second\":");
    json_write_double(out, pace(r), 6);
    g_string_append_c(out, '}');
    puts(out->str);
}

typedef struct Arguments {
    char *to, *rate, *label_delay, *length, *token_file, *labels_topic;
    char **kafka_set;
    gint64 limit;
    gboolean loop, with_labels, no_labels, strict, json;
} Arguments;

static void arguments_clear(Arguments *a) {
    g_free(a->to);
    g_free(a->rate);
    g_free(a->label_delay);
    g_free(a->length);
    g_free(a->token_file);
    g_free(a->labels_topic);
    g_strfreev(a->kafka_set);
}

static bool is_kafka(const Arguments *a) {
    return g_str_has_prefix(a->to, "kafka://");
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
    if (is_kafka(a) && a->token_file) return "--token-file is for a service's http address";
    if (!is_kafka(a) && (a->kafka_set || a->labels_topic))
        return "--kafka-set and --labels-topic are for a kafka:// address";
    options->limit = (uint64_t)a->limit;
    options->loop = a->loop;
    options->with_labels = a->with_labels;
    options->strict = a->strict;
    return NULL;
}

/* Of what was sent, what neither arrived nor was refused. */
static uint64_t lost(const SinkTotals *totals) {
    return totals->sent - totals->delivered - totals->refused;
}

static int print_report(const StreamReport *report, bool decides, bool json) {
    if (json)
        print_json(report, decides);
    else
        print_text(report, decides);
    if (report->problem) options_fail(command, EXIT_SUCCESS, "%s", report->problem);
    if (lost(&report->transactions) || lost(&report->labels))
        return options_fail(command, EXIT_FAILURE,
                            "ended with " COUNT " transactions and " COUNT
                            " labels of which it is not known whether they were delivered",
                            lost(&report->transactions), lost(&report->labels));
    const bool never_reached = report->transactions.sent == 0 && report->transactions.retries > 0;
    return never_reached ? EXIT_FAILURE : EXIT_SUCCESS;
}

static int run(const StreamOptions *options, Sink *sink, bool json) {
    interrupt_catch(); /* the stream then ends as it does at the end of its file */
    Progress *progress = NULL;
    const SinkCaller caller = {.go_on = interrupt_go_on, .waiting = on_waiting, .data = &progress};
    StreamReport report;
    g_autoptr(GError) error = NULL;
    const bool good = stream_run(options, sink, &caller, on_progress, &report, &error);
    progress_end(progress);
    const int status = good ? print_report(&report, sink->decides, json)
                            : options_fail(command, EXIT_FAILURE, "%s", error->message);
    g_free(report.problem);
    return status;
}

static int run_http(const Arguments *a, const StreamOptions *options) {
    g_autoptr(GError) error = NULL;
    g_autofree char *token = a->token_file ? token_read(a->token_file, &error) : NULL;
    Sink *sink = error ? NULL : http_sink_new(a->to, token, &error);
    if (!sink) return options_fail(command, EXIT_FAILURE, "%s", error->message);
    const int status = run(options, sink, a->json);
    sink->free(sink);
    return status;
}

/* Takes the NAME=VALUEs of --kafka-set. */
static bool set_all(KafkaSettings *settings, char *const *given, GError **error) {
    for (; given && *given; given++) {
        const char *equals = strchr(*given, '=');
        if (!equals) {
            g_set_error(error, KAFKA_ERROR, KAFKA_ERROR_SETTING, "--kafka-set needs NAME=VALUE");
            return false;
        }
        g_autofree char *name = g_strndup(*given, (gsize)(equals - *given));
        if (!kafka_settings_set(settings, name, equals + 1, error)) return false;
    }
    return true;
}

static int run_kafka(const Arguments *a, const StreamOptions *options) {
    g_autoptr(GError) error = NULL;
    g_autofree char *brokers = NULL, *topic = NULL;
    if (!kafka_url_parse(a->to, &brokers, &topic, &error))
        return options_fail(command, EXIT_USAGE, "%s", error->message);
    const char *labels = a->labels_topic ? a->labels_topic : "labels";
    if (!a->no_labels && strcmp(labels, topic) == 0)
        return options_fail(command, EXIT_USAGE, "labels need another topic than %s", topic);
    KafkaSettings *settings = kafka_sink_settings(brokers);
    int status = EXIT_USAGE;
    if (set_all(settings, a->kafka_set, &error)) {
        const KafkaSinkOptions to = {settings, topic, a->no_labels ? NULL : labels};
        Sink *sink = kafka_sink_new(&to, &error);
        status = sink ? run(options, sink, a->json) : EXIT_FAILURE;
        if (sink) sink->free(sink);
    }
    kafka_settings_free(settings);
    return error ? options_fail(command, status, "%s", error->message) : status;
}

static int check_and_run(const Arguments *a, const char *path) {
    StreamOptions options = {.path = path};
    if (!options_label_delay(command, a->label_delay, &options.label_delay)) return EXIT_USAGE;
    const char *wrong = fill_options(a, &options);
    if (wrong) return options_fail(command, EXIT_USAGE, "%s (see 'haechi stream --help')", wrong);
    return is_kafka(a) ? run_kafka(a, &options) : run_http(a, &options);
}

static const char summary[] =
    "Sends the rows of a CSV file (plain, gzip or zstd; '-' is standard input) to a service or to\n"
    "topics of Kafka, so many a second, and each row's label after its delay. While the other "
    "side\n"
    "is away, it waits.\n\nExamples:\n"
    "  haechi stream fraudTest.csv --to http://127.0.0.1:8080 --rate 5\n"
    "  haechi stream fraudTest.csv --to kafka://127.0.0.1:9092/transactions --rate 5";

int cmd_stream(int argc, char **argv) {
    Arguments a = {0};
    const GOptionEntry entries[] = {
        {"to", 0, 0, G_OPTION_ARG_STRING, &a.to,
         "A service, such as http://127.0.0.1:8080, or kafka://HOST:PORT/TOPIC", "URL"},
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
        {"labels-topic", 0, 0, G_OPTION_ARG_STRING, &a.labels_topic,
         "The topic that Kafka gets the labels in (labels)", "TOPIC"},
        {"kafka-set", 0, 0, G_OPTION_ARG_STRING_ARRAY, &a.kafka_set,
         "One of librdkafka's settings; with -file behind its name, the value is the file's "
         "content",
         "NAME=VALUE"},
        {"strict", 0, 0, G_OPTION_ARG_NONE, &a.strict, "Stop at the first bad row", NULL},
        {"json", 0, 0, G_OPTION_ARG_NONE, &a.json, "Print one JSON object at the end", NULL},
        {0},
    };
    int status = EXIT_USAGE;
    if (options_parse(command, "FILE", summary, entries, &argc, &argv, 1, 1))
        status = check_and_run(&a, argv[1]);
    arguments_clear(&a);
    return status;
}
