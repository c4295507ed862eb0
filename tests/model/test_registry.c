/* The registry: what is promoted, rolled back and deleted, and that it stays so when the program is
 * killed before any of its system calls, when several change it at once, and when names, links and
 * the history are hostile. */
#include "feature/feature.h"
#include "model/model.h"
#include "model/registry.h"

#include <errno.h>
#include <glib/gstdio.h>
#include <signal.h>
#include <stdio.h>
#include <sys/ptrace.h>
#include <sys/wait.h>
#include <unistd.h>

enum { VERSIONS = 4 };

static const char *const versions[VERSIONS] = {
    "20260101T000000Z-aaaaaaaa",
    "20260201T000000Z-bbbbbbbb",
    "20260301T000000Z-cccccccc",
    "20260401T000000Z-dddddddd",
};

typedef struct World {
    char *root, *dir; /* the registry is root/models */
} World;

static void remove_tree(const char *path) {
    GDir *entries = g_file_test(path, G_FILE_TEST_IS_SYMLINK) ? NULL : g_dir_open(path, 0, NULL);
    for (const char *name; entries && (name = g_dir_read_name(entries)) != NULL;) {
        g_autofree char *child = g_build_filename(path, name, NULL);
        remove_tree(child);
    }
    if (entries) g_dir_close(entries);
    g_remove(path);
}

/* The registry does not look into a member: any bytes will do. */
static bool add(const World *w, const char *name, const char *version, GError **error) {
    g_autoptr(GBytes) bytes = g_bytes_new_static("{}", 2);
    const ModelPart part = {MODEL_XGBOOST, bytes, 1, 0.5};
    const ModelExtra extra = {"report.json", bytes};
    const ModelManifest manifest = {
        .name = name,
        .version = version,
        .members = &part,
        .member_count = 1,
        .extras = &extra,
        .extra_count = 1,
        .threshold = 0.5,
        .decline_threshold = 0.5,
        .threshold_choice = "none",
    };
    return registry_add(w->dir, &manifest, error);
}

static void set_up(World *w, gconstpointer data) {
    (void)data;
    w->root = g_dir_make_tmp("haechi-registry-XXXXXX", NULL);
    g_assert_nonnull(w->root);
    w->dir = g_build_filename(w->root, "models", NULL);
    for (int i = 0; i < VERSIONS; i++) {
        g_autoptr(GError) error = NULL;
        g_assert_true(add(w, "fraud", versions[i], &error));
        g_assert_no_error(error);
    }
}

static void tear_down(World *w, gconstpointer data) {
    (void)data;
    remove_tree(w->root);
    g_free(w->root);
    g_free(w->dir);
}

static char *path_of(const World *w, const char *name, const char *rest) {
    return g_build_filename(w->dir, name, rest, NULL);
}

/* What an alias means, by the list; NULL for none. */
static const char *meant(const World *w, RegistryAlias alias) {
    g_autoptr(GError) error = NULL;
    g_autoptr(GPtrArray) list = registry_list(w->dir, "fraud", &error);
    g_assert_no_error(error);
    const char *found = NULL;
    for (guint i = 0; i < list->len; i++) {
        const RegistryVersion *v = g_ptr_array_index(list, i);
        if (!v->is[alias]) continue;
        g_assert_null(found);
        found = g_intern_string(v->version);
    }
    return found;
}

static void check_links(const World *w) {
    for (int i = 0; i < REGISTRY_ALIASES; i++) {
        g_autofree char *path = path_of(w, "fraud", registry_alias_name(i));
        g_autofree char *target = g_file_read_link(path, NULL);
        g_assert_cmpstr(target, ==, meant(w, i));
    }
}

static void expect(const World *w, const char *champion, const char *challenger) {
    g_assert_cmpstr(meant(w, REGISTRY_CHAMPION), ==, champion);
    g_assert_cmpstr(meant(w, REGISTRY_CHALLENGER), ==, challenger);
    check_links(w);
}

