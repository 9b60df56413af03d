"""Each column gets a type, a role and a reason; what only a person knows is asked."""

import random

import numpy as np
import pytest

from contracts.values import DATE_PARTS, DAY_PARTS
from operations.draft.errors import DraftError
from operations.draft.leaks import _correlation
from tests.unit.operations.draft.tables import HEADER, column_of, planned, rows, saved, text

COUNT = 200
DRAW = random.Random(3)
AMOUNTS = [DRAW.uniform(1, 5_000) for _ in range(COUNT)]


def first(plan):
    return plan.columns[0]


def drafted(tmp_path, values, name="new"):
    plan, config = column_of(name, values, tmp_path)
    return plan, config.dataset.columns[0]


@pytest.mark.parametrize(
    ("values", "type_", "thousands", "unit"),
    [
        ([f"{v:,.2f}" for v in AMOUNTS], "number", ",", ""),
        ([f"${v:,.2f}" for v in AMOUNTS], "number", ",", "$"),
        ([f"{v:.2f} €" for v in AMOUNTS], "number", "", "€"),
        ([f"{v / 50:.1f}%" for v in AMOUNTS], "number", "", "%"),
        ([f"{v:.1f} kg" for v in AMOUNTS], "number", "", "kg"),
        ([f"{v:,.1f}".replace(",", " ") for v in AMOUNTS], "number", " ", ""),
        ([f"{v:,.0f}" for v in AMOUNTS], "integer", ",", ""),
        ([f"{v:.0f}" for v in AMOUNTS], "integer", "", ""),
        ([f"{v:.3e}" for v in AMOUNTS], "number", "", ""),
    ],
)
def test_numbers_are_read_however_people_write_them(tmp_path, values, type_, thousands, unit):
    plan, column = drafted(tmp_path, values)
    assert (column.type, column.grammar.thousands, column.grammar.unit) == (type_, thousands, unit)
    assert first(plan).role.name == "feature"
    read = [column.grammar.number(value) for value in values]
    assert column.minimum <= min(read) <= max(read) <= column.maximum


def test_a_decimal_comma_is_the_file_s(tmp_path):
    table = [(*row[:3], f"{float(row[3]) * 100:,.2f}") for row in rows()]
    swapped = [tuple(v.translate(str.maketrans(",.", ".,")) for v in row) for row in table]
    _, config = planned(saved(tmp_path / "shop.csv", text(swapped, delimiter=";")))
    assert config.dataset.reading.decimal == ","
    assert config.dataset.column("spend").grammar.thousands == "."
    assert config.dataset.column("age").type == "number"


@pytest.mark.parametrize("marker", ["NA", "N/A", "?", "-", "null", "NaN", "None", "nan", "#N/A", "."])
def test_a_marker_of_missing_values_keeps_a_column_of_numbers(tmp_path, marker):
    values = [marker if number % 9 == 0 else f"{v:.1f}" for number, v in enumerate(AMOUNTS)]
    plan, column = drafted(tmp_path, values)
    assert column.type == "number"
    assert column.nullable
    assert column.grammar.read(marker) is None
    assert first(plan).kind.gaps == 23


def test_a_word_that_may_be_a_level_stays_one(tmp_path):
    _, column = drafted(tmp_path, ["None", "mild", "severe", "mild"] * 50)
    assert column.categories == ("None", "mild", "severe")
    assert not column.nullable


def test_stray_values_of_a_column_of_numbers_are_named_by_line(tmp_path):
    values = [f"{v:.1f}" for v in AMOUNTS]
    values[10], values[20] = "about 5", "n.b."
    plan, column = drafted(tmp_path, values)
    assert column.type == "number"
    assert [(s.value, plan.table.place(s.row)) for s in first(plan).kind.strays] == [
        ("about 5", "line 12"),
        ("n.b.", "line 22"),
    ]
    assert plan.bad_rows == 2
    assert plan.tolerance_share >= 0.01


def test_a_stray_word_that_comes_again_is_a_missing_value_of_its_column(tmp_path):
    values = ["unknown" if number % 40 == 0 else f"{v:.1f}" for number, v in enumerate(AMOUNTS)]
    plan, column = drafted(tmp_path, values)
    assert column.grammar.read("unknown") is None
    assert plan.bad_rows == 0


def test_a_number_that_often_marks_a_gap_is_only_asked_about(tmp_path):
    values = ["-999" if number % 10 == 0 else f"{v:.1f}" for number, v in enumerate(AMOUNTS)]
    plan, column = drafted(tmp_path, values)
    assert column.grammar.read("-999") == -999
    assert any("'new' is -999 in 20 rows" in question for question in plan.questions)


