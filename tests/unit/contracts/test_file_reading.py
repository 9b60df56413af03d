import pytest

from contracts.dataset import DatasetContract
from contracts.file_reading import FileReading
from contracts.reading import PipelineConfigError, Table
from contracts.values import Grammar

COLUMNS = [{"name": "price", "type": "number"}, {"name": "size", "type": "number"}]


def contract(columns=COLUMNS, **more):
    document = {"target": "price", "task": "regression", "columns": columns, **more}
    return DatasetContract.read(Table(document, "pipeline.toml", "dataset"))


def test_an_older_file_without_the_table_reads_plain_csv():
    found = contract()
    assert found.reading == FileReading()
    assert all(column.grammar == Grammar(type="number") and column.use for column in found.columns)


def test_what_is_said_of_the_file_holds_for_every_column_and_a_column_may_say_more():
    columns = [
        {"name": "price", "type": "number", "unit": "€", "missing": ["-1"]},
        {"name": "kind", "type": "category"},
    ]
    reading = {"delimiter": ";", "decimal": ",", "thousands": ".", "missing": [" NA "], "encoding": "CP1252"}
    found = contract(columns, reading=reading)
    assert (found.reading.delimiter, found.reading.encoding) == (";", "cp1252")
    assert found.column("price").grammar == Grammar(
        type="number", missing=("NA", "-1"), decimal=",", thousands=".", unit="€"
    )
    assert found.column("kind").grammar == Grammar(type="category", missing=("NA",))


def test_a_column_that_is_of_no_use_is_no_feature():
    found = contract([*COLUMNS, {"name": "note", "type": "text", "use": False}])
    assert [column.name for column in found.feature_columns] == ["size"]


def test_blanks_around_a_category_mean_nothing():
    columns = [*COLUMNS, {"name": "income", "type": "category", "categories": [" <=50K", "\t>50K"]}]
    assert contract(columns).column("income").categories == ("<=50K", ">50K")


@pytest.mark.parametrize(
    ("reading", "reason"),
    [
        ({"delimiter": ";;"}, "dataset.reading.delimiter: ';;' is not one of"),
        ({"encoding": "utf-9"}, "'utf-9' is no encoding of text"),
        ({"encoding": "zlib"}, "'zlib' is no encoding of text"),
        ({"decimal": ",", "thousands": ","}, "',' is the decimal mark already"),
        ({"missing": ["  "]}, "the empty text is missing anyway"),
        ({"skip_lines": -1}, "-1 is outside 0 to 1000"),
        ({"colour": 1}, "colour: is not a known key"),
    ],
)
def test_a_mistake_in_the_table_is_named_with_its_key(reading, reason):
    with pytest.raises(PipelineConfigError) as caught:
        contract(reading=reading)
    assert reason in str(caught.value)


@pytest.mark.parametrize(
    ("column", "reason"),
    [
        ({"type": "category", "unit": "$"}, "only columns of type number or integer have it, not category"),
        ({"type": "number", "unit": "1"}, "'1' could be a part of a number"),
        ({"type": "number", "thousands": "."}, "'.' is the decimal mark already"),
        ({"type": "number", "date_order": "day-month-year"}, "only columns of type date or timestamp"),
        ({"type": "timestamp", "utc_offset": "Berlin"}, "'Berlin' is no offset such as +01:00"),
        ({"type": "category", "categories": ["a\nb"]}, "is not a text of one line"),
    ],
)
def test_a_mistake_of_a_column_is_named_with_its_key(column, reason):
    with pytest.raises(PipelineConfigError) as caught:
        contract([*COLUMNS, {"name": "new", **column}])
    assert reason in str(caught.value)


def test_a_column_named_like_the_pipelines_own_is_refused():
    with pytest.raises(
        PipelineConfigError, match="'greenlight_fold' begins as the pipeline's own columns do"
    ):
        contract([*COLUMNS, {"name": "greenlight_fold", "type": "number"}])


def test_columns_that_differ_in_case_alone_are_refused():
    with pytest.raises(PipelineConfigError, match="'Size' and 'size' differ in case alone"):
        contract(
            [{"name": "price", "type": "number"}, *({"name": n, "type": "number"} for n in ("Size", "size"))]
        )


@pytest.mark.parametrize("kind", ["timestamp", "text", "date", "number"])
def test_a_target_of_no_classes_is_no_classification(kind):
    with pytest.raises(PipelineConfigError, match="classification needs a target of classes"):
        contract([{"name": "price", "type": kind}, COLUMNS[1]], task="classification")
