/* What every command does with its words: parse them, explain them, complain in one line. */
#pragma once

#include <glib.h>
#include <stdbool.h>

/* Parses `argv` against `entries`. `arguments` names what is not an option ("FILE..."), NULL for
 * none. The words that are left stay in argv[1..*argc). Returns false, having said why on standard
 * error, when the words are wrong, of which there must be from `least` to `most` left. --help
 * prints all and exits. */
bool options_parse(const char *command, const char *arguments, const char *summary,
                   const GOptionEntry *entries, int *argc, char ***argv, int least, int most);

/* Reads the words of --label-delay into *seconds; 7 days where `text` is NULL. False, having said
 * why, when they are no length of time. */
bool options_label_delay(const char *command, const char *text, int64_t *seconds);

/* Says `format...` on standard error as "haechi COMMAND: ..."; returns `status`. */
int options_fail(const char *command, int status, const char *format, ...) G_GNUC_PRINTF(3, 4);
