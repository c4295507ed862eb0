/* A partition's state is a fold over its logs: whoever folds the same messages in the same order,
 * from the beginning or from any checkpoint between, has the same scores; and no message breaks it.
 */
#include "model/gcn_folder.h"
#include "serve/kafka/shard.h"

#include <glib/gstdio.h>

enum { MESSAGES = 3000 };

typedef struct World {
    GRand *random;
    GPtrArray *values; /* char *, a message each */
    GArray *logs;      /* int, the log of each */
} World;

static char *random_transaction(GRand *random, int number) {
    static const char *const categories[] = {"travel", "home", "kids_pets"};
    return g_strdup_printf(
        "{\"trans_num\":\"t%d\",\"cc_num\":%d,\"merchant\":\"shop %d\",\"category\":\"%s\","
        "\"amt\":%d.%02d,\"unix_time\":%d,\"lat\":36.1,\"long\":-81.2,\"merch_lat\":36.3,"
        "\"merch_long\":-82.0,\"Unnamed: 0\":%d,\"is_fraud\":1}",
        number, 4000 + g_rand_int_range(random, 0, 20), g_rand_int_range(random, 0, 7),
        categories[g_rand_int_range(random, 0, 3)], g_rand_int_range(random, 0, 900),
        g_rand_int_range(random, 0, 100), 1600000000 + number * 300, number);
}

/* Some messages of each log, among them repeated and broken ones. */
static void fill(World *world) {
    for (int i = 0; i < MESSAGES; i++) {
        const int kind = g_rand_int_range(world->random, 0, 20);
        char *value;
        int log = TOPIC_TRANSACTIONS;
        if (kind == 0) {
            log = TOPIC_LABELS;
            value = g_strdup_printf("{\"trans_num\":\"t%d\",\"cc_num\":\"%d\",\"is_fraud\":%d}",
                                    g_rand_int_range(world->random, 0, i + 1),
                                    4000 + g_rand_int_range(world->random, 0, 20),
                                    g_rand_int_range(world->random, 0, 2));
        } else if (kind == 1) {
            value = random_transaction(world->random, g_rand_int_range(world->random, 0, i + 1));
        } else if (kind == 2) {
            value = g_strdup("{\"trans_num\":");
        } else {
            value = random_transaction(world->random, i);
        }
        g_ptr_array_add(world->values, value);
        g_array_append_val(world->logs, log);
    }
}

static void fold(Shard *shard, MessageReader *reader, const World *world, int i) {
    const int log = g_array_index(world->logs, int, i);
    const LogMessage message = {
        .value = str_from(g_ptr_array_index(world->values, i)), .offset = i, .sent = -1};
    Transaction transaction;
    Decision decision;
    Label label;
    Reject reject;
    if (log == TOPIC_LABELS)
        shard_fold_label(shard, reader, &message, &label, &reject);
    else
        shard_fold_transaction(shard, reader, &message, &transaction, &decision, &reject);
    g_assert_cmpint(shard->next[log], ==, i + 1);
}

static World new_world(guint32 seed) {
    World world = {g_rand_new_with_seed(seed), g_ptr_array_new_with_free_func(g_free),
                   g_array_new(FALSE, FALSE, sizeof(int))};
    fill(&world);
    return world;
}

static void free_world(World *world) {
    g_rand_free(world->random);
    g_ptr_array_unref(world->values);
    g_array_unref(world->logs);
}

/* All that a shard says of its state, features of every card included. */
static GBytes *state_of(Shard *shard, const char *folder) {
    g_autofree char *path = g_build_filename(folder, "state", NULL);
    char *content;
    gsize len;
    g_autoptr(GError) error = NULL;
    g_assert_true(shard_save(shard, "log", path, &error));
    g_assert_true(g_file_get_contents(path, &content, &len, NULL));
    g_assert_cmpint(g_unlink(path), ==, 0);
    return g_bytes_new_take(content, len);
}

