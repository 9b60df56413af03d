"""The metric store: exact dimensions, periods, units, and what a restart keeps."""

import json
import threading

import pytest
from hypothesis import given
from hypothesis import strategies as st

from localcloud.services.cloudwatch.metrics.buckets import DIGEST_VALUES
from localcloud.services.cloudwatch.metrics.statistics import statistic
from localcloud.services.cloudwatch.metrics.store import Datum, Metric, MetricStore, Question, dimensions_of

LATENCY = Metric("App", "Latency", dimensions_of({"Fleet": "green"}))


def put(store, at, value, metric=LATENCY, unit="None", resolution=60):
    store.put(Datum(metric, at, ((value, 1.0),), unit, None, resolution))


def values(store, name="Sum", period=60, start=0, end=600, metric=LATENCY, unit=None):
    points = store.points(Question(metric, statistic(name), period, unit), start, end)
    return {at: point.value for at, point in points.items()}


def test_each_set_of_dimensions_is_its_own_metric():
    store = MetricStore()
    put(store, 0, 1.0)
    put(store, 0, 10.0, Metric("App", "Latency", ()))
    put(store, 0, 100.0, Metric("App", "Latency", dimensions_of({"Fleet": "green", "Zone": "a"})))
    assert values(store) == {0: 1.0}


def test_the_order_of_dimensions_does_not_matter():
    assert dimensions_of({"b": "2", "a": "1"}) == dimensions_of([("a", "1"), ("b", "2")])


def test_standard_data_is_of_its_minute_and_high_resolution_data_of_its_second():
    store = MetricStore()
    put(store, 75.5, 1.0)
    assert values(store, period=10) == {60: 1.0}
    fine = Metric("App", "Fine", ())
    put(store, 75.5, 1.0, fine, resolution=1)
    assert values(store, period=10, metric=fine) == {70: 1.0}


def test_periods_begin_at_the_start_that_was_asked_for():
    store = MetricStore()
    for minute in range(6):
        put(store, minute * 60, 1.0)
    assert values(store, period=300, start=60, end=360) == {60: 5.0}


def test_units_are_apart_only_when_asked_for():
    store = MetricStore()
    put(store, 0, 1.0, unit="Seconds")
    put(store, 0, 1000.0, unit="Milliseconds")
    assert store.units(LATENCY) == ["Milliseconds", "Seconds"]
    assert values(store, unit="Seconds") == {0: 1.0}
    assert values(store, unit="Bytes") == {}
    assert values(store) == {0: 1001.0}


def test_a_fingerprint_changes_when_data_is_added_inside():
    store = MetricStore()
    before = store.fingerprint(LATENCY, 0, 60)
    put(store, 60, 1.0)
    assert store.fingerprint(LATENCY, 0, 60) == before
    put(store, 59, 1.0)
    assert store.fingerprint(LATENCY, 0, 60) != before


def test_metrics_are_listed_by_when_they_last_had_data():
    store = MetricStore()
    put(store, 600, 1.0)
    assert store.metrics(since=600) == [LATENCY]
    assert store.metrics(since=660) == []


@given(st.lists(st.tuples(st.integers(0, 7200), st.floats(0, 1e6)), min_size=1, max_size=60))
def test_a_dump_restores_everything_through_json(published):
    store, restored = MetricStore(), MetricStore()
    for at, value in published:
        put(store, at, value, resolution=1 + 59 * (at % 2))
    restored.load(json.loads(json.dumps(store.dump(since=0, values_since=0))))
    for name in ("Sum", "SampleCount", "Minimum", "Maximum", "p90"):
        assert values(restored, name, end=7260) == pytest.approx(values(store, name, end=7260))


def test_a_dump_keeps_old_data_without_its_distribution():
    store, restored = MetricStore(), MetricStore()
    for value in (1.0, 3.0):
        put(store, 0, value)
        put(store, 600, value)
    restored.load(json.loads(json.dumps(store.dump(since=0, values_since=600))))
    assert values(restored, "Average", end=660) == {0: 2.0, 600: 2.0}
    assert values(restored, "p50", end=660) == {600: 2.0}


def test_a_dump_leaves_out_what_is_old():
    store, restored = MetricStore(), MetricStore()
    put(store, 0, 1.0)
    put(store, 600, 1.0)
    put(store, 0, 1.0, Metric("App", "Old", ()))
    restored.load(store.dump(since=600, values_since=600))
    assert restored.metrics(since=0) == [LATENCY]
    assert values(restored, end=660) == {600: 1.0}


def test_a_dump_of_very_many_values_is_small_and_keeps_percentiles():
    store, restored = MetricStore(), MetricStore()
    for value in range(1, 1801):
        put(store, 0, float(value))
    dumped = store.dump(since=0, values_since=0)
    assert len(dumped[0][-1][0][-1]) <= DIGEST_VALUES
    restored.load(json.loads(json.dumps(dumped)))
    for name in ("Sum", "Minimum", "Maximum", "Average"):
        assert values(restored, name) == values(store, name)
    for name in ("p50", "p90", "p99"):
        assert values(restored, name)[0] == pytest.approx(values(store, name)[0], rel=0.01)


def test_data_published_by_many_threads_is_all_there():
    store = MetricStore()

    def publish():
        for _ in range(500):
            put(store, 0, 1.0)
            store.units(LATENCY)

    threads = [threading.Thread(target=publish) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert values(store, "SampleCount") == {0: 2000.0}


def test_compacting_forgets_metrics_without_data():
    store = MetricStore()
    put(store, 0, 1.0)
    store.compact(now=16 * 86400)
    assert store.metrics(since=0) == []


def test_clearing_forgets_what_is_still_in_the_inbox():
    store = MetricStore()
    put(store, 0, 1.0)
    store.clear()
    assert values(store) == {}


def test_a_delayed_namespace_is_seen_late_and_the_others_at_once(clock):
    store = MetricStore(clock.now, {"App": 90.0})
    other = Metric("Other", "Latency", ())
    start = clock.now()
    put(store, start, 1.0)
    put(store, start, 2.0, other)
    clock.advance(89)
    assert values(store, start=start, end=start + 60) == {}
    assert values(store, start=start, end=start + 60, metric=other) == {start: 2.0}
    clock.advance(1)
    assert values(store, start=start, end=start + 60) == {start: 1.0}


def test_a_star_delays_every_namespace_that_is_not_named(clock):
    store = MetricStore(clock.now, {"*": 60.0, "App": 0.0})
    other = Metric("Other", "Latency", ())
    start = clock.now()
    put(store, start, 1.0)
    put(store, start, 2.0, other)
    assert values(store, start=start, end=start + 60) == {start: 1.0}
    assert values(store, start=start, end=start + 60, metric=other) == {}


def test_a_period_of_ten_seconds_sees_a_standard_minute_only_once_it_is_over(clock):
    store = MetricStore(clock.now)
    start = clock.now()
    put(store, start + 5, 1.0)
    put(store, start + 5, 2.0, Metric("Fine", "Latency", ()), resolution=1)
    clock.advance(20)
    assert values(store, period=10, start=start, end=start + 60) == {}
    fine = Metric("Fine", "Latency", ())
    assert values(store, period=10, start=start, end=start + 60, metric=fine) == {start: 2.0}
    assert values(store, period=60, start=start, end=start + 60) == {start: 1.0}
    clock.advance(40)
    assert values(store, period=10, start=start, end=start + 60) == {start: 1.0}
