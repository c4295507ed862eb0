/* haechi train catboost */
#include "train/train_catboost.h"
#include "cli/command.h"
#include "cli/train.h"

int cmd_train_catboost(int argc, char **argv) {
    static const Trainer *const trainers[] = {&train_catboost, NULL};
    static const TrainCommand command = {
        .words = "train catboost",
        .trainers = trainers,
        .summary = "Trains CatBoost on CSV files (plain, gzip or zstd), or on the graph in Neo4j, "
                   "and writes\na model's folder. It runs CatBoost's Python package, which 'make "
                   "catboost' sets up; what is\nmade is scored without.",
        .param_help = "A parameter of CatBoost, such as depth=6; iterations is the number of trees",
        .in_python = true,
    };
    return train_command(&command, argc, argv);
}
