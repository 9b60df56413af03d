"""Every kind of file that people bring is taken by its own draft, or refused with a way on.

The inputs are those of the kinds list in docs/how-to/own-data.md, written here row by row.
"""

from __future__ import annotations

import gzip
import random
from collections.abc import Callable

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from operations.draft.drafting import drafted
from operations.draft.errors import DraftError
from operations.draft.table import table_of
from tests.unit.operations.draft.tables import HEADER, rows, saved, text

COUNT = 150
TABLE = rows(COUNT)
DRAW = random.Random(11)


def with_column(name: str, value: Callable[[int], str], where: int = 0) -> str:
    """The usual table with one more column; texts with commas or line ends are quoted."""
    header, table = list(HEADER), [list(row) for row in TABLE]
    header.insert(where, name)
    for number, row in enumerate(table):
        made = value(number)
        row.insert(where, f'"{made}"' if set(made) & set(',\n"') else made)
    return text(table, header)


def spend(change: Callable[[str], str]) -> str:
    table = [(*row[:3], change(row[3])) for row in TABLE]
    return text([(*row[:3], f'"{row[3]}"' if "," in row[3] else row[3]) for row in table])


PLAIN = text(TABLE)
SWAP = str.maketrans(",.", ".,")
GERMAN = text(
    [(row[0].replace(".", ","), *row[1:3], f"{float(row[3]) * 30:,.2f}".translate(SWAP)) for row in TABLE],
    delimiter=";",
)
TAKEN: dict[str, str | bytes] = {
    "plain": PLAIN,
    "semicolon": text(TABLE, delimiter=";"),
    "tab": text(TABLE, delimiter="\t"),
    "pipe": text(TABLE, delimiter="|"),
    "semicolon and decimal comma": text(TABLE, delimiter=";", decimal=","),
    "decimal comma and points between thousands": GERMAN,
    "decimal comma in quotes": spend(lambda value: value.replace(".", ",")).replace("spend", "spend"),
    "byte order mark": PLAIN.encode("utf-8-sig"),
    "UTF-16": PLAIN.encode("utf-16"),
    "UTF-16 without a mark": PLAIN.encode("utf-16-le"),
    "latin-1": PLAIN.replace("north", "nörd").encode("latin-1"),
    "cp1252": PLAIN.replace("north", "“nörd”").encode("cp1252"),
    "CRLF": PLAIN.replace("\n", "\r\n"),
    "no line end at the end": PLAIN.rstrip("\n"),
    "blank lines": PLAIN.replace("\n", "\n\n", 3),
    "gzip": gzip.compress(PLAIN.encode()),
    "sep=": "sep=;\n" + text(TABLE, delimiter=";"),
    "title": "Sales report\n\n" + PLAIN,
    "titles with delimiters": "Report,,,\nmade on,2024-01-01,,\n" + PLAIN,
    "index of pandas": text([(str(n), *row) for n, row in enumerate(TABLE)], ("", *HEADER)),
    "index of pandas with a name": with_column("Unnamed: 0", str),
    "index of R": text([(f'"{n + 1}"', *row) for n, row in enumerate(TABLE)]),
    "trailing delimiters": text([(*row, "") for row in TABLE], (*HEADER, "")),
    "trailing delimiters in the rows": text([(*row, "") for row in TABLE]),
    "blanks around names and values": text(
        [tuple(f" {value} " for value in row) for row in TABLE], tuple(f" {name} " for name in HEADER)
    ),
    "quoted everything": text(
        [tuple(f'"{value}"' for value in row) for row in TABLE], tuple(f'"{name}"' for name in HEADER)
    ),
    "NA": with_column("n", lambda n: "NA" if n % 9 == 0 else f"{n / 7:.2f}"),
    "question marks": with_column("n", lambda n: "?" if n % 9 == 0 else str(n * 3)),
    "dashes": with_column("n", lambda n: "-" if n % 9 == 0 else f"{n / 7:.2f}"),
    "several markers": with_column("n", lambda n: ["N/A", "null", "nan", "None", "", f"{n / 7:.2f}"][n % 6]),
    "missing categories": with_column("c", lambda n: ["NA", "", "red", "blue", "green"][n % 5]),
    "stray words among numbers": with_column("n", lambda n: "oops" if n == 31 else f"{n / 7:.2f}"),
    "thousands in the target": spend(lambda value: f"{float(value) * 100:,.2f}"),
    "money in the target": spend(lambda value: f"${float(value) * 100:,.2f}"),
    "money": with_column("price", lambda n: f"${n * 997:,.2f}"),
    "euros": with_column("price", lambda n: f"{n * 1.5:.2f} €"),
    "percent": with_column("rate", lambda n: f"{n * 37 % 101}.5%"),
    "gaps in the target": text([(*row[:3], "" if n % 8 == 0 else row[3]) for n, row in enumerate(TABLE)]),
    "NA in the target": text([(*row[:3], "NA" if n % 8 == 0 else row[3]) for n, row in enumerate(TABLE)]),
    "constant and empty columns": with_column("always", lambda _: "7")
    .replace("\n", ",\n")
    .replace("spend,\n", "spend,never\n"),
    "dates": with_column("day", lambda n: f"2024-{n % 12 + 1:02}-{n % 28 + 1:02}"),
    "dates with slashes": with_column("day", lambda n: f"{n % 28 + 1:02}/{n % 12 + 1:02}/2024"),
    "dates with points": with_column("day", lambda n: f"{n % 28 + 1:02}.{n % 12 + 1:02}.2024"),
    "American dates": with_column("day", lambda n: f"{n % 12 + 1}/{n % 28 + 1}/2024"),
    "dates in words": with_column("day", lambda n: f"Jan {n % 28 + 1}, 2024"),
    "timestamps": with_column("at", lambda n: f"2024-01-{n % 28 + 1:02} {n % 24:02}:15:00"),
    "timestamps with a zone": with_column(
        "at", lambda n: f"2024-01-{n % 28 + 1:02}T{n % 24:02}:15:00.5+02:00"
    ),
    "timestamps, each its own": with_column(
        "at", lambda n: f"2024-{n // 28 % 12 + 1:02}-{n % 28 + 1:02} 10:00"
    ),
    "dates with gaps": with_column("day", lambda n: "" if n % 5 == 0 else f"2024-01-{n % 28 + 1:02}"),
    "years": with_column("year", lambda n: str(1990 + n % 30)),
    "ids": with_column("order_id", lambda n: f"K{n:05}"),
    "ids of numbers": with_column("id", lambda n: str(n * 7 + 1000)),
    "ids that repeat": with_column("customer_id", lambda n: f"C{n // 4}"),
    "free text": with_column("note", lambda n: f"the parcel {n}, it came late\nand wet"),
    "names": with_column("name", lambda n: f"Person{n % 97}"),
    "many categories": with_column("city", lambda n: f"City {n * n % 61}"),
    "postal codes": with_column("zip", lambda n: f"0{1000 + n % 9}"),
    "booleans": with_column("b", lambda n: ["TRUE", "FALSE"][n % 2]),
    "booleans with gaps": with_column("b", lambda n: ["Y", "N", ""][n % 3]),
    "large numbers": with_column("n", lambda n: str(12345678901234567890 + n)),
    "scientific numbers": with_column("n", lambda n: f"{n * 1.7e-12:.3e}"),
    "negative numbers": with_column("n", lambda n: str(75 - n)),
    "infinite numbers": with_column("n", lambda n: "inf" if n == 3 else f"{n / 3:.3f}"),
    "sixty rows": text(rows(60)),
    "names in other letters": text(TABLE, ("возраст", "地域", "membre é", "spend")),
    "names with quotes": text(TABLE, ('"a ""b"""', "it's", "x;y", "spend")),
    "repeated rows": text([TABLE[n % 40] for n in range(COUNT)]),
}
CLASSES: dict[str, Callable[[int], str]] = {
    "float binary": lambda n: ["0.0", "1.0"][n % 2],
    "0 and 1": lambda n: str(n % 2),
    "words": lambda n: ["setosa", "versicolor", "virginica"][n % 3],
    "yes and no": lambda n: ["Yes", "No"][n % 2],
    "True and False": lambda n: ["True", "False"][n % 2],
    "ratings to 5": lambda n: str(n % 5 + 1),
    "ratings to 20": lambda n: str(n % 20 + 1),
    "a rare class": lambda n: "rare" if n < 2 else "ab"[n % 2],
    "rare classes of numbers": lambda n: "9" if n < 3 else str(n % 3),
    "imbalance": lambda n: "1" if n % 12 == 0 else "0",
    "gaps": lambda n: "" if n % 7 == 0 else "ab"[n % 2],
    "a class called None": lambda n: ["None", "mild", "severe"][n % 3],
    "ranges": lambda n: ["<10", "10-20", ">20"][n % 3],
    "classes with blanks": lambda n: [" a", "b "][n % 2],
}


