/* Kill -9 at random moments under load, a hundred times: nothing that was acknowledged is lost or
 * counted twice, and the scores of all transactions are those of a run that nobody disturbed. */
#include "io/store.h"
#include "serve/service.h"

enum { KILLS = 100, SENDERS = 4 };

/* Sends transactions and, a while later, their labels, in turn; stops when the service is gone. */
typedef struct Sender {
    const World *world;
    Service service; /* its own connection to the one under test */
    guint next, step;
    GPtrArray *answers; /* by transaction: the first answer that came, char *, or NULL */
    guint sent;
} Sender;

static bool send_one(Sender *sender, guint i) {
    const World *world = sender->world;
    Response response =
        request(&sender->service, "POST", "/v1/transactions", world->transactions->pdata[i]);
    bool ok = response.status == 200;
    char **first = (char **)&sender->answers->pdata[i];
    if (ok && *first)
        g_assert_cmpstr(response.body->str, ==, *first);
    else if (ok)
        *first = g_strdup(response.body->str);
    response_clear(&response);
    return ok;
}

static bool label_one(Sender *sender, guint i) {
    Response response =
        request(&sender->service, "POST", "/v1/labels", sender->world->labels->pdata[i]);
    bool ok = response.status == 200;
    response_clear(&response);
    return ok;
}

/* Every transaction is sent again after a kill until it is answered, and now and then once more. */
static void *send_all(void *data) {
    Sender *sender = data;
    guint count = sender->world->transactions->len;
    for (guint i = sender->next; i < count; i += sender->step) {
        if (!send_one(sender, i)) break;
        sender->next = i + sender->step;
        sender->sent++;
        guint before = i >= 10 * sender->step ? i - 10 * sender->step : i;
        if (i % 7 == 0 && !send_one(sender, before)) break;
        if (i % 3 == 0 && !label_one(sender, before)) break;
    }
    return NULL;
}

static void load_and_kill(const World *world, const char *data_dir, Sender senders[SENDERS]) {
    Service service = service_start(world->model, data_dir, NULL);
    if (!service.url) g_error("the service did not start: %s", service.log->str);
    GThread *threads[SENDERS];
    for (int i = 0; i < SENDERS; i++) {
        senders[i].service = (Service){.url = service.url, .curl = curl_easy_init()};
        threads[i] = g_thread_new("sender", send_all, &senders[i]);
    }
    g_usleep((gulong)g_test_rand_int_range(0, 60000));
    /* Every fourth time while it is draining and writing its checkpoint, if it is quick enough. */
    if (g_test_rand_int_range(0, 4) == 0) {
        g_assert_cmpint(kill(service.pid, SIGTERM), ==, 0);
        g_usleep((gulong)g_test_rand_int_range(0, 8000));
    }
    int status = service_end(&service, SIGKILL);
    g_assert_true(status == -SIGKILL || status == 0);
    for (int i = 0; i < SENDERS; i++) {
        g_thread_join(threads[i]);
        curl_easy_cleanup(senders[i].service.curl);
    }
    g_assert_nonnull(strstr(service.log->str, "; 0 scores differ"));
    service_clear(&service);
}

/* The log in its order: what a service is given that nobody disturbs. */
typedef struct Ordered {

    GPtrArray *runs; /* GString *, transactions first, then labels, and so on */
    EventKind kind;
} Ordered;

static bool append_event(uint64_t seq, const LoggedEvent *logged, void *data) {
    (void)seq;
    Ordered *ordered = data;
    if (ordered->kind != logged->event.kind) {
        ordered->kind = logged->event.kind;
        g_ptr_array_add(ordered->runs, g_string_new(NULL));
    }
    GString *run = ordered->runs->pdata[ordered->runs->len - 1];
    if (logged->event.kind == EVENT_TRANSACTION)
        transaction_write_json(run, &logged->event.transaction, CARD_FULL, false);
    else
        label_write_json(run, &logged->event.label);
    g_string_append_c(run, '\n');
    return true;
}

