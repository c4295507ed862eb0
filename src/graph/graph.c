#include "base/bytes.h"
#include "base/hash.h"
#include "graph/vertex.h"

#include <math.h>

/* Vertices live in blocks, so that they never move and growing copies nothing. */
enum { BLOCK_BITS = 6, BLOCK = 1 << BLOCK_BITS, INDEX_MIN = 64 };

/* Finds vertex ids by key: open addressing, ids only; the keys are in the vertices. */
typedef struct Index {
    uint32_t *slots; /* id + 1; 0 is free */
    size_t capacity, count;
} Index;

struct Graph {
    Card **cards;
    Merchant **merchants;
    CardTally *tallies; /* one a merchant, of all partitions together, in whole blocks */
    Index card_index, merchant_index;
    PairTable pairs;
    MerchantId touched_first, touched_last; /* ends of the queue; first is TOUCHED_LAST for none */
    size_t touched_count;
    size_t card_edges;
    uint64_t seed;
    size_t memory;
};

static Card *card_at(const Graph *g, CardId id) {
    return &g->cards[id >> BLOCK_BITS][id & (BLOCK - 1)];
}

static Merchant *merchant_at(const Graph *g, MerchantId id) {
    return &g->merchants[id >> BLOCK_BITS][id & (BLOCK - 1)];
}

static uint64_t card_hash(const Graph *g, uint32_t id) {
    return hash_u64(card_at(g, id)->number, g->seed);
}

static uint64_t merchant_hash(const Graph *g, uint32_t id) {
    return hash_str(merchant_at(g, id)->name, g->seed);
}

static void index_put(Index *index, uint64_t hash, uint32_t id) {
    size_t slot = hash_range(hash, index->capacity);
    while (index->slots[slot])
        slot = slot + 1 == index->capacity ? 0 : slot + 1;
    index->slots[slot] = id + 1;
}

/* Makes room for one more id. */
static void index_reserve(Graph *g, Index *index, uint64_t (*hash)(const Graph *, uint32_t)) {
    if (index->count * 3 < index->capacity * 2) return;
    size_t capacity = MAX(INDEX_MIN, index->capacity * 2);
    g->memory += (capacity - index->capacity) * sizeof *index->slots;
    g_free(index->slots);
    index->slots = g_new0(uint32_t, capacity);
    index->capacity = capacity;
    for (uint32_t id = 0; id < index->count; id++)
        index_put(index, hash(g, id), id);
}

Graph *graph_new(void) {
    Graph *g = g_new0(Graph, 1);
    g->memory = sizeof *g;
    g->seed = hash_random_seed();
    g->touched_first = TOUCHED_LAST;
    pair_table_init(&g->pairs, &g->memory);
    return g;
}

void graph_free(Graph *g) {
    if (!g) return;
    for (CardId id = 0; id < g->card_index.count; id++)
        history_clear(&card_at(g, id)->history, &g->memory);
    for (MerchantId id = 0; id < g->merchant_index.count; id++) {
        history_clear(&merchant_at(g, id)->history, &g->memory);
        g_free(merchant_at(g, id)->others);
        g_free((char *)(uintptr_t)merchant_at(g, id)->name.data);
    }
    for (size_t b = 0; b < (g->card_index.count + BLOCK - 1) / BLOCK; b++)
        g_free(g->cards[b]);
    for (size_t b = 0; b < (g->merchant_index.count + BLOCK - 1) / BLOCK; b++)
        g_free(g->merchants[b]);
    g_free(g->cards);
    g_free(g->merchants);
    g_free(g->tallies);
    g_free(g->card_index.slots);
    g_free(g->merchant_index.slots);
    pair_table_clear(&g->pairs, &g->memory);
    g_free(g);
}

CardId graph_find_card(const Graph *g, uint64_t number) {
    const Index *index = &g->card_index;
    if (!index->count) return VERTEX_NONE;
    for (size_t slot = hash_range(hash_u64(number, g->seed), index->capacity); index->slots[slot];
         slot = slot + 1 == index->capacity ? 0 : slot + 1)
        if (card_at(g, index->slots[slot] - 1)->number == number) return index->slots[slot] - 1;
    return VERTEX_NONE;
}

