/* The data set: a row for each labelled transaction, in the log's order, with whose it is and when;
 * the split into rows to learn from and to judge by; and logs that give none. */
#include "feature/feature.h"
#include "train/dataset.h"
#include <math.h>

enum { CARDS = 40, MERCHANTS = 7, DAYS = 60 };

/* A world of transactions in memory. */
typedef struct World {
    GArray *transactions; /* Transaction */
    char numbers[CARDS * DAYS][16];
    int readings;
    size_t cut_second_reading; /* transactions that the second reading lacks */
} World;

typedef struct WorldLog {
    EventLog log;
    const World *world;
    guint at, end;
} WorldLog;

static LogStatus next(EventLog *log, Event *event, GError **error) {
    (void)error;
    WorldLog *reading = (WorldLog *)log;
    if (reading->at == reading->end) return LOG_END;
    *event = (Event){.kind = EVENT_TRANSACTION};
    event->transaction = g_array_index(reading->world->transactions, Transaction, reading->at);
    event->input = reading->at * 4 >= reading->world->transactions->len * 3; /* the last quarter */
    reading->at++;
    return LOG_EVENT;
}

static void free_log(EventLog *log) {
    g_free(log);
}

static EventLog *open_world(void *data, GError **error) {
    (void)error;
    World *world = data;
    WorldLog *reading = g_new0(WorldLog, 1);
    reading->log = (EventLog){next, free_log};
    reading->world = world;
    reading->end = world->transactions->len;
    if (world->readings++ > 0) reading->end -= (guint)world->cut_second_reading;
    return &reading->log;
}

static Transaction make(World *world, GRand *random, int day, int card) {
    static const char *const merchants[MERCHANTS] = {"a", "b", "c", "d", "e", "f", "g"};
    char *number = world->numbers[day * CARDS + card];
    g_snprintf(number, sizeof world->numbers[0], "t%d-%d", day, card);
    const bool fraud = g_rand_double(random) < 0.1;
    return (Transaction){
        .trans_num = str_from(number),
        .merchant = str_from(merchants[g_rand_int_range(random, 0, MERCHANTS)]),
        .card = 4000000000000000u + (unsigned)card,
        .time = 1560000000 + day * 86400 + card * 60,
        .amount =
            fraud ? g_rand_int_range(random, 50000, 90000) : g_rand_int_range(random, 100, 20000),
        .is_fraud = (int8_t)(g_rand_double(random) < 0.2 ? LABEL_NONE : fraud),
        .birth = INT32_MIN,
        .city_population = -1,
        .latitude = NAN,
        .longitude = NAN,
        .merchant_latitude = NAN,
        .merchant_longitude = NAN,
    };
}

static World *world_new(void) {
    World *world = g_new0(World, 1);
    world->transactions = g_array_new(FALSE, FALSE, sizeof(Transaction));
    g_autoptr(GRand) random = g_rand_new_with_seed(5);
    for (int day = 0; day < DAYS; day++)
        for (int card = 0; card < CARDS; card++) {
            const Transaction t = make(world, random, day, card);
            g_array_append_val(world->transactions, t);
        }
    return world;
}

static void world_free(World *world) {
    g_array_unref(world->transactions);
    g_free(world);
}

static Dataset *read_world(World *world, unsigned valid_input, GError **error) {
    const DatasetJob job = {
        .open = open_world, .open_data = world, .valid_input = valid_input, .threads = "1"};
    return dataset_read(&job, error);
}

/* Numbers are the same exactly where names are. */
static void check_numbers(GHashTable *names, gconstpointer name, uint32_t number) {
    gpointer known = g_hash_table_lookup(names, name);
    g_assert_cmpuint(GPOINTER_TO_UINT(known), ==, number + 1);
}

static void test_rows(void) {
    World *world = world_new();
    GError *error = NULL;
    Dataset *data = read_world(world, G_MAXUINT, &error);
    g_assert_no_error(error);
    g_autoptr(GHashTable) cards = g_hash_table_new(NULL, NULL);
    g_autoptr(GHashTable) merchants = g_hash_table_new(NULL, NULL);
    g_autofree float *own = g_new(float, feature_count());
    size_t row = 0, frauds = 0;
    for (guint i = 0; i < world->transactions->len; i++) {
        const Transaction *t = &g_array_index(world->transactions, Transaction, i);
        if (t->is_fraud == LABEL_NONE) continue;
        g_assert_cmpint(g_array_index(data->times, int64_t, row), ==, t->time);
        g_assert_cmpint(g_array_index(data->amounts, int64_t, row), ==, t->amount);
        g_assert_true(matrix_is_fraud(data->matrix, row) == (t->is_fraud == 1));
        const uint32_t card = g_array_index(data->cards, uint32_t, row);
        const uint32_t merchant = g_array_index(data->merchants, uint32_t, row);
        gpointer card_key = GUINT_TO_POINTER((guint)(t->card % 1000 + 1));
        gpointer merchant_key = GUINT_TO_POINTER((guint)t->merchant.data[0]);
        if (!g_hash_table_contains(cards, card_key))
            g_hash_table_insert(cards, card_key, GUINT_TO_POINTER(card + 1));
        if (!g_hash_table_contains(merchants, merchant_key))
            g_hash_table_insert(merchants, merchant_key, GUINT_TO_POINTER(merchant + 1));
        check_numbers(cards, card_key, card);
        check_numbers(merchants, merchant_key, merchant);
        feature_fill_own(t, own);
        g_assert_cmpmem(own, feature_own_count() * sizeof *own, matrix_row(data->matrix, row),
                        feature_own_count() * sizeof *own);
        if (row < data->train_rows) frauds += t->is_fraud == 1;
        row++;
    }
    g_assert_cmpuint(row, ==, data->matrix->rows);
    g_assert_cmpuint(data->frauds, ==, frauds);
    g_assert_cmpuint(dataset_judging_rows(data), ==, row / 10);
    g_assert_cmpint(data->first_time, ==, g_array_index(data->times, int64_t, 0));
    g_assert_cmpint(data->last_time, ==, g_array_index(data->times, int64_t, data->train_rows - 1));
    g_assert_nonnull(data->suspicion);
    dataset_free(data);
    world_free(world);
}

