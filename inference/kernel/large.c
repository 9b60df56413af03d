/* Trees of any size: one tree at a time for many rows, so that it stays in the cache, and several rows down it
 * at once, so that their loads overlap.
 *
 * Where a model's thresholds are such that rounding a row to float32 first changes no comparison (forests were
 * grown on float32), a node takes 8 bytes and a leaf holds its value: a third of the memory, and as much less
 * waiting for it.
 */
#include "kernel.h"

#include <math.h>
#include <stdlib.h>

#define LANES 32
#define NARROW_LANES 16
#define CHILD_BITS 21

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

/* The float t for which (float)x <= t exactly where x <= threshold, in *to; whether there is one. */
static int as_float(double threshold, float *to) {
    *to = (float)threshold;
    if ((double)*to > threshold && (float)nextafter(threshold, INFINITY) == *to) *to = nextafterf(*to, -INFINITY);
    return (float)threshold <= *to && (float)nextafter(threshold, INFINITY) > *to;
}

static int is_leaf(const gl_large_node *nodes, int64_t at) { return nodes[at].child == (int32_t)at; }

/* The compact form of one tree, one place behind the first: place 0 leads to itself, for rows that are done. */
static int compact(const gl_model *model, const gl_spec *spec, int64_t tree, gl_compact_node *to) {
    const gl_large_node *nodes = model->large_node;
    int64_t base = spec->start[tree], end = spec->start[tree + 1];
    to[0].inner.threshold = INFINITY;
    to[0].inner.meta = 1u << CHILD_BITS;
    for (int64_t at = base; at < end; at++) {
        gl_compact_node *place = to + 1 + at - base;
        const gl_large_node *node = nodes + at;
        if (is_leaf(nodes, at)) {
            place->value = spec->values[model->leaf_row[at]];
            continue;
        }
        if (!as_float(node->threshold, &place->inner.threshold)) return 0;
        place->inner.meta = (uint32_t)(1 + node->child - base) | (uint32_t)node->missing_left << CHILD_BITS |
                            (uint32_t)is_leaf(nodes, node->child) << (CHILD_BITS + 1) |
                            (uint32_t)is_leaf(nodes, node->child + 1) << (CHILD_BITS + 2) |
                            (uint32_t)node->entry << (CHILD_BITS + 3);
    }
    return 1;
}

static int fits_compact(const gl_model *model, const gl_spec *spec) {
    int64_t largest = 0;
    for (int64_t tree = 0; tree < spec->trees; tree++) {
        int64_t nodes = spec->start[tree + 1] - spec->start[tree];
        if (nodes < 3) return 0; /* a root that is a leaf has no parent to say so */
        largest = nodes > largest ? nodes : largest;
    }
    return spec->per_leaf == 1 && model->width <= UINT8_MAX && largest + 1 < 1 << CHILD_BITS;
}

static int build_compact(gl_model *model, const gl_spec *spec) {
    if (!fits_compact(model, spec)) return 0;
    model->compact_node = malloc((size_t)(spec->nodes + spec->trees) * sizeof(gl_compact_node));
    if (!model->compact_node) return -1;
    for (int64_t tree = 0; tree < spec->trees; tree++)
        if (!compact(model, spec, tree, model->compact_node + spec->start[tree] + tree)) {
            free(model->compact_node);
            model->compact_node = NULL;
            return 0;
        }
    free(model->large_node);
    free(model->leaf_row);
    free(model->values);
    model->large_node = NULL;
    model->leaf_row = NULL;
    model->values = NULL;
    return 0;
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
    return failed ? -1 : build_compact(model, spec);
}

/* As many rows as go down together, each a row of `width` entries; `at` begins at the tree's root and ends at
 * the leaves. */
static inline void descend(const gl_large_node *nodes, const double *rows, int64_t width, int lanes, int32_t *at) {
    for (int moved = 1; moved;) {
        moved = 0;
        for (int i = 0; i < lanes; i++) {
            const gl_large_node *node = nodes + at[i];
            double x = rows[i * width + node->entry];
            int left = (x <= node->threshold) | ((x != x) & node->missing_left);
            int32_t next = node->child + !left;
            moved |= next ^ at[i];
            at[i] = next;
        }
    }
}

