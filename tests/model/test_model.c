/* Model folders: written and loaded again, scores against libxgboost's, and every way in which a
 * folder can be missing, foreign, damaged or hostile. */
#include "model/model.h"
#include "model/model_folder.h"
#include "oracle.h"
#include <glib/gstdio.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

/* Models without a member that looks back see nothing but the row. */
static float score_by_members(const Model *model, const float *row, MemberScores *members) {
    ModelMemory *memory = model_memory_new(model);
    const float score = model_score(model, memory, &(ModelInput){.features = row}, members);
    model_memory_free(memory);
    return score;
}

static float score_of(const Model *model, const float *row) {
    MemberScores members;
    return score_by_members(model, row, &members);
}

static void contributions_of(const Model *model, const float *row, float *out) {
    ModelMemory *memory = model_memory_new(model);
    model_contributions(model, memory, &(ModelInput){.features = row}, out);
    model_memory_free(memory);
}

/* Two trained models over the catalogue's features, and a folder to put them in. */
typedef struct Fixture {
    char *root, *dir;
    Rows rows, own; /* the same rows; in `own` the features not flagged own are NaN */
    BoosterHandle booster, suspicion_booster;
    GBytes *model, *suspicion;
} Fixture;

static BoosterHandle train(const Rows *rows, GBytes **json) {
    BoosterHandle booster =
        oracle_train(rows, 8, (const char *[]){"max_depth", "4", "base_score", "0.1", NULL});
    const char **names = g_new(const char *, rows->features);
    for (size_t i = 0; i < rows->features; i++)
        names[i] = feature_at(i)->name;
    oracle_must(XGBoosterSetStrFeatureInfo(booster, "feature_name", names, rows->features));
    g_free(names);
    size_t len;
    char *text = oracle_json(booster, &len);
    *json = g_bytes_new_take(text, len);
    return booster;
}

static void set_up(Fixture *fixture, gconstpointer data) {
    (void)data;
    fixture->root = g_dir_make_tmp("haechi-model-XXXXXX", NULL);
    g_assert_nonnull(fixture->root);
    fixture->dir = g_build_filename(fixture->root, "champion", NULL);
    fixture->rows = rows_make(600, feature_count(), 0.1, 21);
    fixture->own = rows_make(600, feature_own_count(), 0.1, 21);
    for (size_t i = 0; i < fixture->own.n; i++)
        memcpy(fixture->own.values + i * feature_own_count(),
               fixture->rows.values + i * feature_count(), feature_own_count() * sizeof(float));
    fixture->booster = train(&fixture->rows, &fixture->model);
    fixture->suspicion_booster = train(&fixture->own, &fixture->suspicion);
}

static void remove_tree(const char *path) {
    GDir *entries = g_file_test(path, G_FILE_TEST_IS_SYMLINK) ? NULL : g_dir_open(path, 0, NULL);
    for (const char *name; entries != NULL && (name = g_dir_read_name(entries)) != NULL;) {
        char *child = g_build_filename(path, name, NULL);
        remove_tree(child);
        g_free(child);
    }
    if (entries != NULL) g_dir_close(entries);
    g_remove(path);
}

static void tear_down(Fixture *fixture, gconstpointer data) {
    (void)data;
    remove_tree(fixture->root);
    g_free(fixture->root);
    g_free(fixture->dir);
    rows_free(&fixture->rows);
    rows_free(&fixture->own);
    g_bytes_unref(fixture->model);
    g_bytes_unref(fixture->suspicion);
    oracle_must(XGBoosterFree(fixture->booster));
    oracle_must(XGBoosterFree(fixture->suspicion_booster));
}

#define MEMBER_FILE "xgboost.json"
static const ModelParameter parameters[] = {{"max_depth", "4"}, {"eta", "0.3"}};
static const ModelMetric metrics[] = {{"average_precision", 0.9875}, {"roc_auc", NAN}};
static const ModelManifest manifest = {
    .name = "xgboost",
    .version = "20261122T121314Z-1a2b3c4d",
    .parameters = parameters,
    .parameter_count = G_N_ELEMENTS(parameters),
    .data_from = 1546300818,
    .data_to = 1592742863,
    .rows = 600,
    .frauds = 77,
    .metrics = metrics,
    .metric_count = G_N_ELEMENTS(metrics),
    .threshold = 0.1,
    .decline_threshold = 0.75,
    .threshold_choice = "best F1 on \"valid\"",
    .training_seconds = 12.5,
};

