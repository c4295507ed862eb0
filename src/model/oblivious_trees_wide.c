/* Oblivious trees with AVX2 or AVX-512 VBMI: eight trees' questions are answered at once.
 *
 * First each feature's value becomes a one-byte code: how many of the ensemble's borders for that
 * feature it is over. With the borders sorted, x is over border j (from 0) exactly when its code is
 * j + 1 or more; so comparing codes decides as comparing floats does. A missing value has code 0,
 * or 254 where it answers yes. A row is then at most 128 bytes.
 *
 * A tree of depth up to 8 has a byte of questions. Eight trees' bytes are 64 questions: a byte
 * permute brings to each the code of its feature, one compare makes 64 answers, and these are the
 * eight trees' leaves, a byte each. AVX-512 permutes 128 bytes in one instruction; AVX2 sixteen at
 * a time, so that it takes several for half as many questions.
 *
 * A feature with more than 254 borders takes several columns of codes. An ensemble with a deeper
 * tree, or that needs over 128 columns, does not fit. */
#include "model/cuts.h"
#include "model/oblivious_trees_internal.h"

#if defined(__x86_64__)
#include <immintrin.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum {
    DEPTH = 8,
    TREES = OBLIVIOUS_SUMS, /* at once */
    QUESTIONS = TREES * DEPTH,
    COLUMNS_MAX = 128,
    COLUMN_BORDERS = 254,
    NEVER = 255,          /* a bound that no code reaches */
    BLOCK = 16,           /* borders compared at once */
    VALUES_MAX = 1 << 22, /* leaves' places: 32 MiB */
};

/* The borders of one column, as a two-level search tree: blocks of 16, and the last border of each
 * full block as its pivot. Unused places hold NaN, which nothing is over. */
typedef struct Column {
    float pivots[BLOCK];
    uint32_t first_block;
    uint32_t feature;
    bool missing_yes;
    uint8_t unused[55]; /* keeps pivots aligned */
} Column;

/* The questions of eight trees; the answer is yes when the column's code is at least the bound. */
typedef struct Group {
    uint8_t column[QUESTIONS], bound[QUESTIONS];
} Group;

struct ObliviousWide {
    uint32_t tree_count, group_count;
    uint32_t column_count, small_count; /* the first ones have a single block of borders */
    uint32_t leaves;                    /* places for each tree's, a power of two */
    double bias;
    bool missing_yes;       /* for some column */
    Column *columns;        /* COLUMNS_MAX */
    float (*blocks)[BLOCK]; /* of all columns */
    Group *groups;
    double *values; /* leaves a tree, of whole groups of trees; zeros where there is no tree */
};

static void *aligned_new0(size_t count, size_t size) {
    void *memory = NULL;
    if (posix_memalign(&memory, 64, MAX(count, 1) * size) != 0) g_error("out of memory");
    memset(memory, 0, MAX(count, 1) * size);
    return memory;
}

bool oblivious_wide_has_avx512(void) {
    return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
           __builtin_cpu_supports("avx512vbmi") && __builtin_cpu_supports("popcnt");
}

/* All different cuts, sorted by feature and border. */
static Cut *collect_cuts(const ObliviousTrees *trees, size_t *count) {
    const size_t n = trees->first_split[trees->tree_count];
    Cut *cuts = g_new(Cut, n + 1);
    for (size_t i = 0; i < n; i++)
        cuts[i] = (Cut){trees->features[i], trees->borders[i]};
    *count = cuts_sort(cuts, n);
    return cuts;
}

/* Where a cut went: the column, and the code that is over it. */
typedef struct Place {
    uint8_t column, bound;
} Place;

static void fill_column(Column *column, const Cut *cuts, uint32_t n, float (*blocks)[BLOCK]) {
    for (uint32_t i = 0; i < (n / BLOCK + 1) * BLOCK; i++)
        blocks[i / BLOCK][i % BLOCK] = i < n ? cuts[i].threshold : NAN;
    for (uint32_t i = 0; i < BLOCK; i++)
        column->pivots[i] = i < n / BLOCK ? cuts[i * BLOCK + BLOCK - 1].threshold : NAN;
}

