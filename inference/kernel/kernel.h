/* The compiled form of inference/model/structure.py: the same steps, trees and sums, to the last bit.
 *
 * Rows are worked on in blocks of BLOCK, one array per entry. Nothing here depends on the processor but
 * speed: every variant does the same IEEE 754 operations in the same order for each row.
 */
#ifndef GREENLIGHT_KERNEL_H
#define GREENLIGHT_KERNEL_H

#include <stdint.h>

#define BLOCK 64
#define MANY_ROWS 2048 /* so many are taken down one large tree before the next */
#define FEW_ROWS 4 /* up to so many are worked on one by one */

enum { OP_RATIO, OP_COMBINE, OP_DISTANCE, OP_EQUALS, OP_ORDINAL, OP_IMPUTE, OP_SCALE, OP_LOOKUP, OP_DATE_PART };

typedef struct {
    int32_t op, a, b;
    double p, q;
} gl_step;

/* What Python hands over; the arrays are those of inference.model.Model. */
typedef struct {
    int64_t columns, steps, outputs, trees, nodes, leaves, per_leaf, linear, single, lookups;
    const gl_step *step;
    const double *baseline;
    const int32_t *start, *output, *feature;
    const double *threshold;
    const int32_t *left, *right;
    const uint8_t *missing_left;
    const int32_t *leaf;
    const double *values;
    const double *weights;
    const double *lookup;
} gl_spec;

/* A node of a small tree, for one row at a time: on by ahead[1], to the right child, where code[column] >
 * threshold. A tree's inner nodes come first; a leaf leads nowhere on, so all paths can be followed equally far. */
typedef struct {
    int32_t threshold;
    uint16_t column;
    uint8_t ahead[2];
} gl_small_node;

/* The same where every rank and column fits a byte: a whole model of these stays in the nearest caches. */
typedef struct {
    uint8_t threshold, column, ahead[2];
} gl_tiny_node;

/* A node of a tree of any size; its right child follows its left one, and a leaf leads to itself. */
typedef struct {
    double threshold;
    int32_t child;
    uint16_t entry;
    uint8_t missing_left;
} gl_large_node;

/* The same in 8 bytes: of an inner node the threshold as float and, from the lowest bit, where its children
 * are, whether missing goes left, whether each child is a leaf, and the entry; of a leaf its value,
 * or where its row of values is. */
typedef union {
    struct {
        float threshold;
        uint32_t meta;
    } inner;
    double value;
    int64_t row;
} gl_compact_node;

/* A coded column: the rank of an entry among the thresholds that the trees compare it with. Nodes that send
 * a missing value left read another column than those that send it right. */
typedef struct {
    int32_t entry, missing_code, steps;
    int64_t offset; /* of its thresholds, padded with infinity to 2^steps - 1 */
} gl_column;

typedef struct gl_model {
    int64_t columns, width, steps, outputs, trees, per_leaf;
    int linear, single, small, level;
    gl_step *step;
    double *baseline;
    double *lookup; /* the tables of lookup steps, one after another */
    int32_t *output;
    double *values;       /* leaves, outputs per leaf */
    int64_t *first_value; /* per tree: its first leaf in values */
    /* linear */
    int64_t used;
    int32_t *used_entry;
    double *used_weight;
    /* small trees (at most 64 leaves), by leaf masks: after every node that sends a row right, the leaves
     * left of it are struck out; the row's leaf is the first that is left */
    int64_t coded;
    gl_column *column;
    double *grid;
    int64_t *first_node; /* per tree, trees + 1 */
    int32_t *node_column, *node_code;
    int32_t *node_child; /* left and right: a node of the tree, or below zero the leaf -child - 1 */
    uint64_t *node_mask;
    gl_small_node *small_node;
    gl_tiny_node *tiny_node; /* instead, where they suffice */
    int64_t *first_small;    /* per tree: its first node in either */
    int64_t *value_base;     /* per tree: what to add to a leaf's place among its nodes for its row of values */
    int32_t *by_depth, *depth; /* the trees, the shallow ones first; per tree its depth */
    double *leaf_table; /* per tree 32 doubles, for trees of at most 32 leaves and one output */
    int wide;           /* some tree has more than 32 leaves */
    /* large trees */
    gl_large_node *large_node;
    gl_compact_node *compact_node; /* instead, where they suffice */
    int ranked;                    /* its thresholds and the rows are ranks: see large.c */
    int64_t *root;      /* per tree */
    int32_t *leaf_row;  /* per node: its row of values */
} gl_model;

/* One block of rows on its way. */
typedef struct {
    double *entries;  /* width x BLOCK */
    int32_t *codes;   /* coded x BLOCK */
    int64_t count;
    double *sums;     /* outputs x BLOCK */
    float *singles;   /* the same, in float32 */
} gl_block;

int gl_predict(const gl_model *model, const double *rows, int64_t count, double *sums);
int gl_build_small(gl_model *model, const gl_spec *spec);
int64_t gl_thresholds_of(const gl_spec *spec, int32_t entry, double *to);
int gl_build_walk(gl_model *model);
int gl_walk_rows(const gl_model *model, gl_block *block);
int gl_build_large(gl_model *model, const gl_spec *spec);
void gl_date_parts(const double *from, double *to, int count, int part, double units_per_day);
void gl_apply_steps(const gl_model *model, double *entries, int count);
int gl_sum_small(const gl_model *model, gl_block *block);
void gl_sum_large(const gl_model *model, double *rows, int64_t count, double *sums, float *singles);
void gl_sum_linear(const gl_model *model, gl_block *block);

/* How many of the thresholds lie below x: x <= threshold[j] exactly where the rank is <= j. */
static inline int32_t gl_rank(const double *grid, int steps, double x) {
    int32_t position = 0;
    for (int32_t half = 1 << steps >> 1; half; half >>= 1)
        position += -(grid[position + half - 1] < x) & half; /* no branch: its outcome cannot be foreseen */
    return position;
}

static inline void gl_add(const gl_model *model, gl_block *block, int64_t row, int64_t tree, int64_t leaf) {
    const double *value = model->values + leaf * model->per_leaf;
    int64_t output = model->output[tree];
    for (int64_t k = 0; k < model->per_leaf; k++) {
        if (model->single)
            block->singles[(output + k) * BLOCK + row] += (float)value[k];
        else
            block->sums[(output + k) * BLOCK + row] += value[k];
    }
}

#endif
