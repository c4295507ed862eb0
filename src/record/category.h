/* The spending categories, as small integers. A name outside the list is CATEGORY_OTHER: the list
 * is part of the features' hash, so a model never meets codes it was not trained with. */
#pragma once

#include "base/str.h"
#include <stdint.h>

enum { CATEGORY_COUNT = 15, CATEGORY_OTHER = CATEGORY_COUNT - 1 };

uint8_t category_code(Str name);
const char *category_name(uint8_t code);
