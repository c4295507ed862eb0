#include "serve/tally.h"

#include "base/hash.h"
#include "base/json_write.h"
#include "record/transaction.h"
#include "serve/shape.h"

#include <math.h>

enum { LONGITUDES = 360, LATITUDES = 180, RATE_DIGITS = 6 };

/* Amounts from each of these cents on, up to the next. */
static const int64_t amount_from[] = {0, 1000, 2000, 3000, 4000, 5000, 10000, 100000, 500000};

enum { AMOUNTS = G_N_ELEMENTS(amount_from) };

/* The counts of a slot that need no key; what is summed up over slots. */
typedef enum Sum {
    TRANSACTIONS,
    ALERTS,
    TRUE_POSITIVES, /* alerts that are frauds */
    FALSE_POSITIVES,
    FALSE_NEGATIVES,
    TRUE_NEGATIVES,
    CAUGHT, /* cents of frauds that were alerts */
    MISSED, /* of those that were not */
    VOTED,  /* several members had a say */
    ALERTS_ANY,
    ALERTS_ALL,
    AMOUNT_COUNTS,
    AMOUNT_FRAUDS = AMOUNT_COUNTS + AMOUNTS,
    CATEGORY_COUNTS = AMOUNT_FRAUDS + AMOUNTS,
    CATEGORY_FRAUDS = CATEGORY_COUNTS + CATEGORY_COUNT,
    SUMS = CATEGORY_FRAUDS + CATEGORY_COUNT,
} Sum;

/* Counts by key: a table with open addresses. */
typedef struct Count {
    uint32_t key; /* plus one; 0: free */
    int32_t transactions, frauds, alerts;
    int64_t amount; /* cents */
} Count;

typedef struct Counts {
    Count *at; /* a power of two of them; NULL while there is none */
    size_t used, size;
} Counts;

typedef struct Slot {
    int64_t sums[SUMS];
    Counts merchants, places;
} Slot;

typedef struct Ring {
    int64_t latest; /* the latest slot's number: time / seconds */
    Slot **slots;   /* by number modulo count; NULL: nothing was counted */
} Ring;

typedef struct WindowShape {
    const char *name;
    int64_t seconds; /* of a slot */
    size_t count;    /* of slots */
} WindowShape;

static const WindowShape shapes[TALLY_WINDOWS] = {
    [TALLY_1H] = {"1h", 60, 60},
    [TALLY_24H] = {"24h", 1800, 48},
    [TALLY_7D] = {"7d", 21600, 28},
    [TALLY_ALL] = {"all", INT64_MAX, 1},
};

/* Merchants' names as small numbers, for ever, as the graph keeps them. */
typedef struct Names {
    GPtrArray *texts; /* char * by number */
    uint32_t *places; /* number plus one, 0: free; a power of two of them */
    size_t size;
    uint64_t seed;
} Names;

struct Tally {
    Ring rings[TALLY_WINDOWS];
    Names names;
    int64_t first, last; /* times of the earliest and latest transaction; first > last: none */
};

uint16_t tally_place(double latitude, double longitude) {
    if (isnan(latitude) || isnan(longitude)) return TALLY_PLACE_NONE;
    const int north = (int)floor(CLAMP(latitude, -90.0, 89.5)) + LATITUDES / 2;
    const int east = (int)floor(CLAMP(longitude, -180.0, 179.5)) + LONGITUDES / 2;
    return (uint16_t)(north * LONGITUDES + east);
}

TallyWindow tally_window_find(Str name) {
    TallyWindow window = TALLY_1H;
    while (window < TALLY_WINDOWS && !str_equal(name, str_from(shapes[window].name)))
        window++;
    return window;
}

/* Counts by key */

static Count *counts_find(const Counts *counts, uint32_t key) {
    size_t i = hash_mix(key) & (counts->size - 1);
    while (counts->at[i].key != 0 && counts->at[i].key != key + 1)
        i = (i + 1) & (counts->size - 1);
    return &counts->at[i];
}

static void counts_grow(Counts *counts) {
    Counts larger = {.used = counts->used, .size = counts->size ? 2 * counts->size : 8};
    larger.at = g_new0(Count, larger.size);
    for (size_t i = 0; i < counts->size; i++)
        if (counts->at[i].key != 0) *counts_find(&larger, counts->at[i].key - 1) = counts->at[i];
    g_free(counts->at);
    *counts = larger;
}

