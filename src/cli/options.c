#include "cli/options.h"
#include "base/duration.h"

#include <stdarg.h>
#include <stdio.h>

int options_fail(const char *command, int status, const char *format, ...) {
    va_list list;
    va_start(list, format);
    g_autofree char *message = g_strdup_vprintf(format, list);
    va_end(list);
    fprintf(stderr, "haechi %s: %s\n", command, message);
    return status;
}

bool options_label_delay(const char *command, const char *text, int64_t *seconds) {
    *seconds = 7 * 86400; /* as chargebacks come */
    if (!text || duration_parse(text, seconds)) return true;
    options_fail(command, 0, "--label-delay needs a length of time such as 7d, not '%s'", text);
    return false;
}

bool options_parse(const char *command, const char *arguments, const char *summary,
                   const GOptionEntry *entries, int *argc, char ***argv, int least, int most) {
    g_autofree char *program = g_strconcat("haechi ", command, NULL);
    g_set_prgname(program);
    g_autoptr(GOptionContext) context = g_option_context_new(arguments);
    g_autoptr(GError) error = NULL;
    g_option_context_set_summary(context, summary);
    g_option_context_add_main_entries(context, entries, NULL);
    if (!g_option_context_parse(context, argc, argv, &error)) {
        options_fail(command, 0, "%s (see '%s --help')", error->message, program);
        return false;
    }
    int left = *argc - 1;
    if (left > most)
        options_fail(command, 0, "unexpected argument '%s' (see '%s --help')", (*argv)[most + 1],
                     program);
    else if (left < least)
        options_fail(command, 0, "missing %s (see '%s --help')", arguments, program);
    return left >= least && left <= most;
}
