#include "feature/feature.h"
#include "graph/vertex.h"

#include <math.h>

/* What the features of one transaction share: computed once, read by many rows of the catalogue. */
struct FeatureInput {
    const Transaction *transaction;
    const Card *card;
    const Merchant *merchant;
    const Pair *pair; /* NULL: they have not met within 30 d */
    CardTally tally;  /* the merchant's, as are the next two: of all partitions together */
    const Habit *merchant_habit;
    const OthersView *others; /* NULL: no other partition has told of the merchant */
    uint32_t now;             /* the card's clock */
    float amount;             /* units of money */
    float log_amount;         /* ln(1 + amount) */
    float suspicion;
    int hour;
    float card_count[WINDOW_COUNT], card_sum[WINDOW_COUNT], card_max[WINDOW_COUNT];
    float card_suspicion[WINDOW_COUNT], card_suspicion_max[WINDOW_COUNT];
    float merchant_count[WINDOW_COUNT], merchant_sum[WINDOW_COUNT];
    float merchant_suspicion[WINDOW_COUNT];
    DayTally today, day_before; /* the card's; a count of 0 is none */
    float exposure_max, exposure_count;
    float last_distance; /* km from the card's last merchant */
};

/* a / b; NaN, that is unknown, when there is nothing to divide by. */
static float ratio(float a, float b) {
    return b > 0 ? a / b : NAN;
}

static float seconds_since(uint32_t now, uint32_t then) {
    return then ? (float)(now - then) : NAN;
}

/* Standard deviations from a habit; NaN before there are two observations. The floor keeps a habit
 * of equal amounts from making every other one infinitely strange. */
static float habit_z(const Habit *habit, float value) {
    if (habit->count < 2) return NAN;
    float deviation = sqrtf(habit->m2 / (float)(habit->count - 1));
    return (value - habit->mean) / (deviation > 0.05F ? deviation : 0.05F);
}

/* Great-circle distance in km by the haversine formula (Sinnott 1984), mean radius 6371 km. */
static float distance_km(double latitude1, double longitude1, double latitude2, double longitude2) {
    const double radians = 0.017453292519943295;
    float sine_latitude = sinf((float)((latitude2 - latitude1) * radians / 2));
    float sine_longitude = sinf((float)((longitude2 - longitude1) * radians / 2));
    float cosines = cosf((float)(latitude1 * radians)) * cosf((float)(latitude2 * radians));
    float a = sine_latitude * sine_latitude + cosines * sine_longitude * sine_longitude;
    return 2 * 6371.0F * asinf(sqrtf(a > 1 ? 1 : a)); /* unknown stays unknown */
}

/* The transaction's own. */

static float own_amount(const FeatureInput *in, int unused) {
    (void)unused;
    return in->amount;
}

static float own_cents(const FeatureInput *in, int unused) {
    (void)unused;
    return (float)(in->transaction->amount % 100);
}

static float own_category(const FeatureInput *in, int unused) {
    (void)unused;
    return (float)in->transaction->category;
}

static float own_hour(const FeatureInput *in, int unused) {
    (void)unused;
    return (float)(in->transaction->time % 86400) / 3600;
}

static float own_weekday(const FeatureInput *in, int unused) {
    (void)unused;
    return (float)((in->transaction->time / 86400 + 3) % 7); /* 1970-01-01 was a Thursday */
}

static float own_distance(const FeatureInput *in, int unused) {
    (void)unused;
    const Transaction *t = in->transaction;
    return distance_km(t->latitude, t->longitude, t->merchant_latitude, t->merchant_longitude);
}

static float own_gender(const FeatureInput *in, int unused) {
    (void)unused;
    char gender = in->transaction->gender;
    return gender ? (float)(gender == 'F') : NAN;
}

/* Bands of 25 years: an age to the day would name the card. */
static float own_age_band(const FeatureInput *in, int unused) {
    (void)unused;
    const Transaction *t = in->transaction;
    if (t->birth == INT32_MIN) return NAN;
    double years = ((double)t->time / 86400 - t->birth) / 365.2425;
    return years < 25 ? 0 : years < 50 ? 1 : 2;
}

