/* haechi models compare: two versions or more, side by side. */
#include "base/json_write.h"
#include "cli/command.h"
#include "cli/explore.h"
#include "cli/models.h"
#include "cli/options.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

enum { COMPARED_MAX = 8, LABEL = 28, CELL = 26 };

static const char command[] = "models compare";

typedef struct Comparison {
    ModelView *views[COMPARED_MAX];
    size_t count;
} Comparison;

static bool add_key(Str key, JsonValue value, void *data) {
    (void)value;
    GPtrArray *keys = data;
    char *name = g_strndup(key.data, key.len);
    if (g_ptr_array_find_with_equal_func(keys, name, g_str_equal, NULL))
        g_free(name);
    else
        g_ptr_array_add(keys, name);
    return true;
}

/* The keys of a part of the manifests, each once, in their order. */
static GPtrArray *keys_of(const Comparison *c, const char *part) {
    GPtrArray *keys = g_ptr_array_new_with_free_func(g_free);
    JsonValue object;
    for (size_t i = 0; i < c->count; i++)
        if (json_member(c->views[i]->manifest, part, &object)) json_each(object, add_key, keys);
    return keys;
}

static double number_of(const ModelView *view, const char *part, const char *key) {
    JsonValue value;
    return model_view_value(view, part, key, &value) && json_is_number(value)
               ? json_get_double(value)
               : NAN;
}

static bool differ(const Comparison *c, const char *part, const char *key) {
    g_autofree char *first = model_view_text(c->views[0], part, key);
    for (size_t i = 1; i < c->count; i++) {
        g_autofree char *other = model_view_text(c->views[i], part, key);
        if (g_strcmp0(first, other) != 0) return true;
    }
    return false;
}

/* A cell holds the value and, from the second version on, how much more it is than the first's. */
static void print_number(const Comparison *c, const char *part, const char *key) {
    g_autofree char *label = model_view_printable(str_from(key));
    printf("%-*s", LABEL, label);
    for (size_t i = 0; i < c->count; i++) {
        g_autofree char *value = model_view_text(c->views[i], part, key);
        const double more = number_of(c->views[i], part, key) - number_of(c->views[0], part, key);
        g_autofree char *cell =
            i > 0 && isfinite(more) ? g_strdup_printf("%s (%+.4f)", value, more) : g_strdup(value);
        printf(" %*s", CELL, cell);
    }
    putchar('\n');
}

static void print_words(const Comparison *c, const char *label,
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

static void print_text(const Comparison *c) {
    print_words(c, "name", name_of);
    print_words(c, "version", version_of);
    print_words(c, "aliases", model_view_aliases);
    print_words(c, "kind", model_view_kinds);
    print_words(c, "trained", trained_at);
    print_words(c, "data from", data_from);
    print_words(c, "data to", data_to);
    print_number(c, "data", "rows");
    puts("\nmetrics");
    g_autoptr(GPtrArray) metrics = keys_of(c, "metrics");
    for (guint i = 0; i < metrics->len; i++)
        print_number(c, "metrics", g_ptr_array_index(metrics, i));
    g_autoptr(GPtrArray) parameters = keys_of(c, "parameters");
    puts("\nparameters that differ");
    for (guint i = 0; i < parameters->len; i++)
        if (differ(c, "parameters", g_ptr_array_index(parameters, i)))
            print_number(c, "parameters", g_ptr_array_index(parameters, i));
}

static void write_values(GString *out, const Comparison *c, const char *part, bool all,
                         void (*write)(GString *, const ModelView *, const char *, const char *)) {
    g_autoptr(GPtrArray) keys = keys_of(c, part);
    g_string_append_printf(out, ",\"%s\":{", part);
    for (guint k = 0; k < keys->len; k++) {
        const char *key = g_ptr_array_index(keys, k);
        if (!all && !differ(c, part, key)) continue;
        if (out->str[out->len - 1] != '{') g_string_append_c(out, ',');
        json_write_str(out, str_from(key));
        g_string_append_c(out, ':');
        for (size_t i = 0; i < c->count; i++) {
            g_string_append_c(out, i ? ',' : '[');
            write(out, c->views[i], part, key);
        }
        g_string_append_c(out, ']');
    }
    g_string_append_c(out, '}');
}

static void write_number(GString *out, const ModelView *view, const char *part, const char *key) {
    json_write_double(out, number_of(view, part, key), 10);
}

static void write_text(GString *out, const ModelView *view, const char *part, const char *key) {
    JsonValue value;
    if (model_view_value(view, part, key, &value) && json_type(value) == JSON_STRING)
        json_write_str(out, json_get_str(value));
    else
        g_string_append(out, "null");
}

static void print_json(const Comparison *c) {
    g_autoptr(GString) out = g_string_new("{\"models\":[");
    for (size_t i = 0; i < c->count; i++) {
        if (i > 0) g_string_append_c(out, ',');
        registry_version_write(c->views[i]->version, out);
    }
    g_string_append_c(out, ']');
    write_values(out, c, "metrics", true, write_number);
    write_values(out, c, "parameters", false, write_text);
    g_string_append_c(out, '}');
    puts(out->str);
}

static int compare(const ModelsWords *words, int count, char **names) {
    Comparison c = {0};
    bool good = true;
    for (int i = 0; good && i < count; i++) {
        c.views[i] = model_view_find(command, models_dir(words), names[i]);
        good = c.views[i] != NULL;
        c.count += good;
    }
    if (good) (words->json ? print_json : print_text)(&c);
    for (size_t i = 0; i < c.count; i++)
        model_view_free(c.views[i]);
    return good ? EXIT_SUCCESS : EXIT_FAILURE;
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
                      entries, &argc, &argv, 0, COMPARED_MAX)) {
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