static bool promote(const World *w, const char *version, RegistryAlias alias) {
    RegistryChange change;
    g_autoptr(GError) error = NULL;
    const bool good = registry_promote(w->dir, "fraud", version, alias, &change, &error);
    g_assert_true(good == (error == NULL));
    if (good) g_assert_cmpstr(change.to, ==, version);
    if (error) g_assert_null(strchr(error->message, '\n'));
    registry_change_clear(&change);
    return good;
}

static bool rollback(const World *w, RegistryAlias alias) {
    RegistryChange change;
    g_autoptr(GError) error = NULL;
    const bool good = registry_rollback(w->dir, "fraud", alias, &change, &error);
    g_assert_true(good == (error == NULL));
    registry_change_clear(&change);
    return good;
}

static bool delete_version(const World *w, const char *version, bool force) {
    g_autoptr(GError) error = NULL;
    const bool good = registry_delete(w->dir, "fraud", version, force, &error);
    g_assert_true(good == (error == NULL));
    if (error) g_assert_cmpint(error->code, ==, MODEL_ERROR_REFUSED);
    return good;
}

static guint history_length(const World *w) {
    g_autoptr(GError) error = NULL;
    g_autoptr(GArray) records = registry_history(w->dir, "fraud", &error);
    g_assert_no_error(error);
    return records->len;
}

static void test_promote(World *w, gconstpointer data) {
    (void)data;
    const char *const *v = versions;
    expect(w, NULL, NULL);
    g_assert_false(rollback(w, REGISTRY_CHAMPION));
    g_assert_true(promote(w, v[0], REGISTRY_CHAMPION));
    expect(w, v[0], NULL);
    g_assert_false(promote(w, v[0], REGISTRY_CHALLENGER)); /* the champion cannot challenge */
    g_assert_true(promote(w, v[1], REGISTRY_CHALLENGER));
    expect(w, v[0], v[1]);
    g_assert_true(promote(w, v[1], REGISTRY_CHAMPION)); /* and challenges no more */
    expect(w, v[1], NULL);
    const guint before = history_length(w);
    g_assert_true(promote(w, v[1], REGISTRY_CHAMPION)); /* is it already: nothing is written */
    g_assert_cmpuint(history_length(w), ==, before);
    g_assert_false(promote(w, "20990101T000000Z-eeeeeeee", REGISTRY_CHAMPION));
    expect(w, v[1], NULL);
}

static void test_rollback(World *w, gconstpointer data) {
    (void)data;
    const char *const *v = versions;
    for (int i = 0; i < VERSIONS; i++)
        g_assert_true(promote(w, v[i], REGISTRY_CHAMPION));
    g_assert_true(rollback(w, REGISTRY_CHAMPION));
    expect(w, v[2], NULL);
    g_assert_true(rollback(w, REGISTRY_CHAMPION)); /* further back, not forth again */
    expect(w, v[1], NULL);
    g_assert_true(promote(w, v[3], REGISTRY_CHAMPION));
    g_assert_true(rollback(w, REGISTRY_CHAMPION));
    expect(w, v[1], NULL);
    g_assert_true(delete_version(w, v[0], false));
    g_assert_false(rollback(w, REGISTRY_CHAMPION)); /* what it was before is gone */
    expect(w, v[1], NULL);
    g_assert_true(promote(w, v[2], REGISTRY_CHALLENGER));
    g_assert_true(promote(w, v[3], REGISTRY_CHALLENGER));
    g_assert_true(rollback(w, REGISTRY_CHALLENGER));
    expect(w, v[1], v[2]);
}

static void test_delete(World *w, gconstpointer data) {
    (void)data;
    const char *const *v = versions;
    g_assert_true(promote(w, v[0], REGISTRY_CHAMPION));
    g_assert_true(promote(w, v[1], REGISTRY_CHAMPION));
    g_assert_true(promote(w, v[2], REGISTRY_CHALLENGER));
    g_assert_false(delete_version(w, v[1], false));
    g_assert_false(delete_version(w, v[2], false));
    g_assert_true(delete_version(w, v[3], false));
    g_autofree char *gone = path_of(w, "fraud", v[3]);
    g_assert_false(g_file_test(gone, G_FILE_TEST_EXISTS));
    expect(w, v[1], v[2]);
    g_assert_true(delete_version(w, v[1], true));
    expect(w, NULL, v[2]);
    g_assert_true(rollback(w, REGISTRY_CHAMPION));
    expect(w, v[0], v[2]);
}

