#include "io/data_profile.h"

#include "base/hash_set.h"
#include "io/csv_reader.h"
#include <assert.h>
#include <stdarg.h>
#include <stdio.h>

enum { PROGRESS_ROWS = 4096 };

struct DataProfiler {
    DataProfile profile; /* without the sets' counts */
    HashSet *trans_nums, *cards, *merchants;
    RejectLog *rejects;
    char *reject_files[REJECT_KINDS_MAX];
    GHashTable *unknown_categories; /* name to a counter */
};

DataProfiler *data_profiler_new(void) {
    DataProfiler *profiler = g_new0(DataProfiler, 1);
    profiler->trans_nums = hash_set_new(0);
    profiler->cards = hash_set_new(0);
    profiler->merchants = hash_set_new(0);
    profiler->rejects = reject_log_new(NULL);
    profiler->unknown_categories = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
    return profiler;
}

void data_profiler_free(DataProfiler *profiler) {
    if (!profiler) return;
    hash_set_free(profiler->trans_nums);
    hash_set_free(profiler->cards);
    hash_set_free(profiler->merchants);
    reject_log_free(profiler->rejects);
    for (size_t i = 0; i < REJECT_KINDS_MAX; i++)
        g_free(profiler->reject_files[i]);
    g_hash_table_unref(profiler->unknown_categories);
    g_free(profiler);
}

static void add_reject(DataProfiler *profiler, const Reject *reject, const char *path) {
    size_t before, after;
    reject_log_kinds(profiler->rejects, &before);
    reject_log_add(profiler->rejects, reject);
    reject_log_kinds(profiler->rejects, &after);
    if (after > before) profiler->reject_files[before] = g_strdup(path);
    profiler->profile.rejected++;
    profiler->profile.rounded_cards += reject->reason == reason_rounded_card;
}

static void add_unknown_category(DataProfiler *profiler, Str name) {
    GHashTable *names = profiler->unknown_categories;
    g_autofree char *key = g_strndup(name.data, name.len);
    uint64_t *rows = g_hash_table_lookup(names, key);
    profiler->profile.unknown_category_rows++;
    if (!rows && g_hash_table_size(names) < UNKNOWN_CATEGORIES_MAX) {
        rows = g_new0(uint64_t, 1);
        g_hash_table_insert(names, g_steal_pointer(&key), rows);
    }
    if (rows) ++*rows;
}

static void add_category(DataProfiler *profiler, const Transaction *t) {
    profiler->profile.category_rows[t->category]++;
    if (t->category_name.len == 0)
        profiler->profile.without_category++;
    else if (t->category == CATEGORY_OTHER && !str_equal(t->category_name, STR("other")))
        add_unknown_category(profiler, t->category_name);
}

static void add_time(DataProfile *profile, const Transaction *t) {
    const bool first = profile->good == 1;
    profile->out_of_order += !first && t->time < profile->last_time;
    if (first || t->time < profile->first_time) profile->first_time = t->time;
    if (first || t->time > profile->last_time) profile->last_time = t->time;
}

static void add_amount(DataProfile *profile, const Transaction *t) {
    const bool first = profile->good == 1;
    if (first || t->amount < profile->amount_min) profile->amount_min = t->amount;
    if (first || t->amount > profile->amount_max) profile->amount_max = t->amount;
    if (profile->amount_sum <= INT64_MAX - t->amount) profile->amount_sum += t->amount;
}

/* Compares the row's two times, where it has both. */
static void add_time_forms(DataProfile *profile, const CsvParser *row, const Transaction *t) {
    const Str text = csv_column(row, COLUMN_TIME), unix_text = csv_column(row, COLUMN_UNIX_TIME);
    int64_t unix_time;
    profile->day_first_times += text.len > 0 && memchr(text.data, '/', text.len) != NULL;
    if (text.len == 0 || unix_text.len == 0 || read_unix_time(unix_text, &unix_time)) return;
    /* Day-first times have no seconds. */
    const int64_t behind = t->time - unix_time;
    if (behind > -60 && behind < 60) return;
    const bool first = profile->unix_time_differs++ == 0;
    if (first || behind < profile->unix_time_least) profile->unix_time_least = behind;
}

static void add_row(DataProfiler *profiler, const CsvParser *row, const Transaction *t) {
    DataProfile *profile = &profiler->profile;
    if (!hash_set_add(profiler->trans_nums, t->trans_num)) {
        profile->duplicates++;
        return;
    }
    profile->good++;
    profile->frauds += t->is_fraud == 1;
    profile->honest += t->is_fraud == 0;
    profile->unlabelled += t->is_fraud == LABEL_NONE;
    hash_set_add(profiler->cards, (Str){(const char *)&t->card, sizeof t->card});
    hash_set_add(profiler->merchants, t->merchant);
    add_category(profiler, t);
    add_time(profile, t);
    add_amount(profile, t);
    add_time_forms(profile, row, t);
}

bool data_profiler_read(DataProfiler *profiler, const char *path, DataProgress *progress,
                        void *data, GError **error) {
    CsvReader *reader = csv_reader_open(path, error);
    if (!reader) return false;
    const InputFile *file = csv_reader_file(reader);
    Transaction transaction;
    Reject reject;
    ReadStatus status;
    while ((status = csv_reader_next(reader, &transaction, &reject, error)) == READ_ROW ||
           status == READ_REJECT) {
        if (status == READ_ROW)
            add_row(profiler, csv_reader_parser(reader), &transaction);
        else
            add_reject(profiler, &reject, path);
        if (++profiler->profile.rows % PROGRESS_ROWS == 0 && progress)
            progress(data, input_file_position(file), input_file_size(file));
    }
    csv_reader_close(reader);
    return status == READ_END;
}

