/* The kept runs for who looks at them often: a record that has not changed since it was read, of a
 * run that has ended, is not read again. One thread at a time. */
#pragma once

#include "pipeline/run_record.h"

typedef struct RunCache RunCache;

RunCache *run_cache_new(const char *data_dir);
void run_cache_free(RunCache *cache);

/* The runs as they are now (Run *), the latest first; the cache's, until the next call. Records
 * that cannot be read are left out. */
const GPtrArray *run_cache_look(RunCache *cache);