@pytest.mark.parametrize(
    ("values", "type_", "order"),
    [
        ([f"2024-{n % 12 + 1:02}-{n % 28 + 1:02}" for n in range(COUNT)], "date", "year-month-day"),
        ([f"{n % 28 + 1:02}.{n % 12 + 1:02}.2024" for n in range(COUNT)], "date", "day-month-year"),
        ([f"{n % 12 + 1}/{n % 28 + 1}/2024" for n in range(COUNT)], "date", "month-day-year"),
        ([f"{n % 28 + 1}/{n % 12 + 1}/2024" for n in range(COUNT)], "date", "day-month-year"),
        ([f"2024-01-{n % 28 + 1:02} {n % 24:02}:15:00" for n in range(COUNT)], "timestamp", "year-month-day"),
        (
            [f"2024-01-{n % 28 + 1:02}T{n % 24:02}:15:00Z" for n in range(COUNT)],
            "timestamp",
            "year-month-day",
        ),
        (
            [f"{n % 28 + 1}/{n % 12 + 1}/2024 {n % 24:02}:15" for n in range(COUNT)],
            "timestamp",
            "day-month-year",
        ),
    ],
)
def test_dates_and_timestamps_keep_their_order(tmp_path, values, type_, order):
    plan, column = drafted(tmp_path, values)
    assert (column.type, column.grammar.date_order) == (type_, order)
    assert plan.times == ["new"]


@pytest.mark.parametrize(("time", "parts"), [("", DAY_PARTS), (" 10:15:00", DATE_PARTS)])
def test_the_parts_of_dates_become_features(tmp_path, time, parts):
    dates = [f"2024-{n % 12 + 1:02}-{n % 28 + 1:02}{time}" for n in range(COUNT)]
    _, config = column_of("new", dates, tmp_path)
    assert [(recipe.column, recipe.parts) for recipe in config.features.dates] == [("new", parts)]


def test_dates_that_could_be_either_are_asked_about(tmp_path):
    plan, _ = drafted(tmp_path, [f"{n % 12 + 1}/{n % 12 + 1}/2024" for n in range(COUNT)])
    assert any("No day of it is past 12" in question for question in plan.questions)


@pytest.mark.parametrize("value", ["Jan 5, 2024", "5-Jan-24", "05.01.24", "5-1-24", "5/1/24"])
def test_dates_in_words_are_left_out_with_a_way_on(tmp_path, value):
    plan, column = drafted(tmp_path, [value, value.replace("5", "6")] * 100)
    assert not column.use
    assert "write dates as 2024-01-31" in first(plan).role.reason


