/* A single row down small trees: several trees at once, so that their loads overlap, and without any branch on
 * the row's values. Trees of like depth go together; the leaves are added in the trees' own order. */
#include "kernel.h"

#include <stdlib.h>

#define TOGETHER 12

static int32_t depth_of(const gl_model *model, int64_t tree, int32_t node) {
    if (node < 0 || model->first_node[tree] == model->first_node[tree + 1]) return 0;
    const int32_t *child = model->node_child + 2 * (model->first_node[tree] + node);
    int32_t left = depth_of(model, tree, child[0]), right = depth_of(model, tree, child[1]);
    return 1 + (left > right ? left : right);
}

/* Trees by depth, by counting: no depth exceeds the 63 inner nodes of a small tree. */
static void sort_by_depth(gl_model *model) {
    int32_t filled = 0;
    for (int32_t depth = 0; depth < 64; depth++)
        for (int32_t tree = 0; tree < model->trees; tree++)
            if (model->depth[tree] == depth) model->by_depth[filled++] = tree;
}

static void lay_out(gl_model *model, int64_t tree) {
    int64_t inner = model->first_node[tree + 1] - model->first_node[tree];
    gl_small_node *to = model->small_node + model->first_small[tree];
    for (int64_t i = 0; i < inner; i++) {
        int64_t node = model->first_node[tree] + i;
        to[i] = (gl_small_node){model->node_code[node], (uint16_t)model->node_column[node], {0, 0}};
        for (int side = 0; side < 2; side++) {
            int32_t child = model->node_child[2 * node + side];
            to[i].ahead[side] = (uint8_t)((child < 0 ? inner - child - 1 : child) - i);
        }
    }
    for (int64_t i = inner; i <= 2 * inner; i++) to[i] = (gl_small_node){0, 0, {0, 0}};
}

static int use_tiny(gl_model *model, int64_t nodes) {
    for (int64_t i = 0; i < nodes; i++)
        if (model->small_node[i].threshold > UINT8_MAX || model->small_node[i].column > UINT8_MAX) return 0;
    model->tiny_node = malloc((size_t)(nodes + 1) * sizeof(gl_tiny_node));
    if (!model->tiny_node) return -1;
    for (int64_t i = 0; i < nodes; i++) {
        const gl_small_node *from = model->small_node + i;
        model->tiny_node[i] = (gl_tiny_node){(uint8_t)from->threshold, (uint8_t)from->column,
                                             {from->ahead[0], from->ahead[1]}};
    }
    free(model->small_node);
    model->small_node = NULL;
    return 0;
}

int gl_build_walk(gl_model *model) {
    int64_t nodes = 2 * model->first_node[model->trees] + model->trees;
    model->small_node = malloc((size_t)(nodes + 1) * sizeof(gl_small_node));
    model->first_small = malloc((size_t)(model->trees + 1) * sizeof(int64_t));
    model->value_base = malloc((size_t)(model->trees + 1) * sizeof(int64_t));
    model->by_depth = malloc((size_t)(model->trees + 1) * sizeof(int32_t));
    model->depth = malloc((size_t)(model->trees + 1) * sizeof(int32_t));
    if (!model->small_node || !model->first_small || !model->value_base || !model->by_depth || !model->depth) return -1;
    for (int64_t tree = 0; tree < model->trees; tree++) {
        model->first_small[tree] = 2 * model->first_node[tree] + tree;
        model->value_base[tree] =
            model->first_value[tree] - (model->first_node[tree + 1] - model->first_node[tree]);
        model->depth[tree] = depth_of(model, tree, 0);
        lay_out(model, tree);
    }
    sort_by_depth(model);
    return use_tiny(model, nodes);
}

/* WALK defines a function that finds the leaf of every tree for one row. */
#define WALK(NAME, NODE, NODES)                                                                                \
    static void NAME(const gl_model *model, const int32_t *code, int32_t *leaf) {                              \
        for (int64_t first = 0; first < model->trees; first += TOGETHER) {                                     \
            int64_t rest = model->trees - first, count = rest < TOGETHER ? rest : TOGETHER;                    \
            const int32_t *tree = model->by_depth + first;                                                     \
            const NODE *at[TOGETHER];                                                                          \
            for (int i = 0; i < TOGETHER; i++) at[i] = NODES + model->first_small[tree[i < count ? i : 0]];    \
            for (int32_t step = model->depth[tree[count - 1]]; step; step--)                                   \
                _Pragma("GCC unroll 12") for (int i = 0; i < TOGETHER; i++)                                    \
                    at[i] += at[i]->ahead[code[at[i]->column] > at[i]->threshold];                             \
            for (int64_t i = 0; i < count; i++)                                                                \
                leaf[tree[i]] = (int32_t)(at[i] - NODES - model->first_small[tree[i]]);                        \
        }                                                                                                      \
    }

WALK(walk_small, gl_small_node, model->small_node)
WALK(walk_tiny, gl_tiny_node, model->tiny_node)

int gl_walk_rows(const gl_model *model, gl_block *block) {
    int32_t *code = malloc((size_t)(model->coded + model->trees + 1) * sizeof *code);
    if (!code) return -1;
    int32_t *leaf = code + model->coded;
    for (int64_t row = 0; row < block->count; row++) {
        for (int64_t c = 0; c < model->coded; c++) code[c] = block->codes[c * BLOCK + row];
        if (model->tiny_node)
            walk_tiny(model, code, leaf);
        else
            walk_small(model, code, leaf);
        if (model->outputs == 1 && !model->single) {
            double sum = block->sums[row];
            for (int64_t tree = 0; tree < model->trees; tree++)
                sum += model->values[model->value_base[tree] + leaf[tree]];
            block->sums[row] = sum;
        } else {
            for (int64_t tree = 0; tree < model->trees; tree++)
                gl_add(model, block, row, tree, model->value_base[tree] + leaf[tree]);
        }
    }
    free(code);
    return 0;
}