def taken(path, target):
    with table_of(path) as table:
        plan, _, trial = drafted(table, target)
    assert trial.faults == ()
    assert trial.rows == trial.train_rows + trial.holdout_rows + trial.set_aside
    return plan, trial


@pytest.mark.parametrize("kind", TAKEN)
def test_its_own_draft_takes_the_file(tmp_path, kind):
    content = TAKEN[kind]
    suffix = ".csv.gz" if kind == "gzip" else ".csv"
    plan, trial = taken(saved(tmp_path / f"shop{suffix}", content), "spend")
    assert trial.set_aside == plan.bad_rows
    assert plan.answer.task == "regression"
    assert trial.rows == (60 if kind == "sixty rows" else COUNT)


@pytest.mark.parametrize("kind", CLASSES)
def test_its_own_draft_takes_each_kind_of_class(tmp_path, kind):
    content = with_column("y", CLASSES[kind], where=4)
    plan, trial = taken(saved(tmp_path / "shop.csv", content), "y")
    assert trial.set_aside == plan.bad_rows
    assert plan.answer.task == ("regression" if kind == "ratings to 20" else "classification")


def test_its_own_draft_takes_a_parquet_file(tmp_path):
    columns = list(zip(*TABLE, strict=True))
    table = {
        "age": pa.array([float(v) for v in columns[0]]),
        "region": pa.array(columns[1]).dictionary_encode(),
        "member": pa.array([v == "yes" for v in columns[2]]),
        "day": pa.array([n * 86_400_000 for n in range(COUNT)], pa.timestamp("ms")),
        "spend": pa.array([float(v) for v in columns[3]]),
    }
    pq.write_table(pa.table(table), tmp_path / "shop.parquet")
    plan, trial = taken(tmp_path / "shop.parquet", "spend")
    assert [column.kind.type for column in plan.columns[:3]] == ["number", "category", "boolean"]
    assert trial.rows == COUNT


