#include "cli/explore.h"

#include "cli/command.h"
#include "cli/options.h"
#include "io/http_ask.h"
#include "record/columns.h"
#include "serve/access.h"

#include <stdio.h>
#include <stdlib.h>

static const char default_url[] = "http://127.0.0.1:8080";

void service_words_clear(ServiceWords *words) {
    g_free(words->url);
    g_free(words->token_file);
}

void service_words_entries(ServiceWords *words, GOptionEntry *entries) {
    const GOptionEntry all[SERVICE_ENTRIES] = {
        {"url", 0, 0, G_OPTION_ARG_STRING, &words->url, "The service (http://127.0.0.1:8080)",
         "URL"},
        {"token-file", 0, 0, G_OPTION_ARG_FILENAME, &words->token_file,
         "File that holds the service's API token", "FILE"},
        {"json", 0, 0, G_OPTION_ARG_NONE, &words->json, "Print the service's answer, a JSON object",
         NULL},
    };
    memcpy(entries, all, sizeof all);
}

/* Subjects */

bool explore_check_subject(const char *command, const char *text) {
    uint64_t number;
    if (g_str_has_prefix(text, "card:") && !read_card(str_from(text + strlen("card:")), &number))
        return true;
    if (g_str_has_prefix(text, "merchant:") && text[strlen("merchant:")]) return true;
    options_fail(command, 0, "needs card:NUMBER or merchant:NAME (see 'haechi %s --help')",
                 command);
    return false;
}

char *explore_title(const char *subject) {
    char *title = g_strdup(subject);
    title[strcspn(title, ":")] = ' ';
    return title;
}

/* Asking */

static int read_and_print(const char *command, JsonParser *parser, const GString *answer,
                          ExplorePrint *print, void *data) {
    JsonValue root;
    const char *message;
    if (!json_parse(parser, answer->str, answer->len, &root, &message))
        return options_fail(command, EXIT_FAILURE, "the answer is not JSON: %s", message);
    print(root, data);
    return EXIT_SUCCESS;
}

int explore_ask(const char *command, const ServiceWords *words, const char *path,
                const GString *question, ExplorePrint *print, void *data) {
    g_autoptr(GError) error = NULL;
    g_autofree char *token = words->token_file ? token_read(words->token_file, &error) : NULL;
    if (error) return options_fail(command, EXIT_FAILURE, "%s", error->message);
    g_autoptr(GString) answer = g_string_new(NULL);
    JsonParser *parser = json_parser_new(HTTP_ANSWER_MAX);
    const Str text = question ? (Str){question->str, question->len} : (Str){0};
    const char *url = words->url ? words->url : default_url;
    int status = EXIT_SUCCESS;
    if (!http_ask(url, path, token, text, parser, answer, &error))
        status = options_fail(command, EXIT_FAILURE, "%s", error->message);
    else if (words->json)
        puts(answer->str);
    else
        status = read_and_print(command, parser, answer, print, data);
    json_parser_free(parser);
    return status;
}

/* Answers */

static char *printable(Str text) {
    g_autofree char *valid = g_utf8_make_valid(text.data ? text.data : "", (gssize)text.len);
    g_autofree gunichar *letters = g_utf8_to_ucs4_fast(valid, -1, NULL);
    GString *out = g_string_new(NULL);
    for (const gunichar *c = letters; *c; c++)
        g_string_append_unichar(out, g_unichar_iscntrl(*c) ? '?' : *c);
    return g_string_free(out, FALSE);
}

char *answer_text(JsonValue object, const char *name) {
    JsonValue value;
    return json_member(object, name, &value) ? printable(json_get_str(value)) : g_strdup("");
}

double answer_number(JsonValue object, const char *name) {
    JsonValue value;
    return json_member(object, name, &value) && json_is_number(value) ? json_get_double(value) : 0;
}

bool answer_flag(JsonValue object, const char *name) {
    JsonValue value;
    return json_member(object, name, &value) && json_get_bool(value);
}

static bool add_element(Str key, JsonValue value, void *data) {
    (void)key;
    g_array_append_val((GArray *)data, value);
    return true;
}

GArray *answer_list(JsonValue object, const char *name) {
    GArray *list = g_array_new(FALSE, FALSE, sizeof(JsonValue));
    JsonValue array;
    if (json_member(object, name, &array)) json_each(array, add_element, list);
    return list;
}

bool answer_vertex(const GArray *vertices, JsonValue id, JsonValue *out) {
    for (guint i = 0; i < vertices->len; i++) {
        JsonValue theirs;
        *out = g_array_index(vertices, JsonValue, i);
        if (json_member(*out, "id", &theirs) && str_equal(json_get_str(theirs), json_get_str(id)))
            return true;
    }
    return false;
}

bool answer_end(const GArray *vertices, JsonValue pair, const char *end, JsonValue *out) {
    JsonValue id;
    return json_member(pair, end, &id) && answer_vertex(vertices, id, out);
}

char *answer_pair_text(JsonValue pair) {
    g_autofree char *last = answer_text(pair, "last");
    const double count = answer_number(pair, "count");
    return g_strdup_printf("%.0f edge%s, %.2f in all, last %s, suspicion up to %.4f", count,
                           count == 1 ? "" : "s", answer_number(pair, "sum"), last,
                           answer_number(pair, "suspicion"));
}

void answer_print_cut(JsonValue answer) {
    if (answer_flag(answer, "cut"))
        puts("\nThe service looked at as many edges as one question may: there may be more.");
}
