/* Builds a model out of its arrays, and takes rows through it block by block. */
#include "kernel.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static void *copy(const void *from, int64_t bytes) {
    void *to = malloc(bytes > 0 ? (size_t)bytes : 1);
    if (to && bytes > 0) memcpy(to, from, (size_t)bytes);
    return to;
}

static int build_linear(gl_model *model, const gl_spec *spec) {
    model->used_entry = malloc((size_t)model->width * sizeof(int32_t));
    model->used_weight = copy(spec->weights, model->width * model->outputs * (int64_t)sizeof(double));
    if (!model->used_entry || !model->used_weight) return -1;
    for (int64_t entry = 0; entry < model->width; entry++) {
        int used = 0;
        for (int64_t k = 0; k < model->outputs; k++)
            used |= spec->weights[entry * model->outputs + k] != 0.0;
        if (used) model->used_entry[model->used++] = (int32_t)entry;
    }
    return 0;
}

static int largest_leaf_count(const gl_spec *spec) {
    int64_t most = 0;
    for (int64_t tree = 0; tree < spec->trees; tree++) {
        int64_t nodes = spec->start[tree + 1] - spec->start[tree];
        if ((nodes + 1) / 2 > most) most = (nodes + 1) / 2;
    }
    return (int)(most > 1 << 20 ? 1 << 20 : most);
}

static int processor_level(void) {
#if defined(__x86_64__)
    __builtin_cpu_init();
    if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512cd")) return 2;
    if (__builtin_cpu_supports("avx2")) return 1;
#endif
    return 0;
}

void gl_free(gl_model *model) {
    if (!model) return;
    void *owned[] = {model->step, model->baseline, model->lookup, model->output, model->values, model->first_value,
                     model->used_entry, model->used_weight, model->column, model->grid, model->first_node,
                     model->node_column, model->node_code, model->node_mask, model->node_child, model->small_node,
                     model->tiny_node, model->first_small, model->value_base, model->by_depth,
                     model->depth,
                     model->leaf_table, model->large_node, model->compact_node, model->root, model->leaf_row};
    for (size_t i = 0; i < sizeof owned / sizeof *owned; i++) free(owned[i]);
    free(model);
}

/* A model, or NULL without memory. `level` bounds the processor features used (2 AVX-512, 1 AVX2, 0 none). */
gl_model *gl_create(const gl_spec *spec, int level) {
    gl_model *model = calloc(1, sizeof *model);
    if (!model) return NULL;
    model->columns = spec->columns;
    model->steps = spec->steps;
    model->width = spec->columns + spec->steps;
    model->outputs = spec->outputs;
    model->trees = spec->trees;
    model->per_leaf = spec->per_leaf;
    model->linear = (int)spec->linear;
    model->single = (int)spec->single;
    model->level = processor_level() < level ? processor_level() : level;
    model->step = copy(spec->step, spec->steps * (int64_t)sizeof(gl_step));
    model->baseline = copy(spec->baseline, spec->outputs * (int64_t)sizeof(double));
    model->lookup = copy(spec->lookup, spec->lookups * (int64_t)sizeof(double));
    int failed = !model->step || !model->baseline || !model->lookup;
    if (!failed && model->linear) {
        failed = build_linear(model, spec);
    } else if (!failed) {
        model->output = copy(spec->output, spec->trees * (int64_t)sizeof(int32_t));
        model->values = copy(spec->values, spec->leaves * spec->per_leaf * (int64_t)sizeof(double));
        int leaves = largest_leaf_count(spec);
        model->small = leaves <= 64;
        model->wide = leaves > 32;
        failed = !model->output || !model->values ||
                 (model->small ? gl_build_small(model, spec) : gl_build_large(model, spec));
    }
    if (failed) {
        gl_free(model);
        return NULL;
    }
    return model;
}

static double finite_or_missing(double value) { return isfinite(value) ? value : NAN; }

void gl_apply_steps(const gl_model *model, double *entries, int count) {
    for (int64_t i = 0; i < model->steps; i++) {
        const gl_step *step = model->step + i;
        const double *a = entries + step->a * BLOCK, *b = entries + step->b * BLOCK;
        double *to = entries + (model->columns + i) * BLOCK, p = step->p, q = step->q;
        switch (step->op) {
        case OP_RATIO:
            for (int r = 0; r < count; r++) to[r] = finite_or_missing(a[r] / b[r]);
            break;
        case OP_COMBINE:
            for (int r = 0; r < count; r++) to[r] = finite_or_missing(a[r] * p + b[r] * q);
            break;
        case OP_DISTANCE:
            for (int r = 0; r < count; r++) {
                double x = a[r] - p, y = b[r] - q;
                to[r] = finite_or_missing(sqrt(x * x + y * y));
            }
            break;
        case OP_EQUALS:
            for (int r = 0; r < count; r++) to[r] = a[r] == p ? 1.0 : 0.0;
            break;
        case OP_ORDINAL:
            for (int r = 0; r < count; r++) to[r] = a[r] >= 0 ? a[r] : a[r] == -2.0 ? q : p;
            break;
        case OP_IMPUTE:
            for (int r = 0; r < count; r++) to[r] = a[r] != a[r] ? p : a[r];
            break;
        case OP_LOOKUP:
            for (int r = 0; r < count; r++)
                to[r] = model->lookup[(int64_t)p + (int64_t)(a[r] >= 0 && a[r] < q ? a[r] : a[r] == -2.0 ? q : q + 1)];
            break;
        case OP_DATE_PART:
            gl_date_parts(a, to, count, (int)p, q);
            break;
        default:
            for (int r = 0; r < count; r++) to[r] = (a[r] - p) / q;
        }
    }
}

