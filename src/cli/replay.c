/* haechi replay: a file through the engine as fast as it goes, and how good the scores were. */
#include "pipeline/replay.h"
#include "base/duration.h"
#include "base/json_write.h"
#include "base/progress.h"
#include "cli/command.h"
#include "cli/model_option.h"
#include "cli/options.h"
#include "io/csv_log.h"

#include <errno.h>
#include <math.h>
#include <sys/stat.h>

static const char command[] = "replay";

typedef struct Options {
    char *model, *warmup, *out, *label_delay, *exchange;
    gboolean json, strict;
    gint partitions;
    int64_t exchange_seconds; /* of `exchange` */
} Options;

static void options_clear(Options *o) {
    g_free(o->model);
    g_free(o->warmup);
    g_free(o->out);
    g_free(o->label_delay);
    g_free(o->exchange);
}

typedef struct Shown {
    Progress *bar;
    const EventLog *log;
} Shown;

static void show(void *data, uint64_t transactions) {
    const Shown *shown = data;
    (void)transactions;
    progress_update(shown->bar, csv_log_counters(shown->log).bytes_read, NULL);
}

static void json_number(GString *out, const char *name, double value) {
    g_string_append_printf(out, "%s\"%s\":", out->str[out->len - 1] == '{' ? "" : ",", name);
    json_write_double(out, value, 9);
}

static void json_confusion(GString *out, const Confusion *c) {
    json_number(out, "precision", c->precision);
    json_number(out, "recall", c->recall);
    json_number(out, "f1", c->f1);
    json_number(out, "accuracy", c->accuracy);
    g_string_append_c(out, '}');
}

static double microseconds(const Histogram *h, double share) {
    return (double)histogram_quantile(h, share) / 1000;
}

static double rate(const ReplayResult *r) {
    return r->seconds > 0 ? (double)r->transactions / r->seconds : 0;
}

/* Of the transactions that any member would have alerted on, the share that all would have. */
static double agreement(const ReplayResult *r) {
    return r->member_alerts_any ? (double)r->member_alerts_all / (double)r->member_alerts_any : NAN;
}

static void json_members(GString *out, const Model *model, const ReplayResult *r) {
    if (r->member_count == 0) return;
    json_number(out, "agreement", agreement(r));
    g_string_append(out, ",\"members\":[");
    for (size_t m = 0; m < r->member_count; m++) {
        const Metrics *metrics = &r->members[m];
        g_string_append_printf(out, "%s{\"kind\":\"%s\"", m > 0 ? "," : "",
                               model_kind_name(model_member_kind(model_member(model, m))));
        if (r->labelled) {
            json_number(out, "average_precision", metrics->average_precision);
            json_number(out, "best_f1", metrics->best_f1);
            json_number(out, "recall_at_precision_95", metrics->recall_at_precision_95);
        }
        g_string_append_c(out, '}');
    }
    g_string_append_c(out, ']');
}

static void print_members(const Model *model, const ReplayResult *r) {
    if (r->member_count == 0) return;
    if (r->member_alerts_any)
        printf("members agree on %.1f %% of the transactions that any would alert on\n",
               100 * agreement(r));
    for (size_t m = 0; r->labelled && m < r->member_count; m++)
        printf("  %-9s by itself: average precision %.4f, best F1 %.4f, recall at precision 0.95 "
               "%.4f\n",
               model_kind_name(model_member_kind(model_member(model, m))),
               r->members[m].average_precision, r->members[m].best_f1,
               r->members[m].recall_at_precision_95);
}

static void print_json(const Options *o, const Model *model, const ReplayResult *r,
                       uint64_t rejected, uint64_t duplicates) {
    g_autoptr(GString) out = g_string_new("{");
    json_number(out, "partitions", o->partitions);
    json_number(out, "exchange_seconds",
                o->exchange_seconds == EXCHANGE_NEVER ? NAN : (double)o->exchange_seconds);
    json_number(out, "transactions", (double)r->transactions);
    json_number(out, "rejected", (double)rejected);
    json_number(out, "duplicates", (double)duplicates);
    json_number(out, "frauds", (double)r->frauds);
    json_number(out, "seconds", r->seconds);
    json_number(out, "transactions_per_second", rate(r));
    g_string_append(out, ",\"latency_us\":{");
    json_number(out, "p50", microseconds(&r->latency_ns, 0.5));
    json_number(out, "p99", microseconds(&r->latency_ns, 0.99));
    json_number(out, "p999", microseconds(&r->latency_ns, 0.999));
    json_number(out, "max", (double)r->latency_ns.max / 1000);
    g_string_append_c(out, '}');
    json_number(out, "cards", (double)r->cards);
    json_number(out, "graph_bytes", (double)r->graph_bytes);
    if (r->labelled) {
        const Metrics *m = &r->metrics;
        json_number(out, "average_precision", m->average_precision);
        json_number(out, "roc_auc", m->roc_auc);
        json_number(out, "best_f1", m->best_f1);
        json_number(out, "recall_at_precision_95", m->recall_at_precision_95);
        g_string_append(out, ",\"at_threshold\":{");
        json_number(out, "threshold", m->threshold);
        json_confusion(out, &m->at_threshold);
        g_string_append(out, ",\"balanced\":{");
        json_confusion(out, &m->balanced);
    }
    json_members(out, model, r);
    g_string_append_c(out, '}');
    puts(out->str);
}

