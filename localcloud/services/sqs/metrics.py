"""What SQS tells CloudWatch of its queues, once a minute of the cloud's clock.

https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-available-cloudwatch-metrics.html:
a queue is told of while it is active, which it is for up to six hours after it held a message. The counts of
calls (NumberOfMessagesSent and the like) are not emitted. Ages are wall seconds, as visibility timeouts are.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Iterable, Mapping
from typing import Any

from localcloud.host.cloud import Cloud
from localcloud.ministack_adapter import sqs

NAMESPACE = "AWS/SQS"
EVERY_CLOUD_SECONDS = 60.0
ACTIVE_CLOUD_SECONDS = 6 * 3600.0
_log = logging.getLogger("localcloud.queues")


class QueueMetrics:
    """A thread that tells of every active queue until the cloud stops."""

    def __init__(self, cloud: Cloud) -> None:
        self._cloud = cloud
        self._filled_at: dict[str, float] = {}
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="queue-metrics", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._stopping.set()

    def tick(self, queues: Iterable[Mapping[str, Any]], wall_now: float) -> None:
        """Tell of those that hold a message, or did not long ago."""
        now = self._cloud.clock.now()
        for queue in queues:
            if queue["messages"]:
                self._filled_at[queue["name"]] = now
            if now - self._filled_at.get(queue["name"], float("-inf")) <= ACTIVE_CLOUD_SECONDS:
                for name, (value, unit) in gauges(queue["messages"], wall_now).items():
                    self._cloud.put_metric(
                        NAMESPACE, name, value, unit=unit, dimensions={"QueueName": queue["name"]}
                    )

    def _run(self) -> None:
        while not self._cloud.clock.wait(self._stopping, EVERY_CLOUD_SECONDS):
            with self._cloud.scope(), sqs.queues_lock:
                queues = [{"name": q["name"], "messages": list(q["messages"])} for q in sqs.queues.values()]
            try:
                self.tick(queues, time.time())
            except Exception:
                _log.exception("the queues' metrics could not be put")


def gauges(messages: Iterable[Mapping[str, Any]], wall_now: float) -> dict[str, tuple[float, str]]:
    """Each metric's value and unit. In flight is what was received and may come back."""
    told = list(messages)
    hidden = [m for m in told if m.get("visible_at", 0.0) > wall_now]
    in_flight = sum(m.get("receive_count", 0) > 0 for m in hidden)
    oldest = max((wall_now - m.get("enqueued_at", m.get("sent_at", wall_now)) for m in told), default=0.0)
    return {
        "ApproximateNumberOfMessagesVisible": (len(told) - len(hidden), "Count"),
        "ApproximateNumberOfMessagesNotVisible": (in_flight, "Count"),
        "ApproximateNumberOfMessagesDelayed": (len(hidden) - in_flight, "Count"),
        "ApproximateAgeOfOldestMessage": (max(0.0, oldest), "Seconds"),
    }


def install(cloud: Cloud) -> None:
    """Begin when the kept queues are there."""
    metrics = QueueMetrics(cloud)
    cloud.on_started(metrics.start)
    cloud.on_shutdown(metrics.stop)