static void test_add(World *w, gconstpointer data) {
    (void)data;
    static const char *const reserved[] = {"champion", "challenger", "latest", "history.jsonl"};
    g_autoptr(GError) error = NULL;
    g_assert_false(add(w, "fraud", versions[0], &error));
    g_assert_error(error, MODEL_ERROR, MODEL_ERROR_REFUSED);
    g_assert_nonnull(strstr(error->message, "is there already"));
    for (size_t i = 0; i < G_N_ELEMENTS(reserved); i++) {
        g_clear_error(&error);
        g_assert_false(add(w, "fraud", reserved[i], &error));
        g_assert_error(error, MODEL_ERROR, MODEL_ERROR_REFUSED);
    }
    g_clear_error(&error);
    g_assert_true(add(w, "other", versions[0], &error));
    g_autoptr(GPtrArray) all = registry_list(w->dir, NULL, &error);
    g_assert_cmpuint(all->len, ==, VERSIONS + 1);
    g_assert_cmpstr(((RegistryVersion *)all->pdata[0])->version, ==, versions[VERSIONS - 1]);
    g_assert_cmpstr(((RegistryVersion *)all->pdata[VERSIONS])->name, ==, "other");
    g_autofree char *manifest =
        model_manifest_read(((RegistryVersion *)all->pdata[0])->path, &error);
    g_assert_nonnull(manifest);
    g_assert_null(strchr(manifest, '\n'));
}

static void found(const World *w, const char *words, const char *version) {
    g_autoptr(GError) error = NULL;
    g_autoptr(RegistryVersion) v = registry_find(w->dir, words, &error);
    if (version) {
        g_assert_no_error(error);
        g_assert_cmpstr(v->version, ==, version);
        g_assert_cmpstr(v->name, ==, "fraud");
        return;
    }
    g_assert_null(v);
    g_assert_nonnull(error);
    g_assert_null(strchr(error->message, '\n'));
}

static void test_find(World *w, gconstpointer data) {
    (void)data;
    const char *const *v = versions;
    g_assert_true(promote(w, v[1], REGISTRY_CHAMPION));
    g_assert_true(promote(w, v[2], REGISTRY_CHALLENGER));
    found(w, "fraud@champion", v[1]);
    found(w, "fraud@challenger", v[2]);
    found(w, "fraud@latest", v[3]);
    found(w, v[0], v[0]);
    found(w, "202602", v[1]);
    g_autofree char *whole = g_strconcat("fraud/", v[2], NULL);
    found(w, whole, v[2]);
    static const char *const wrong[] = {
        "2026",
        "2025",
        "fraud",
        "",
        "/",
        "@",
        "fraud@",
        "fraud/",
        "fraud@winner",
        "none@champion",
        "fraud/../x",
        "../models/fraud",
        "/etc/passwd",
        "fraud@../x",
        ".lock",
        "fraud/.lock",
        "fraud\n/2026",
        "fraud/champion",
        "a/b/c",
        "fraud/20260101T000000Z-aaaaaaaa/report.json",
    };
    for (size_t i = 0; i < G_N_ELEMENTS(wrong); i++)
        found(w, wrong[i], NULL);
    g_autofree char *outside = g_build_filename(w->root, "nowhere", NULL);
    g_autoptr(GError) error = NULL;
    g_assert_null(registry_list(outside, NULL, &error));
    g_assert_error(error, MODEL_ERROR, MODEL_ERROR_MISSING);
}

/* Names and versions that lead elsewhere, by their words or by links, are refused, and what they
 * lead to is as it was. */
