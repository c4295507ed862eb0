#include "pipeline/partition_group.h"

struct PartitionGroup {
    const Model *model;
    int64_t exchange, due; /* seconds */
    unsigned count;
    Engine *engines[];
};

PartitionGroup *partition_group_new(const Model *model, unsigned count, int64_t exchange) {
    g_assert(count >= 1 && count <= PARTITIONS_MAX && exchange >= EXCHANGE_NEVER);
    PartitionGroup *group = g_malloc0(sizeof *group + count * sizeof *group->engines);
    group->model = model;
    group->exchange = exchange;
    group->count = count;
    for (unsigned i = 0; i < count; i++)
        group->engines[i] = engine_new(model);
    return group;
}

void partition_group_free(PartitionGroup *group) {
    if (!group) return;
    for (unsigned i = 0; i < group->count; i++)
        engine_free(group->engines[i]);
    g_free(group);
}

Engine *partition_group_engine(const PartitionGroup *group, uint64_t card) {
    return group->engines[group->count == 1 ? 0 : card_partition(card, group->count)];
}

const Model *partition_group_model(const PartitionGroup *group) {
    return group->model;
}

static void tell_others(const PartitionGroup *group, unsigned teller, MerchantId merchant) {
    const Graph *graph = engine_graph(group->engines[teller]);
    MerchantPartial partial;
    graph_merchant_partial(graph, merchant, &partial);
    for (unsigned i = 0; i < group->count; i++)
        if (i != teller)
            engine_apply_partial(group->engines[i], graph_merchant_name(graph, merchant), teller,
                                 &partial);
}

static void exchange(const PartitionGroup *group) {
    MerchantId touched[256];
    for (unsigned i = 0; i < group->count; i++) {
        size_t n;
        while ((n = engine_take_touched(group->engines[i], touched, G_N_ELEMENTS(touched))) > 0)
            for (size_t k = 0; k < n; k++)
                tell_others(group, i, touched[k]);
    }
}

void partition_group_pass_time(PartitionGroup *group, int64_t time) {
    if (group->count == 1 || group->exchange == EXCHANGE_NEVER || time < group->due) return;
    exchange(group);
    if (group->exchange > 0) group->due = (time / group->exchange + 1) * group->exchange;
}

size_t partition_group_cards(const PartitionGroup *group) {
    size_t cards = 0;
    for (unsigned i = 0; i < group->count; i++)
        cards += graph_card_count(engine_graph(group->engines[i]));
    return cards;
}

size_t partition_group_memory(const PartitionGroup *group) {
    size_t bytes = 0;
    for (unsigned i = 0; i < group->count; i++)
        bytes += graph_memory(engine_graph(group->engines[i]));
    return bytes;
}
