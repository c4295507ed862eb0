/* What the registry's two files share. */
#pragma once

#include "model/registry.h"

#define REGISTRY_HISTORY_FILE "history.jsonl"

/* Appends the record as its line. `from`: what its alias meant before; NULL for none. */
void registry_record_write(const RegistryRecord *record, const char *from, GString *out);

/* What an alias means after all records; NULL for none. The records'. */
const char *registry_meant(const GArray *records, RegistryAlias alias);

/* What the alias has meant and was not rolled back, the present last; with NULL for no version. The
 * texts are the records'. */
GPtrArray *registry_undo_stack(const GArray *records, RegistryAlias alias);
