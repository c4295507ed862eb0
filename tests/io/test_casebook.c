/* The casebook: its queue against a brute-force one in random worlds, labels and decisions, the
 * outbox, the cards' transactions, the audit trail and who tampers with it, and disasters. */
#include "io/casebook.h"

#include "torn_log.h"

#include <glib/gstdio.h>
#include <math.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static const char store_name[] = "0123456789abcdef0123456789abcdef";
static const CaseBy kim = {"kim", "analyst"}, lee = {"lee", "analyst"};

typedef struct Fixture {
    char *dir;
} Fixture;

static void set_up(Fixture *f, gconstpointer unused) {
    (void)unused;
    f->dir = g_dir_make_tmp("haechi-casebook-XXXXXX", NULL);
}

static void tear_down(Fixture *f, gconstpointer unused) {
    (void)unused;
    remove_all(f->dir);
    g_free(f->dir);
}

static Casebook *must_open(const char *dir) {
    g_autoptr(GError) error = NULL;
    Casebook *casebook = casebook_open(dir, store_name, INT64_MAX, &error);
    g_assert_no_error(error);
    return casebook;
}

static void begin(Casebook *casebook) {
    g_autoptr(GError) error = NULL;
    g_assert_true(casebook_begin(casebook, true, &error));
}

static void commit(Casebook *casebook) {
    g_autoptr(GError) error = NULL;
    g_assert_true(casebook_commit(casebook, &error));
}

/* A world of alerts, and what the casebook should know of each. */

enum { MERCHANTS = 9 };
static const char *const merchants[MERCHANTS] = {"fraud_Kirlin and Sons",
                                                 "fraud_Sporer-Keebler",
                                                 "KIRLIN Ltd",
                                                 "Café 100%",
                                                 "서울문고",
                                                 "a_b",
                                                 "fraud_Rippin",
                                                 "Zboncak",
                                                 "x"};

typedef struct Alert {
    uint64_t seq;
    char trans_num[24];
    Transaction transaction;
    float score;
    Verdict verdict;
    CaseStatus status;
    bool by_analyst;
    const char *assignee; /* "" for nobody */
} Alert;

static Alert make_alert(GRand *random, uint64_t seq) {
    Alert alert = {.seq = seq, .assignee = ""};
    g_snprintf(alert.trans_num, sizeof alert.trans_num, "%x-%u", (unsigned)(seq * 2654435761u),
               (unsigned)seq);
    alert.transaction = (Transaction){
        .merchant = str_from(merchants[g_rand_int_range(random, 0, MERCHANTS)]),
        .card = 4000000000000000u + (uint64_t)g_rand_int_range(random, 0, 60) * 977,
        .time = 1577836800 + g_rand_int_range(random, 0, 40) * 3600,
        /* few values, so that many are equal */
        .amount = g_rand_int_range(random, 0, 30) * 500,
    };
    alert.score = (float)g_rand_int_range(random, 0, 8) / 8;
    alert.verdict = g_rand_boolean(random) ? VERDICT_REVIEW : VERDICT_DECLINE;
    return alert;
}

static void add_alert(Casebook *casebook, Alert *alert) {
    g_autoptr(GError) error = NULL;
    alert->transaction.trans_num = str_from(alert->trans_num);
    g_assert_true(casebook_add_alert(casebook, alert->seq, &alert->transaction, alert->score,
                                     alert->verdict, &error));
    casebook_set_position(casebook, alert->seq);
}

static Case find(Casebook *casebook, const char *trans_num) {
    g_autoptr(GError) error = NULL;
    Case found;
    g_assert_cmpint(casebook_find(casebook, str_from(trans_num), &found, &error), ==, CASE_FOUND);
    return found;
}

/* A change in a transaction of its own. */
static CaseOutcome change(Casebook *casebook, const char *trans_num, const CaseEdit *edit,
                          CaseBy by, int known) {
    g_autoptr(GError) error = NULL;
    Case found = find(casebook, trans_num);
    begin(casebook);
    const CaseOutcome outcome =
        casebook_change(casebook, str_from(trans_num), edit, by, known, &found, &error);
    g_assert_no_error(error);
    if (outcome == CASE_CHANGED)
        commit(casebook);
    else
        casebook_rollback(casebook);
    return outcome;
}

static CaseOutcome set_status(Casebook *casebook, const char *trans_num, CaseStatus status,
                              CaseBy by) {
    const CaseEdit edit = {.has_status = true, .status = status};
    return change(casebook, trans_num, &edit, by, LABEL_NONE);
}

static bool add_label(Casebook *casebook, const char *trans_num, bool is_fraud) {
    g_autoptr(GError) error = NULL;
    bool changed;
    begin(casebook);
    g_assert_true(casebook_add_label(casebook, str_from(trans_num), is_fraud, &changed, &error));
    commit(casebook);
    return changed;
}

