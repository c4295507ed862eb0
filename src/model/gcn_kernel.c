/* The network's inner loops, written once (gcn_kernel_loops.h) in GCC's vector extension and
 * compiled for several processors. A lane is an output, so every sum is taken in the same order
 * however many lanes a register has, and no multiplication is fused with an addition: all give the
 * same bits. */
#include "model/gcn_internal.h"

#include <math.h>
#include <string.h>

enum { GROUP = 8 }; /* registers of sums at once: enough to hide an addition's latency */

#define KERNEL(NAME) NAME##_portable
#define TARGET
#define REGISTER 4
#include "model/gcn_kernel_loops.h"
#undef KERNEL
#undef TARGET
#undef REGISTER

#if defined(__x86_64__)
#define KERNEL(NAME) NAME##_avx2
#define TARGET       __attribute__((target("avx2")))
#define REGISTER     8
#include "model/gcn_kernel_loops.h"
#undef KERNEL
#undef TARGET
#undef REGISTER

#define KERNEL(NAME) NAME##_avx512
#define TARGET       __attribute__((target("avx512f,avx512dq")))
#define REGISTER     16
#include "model/gcn_kernel_loops.h"
#undef KERNEL
#undef TARGET
#undef REGISTER
#endif

const GcnKernel *gcn_kernel(GcnPath path) {
    switch (path) {
    case GCN_PATH_PORTABLE:
        return &kernel_portable;
#if defined(__x86_64__)
    case GCN_PATH_AVX2:
        return __builtin_cpu_supports("avx2") ? &kernel_avx2 : NULL;
    case GCN_PATH_AVX512:
        return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512dq")
                   ? &kernel_avx512
                   : NULL;
#endif
    default:
        return NULL;
    }
}
