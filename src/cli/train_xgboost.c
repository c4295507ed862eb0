/* haechi train xgboost */
#include "train/train_xgboost.h"
#include "cli/command.h"
#include "cli/train.h"

int cmd_train_xgboost(int argc, char **argv) {
    static const Trainer *const trainers[] = {&train_xgboost, NULL};
    static const TrainCommand command = {
        .words = "train xgboost",
        .trainers = trainers,
        .summary = "Trains XGBoost on CSV files (plain, gzip or zstd), or on the graph in Neo4j, "
                   "and writes\na model's folder.",
        .param_help = "A parameter of XGBoost, such as max_depth=6; num_round is the number of "
                      "trees",
    };
    return train_command(&command, argc, argv);
}
