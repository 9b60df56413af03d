"""What happens to the traffic during a deployment, sampled through CloudWatch and SageMaker."""

from __future__ import annotations

import threading
import time
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

SAMPLE_SECONDS = 0.5
# The embedded cloud's clock runs ahead of the wall's, so a query's end lies far ahead of it.
LOOK_BACK, LOOK_AHEAD = timedelta(days=1), timedelta(days=30)
QUERY_PERIOD_SECONDS = 86_400


@dataclass(frozen=True)
class Sample:
    """Counts since the sample before, the endpoint's state, and the rollback alarms that are not OK."""

    seconds: float
    status: str
    serving: str
    blue_requests: int
    green_requests: int
    blue_failed: int
    green_failed: int
    alarms: dict[str, str]

    @property
    def green_percent(self) -> float:
        total = self.blue_requests + self.green_requests
        return 100 * self.green_requests / total if total else 0.0


@dataclass
class Timeline:
    """Samples one deployment from blue to green until stopped."""

    sagemaker: Any
    cloudwatch: Any
    endpoint_name: str
    variant_name: str
    alarm_prefix: str
    blue: str
    green: str
    sample_seconds: float = SAMPLE_SECONDS
    samples: list[Sample] = field(default_factory=list)
    _totals: dict[str, int] = field(default_factory=dict)
    _stop: threading.Event = field(default_factory=threading.Event)

    def __enter__(self) -> Timeline:
        self._started = time.monotonic()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()

    def as_document(self) -> list[dict[str, Any]]:
        return [asdict(sample) for sample in self.samples]

    def failed(self, fleet: str) -> int:
        return sum(getattr(sample, f"{fleet}_failed") for sample in self.samples)

    def requests(self, fleet: str) -> int:
        return sum(getattr(sample, f"{fleet}_requests") for sample in self.samples)

    def _run(self) -> None:
        while not self._stop.is_set():
            self.samples.append(self._sample())
            self._stop.wait(self.sample_seconds)
        self.samples.append(self._sample())

    def _sample(self) -> Sample:
        endpoint = self.sagemaker.describe_endpoint(EndpointName=self.endpoint_name)
        totals = self._read_totals()
        counts = {key: max(0, value - self._totals.get(key, 0)) for key, value in totals.items()}
        first = not self._totals
        self._totals = totals
        if first:  # what came before the deployment belongs to no sample of it
            counts = dict.fromkeys(counts, 0)
        return Sample(
            seconds=round(time.monotonic() - self._started, 1),
            status=endpoint["EndpointStatus"],
            serving=endpoint["EndpointConfigName"],
            alarms=self._alarms(),
            **counts,
        )

    def _read_totals(self) -> dict[str, int]:
        wanted = {
            f"{fleet}_{what}": (metric, config)
            for fleet, config in (("blue", self.blue), ("green", self.green))
            for what, metric in (("requests", "Invocations"), ("failed", "Invocation5XXErrors"))
        }
        now = datetime.now(UTC)
        answer = self.cloudwatch.get_metric_data(
            MetricDataQueries=[self._query(key, metric, config) for key, (metric, config) in wanted.items()],
            StartTime=now - LOOK_BACK,
            EndTime=now + LOOK_AHEAD,
        )
        return {result["Id"]: int(sum(result["Values"])) for result in answer["MetricDataResults"]}

    def _query(self, identifier: str, metric: str, config: str) -> dict[str, Any]:
        dimensions = {
            "EndpointName": self.endpoint_name,
            "VariantName": self.variant_name,
            "EndpointConfigName": config,
        }
        return {
            "Id": identifier,
            "MetricStat": {
                "Metric": {
                    "Namespace": "AWS/SageMaker",
                    "MetricName": metric,
                    "Dimensions": [{"Name": name, "Value": value} for name, value in dimensions.items()],
                },
                "Period": QUERY_PERIOD_SECONDS,
                "Stat": "Sum",
            },
        }

    def _alarms(self) -> dict[str, str]:
        found = self.cloudwatch.describe_alarms(AlarmNamePrefix=self.alarm_prefix)["MetricAlarms"]
        whole = f"{self.alarm_prefix}{self.green}-"
        return {alarm["AlarmName"].removeprefix(whole): alarm["StateValue"] for alarm in found}
