/* From CSV files, or the graph in Neo4j, to a model's folder. */
#include "cli/train.h"
#include "base/decimal.h"
#include "base/json_write.h"
#include "base/progress.h"
#include "cli/command.h"
#include "cli/neo4j_options.h"
#include "cli/options.h"
#include "io/csv_log.h"
#include "io/neo4j_log.h"
#include "model/registry.h"
#include "pipeline/made_model.h"
#include "pipeline/mlflow_outbox.h"
#include "train/version.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

typedef struct Options {
    const TrainCommand *command;
    char **train, **params, **without;
    char *members_text, *valid, *out, *models, *name, *label_delay, *aim, *review_cost_text,
        *python;
    int64_t review_cost; /* cents */
    ThresholdWish wish;
    Neo4jWords from;
    gboolean json, strict, refit;
    TrainMember members[MODEL_MEMBERS_MAX];
    GArray *member_params[MODEL_MEMBERS_MAX]; /* TrainParam, pointing into `params` */
    size_t member_count;
} Options;

static void options_clear(Options *o) {
    g_strfreev(o->train);
    g_strfreev(o->params);
    g_strfreev(o->without);
    g_free(o->members_text);
    for (size_t m = 0; m < o->member_count; m++)
        g_array_unref(o->member_params[m]);
    g_free(o->valid);
    g_free(o->out);
    g_free(o->models);
    g_free(o->name);
    g_free(o->label_delay);
    g_free(o->aim);
    g_free(o->review_cost_text);
    g_free(o->python);
    neo4j_words_clear(&o->from);
}

/* Reads --review-cost, five units of money where it is not given. */
static bool read_review_cost(Options *o) {
    Decimal decimal;
    o->review_cost = 500;
    const char *text = o->review_cost_text;
    if (!text || (decimal_scan(str_from(text), &decimal) && !decimal.negative &&
                  decimal_scaled(&decimal, 2, AMOUNT_MAX, &o->review_cost)))
        return true;
    options_fail(o->command->words, 0, "--review-cost wants an amount such as 5.00, not '%s'",
                 text);
    return false;
}

/* The training files and then the validation file, as one log. */
typedef struct Inputs {
    GPtrArray *paths;
    int64_t label_delay;
    bool strict;
    bool opened;    /* rejects are kept aside on the first reading only */
    Neo4j *neo4j;   /* the log is there, and not in files; or NULL */
    uint64_t edges; /* of its graph, at the first reading */
} Inputs;

static EventLog *open_graph(Inputs *inputs, GError **error) {
    const Neo4jLogOptions options = {.label_delay = inputs->label_delay, .edges = inputs->edges};
    EventLog *log = neo4j_log_open(inputs->neo4j, &options, error);
    if (log) inputs->edges = neo4j_log_edges(log);
    return log;
}

static EventLog *open_log(void *data, GError **error) {
    Inputs *inputs = data;
    if (inputs->neo4j) return open_graph(inputs, error);
    const CsvLogOptions options = {
        .paths = (const char *const *)inputs->paths->pdata,
        .path_count = inputs->paths->len,
        .label_delay = inputs->label_delay,
        .strict = inputs->strict,
        .no_reject_files = inputs->opened,
    };
    inputs->opened = true;
    return csv_log_open(&options, error);
}

/* A progress bar a stage. */
typedef struct Bar {
    const char *stage;
    size_t done;
    Progress *progress;
} Bar;

static void show(void *data, const char *stage, size_t done, size_t total) {
    Bar *bar = data;
    if (bar->stage != stage || done < bar->done) {
        progress_end(bar->progress);
        bar->progress = progress_new(stage, total);
        bar->stage = stage;
    }
    bar->done = done;
    progress_update(bar->progress, done, NULL);
}

/* News of the training, a line on standard error. */
static void note(void *data, const char *line) {
    Bar *bar = data;
    progress_end(bar->progress);
    *bar = (Bar){0};
    fprintf(stderr, "%s\n", line);
}

static bool add_member(Options *o, const char *name) {
    for (const Trainer *const *trainer = o->command->trainers; *trainer; trainer++) {
        if (strcmp(model_kind_name((*trainer)->kind), name) != 0) continue;
        for (size_t m = 0; m < o->member_count; m++)
            if (o->members[m].trainer == *trainer) return false;
        o->members[o->member_count].trainer = *trainer;
        o->member_params[o->member_count++] = g_array_new(FALSE, FALSE, sizeof(TrainParam));
        return true;
    }
    return false;
}

