/* haechi models show: all about one version. */
#include "cli/command.h"
#include "cli/models.h"
#include "cli/options.h"

#include <glib/gstdio.h>
#include <stdio.h>
#include <stdlib.h>

static const char command[] = "models show";

static void print_line(const char *label, const char *text) {
    printf("%-28s %s\n", label, text);
}

static void print_data(const ModelView *view) {
    g_autofree char *from = model_view_time(view, "data", "from");
    g_autofree char *to = model_view_time(view, "data", "to");
    g_autofree char *rows = model_view_text(view, "data", "rows");
    g_autofree char *frauds = model_view_text(view, "data", "frauds");
    g_autofree char *line =
        g_strdup_printf("%s to %s, %s transactions, %s of them fraud", from, to, rows, frauds);
    print_line("data", line);
}

static void print_head(const ModelView *view) {
    g_autofree char *kinds = model_view_kinds(view), *aliases = model_view_aliases(view);
    g_autofree char *trained = model_view_time(view, NULL, "trained_at");
    g_autofree char *seconds = model_view_text(view, NULL, "training_seconds");
    g_autofree char *line = g_strdup_printf("%s UTC, in %s s", trained, seconds);
    g_autofree char *hash = model_view_text(view, NULL, "feature_hash");
    g_autofree char *threshold = model_view_text(view, NULL, "threshold");
    g_autofree char *decline = model_view_text(view, NULL, "decline_threshold");
    g_autofree char *choice = model_view_text(view, NULL, "threshold_choice");
    g_autofree char *thresholds =
        g_strdup_printf("review from %s, decline from %s: %s", threshold, decline, choice);
    print_line("name", view->version->name);
    print_line("version", view->version->version);
    print_line("aliases", aliases);
    print_line("kind", kinds);
    print_line("trained", line);
    print_data(view);
    print_line("features' hash", hash);
    print_line("thresholds", thresholds);
    print_line("folder", view->version->path);
}

/* The part of the manifest that is being printed. */
typedef struct Part {
    const ModelView *view;
    const char *name;
} Part;

static bool print_member(Str key, JsonValue value, void *data) {
    (void)value;
    const Part *part = data;
    g_autofree char *name = g_strndup(key.data, key.len);
    g_autofree char *label = model_view_printable(key);
    g_autofree char *text = model_view_text(part->view, part->name, name);
    g_autofree char *indented = g_strconcat("  ", label, NULL);
    print_line(indented, text);
    return true;
}

static void print_part(const ModelView *view, const char *title, const char *name) {
    Part part = {view, name};
    JsonValue object;
    printf("\n%s\n", title);
    if (json_member(view->manifest, name, &object)) json_each(object, print_member, &part);
}

static bool print_file(Str key, JsonValue value, void *data) {
    (void)value;
    const ModelView *view = data;
    g_autofree char *name = g_strndup(key.data, key.len);
    g_autofree char *path = g_build_filename(view->version->path, name, NULL);
    g_autofree char *label = model_view_printable(key);
    GStatBuf st;
    if (!model_name_valid(key) || g_stat(path, &st) != 0)
        printf("  %-26s missing\n", label);
    else
        printf("  %-26s %" G_GINT64_FORMAT " bytes\n", label, (gint64)st.st_size);
    return true;
}

static void print_text(ModelView *view) {
    JsonValue files;
    print_head(view);
    print_part(view, "metrics, on transactions it had not seen", "metrics");
    print_part(view, "parameters", "parameters");
    puts("\nfiles");
    if (json_member(view->manifest, "files", &files)) json_each(files, print_file, view);
}

static void print_json(const ModelView *view) {
    g_autoptr(GString) out = g_string_new(NULL);
    registry_version_write(view->version, out);
    puts(out->str);
}

int cmd_models_show(int argc, char **argv) {
    ModelsWords words = {0};
    GOptionEntry entries[MODELS_ENTRIES + 1] = {0};
    models_words_entries(&words, entries);
    int status = EXIT_USAGE;
    if (options_parse(command, "MODEL",
                      "Shows one version. MODEL is NAME/VERSION, NAME@champion, NAME@challenger,\n"
                      "NAME@latest or a VERSION; the beginning of a version will do.",
                      entries, &argc, &argv, 1, 1)) {
        g_autoptr(ModelView) view = model_view_find(command, models_dir(&words), argv[1]);
        status = view ? EXIT_SUCCESS : EXIT_FAILURE;
        if (view && words.json)
            print_json(view);
        else if (view)
            print_text(view);
    }
    g_free(words.dir);
    return status;
}
