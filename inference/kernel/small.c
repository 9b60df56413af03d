/* Trees of at most 64 leaves (gradient boosting), without following any path.
 *
 * An entry is first replaced by its rank among the thresholds it is compared with, so a comparison is one of
 * small integers. Then each tree's nodes are taken in any order: those that send a row right strike out the
 * leaves of their left subtree, and the first leaf that remains is the row's (Lucchese et al., "QuickScorer",
 * SIGIR 2015). Whole vectors of rows take part in each comparison. A single row walks down instead.
 */
#include "kernel.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static int compare_doubles(const void *a, const void *b) {
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* The distinct thresholds of one entry, sorted, in `to`; how many. */
int64_t gl_thresholds_of(const gl_spec *spec, int32_t entry, double *to) {
    int64_t count = 0, distinct = 0;
    for (int64_t node = 0; node < spec->nodes; node++)
        if (spec->feature[node] == entry) to[count++] = spec->threshold[node] + 0.0; /* -0 becomes 0 */
    qsort(to, (size_t)count, sizeof *to, compare_doubles);
    for (int64_t i = 0; i < count; i++)
        if (!distinct || to[i] != to[distinct - 1]) to[distinct++] = to[i];
    return distinct;
}

static int add_columns(gl_model *model, const gl_spec *spec, int32_t *column_of, int64_t *filled) {
    double *found = malloc((size_t)(spec->nodes + 1) * sizeof(double));
    if (!found) return -1;
    for (int32_t entry = 0; entry < model->width; entry++) {
        int64_t distinct = gl_thresholds_of(spec, entry, found);
        if (!distinct) continue;
        int steps = 0;
        while (((int64_t)1 << steps) - 1 < distinct) steps++;
        int64_t room = ((int64_t)1 << steps) - 1;
        for (int64_t i = 0; i < room; i++) model->grid[*filled + i] = i < distinct ? found[i] : INFINITY;
        for (int side = 0; side < 2; side++) {
            int used = 0;
            for (int64_t node = 0; node < spec->nodes && !used; node++)
                used = spec->feature[node] == entry && (spec->missing_left[node] != 0) == side;
            if (!used) continue;
            column_of[2 * entry + side] = (int32_t)model->coded;
            model->column[model->coded++] =
                (gl_column){entry, side ? -1 : INT32_MAX, steps, *filled};
        }
        *filled += room;
    }
    free(found);
    return 0;
}

/* Numbers the leaves under `node` from left to right, and adds every inner node; the number after the last. */
static int number_leaves(gl_model *model, const gl_spec *spec, const int32_t *column_of, int32_t node,
                         int64_t tree, int next, int64_t *filled, int *self) {
    if (spec->feature[node] < 0) {
        *self = -next - 1;
        if (model->leaf_table) model->leaf_table[tree * 32 + next] = spec->values[spec->leaf[node]];
        /* values are put into leaf order, so that a leaf's number finds its values */
        memcpy(model->values + (model->first_value[tree] + next) * model->per_leaf,
               spec->values + (int64_t)spec->leaf[node] * model->per_leaf,
               (size_t)model->per_leaf * sizeof(double));
        return next + 1;
    }
    int64_t at = (*filled)++;
    int left, right, first = next;
    int middle = number_leaves(model, spec, column_of, spec->left[node], tree, first, filled, &left);
    int last = number_leaves(model, spec, column_of, spec->right[node], tree, middle, filled, &right);
    int32_t column = column_of[2 * spec->feature[node] + (spec->missing_left[node] != 0)];
    const gl_column *coded = model->column + column;
    int32_t code = gl_rank(model->grid + coded->offset, coded->steps, spec->threshold[node] + 0.0);
    uint64_t below = middle >= 64 ? ~0ULL : (1ULL << middle) - 1;
    model->node_column[at] = column;
    model->node_code[at] = code;
    model->node_mask[at] = ~(below & ~((1ULL << first) - 1));
    model->node_child[2 * at] = left;
    model->node_child[2 * at + 1] = right;
    *self = (int)(at - model->first_node[tree]);
    return last;
}

int gl_build_small(gl_model *model, const gl_spec *spec) {
    if (model->width > UINT16_MAX / 2) return -1;
    size_t nodes = (size_t)spec->nodes + 1;
    model->column = calloc((size_t)model->width * 2, sizeof(gl_column));
    model->grid = malloc(2 * nodes * sizeof(double));
    model->first_node = calloc((size_t)spec->trees + 1, sizeof(int64_t));
    model->first_value = calloc((size_t)spec->trees + 1, sizeof(int64_t));
    model->node_column = malloc(nodes * sizeof(int32_t));
    model->node_code = malloc(nodes * sizeof(int32_t));
    model->node_mask = malloc(nodes * sizeof(uint64_t));
    model->node_child = malloc(2 * nodes * sizeof(int32_t));
    int32_t *column_of = calloc((size_t)model->width * 2, sizeof(int32_t));
    if (!model->wide && model->per_leaf == 1)
        model->leaf_table = aligned_alloc(64, (size_t)spec->trees * 32 * sizeof(double));
    int64_t filled = 0;
    int failed = !model->column || !model->grid || !model->first_node || !model->first_value ||
                 !model->node_column || !model->node_code || !model->node_mask || !model->node_child ||
                 !column_of || add_columns(model, spec, column_of, &filled);
    filled = 0;
    for (int64_t tree = 0; tree < spec->trees && !failed; tree++) {
        int self;
        model->first_node[tree] = filled;
        if (model->leaf_table) memset(model->leaf_table + tree * 32, 0, 32 * sizeof(double));
        int leaves = number_leaves(model, spec, column_of, spec->start[tree], tree, 0, &filled, &self);
        model->first_value[tree + 1] = model->first_value[tree] + leaves;
    }
    if (!failed) model->first_node[spec->trees] = filled;
    free(column_of);
    return failed ? -1 : gl_build_walk(model);
}

/* Two columns of one entry lie side by side, and differ only where it is missing. */
static inline int is_twin(const gl_column *column, int64_t c) { return c && column->entry == column[-1].entry; }

static inline void copy_twin(const gl_column *column, const double *x, int32_t *to, int64_t count) {
    for (int64_t r = 0; r < count; r++) to[r] = x[r] != x[r] ? column->missing_code : to[r - BLOCK];
}

static void code_rows(const gl_model *model, gl_block *block, int64_t count) {
    for (int64_t c = 0; c < model->coded; c++) {
        const gl_column *column = model->column + c;
        const double *x = block->entries + column->entry * BLOCK, *grid = model->grid + column->offset;
        int32_t *to = block->codes + c * BLOCK;
        if (is_twin(column, c)) {
            copy_twin(column, x, to, count);
            continue;
        }
        for (int64_t r = 0; r < count; r++)
            to[r] = x[r] != x[r] ? column->missing_code : gl_rank(grid, column->steps, x[r]);
    }
}

#if defined(__x86_64__)
#include "small_x86.h"
#endif

int gl_sum_small(const gl_model *model, gl_block *block) {
#if defined(__x86_64__)
    if (block->count > FEW_ROWS && model->level == 2) {
        code_rows_avx512(model, block);
        sum_avx512(model, block);
        return 0;
    }
    if (block->count > FEW_ROWS && model->level == 1) {
        code_rows_avx2(model, block);
        sum_avx2(model, block);
        return 0;
    }
#endif
    code_rows(model, block, block->count);
    return gl_walk_rows(model, block);
}
