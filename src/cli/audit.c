/* haechi audit list, haechi audit verify: the audit trail of a data folder, also of one that a
 * service has open. */
#include "base/json_write.h"
#include "cli/command.h"
#include "cli/options.h"
#include "io/casebook.h"
#include "model/model_view.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { LIMIT_DEFAULT = 100 };

typedef struct Words {
    char *data_dir, *noted;
    int limit;
    gboolean json;
    gboolean people;
} Words;

static const char *data_dir_of(const Words *words) {
    return words->data_dir ? words->data_dir : "haechi-data";
}

/* Opens the trail for reading; NULL with *error. */
static AuditTrail *open_trail(const Words *words, Database *database, GError **error) {
    if (!database_open_reader(database, &casebook_kind, data_dir_of(words), error)) return NULL;
    return audit_trail_new(database, error);
}

/* List */

typedef struct Listing {
    GPtrArray *lines; /* char *, the latest first */
    bool json;
} Listing;

/* Nothing that would move the terminal's cursor. */
static char *printable(const char *text) {
    return model_view_printable(str_from(text ? text : ""));
}

static char *text_line(const AuditRecord *record) {
    const AuditEntry *entry = &record->entry;
    char time[AUDIT_TIME_LEN + 1];
    audit_time_text(record->time, time);
    g_autofree char *by = printable(entry->by), *role = printable(entry->role);
    g_autofree char *action = printable(entry->action), *subject = printable(entry->subject);
    g_autofree char *from = printable(entry->from), *to = printable(entry->to);
    g_autofree char *text = printable(entry->text);
    const bool moved = entry->from || entry->to;
    return g_strdup_printf("%7" G_GUINT64_FORMAT "  %s  %s (%s)  %s %s%s%s%s%s%s%s", record->seq,
                           time, by, role, action, subject, moved ? ": " : "", from,
                           moved ? " -> " : "", to, *text ? ": " : "", text);
}

static void take_record(const AuditRecord *record, void *data) {
    const Listing *listing = data;
    GString *line = g_string_new(NULL);
    if (listing->json) {
        audit_record_write(line, record);
    } else {
        g_autofree char *text = text_line(record);
        g_string_append(line, text);
    }
    g_ptr_array_add(listing->lines, g_string_free(line, FALSE));
}

/* As people read: the latest at the end. As the API gives it: the latest first. */
static void print_listing(const Listing *listing) {
    const guint count = listing->lines->len;
    if (listing->json) {
        fputs("{\"entries\":[", stdout);
        for (guint i = 0; i < count; i++)
            printf("%s%s", i > 0 ? "," : "", (char *)listing->lines->pdata[i]);
        puts("]}");
        return;
    }
    for (guint i = count; i > 0; i--)
        puts(listing->lines->pdata[i - 1]);
    if (count == 0) puts("no entries yet");
}

static bool list(const Words *words, AuditTrail *trail, GError **error) {
    g_autoptr(GPtrArray) lines = g_ptr_array_new_with_free_func(g_free);
    Listing listing = {.lines = lines, .json = words->json};
    if (!audit_trail_list(trail, words->people, UINT64_MAX, (size_t)words->limit, take_record,
                          &listing, error))
        return false;
    print_listing(&listing);
    return true;
}

/* Verify */

static void print_check(const Words *words, const AuditCheck *check) {
    if (words->json) {
        printf("{\"entries\":%" G_GUINT64_FORMAT ",\"hash\":\"%s\"", check->entries, check->last);
        if (words->noted) printf(",\"noted_at\":%" G_GUINT64_FORMAT, check->seen_at);
        puts("}");
        return;
    }
    printf("The audit trail holds: %" G_GUINT64_FORMAT " entries, the last with the hash\n%s\n",
           check->entries, check->last);
    if (words->noted)
        printf("Entry %" G_GUINT64_FORMAT " has the hash that was noted.\n", check->seen_at);
}

static bool verify(const Words *words, AuditTrail *trail, GError **error) {
    AuditCheck check;
    if (!audit_trail_verify(trail, words->noted, &check, error)) return false;
    if (words->noted && check.seen_at == 0) {
        g_set_error(error, DATABASE_ERROR, DATABASE_ERROR_TAMPERED,
                    "the audit trail of %s has no entry with the hash that was noted: it was "
                    "written anew, or its end is cut off",
                    data_dir_of(words));
        return false;
    }
    print_check(words, &check);
    return true;
}

/* Both */

typedef bool Task(const Words *words, AuditTrail *trail, GError **error);

static int run(const char *command, const Words *words, Task *task) {
    g_autoptr(GError) error = NULL;
    Database database = {0};
    AuditTrail *trail = open_trail(words, &database, &error);
    const bool ok = trail && task(words, trail, &error);
    audit_trail_free(trail);
    database_close(&database);
    return ok ? EXIT_SUCCESS : options_fail(command, EXIT_FAILURE, "%s", error->message);
}

static GOptionEntry data_dir_entry(Words *words) {
    return (GOptionEntry){"data-dir",
                          'd',
                          0,
                          G_OPTION_ARG_FILENAME,
                          &words->data_dir,
                          "Folder of the service's store (haechi-data)",
                          "DIR"};
}

static GOptionEntry json_entry(Words *words) {
    return (GOptionEntry){"json", 0, 0, G_OPTION_ARG_NONE, &words->json, "Print one JSON object",
                          NULL};
}

int cmd_audit_list(int argc, char **argv) {
    static const char command[] = "audit list";
    Words words = {.limit = LIMIT_DEFAULT};
    const GOptionEntry entries[] = {
        data_dir_entry(&words),
        {"limit", 'n', 0, G_OPTION_ARG_INT, &words.limit, "How many entries (100)", "N"},
        {"people", 0, 0, G_OPTION_ARG_NONE, &words.people,
         "Only what people did, and not the service of itself", NULL},
        json_entry(&words),
        {0},
    };
    int status = EXIT_USAGE;
    if (options_parse(command, NULL, "Lists the latest entries of the audit trail.", entries, &argc,
                      &argv, 0, 0))
        status = words.limit > 0 ? run(command, &words, list)
                                 : options_fail(command, EXIT_USAGE, "--limit is at least 1");
    g_free(words.data_dir);
    return status;
}

int cmd_audit_verify(int argc, char **argv) {
    static const char command[] = "audit verify";
    Words words = {0};
    const GOptionEntry entries[] = {
        data_dir_entry(&words),
        {"noted", 0, 0, G_OPTION_ARG_STRING, &words.noted,
         "The hash of an entry as it was noted elsewhere: it must be there", "HASH"},
        json_entry(&words),
        {0},
    };
    int status = EXIT_USAGE;
    if (options_parse(command, NULL,
                      "Checks that no entry of the audit trail was changed, taken out or put in.\n"
                      "Note the last hash where others cannot write: whoever can write the file "
                      "can also\nwrite a whole new trail, or cut its end off.",
                      entries, &argc, &argv, 0, 0))
        status =
            !words.noted || strlen(words.noted) == AUDIT_HASH_TEXT
                ? run(command, &words, verify)
                : options_fail(command, EXIT_USAGE, "--noted is a hash of 64 hexadecimal digits");
    g_free(words.data_dir);
    g_free(words.noted);
    return status;
}