/* The kinds of --members; all of the command's where it is not given. */
static bool read_members(Options *o) {
    g_autoptr(GString) all = g_string_new(NULL);
    for (const Trainer *const *trainer = o->command->trainers; *trainer; trainer++)
        g_string_append_printf(all, "%s%s", all->len > 0 ? "," : "",
                               model_kind_name((*trainer)->kind));
    g_auto(GStrv) names = g_strsplit(o->members_text ? o->members_text : all->str, ",", -1);
    bool good = names[0] != NULL;
    for (char **name = names; *name && good; name++)
        good = add_member(o, *name);
    if (!good)
        options_fail(o->command->words, 0, "--members wants some of %s, each once, not '%s'",
                     all->str, o->members_text);
    return good;
}

/* Which member a parameter is of: the only one, or that of its name's beginning, "gcn.", which is
 * taken off; NULL where there is none. The value stands behind. */
static GArray *params_of(const Options *o, char **name) {
    if (!o->command->trainers[1]) return o->member_params[0];
    for (size_t m = 0; m < o->member_count; m++) {
        const char *kind = model_kind_name(o->members[m].trainer->kind);
        const size_t len = strlen(kind);
        if (!g_str_has_prefix(*name, kind) || (*name)[len] != '.' || (*name)[len + 1] == '=')
            continue;
        *name += len + 1;
        return o->member_params[m];
    }
    return NULL;
}

static bool read_params(Options *o) {
    for (char **text = o->params; text && *text; text++) {
        char *equals = strchr(*text, '=');
        if (!equals || equals == *text || !equals[1]) {
            options_fail(o->command->words, 0, "--param wants NAME=VALUE, not '%s'", *text);
            return false;
        }
        TrainParam param = {*text, equals + 1};
        GArray *params = params_of(o, &param.name);
        if (!params) {
            options_fail(o->command->words, 0,
                         "--param wants KIND.NAME=VALUE with one of the members' kinds, not '%s'",
                         *text);
            return false;
        }
        *equals = '\0';
        g_array_append_val(params, param);
    }
    for (size_t m = 0; m < o->member_count; m++) {
        o->members[m].params = (const TrainParam *)(const void *)o->member_params[m]->data;
        o->members[m].param_count = o->member_params[m]->len;
    }
    return true;
}

static void print_json(const char *dir, const ModelManifest *manifest, const TrainResult *r) {
    const Metrics *m = &r->judgement.metrics;
    g_autoptr(GString) out = g_string_new("{\"model\":");
    json_write_str(out, str_from(dir));
    g_string_append(out, ",\"version\":");
    json_write_str(out, str_from(manifest->version));
    g_string_append(out, ",\"name\":");
    json_write_str(out, str_from(manifest->name));
    g_string_append_printf(out,
                           ",\"rows\":%zu,\"frauds\":%zu,\"judged_rows\":%zu,\"seconds\":", r->rows,
                           r->frauds, r->valid_rows);
    json_write_double(out, r->seconds, 6);
    g_string_append(out, ",\"average_precision\":");
    json_write_double(out, m->average_precision, 6);
    g_string_append(out, ",\"roc_auc\":");
    json_write_double(out, m->roc_auc, 6);
    g_string_append(out, ",\"best_f1\":");
    json_write_double(out, m->best_f1, 6);
    g_string_append(out, ",\"recall_at_precision_95\":");
    json_write_double(out, m->recall_at_precision_95, 6);
    g_string_append(out, ",\"balanced_f1\":");
    json_write_double(out, m->balanced_f1, 6);
    g_string_append(out, ",\"balanced_f1_threshold\":");
    json_write_double(out, m->balanced_f1_threshold, 17);
    g_string_append(out, ",\"threshold\":");
    json_write_double(out, r->judgement.threshold, 17);
    g_string_append(out, ",\"decline_threshold\":");
    json_write_double(out, r->judgement.decline_threshold, 17);
    g_string_append_c(out, '}');
    puts(out->str);
}

/* What each of several members is worth by itself. */
static void print_members(const TrainResult *r) {
    for (size_t m = 0; r->member_count > 1 && m < r->member_count; m++) {
        const Metrics *metrics = &r->members[m].judgement.metrics;
        printf("  %-9s by itself: average precision %.4f, best F1 %.4f; weight %.3f\n",
               model_kind_name(r->members[m].kind), metrics->average_precision, metrics->best_f1,
               r->members[m].weight);
    }
}

static void print_text(const char *dir, const ModelManifest *manifest, const TrainResult *r) {
    const Metrics *m = &r->judgement.metrics;
    printf("Trained %s (version %s) on %zu transactions, %zu of them fraud, in %.1f s.\n", dir,
           manifest->version, r->rows, r->frauds, r->seconds);
    if (m->frauds == 0)
        printf(
            "None of the %zu transactions it had not seen is known to be fraud: nothing tells how "
            "good it is.\n",
            r->valid_rows);
    else
        printf("On %zu transactions it had not seen: average precision %.4f, best F1 %.4f, recall\n"
               "at precision 0.95 %.4f. ",
               r->valid_rows, m->average_precision, m->best_f1, m->recall_at_precision_95);
    printf("Review from score %.4f, decline from %.4f:\n%s.\n", r->judgement.threshold,
           r->judgement.decline_threshold, r->judgement.threshold_choice);
    print_members(r);
}