static void test_paths(World *w, gconstpointer data) {
    (void)data;
    static const char *const hostile[] = {"..",       ".",    "",     "../outside", "a/b",
                                          ".model-x", "/tmp", "\xff", "x y"};
    RegistryChange change;
    for (size_t i = 0; i < G_N_ELEMENTS(hostile); i++) {
        g_autoptr(GError) one = NULL, two = NULL, three = NULL;
        g_assert_false(
            registry_promote(w->dir, hostile[i], versions[0], REGISTRY_CHAMPION, &change, &one));
        g_assert_nonnull(one);
        g_assert_false(registry_delete(w->dir, "fraud", hostile[i], true, &two));
        g_assert_nonnull(two);
        g_assert_false(
            registry_promote(w->dir, "fraud", hostile[i], REGISTRY_CHAMPION, &change, &three));
        g_assert_nonnull(three);
    }
    g_autofree char *outside = g_build_filename(w->root, "outside", NULL);
    g_autofree char *victim = g_build_filename(outside, "manifest.json", NULL);
    g_autofree char *version_link = path_of(w, "fraud", "linked");
    g_autofree char *name_link = path_of(w, "linked", NULL);
    g_assert_cmpint(g_mkdir(outside, 0755), ==, 0);
    g_assert_true(g_file_set_contents(victim, "{}", 2, NULL));
    g_assert_cmpint(symlink(outside, version_link), ==, 0);
    g_assert_cmpint(symlink(outside, name_link), ==, 0);
    g_autoptr(GError) error = NULL;
    g_assert_false(registry_delete(w->dir, "fraud", "linked", true, &error));
    g_clear_error(&error);
    g_assert_false(registry_promote(w->dir, "linked", "x", REGISTRY_CHAMPION, &change, &error));
    g_assert_error(error, MODEL_ERROR, MODEL_ERROR_INVALID);
    g_clear_error(&error);
    g_assert_false(add(w, "linked", versions[0], &error));
    g_clear_error(&error);
    g_assert_false(add(w, "fraud", "linked", &error));
    g_autoptr(GDir) entries = g_dir_open(outside, 0, NULL);
    g_assert_cmpstr(g_dir_read_name(entries), ==, "manifest.json");
    g_assert_null(g_dir_read_name(entries));
}

/* A link inside a version that is deleted goes, what it points to stays. */
static void test_delete_links(World *w, gconstpointer data) {
    (void)data;
    g_autofree char *outside = g_build_filename(w->root, "outside", NULL);
    g_autofree char *file = g_build_filename(outside, "kept", NULL);
    g_autofree char *link = g_build_filename(w->dir, "fraud", versions[0], "sub", NULL);
    g_autofree char *deep = g_build_filename(w->dir, "fraud", versions[1], "sub", "sub", NULL);
    g_assert_cmpint(g_mkdir(outside, 0755), ==, 0);
    g_assert_true(g_file_set_contents(file, "x", 1, NULL));
    g_assert_cmpint(symlink(outside, link), ==, 0);
    g_assert_cmpint(g_mkdir_with_parents(deep, 0755), ==, 0);
    g_assert_true(delete_version(w, versions[0], false));
    g_assert_true(delete_version(w, versions[1], false));
    g_assert_true(g_file_test(file, G_FILE_TEST_IS_REGULAR));
    g_autoptr(GDir) entries = g_dir_open(w->dir, 0, NULL);
    g_assert_cmpstr(g_dir_read_name(entries), ==, "fraud");
    g_autofree char *name = path_of(w, "fraud", NULL);
    g_autoptr(GDir) left = g_dir_open(name, 0, NULL);
    for (const char *entry; (entry = g_dir_read_name(left)) != NULL;)
        g_assert_false(g_str_has_prefix(entry, ".deleted-"));
}

static void set_history(const World *w, const char *text) {
    g_autofree char *path = path_of(w, "fraud", "history.jsonl");
    g_assert_true(g_file_set_contents(path, text, -1, NULL));
}

