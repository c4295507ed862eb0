/* haechi data download: the published data set from Kaggle, downloaded, unpacked and looked at. */
#include "base/json_write.h"
#include "base/progress.h"
#include "cli/command.h"
#include "cli/interrupt.h"
#include "cli/options.h"
#include "io/data_profile.h"
#include "io/kaggle.h"
#include "io/zip_files.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#define DATASET "kartik2112/fraud-detection"
#define ARCHIVE "fraud-detection.zip"
#define LOCK    "fraud-detection.lock"

enum {
    FILES = 2,
    FOLDER_MODE = 0777,
    LOCK_MODE = 0666,
    BAD_SHARE_MAX = 100 /* one row in so many may be bad */
};

#define FILE_BYTES_MAX (UINT64_C(4) << 30) /* unpacked */

static const char command[] = "data download";
static const char *const names[FILES] = {"fraudTrain.csv", "fraudTest.csv"};

typedef struct Options {
    char *out, *url, *ca_file;
    gboolean force, keep, json;
} Options;

/* Where things are. */
typedef struct Places {
    char *archive, *lock;
    char *files[FILES];   /* in the end */
    char *parts[FILES];   /* until they were looked at */
    uint64_t rows[FILES]; /* good ones */
} Places;

static void places_fill(Places *places, const char *out) {
    places->archive = g_build_filename(out, ARCHIVE, NULL);
    places->lock = g_build_filename(out, LOCK, NULL);
    for (int i = 0; i < FILES; i++) {
        places->files[i] = g_build_filename(out, names[i], NULL);
        places->parts[i] = g_strconcat(places->files[i], ".part", NULL);
    }
}

static void places_clear(Places *places) {
    g_free(places->archive);
    g_free(places->lock);
    for (int i = 0; i < FILES; i++) {
        g_free(places->files[i]);
        g_free(places->parts[i]);
    }
}

/* Progress. */

static bool show(Progress **bar, const char *label, uint64_t done, uint64_t total) {
    if (!*bar) *bar = progress_new(label, total);
    progress_update(*bar, done, NULL);
    return !interrupt_signal();
}

static bool on_download(void *data, uint64_t done, uint64_t total) {
    return total == 0 ? !interrupt_signal() : show(data, "downloading", done, total);
}

static bool on_unpack(void *data, uint64_t done, uint64_t total) {
    return show(data, "unpacking", done, total);
}

static void on_profile(void *data, uint64_t done, uint64_t total) {
    show(data, "reading", done, total);
}

static void end_bar(Progress **bar) {
    progress_end(*bar);
    *bar = NULL;
}

/* A line for who watches, which takes the bar's place. */
static void on_note(void *data, const char *line) {
    end_bar(data);
    fprintf(stderr, "%s\n", line);
}

/* The work. */

static bool download(const Options *o, const char *archive, GError **error) {
    Progress *bar = NULL;
    g_autofree char *warning = NULL;
    KaggleOptions options = {
        .url = o->url ? o->url : KAGGLE_URL,
        .dataset = DATASET,
        .ca_file = o->ca_file,
        .go_on = on_download,
        .note = on_note,
        .data = &bar,
    };
    if (!kaggle_key_read(&options.key, &warning, error)) return false;
    if (warning) fprintf(stderr, "haechi %s: warning: %s\n", command, warning);
    const bool good = kaggle_download(&options, archive, error);
    end_bar(&bar);
    kaggle_key_clear(&options.key);
    return good;
}

static void remove_parts(const Places *places) {
    for (int i = 0; i < FILES; i++)
        g_unlink(places->parts[i]);
}

/* A damaged archive is of no use to the next try either. */
static bool unpack(const Places *places, GError **error) {
    Progress *bar = NULL;
    ZipWanted wanted[FILES];
    const ZipLimits limits = {FILE_BYTES_MAX, on_unpack, &bar};
    for (int i = 0; i < FILES; i++)
        wanted[i] = (ZipWanted){names[i], places->parts[i]};
    GError *why = NULL;
    const bool good = zip_files_unpack(places->archive, wanted, FILES, &limits, &why);
    end_bar(&bar);
    if (good) return true;
    if (g_error_matches(why, ZIP_FILES_ERROR, ZIP_FILES_ERROR_DAMAGED)) {
        g_unlink(places->archive);
        g_prefix_error(&why, "the archive is damaged, and was removed (run this again to get it "
                             "anew): ");
    }
    g_propagate_error(error, why);
    return false;
}

/* Whether the file holds transactions. A few bad rows do not matter here: `data check` tells all.
 */
static bool look_at(Places *places, int i, GError **error) {
    Progress *bar = NULL;
    DataProfiler *profiler = data_profiler_new();
    bool good = data_profiler_read(profiler, places->parts[i], on_profile, &bar, error);
    const DataProfile profile = data_profiler_result(profiler);
    end_bar(&bar);
    data_profiler_free(profiler);
    places->rows[i] = profile.good;
    if (good && (profile.good == 0 || profile.rejected > profile.rows / BAD_SHARE_MAX)) {
        g_set_error(error, ZIP_FILES_ERROR, ZIP_FILES_ERROR_DAMAGED,
                    "%s does not hold the transactions that it should: %" G_GUINT64_FORMAT
                    " of %" G_GUINT64_FORMAT " rows are bad",
                    names[i], profile.rejected, profile.rows);
        good = false;
    }
    return good;
}

static bool put_in_place(const Places *places, GError **error) {
    for (int i = 0; i < FILES; i++) {
        if (g_rename(places->parts[i], places->files[i]) == 0) continue;
        g_set_error(error, ZIP_FILES_ERROR, ZIP_FILES_ERROR_SYSTEM, "%s: %s", places->files[i],
                    g_strerror(errno));
        return false;
    }
    return true;
}

