#include "io/generator/world.h"

#include "base/civil.h"
#include "io/generator/words.h"

/* C leaves the order of draws within one expression open, so no expression here draws twice: the
 * same seed must make the same world under every compiler. */

enum { CARD_DIGITS_MAX = 19 };

/* A distribution as points of its inverse: share of the people, and the value below which they
 * lie. Read with straight lines between the points. */
typedef struct Quantile {
    double share, value;
} Quantile;

static const Quantile ages[] = {{0, 14},    {0.05, 20}, {0.117, 25}, {0.25, 33}, {0.534, 50},
                                {0.75, 62}, {0.9, 74},  {0.95, 82},  {0.99, 92}, {1, 95}};

static const Quantile populations[] = {
    {0, 120},      {0.052, 2500},  {0.1, 4990},   {0.25, 17400},   {0.4, 37500},    {0.5, 64600},
    {0.6, 101500}, {0.75, 236800}, {0.9, 847400}, {0.95, 1526000}, {0.99, 2907000}, {1, 2910000}};

static double draw_quantile(Random *random, const Quantile *points, size_t count) {
    const double share = random_uniform(random);
    size_t i = 1;
    while (i + 1 < count && points[i].share <= share)
        i++;
    const Quantile low = points[i - 1], high = points[i];
    return low.value + (high.value - low.value) * (share - low.share) / (high.share - low.share);
}

static const char *draw_word(Random *random, Words list) {
    return list.words[random_below(random, (uint32_t)list.count)];
}

/* Card numbers. */

/* A network: what its numbers start with, their length, and its share of the cards in per cent. */
typedef struct Network {
    const char *prefixes[8];
    int length, share;
} Network;

static const Network networks[] = {
    {{"4"}, 16, 16},
    {{"4"}, 19, 9},
    {{"4"}, 13, 8},
    {{"51", "52", "53", "54", "55", "2221"}, 16, 10},
    {{"34", "37"}, 15, 9},
    {{"2131", "1800"}, 15, 6},
    {{"3528", "3530", "3541", "3553", "3566", "3589"}, 16, 19},
    {{"6011", "65", "644"}, 16, 8},
    {{"300", "301", "304", "305", "36", "38"}, 14, 8},
    {{"5018", "5020", "5038", "5612", "5893", "6304", "6759", "6761"}, 12, 7},
};

static const Network *draw_network(Random *random) {
    int left = (int)random_below(random, 100);
    const Network *network = networks;
    while (left >= network->share)
        left -= (network++)->share;
    return network;
}

/* The digit that makes digits[0..count] pass Luhn's check (ISO/IEC 7812-1, annex B). */
static char luhn_digit(const char *digits, int count) {
    int sum = 0;
    for (int i = 0; i < count; i++) {
        int value = digits[i] - '0';
        if ((count - i) % 2 == 1) value = value < 5 ? 2 * value : 2 * value - 9;
        sum += value;
    }
    return (char)('0' + (10 - sum % 10) % 10);
}

static uint64_t draw_card_number(Random *random) {
    const Network *network = draw_network(random);
    size_t choices = 0;
    while (choices < G_N_ELEMENTS(network->prefixes) && network->prefixes[choices])
        choices++;
    const char *prefix = network->prefixes[random_below(random, (uint32_t)choices)];
    char digits[CARD_DIGITS_MAX + 1] = "";
    int count = 0;
    while (prefix[count]) {
        digits[count] = prefix[count];
        count++;
    }
    while (count < network->length - 1)
        digits[count++] = (char)('0' + random_below(random, 10));
    digits[count] = luhn_digit(digits, count);
    return g_ascii_strtoull(digits, NULL, 10);
}

/* One that no earlier card has; `taken` is a set of pointers to numbers. */
static uint64_t draw_new_card_number(Random *random, GHashTable *taken) {
    for (;;) {
        const uint64_t number = draw_card_number(random);
        if (!g_hash_table_contains(taken, &number)) return number;
    }
}

/* CSV text. */

/* Appends a field, quoted if a comma is in it; no word of ours holds a quote or a line break. */
static void append_field(GString *out, const char *field) {
    const char *quote = strchr(field, ',') ? "\"" : "";
    g_string_append_printf(out, "%s%s%s", quote, field, quote);
}

