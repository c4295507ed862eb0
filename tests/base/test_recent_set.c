/* The set of recent texts against a list that is searched from end to end. */
#include "base/recent_set.h"

enum { LIMIT = 100, STEPS = 20000, NAMES = 300 };

static gboolean in_list(GQueue *list, int name) {
    return g_queue_find(list, GINT_TO_POINTER(name)) != NULL;
}

static Str text_of(int name, char text[16]) {
    return (Str){text, (size_t)g_snprintf(text, 16, "t%d", name)};
}

static RecentSet *through_bytes(RecentSet *set) {
    g_autoptr(GByteArray) bytes = g_byte_array_new();
    recent_set_write(set, bytes);
    BytesReader in = {bytes->data, bytes->len, 0, false};
    RecentSet *copy = recent_set_read(&in, LIMIT);
    g_assert_nonnull(copy);
    g_assert_cmpuint(in.at, ==, in.len);
    g_assert_cmpuint(recent_set_count(copy), ==, recent_set_count(set));
    recent_set_free(set);
    return copy;
}

/* Removed ones leave gaps, here -1, that count towards the limit until they are the oldest. */
static void test_against_list(void) {
    g_autoptr(GRand) random = g_rand_new_with_seed(7);
    RecentSet *set = recent_set_new(LIMIT);
    GQueue list = G_QUEUE_INIT;
    for (int step = 0; step < STEPS; step++) {
        const int name = g_rand_int_range(random, 1, NAMES);
        char buffer[16];
        const Str text = text_of(name, buffer);
        const gboolean known = in_list(&list, name);
        g_assert_cmpint(recent_set_has(set, text), ==, known);
        if (g_rand_int_range(random, 0, 4) == 0) {
            g_assert_cmpint(recent_set_remove(set, text), ==, known);
            GList *link = g_queue_find(&list, GINT_TO_POINTER(name));
            if (link) link->data = GINT_TO_POINTER(-1);
        } else {
            g_assert_cmpint(recent_set_add(set, text), ==, !known);
            if (!known && g_queue_get_length(&list) == LIMIT) g_queue_pop_head(&list);
            if (!known) g_queue_push_tail(&list, GINT_TO_POINTER(name));
        }
        if (step % 1000 == 999) set = through_bytes(set);
    }
    g_queue_clear(&list);
    recent_set_free(set);
}

static void test_hostile_bytes(void) {
    RecentSet *set = recent_set_new(LIMIT);
    char buffer[16];
    for (int i = 1; i <= 10; i++)
        recent_set_add(set, text_of(i, buffer));
    g_autoptr(GByteArray) bytes = g_byte_array_new();
    recent_set_write(set, bytes);
    recent_set_free(set);
    for (guint len = 0; len < bytes->len; len++) {
        BytesReader in = {bytes->data, len, 0, false};
        g_assert_null(recent_set_read(&in, LIMIT));
    }
    BytesReader small = {bytes->data, bytes->len, 0, false};
    g_assert_null(recent_set_read(&small, 9)); /* more than the limit */
    memcpy(bytes->data + 24, bytes->data + 40, 16);
    BytesReader twice = {bytes->data, bytes->len, 0, false};
    g_assert_null(recent_set_read(&twice, LIMIT));
}

int main(int argc, char **argv) {
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/base/recent_set/against_list", test_against_list);
    g_test_add_func("/base/recent_set/hostile_bytes", test_hostile_bytes);
    return g_test_run();
}