static float own_town(const FeatureInput *in, int unused) {
    (void)unused;
    int64_t people = in->transaction->city_population;
    return people < 0 ? NAN : (float)(people >= 2500);
}

/* The card's windows. */

static float card_count(const FeatureInput *in, int window) {
    return in->card_count[window];
}

static float card_sum(const FeatureInput *in, int window) {
    return in->card_sum[window];
}

static float card_max(const FeatureInput *in, int window) {
    return in->card_max[window];
}

static float card_rate_ratio(const FeatureInput *in, int window) {
    float usual = in->card_count[WINDOW_30D] * (float)window_seconds[window] /
                  (float)window_seconds[WINDOW_30D];
    return ratio(in->card_count[window] + 1, usual);
}

static float card_sum_ratio(const FeatureInput *in, int window) {
    float usual = in->card_sum[WINDOW_30D] * (float)window_seconds[window] /
                  (float)window_seconds[WINDOW_30D];
    return ratio(in->card_sum[window] + in->amount, usual);
}

static float card_amount_to_mean(const FeatureInput *in, int window) {
    return ratio(in->amount * in->card_count[window], in->card_sum[window]);
}

static float card_amount_to_max(const FeatureInput *in, int window) {
    return ratio(in->amount, in->card_max[window]);
}

static float card_since(const FeatureInput *in, int nth) {
    return seconds_since(in->now, in->card->recent[nth]);
}

static float card_since_ratio(const FeatureInput *in, int unused) {
    (void)unused;
    float gap = ratio((float)window_seconds[WINDOW_30D], in->card_count[WINDOW_30D]);
    return seconds_since(in->now, in->card->recent[0]) / gap;
}

static float card_z(const FeatureInput *in, int unused) {
    (void)unused;
    return habit_z(&in->card->habit, in->log_amount);
}

static float card_category_z(const FeatureInput *in, int unused) {
    (void)unused;
    return habit_z(&in->card->category_habit[in->transaction->category], in->log_amount);
}

static float card_category_share(const FeatureInput *in, int unused) {
    (void)unused;
    return ratio((float)in->card->category_habit[in->transaction->category].count,
                 (float)in->card->habit.count);
}

static float card_category_since(const FeatureInput *in, int unused) {
    (void)unused;
    return seconds_since(in->now, in->card->category_last[in->transaction->category]);
}

/* Share of the card's past that lies within `reach` hours of this hour of the day. */
static float card_hour_share(const FeatureInput *in, int reach) {
    uint32_t near = 0;
    for (int h = in->hour - reach; h <= in->hour + reach; h++)
        near += in->card->hour_count[(h + 24) % 24];
    return ratio((float)near, (float)in->card->habit.count);
}

static float card_last_distance(const FeatureInput *in, int unused) {
    (void)unused;
    return in->last_distance;
}

static float card_speed(const FeatureInput *in, int unused) {
    (void)unused;
    float seconds = seconds_since(in->now, in->card->recent[0]);
    return in->last_distance / ((seconds > 60 ? seconds : 60) / 3600);
}

/* The edge. */

static float edge_count(const FeatureInput *in, int unused) {
    (void)unused;
    return in->pair ? (float)in->pair->count : 0;
}

static float edge_since(const FeatureInput *in, int unused) {
    (void)unused;
    return in->pair ? (float)(in->merchant->history.clock - in->pair->last) : NAN;
}

static float edge_share_of_merchant(const FeatureInput *in, int unused) {
    return ratio(edge_count(in, unused), in->merchant_count[WINDOW_30D]);
}

static float edge_share_of_card(const FeatureInput *in, int unused) {
    return ratio(edge_count(in, unused), in->card_count[WINDOW_30D]);
}

/* The merchant's windows. */

static float merchant_count(const FeatureInput *in, int window) {
    return in->merchant_count[window];
}

static float merchant_rate_ratio(const FeatureInput *in, int window) {
    float usual = in->merchant_count[WINDOW_30D] * (float)window_seconds[window] /
                  (float)window_seconds[WINDOW_30D];
    return ratio(in->merchant_count[window] + 1, usual);
}

static float merchant_amount_to_mean(const FeatureInput *in, int window) {
    return ratio(in->amount * in->merchant_count[window], in->merchant_sum[window]);
}

