/* Reads plain CSV: numbers, and categories without quotes. Whatever is not plain it leaves to Python, which
 * reads all of CSV and words the mistakes. */
#include "kernel.h"

#include <stdlib.h>
#include <string.h>
#include <math.h>

#define NOT_PLAIN (-1)
#define LONGEST_FIELD 100000
#define MOST_COLUMNS 1024

typedef struct {
    const char *text;
    int32_t length;
    double code;
} entry;

typedef struct {
    int is_category;
    uint32_t mask; /* slots - 1, a power of two at most half full */
    entry *slot;
} column;

typedef struct gl_reader {
    int64_t columns;
    column *column;
    char *texts;
} gl_reader;

static uint32_t hash(const char *text, int64_t length) {
    uint32_t h = 2166136261u; /* FNV-1a */
    for (int64_t i = 0; i < length; i++) h = (h ^ (uint8_t)text[i]) * 16777619u;
    return h;
}

void gl_reader_free(gl_reader *reader) {
    if (!reader) return;
    for (int64_t c = 0; reader->column && c < reader->columns; c++) free(reader->column[c].slot);
    free(reader->column);
    free(reader->texts);
    free(reader);
}

static int fill(column *to, const char *texts, const int64_t *bounds, int64_t count) {
    uint32_t slots = 2;
    while (slots < 2 * (uint64_t)count) slots *= 2;
    to->is_category = 1;
    to->mask = slots - 1;
    to->slot = calloc(slots, sizeof(entry));
    if (!to->slot) return -1;
    for (int64_t i = 0; i < count; i++) {
        const char *text = texts + bounds[i];
        int64_t length = bounds[i + 1] - bounds[i];
        uint32_t at = hash(text, length) & to->mask;
        while (to->slot[at].text) at = (at + 1) & to->mask;
        to->slot[at] = (entry){text, (int32_t)length, (double)i};
    }
    return 0;
}

/* `counts` holds each column's number of categories, -1 for a column of numbers; `bounds` where each category
 * begins in `texts`, and where the last one ends. */
gl_reader *gl_reader_create(int64_t columns, const int64_t *counts, const char *texts, const int64_t *bounds) {
    gl_reader *reader = calloc(1, sizeof *reader);
    if (!reader) return NULL;
    int64_t categories = 0;
    for (int64_t c = 0; c < columns; c++) categories += counts[c] > 0 ? counts[c] : 0;
    reader->columns = columns;
    reader->column = calloc((size_t)columns, sizeof(column));
    reader->texts = malloc((size_t)bounds[categories] + 1);
    int failed = !reader->column || !reader->texts;
    if (!failed) memcpy(reader->texts, texts, (size_t)bounds[categories]);
    for (int64_t c = 0, first = 0; c < columns && !failed; c++) {
        if (counts[c] < 0) continue;
        failed = fill(reader->column + c, reader->texts, bounds + first, counts[c]);
        first += counts[c];
    }
    if (failed) {
        gl_reader_free(reader);
        return NULL;
    }
    return reader;
}

static int category(const column *known, const char *from, const char *to, double *value) {
    int64_t length = to - from;
    if (length == 0) {
        *value = -2.0;
        return 0;
    }
    if (length > LONGEST_FIELD) return NOT_PLAIN;
    for (uint32_t at = hash(from, length) & known->mask; known->slot[at].text; at = (at + 1) & known->mask) {
        const entry *found = known->slot + at;
        if (found->length == length && !memcmp(found->text, from, (size_t)length)) {
            *value = found->code;
            return 0;
        }
    }
    for (const char *c = from; c < to; c++)
        if (*c == 0 || *c == '"' || (uint8_t)*c >= 0x80) return NOT_PLAIN;
    *value = -1.0;
    return 0;
}

static const double POWERS[] = {1e0,  1e1,  1e2,  1e3,  1e4,  1e5,  1e6,  1e7,  1e8,  1e9,  1e10, 1e11,
                                1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22};

/* A decimal number; exact at once where both mantissa and power of ten are doubles, else by strtod. */
static int number(const char *from, const char *to, double *value) {
    const char *c = from;
    if (c == to) {
        *value = NAN;
        return 0;
    }
    int negative = *c == '-';
    c += negative;
    uint64_t mantissa = 0;
    int digits = 0, any = 0, exponent = 0;
    for (; c < to && *c >= '0' && *c <= '9'; c++, any = 1)
        if (mantissa || *c != '0') mantissa = mantissa * 10 + (uint64_t)(*c - '0'), digits++;
    if (c < to && *c == '.')
        for (c++; c < to && *c >= '0' && *c <= '9'; c++, any = 1, exponent--)
            if (mantissa || *c != '0') mantissa = mantissa * 10 + (uint64_t)(*c - '0'), digits++;
    if (!any) return NOT_PLAIN;
    if (c < to && (*c == 'e' || *c == 'E')) {
        int sign = 1, power = 0;
        c++;
        if (c < to && (*c == '-' || *c == '+')) sign = *c++ == '-' ? -1 : 1;
        if (c == to) return NOT_PLAIN;
        for (; c < to && *c >= '0' && *c <= '9'; c++)
            if (power < 100000) power = power * 10 + (*c - '0');
        exponent += sign * power;
    }
    if (c != to) return NOT_PLAIN;
    if (digits <= 19 && mantissa <= 1ULL << 53 && exponent >= -22 && exponent <= 22) {
        double exact = (double)mantissa;
        exact = exponent < 0 ? exact / POWERS[-exponent] : exact * POWERS[exponent];
        *value = negative ? -exact : exact;
        return 0;
    }
    char *end;
    *value = strtod(from, &end); /* the field ends in a comma, a line end or the body's closing NUL */
    return end == to && isfinite(*value) ? 0 : NOT_PLAIN;
}

/* Rows (n, columns) of a body that ends in a NUL; `order` gives the column of each field. The number of rows,
 * or NOT_PLAIN where Python must read the body. */
int64_t gl_read_csv(const gl_reader *reader, const char *body, int64_t length, const int32_t *order,
                    double *rows, int64_t room) {
    const char *at = body, *stop = body + length;
    int64_t row = 0;
    while (at < stop) {
        if (*at == '\n') {
            at++;
            continue;
        }
        if (*at == '\r' && at + 1 < stop && at[1] == '\n') {
            at += 2;
            continue;
        }
        if (row == room) return NOT_PLAIN;
        double *to = rows + row * reader->columns;
        for (int64_t field = 0; field < reader->columns; field++) {
            const char *end = at;
            while (end < stop && *end != ',' && *end != '\n' && *end != '\r') end++;
            int32_t c = order[field];
            const column *known = reader->column + c;
            if (known->is_category ? category(known, at, end, to + c) : number(at, end, to + c)) return NOT_PLAIN;
            int last = field + 1 == reader->columns;
            if (last ? end < stop && *end == ',' : end == stop || *end != ',') return NOT_PLAIN;
            at = last ? end : end + 1;
        }
        if (at < stop && *at == '\r') at++;
        if (at < stop && *at++ != '\n') return NOT_PLAIN;
        row++;
    }
    return row > 0 ? row : NOT_PLAIN;
}

/* The sums of a body of exactly one plain row; NOT_PLAIN where it is anything else. */
int gl_sum_one(const gl_model *model, const gl_reader *reader, const char *body, int64_t length,
               const int32_t *order, double *sums) {
    double row[MOST_COLUMNS];
    if (reader->columns > MOST_COLUMNS) return NOT_PLAIN;
    if (gl_read_csv(reader, body, length, order, row, 1) != 1) return NOT_PLAIN;
    return gl_predict(model, row, 1, sums);
}
