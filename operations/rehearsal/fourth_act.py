"""Act four: the world changes under a model that serves, and the loop closes.

It plays in a cloud of its own, on generated data, with a copy of pipeline.toml in which dev is watched by the
hour and labels come an hour late: what prod does in days is seen in minutes. The project's own file stays as
it is.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

from contracts import layout
from contracts.pipeline_config import FILE_NAME
from localcloud.commands.housing import generate
from localcloud.host.launch import Running, launch
from operations.rehearsal import changed_project
from operations.rehearsal.changed_project import ROOT
from operations.rehearsal.display import Display, table
from operations.rehearsal.loop import Loop
from operations.rehearsal.watch import Execution, RehearsalError, find_execution, watch

TARGET, ASKED, TRAINED = "median_house_value", 600, 3000
PATIENCE_SECONDS = 1800.0
CHANGED = {
    "stages": '["dev"]',
    "window_hours": "1",
    "label_delay_hours": "1",
    "min_new_rows": "300",
}
Rows = list[dict[str, str]]
Say = Callable[[str, str], None]


def play(display: Display, speed: float) -> None:
    """Raises RehearsalError where the story does not go as told."""
    display.act("Act four: the world changes, and the loop closes")
    lines: list[tuple[str, str]] = []

    def say(when: str, what: str) -> None:
        lines.append((when, what))
        display.step(f"[bold]{when}[/bold]  {what}")

    with assembly() as out, launch(assembly=out, speed=speed) as cloud:
        check(tell(cloud, say))
    display.console.print(table("The loop", ("in the cloud", "what happened"), list(lines)))


def tell(cloud: Running, say: Say) -> dict[str, Any]:
    """What each of the monitor's runs said, which alarms fired, and what became of the retraining."""
    loop = Loop(cloud)
    said: dict[str, Any] = {}
    said["first"] = _upload(cloud, f"{layout.UPLOADS.prefix}first.csv", generate(TRAINED))
    say(loop.time(), f"the first upload: {said['first'].outcome}")
    loop.ask("same", _features(_fresh(101)))
    said["same"], said["same_alarm"] = loop.next_run(), loop.alarm("DataDrifted", "OK")
    say(loop.time(), f"an hour like the training data: {_drift(said['same'])}, alarm {said['same_alarm']}")
    rows = changed(_fresh(102))
    asked = loop.ask("other", _features(rows))
    said["drifted"], said["drifted_alarm"] = loop.next_run(), loop.alarm("DataDrifted", "ALARM")
    say(
        loop.time(),
        f"a new region, richer, a sensor broken: {_drift(said['drifted'])}, alarm {said['drifted_alarm']}",
    )
    values = iter(row[TARGET] for row in rows)
    truth = {one.inference_id: [next(values) for _ in one.rows] for one in asked}
    loop.label("came-true", TARGET, asked, truth)
    said["decayed"], said["decayed_alarm"] = loop.next_run(), loop.alarm("QualityDecayed", "ALARM")
    say(loop.time(), f"labels came: {_quality(said['decayed'])}, alarm {said['decayed_alarm']}")
    if started := said["decayed"].get("retraining"):
        say(loop.time(), f"a retraining: {started['base_rows']} rows and {started['new_rows']} new ones")
        said["retrained"] = _follow(cloud, started["upload_uri"])
        say(loop.time(), f"the gate: {said['retrained'].outcome}")
    # As the new model was trained: of six rows one is of the new region.
    loop.ask("after", _features(_fresh(103)[: ASKED * 5 // 6] + changed(_fresh(104))[: ASKED // 6]))
    said["after"], said["after_alarm"] = loop.next_run(), loop.alarm("DataDrifted", "OK")
    say(loop.time(), f"the hour after: {_drift(said['after'])}, alarm {said['after_alarm']}")
    return said


def check(said: dict[str, Any]) -> None:
    """Raise RehearsalError unless it went as the act's title says."""
    found = {
        "silence without drift": said["same"]["drift"]["status"] == "NO_DRIFT",
        "drift where the world changed": said["drifted"]["drift"]["status"] == "DRIFT",
        "an alarm of it": said["drifted_alarm"] == "ALARM",
        "decay once labels came": said["decayed"]["quality"]["status"] == "DECAYED",
        "a retraining that the gate let through": "retrained" in said
        and said["retrained"].outcome == "Promoted",
        "an alarm that is over": said["after_alarm"] == "OK",
    }
    if lacking := [what for what, is_so in found.items() if not is_so]:
        raise RehearsalError(f"act four lacks {', '.join(lacking)}")


def watched(text: str) -> str:
    """A pipeline.toml in which dev is watched by the hour; raises RehearsalError where it lacks the keys."""
    table = re.search(r"(?ms)^\[monitoring\]$.*?(?=^\[(?!monitoring)|\Z)", text)
    found = table[0] if table else ""
    for name, value in CHANGED.items():
        pattern = rf"(?m)^{name} = [^#\n]*"
        if (count := len(re.findall(pattern, found))) != 1:
            raise RehearsalError(
                f"act four needs the shipped {FILE_NAME}: {name} is there {count} times, not once"
            )
        found = re.sub(pattern, f"{name} = {value} ", found)
    return text[: table.start()] + found + text[table.end() :] if table else text


def assembly() -> AbstractContextManager[Path]:
    """A cdk.out of the project as it is, but for that file; gone at the end."""
    return changed_project.assembly(watched((ROOT / FILE_NAME).read_text(encoding="utf-8")))


def changed(rows: Rows) -> Rows:
    """A region that no model knows: richer by half, with a sensor that fails in one row of five, and houses
    that cost 60 % more. What is new can be told from what was, so a retraining can learn it."""
    return [
        {
            **row,
            "latitude": str(round(float(row["latitude"]) + 5.0, 2)),
            "median_income": str(round(min(15.0, float(row["median_income"]) * 1.5), 4)),
            "total_bedrooms": "" if place % 5 == 0 else row["total_bedrooms"],
            TARGET: str(round(float(row[TARGET]) * 1.6, 1)),
        }
        for place, row in enumerate(rows)
    ]


def _fresh(seed: int) -> Rows:
    return list(csv.DictReader(io.StringIO(generate(ASKED, seed).decode())))


def _features(rows: Rows) -> Rows:
    return [{name: text for name, text in row.items() if name != TARGET} for row in rows]


def _upload(cloud: Running, key: str, content: bytes) -> Execution:
    bucket = cloud.outputs["RawBucketName"]
    cloud.client("s3").put_object(Bucket=bucket, Key=key, Body=content)
    return _follow(cloud, f"s3://{bucket}/{key}")


def _follow(cloud: Running, uri: str) -> Execution:
    bucket, _, key = uri.removeprefix("s3://").partition("/")
    version = cloud.client("s3").head_object(Bucket=bucket, Key=key)["VersionId"]
    states = cloud.client("stepfunctions")
    arn = find_execution(states, cloud.outputs["StateMachineArn"], key, version, PATIENCE_SECONDS)
    return watch(states, arn, lambda _: None, PATIENCE_SECONDS)


def _drift(run: dict[str, Any]) -> str:
    drift = run["drift"]
    return f"{drift['status']} in {drift['rows']} rows {', '.join(drift['columns'])}".strip()


def _quality(run: dict[str, Any]) -> str:
    quality = run["quality"]
    if quality["value"] is None:
        return str(quality["status"])
    return (
        f"{quality['status']}, {quality['metric']} {quality['value']:,.0f} "
        f"({quality['low']:,.0f} to {quality['high']:,.0f}), promised {quality['promised']:,.0f}"
    )
