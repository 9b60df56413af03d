"""Acts for targets: when an alarm of a policy asks for it, each minute that it goes on, and on schedule.

Application Auto Scaling User Guide, "How target tracking works", "Define scaling policies" (cooldowns,
several policies at once), "Suspend and resume scaling"; CloudWatch User Guide, "Alarm actions": for a scaling
policy an alarm acts anew for every period that it stays. While SageMaker changes the endpoint, it refuses
another count, and the activity says so: during a deployment nothing is scaled.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Protocol

from localcloud.host.clock import Clock
from localcloud.services.autoscaling import arithmetic
from localcloud.services.autoscaling.activities import Activities
from localcloud.services.autoscaling.policies import STEPS, TRACKING, Policies
from localcloud.services.autoscaling.schedules import Schedules
from localcloud.services.autoscaling.targets import Targets, Variant, variant_of
from localcloud.services.sagemaker.errors import SageMakerError
from localcloud.services.sagemaker.store import Document

_log = logging.getLogger("localcloud.services.autoscaling")
AGAIN_SECONDS = 60.0
COOLDOWN_SECONDS = 300
"""For SageMaker's variants, where a policy says nothing (API reference, `ScaleOutCooldown`, `Cooldown`)."""


class Fleet(Protocol):
    """The endpoints, as SageMaker's API shows them."""

    def wanted(self, variant: Variant) -> int | None:
        """The count that a variant is to have; None where there is no such variant."""
        ...

    def is_settled(self, variant: Variant) -> bool: ...

    def set(self, variant: Variant, count: int) -> None:
        """Raises SageMakerError."""
        ...


class Alarms(Protocol):
    """CloudWatch, as far as a policy looks at it."""

    def is_in_alarm(self, name: str) -> bool: ...

    def threshold(self, name: str) -> float: ...

    def values(self, name: str) -> list[float]:
        """The datapoints of the periods that the alarm evaluates, oldest first."""
        ...

    def acting_for(self, policy_arn: str) -> list[str]:
        """The alarms that name the policy among their actions."""
        ...


@dataclass
class _Past:
    """The last change of one policy: when, and from which count."""

    at: float = float("-inf")
    before: int = 0
    out: bool = True