/* Writes `base` with these bytes as its only member and its first stage. */
static bool write_model(const char *dir, const ModelManifest *base, GBytes *member,
                        GBytes *suspicion, GError **error) {
    ModelManifest whole = *base;
    whole.members = &(ModelPart){MODEL_XGBOOST, member, 1, 0.25};
    whole.member_count = 1;
    whole.suspicion = suspicion;
    return model_folder_write(dir, &whole, error);
}

static void write_ok(const Fixture *fixture) {
    GError *error = NULL;
    const bool ok =
        write_model(fixture->dir, &manifest, fixture->model, fixture->suspicion, &error);
    g_assert_no_error(error);
    g_assert_true(ok);
}

static void test_scores(Fixture *fixture, gconstpointer data) {
    (void)data;
    write_ok(fixture);
    GError *error = NULL;
    Model *model = model_load(fixture->dir, &error);
    g_assert_no_error(error);
    g_assert_cmpstr(model_name(model), ==, "xgboost");
    g_assert_cmpstr(model_version(model), ==, "20261122T121314Z-1a2b3c4d");
    g_assert_cmpfloat(model_threshold(model), ==, 0.1);
    g_assert_cmpfloat(model_decline_threshold(model), ==, 0.75);
    float *scores = oracle_predict(fixture->booster, &fixture->rows, 0, 1);
    float *suspicions = oracle_predict(fixture->suspicion_booster, &fixture->own, 0, 1);
    float *sums = g_new(float, feature_count() + 1);
    for (size_t i = 0; i < fixture->rows.n; i++) {
        const float *row = fixture->rows.values + i * feature_count();
        const float score = score_of(model, row);
        g_assert_cmpfloat_with_epsilon(score, scores[i], 1e-6);
        /* The whole row: what is not the first stage's must not matter. */
        g_assert_cmpfloat_with_epsilon(model_suspicion(model, row), suspicions[i], 1e-6);
        contributions_of(model, row, sums);
        double margin = 0;
        for (size_t f = 0; f <= feature_count(); f++)
            margin += (double)sums[f];
        g_assert_cmpfloat_with_epsilon(1 / (1 + exp(-margin)), score, 1e-5);
    }
    g_free(sums);
    g_free(scores);
    g_free(suspicions);
    model_free(model);
}

/* Files that come with a model are written, listed and hashed with it, and go with it when it is
 * replaced. */
static void test_extras(Fixture *fixture, gconstpointer data) {
    (void)data;
    g_autoptr(GBytes) report = g_bytes_new_static("{}", 2);
    const ModelExtra extras[] = {{"report.json", report}, {"roc.png", fixture->suspicion}};
    ModelManifest with = manifest;
    with.extras = extras;
    with.extra_count = G_N_ELEMENTS(extras);
    GError *error = NULL;
    g_assert_true(write_model(fixture->dir, &with, fixture->model, fixture->suspicion, &error));
    g_assert_no_error(error);
    Model *model = model_load(fixture->dir, &error);
    g_assert_no_error(error);
    g_autofree char *hash = g_compute_checksum_for_bytes(G_CHECKSUM_SHA256, report);
    const Str text = model_manifest(model);
    g_autofree char *listed = g_strdup_printf("\"report.json\": \"%s\"", hash);
    g_assert_nonnull(g_strstr_len(text.data, (gssize)text.len, listed));
    model_free(model);
    g_autofree char *path = g_build_filename(fixture->dir, "report.json", NULL);
    g_assert_true(g_file_test(path, G_FILE_TEST_IS_REGULAR));
    write_ok(fixture);
    g_assert_false(g_file_test(path, G_FILE_TEST_EXISTS));
}

static void test_without_suspicion(Fixture *fixture, gconstpointer data) {
    (void)data;
    write_ok(fixture);
    GError *error = NULL;
    g_assert_true(write_model(fixture->dir, &manifest, fixture->model, NULL, &error));
    char *path = g_build_filename(fixture->dir, MODEL_SUSPICION_FILE, NULL);
    g_assert_false(g_file_test(path, G_FILE_TEST_EXISTS));
    g_free(path);
    Model *model = model_load(fixture->dir, &error);
    g_assert_no_error(error);
    g_assert_cmpfloat(model_suspicion(model, fixture->rows.values), ==, 0);
    model_free(model);
}