static void print_text(const Options *o, const Model *model, const ReplayResult *r,
                       uint64_t rejected, uint64_t duplicates) {
    if (o->partitions > 1)
        printf("%d partitions, exchange of merchants: %s\n", o->partitions, o->exchange);
    printf("%" G_GUINT64_FORMAT " transactions in %.2f s: %.0f a second; %" G_GUINT64_FORMAT
           " rejected, %" G_GUINT64_FORMAT " duplicates\n",
           r->transactions, r->seconds, rate(r), rejected, duplicates);
    printf("latency: p50 %.1f us, p99 %.1f us, p99.9 %.1f us, max %.0f us\n",
           microseconds(&r->latency_ns, 0.5), microseconds(&r->latency_ns, 0.99),
           microseconds(&r->latency_ns, 0.999), (double)r->latency_ns.max / 1000);
    printf("graph: %zu cards, %.0f KiB\n", r->cards, (double)r->graph_bytes / 1024);
    print_members(model, r);
    if (!r->labelled) return;
    const Metrics *m = &r->metrics;
    printf("frauds: %" G_GUINT64_FORMAT " of %" G_GUINT64_FORMAT " labelled\n", r->frauds,
           r->labelled);
    printf("average precision %.4f, ROC AUC %.4f, best F1 %.4f, recall at precision 0.95 %.4f\n",
           m->average_precision, m->roc_auc, m->best_f1, m->recall_at_precision_95);
    printf("%-22s %9s %9s %9s %9s\n", "", "precision", "recall", "F1", "accuracy");
    printf("at threshold %-9.4f %9.4f %9.4f %9.4f %9.4f\n", m->threshold, m->at_threshold.precision,
           m->at_threshold.recall, m->at_threshold.f1, m->at_threshold.accuracy);
    printf("%-22s %9.4f %9.4f %9.4f %9.4f\n", "balanced sample", m->balanced.precision,
           m->balanced.recall, m->balanced.f1, m->balanced.accuracy);
}

/* Runs the log into the partitions' engines with the model; the scores go to `out` if it is not
 * NULL. */
static int replay_log(const Options *o, EventLog *log, const Model *model, FILE *scores) {
    g_autoptr(GError) error = NULL;
    PartitionGroup *partitions =
        partition_group_new(model, (unsigned)o->partitions, o->exchange_seconds);
    Shown shown = {progress_new("replaying", csv_log_counters(log).bytes_total), log};
    const ReplayOptions options = {
        .judged_input = o->warmup ? 1 : 0,
        .scores = scores,
        .progress = show,
        .progress_data = &shown,
    };
    ReplayResult *result = g_new(ReplayResult, 1);
    bool good = replay(log, partitions, &options, result, &error);
    progress_end(shown.bar);
    partition_group_free(partitions);
    CsvLogCounters counters = csv_log_counters(log);
    if (good && o->json)
        print_json(o, model, result, counters.rejected, counters.duplicates);
    else if (good)
        print_text(o, model, result, counters.rejected, counters.duplicates);
    g_free(result);
    if (!good) return options_fail(command, 1, "%s", error->message);
    return csv_log_problem(log) ? options_fail(command, 1, "%s", csv_log_problem(log)) : 0;
}

static bool same_file(const char *a, const char *b) {
    struct stat one, two;
    return stat(a, &one) == 0 && stat(b, &two) == 0 && one.st_dev == two.st_dev &&
           one.st_ino == two.st_ino;
}

/* Whether the scores can be put under this name: a device would be gone, and a folder is in the
 * way. */
static bool can_be_put_at(const char *path) {
    struct stat st;
    return stat(path, &st) != 0 || S_ISREG(st.st_mode);
}

