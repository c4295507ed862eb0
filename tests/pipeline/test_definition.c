/* Files of pipelines: what is built in is sound, steps come in their order, arguments stay one word
 * each, and a wrong file is refused in one line that names where. */
#include "pipeline/definition.h"
#include "pipeline/pipelines_conf.h"

#include <glib/gstdio.h>
#include <string.h>

static GPtrArray *empty(void) {
    return g_ptr_array_new_with_free_func((GDestroyNotify)pipeline_free);
}

static GPtrArray *parse(const char *text) {
    g_autoptr(GError) error = NULL;
    GPtrArray *pipelines = empty();
    g_assert_true(pipelines_parse(pipelines, "own.conf", text, strlen(text), &error));
    g_assert_no_error(error);
    return pipelines;
}

static const PipelineStep *step_at(const Pipeline *pipeline, guint i) {
    g_assert_cmpuint(i, <, pipeline->steps->len);
    return g_ptr_array_index(pipeline->steps, i);
}

static void test_built_in(void) {
    static const char *const names[] = {
        "demo_data",      "get_kaggle_data", "load_batch_into_neo4j", "train_xgboost",
        "train_catboost", "train_gcn",       "train_ensemble",        "stream_predictions"};
    g_autoptr(GError) error = NULL;
    g_autoptr(GPtrArray) pipelines = pipelines_read(NULL, "/nonexistent", &error);
    g_assert_no_error(error);
    g_assert_cmpuint(pipelines->len, ==, G_N_ELEMENTS(names));
    for (guint i = 0; i < G_N_ELEMENTS(names); i++) {
        const Pipeline *pipeline = pipelines_find(pipelines, names[i], &error);
        g_assert_no_error(error);
        g_autoptr(GPtrArray) arguments = pipeline_arguments(pipeline, NULL, &error);
        g_assert_no_error(error);
        g_assert_cmpuint(arguments->len, ==, 2 * pipeline->arguments->len);
    }
}

static void test_order(void) {
    g_autoptr(GPtrArray) pipelines = parse("[p]\ndescription=d\n"
                                           "[p/last]\nrun=features\nafter=left; right\n"
                                           "[p/right]\nrun=features\nafter=first\n"
                                           "[p/left]\nrun=features\nafter=first;\n"
                                           "[p/first]\nrun=features\n");
    static const char *const order[] = {"first", "right", "left", "last"};
    const Pipeline *pipeline = g_ptr_array_index(pipelines, 0);
    for (guint i = 0; i < G_N_ELEMENTS(order); i++)
        g_assert_cmpstr(step_at(pipeline, i)->name, ==, order[i]);
}

/* Random graphs whose edges go from later to earlier numbers have an order, and it is kept. */
static void test_random_graphs(void) {
    for (int round = 0; round < 200; round++) {
        const int count = g_test_rand_int_range(1, PIPELINE_STEPS_MAX + 1);
        g_autoptr(GString) text = g_string_new("[p]\ndescription=d\n");
        for (int s = count - 1; s >= 0; s--) {
            g_string_append_printf(text, "[p/s%d]\nrun=features\nafter=", s);
            for (int before = 0; before < s; before++)
                if (g_test_rand_int_range(0, 4) == 0) g_string_append_printf(text, "s%d;", before);
            g_string_append_c(text, '\n');
        }
        g_autoptr(GPtrArray) pipelines = parse(text->str);
        const Pipeline *pipeline = g_ptr_array_index(pipelines, 0);
        g_autoptr(GHashTable) seen = g_hash_table_new(g_str_hash, g_str_equal);
        g_assert_cmpint(pipeline->steps->len, ==, count);
        for (guint i = 0; i < pipeline->steps->len; i++) {
            const PipelineStep *step = step_at(pipeline, i);
            for (guint a = 0; a < step->after->len; a++)
                g_assert_true(g_hash_table_contains(seen, g_ptr_array_index(step->after, a)));
            g_hash_table_add(seen, step->name);
        }
    }
}

static void test_words(void) {
    g_autoptr(GPtrArray) pipelines =
        parse("[p]\ndescription=d\nargument.file=a b\nargument.n=\n"
              "[p/s]\nrun=data check ${file} --x=${n}/${n} 'two words' $HOME ; `ls` \"\"\n");
    const Pipeline *pipeline = g_ptr_array_index(pipelines, 0);
    static const char *const set[] = {"n=; rm -rf ${file} $(x) \"'", NULL};
    g_autoptr(GError) error = NULL;
    g_autoptr(GPtrArray) arguments = pipeline_arguments(pipeline, set, &error);
    g_assert_no_error(error);
    g_autoptr(GPtrArray) commands = pipeline_commands(pipeline, arguments, &error);
    g_assert_no_error(error);
    char **words = g_ptr_array_index(commands, 0);
    static const char *const expected[] = {
        "data",      "check", "a b", "--x=; rm -rf ${file} $(x) \"'/; rm -rf ${file} $(x) \"'",
        "two words", "$HOME", ";",   "`ls`",
        "",          NULL};
    for (guint i = 0; i < G_N_ELEMENTS(expected); i++)
        g_assert_cmpstr(words[i], ==, expected[i]);
}