static void test_verdicts(Fixture *fixture, gconstpointer data) {
    (void)data;
    write_ok(fixture);
    Model *model = model_load(fixture->dir, NULL);
    g_assert_cmpstr(verdict_name(model_verdict(model, 0.0999f)), ==, "approve");
    g_assert_cmpstr(verdict_name(model_verdict(model, 0.1001f)), ==, "review");
    g_assert_cmpstr(verdict_name(model_verdict(model, 0.7499f)), ==, "review");
    g_assert_cmpstr(verdict_name(model_verdict(model, 0.75f)), ==, "decline");
    g_assert_cmpfloat(model_probability(0), ==, 0.5f);
    g_assert_cmpfloat(model_probability(1000), ==, 1);
    g_assert_cmpfloat(model_probability(-1000), ==, 0);
    model_free(model);
}

static void test_manifest(Fixture *fixture, gconstpointer data) {
    (void)data;
    write_ok(fixture);
    Model *model = model_load(fixture->dir, NULL);
    char *text = g_strndup(model_manifest(model).data, model_manifest(model).len);
    static const char *const expected[] = {
        "\"format\": 3",
        "\"threshold\": 0.1,",
        "\"decline_threshold\": 0.75,",
        "\"threshold_choice\": \"best F1 on \\\"valid\\\"\"",
        "\"from\": \"2019-01-01T00:00:18Z\"",
        "\"to\": \"2020-06-21T12:34:23Z\"",
        "\"rows\": 600",
        "\"frauds\": 77",
        "\"average_precision\": 0.9875",
        "\"roc_auc\": null",
        "\"max_depth\": \"4\"",
        "\"training_seconds\": 12.5",
    };
    for (size_t i = 0; i < G_N_ELEMENTS(expected); i++)
        if (strstr(text, expected[i]) == NULL) g_error("no '%s' in %s", expected[i], text);
    g_free(text);
    model_free(model);
}

static char *read_text(const Fixture *fixture, const char *name) {
    char *path = g_build_filename(fixture->dir, name, NULL), *text;
    g_assert_true(g_file_get_contents(path, &text, NULL, NULL));
    g_free(path);
    return text;
}

static void write_text(const Fixture *fixture, const char *name, const char *text, gssize len) {
    char *path = g_build_filename(fixture->dir, name, NULL);
    g_remove(path);
    FILE *file = fopen(path, "w");
    fwrite(text, 1, len < 0 ? strlen(text) : (size_t)len, file);
    fclose(file);
    g_free(path);
}

static char *replace(const char *text, const char *from, const char *to) {
    GString *edited = g_string_new(text);
    if (g_string_replace(edited, from, to, 1) != 1) g_error("no '%s' in %s", from, text);
    return g_string_free(edited, FALSE);
}

