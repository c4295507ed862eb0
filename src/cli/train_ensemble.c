/* haechi train ensemble */
#include "cli/command.h"
#include "cli/train.h"
#include "train/train_catboost.h"
#include "train/train_gcn.h"
#include "train/train_xgboost.h"

int cmd_train_ensemble(int argc, char **argv) {
    static const Trainer *const trainers[] = {&train_xgboost, &train_catboost, &train_gcn, NULL};
    static const TrainCommand command = {
        .words = "train ensemble",
        .trainers = trainers,
        .summary = "Trains several kinds of models on the same CSV files (plain, gzip or zstd), or "
                   "on the graph in\nNeo4j, and puts them together: a logistic regression on their "
                   "log-odds, learnt on\ntransactions that none of them has seen.",
        .param_help = "A parameter of one of them, such as xgboost.eta=0.05 or gcn.neighbours=8",
        .in_python = true,
    };
    return train_command(&command, argc, argv);
}
