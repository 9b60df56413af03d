"""A drafted pipeline.toml is valid and says what it was made from; what cannot be drafted is told why."""

import csv
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.draft.reading import DraftError, look_at
from contracts.draft.toml import draft
from contracts.pipeline_config import PipelineConfig


def drafted(tmp_path, text, target):
    path = tmp_path / "2026 Sales.csv"
    path.write_text(text)
    output = tmp_path / "pipeline.toml"
    output.write_text(draft(look_at(path), target, path.stem))
    return PipelineConfig.load(output)


ROWS = "".join(
    f"{i},{i % 7},{i / 3},{'north' if i % 2 else 'south'},{'true' if i % 3 else 'false'}\n" for i in range(60)
)
TEXT = "order_id,visits,price,region,returned\n" + ROWS


def test_types_keys_slices_and_task_are_guessed(tmp_path):
    config = drafted(tmp_path, TEXT, "price")
    assert config.name == "sales"
    assert config.dataset.task == "regression"
    assert config.dataset.identifiers == ("order_id",)
    assert config.dataset.slices == ("region", "returned")
    assert [c.type for c in config.dataset.columns] == ["integer", "integer", "number", "category", "boolean"]
    assert config.dataset.column("region").categories == ("north", "south")


@pytest.mark.parametrize("target", ["region", "returned", "visits"])
def test_a_target_of_few_values_makes_a_classification(tmp_path, target):
    assert drafted(tmp_path, TEXT, target).dataset.task == "classification"


def test_a_missing_value_makes_a_column_nullable(tmp_path):
    assert drafted(tmp_path, TEXT + "60,,1,north,true\n", "price").dataset.column("visits").nullable


@pytest.mark.parametrize(
    ("text", "target", "message"),
    [
        ("", "a", "is empty"),
        ("a,b\n", "a", "no rows"),
        ("a;b\n1;2\n", "a", "separated by commas"),
        ("a,a\n1,2\n", "a", "twice"),
        ("a,b\n1\n", "a", "line 2 has 1 values, the header 2"),
        ("a,b\n1,2\n2,2\n", "c", "no such column; there are a, b"),
        ("a,b\n1,2\n2,2\n", "b", "nothing to learn"),
        ("a,b\n1,\n2,2\n3,4\n", "b", "1 of 3 rows have no value"),
        ("a,b\n1,2020-01-01\n2,2020-01-02\n", "b", "is a date"),
    ],
)
def test_what_cannot_be_drafted_is_told_why(tmp_path, text, target, message):
    with pytest.raises(DraftError, match=message):
        drafted(tmp_path, text, target)


@given(
    st.lists(
        st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Cs"]), min_size=1, max_size=8).filter(
            lambda name: name.strip() and not name.startswith("\ufeff")
        ),
        min_size=2,
        max_size=5,
        unique_by=str.casefold,
    ),
    st.lists(st.floats(-1e9, 1e9), min_size=3, max_size=20, unique=True),
)
def test_any_header_and_any_numbers_give_a_valid_configuration(tmp_path_factory, names, values):
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(names)
    writer.writerows([[value] * len(names) for value in values])
    config = drafted(tmp_path_factory.mktemp("draft"), text.getvalue(), names[0])
    assert [column.name for column in config.dataset.columns] == names
    for column in config.dataset.columns:
        assert column.minimum <= min(values) <= max(values) <= column.maximum
