"""Names differ by pipeline and stage; a function's environment is written and read by one class."""

import dataclasses
import inspect

import pytest

from contracts import settings
from contracts.names import Names, folder_of
from contracts.training import METRICS, higher_is_better

CLASSES = [
    value
    for _, value in inspect.getmembers(settings, inspect.isclass)
    if issubclass(value, settings.Settings) and value is not settings.Settings
]


def test_no_name_is_shared_between_two_pipelines_or_stages():
    properties = [n for n, v in inspect.getmembers(Names) if isinstance(v, property)]
    housing, wine, prod = Names("housing", "dev"), Names("wine", "dev"), Names("housing", "prod")
    for name in properties:
        assert len({getattr(names, name) for names in (housing, wine, prod)}) == 3, name


def test_a_state_s_folder_is_its_name_in_snake_case():
    assert folder_of("IngestData") == "ingest_data"


@pytest.mark.parametrize("kind", CLASSES, ids=lambda c: c.__name__)
def test_settings_come_back_from_the_environment_they_wrote(kind):
    values = {field.name: f"value of {field.name}" for field in dataclasses.fields(kind)}
    written = kind(**values)
    assert kind.from_environment(written.as_environment()) == written


@pytest.mark.parametrize("kind", CLASSES, ids=lambda c: c.__name__)
def test_an_empty_variable_is_a_gap_and_no_value(kind):
    """A reference that came to nothing must be told before it is used."""
    written = {field.name.upper(): "some" for field in dataclasses.fields(kind)}
    for field in dataclasses.fields(kind):
        environment = {**written, field.name.upper(): ""}
        if field.name in kind.MAY_BE_EMPTY:
            assert getattr(kind.from_environment(environment), field.name) == ""
        else:
            with pytest.raises(settings.MissingSettingError, match=rf"lacks {field.name.upper()}$"):
                kind.from_environment(environment)


@pytest.mark.parametrize("kind", CLASSES, ids=lambda c: c.__name__)
def test_every_gap_in_the_environment_is_named_at_once(kind):
    with pytest.raises(settings.MissingSettingError) as caught:
        kind.from_environment({})
    for field in dataclasses.fields(kind):
        if field.name not in kind.MAY_BE_EMPTY:
            assert field.name.upper() in str(caught.value)


def test_a_metric_s_suffix_carries_its_direction():
    for metrics in METRICS.values():
        for metric in metrics:
            assert higher_is_better(metric) is metric.endswith("_score")
    with pytest.raises(ValueError, match="neither _score nor _error"):
        higher_is_better("rmse")