static const char *model_name_of(const Options *o) {
    if (o->name) return o->name;
    return o->member_count > 1 ? ENSEMBLE_KIND : model_kind_name(o->members[0].trainer->kind);
}

/* To where it was asked for: a folder of its own, the registry, or both. */
static bool write_version(const Options *o, const TrainResult *result, GError **error) {
    const char *name = model_name_of(o);
    g_autoptr(TrainVersion) version =
        train_version_new(result, name, g_get_real_time() / G_USEC_PER_SEC, error);
    if (!version) return false;
    const ModelManifest *manifest = train_version_manifest(version);
    if (o->out && !model_folder_write(o->out, manifest, error)) return false;
    if (o->models && !registry_add(o->models, manifest, error)) return false;
    g_autofree char *dir =
        o->models ? g_build_filename(o->models, name, manifest->version, NULL) : g_strdup(o->out);
    if (!made_model_note(name, manifest->version, error)) return false;
    (o->json ? print_json : print_text)(dir, manifest, result);
    mlflow_outbox_train(dir);
    return true;
}

static int train(const Options *o, Inputs *inputs) {
    Bar bar = {0};
    const TrainJob job = {
        .data = {.open = open_log,
                 .open_data = inputs,
                 .valid_input = o->valid ? inputs->paths->len - 1 : G_MAXUINT,
                 .without = (const char *const *)o->without,
                 .progress = show,
                 .progress_data = &bar},
        .members = o->members,
        .member_count = o->member_count,
        .review_cost = o->review_cost,
        .python = o->python,
        .note = note,
        .note_data = &bar,
        .wish = o->wish,
        .refit = o->refit,
    };
    g_autoptr(GError) error = NULL;
    if ((o->models && !registry_prepare(o->models, model_name_of(o), &error)) ||
        (o->out && !model_folder_check(o->out, &error)))
        return options_fail(o->command->words, 1, "%s", error->message);
    TrainResult result;
    bool good = train_model(&job, &result, &error);
    progress_end(bar.progress);
    if (!good) return options_fail(o->command->words, 1, "%s", error->message);
    good = write_version(o, &result, &error);
    train_result_clear(&result);
    return good ? 0 : options_fail(o->command->words, 1, "%s", error->message);
}

/* Trains from files, or where --from is given, from Neo4j. */
static int train_from(const Options *o, Inputs *inputs) {
    if (!o->from.url) return train(o, inputs);
    g_autoptr(GError) error = NULL;
    const Neo4jOptions options = neo4j_words_options(&o->from);
    inputs->neo4j = neo4j_new(&options, &error);
    if (!inputs->neo4j) return options_fail(o->command->words, 1, "%s", error->message);
    const int status = train(o, inputs);
    neo4j_free(inputs->neo4j);
    return status;
}

static bool read_aim(Options *o) {
    o->wish.review_cost = (double)o->review_cost / 100;
    if (!o->aim || threshold_parse(o->aim, &o->wish)) return true;
    options_fail(o->command->words, 0,
                 "--aim wants f1, cost, precision=SHARE or alerts=A_DAY, not '%s'", o->aim);
    return false;
}

static int check_and_train(Options *o) {
    Inputs inputs = {.strict = o->strict};
    if ((!o->train && !o->from.url) || (!o->out && !o->models))
        return options_fail(o->command->words, EXIT_USAGE,
                            "needs --train FILE (or --from URL), and --models DIR or --out DIR");
    if (o->from.url && (o->train || o->valid))
        return options_fail(o->command->words, EXIT_USAGE,
                            "--from takes the place of --train and --valid");
    if (!read_review_cost(o) || !read_aim(o) ||
        !options_label_delay(o->command->words, o->label_delay, &inputs.label_delay))
        return EXIT_USAGE;
    if (o->name && !model_name_valid(str_from(o->name)))
        return options_fail(o->command->words, EXIT_USAGE,
                            "--name wants letters, digits, '.', '_', '-'");
    inputs.paths = g_ptr_array_new();
    for (char **path = o->train; path && *path; path++)
        g_ptr_array_add(inputs.paths, *path);
    if (o->valid) g_ptr_array_add(inputs.paths, o->valid);
    int status = EXIT_USAGE;
    bool from_stdin = false;
    for (guint i = 0; i < inputs.paths->len; i++)
        from_stdin |= strcmp(g_ptr_array_index(inputs.paths, i), "-") == 0;
    if (from_stdin)
        options_fail(o->command->words, 0, "training reads its input twice: give a file, not '-'");
    else if (read_members(o) && read_params(o))
        status = train_from(o, &inputs);
    g_ptr_array_unref(inputs.paths);
    return status;
}