/* A torn last line never was; any other that is no record stops changes, with its number. */
static void test_history(World *w, gconstpointer data) {
    (void)data;
    g_assert_true(promote(w, versions[0], REGISTRY_CHAMPION));
    g_assert_true(promote(w, versions[1], REGISTRY_CHAMPION));
    g_autofree char *path = path_of(w, "fraud", "history.jsonl");
    g_autofree char *whole = NULL;
    g_assert_true(g_file_get_contents(path, &whole, NULL, NULL));
    const char *second = strchr(whole, '\n') + 1;
    for (const char *end = second; *end; end++) {
        g_autofree char *torn = g_strndup(whole, (gsize)(end - whole));
        set_history(w, torn);
        g_assert_cmpstr(meant(w, REGISTRY_CHAMPION), ==, versions[0]);
    }
    g_assert_true(promote(w, versions[2], REGISTRY_CHAMPION)); /* over the torn line */
    expect(w, versions[2], NULL);
    g_assert_cmpuint(history_length(w), ==, 2);
    static const char *const bad[] = {
        "\n",
        "nonsense\n",
        "{}\n",
        "[]\n",
        "{\"time\":\"2026-01-01T00:00:00Z\",\"action\":\"promote\",\"version\":\"../x\","
        "\"alias\":\"champion\",\"champion\":\"x\",\"challenger\":null}\n",
        "{\"time\":\"2026-01-01T00:00:00Z\",\"action\":\"promote\",\"version\":\"x\","
        "\"alias\":\"champion\",\"champion\":\"/x\",\"challenger\":null}\n",
        "{\"time\":\"then\",\"action\":\"promote\",\"version\":\"x\","
        "\"alias\":\"champion\",\"champion\":\"x\",\"challenger\":null}\n",
        "{\"time\":\"2026-01-01T00:00:00Z\",\"action\":\"crown\",\"version\":\"x\","
        "\"alias\":\"champion\",\"champion\":\"x\",\"challenger\":null}\n",
    };
    for (size_t i = 0; i < G_N_ELEMENTS(bad); i++) {
        g_autofree char *text = g_strconcat(whole, bad[i], NULL);
        set_history(w, text);
        g_autoptr(GError) error = NULL;
        g_assert_null(registry_list(w->dir, "fraud", &error));
        g_assert_error(error, MODEL_ERROR, MODEL_ERROR_INVALID);
        g_assert_nonnull(strstr(error->message, "line 3"));
        g_assert_false(promote(w, versions[3], REGISTRY_CHAMPION));
    }
}

/* Links that lie, or are gone, are put right by the next change. */
static void test_links_repaired(World *w, gconstpointer data) {
    (void)data;
    g_assert_true(promote(w, versions[0], REGISTRY_CHAMPION));
    g_autofree char *champion = path_of(w, "fraud", "champion");
    g_autofree char *challenger = path_of(w, "fraud", "challenger");
    g_assert_cmpint(g_unlink(champion), ==, 0);
    g_assert_cmpint(symlink("/etc", champion), ==, 0);
    g_assert_cmpint(symlink("nowhere", challenger), ==, 0);
    g_assert_cmpstr(meant(w, REGISTRY_CHAMPION), ==, versions[0]); /* the history says so */
    g_assert_true(promote(w, versions[0], REGISTRY_CHAMPION));
    expect(w, versions[0], NULL);
}

/* One step of a change that a child makes and may be killed in. */
typedef bool Change(const World *w);

static bool change_promote(const World *w) {
    return promote(w, versions[1], REGISTRY_CHAMPION);
}

static bool change_rollback(const World *w) {
    return rollback(w, REGISTRY_CHAMPION);
}

static bool change_delete(const World *w) {
    return delete_version(w, versions[1], true);
}

static bool change_add(const World *w) {
    return add(w, "fraud", "20260501T000000Z-ffffffff", NULL);
}

/* Runs the change in a child that is killed before its system call number `calls`. True when it got
 * to its end before. */