/* Gives cuts[start..end) of one feature the next column, whose borders begin at *block. */
static void add_column(ObliviousWide *wide, const ObliviousTrees *trees, const Cut *cuts,
                       size_t start, size_t end, Place *places, uint32_t *block) {
    const uint32_t n = (uint32_t)(end - start);
    for (size_t i = start; i < end; i++)
        places[i] = (Place){(uint8_t)wide->column_count, (uint8_t)(i - start + 1)};
    Column *column = &wide->columns[wide->column_count++];
    column->first_block = *block;
    column->feature = cuts[start].feature;
    column->missing_yes = trees->missing_yes[column->feature];
    wide->missing_yes |= column->missing_yes;
    fill_column(column, cuts + start, n, wide->blocks + *block);
    *block += n / BLOCK + 1;
}

/* Deals the cuts into columns, those of one block first, and notes each one's place; false when
 * they need too many. */
static bool fill_columns(ObliviousWide *wide, const ObliviousTrees *trees, const Cut *cuts,
                         size_t count, Place *places) {
    wide->columns = aligned_new0(COLUMNS_MAX, sizeof *wide->columns);
    wide->blocks = aligned_new0(count / BLOCK + COLUMNS_MAX, sizeof *wide->blocks);
    uint32_t block = 0;
    for (int large = 0; large < 2; large++) {
        for (size_t start = 0, end; start < count; start = end) {
            for (end = start; end < count && end - start < COLUMN_BORDERS &&
                              cuts[end].feature == cuts[start].feature;)
                end++;
            if ((end - start > BLOCK) != large) continue;
            if (wide->column_count == COLUMNS_MAX) return false;
            add_column(wide, trees, cuts, start, end, places, &block);
        }
        if (!large) wide->small_count = wide->column_count;
    }
    return true;
}

static void fill_tree(ObliviousWide *wide, const ObliviousTrees *trees, uint32_t t, const Cut *cuts,
                      size_t count, const Place *places) {
    const ObliviousTree tree = oblivious_trees_tree(trees, t);
    Group *group = &wide->groups[t / TREES];
    for (uint32_t i = 0; i < tree.depth; i++) {
        const Cut wanted = {tree.features[i], tree.borders[i]};
        const Cut *cut = bsearch(&wanted, cuts, count, sizeof wanted, cuts_compare);
        g_assert(cut != NULL);
        group->column[t % TREES * DEPTH + i] = places[cut - cuts].column;
        group->bound[t % TREES * DEPTH + i] = places[cut - cuts].bound;
    }
    memcpy(wide->values + (size_t)t * wide->leaves, tree.values, sizeof *tree.values << tree.depth);
}

static bool fill(ObliviousWide *wide, const ObliviousTrees *trees) {
    size_t count;
    Cut *cuts = collect_cuts(trees, &count);
    Place *places = g_new(Place, count + 1);
    const bool fits = fill_columns(wide, trees, cuts, count, places);
    if (fits) {
        wide->group_count = (wide->tree_count + TREES - 1) / TREES;
        wide->groups = aligned_new0(wide->group_count, sizeof *wide->groups);
        wide->values =
            aligned_new0((size_t)wide->group_count * TREES * wide->leaves, sizeof *wide->values);
        for (uint32_t g = 0; g < wide->group_count; g++)
            memset(wide->groups[g].bound, NEVER, QUESTIONS);
        for (uint32_t t = 0; t < wide->tree_count; t++)
            fill_tree(wide, trees, t, cuts, count, places);
    }
    g_free(cuts);
    g_free(places);
    return fits;
}

ObliviousWide *oblivious_wide_new(const ObliviousTrees *trees) {
    if (!__builtin_cpu_supports("avx2")) return NULL;
    uint32_t depth = 0;
    for (uint32_t t = 0; t < trees->tree_count; t++)
        depth = MAX(depth, trees->depth[t]);
    if (depth > DEPTH || (size_t)(trees->tree_count + TREES) << depth > VALUES_MAX) return NULL;
    ObliviousWide *wide = g_new0(ObliviousWide, 1);
    wide->tree_count = trees->tree_count;
    wide->bias = trees->bias;
    wide->leaves = 1u << depth;
    if (fill(wide, trees)) return wide;
    oblivious_wide_free(wide);
    return NULL;
}

