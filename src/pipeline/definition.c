#include "pipeline/definition.h"

#include "base/str.h"
#include "pipeline/card_mask.h"
#include "pipeline/pipelines_conf.h"
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define ARGUMENT_KEY "argument."
#define SCHEDULE_KEY "schedule"
#define ZONE_KEY     "time-zone"
#define PARALLEL_KEY "parallel"

G_DEFINE_QUARK(haechi - pipeline - error, pipeline_error)

static void argument_free(void *data) {
    PipelineArgument *argument = data;
    g_free(argument->name);
    g_free(argument->value);
    g_free(argument);
}

static void step_free(void *data) {
    PipelineStep *step = data;
    g_free(step->name);
    g_strfreev(step->words);
    g_ptr_array_unref(step->after);
    g_free(step);
}

static Pipeline *pipeline_new(const char *name) {
    Pipeline *pipeline = g_new0(Pipeline, 1);
    pipeline->name = g_strdup(name);
    pipeline->arguments = g_ptr_array_new_with_free_func(argument_free);
    pipeline->steps = g_ptr_array_new_with_free_func(step_free);
    pipeline->parallel = PIPELINE_PARALLEL_DEFAULT;
    return pipeline;
}

void pipeline_free(Pipeline *pipeline) {
    if (!pipeline) return;
    g_free(pipeline->name);
    g_free(pipeline->description);
    g_ptr_array_unref(pipeline->arguments);
    g_ptr_array_unref(pipeline->steps);
    g_free(pipeline->schedule);
    if (pipeline->zone) g_time_zone_unref(pipeline->zone);
    g_free(pipeline);
}

