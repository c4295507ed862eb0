/* What the other partitions last said of one merchant, side by side in the order of their numbers,
 * so that the same partials give the same sums to the bit in whatever order they came.
 *
 * What was told is as of the teller's clock there, and is read later. The teller would have told
 * anew of any edge that came since, so nothing has been added, but some has left. A window of
 * length L, read a time d after the clock, holds of the told edges those of the last L - d before
 * the clock. The told windows say how many lie in the last 1 h, 6 h and so on; between two of them
 * the edges are taken to lie evenly, and in the shortest all but the latest, which lies at the
 * clock itself, because its coming set it. For edges that came at random (a Poisson process) that
 * is the expected value; it is exact where L - d is a told window's length, at d = 0 and from d = L
 * on.
 *
 * The largest value is that of the shortest told window that reaches L - d: never too small. The
 * number of cards stays as told until all of the 30 days have left, so that a card's exposure,
 * which looks at many merchants, finds it ready: never too small either. */
#pragma once

#include "graph/merchant_partial.h"

typedef struct Told {
    uint32_t partition;
    MerchantPartial partial;
} Told;

typedef struct Others {
    uint32_t count;
    Told told[]; /* by ascending partition */
} Others;

/* What `partition` said, to be overwritten; all zeros when it is the first time. *others, NULL at
 * first, may move; `memory`, bytes allocated, is kept up to date. */
MerchantPartial *others_place(Others **others, unsigned partition, size_t *memory);

/* The cards that count at time `now`. */
CardTally others_tally(const Others *others, uint32_t now);
/* Of those that counted at time `before`, the cards that count no more at time `now`. */
CardTally others_tally_left(const Others *others, uint32_t before, uint32_t now);
/* The same for one partial. */
CardTally partial_tally(const MerchantPartial *partial, uint32_t now);

/* All others together, at one time. */
typedef struct OthersView {
    double count[WINDOW_COUNT];
    double sum[WINDOW_COUNT];       /* cents */
    double suspicion[WINDOW_COUNT]; /* steps */
    int64_t max[WINDOW_COUNT];      /* cents */
    uint32_t suspicion_max[WINDOW_COUNT];
    Habit habit; /* merged with the own one */
} OthersView;
void others_view(const Others *others, uint32_t now, const Habit *own, OthersView *out);