/* Several members: the score is that of the weighted margins, and so are the contributions. */
static void test_members(Fixture *fixture, gconstpointer data) {
    (void)data;
    write_ok(fixture);
    Model *alone = model_load(fixture->dir, NULL);
    char *text = read_text(fixture, MODEL_MANIFEST_FILE);
    static const char first[] = "\"members\": [{", second[] = "\"bias\": 0";
    char *two = replace(text, first,
                        "\"members\": [{\"kind\": \"xgboost\", \"file\": \"xgboost.json\", "
                        "\"weight\": 0.25, \"threshold\": 0.75}, {");
    char *biased = replace(two, second, "\"bias\": -1.5");
    write_text(fixture, MODEL_MANIFEST_FILE, biased, -1);
    GError *error = NULL;
    Model *model = model_load(fixture->dir, &error);
    g_assert_no_error(error);
    g_assert_cmpuint(model_member_count(alone), ==, 1);
    g_assert_cmpuint(model_member_count(model), ==, 2);
    g_assert_true(str_equal(model_member_kinds(alone), STR("xgboost")));
    g_assert_true(str_equal(model_member_kinds(model), STR("xgboost,xgboost")));
    g_assert_cmpfloat(model_member_threshold(model, 0), ==, 0.75);
    g_assert_cmpfloat(model_member_threshold(model, 1), ==, 0.25);
    g_assert_cmpint(model_member_kind(model_member(model, 1)), ==, MODEL_XGBOOST);
    size_t seen[4] = {0}; /* rows by who alerts */
    float *sums = g_new(float, feature_count() + 1);
    for (size_t i = 0; i < fixture->rows.n; i++) {
        const float *row = fixture->rows.values + i * feature_count();
        MemberScores one, both;
        const float margin =
            model_member_margin(model_member(alone, 0), NULL, &(ModelInput){.features = row});
        const float own = score_by_members(alone, row, &one);
        g_assert_cmpfloat(own, ==, model_probability(margin));
        g_assert_cmpuint(one.count, ==, 1);
        g_assert_cmpfloat(one.scores[0], ==, own);
        g_assert_cmpuint(one.alerts, ==, own >= 0.25f);
        const double odds = 1.25 * (double)margin - 1.5;
        const float score = score_by_members(model, row, &both);
        g_assert_cmpfloat_with_epsilon(score, 1 / (1 + exp(-odds)), 1e-7);
        g_assert_cmpuint(both.count, ==, 2);
        g_assert_cmpfloat(both.scores[0], ==, own);
        g_assert_cmpfloat(both.scores[1], ==, own);
        g_assert_cmpuint(both.alerts, ==, (own >= 0.75f) + 2 * (own >= 0.25f));
        seen[both.alerts]++;
        g_assert_cmpuint(member_scores_agreeing(&both, VERDICT_APPROVE), ==,
                         2 - (unsigned)__builtin_popcount(both.alerts));
        g_assert_cmpuint(member_scores_agreeing(&both, VERDICT_REVIEW), ==,
                         (unsigned)__builtin_popcount(both.alerts));
        contributions_of(model, row, sums);
        double sum = 0;
        for (size_t f = 0; f <= feature_count(); f++)
            sum += (double)sums[f];
        g_assert_cmpfloat_with_epsilon(sum, odds, 1e-4);
    }
    g_assert_cmpuint(seen[0], >, 0);
    g_assert_cmpuint(seen[2], >, 0);
    g_assert_cmpuint(seen[3], >, 0);
    Str kinds = model_member_kinds(model);
    g_assert_true(str_equal(member_kinds_next(&kinds), STR("xgboost")));
    g_assert_true(str_equal(member_kinds_next(&kinds), STR("xgboost")));
    g_assert_cmpuint(member_kinds_next(&kinds).len, ==, 0);
    g_free(sums);
    g_free(text);
    g_free(two);
    g_free(biased);
    model_free(alone);
    model_free(model);
}

static size_t count_entries(const char *dir) {
    GDir *entries = g_dir_open(dir, 0, NULL);
    size_t count = 0;
    while (g_dir_read_name(entries) != NULL)
        count++;
    g_dir_close(entries);
    return count;
}

/* What the manifest that was there calls the model's goes with it, whatever it is called; what it
 * calls so outside its folder stays; and a broken manifest takes nothing from the new model. */
static void check_rewrites(const Fixture *fixture) {
    write_text(fixture, "old.json", "another version's", -1);
    char *notes = g_build_filename(fixture->dir, "old.json", NULL);
    char *outside = g_build_filename(fixture->root, "outside", NULL);
    g_assert_true(g_file_set_contents(outside, "kept", -1, NULL));
    write_text(fixture, MODEL_MANIFEST_FILE,
               "{\"format\": 1, \"files\": {\"old.json\": \"\", \"../outside\": \"\"}}", -1);
    write_ok(fixture);
    g_assert_false(g_file_test(notes, G_FILE_TEST_EXISTS));
    g_assert_true(g_file_test(outside, G_FILE_TEST_EXISTS));
    g_assert_cmpint(g_unlink(outside), ==, 0);
    write_text(fixture, MODEL_MANIFEST_FILE, "no manifest", -1);
    write_text(fixture, MEMBER_FILE, "no model", -1);
    write_ok(fixture);
    Model *model = model_load(fixture->dir, NULL);
    g_assert_nonnull(model);
    model_free(model);
    g_assert_cmpuint(count_entries(fixture->dir), ==, 4);
    g_free(notes);
    g_free(outside);
}