static float merchant_z(const FeatureInput *in, int unused) {
    (void)unused;
    return habit_z(in->merchant_habit, in->log_amount);
}

static float merchant_cards(const FeatureInput *in, int unused) {
    (void)unused;
    return (float)in->tally.cards;
}

static float merchant_cards_share(const FeatureInput *in, int unused) {
    (void)unused;
    return ratio((float)in->tally.cards, in->merchant_count[WINDOW_30D]);
}

static float merchant_compromised(const FeatureInput *in, int unused) {
    (void)unused;
    return (float)in->tally.compromised;
}

static float merchant_compromised_share(const FeatureInput *in, int unused) {
    (void)unused;
    return ratio((float)in->tally.compromised, (float)in->tally.cards);
}

static float merchant_suspicion_sum(const FeatureInput *in, int window) {
    return in->merchant_suspicion[window];
}

static float merchant_suspicion_max(const FeatureInput *in, int window) {
    uint32_t max = history_max_suspicion(&in->merchant->history, window);
    if (in->others) max = MAX(max, in->others->suspicion_max[window]);
    return (float)max / SUSPICION_ONE;
}

static float exposure_max(const FeatureInput *in, int unused) {
    (void)unused;
    return in->exposure_max;
}

static float exposure_count(const FeatureInput *in, int unused) {
    (void)unused;
    return in->exposure_count;
}

/* The first stage. */

static float suspicion(const FeatureInput *in, int unused) {
    (void)unused;
    return in->suspicion;
}

static float card_suspicion_sum(const FeatureInput *in, int window) {
    return in->card_suspicion[window];
}

static float card_suspicion_max(const FeatureInput *in, int window) {
    return in->card_suspicion_max[window];
}

static float card_suspicion_mean(const FeatureInput *in, int window) {
    return ratio(in->card_suspicion[window], in->card_count[window]);
}

/* The card's days. */

static float day_count(const FeatureInput *in, int unused) {
    (void)unused;
    return (float)in->today.count;
}

static float day_evidence(const FeatureInput *in, int unused) {
    (void)unused;
    return (float)in->today.evidence / EVIDENCE_ONE;
}

static float day_suspicion_min(const FeatureInput *in, int unused) {
    (void)unused;
    return in->today.count ? (float)in->today.suspicion_min / SUSPICION_ONE : NAN;
}

static float day_suspicion_max(const FeatureInput *in, int unused) {
    (void)unused;
    return in->today.count ? (float)in->today.suspicion_max / SUSPICION_ONE : NAN;
}

static float day_before_evidence(const FeatureInput *in, int unused) {
    (void)unused;
    return in->day_before.count ? (float)in->day_before.evidence / EVIDENCE_ONE : NAN;
}

static float day_before_age(const FeatureInput *in, int unused) {
    (void)unused;
    return in->day_before.count ? (float)(in->today.day - in->day_before.day) : NAN;
}

#define OWN(name, unit, meaning, function)                                                         \
    { name, unit, "-", meaning, true, function, 0 }
#define ONE(name, unit, window, meaning, function)                                                 \
    { name, unit, window, meaning, false, function, 0 }
#define WINDOW(name, unit, index, window, meaning, function)                                       \
    { name "_" window, unit, window, meaning, false, function, index }
#define SHORT_WINDOWS(name, unit, meaning, function)                                               \
    WINDOW(name, unit, WINDOW_1H, "1h", meaning, function),                                        \
        WINDOW(name, unit, WINDOW_6H, "6h", meaning, function),                                    \
        WINDOW(name, unit, WINDOW_24H, "24h", meaning, function),                                  \
        WINDOW(name, unit, WINDOW_3D, "3d", meaning, function),                                    \
        WINDOW(name, unit, WINDOW_7D, "7d", meaning, function)
#define ALL_WINDOWS(name, unit, meaning, function)                                                 \
    SHORT_WINDOWS(name, unit, meaning, function),                                                  \
        WINDOW(name, unit, WINDOW_30D, "30d", meaning, function)

