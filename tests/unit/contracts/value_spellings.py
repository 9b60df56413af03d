"""Spellings with what they mean, for everyone who reads values: a text is read alike by all, or by none.

`SPELLINGS` are (column, text, number): the number that a model reads, NaN for a missing value, REFUSED for a
text that the column does not take; of a category or text, the bare text itself, or None.
"""

from __future__ import annotations

import math
from typing import Any

REFUSED = object()
MISSING = math.nan
EPOCH_DAYS = 19753.0  # 2024-01-31
MORNING = EPOCH_DAYS * 86400 + 10 * 3600 + 15 * 60  # 10:15 of that day, in UTC

Spelling = tuple[dict[str, Any], str, object]


def _all(column: dict[str, Any], spellings: dict[str, object]) -> list[Spelling]:
    return [(column, text, value) for text, value in spellings.items()]


NUMBER = {"type": "number"}
INTEGER = {"type": "integer"}
BOOLEAN = {"type": "boolean"}
DATE = {"type": "date"}
TIMESTAMP = {"type": "timestamp"}
CATEGORY = {"type": "category", "missing": ["NA", "?"]}

SPELLINGS: list[Spelling] = [
    *_all(
        NUMBER,
        {
            "": MISSING,
            "  \t": MISSING,
            "12": 12.0,
            "-0": -0.0,
            "+5": 5.0,
            "007": 7.0,
            " 2.5\t": 2.5,
            ".5": 0.5,
            "5.": 5.0,
            "1e3": 1000.0,
            "+.5E-3": 0.0005,
            "1e-400": 0.0,
            "9007199254740993": 9007199254740992.0,
            "0.1000000000000000055511151231257827": 0.1,
            **dict.fromkeys(
                ["1e400", "inf", "-Infinity", "nan", "NaN", "NA", "null", "None", "1_000", "1,5", "2,500"],
                REFUSED,
            ),
            **dict.fromkeys(["1 000", "- 5", "++5", "1e", "e5", ".", "-", "0x10", "1f", "true"], REFUSED),
            **dict.fromkeys(
                [
                    "１２",
                    "\u00a0",
                    "\u3000",
                    "1\u00a0",
                    "\u00a01",
                    "1\x0b",
                    "1\x0c",
                    "$1",
                    "5%",
                    "--1",
                    "1.2.3",
                ],
                REFUSED,
            ),
        },
    ),
    *_all(
        {**NUMBER, "missing": ["NA", "-999"]},
        {"NA": MISSING, " NA ": MISSING, "-999.0": MISSING, "na": REFUSED},
    ),
    *_all({**NUMBER, "decimal": ","}, {"2,5": 2.5, "-,5": -0.5, "1": 1.0, "2.5": REFUSED, "1e1,5": REFUSED}),
    *_all(
        {**NUMBER, "thousands": ","},
        {
            "1,234,567.5": 1234567.5,
            "12": 12.0,
            "1234": 1234.0,
            "1,23": REFUSED,
            "1234,567": REFUSED,
            ",5": REFUSED,
        },
    ),
    *_all(
        {**NUMBER, "thousands": ".", "decimal": ","}, {"1.234,5": 1234.5, "1.23": REFUSED, "1.234": 1234.0}
    ),
    *_all(
        {**NUMBER, "thousands": " "},
        {"1 234": 1234.0, "1\u00a0234": 1234.0, "1\u202f234": 1234.0, "1  234": REFUSED},
    ),
    *_all({**NUMBER, "thousands": "'"}, {"1'234": 1234.0, "1\u2019234.5": 1234.5}),
    *_all(
        {**NUMBER, "unit": "$", "thousands": ","},
        {
            "$1,000.00": 1000.0,
            "-$5": -5.0,
            "$-5": -5.0,
            "5 $": 5.0,
            "5": 5.0,
            "-$-5": REFUSED,
            "$": REFUSED,
            "€5": REFUSED,
        },
    ),
    *_all({**NUMBER, "unit": "%"}, {"12.5%": 12.5, "12.5 %": 12.5, "12.5": 12.5, "%%1": REFUSED}),
    *_all({**NUMBER, "unit": "EUR"}, {"1e3 EUR": 1000.0, "EUR 2": 2.0, "2 eur": REFUSED}),
    *_all(
        INTEGER,
        {
            "12": 12.0,
            "12.0": 12.0,
            "1e3": 1000.0,
            "-7": -7.0,
            "": MISSING,
            "9007199254740991": 9007199254740991.0,
            **dict.fromkeys(
                ["2.5", "1e-3", "9007199254740993", "9007199254740992", "1_000", "1e400"], REFUSED
            ),
        },
    ),
    *_all(
        BOOLEAN,
        {
            **dict.fromkeys(
                ["true", "True", "TRUE", "t", "T", "yes", "Yes", "y", "Y", "on", "1", "1.0", " 1 "], 1.0
            ),
            **dict.fromkeys(["false", "False", "f", "no", "NO", "n", "N", "off", "0", "0.0"], 0.0),
            "": MISSING,
            **dict.fromkeys(["2", "-1", "maybe", "tr", "1.5", "yes!", "oui", "1e0"], REFUSED),
        },
    ),
    *_all(
        DATE,
        {
            **dict.fromkeys(
                [
                    "2024-01-31",
                    " 2024-01-31 ",
                    "2024-1-31",
                    "2024/01/31",
                    "2024.01.31",
                    "2024-01-31 00:00:00",
                ],
                EPOCH_DAYS,
            ),
            **dict.fromkeys(["2024-01-31T00:00", "2024-01-31T00:00:00.000000"], EPOCH_DAYS),
            "1970-01-01": 0.0,
            "0001-01-01": -719162.0,
            "9999-12-31": 2932896.0,
            "": MISSING,
            **dict.fromkeys(
                ["20240131", "2024-W05-3", "44-01-31", "epoch", "infinity", "2024-02-30"], REFUSED
            ),
            **dict.fromkeys(
                ["31.01.2024", "2024-13-01", "2024-01", "2024-1/31", "0000-01-01", "10000-01-01"], REFUSED
            ),
            **dict.fromkeys(
                ["2024-01-31 10:00", "2024-01-31Z", "2024-01-31 (BC)", "+2024-01-31", " 024-01-31"], REFUSED
            ),
        },
    ),
    *_all(
        {**DATE, "date_order": "day-month-year"},
        {"31.01.2024": EPOCH_DAYS, "31/1/2024": EPOCH_DAYS, "1/31/2024": REFUSED},
    ),
    *_all(
        {**DATE, "date_order": "month-day-year"},
        {"1/31/2024": EPOCH_DAYS, "31/1/2024": REFUSED, "2024-01-31": REFUSED},
    ),
    *_all(
        TIMESTAMP,
        {
            **dict.fromkeys(
                ["2024-01-31T10:15:00Z", "2024-01-31 10:15", "2024-01-31 10:15:00.000", "2024/1/31 10:15"],
                MORNING,
            ),
            **dict.fromkeys(
                ["2024-01-31T12:15:00+02:00", "2024-01-31 12:15+0200", "2024-01-31 12:15 +02"], MORNING
            ),
            "2024-01-31 9:15 -01:00": MORNING,
            "2024-01-31 10:15:00 UTC": MORNING,
            "2024-01-31T10:15:00.25Z": MORNING + 0.25,
            "2024-01-31T10:15:00.1234567899Z": REFUSED,
            "2024-01-31T10:15:00.123456789Z": MORNING + 0.123456,
            "2024-01-31": EPOCH_DAYS * 86400,
            "1969-12-31T23:59:59.5Z": -0.5,
            "": MISSING,
            **dict.fromkeys(
                ["2024-01-31 24:00:00", "2024-01-31 23:59:60", "2024-01-31T10", "10:15"], REFUSED
            ),
            **dict.fromkeys(["2024-01-31T10:15:30.", "2024-01-31T10:15+99:00", "2024-02-30T10:15Z"], REFUSED),
            **dict.fromkeys(["2024-01-31 10:15 Europe/Berlin", "2024-01-31 10:15 PM", "1706696100"], REFUSED),
            "0001-01-01T00:00:00+14:00": REFUSED,
            "9999-12-31T23:00:00-02:00": REFUSED,
        },
    ),
    *_all({**TIMESTAMP, "utc_offset": "+02:00"}, {"2024-01-31 12:15": MORNING, "2024-01-31 10:15Z": MORNING}),
    *_all({**TIMESTAMP, "date_order": "day-month-year"}, {"31.01.2024 10:15": MORNING}),
    *_all(
        CATEGORY,
        {
            "north": "north",
            " north\t": "north",
            "": None,
            "   ": None,
            "NA": None,
            "?": None,
            "na": "na",
            "ü": "ü",
            "a b": "a b",
            "1.0": "1.0",
            "two\nlines": REFUSED,
            "x" * 1000: "x" * 1000,
            "x" * 1001: REFUSED,
        },
    ),
    *_all(
        {"type": "text"},
        {"two\nlines": "two\nlines", "a\r\nb\rc": "a\nb\nc", " a ": "a", "": None, "x" * 100_001: REFUSED},
    ),
]
