"""What is known of an entity, whichever way its events came."""

from __future__ import annotations

import json
import math
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from contracts.feature_groups import EVENT_TIME, LAST_EVENT, RECENT, Aggregate, FeatureGroup
from lambdas.features import texts, windows
from lambdas.features.windows import Event, Known

SECOND = 1_000_000
KINDS = {"kind": "String", "events": "Integral", "count_w": "Integral"}
GROUP = FeatureGroup(
    name="houses",
    entity="house",
    features=("kind",),
    aggregates=(
        *(
            Aggregate(name=f"{function}_w", function=function, column="x", window_seconds=10)
            for function in ("mean", "count", "last", "min", "max")
        ),
        Aggregate(name="events", function="count", column="", window_seconds=5),
    ),
)


def event(second: int, x: float | None = 1.0, kind: str | None = "a") -> Event:
    return Event(entity="7", moment_us=second * SECOND, values={"kind": kind, "x": x})


def known_after(*batches: list[Event]) -> dict[str, str]:
    """The record after batches that each begin with what the store holds."""
    record: dict[str, str] = {}
    for batch in batches:
        known = Known.read(record, GROUP) if record else Known()
        known.take(GROUP, batch)
        if known.is_changed:
            record = known.record(GROUP, "7")
    return record


def naive(events: list[Event]) -> dict[str, Any]:
    """Each aggregate at the last event, by going through all of them."""
    first: dict[int, Event] = {}
    for one in events:
        first.setdefault(one.moment_us, one)
    last = max(first)

    def within(seconds: int) -> list[Event]:
        return [first[t] for t in sorted(first) if last - seconds * SECOND < t <= last]

    values = [one.values["x"] for one in within(10) if one.values["x"] is not None]
    return {
        "kind": first[last].values["kind"],
        "mean_w": math.fsum(values) / len(values) if values else None,
        "count_w": len(values),
        "last_w": values[-1] if values else None,
        "min_w": min(values, default=None),
        "max_w": max(values, default=None),
        "events": len(within(5)),
    }


EVENTS = st.lists(
    st.builds(
        event,
        st.integers(0, 30),
        st.none() | st.floats(-1e6, 1e6),
        st.none() | st.sampled_from(["a", 'b"', "c\nd", '"e']),
    ),
    min_size=1,
    max_size=25,
)


@given(EVENTS, st.data())
def test_it_is_the_same_however_the_events_are_cut_into_batches_late_ones_and_ties_among_them(
    events: list[Event], data: st.DataObject
) -> None:
    cuts = sorted(data.draw(st.lists(st.integers(0, len(events)), max_size=4)))
    batches = [events[a:b] for a, b in zip([0, *cuts], [*cuts, len(events)], strict=True)]
    record = known_after(*batches)
    expected = naive(events)
    for name, value in expected.items():
        kind = (
            "String" if name == "kind" else "Fractional" if name not in ("events", "count_w") else "Integral"
        )
        found = texts.read(record.get(name), kind)
        if isinstance(value, float):
            assert math.isclose(found, value, rel_tol=1e-9, abs_tol=1e-6), name
        else:
            assert found == value, name


@given(EVENTS)
def test_what_comes_again_changes_nothing(events: list[Event]) -> None:
    once, twice = known_after(events), known_after(events, events)
    assert once == twice


@given(EVENTS, EVENTS)
def test_the_records_event_time_grows_with_each_change_so_that_the_store_takes_it(
    first: list[Event], more: list[Event]
) -> None:
    before = known_after(first)
    known = Known.read(before, GROUP)
    known.take(GROUP, more)
    if known.is_changed:
        after = known.record(GROUP, "7")
        assert texts.microseconds(after[EVENT_TIME]) > texts.microseconds(before[EVENT_TIME])
        assert texts.microseconds(after[LAST_EVENT]) >= texts.microseconds(before[LAST_EVENT])


def test_an_entity_with_too_many_events_keeps_the_newest_and_says_so(monkeypatch) -> None:
    monkeypatch.setattr(windows, "MOST_RECENT", 100)
    known = Known()
    known.take(GROUP, [Event(entity="7", moment_us=n, values={"kind": None, "x": 1.0}) for n in range(150)])
    assert known.is_cut
    kept = json.loads(known.record(GROUP, "7")[RECENT])
    assert len(kept) <= 100
    assert kept[-1][0] == 149


@given(st.integers(0, 4 * 10**15))
def test_a_moment_comes_back_to_the_microsecond(moment_us: int) -> None:
    assert texts.microseconds(texts.seconds(moment_us)) == moment_us
    assert round(float(texts.seconds(moment_us)) * 1e6) == moment_us


@given(st.text(max_size=50))
def test_a_text_comes_back_and_never_holds_a_line_break(text: str) -> None:
    written = texts.write(text)
    assert written is not None
    assert len(written.splitlines()) <= 1
    assert texts.read(written, "String") == text


def test_values_of_other_kinds_come_back() -> None:
    assert texts.read(texts.write(True), "Integral", is_boolean=True) is True
    assert texts.read(texts.write(-7), "Integral") == -7
    assert texts.read(texts.write(0.1), "Fractional") == 0.1
    assert texts.write(None) is None
