/* Trees of any size: one tree at a time, so that it stays in the cache, and several rows down it at once, so
 * that their loads overlap. */
#include "kernel.h"

#include <math.h>
#include <stdlib.h>

#define LANES 16

/* Lays out one tree so that the children of a node lie side by side, and nearby generations close together. */
static void lay_out(gl_model *model, const gl_spec *spec, int64_t tree, int32_t *queue) {
    int64_t base = spec->start[tree], next = base + 1;
    queue[0] = (int32_t)base;
    for (int64_t at = base; at < next; at++) {
        int32_t node = queue[at - base];
        gl_large_node *to = model->large_node + at;
        if (spec->feature[node] < 0) {
            *to = (gl_large_node){INFINITY, (int32_t)at, 0, 1};
            model->leaf_row[at] = spec->leaf[node];
        } else {
            *to = (gl_large_node){spec->threshold[node], (int32_t)next, (uint16_t)spec->feature[node],
                                  spec->missing_left[node]};
            queue[next - base] = spec->left[node];
            queue[next + 1 - base] = spec->right[node];
            next += 2;
        }
    }
}

int gl_build_large(gl_model *model, const gl_spec *spec) {
    if (model->width > UINT16_MAX) return -1;
    model->large_node = calloc((size_t)spec->nodes, sizeof(gl_large_node));
    model->leaf_row = calloc((size_t)spec->nodes, sizeof(int32_t));
    model->root = malloc((size_t)spec->trees * sizeof(int64_t));
    int32_t *queue = malloc((size_t)spec->nodes * sizeof(int32_t));
    int failed = !model->large_node || !model->leaf_row || !model->root || !queue;
    for (int64_t tree = 0; tree < spec->trees && !failed; tree++) {
        model->root[tree] = spec->start[tree];
        lay_out(model, spec, tree, queue);
    }
    free(queue);
    return failed ? -1 : 0;
}

static inline int32_t step_down(const gl_large_node *nodes, const double *entries, int32_t at, int64_t row) {
    const gl_large_node *node = nodes + at;
    double x = entries[(int64_t)node->entry * BLOCK + row];
    int left = (x <= node->threshold) | ((x != x) & node->missing_left);
    return node->child + !left;
}

void gl_sum_large(const gl_model *model, gl_block *block) {
    const gl_large_node *nodes = model->large_node;
    for (int64_t tree = 0; tree < model->trees; tree++) {
        for (int64_t first = 0; first < block->count; first += LANES) {
            int32_t at[LANES];
            int lanes = (int)(block->count - first < LANES ? block->count - first : LANES);
            for (int i = 0; i < lanes; i++) at[i] = (int32_t)model->root[tree];
            for (int moved = 1; moved;) {
                moved = 0;
                for (int i = 0; i < lanes; i++) {
                    int32_t next = step_down(nodes, block->entries, at[i], first + i);
                    moved |= next != at[i];
                    at[i] = next;
                }
            }
            for (int i = 0; i < lanes; i++) gl_add(model, block, first + i, tree, model->leaf_row[at[i]]);
        }
    }
}
