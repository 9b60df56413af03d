"""A stage's deployment policy, held against SageMaker's limits for its deployments.

Limits: SageMaker API Reference, `BlueGreenUpdatePolicy`, `TrafficRoutingConfig`, `RollingUpdatePolicy`,
`CapacitySize` and `AutoRollbackConfig`; a canary takes at most half of the fleet, a linear step 10 to 50
percent of it, a rolling batch 5 to 50.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass

from contracts import instances
from contracts.reading import Table

STRATEGIES = ("all_at_once", "canary", "linear", "rolling")
UNPROVEN = ("promote", "reject")
SINGLE_INSTANCE = ("at_once", "refuse")
APPROVAL = ("none", "required")
MAX_APPROVAL_HOURS = 24 * 90
MAX_WAIT_SECONDS = 3600
MAX_EXECUTION_SECONDS = 28_800
MIN_EXECUTION_SECONDS = 600
EVALUATION_PERIODS = 1
"""After how many periods over its bound a rollback alarm fires."""
MAX_RETURNS = 3
"""How often a deployment that must go home is sent back, before a person has to look."""
_MAX_PERCENT = 50
MIN_BATCH_PERCENT = 5
# Decided before a deployment begins: no function that deploys reads them.
APPROVAL_KEYS = ("approval", "approval_timeout_hours", "four_eyes")
ROLLING_ALONE = ("batch_percent", "batch_instances", "rollback_batch_percent", "rollback_batch_instances")


# Keys of a stage that were thought of and are not built, each with the way on.
UNBUILT = {
    "shadow": (
        "no shadow gets a copy of the traffic before a deployment yet: take a small canary with a long "
        "baking_seconds, whose alarms watch the new fleet alone"
    ),
    "scaling": ("a fleet's bounds are a table of their own: [scaling], with the stage among its stages"),
    "kind": (
        "every stage serves from instances: a serverless endpoint has neither data capture nor a gradual "
        "shift, and an asynchronous one answers through S3; whole files are answered without an "
        "endpoint by [batch]"
    ),
}


@dataclass(frozen=True, kw_only=True)
class DeploymentPolicy:
    """How traffic moves to a new model, and when it moves back.

    The canary takes `canary_percent` of the fleet's capacity (0-100) or `canary_instances`, and the other is
    0; the sizes of a linear step, of a rolling batch and of a batch on a rolling deployment's way back
    likewise. A rolling deployment has no termination wait: each batch of the old fleet ends after a bake.
    `baking_seconds` is the wait after each shift with the alarms watched;
    `metric_delay_seconds` is how late a datapoint may come; `max_model_latency_us` (microseconds),
    `max_error_rate_percent` and `max_prediction_shift` (standard deviations of the training target) are the
    green fleet's bounds.

    The green fleet must answer `min_green_requests`, and is watched for `evidence_wait_seconds` longer than
    SageMaker does where it has not; what has no proof then is promoted and marked, or rejected
    (`when_unproven`). A fleet that was scaled down to one instance is replaced at once or not at all
    (`single_instance`).

    Where `approval` is required, a person is asked once the gate has let a model through, and silence for
    `approval_timeout_hours` is a refusal; with `four_eyes` it is another person than the one who uploaded the
    data, and of a retraining, which nobody uploaded, two.
    """

    strategy: str
    instance_type: str
    instance_count: int
    canary_percent: int
    canary_instances: int
    linear_step_percent: int
    linear_step_instances: int
    baking_seconds: int
    termination_wait_seconds: int
    max_execution_seconds: int
    alarm_period_seconds: int
    metric_delay_seconds: int
    max_error_rate_percent: float
    max_model_latency_us: int
    max_prediction_shift: float
    keep_versions: int
    capture_share: float
    min_green_requests: int
    evidence_wait_seconds: int
    when_unproven: str
    single_instance: str
    batch_percent: int = _MAX_PERCENT
    batch_instances: int = 0
    rollback_batch_percent: int = 100
    rollback_batch_instances: int = 0
    approval: str = "none"
    approval_timeout_hours: int = 72
    four_eyes: bool = False

    def document(self) -> dict[str, object]:
        """The policy as a function's settings carry it, without what its strategy has no use for."""
        unused = APPROVAL_KEYS if self.strategy == "rolling" else (*APPROVAL_KEYS, *ROLLING_ALONE)
        return {key: value for key, value in asdict(self).items() if key not in unused}

    @property
    def asks_a_person(self) -> bool:
        return self.approval == "required"

    @property
    def shift_count(self) -> int:
        if self.strategy == "all_at_once":
            return 1
        if self.strategy == "canary":
            return 2
        if self.strategy == "rolling":
            return -(-self.instance_count // self.batch_of(self.instance_count))
        if self.linear_step_instances:
            return -(-self.instance_count // self.linear_step_instances)
        return -(-100 // self.linear_step_percent)

    def batch_of(self, instances: int) -> int:
        """How many instances of a fleet of so many (2 at least) a rolling deployment replaces at a time.

        How SageMaker rounds a percentage is not documented, so it is told a number of instances: the wanted
        one, or the whole ones in the percentage, within what SageMaker takes of a fleet of this size.
        """
        wanted = self.batch_instances or self.batch_percent * instances // 100
        least = max(1, -(-MIN_BATCH_PERCENT * instances // 100))
        return max(min(wanted, instances * _MAX_PERCENT // 100), least)

    def rollback_batch_of(self, instances: int) -> int:
        """How many instances a rolling deployment takes back at a time."""
        wanted = self.rollback_batch_instances or self.rollback_batch_percent * instances // 100
        return max(1, min(wanted, instances))

    @classmethod
    def read(cls, table: Table, stage: str = "") -> DeploymentPolicy:
        """The stage decides one default: prod promotes nothing that was not seen to answer."""
        _refuse_recorded_requests(table)
        canary_percent, canary_instances = _size(table, "canary", min_percent=1)
        linear_step_percent, linear_step_instances = _size(table, "linear_step", min_percent=10)
        batch_percent, batch_instances = _size(table, "batch", min_percent=MIN_BATCH_PERCENT)
        back_percent, back_instances = _size(table, "rollback_batch", min_percent=1, max_percent=100)
        strategy = table.choice("strategy", STRATEGIES)
        policy = cls(
            strategy=strategy,
            instance_type=instances.read(table, "ml.m5.large"),
            instance_count=table.integer("instance_count", 1, 1000, 2),
            canary_percent=canary_percent,
            canary_instances=canary_instances,
            linear_step_percent=linear_step_percent,
            linear_step_instances=linear_step_instances,
            baking_seconds=table.integer("baking_seconds", 0, MAX_WAIT_SECONDS, 600),
            termination_wait_seconds=table.integer(
                "termination_wait_seconds", 0, MAX_WAIT_SECONDS, 0 if strategy == "rolling" else 120
            ),
            max_execution_seconds=table.integer(
                "max_execution_seconds", MIN_EXECUTION_SECONDS, MAX_EXECUTION_SECONDS, 3600
            ),
            alarm_period_seconds=table.integer("alarm_period_seconds", 10, 3600, 60),
            metric_delay_seconds=table.integer("metric_delay_seconds", 0, 900, 120),
            max_error_rate_percent=table.number("max_error_rate_percent", 0.0, 100.0, 1.0),
            max_model_latency_us=table.integer("max_model_latency_us", 1, 60_000_000, 100_000),
            max_prediction_shift=table.number("max_prediction_shift", 0.01, 1000.0, 2.0),
            keep_versions=table.integer("keep_versions", 1, 100, 3),
            capture_share=table.number("capture_share", 0.0, 1.0, 1.0),
            min_green_requests=table.integer("min_green_requests", 0, 1_000_000, 20),
            evidence_wait_seconds=table.integer("evidence_wait_seconds", 0, 86_400, 300),
            when_unproven=table.choice("when_unproven", UNPROVEN, "reject" if stage == "prod" else "promote"),
            single_instance=table.choice("single_instance", SINGLE_INSTANCE, "at_once"),
            batch_percent=batch_percent,
            batch_instances=batch_instances,
            rollback_batch_percent=back_percent,
            rollback_batch_instances=back_instances,
            approval=table.choice("approval", APPROVAL, "none"),
            approval_timeout_hours=table.integer("approval_timeout_hours", 1, MAX_APPROVAL_HOURS, 72),
            four_eyes=table.flag("four_eyes", False),
        )
        _refuse_unbuilt(table)
        table.finish()
        policy._check(table)
        return policy

    def _check(self, table: Table) -> None:
        if self.four_eyes and not self.asks_a_person:
            raise table.fail("four_eyes", 'nobody is asked: it needs approval = "required" beside it')
        if self.strategy != "all_at_once" and self.instance_count < 2:
            raise table.fail("instance_count", f"a {self.strategy} deployment needs at least 2 instances")
        if self.strategy == "canary":
            self._check_share(table, "canary_instances", self.canary_instances, min_percent=0)
        if self.strategy == "linear":
            self._check_share(table, "linear_step_instances", self.linear_step_instances, min_percent=10)
        if self.strategy == "rolling":
            self._check_rolling(table)
        self._check_alarms(table)
        waits = self.baking_seconds * self.shift_count + self.termination_wait_seconds
        if waits >= self.max_execution_seconds:
            raise table.fail(
                "max_execution_seconds",
                f"{self.max_execution_seconds} is not above the sum of the waits, {waits} seconds",
            )

    def _check_rolling(self, table: Table) -> None:
        """`RollingUpdatePolicy` has batches of 5 to 50 percent, and no wait before the old fleet ends."""
        self._check_share(table, "batch_instances", self.batch_instances, min_percent=MIN_BATCH_PERCENT)
        if self.rollback_batch_instances > self.instance_count:
            raise table.fail(
                "rollback_batch_instances",
                f"{self.rollback_batch_instances} are more than the fleet's {self.instance_count}",
            )
        if self.termination_wait_seconds:
            raise table.fail(
                "termination_wait_seconds",
                "a rolling deployment has none (SageMaker API Reference, `RollingUpdatePolicy`): each batch "
                "of the old fleet ends once the new one has baked; leave it out",
            )

    def _check_alarms(self, table: Table) -> None:
        """An alarm must be able to see the canary before its bake is over."""
        if self.alarm_period_seconds % 60:
            raise table.fail(
                "alarm_period_seconds",
                "must be a multiple of 60: the endpoint's metrics come once a minute, and an alarm with a "
                "shorter period reads only what is stored at a resolution of a second (CloudWatch API "
                "Reference, PutMetricAlarm)",
            )
        needed = self.alarm_period_seconds * EVALUATION_PERIODS + self.metric_delay_seconds
        if self.baking_seconds < needed:
            raise table.fail(
                "baking_seconds",
                f"{self.baking_seconds} is under {needed}, the alarms' period of "
                f"{self.alarm_period_seconds} s and the {self.metric_delay_seconds} s that metrics take to "
                "arrive (metric_delay_seconds): traffic would move on before an alarm can fire",
            )

    def _check_share(self, table: Table, key: str, instances: int, *, min_percent: int) -> None:
        percent = 100 * instances / self.instance_count
        if instances and not min_percent <= percent <= _MAX_PERCENT:
            raise table.fail(
                key,
                f"{instances} of {self.instance_count} instances are {percent:.0f} %, "
                f"outside {min_percent} to {_MAX_PERCENT}",
            )


def _refuse_recorded_requests(table: Table) -> None:
    """Who asks for them is told, rather than left with a fleet that nobody calls."""
    if table.has("recorded_requests"):
        raise table.fail(
            "recorded_requests",
            "the pipeline sends no requests of its own to a new model; send some while it is deployed, for "
            "up to evidence_wait_seconds after the bake (docs/operations.md, Retrain)",
        )


def _size(table: Table, what: str, *, min_percent: int, max_percent: int = _MAX_PERCENT) -> tuple[int, int]:
    """A share of the fleet in percent or a number of instances; the one that was not chosen is 0. As large as
    it may be where neither is said."""
    instances = table.integer(f"{what}_instances", 0, 1000, 0)
    if instances and table.integer(f"{what}_percent", 0, 100, 0):
        raise table.fail(f"{what}_instances", f"leave out {what}_percent: the size is one or the other")
    if instances:
        return 0, instances
    return table.integer(f"{what}_percent", min_percent, max_percent, max_percent), 0


def _refuse_unbuilt(table: Table) -> None:
    """Whoever asks for it may not believe that it was deployed."""
    for key, way_on in UNBUILT.items():
        if table.has(key):
            raise table.fail(key, way_on)