static void free_run(void *run) {
    g_string_free(run, TRUE);
}

static GPtrArray *read_order(const char *data_dir) {
    g_autoptr(GError) error = NULL;
    Store *store = store_open(data_dir, &error);
    g_assert_no_error(error);
    Ordered ordered = {.runs = g_ptr_array_new_with_free_func(free_run), .kind = EVENT_TRANSACTION};
    g_ptr_array_add(ordered.runs, g_string_new(NULL));
    g_assert_true(store_replay(store, 0, append_event, &ordered, &error));
    store_close(store);
    return ordered.runs;
}

/* Feeds the log to a fresh service and returns its answers to the transactions, one a line. */
static GString *undisturbed(const World *world, const char *data_dir, const GPtrArray *runs) {
    Service service = service_start(world->model, data_dir, NULL);
    GString *answers = g_string_new(NULL);
    for (guint i = 0; i < runs->len; i++) {
        const GString *run = runs->pdata[i];
        Response response =
            post_lines(&service, i % 2 ? "/v1/labels" : "/v1/transactions", run->str, run->len);
        g_assert_cmpint(response.status, ==, 200);
        if (i % 2 == 0)
            g_string_append_len(answers, response.body->str, (gssize)response.body->len);
        response_clear(&response);
    }
    g_assert_cmpint(service_end(&service, SIGTERM), ==, 0);
    service_clear(&service);
    return answers;
}

static void check_answers(const World *world, const GPtrArray *answers, const GString *expected) {
    g_auto(GStrv) lines = g_strsplit(expected->str, "\n", -1);
    g_autoptr(GHashTable) known = g_hash_table_new(g_str_hash, g_str_equal);
    guint count = 0;
    for (; lines[count] && *lines[count]; count++)
        g_assert_true(g_hash_table_add(known, lines[count])); /* none is there twice */
    guint acknowledged = 0;
    for (guint i = 0; i < answers->len; i++) {
        if (!answers->pdata[i]) continue;
        acknowledged++;
        g_assert_true(g_hash_table_contains(known, answers->pdata[i]));
    }
    g_assert_cmpuint(acknowledged, >, 100);
    g_assert_cmpuint(count, >=, acknowledged);
    g_assert_cmpuint(count, <=, world->transactions->len);
    g_test_message("%u acknowledged, %u in the log, %d kills", acknowledged, count, KILLS);
}

/* In time order for each sender, and so about in time order for all. */
static void init_senders(const World *world, GPtrArray *answers, Sender senders[SENDERS]) {
    for (guint i = 0; i < SENDERS; i++)
        senders[i] = (Sender){.world = world, .next = i, .step = SENDERS, .answers = answers};
}

static void test_kill(void) {
    World *world = world_new();
    g_autofree char *killed = world_path(world, "killed");
    g_autofree char *quiet = world_path(world, "quiet");
    g_autoptr(GPtrArray) answers = g_ptr_array_new_with_free_func(g_free);
    g_ptr_array_set_size(answers, (gint)world->transactions->len);
    Sender senders[SENDERS];
    init_senders(world, answers, senders);
    for (int round = 0; round < KILLS; round++) {
        load_and_kill(world, killed, senders);
        /* Now and then an orderly stop, so that kills also come after a checkpoint. */
        if (round % 10 != 9) continue;
        Service service = service_start(world->model, killed, NULL);
        g_assert_cmpint(service_end(&service, SIGTERM), ==, 0);
        service_clear(&service);
    }
    g_autoptr(GPtrArray) runs = read_order(killed);
    GString *expected = undisturbed(world, quiet, runs);
    check_answers(world, answers, expected);
    g_string_free(expected, TRUE);
    world_free(world);
}

int main(int argc, char **argv) {
    g_test_init(&argc, &argv, NULL);
    curl_global_init(CURL_GLOBAL_DEFAULT);
    g_test_add_func("/crash/kill", test_kill);
    return g_test_run();
}
