/* Reads plain CSV: numbers, and categories without quotes. Whatever is not plain it leaves to Python. */
#include "reader.h"

#include <math.h>
#include <string.h>

#define MOST_EMPTY_LINES 1000 /* beyond one a row; inference/formats/limits.py has the same */

static int read_field(const gl_reader_column *column, const char *from, const char *to, double *value) {
    if (from == to) {
        *value = column->is_category ? -2.0 : NAN;
        return 0;
    }
    const char *first = from;
    while (first < to && (*first == ' ' || *first == '\t')) first++;
    return first < to && *first == '"' ? NOT_PLAIN : gl_read_column(column, from, to, value);
}

/* Rows (n, columns) of a body that ends in a NUL; `order` gives the column of each field. The number of rows,
 * or NOT_PLAIN. */
int64_t gl_read_csv(const gl_reader *reader, const char *body, int64_t length, const int32_t *order,
                    double *rows, int64_t room) {
    const char *at = body, *stop = body + length;
    int64_t row = 0, empty = 0;
    if (memchr(body, 0, (size_t)length)) return NOT_PLAIN;
    if (length >= 3 && !memcmp(body, "\xef\xbb\xbf", 3)) return NOT_PLAIN; /* a byte order mark */
    while (at < stop) {
        int line_end = *at == '\n' ? 1 : *at == '\r' && at + 1 < stop && at[1] == '\n' ? 2 : 0;
        if (line_end) {
            at += line_end;
            if (++empty > MOST_EMPTY_LINES + row) return NOT_PLAIN;
            continue;
        }
        if (row == room) return NOT_PLAIN;
        double *to = rows + row * reader->columns;
        for (int64_t field = 0; field < reader->columns; field++) {
            const char *end = at;
            while (end < stop && *end != ',' && *end != '\n' && *end != '\r') end++;
            if (read_field(reader->column + order[field], at, end, to + order[field])) return NOT_PLAIN;
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
