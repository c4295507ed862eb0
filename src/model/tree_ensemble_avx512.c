/* Walking the trees with AVX-512 VBMI (Intel since Ice Lake, AMD since Zen 4): all nodes of a tree
 * are decided at once, and eight trees are walked at once.
 *
 * First each feature's value becomes a one-byte code: its rank among the thresholds the ensemble
 * has for that feature. x < threshold[j] (sorted, j from 0) exactly when rank(x) <= j, where
 * rank(x) is the number of thresholds <= x; so comparing codes decides as comparing floats does. A
 * missing value has code 255. A row is then at most 128 bytes, two registers.
 *
 * A tree of depth up to 6 has at most 63 splits. One two-register byte permute brings to each split
 * the code of its feature, one compare makes the 64-bit mask of the splits that send the row right.
 * A split whose default is left adds 1 to the code first, which wraps a missing value to 0 (and to
 * its bound, so that the others compare as before).
 *
 * Splits are numbered as in a heap: root 1, children 2i (left) and 2i+1 (right); split i's bit in
 * the mask is 63-i. Shifting the mask left by i puts that bit on top, and i = i << 1 | top bit is
 * one more instruction: six such steps lead to the leaf, 64 to 127.
 *
 * A feature with more than 254 thresholds takes several columns of codes, each ranking within a run
 * of its thresholds. An ensemble with a deeper tree, or that needs over 128 columns, does not fit.
 */
#include "model/cuts.h"
#include "model/tree_ensemble_internal.h"

#if defined(__x86_64__)
#include <immintrin.h>
#include <math.h>
#include <stdlib.h>

enum {
    DEPTH = 6,
    SPLITS = 64, /* heap numbers 1 to 63, and 0 unused */
    LEAVES = 64, /* heap numbers 64 to 127 */
    DEFAULT_LEFT = 128,
    COLUMNS_MAX = 128,       /* what a two-register permute reaches */
    COLUMN_THRESHOLDS = 254, /* so that ranks are 0 to 254 */
    CODE_MISSING = 255,
    BLOCK = 16, /* thresholds compared at once */
    GROUP = 8,  /* trees walked at once */
};

/* The thresholds of one column, as a two-level search tree: blocks of 16, and the last threshold
 * of each full block as its pivot. Unused places hold NaN, which is <= nothing. */
typedef struct Column {
    float pivots[BLOCK];
    uint32_t first_block;
    uint32_t feature;
    uint32_t unused[14]; /* keeps pivots aligned */
} Column;

/* The splits of one tree, at byte 63 - heap number. The row goes right when
 * (uint8_t)(code + default_left) >= bound. */
typedef struct WideSplits {
    uint8_t column[SPLITS]; /* and DEFAULT_LEFT, a bit that the permute ignores */
    uint8_t bound[SPLITS];
} WideSplits;

typedef struct WideTree {
    WideSplits splits;
    float leaves[LEAVES];
} WideTree;

struct WideTrees {
    uint32_t tree_count;
    uint32_t column_count;
    float base_margin;
    Column *columns;        /* column_count */
    float (*blocks)[BLOCK]; /* of all columns */
    WideTree *trees;        /* tree_count, filled up to whole groups, one at least */
};

static void *aligned_new0(size_t count, size_t size) {
    void *memory = NULL;
    if (posix_memalign(&memory, 64, MAX(count, 1) * size) != 0) g_error("out of memory");
    memset(memory, 0, MAX(count, 1) * size);
    return memory;
}

static bool processor_fits(void) {
    return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
           __builtin_cpu_supports("avx512vbmi") && __builtin_cpu_supports("avx512vbmi2") &&
           __builtin_cpu_supports("popcnt");
}

/* All different cuts of the ensemble, sorted by feature and threshold. */
static Cut *collect_cuts(const TreeEnsemble *ensemble, size_t *count) {
    Cut *cuts = g_new(Cut, ensemble->node_count + 1);
    size_t n = 0;
    for (size_t i = 0; i < ensemble->node_count; i++) {
        const TreeNode *node = &ensemble->nodes[i];
        if (!tree_node_is_leaf(ensemble, node))
            cuts[n++] = (Cut){tree_node_feature(ensemble, node), node->value};
    }
    *count = cuts_sort(cuts, n);
    return cuts;
}

/* Where a cut went: the column and the rank bound a code must reach to go right. */
typedef struct Place {
    uint8_t column, bound;
} Place;

static void fill_column(WideTrees *wide, const Cut *cuts, uint32_t n, uint32_t first_block) {
    Column *column = &wide->columns[wide->column_count++];
    column->first_block = first_block;
    column->feature = cuts[0].feature;
    for (uint32_t i = 0; i < (n / BLOCK + 1) * BLOCK; i++)
        wide->blocks[first_block + i / BLOCK][i % BLOCK] = i < n ? cuts[i].threshold : NAN;
    for (uint32_t i = 0; i < BLOCK; i++)
        column->pivots[i] = i < n / BLOCK ? cuts[i * BLOCK + BLOCK - 1].threshold : NAN;
}

