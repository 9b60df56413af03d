/* small.c's inner loops for AVX2 and AVX-512; included there, chosen at run time. */
#include <immintrin.h>

#define AVX512 __attribute__((target("avx512f,avx512cd")))
#define AVX2 __attribute__((target("avx2,bmi")))

static void add_remaining(const gl_model *model, gl_block *block, int64_t tree, const uint64_t *remaining) {
    for (int64_t r = 0; r < block->count; r++)
        gl_add(model, block, r, tree, model->first_value[tree] + __builtin_ctzll(remaining[r]));
}

/* Ranks eight rows at a time. */
AVX512 static void code_rows_avx512(const gl_model *model, gl_block *block) {
    for (int64_t c = 0; c < model->coded; c++) {
        const gl_column *column = model->column + c;
        const double *x = block->entries + column->entry * BLOCK, *grid = model->grid + column->offset;
        if (is_twin(column, c)) {
            copy_twin(column, x, block->codes + c * BLOCK, BLOCK);
            continue;
        }
        for (int r = 0; r < BLOCK; r += 8) {
            __m512d value = _mm512_load_pd(x + r);
            __m256i position = _mm256_setzero_si256();
            for (int32_t half = 1 << column->steps >> 1; half; half >>= 1) {
                __m256i probe = _mm256_add_epi32(position, _mm256_set1_epi32(half - 1));
                __m512d threshold = _mm512_i32gather_pd(probe, grid, 8);
                __mmask8 below = _mm512_cmp_pd_mask(threshold, value, _CMP_LT_OQ);
                __m512i moved = _mm512_mask_add_epi32(
                    _mm512_castsi256_si512(position), (__mmask16)below, _mm512_castsi256_si512(position),
                    _mm512_set1_epi32(half));
                position = _mm512_castsi512_si256(moved);
            }
            __mmask8 missing = _mm512_cmp_pd_mask(value, value, _CMP_UNORD_Q);
            __m512i codes = _mm512_mask_mov_epi32(_mm512_castsi256_si512(position), (__mmask16)missing,
                                                  _mm512_set1_epi32(column->missing_code));
            _mm256_store_si256((__m256i *)(block->codes + c * BLOCK + r), _mm512_castsi512_si256(codes));
        }
    }
}

/* Looks eight leaves up in a table of 32 doubles that is held in four registers. */
AVX512 static inline __m512d look_up(const __m512d table[4], __m256i leaf) {
    __m512i index = _mm512_cvtepu32_epi64(leaf);
    __m512d low = _mm512_permutex2var_pd(table[0], index, table[1]);
    __m512d high = _mm512_permutex2var_pd(table[2], index, table[3]);
    return _mm512_mask_blend_pd(_mm512_test_epi64_mask(index, _mm512_set1_epi64(16)), low, high);
}

/* Trees of at most 32 leaves and one output: sixteen rows a register, four registers a block. */
AVX512 static void sum_narrow_avx512(const gl_model *model, gl_block *block) {
    for (int64_t tree = 0; tree < model->trees; tree++) {
        __m512i remaining[4];
        for (int i = 0; i < 4; i++) remaining[i] = _mm512_set1_epi32(-1);
        for (int64_t node = model->first_node[tree]; node < model->first_node[tree + 1]; node++) {
            const int32_t *codes = block->codes + (int64_t)model->node_column[node] * BLOCK;
            __m512i code = _mm512_set1_epi32(model->node_code[node]);
            __m512i mask = _mm512_set1_epi32((int32_t)model->node_mask[node]);
            for (int i = 0; i < 4; i++) {
                __mmask16 right = _mm512_cmpgt_epi32_mask(_mm512_load_si512(codes + 16 * i), code);
                remaining[i] = _mm512_mask_and_epi32(remaining[i], right, remaining[i], mask);
            }
        }
        __m512d table[4];
        for (int i = 0; i < 4; i++) table[i] = _mm512_load_pd(model->leaf_table + tree * 32 + 8 * i);
        double *sums = block->sums + (int64_t)model->output[tree] * BLOCK;
        float *singles = block->singles + (int64_t)model->output[tree] * BLOCK;
        for (int i = 0; i < 4; i++) {
            __m512i first = _mm512_and_si512(remaining[i], _mm512_sub_epi32(_mm512_setzero_si512(), remaining[i]));
            __m512i leaf = _mm512_sub_epi32(_mm512_set1_epi32(31), _mm512_lzcnt_epi32(first));
            __m512d low = look_up(table, _mm512_castsi512_si256(leaf));
            __m512d high = look_up(table, _mm512_extracti64x4_epi64(leaf, 1));
            if (model->single) {
                float *to = singles + 16 * i;
                _mm256_store_ps(to, _mm256_add_ps(_mm256_load_ps(to), _mm512_cvtpd_ps(low)));
                _mm256_store_ps(to + 8, _mm256_add_ps(_mm256_load_ps(to + 8), _mm512_cvtpd_ps(high)));
            } else {
                double *to = sums + 16 * i;
                _mm512_store_pd(to, _mm512_add_pd(_mm512_load_pd(to), low));
                _mm512_store_pd(to + 8, _mm512_add_pd(_mm512_load_pd(to + 8), high));
            }
        }
    }
}

