/* OpenBLAS, loaded when it is asked for and not before: the network's training is all that needs
 * it, and a build of it with threads starts these as soon as it is there, in a service too, where
 * they would take the signals that it waits for. */
#pragma once

#include <cblas.h>
#include <glib.h>

typedef struct Blas {
    __typeof__(cblas_sgemm) *sgemm;
    __typeof__(cblas_sgemv) *sgemv;
} Blas;

/* Never unloaded. Each call computes on the calling thread alone. NULL with *error in one line
 * where the library is not there. */
const Blas *blas_load(GError **error);