/* Writing again replaces the model, keeps what else is in the folder, leaves nothing beside it, and
 * follows a link to the folder. */
static void test_rewrite(Fixture *fixture, gconstpointer data) {
    (void)data;
    write_ok(fixture);
    char *notes = g_build_filename(fixture->dir, "notes.txt", NULL);
    char *link = g_build_filename(fixture->root, "link", NULL);
    g_assert_true(g_file_set_contents(notes, "kept", -1, NULL));
    g_assert_cmpint(symlink("champion", link), ==, 0);
    ModelManifest second = manifest;
    second.version = "2";
    GError *error = NULL;
    g_assert_true(write_model(link, &second, fixture->model, fixture->suspicion, &error));
    g_assert_no_error(error);
    g_assert_true(g_file_test(link, G_FILE_TEST_IS_SYMLINK));
    g_assert_true(g_file_test(notes, G_FILE_TEST_EXISTS));
    g_assert_cmpuint(count_entries(fixture->root), ==, 2);
    g_assert_cmpuint(count_entries(fixture->dir), ==, 4);
    Model *model = model_load(fixture->dir, &error);
    g_assert_no_error(error);
    g_assert_cmpstr(model_version(model), ==, "2");
    model_free(model);
    check_rewrites(fixture);
    g_free(notes);
    g_free(link);
}

static void write_refused(const Fixture *fixture, const char *dir) {
    GError *error = NULL;
    g_assert_false(write_model(dir, &manifest, fixture->model, fixture->suspicion, &error));
    g_assert_error(error, MODEL_ERROR, MODEL_ERROR_WRITE);
    g_assert_nonnull(strstr(error->message, fixture->root));
    g_error_free(error);
}

static void test_unwritable(Fixture *fixture, gconstpointer data) {
    (void)data;
    char *nowhere = g_build_filename(fixture->root, "absent", "model", NULL);
    char *file = g_build_filename(fixture->root, "file", NULL);
    write_refused(fixture, nowhere);
    g_assert_true(g_file_set_contents(file, "a file", -1, NULL));
    write_refused(fixture, file);
    g_assert_true(g_file_test(file, G_FILE_TEST_IS_REGULAR));
    g_assert_cmpuint(count_entries(fixture->root), ==, 1);
    g_free(nowhere);
    g_free(file);
}

/* Loading must fail with one line that names the folder and holds `expected`. */
static void refused(const Fixture *fixture, ModelError code, const char *expected) {
    GError *error = NULL;
    Model *model = model_load(fixture->dir, &error);
    if (model != NULL) g_error("loaded, though it should say '%s'", expected);
    g_assert_error(error, MODEL_ERROR, (int)code);
    if (strstr(error->message, expected) == NULL || strchr(error->message, '\n') != NULL ||
        !g_str_has_prefix(error->message, fixture->dir))
        g_error("'%s' does not say '%s'", error->message, expected);
    g_error_free(error);
}

/* Loading must fail when `from` in the manifest is `to`. */
static void refused_edit(const Fixture *fixture, const char *from, const char *to, ModelError code,
                         const char *expected) {
    char *good = read_text(fixture, MODEL_MANIFEST_FILE);
    char *bad = replace(good, from, to);
    write_text(fixture, MODEL_MANIFEST_FILE, bad, -1);
    refused(fixture, code, expected);
    write_text(fixture, MODEL_MANIFEST_FILE, good, -1);
    g_free(good);
    g_free(bad);
}

