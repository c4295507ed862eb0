#include "base/histogram.h"

#include <math.h>

uint64_t histogram_quantile(const Histogram *h, double share) {
    uint64_t wanted = (uint64_t)ceil(share * (double)h->count), seen = 0;
    for (unsigned bucket = 0; bucket < HISTOGRAM_BUCKETS; bucket++) {
        seen += h->counts[bucket];
        if (seen < wanted || seen == 0) continue;
        uint64_t top = histogram_bucket_top(bucket);
        return bucket == HISTOGRAM_BUCKETS - 1 || top > h->max ? h->max : top;
    }
    return 0;
}
