"""The target is a class or a number; which one is asked where only a person knows; gaps and rare classes are
set aside, with their rows counted."""

import random

import pytest

from operations.draft import settings
from operations.draft.errors import DraftError
from tests.unit.operations.draft.tables import HEADER, planned, rows, saved, text

COUNT = 240


def of(tmp_path, values, task=""):
    table = [(*row, value) for row, value in zip(rows(len(values)), values, strict=True)]
    quoted = [tuple(f'"{value}"' if "," in value else value for value in row) for row in table]
    return planned(saved(tmp_path / "shop.csv", text(quoted, (*HEADER, "y"))), "y", task)


@pytest.mark.parametrize(
    ("values", "type_", "classes"),
    [
        (["0.0", "1.0"], "integer", ()),
        (["0", "1"], "integer", ()),
        (["yes", "no"], "category", ("no", "yes")),
        (["benign", "malignant"], "category", ("benign", "malignant")),
        (["None", "mild", "severe"], "category", ("None", "mild", "severe")),
        (["1", "2", "3"], "integer", ()),
        (["1.5", "2.5"], "category", ("1.5", "2.5")),
        (["Yes", "NO", "no"], "boolean", ()),
    ],
)
def test_few_values_are_classes(tmp_path, values, type_, classes):
    _, config = of(tmp_path, (values * COUNT)[:COUNT])
    target = config.dataset.column("y")
    assert (config.dataset.task, target.type, target.categories) == ("classification", type_, classes)


def test_many_values_are_numbers(tmp_path):
    plan, config = of(tmp_path, [str(n % 97) for n in range(COUNT)])
    assert config.dataset.task == "regression"
    assert not plan.questions


@pytest.mark.parametrize(("levels", "drafted"), [(5, "classification"), (20, "regression")])
def test_ratings_are_asked_about_and_the_answer_is_heard(tmp_path, levels, drafted):
    values = [str(n % levels + 1) for n in range(COUNT)]
    plan, config = of(tmp_path, values)
    other = {"classification": "regression", "regression": "classification"}[drafted]
    assert config.dataset.task == drafted
    assert any(
        f"'y' has {levels} whole values, 1 to {levels}" in q and f"TASK={other}" in q for q in plan.questions
    )
    plan, config = of(tmp_path, values, other)
    assert config.dataset.task == other
    assert not plan.questions


def test_gaps_in_the_target_are_tolerated_as_rows_set_aside(tmp_path):
    values = ["" if n % 10 == 0 else "NA" if n % 10 == 1 else f"{n * 1.37:.2f}" for n in range(COUNT)]
    plan, config = of(tmp_path, values)
    assert plan.bad_rows == 48
    assert not config.dataset.column("y").nullable
    assert config.dataset.bad_row_tolerance_share > 48 / COUNT