/* Something happens to an alert; the world's own idea of it is written anew, simply. */
static void disturb(Casebook *casebook, Alert *alert, GRand *random) {
    static const char *const people[] = {"", "kim", "lee"};
    if (g_rand_int_range(random, 0, 3) == 0) {
        const bool is_fraud = g_rand_boolean(random);
        /* The casebook takes a label that it has sent for its own coming back. */
        CaseLabel none;
        g_autoptr(GError) error = NULL;
        if (casebook_next_label(casebook, &none, &error) == CASE_FOUND) return;
        add_label(casebook, alert->trans_num, is_fraud);
        const bool decided = alert->status >= CASE_FRAUD && alert->by_analyst;
        if (!decided) alert->status = is_fraud ? CASE_FRAUD : CASE_NOT_FRAUD;
        if (!decided) alert->by_analyst = false;
        return;
    }
    CaseEdit edit = {.has_status = g_rand_boolean(random), .has_assignee = true};
    edit.status = (CaseStatus)g_rand_int_range(random, 0, CASE_STATUSES);
    const char *assignee = people[g_rand_int_range(random, 0, 3)];
    g_strlcpy(edit.assignee, assignee, sizeof edit.assignee);
    change(casebook, alert->trans_num, &edit, kim, LABEL_NONE);
    alert->assignee = assignee;
    if (edit.has_status) {
        alert->status = edit.status;
        alert->by_analyst = edit.status >= CASE_FRAUD;
    }
    /* Its label is there at once. */
    CaseLabel label;
    g_autoptr(GError) error = NULL;
    while (casebook_next_label(casebook, &label, &error) == CASE_FOUND) {
        begin(casebook);
        g_assert_true(casebook_label_sent(casebook, &label, true, &error));
        commit(casebook);
        g_assert_false(add_label(casebook, label.trans_num, label.is_fraud));
    }
}

/* The queue, by brute force */

static double key_of(const Alert *alert, CaseOrder order) {
    if (order == CASE_BY_TIME) return (double)alert->transaction.time;
    if (order == CASE_BY_SCORE) return (double)alert->score;
    return (double)alert->score * (double)alert->transaction.amount;
}

static bool contains(const char *name, size_t len, const char *part) {
    g_autofree char *a = g_ascii_strdown(name, (gssize)len), *b = g_ascii_strdown(part, -1);
    return strstr(a, b) != NULL;
}

static bool is_wanted(const Alert *alert, const CaseQuery *query) {
    char four[8];
    g_snprintf(four, sizeof four, "%04u", (unsigned)(alert->transaction.card % 10000));
    const Transaction *t = &alert->transaction;
    return query->statuses >> alert->status & 1 && query->verdicts >> alert->verdict & 1 &&
           (!query->has_assignee || strcmp(query->assignee, alert->assignee) == 0) &&
           t->amount >= query->min_amount && t->time >= query->since &&
           (!*query->text || g_str_has_prefix(alert->trans_num, query->text) ||
            contains(t->merchant.data, t->merchant.len, query->text) ||
            strcmp(four, query->text) == 0);
}

static CaseOrder sorted_by;

static gint compare_alerts(gconstpointer a, gconstpointer b) {
    const Alert *left = *(Alert *const *)a, *right = *(Alert *const *)b;
    const double x = key_of(left, sorted_by), y = key_of(right, sorted_by);
    if (x != y) return x > y ? -1 : 1;
    return left->seq > right->seq ? -1 : 1;
}

static GPtrArray *expect(GPtrArray *world, const CaseQuery *query) {
    GPtrArray *wanted = g_ptr_array_new();
    for (guint i = 0; i < world->len; i++)
        if (is_wanted(world->pdata[i], query)) g_ptr_array_add(wanted, world->pdata[i]);
    sorted_by = query->order;
    g_ptr_array_sort(wanted, compare_alerts);
    return wanted;
}

static void choose_text(CaseQuery *query, const GPtrArray *world, GRand *random) {
    static const char *const words[] = {"kirlin", "FRAUD_", "100%", "문고", "%", "_b", "zzz", "'"};
    const Alert *alert = world->pdata[g_rand_int_range(random, 0, (gint)world->len)];
    switch (g_rand_int_range(random, 0, 5)) {
    case 0:
        g_strlcpy(query->text, alert->trans_num, (gsize)g_rand_int_range(random, 2, 8));
        break;
    case 1:
        g_snprintf(query->text, sizeof query->text, "%04u",
                   (unsigned)(alert->transaction.card % 10000));
        break;
    case 2:
        g_strlcpy(query->text, words[g_rand_int_range(random, 0, G_N_ELEMENTS(words))],
                  sizeof query->text);
        break;
    default:
        break;
    }
}

static CaseQuery random_query(const GPtrArray *world, GRand *random) {
    CaseQuery query = {
        .statuses = (unsigned)g_rand_int_range(random, 0, 16),
        .verdicts = (unsigned)g_rand_int_range(random, 0, 8),
        .order = (CaseOrder)g_rand_int_range(random, 0, CASE_ORDERS),
        .limit = (size_t)g_rand_int_range(random, 1, 60),
        .has_assignee = g_rand_int_range(random, 0, 3) == 0,
    };
    if (query.has_assignee && g_rand_boolean(random)) g_strlcpy(query.assignee, "kim", 8);
    if (g_rand_int_range(random, 0, 3) == 0) query.min_amount = g_rand_int_range(random, 1, 16000);
    if (g_rand_int_range(random, 0, 3) == 0)
        query.since = 1577836800 + g_rand_int_range(random, 0, 42) * 3600 - 1;
    choose_text(&query, world, random);
    return query;
}

/* Page by page to the end: each alert that is wanted comes once, in order, and no other. */
static void check_query(Casebook *casebook, GPtrArray *world, CaseQuery query) {
    g_autoptr(GPtrArray) expected = expect(world, &query);
    g_autofree CaseListed *listed = g_new(CaseListed, query.limit);
    size_t count, at = 0;
    bool more = true;
    while (more) {
        g_autoptr(GError) error = NULL;
        g_assert_true(casebook_list(casebook, &query, listed, &count, &more, &error));
        g_assert_no_error(error);
        for (size_t i = 0; i < count; i++, at++) {
            g_assert_cmpuint(at, <, expected->len);
            const Alert *alert = expected->pdata[at];
            g_assert_cmpuint(listed[i].seq, ==, alert->seq);
            g_assert_true(listed[i].key == key_of(alert, query.order));
        }
        g_assert_true(!more || count == query.limit);
        if (count == 0) break;
        query.has_after = true;
        query.after_key = listed[count - 1].key;
        query.after_seq = listed[count - 1].seq;
    }
    g_assert_cmpuint(at, ==, expected->len);
}