void gl_sum_linear(const gl_model *model, gl_block *block) {
    for (int64_t i = 0; i < model->used; i++) {
        int64_t entry = model->used_entry[i];
        for (int64_t k = 0; k < model->outputs; k++) {
            double weight = model->used_weight[entry * model->outputs + k];
            for (int64_t r = 0; r < block->count; r++)
                block->sums[k * BLOCK + r] += block->entries[entry * BLOCK + r] * weight;
        }
    }
}

static void start_sums(const gl_model *model, gl_block *block) {
    for (int64_t k = 0; k < model->outputs; k++)
        for (int r = 0; r < BLOCK; r++) {
            block->sums[k * BLOCK + r] = model->baseline[k];
            if (model->single) block->singles[k * BLOCK + r] = (float)model->baseline[k];
        }
}

/* The entries of up to BLOCK rows (count, columns), each entry's values side by side. */
static void fill_entries(const gl_model *model, const double *rows, gl_block *block) {
    /* Few rows are worked on one by one; otherwise a block is filled up with copies of its last row. */
    int filled = block->count <= FEW_ROWS ? (int)block->count : BLOCK;
    for (int64_t r = 0; r < filled; r++) {
        const double *row = rows + (r < block->count ? r : block->count - 1) * model->columns;
        for (int64_t c = 0; c < model->columns; c++) block->entries[c * BLOCK + r] = row[c];
    }
    gl_apply_steps(model, block->entries, filled);
}

static int predict_blocks(const gl_model *model, const double *rows, int64_t count, double *sums) {
    size_t doubles = (size_t)(model->width + 2 * model->outputs + model->coded) * BLOCK;
    double *space = aligned_alloc(64, doubles * sizeof(double));
    int failed = 0;
    if (!space) return -1;
    gl_block block = {.entries = space, .sums = space + model->width * BLOCK};
    block.singles = (float *)(block.sums + model->outputs * BLOCK);
    block.codes = (int32_t *)(block.sums + 2 * model->outputs * BLOCK);
    for (int64_t first = 0; first < count; first += BLOCK) {
        block.count = count - first < BLOCK ? count - first : BLOCK;
        fill_entries(model, rows + first * model->columns, &block);
        start_sums(model, &block);
        if (model->linear)
            gl_sum_linear(model, &block);
        else
            failed |= gl_sum_small(model, &block);
        for (int64_t r = 0; r < block.count; r++)
            for (int64_t k = 0; k < model->outputs; k++)
                sums[(first + r) * model->outputs + k] = model->single ? (double)block.singles[k * BLOCK + r]
                                                                       : block.sums[k * BLOCK + r];
    }
    free(space);
    return failed;
}

/* The entries of many rows, row by row, as large trees read them. */
static void turn_entries(const gl_model *model, const double *rows, int64_t count, double *block_space, double *to) {
    gl_block block = {.entries = block_space};
    for (int64_t first = 0; first < count; first += BLOCK) {
        block.count = count - first < BLOCK ? count - first : BLOCK;
        fill_entries(model, rows + first * model->columns, &block);
        for (int64_t r = 0; r < block.count; r++)
            for (int64_t e = 0; e < model->width; e++)
                to[(first + r) * model->width + e] = block.entries[e * BLOCK + r];
    }
}

static int predict_large(const gl_model *model, const double *rows, int64_t count, double *sums) {
    int64_t most = count < MANY_ROWS ? count : MANY_ROWS, values = most * model->outputs;
    double *space = malloc((size_t)(model->width * (BLOCK + most) + values + 1) * sizeof(double));
    if (!space) return -1;
    double *turned = space + model->width * BLOCK;
    float *singles = (float *)(turned + model->width * most);
    for (int64_t first = 0; first < count; first += MANY_ROWS) {
        int64_t part = count - first < MANY_ROWS ? count - first : MANY_ROWS;
        double *to = sums + first * model->outputs;
        turn_entries(model, rows + first * model->columns, part, space, turned);
        for (int64_t i = 0; i < part * model->outputs; i++) {
            to[i] = model->baseline[i % model->outputs];
            singles[i] = (float)to[i];
        }
        gl_sum_large(model, turned, part, to, singles);
        for (int64_t i = 0; model->single && i < part * model->outputs; i++) to[i] = (double)singles[i];
    }
    free(space);
    return 0;
}

/* The sums (count, outputs) of rows (count, columns), both row by row. 0, or -1 without memory. */
int gl_predict(const gl_model *model, const double *rows, int64_t count, double *sums) {
    if (model->linear || model->small) return predict_blocks(model, rows, count, sums);
    return predict_large(model, rows, count, sums);
}
