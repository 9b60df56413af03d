/* Numbers and texts as the model reads them. What is not plain is left to Python, which words the mistakes. */
#include "reader.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static uint32_t hash(const char *text, int64_t length) {
    uint32_t h = 2166136261u; /* FNV-1a */
    for (int64_t i = 0; i < length; i++) h = (h ^ (uint8_t)text[i]) * 16777619u;
    return h;
}

const gl_word *gl_find(const gl_words *words, const char *text, int64_t length) {
    for (uint32_t at = hash(text, length) & words->mask; words->slot[at].text; at = (at + 1) & words->mask) {
        const gl_word *found = words->slot + at;
        if (found->length == length && !memcmp(found->text, text, (size_t)length)) return found;
    }
    return NULL;
}

/* The first `numbered` texts get their place as code, the others that of a missing value. */
static int fill(gl_words *to, const char *texts, const int64_t *bounds, int64_t count, int64_t numbered) {
    uint32_t slots = 2;
    while (slots < 2 * (uint64_t)count) slots *= 2;
    to->mask = slots - 1;
    to->slot = calloc(slots, sizeof(gl_word));
    if (!to->slot) return -1;
    for (int64_t i = 0; i < count; i++) {
        const char *text = texts + bounds[i];
        int64_t length = bounds[i + 1] - bounds[i];
        uint32_t at = hash(text, length) & to->mask;
        while (to->slot[at].text) at = (at + 1) & to->mask;
        to->slot[at] = (gl_word){text, (int32_t)length, i < numbered ? (double)i : -2.0};
    }
    return 0;
}

void gl_reader_free(gl_reader *reader) {
    if (!reader) return;
    for (int64_t c = 0; reader->column && c < reader->columns; c++) free(reader->column[c].known.slot);
    free(reader->names.slot);
    free(reader->column);
    free(reader->texts);
    free(reader);
}

/* `counts` holds each column's number of words, -1 for a column of numbers and -2 for one of whole numbers; so many
 * of the words as `numbered` says are categories, the others markers of a missing value. `bounds` says where each
 * word, and after them each column's name, begins in `texts`, and where the last one ends. */
gl_reader *gl_reader_create(int64_t columns, const int64_t *counts, const int64_t *numbered, const char *texts,
                            const int64_t *bounds) {
    gl_reader *reader = calloc(1, sizeof *reader);
    if (!reader) return NULL;
    int64_t first = 0, last = columns;
    for (int64_t c = 0; c < columns; c++) last += counts[c] > 0 ? counts[c] : 0;
    reader->columns = columns;
    reader->column = calloc((size_t)columns, sizeof(gl_reader_column));
    reader->texts = malloc((size_t)bounds[last] + 1);
    int failed = !reader->column || !reader->texts;
    if (!failed) memcpy(reader->texts, texts, (size_t)bounds[last]);
    for (int64_t c = 0; c < columns && !failed; c++) {
        reader->column[c].is_whole = counts[c] == -2;
        if (counts[c] < 0) continue;
        reader->column[c].is_category = 1;
        failed = fill(&reader->column[c].known, reader->texts, bounds + first, counts[c], numbered[c]);
        first += counts[c];
    }
    if (!failed) failed = fill(&reader->names, reader->texts, bounds + first, columns, columns);
    if (failed) {
        gl_reader_free(reader);
        return NULL;
    }
    return reader;
}

static int is_blank(char c) { return c == ' ' || c == '\t'; }

/* The code of a text that is not empty; an unknown one only where it is plain ASCII, and so surely valid UTF-8. */
int gl_read_category(const gl_words *known, const char *from, const char *to, double *value) {
    if (to - from > LONGEST_CATEGORY || is_blank(*from) || is_blank(to[-1])) return NOT_PLAIN;
    const gl_word *found = gl_find(known, from, to - from);
    *value = found ? found->code : -1.0;
    for (const char *c = from; !found && c < to; c++)
        if (*c == 0 || *c == '"' || (uint8_t)*c >= 0x80) return NOT_PLAIN;
    return 0;
}

static const double POWERS[] = {1e0,  1e1,  1e2,  1e3,  1e4,  1e5,  1e6,  1e7,  1e8,  1e9,  1e10, 1e11,
                                1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22};

/* A decimal number; exact at once where both mantissa and power of ten are doubles, else by strtod. What lies
 * at `to` must end a number. */
int gl_read_number(const char *from, const char *to, double *value) {
    const char *c = from;
    int negative = c < to && *c == '-';
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
    *value = strtod(from, &end);
    return end == to && isfinite(*value) ? 0 : NOT_PLAIN;
}

/* The number or code of a text that is not empty. */
int gl_read_column(const gl_reader_column *column, const char *from, const char *to, double *value) {
    if (column->is_category) return gl_read_category(&column->known, from, to, value);
    if (to - from > LONGEST_FIELD || gl_read_number(from, to, value)) return NOT_PLAIN;
    if (column->is_whole && (fabs(*value) > LARGEST_WHOLE || trunc(*value) != *value)) return NOT_PLAIN;
    return 0;
}

/* The sums of a body of exactly one plain row, CSV in column order or JSON; NOT_PLAIN for anything else. */
int gl_sum_one(const gl_model *model, const gl_reader *reader, const char *body, int64_t length,
               const int32_t *order, double *sums) {
    double row[MOST_COLUMNS];
    if (reader->columns > MOST_COLUMNS) return NOT_PLAIN;
    int64_t rows = order ? gl_read_csv(reader, body, length, order, row, 1)
                         : gl_read_json(reader, body, length, row, 1);
    return rows == 1 ? gl_predict(model, row, 1, sums) : NOT_PLAIN;
}