MerchantId graph_find_merchant(const Graph *g, Str name) {
    const Index *index = &g->merchant_index;
    if (!index->count) return VERTEX_NONE;
    for (size_t slot = hash_range(hash_str(name, g->seed), index->capacity); index->slots[slot];
         slot = slot + 1 == index->capacity ? 0 : slot + 1)
        if (str_equal(merchant_at(g, index->slots[slot] - 1)->name, name))
            return index->slots[slot] - 1;
    return VERTEX_NONE;
}

static CardId card_make(Graph *g, uint64_t number) {
    index_reserve(g, &g->card_index, card_hash);
    CardId id = (CardId)g->card_index.count;
    g_assert(id < VERTEX_NONE - 1);
    if (id % BLOCK == 0) {
        g->cards = g_renew(Card *, g->cards, id / BLOCK + 1);
        g->cards[id / BLOCK] = g_new0(Card, BLOCK);
        g->memory += BLOCK * sizeof(Card) + sizeof(Card *);
    }
    Card *card = card_at(g, id);
    card->number = number;
    card->latitude = card->longitude = NAN;
    index_put(&g->card_index, hash_u64(number, g->seed), id);
    g->card_index.count++;
    return id;
}

static MerchantId merchant_make(Graph *g, Str name) {
    index_reserve(g, &g->merchant_index, merchant_hash);
    MerchantId id = (MerchantId)g->merchant_index.count;
    g_assert(id < TOUCHED_LAST);
    if (id % BLOCK == 0) {
        g->merchants = g_renew(Merchant *, g->merchants, id / BLOCK + 1);
        g->merchants[id / BLOCK] = g_new0(Merchant, BLOCK);
        g->tallies = g_renew(CardTally, g->tallies, id + BLOCK);
        memset(g->tallies + id, 0, BLOCK * sizeof *g->tallies);
        g->memory += BLOCK * (sizeof(Merchant) + sizeof(CardTally)) + sizeof(Merchant *);
    }
    Merchant *merchant = merchant_at(g, id);
    merchant->name = (Str){g_strndup(name.data, name.len), name.len};
    merchant->touched_next = TOUCHED_NOT;
    g->memory += name.len + 1;
    index_put(&g->merchant_index, hash_str(name, g->seed), id);
    g->merchant_index.count++;
    return id;
}

/* One merchant whose windows are moving: what the edges that leave them need. */
typedef struct Moving {
    Graph *graph;
    MerchantId id;
} Moving;

static void merchant_edge_left(void *data, int window, const PackedEdge *edge) {
    if (window != WINDOW_30D) return;
    const Moving *moving = data;
    Graph *g = moving->graph;
    Pair *pair = pair_find(&g->pairs, edge->other, moving->id);
    g_assert(pair);
    if (pair->count > 1) {
        pair->count--;
        return;
    }
    g->tallies[moving->id].cards--;
    g->tallies[moving->id].compromised -= pair->compromised;
    pair_remove(&g->pairs, pair);
}

/* Takes off the tally the cards told long enough ago for all of them to have left. */
static void others_age(Graph *g, MerchantId id, uint32_t before) {
    const Merchant *merchant = merchant_at(g, id);
    const CardTally left = others_tally_left(merchant->others, before, merchant->history.clock);
    g->tallies[id].cards -= left.cards;
    g->tallies[id].compromised -= left.compromised;
}

static void prefetch(const void *object, size_t size) {
    for (size_t line = 0; line < size; line += 64)
        __builtin_prefetch((const char *)object + line);
}

/* The first id that a search for the hash looks at: nearly always the one that it finds. */
static uint32_t first_candidate(const Index *index, uint64_t hash) {
    return index->count ? index->slots[hash_range(hash, index->capacity)] - 1 : VERTEX_NONE;
}