static void test_validation_file(void) {
    World *world = world_new();
    GError *error = NULL;
    Dataset *data = read_world(world, 1, &error);
    g_assert_no_error(error);
    g_assert_true(data->judged_by_file);
    size_t expected = 0;
    for (guint i = 0; i < world->transactions->len; i++)
        expected += i * 4 >= world->transactions->len * 3 &&
                    g_array_index(world->transactions, Transaction, i).is_fraud != LABEL_NONE;
    g_assert_cmpuint(dataset_judging_rows(data), ==, expected);
    dataset_free(data);
    world_free(world);
}

/* Nothing judges, with the last part of the log or a file of its own. */
static void test_learn_all(void) {
    for (unsigned input = 1; input != 0; input = input == 1 ? G_MAXUINT : 0) {
        World *world = world_new();
        GError *error = NULL;
        const DatasetJob job = {.open = open_world,
                                .open_data = world,
                                .valid_input = input,
                                .learn_all = true,
                                .threads = "1"};
        Dataset *data = dataset_read(&job, &error);
        g_assert_no_error(error);
        g_assert_cmpuint(dataset_judging_rows(data), ==, 0);
        g_assert_cmpuint(data->train_rows, ==, data->matrix->rows);
        size_t frauds = 0;
        for (size_t row = 0; row < data->matrix->rows; row++)
            frauds += matrix_is_fraud(data->matrix, row);
        g_assert_cmpuint(data->frauds, ==, frauds);
        dataset_free(data);
        world_free(world);
    }
}

/* A feature that nothing is to be learnt of is missing everywhere, in the first stage too, and no
 * other is. */
static void test_without(void) {
    static const char *const patterns[] = {"amount", "merchant_*", NULL};
    World *world = world_new();
    GError *error = NULL;
    DatasetJob job = {
        .open = open_world, .open_data = world, .valid_input = G_MAXUINT, .threads = "1"};
    Dataset *all = dataset_read(&job, &error);
    g_assert_no_error(error);
    world->readings = 0;
    job.without = patterns;
    Dataset *some = dataset_read(&job, &error);
    g_assert_no_error(error);
    g_assert_false(g_bytes_equal(all->suspicion, some->suspicion));
    for (size_t f = 0; f < feature_count(); f++) {
        const char *name = feature_at(f)->name;
        const bool hidden = strcmp(name, "amount") == 0 || g_str_has_prefix(name, "merchant_");
        const bool of_suspicion = strstr(name, "suspicion") || strstr(name, "evidence");
        for (size_t row = 0; row < all->matrix->rows; row++) {
            const float one = matrix_row(all->matrix, row)[f];
            const float two = matrix_row(some->matrix, row)[f];
            if (hidden)
                g_assert_true(isnan(two));
            else if (!of_suspicion)
                g_assert_cmpmem(&one, sizeof one, &two, sizeof two);
            else
                g_assert_cmpint(isnan(one), ==, isnan(two));
        }
    }
    dataset_free(all);
    dataset_free(some);
    static const char *const unknown[] = {"amount", "colour*", NULL};
    job.without = unknown;
    g_assert_null(dataset_read(&job, &error));
    g_assert_cmpstr(error->message, ==, "there is no feature 'colour*'");
    g_error_free(error);
    world_free(world);
}

static void refused(World *world, unsigned valid_input, const char *expected) {
    GError *error = NULL;
    g_assert_null(read_world(world, valid_input, &error));
    g_assert_nonnull(strstr(error->message, expected));
    g_assert_null(strchr(error->message, '\n'));
    g_error_free(error);
    world_free(world);
}

static void test_refused(void) {
    World *world = world_new();
    world->cut_second_reading = 10;
    refused(world, G_MAXUINT, "the log changed between its two readings");
    refused(world_new(), 2, "the validation file has no labelled transactions");
    world = world_new();
    for (guint i = 0; i < world->transactions->len; i++)
        g_array_index(world->transactions, Transaction, i).is_fraud = 0;
    refused(world, G_MAXUINT, "nothing to learn from");
}

int main(int argc, char **argv) {
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/dataset/rows", test_rows);
    g_test_add_func("/dataset/validation_file", test_validation_file);
    g_test_add_func("/dataset/learn_all", test_learn_all);
    g_test_add_func("/dataset/without", test_without);
    g_test_add_func("/dataset/refused", test_refused);
    return g_test_run();
}