/* A search whose time is over is given up, whichever way it goes; the next one is not. */
static void check_given_up(Casebook *casebook) {
    const CaseQuery all = {.statuses = 15,
                           .verdicts = 1u << VERDICT_REVIEW | 1u << VERDICT_DECLINE,
                           .limit = CASE_LIST_MAX,
                           .until = 1};
    CaseQuery few = all, far = all;
    g_strlcpy(few.text, "r", sizeof few.text);
    far.until = g_get_monotonic_time() + 3600 * G_TIME_SPAN_SECOND;
    const CaseQuery *const queries[] = {&all, &few, &far};
    g_autofree CaseListed *listed = g_new(CaseListed, CASE_LIST_MAX);
    for (size_t i = 0; i < G_N_ELEMENTS(queries); i++) {
        g_autoptr(GError) error = NULL;
        size_t count;
        bool more;
        const bool ok = casebook_list(casebook, queries[i], listed, &count, &more, &error);
        g_assert_cmpint(ok, ==, queries[i]->until > 1);
        if (ok)
            g_assert_no_error(error);
        else
            g_assert_error(error, DATABASE_ERROR, DATABASE_ERROR_SLOW);
    }
}

static void check_world(Casebook *casebook, GPtrArray *world, GRand *random) {
    uint64_t counts[CASE_STATUSES] = {0};
    for (guint i = 0; i < world->len; i++) {
        const Alert *alert = world->pdata[i];
        const Case found = find(casebook, alert->trans_num);
        g_assert_cmpint(found.status, ==, alert->status);
        g_assert_cmpstr(found.assignee, ==, alert->assignee);
        counts[alert->status]++;
    }
    g_assert_cmpmem(casebook_counts(casebook), sizeof counts, counts, sizeof counts);
    for (int i = 0; i < 150; i++)
        check_query(casebook, world, random_query(world, random));
}

static void test_queue(Fixture *f, gconstpointer unused) {
    (void)unused;
    GRand *random = g_rand_new_with_seed(g_test_rand_int());
    Casebook *casebook = must_open(f->dir);
    g_autoptr(GPtrArray) world = g_ptr_array_new_with_free_func(g_free);
    uint64_t seq = 0;
    for (int round = 0; round < 4; round++) {
        begin(casebook);
        for (int i = 0; i < 250; i++) {
            Alert *alert = g_new(Alert, 1);
            *alert = make_alert(random, seq += 1 + (uint64_t)g_rand_int_range(random, 0, 4));
            add_alert(casebook, alert);
            g_ptr_array_add(world, alert);
        }
        commit(casebook);
        for (int i = 0; i < 200; i++)
            disturb(casebook, world->pdata[g_rand_int_range(random, 0, (gint)world->len)], random);
        check_world(casebook, world, random);
        casebook_close(casebook);
        casebook = must_open(f->dir);
        g_assert_cmpuint(casebook_position(casebook), ==, seq);
    }
    check_world(casebook, world, random);
    check_given_up(casebook);
    int64_t oldest, expected = INT64_MAX;
    for (guint i = 0; i < world->len; i++) {
        const Alert *alert = world->pdata[i];
        if (alert->status == CASE_OPEN) expected = MIN(expected, alert->transaction.time);
    }
    g_assert_true(casebook_oldest(casebook, CASE_OPEN, &oldest));
    g_assert_cmpint(oldest, ==, expected);
    casebook_close(casebook);
    g_rand_free(random);
}

/* Cases, one by one */

/* A casebook with alerts "t1", "t2", ... */
static Casebook *open_with(const char *dir, unsigned count) {
    Casebook *casebook = must_open(dir);
    GRand *random = g_rand_new_with_seed(5);
    begin(casebook);
    for (unsigned i = 1; i <= count; i++) {
        Alert alert = make_alert(random, i);
        g_snprintf(alert.trans_num, sizeof alert.trans_num, "t%u", i);
        add_alert(casebook, &alert);
    }
    commit(casebook);
    g_rand_free(random);
    return casebook;
}

typedef struct Told {
    GString *text; /* "action from>to by;", the latest first */
} Told;

static void tell(const AuditRecord *record, void *data) {
    Told *told = data;
    const AuditEntry *entry = &record->entry;
    g_string_append_printf(told->text, "%s %s>%s %s;", entry->action,
                           entry->from ? entry->from : "", entry->to ? entry->to : "", entry->by);
}

static void check_history(Casebook *casebook, const char *trans_num, const char *expected) {
    g_autoptr(GError) error = NULL;
    g_autoptr(GString) text = g_string_new(NULL);
    Told told = {text};
    g_assert_true(
        audit_trail_list_of(casebook_trail(casebook), trans_num, 100, tell, &told, &error));
    g_assert_cmpstr(text->str, ==, expected);
}

static uint64_t verify(Casebook *casebook) {
    g_autoptr(GError) error = NULL;
    AuditCheck check;
    if (!audit_trail_verify(casebook_trail(casebook), NULL, &check, &error))
        g_error("%s", error->message);
    return check.entries;
}