def test_its_own_draft_takes_more_columns_than_rows(tmp_path):
    names = [f"gene_{number}" for number in range(600)]
    table = [[f"{DRAW.gauss(0, 1):.4f}" for _ in names] + ["abcd"[n % 4]] for n in range(63)]
    plan, trial = taken(saved(tmp_path / "wide.csv", text(table, [*names, "kind"])), "kind")
    assert (plan.answer.task, trial.rows) == ("classification", 63)


REFUSED: dict[str, tuple[str | bytes, str]] = {
    "names that differ in case": (
        text(TABLE, ("Age", "age", "member", "spend")),
        "line 1 .*rename all but one",
    ),
    "one name twice": (text(TABLE, ("age", "age", "member", "spend")), "line 1 .*rename all but one"),
    "no name": (text(TABLE, ("age", "", "member", "spend")), "line 1 gives column 2 no name; write one"),
    "one column": ("spend\n1\n2\n", "has one column"),
    "a spreadsheet": (b"PK\x03\x04" + b"\0" * 90, "save the sheet as CSV"),
    "accounting": (spend(lambda value: f"({float(value):.2f})"), "line 2 has .*"),
    "a unit in front of words": (spend(lambda value: f"about {value} or so"), "line 2 has 'about"),
    "two decimal marks": (
        spend(lambda value: value if value[-1] in "02468" else value.replace(".", ",")),
        "line .* has",
    ),
}


@pytest.mark.parametrize("kind", REFUSED)
def test_what_the_pipeline_cannot_read_is_refused_at_the_draft(tmp_path, kind):
    content, message = REFUSED[kind]
    with pytest.raises(DraftError, match=message), table_of(saved(tmp_path / "shop.csv", content)) as table:
        drafted(table, "spend")