/* With a model or NULL. */
static void check_checkpoints(const Model *model) {
    World world = new_world(11);
    MessageReader reader;
    message_reader_init(&reader);
    g_autofree char *folder = g_dir_make_tmp("haechi-shard-XXXXXX", NULL);
    g_autofree char *path = g_build_filename(folder, "checkpoint", NULL);
    Shard *moving = shard_new(3, model), *staying = NULL;
    moving->progress_next = 17;
    g_autoptr(GError) error = NULL;
    g_assert_true(shard_save(moving, "log", path, &error));
    staying = shard_load(3, model, "log", path, &error); /* the same random keys */
    g_assert_no_error(error);
    for (int i = 0; i < MESSAGES; i++) {
        fold(moving, &reader, &world, i);
        fold(staying, &reader, &world, i);
        if (i % 500 != 250) continue;
        g_assert_true(shard_save(moving, "log", path, &error));
        shard_free(moving);
        moving = shard_load(3, model, "log", path, &error);
        g_assert_no_error(error);
        g_assert_cmpint(moving->progress_next, ==, 17);
        moving->scores = staying->scores;
    }
    g_autoptr(GBytes) a = state_of(moving, folder), b = state_of(staying, folder);
    g_assert_true(g_bytes_equal(a, b));
    g_assert_cmpuint(engine_position(moving->engine), >, MESSAGES / 2);
    shard_free(moving);
    shard_free(staying);
    message_reader_clear(&reader);
    free_world(&world);
    g_unlink(path);
    g_rmdir(folder);
}

static void test_checkpoints_change_nothing(void) {
    check_checkpoints(NULL);
}

/* The state is then also what the model looks back on. */
static void test_checkpoints_with_memory(void) {
    g_autofree char *folder = g_dir_make_tmp("haechi-shard-XXXXXX", NULL);
    g_autofree char *dir = g_build_filename(folder, "model", NULL);
    gcn_folder_write(dir, "1", 1);
    Model *model = model_load(dir, NULL);
    check_checkpoints(model);
    model_free(model);
    gcn_folder_remove(dir);
    g_rmdir(folder);
}

static void test_damaged_checkpoints(void) {
    World world = new_world(12);
    MessageReader reader;
    message_reader_init(&reader);
    g_autofree char *folder = g_dir_make_tmp("haechi-shard-XXXXXX", NULL);
    g_autofree char *path = g_build_filename(folder, "checkpoint", NULL);
    Shard *shard = shard_new(0, NULL);
    for (int i = 0; i < 100; i++)
        fold(shard, &reader, &world, i);
    g_autoptr(GBytes) state = state_of(shard, folder);
    gsize len;
    const char *bytes = g_bytes_get_data(state, &len);
    for (gsize cut = 0; cut < len; cut += MAX(len / 50, 1)) {
        g_autoptr(GError) error = NULL;
        g_assert_true(g_file_set_contents(path, bytes, (gssize)cut, NULL));
        g_assert_null(shard_load(0, NULL, "log", path, &error));
        g_assert_nonnull(error);
    }
    g_autoptr(GError) other = NULL;
    g_assert_true(g_file_set_contents(path, bytes, (gssize)len, NULL));
    g_assert_null(shard_load(0, NULL, "another log", path, &other));
    g_assert_nonnull(other);
    shard_free(shard);
    message_reader_clear(&reader);
    free_world(&world);
    g_unlink(path);
    g_rmdir(folder);
}

/* One message each; what comes of it. */
static ShardOutcome take(Shard *shard, const char *value, int64_t sent, Reject *reject) {
    MessageReader reader;
    Transaction transaction;
    Decision decision;
    const LogMessage message = {.value = str_from(value), .offset = 5, .sent = sent};
    message_reader_init(&reader);
    const ShardOutcome outcome =
        shard_fold_transaction(shard, &reader, &message, &transaction, &decision, reject);
    message_reader_clear(&reader);
    return outcome;
}