static void test_labels(Fixture *f, gconstpointer unused) {
    (void)unused;
    Casebook *casebook = open_with(f->dir, 4);
    /* It closes what is open or in review, and corrects itself. */
    g_assert_true(add_label(casebook, "t1", true));
    g_assert_cmpint(find(casebook, "t1").status, ==, CASE_FRAUD);
    g_assert_false(add_label(casebook, "t1", true));
    g_assert_true(add_label(casebook, "t1", false));
    g_assert_cmpint(find(casebook, "t1").status, ==, CASE_NOT_FRAUD);
    check_history(casebook, "t1",
                  "alert.status fraud>not_fraud label;alert.status open>fraud label;");
    /* An analyst's decision stands; that the label differs is told. */
    g_assert_cmpint(set_status(casebook, "t2", CASE_NOT_FRAUD, kim), ==, CASE_CHANGED);
    g_assert_false(add_label(casebook, "t2", false)); /* its own, coming back */
    g_assert_false(add_label(casebook, "t2", true));
    g_assert_cmpint(find(casebook, "t2").status, ==, CASE_NOT_FRAUD);
    check_history(casebook, "t2",
                  "alert.label not_fraud>fraud label;alert.status open>not_fraud kim;");
    /* One that confirms it says nothing. */
    g_assert_cmpint(set_status(casebook, "t3", CASE_FRAUD, kim), ==, CASE_CHANGED);
    g_assert_false(add_label(casebook, "t3", true));
    g_assert_false(add_label(casebook, "t3", true));
    check_history(casebook, "t3", "alert.status open>fraud kim;");
    /* Reopened before its own label came back: that closes it not again. Another one does. */
    g_assert_cmpint(set_status(casebook, "t4", CASE_FRAUD, kim), ==, CASE_CHANGED);
    g_assert_cmpint(set_status(casebook, "t4", CASE_IN_REVIEW, lee), ==, CASE_CHANGED);
    g_assert_false(add_label(casebook, "t4", true));
    g_assert_cmpint(find(casebook, "t4").status, ==, CASE_IN_REVIEW);
    g_assert_true(add_label(casebook, "t4", false));
    g_assert_cmpint(find(casebook, "t4").status, ==, CASE_NOT_FRAUD);
    g_assert_false(add_label(casebook, "unheard-of", true));
    verify(casebook);
    casebook_close(casebook);
}

static void test_changes(Fixture *f, gconstpointer unused) {
    (void)unused;
    Casebook *casebook = open_with(f->dir, 2);
    CaseEdit take = {.has_status = true,
                     .status = CASE_IN_REVIEW,
                     .has_assignee = true,
                     .assignee = "kim",
                     .note = (char *)"looks odd",
                     .expects_status = true};
    g_assert_cmpint(change(casebook, "t1", &take, kim, LABEL_NONE), ==, CASE_CHANGED);
    /* Sent again, it changes nothing, though what it expects is no longer so. */
    g_assert_cmpint(change(casebook, "t1", &take, kim, LABEL_NONE), ==, CASE_SAME);
    check_history(casebook, "t1",
                  "alert.note > kim;alert.assign >kim kim;alert.status open>in_review kim;");
    /* Another's same wish meets what is there. */
    g_strlcpy(take.assignee, "lee", sizeof take.assignee);
    g_assert_cmpint(change(casebook, "t1", &take, lee, LABEL_NONE), ==, CASE_CONFLICT);
    CaseEdit theirs = {.has_assignee = true, .expects_assignee = true};
    g_strlcpy(theirs.expected_assignee, "lee", sizeof theirs.expected_assignee);
    g_assert_cmpint(change(casebook, "t1", &theirs, lee, LABEL_NONE), ==, CASE_CONFLICT);
    g_strlcpy(theirs.expected_assignee, "kim", sizeof theirs.expected_assignee);
    g_assert_cmpint(change(casebook, "t1", &theirs, lee, LABEL_NONE), ==, CASE_CHANGED);
    const Case now = find(casebook, "t1");
    g_assert_cmpstr(now.assignee, ==, "");
    g_assert_cmpint(now.status, ==, CASE_IN_REVIEW);
    g_assert_cmpuint(now.notes, ==, 1);
    g_assert_cmpint(now.changed, >, 0);
    g_assert_cmpint(find(casebook, "t2").changed, ==, 0);
    /* A label had closed it: an analyst who says the same has decided. */
    g_assert_true(add_label(casebook, "t2", true));
    g_assert_cmpint(set_status(casebook, "t2", CASE_FRAUD, kim), ==, CASE_CHANGED);
    g_assert_cmpint(set_status(casebook, "t2", CASE_FRAUD, lee), ==, CASE_SAME);
    g_assert_true(find(casebook, "t2").by_analyst);
    g_assert_cmpuint(verify(casebook), ==, 6);
    casebook_close(casebook);
}

static bool next_label(Casebook *casebook, CaseLabel *out) {
    g_autoptr(GError) error = NULL;
    const CaseFound found = casebook_next_label(casebook, out, &error);
    g_assert_no_error(error);
    return found == CASE_FOUND;
}

static void end_label(Casebook *casebook, const CaseLabel *label, bool comes_back) {
    g_autoptr(GError) error = NULL;
    begin(casebook);
    g_assert_true(casebook_label_sent(casebook, label, comes_back, &error));
    commit(casebook);
}