/* Two kinds of row are left out on purpose. What names a card (its number, an exact age or town)
 * lets a model learn cards by heart. Whether a card itself has had a fraud teaches it, on data
 * where nobody is defrauded twice, that such cards are safe ever after; at a bank that would be the
 * costliest mistake.
 *
 * The rows flagged `own` come first: the first-stage model sees that prefix of the vector.
 * clang-format off */
static const Feature catalogue[] = {
    OWN("amount", "money", "amount of the transaction", own_amount),
    OWN("amount_cents", "cents", "the amount's cents", own_cents),
    OWN("category", "code", "spending category, as its place in the category list", own_category),
    OWN("hour", "h", "hour of the day with fraction, UTC", own_hour),
    OWN("weekday", "day", "day of the week, Monday is 0", own_weekday),
    OWN("home_distance", "km", "distance from the card holder's home to the merchant",
        own_distance),
    OWN("gender_female", "0/1", "card holder is a woman", own_gender),
    OWN("age_band", "code", "card holder is under 25 (0), under 50 (1), or older (2)",
        own_age_band),
    OWN("town", "0/1", "card holder's home has 2,500 people or more", own_town),

    ALL_WINDOWS("card_count", "count", "card's transactions in the window", card_count),
    ALL_WINDOWS("card_sum", "money", "card's amounts in the window, summed", card_sum),
    ALL_WINDOWS("card_max", "money", "card's largest amount in the window", card_max),
    SHORT_WINDOWS("card_rate_ratio", "ratio",
                  "card's count in the window, this one included, to its usual of 30 d",
                  card_rate_ratio),
    SHORT_WINDOWS("card_sum_ratio", "ratio",
                  "card's sum in the window, this one included, to its usual of 30 d",
                  card_sum_ratio),
    WINDOW("card_amount_to_mean", "ratio", WINDOW_7D, "7d", "amount to the card's mean amount",
           card_amount_to_mean),
    WINDOW("card_amount_to_mean", "ratio", WINDOW_30D, "30d", "amount to the card's mean amount",
           card_amount_to_mean),
    WINDOW("card_amount_to_max", "ratio", WINDOW_24H, "24h", "amount to the card's largest amount",
           card_amount_to_max),
    WINDOW("card_amount_to_max", "ratio", WINDOW_30D, "30d", "amount to the card's largest amount",
           card_amount_to_max),
    {"card_since_last", "s", "-", "time since the card's last transaction", false, card_since, 0},
    {"card_since_2nd", "s", "-", "time since the card's last transaction but one", false,
     card_since, 1},
    {"card_since_3rd", "s", "-", "time since the card's last transaction but two", false,
     card_since, 2},
    {"card_since_4th", "s", "-", "time since the card's last transaction but three", false,
     card_since, 3},
    ONE("card_since_last_ratio", "ratio", "30d",
        "time since the card's last transaction to its usual gap", card_since_ratio),
    ONE("card_amount_z", "sd", "-", "log amount against the card's habit, in standard deviations",
        card_z),
    ONE("card_category_z", "sd", "-", "log amount against the card's habit in the category",
        card_category_z),
    ONE("card_category_share", "share", "-",
        "share of the card's transactions that were in the category", card_category_share),
    ONE("card_category_since", "s", "-", "time since the card's last transaction in the category",
        card_category_since),
    {"card_hour_share", "share", "-", "share of the card's transactions in this hour of the day",
     false, card_hour_share, 0},
    {"card_hour_share_near", "share", "-", "the same, within two hours of it", false,
     card_hour_share, 2},
    ONE("card_last_distance", "km", "-", "distance from the card's last merchant",
        card_last_distance),
    ONE("card_speed", "km/h", "-", "speed from the card's last merchant to this one", card_speed),

    ONE("edge_count", "count", "30d", "times the card met this merchant", edge_count),
    ONE("edge_since_last", "s", "30d", "time since the card last met this merchant", edge_since),
    ONE("edge_share_of_merchant", "share", "30d",
        "share of the merchant's transactions that were this card's", edge_share_of_merchant),
    ONE("edge_share_of_card", "share", "30d",
        "share of the card's transactions that were at this merchant", edge_share_of_card),

    ALL_WINDOWS("merchant_count", "count", "merchant's transactions in the window", merchant_count),
    WINDOW("merchant_rate_ratio", "ratio", WINDOW_1H, "1h",
           "merchant's count in the window to its usual of 30 d", merchant_rate_ratio),
    WINDOW("merchant_rate_ratio", "ratio", WINDOW_24H, "24h",
           "merchant's count in the window to its usual of 30 d", merchant_rate_ratio),
    WINDOW("merchant_amount_to_mean", "ratio", WINDOW_24H, "24h",
           "amount to the merchant's mean amount", merchant_amount_to_mean),
    WINDOW("merchant_amount_to_mean", "ratio", WINDOW_30D, "30d",
           "amount to the merchant's mean amount", merchant_amount_to_mean),
    ONE("merchant_amount_z", "sd", "-", "log amount against the merchant's habit", merchant_z),
    ONE("merchant_cards", "count", "30d", "distinct cards at the merchant", merchant_cards),
    ONE("merchant_cards_share", "share", "30d",
        "distinct cards at the merchant to its transactions", merchant_cards_share),
    ONE("merchant_compromised", "count", "30d",
        "merchant's distinct cards that are known to be compromised", merchant_compromised),
    ONE("merchant_compromised_share", "share", "30d", "the same, as a share of its distinct cards",
        merchant_compromised_share),
    WINDOW("merchant_suspicion_sum", "sum", WINDOW_24H, "24h",
           "first-stage suspicion of the merchant's transactions, summed", merchant_suspicion_sum),
    WINDOW("merchant_suspicion_sum", "sum", WINDOW_7D, "7d",
           "first-stage suspicion of the merchant's transactions, summed", merchant_suspicion_sum),
    WINDOW("merchant_suspicion_max", "max", WINDOW_24H, "24h",
           "first-stage suspicion of the merchant's transactions, largest", merchant_suspicion_max),
    ONE("exposure_max", "share", "30d",
        "largest share of compromised cards at the merchants of the card's last 64 transactions, "
        "as of each merchant's latest",
        exposure_max),
    ONE("exposure_count", "count", "30d", "most compromised cards at one of those merchants",
        exposure_count),

    ONE("suspicion", "probability", "-",
        "first-stage score: how suspicious the transaction looks by itself", suspicion),
    ALL_WINDOWS("card_suspicion_sum", "sum",
                "first-stage suspicion of the card's transactions, summed", card_suspicion_sum),
    ALL_WINDOWS("card_suspicion_max", "max",
                "first-stage suspicion of the card's transactions, largest", card_suspicion_max),
    WINDOW("card_suspicion_mean", "mean", WINDOW_24H, "24h",
           "first-stage suspicion of the card's transactions, mean", card_suspicion_mean),
    WINDOW("card_suspicion_mean", "mean", WINDOW_30D, "30d",
           "first-stage suspicion of the card's transactions, mean", card_suspicion_mean),

    ONE("card_day_count", "count", "-", "card's transactions since midnight, UTC", day_count),
    ONE("card_day_evidence", "log-odds", "-",
        "evidence of fraud in the card's transactions since midnight: log-odds of their "
        "first-stage suspicions over 1 in 200, each within 6 of 0, summed",
        day_evidence),
    ONE("card_day_suspicion_min", "min", "-",
        "first-stage suspicion of the card's transactions since midnight, smallest",
        day_suspicion_min),
    ONE("card_day_suspicion_max", "max", "-",
        "first-stage suspicion of the card's transactions since midnight, largest",
        day_suspicion_max),
    ONE("card_day_before_evidence", "log-odds", "-",
        "the same evidence of the whole of the last day before on which the card paid",
        day_before_evidence),
    ONE("card_day_before_age", "days", "-", "how many days ago that day was", day_before_age),
};
/* clang-format on */

