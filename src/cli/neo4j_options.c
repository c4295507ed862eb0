#include "cli/neo4j_options.h"

void neo4j_words_clear(Neo4jWords *words) {
    g_free(words->url);
    g_free(words->database);
    g_free(words->user);
    g_free(words->password_file);
    g_free(words->ca_file);
}

void neo4j_words_entries(Neo4jWords *words, GOptionEntry *entries) {
    const GOptionEntry all[NEO4J_ENTRIES] = {
        {"neo4j", 0, 0, G_OPTION_ARG_STRING, &words->url,
         "Neo4j's HTTP address, such as http://127.0.0.1:7474", "URL"},
        {"neo4j-database", 0, 0, G_OPTION_ARG_STRING, &words->database, "Its database (neo4j)",
         "NAME"},
        {"neo4j-user", 0, 0, G_OPTION_ARG_STRING, &words->user, "The user there (neo4j)", "NAME"},
        {"neo4j-password-file", 0, 0, G_OPTION_ARG_FILENAME, &words->password_file,
         "File with the user's password (default: the environment's NEO4J_PASSWORD)", "FILE"},
        {"neo4j-ca-file", 0, 0, G_OPTION_ARG_FILENAME, &words->ca_file,
         "Certificates to trust for https, as PEM (default: the system's)", "FILE"},
    };
    memcpy(entries, all, sizeof all);
}

Neo4jOptions neo4j_words_options(const Neo4jWords *words) {
    return (Neo4jOptions){.url = words->url,
                          .database = words->database,
                          .user = words->user,
                          .password_file = words->password_file,
                          .ca_file = words->ca_file};
}
