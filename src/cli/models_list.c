/* haechi models list: the versions of a folder of models, as a table. */
#include "cli/command.h"
#include "cli/models.h"
#include "cli/options.h"

#include <stdio.h>
#include <stdlib.h>

static const char command[] = "models list";

static void print_row(const char *const cells[8]) {
    printf("%-16s %-26s %-18s %-12s %9s %9s  %-16s %10s\n", cells[0], cells[1], cells[2], cells[3],
           cells[4], cells[5], cells[6], cells[7]);
}

static void print_version(const ModelView *view) {
    const RegistryVersion *v = view->version;
    if (view->error) {
        printf("%-16s %-26s damaged: %s\n", v->name, v->version, view->error);
        return;
    }
    g_autofree char *kinds = model_view_kinds(view), *aliases = model_view_aliases(view);
    g_autofree char *precision = model_view_text(view, "metrics", "average_precision");
    g_autofree char *f1 = model_view_text(view, "metrics", "best_f1");
    g_autofree char *trained = model_view_time(view, NULL, "trained_at");
    g_autofree char *rows = model_view_text(view, "data", "rows");
    print_row(
        (const char *const[]){v->name, v->version, kinds, aliases, precision, f1, trained, rows});
}

static void print_text(GPtrArray *versions) {
    if (versions->len == 0) {
        puts("no models yet: 'haechi train xgboost --train FILE --models DIR' makes one");
        return;
    }
    print_row((const char *const[]){"NAME", "VERSION", "KIND", "ALIASES", "AVG PREC", "BEST F1",
                                    "TRAINED (UTC)", "ROWS"});
    while (versions->len > 0) {
        g_autoptr(ModelView) view = model_view_new(g_ptr_array_steal_index(versions, 0));
        print_version(view);
    }
}

static void print_json(const GPtrArray *versions) {
    g_autoptr(GString) out = g_string_new(NULL);
    registry_list_write(versions, out);
    puts(out->str);
}

int cmd_models_list(int argc, char **argv) {
    ModelsWords words = {0};
    GOptionEntry entries[MODELS_ENTRIES + 1] = {0};
    models_words_entries(&words, entries);
    int status = EXIT_USAGE;
    if (options_parse(command, "[NAME]",
                      "Lists the versions of all models, or of one: the latest first.", entries,
                      &argc, &argv, 0, 1)) {
        g_autoptr(GError) error = NULL;
        g_autoptr(GPtrArray) versions =
            registry_list(models_dir(&words), argc > 1 ? argv[1] : NULL, &error);
        status =
            versions ? EXIT_SUCCESS : options_fail(command, EXIT_FAILURE, "%s", error->message);
        if (versions && words.json)
            print_json(versions);
        else if (versions)
            print_text(versions);
    }
    g_free(words.dir);
    return status;
}
