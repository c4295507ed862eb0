/* The words by which a command is told of Neo4j, the same for all. */
#pragma once

#include "io/neo4j.h"

typedef struct Neo4jWords {
    char *url, *database, *user, *password_file, *ca_file;
} Neo4jWords;

void neo4j_words_clear(Neo4jWords *words);

enum { NEO4J_ENTRIES = 5 };

/* Fills NEO4J_ENTRIES entries that read into *words. */
void neo4j_words_entries(Neo4jWords *words, GOptionEntry *entries);

/* The words as the client takes them: views, with no go_on. */
Neo4jOptions neo4j_words_options(const Neo4jWords *words);