static void test_schedule(void) {
    g_autoptr(GPtrArray) pipelines =
        parse("[p]\ndescription=d\nschedule=30 3 * * *\ntime-zone=UTC\n[p/s]\nrun=features\n"
              "[q]\ndescription=d\n[q/s]\nrun=features\n");
    g_assert_cmpint(pipeline_next(g_ptr_array_index(pipelines, 0), 86400), ==,
                    86400 + 3 * 3600 + 1800);
    g_assert_cmpint(pipeline_next(g_ptr_array_index(pipelines, 1), 86400), ==, 0);
}

static void refuse_set(const char *set, const char *part) {
    g_autoptr(GPtrArray) pipelines = parse("[p]\ndescription=d\nargument.n=\nargument.m=1\n"
                                           "[p/s]\nrun=features ${n} ${m}\n");
    const char *const sets[] = {set, NULL};
    g_autoptr(GError) error = NULL;
    g_assert_null(pipeline_arguments(g_ptr_array_index(pipelines, 0), sets, &error));
    g_assert_error(error, PIPELINE_ERROR, PIPELINE_ERROR_ARGUMENT);
    g_assert_nonnull(strstr(error->message, part));
    g_assert_null(strchr(error->message, '\n'));
}

static void test_arguments(void) {
    refuse_set("m=2", "needs --set n=VALUE");
    refuse_set("n", "NAME=VALUE");
    refuse_set("o=1", "no argument 'o'");
    refuse_set("=1", "no argument ''");
    refuse_set("n=", "is empty");
    refuse_set("n=--out", "begins with '-'");
    refuse_set("n=a\nb", "control characters");
    refuse_set("n=\xff", "not UTF-8");
    refuse_set("n=x4111111111111111", "card number");
    refuse_set("n=4111-1111-1111-1111", "card number");
    refuse_set("n=4111 1111 1111 1111", "card number");
    refuse_set("n=3782 822463 10005", "card number");
    refuse_set("n=.4111111111111111", "card number");
    refuse_set("n=ftp://u:p@h/x", "an address with a user");
    g_autofree char *longest = g_strnfill(PIPELINE_VALUE_MAX + 1, 'a');
    g_autofree char *set = g_strconcat("n=", longest, NULL);
    refuse_set(set, "too long");
}

/* What only the arguments make wrong. */
static void refuse_command(const char *run, const char *a, const char *b, const char *part) {
    g_autofree char *text =
        g_strdup_printf("[p]\ndescription=d\nargument.a=\nargument.b=\n[p/s]\nrun=%s\n", run);
    g_autofree char *set_a = g_strconcat("a=", a, NULL), *set_b = g_strconcat("b=", b, NULL);
    const char *const set[] = {set_a, set_b, NULL};
    g_autoptr(GPtrArray) pipelines = parse(text);
    g_autoptr(GError) error = NULL;
    const Pipeline *pipeline = g_ptr_array_index(pipelines, 0);
    g_autoptr(GPtrArray) arguments = pipeline_arguments(pipeline, set, &error);
    g_assert_no_error(error);
    g_assert_null(pipeline_commands(pipeline, arguments, &error));
    g_assert_error(error, PIPELINE_ERROR, PIPELINE_ERROR_ARGUMENT);
    if (!strstr(error->message, part)) g_error("%s: not '%s'", error->message, part);
}

static void test_commands(void) {
    refuse_command("pipe${a} run ${b}", "line", "p", "the step s runs pipelines");
    refuse_command("graph card ${a}${b}", "41111111", "11111111", "card number");
    refuse_command("graph card ${a} ${b}", "41111111", "11111111", "card number");
    refuse_command("graph card ${a}-${b}", "4111-1111", "1111-1111", "card number");
    refuse_command("stream --to ${a}${b}", "http://me:", "word@host", "an address with a user");
    g_autofree char *longest = g_strnfill(PIPELINE_VALUE_MAX, 'a');
    refuse_command("features ${a} ${a} ${a} ${a} ${b} ${b} ${b} ${b}", longest, longest,
                   "too long");
}

