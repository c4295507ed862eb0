/* Cards are placed where Kafka's own partitioners would place them. */
#include "record/card_partition.h"
#include "record/transaction.h"

#include <glib.h>

/* The vectors of Kafka's own test of Utils.murmur2. */
static void test_hash(void) {
    static const struct {
        Str key;
        int32_t hash;
    } vectors[] = {
        {STR_INIT("21"), -973932308},
        {STR_INIT("foobar"), -790332482},
        {STR_INIT("a-little-bit-long-string"), -985981536},
        {STR_INIT("a-little-bit-longer-string"), -1486304829},
        {STR_INIT("lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8"), -58897971},
        {STR_INIT("abc"), 479470107},
    };
    for (size_t i = 0; i < G_N_ELEMENTS(vectors); i++)
        g_assert_cmpint((int32_t)partition_hash(vectors[i].key), ==, vectors[i].hash);
}

/* Bytes of 0x80 and more count as unsigned, as in Java's `& 0xff`. */
static void test_hash_of_high_bytes(void) {
    const char high[] = "\xff\x80\xfe";
    const uint32_t m = 0x5bd1e995;
    uint32_t h = 0x9747b28cU ^ 3;
    h = (h ^ 0xfe80ff) * m;
    h = (h ^ h >> 13) * m;
    g_assert_cmpuint(partition_hash((Str){high, 3}), ==, h ^ h >> 15);
}

static void test_card(void) {
    for (unsigned partitions = 1; partitions <= PARTITIONS_MAX; partitions += 1 + partitions / 3) {
        g_assert_cmpuint(card_partition(21, partitions), ==,
                         (uint32_t)(-973932308 & 0x7fffffff) % partitions);
        static const uint64_t cards[] = {1, 10, 4000000000000002, CARD_MAX, UINT64_MAX};
        for (size_t i = 0; i < G_N_ELEMENTS(cards); i++) {
            g_autofree char *text = g_strdup_printf("%" G_GUINT64_FORMAT, cards[i]);
            g_assert_cmpuint(card_partition(cards[i], partitions), ==,
                             (partition_hash(str_from(text)) & 0x7fffffff) % partitions);
        }
    }
}

/* No partition is left out of, or overrun by, card numbers in a row. */
static void test_spread(void) {
    enum { PARTITIONS = 8, CARDS = 80000 };
    unsigned counts[PARTITIONS] = {0};
    for (uint64_t card = 0; card < CARDS; card++)
        counts[card_partition(4000000000000000 + card, PARTITIONS)]++;
    for (int i = 0; i < PARTITIONS; i++) {
        g_assert_cmpuint(counts[i], >, CARDS / PARTITIONS * 9 / 10);
        g_assert_cmpuint(counts[i], <, CARDS / PARTITIONS * 11 / 10);
    }
}

int main(int argc, char **argv) {
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/card-partition/hash", test_hash);
    g_test_add_func("/card-partition/hash-of-high-bytes", test_hash_of_high_bytes);
    g_test_add_func("/card-partition/card", test_card);
    g_test_add_func("/card-partition/spread", test_spread);
    return g_test_run();
}
