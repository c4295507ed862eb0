/* Bytes are refused, or they yield a partial whose own bytes are the same and that a graph can
 * apply: what is then read of the merchant is finite. */
#include "graph/vertex.h"

#include <math.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_view(const MerchantPartial *partial, const Merchant *merchant) {
    static const uint32_t ages[] = {0, 1, 3599, 100000, 3000000};
    for (size_t i = 0; i < G_N_ELEMENTS(ages); i++) {
        OthersView view;
        others_view(merchant->others, partial->clock + ages[i], &merchant->habit, &view);
        g_assert_true(isfinite(view.habit.mean) && isfinite(view.habit.m2));
        for (int w = 0; w < WINDOW_COUNT; w++)
            g_assert_true(view.count[w] >= 0 && view.sum[w] >= 0 && view.suspicion[w] >= 0);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    MerchantPartial partial;
    if (merchant_partial_decode((Str){(const char *)data, size}, &partial)) return 0;
    uint8_t again[MERCHANT_PARTIAL_LEN];
    merchant_partial_encode(&partial, again);
    g_assert_cmpmem(again, sizeof again, data, size);
    Graph *graph = graph_new();
    for (unsigned partition = 0; partition < 3; partition++)
        graph_apply_partial(graph, STR("m"), partition, &partial);
    check_view(&partial, graph_merchant(graph, 0));
    for (int w = 0; w < WINDOW_COUNT; w++)
        g_assert_cmpint(graph_merchant_window(graph, 0, w).sum, >=, 0);
    graph_free(graph);
    return 0;
}
