"""The act of the stream: half of the data comes as events, trains a model, and a front serves it.

It plays in a cloud of its own, with a copy of pipeline.toml in which dev has a stream and a front whose
tokens a local issuer signs. The project's own file stays as it is.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from rich.markup import escape

from contracts import layout
from contracts.names import Names
from contracts.pipeline_config import FILE_NAME, PipelineConfig
from localcloud.host.launch import Running, launch
from operations.rehearsal import changed_project, endings
from operations.rehearsal.acts import Run
from operations.rehearsal.calling import Answer, Caller, address_of
from operations.rehearsal.display import Display
from operations.rehearsal.issuer import AUDIENCE, Issuer
from operations.rehearsal.stage import (
    EXECUTION_PATIENCE_SECONDS,
    START_PATIENCE_SECONDS,
    Prediction,
    Stage,
)
from operations.rehearsal.streamed import ENTITY, Halves, as_json, halves, known_rows, opened, read_opened
from operations.rehearsal.taken import Taken
from operations.rehearsal.watch import Execution, RehearsalError, find_execution, watch
from operations.stream import Player, StreamError, close, numbered
from operations.stream import play as play_events

STAGE = "dev"
ASKED, SHOWN = 20, 3
EVENTS_PER_SECOND = 2000
PATIENCE_SECONDS = 600.0
_LOOK_SECONDS = 0.5


@dataclass(kw_only=True)
class Told:
    """What was seen; a status is HTTP's."""

    sent: int = 0
    accepted: int = 0
    refused: int = 0
    closed_hours: list[str] = field(default_factory=list)
    closed_rows: int = 0
    execution: Execution | None = None
    predictions: list[Prediction] = field(default_factory=list)
    asked_by_entity: int = 0
    answered_alike: int = 0
    status_of_unknown: int = 0
    labels_accepted: int = 0
    label_files: list[str] = field(default_factory=list)
    status_without_token: int = 0
    status_without_scope: int = 0


def play(display: Display, content: bytes, runs: list[Run], speed: float) -> None:
    """`content` is the file's, `runs` gains the one of the frozen hours. Raises RehearsalError where the
    story does not go as told, and DataFileError where the file is too small for it."""
    display.act("The stream: events become a model, and a front serves it")
    with Issuer() as issuer:
        text = opened(
            (changed_project.ROOT / FILE_NAME).read_text(encoding="utf-8"), issuer.address, AUDIENCE
        )
        config = read_opened(text)
        parts = halves(content, config.dataset, ASKED)
        display.step("synthesising with a stream and a front, and starting the embedded cloud")
        with changed_project.assembly(text) as out, launch(assembly=out, speed=speed) as cloud:
            display.step(f"stage {STAGE} deployed at {cloud.endpoint_url}")
            check(tell(cloud, config, parts, issuer, display, runs))


def tell(
    cloud: Running, config: PipelineConfig, parts: Halves, issuer: Issuer, display: Display, runs: list[Run]
) -> Told:
    """Play it, step by step; raises RehearsalError."""
    told = Told()
    _stream(cloud, config, parts, display, told)
    uri = _close(cloud, config, display, told)
    told.execution = _follow(cloud, uri, display)
    run = Run("half of it, as events", told.execution)
    runs.append(run)
    if told.execution.outcome != endings.PROMOTED:
        raise RehearsalError(_unpromoted(told.execution))
    display.step(f"[green]{endings.PROMOTED}[/green]: {escape(endings.meaning(told.execution))}")
    stage = Stage(cloud.session(), cloud.endpoint_url, dict(cloud.outputs))
    run.endpoint_config_after = stage.endpoint_config()
    _ask(cloud, config, parts, issuer, display, told)
    run.predictions = told.predictions
    return told


def check(told: Told) -> None:
    """Raise RehearsalError unless it went as the act's title says."""
    found = {
        "every event accepted or refused": told.sent == told.accepted + told.refused,
        "each accepted event in the closed hours once": told.closed_rows == told.accepted > 0,
        "a prediction for each row": bool(told.predictions),
        "the same answer by entity id as by the whole row": told.answered_alike == told.asked_by_entity,
        "a refusal of an entity that nobody knows": not told.asked_by_entity or told.status_of_unknown == 400,
        "a label for each prediction": told.labels_accepted == len(told.predictions),
        "the labels in the raw bucket": bool(told.label_files),
        "a front that is closed without a token": told.status_without_token == 401,
        "labels that are closed to a token for predictions": told.status_without_scope == 403,
    }
    if lacking := [what for what, is_so in found.items() if not is_so]:
        raise RehearsalError(f"the act of the stream lacks {', '.join(lacking)}")


def _stream(cloud: Running, config: PipelineConfig, parts: Halves, display: Display, told: Told) -> None:
    """Send the events, and wait until each of them was accepted or refused."""
    name = cloud.outputs["StreamName"]
    display.step(f"{len(parts.events):,} of {parts.rows:,} rows go to {name} as events")
    player = Player(cloud.client("kinesis"), name, config.stream, config.feature_groups)
    told.sent = play_events(player, numbered(parts.events), EVENTS_PER_SECOND)
    display.step(f"all {told.sent:,} are sent")
    taken = Taken(cloud.client("s3"), cloud.outputs["ArtifactBucketName"])
    until = time.monotonic() + PATIENCE_SECONDS
    while taken.look() < told.sent:
        if time.monotonic() > until:
            raise RehearsalError(
                f"{told.sent:,} events were sent, and AcceptRecords took {taken.look():,} of them in "
                f"{PATIENCE_SECONDS:.0f} s"
            )
        time.sleep(_LOOK_SECONDS)
    told.accepted, told.refused = len(taken.accepted), len(taken.refused)
    display.step(f"{told.accepted:,} accepted, in {taken.files} files by the hour; {told.refused:,} refused")


