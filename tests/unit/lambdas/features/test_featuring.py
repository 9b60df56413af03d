"""Accepted events in the feature store, the embedded one."""

from __future__ import annotations

import io

import pyarrow.parquet as pq
import pytest

from contracts.feature_groups import Aggregate, FeatureGroup
from lambdas.accept_records import featuring
from lambdas.aws import clients, feature_store
from lambdas.features.windows import Event
from tests.unit.lambdas.features.store import LocalStore
from tests.unit.lambdas.test_accept_records import CONFIG, NOW

NAME = "housing-dev-houses-v1"
GROUP = FeatureGroup(
    name="houses",
    entity="house",
    features=("ocean_proximity",),
    aggregates=(Aggregate(name="income_mean", function="mean", column="median_income", window_seconds=3600),),
)


@pytest.fixture
def store(monkeypatch, tmp_path) -> LocalStore:
    found = LocalStore(tmp_path, NOW)
    found.make(NAME, GROUP, CONFIG.dataset)
    monkeypatch.setitem(clients.MADE, "sagemaker-featurestore-runtime", found)
    return found


def event(entity: str, second: float, income: float, near: str = "INLAND") -> Event:
    values = {"ocean_proximity": near, "median_income": income}
    return Event(entity=entity, moment_us=round((NOW + second) * 1e6), values=values)


def write(*events: Event) -> featuring.Written:
    return featuring.write([(NAME, GROUP)], [events])


def mean_of(entity: str) -> float:
    return float(feature_store.read({NAME: [entity]})[NAME, entity]["income_mean"])


def test_online_is_the_last_of_each_entity_and_offline_is_every_event(store) -> None:
    assert write(event("a", -20, 1.0), event("b", -10, 5.0), event("a", 0, 3.0, "ISLAND")).records == 2
    record = feature_store.read({NAME: ["a"]})[NAME, "a"]
    assert (record["ocean_proximity"], record["income_mean"]) == ("ISLAND", "2.0")
    files = [pq.read_table(io.BytesIO(body)).to_pylist() for body in store.flush().values()]
    rows = sorted((row["house"], row["median_income"]) for rows in files for row in rows)
    assert rows == [("a", 1.0), ("a", 3.0), ("b", 5.0)]


def test_a_late_event_reaches_the_aggregates_of_the_online_record(store) -> None:
    write(event("a", 0, 3.0, "ISLAND"))
    write(event("a", -60, 1.0))
    record = feature_store.read({NAME: ["a"]})[NAME, "a"]
    assert (record["ocean_proximity"], record["income_mean"]) == ("ISLAND", "2.0")


def test_what_comes_again_is_written_nowhere(store) -> None:
    write(event("a", 0, 3.0))
    assert write(event("a", 0, 9.0)) == featuring.Written()
    assert mean_of("a") == 3.0


def test_what_failed_can_be_begun_again(store) -> None:
    store.fails = 1
    with pytest.raises(feature_store.FeatureStoreError, match="try again"):
        write(event("a", 0, 3.0))
    write(event("a", 0, 3.0))
    assert mean_of("a") == 3.0


def test_an_entity_that_was_deleted_begins_anew(store) -> None:
    write(event("a", -60, 1.0))
    store.delete_record(FeatureGroupName=NAME, RecordIdentifierValueAsString="a", EventTime=str(NOW - 30))
    write(event("a", 0, 3.0))
    assert mean_of("a") == 3.0


def test_many_entities_are_read_and_written_in_pieces(store) -> None:
    write(*(event(str(number), 0, float(number)) for number in range(130)))
    assert [len(one["Identifiers"][0]["RecordIdentifiersValueAsString"]) for one in store.reads] == [100, 30]
    assert mean_of("129") == 129.0
