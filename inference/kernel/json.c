/* Reads plain JSON: {"instances": rows}, {"records": rows}, MLflow's {"inputs": rows} and
 * {"dataframe_records": rows}, {"columns": names, "data": rows} or rows alone, a row
 * being a list of values or an object. Whatever is not plain (an escaped text, an unknown or repeated key, a value
 * of another kind, a mistake) it leaves to Python. */
#include "reader.h"

#include <math.h>
#include <string.h>

typedef struct {
    const gl_reader *reader;
    const char *at, *stop;
    int32_t order[MOST_COLUMNS]; /* the column of each position of a list */
} cursor;

static void skip_space(cursor *c) {
    while (c->at < c->stop && (*c->at == ' ' || *c->at == '\n' || *c->at == '\t' || *c->at == '\r')) c->at++;
}

/* Whether the next character is this one, which is then passed. */
static int take(cursor *c, char wanted) {
    skip_space(c);
    if (c->at == c->stop || *c->at != wanted) return 0;
    c->at++;
    return 1;
}

/* A text without escapes or control characters: from, and up to the closing quote. */
static int take_text(cursor *c, const char **from, const char **to) {
    if (!take(c, '"')) return NOT_PLAIN;
    *from = c->at;
    while (c->at < c->stop && *c->at != '"') {
        if (*c->at == '\\' || (uint8_t)*c->at < 0x20) return NOT_PLAIN;
        c->at++;
    }
    if (c->at == c->stop) return NOT_PLAIN;
    *to = c->at++;
    return 0;
}

static int take_null(cursor *c) {
    if (c->stop - c->at < 4 || memcmp(c->at, "null", 4)) return 0;
    c->at += 4;
    return 1;
}

/* JSON is stricter than gl_read_number: a digit first, none after a leading zero, and digits behind a point. */
static int take_number(cursor *c, const gl_reader_column *column, double *value) {
    const char *from = c->at, *to = from;
    while (to < c->stop && ((*to >= '0' && *to <= '9') || *to == '-' || *to == '+' || *to == '.' || *to == 'e' ||
                            *to == 'E'))
        to++;
    const char *digit = from + (from < to && *from == '-');
    if (digit == to || *digit < '0' || *digit > '9') return NOT_PLAIN;
    if (*digit == '0' && digit + 1 < to && digit[1] >= '0' && digit[1] <= '9') return NOT_PLAIN;
    for (const char *p = digit; p < to; p++)
        if (*p == '.' && (p + 1 == to || p[1] < '0' || p[1] > '9')) return NOT_PLAIN;
    c->at = to;
    return gl_read_column(column, from, to, value);
}

static int take_value(cursor *c, int32_t column, double *row) {
    const gl_reader_column *known = c->reader->column + column;
    skip_space(c);
    if (c->at == c->stop) return NOT_PLAIN;
    if (take_null(c)) {
        row[column] = known->is_category ? -2.0 : NAN;
        return 0;
    }
    if (!known->is_category) return take_number(c, known, row + column);
    const char *from, *to;
    if (take_text(c, &from, &to)) return NOT_PLAIN;
    if (from == to) {
        row[column] = -2.0; /* the empty text is missing */
        return 0;
    }
    return gl_read_column(known, from, to, row + column);
}

static int take_list(cursor *c, double *row) {
    for (int64_t i = 0; i < c->reader->columns; i++)
        if ((i && !take(c, ',')) || take_value(c, c->order[i], row)) return NOT_PLAIN;
    return take(c, ']') ? 0 : NOT_PLAIN;
}

static int take_object(cursor *c, double *row) {
    uint8_t seen[MOST_COLUMNS] = {0};
    for (int64_t i = 0; i < c->reader->columns; i++) {
        const char *from, *to;
        if ((i && !take(c, ',')) || take_text(c, &from, &to) || !take(c, ':')) return NOT_PLAIN;
        const gl_word *name = gl_find(&c->reader->names, from, to - from);
        if (!name || seen[(int)name->code]++) return NOT_PLAIN;
        if (take_value(c, (int32_t)name->code, row)) return NOT_PLAIN;
    }
    return take(c, '}') ? 0 : NOT_PLAIN;
}

/* The rows of a list whose bracket has been passed; all of one kind. */
static int64_t take_rows(cursor *c, int objects_too, double *rows, int64_t room) {
    int64_t row = 0;
    int objects = 0;
    do {
        double *to = rows + row * c->reader->columns;
        if (row == room) return NOT_PLAIN;
        int object = take(c, '{');
        if (!object && !take(c, '[')) return NOT_PLAIN;
        if (row && object != objects) return NOT_PLAIN;
        if (object && !objects_too) return NOT_PLAIN;
        objects = object;
        if (object ? take_object(c, to) : take_list(c, to)) return NOT_PLAIN;
        row++;
    } while (take(c, ','));
    return take(c, ']') ? row : NOT_PLAIN;
}

/* {"columns": names: which column each position of a row is, every one once. */
static int take_names(cursor *c) {
    uint8_t seen[MOST_COLUMNS] = {0};
    if (!take(c, '[')) return NOT_PLAIN;
    for (int64_t i = 0; i < c->reader->columns; i++) {
        const char *from, *to;
        if ((i && !take(c, ',')) || take_text(c, &from, &to)) return NOT_PLAIN;
        const gl_word *name = gl_find(&c->reader->names, from, to - from);
        if (!name || seen[(int)name->code]++) return NOT_PLAIN;
        c->order[i] = (int32_t)name->code;
    }
    return take(c, ']') ? 0 : NOT_PLAIN;
}

static int is(const char *from, const char *to, const char *wanted) {
    return (size_t)(to - from) == strlen(wanted) && !memcmp(from, wanted, strlen(wanted));
}

static int64_t take_document(cursor *c, double *rows, int64_t room) {
    const char *from, *to;
    int named = 0;
    if (take(c, '[')) return take_rows(c, 1, rows, room);
    if (!take(c, '{') || take_text(c, &from, &to) || !take(c, ':')) return NOT_PLAIN;
    if (is(from, to, "columns")) {
        named = 1;
        if (take_names(c) || !take(c, ',') || take_text(c, &from, &to) || !take(c, ':')) return NOT_PLAIN;
    }
    int data = is(from, to, "data");
    if (named ? !data
              : !data && !is(from, to, "instances") && !is(from, to, "records") && !is(from, to, "inputs") &&
                    !is(from, to, "dataframe_records"))
        return NOT_PLAIN;
    if (!take(c, '[')) return NOT_PLAIN;
    int64_t found = take_rows(c, !named, rows, room);
    return found > 0 && take(c, '}') ? found : NOT_PLAIN;
}

/* Rows (n, columns) of a body that ends in a NUL; their number, or NOT_PLAIN. */
int64_t gl_read_json(const gl_reader *reader, const char *body, int64_t length, double *rows, int64_t room) {
    if (reader->columns > MOST_COLUMNS) return NOT_PLAIN;
    cursor c = {.reader = reader, .at = body, .stop = body + length};
    for (int32_t i = 0; i < reader->columns; i++) c.order[i] = i;
    int64_t found = take_document(&c, rows, room);
    skip_space(&c);
    return c.at == c.stop ? found : NOT_PLAIN;
}
