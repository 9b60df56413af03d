"""A drafted pipeline.toml is valid, takes its own file, and is printed with its reasons."""

import csv
import io
import sys

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from contracts.pipeline_config import PipelineConfig
from operations.draft.__main__ import main
from operations.draft.drafting import PREVIOUS, drafted
from operations.draft.table import table_of
from operations.draft.toml import pipeline_name
from tests.unit.operations.draft.tables import HEADER, planned, rows, saved, text


def run(monkeypatch, tmp_path, *arguments):
    monkeypatch.setattr(
        sys, "argv", ["draft", *map(str, arguments), "--output", str(tmp_path / "pipeline.toml")]
    )
    return main()


def test_the_draft_takes_its_own_file_and_says_what_it_decided(monkeypatch, tmp_path, capsys):
    table = [(f"K{n}", *row) for n, row in enumerate(rows())]
    path = saved(tmp_path / "2026 Sales.csv", text(table, ("order_id", *HEADER)))
    assert run(monkeypatch, tmp_path, path, "spend") == 0
    config = PipelineConfig.load(tmp_path / "pipeline.toml")
    assert (config.name, config.dataset.identifiers) == ("sales", ("order_id",))
    said = capsys.readouterr().out
    assert "120 rows, 5 columns" in said
    assert "names each row" in said
    assert "Ingested with its own draft" in said
    assert f"make rehearse DATA={path}" in said


def test_the_file_that_was_there_is_kept(monkeypatch, tmp_path):
    (tmp_path / "pipeline.toml").write_text("# mine\n")
    path = saved(tmp_path / "shop.csv", text(rows()))
    assert run(monkeypatch, tmp_path, path, "spend") == 0
    assert (tmp_path / PREVIOUS).read_text() == "# mine\n"


def test_what_cannot_be_drafted_leaves_the_file_that_was_there(monkeypatch, tmp_path, capsys):
    (tmp_path / "pipeline.toml").write_text("# mine\n")
    path = saved(tmp_path / "shop.csv", text(rows()))
    assert run(monkeypatch, tmp_path, path, "price") == 2
    assert "no such column" in capsys.readouterr().err
    assert (tmp_path / "pipeline.toml").read_text() == "# mine\n"


def test_a_class_that_the_split_leaves_too_rare_is_set_aside_by_the_trial(tmp_path):
    """Of five rows, the hash may send three to the holdout: found by ingesting, not by counting."""
    for seed in range(40):
        table = [(*row, "rare" if n < 5 else "ab"[n % 2]) for n, row in enumerate(rows(120, seed))]
        path = saved(tmp_path / f"s{seed}.csv", text(table, (*HEADER, "y")))
        with table_of(path) as found:
            plan, _, trial = drafted(found, "y")
        assert not trial.faults
        if plan.answer.rare:
            assert trial.set_aside == 5
            return
    pytest.fail("no split left the class too rare")


@pytest.mark.parametrize(
    ("stem", "name"),
    [
        ("2026 Sales", "sales"),
        ("my-dev-data", "my-data"),
        ("prod", "pipeline"),
        ("Überblick", "berblick"),
        ("a_very_long_name_of_a_table_indeed", "a-very-long-name-of"),
        ("123", "pipeline"),
    ],
)
def test_a_name_is_made_of_the_file_s(stem, name):
    assert pipeline_name(stem) == name


@settings(
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
    deadline=None,
    max_examples=25,
)
@given(
    st.lists(
        st.text(
            st.characters(codec="utf-8", exclude_categories=["Cc", "Cs", "Zs"]), min_size=1, max_size=8
        ).filter(lambda name: not name.startswith("\ufeff") and not name.replace(".", "").isdigit()),
        min_size=2,
        max_size=5,
        unique_by=str.casefold,
    ),
    st.lists(st.floats(-1e9, 1e9), min_size=30, max_size=40, unique=True),
)
def test_any_header_and_any_numbers_give_a_valid_configuration(tmp_path_factory, names, values):
    made = io.StringIO()
    writer = csv.writer(made, lineterminator="\n")
    writer.writerow(names)
    writer.writerows([[repr(value + place) for place in range(len(names))] for value in values])
    path = saved(tmp_path_factory.mktemp("draft") / "any.csv", made.getvalue())
    _, config = planned(path, names[0])
    assert [column.name for column in config.dataset.columns] == names
    for place, column in enumerate(config.dataset.columns):
        if column.use:
            assert column.minimum <= min(values) + place <= max(values) + place <= column.maximum


ALIKE = [
    ("30.5", region, member, spend)
    for region in ("n", "s")
    for member in ("yes", "no")
    for spend in ("1.50", "2.25", "3.75")
] * 20


def test_a_table_of_few_different_rows_is_split_by_their_places(tmp_path):
    with table_of(saved(tmp_path / "shop.csv", text(ALIKE))) as table:
        plan, draft, trial = drafted(table, "spend", "regression")
    assert plan.distinct_rows == 4
    assert not trial.faults
    assert 'by = "position"' in draft
    assert "Only 4 of 240 rows differ in any column but the target" in draft


@pytest.mark.parametrize("name", ["order_id", "index"])
def test_a_column_that_tells_the_rows_apart_leaves_the_split_by_row(tmp_path, name):
    table = [(str(number), *row) for number, row in enumerate(ALIKE, start=1)]
    _, config = planned(saved(tmp_path / "shop.csv", text(table, (name, *HEADER))), task="regression")
    assert config.dataset.split.by == "row"
