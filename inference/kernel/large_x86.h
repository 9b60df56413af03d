/* large.c's inner loops for AVX-512: sixteen ways a register; included there, chosen at run time. */
#include <immintrin.h>

#define AVX512 __attribute__((target("avx512f,avx512cd")))
#define WIDE_LANES 16
#define WIDE_REGISTERS (LANES / WIDE_LANES)

/* One step down sixteen ways: `tree` is where each one's tree begins, `row` where its row does, `at` how far into
 * the tree it is now, and `leaf` its leaf once it has reached one. */
AVX512 static inline __m512i step_wide(const gl_compact_node *nodes, const float *rows, __m512i tree, __m512i row,
                                       __m512i at, __m512i *leaf) {
    const __m512i one = _mm512_set1_epi32(1);
    __m512i place = _mm512_add_epi32(tree, at);
    __m512i low = _mm512_i32gather_epi64(_mm512_castsi512_si256(place), nodes, 8);
    __m512i high = _mm512_i32gather_epi64(_mm512_extracti64x4_epi64(place, 1), nodes, 8);
    __m512i threshold = _mm512_inserti64x4(_mm512_castsi256_si512(_mm512_cvtepi64_epi32(low)),
                                           _mm512_cvtepi64_epi32(high), 1);
    __m512i meta =
        _mm512_inserti64x4(_mm512_castsi256_si512(_mm512_cvtepi64_epi32(_mm512_srli_epi64(low, 32))),
                           _mm512_cvtepi64_epi32(_mm512_srli_epi64(high, 32)), 1);
    __m512i entry = _mm512_add_epi32(row, _mm512_srli_epi32(meta, CHILD_BITS + 3));
    __m512 x = _mm512_i32gather_ps(entry, rows, 4);
    __mmask16 missing = _mm512_cmp_ps_mask(x, x, _CMP_UNORD_Q);
    __mmask16 left = _mm512_cmp_ps_mask(x, _mm512_castsi512_ps(threshold), _CMP_LE_OQ) |
                     (missing & _mm512_test_epi32_mask(meta, _mm512_set1_epi32(1 << CHILD_BITS)));
    __m512i child = _mm512_and_epi32(meta, _mm512_set1_epi32((1 << CHILD_BITS) - 1));
    __m512i next = _mm512_mask_add_epi32(child, (__mmask16)~left, child, one);
    __mmask16 done =
        (left & _mm512_test_epi32_mask(meta, _mm512_set1_epi32(1 << (CHILD_BITS + 1)))) |
        ((__mmask16)~left & _mm512_test_epi32_mask(meta, _mm512_set1_epi32(1 << (CHILD_BITS + 2))));
    *leaf = _mm512_mask_mov_epi32(*leaf, done, next);
    return _mm512_maskz_mov_epi32((__mmask16)~done, next);
}

/* `registers` times sixteen ways, so that some registers' loads are under way while the others' are awaited. */
AVX512 static inline __attribute__((always_inline)) void descend_registers(
    const gl_compact_node *nodes, const float *rows, const int32_t *tree, const int32_t *row, uint32_t *leaf,
    int registers) {
    __m512i at[WIDE_REGISTERS], found[WIDE_REGISTERS], under_way;
    for (int i = 0; i < registers; i++) at[i] = _mm512_set1_epi32(1), found[i] = _mm512_setzero_si512();
    do {
        under_way = _mm512_setzero_si512();
#pragma GCC unroll 4
        for (int i = 0; i < registers; i++) {
            __m512i from = _mm512_loadu_si512(tree + i * WIDE_LANES), of = _mm512_loadu_si512(row + i * WIDE_LANES);
            at[i] = step_wide(nodes, rows, from, of, at[i], &found[i]);
            under_way = _mm512_or_epi32(under_way, at[i]);
        }
    } while (_mm512_test_epi32_mask(under_way, under_way));
    for (int i = 0; i < registers; i++) {
        __m512i from = _mm512_loadu_si512(tree + i * WIDE_LANES);
        _mm512_storeu_si512(leaf + i * WIDE_LANES, _mm512_add_epi32(found[i], from));
    }
}

AVX512 static void descend_wide(const gl_compact_node *nodes, const float *rows, const int32_t *tree,
                                const int32_t *row, int ways, uint32_t *leaf) {
    switch ((ways + WIDE_LANES - 1) / WIDE_LANES) {
    case 1: descend_registers(nodes, rows, tree, row, leaf, 1); break;
    case 2: descend_registers(nodes, rows, tree, row, leaf, 2); break;
    case 3: descend_registers(nodes, rows, tree, row, leaf, 3); break;
    default: descend_registers(nodes, rows, tree, row, leaf, 4);
    }
}