void graph_prefetch(const Graph *g, const Transaction *t) {
    CardId card = first_candidate(&g->card_index, hash_u64(t->card, g->seed));
    if (card != VERTEX_NONE) prefetch(card_at(g, card), sizeof(Card));
    MerchantId merchant = first_candidate(&g->merchant_index, hash_str(t->merchant, g->seed));
    if (merchant != VERTEX_NONE) prefetch(merchant_at(g, merchant), sizeof(Merchant));
}

void graph_locate(Graph *g, const Transaction *t, CardId *card, MerchantId *merchant) {
    *card = graph_find_card(g, t->card);
    if (*card == VERTEX_NONE) *card = card_make(g, t->card);
    *merchant = graph_find_merchant(g, t->merchant);
    if (*merchant == VERTEX_NONE) *merchant = merchant_make(g, t->merchant);
    pair_prefetch(&g->pairs, *card, *merchant);
    history_prefetch(&card_at(g, *card)->history);
    history_prefetch_last(&card_at(g, *card)->history, EXPOSURE_EDGES);
    history_prefetch(&merchant_at(g, *merchant)->history);
}

void graph_advance(Graph *g, const Transaction *t, CardId card, MerchantId merchant) {
    g_assert(t->time >= TIME_MIN && t->time <= TIME_MAX);
    History *of_card = &card_at(g, card)->history;
    History *of_merchant = &merchant_at(g, merchant)->history;
    if (of_merchant->count) /* the next to leave, if any does */
        pair_prefetch(&g->pairs, history_edge(of_merchant, 0)->other, merchant);
    uint32_t before = of_card->count;
    history_advance(of_card, (uint32_t)t->time, NULL, NULL);
    g->card_edges -= before - of_card->count;
    uint32_t clock = of_merchant->clock;
    history_advance(of_merchant, (uint32_t)t->time, merchant_edge_left, &(Moving){g, merchant});
    if (merchant_at(g, merchant)->others) others_age(g, merchant, clock);
}

/* Puts the merchant at the queue's end, unless it is in the queue. */
static void touch(Graph *g, MerchantId id) {
    Merchant *merchant = merchant_at(g, id);
    if (merchant->touched_next != TOUCHED_NOT) return;
    merchant->touched_next = TOUCHED_LAST;
    if (g->touched_first == TOUCHED_LAST)
        g->touched_first = id;
    else
        merchant_at(g, g->touched_last)->touched_next = id;
    g->touched_last = id;
    g->touched_count++;
}

size_t graph_take_touched(Graph *g, MerchantId *out, size_t limit) {
    size_t n = 0;
    while (n < limit && g->touched_first != TOUCHED_LAST) {
        Merchant *merchant = merchant_at(g, g->touched_first);
        out[n++] = g->touched_first;
        g->touched_first = merchant->touched_next;
        merchant->touched_next = TOUCHED_NOT;
    }
    g->touched_count -= n;
    return n;
}

size_t graph_touched_count(const Graph *g) {
    return g->touched_count;
}

static void card_remember(Card *card, const Transaction *t, float log_amount, uint32_t suspicion) {
    memmove(card->recent + 1, card->recent, sizeof card->recent - sizeof *card->recent);
    card->recent[0] = card->history.clock;
    card->latitude = (float)t->merchant_latitude;
    card->longitude = (float)t->merchant_longitude;
    habit_add(&card->habit, log_amount);
    habit_add(&card->category_habit[t->category], log_amount);
    card->category_last[t->category] = card->history.clock;
    card->hour_count[t->time / 3600 % 24]++;
    active_days_add(&card->days, card->history.clock, suspicion);
}

void graph_add(Graph *g, const Transaction *t, CardId card_id, MerchantId merchant_id,
               float suspicion) {
    g_assert(suspicion >= 0 && suspicion <= 1);
    Card *card = card_at(g, card_id);
    Merchant *merchant = merchant_at(g, merchant_id);
    uint32_t steps = (uint32_t)lrintf(suspicion * SUSPICION_ONE);
    float log_amount = log1pf((float)t->amount / 100);

    history_add(&card->history, merchant_id, t->amount, steps, &g->memory);
    history_add(&merchant->history, card_id, t->amount, steps, &g->memory);
    g->card_edges++;
    card_remember(card, t, log_amount, steps);
    habit_add(&merchant->habit, log_amount);

    Pair *pair = pair_insert(&g->pairs, card_id, merchant_id, &g->memory);
    if (pair->count++ == 0) {
        g->tallies[merchant_id].cards++;
        pair->compromised = card->fraud_labels > 0;
        g->tallies[merchant_id].compromised += pair->compromised;
    }
    pair->last = merchant->history.clock;
    touch(g, merchant_id);
}

