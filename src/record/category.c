#include "record/category.h"

static const Str names[CATEGORY_COUNT] = {
    STR_INIT("gas_transport"),  STR_INIT("grocery_net"),   STR_INIT("grocery_pos"),
    STR_INIT("misc_net"),       STR_INIT("misc_pos"),      STR_INIT("shopping_net"),
    STR_INIT("shopping_pos"),   STR_INIT("entertainment"), STR_INIT("food_dining"),
    STR_INIT("health_fitness"), STR_INIT("home"),          STR_INIT("kids_pets"),
    STR_INIT("personal_care"),  STR_INIT("travel"),        STR_INIT("other"),
};

/* A perfect hash of the names, so that a name is compared with one candidate only. */
enum { SLOTS = 32 };

static unsigned slot_of(Str name) {
    return ((unsigned char)name.data[0] + (unsigned char)name.data[name.len - 1] +
            4 * (unsigned)name.len) %
           SLOTS;
}

static const uint8_t code_at_slot[SLOTS] = {
    4,  3,  11, 14, 14, 14, 2, 1, 14, 12, 14, 14, 14, 7,  14, 0,
    14, 14, 14, 9,  14, 14, 6, 5, 13, 8,  14, 14, 14, 10, 14, 14,
};

uint8_t category_code(Str name) {
    if (name.len == 0) return CATEGORY_OTHER;
    uint8_t code = code_at_slot[slot_of(name)];
    return str_equal(name, names[code]) ? code : CATEGORY_OTHER;
}

const char *category_name(uint8_t code) {
    return names[code < CATEGORY_COUNT ? code : CATEGORY_OTHER].data;
}
