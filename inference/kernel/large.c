/* Trees of any size: one tree at a time for many rows, so that it stays in the cache, or many trees at a time for
 * one row, and in either case many ways down at once, so that their loads overlap. The tree that comes next is
 * fetched meanwhile.
 *
 * A node takes 8 bytes and a leaf holds its value: a third of the memory, and as much less waiting for it. The
 * float that this leaves for a threshold is the threshold itself where rounding a row to float32 first changes no
 * comparison (forests were grown on float32); otherwise the model is ranked: thresholds are their places among all
 * of their entry's, and a row's entries are first replaced by how many of these lie below them.
 */
#include "kernel.h"

#include <math.h>
#include <stdlib.h>

#define LANES 64
#define NARROW_LANES 16
#define CHILD_BITS 21
/* About so many cache lines of a tree a row asks for alone: with fewer rows than lines / 5, fetching the whole tree
 * costs more than it saves. */
#define LINES_A_ROW 5
#define LINE 8 /* compact nodes in a cache line of 64 bytes */

/* Lays out one tree so that the children of a node lie side by side, and each cache line holds as much of one
 * subtree as fits: a path of seventeen nodes then waits for six to eight lines instead of fourteen. (Van Emde
 * Boas' layout cut off at the one size that matters here.) `source` and `waiting` have room for every node. */
static void lay_out(gl_model *model, const gl_spec *spec, int64_t tree, int32_t *source, int32_t *waiting) {
    int64_t base = spec->start[tree], next = base + 1, stacked = 0;
    source[0] = (int32_t)base;
    waiting[stacked++] = 0;
    while (stacked) {
        /* Places count from 1 in the compact form, LINE to a cache line; a line is filled before the next. */
        int64_t room = LINE - (next - base + 1) % LINE;
        int32_t near[2 * LINE];
        int begin = 0, end = 0;
        near[end++] = waiting[--stacked];
        for (; begin < end && room; begin++) {
            int64_t at = base + near[begin];
            int32_t node = source[at - base];
            gl_large_node *to = model->large_node + at;
            if (spec->feature[node] < 0) {
                *to = (gl_large_node){INFINITY, (int32_t)at, 0, 1};
                model->leaf_row[at] = spec->leaf[node];
                continue;
            }
            *to = (gl_large_node){spec->threshold[node], (int32_t)next, (uint16_t)spec->feature[node],
                                  spec->missing_left[node]};
            source[next - base] = spec->left[node];
            source[next + 1 - base] = spec->right[node];
            near[end++] = (int32_t)(next - base);
            near[end++] = (int32_t)(next + 1 - base);
            next += 2;
            room -= 2;
        }
        while (end > begin) waiting[stacked++] = near[--end];
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
            if (model->per_leaf == 1)
                place->value = spec->values[model->leaf_row[at]];
            else
                place->row = model->leaf_row[at];
            continue;
        }
        if (model->ranked) {
            const gl_column *column = model->column + node->entry;
            double wanted = node->threshold + 0.0;
            place->inner.threshold = (float)gl_rank(model->grid + column->offset, column->steps, wanted);
        } else if (!as_float(node->threshold, &place->inner.threshold)) {
            return 0;
        }
        place->inner.meta = (uint32_t)(1 + node->child - base) | (uint32_t)node->missing_left << CHILD_BITS |
                            (uint32_t)is_leaf(nodes, node->child) << (CHILD_BITS + 1) |
                            (uint32_t)is_leaf(nodes, node->child + 1) << (CHILD_BITS + 2) |
                            (uint32_t)node->entry << (CHILD_BITS + 3);
    }
    return 1;
}

static int fits_compact(const gl_model *model, const gl_spec *spec) {
    int64_t largest = 0;
    if (spec->nodes + LINE * spec->trees > INT32_MAX || spec->nodes >= 1 << 24) return 0;
    for (int64_t tree = 0; tree < spec->trees; tree++) {
        int64_t nodes = spec->start[tree + 1] - spec->start[tree];
        if (nodes < 3) return 0; /* a root that is a leaf has no parent to say so */
        largest = nodes > largest ? nodes : largest;
    }
    return model->width <= UINT8_MAX && largest + 1 < 1 << CHILD_BITS;
}

static int compact_all(const gl_model *model, const gl_spec *spec) {
    for (int64_t tree = 0; tree < spec->trees; tree++)
        if (!compact(model, spec, tree, model->compact_node + model->root[tree])) return 0;
    return 1;
}

/* Per entry its thresholds, sorted and padded with infinity to 2^steps - 1. There are fewer than 2^24 of them, so
 * that each rank is a float. */