static void test_outbox(Fixture *f, gconstpointer unused) {
    (void)unused;
    Casebook *casebook = open_with(f->dir, 3);
    CaseLabel label;
    g_assert_false(next_label(casebook, &label));
    g_assert_cmpint(set_status(casebook, "t1", CASE_IN_REVIEW, kim), ==, CASE_CHANGED);
    g_assert_false(next_label(casebook, &label));
    g_assert_cmpint(set_status(casebook, "t1", CASE_FRAUD, kim), ==, CASE_CHANGED);
    g_assert_cmpint(set_status(casebook, "t2", CASE_NOT_FRAUD, kim), ==, CASE_CHANGED);
    g_assert_true(find(casebook, "t1").label_waits);
    casebook_close(casebook); /* as after a crash */
    casebook = must_open(f->dir);
    g_assert_cmpuint(casebook_labels_waiting(casebook), ==, 2);
    g_assert_true(next_label(casebook, &label));
    g_assert_cmpstr(label.trans_num, ==, "t1");
    g_assert_true(label.is_fraud);
    end_label(casebook, &label, true);
    g_assert_false(find(casebook, "t1").label_waits);
    g_assert_true(next_label(casebook, &label));
    g_assert_cmpstr(label.trans_num, ==, "t2");
    g_assert_false(label.is_fraud);
    /* Decided otherwise meanwhile: the newer one takes its place, behind. */
    g_assert_cmpint(set_status(casebook, "t2", CASE_FRAUD, lee), ==, CASE_CHANGED);
    end_label(casebook, &label, true);
    g_assert_true(next_label(casebook, &label));
    g_assert_true(label.is_fraud);
    end_label(casebook, &label, false);
    g_assert_false(next_label(casebook, &label));
    /* What the log says already needs no label. */
    const CaseEdit fraud = {.has_status = true, .status = CASE_FRAUD};
    g_assert_cmpint(change(casebook, "t3", &fraud, kim, 1), ==, CASE_CHANGED);
    g_assert_false(next_label(casebook, &label));
    casebook_close(casebook);
}

/* Another store's log */

static void test_another_store(Fixture *f, gconstpointer unused) {
    (void)unused;
    g_autoptr(GError) error = NULL;
    Casebook *casebook = open_with(f->dir, 5);
    g_assert_cmpint(set_status(casebook, "t2", CASE_NOT_FRAUD, kim), ==, CASE_CHANGED);
    casebook_close(casebook);
    for (int i = 0; i < 2; i++) { /* another one; the same, from a backup */
        casebook = casebook_open(f->dir, i == 0 ? "other" : store_name, i == 0 ? 100 : 3, &error);
        g_assert_no_error(error);
        g_assert_cmpuint(casebook_position(casebook), ==, 0);
        g_assert_cmpuint(casebook_counts(casebook)[CASE_OPEN], ==, 0);
        g_assert_cmpuint(verify(casebook), ==, 1);
        casebook_close(casebook);
    }
    casebook = open_with(f->dir, 5); /* the log is followed again: what was decided is known */
    g_assert_cmpint(find(casebook, "t2").status, ==, CASE_NOT_FRAUD);
    g_assert_true(find(casebook, "t2").by_analyst);
    g_assert_cmpuint(casebook_counts(casebook)[CASE_OPEN], ==, 4);
    casebook_close(casebook);
}

/* Cards */

static void check_card(Casebook *casebook, const uint64_t *cards, uint64_t count, uint64_t card,
                       uint64_t from, size_t limit) {
    g_autoptr(GError) error = NULL;
    for (int later = 0; later < 2; later++) {
        g_autoptr(GArray) found = g_array_new(FALSE, FALSE, sizeof(uint64_t));
        g_assert_true(casebook_card_events(casebook, card, from, later, limit, found, &error));
        guint at = 0;
        for (uint64_t i = 0; i < count && at < limit; i++) {
            const uint64_t seq = later ? from + 1 + i : from - i;
            if (seq == 0 || seq > count) break;
            if (cards[seq - 1] != card) continue;
            g_assert_cmpuint(at, <, found->len);
            g_assert_cmpuint(g_array_index(found, uint64_t, at++), ==, seq);
        }
        g_assert_cmpuint(found->len, ==, at);
    }
}

static void test_cards(Fixture *f, gconstpointer unused) {
    (void)unused;
    enum { SEGMENTS = 5, COUNT = SEGMENTS * CARD_SEGMENT_EVENTS };
    g_autoptr(GError) error = NULL;
    Casebook *casebook = must_open(f->dir);
    g_autofree uint64_t *cards = g_new0(uint64_t, COUNT);
    g_autofree CardEvent *events = g_new(CardEvent, CARD_SEGMENT_EVENTS);
    for (size_t segment = 0; segment < SEGMENTS; segment++) {
        size_t used = 0;
        for (size_t i = segment * CARD_SEGMENT_EVENTS; i < (segment + 1) * CARD_SEGMENT_EVENTS;
             i++) {
            if (g_test_rand_int_range(0, 10) == 0) continue; /* a label */
            const uint64_t card = (uint64_t)g_test_rand_int_range(1, 3000);
            cards[i] = card % 7 == 0 ? CARD_MAX - card : card;
            events[used++] = (CardEvent){cards[i], i + 1};
        }
        begin(casebook);
        g_assert_true(casebook_add_cards(casebook, events, used, &error));
        commit(casebook);
    }
    g_assert_cmpuint(casebook_cards_position(casebook), ==, COUNT);
    for (int i = 0; i < 300; i++) {
        const uint64_t from = (uint64_t)g_test_rand_int_range(1, COUNT + 1);
        const uint64_t other = (uint64_t)g_test_rand_int_range(0, COUNT);
        if (!cards[other]) continue;
        check_card(casebook, cards, COUNT, cards[other], from,
                   (size_t)g_test_rand_int_range(1, 60));
    }
    check_card(casebook, cards, COUNT, 999999, COUNT, 10);
    casebook_close(casebook);
}

/* The trail */

static int run_sql(const char *dir, const char *sql) {
    g_autofree char *path = g_build_filename(dir, "cases.db", NULL);
    sqlite3 *db;
    g_assert_cmpint(sqlite3_open(path, &db), ==, SQLITE_OK);
    const int status = sqlite3_exec(db, sql, NULL, NULL, NULL);
    sqlite3_close(db);
    return status;
}

