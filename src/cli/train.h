/* What the commands that train have in common: options, input, progress, the folder, the output. */
#pragma once

#include "train/train.h"

typedef struct TrainCommand {
    const char *words;              /* "train xgboost" */
    const Trainer *const *trainers; /* NULL after the last; of several, --members chooses */
    const char *summary;            /* for --help */
    const char *param_help;         /* what --param sets */
    bool in_python;                 /* it has --python */
} TrainCommand;

/* Does the whole command; returns the exit status. */
int train_command(const TrainCommand *command, int argc, char **argv);
