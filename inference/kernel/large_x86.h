/* large.c's inner loop for AVX-512: sixteen rows a register; included there, chosen at run time. */
#include <immintrin.h>

#define AVX512 __attribute__((target("avx512f,avx512cd")))
#define WIDE_LANES 16

/* One step down for sixteen rows: where each is now, and its leaf once it has reached one. */
AVX512 static inline __m512i step_wide(const gl_compact_node *nodes, const float *rows, __m512i first, __m512i at,
                                       __m512i *leaf) {
    const __m512i one = _mm512_set1_epi32(1);
    __m512i low = _mm512_i32gather_epi64(_mm512_castsi512_si256(at), nodes, 8);
    __m512i high = _mm512_i32gather_epi64(_mm512_extracti64x4_epi64(at, 1), nodes, 8);
    __m512i threshold = _mm512_inserti64x4(_mm512_castsi256_si512(_mm512_cvtepi64_epi32(low)),
                                           _mm512_cvtepi64_epi32(high), 1);
    __m512i meta =
        _mm512_inserti64x4(_mm512_castsi256_si512(_mm512_cvtepi64_epi32(_mm512_srli_epi64(low, 32))),
                           _mm512_cvtepi64_epi32(_mm512_srli_epi64(high, 32)), 1);
    __m512i entry = _mm512_add_epi32(first, _mm512_srli_epi32(meta, CHILD_BITS + 3));
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

/* Twice sixteen rows, so that one half's loads are under way while the other half's are awaited. */
AVX512 static void descend_wide(const gl_compact_node *nodes, const float *rows, int64_t width, uint32_t *leaf) {
    __m512i lane = _mm512_set_epi32(15, 14, 13, 12, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2, 1, 0);
    __m512i first = _mm512_mullo_epi32(lane, _mm512_set1_epi32((int32_t)width));
    __m512i at_a = _mm512_set1_epi32(1), at_b = at_a;
    __m512i leaf_a = _mm512_setzero_si512(), leaf_b = leaf_a;
    const float *rows_b = rows + WIDE_LANES * width;
    while (_mm512_test_epi32_mask(_mm512_or_epi32(at_a, at_b), _mm512_set1_epi32(-1))) {
        at_a = step_wide(nodes, rows, first, at_a, &leaf_a);
        at_b = step_wide(nodes, rows_b, first, at_b, &leaf_b);
    }
    _mm512_storeu_si512(leaf, leaf_a);
    _mm512_storeu_si512(leaf + WIDE_LANES, leaf_b);
}
