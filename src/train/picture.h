/* The pictures of a report, as PNG files for people and for tools that show files. */
#pragma once

#include "train/report.h"

size_t picture_count(void);
const char *picture_file(size_t index); /* "precision_recall.png" */

/* Whether the report has what the picture shows: not every family has a training curve. */
bool picture_has_data(size_t index, const Report *report);

/* Draws one; `name` is the model's, for the subtitle. NULL with *error in one line. */
GBytes *picture_draw(size_t index, const Report *report, const char *name, GError **error);
