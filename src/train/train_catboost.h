/* CatBoost on all features, nothing balanced: CatBoost's own Python package in a child process
 * (train/python.h), which is handed the training rows through a socket, a block at a time.
 * Parameters are CatBoost's; "iterations" is the number of trees, which are symmetric. The same
 * data and parameters on one thread ("thread_count") give the same bytes. Memory: none here; the
 * child takes 4 bytes a feature and row twice, while it makes its bins. */
#pragma once

#include "train/trainer.h"

extern const Trainer train_catboost;