static void test_outcomes(void) {
    g_autoptr(GRand) random = g_rand_new_with_seed(1);
    Shard *shard = shard_new(0, NULL);
    Reject reject = {0};
    g_autofree char *good = random_transaction(random, 1);
    g_assert_cmpint(take(shard, good, -1, &reject), ==, SHARD_DONE);
    g_assert_cmpint(take(shard, good, -1, &reject), ==, SHARD_DUPLICATE);
    g_assert_cmpint(take(shard, "", -1, &reject), ==, SHARD_REJECTED);
    g_assert_cmpstr(reject.reason, ==, "empty message");
    g_assert_cmpint(take(shard, "[1]", -1, &reject), ==, SHARD_REJECTED);
    g_autofree char *later = random_transaction(random, 2);
    g_assert_cmpint(take(shard, later, 1500000000000LL, &reject), ==, SHARD_REJECTED);
    g_assert_cmpstr(reject.reason, ==, "more than a day ahead of its message");
    g_assert_cmpint(take(shard, later, 1600000600000LL, &reject), ==, SHARD_DONE);
    g_autofree char *huge = g_strnfill(MESSAGE_MAX_BYTES + 1, ' ');
    g_assert_cmpint(take(shard, huge, -1, &reject), ==, SHARD_REJECTED);
    g_assert_cmpuint(engine_position(shard->engine), ==, 2);
    shard_free(shard);
}

static ShardOutcome label(Shard *shard, const char *value) {
    MessageReader reader;
    Label out;
    Reject reject;
    const LogMessage message = {.value = str_from(value), .offset = 5, .sent = -1};
    message_reader_init(&reader);
    const ShardOutcome outcome = shard_fold_label(shard, &reader, &message, &out, &reject);
    message_reader_clear(&reader);
    return outcome;
}

static void test_labels_and_corrections(void) {
    Shard *shard = shard_new(0, NULL);
    Reject reject;
    const char *pay = "{\"trans_num\":\"x\",\"cc_num\":4001,\"merchant\":\"m\",\"amt\":1,"
                      "\"unix_time\":1600000000}";
    const char *fraud = "{\"trans_num\":\"x\",\"cc_num\":4001,\"is_fraud\":1}";
    const char *good = "{\"trans_num\":\"x\",\"cc_num\":4001,\"is_fraud\":0}";
    g_assert_cmpint(take(shard, pay, -1, &reject), ==, SHARD_DONE);
    const Graph *graph = engine_graph(shard->engine);
    const CardId card = graph_find_card(graph, 4001);
    g_assert_cmpint(label(shard, good), ==, SHARD_DUPLICATE);
    g_assert_cmpint(label(shard, fraud), ==, SHARD_DONE);
    g_assert_true(graph_card_compromised(graph, card));
    g_assert_cmpint(label(shard, fraud), ==, SHARD_DUPLICATE);
    g_assert_cmpint(label(shard, good), ==, SHARD_DONE);
    g_assert_false(graph_card_compromised(graph, card));
    g_assert_cmpint(label(shard, "{\"trans_num\":\"x\",\"is_fraud\":1}"), ==, SHARD_REJECTED);
    shard_free(shard);
}

static void test_label_before_its_transaction(void) {
    Shard *shard = shard_new(0, NULL);
    const Transaction x = {.trans_num = STR("x"), .card = 4001, .time = 1600000000};
    const Transaction y = {.trans_num = STR("y"), .card = 4001, .time = 1600000000};
    Label earlier;
    g_assert_false(shard_labelled_before(shard, &x, &earlier));
    label(shard, "{\"trans_num\":\"x\",\"cc_num\":4001,\"is_fraud\":1}");
    g_assert_true(shard_labelled_before(shard, &x, &earlier));
    g_assert_true(str_equal(earlier.trans_num, x.trans_num));
    g_assert_true(earlier.is_fraud);
    g_assert_cmpint(earlier.time, ==, x.time);
    g_assert_false(shard_labelled_before(shard, &y, &earlier));
    label(shard, "{\"trans_num\":\"x\",\"cc_num\":4001,\"is_fraud\":0}");
    g_assert_false(shard_labelled_before(shard, &x, &earlier));
    shard_free(shard);
}

