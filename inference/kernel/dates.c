/* Parts of a date: inference/model/features.py says which and by whose algorithm. */
#include "kernel.h"

#include <math.h>

#define CALENDAR_DAYS 1e8

enum { YEAR, MONTH, DAY, WEEKDAY, DAY_OF_YEAR, HOUR };

static int64_t floor_div(int64_t a, int64_t b) { return a / b - (a % b != 0 && (a < 0)); }

static int64_t part_of_day(int64_t days, int part) {
    if (part == WEEKDAY) return days + 3 - 7 * floor_div(days + 3, 7);
    int64_t shifted = days + 719468, era = floor_div(shifted, 146097), day = shifted - era * 146097;
    int64_t year = (day - day / 1460 + day / 36524 - day / 146096) / 365;
    day -= 365 * year + year / 4 - year / 100;
    int64_t month = (5 * day + 2) / 153, number = month < 10 ? month + 3 : month - 9;
    int64_t of_month = day - (153 * month + 2) / 5 + 1;
    year += era * 400 + (number <= 2);
    if (part == YEAR) return year;
    if (part == MONTH) return number;
    if (part == DAY) return of_month;
    int leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    return number <= 2 ? day - 306 : day + 59 + leap;
}

void gl_date_parts(const double *from, double *to, int count, int part, double units_per_day) {
    for (int r = 0; r < count; r++) {
        double days = floor(from[r] / units_per_day);
        if (!(fabs(days) < CALENDAR_DAYS))
            to[r] = NAN;
        else if (part == HOUR)
            to[r] = floor((from[r] - days * units_per_day) * 24 / units_per_day);
        else
            to[r] = (double)part_of_day((int64_t)days, part);
    }
}
