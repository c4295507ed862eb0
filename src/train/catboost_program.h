/* What the child of train_catboost.c runs: catboost.py, embedded by the build. */
#pragma once

#include <stddef.h>

extern const unsigned char catboost_program[];
extern const size_t catboost_program_len;