/* Marks the card at every merchant it has met, or takes the mark back. */
static void card_mark(Graph *g, CardId id, bool compromised) {
    const History *history = &card_at(g, id)->history;
    for (uint32_t i = 0; i < history->count; i++) {
        MerchantId merchant = history_edge(history, i)->other;
        Pair *pair = pair_find(&g->pairs, id, merchant);
        if (!pair || pair->compromised == compromised) continue;
        pair->compromised = compromised;
        touch(g, merchant);
        if (compromised)
            g->tallies[merchant].compromised++;
        else
            g->tallies[merchant].compromised--;
    }
}

void graph_label(Graph *g, const Label *label) {
    if (label->is_fraud == label->was_fraud) return;
    CardId id = graph_find_card(g, label->card);
    if (id == VERTEX_NONE) return;
    Card *card = card_at(g, id);
    if (label->is_fraud) {
        if (card->fraud_labels++ == 0) card_mark(g, id, true);
    } else if (card->fraud_labels > 0) {
        if (--card->fraud_labels == 0) card_mark(g, id, false);
    }
}

void graph_merchant_partial(const Graph *g, MerchantId id, MerchantPartial *out) {
    const Merchant *merchant = graph_merchant(g, id);
    const History *h = &merchant->history;
    const CardTally others = others_tally(merchant->others, h->clock);
    *out = (MerchantPartial){
        .clock = h->clock,
        .tally = {g->tallies[id].cards - others.cards,
                  g->tallies[id].compromised - others.compromised},
        .habit = merchant->habit,
    };
    history_max_amounts(h, out->max);
    history_max_suspicions(h, out->suspicion_max);
    for (int w = 0; w < WINDOW_COUNT; w++) {
        out->count[w] = history_count(h, w);
        out->sum[w] = h->sum[w];
        out->suspicion[w] = h->suspicion[w];
    }
}

/* Replaces what the partition last told of the merchant, and with it its share of the tally. */
static void told(Graph *g, MerchantId id, unsigned partition, const MerchantPartial *partial) {
    Merchant *merchant = merchant_at(g, id);
    MerchantPartial *place = others_place(&merchant->others, partition, &g->memory);
    const CardTally was = partial_tally(place, merchant->history.clock);
    const CardTally is = partial_tally(partial, merchant->history.clock);
    g->tallies[id].cards += is.cards - was.cards;
    g->tallies[id].compromised += is.compromised - was.compromised;
    *place = *partial;
}

void graph_apply_partial(Graph *g, Str name, unsigned partition, const MerchantPartial *partial) {
    g_assert(name.len >= 1 && name.len <= NAME_MAX_LEN && partial->clock <= TIME_MAX);
    MerchantId id = graph_find_merchant(g, name);
    if (id == VERTEX_NONE) id = merchant_make(g, name);
    told(g, id, partition, partial);
}

const Card *graph_card(const Graph *g, CardId id) {
    g_assert(id < g->card_index.count);
    return card_at(g, id);
}

const Merchant *graph_merchant(const Graph *g, MerchantId id) {
    g_assert(id < g->merchant_index.count);
    return merchant_at(g, id);
}

CardTally graph_card_tally(const Graph *g, MerchantId id) {
    g_assert(id < g->merchant_index.count);
    return g->tallies[id];
}

void graph_exposure(const Graph *g, CardId id, float *share, float *count) {
    const History *h = &graph_card(g, id)->history;
    *share = *count = 0;
    for (uint32_t i = h->count - MIN(h->count, EXPOSURE_EDGES); i < h->count; i++) {
        const CardTally tally = g->tallies[history_edge(h, i)->other];
        if (!tally.compromised) continue;
        float compromised = (float)tally.compromised;
        *share = MAX(*share, compromised / (float)tally.cards);
        *count = MAX(*count, compromised);
    }
}