/* Deals the cuts into columns and notes each one's place; false when they need too many. */
static bool fill_columns(WideTrees *wide, const Cut *cuts, size_t count, Place *places) {
    wide->columns = aligned_new0(COLUMNS_MAX, sizeof *wide->columns);
    wide->blocks = aligned_new0(count / BLOCK + COLUMNS_MAX, sizeof *wide->blocks);
    uint32_t block = 0;
    for (size_t start = 0, end; start < count; start = end) {
        for (end = start; end < count && end - start < COLUMN_THRESHOLDS &&
                          cuts[end].feature == cuts[start].feature;
             end++)
            places[end] = (Place){(uint8_t)wide->column_count, (uint8_t)(end - start + 1)};
        if (wide->column_count == COLUMNS_MAX) return false;
        const uint32_t n = (uint32_t)(end - start);
        fill_column(wide, cuts + start, n, block);
        block += n / BLOCK + 1;
    }
    return true;
}

/* A walk over a tree's nodes, to fill the heap. */
typedef struct Filling {
    const TreeEnsemble *ensemble;
    const TreeNode *nodes;
    const Cut *cuts;
    size_t cut_count;
    const Place *places;
    WideTree *tree;
} Filling;

/* Puts what is at and under node `index` at heap number `heap`. A leaf above the last level stands
 * for all leaves under it; its unused splits send every row right. */
static void fill_heap(const Filling *filling, uint32_t index, uint32_t heap) {
    const TreeNode *node = &filling->nodes[index];
    if (heap >= LEAVES) {
        filling->tree->leaves[heap - LEAVES] = node->value;
        return;
    }
    if (tree_node_is_leaf(filling->ensemble, node)) {
        fill_heap(filling, index, 2 * heap);
        fill_heap(filling, index, 2 * heap + 1);
        return;
    }
    const Cut wanted = {tree_node_feature(filling->ensemble, node), node->value};
    const Cut *cut =
        bsearch(&wanted, filling->cuts, filling->cut_count, sizeof wanted, cuts_compare);
    g_assert(cut != NULL);
    const Place place = filling->places[cut - filling->cuts];
    const bool left = tree_node_default_left(filling->ensemble, node);
    WideSplits *splits = &filling->tree->splits;
    splits->column[SPLITS - 1 - heap] = (uint8_t)(place.column | (left ? DEFAULT_LEFT : 0));
    splits->bound[SPLITS - 1 - heap] = (uint8_t)(place.bound + (left ? 1 : 0));
    fill_heap(filling, node->left, 2 * heap);
    fill_heap(filling, node->left + 1u, 2 * heap + 1);
}

static bool fill(WideTrees *wide, const TreeEnsemble *ensemble) {
    size_t count;
    Cut *cuts = collect_cuts(ensemble, &count);
    Place *places = g_new(Place, count + 1);
    const bool fits = fill_columns(wide, cuts, count, places);
    if (fits) {
        const size_t groups = MAX((ensemble->tree_count + GROUP - 1) / GROUP, 1);
        wide->trees = aligned_new0(groups * GROUP, sizeof *wide->trees);
        for (uint32_t t = 0; t < ensemble->tree_count; t++)
            fill_heap(&(Filling){ensemble, ensemble->nodes + ensemble->trees[t].first, cuts, count,
                                 places, &wide->trees[t]},
                      0, 1);
    }
    g_free(cuts);
    g_free(places);
    return fits;
}

WideTrees *wide_trees_new(const TreeEnsemble *ensemble) {
    if (!processor_fits()) return NULL;
    for (uint32_t t = 0; t < ensemble->tree_count; t++)
        if (ensemble->trees[t].depth > DEPTH) return NULL;
    WideTrees *wide = g_new0(WideTrees, 1);
    wide->tree_count = ensemble->tree_count;
    wide->base_margin = ensemble->base_margin;
    if (!fill(wide, ensemble)) {
        wide_trees_free(wide);
        return NULL;
    }
    return wide;
}

void wide_trees_free(WideTrees *wide) {
    if (wide == NULL) return;
    free(wide->columns);
    free(wide->blocks);
    free(wide->trees);
    g_free(wide);
}

#define WIDE __attribute__((target("avx512f,avx512bw,avx512vbmi,avx512vbmi2,popcnt")))

/* A row as codes, one a column. */
typedef struct Codes {
    __m512i low, high;
} Codes;

/* How many of a block's thresholds are <= x. */
WIDE static inline uint32_t count_at_most(const float *block, __m512 x) {
    const __mmask16 mask = _mm512_cmp_ps_mask(_mm512_load_ps(block), x, _CMP_LE_OQ);
    return (uint32_t)_mm_popcnt_u32(_cvtmask16_u32(mask));
}

