/* haechi models compare: two versions or more, side by side. */
#include "cli/command.h"
#include "cli/explore.h"
#include "cli/models.h"
#include "cli/options.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

enum { LABEL = 28, CELL = 26 };

static const char command[] = "models compare";

/* A cell holds the value and, from the second version on, how much more it is than the first's. */
static void print_number(const ModelsCompared *c, const char *part, const char *key) {
    g_autofree char *label = model_view_printable(str_from(key));
    printf("%-*s", LABEL, label);
    for (size_t i = 0; i < c->count; i++) {
        g_autofree char *value = model_view_text(c->views[i], part, key);
        const double more =
            model_view_number(c->views[i], part, key) - model_view_number(c->views[0], part, key);
        g_autofree char *cell =
            i > 0 && isfinite(more) ? g_strdup_printf("%s (%+.4f)", value, more) : g_strdup(value);
        printf(" %*s", CELL, cell);
    }
    putchar('\n');
}

static void print_words(const ModelsCompared *c, const char *label,
                        char *(*words)(const ModelView *view)) {
    printf("%-*s", LABEL, label);
    for (size_t i = 0; i < c->count; i++) {
        g_autofree char *text = words(c->views[i]);
        printf(" %*s", CELL, text);
    }
    putchar('\n');
}

static char *name_of(const ModelView *view) {
    return g_strdup(view->version->name);
}

static char *version_of(const ModelView *view) {
    return g_strdup(view->version->version);
}

static char *trained_at(const ModelView *view) {
    return model_view_time(view, NULL, "trained_at");
}

static char *data_from(const ModelView *view) {
    return model_view_time(view, "data", "from");
}

static char *data_to(const ModelView *view) {
    return model_view_time(view, "data", "to");
}

static void print_text(const ModelsCompared *c) {
    print_words(c, "name", name_of);
    print_words(c, "version", version_of);
    print_words(c, "aliases", model_view_aliases);
    print_words(c, "kind", model_view_kinds);
    print_words(c, "trained", trained_at);
    print_words(c, "data from", data_from);
    print_words(c, "data to", data_to);
    print_number(c, "data", "rows");
    puts("\nmetrics");
    g_autoptr(GPtrArray) metrics = models_compared_keys(c, "metrics");
    for (guint i = 0; i < metrics->len; i++)
        print_number(c, "metrics", g_ptr_array_index(metrics, i));
    g_autoptr(GPtrArray) parameters = models_compared_keys(c, "parameters");
    puts("\nparameters that differ");
    for (guint i = 0; i < parameters->len; i++)
        if (models_compared_differ(c, "parameters", g_ptr_array_index(parameters, i)))
            print_number(c, "parameters", g_ptr_array_index(parameters, i));
}

static void print_json(const ModelsCompared *c) {
    g_autoptr(GString) out = g_string_new(NULL);
    models_compared_write(c, out);
    puts(out->str);
}

static int compare(const ModelsWords *words, int count, char **names) {
    ModelsCompared c = {0};
    g_autoptr(GError) error = NULL;
    for (int i = 0; !error && i < count; i++)
        models_compared_add(&c, models_dir(words), names[i], &error);
    if (!error) (words->json ? print_json : print_text)(&c);
    models_compared_clear(&c);
    return error ? options_fail(command, EXIT_FAILURE, "%s", error->message) : EXIT_SUCCESS;
}

/* Live: what a service counts of its champion and its challenger. */

static void print_role(JsonValue answer, JsonValue comparison, const char *role) {
    JsonValue model, hits;
    if (!json_member(answer, role, &model) || !json_member(comparison, role, &hits)) return;
    g_autofree char *name = answer_text(model, "name"), *version = answer_text(model, "version");
    printf("%-12s%10.0f%12.4f%10.4f%10.0f%10.0f  %s %s\n", role, answer_number(hits, "alerts"),
           answer_number(hits, "precision"), answer_number(hits, "recall"),
           answer_number(hits, "true_positives"), answer_number(hits, "false_negatives"), name,
           version);
}

static void print_live(JsonValue answer, void *data) {
    (void)data;
    JsonValue comparison, difference;
    if (!json_member(answer, "comparison", &comparison) ||
        !json_member(comparison, "score_difference", &difference))
        return;
    printf("%.0f transactions seen by both, %.0f behind; they decide alike in %.4f of them,\n"
           "and their scores are %.4f apart on average, %.4f at most. Where labels have come:\n\n",
           answer_number(comparison, "transactions"), answer_number(answer, "lag_events"),
           answer_number(comparison, "agreement"), answer_number(difference, "mean"),
           answer_number(difference, "max"));
    printf("%-12s%10s%12s%10s%10s%10s\n", "", "alerts", "precision", "recall", "caught", "missed");
    print_role(answer, comparison, "champion");
    print_role(answer, comparison, "challenger");
}

int cmd_models_compare(int argc, char **argv) {
    ModelsWords words = {0};
    ServiceWords service = {0};
    gboolean live = FALSE;
    enum { OWN = MODELS_ENTRIES + 3 };
    GOptionEntry entries[OWN + 1] = {
        [MODELS_ENTRIES] = {"live", 0, 0, G_OPTION_ARG_NONE, &live,
                            "In place of MODELs: how a running service's challenger differs from "
                            "its champion on the same transactions",
                            NULL},
        {"url", 0, 0, G_OPTION_ARG_STRING, &service.url, "The service (http://127.0.0.1:8080)",
         "URL"},
        {"token-file", 0, 0, G_OPTION_ARG_FILENAME, &service.token_file,
         "File that holds the service's API token", "FILE"},
    };
    models_words_entries(&words, entries);
    int status = EXIT_USAGE;
    if (options_parse(command, "MODEL MODEL...",
                      "Shows versions side by side: their metrics, how much more than the first's\n"
                      "they are, and the parameters that differ. MODEL is as for 'models show'.",
                      entries, &argc, &argv, 0, MODELS_COMPARED_MAX)) {
        service.json = words.json;
        if (live && argc == 1)
            status = explore_ask(command, &service, "/v1/models/live", NULL, print_live, NULL);
        else if (!live && argc > 2)
            status = compare(&words, argc - 1, argv + 1);
        else
            options_fail(command, 0, "wants two MODELs or more, or --live alone");
    }
    service_words_clear(&service);
    g_free(words.dir);
    return status;
}