const Pair *graph_pair(const Graph *g, CardId card, MerchantId merchant) {
    return pair_find(&g->pairs, card, merchant);
}

uint64_t graph_card_number(const Graph *g, CardId id) {
    return graph_card(g, id)->number;
}

Str graph_merchant_name(const Graph *g, MerchantId id) {
    return graph_merchant(g, id)->name;
}

size_t graph_card_count(const Graph *g) {
    return g->card_index.count;
}

size_t graph_merchant_count(const Graph *g) {
    return g->merchant_index.count;
}

size_t graph_edge_count(const Graph *g) {
    return g->card_edges;
}

size_t graph_memory(const Graph *g) {
    return g->memory;
}

static size_t latest_edges(const History *h, Edge *out, size_t limit) {
    size_t n = MIN(limit, h->count);
    for (size_t i = 0; i < n; i++) {
        const PackedEdge *edge = history_edge(h, h->count - 1 - (uint32_t)i);
        out[i] = (Edge){edge->time, edge->other, edge_amount(edge),
                        (float)edge->suspicion / SUSPICION_ONE};
    }
    return n;
}

size_t graph_card_edges(const Graph *g, CardId id, Edge *out, size_t limit) {
    return latest_edges(&graph_card(g, id)->history, out, limit);
}

size_t graph_merchant_edges(const Graph *g, MerchantId id, Edge *out, size_t limit) {
    return latest_edges(&graph_merchant(g, id)->history, out, limit);
}

static WindowView window_view(const History *h, int window) {
    int64_t max[WINDOW_COUNT];
    history_max_amounts(h, max);
    return (WindowView){history_count(h, window), h->sum[window], max[window]};
}

WindowView graph_card_window(const Graph *g, CardId id, int window) {
    return window_view(&graph_card(g, id)->history, window);
}

/* Cents: keeps a lying partition from overflowing the sum. */
#define SUM_TOLD_MAX 0x1p60

WindowView graph_merchant_window(const Graph *g, MerchantId id, int window) {
    const Merchant *merchant = graph_merchant(g, id);
    WindowView view = window_view(&merchant->history, window);
    if (!merchant->others) return view;
    OthersView others;
    others_view(merchant->others, merchant->history.clock, &merchant->habit, &others);
    view.count += (uint32_t)llrint(others.count[window]);
    view.sum += llrint(MIN(others.sum[window], SUM_TOLD_MAX));
    view.max = MAX(view.max, others.max[window]);
    return view;
}

uint32_t graph_card_clock(const Graph *g, CardId id) {
    return graph_card(g, id)->history.clock;
}

bool graph_card_compromised(const Graph *g, CardId id) {
    return graph_card(g, id)->fraud_labels > 0;
}

uint32_t graph_merchant_distinct_cards(const Graph *g, MerchantId id) {
    return graph_card_tally(g, id).cards;
}

uint32_t graph_merchant_compromised_cards(const Graph *g, MerchantId id) {
    return graph_card_tally(g, id).compromised;
}

/* Everything of a card but its edges and windows, as it lies in a snapshot. */
typedef struct CardRecord {
    uint64_t number;
    uint32_t clock, edge_count;
    uint32_t recent[4];
    float latitude, longitude;
    Habit habit;
    Habit category_habit[CATEGORY_COUNT];
    uint32_t category_last[CATEGORY_COUNT];
    uint32_t hour_count[24];
    uint32_t fraud_labels;
    ActiveDays days;
} CardRecord;

G_STATIC_ASSERT(sizeof(CardRecord) == 440); /* no padding: it is written as it lies */

typedef struct MerchantRecord {
    uint32_t clock, edge_count, name_len, others_count;
    Habit habit;
} MerchantRecord;

