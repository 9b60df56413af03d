"""A column of words whose rarest values occur once will have new ones, so the draft lets others come."""

from pathlib import Path

import pytest

from contracts.pipeline_config import PipelineConfig
from contracts.reading import PipelineConfigError
from operations.draft.trial import try_out
from tests.unit.operations.draft.tables import column_of, rows, saved, text

OFTEN = ["Ulm", "Bonn", "Jena"]
COUNT = 150


def towns(*rare: str) -> list[str]:
    return [*rare, *(OFTEN[number % 3] for number in range(COUNT - len(rare)))]


def town(config: PipelineConfig):
    return config.dataset.column("town")


def test_rare_values_are_the_first_of_the_others(tmp_path: Path) -> None:
    plan, config = column_of("town", towns("Lahr", "Calw", "Calw"), tmp_path)
    assert town(config).categories == ("Bonn", "Jena", "Ulm")
    assert town(config).others
    assert next(c for c in plan.columns if c.name == "town").role.name == "feature"


def test_values_that_all_come_again_are_all_that_may_come(tmp_path: Path) -> None:
    _, config = column_of("town", towns("Calw", "Calw"), tmp_path)
    assert town(config).categories == ("Bonn", "Calw", "Jena", "Ulm")
    assert not town(config).others


@pytest.mark.parametrize(("rare", "set_aside"), [(("Lahr",), 0), (("Lahr", "Lahr"), 1)])
def test_a_town_that_nobody_has_seen_is_taken_where_others_may_come(tmp_path: Path, rare, set_aside) -> None:
    _, config = column_of("town", towns(*rare), tmp_path)
    table = [(name, *row) for name, row in zip(towns("Wien"), rows(COUNT, seed=2), strict=True)]
    later = saved(tmp_path / "later.csv", text(table, ("town", "age", "region", "member", "spend")))
    assert try_out(later, config).set_aside == set_aside


def test_words_in_a_target_are_classes_however_rare(tmp_path: Path) -> None:
    from tests.unit.operations.draft.tables import planned

    table = [(name, row[0]) for name, row in zip(towns("Lahr"), rows(COUNT), strict=True)]
    plan, config = planned(saved(tmp_path / "towns.csv", text(table, ("town", "age"))), "town")
    assert not town(config).others
    assert plan.answer.rare == {"Lahr": 1}


@pytest.mark.parametrize(
    ("column", "told"),
    [({"categories": []}, "without categories takes any text"), ({}, "must name all its classes")],
)
def test_others_need_categories_and_are_no_classes(tmp_path: Path, column, told) -> None:
    _, config = column_of("town", towns("Lahr"), tmp_path)
    document = config.as_document()
    dataset = document["dataset"]
    assert isinstance(dataset, dict)
    found = next(c for c in dataset["columns"] if c["name"] == "town")
    found |= column
    if not column:
        dataset |= {"target": "town", "task": "classification"}
    with pytest.raises(PipelineConfigError, match=told):
        PipelineConfig.from_document(document)
