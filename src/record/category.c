#include "record/category.h"

static const char *const names[CATEGORY_COUNT] = {
    "gas_transport", "grocery_net",  "grocery_pos",   "misc_net",    "misc_pos",
    "shopping_net",  "shopping_pos", "entertainment", "food_dining", "health_fitness",
    "home",          "kids_pets",    "personal_care", "travel",      "other",
};

uint8_t category_code(Str name) {
    for (uint8_t code = 0; code < CATEGORY_OTHER; code++)
        if (str_equal(name, str_from(names[code]))) return code;
    return CATEGORY_OTHER;
}

const char *category_name(uint8_t code) {
    return names[code < CATEGORY_COUNT ? code : CATEGORY_OTHER];
}