static int build_ranks(gl_model *model, const gl_spec *spec) {
    model->ranked = 1;
    model->column = calloc((size_t)model->width, sizeof(gl_column));
    model->grid = malloc(2 * ((size_t)spec->nodes + 1) * sizeof(double));
    double *found = malloc(((size_t)spec->nodes + 1) * sizeof(double));
    int failed = !model->column || !model->grid || !found;
    int64_t filled = 0;
    for (int32_t entry = 0; entry < model->width && !failed; entry++) {
        int64_t distinct = gl_thresholds_of(spec, entry, found);
        int steps = 0;
        while (((int64_t)1 << steps) - 1 < distinct) steps++;
        int64_t room = ((int64_t)1 << steps) - 1;
        for (int64_t i = 0; i < room; i++) model->grid[filled + i] = i < distinct ? found[i] : INFINITY;
        model->column[entry] = (gl_column){entry, 0, steps, filled};
        filled += room;
    }
    free(found);
    return failed ? -1 : 0;
}

static int build_compact(gl_model *model, const gl_spec *spec) {
    if (!fits_compact(model, spec)) return 0;
    int64_t places = 0;
    for (int64_t tree = 0; tree < spec->trees; tree++) {
        model->root[tree] = places;
        places += (spec->start[tree + 1] - spec->start[tree] + LINE) / LINE * LINE;
    }
    model->root[spec->trees] = places;
    model->compact_node = aligned_alloc(LINE * sizeof(gl_compact_node), (size_t)places * sizeof(gl_compact_node));
    if (!model->compact_node) return -1;
    if (!compact_all(model, spec)) {
        if (build_ranks(model, spec)) return -1;
        compact_all(model, spec);
    }
    free(model->large_node);
    free(model->leaf_row);
    model->large_node = NULL;
    model->leaf_row = NULL;
    if (model->per_leaf > 1) return 0;
    free(model->values);
    model->values = NULL;
    return 0;
}