def test_times_of_day_are_left_out_with_a_way_on_and_few_of_them_are_kinds(tmp_path):
    plan, column = drafted(tmp_path, [f"{n // 60:02}:{n % 60:02}" for n in range(COUNT)])
    assert not column.use
    assert "write minutes as a number" in first(plan).role.reason
    _, column = drafted(tmp_path, ["08:00", "16:30"] * (COUNT // 2))
    assert (column.type, column.categories) == ("category", ("08:00", "16:30"))


def test_a_column_of_which_most_are_numbers_is_asked_about(tmp_path):
    plan, column = drafted(tmp_path, [f"{n}.5{'-' if n % 3 == 1 else ''}" for n in range(COUNT)])
    assert column.type != "number"
    assert any("values are numbers, but not '1.5-' in row 2" in question for question in plan.questions)


def test_an_infinite_target_is_set_aside_and_disturbs_no_comparison(tmp_path):
    table = [(*row[:3], "inf" if n == 5 else row[3]) for n, row in enumerate(rows())]
    table = [(row[0], f"{float(row[0]) * 2:.1f}", *row[1:]) for row in table]
    header = ("age", "twice", *HEADER[1:])
    plan, _ = planned(saved(tmp_path / "shop.csv", text(table, header)))
    assert plan.bad_rows == 1


@pytest.mark.parametrize(
    "pair", [("yes", "no"), ("true", "false"), ("T", "F"), ("Y", "N"), ("on", "off"), ("Yes", "NO")]
)
def test_booleans_of_many_spellings(tmp_path, pair):
    assert drafted(tmp_path, list(pair) * 100)[1].type == "boolean"


@pytest.mark.parametrize(
    ("name", "values", "role", "reason"),
    [
        ("order_id", [f"K{n}" for n in range(COUNT)], "identifier", "names each row"),
        ("customer_id", [f"C{n // 4}" for n in range(COUNT)], "group", "4.0 rows each"),
        ("customer_id", [f"{n // 4}.0" for n in range(COUNT)], "group", "4.0 rows each"),
        ("store_id", [f"S{n % 12}" for n in range(COUNT)], "feature", ""),
        ("ticket_id", [f"T{n * 7 // 8}" for n in range(COUNT)], "dropped", "names nearly each row"),
        ("country_code", [f"C{n % 40}" for n in range(COUNT)], "feature", ""),
        ("Unnamed: 0", [str(n) for n in range(COUNT)], "dropped", "numbers the rows"),
        ("place", [str(n + 1) for n in range(COUNT)], "dropped", "numbers the rows"),
        ("token", [f"x{n * 7919 % 1000}" for n in range(COUNT)], "identifier", "another value in every row"),
        ("always", ["7"] * COUNT, "dropped", "the same value in every row"),
        ("never", [""] * COUNT, "dropped", "no value in any row"),
        ("nothing", ["NA"] * COUNT, "dropped", "no value in any row"),
        ("cabin", [f"B{n // 2}" for n in range(150)] + ["C9"] * 50, "feature", ""),
        ("name", [f"word {n} of some length" for n in range(COUNT)], "text", "free text of 5 words"),
        ("zip", [f"0{1000 + n % 7}" for n in range(COUNT)], "feature", ""),
    ],
)
def test_each_column_has_a_role_and_a_reason(tmp_path, name, values, role, reason):
    plan, column = drafted(tmp_path, values, name)
    assert first(plan).role.name == role
    assert reason in first(plan).role.reason
    assert column.use == (role != "dropped")
    assert bool(column.hashing) == (role == "text")


def test_a_key_identifies_rows_and_a_repeated_one_keeps_them_together(tmp_path):
    table = [(f"K{n}", f"C{n // 4}", *row) for n, row in enumerate(rows(COUNT))]
    _, config = planned(saved(tmp_path / "shop.csv", text(table, ("order_id", "customer_id", *HEADER))))
    assert config.dataset.identifiers == ("order_id",)
    assert (config.dataset.split.by, config.dataset.split.group) == ("group", "customer_id")


def test_postal_codes_are_words(tmp_path):
    assert drafted(tmp_path, [f"0{1000 + n % 7}" for n in range(COUNT)], "zip")[1].type == "category"


def test_a_table_of_nothing_but_its_target_is_refused_with_reasons(tmp_path):
    table = [(str(n), "7", f"{v:.1f}") for n, v in enumerate(AMOUNTS)]
    with pytest.raises(
        DraftError, match="no column left to predict from: 'index' numbers the rows; 'always' has"
    ):
        planned(saved(tmp_path / "x.csv", text(table, ("index", "always", "spend"))))


def test_numbers_whose_squares_overflow_are_compared_with_the_target_like_any_other() -> None:
    values = np.linspace(1.0, 9.0, 50)
    assert _correlation(values * 1e300, values * 1e300) == pytest.approx(1.0)
    assert _correlation(values * 1e300, np.resize([1.0, -1.0], 50)) < 0.2


def test_points_in_a_file_of_decimal_commas_are_asked_about(tmp_path):
    table = "age;spend\n" + "".join(f"{n},5;{n}.{n:03d}\n" for n in range(100, 220))
    plan, config = planned(saved(tmp_path / "shop.csv", table))
    assert config.dataset.column("spend").grammar.thousands == "."
    assert any("'100.100' read as thousands" in question for question in plan.questions)


def test_seconds_since_1970_are_asked_about_and_other_counts_are_not(tmp_path):
    table = [(str(1_700_000_000 + 3_600 * n), str(5_000 + n), *row) for n, row in enumerate(rows())]
    plan, _ = planned(saved(tmp_path / "shop.csv", text(table, ("at", "count", *HEADER))))
    assert [q for q in plan.questions if "since 1970" in q and q.startswith("'at'")] == list(plan.questions)


def test_few_texts_of_several_lines_are_text_and_no_categories(tmp_path):
    table = [(("one line\nand more", "two lines\nand more")[n % 2], *row) for n, row in enumerate(rows())]
    quoted = "note," + ",".join(HEADER) + "\n"
    quoted += "".join(f'"{note}",' + ",".join(map(str, row)) + "\n" for note, *row in table)
    _, config = planned(saved(tmp_path / "shop.csv", quoted))
    assert config.dataset.column("note").hashing