static void refuse(const char *text, const char *part) {
    g_autoptr(GPtrArray) pipelines = parse("[kept]\ndescription=d\n[kept/s]\nrun=features\n");
    g_autoptr(GError) error = NULL;
    g_assert_false(pipelines_parse(pipelines, "own.conf", text, strlen(text), &error));
    g_assert_error(error, PIPELINE_ERROR, PIPELINE_ERROR_DEFINITION);
    if (!strstr(error->message, part)) g_error("%s: not '%s'", error->message, part);
    g_assert_true(g_str_has_prefix(error->message, "own.conf: "));
    g_assert_null(strchr(error->message, '\n'));
    g_assert_cmpuint(pipelines->len, ==, 1);
}

#define P "[p]\ndescription=d\nargument.a=1\n"

static void test_refused(void) {
    refuse("nonsense", "");
    refuse("[p]\n[p/s]\nrun=features\n", "[p] description: is missing");
    refuse(P, "[p] it has no step");
    refuse(P "[p/s]\n", "[p/s] run: is missing");
    refuse(P "[p/s]\nrun=\n", "[p/s] run: ");
    refuse(P "[p/s]\nrun='a\n", "[p/s] run: ");
    refuse(P "[p/s]\nrun=--version\n", "[p/s] run: a haechi command comes first");
    refuse(P "[p/s]\nrun=${a}\n", "[p/s] run: a haechi command comes first");
    refuse(P "[p/s]\nrun=pipeline run p\n", "runs pipelines: a step cannot");
    refuse(P "[p/s]\nrun=graph card 4111 1111 1111 1111\n", "looks like a card number");
    refuse(P "[p/s]\nrun=graph card 4111-1111-1111-1111\n", "looks like a card number");
    refuse(P "[p/s]\nrun=graph card x.4111111111111111\n", "looks like a card number");
    refuse(P "[p/s]\nrun=stream --to http://me:word@host/\n", "an address with a user");
    refuse(P "[p/s]\nrun=graph card 4111111111111111\n", "[p/s] run: holds what looks like a card");
    refuse(P "[p/s]\nrun=features ${b}\n", "[p/s] run: [p] has no argument 'b'");
    refuse(P "[p/s]\nrun=features ${a\n", "[p/s] run: '${' without its '}'");
    refuse(P "[p/s]\nrun=features\nafter=t\n", "[p/s] after: there is no step 't'");
    refuse(P "[p/s]\nrun=features\nafter=s\n", "[p/s] after: steps wait for one another");
    refuse(P "[p/s]\nrun=features\nafter=t\n[p/t]\nrun=features\nafter=s\n", "in a circle");
    refuse(P "[p/s]\nrun=features\nshell=1\n", "[p/s] shell: no such setting of a step");
    refuse(P "x=1\n[p/s]\nrun=features\n", "[p] x: no such setting of a pipeline");
    refuse("[q/s]\nrun=features\n", "[q/s] there is no [q]");
    refuse(P "[p/../x]\nrun=features\n", "[p/../x] a step's name");
    refuse(P "[p/]\nrun=features\n", "[p/] a step's name");
    refuse("[ p]\ndescription=d\n", "[ p] a pipeline's name");
    refuse("[p]\ndescription=d\nargument.api_token=\n", "may be a secret");
    refuse("[p]\ndescription=d\nargument.pwd=\n", "may be a secret");
    refuse("[p]\ndescription=d\nargument.db_PassPhrase=\n", "may be a secret");
    refuse("[p]\ndescription=d\nargument.a=https://tok@host\n", "an address with a user");
    refuse(P "parallel=0\n", "[p] parallel: not a number from 1 to 8");
    refuse(P "parallel=9\n", "[p] parallel: not a number from 1 to 8");
    refuse(P "parallel=two\n", "[p] parallel: not a number from 1 to 8");
    refuse("[p]\ndescription=d\nargument.a=-x\n", "[p] argument.a: the default begins with '-'");
    refuse("[p]\ndescription=d\nargument.a=4111111111111111\n", "looks like a card number");
    refuse(P "schedule=* * * *\n", "[p] schedule: it has not five fields");
    refuse(P "schedule=* * * * *\ntime-zone=Nowhere/City\n", "[p] time-zone: no such");
    refuse(P "schedule=* * * * *\ntime-zone=../../etc/localtime\n", "[p] time-zone: no such");
    /* GLib reads any file as a zone, and complains of those that are none, which ends a test. */
    refuse(P "schedule=* * * * *\ntime-zone=/etc/passwd\n", "[p] time-zone: no such");
    refuse(P "schedule=* * * * *\ntime-zone=tzdata.zi\n", "[p] time-zone: no such");
    refuse(P "schedule=* * * * *\ntime-zone=zone1970.tab\n", "[p] time-zone: no such");
    refuse(P "schedule=* * * * *\ntime-zone=Asia\n", "[p] time-zone: no such");
    refuse(P "schedule=* * * * *\ntime-zone=\n", "[p] time-zone: no such");
    refuse(P "time-zone=UTC\n", "[p] time-zone: there is no schedule");
    refuse(P "argument.b=\nschedule=* * * * *\n", "[p] schedule: argument.b needs a default");
    refuse("[p]\ndescription=a\\nb\n", "control characters");
}

