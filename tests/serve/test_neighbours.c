/* The earlier transactions that a network's alert is explained by: they are the card's last ones,
 * known by time, merchant and amount as long as the graph has them; their shares are what the
 * member's margin owes them; and the service says so in the answer, once and for ever. */
#include "engine/engine.h"
#include "model/model_folder.h"
#include "serve/service.h"
#include "serve/shape.h"

#include <math.h>

static World *world;
static char *network; /* the folder of a model of a network alone */

/* What is known of a card's transactions, by an array of our own. */
typedef struct Paid {
    uint64_t card;
    int64_t time, amount;
    char *merchant;
} Paid;

static void paid_clear(void *data) {
    g_free(((Paid *)data)->merchant);
}

static void read_transaction(JsonParser *parser, guint i, JsonScratch *scratch, Transaction *out) {
    const char *text = world->transactions->pdata[i], *message;
    JsonValue value;
    Reject reject;
    g_assert_true(json_parse(parser, text, strlen(text), &value, &message));
    g_assert_true(transaction_from_json(value, scratch, out, &reject));
    out->is_fraud = LABEL_NONE;
}

/* The `back`-th latest of the card's so far, from 1; NULL for none. */
static const Paid *earlier(const GArray *paid, uint64_t card, size_t back) {
    for (guint i = paid->len; i-- > 0;) {
        const Paid *p = &g_array_index(paid, Paid, i);
        if (p->card == card && back-- == 1) return p;
    }
    return NULL;
}

/* The world is in order of time, so a card's clock is its latest transaction's. */
static size_t check_neighbours(const Engine *engine, const Decision *decision, const Transaction *t,
                               const GArray *paid) {
    EngineNeighbour found[GCN_NEIGHBOURS_MAX];
    const size_t count = engine_neighbours(engine, decision, found);
    for (size_t i = 0; i < count; i++) {
        const Paid *p = earlier(paid, t->card, i + 1);
        g_assert_nonnull(p);
        g_assert_cmpint(found[i].time, ==, p->time);
        const bool near = p->time > t->time - 30 * 86400;
        g_assert_cmpint(found[i].in_graph, ==, near);
        if (!near) continue;
        g_assert_cmpint(found[i].amount, ==, p->amount);
        const Str merchant = graph_merchant_name(engine_graph(engine), found[i].merchant);
        g_assert_true(str_equal(merchant, str_from(p->merchant)));
    }
    if (count < 8) g_assert_null(earlier(paid, t->card, count + 1)); /* 8: neighbours' default */
    return count;
}

/* The neighbours' shares are a part of the contributions' rest, and with what is left of it, the
 * biases', everything adds up to the decision's log-odds. */
static void check_shares(const Engine *engine, const Decision *decision) {
    EngineNeighbour found[GCN_NEIGHBOURS_MAX];
    g_autofree float *parts = g_new(float, feature_count() + 1);
    engine_contributions(engine, decision, parts);
    const size_t count = engine_neighbours(engine, decision, found);
    double sum = 0;
    for (size_t f = 0; f <= feature_count(); f++)
        sum += (double)parts[f];
    const double odds = log((double)decision->score / (1 - (double)decision->score));
    if (fabs(odds) < 12) g_assert_cmpfloat_with_epsilon(sum, odds, 1e-3 * MAX(1, fabs(odds)));
    for (size_t i = 0; i < count; i++)
        g_assert_true(isfinite(found[i].share));
}

static void test_engine(void) {
    g_autoptr(GError) error = NULL;
    Model *model = model_load(network, &error);
    g_assert_no_error(error);
    Engine *engine = engine_new(model);
    g_assert_true(engine_looks_back(engine));
    JsonParser *parser = json_parser_new(1 << 16);
    g_autoptr(GArray) paid = g_array_new(FALSE, FALSE, sizeof(Paid));
    g_array_set_clear_func(paid, paid_clear);
    size_t most = 0;
    for (guint i = 0; i < world->transactions->len; i++) {
        JsonScratch scratch;
        Transaction t;
        read_transaction(parser, i, &scratch, &t);
        const Decision decision = engine_transaction(engine, &t);
        most = MAX(most, check_neighbours(engine, &decision, &t, paid));
        check_shares(engine, &decision);
        const Paid one = {t.card, t.time, t.amount, g_strndup(t.merchant.data, t.merchant.len)};
        g_array_append_val(paid, one);
    }
    g_assert_cmpuint(most, ==, 8);
    json_parser_free(parser);
    engine_free(engine);
    model_free(model);
}

/* What left the graph long ago is known by its time alone. */
static void test_forgotten(void) {
    Model *model = model_load(network, NULL);
    Engine *engine = engine_new(model);
    JsonParser *parser = json_parser_new(1 << 16);
    JsonScratch scratch;
    Transaction t;
    EngineNeighbour found[GCN_NEIGHBOURS_MAX];
    read_transaction(parser, 0, &scratch, &t);
    engine_transaction(engine, &t);
    t.time += 31 * 86400;
    engine_transaction(engine, &t);
    t.time += 60;
    const Decision decision = engine_transaction(engine, &t);
    g_assert_cmpuint(engine_neighbours(engine, &decision, found), ==, 2);
    g_assert_true(found[0].in_graph);
    g_assert_cmpint(found[0].time, ==, t.time - 60);
    g_assert_false(found[1].in_graph);
    g_assert_cmpint(found[1].time, ==, t.time - 60 - 31 * 86400);
    g_assert_cmpuint(found[1].merchant, ==, VERTEX_NONE);
    json_parser_free(parser);
    engine_free(engine);
    model_free(model);
}