static void must_run_sql(const char *dir, const char *sql) {
    g_assert_cmpint(run_sql(dir, sql), ==, SQLITE_OK);
}

static void fill_trail(const char *dir) {
    Casebook *casebook = open_with(dir, 20);
    for (unsigned i = 1; i <= 20; i++) {
        char num[8];
        g_snprintf(num, sizeof num, "t%u", i);
        g_assert_cmpint(set_status(casebook, num, CASE_IN_REVIEW, kim), ==, CASE_CHANGED);
    }
    g_assert_cmpuint(verify(casebook), ==, 20);
    casebook_close(casebook);
}

/* Through whatever connection: the database itself refuses. */
static void test_trail_is_kept(Fixture *f, gconstpointer unused) {
    (void)unused;
    static const char *const refused[] = {
        "UPDATE audit SET by = 'lee' WHERE seq = 7",
        "DELETE FROM audit WHERE seq = 20",
        "DELETE FROM audit",
        "INSERT OR REPLACE INTO audit SELECT 7, time, 'lee', role, action, subject, before, after, "
        "text, hash FROM audit WHERE seq = 7",
        "INSERT INTO audit SELECT 0, time, by, role, action, subject, before, after, text, hash "
        "FROM audit WHERE seq = 7",
        "INSERT INTO audit SELECT 22, time, by, role, action, subject, before, after, text, hash "
        "FROM audit WHERE seq = 7",
        "UPDATE audit SET seq = 21 WHERE seq = 20",
    };
    fill_trail(f->dir);
    for (size_t i = 0; i < G_N_ELEMENTS(refused); i++)
        g_assert_cmpint(run_sql(f->dir, refused[i]), ==, SQLITE_CONSTRAINT);
    Casebook *casebook = must_open(f->dir);
    g_assert_cmpuint(verify(casebook), ==, 20);
    casebook_close(casebook);
}

/* Who takes the triggers away and changes an entry is found, at that entry. */
static void test_tampering(Fixture *f, gconstpointer unused) {
    (void)unused;
    (void)f;
    static const struct {
        const char *sql;
        unsigned entry;
    } cases[] = {
        {"UPDATE audit SET by = 'lee' WHERE seq = 7", 7},
        {"UPDATE audit SET time = time + 1 WHERE seq = 1", 1},
        {"UPDATE audit SET subject = NULL WHERE seq = 9", 9},
        {"UPDATE audit SET text = '' WHERE seq = 20", 20},
        {"UPDATE audit SET before = 'ope', after = 'nin_review' WHERE seq = 4", 4},
        {"UPDATE audit SET hash = randomblob(32) WHERE seq = 12", 12},
        {"UPDATE audit SET hash = x'00' WHERE seq = 3", 3},
        {"DELETE FROM audit WHERE seq = 5", 5},
        {"DELETE FROM audit WHERE seq = 1", 1},
        {"DELETE FROM audit WHERE seq = 5; UPDATE audit SET seq = seq - 1 WHERE seq > 5", 5},
        {"UPDATE audit SET seq = -seq WHERE seq IN (8, 9);"
         " UPDATE audit SET seq = 17 + seq WHERE seq < 0",
         8},
        {"INSERT INTO audit SELECT 21, time, by, role, action, subject, before, after, text, hash"
         " FROM audit WHERE seq = 20",
         21},
    };
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(GError) error = NULL;
        g_autofree char *entry = g_strdup_printf("at entry %u:", cases[i].entry);
        g_autofree char *dir = g_dir_make_tmp("haechi-tamper-XXXXXX", NULL);
        fill_trail(dir);
        must_run_sql(dir, "DROP TRIGGER audit_is_not_changed; DROP TRIGGER audit_is_kept;"
                          "DROP TRIGGER audit_grows_at_its_end");
        must_run_sql(dir, cases[i].sql);
        Casebook *casebook = must_open(dir);
        AuditCheck check;
        g_assert_false(audit_trail_verify(casebook_trail(casebook), NULL, &check, &error));
        g_assert_error(error, DATABASE_ERROR, DATABASE_ERROR_TAMPERED);
        if (!strstr(error->message, entry)) g_error("case %zu: %s", i, error->message);
        g_assert_cmpuint(check.entries, ==, cases[i].entry - 1);
        casebook_close(casebook);
        remove_all(dir);
    }
}

/* A trail whose end is cut off holds; that it does not go as far as it went is seen by the hash
 * that was noted. */
static void test_noted_hash(Fixture *f, gconstpointer unused) {
    (void)unused;
    g_autoptr(GError) error = NULL;
    fill_trail(f->dir);
    AuditCheck whole, cut;
    Casebook *casebook = must_open(f->dir);
    g_assert_true(audit_trail_verify(casebook_trail(casebook), NULL, &whole, &error));
    casebook_close(casebook);
    must_run_sql(f->dir, "DROP TRIGGER audit_is_kept; DELETE FROM audit WHERE seq > 17;"
                         "CREATE TRIGGER audit_is_kept BEFORE DELETE ON audit BEGIN"
                         " SELECT raise(ABORT, 'the audit trail is kept'); END");
    casebook = must_open(f->dir);
    g_assert_true(audit_trail_verify(casebook_trail(casebook), whole.last, &cut, &error));
    g_assert_cmpuint(cut.entries, ==, 17);
    g_assert_cmpuint(cut.seen_at, ==, 0);
    g_assert_true(audit_trail_verify(casebook_trail(casebook), cut.last, &whole, &error));
    g_assert_cmpuint(whole.seen_at, ==, 17);
    casebook_close(casebook);
}