/* libxgboost's threads wait by spinning, which on a busy machine takes the very cores that they
 * wait for: training then takes ten times as long. OpenMP reads its settings when it is loaded, so
 * they must be there before the program starts. */
static void wait_without_spinning(void) {
    if (g_getenv("OMP_WAIT_POLICY")) return;
    g_autofree char *line = NULL;
    gsize len;
    if (!g_file_get_contents("/proc/self/cmdline", &line, &len, NULL)) return;
    g_autoptr(GPtrArray) words = g_ptr_array_new();
    for (gsize at = 0; at < len; at += strlen(line + at) + 1)
        g_ptr_array_add(words, line + at);
    g_ptr_array_add(words, NULL);
    g_setenv("OMP_WAIT_POLICY", "passive", TRUE);
    execv("/proc/self/exe", (char **)words->pdata);
}

int train_command(const TrainCommand *command, int argc, char **argv) {
    wait_without_spinning();
    Options o = {.command = command};
    enum { OWN_ENTRIES = 13, ALL_ENTRIES = OWN_ENTRIES + 2 + NEO4J_ENTRIES };
    GOptionEntry entries[ALL_ENTRIES + 1] = {
        {"train", 't', 0, G_OPTION_ARG_FILENAME_ARRAY, &o.train,
         "Transactions to learn from, in time order; may be given again", "FILE"},
        {"valid", 'v', 0, G_OPTION_ARG_FILENAME, &o.valid,
         "Later transactions to choose the threshold by (default: the last 10 % of --train)",
         "FILE"},
        {"out", 'o', 0, G_OPTION_ARG_FILENAME, &o.out, "The model's folder; replaced if it is one",
         "DIR"},
        {"models", 'm', 0, G_OPTION_ARG_FILENAME, &o.models,
         "A folder of models, to which a new version is added (see 'haechi models')", "DIR"},
        {"param", 'p', 0, G_OPTION_ARG_STRING_ARRAY, &o.params, command->param_help, "NAME=VALUE"},
        {"name", 'n', 0, G_OPTION_ARG_STRING, &o.name, "The model's name (that of its kind)",
         "NAME"},
        {"label-delay", 0, 0, G_OPTION_ARG_STRING, &o.label_delay,
         "Time from a transaction to its label (7d)", "TIME"},
        {"aim", 0, 0, G_OPTION_ARG_STRING, &o.aim,
         "What the threshold is chosen for: f1, the best F1 (default); cost, the least cost, of a "
         "missed fraud its amount, of an alert --review-cost; precision=0.9, the most frauds at "
         "that precision; alerts=50, the most frauds at so many alerts a day",
         "AIM"},
        {"review-cost", 0, 0, G_OPTION_ARG_STRING, &o.review_cost_text,
         "What looking at an alert costs, in money (5.00)", "AMOUNT"},
        {"refit", 0, 0, G_OPTION_ARG_NONE, &o.refit,
         "Learn once more, from the rows that judged too, once the threshold is chosen", NULL},
        {"without", 0, 0, G_OPTION_ARG_STRING_ARRAY, &o.without,
         "Learn nothing of the features of this name, such as gender_female or 'merchant_*'; may "
         "be "
         "given again",
         "FEATURE"},
        {"strict", 0, 0, G_OPTION_ARG_NONE, &o.strict, "Stop at the first bad row", NULL},
        {"json", 0, 0, G_OPTION_ARG_NONE, &o.json, "Print one JSON object", NULL},
    };
    GOptionEntry *from = entries + OWN_ENTRIES;
    if (command->in_python)
        *from++ = (GOptionEntry){
            "python",
            0,
            0,
            G_OPTION_ARG_FILENAME,
            &o.python,
            "The Python interpreter that trains (HAECHI_PYTHON; that of the environment)",
            "FILE"};
    if (command->trainers[1])
        *from++ = (GOptionEntry){"members",
                                 0,
                                 0,
                                 G_OPTION_ARG_STRING,
                                 &o.members_text,
                                 "The kinds to train, with commas between (all)",
                                 "KINDS"};
    neo4j_words_entries(&o.from, from);
    from[NEO4J_ENTRIES] = (GOptionEntry){0};
    from->long_name = "from";
    from->description =
        "In place of --train: all transactions of the graph in Neo4j (neo4j://HOST:PORT)";
    int status = EXIT_USAGE;
    if (options_parse(command->words, NULL, command->summary, entries, &argc, &argv, 0, 0))
        status = check_and_train(&o);
    options_clear(&o);
    return status;
}