@dataclass
class Scaler:
    """One for the account; `sweep` is called several times a wall second."""

    targets: Targets
    policies: Policies
    schedules: Schedules
    activities: Activities
    fleet: Fleet
    alarms: Alarms
    clock: Clock
    _asking: dict[tuple[str, str], float] = field(default_factory=dict)
    """Policy and alarm, and when they are next looked at."""
    _past: dict[str, _Past] = field(default_factory=dict)
    _lock: threading.RLock = field(default_factory=threading.RLock)

    def alarmed(self, policy_arn: str, alarm: str) -> None:
        """An alarm that names the policy has begun to ask."""
        with self._lock:
            self._asking[policy_arn, alarm] = self.clock.now()

    def look_again(self) -> None:
        """After a restart: the alarms that ask."""
        for policy in self.policies:
            for alarm in self.alarms.acting_for(policy["PolicyARN"]):
                if self.alarms.is_in_alarm(alarm):
                    self.alarmed(policy["PolicyARN"], alarm)

    def next_due(self) -> float | None:
        """For a clock that is moved."""
        return self.schedules.next_due()

    def sweep(self) -> None:
        """Do what is due by now."""
        with self._lock:
            self._finish()
            for action in self.schedules.due():
                self._play(action)
            now = self.clock.now()
            for (arn, alarm), due in list(self._asking.items()):
                policy = self.policies.by_arn(arn)
                if policy is None or not self.alarms.is_in_alarm(alarm):
                    del self._asking[arn, alarm]
                elif due <= now:
                    self._asking[arn, alarm] = now + AGAIN_SECONDS
                    self._act(policy, alarm)

    def _finish(self) -> None:
        for activity in self.activities.under_way():
            variant = variant_of(activity["ResourceId"])
            if self.fleet.is_settled(variant):
                self.activities.ended(activity, self.fleet.wanted(variant) or 0)

    def _play(self, action: Document) -> None:
        """Scheduled actions scale at once where the fleet lies outside of the new bounds."""
        target = self.targets.get(action["ResourceId"])
        if target is None or target["SuspendedState"]["ScheduledScalingSuspended"]:
            return
        wanted = action["ScalableTargetAction"]
        target = self.targets.change(
            target["ResourceId"], wanted.get("MinCapacity"), wanted.get("MaxCapacity")
        )
        cause = f"scheduled action name {action['ScheduledActionName']} was triggered"
        if (now := self.fleet.wanted(variant_of(target["ResourceId"]))) is not None:
            self._set(target, now, now, cause)

    def _act(self, policy: Document, alarm: str) -> None:
        target = self.targets.get(policy["ResourceId"])
        current = self.fleet.wanted(variant_of(policy["ResourceId"]))
        values = self.alarms.values(alarm)
        if target is None or current is None or not values:
            return
        past = self._past.setdefault(policy["PolicyARN"], _Past())
        act = self._track if policy["PolicyType"] == TRACKING else self._step
        wanted = act(policy, alarm, values, current, past)
        if wanted is None or wanted == current:
            return
        suspended = target["SuspendedState"]
        out = wanted > current
        if suspended["DynamicScalingOutSuspended" if out else "DynamicScalingInSuspended"]:
            return
        cause = f"monitor alarm {alarm} in state ALARM triggered policy {policy['PolicyName']}"
        if self._set(target, wanted, current, cause):
            self._past[policy["PolicyARN"]] = _Past(self.clock.now(), current, out)

    def _track(
        self, policy: Document, alarm: str, values: list[float], current: int, past: _Past
    ) -> int | None:
        config = policy[f"{TRACKING}PolicyConfiguration"]
        target = float(config["TargetValue"])
        if alarm == policy["Alarms"][0]:
            cooling = self._is_cooling(past, config.get("ScaleOutCooldown")) and past.out
            base = past.before if cooling else current
            return max(arithmetic.tracked(base, values[-1], target), current)
        if self._is_cooling(past, config.get("ScaleInCooldown")) or not self._all_scale_in(policy):
            return None
        return min(arithmetic.tracked(current, max(values), target), current)

    def _all_scale_in(self, policy: Document) -> bool:
        """A fleet gets smaller only where every policy that tracks a target is ready for it."""
        others = [other for other in self.policies.of(policy["ResourceId"]) if len(other["Alarms"]) > 1]
        return all(self.alarms.is_in_alarm(other["Alarms"][1]) for other in others)

    def _step(
        self, policy: Document, alarm: str, values: list[float], current: int, past: _Past
    ) -> int | None:
        config = policy[f"{STEPS}PolicyConfiguration"]
        step = arithmetic.step_of(config["StepAdjustments"], values[-1] - self.alarms.threshold(alarm))
        if step is None:
            return None
        kind, magnitude = config["AdjustmentType"], config.get("MinAdjustmentMagnitude", 1)

        def from_base(base: int) -> int:
            return arithmetic.stepped(kind, step["ScalingAdjustment"], base, magnitude)

        if not self._is_cooling(past, config.get("Cooldown")):
            return from_base(current)
        if from_base(current) < current:
            return None
        return max(from_base(past.before), current) if past.out else from_base(current)

    def _is_cooling(self, past: _Past, seconds: int | None) -> bool:
        return self.clock.now() < past.at + (COOLDOWN_SECONDS if seconds is None else seconds)

    def _set(self, target: Document, wanted: int, current: int, cause: str) -> bool:
        count = arithmetic.within(wanted, target["MinCapacity"], target["MaxCapacity"])
        if count == current:
            return False
        resource_id = target["ResourceId"]
        try:
            self.fleet.set(variant_of(resource_id), count)
        except SageMakerError as problem:
            self.activities.failed(resource_id, count, cause, problem.message)
            return False
        self.activities.began(resource_id, count, cause)
        return True


class Sweeper:
    """A thread that sweeps until it is stopped."""

    def __init__(self, sweep: Callable[[], None], interval_wall_seconds: Callable[[], float]) -> None:
        self._sweep = sweep
        self._interval = interval_wall_seconds
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="auto-scaling", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._stopping.set()
        self._thread.join(timeout=2)

    def _run(self) -> None:
        while not self._stopping.wait(self._interval()):
            try:
                self._sweep()
            except Exception:
                _log.exception("fleets could not be scaled")