def test_a_class_too_rare_to_be_judged_is_set_aside_and_named(tmp_path):
    values = ["a", "b"] * (COUNT // 2 - 1) + ["c", "c"]
    plan, config = of(tmp_path, values)
    assert plan.answer.rare == {"c": 2}
    assert config.dataset.column("y").categories == ("a", "b")
    assert plan.bad_rows == 2


@pytest.mark.parametrize(
    ("values", "message"),
    [
        (["a"] * (COUNT - 2) + ["b"] * 2, r"'b' has 2 rows: too few rows"),
        (["7"] * COUNT, "is '7' in every row that has a value; there is nothing to learn"),
        (["1", "2", "3"], "has 3 rows; 10 are needed at least"),
        ([""] * 200 + ["1", "2"] * 20, "200 of 240 rows have no value"),
        ([f"2024-01-{n % 28 + 1:02}" for n in range(COUNT)], "is a date"),
        (
            [f"about {n} or so" for n in range(COUNT)],
            "240 different texts in 240 rows .line 2 has 'about 0 or so'",
        ),
        ([f"({n}.0)" for n in range(COUNT)], "line 2 has"),
        ([f"{n}.0" if n % 2 else f"{n},0" for n in range(COUNT)], "written in several ways.*line . has"),
    ],
)
def test_what_cannot_be_learned_is_refused_with_its_line(tmp_path, values, message):
    with pytest.raises(DraftError, match=message):
        of(tmp_path, values)


def test_a_target_that_is_not_there_is_answered_with_the_columns(tmp_path):
    path = saved(tmp_path / "shop.csv", text(rows()))
    with pytest.raises(DraftError, match="no such column; did you mean 'spend'"):
        planned(path, "Spend")
    with pytest.raises(DraftError, match="there are age, region, member, spend"):
        planned(path, "price")


def test_a_table_without_a_header_is_told_to_get_one(tmp_path):
    for row in ("5.1,3.5,1.4,setosa", "setosa,north,5.1,3.5"):
        path = saved(tmp_path / "iris.data", f"{row}\n" + f"{row.replace('5.1', '4.9')}\n" * 40)
        with pytest.raises(DraftError, match="write a line of names above it"):
            planned(path, "species")


def test_classes_of_words_cannot_be_a_regression(tmp_path):
    with pytest.raises(DraftError, match="TASK=regression needs numbers"):
        of(tmp_path, ["a", "b"] * 120, "regression")


def test_a_task_that_is_none_is_refused_by_its_name(tmp_path):
    with pytest.raises(DraftError, match="TASK=ranking: is neither regression nor classification"):
        of(tmp_path, ["a", "b"] * 120, "ranking")


def leaks(tmp_path, more, target):
    names = [*more, "y"]
    table = list(zip(*[more[name] for name in more], target, strict=True))
    plan, _ = planned(saved(tmp_path / "x.csv", text([tuple(map(str, row)) for row in table], names)), "y")
    return [leak.columns for leak in plan.leaks]


def test_a_column_or_a_sum_or_difference_of_two_that_is_the_target_is_suspected(tmp_path):
    draw = random.Random(5)
    a, b, c = ([draw.randint(0, 900) for _ in range(COUNT)] for _ in range(3))
    noise = [draw.random() for _ in range(COUNT)]
    total = [x + y for x, y in zip(a, b, strict=True)]
    assert leaks(tmp_path, {"casual": a, "registered": b, "noise": noise}, total) == [
        ("casual", "registered")
    ]
    assert leaks(tmp_path, {"gross": a, "tax": b, "c": c}, [x - y for x, y in zip(a, b, strict=True)]) == [
        ("gross", "tax")
    ]
    assert leaks(tmp_path, {"squared": [x * x for x in a], "c": c}, a) == [("squared",)]
    assert leaks(tmp_path, {"a": a, "b": b, "c": c}, noise) == []


def test_a_column_that_tells_the_classes_apart_by_itself_is_suspected(tmp_path):
    draw = random.Random(6)
    y = [draw.choice("ab") for _ in range(COUNT)]
    score = [draw.random() + (label == "b") for label in y]
    code = [{"a": "left", "b": draw.choice(("right", "up"))}[label] for label in y]
    noise = [draw.random() for _ in y]
    assert leaks(tmp_path, {"score": score, "code": code, "noise": noise}, y) == [("score",), ("code",)]


def test_a_suspected_leak_stands_in_the_gate_s_table_with_the_key_that_refuses_it(tmp_path):
    draw = random.Random(3)
    a, b = ([draw.randint(0, 500) for _ in range(200)] for _ in range(2))
    both = [x + y for x, y in zip(a, b, strict=True)]

    def gate(*columns):
        table = [tuple(map(str, row)) for row in zip(*columns, strict=True)]
        plan, _ = planned(saved(tmp_path / "x.csv", text(table, ["a", "b", "c"][: len(columns)])), "a")
        return "\n".join(settings.gate(plan))

    assert "# refuse_leaks = true" in gate(both, a, b)
    assert "refuse_leaks" not in gate(a, b)