/* Millionths of a degree in the shortest decimal form: one digit after the point at least. */
static void append_degrees(GString *out, int32_t value) {
    const uint32_t size = value < 0 ? -(uint32_t)value : (uint32_t)value;
    char digits[16];
    g_snprintf(digits, sizeof digits, "%06u", size % 1000000);
    size_t length = 6;
    while (length > 1 && digits[length - 1] == '0')
        length--;
    g_string_append_printf(out, "%s%u.%.*s", value < 0 ? "-" : "", size / 1000000, (int)length,
                           digits);
}

static Text text_take(GString *string) {
    g_assert(string->len <= WORLD_TEXT_MAX);
    const uint32_t length = (uint32_t)string->len;
    return (Text){g_string_free(string, FALSE), length};
}

/* Towns. */

typedef struct Town {
    char name[48];
    const Region *region;
    int32_t latitude, longitude; /* millionths of a degree, whole ten-thousandths */
    int population, zip;
} Town;

static const Region *draw_region(Random *random) {
    uint32_t people = 0;
    for (size_t i = 0; i < region_count; i++)
        people += (uint32_t)regions[i].people;
    int64_t left = random_below(random, people);
    const Region *region = regions;
    while (left >= region->people)
        left -= (region++)->people;
    return region;
}

static int32_t draw_degrees(Random *random, double low, double high) {
    const double degrees = low + (high - low) * random_uniform(random);
    return (int32_t)(degrees * 10000) * 100;
}

static Town draw_town(Random *random) {
    Town town = {.region = draw_region(random)};
    const char *prefix = random_below(random, 5) == 0 ? draw_word(random, town_prefixes) : "";
    const char *head = draw_word(random, town_heads);
    const char *tail = draw_word(random, town_tails);
    g_snprintf(town.name, sizeof town.name, "%s%s%s%s", prefix, *prefix ? " " : "", head, tail);
    town.latitude = draw_degrees(random, town.region->south, town.region->north);
    town.longitude = draw_degrees(random, town.region->west, town.region->east);
    town.population = (int)draw_quantile(random, populations, G_N_ELEMENTS(populations));
    const int area = random_between(random, town.region->zip_low, town.region->zip_high);
    town.zip = area * 100 + random_between(random, 1, 99);
    return town;
}

/* Card holders. */

static const Segment *find_segment(char gender, int age, int population) {
    for (size_t i = 0; i < SEGMENT_COUNT; i++) {
        const Segment *s = &segments[i];
        if (s->gender == gender && age >= s->age_min && age < s->age_max &&
            population >= s->population_min && population < s->population_max)
            return s;
    }
    g_assert_not_reached(); /* the segments share out everybody */
}

static void append_street(GString *out, Random *random) {
    const int number = random_between(random, 1, 9999);
    const char *name = draw_word(random, street_names);
    const char *kind = draw_word(random, street_kinds);
    g_string_append_printf(out, "%d %s %s", number, name, kind);
    switch (random_below(random, 4)) {
    case 0:
        g_string_append_printf(out, " Apt. %d", random_between(random, 1, 999));
        break;
    case 1:
        g_string_append_printf(out, " Suite %d", random_between(random, 1, 999));
        break;
    default:
        break;
    }
}

/* "Marine surveyor", or as catalogues of jobs put it, "Surveyor, marine". */
static void append_job(GString *out, Random *random) {
    const char *field = draw_word(random, job_fields);
    const char *role = draw_word(random, job_roles);
    char job[64];
    if (random_below(random, 3) == 0)
        g_snprintf(job, sizeof job, "%c%s, %c%s", g_ascii_toupper(role[0]), role + 1,
                   g_ascii_tolower(field[0]), field + 1);
    else
        g_snprintf(job, sizeof job, "%s %s", field, role);
    append_field(out, job);
}

static void append_surname(GString *out, Random *random) {
    const char *head = draw_word(random, name_heads);
    g_string_append_printf(out, "%s%s", head, draw_word(random, name_tails));
}

static void append_date(GString *out, int32_t days_since_epoch) {
    char date[11];
    civil_write_date(days_since_epoch, date);
    g_string_append(out, date);
}