/* The key's own, made if need be; until the next call. */
static Count *counts_at(Counts *counts, uint32_t key) {
    if (4 * (counts->used + 1) > 3 * counts->size) counts_grow(counts);
    Count *count = counts_find(counts, key);
    counts->used += count->key == 0;
    count->key = key + 1;
    return count;
}

static void counts_merge(Counts *into, const Counts *from) {
    for (size_t i = 0; i < from->size; i++) {
        const Count *count = &from->at[i];
        if (count->key == 0) continue;
        Count *sum = counts_at(into, count->key - 1);
        sum->transactions += count->transactions;
        sum->frauds += count->frauds;
        sum->alerts += count->alerts;
        sum->amount += count->amount;
    }
}

/* Names */

static uint32_t *names_find(const Names *names, Str name) {
    size_t i = hash_str(name, names->seed) & (names->size - 1);
    while (names->places[i] != 0 &&
           !str_equal(name, str_from(g_ptr_array_index(names->texts, names->places[i] - 1))))
        i = (i + 1) & (names->size - 1);
    return &names->places[i];
}

static void names_grow(Names *names) {
    g_free(names->places);
    names->size *= 2;
    names->places = g_new0(uint32_t, names->size);
    for (guint n = 0; n < names->texts->len; n++)
        *names_find(names, str_from(g_ptr_array_index(names->texts, n))) = n + 1;
}

static uint32_t names_number(Names *names, Str name) {
    if (2 * ((size_t)names->texts->len + 1) > names->size) names_grow(names);
    uint32_t *place = names_find(names, name);
    if (*place == 0) {
        g_ptr_array_add(names->texts, g_strndup(name.data, name.len));
        *place = names->texts->len;
    }
    return *place - 1;
}

/* Slots */

static void slot_free(Slot *slot) {
    if (!slot) return;
    g_free(slot->merchants.at);
    g_free(slot->places.at);
    g_free(slot);
}

static int64_t number_of(const WindowShape *shape, int64_t time) {
    return time / shape->seconds - (time % shape->seconds < 0);
}

static Slot **place_of(const Ring *ring, const WindowShape *shape, int64_t number) {
    const int64_t count = (int64_t)shape->count;
    return &ring->slots[((number % count) + count) % count];
}

/* Moves the window on; what leaves it is forgotten. */
static void ring_move(Ring *ring, const WindowShape *shape, int64_t number) {
    const int64_t gone = MIN(number - ring->latest, (int64_t)shape->count);
    for (int64_t i = 0; i < gone; i++) {
        Slot **place = place_of(ring, shape, number - i);
        slot_free(*place);
        *place = NULL;
    }
    ring->latest = number;
}

/* The slot of a time, made if need be; NULL when the window is past it. */
static Slot *ring_slot(Ring *ring, const WindowShape *shape, int64_t time) {
    const int64_t number = number_of(shape, time);
    if (number > ring->latest) ring_move(ring, shape, number);
    if (number <= ring->latest - (int64_t)shape->count) return NULL;
    Slot **place = place_of(ring, shape, number);
    if (!*place) *place = g_new0(Slot, 1);
    return *place;
}

/* Life */

Tally *tally_new(void) {
    Tally *tally = g_new0(Tally, 1);
    for (int w = 0; w < TALLY_WINDOWS; w++) {
        tally->rings[w].slots = g_new0(Slot *, shapes[w].count);
        tally->rings[w].latest = number_of(&shapes[w], TIME_MIN);
    }
    tally->names.texts = g_ptr_array_new_with_free_func(g_free);
    tally->names.size = 64;
    tally->names.places = g_new0(uint32_t, tally->names.size);
    tally->names.seed = hash_random_seed();
    tally->first = INT64_MAX;
    tally->last = INT64_MIN;
    return tally;
}

void tally_free(Tally *tally) {
    if (!tally) return;
    for (int w = 0; w < TALLY_WINDOWS; w++) {
        for (size_t i = 0; i < shapes[w].count; i++)
            slot_free(tally->rings[w].slots[i]);
        g_free(tally->rings[w].slots);
    }
    g_ptr_array_unref(tally->names.texts);
    g_free(tally->names.places);
    g_free(tally);
}

/* Counting */

static size_t amount_bucket(int64_t amount) {
    size_t bucket = AMOUNTS - 1;
    while (bucket > 0 && amount < amount_from[bucket])
        bucket--;
    return bucket;
}

