#include "train/blas.h"

#include <dlfcn.h>
#include <stdbool.h>
#include <string.h>

static const char library[] = "libopenblas.so.0";

static G_DEFINE_QUARK(haechi - blas - error, blas_error)

    typedef struct Loaded {
    Blas blas;
    char *fault; /* NULL when all is there */
} Loaded;

/* ISO C has no cast from an object's address to a function's; POSIX lets the bytes be taken. */
static bool find(void *from, const char *name, void *function) {
    void *address = dlsym(from, name);
    memcpy(function, &address, sizeof address);
    return address != NULL;
}

static void *load(void *unused) {
    (void)unused;
    Loaded *loaded = g_new0(Loaded, 1);
    __typeof__(openblas_set_num_threads) *set_threads;
    void *from = dlopen(library, RTLD_NOW | RTLD_LOCAL);
    if (from && find(from, "cblas_sgemm", &loaded->blas.sgemm) &&
        find(from, "cblas_sgemv", &loaded->blas.sgemv) &&
        find(from, "openblas_set_num_threads", &set_threads))
        set_threads(1);
    else
        loaded->fault =
            g_strdup_printf("cannot load OpenBLAS (Debian's libopenblas0): %s", dlerror());
    return loaded;
}

const Blas *blas_load(GError **error) {
    static GOnce once = G_ONCE_INIT;
    const Loaded *loaded = g_once(&once, load, NULL);
    if (!loaded->fault) return &loaded->blas;
    g_set_error_literal(error, blas_error_quark(), 0, loaded->fault);
    return NULL;
}
