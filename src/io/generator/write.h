/* Writing simulated rows as the published CSV. */
#pragma once

#include "io/generator/generator.h"
#include "io/generator/row.h"
#include "io/generator/world.h"

typedef struct RowWriter {
    const World *world;
    const char *folder;
    uint64_t seed;
    GeneratorProgress *progress; /* may be NULL */
    void *progress_data;
} RowWriter;

/* Writes rows[0..train_count) and the rest, sorted by time, to the two files, and the scenario
 * rows' truth to the third; all or none appear. */
bool write_rows(const RowWriter *writer, const RowList *rows, size_t train_count,
                uint64_t *truth_rows, GError **error);