static void count_transaction(Slot *slot, const TallyRow *row, uint32_t merchant) {
    Count *of_merchant = counts_at(&slot->merchants, merchant);
    slot->sums[TRANSACTIONS]++;
    slot->sums[ALERTS] += row->alert;
    slot->sums[VOTED] += row->members > 0;
    slot->sums[ALERTS_ANY] += row->members_alert > 0;
    slot->sums[ALERTS_ALL] += row->members_alert > 0 && row->members_alert == row->members;
    slot->sums[AMOUNT_COUNTS + amount_bucket(row->amount)]++;
    slot->sums[CATEGORY_COUNTS + row->category]++;
    of_merchant->transactions++;
    of_merchant->alerts += row->alert;
    of_merchant->amount += row->amount;
    if (row->place == TALLY_PLACE_NONE) return;
    Count *of_place = counts_at(&slot->places, row->place);
    of_place->transactions++;
    of_place->alerts += row->alert;
    of_place->amount += row->amount;
}

/* Counts a label, or takes it away again with a sign of -1. */
static void count_label(Slot *slot, const TallyRow *row, uint32_t merchant, int label, int sign) {
    if (label == LABEL_NONE) return;
    if (label == 0) {
        slot->sums[row->alert ? FALSE_POSITIVES : TRUE_NEGATIVES] += sign;
        return;
    }
    slot->sums[row->alert ? TRUE_POSITIVES : FALSE_NEGATIVES] += sign;
    slot->sums[row->alert ? CAUGHT : MISSED] += sign * row->amount;
    slot->sums[AMOUNT_FRAUDS + amount_bucket(row->amount)] += sign;
    slot->sums[CATEGORY_FRAUDS + row->category] += sign;
    counts_at(&slot->merchants, merchant)->frauds += sign;
    if (row->place != TALLY_PLACE_NONE) counts_at(&slot->places, row->place)->frauds += sign;
}

void tally_add(Tally *tally, const TallyRow *row, Str merchant, int label) {
    g_assert(row->category < CATEGORY_COUNT);
    const uint32_t number = names_number(&tally->names, merchant);
    tally->first = MIN(tally->first, row->time);
    tally->last = MAX(tally->last, row->time);
    for (int w = 0; w < TALLY_WINDOWS; w++) {
        Slot *slot = ring_slot(&tally->rings[w], &shapes[w], row->time);
        if (!slot) continue;
        count_transaction(slot, row, number);
        count_label(slot, row, number, label, 1);
    }
}

void tally_label(Tally *tally, const TallyRow *row, Str merchant, int before, int after) {
    g_assert(row->category < CATEGORY_COUNT);
    const uint32_t number = names_number(&tally->names, merchant);
    for (int w = 0; w < TALLY_WINDOWS; w++) {
        Slot *slot = ring_slot(&tally->rings[w], &shapes[w], row->time);
        if (!slot) continue;
        count_label(slot, row, number, before, -1);
        count_label(slot, row, number, after, 1);
    }
}

/* Reading */

/* Merchants to be shown: the greatest come first. */
typedef struct Ranking {
    const Names *names;
    bool by_frauds;
} Ranking;

static int by_number(int64_t a, int64_t b) {
    return (a < b) - (a > b);
}

static int by_rank(const void *one, const void *two, void *data) {
    const Count *a = one, *b = two;
    const Ranking *ranking = data;
    int order = ranking->by_frauds ? by_number(a->frauds, b->frauds) : 0;
    if (order == 0) order = by_number(a->transactions, b->transactions);
    if (order != 0 || !ranking->names) return order ? order : (a->key > b->key) - (a->key < b->key);
    return strcmp(g_ptr_array_index(ranking->names->texts, a->key - 1),
                  g_ptr_array_index(ranking->names->texts, b->key - 1));
}

/* Puts all that is in the table at its beginning, after which it is a table no more. */
static size_t pack(Counts *counts) {
    size_t used = 0;
    for (size_t i = 0; i < counts->size; i++)
        if (counts->at[i].key != 0) counts->at[used++] = counts->at[i];
    return used;
}