static CardRecord card_record(const Card *card) {
    CardRecord record = {
        .number = card->number,
        .clock = card->history.clock,
        .edge_count = card->history.count,
        .latitude = card->latitude,
        .longitude = card->longitude,
        .habit = card->habit,
        .fraud_labels = card->fraud_labels,
        .days = card->days,
    };
    memcpy(record.recent, card->recent, sizeof record.recent);
    memcpy(record.category_habit, card->category_habit, sizeof record.category_habit);
    memcpy(record.category_last, card->category_last, sizeof record.category_last);
    memcpy(record.hour_count, card->hour_count, sizeof record.hour_count);
    return record;
}

static void card_from_record(Card *card, const CardRecord *record) {
    card->latitude = record->latitude;
    card->longitude = record->longitude;
    card->habit = record->habit;
    card->fraud_labels = record->fraud_labels;
    card->days = record->days;
    memcpy(card->recent, record->recent, sizeof card->recent);
    memcpy(card->category_habit, record->category_habit, sizeof card->category_habit);
    memcpy(card->category_last, record->category_last, sizeof card->category_last);
    memcpy(card->hour_count, record->hour_count, sizeof card->hour_count);
}

static bool write_edges(const History *h, GraphWrite *write, void *data) {
    if (h->count == 0) return true;
    uint32_t first = MIN(h->count, h->capacity - h->head);
    return write(data, h->edges + h->head, first * sizeof *h->edges) &&
           write(data, h->edges, (h->count - first) * sizeof *h->edges);
}

static bool write_others(const Others *others, GraphWrite *write, void *data) {
    uint8_t bytes[MERCHANT_PARTIAL_LEN];
    for (uint32_t i = 0; others && i < others->count; i++) {
        const Told *one = &others->told[i];
        merchant_partial_encode(&one->partial, bytes);
        if (!write(data, &one->partition, sizeof one->partition) ||
            !write(data, bytes, sizeof bytes))
            return false;
    }
    return true;
}

static bool write_merchant(const Graph *g, MerchantId id, GraphWrite *write, void *data) {
    const Merchant *merchant = merchant_at(g, id);
    const History *h = &merchant->history;
    MerchantRecord record = {h->clock, h->count, (uint32_t)merchant->name.len,
                             merchant->others ? merchant->others->count : 0, merchant->habit};
    if (!write(data, &record, sizeof record) ||
        !write(data, merchant->name.data, merchant->name.len) || !write_edges(h, write, data))
        return false;
    for (uint32_t i = 0; i < h->count; i++) {
        uint8_t compromised = pair_find(&g->pairs, history_edge(h, i)->other, id)->compromised;
        if (!write(data, &compromised, 1)) return false;
    }
    return write_others(merchant->others, write, data);
}

/* The touched merchants: how many, then each, first touched first. */
static bool write_touched(const Graph *g, GraphWrite *write, void *data) {
    uint64_t count = g->touched_count;
    if (!write(data, &count, sizeof count)) return false;
    MerchantId id = g->touched_first;
    for (uint64_t i = 0; i < count; i++, id = merchant_at(g, id)->touched_next)
        if (!write(data, &id, sizeof id)) return false;
    return true;
}

bool graph_write(const Graph *g, GraphWrite *write, void *data) {
    uint64_t counts[] = {g->card_index.count, g->merchant_index.count};
    if (!write(data, counts, sizeof counts)) return false;
    for (CardId id = 0; id < counts[0]; id++) {
        CardRecord record = card_record(card_at(g, id));
        if (!write(data, &record, sizeof record) ||
            !write_edges(&card_at(g, id)->history, write, data))
            return false;
    }
    for (MerchantId id = 0; id < counts[1]; id++)
        if (!write_merchant(g, id, write, data)) return false;
    return write_touched(g, write, data);
}

/* Adds `count` edges to an empty history, then moves its clock to `clock`. */
static bool read_edges(BytesReader *in, History *h, uint32_t count, uint32_t clock, uint32_t others,
                       size_t *memory) {
    for (uint32_t i = 0; i < count; i++) {
        PackedEdge edge;
        BYTES_GET(in, edge);
        if (in->failed || edge.time < h->clock || edge.time > clock || edge.other >= others ||
            (uint64_t)edge.time + window_seconds[WINDOW_30D] <= clock ||
            edge_amount(&edge) > AMOUNT_MAX)
            return false;
        history_advance(h, edge.time, NULL, NULL);
        history_add(h, edge.other, edge_amount(&edge), edge.suspicion, memory);
    }
    history_advance(h, clock, NULL, NULL);
    return clock <= TIME_MAX;
}

