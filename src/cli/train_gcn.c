/* haechi train gcn */
#include "train/train_gcn.h"
#include "cli/command.h"
#include "cli/train.h"

int cmd_train_gcn(int argc, char **argv) {
    static const Trainer *const trainers[] = {&train_gcn, NULL};
    static const TrainCommand command = {
        .words = "train gcn",
        .trainers = trainers,
        .summary = "Trains a graph convolutional network on CSV files (plain, gzip or zstd), or on "
                   "the graph in\nNeo4j, and writes a model's folder.",
        .param_help = "A parameter of the network, such as neighbours=8; epochs is the most there "
                      "may be",
    };
    return train_command(&command, argc, argv);
}