static void sum_doubles(const gl_model *model, const double *rows, int64_t count, double *sums, float *singles) {
    for (int64_t tree = 0; tree < model->trees; tree++) {
        int64_t output = model->output[tree];
        for (int64_t first = 0; first < count; first += LANES) {
            int lanes = (int)(count - first < LANES ? count - first : LANES);
            int32_t at[LANES];
            for (int i = 0; i < lanes; i++) at[i] = (int32_t)model->root[tree];
            descend(model->large_node, rows + first * model->width, model->width, lanes, at);
            for (int i = 0; i < lanes; i++) {
                const double *value = model->values + (int64_t)model->leaf_row[at[i]] * model->per_leaf;
                int64_t to = (first + i) * model->outputs + output;
                for (int64_t k = 0; k < model->per_leaf; k++) {
                    if (model->single)
                        singles[to + k] += (float)value[k];
                    else
                        sums[to + k] += value[k];
                }
            }
        }
    }
}

static inline void descend_compact(const gl_compact_node *nodes, const float *rows, int64_t width, int lanes,
                                   uint32_t *leaf) {
    uint32_t at[NARROW_LANES];
    for (int i = 0; i < lanes; i++) at[i] = 1;
    for (uint32_t under_way = 1; under_way;) {
        under_way = 0;
        for (int i = 0; i < lanes; i++) {
            uint32_t meta = nodes[at[i]].inner.meta;
            float x = rows[i * width + (meta >> (CHILD_BITS + 3))];
            uint32_t left = (x <= nodes[at[i]].inner.threshold) | ((x != x) & (meta >> CHILD_BITS));
            uint32_t next = (meta & ((1u << CHILD_BITS) - 1)) + !left;
            uint32_t done = -(meta >> (CHILD_BITS + 1 + !left) & 1);
            leaf[i] = (next & done) | (leaf[i] & ~done);
            at[i] = next & ~done;
            under_way |= at[i];
        }
    }
}

#if defined(__x86_64__)
#include "large_x86.h"
#endif

static void find_leaves(const gl_model *model, const gl_compact_node *nodes, const float *rows, int lanes,
                        uint32_t *leaf) {
#if defined(__x86_64__)
    if (model->level == 2 && lanes == 2 * WIDE_LANES) {
        descend_wide(nodes, rows, model->width, leaf);
        return;
    }
#endif
    for (int first = 0; first < lanes; first += NARROW_LANES) {
        int some = lanes - first < NARROW_LANES ? lanes - first : NARROW_LANES;
        descend_compact(nodes, rows + first * model->width, model->width, some, leaf + first);
    }
}

static void sum_compact(const gl_model *model, const float *rows, int64_t count, double *sums, float *singles) {
    for (int64_t tree = 0; tree < model->trees; tree++) {
        const gl_compact_node *nodes = model->compact_node + model->root[tree] + tree;
        int64_t output = model->output[tree];
        for (int64_t first = 0; first < count; first += LANES) {
            int lanes = (int)(count - first < LANES ? count - first : LANES);
            uint32_t leaf[LANES] = {0};
            find_leaves(model, nodes, rows + first * model->width, lanes, leaf);
            for (int i = 0; i < lanes; i++) {
                int64_t to = (first + i) * model->outputs + output;
                if (model->single)
                    singles[to] += (float)nodes[leaf[i]].value;
                else
                    sums[to] += nodes[leaf[i]].value;
            }
        }
    }
}

/* Adds the leaves of all trees to the sums (count, outputs), or singles, of rows (count, width). The rows are
 * overwritten. */
void gl_sum_large(const gl_model *model, double *rows, int64_t count, double *sums, float *singles) {
    if (!model->compact_node) {
        sum_doubles(model, rows, count, sums, singles);
        return;
    }
    float *rounded = (float *)rows; /* in place: a float never overtakes the double it comes from */
    for (int64_t i = 0; i < count * model->width; i++) {
        double value = rows[i];
        rounded[i] = (float)value;
    }
    sum_compact(model, rounded, count, sums, singles);
}