/* A member's weight counts: two models that differ in nothing else. */
static GBytes *file_of(const char *dir, const char *name) {
    g_autofree char *path = g_build_filename(dir, name, NULL);
    char *text = NULL;
    gsize len;
    g_assert_true(g_file_get_contents(path, &text, &len, NULL));
    return g_bytes_new_take(text, len);
}

static Model *mixed(const char *name, double weight) {
    g_autoptr(GError) error = NULL;
    g_autofree char *dir = world_path(world, name);
    g_autoptr(GBytes) gcn = file_of(network, "gcn.json");
    g_autoptr(GBytes) trees = file_of(world->model, "xgboost.json");
    g_autoptr(GBytes) suspicion = file_of(network, "suspicion.json");
    const ModelPart parts[] = {{MODEL_XGBOOST, trees, 1 - weight, 0.5},
                               {MODEL_GCN, gcn, weight, 0.5}};
    const ModelManifest manifest = {
        .name = name,
        .version = name,
        .members = parts,
        .member_count = 2,
        .suspicion = suspicion,
        .threshold = 0.5,
        .decline_threshold = 0.9,
        .threshold_choice = "none",
    };
    g_assert_true(model_folder_write(dir, &manifest, &error));
    Model *model = model_load(dir, &error);
    g_assert_no_error(error);
    return model;
}

static void test_weight(void) {
    Model *models[] = {model_load(network, NULL), mixed("quarter", 0.25)};
    Engine *engines[] = {engine_new(models[0]), engine_new(models[1])};
    JsonParser *parser = json_parser_new(1 << 16);
    size_t compared = 0;
    for (guint i = 0; i < 500; i++) {
        JsonScratch scratch;
        Transaction t;
        EngineNeighbour found[2][GCN_NEIGHBOURS_MAX];
        size_t count[2];
        read_transaction(parser, i, &scratch, &t);
        for (int m = 0; m < 2; m++) {
            const Decision decision = engine_transaction(engines[m], &t);
            count[m] = engine_neighbours(engines[m], &decision, found[m]);
        }
        g_assert_cmpuint(count[0], ==, count[1]);
        for (size_t n = 0; n < count[0]; n++, compared++)
            g_assert_cmpfloat_with_epsilon(found[1][n].share, found[0][n].share * 0.25F, 1e-6F);
    }
    g_assert_cmpuint(compared, >, 100);
    json_parser_free(parser);
    for (int m = 0; m < 2; m++) {
        engine_free(engines[m]);
        model_free(models[m]);
    }
}

/* The service */

static char *post(Service *service, guint i) {
    Response response = request(service, "POST", "/v1/transactions", world->transactions->pdata[i]);
    g_assert_cmpint(response.status, ==, 200);
    g_string_free(response.headers, TRUE);
    return g_string_free(response.body, FALSE);
}

/* What the answer has to hold of a decision. */
static char *expected(const Engine *engine, const Decision *decision) {
    GString *out = g_string_new(NULL);
    shape_neighbours(out, engine, decision);
    return g_string_free(out, FALSE);
}

static void check_kept(Service *service, guint i, const char *neighbours) {
    g_autofree char *path = g_strconcat("/v1/transactions/", world->numbers->pdata[i], NULL);
    Response response = request(service, "GET", path, NULL);
    g_assert_cmpint(response.status, ==, 200);
    g_assert_nonnull(strstr(response.body->str, neighbours));
    response_clear(&response);
}

static void test_service(void) {
    Model *model = model_load(network, NULL);
    Engine *engine = engine_new(model);
    JsonParser *parser = json_parser_new(1 << 16);
    g_autofree char *data = world_path(world, "neighbours");
    Service service = service_start(network, data, NULL);
    size_t alerts = 0, shown = 0;
    for (guint i = 0; i < world->transactions->len && shown < 5; i++) {
        JsonScratch scratch;
        Transaction t;
        read_transaction(parser, i, &scratch, &t);
        const Decision decision = engine_transaction(engine, &t);
        g_autofree char *neighbours = expected(engine, &decision);
        g_autofree char *answer = post(&service, i), *again = post(&service, i);
        g_assert_cmpstr(answer, ==, again);
        const bool alert = decision.verdict != VERDICT_APPROVE;
        g_assert_cmpint(strstr(answer, ",\"neighbours\":[") != NULL, ==, alert);
        if (!alert) continue;
        alerts++;
        g_assert_cmpuint(strlen(neighbours), <, 4096);
        g_assert_nonnull(strstr(answer, neighbours));
        check_kept(&service, i, neighbours);
        shown += strstr(neighbours, "\"contribution\"") != NULL;
    }
    g_assert_cmpuint(alerts, >, 0);
    g_assert_cmpuint(shown, >, 0);
    g_assert_cmpint(service_end(&service, SIGTERM), ==, 0);
    service_clear(&service);
    json_parser_free(parser);
    engine_free(engine);
    model_free(model);
}

int main(int argc, char **argv) {
    g_test_init(&argc, &argv, NULL);
    curl_global_init(CURL_GLOBAL_ALL);
    world = world_new();
    network = world_path(world, "network");
    g_autofree char *train = world_path(world, "fraudTrain.csv");
    run_command("train", "gcn", "--train", train, "--out", network, "--param", "epochs=3",
                "--param", "width=16", NULL);
    g_test_add_func("/neighbours/engine", test_engine);
    g_test_add_func("/neighbours/forgotten", test_forgotten);
    g_test_add_func("/neighbours/weight", test_weight);
    g_test_add_func("/neighbours/service", test_service);
    const int status = g_test_run();
    g_free(network);
    world_free(world);
    return status;
}