def _close(cloud: Running, config: PipelineConfig, display: Display, told: Told) -> str:
    """Close the hours, as an operator may; the URI of the dataset's manifest."""
    try:
        ending = close(cloud.client("lambda"), Names(config.name, STAGE))
    except StreamError as error:
        raise RehearsalError(str(error)) from error
    told.closed_hours = [hour["hour"] for hour in ending["closed"]]
    told.closed_rows = sum(hour["rows"] for hour in ending["closed"])
    display.step(f"CloseHours froze {', '.join(told.closed_hours) or 'nothing'}: {told.closed_rows:,} events")
    uri = str(ending["dataset_uri"])
    if not uri:
        raise RehearsalError(
            f"CloseHours made no dataset of {told.closed_rows:,} events; dataset.min_rows of {FILE_NAME} is "
            f"{config.dataset.min_rows:,}, and {told.refused:,} events were refused"
        )
    return uri


def _follow(cloud: Running, uri: str, display: Display) -> Execution:
    """The execution that the dataset's manifest started, to its end."""
    bucket, _, key = uri.removeprefix("s3://").partition("/")
    display.step(f"uploaded [bold]{key}[/bold]")
    version = str(cloud.client("s3").head_object(Bucket=bucket, Key=key)["VersionId"])
    states = cloud.client("stepfunctions")
    arn = find_execution(states, cloud.outputs["StateMachineArn"], key, version, START_PATIENCE_SECONDS)
    display.step(f"execution [bold]{arn.rsplit(':', 1)[-1]}[/bold]")
    with display.following() as follow:
        return watch(states, arn, follow, EXECUTION_PATIENCE_SECONDS)


def _ask(
    cloud: Running, config: PipelineConfig, parts: Halves, issuer: Issuer, display: Display, told: Told
) -> None:
    """Rows of the other half by the front, and what came true for them."""
    address, front = address_of(cloud), config.front
    pairs = [as_json(question, config.dataset) for question in parts.questions]
    asked = {"rows": [row for row, _ in pairs]}
    told.status_without_token = Caller(address).post("/v1/predictions", asked).status
    display.step(f"the front, without a token: {told.status_without_token}")
    predicting = Caller(address, issuer.token(front.predict_scope))
    answer = _answered(predicting.post("/v1/predictions", asked), "rows of the other half")
    told.predictions = [
        Prediction(asked=question.row, answered=str(value), actual=question.actual)
        for question, value in zip(parts.questions, answer["predictions"], strict=True)
    ]
    display.step(f"with one, it answers {len(told.predictions)} rows of the other half: {_shown(told)}")
    _ask_by_entity(predicting, config, parts, display, told)
    labels = {
        "labels": [
            {"inference_id": answer["inference_id"], "row": place, "value": value}
            for place, (_, value) in enumerate(pairs)
        ]
    }
    told.status_without_scope = predicting.post("/v1/labels", labels).status
    display.step(f"labels, by the same token: {told.status_without_scope}")
    labelling = Caller(address, issuer.token(front.labels_scope))
    told.labels_accepted = int(_answered(labelling.post("/v1/labels", labels), "labels")["accepted"])
    found = cloud.client("s3").list_objects_v2(
        Bucket=cloud.outputs["RawBucketName"], Prefix=layout.FRONT_LABELS_FOLDER
    )
    told.label_files = [item["Key"] for item in found.get("Contents", [])]
    display.step(
        f"by one for labels: {told.labels_accepted} accepted, in {layout.FRONT_LABELS_FOLDER} of the raw"
        " bucket"
    )


def _ask_by_entity(
    predicting: Caller, config: PipelineConfig, parts: Halves, display: Display, told: Told
) -> None:
    """Events whose features lie in the feature store since they were accepted, by their entity's id alone;
    the answers must be those to the whole rows."""
    known = known_rows(parts, config, ASKED)
    if not known:
        display.step("no column can be a feature of the feature store: nothing is asked by an entity's id")
        return
    whole, by_entity = (
        _answered(predicting.post("/v1/predictions", {"rows": rows}), what)["predictions"]
        for rows, what in (
            ([one.whole for one in known], "rows of the events"),
            ([one.by_entity for one in known], "their entities"),
        )
    )
    told.asked_by_entity = len(known)
    told.answered_alike = sum(one == other for one, other in zip(whole, by_entity, strict=True))
    nobody = {**known[0].by_entity, ENTITY: "nobody"}
    told.status_of_unknown = predicting.post("/v1/predictions", {"rows": [nobody]}).status
    display.step(
        f"by entity id, from the feature store: {told.answered_alike} of {told.asked_by_entity} answers "
        f"are those to the whole rows; an id that nobody knows: {told.status_of_unknown}"
    )


def _answered(answer: Answer, what: str) -> Any:
    if answer.status != 200:
        raise RehearsalError(f"the front answered {answer.status} to {what}: {answer.document}")
    return answer.document


def _shown(told: Told) -> str:
    def short(value: str) -> str:
        try:
            return f"{float(value):,.0f}" if abs(float(value)) >= 1000 else f"{float(value):.5g}"
        except ValueError:
            return value

    shown: Sequence[Prediction] = told.predictions[:SHOWN]
    texts = [f"{short(one.answered)} (actual {short(one.actual)})" for one in shown]
    return escape(", ".join(texts) + (" ..." if len(told.predictions) > SHOWN else ""))


def _unpromoted(execution: Execution) -> str:
    return (
        f"the frozen hours made no champion: {execution.outcome}: {endings.meaning(execution)}. "
        f"{endings.reason(execution)}; {endings.way_on(execution) or 'see the report'}"
    )