static void test_manifest_refused(Fixture *fixture, gconstpointer data) {
    (void)data;
    write_ok(fixture);
    static const char *const edits[][3] = {
        {"\"format\": 3", "\"format\": 2", "another version of haechi; train it again"},
        {"\"format\": 3", "\"format\": \"3\"", "another version of haechi; train it again"},
        {"\"members\": [", "\"members\": [], \"others\": [", "\"members\" are not 1 to 8"},
        {"\"members\": [", "\"members\": {}, \"others\": [", "\"members\" are not 1 to 8"},
        {"\"members\": [", "\"members\": [7, ", "member 0 is of no \"kind\""},
        {"\"kind\": \"xgboost\"", "\"kind\": \"forest\"", "member 0 is of no \"kind\""},
        {"\"file\": \"xgboost.json\"", "\"file\": \"../xgboost.json\"", "member 0 has no \"file\""},
        {"\"weight\": 1", "\"weight\": \"1\"", "\"weight\" is not a number"},
        {"\"weight\": 1", "\"weight\": -1000001", "\"weight\" is not a number"},
        {"\"threshold\": 0.25", "\"threshold\": 1.25", "\"threshold\" is not a number"},
        {"\"threshold\": 0.25", "\"treshold\": 0.25", "\"threshold\" is not a number"},
        {"\"bias\": 0", "\"bias\": 1e300", "\"bias\" is not a number"},
        {"\"version\": \"2026", "\"version\": \"..\\u0000/2026", "\"version\""},
        {"\"name\": \"xgboost\"", "\"name\": \"\"", "\"name\""},
        {"\"name\": \"xgboost\"", "\"name\": 7", "\"name\""},
        {"\"threshold\": 0.1", "\"threshold\": \"0.1\"", "\"threshold\""},
        {"\"threshold\": 0.1", "\"threshold\": 1.5", "\"threshold\""},
        {"\"threshold\": 0.1", "\"threshold\": null", "\"threshold\""},
        {"\"threshold\": 0.1", "\"threshold\": 0.8", "under \"threshold\""},
        {"\"files\"", "\"other\"", "no \"files\""},
        {"\"features\"", "\"others\"", "no \"features\""},
        {"\"feature_hash\"", "\"hash\"", "no \"feature_hash\""},
        {"{", "[", "JSON: "},
    };
    for (size_t i = 0; i < G_N_ELEMENTS(edits); i++)
        refused_edit(fixture, edits[i][0], edits[i][1], MODEL_ERROR_INVALID, edits[i][2]);
    refused_edit(fixture, "\"file\": \"xgboost.json\"", "\"file\": \"suspicion.json\"",
                 MODEL_ERROR_FEATURES, "suspicion.json: has");
    write_text(fixture, MODEL_MANIFEST_FILE, "[]", -1);
    refused(fixture, MODEL_ERROR_INVALID, "manifest.json: \"format\"");
    char *large = g_malloc0(MODEL_MANIFEST_BYTES_MAX + 1);
    write_text(fixture, MODEL_MANIFEST_FILE, large, MODEL_MANIFEST_BYTES_MAX + 1);
    refused(fixture, MODEL_ERROR_INVALID, "over 4194304 bytes");
    g_free(large);
}

static void test_foreign_features(Fixture *fixture, gconstpointer data) {
    (void)data;
    write_ok(fixture);
    const char *second = feature_at(1)->name;
    char *quoted = g_strdup_printf("\"%s\"", second);
    char *expected = g_strdup_printf("feature 1 is \"other\\001\" where this build has %s", quoted);
    char *features = g_strdup_printf("%s, ", quoted);
    refused_edit(fixture, quoted, "\"other\\u0001\"", MODEL_ERROR_FEATURES, expected);
    refused_edit(fixture, features, "", MODEL_ERROR_FEATURES, "feature 1 is");
    refused_edit(fixture, "],\n  \"files\"", ", \"newer\"],\n  \"files\"", MODEL_ERROR_FEATURES,
                 "trained with feature \"newer\", which this build has not");
    char *last = g_strdup_printf(", \"%s\"]", feature_at(feature_count() - 1)->name);
    refused_edit(fixture, last, "]", MODEL_ERROR_FEATURES, "trained without feature");
    char *hash = feature_hash();
    refused_edit(fixture, hash, "0123", MODEL_ERROR_FEATURES, "feature hash differs");
    g_free(hash);
    g_free(last);
    g_free(features);
    g_free(expected);
    g_free(quoted);
}

/* A first stage that sees more than the own features; models over other numbers or names of
 * features.
 */
