/* The reject file: a line of JSON for every record that was refused, with where and why. It is
 * bounded: at REJECTS_MAX_BYTES it becomes rejects.jsonl.1, in place of the one before, and a new
 * one is begun. Losing a line costs no transaction, so failures are warned of once and counted
 * records go on. */
#pragma once

#include "record/transaction.h"

#define REJECTS_MAX_BYTES (16u << 20)

typedef struct Rejects Rejects;

/* DIR/rejects.jsonl, opened for appending when the first record comes. */
Rejects *rejects_new(const char *dir);
void rejects_free(Rejects *rejects);

/* Appends the record; it is on its way to the disk at the next rejects_flush. */
void rejects_add(Rejects *rejects, const Reject *reject);
void rejects_flush(Rejects *rejects);