/* Trees of at most 64 leaves: eight rows a register. */
AVX512 static void sum_wide_avx512(const gl_model *model, gl_block *block) {
    uint64_t kept[BLOCK];
    for (int64_t tree = 0; tree < model->trees; tree++) {
        __m512i remaining[8];
        for (int i = 0; i < 8; i++) remaining[i] = _mm512_set1_epi64(-1);
        for (int64_t node = model->first_node[tree]; node < model->first_node[tree + 1]; node++) {
            const int32_t *codes = block->codes + (int64_t)model->node_column[node] * BLOCK;
            __m512i code = _mm512_set1_epi32(model->node_code[node]);
            __m512i mask = _mm512_set1_epi64((int64_t)model->node_mask[node]);
            for (int i = 0; i < 4; i++) {
                __mmask16 right = _mm512_cmpgt_epi32_mask(_mm512_load_si512(codes + 16 * i), code);
                remaining[2 * i] = _mm512_mask_and_epi64(remaining[2 * i], (__mmask8)right, remaining[2 * i], mask);
                remaining[2 * i + 1] =
                    _mm512_mask_and_epi64(remaining[2 * i + 1], (__mmask8)(right >> 8), remaining[2 * i + 1], mask);
            }
        }
        for (int i = 0; i < 8; i++) _mm512_storeu_si512(kept + 8 * i, remaining[i]);
        add_remaining(model, block, tree, kept);
    }
}

AVX512 static void sum_avx512(const gl_model *model, gl_block *block) {
    if (model->leaf_table)
        sum_narrow_avx512(model, block);
    else
        sum_wide_avx512(model, block);
}

AVX2 static void code_rows_avx2(const gl_model *model, gl_block *block) {
    for (int64_t c = 0; c < model->coded; c++) {
        const gl_column *column = model->column + c;
        const double *x = block->entries + column->entry * BLOCK, *grid = model->grid + column->offset;
        int32_t *to = block->codes + c * BLOCK;
        if (is_twin(column, c)) {
            copy_twin(column, x, to, BLOCK);
            continue;
        }
        int32_t position[BLOCK];
        memset(position, 0, sizeof position);
        /* All rows take a step before any takes the next, so that their loads overlap. */
        for (int32_t half = 1 << column->steps >> 1; half; half >>= 1)
            for (int r = 0; r < BLOCK; r++) position[r] += grid[position[r] + half - 1] < x[r] ? half : 0;
        for (int r = 0; r < BLOCK; r++) to[r] = x[r] != x[r] ? column->missing_code : position[r];
    }
}

/* Half a block at a time: four registers of eight rows for at most 32 leaves. */
AVX2 static void sum_narrow_avx2(const gl_model *model, gl_block *block) {
    uint32_t kept[BLOCK];
    for (int64_t tree = 0; tree < model->trees; tree++) {
        for (int half = 0; half < 2; half++) {
            __m256i remaining[4];
            for (int i = 0; i < 4; i++) remaining[i] = _mm256_set1_epi32(-1);
            for (int64_t node = model->first_node[tree]; node < model->first_node[tree + 1]; node++) {
                const int32_t *codes =
                    block->codes + (int64_t)model->node_column[node] * BLOCK + half * BLOCK / 2;
                __m256i code = _mm256_set1_epi32(model->node_code[node]);
                __m256i struck = _mm256_set1_epi32(~(int32_t)model->node_mask[node]);
                for (int i = 0; i < 4; i++) {
                    __m256i right =
                        _mm256_cmpgt_epi32(_mm256_load_si256((const __m256i *)(codes + 8 * i)), code);
                    remaining[i] = _mm256_andnot_si256(_mm256_and_si256(right, struck), remaining[i]);
                }
            }
            for (int i = 0; i < 4; i++)
                _mm256_storeu_si256((__m256i *)(kept + half * BLOCK / 2 + 8 * i), remaining[i]);
        }
        const double *table = model->leaf_table + tree * 32;
        int64_t output = (int64_t)model->output[tree] * BLOCK;
        if (model->single)
            for (int r = 0; r < BLOCK; r++) block->singles[output + r] += (float)table[__builtin_ctz(kept[r])];
        else
            for (int r = 0; r < BLOCK; r++) block->sums[output + r] += table[__builtin_ctz(kept[r])];
    }
}

/* Trees of at most 64 leaves; the compiler makes vectors of it. */
AVX2 static void strike_out(const gl_model *model, const gl_block *block, int64_t tree, uint64_t *remaining) {
    for (int r = 0; r < BLOCK; r++) remaining[r] = ~0ULL;
    for (int64_t node = model->first_node[tree]; node < model->first_node[tree + 1]; node++) {
        const int32_t *codes = block->codes + (int64_t)model->node_column[node] * BLOCK;
        int32_t code = model->node_code[node];
        uint64_t mask = model->node_mask[node];
        for (int r = 0; r < BLOCK; r++) remaining[r] &= codes[r] > code ? mask : ~0ULL;
    }
}

AVX2 static void sum_wide_avx2(const gl_model *model, gl_block *block) {
    uint64_t remaining[BLOCK];
    for (int64_t tree = 0; tree < model->trees; tree++) {
        strike_out(model, block, tree, remaining);
        add_remaining(model, block, tree, remaining);
    }
}

AVX2 static void sum_avx2(const gl_model *model, gl_block *block) {
    if (model->leaf_table)
        sum_narrow_avx2(model, block);
    else
        sum_wide_avx2(model, block);
}