bool pipeline_name_valid(const char *name) {
    static const char allowed[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-";
    const size_t len = strlen(name);
    return len > 0 && len <= PIPELINE_NAME_MAX && g_ascii_isalnum(name[0]) &&
           strspn(name, allowed) == len;
}

/* The file that is being read. */
typedef struct Reader {
    const char *path;
    GKeyFile *file;
    GPtrArray *pipelines; /* of this file */
} Reader;

/* "FILE: [GROUP] KEY: what is wrong". */
static G_GNUC_PRINTF(5, 6) bool refuse(const Reader *reader, const char *group, const char *key,
                                       GError **error, const char *format, ...) {
    enum { SHOWN_MAX = 100 };
    va_list list;
    va_start(list, format);
    g_autofree char *wrong = g_strdup_vprintf(format, list);
    va_end(list);
    g_autofree char *where = g_strndup(group, SHOWN_MAX), *what = g_strndup(key, SHOWN_MAX);
    g_autoptr(GString) line = g_string_new(NULL);
    g_string_printf(line, "%s: [%s] %s%s%s", reader->path, where, what, *key ? ": " : "", wrong);
    for (char *c = line->str; *c; c++)
        if (g_ascii_iscntrl(*c)) *c = ' ';
    g_autofree char *valid = g_utf8_make_valid(line->str, -1);
    g_set_error_literal(error, PIPELINE_ERROR, PIPELINE_ERROR_DEFINITION, valid);
    return false;
}

/* Whether an address in the text has a user in it, as in "http://user:password@host": what stands
 * there is a secret, or may be. */
static bool holds_credentials(const char *text) {
    for (const char *at = text; (at = strstr(at, "://")) != NULL;) {
        at += strlen("://");
        if (at[strcspn(at, "@/?# ")] == '@') return true;
    }
    return false;
}

/* What no command may hold, as it is kept and shown; NULL when there is nothing of it. */
static const char *keeps_secret(const char *text) {
    if (holds_credentials(text)) return "holds an address with a user or a password in it";
    return card_mask_written(text) ? "holds what looks like a card number" : NULL;
}

/* What is wrong with an argument's value; NULL when nothing is. */
static const char *value_wrong(const char *value) {
    if (*value == '\0') return "is empty";
    if (*value == '-') return "begins with '-', as an option would";
    if (strlen(value) > PIPELINE_VALUE_MAX) return "is too long";
    if (!g_utf8_validate(value, -1, NULL)) return "is not UTF-8";
    for (const char *c = value; *c; c++)
        if (g_ascii_iscntrl(*c)) return "holds control characters";
    return keeps_secret(value);
}

/* Arguments are kept and shown, so none may be a secret; the name of a file that holds one may. */
static bool names_secret(const char *name) {
    static const char *const secrets[] = {"password",    "passwd",      "passphrase", "pwd",
                                          "secret",      "token",       "credential", "apikey",
                                          "api_key",     "api-key",     "access_key", "access-key",
                                          "private_key", "private-key", "bearer"};
    g_autofree char *lower = g_ascii_strdown(name, -1);
    if (g_str_has_suffix(lower, "_file") || g_str_has_suffix(lower, "-file")) return false;
    for (size_t i = 0; i < G_N_ELEMENTS(secrets); i++)
        if (strstr(lower, secrets[i])) return true;
    return false;
}

static PipelineArgument *find_argument(const Pipeline *pipeline, Str name) {
    for (guint i = 0; i < pipeline->arguments->len; i++) {
        PipelineArgument *argument = g_ptr_array_index(pipeline->arguments, i);
        if (str_equal(str_from(argument->name), name)) return argument;
    }
    return NULL;
}

static PipelineStep *find_step(const GPtrArray *steps, const char *name) {
    for (guint i = 0; i < steps->len; i++) {
        PipelineStep *step = g_ptr_array_index(steps, i);
        if (strcmp(step->name, name) == 0) return step;
    }
    return NULL;
}

static Pipeline *find_pipeline(const GPtrArray *pipelines, const char *name, guint *at) {
    for (guint i = 0; i < pipelines->len; i++) {
        Pipeline *pipeline = g_ptr_array_index(pipelines, i);
        if (strcmp(pipeline->name, name) != 0) continue;
        if (at) *at = i;
        return pipeline;
    }
    return NULL;
}

/* The key's value, which the caller frees; NULL with *error. */
static char *get(const Reader *reader, const char *group, const char *key, GError **error) {
    g_autoptr(GError) cause = NULL;
    g_autofree char *value = g_key_file_get_string(reader->file, group, key, &cause);
    const char *wrong = NULL;
    if (!value)
        wrong = g_error_matches(cause, G_KEY_FILE_ERROR, G_KEY_FILE_ERROR_KEY_NOT_FOUND)
                    ? "is missing"
                    : "cannot be read";
    else if (strlen(value) > PIPELINE_VALUE_MAX)
        wrong = "is too long";
    for (const char *c = value; c && *c; c++)
        if (g_ascii_iscntrl(*c)) wrong = "holds control characters";
    if (!wrong) return g_steal_pointer(&value);
    refuse(reader, group, key, error, "%s", wrong);
    return NULL;
}

static bool add_argument(const Reader *reader, Pipeline *pipeline, const char *key,
                         GError **error) {
    const char *name = key + strlen(ARGUMENT_KEY);
    if (!pipeline_name_valid(name))
        return refuse(reader, pipeline->name, key, error, "not a name of letters and digits");
    if (names_secret(name))
        return refuse(reader, pipeline->name, key, error,
                      "arguments are kept and shown, so none may be a secret: name a file, as in "
                      "%s_file",
                      name);
    if (pipeline->arguments->len == PIPELINE_ARGUMENTS_MAX)
        return refuse(reader, pipeline->name, key, error, "over %d arguments",
                      PIPELINE_ARGUMENTS_MAX);
    g_autofree char *value = get(reader, pipeline->name, key, error);
    if (!value) return false;
    const char *wrong = *value ? value_wrong(value) : NULL;
    if (wrong) return refuse(reader, pipeline->name, key, error, "the default %s", wrong);
    PipelineArgument *argument = g_new0(PipelineArgument, 1);
    argument->name = g_strdup(name);
    if (*value) argument->value = g_steal_pointer(&value);
    g_ptr_array_add(pipeline->arguments, argument);
    return true;
}

/* Whether the name may be given to GLib, which reads whatever file it means: of the zones' folder,
 * those that are zones; of what is no file there, an offset such as +09:00. */
static bool zone_sound(const char *name) {
    static const char allowed[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_+-:/";
    const char *folder = g_getenv("TZDIR");
    if (!g_ascii_isalpha(*name) && *name != '+' && *name != '-') return false;
    if (strspn(name, allowed) != strlen(name)) return false;
    g_autofree char *path = g_build_filename(folder ? folder : "/usr/share/zoneinfo", name, NULL);
    char magic[4];
    const int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0) return true;
    const bool good =
        read(fd, magic, sizeof magic) == sizeof magic && memcmp(magic, "TZif", 4) == 0;
    close(fd);
    return good;
}

/* NULL with *error when the system knows no such zone. */
static GTimeZone *get_zone(const Reader *reader, const char *group, GError **error) {
    if (!g_key_file_has_key(reader->file, group, ZONE_KEY, NULL)) return g_time_zone_new_local();
    g_autofree char *name = get(reader, group, ZONE_KEY, error);
    if (!name) return NULL;
    GTimeZone *zone = zone_sound(name) ? g_time_zone_new_identifier(name) : NULL;
    if (!zone) refuse(reader, group, ZONE_KEY, error, "no such time zone here");
    return zone;
}

/* Reads schedule= and time-zone=. */
static bool read_schedule(const Reader *reader, Pipeline *pipeline, GError **error) {
    const char *group = pipeline->name;
    if (!g_key_file_has_key(reader->file, group, SCHEDULE_KEY, NULL))
        return !g_key_file_has_key(reader->file, group, ZONE_KEY, NULL) ||
               refuse(reader, group, ZONE_KEY, error, "there is no " SCHEDULE_KEY);
    if (!(pipeline->schedule = get(reader, group, SCHEDULE_KEY, error)) ||
        !(pipeline->zone = get_zone(reader, group, error)))
        return false;
    const char *wrong = cron_parse(pipeline->schedule, &pipeline->cron);
    if (wrong) return refuse(reader, group, SCHEDULE_KEY, error, "%s", wrong);
    for (guint i = 0; i < pipeline->arguments->len; i++) {
        const PipelineArgument *argument = g_ptr_array_index(pipeline->arguments, i);
        if (!argument->value)
            return refuse(reader, group, SCHEDULE_KEY, error, "%s%s needs a default then",
                          ARGUMENT_KEY, argument->name);
    }
    return true;
}

static bool is_own_key(const char *key) {
    return strcmp(key, "description") == 0 || strcmp(key, SCHEDULE_KEY) == 0 ||
           strcmp(key, ZONE_KEY) == 0 || strcmp(key, PARALLEL_KEY) == 0;
}

static bool read_parallel(const Reader *reader, Pipeline *pipeline, GError **error) {
    guint64 number;
    if (!g_key_file_has_key(reader->file, pipeline->name, PARALLEL_KEY, NULL)) return true;
    g_autofree char *text = get(reader, pipeline->name, PARALLEL_KEY, error);
    if (!text) return false;
    if (!g_ascii_string_to_unsigned(text, 10, 1, PIPELINE_PARALLEL_MAX, &number, NULL))
        return refuse(reader, pipeline->name, PARALLEL_KEY, error, "not a number from 1 to %d",
                      PIPELINE_PARALLEL_MAX);
    pipeline->parallel = (guint)number;
    return true;
}

/* Reads [NAME]: description, arguments and schedule. */
static bool read_pipeline(Reader *reader, const char *group, GError **error) {
    if (!pipeline_name_valid(group))
        return refuse(reader, group, "", error,
                      "a pipeline's name is made of letters, digits, '_' and '-', at most %d",
                      PIPELINE_NAME_MAX);
    if (reader->pipelines->len == PIPELINES_MAX)
        return refuse(reader, group, "", error, "over %d pipelines", PIPELINES_MAX);
    Pipeline *pipeline = pipeline_new(group);
    g_ptr_array_add(reader->pipelines, pipeline);
    if (!(pipeline->description = get(reader, group, "description", error))) return false;
    g_auto(GStrv) keys = g_key_file_get_keys(reader->file, group, NULL, NULL);
    for (char **key = keys; key && *key; key++) {
        if (is_own_key(*key)) continue;
        if (!g_str_has_prefix(*key, ARGUMENT_KEY))
            return refuse(reader, group, *key, error, "no such setting of a pipeline");
        if (!add_argument(reader, pipeline, *key, error)) return false;
    }
    return read_parallel(reader, pipeline, error) && read_schedule(reader, pipeline, error);
}

/* A "${ARG}" in a word. */
typedef struct Reference {
    const char *at;
    Str name; /* data is NULL where it is not closed */
} Reference;

static bool next_reference(const char *word, Reference *reference) {
    const char *at = strstr(word, "${");
    if (!at) return false;
    const char *end = strchr(at, '}');
    *reference = (Reference){.at = at};
    if (end) reference->name = (Str){at + 2, (size_t)(end - at - 2)};
    return true;
}

/* Where the word goes on behind a closed one. */
static const char *behind(const Reference *reference) {
    return reference->name.data + reference->name.len + 1;
}

static bool check_references(const Reader *reader, const Pipeline *pipeline, const char *group,
                             const char *word, GError **error) {
    Reference reference;
    for (; next_reference(word, &reference); word = behind(&reference)) {
        const Str name = reference.name;
        if (!name.data) return refuse(reader, group, "run", error, "'${' without its '}'");
        if (!find_argument(pipeline, name))
            return refuse(reader, group, "run", error, "[%s] has no argument '%.*s'",
                          pipeline->name, (int)MIN(name.len, (size_t)PIPELINE_NAME_MAX), name.data);
    }
    return true;
}

/* What is wrong with a whole command; NULL when nothing is. */
static const char *command_wrong(char **words) {
    size_t bytes = 0;
    for (char **word = words; *word; word++)
        bytes += strlen(*word) + 1;
    if (bytes > PIPELINE_COMMAND_BYTES_MAX) return "is too long";
    if (g_strcmp0(words[0], "pipeline") == 0) return "runs pipelines: a step cannot";
    g_autofree char *line = g_strjoinv(" ", words);
    return keeps_secret(line);
}

static bool check_words(const Reader *reader, const Pipeline *pipeline, const char *group,
                        char **words, GError **error) {
    if (g_strv_length(words) > PIPELINE_WORDS_MAX)
        return refuse(reader, group, "run", error, "over %d words", PIPELINE_WORDS_MAX);
    if (!g_ascii_isalpha(words[0][0]))
        return refuse(reader, group, "run", error,
                      "a haechi command comes first, without 'haechi'");
    const char *wrong = command_wrong(words);
    if (wrong) return refuse(reader, group, "run", error, "%s", wrong);
    for (char **word = words; *word; word++)
        if (!check_references(reader, pipeline, group, *word, error)) return false;
    return true;
}

/* Reads the run= and after= of [PIPELINE/STEP] into `step`. */
static bool read_step_keys(const Reader *reader, const Pipeline *pipeline, const char *group,
                           PipelineStep *step, GError **error) {
    g_autofree char *run = get(reader, group, "run", error);
    if (!run) return false;
    g_autoptr(GError) cause = NULL;
    if (!g_shell_parse_argv(run, NULL, &step->words, &cause))
        return refuse(reader, group, "run", error, "%s", cause->message);
    if (!check_words(reader, pipeline, group, step->words, error)) return false;
    g_auto(GStrv) keys = g_key_file_get_keys(reader->file, group, NULL, NULL);
    for (char **key = keys; key && *key; key++)
        if (strcmp(*key, "run") != 0 && strcmp(*key, "after") != 0)
            return refuse(reader, group, *key, error, "no such setting of a step");
    if (!g_key_file_has_key(reader->file, group, "after", NULL)) return true;
    g_auto(GStrv) after = g_key_file_get_string_list(reader->file, group, "after", NULL, NULL);
    for (char **name = after; name && *name; name++)
        g_ptr_array_add(step->after, g_strdup(g_strstrip(*name)));
    return true;
}

/* Reads [PIPELINE/STEP]. */
static bool read_step(const Reader *reader, const char *group, GError **error) {
    const char *slash = strchr(group, '/');
    g_autofree char *owner = g_strndup(group, (gsize)(slash - group));
    Pipeline *pipeline = find_pipeline(reader->pipelines, owner, NULL);
    if (!pipeline) return refuse(reader, group, "", error, "there is no [%s]", owner);
    if (!pipeline_name_valid(slash + 1))
        return refuse(reader, group, "", error,
                      "a step's name is made of letters, digits, '_' and '-', at most %d",
                      PIPELINE_NAME_MAX);
    if (pipeline->steps->len == PIPELINE_STEPS_MAX)
        return refuse(reader, group, "", error, "over %d steps", PIPELINE_STEPS_MAX);
    PipelineStep *step = g_new0(PipelineStep, 1);
    step->name = g_strdup(slash + 1);
    step->after = g_ptr_array_new_with_free_func(g_free);
    g_ptr_array_add(pipeline->steps, step);
    return read_step_keys(reader, pipeline, group, step, error);
}

static bool is_ready(const PipelineStep *step, const GPtrArray *before) {
    for (guint i = 0; i < step->after->len; i++)
        if (!find_step(before, g_ptr_array_index(step->after, i))) return false;
    return true;
}

static bool check_after(const Reader *reader, const Pipeline *pipeline, GError **error) {
    if (pipeline->steps->len == 0)
        return refuse(reader, pipeline->name, "", error, "it has no step");
    for (guint s = 0; s < pipeline->steps->len; s++) {
        const PipelineStep *step = g_ptr_array_index(pipeline->steps, s);
        g_autofree char *group = g_strdup_printf("%s/%s", pipeline->name, step->name);
        for (guint i = 0; i < step->after->len; i++) {
            const char *name = g_ptr_array_index(step->after, i);
            if (!find_step(pipeline->steps, name))
                return refuse(reader, group, "after", error, "there is no step '%.40s'", name);
        }
    }
    return true;
}

/* Puts each step behind those it waits for, and otherwise leaves the file's order. */
static bool sort_steps(const Reader *reader, Pipeline *pipeline, GError **error) {
    if (!check_after(reader, pipeline, error)) return false;
    g_autoptr(GPtrArray) sorted = g_ptr_array_new_with_free_func(step_free);
    while (pipeline->steps->len > 0) {
        guint s = 0;
        while (s < pipeline->steps->len && !is_ready(g_ptr_array_index(pipeline->steps, s), sorted))
            s++;
        if (s == pipeline->steps->len) {
            const PipelineStep *step = g_ptr_array_index(pipeline->steps, 0);
            g_autofree char *group = g_strdup_printf("%s/%s", pipeline->name, step->name);
            return refuse(reader, group, "after", error, "steps wait for one another in a circle");
        }
        g_ptr_array_add(sorted, g_ptr_array_steal_index(pipeline->steps, s));
    }
    g_ptr_array_unref(pipeline->steps);
    pipeline->steps = g_steal_pointer(&sorted);
    return true;
}

static bool read_groups(Reader *reader, GError **error) {
    g_auto(GStrv) groups = g_key_file_get_groups(reader->file, NULL);
    bool good = true;
    for (char **group = groups; *group && good; group++)
        if (!strchr(*group, '/')) good = read_pipeline(reader, *group, error);
    for (char **group = groups; *group && good; group++)
        if (strchr(*group, '/')) good = read_step(reader, *group, error);
    for (guint i = 0; i < reader->pipelines->len && good; i++)
        good = sort_steps(reader, g_ptr_array_index(reader->pipelines, i), error);
    return good;
}

static void add_all(GPtrArray *pipelines, GPtrArray *more) {
    while (more->len > 0) {
        Pipeline *pipeline = g_ptr_array_steal_index(more, 0);
        guint at;
        if (find_pipeline(pipelines, pipeline->name, &at)) g_ptr_array_remove_index(pipelines, at);
        g_ptr_array_add(pipelines, pipeline);
    }
}

bool pipelines_parse(GPtrArray *pipelines, const char *path, const char *text, gsize len,
                     GError **error) {
    g_autoptr(GKeyFile) file = g_key_file_new();
    g_autoptr(GPtrArray) own = g_ptr_array_new_with_free_func((GDestroyNotify)pipeline_free);
    Reader reader = {path, file, own};
    g_autoptr(GError) cause = NULL;
    if (len > PIPELINE_FILE_BYTES_MAX || memchr(text, '\0', len)) {
        g_set_error(error, PIPELINE_ERROR, PIPELINE_ERROR_DEFINITION,
                    "%s: not a text of at most %d bytes", path, PIPELINE_FILE_BYTES_MAX);
        return false;
    }
    if (len > 0 && !g_key_file_load_from_data(file, text, len, G_KEY_FILE_NONE, &cause)) {
        g_autofree char *why = g_strdelimit(g_utf8_make_valid(cause->message, -1), "\r\n", ' ');
        g_set_error(error, PIPELINE_ERROR, PIPELINE_ERROR_DEFINITION, "%s: %s", path, why);
        return false;
    }
    if (!read_groups(&reader, error)) return false;
    add_all(pipelines, own);
    return true;
}

/* Up to one byte more than a file may have; NULL with errno. */
static GString *read_text(const char *path) {
    const int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    struct stat st;
    if (fd < 0) return NULL;
    g_autoptr(GString) text = g_string_new(NULL);
    errno = EINVAL;
    ssize_t got = fstat(fd, &st) == 0 && S_ISREG(st.st_mode) ? 1 : -1;
    while (got > 0 && text->len <= PIPELINE_FILE_BYTES_MAX) {
        char buffer[4096];
        got = read(fd, buffer, sizeof buffer);
        if (got > 0) g_string_append_len(text, buffer, got);
    }
    const int code = errno;
    close(fd);
    errno = code;
    return got < 0 ? NULL : g_steal_pointer(&text);
}

GPtrArray *pipelines_read(const char *path, const char *data_dir, GError **error) {
    g_autoptr(GPtrArray) pipelines = g_ptr_array_new_with_free_func((GDestroyNotify)pipeline_free);
    if (!pipelines_parse(pipelines, "built in", (const char *)pipelines_conf, pipelines_conf_len,
                         error))
        return NULL;
    g_autofree char *usual = g_build_filename(data_dir, PIPELINE_FILE, NULL);
    const char *own = path ? path : usual;
    g_autoptr(GString) text = read_text(own);
    if (!text && (path || errno != ENOENT)) {
        g_set_error(error, PIPELINE_ERROR, PIPELINE_ERROR_SYSTEM, "cannot read %s: %s", own,
                    g_strerror(errno));
        return NULL;
    }
    if (text && !pipelines_parse(pipelines, own, text->str, text->len, error)) return NULL;
    return g_steal_pointer(&pipelines);
}

const Pipeline *pipelines_find(const GPtrArray *pipelines, const char *name, GError **error) {
    const Pipeline *pipeline = find_pipeline(pipelines, name, NULL);
    if (!pipeline)
        g_set_error(error, PIPELINE_ERROR, PIPELINE_ERROR_MISSING,
                    "no pipeline is called '%.40s' ('haechi pipeline list' tells which there are)",
                    name);
    return pipeline;
}

static G_GNUC_PRINTF(2, 3) bool refuse_set(GError **error, const char *format, ...) {
    va_list list;
    va_start(list, format);
    g_autofree char *message = g_strdup_vprintf(format, list);
    va_end(list);
    g_autofree char *valid = g_utf8_make_valid(message, -1);
    g_set_error_literal(error, PIPELINE_ERROR, PIPELINE_ERROR_ARGUMENT, valid);
    return false;
}

/* Takes one "NAME=VALUE"; values[i] is that of the pipeline's argument i. */
static bool take(const Pipeline *pipeline, const char *set, const char **values, GError **error) {
    const char *equals = strchr(set, '=');
    if (!equals) return refuse_set(error, "--set wants NAME=VALUE");
    const PipelineArgument *argument = find_argument(pipeline, (Str){set, (size_t)(equals - set)});
    if (!argument)
        return refuse_set(error, "%s has no argument '%.*s'", pipeline->name,
                          (int)MIN(equals - set, PIPELINE_NAME_MAX), set);
    const char *wrong = value_wrong(equals + 1);
    if (wrong) return refuse_set(error, "the value of %s %s", argument->name, wrong);
    guint i = 0;
    g_ptr_array_find(pipeline->arguments, argument, &i);
    values[i] = equals + 1;
    return true;
}

GPtrArray *pipeline_arguments(const Pipeline *pipeline, const char *const *set, GError **error) {
    const char *values[PIPELINE_ARGUMENTS_MAX];
    g_autoptr(GPtrArray) pairs = g_ptr_array_new_with_free_func(g_free);
    for (guint i = 0; i < pipeline->arguments->len; i++)
        values[i] = ((const PipelineArgument *)g_ptr_array_index(pipeline->arguments, i))->value;
    for (; set && *set; set++)
        if (!take(pipeline, *set, values, error)) return NULL;
    for (guint i = 0; i < pipeline->arguments->len; i++) {
        const PipelineArgument *argument = g_ptr_array_index(pipeline->arguments, i);
        if (!values[i]) {
            refuse_set(error, "%s needs --set %s=VALUE", pipeline->name, argument->name);
            return NULL;
        }
        g_ptr_array_add(pairs, g_strdup(argument->name));
        g_ptr_array_add(pairs, g_strdup(values[i]));
    }
    return g_steal_pointer(&pairs);
}

static const char *value_of(const GPtrArray *arguments, Str name) {
    for (guint i = 0; i < arguments->len; i += 2)
        if (str_equal(str_from(g_ptr_array_index(arguments, i)), name))
            return g_ptr_array_index(arguments, i + 1);
    g_assert_not_reached(); /* the definition was checked */
}

static char *fill(const char *word, const GPtrArray *arguments) {
    GString *out = g_string_new(NULL);
    Reference reference;
    for (; next_reference(word, &reference); word = behind(&reference)) {
        g_string_append_len(out, word, reference.at - word);
        g_string_append(out, value_of(arguments, reference.name));
    }
    g_string_append(out, word);
    return g_string_free(out, FALSE);
}

/* NULL where they would be over PIPELINE_COMMAND_BYTES_MAX together. */
static char **fill_all(const PipelineStep *step, const GPtrArray *arguments) {
    GPtrArray *words = g_ptr_array_new_with_free_func(g_free);
    size_t bytes = 0;
    for (char **word = step->words; *word && bytes <= PIPELINE_COMMAND_BYTES_MAX; word++) {
        char *filled = fill(*word, arguments);
        bytes += strlen(filled) + 1;
        g_ptr_array_add(words, filled);
    }
    g_ptr_array_add(words, NULL);
    if (bytes <= PIPELINE_COMMAND_BYTES_MAX) return (char **)g_ptr_array_free(words, FALSE);
    g_ptr_array_free(words, TRUE);
    return NULL;
}

GPtrArray *pipeline_commands(const Pipeline *pipeline, const GPtrArray *arguments, GError **error) {
    g_autoptr(GPtrArray) all = g_ptr_array_new_with_free_func((GDestroyNotify)g_strfreev);
    for (guint i = 0; i < pipeline->steps->len; i++) {
        const PipelineStep *step = g_ptr_array_index(pipeline->steps, i);
        char **words = fill_all(step, arguments);
        const char *wrong = words ? command_wrong(words) : "is too long";
        if (words) g_ptr_array_add(all, words);
        if (!wrong) continue;
        refuse_set(error, "with these arguments, the command of the step %s %s", step->name, wrong);
        return NULL;
    }
    return g_steal_pointer(&all);
}

int64_t pipeline_next(const Pipeline *pipeline, int64_t after) {
    return pipeline->schedule ? cron_next(&pipeline->cron, pipeline->zone, after) : 0;
}