size_t feature_count(void) {
    return G_N_ELEMENTS(catalogue);
}

size_t feature_own_count(void) {
    size_t count = 0;
    while (count < G_N_ELEMENTS(catalogue) && catalogue[count].own)
        count++;
    return count;
}

const Feature *feature_at(size_t index) {
    g_assert(index < G_N_ELEMENTS(catalogue));
    return &catalogue[index];
}

char *feature_hash(void) {
    GString *text = g_string_new(NULL);
    for (size_t i = 0; i < G_N_ELEMENTS(catalogue); i++)
        g_string_append_printf(text, "%s|%s|%d\n", catalogue[i].name, catalogue[i].window,
                               catalogue[i].own);
    for (uint8_t code = 0; code < CATEGORY_COUNT; code++)
        g_string_append_printf(text, "%s\n", category_name(code));
    char *hash = g_compute_checksum_for_string(G_CHECKSUM_SHA256, text->str, (gssize)text->len);
    g_string_free(text, TRUE);
    return hash;
}

static FeatureInput input_of(const Transaction *t) {
    float amount = (float)t->amount / 100;
    return (FeatureInput){
        .transaction = t,
        .amount = amount,
        .log_amount = log1pf(amount),
        .hour = (int)(t->time / 3600 % 24),
    };
}

