/* The haechi program: the list of its commands, and the choice of one. */
#include "cli/command.h"

#include <errno.h>
#include <locale.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const Command commands[] = {
    {"data check", "tell what CSV files of transactions hold, and what is wrong with them",
     cmd_data_check},
    {"data download", "get the published data set from Kaggle", cmd_data_download},
    {"data generate", "make card transactions, some of them fraud", cmd_data_generate},
    {"train xgboost", "train XGBoost on CSV files", cmd_train_xgboost},
    {"train catboost", "train CatBoost on CSV files", cmd_train_catboost},
    {"train gcn", "train a graph convolutional network on CSV files", cmd_train_gcn},
    {"train ensemble", "train several kinds and put them together", cmd_train_ensemble},
    {"models list", "list the versions of models", cmd_models_list},
    {"models show", "show all about one version", cmd_models_show},
    {"models compare", "show versions side by side", cmd_models_compare},
    {"models promote", "make a version the champion or the challenger", cmd_models_promote},
    {"models rollback", "make the champion again what it was before", cmd_models_rollback},
    {"models delete", "remove versions", cmd_models_delete},
    {"replay", "stream a file through the engine as fast as it goes", cmd_replay},
    {"features", "list the features of a transaction", cmd_features},
    {"serve", "take, score and keep transactions over HTTP", cmd_serve},
    {"audit list", "list who did what in a service", cmd_audit_list},
    {"audit verify", "check that the audit trail is whole", cmd_audit_verify},
    {"stream", "send the rows of a file to a service, so many a second", cmd_stream},
    {"graph load", "put the transactions of files into Neo4j", cmd_graph_load},
    {"graph query", "ask the graph in Neo4j a question in Cypher", cmd_graph_query},
    {"graph card", "show a card and its merchants, as a service knows them", cmd_graph_card},
    {"graph merchant", "show a merchant and its cards", cmd_graph_merchant},
    {"graph paths", "show how two of them are joined, or a way to fraud", cmd_graph_paths},
    {"graph ring", "show the small group that trades among itself", cmd_graph_ring},
    {"mlflow send", "send the records of training runs that wait for MLflow", cmd_mlflow_send},
    {"mlflow alias", "let an alias in MLflow's registry mean a version", cmd_mlflow_alias},
    {"pipeline list", "list the pipelines: named jobs made of commands", cmd_pipeline_list},
    {"pipeline run", "run a pipeline's steps", cmd_pipeline_run},
    {"pipeline status", "show what was run and what became of it", cmd_pipeline_status},
    {"pipeline logs", "show what a run's steps said", cmd_pipeline_logs},
    {"pipeline cancel", "end a run", cmd_pipeline_cancel},
    {"pipeline schedule", "run pipelines when they are due", cmd_pipeline_schedule},
    {"pipeline resume", "go on with a run from the step that failed", cmd_pipeline_resume},
    {NULL, NULL, NULL}, /* the end */
};

static void print_help(FILE *out) {
    fputs("haechi: card fraud detection on a transaction graph, in real time\n\n"
          "Usage: haechi COMMAND [OPTION...]\n\n"
          "Commands:\n",
          out);
    for (const Command *c = commands; c->name; c++)
        fprintf(out, "  %-17s %s\n", c->name, c->summary);
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

/* 'train' alone is half a command: names those that begin so. */
static int unknown_command(const char *word) {
    bool half = false;
    for (const Command *c = commands; c->name; c++) {
        if (strncmp(c->name, word, strlen(word)) != 0 || c->name[strlen(word)] != ' ') continue;
        fprintf(stderr, half ? ", '%s'" : "haechi: which one? '%s'", c->name);
        half = true;
    }
    if (!half) fprintf(stderr, "haechi: unknown command '%s'", word);
    fputs(" (see 'haechi --help')\n", stderr);
    return EXIT_USAGE;
}

static int run(int argc, char **argv) {
    if (argc < 2) {
        print_help(stderr);
        return EXIT_USAGE;
    }
    const char *word = argv[1];
    if (strcmp(word, "--help") == 0 || strcmp(word, "-h") == 0 || strcmp(word, "help") == 0) {
        print_help(stdout);
        return EXIT_SUCCESS;
    }
    if (strcmp(word, "--version") == 0) {
        puts("haechi " HAECHI_VERSION);
        return EXIT_SUCCESS;
    }
    for (const Command *c = commands; c->name; c++) {
        int words = words_matched(c->name, argc - 1, argv + 1);
        if (words > 0) return c->run(argc - words, argv + words);
    }
    return unknown_command(word);
}

int main(int argc, char **argv) {
    setlocale(LC_CTYPE, "C.UTF-8"); /* words of the command line are UTF-8, wherever it runs */
    signal(SIGXFSZ, SIG_IGN); /* a file at its size limit is an error of the write, not the end */
    int status = run(argc, argv);
    if (fflush(stdout) == 0 && !ferror(stdout)) return status;
    fprintf(stderr, "haechi: cannot write the result: %s\n", strerror(errno));
    return status ? status : EXIT_FAILURE;
}
