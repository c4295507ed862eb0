/* What the commands share that ask a running service about its graph: the words that say where the
 * service is, the asking, and the reading and printing of answers. */
#pragma once

#include "base/json.h"

#include <glib.h>

typedef struct ServiceWords {
    char *url, *token_file; /* NULL: the default, none */
    gboolean json;
} ServiceWords;

void service_words_clear(ServiceWords *words);

/* Fills SERVICE_ENTRIES entries that read into *words. */
enum { SERVICE_ENTRIES = 3 };
void service_words_entries(ServiceWords *words, GOptionEntry *entries);

/* Whether the text is card:NUMBER or merchant:NAME; else says so on standard error, without showing
 * it: it may be a card number. */
bool explore_check_subject(const char *command, const char *text);

/* A subject as people read it: "card 4123..." for "card:4123...". The caller frees it. */
char *explore_title(const char *subject);

/* Posts the question to the service, or gets the path where it is NULL. With --json prints the
 * answer as it is; else hands it to `print`. Returns the exit status, having said on standard error
 * what was wrong. */
typedef void ExplorePrint(JsonValue answer, void *data);
int explore_ask(const char *command, const ServiceWords *words, const char *path,
                const GString *question, ExplorePrint *print, void *data);

/* A member's content; what an absent one, or one of another type, has: "", 0, false. Texts are for
 * a terminal, with question marks for control characters; the caller frees them. */
char *answer_text(JsonValue object, const char *name);
double answer_number(JsonValue object, const char *name);
bool answer_flag(JsonValue object, const char *name);

/* The elements of the array `name`, in order; empty when there is none. The caller unrefs it. */
GArray *answer_list(JsonValue object, const char *name); /* JsonValue */

/* The vertex of `vertices` with the id; false when there is none. */
bool answer_vertex(const GArray *vertices, JsonValue id, JsonValue *out);

/* The vertex at an end of the pair: "card" or "merchant". */
bool answer_end(const GArray *vertices, JsonValue pair, const char *end, JsonValue *out);

/* "5 edges, 123.40 in all, last 2020-06-21T12:14:25Z, suspicion up to 0.93"; the caller frees it.
 */
char *answer_pair_text(JsonValue pair);

/* Says, where it is so, that the service stopped looking at its bound. */
void answer_print_cut(JsonValue answer);
