from types import SimpleNamespace
from typing import Any, cast

from localcloud.host.clock import FakeClock
from localcloud.services.sqs.metrics import ACTIVE_CLOUD_SECONDS, QueueMetrics, gauges

NOW = 1000.0


def message(enqueued: float, visible: float, received: int = 0) -> dict[str, Any]:
    return {"enqueued_at": enqueued, "visible_at": visible, "receive_count": received}


def told(clock: FakeClock) -> tuple[QueueMetrics, list[tuple[str, str, float]]]:
    published: list[tuple[str, str, float]] = []

    def put_metric(namespace, name, value, *, unit, dimensions):
        assert namespace == "AWS/SQS"
        published.append((dimensions["QueueName"], name, value))

    return QueueMetrics(cast(Any, SimpleNamespace(clock=clock, put_metric=put_metric))), published


def test_messages_are_visible_in_flight_or_delayed_and_the_oldest_tells_the_age():
    found = gauges([message(900, 900), message(950, 1030, received=1), message(990, 1100)], NOW)
    assert {name: value for name, (value, _) in found.items()} == {
        "ApproximateNumberOfMessagesVisible": 1,
        "ApproximateNumberOfMessagesNotVisible": 1,
        "ApproximateNumberOfMessagesDelayed": 1,
        "ApproximateAgeOfOldestMessage": 100,
    }


def test_a_message_that_nobody_received_yet_is_visible():
    assert gauges([{"sent_at": 995.0}], NOW)["ApproximateNumberOfMessagesVisible"] == (1, "Count")


def test_a_queue_that_was_never_filled_is_not_told_of():
    metrics, published = told(FakeClock(0.0))
    metrics.tick([{"name": "idle", "messages": []}], NOW)
    assert not published


def test_an_emptied_queue_is_told_of_until_it_has_been_empty_for_six_hours():
    clock = FakeClock(0.0)
    metrics, published = told(clock)
    metrics.tick([{"name": "work", "messages": [message(900, 900)]}], NOW)
    clock.advance(ACTIVE_CLOUD_SECONDS)
    metrics.tick([{"name": "work", "messages": []}], NOW)
    visible = [value for _, name, value in published if name == "ApproximateNumberOfMessagesVisible"]
    assert visible == [1, 0]
    clock.advance(1.0)
    metrics.tick([{"name": "work", "messages": []}], NOW)
    assert len(published) == 8