/* Scores appear under their name only when they are complete. */
static int replay_to_file(const Options *o, EventLog *log, const Model *model) {
    if (!o->out) return replay_log(o, log, model, NULL);
    g_autofree char *temporary = g_strconcat(o->out, ".new", NULL);
    FILE *scores = fopen(temporary, "we");
    if (!scores) return options_fail(command, 1, "cannot write %s: %s", o->out, g_strerror(errno));
    int status = replay_log(o, log, model, scores);
    bool written = fclose(scores) == 0;
    if (status == 0 && (!written || rename(temporary, o->out) != 0))
        status = options_fail(command, 1, "cannot write %s: %s", o->out, g_strerror(errno));
    if (status != 0) remove(temporary);
    return status;
}

static int open_and_replay(const Options *o, const char *file) {
    g_autoptr(GError) error = NULL;
    const char *paths[2];
    size_t count = 0;
    if (o->warmup) paths[count++] = o->warmup;
    paths[count++] = file;
    for (size_t i = 0; o->out && i < count; i++)
        if (same_file(o->out, paths[i]))
            return options_fail(command, EXIT_USAGE, "--out %s would overwrite what is read",
                                o->out);
    if (o->out && !can_be_put_at(o->out))
        return options_fail(command, EXIT_USAGE, "--out %s is no regular file", o->out);
    CsvLogOptions options = {.paths = paths, .path_count = count, .strict = o->strict};
    if (!options_label_delay(command, o->label_delay, &options.label_delay)) return EXIT_USAGE;
    g_autofree char *folder = model_option_folder(command, o->model, &error);
    Model *model = folder ? model_load(folder, &error) : NULL;
    if (!model) return options_fail(command, 1, "%s", error->message);
    EventLog *log = csv_log_open(&options, &error);
    int status =
        log ? replay_to_file(o, log, model) : options_fail(command, 1, "%s", error->message);
    if (log) log->free(log);
    model_free(model);
    return status;
}

/* Reads the words of --partitions and --exchange; false, having said why, when they are wrong. */
static bool read_partitions(Options *o) {
    if (o->partitions < 1 || o->partitions > PARTITIONS_MAX) {
        options_fail(command, 0, "--partitions needs a number from 1 to %d, not %d", PARTITIONS_MAX,
                     o->partitions);
        return false;
    }
    if (!o->exchange) o->exchange = g_strdup("1m");
    o->exchange_seconds = EXCHANGE_NEVER;
    if (strcmp(o->exchange, "never") == 0 || duration_parse(o->exchange, &o->exchange_seconds))
        return true;
    options_fail(command, 0, "--exchange needs a length of time such as 1m, or never, not '%s'",
                 o->exchange);
    return false;
}

int cmd_replay(int argc, char **argv) {
    Options o = {.partitions = 1};
    const GOptionEntry entries[] = {
        {"model", 'm', 0, G_OPTION_ARG_FILENAME, &o.model, MODEL_OPTION_HELP, "DIR"},
        {"warmup", 'w', 0, G_OPTION_ARG_FILENAME, &o.warmup,
         "Earlier transactions, for the cards' past; not judged", "FILE"},
        {"out", 'o', 0, G_OPTION_ARG_FILENAME, &o.out,
         "Write trans_num, score and decision of every transaction as CSV", "FILE"},
        {"label-delay", 0, 0, G_OPTION_ARG_STRING, &o.label_delay,
         "Time from a transaction to its label (7d)", "TIME"},
        {"partitions", 0, 0, G_OPTION_ARG_INT, &o.partitions,
         "Split the cards among N partitions, as N processes would (1)", "N"},
        {"exchange", 0, 0, G_OPTION_ARG_STRING, &o.exchange,
         "How often they tell each other of merchants; 0: at every transaction (1m)", "TIME|never"},
        {"strict", 0, 0, G_OPTION_ARG_NONE, &o.strict, "Stop at the first bad row", NULL},
        {"json", 0, 0, G_OPTION_ARG_NONE, &o.json, "Print one JSON object", NULL},
        {0},
    };
    int status = EXIT_USAGE;
    if (!options_parse(
            command, "FILE",
            "Streams a CSV file (plain, gzip, zstd, or - for standard input) through the\n"
            "engine as fast as it goes. Bad rows go to FILE.rejects.",
            entries, &argc, &argv, 1, 1))
        status = EXIT_USAGE;
    else if (!o.model)
        options_fail(command, 0, "needs --model DIR");
    else if (read_partitions(&o))
        status = open_and_replay(&o, argv[1]);
    options_clear(&o);
    return status;
}