/* The first ones by rank, in order; returns how many there are. */
static size_t rank(const Count *all, size_t count, Ranking *ranking,
                   Count top[TALLY_MERCHANTS_SHOWN]) {
    size_t ranked = 0;
    for (size_t i = 0; i < count; i++) {
        if (all[i].transactions <= 0 || (ranking->by_frauds && all[i].frauds <= 0)) continue;
        size_t at = ranked;
        while (at > 0 && by_rank(&all[i], &top[at - 1], ranking) < 0)
            at--;
        if (at == TALLY_MERCHANTS_SHOWN) continue;
        ranked = MIN(ranked + 1, (size_t)TALLY_MERCHANTS_SHOWN);
        memmove(&top[at + 1], &top[at], (ranked - 1 - at) * sizeof *top);
        top[at] = all[i];
    }
    return ranked;
}

static void write_number(GString *out, const char *name, int64_t value) {
    g_string_append_printf(out, ",\"%s\":%" G_GINT64_FORMAT, name, value);
}

static void write_money(GString *out, const char *name, int64_t cents) {
    g_string_append_printf(out, ",\"%s\":", name);
    json_write_cents(out, cents);
}

/* part / whole; null where the whole is 0 or it is not known. */
static void write_share(GString *out, const char *name, int64_t part, int64_t whole, bool known) {
    g_string_append_printf(out, ",\"%s\":", name);
    json_write_double(out, known && whole > 0 ? (double)part / (double)whole : (double)NAN,
                      RATE_DIGITS);
}

static void write_merchants(const Tally *tally, const Counts *counts, bool by_frauds,
                            GString *out) {
    Count top[TALLY_MERCHANTS_SHOWN];
    Ranking ranking = {&tally->names, by_frauds};
    const size_t shown = rank(counts->at, counts->used, &ranking, top);
    g_string_append(out, by_frauds ? ",\"fraud_merchants\":[" : ",\"merchants\":[");
    for (size_t i = 0; i < shown; i++) {
        g_string_append(out, i > 0 ? ",{\"merchant\":" : "{\"merchant\":");
        json_write_str(out, str_from(g_ptr_array_index(tally->names.texts, top[i].key - 1)));
        write_number(out, "transactions", top[i].transactions);
        write_number(out, "frauds", top[i].frauds);
        write_money(out, "amount", top[i].amount);
        g_string_append_c(out, '}');
    }
    g_string_append_c(out, ']');
}

static void write_amounts(const int64_t sums[SUMS], GString *out) {
    g_string_append(out, ",\"amounts\":[");
    for (size_t i = 0; i < AMOUNTS; i++) {
        g_string_append_printf(out, "%s{\"from\":%d,\"to\":", i > 0 ? "," : "",
                               (int)(amount_from[i] / 100));
        if (i + 1 < AMOUNTS)
            g_string_append_printf(out, "%d", (int)(amount_from[i + 1] / 100));
        else
            g_string_append(out, "null");
        write_number(out, "transactions", sums[AMOUNT_COUNTS + i]);
        write_number(out, "frauds", sums[AMOUNT_FRAUDS + i]);
        g_string_append_c(out, '}');
    }
    g_string_append_c(out, ']');
}

static void write_categories(const int64_t sums[SUMS], GString *out) {
    g_string_append(out, ",\"categories\":[");
    bool first = true;
    for (size_t i = 0; i < CATEGORY_COUNT; i++) {
        if (sums[CATEGORY_COUNTS + i] == 0) continue;
        g_string_append_printf(out, "%s{\"category\":\"%s\"", first ? "" : ",",
                               category_name((uint8_t)i));
        write_number(out, "transactions", sums[CATEGORY_COUNTS + i]);
        write_number(out, "frauds", sums[CATEGORY_FRAUDS + i]);
        g_string_append_c(out, '}');
        first = false;
    }
    g_string_append_c(out, ']');
}

/* The middle of each cell; those with most transactions where there are too many. */
static void write_places(const Counts *counts, GString *out) {
    Ranking ranking = {0};
    if (counts->used > 0)
        g_qsort_with_data(counts->at, (gint)counts->used, sizeof *counts->at, by_rank, &ranking);
    g_string_append(out, ",\"places\":[");
    for (size_t i = 0; i < MIN(counts->used, (size_t)TALLY_PLACES_SHOWN); i++) {
        const Count *place = &counts->at[i];
        const int cell = (int)place->key - 1;
        const int north = cell / LONGITUDES - LATITUDES / 2;
        const int east = cell % LONGITUDES - LONGITUDES / 2;
        g_string_append(out, i > 0 ? ",{\"lat\":" : "{\"lat\":");
        json_write_double(out, north + 0.5, RATE_DIGITS);
        g_string_append(out, ",\"long\":");
        json_write_double(out, east + 0.5, RATE_DIGITS);
        write_number(out, "transactions", place->transactions);
        write_number(out, "frauds", place->frauds);
        write_number(out, "alerts", place->alerts);
        g_string_append_c(out, '}');
    }
    g_string_append_c(out, ']');
}