void feature_fill_own(const Transaction *t, float *out) {
    FeatureInput in = input_of(t);
    for (size_t i = 0; i < G_N_ELEMENTS(catalogue); i++)
        out[i] = catalogue[i].own ? catalogue[i].value(&in, catalogue[i].argument) : NAN;
}

static void read_card_windows(FeatureInput *in) {
    const History *h = &in->card->history;
    int64_t max[WINDOW_COUNT];
    uint32_t suspicion_max[WINDOW_COUNT];
    history_max_amounts(h, max);
    history_max_suspicions(h, suspicion_max);
    for (int w = 0; w < WINDOW_COUNT; w++) {
        in->card_count[w] = (float)history_count(h, w);
        in->card_sum[w] = (float)h->sum[w] / 100;
        in->card_max[w] = (float)max[w] / 100;
        in->card_suspicion[w] = (float)h->suspicion[w] / SUSPICION_ONE;
        in->card_suspicion_max[w] = (float)suspicion_max[w] / SUSPICION_ONE;
    }
}

static void read_merchant_windows(FeatureInput *in) {
    const History *h = &in->merchant->history;
    for (int w = 0; w < WINDOW_COUNT; w++) {
        in->merchant_count[w] = (float)history_count(h, w);
        in->merchant_sum[w] = (float)h->sum[w] / 100;
        in->merchant_suspicion[w] = (float)h->suspicion[w] / SUSPICION_ONE;
    }
}

/* Sums with what the others told. Whole numbers below 2^53 add up exactly, as they do alone. */
static void add_others(FeatureInput *in, const OthersView *others) {
    const History *h = &in->merchant->history;
    for (int w = 0; w < WINDOW_COUNT; w++) {
        in->merchant_count[w] = (float)((double)history_count(h, w) + others->count[w]);
        in->merchant_sum[w] = (float)((double)h->sum[w] + others->sum[w]) / 100;
        in->merchant_suspicion[w] =
            (float)((double)h->suspicion[w] + others->suspicion[w]) / SUSPICION_ONE;
    }
    in->merchant_habit = &others->habit;
    in->others = others;
}

void feature_fill_rest(const Graph *graph, const Transaction *t, CardId card, MerchantId merchant,
                       float first_stage, float *out) {
    FeatureInput in = input_of(t);
    in.card = graph_card(graph, card);
    in.merchant = graph_merchant(graph, merchant);
    in.pair = graph_pair(graph, card, merchant);
    in.tally = graph_card_tally(graph, merchant);
    in.merchant_habit = &in.merchant->habit;
    in.now = in.card->history.clock;
    in.suspicion = first_stage;
    in.today = active_days_today(&in.card->days, in.now);
    in.day_before = active_days_before(&in.card->days, in.now);
    in.last_distance = distance_km((double)in.card->latitude, (double)in.card->longitude,
                                   t->merchant_latitude, t->merchant_longitude);
    read_card_windows(&in);
    read_merchant_windows(&in);
    OthersView others;
    if (in.merchant->others) {
        others_view(in.merchant->others, in.merchant->history.clock, in.merchant_habit, &others);
        add_others(&in, &others);
    }
    graph_exposure(graph, card, &in.exposure_max, &in.exposure_count);
    for (size_t i = 0; i < G_N_ELEMENTS(catalogue); i++)
        if (!catalogue[i].own) out[i] = catalogue[i].value(&in, catalogue[i].argument);
}
