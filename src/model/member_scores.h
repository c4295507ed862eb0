/* What each member of a model by itself says of a transaction. */
#pragma once

#include "base/str.h"
#include <stdint.h>

enum { MODEL_MEMBERS_MAX = 8 };

typedef struct MemberScores {
    uint8_t count;                   /* of members: 0 to MODEL_MEMBERS_MAX */
    uint8_t alerts;                  /* bit i: score i reaches the threshold of member i */
    float scores[MODEL_MEMBERS_MAX]; /* probabilities of fraud */
} MemberScores;

/* The first of a list of kinds, such as "xgboost,gcn" (model_member_kinds), which is taken from it;
 * empty at the end. */
Str member_kinds_next(Str *kinds);