/* Which of 64 values are missing. */
WIDE static inline __mmask64 missing(const float *values) {
    __mmask64 mask = 0;
    for (int i = 0; i < 64; i += 16) {
        const __m512 x = _mm512_load_ps(values + i);
        mask |= (__mmask64)_mm512_cmp_ps_mask(x, x, _CMP_UNORD_Q) << i;
    }
    return mask;
}

WIDE static Codes encode_row(const WideTrees *wide, const float *row) {
    _Alignas(64) float values[COLUMNS_MAX] = {0};
    _Alignas(64) uint8_t ranks[COLUMNS_MAX] = {0};
    for (uint32_t c = 0; c < wide->column_count; c++) {
        const Column *column = &wide->columns[c];
        values[c] = row[column->feature];
        const __m512 x = _mm512_set1_ps(values[c]);
        const uint32_t block = count_at_most(column->pivots, x);
        ranks[c] =
            (uint8_t)(BLOCK * block + count_at_most(wide->blocks[column->first_block + block], x));
    }
    const __m512i all = _mm512_set1_epi8((char)CODE_MISSING);
    return (Codes){
        _mm512_mask_mov_epi8(_mm512_load_si512(ranks), missing(values), all),
        _mm512_mask_mov_epi8(_mm512_load_si512(ranks + 64), missing(values + 64), all),
    };
}

/* Bit 63 - i is set when split i sends the row right. */
WIDE static inline uint64_t decide(const WideSplits *splits, Codes codes) {
    const __m512i column = _mm512_load_si512(splits->column);
    const __m512i code = _mm512_permutex2var_epi8(codes.low, column, codes.high);
    const __m512i biased =
        _mm512_mask_add_epi8(code, _mm512_movepi8_mask(column), code, _mm512_set1_epi8(1));
    return _mm512_cmpge_epu8_mask(biased, _mm512_load_si512(splits->bound));
}

/* The leaves' heap numbers in eight trees. */
WIDE static inline __m512i walk(const WideTree *trees, Codes codes) {
    const __m512i right = _mm512_set_epi64(
        (long long)decide(&trees[7].splits, codes), (long long)decide(&trees[6].splits, codes),
        (long long)decide(&trees[5].splits, codes), (long long)decide(&trees[4].splits, codes),
        (long long)decide(&trees[3].splits, codes), (long long)decide(&trees[2].splits, codes),
        (long long)decide(&trees[1].splits, codes), (long long)decide(&trees[0].splits, codes));
    __m512i heap = _mm512_set1_epi64(1);
    for (int level = 0; level < DEPTH; level++)
        heap = _mm512_shldi_epi64(heap, _mm512_sllv_epi64(right, heap), 1);
    return heap;
}

/* Adds one leaf of each of `n` trees, in order. */
WIDE static inline float add_leaves(float margin, const WideTree *trees, __m512i heap, uint32_t n) {
    _Alignas(64) uint64_t at[GROUP];
    _mm512_store_si512(at, heap);
    for (uint32_t i = 0; i < n; i++)
        margin += trees[i].leaves[at[i] - LEAVES];
    return margin;
}

/* `n` rows side by side. A row's additions wait for one another; meanwhile its next group, and the
 * other rows' groups, are walked. */
WIDE static inline __attribute__((always_inline)) void
margins(const WideTrees *wide, const float *rows, size_t stride, size_t n, float *out) {
    const WideTree *trees = wide->trees;
    Codes codes[WIDE_ROWS];
    __m512i heap[WIDE_ROWS];
    float margin[WIDE_ROWS];
    for (size_t r = 0; r < n; r++) {
        codes[r] = encode_row(wide, rows + r * stride);
        heap[r] = walk(trees, codes[r]);
        margin[r] = wide->base_margin;
    }
    uint32_t t = 0;
    for (; t + GROUP < wide->tree_count; t += GROUP)
        for (size_t r = 0; r < n; r++) {
            const __m512i next = walk(&trees[t + GROUP], codes[r]);
            margin[r] = add_leaves(margin[r], &trees[t], heap[r], GROUP);
            heap[r] = next;
        }
    for (size_t r = 0; r < n; r++)
        out[r] = add_leaves(margin[r], &trees[t], heap[r], wide->tree_count - t);
}

WIDE float wide_trees_margin(const WideTrees *wide, const float *row) {
    float margin;
    margins(wide, row, 0, 1, &margin);
    return margin;
}

WIDE void wide_trees_margins(const WideTrees *wide, const float *rows, size_t stride, float *out) {
    margins(wide, rows, stride, WIDE_ROWS, out);
}

#else

WideTrees *wide_trees_new(const TreeEnsemble *ensemble) {
    (void)ensemble;
    return NULL;
}

void wide_trees_free(WideTrees *wide) {
    (void)wide;
}

float wide_trees_margin(const WideTrees *wide, const float *row) {
    (void)wide;
    (void)row;
    g_assert_not_reached();
}

void wide_trees_margins(const WideTrees *wide, const float *rows, size_t stride, float *out) {
    (void)wide;
    (void)rows;
    (void)stride;
    (void)out;
    g_assert_not_reached();
}

#endif