static void test_limits(void) {
    g_autoptr(GString) text = g_string_new(P);
    for (int i = 0; i <= PIPELINE_STEPS_MAX; i++)
        g_string_append_printf(text, "[p/s%d]\nrun=features\n", i);
    refuse(text->str, "over 32 steps");
    g_string_assign(text, "[p]\ndescription=d\n");
    for (int i = 0; i <= PIPELINE_ARGUMENTS_MAX; i++)
        g_string_append_printf(text, "argument.a%d=1\n", i);
    refuse(text->str, "over 32 arguments");
    g_string_assign(text, P "[p/s]\nrun=features");
    for (int i = 0; i < PIPELINE_WORDS_MAX; i++)
        g_string_append(text, " x");
    refuse(text->str, "over 64 words");
    g_string_assign(text, "");
    for (int i = 0; i <= PIPELINES_MAX; i++)
        g_string_append_printf(text, "[p%d]\ndescription=d\n", i);
    refuse(text->str, "over 100 pipelines");
    g_string_assign(text, P);
    while (text->len <= PIPELINE_FILE_BYTES_MAX)
        g_string_append(text, "# a comment\n");
    refuse(text->str, "not a text of at most");
}

static void test_own_file(void) {
    g_autofree char *dir = g_dir_make_tmp("pipelines-XXXXXX", NULL);
    g_autofree char *path = g_build_filename(dir, PIPELINE_FILE, NULL);
    static const char text[] = "[demo_data]\ndescription=mine\n[demo_data/s]\nrun=features\n";
    g_assert_true(g_file_set_contents(path, text, -1, NULL));
    g_autoptr(GError) error = NULL;
    g_autoptr(GPtrArray) pipelines = pipelines_read(NULL, dir, &error);
    g_assert_no_error(error);
    g_assert_cmpuint(pipelines->len, ==, 8);
    g_assert_cmpstr(pipelines_find(pipelines, "demo_data", NULL)->description, ==, "mine");
    g_assert_null(pipelines_find(pipelines, "none", &error));
    g_assert_error(error, PIPELINE_ERROR, PIPELINE_ERROR_MISSING);
    g_clear_error(&error);
    g_assert_null(pipelines_read("/nonexistent/file", dir, &error));
    g_assert_error(error, PIPELINE_ERROR, PIPELINE_ERROR_SYSTEM);
    g_clear_error(&error);
    g_assert_null(pipelines_read(dir, dir, &error));
    g_assert_error(error, PIPELINE_ERROR, PIPELINE_ERROR_SYSTEM);
    g_remove(path);
    g_rmdir(dir);
}

/* The file that is built in, with bytes changed, is read or refused, and never in more than a line.
 */
static void test_damaged(void) {
    for (int round = 0; round < 2000; round++) {
        g_autofree char *text = g_memdup2(pipelines_conf, pipelines_conf_len);
        gsize len = (gsize)g_test_rand_int_range(0, (gint32)pipelines_conf_len + 1);
        for (int i = g_test_rand_int_range(0, 4); i > 0 && len > 0; i--)
            text[g_test_rand_int_range(0, (gint32)len)] = (char)g_test_rand_int_range(0, 256);
        g_autoptr(GPtrArray) pipelines = empty();
        g_autoptr(GError) error = NULL;
        if (pipelines_parse(pipelines, "own.conf", text, len, &error)) continue;
        g_assert_cmpuint(pipelines->len, ==, 0);
        g_assert_null(strchr(error->message, '\n'));
        g_assert_true(g_utf8_validate(error->message, -1, NULL));
    }
}

int main(int argc, char **argv) {
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/definition/built-in", test_built_in);
    g_test_add_func("/definition/order", test_order);
    g_test_add_func("/definition/random-graphs", test_random_graphs);
    g_test_add_func("/definition/words", test_words);
    g_test_add_func("/definition/schedule", test_schedule);
    g_test_add_func("/definition/arguments", test_arguments);
    g_test_add_func("/definition/commands", test_commands);
    g_test_add_func("/definition/refused", test_refused);
    g_test_add_func("/definition/limits", test_limits);
    g_test_add_func("/definition/own-file", test_own_file);
    g_test_add_func("/definition/damaged", test_damaged);
    return g_test_run();
}