static Text holder_text(Random *random, const Town *town, char gender, int32_t birth) {
    GString *out = g_string_new(",");
    g_string_append(out, draw_word(random, gender == 'F' ? first_names_female : first_names_male));
    g_string_append_c(out, ',');
    append_surname(out, random);
    g_string_append_printf(out, ",%c,", gender);
    append_street(out, random);
    g_string_append_printf(out, ",%s,%s,%05d,", town->name, town->region->state, town->zip);
    append_degrees(out, town->latitude);
    g_string_append_c(out, ',');
    append_degrees(out, town->longitude);
    g_string_append_printf(out, ",%d,", town->population);
    append_job(out, random);
    g_string_append_c(out, ',');
    append_date(out, birth);
    g_string_append_c(out, ',');
    return text_take(out);
}

static Card draw_card(Random *random, GHashTable *taken, const Town *town, int32_t start) {
    const char gender = random_below(random, 2) ? 'F' : 'M';
    const double age = draw_quantile(random, ages, G_N_ELEMENTS(ages));
    Card card = {
        .segment = find_segment(gender, (int)age, town->population),
        .latitude = town->latitude,
        .longitude = town->longitude,
    };
    card.number = draw_new_card_number(random, taken);
    card.tail = holder_text(random, town, gender, start - (int32_t)(age * 365.25));
    card.rate = random_between(random, card.segment->own.rate_min, card.segment->own.rate_max);
    GString *head = g_string_new(NULL);
    g_string_append_printf(head, "%" G_GUINT64_FORMAT ",", card.number);
    card.head = text_take(head);
    return card;
}

static void draw_cards(World *world, Random *random, int32_t start) {
    const size_t town_count = (world->card_count * 4 + 4) / 5;
    g_autofree Town *towns = g_new(Town, town_count);
    for (size_t i = 0; i < town_count; i++)
        towns[i] = draw_town(random);
    g_autoptr(GHashTable) taken = g_hash_table_new(g_int64_hash, g_int64_equal);
    for (size_t i = 0; i < world->card_count; i++) {
        const Town *town = &towns[random_below(random, (uint32_t)town_count)];
        world->cards[i] = draw_card(random, taken, town, start);
        g_hash_table_add(taken, &world->cards[i].number);
    }
}

/* Merchants. */

static char *draw_company(Random *random) {
    GString *name = g_string_new("fraud_"); /* every merchant of the published set has it */
    append_surname(name, random);
    switch (random_below(random, 3)) {
    case 0:
        g_string_append_c(name, '-');
        append_surname(name, random);
        break;
    case 1:
        g_string_append(name, ", ");
        append_surname(name, random);
        g_string_append(name, " and ");
        append_surname(name, random);
        break;
    default:
        g_string_append_printf(name, " %s", draw_word(random, company_kinds));
    }
    return g_string_free(name, FALSE);
}

static char *draw_new_company(Random *random, GHashTable *taken) {
    for (;;) {
        char *name = draw_company(random);
        if (!g_hash_table_contains(taken, name)) {
            g_hash_table_add(taken, name);
            return name;
        }
        g_free(name);
    }
}

static void draw_merchants(World *world, Random *random) {
    g_autoptr(GHashTable) taken = g_hash_table_new(g_str_hash, g_str_equal);
    char *names[MERCHANT_COUNT];
    for (int i = 0; i < MERCHANT_COUNT; i++) {
        const int same = world_merchant_identity(i);
        names[i] = same < i ? g_strdup(names[same]) : draw_new_company(random, taken);
        GString *text = g_string_new(NULL);
        append_field(text, names[i]);
        g_string_append_printf(text, ",%s,", category_name((uint8_t)(i / MERCHANTS_PER_CATEGORY)));
        world->merchants[i] = text_take(text);
    }
    g_hash_table_remove_all(taken);
    for (int i = 0; i < MERCHANT_COUNT; i++)
        g_free(names[i]);
}

void world_init(World *world, uint64_t seed, size_t card_count, int32_t start) {
    *world = (World){.card_count = card_count, .cards = g_new0(Card, card_count)};
    Random random;
    random_init(&random, seed, STREAM_WORLD);
    draw_merchants(world, &random);
    draw_cards(world, &random, start);
}

void world_clear(World *world) {
    for (size_t i = 0; i < world->card_count; i++) {
        g_free(world->cards[i].head.bytes);
        g_free(world->cards[i].tail.bytes);
    }
    g_free(world->cards);
    for (int i = 0; i < MERCHANT_COUNT; i++)
        g_free(world->merchants[i].bytes);
    *world = (World){0};
}