static bool run_killed(const World *w, Change *change, int calls, bool *traced) {
    const pid_t child = fork();
    g_assert_cmpint(child, >=, 0);
    if (child == 0) {
        if (ptrace(PTRACE_TRACEME, 0, NULL, NULL) != 0) _exit(3);
        raise(SIGSTOP);
        _exit(change(w) ? 0 : 1);
    }
    int status;
    g_assert_cmpint(waitpid(child, &status, 0), ==, child);
    *traced = WIFSTOPPED(status);
    if (!*traced) return true;
    /* Each call stops twice, at its beginning and its end. */
    for (int stops = 0; WIFSTOPPED(status); stops++) {
        if (stops == 2 * calls)
            kill(child, SIGKILL);
        else if (ptrace(PTRACE_SYSCALL, child, NULL, NULL) != 0)
            g_error("ptrace: %s", g_strerror(errno));
        g_assert_cmpint(waitpid(child, &status, 0), ==, child);
    }
    if (WIFEXITED(status)) g_assert_cmpint(WEXITSTATUS(status), ==, 0);
    return WIFEXITED(status);
}

static int count_versions(const World *w) {
    g_autoptr(GError) error = NULL;
    g_autoptr(GPtrArray) list = registry_list(w->dir, "fraud", &error);
    g_assert_no_error(error);
    for (guint i = 0; i < list->len; i++) {
        g_autofree char *manifest =
            model_manifest_read(((RegistryVersion *)list->pdata[i])->path, &error);
        g_assert_nonnull(manifest);
        g_assert_no_error(error); /* whole, or not there */
        g_autofree char *report =
            g_build_filename(((RegistryVersion *)list->pdata[i])->path, "report.json", NULL);
        g_assert_true(g_file_test(report, G_FILE_TEST_IS_REGULAR));
    }
    return (int)list->len;
}

/* After whatever was left, changes work as ever, and nothing half-made remains. */
static void check_goes_on(const World *w) {
    g_assert_true(promote(w, versions[2], REGISTRY_CHAMPION));
    expect(w, versions[2], NULL);
    g_autofree char *name = path_of(w, "fraud", NULL);
    g_autoptr(GDir) entries = g_dir_open(name, 0, NULL);
    for (const char *entry; (entry = g_dir_read_name(entries)) != NULL;)
        g_assert_true(entry[0] != '.' || strcmp(entry, ".lock") == 0);
}

static void crash_at_each_call(Change *change, const char *before, const char *after,
                               int versions_after) {
    enum { CALLS_MAX = 500 };
    bool ended = false, traced = true;
    int calls = 0, undone = 0;
    for (; !ended && traced; calls++) {
        World w;
        set_up(&w, NULL);
        g_assert_true(promote(&w, versions[0], REGISTRY_CHAMPION));
        g_assert_true(promote(&w, versions[1], REGISTRY_CHAMPION));
        if (change == change_promote) g_assert_true(rollback(&w, REGISTRY_CHAMPION));
        ended = run_killed(&w, change, calls, &traced);
        const char *now = meant(&w, REGISTRY_CHAMPION);
        const int count = count_versions(&w);
        undone += g_strcmp0(now, before) == 0;
        if (ended && traced) {
            g_assert_cmpstr(now, ==, after);
            g_assert_cmpint(count, ==, versions_after);
        } else if (traced) {
            g_assert_true(g_strcmp0(now, before) == 0 || g_strcmp0(now, after) == 0);
            g_assert_true(count == VERSIONS || count == versions_after);
        }
        if (now) g_assert_true(g_strv_contains(versions, now));
        check_goes_on(&w);
        tear_down(&w, NULL);
        g_assert_cmpint(calls, <, CALLS_MAX);
    }
    if (!traced) {
        g_test_skip("children cannot be traced here");
        return;
    }
    g_assert_cmpint(calls, >, 10);
    g_assert_cmpint(undone, >, 5); /* some were killed before it had happened */
    g_test_message("killed before each of %d system calls", calls);
}

static void test_crash_promote(void) {
    crash_at_each_call(change_promote, versions[0], versions[1], VERSIONS);
}

static void test_crash_rollback(void) {
    crash_at_each_call(change_rollback, versions[1], versions[0], VERSIONS);
}

static void test_crash_delete(void) {
    crash_at_each_call(change_delete, versions[1], NULL, VERSIONS - 1);
}

static void test_crash_add(void) {
    crash_at_each_call(change_add, versions[1], versions[1], VERSIONS + 1);
}

/* Several processes promote, roll back, add and list at once: the history is whole, each change
 * follows from the one before, and nobody sees half of anything. */