/* Who adds a trigger that keeps entries out is found, and so is the entry that it kept out. */
static void test_foreign_trigger(Fixture *f, gconstpointer unused) {
    (void)unused;
    g_autoptr(GError) error = NULL;
    fill_trail(f->dir);
    must_run_sql(f->dir, "CREATE TRIGGER zz BEFORE INSERT ON audit WHEN new.by = 'anna' BEGIN"
                         " SELECT raise(IGNORE); END");
    Casebook *casebook = must_open(f->dir);
    AuditTrail *trail = casebook_trail(casebook);
    const AuditEntry other = {.by = "kim", .role = "analyst", .action = "card.shown"};
    const AuditEntry anna = {.by = "anna", .role = "analyst", .action = "card.shown"};
    AuditCheck check;
    g_assert_false(audit_trail_verify(trail, NULL, &check, &error));
    g_assert_error(error, DATABASE_ERROR, DATABASE_ERROR_TAMPERED);
    g_clear_error(&error);
    g_assert_true(casebook_begin(casebook, true, &error));
    g_assert_true(audit_trail_add(trail, &other, 1, &error));
    g_assert_false(audit_trail_add(trail, &anna, 2, &error));
    g_assert_error(error, DATABASE_ERROR, DATABASE_ERROR_TAMPERED);
    casebook_rollback(casebook);
    casebook_close(casebook);
}

static void keep_text(const AuditRecord *record, void *data) {
    GPtrArray *texts = data;
    g_ptr_array_add(texts, g_strdup(record->entry.text));
    g_ptr_array_add(texts, g_strdup(record->entry.from));
    g_ptr_array_add(texts, g_strdup(record->entry.by));
}

/* No card number is kept, whoever writes one; what is too long or no text is made to fit. */
static void test_what_is_kept(Fixture *f, gconstpointer unused) {
    (void)unused;
    g_autoptr(GError) error = NULL;
    g_autoptr(GPtrArray) texts = g_ptr_array_new_with_free_func(g_free);
    g_autofree char *name = g_strnfill(400, 'n');
    GString *text = g_string_new("card 4613 3147 2196 6123, or 4613314721966123 \xff ");
    while (text->len < 2 * (gsize)AUDIT_TEXT_MAX)
        g_string_append(text, "가");
    Casebook *casebook = must_open(f->dir);
    const AuditEntry entry = {.by = name,
                              .role = "analyst",
                              .action = "alert.note",
                              .from = "4613314721966123",
                              .text = text->str};
    begin(casebook);
    g_assert_true(audit_trail_add(casebook_trail(casebook), &entry, 0, &error));
    commit(casebook);
    g_assert_true(
        audit_trail_list(casebook_trail(casebook), false, 2, 5, keep_text, texts, &error));
    g_assert_cmpuint(texts->len, ==, 3);
    const char *kept = texts->pdata[0];
    g_assert_true(g_str_has_prefix(kept, "card **** **** **** 6123, or ************6123 "));
    g_assert_cmpuint(strlen(kept), <=, AUDIT_TEXT_MAX);
    g_assert_cmpuint(strlen(kept), >, AUDIT_TEXT_MAX - 4);
    g_assert_true(g_utf8_validate(kept, -1, NULL));
    g_assert_cmpstr(texts->pdata[1], ==, "************6123");
    g_assert_cmpuint(strlen(texts->pdata[2]), ==, AUDIT_WORD_MAX);
    g_assert_cmpuint(verify(casebook), ==, 1);
    casebook_close(casebook);
    g_string_free(text, TRUE);
}

/* Refusals */

static void check_refused(const char *dir, DatabaseError code, const char *text) {
    g_autoptr(GError) error = NULL;
    g_assert_null(casebook_open(dir, store_name, 0, &error));
    g_assert_error(error, DATABASE_ERROR, (int)code);
    if (!strstr(error->message, text)) g_error("%s", error->message);
}

static void test_refusals(Fixture *f, gconstpointer unused) {
    (void)unused;
    g_autofree char *path = g_build_filename(f->dir, "cases.db", NULL);
    casebook_close(must_open(f->dir));
    struct stat st;
    g_assert_cmpint(stat(path, &st), ==, 0);
    g_assert_cmpint(st.st_mode & 0777, ==, 0600);
    must_run_sql(f->dir, "PRAGMA user_version = 2");
    check_refused(f->dir, DATABASE_ERROR_NEWER, "written by a newer haechi");
    must_run_sql(f->dir, "PRAGMA application_id = 7");
    check_refused(f->dir, DATABASE_ERROR_FOREIGN, "is not a casebook of haechi");
    g_autofree char *text = g_strnfill(5000, 'x');
    g_assert_true(g_file_set_contents(path, text, -1, NULL));
    check_refused(f->dir, DATABASE_ERROR_FAILED, "not a database");
    Database database = {0};
    g_autoptr(GError) error = NULL;
    g_assert_false(database_open_reader(&database, &casebook_kind, "/nonexistent", &error));
    g_assert_error(error, DATABASE_ERROR, DATABASE_ERROR_ABSENT);
    database_close(&database);
}

/* Disasters */

/* In a child: follows and changes for ever, telling the parent of each change after its commit. */
static void work_for_ever(const char *dir, int out) {
    Casebook *casebook = must_open(dir);
    GRand *random = g_rand_new_with_seed(1);
    for (unsigned n = (unsigned)casebook_position(casebook) + 1;; n++) {
        g_autoptr(GError) error = NULL;
        Alert alert = make_alert(random, n);
        g_snprintf(alert.trans_num, sizeof alert.trans_num, "t%u", n);
        if (!casebook_begin(casebook, false, &error)) _exit(1);
        add_alert(casebook, &alert);
        commit(casebook);
        if (n % 3 == 0) add_label(casebook, alert.trans_num, true);
        if (set_status(casebook, alert.trans_num, CASE_NOT_FRAUD, kim) != CASE_CHANGED) _exit(2);
        if (write(out, &n, sizeof n) != sizeof n) _exit(3);
    }
}

