/* Transactions and labels as compact bytes: what the store keeps of each event and recovery reads
 * back. The form has a version in its first byte; doubles are kept bit by bit. Reading trusts
 * nothing: whatever bytes it is given, the record it yields obeys the schema. */
#pragma once

#include "record/transaction.h"
#include <glib.h>

/* Appends the record to *out. */
void transaction_encode(GByteArray *out, const Transaction *transaction);
void label_encode(GByteArray *out, const Label *label);

/* Reads a record that fills `bytes` exactly; its strings point into them. Returns NULL, or a static
 * phrase that says what is wrong. */
const char *transaction_decode(Str bytes, Transaction *out);
const char *label_decode(Str bytes, Label *out);
