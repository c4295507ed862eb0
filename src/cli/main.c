/* The haechi program: the list of its commands, and the choice of one. */
#include "cli/command.h"

#include <stdio.h>
#include <string.h>

static const Command commands[] = {
    {"data check", "tell what CSV files of transactions hold, and what is wrong with them",
     cmd_data_check},
    {"data generate", "make card transactions, some of them fraud", cmd_data_generate},
    {"train xgboost", "train XGBoost on CSV files", cmd_train_xgboost},
    {"replay", "stream a file through the engine as fast as it goes", cmd_replay},
    {"features", "list the features of a transaction", cmd_features},
    {"serve", "take, score and keep transactions over HTTP", cmd_serve},
    {"stream", "send the rows of a file to a service, so many a second", cmd_stream},
    {NULL, NULL, NULL}, /* the end */
};

static void print_help(FILE *out) {
    fputs("haechi: card fraud detection on a transaction graph, in real time\n\n"
          "Usage: haechi COMMAND [OPTION...]\n\n"
          "Commands:\n",
          out);
    for (const Command *c = commands; c->name; c++)
        fprintf(out, "  %-16s %s\n", c->name, c->summary);
    fputs("\n'haechi COMMAND --help' tells all about one. 'haechi --version' prints the version.\n",
          out);
}

/* Number of words of `name` that argv starts with in full, 0 when it does not. */
static int words_matched(const char *name, int argc, char **argv) {
    int word = 0;
    while (*name) {
        size_t len = strcspn(name, " ");
        if (word >= argc || strlen(argv[word]) != len || memcmp(argv[word], name, len) != 0)
            return 0;
        name += len + (name[len] == ' ');
        word++;
    }
    return word;
}

int main(int argc, char **argv) {
    if (argc < 2) {
        print_help(stderr);
        return EXIT_USAGE;
    }
    if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0 ||
        strcmp(argv[1], "help") == 0) {
        print_help(stdout);
        return 0;
    }
    if (strcmp(argv[1], "--version") == 0) {
        puts("haechi " HAECHI_VERSION);
        return 0;
    }
    for (const Command *c = commands; c->name; c++) {
        int words = words_matched(c->name, argc - 1, argv + 1);
        if (words > 0) return c->run(argc - words, argv + words);
    }
    fprintf(stderr, "haechi: unknown command '%s' (see 'haechi --help')\n", argv[1]);
    return EXIT_USAGE;
}