/* Marks in `acknowledged` (guint8) what was; returns how many that were. */
static unsigned kill_at_random_moment(const char *dir, GByteArray *acknowledged) {
    int ends[2];
    g_assert_cmpint(pipe(ends), ==, 0);
    const pid_t child = fork();
    if (child == 0) {
        close(ends[0]);
        work_for_ever(dir, ends[1]);
    }
    close(ends[1]);
    unsigned count = 0, n;
    g_assert_cmpint(read(ends[0], &n, sizeof n), ==, sizeof n); /* on a slow machine too */
    g_usleep((gulong)g_test_rand_int_range(0, 60000));
    g_assert_cmpint(kill(child, SIGKILL), ==, 0);
    int status;
    g_assert_cmpint(waitpid(child, &status, 0), ==, child);
    g_assert_true(WIFSIGNALED(status));
    do {
        static const guint8 none = 0;
        while (acknowledged->len <= n)
            g_byte_array_append(acknowledged, &none, 1);
        acknowledged->data[n] = 1;
        count++;
    } while (read(ends[0], &n, sizeof n) == sizeof n);
    close(ends[0]);
    return count;
}

/* What was acknowledged is there, as a whole: case, entry and label; and the trail holds. */
static void check_after_kill(const char *dir, const GByteArray *acknowledged) {
    Casebook *casebook = must_open(dir);
    const uint64_t position = casebook_position(casebook);
    g_assert_cmpuint(position + 1, >=, acknowledged->len);
    uint64_t entries = 0, labels = 0;
    for (unsigned n = 1; n <= position; n++) {
        char num[16];
        g_snprintf(num, sizeof num, "t%u", n);
        const Case found = find(casebook, num);
        const bool must = n < acknowledged->len && acknowledged->data[n];
        g_assert_true(!must || found.status == CASE_NOT_FRAUD);
        entries += (found.status == CASE_NOT_FRAUD) + (n % 3 == 0 && found.status != CASE_OPEN);
        labels += found.label_waits;
        g_assert_true(found.label_waits == (found.status == CASE_NOT_FRAUD));
    }
    g_assert_cmpuint(verify(casebook), ==, entries);
    g_assert_cmpuint(casebook_labels_waiting(casebook), ==, labels);
    casebook_close(casebook);
}

static void test_kill(Fixture *f, gconstpointer unused) {
    (void)unused;
    unsigned count = 0;
    g_autoptr(GByteArray) acknowledged = g_byte_array_new();
    for (int round = 0; round < 25; round++) {
        count += kill_at_random_moment(f->dir, acknowledged);
        check_after_kill(f->dir, acknowledged);
    }
    g_assert_cmpuint(count, >=, 25);
}

static void check_torn(const char *dir) {
    Casebook *found = must_open(dir);
    g_assert_cmpuint(verify(found), ==, casebook_counts(found)[CASE_FRAUD]);
    g_assert_cmpuint(casebook_labels_waiting(found), ==, casebook_counts(found)[CASE_FRAUD]);
    casebook_close(found);
}

/* A write-ahead log that ends anywhere, as after a power loss, gives a casebook that holds. */
static void test_torn_log(Fixture *f, gconstpointer unused) {
    (void)unused;
    casebook_close(must_open(f->dir));
    Casebook *casebook = open_with(f->dir, 30);
    for (unsigned i = 1; i <= 30; i++) {
        char num[8];
        g_snprintf(num, sizeof num, "t%u", i);
        set_status(casebook, num, CASE_FRAUD, kim);
    }
    check_torn_logs(f->dir, "cases.db", check_torn);
    casebook_close(casebook);
}

/* What fails leaves the casebook as it was before the transaction. */
static void test_rollback(Fixture *f, gconstpointer unused) {
    (void)unused;
    g_autoptr(GError) error = NULL;
    Casebook *casebook = open_with(f->dir, 3);
    GRand *random = g_rand_new_with_seed(9);
    begin(casebook);
    Alert alert = make_alert(random, 4);
    add_alert(casebook, &alert);
    g_assert_cmpuint(casebook_counts(casebook)[CASE_OPEN], ==, 4);
    Alert again = alert; /* its number is there */
    again.seq = 5;
    again.transaction.trans_num = str_from(again.trans_num);
    g_assert_false(casebook_add_alert(casebook, 5, &again.transaction, 1, VERDICT_REVIEW, &error));
    g_assert_error(error, DATABASE_ERROR, DATABASE_ERROR_FAILED);
    casebook_rollback(casebook);
    g_assert_cmpuint(casebook_position(casebook), ==, 3);
    g_assert_cmpuint(casebook_counts(casebook)[CASE_OPEN], ==, 3);
    begin(casebook);
    add_alert(casebook, &alert);
    commit(casebook);
    g_assert_cmpuint(casebook_position(casebook), ==, 4);
    casebook_close(casebook);
    g_rand_free(random);
}

int main(int argc, char **argv) {
    g_test_init(&argc, &argv, NULL);
#define ADD(name) g_test_add("/casebook/" #name, Fixture, NULL, set_up, test_##name, tear_down)
    ADD(queue);
    ADD(labels);
    ADD(changes);
    ADD(outbox);
    ADD(another_store);
    ADD(cards);
    ADD(trail_is_kept);
    ADD(tampering);
    ADD(noted_hash);
    ADD(foreign_trigger);
    ADD(what_is_kept);
    ADD(refusals);
    ADD(rollback);
    ADD(kill);
    ADD(torn_log);
    return g_test_run();
}
