/* haechi models promote, rollback, delete: which version serves, and which is kept. */
#include "cli/command.h"
#include "cli/models.h"
#include "cli/options.h"

#include <stdio.h>
#include <stdlib.h>

static void print_change(bool json, const char *name, RegistryAlias alias,
                         const RegistryChange *change) {
    const char *as = registry_alias_name(alias);
    if (json) {
        g_autoptr(GString) out = g_string_new(NULL);
        registry_change_write(name, alias, change, out);
        puts(out->str);
    } else if (g_strcmp0(change->from, change->to) == 0) {
        printf("%s/%s is the %s already.\n", name, change->to, as);
    } else if (change->from) {
        printf("%s/%s is the %s now, after %s.\n", name, change->to, as, change->from);
    } else {
        printf("%s/%s is the %s now.\n", name, change->to, as);
    }
}

/* Reads --as, the champion where it is not given. */
static bool read_alias(const char *command, const char *text, RegistryAlias *alias) {
    *alias = REGISTRY_CHAMPION;
    if (!text || registry_alias_find(str_from(text), alias)) return true;
    options_fail(command, 0, "--as wants champion or challenger, not '%s'", text);
    return false;
}

static bool promote(const char *dir, const char *words, RegistryAlias alias, bool json,
                    GError **error) {
    g_autoptr(RegistryVersion) version = registry_find(dir, words, error);
    RegistryChange change;
    if (!version || !registry_version_check(version, error) ||
        !registry_promote(dir, version->name, version->version, alias, &change, error))
        return false;
    print_change(json, version->name, alias, &change);
    registry_change_clear(&change);
    return true;
}

static bool rollback(const char *dir, const char *name, RegistryAlias alias, bool json,
                     GError **error) {
    RegistryChange change;
    if (!registry_rollback(dir, name, alias, &change, error)) return false;
    print_change(json, name, alias, &change);
    registry_change_clear(&change);
    return true;
}

/* What promote and rollback have in common. */
static int
change_alias(const char *command, const char *argument, const char *summary, int argc, char **argv,
             bool (*change)(const char *, const char *, RegistryAlias, bool, GError **)) {
    ModelsWords words = {0};
    char *as = NULL;
    GOptionEntry entries[MODELS_ENTRIES + 2] = {
        [MODELS_ENTRIES] = {"as", 0, 0, G_OPTION_ARG_STRING, &as,
                            "champion, which serves, or challenger, which scores in its shadow "
                            "(champion)",
                            "ALIAS"},
    };
    models_words_entries(&words, entries);
    int status = EXIT_USAGE;
    RegistryAlias alias;
    if (options_parse(command, argument, summary, entries, &argc, &argv, 1, 1) &&
        read_alias(command, as, &alias)) {
        g_autoptr(GError) error = NULL;
        status = change(models_dir(&words), argv[1], alias, words.json, &error)
                     ? EXIT_SUCCESS
                     : options_fail(command, EXIT_FAILURE, "%s", error->message);
    }
    g_free(as);
    g_free(words.dir);
    return status;
}

int cmd_models_promote(int argc, char **argv) {
    return change_alias("models promote", "MODEL",
                        "Makes a version the champion or the challenger of its name. MODEL is as "
                        "for\n'models show'.",
                        argc, argv, promote);
}

int cmd_models_rollback(int argc, char **argv) {
    return change_alias("models rollback", "NAME",
                        "Makes that version of NAME the champion or the challenger again which it\n"
                        "was before the last promotion; again and again goes further back.",
                        argc, argv, rollback);
}

static bool delete_one(const char *dir, const char *words, bool force, GString *deleted,
                       GError **error) {
    g_autoptr(RegistryVersion) version = registry_find(dir, words, error);
    if (!version || !registry_delete(dir, version->name, version->version, force, error))
        return false;
    if (deleted->len > 0) g_string_append_c(deleted, ',');
    registry_name_write(version, deleted);
    return true;
}

/* One after the other, up to the first that is refused. */
static int delete_all(const char *command, const ModelsWords *words, bool force, char **models) {
    g_autoptr(GString) deleted = g_string_new(NULL);
    g_autoptr(GError) error = NULL;
    int count = 0;
    while (models[count] && delete_one(models_dir(words), models[count], force, deleted, &error))
        count++;
    if (words->json && (count > 0 || !error))
        printf("{\"deleted\":[%s]}\n", deleted->str);
    else if (!words->json && count > 0)
        printf("Deleted %d version%s.\n", count, count == 1 ? "" : "s");
    return error ? options_fail(command, EXIT_FAILURE, "%s", error->message) : EXIT_SUCCESS;
}

int cmd_models_delete(int argc, char **argv) {
    static const char command[] = "models delete";
    ModelsWords words = {0};
    gboolean force = FALSE;
    GOptionEntry entries[MODELS_ENTRIES + 2] = {
        [MODELS_ENTRIES] = {"force", 'f', 0, G_OPTION_ARG_NONE, &force,
                            "The champion or challenger too", NULL},
    };
    models_words_entries(&words, entries);
    int status = EXIT_USAGE;
    if (options_parse(command, "MODEL...",
                      "Removes versions for good. MODEL is as for 'models show'.", entries, &argc,
                      &argv, 1, G_MAXINT))
        status = delete_all(command, &words, force, argv + 1);
    g_free(words.dir);
    return status;
}
