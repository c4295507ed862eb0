/* The configuration in force, to be shown: rows of section, name and value, in the order in which
 * they were added. A secret's value is not even kept. */
#pragma once

#include <glib.h>

typedef struct Config Config;

Config *config_new(void);
void config_free(Config *config); /* NULL is allowed */

/* Adds a setting; NULL: it is not set. Of a value whose name says that it is secret only that it is
 * set is kept; of a URL, neither user nor password. */
void config_add(Config *config, const char *section, const char *name, const char *value);

/* Appends {"settings":[{"section","name","value","secret"},...]}; a secret's value is null.
 * `config` may be NULL: no settings. */
void config_write(const Config *config, GString *out);