DataProfile data_profiler_result(const DataProfiler *profiler) {
    DataProfile profile = profiler->profile;
    profile.cards = hash_set_count(profiler->cards);
    profile.merchants = hash_set_count(profiler->merchants);
    return profile;
}

const RejectKind *data_profiler_rejects(const DataProfiler *profiler, size_t *count) {
    return reject_log_kinds(profiler->rejects, count);
}

const char *data_profiler_reject_file(const DataProfiler *profiler, size_t kind) {
    assert(kind < REJECT_KINDS_MAX);
    return profiler->reject_files[kind];
}

static gint compare_names(gconstpointer a, gconstpointer b) {
    return strcmp(a, b);
}

void data_profiler_unknown_categories(const DataProfiler *profiler, UnknownCategory *each,
                                      void *data) {
    GList *names = g_list_sort(g_hash_table_get_keys(profiler->unknown_categories), compare_names);
    for (const GList *name = names; name; name = name->next) {
        const uint64_t *rows = g_hash_table_lookup(profiler->unknown_categories, name->data);
        each(name->data, *rows, data);
    }
    g_list_free(names);
}

/* Warnings. */

typedef struct Warnings {
    DataWarning *out;
    size_t count;
} Warnings;

G_GNUC_PRINTF(3, 4)
static void warn(Warnings *warnings, const char *code, const char *format, ...) {
    assert(warnings->count < DATA_WARNINGS_MAX);
    DataWarning *warning = &warnings->out[warnings->count++];
    warning->code = code;
    va_list args;
    va_start(args, format);
    g_vsnprintf(warning->text, sizeof warning->text, format, args);
    va_end(args);
}

#define COUNT "%" G_GUINT64_FORMAT

static void warn_of_cards(const DataProfile *p, Warnings *warnings) {
    if (p->rounded_cards)
        warn(warnings, "rounded_card_numbers",
             COUNT " card numbers were rounded by a spreadsheet and cannot be told apart: "
                   "take the file as it was before it went through one.",
             p->rounded_cards);
    if (p->good >= 1000 && p->cards < 20)
        warn(warnings, "few_cards", "Only " COUNT " cards: a model learns these and no others.",
             p->cards);
    if (p->good >= 1000 && p->good < p->cards * 2)
        warn(warnings, "little_history",
             "Fewer than two transactions a card: there is no history to judge by.");
}

static void warn_of_times(const DataProfile *p, Warnings *warnings) {
    const double year = 365.2425 * 86400;
    if (p->out_of_order)
        warn(warnings, "unsorted_times",
             COUNT " rows are earlier than a row before them: they are taken in the file's order.",
             p->out_of_order);
    if (p->day_first_times)
        warn(warnings, "day_first_times",
             COUNT " times are written day first, without seconds: 8/3/2020 is read as 8 March.",
             p->day_first_times);
    if (p->unix_time_differs && p->unix_time_least > 0)
        warn(warnings, "unix_time_differs",
             COUNT " rows have a unix_time that lies at least %.1f years behind "
                   "trans_date_trans_time: harmless, as trans_date_trans_time counts.",
             p->unix_time_differs, (double)p->unix_time_least / year);
    else if (p->unix_time_differs)
        warn(warnings, "unix_time_differs",
             COUNT " rows have a unix_time other than their trans_date_trans_time, up to %.1f "
                   "years ahead of it: trans_date_trans_time counts.",
             p->unix_time_differs, (double)-p->unix_time_least / year);
}

static void warn_of_labels(const DataProfile *p, Warnings *warnings) {
    if (p->good && p->unlabelled == p->good)
        warn(warnings, "no_labels", "No row has a label: this can be scored, not learnt from.");
    else if (p->unlabelled)
        warn(warnings, "missing_labels", COUNT " rows have no label.", p->unlabelled);
    if (p->frauds + p->honest >= 1000 && p->frauds == 0)
        warn(warnings, "no_frauds", "No row is labelled as fraud: there is nothing to learn.");
    if (p->frauds * 10 > p->frauds + p->honest)
        warn(warnings, "balanced",
             "%.0f %% of the labelled rows are fraud: a sample that was balanced, whose precision "
             "says nothing of the real mix.",
             100 * (double)p->frauds / (double)(p->frauds + p->honest));
}

static void warn_of_rows(const DataProfile *p, Warnings *warnings) {
    if (p->rows == 0) warn(warnings, "no_rows", "There are no rows.");
    if (p->duplicates)
        warn(warnings, "duplicates",
             COUNT " rows repeat a trans_num seen before: the first one counts.", p->duplicates);
    if (p->unknown_category_rows)
        warn(warnings, "unknown_categories",
             COUNT " rows have a category that haechi does not know: they count as 'other'.",
             p->unknown_category_rows);
}

size_t data_profile_warnings(const DataProfile *profile, DataWarning out[DATA_WARNINGS_MAX]) {
    Warnings warnings = {.out = out};
    warn_of_rows(profile, &warnings);
    warn_of_cards(profile, &warnings);
    warn_of_times(profile, &warnings);
    warn_of_labels(profile, &warnings);
    return warnings.count;
}