/* The lock: one works in the folder at a time, from the first byte to the last file's name. Who has
 * it removes it at the end, still holding it. */

static bool is_at(int fd, const char *path) {
    struct stat held, there;
    return fstat(fd, &held) == 0 && stat(path, &there) == 0 && held.st_ino == there.st_ino &&
           held.st_dev == there.st_dev;
}

static bool fail_system(const char *doing, const char *path, GError **error) {
    g_set_error(error, ZIP_FILES_ERROR, ZIP_FILES_ERROR_SYSTEM, "cannot %s %s: %s", doing, path,
                g_strerror(errno));
    return false;
}

/* One that was removed between our opening and locking it is nobody's any more: another may have
 * taken the next. */
static int take_lock(const char *path, GError **error) {
    for (;;) {
        const int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, LOCK_MODE);
        if (fd < 0) {
            fail_system("open", path, error);
            return -1;
        }
        const bool locked = flock(fd, LOCK_EX | LOCK_NB) == 0;
        if (locked && is_at(fd, path)) return fd;
        if (!locked && errno == EWOULDBLOCK)
            g_set_error(error, ZIP_FILES_ERROR, ZIP_FILES_ERROR_SYSTEM,
                        "%s: another download of it is under way", DATASET);
        else if (!locked)
            fail_system("lock", path, error);
        close(fd);
        if (!locked) return -1;
    }
}

static bool get_locked(const Options *o, Places *places, GError **error) {
    if (o->force) g_unlink(places->archive);
    /* An archive that is there is whole: what was not is called otherwise. */
    if (!g_file_test(places->archive, G_FILE_TEST_EXISTS) && !download(o, places->archive, error))
        return false;
    bool good = unpack(places, error);
    for (int i = 0; i < FILES && good; i++)
        good = look_at(places, i, error);
    good = good && put_in_place(places, error);
    if (!good)
        remove_parts(places);
    else if (!o->keep)
        g_unlink(places->archive);
    return good;
}

static bool get(const Options *o, Places *places, GError **error) {
    if (g_mkdir_with_parents(o->out, FOLDER_MODE) != 0) return fail_system("make", o->out, error);
    const int lock = take_lock(places->lock, error);
    if (lock < 0) return false;
    const bool good = get_locked(o, places, error);
    g_unlink(places->lock);
    close(lock);
    return good;
}

/* Answers. */

static void print_json(const Places *places, bool already) {
    g_autoptr(GString) out = g_string_new("{\"files\":[");
    for (int i = 0; i < FILES; i++) {
        if (i > 0) g_string_append_c(out, ',');
        g_string_append(out, "{\"path\":");
        json_write_str(out, str_from(places->files[i]));
        g_string_append(out, ",\"rows\":");
        if (already)
            g_string_append(out, "null");
        else
            json_write_uint(out, places->rows[i]);
        g_string_append_c(out, '}');
    }
    g_string_append_printf(out, "],\"already\":%s}", already ? "true" : "false");
    puts(out->str);
}

static void print_text(const Places *places, bool already) {
    if (already) puts("They are there already (--force gets them again):");
    for (int i = 0; i < FILES; i++) {
        if (already)
            puts(places->files[i]);
        else
            printf("%s: %" G_GUINT64_FORMAT " transactions\n", places->files[i], places->rows[i]);
    }
}

static bool are_there(const Places *places) {
    for (int i = 0; i < FILES; i++)
        if (!g_file_test(places->files[i], G_FILE_TEST_EXISTS)) return false;
    return true;
}

static int run(const Options *o) {
    Places places = {0};
    g_autoptr(GError) error = NULL;
    places_fill(&places, o->out);
    const bool already = !o->force && are_there(&places);
    interrupt_catch();
    int status = EXIT_SUCCESS;
    if (already || get(o, &places, &error))
        (o->json ? print_json : print_text)(&places, already);
    else
        status = options_fail(command, interrupt_signal() ? 128 + interrupt_signal() : EXIT_FAILURE,
                              "%s", error->message);
    places_clear(&places);
    return status;
}

int cmd_data_download(int argc, char **argv) {
    Options o = {0};
    const GOptionEntry entries[] = {
        {"out", 'o', 0, G_OPTION_ARG_FILENAME, &o.out,
         "Folder for fraudTrain.csv and fraudTest.csv; made when missing", "DIR"},
        {"force", 0, 0, G_OPTION_ARG_NONE, &o.force, "Also where both files are there already",
         NULL},
        {"keep", 0, 0, G_OPTION_ARG_NONE, &o.keep, "Keep the archive (" ARCHIVE ") beside them",
         NULL},
        {"url", 0, 0, G_OPTION_ARG_STRING, &o.url,
         "Another address of Kaggle's API, for tests (" KAGGLE_URL ")", "URL"},
        {"ca-file", 0, 0, G_OPTION_ARG_FILENAME, &o.ca_file,
         "Certificates to trust instead of the system's", "FILE"},
        {"json", 0, 0, G_OPTION_ARG_NONE, &o.json, "Print one JSON object instead of text", NULL},
        {0},
    };
    int status = EXIT_USAGE;
    if (options_parse(
            command, NULL,
            "Downloads kartik2112/fraud-detection, the published data set, with your key of\n"
            "Kaggle: that of kaggle.json, in ~/.kaggle or $KAGGLE_CONFIG_DIR, or of "
            "KAGGLE_USERNAME\n"
            "and KAGGLE_KEY. What was cut off goes on where it was when this is run again.",
            entries, &argc, &argv, 0, 0))
        status =
            o.out && *o.out ? run(&o) : options_fail(command, EXIT_USAGE, "--out DIR is missing");
    g_free(o.out);
    g_free(o.url);
    g_free(o.ca_file);
    return status;
}