static void write_quality(const int64_t sums[SUMS], bool complete, GString *out) {
    const int64_t frauds = sums[TRUE_POSITIVES] + sums[FALSE_NEGATIVES];
    const int64_t alerts = sums[TRUE_POSITIVES] + sums[FALSE_POSITIVES];
    g_string_append_printf(out, ",\"quality\":{\"labelled\":%" G_GINT64_FORMAT,
                           frauds + sums[FALSE_POSITIVES] + sums[TRUE_NEGATIVES]);
    write_number(out, "true_positives", sums[TRUE_POSITIVES]);
    write_number(out, "false_positives", sums[FALSE_POSITIVES]);
    write_number(out, "false_negatives", sums[FALSE_NEGATIVES]);
    write_number(out, "true_negatives", sums[TRUE_NEGATIVES]);
    write_share(out, "precision", sums[TRUE_POSITIVES], alerts, true);
    write_share(out, "recall", sums[TRUE_POSITIVES], frauds, complete);
    write_money(out, "fraud_caught", sums[CAUGHT]);
    write_money(out, "fraud_missed", sums[MISSED]);
    g_string_append_c(out, '}');
}

static void write_agreement(const int64_t sums[SUMS], GString *out) {
    if (sums[VOTED] == 0) {
        g_string_append(out, ",\"agreement\":null");
        return;
    }
    g_string_append_printf(out, ",\"agreement\":{\"alerts_any\":%" G_GINT64_FORMAT,
                           sums[ALERTS_ANY]);
    write_number(out, "alerts_all", sums[ALERTS_ALL]);
    write_share(out, "rate", sums[ALERTS_ALL], sums[ALERTS_ANY], true);
    g_string_append_c(out, '}');
}

static void write_times(const Tally *tally, TallyWindow window, GString *out) {
    const Ring *ring = &tally->rings[window];
    const WindowShape *shape = &shapes[window];
    g_string_append_printf(out, "{\"window\":\"%s\",\"from\":", shape->name);
    if (tally->first > tally->last) {
        g_string_append(out, "null,\"to\":null");
        return;
    }
    const int64_t from = window == TALLY_ALL
                             ? tally->first
                             : (ring->latest - (int64_t)shape->count + 1) * shape->seconds;
    shape_time(out, MAX(from, TIME_MIN));
    g_string_append(out, ",\"to\":");
    shape_time(out, tally->last);
}

static void write_totals(const int64_t sums[SUMS], GString *out) {
    const int64_t frauds = sums[TRUE_POSITIVES] + sums[FALSE_NEGATIVES];
    const int64_t not_frauds = sums[FALSE_POSITIVES] + sums[TRUE_NEGATIVES];
    write_number(out, "transactions", sums[TRANSACTIONS]);
    write_number(out, "frauds", frauds);
    write_number(out, "not_frauds", not_frauds);
    write_number(out, "unlabelled", sums[TRANSACTIONS] - frauds - not_frauds);
    write_number(out, "alerts", sums[ALERTS]);
    write_share(out, "alert_rate", sums[ALERTS], sums[TRANSACTIONS], true);
}

void tally_write(const Tally *tally, TallyWindow window, bool complete, GString *out) {
    g_assert(window < TALLY_WINDOWS);
    Slot total = {0};
    for (size_t i = 0; i < shapes[window].count; i++) {
        const Slot *slot = tally->rings[window].slots[i];
        if (!slot) continue;
        for (size_t s = 0; s < SUMS; s++)
            total.sums[s] += slot->sums[s];
        counts_merge(&total.merchants, &slot->merchants);
        counts_merge(&total.places, &slot->places);
    }
    total.merchants.used = pack(&total.merchants);
    total.places.used = pack(&total.places);
    write_times(tally, window, out);
    write_totals(total.sums, out);
    write_merchants(tally, &total.merchants, false, out);
    write_merchants(tally, &total.merchants, true, out);
    write_amounts(total.sums, out);
    write_categories(total.sums, out);
    write_places(&total.places, out);
    write_quality(total.sums, complete, out);
    write_agreement(total.sums, out);
    g_string_append_c(out, '}');
    g_free(total.merchants.at);
    g_free(total.places.at);
}
