/* haechi data check: what CSV files of transactions hold, and what is wrong with them. */
#include "base/civil.h"
#include "base/json_write.h"
#include "base/progress.h"
#include "cli/command.h"
#include "cli/options.h"
#include "io/data_profile.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#define COUNT "%" G_GUINT64_FORMAT

static const char command[] = "data check";

static double fraud_share(const DataProfile *p) {
    const uint64_t labelled = p->frauds + p->honest;
    return labelled ? (double)p->frauds / (double)labelled : 0;
}

/* As a table. */

static void print_totals(const DataProfile *p) {
    char first[CIVIL_TIME_LEN + 1], last[CIVIL_TIME_LEN + 1];
    printf("rows         " COUNT ": " COUNT " good, " COUNT " bad, " COUNT " duplicates\n", p->rows,
           p->good, p->rejected, p->duplicates);
    if (p->good == 0) return;
    civil_write_time(p->first_time, first);
    civil_write_time(p->last_time, last);
    printf("times        %s to %s\n", first, last);
    printf("cards        " COUNT "\nmerchants    " COUNT "\n", p->cards, p->merchants);
    printf("amounts      %.2f to %.2f, %.2f on average\n", (double)p->amount_min / 100,
           (double)p->amount_max / 100, (double)p->amount_sum / 100 / (double)p->good);
    printf("labels       " COUNT " fraud, " COUNT " not, " COUNT " missing", p->frauds, p->honest,
           p->unlabelled);
    if (p->frauds + p->honest) printf("; %.3f %% fraud", 100 * fraud_share(p));
    putchar('\n');
}

static void print_unknown_category(const char *name, uint64_t rows, void *data) {
    (void)data;
    printf("  %-20s " COUNT " (not known: counts as 'other')\n", name, rows);
}

static void print_categories(const DataProfiler *profiler, const DataProfile *p) {
    if (p->good == 0) return;
    puts("categories");
    for (uint8_t code = 0; code < CATEGORY_COUNT; code++) {
        const uint64_t other = p->unknown_category_rows + p->without_category;
        const uint64_t rows = p->category_rows[code] - (code == CATEGORY_OTHER ? other : 0);
        if (rows) printf("  %-20s " COUNT "\n", category_name(code), rows);
    }
    data_profiler_unknown_categories(profiler, print_unknown_category, NULL);
    if (p->without_category) printf("  %-20s " COUNT "\n", "(none)", p->without_category);
}

static void print_rejects(const DataProfiler *profiler) {
    size_t count;
    const RejectKind *kinds = data_profiler_rejects(profiler, &count);
    if (count) puts("bad rows");
    for (size_t i = 0; i < count; i++) {
        const Reject *first = &kinds[i].first;
        printf("  " COUNT " %s%s%s; the first in %s, line " COUNT, kinds[i].count, first->field,
               *first->field ? ": " : "", first->reason, data_profiler_reject_file(profiler, i),
               first->line);
        if (*first->value) printf(": '%s'", first->value);
        putchar('\n');
    }
}

static void print_table(const DataProfiler *profiler) {
    const DataProfile profile = data_profiler_result(profiler);
    DataWarning warnings[DATA_WARNINGS_MAX];
    const size_t count = data_profile_warnings(&profile, warnings);
    print_totals(&profile);
    print_categories(profiler, &profile);
    print_rejects(profiler);
    if (count) puts("warnings");
    for (size_t i = 0; i < count; i++)
        printf("  %s\n", warnings[i].text);
}

/* As JSON. */

static void add_count(GString *out, const char *name, uint64_t value) {
    g_string_append_printf(out, "\"%s\":" COUNT ",", name, value);
}

static void add_text(GString *out, const char *name, const char *value) {
    g_string_append_printf(out, "\"%s\":", name);
    json_write_str(out, str_from(value));
    g_string_append_c(out, ',');
}

static void add_cents(GString *out, const char *name, int64_t cents) {
    g_string_append_printf(out, "\"%s\":", name);
    json_write_cents(out, cents);
    g_string_append_c(out, ',');
}

/* Ends an object or array whose last member has left a comma behind. */
static void close_with(GString *out, char bracket) {
    if (out->str[out->len - 1] == ',') g_string_truncate(out, out->len - 1);
    g_string_append_c(out, bracket);
    g_string_append_c(out, ',');
}

static void add_totals(GString *out, const DataProfile *p) {
    add_count(out, "rows", p->rows);
    add_count(out, "good", p->good);
    add_count(out, "rejected", p->rejected);
    add_count(out, "duplicates", p->duplicates);
    add_count(out, "out_of_order", p->out_of_order);
    add_count(out, "cards", p->cards);
    add_count(out, "merchants", p->merchants);
    add_count(out, "frauds", p->frauds);
    add_count(out, "honest", p->honest);
    add_count(out, "unlabelled", p->unlabelled);
    g_string_append(out, "\"fraud_share\":");
    json_write_double(out, fraud_share(p), 6);
    g_string_append_c(out, ',');
    if (p->good == 0) return;
    char time[CIVIL_TIME_LEN + 1];
    civil_write_time(p->first_time, time);
    add_text(out, "first_time", time);
    civil_write_time(p->last_time, time);
    add_text(out, "last_time", time);
    add_cents(out, "amount_min", p->amount_min);
    add_cents(out, "amount_max", p->amount_max);
    add_cents(out, "amount_sum", p->amount_sum);
}

