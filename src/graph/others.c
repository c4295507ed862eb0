#include "graph/others.h"

static size_t others_size(uint32_t count) {
    return sizeof(Others) + count * sizeof(Told);
}

/* The first place whose partition is not below `partition`. */
static uint32_t find_place(const Others *others, unsigned partition) {
    uint32_t low = 0, high = others->count;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        if (others->told[middle].partition < partition)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

MerchantPartial *others_place(Others **others, unsigned partition, size_t *memory) {
    g_assert(partition < PARTITIONS_MAX);
    const uint32_t count = *others ? (*others)->count : 0;
    const uint32_t place = *others ? find_place(*others, partition) : 0;
    if (place < count && (*others)->told[place].partition == partition)
        return &(*others)->told[place].partial;
    *memory += *others ? sizeof(Told) : others_size(1);
    *others = g_realloc(*others, others_size(count + 1));
    (*others)->count = count + 1;
    Told *told = &(*others)->told[place];
    memmove(told + 1, told, (count - place) * sizeof *told);
    *told = (Told){.partition = partition};
    return &told->partial;
}

CardTally partial_tally(const MerchantPartial *partial, uint32_t now) {
    return partial->clock + window_seconds[WINDOW_30D] > now ? partial->tally : (CardTally){0};
}

CardTally others_tally(const Others *others, uint32_t now) {
    CardTally all = {0};
    for (uint32_t i = 0; others && i < others->count; i++) {
        const CardTally one = partial_tally(&others->told[i].partial, now);
        all.cards += one.cards;
        all.compromised += one.compromised;
    }
    return all;
}

CardTally others_tally_left(const Others *others, uint32_t before, uint32_t now) {
    const CardTally was = others_tally(others, before), is = others_tally(others, now);
    return (CardTally){was.cards - is.cards, was.compromised - is.compromised};
}

/* A partial's sums as numbers, each after the 0 of a window of no length. */
typedef struct Sums {
    double count[WINDOW_COUNT + 1], sum[WINDOW_COUNT + 1], suspicion[WINDOW_COUNT + 1];
} Sums;

static void sums_of(const MerchantPartial *p, Sums *out) {
    out->count[0] = out->sum[0] = out->suspicion[0] = 0;
    for (int w = 0; w < WINDOW_COUNT; w++) {
        out->count[w + 1] = (double)p->count[w];
        out->sum[w + 1] = (double)p->sum[w];
        out->suspicion[w + 1] = (double)p->suspicion[w];
    }
}

/* A window that reaches back so many seconds, more than 0, from the teller's clock ends within the
 * told window `outer`, and holds all of the next shorter one and `share` of what is between. */
typedef struct Reach {
    int outer;
    double share;
} Reach;

static Reach reach_of(const MerchantPartial *p, uint32_t seconds) {
    int outer = 0;
    while (window_seconds[outer] < seconds)
        outer++;
    const uint32_t inner = outer > 0 ? window_seconds[outer - 1] : 0;
    double share = (double)(seconds - inner) / (double)(window_seconds[outer] - inner);
    if (outer == 0 && p->count[0] > 0) /* the latest edge is at the clock itself */
        share = (1 + (double)(p->count[0] - 1) * share) / (double)p->count[0];
    return (Reach){outer, share};
}

static double within(const double *sums, Reach reach) {
    const double inner = sums[reach.outer], outer = sums[reach.outer + 1];
    return inner + (outer - inner) * reach.share;
}

static void add_aged(OthersView *out, const MerchantPartial *p, uint32_t age) {
    Sums sums;
    sums_of(p, &sums);
    for (int w = 0; w < WINDOW_COUNT; w++) {
        if (age >= window_seconds[w]) continue;
        const Reach reach = reach_of(p, window_seconds[w] - age);
        out->count[w] += within(sums.count, reach);
        out->sum[w] += within(sums.sum, reach);
        out->suspicion[w] += within(sums.suspicion, reach);
        out->max[w] = MAX(out->max[w], p->max[reach.outer]);
        out->suspicion_max[w] = MAX(out->suspicion_max[w], p->suspicion_max[reach.outer]);
    }
}

void others_view(const Others *others, uint32_t now, const Habit *own, OthersView *out) {
    *out = (OthersView){.habit = *own};
    for (uint32_t i = 0; i < others->count; i++) {
        const MerchantPartial *p = &others->told[i].partial;
        add_aged(out, p, now > p->clock ? now - p->clock : 0);
        out->habit = habit_merge(out->habit, p->habit);
    }
}