static bool read_card(BytesReader *in, Graph *g, uint32_t merchants) {
    CardRecord record;
    BYTES_GET(in, record);
    if (in->failed || graph_find_card(g, record.number) != VERTEX_NONE ||
        !active_days_hold(&record.days, record.clock))
        return false;
    Card *card = card_at(g, card_make(g, record.number));
    card_from_record(card, &record);
    g->card_edges += record.edge_count;
    return read_edges(in, &card->history, record.edge_count, record.clock, merchants, &g->memory);
}

static void restore_pairs(Graph *g, MerchantId id, const uint8_t *compromised) {
    const History *h = &merchant_at(g, id)->history;
    for (uint32_t i = 0; i < h->count; i++) {
        const PackedEdge *edge = history_edge(h, i);
        Pair *pair = pair_insert(&g->pairs, edge->other, id, &g->memory);
        if (pair->count++ == 0) {
            g->tallies[id].cards++;
            pair->compromised = compromised[i] & 1;
            g->tallies[id].compromised += pair->compromised;
        }
        pair->last = edge->time;
    }
}

static bool read_others(BytesReader *in, Graph *g, MerchantId id, uint32_t count) {
    int64_t before = -1; /* the last one's partition: they ascend */
    for (uint32_t i = 0; i < count; i++) {
        uint32_t partition;
        BYTES_GET(in, partition);
        const Str bytes = bytes_get_view(in, MERCHANT_PARTIAL_LEN);
        MerchantPartial partial;
        if (in->failed || partition <= before || partition >= PARTITIONS_MAX ||
            merchant_partial_decode(bytes, &partial))
            return false;
        told(g, id, partition, &partial);
        before = partition;
    }
    return true;
}

static bool read_merchant(BytesReader *in, Graph *g) {
    MerchantRecord record;
    BYTES_GET(in, record);
    if (in->failed || record.name_len == 0 || record.name_len > NAME_MAX_LEN) return false;
    Str name = bytes_get_view(in, record.name_len);
    if (in->failed || graph_find_merchant(g, name) != VERTEX_NONE) return false;
    MerchantId id = merchant_make(g, name);
    Merchant *merchant = merchant_at(g, id);
    merchant->habit = record.habit;
    if (!read_edges(in, &merchant->history, record.edge_count, record.clock,
                    (uint32_t)g->card_index.count, &g->memory))
        return false;
    Str compromised = bytes_get_view(in, record.edge_count);
    if (in->failed) return false;
    restore_pairs(g, id, (const uint8_t *)compromised.data);
    return read_others(in, g, id, record.others_count);
}

static bool read_touched(BytesReader *in, Graph *g) {
    uint64_t count;
    BYTES_GET(in, count);
    if (in->failed || count > g->merchant_index.count) return false;
    for (uint64_t i = 0; i < count; i++) {
        MerchantId id;
        BYTES_GET(in, id);
        if (in->failed || id >= g->merchant_index.count ||
            merchant_at(g, id)->touched_next != TOUCHED_NOT)
            return false;
        touch(g, id);
    }
    return true;
}

Graph *graph_read(const uint8_t *bytes, size_t len) {
    BytesReader in = {bytes, len, 0, false};
    uint64_t cards, merchants;
    BYTES_GET(&in, cards);
    BYTES_GET(&in, merchants);
    Graph *g = graph_new();
    bool good = !in.failed && cards <= len / sizeof(CardRecord) &&
                merchants <= len / sizeof(MerchantRecord);
    for (uint64_t i = 0; good && i < cards; i++)
        good = read_card(&in, g, (uint32_t)merchants);
    for (uint64_t i = 0; good && i < merchants; i++)
        good = read_merchant(&in, g);
    good = good && read_touched(&in, g);
    if (good && in.at == in.len) return g;
    graph_free(g);
    return NULL;
}