static void test_foreign_trees(Fixture *fixture, gconstpointer data) {
    (void)data;
    GError *error = NULL;
    g_assert_true(write_model(fixture->dir, &manifest, fixture->model, fixture->model, &error));
    refused(fixture, MODEL_ERROR_FEATURES, "suspicion.json: has ");
    Rows small = rows_make(200, 3, 0, 1);
    BoosterHandle booster = oracle_train(&small, 1, (const char *[]){NULL});
    size_t len;
    char *json = oracle_json(booster, &len);
    GBytes *bytes = g_bytes_new_take(json, len);
    g_assert_true(write_model(fixture->dir, &manifest, bytes, NULL, &error));
    refused(fixture, MODEL_ERROR_FEATURES, "xgboost.json: has 3 features where this build has");
    g_bytes_unref(bytes);
    oracle_must(XGBoosterFree(booster));
    rows_free(&small);
    char *text =
        g_strndup(g_bytes_get_data(fixture->model, NULL), g_bytes_get_size(fixture->model));
    char *quoted = g_strdup_printf("\"%s\"", feature_at(0)->name);
    char *renamed = replace(text, quoted, "\"else\"");
    bytes = g_bytes_new(renamed, strlen(renamed));
    g_assert_true(write_model(fixture->dir, &manifest, bytes, NULL, &error));
    refused(fixture, MODEL_ERROR_FEATURES, "xgboost.json: feature 0 is not");
    g_bytes_unref(bytes);
    g_free(renamed);
    g_free(quoted);
    g_free(text);
}

static void test_missing(Fixture *fixture, gconstpointer data) {
    (void)data;
    static const char *const names[] = {MODEL_MANIFEST_FILE, MEMBER_FILE, MODEL_SUSPICION_FILE};
    refused(fixture, MODEL_ERROR_MISSING, "no such model folder");
    for (size_t i = 0; i < G_N_ELEMENTS(names); i++) {
        write_ok(fixture);
        char *path = g_build_filename(fixture->dir, names[i], NULL);
        g_assert_cmpint(g_unlink(path), ==, 0);
        refused(fixture, MODEL_ERROR_MISSING, names[i]);
        g_assert_cmpint(g_mkdir(path, 0755), ==, 0);
        refused(fixture, MODEL_ERROR_INVALID, "not a regular file");
        g_assert_cmpint(g_rmdir(path), ==, 0);
        g_assert_cmpint(mkfifo(path, 0600), ==, 0);
        refused(fixture, MODEL_ERROR_INVALID, "not a regular file");
        g_assert_cmpint(g_unlink(path), ==, 0);
        g_free(path);
    }
}

/* Every file cut at many places, and with single bytes changed: always one clean error. */
static void test_damaged(Fixture *fixture, gconstpointer data) {
    (void)data;
    static const char *const names[] = {MEMBER_FILE, MODEL_SUSPICION_FILE, MODEL_MANIFEST_FILE};
    write_ok(fixture);
    GRand *random = g_rand_new_with_seed(4);
    for (size_t i = 0; i < G_N_ELEMENTS(names); i++) {
        char *text = read_text(fixture, names[i]);
        const size_t len = strlen(text);
        for (int round = 0; round < 200; round++) {
            const gint32 at = g_rand_int_range(random, 0, (gint32)len - 2);
            write_text(fixture, names[i], text, at);
            refused(fixture, MODEL_ERROR_INVALID, names[i]);
            if (strcmp(names[i], MODEL_MANIFEST_FILE) == 0) continue;
            const char was = text[at];
            text[at] ^= (char)(1 << g_rand_int_range(random, 0, 8));
            write_text(fixture, names[i], text, (gssize)len);
            refused(fixture, MODEL_ERROR_INVALID, "SHA-256");
            text[at] = was;
        }
        write_text(fixture, names[i], text, (gssize)len);
        g_free(text);
    }
    g_rand_free(random);
    Model *model = model_load(fixture->dir, NULL);
    g_assert_nonnull(model);
    model_free(model);
}

#define ADD(name, function) g_test_add(name, Fixture, NULL, set_up, function, tear_down)

int main(int argc, char **argv) {
    g_test_init(&argc, &argv, NULL);
    ADD("/model/scores", test_scores);
    ADD("/model/without_suspicion", test_without_suspicion);
    ADD("/model/verdicts", test_verdicts);
    ADD("/model/manifest", test_manifest);
    ADD("/model/members", test_members);
    ADD("/model/extras", test_extras);
    ADD("/model/rewrite", test_rewrite);
    ADD("/model/unwritable", test_unwritable);
    ADD("/model/manifest_refused", test_manifest_refused);
    ADD("/model/foreign_features", test_foreign_features);
    ADD("/model/foreign_trees", test_foreign_trees);
    ADD("/model/missing", test_missing);
    ADD("/model/damaged", test_damaged);
    return g_test_run();
}
