#include "base/hash.h"

#include <glib.h>

uint64_t hash_random_seed(void) {
    return (uint64_t)g_random_int() << 32 | g_random_int();
}
