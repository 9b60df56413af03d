"""`make stream DATA=file.csv RATE=200`: play a file as a stream of events.

Each row becomes a JSON object with an event id, which is the row's own, so that a file that is played again
doubles nothing, and the moment at which it is sent as its event time. `CLOSE=1` then closes every hour at
once, as an operator may: what comes for these hours later counts as late, and is not lost.
"""

from __future__ import annotations

import argparse
import csv
import hashlib
import json
import sys
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from itertools import islice
from pathlib import Path
from typing import Any

from contracts.feature_groups import FeatureGroup, at
from contracts.names import Names
from contracts.pipeline_config import FILE_NAME, PipelineConfig
from contracts.stream import Stream
from operations.deployed import DeployedStage, NotDeployedError

# PutRecords takes 500 records (Kinesis Data Streams API Reference).
MOST_AT_ONCE = 500
_LONGEST_PAUSE_SECONDS = 5.0
_SETTLE_SECONDS = 10.0  # for the last batch, once everything is sent


class StreamError(Exception):
    """The file could not be played; the message says why."""


class Player:
    """Sends rows to a stream; what is throttled is sent again."""

    def __init__(self, kinesis: Any, name: str, stream: Stream, groups: Sequence[FeatureGroup] = ()) -> None:
        """Where there are feature groups, events of one entity go one way, and so stay in order."""
        self._kinesis, self._name = kinesis, name
        self._id, self._time = stream.event_id, stream.event_time
        ordered = sorted(groups, key=lambda group: not group.aggregates)
        self._key = ordered[0].entity if ordered else ""

    def send(self, rows: Sequence[Mapping[str, Any]], now: datetime) -> int:
        """How many records had to be sent again."""
        again = 0
        for first in range(0, len(rows), MOST_AT_ONCE):
            records = [self._record(row, now) for row in rows[first : first + MOST_AT_ONCE]]
            pause = 0.1
            while records := self._put(records):
                again += len(records)
                time.sleep(pause)
                pause = min(2 * pause, _LONGEST_PAUSE_SECONDS)
        return again

    def _put(self, records: list[dict[str, Any]]) -> list[dict[str, Any]]:
        """Those that were not taken."""
        answer = self._kinesis.put_records(StreamName=self._name, Records=records)
        return [
            record
            for record, result in zip(records, answer["Records"], strict=True)
            if result.get("ErrorCode")
        ]

    def _record(self, row: Mapping[str, Any], now: datetime) -> dict[str, Any]:
        identity = str(row.get(self._id) or _digest(row))
        event = {self._id: identity, self._time: now.isoformat(), **{k: v for k, v in row.items() if v != ""}}
        return {"Data": json.dumps(event).encode(), "PartitionKey": str(row.get(self._key) or identity)[:256]}


def _digest(row: Mapping[str, Any]) -> str:
    return hashlib.sha256(json.dumps(row, sort_keys=True).encode()).hexdigest()[:32]


def read_rows(path: Path) -> Iterator[dict[str, str]]:
    """The rows of a CSV file, numbered; raises StreamError."""
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            yield from numbered(_whole(row, number, path) for number, row in enumerate(csv.DictReader(file)))
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise StreamError(f"{path} can't be read as CSV: {error}") from error


def _whole(row: dict[str, str], number: int, path: Path) -> dict[str, str]:
    if None in row or None in row.values():
        raise StreamError(f"{path}: row {number + 1} has not as many fields as the header")
    return row


def numbered(rows: Iterable[Mapping[str, str]]) -> Iterator[dict[str, str]]:
    """Each with its number from 0, by which two equal rows are two events."""
    for number, row in enumerate(rows):
        yield {**row, "greenlight_row": str(number)}


def play(player: Player, rows: Iterator[dict[str, str]], rate: int) -> int:
    """Send so many rows a second until there are none; how many there were."""
    sent, began = 0, time.monotonic()
    while second := list(islice(rows, rate)):
        player.send(second, datetime.now(UTC))
        sent += len(second)
        time.sleep(max(0.0, began + sent / rate - time.monotonic()))
    return sent


def close(lambdas: Any, names: Names) -> dict[str, Any]:
    """Close every hour that has begun, by a boto3 client of Lambda; what CloseHours answers."""
    payload = {"now": (datetime.now(UTC) + timedelta(days=2)).isoformat()}
    answer = lambdas.invoke(FunctionName=names.function("CloseHours"), Payload=json.dumps(payload).encode())
    document: dict[str, Any] = json.loads(answer["Payload"].read())
    if answer.get("FunctionError"):
        raise StreamError(f"CloseHours failed: {document.get('errorMessage', document)}")
    return document


def main(arguments: Sequence[str] | None = None) -> None:
    import boto3

    parser = argparse.ArgumentParser("python -m operations.stream", description=__doc__)
    parser.add_argument("data", type=Path)
    parser.add_argument("--rate", type=int, default=200, help="rows a second")
    parser.add_argument("--stage", default="dev")
    parser.add_argument("--close", action="store_true", help="then close every hour")
    asked = parser.parse_args(arguments)
    stage = DeployedStage(asked.stage, boto3.Session())
    try:
        name = stage.outputs.get("StreamName")
        if name is None:
            raise StreamError(
                f"{stage.names.prefix} has no stream: put [stream] into {FILE_NAME}, and deploy it"
            )
        whole = PipelineConfig.load(Path(FILE_NAME))
        config, groups = whole.stream, at(whole.feature_groups, asked.stage)
        player = Player(stage.session.client("kinesis"), name, config, groups)
        print(f"{play(player, read_rows(asked.data), max(1, asked.rate)):,} events were sent to {name}.")
        if asked.close:
            time.sleep(_SETTLE_SECONDS + config.batch_window_seconds)
            print(json.dumps(close(stage.session.client("lambda"), stage.names), indent=2))
    except (NotDeployedError, StreamError) as error:
        sys.exit(str(error))


if __name__ == "__main__":
    main()