int gl_build_large(gl_model *model, const gl_spec *spec) {
    if (model->width > UINT16_MAX) return -1;
    model->large_node = calloc((size_t)spec->nodes, sizeof(gl_large_node));
    model->leaf_row = calloc((size_t)spec->nodes, sizeof(int32_t));
    model->root = malloc((size_t)(spec->trees + 1) * sizeof(int64_t));
    int32_t *space = malloc(2 * (size_t)spec->nodes * sizeof(int32_t));
    int failed = !model->large_node || !model->leaf_row || !model->root || !space;
    for (int64_t tree = 0; tree < spec->trees && !failed; tree++) {
        model->root[tree] = spec->start[tree];
        lay_out(model, spec, tree, space, space + spec->nodes);
    }
    free(space);
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

/* Up to NARROW_LANES ways down; arguments as of find_leaves. */
static inline void descend_compact(const gl_compact_node *nodes, const float *rows, const int32_t *tree,
                                   const int32_t *row, int ways, uint32_t *leaf) {
    uint32_t at[NARROW_LANES];
    for (int i = 0; i < ways; i++) at[i] = 1;
    for (uint32_t under_way = 1; under_way;) {
        under_way = 0;
        for (int i = 0; i < ways; i++) {
            const gl_compact_node *node = nodes + tree[i] + at[i];
            uint32_t meta = node->inner.meta;
            float x = rows[row[i] + (meta >> (CHILD_BITS + 3))];
            uint32_t left = (x <= node->inner.threshold) | ((x != x) & (meta >> CHILD_BITS));
            uint32_t next = (meta & ((1u << CHILD_BITS) - 1)) + !left;
            uint32_t done = -(meta >> (CHILD_BITS + 1 + !left) & 1);
            leaf[i] = ((uint32_t)tree[i] + next & done) | (leaf[i] & ~done);
            at[i] = next & ~done;
            under_way |= at[i];
        }
    }
}

#if defined(__x86_64__)
#include "large_x86.h"
#endif

/* The leaves that up to LANES ways lead to: way i goes down the tree that begins at nodes[tree[i]] with the row
 * that begins at rows[row[i]]. The arrays hold LANES; those past `ways` are followed, too, and lead somewhere. */
static void find_leaves(const gl_model *model, const gl_compact_node *nodes, const float *rows, const int32_t *tree,
                        const int32_t *row, int ways, uint32_t *leaf) {
#if defined(__x86_64__)
    if (model->level == 2 && ways > FEW_ROWS) {
        descend_wide(nodes, rows, tree, row, ways, leaf);
        return;
    }
#endif
    for (int first = 0; first < ways; first += NARROW_LANES) {
        int some = ways - first < NARROW_LANES ? ways - first : NARROW_LANES;
        descend_compact(nodes, rows, tree + first, row + first, some, leaf + first);
    }
}

static inline void add_leaf(const gl_model *model, const gl_compact_node *leaf, double *sums, float *singles) {
    const double *value = model->per_leaf == 1 ? &leaf->value : model->values + leaf->row * model->per_leaf;
    for (int64_t k = 0; k < model->per_leaf; k++) {
        if (model->single)
            singles[k] += (float)value[k];
        else
            sums[k] += value[k];
    }
}

/* One row down many trees at once. */
static void sum_few(const gl_model *model, const float *rows, int64_t count, double *sums, float *singles) {
    for (int64_t r = 0; r < count; r++)
        for (int64_t first = 0; first < model->trees; first += LANES) {
            int ways = (int)(model->trees - first < LANES ? model->trees - first : LANES);
            int32_t tree[LANES], row[LANES];
            uint32_t leaf[LANES] = {0};
            for (int i = 0; i < LANES; i++) {
                tree[i] = (int32_t)model->root[first + (i < ways ? i : 0)];
                row[i] = (int32_t)(r * model->width);
            }
            find_leaves(model, model->compact_node, rows, tree, row, ways, leaf);
            for (int i = 0; i < ways; i++) {
                int64_t to = r * model->outputs + model->output[first + i];
                add_leaf(model, model->compact_node + leaf[i], sums + to, singles + to);
            }
        }
}

/* Fetches a part of the next tree into the second cache while this one is walked: where rows are many, most of
 * its lines will be asked for. */
static int64_t fetch_ahead(const gl_model *model, int64_t tree, int64_t done, int64_t share) {
    int64_t lines = (model->root[tree + 1] - model->root[tree]) / LINE;
    const gl_compact_node *nodes = model->compact_node + model->root[tree];
    for (int64_t end = done + share < lines ? done + share : lines; done < end; done++)
        __builtin_prefetch(nodes + done * LINE, 0, 2);
    return done;
}

/* Many rows at once down one tree after the other. */
static void sum_compact(const gl_model *model, const float *rows, int64_t count, double *sums, float *singles) {
    const int32_t tree_of_all[LANES] = {0};
    int64_t groups = (count + LANES - 1) / LANES;
    for (int64_t tree = 0; tree < model->trees; tree++) {
        const gl_compact_node *nodes = model->compact_node + model->root[tree];
        int64_t output = model->output[tree], fetched = 0, share = 0;
        if (tree + 1 < model->trees) {
            int64_t lines = (model->root[tree + 2] - model->root[tree + 1]) / LINE;
            if (count * LINES_A_ROW >= lines) share = (lines + groups - 1) / groups;
        }
        for (int64_t first = 0; first < count; first += LANES) {
            int ways = (int)(count - first < LANES ? count - first : LANES);
            int32_t row[LANES];
            uint32_t leaf[LANES] = {0};
            if (share) fetched = fetch_ahead(model, tree + 1, fetched, share);
            for (int i = 0; i < LANES; i++) row[i] = (int32_t)((i < ways ? i : 0) * model->width);
            find_leaves(model, nodes, rows + first * model->width, tree_of_all, row, ways, leaf);
            for (int i = 0; i < ways; i++) {
                int64_t to = (first + i) * model->outputs + output;
                add_leaf(model, nodes + leaf[i], sums + to, singles + to);
            }
        }
    }
}

static inline float rank_of(const gl_model *model, int64_t entry, double value) {
    const gl_column *column = model->column + entry;
    return value != value ? NAN : (float)gl_rank(model->grid + column->offset, column->steps, value);
}

/* Adds the leaves of all trees to the sums (count, outputs), or singles, of rows (count, width). The rows are
 * overwritten. */
void gl_sum_large(const gl_model *model, double *rows, int64_t count, double *sums, float *singles) {
    if (!model->compact_node) {
        sum_doubles(model, rows, count, sums, singles);
        return;
    }
    float *narrow = (float *)rows; /* in place: a float never overtakes the double it comes from */
    for (int64_t i = 0; i < count * model->width; i++) {
        double value = rows[i];
        narrow[i] = model->ranked ? rank_of(model, i % model->width, value) : (float)value;
    }
    if (count <= LANES && count <= model->trees)
        sum_few(model, narrow, count, sums, singles);
    else
        sum_compact(model, narrow, count, sums, singles);
}
