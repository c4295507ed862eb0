/* A model whose folder is asked for again and again, because its name may come to mean another one:
 * an alias in a registry elsewhere. Asking may take long and may fail, so it is done on a thread of
 * its own, with low priority, and what fails changes nothing: one line says so, and no further one
 * until asking has worked again or fails in another way. */
#pragma once

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

/* Finds the folder that `name` means now, which the caller frees; `before` is the one that it meant
 * the last time. NULL with *error. Gives up soon after *stop is set. Called on another thread. */
typedef char *LookupFind(const char *name, const char *before, const _Atomic bool *stop,
                         GError **error);

typedef struct LookupOptions {
    LookupFind *find;
    int64_t seconds; /* from the end of one look to the beginning of the next; 1 and more */
} LookupOptions;

typedef struct Lookup Lookup;

/* Starts the thread, whose first look is `seconds` from now. `folder` is what the name means now.
 * All is copied. */
Lookup *lookup_new(const LookupOptions *options, const char *name, const char *folder);

/* Ends the thread, within about a second, and frees. NULL is allowed. */
void lookup_free(Lookup *lookup);

/* The folder that the name has come to mean since this was last asked, the caller's; NULL where it
 * is the same. From one thread. */
char *lookup_take(Lookup *lookup);