static void test_race(World *w, gconstpointer data) {
    (void)data;
    enum { CHILDREN = 6, TURNS = 30 };
    pid_t children[CHILDREN];
    for (int c = 0; c < CHILDREN; c++) {
        children[c] = fork();
        if (children[c] != 0) continue;
        g_autoptr(GRand) random = g_rand_new_with_seed((guint32)c);
        for (int i = 0; i < TURNS; i++) {
            const int which = g_rand_int_range(random, 0, VERSIONS);
            g_autofree char *name = g_strdup_printf("2027-%d-%d", c, i);
            if (i % 5 == 4) {
                if (!add(w, "fraud", name, NULL)) _exit(1);
            } else if (i % 5 == 3) {
                rollback(w, REGISTRY_CHAMPION);
            } else {
                promote(w, versions[which], i % 2 ? REGISTRY_CHALLENGER : REGISTRY_CHAMPION);
            }
            count_versions(w);
        }
        _exit(0);
    }
    for (int c = 0; c < CHILDREN; c++) {
        int status;
        g_assert_cmpint(waitpid(children[c], &status, 0), ==, children[c]);
        g_assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
    }
    check_links(w);
    g_assert_cmpint(count_versions(w), ==, VERSIONS + CHILDREN * TURNS / 5);
    g_autoptr(GArray) records = registry_history(w->dir, "fraud", NULL);
    g_assert_cmpuint(records->len, >, TURNS);
    for (guint i = 0; i < records->len; i++) {
        const RegistryRecord *r = &g_array_index(records, RegistryRecord, i);
        g_assert_cmpstr(r->meant[r->alias], ==, r->version);
        g_assert_true(r->meant[0] == NULL || g_strcmp0(r->meant[0], r->meant[1]) != 0);
    }
}

/* A full history, a folder in a link's place: refused in one line, and nothing has changed. */
static void test_cannot_write(World *w, gconstpointer data) {
    (void)data;
    g_assert_true(promote(w, versions[0], REGISTRY_CHAMPION));
    g_autofree char *path = path_of(w, "fraud", "history.jsonl");
    g_autofree char *line = NULL;
    gsize len;
    g_assert_true(g_file_get_contents(path, &line, &len, NULL));
    GString *full = g_string_new(NULL);
    while (full->len + len <= REGISTRY_HISTORY_BYTES_MAX)
        g_string_append_len(full, line, (gssize)len);
    set_history(w, full->str);
    g_string_free(full, TRUE);
    g_assert_false(promote(w, versions[1], REGISTRY_CHAMPION));
    expect(w, versions[0], NULL);
    set_history(w, line);
    g_autofree char *challenger = path_of(w, "fraud", "challenger");
    g_assert_cmpint(g_mkdir(challenger, 0755), ==, 0);
    g_assert_false(promote(w, versions[1], REGISTRY_CHALLENGER));
    g_assert_cmpint(g_rmdir(challenger), ==, 0);
    g_assert_true(promote(w, versions[0], REGISTRY_CHAMPION));
    check_links(w);
}

#define ADD(path, function) g_test_add(path, World, NULL, set_up, function, tear_down)

int main(int argc, char **argv) {
    g_test_init(&argc, &argv, NULL);
    ADD("/registry/promote", test_promote);
    ADD("/registry/rollback", test_rollback);
    ADD("/registry/delete", test_delete);
    ADD("/registry/add", test_add);
    ADD("/registry/find", test_find);
    ADD("/registry/paths", test_paths);
    ADD("/registry/delete-links", test_delete_links);
    ADD("/registry/history", test_history);
    ADD("/registry/links-repaired", test_links_repaired);
    ADD("/registry/race", test_race);
    ADD("/registry/cannot-write", test_cannot_write);
    g_test_add_func("/registry/crash/promote", test_crash_promote);
    g_test_add_func("/registry/crash/rollback", test_crash_rollback);
    g_test_add_func("/registry/crash/delete", test_crash_delete);
    g_test_add_func("/registry/crash/add", test_crash_add);
    return g_test_run();
}
