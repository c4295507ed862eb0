/* The text of pipelines.conf. */
#pragma once

#include <stddef.h>

extern const unsigned char pipelines_conf[];
extern const size_t pipelines_conf_len;