void oblivious_wide_free(ObliviousWide *wide) {
    if (wide == NULL) return;
    free(wide->columns);
    free(wide->blocks);
    free(wide->groups);
    free(wide->values);
    g_free(wide);
}

/* Missing values that answer yes: the codes were made as for those that answer no. */
static void encode_missing(const ObliviousWide *wide, const float *row, uint8_t *codes) {
    for (uint32_t c = 0; c < wide->column_count; c++)
        if (wide->columns[c].missing_yes && isnan(row[wide->columns[c].feature]))
            codes[c] = COLUMN_BORDERS;
}

/* AVX-512 */

#define WIDE512 __attribute__((target("avx512f,avx512bw,avx512vbmi,popcnt")))

/* How many of a block's borders x is over. */
WIDE512 static inline uint32_t over512(const float *block, __m512 x) {
    const __mmask16 mask = _mm512_cmp_ps_mask(_mm512_load_ps(block), x, _CMP_LT_OQ);
    return (uint32_t)_mm_popcnt_u32(mask);
}

WIDE512 static void encode512(const ObliviousWide *wide, const float *row, uint8_t *codes) {
    const Column *column = wide->columns;
    uint32_t c = 0;
    for (; c < wide->small_count; c++) {
        const __m512 x = _mm512_set1_ps(row[column[c].feature]);
        codes[c] = (uint8_t)over512(wide->blocks[column[c].first_block], x);
    }
    for (; c < wide->column_count; c++) {
        const __m512 x = _mm512_set1_ps(row[column[c].feature]);
        const uint32_t block = over512(column[c].pivots, x);
        codes[c] =
            (uint8_t)(BLOCK * block + over512(wide->blocks[column[c].first_block + block], x));
    }
    if (wide->missing_yes) encode_missing(wide, row, codes);
}

/* `n` rows side by side: while one waits for its leaves, the others ask their questions. */
WIDE512 static inline __attribute__((always_inline)) void
margins512(const ObliviousWide *wide, const float *rows, size_t n, size_t stride, double *out) {
    __m512i low[OBLIVIOUS_ROWS], high[OBLIVIOUS_ROWS];
    __m512d sums[OBLIVIOUS_ROWS];
    for (size_t r = 0; r < n; r++) {
        _Alignas(64) uint8_t codes[COLUMNS_MAX] = {0};
        encode512(wide, rows + r * stride, codes);
        low[r] = _mm512_load_si512(codes);
        high[r] = _mm512_load_si512(codes + 64);
        sums[r] = _mm512_setzero_pd();
    }
    const __m512i first = _mm512_mullo_epi32(_mm512_set_epi64(7, 6, 5, 4, 3, 2, 1, 0),
                                             _mm512_set1_epi64((long long)wide->leaves));
    for (uint32_t g = 0; g < wide->group_count; g++) {
        const __m512i column = _mm512_load_si512(wide->groups[g].column);
        const __m512i bound = _mm512_load_si512(wide->groups[g].bound);
        const double *values = wide->values + (size_t)g * TREES * wide->leaves;
        for (size_t r = 0; r < n; r++) {
            const __m512i code = _mm512_permutex2var_epi8(low[r], column, high[r]);
            const __mmask64 answers = _mm512_cmpge_epu8_mask(code, bound);
            const __m512i leaf = _mm512_cvtepu8_epi64(_mm_cvtsi64_si128((long long)answers));
            sums[r] = _mm512_add_pd(sums[r],
                                    _mm512_i64gather_pd(_mm512_add_epi64(first, leaf), values, 8));
        }
    }
    for (size_t r = 0; r < n; r++) {
        _Alignas(64) double parts[OBLIVIOUS_SUMS];
        _mm512_store_pd(parts, sums[r]);
        out[r] = oblivious_add(wide->bias, parts);
    }
}

WIDE512 void oblivious_avx512_margins(const ObliviousWide *wide, const float *rows, size_t n,
                                      size_t stride, double *out) {
    if (n == OBLIVIOUS_ROWS)
        margins512(wide, rows, OBLIVIOUS_ROWS, stride, out);
    else
        margins512(wide, rows, 1, stride, out);
}

/* AVX2 */

#define WIDE256 __attribute__((target("avx2,popcnt")))

