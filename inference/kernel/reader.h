/* What the readers of CSV and JSON share: numbers, categories, and the names of columns. */
#ifndef GREENLIGHT_READER_H
#define GREENLIGHT_READER_H

#include "kernel.h"

#define NOT_PLAIN (-1)
#define LONGEST_FIELD 100000
#define LONGEST_CATEGORY 1000
#define LARGEST_WHOLE 9007199254740991.0
#define MOST_COLUMNS 1024

typedef struct {
    const char *text;
    int32_t length;
    double code;
} gl_word;

/* Texts by hash; `mask` is the number of slots - 1, a power of two at most half full. */
typedef struct {
    uint32_t mask;
    gl_word *slot;
} gl_words;

typedef struct {
    int is_category, is_whole;
    gl_words known;
} gl_reader_column;

typedef struct gl_reader {
    int64_t columns;
    gl_reader_column *column;
    gl_words names;
    char *texts;
} gl_reader;

const gl_word *gl_find(const gl_words *words, const char *text, int64_t length);
int gl_read_number(const char *from, const char *to, double *value);
int gl_read_column(const gl_reader_column *column, const char *from, const char *to, double *value);
int gl_read_category(const gl_words *known, const char *from, const char *to, double *value);
int64_t gl_read_csv(const gl_reader *reader, const char *body, int64_t length, const int32_t *order,
                    double *rows, int64_t room);
int64_t gl_read_json(const gl_reader *reader, const char *body, int64_t length, double *rows, int64_t room);

#endif