static void test_merchant_keys(void) {
    Shard *from = shard_new(1, NULL), *to = shard_new(2, NULL);
    g_autoptr(GRand) random = g_rand_new_with_seed(1);
    Reject reject;
    g_autofree char *pay = random_transaction(random, 1);
    take(from, pay, -1, &reject);
    MerchantPartial partial;
    uint8_t value[MERCHANT_PARTIAL_LEN];
    char key[MERCHANT_KEY_MAX];
    graph_merchant_partial(engine_graph(from->engine), 0, &partial);
    merchant_partial_encode(&partial, value);
    const Str name = graph_merchant_name(engine_graph(from->engine), 0);
    LogMessage message = {.value = {(char *)value, sizeof value}, .offset = 9, .sent = -1};
    message.key = (Str){key, shard_merchant_key(2, name, key)};
    shard_fold_merchant(to, &message); /* its own */
    g_assert_cmpuint(graph_merchant_count(engine_graph(to->engine)), ==, 0);
    static const char *const wrong[] = {"", "/", "1/", "x/shop", "1", "99999/shop", "-1/shop"};
    for (size_t i = 0; i < G_N_ELEMENTS(wrong); i++) {
        message.key = str_from(wrong[i]);
        shard_fold_merchant(to, &message);
    }
    g_assert_cmpuint(graph_merchant_count(engine_graph(to->engine)), ==, 0);
    message.key = (Str){key, shard_merchant_key(1, name, key)};
    shard_fold_merchant(to, &message);
    g_assert_cmpuint(graph_merchant_count(engine_graph(to->engine)), ==, 1);
    g_assert_cmpint(to->next[TOPIC_MERCHANTS], ==, 10);
    shard_free(from);
    shard_free(to);
}

static void test_steps(void) {
    Step steps[3] = {
        {.next = {1, 2, 3}, .scores = 4, .model = 5}, {.next = {9, 9, 9}}, {{0}, 0, 0}};
    g_autoptr(GByteArray) bytes = g_byte_array_new();
    g_autoptr(GArray) read = g_array_new(FALSE, FALSE, sizeof(Step));
    steps_write(bytes, steps, 3);
    const Str message = {(const char *)bytes->data, bytes->len};
    g_assert_true(steps_read(message, read));
    g_assert_cmpmem(read->data, read->len * sizeof(Step), steps, sizeof steps);
    for (size_t len = 0; len < message.len; len++)
        g_assert_cmpint(steps_read((Str){message.data, len}, read), ==, len % sizeof(Step) == 1);
    bytes->data[0] = 9;
    g_assert_false(steps_read(message, read));
    bytes->data[0] = 1;
    bytes->data[8] = 0x80; /* a negative offset */
    g_assert_false(steps_read(message, read));
}

int main(int argc, char **argv) {
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/serve/shard/checkpoints_change_nothing", test_checkpoints_change_nothing);
    g_test_add_func("/serve/shard/checkpoints_with_memory", test_checkpoints_with_memory);
    g_test_add_func("/serve/shard/damaged_checkpoints", test_damaged_checkpoints);
    g_test_add_func("/serve/shard/outcomes", test_outcomes);
    g_test_add_func("/serve/shard/labels_and_corrections", test_labels_and_corrections);
    g_test_add_func("/serve/shard/label_before_its_transaction", test_label_before_its_transaction);
    g_test_add_func("/serve/shard/merchant_keys", test_merchant_keys);
    g_test_add_func("/serve/shard/steps", test_steps);
    return g_test_run();
}