WIDE256 static inline uint32_t over256(const float *block, __m256 x) {
    const int low = _mm256_movemask_ps(_mm256_cmp_ps(_mm256_load_ps(block), x, _CMP_LT_OQ));
    const int high = _mm256_movemask_ps(_mm256_cmp_ps(_mm256_load_ps(block + 8), x, _CMP_LT_OQ));
    return (uint32_t)_mm_popcnt_u32((uint32_t)(low | high << 8));
}

WIDE256 static void encode256(const ObliviousWide *wide, const float *row, uint8_t *codes) {
    const Column *column = wide->columns;
    uint32_t c = 0;
    for (; c < wide->small_count; c++) {
        const __m256 x = _mm256_set1_ps(row[column[c].feature]);
        codes[c] = (uint8_t)over256(wide->blocks[column[c].first_block], x);
    }
    for (; c < wide->column_count; c++) {
        const __m256 x = _mm256_set1_ps(row[column[c].feature]);
        const uint32_t block = over256(column[c].pivots, x);
        codes[c] =
            (uint8_t)(BLOCK * block + over256(wide->blocks[column[c].first_block + block], x));
    }
    if (wide->missing_yes) encode_missing(wide, row, codes);
}

/* The answers to 32 questions. A shuffle brings the codes of 16 columns to those questions that are
 * about them, and zero to the others: adding 0x70 keeps the number within the 16 and sets the top
 * bit of all else. */
WIDE256 static inline uint32_t answer256(const uint8_t *codes, uint32_t column_count,
                                         const uint8_t *columns, const uint8_t *bounds) {
    const __m256i column = _mm256_load_si256((const __m256i *)(const void *)columns);
    const __m256i bound = _mm256_load_si256((const __m256i *)(const void *)bounds);
    __m256i code = _mm256_setzero_si256();
    for (uint32_t at = 0; at < column_count; at += 16) {
        const __m256i table = _mm256_broadcastsi128_si256(
            _mm_load_si128((const __m128i *)(const void *)(codes + at)));
        const __m256i within = _mm256_adds_epu8(
            _mm256_xor_si256(column, _mm256_set1_epi8((char)at)), _mm256_set1_epi8(0x70));
        code = _mm256_or_si256(code, _mm256_shuffle_epi8(table, within));
    }
    const __m256i reached = _mm256_cmpeq_epi8(_mm256_max_epu8(code, bound), code);
    return (uint32_t)_mm256_movemask_epi8(reached);
}

WIDE256 static double margin256(const ObliviousWide *wide, const float *row) {
    _Alignas(64) uint8_t codes[COLUMNS_MAX] = {0};
    double sums[OBLIVIOUS_SUMS] = {0};
    encode256(wide, row, codes);
    const double *values = wide->values;
    for (uint32_t g = 0; g < wide->group_count; g++) {
        const Group *group = &wide->groups[g];
        uint64_t answers = answer256(codes, wide->column_count, group->column, group->bound);
        answers |= (uint64_t)answer256(codes, wide->column_count, group->column + QUESTIONS / 2,
                                       group->bound + QUESTIONS / 2)
                   << 32;
        for (uint32_t t = 0; t < TREES; t++, values += wide->leaves)
            sums[t] += values[(answers >> (t * DEPTH)) & 0xff];
    }
    return oblivious_add(wide->bias, sums);
}

WIDE256 void oblivious_avx2_margins(const ObliviousWide *wide, const float *rows, size_t n,
                                    size_t stride, double *out) {
    for (size_t r = 0; r < n; r++)
        out[r] = margin256(wide, rows + r * stride);
}

#else

ObliviousWide *oblivious_wide_new(const ObliviousTrees *trees) {
    (void)trees;
    return NULL;
}

void oblivious_wide_free(ObliviousWide *wide) {
    (void)wide;
}

bool oblivious_wide_has_avx512(void) {
    return false;
}

void oblivious_avx512_margins(const ObliviousWide *wide, const float *rows, size_t n, size_t stride,
                              double *out) {
    (void)wide, (void)rows, (void)n, (void)stride, (void)out;
    g_assert_not_reached();
}

void oblivious_avx2_margins(const ObliviousWide *wide, const float *rows, size_t n, size_t stride,
                            double *out) {
    (void)wide, (void)rows, (void)n, (void)stride, (void)out;
    g_assert_not_reached();
}

#endif
