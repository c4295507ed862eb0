/* XGBoost on all features, nothing balanced. Parameters are libxgboost's; "num_round" is the number
 * of trees. The same data and parameters on one thread give the same bytes. Memory: 1 byte a
 * feature and row, for libxgboost's bins. */
#pragma once

#include "train/trainer.h"

extern const Trainer train_xgboost;
