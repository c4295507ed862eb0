/* The API's description, openapi.json beside this file, inside the binary. */
#pragma once

#include <stddef.h>

extern const unsigned char openapi_json[];
extern const size_t openapi_json_len;