static void add_unknown_category(const char *name, uint64_t rows, void *data) {
    GString *out = data;
    json_write_str(out, str_from(name));
    g_string_append_printf(out, ":" COUNT ",", rows);
}

static void add_categories(GString *out, const DataProfiler *profiler, const DataProfile *p) {
    g_string_append(out, "\"categories\":{");
    for (uint8_t code = 0; code < CATEGORY_COUNT; code++)
        if (p->category_rows[code]) add_count(out, category_name(code), p->category_rows[code]);
    close_with(out, '}');
    g_string_append(out, "\"unknown_categories\":{");
    data_profiler_unknown_categories(profiler, add_unknown_category, out);
    close_with(out, '}');
}

static void add_rejects(GString *out, const DataProfiler *profiler) {
    size_t count;
    const RejectKind *kinds = data_profiler_rejects(profiler, &count);
    g_string_append(out, "\"rejects\":[");
    for (size_t i = 0; i < count; i++) {
        g_string_append_c(out, '{');
        add_count(out, "rows", kinds[i].count);
        add_text(out, "field", kinds[i].first.field);
        add_text(out, "reason", kinds[i].first.reason);
        add_text(out, "file", data_profiler_reject_file(profiler, i));
        add_count(out, "line", kinds[i].first.line);
        add_text(out, "value", kinds[i].first.value);
        close_with(out, '}');
    }
    close_with(out, ']');
}

static void print_json(const DataProfiler *profiler) {
    const DataProfile profile = data_profiler_result(profiler);
    DataWarning warnings[DATA_WARNINGS_MAX];
    const size_t count = data_profile_warnings(&profile, warnings);
    g_autoptr(GString) out = g_string_new("{");
    add_totals(out, &profile);
    add_categories(out, profiler, &profile);
    add_rejects(out, profiler);
    g_string_append(out, "\"warnings\":[");
    for (size_t i = 0; i < count; i++) {
        g_string_append_c(out, '{');
        add_text(out, "code", warnings[i].code);
        add_text(out, "text", warnings[i].text);
        close_with(out, '}');
    }
    close_with(out, ']');
    close_with(out, '}');
    g_string_truncate(out, out->len - 1);
    puts(out->str);
}

/* The command. */

static void on_progress(void *data, uint64_t done, uint64_t total) {
    (void)total;
    progress_update(data, done, NULL);
}

/* 0 when it is not known. */
static uint64_t size_of(const char *path) {
    struct stat info;
    return stat(path, &info) == 0 && S_ISREG(info.st_mode) ? (uint64_t)info.st_size : 0;
}

/* One that cannot be read to its end is told of, and the others are read all the same; its rows
 * until then stay counted. Returns how many those are. */
static size_t read_files(DataProfiler *profiler, char **files) {
    size_t bad = 0;
    for (size_t i = 0; files[i]; i++) {
        g_autoptr(GError) error = NULL;
        g_autofree char *label = g_strconcat("reading ", files[i], NULL);
        Progress *progress = progress_new(label, size_of(files[i]));
        const bool good = data_profiler_read(profiler, files[i], on_progress, progress, &error);
        progress_end(progress);
        if (good) continue;
        options_fail(command, EXIT_FAILURE, "%s", error->message);
        bad++;
    }
    return bad;
}

static int run(char **files, bool json, bool strict) {
    DataProfiler *profiler = data_profiler_new();
    const size_t bad = read_files(profiler, files);
    const DataProfile profile = data_profiler_result(profiler);
    if (bad < g_strv_length(files)) {
        if (json)
            print_json(profiler);
        else
            print_table(profiler);
    }
    data_profiler_free(profiler);
    return bad > 0 || (strict && profile.good != profile.rows) ? EXIT_FAILURE : EXIT_SUCCESS;
}

int cmd_data_check(int argc, char **argv) {
    gboolean json = FALSE, strict = FALSE;
    const GOptionEntry entries[] = {
        {"json", 0, 0, G_OPTION_ARG_NONE, &json, "Print one JSON object instead of a table", NULL},
        {"strict", 0, 0, G_OPTION_ARG_NONE, &strict,
         "Exit with status 1 if any row is bad or a duplicate", NULL},
        {0},
    };
    if (!options_parse(
            command, "FILE...",
            "Tells what CSV files of transactions hold: rows good and bad by reason, "
            "cards, merchants,\ntimes, fraud share, and what deserves a warning. FILE may "
            "be plain, gzip or zstd; '-' is\nstandard input. Several files are taken as "
            "one log, in their order.",
            entries, &argc, &argv, 1, INT_MAX))
        return EXIT_USAGE;
    return run(argv + 1, json, strict);
}
