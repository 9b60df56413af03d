"""Looks for records that mappings have not read, and invokes their functions: one batch a shard at a time."""

from __future__ import annotations

import json
import logging
import threading
import time
from collections.abc import Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

from localcloud.host.cloud import Cloud
from localcloud.ministack_adapter import iam_evaluator, kinesis, lambda_svc, sqs
from localcloud.services.kinesis import events, resharding
from localcloud.services.kinesis.shard_reader import Batch, Discarded, Settings, ShardReader, checkpoint_of

LOOK_SECONDS = 0.1
_FIRST_PAUSE_SECONDS, _LONGEST_PAUSE_SECONDS = 0.1, 5.0  # of wall time, between tries of one batch
_AT_ONCE = 16
_log = logging.getLogger("localcloud.streams")


@dataclass
class _Shard:
    """A shard as one mapping reads it."""

    reader: ShardReader
    running: Future[None] | None = None
    not_before: float = 0.0


class Poller:
    """A thread that looks at every mapping of a stream until the cloud stops."""

    def __init__(self, cloud: Cloud) -> None:
        self._cloud = cloud
        self._shards: dict[tuple[str, str], _Shard] = {}
        self._stopping = threading.Event()
        self._workers = ThreadPoolExecutor(_AT_ONCE, thread_name_prefix="stream")
        self._thread = threading.Thread(target=self._run, name="streams", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._stopping.set()
        self._workers.shutdown(wait=False, cancel_futures=True)

    def _run(self) -> None:
        while not self._stopping.wait(LOOK_SECONDS):
            try:
                with self._cloud.scope():
                    for _account, _region, mapping in list(lambda_svc.iter_all_esms()):
                        self._look(mapping)
            except Exception:
                _log.exception("streams could not be looked at")

    def _look(self, mapping: dict[str, Any]) -> None:
        arn = str(mapping.get("EventSourceArn", ""))
        if ":kinesis:" not in arn or not mapping.get("Enabled", True):
            return
        stream = kinesis.streams.get(arn.rpartition("/")[2])
        if stream is None or stream["StreamStatus"] != "ACTIVE":
            return
        records = resharding.shards_of(stream, time.time() - stream["RetentionPeriodHours"] * 3600)
        positions = self._positions(mapping, records)
        states = {name: self._state(mapping, name, positions) for name in records}
        for name, state in states.items():
            parents = [p for p in resharding.parents_of(stream, name) if p in states]
            if all(states[parent].reader.is_drained(records[parent]) for parent in parents):
                self._advance(mapping, name, state, records[name])

    @staticmethod
    def _positions(mapping: Mapping[str, Any], records: Mapping[str, Any]) -> dict[str, str]:
        """The last sequence number that is done, by shard; kept with the cloud's state. A shard that comes
        later is read from its beginning, wherever the mapping started."""
        kept = lambda_svc.kinesis_positions
        found: dict[str, str] | None = kept.get(mapping["UUID"])
        if found is None:
            from_end = mapping.get("StartingPosition") == "LATEST"
            found = kept[mapping["UUID"]] = {
                name: lines[-1]["SequenceNumber"] if lines and from_end else ""
                for name, lines in records.items()
            }
        return found

    def _state(self, mapping: Mapping[str, Any], shard: str, positions: Mapping[str, str]) -> _Shard:
        settings = Settings.read(mapping)
        state = self._shards.get((mapping["UUID"], shard))
        if state is None:
            state = _Shard(ShardReader(settings, positions.get(shard, "")))
            self._shards[mapping["UUID"], shard] = state
        state.reader.settings = settings
        return state

    def _advance(self, mapping: dict[str, Any], shard: str, state: _Shard, records: list[Any]) -> None:
        now = time.time()
        if (state.running and not state.running.done()) or now < state.not_before:
            return
        if batch := state.reader.next(records, now):
            self._tell_age(mapping, batch, now)
            state.running = self._workers.submit(self._try, mapping, shard, state, batch)

    def _try(self, mapping: dict[str, Any], shard: str, state: _Shard, batch: Batch) -> None:
        try:
            with self._cloud.scope():
                self._invoke(mapping, shard, state, batch)
                lambda_svc.kinesis_positions[mapping["UUID"]][shard] = state.reader.done
        except Exception:
            _log.exception("a batch of %s could not be handed over", shard)
            state.not_before = time.time() + _LONGEST_PAUSE_SECONDS

    def _invoke(self, mapping: dict[str, Any], shard: str, state: _Shard, batch: Batch) -> None:
        reader = state.reader
        if batch.retries and (old := reader.too_old(time.time())):
            self._give_up(mapping, shard, old)
            return
        function, config = lambda_svc.get_func_record_for_qualifier(
            mapping["FunctionName"], mapping.get("Qualifier")
        )
        if function is None:
            state.not_before = time.time() + _LONGEST_PAUSE_SECONDS
            return
        role = str((config or {}).get("Role", ""))
        event = events.event_of(batch.records, shard, mapping["EventSourceArn"], role)
        result = lambda_svc.execute_function(function, event)
        checkpoint = _checkpoint(result, batch, reports=reader.settings.reports)
        if checkpoint is None:
            reader.succeeded()
            mapping["LastProcessingResult"] = "OK"
            return
        mapping["LastProcessingResult"] = "PROBLEM: Function call failed"
        pause = _FIRST_PAUSE_SECONDS * 2.0 ** min(batch.retries, 10)
        state.not_before = time.time() + min(pause, _LONGEST_PAUSE_SECONDS)
        if discarded := reader.failed(checkpoint):
            self._give_up(mapping, shard, discarded)

    def _give_up(self, mapping: Mapping[str, Any], shard: str, discarded: Discarded) -> None:
        _log.warning("%d records of %s are given up: %s", len(discarded.records), shard, discarded.condition)
        destination = ((mapping.get("DestinationConfig") or {}).get("OnFailure") or {}).get("Destination", "")
        if ":sqs:" not in destination:
            return
        record = events.invocation_record(
            discarded, shard, mapping["EventSourceArn"], mapping["FunctionArn"], time.time()
        )
        # AWS's services speak TLS to each other, which a queue's policy may demand.
        iam_evaluator.pin_request_origin("127.0.0.1", True)
        url = sqs.queue_url(destination.rpartition(":")[2])
        self._cloud.emit_message(url, json.dumps(record), {})

    def _tell_age(self, mapping: Mapping[str, Any], batch: Batch, now: float) -> None:
        """Of the last record of the batch (Lambda Developer Guide, "Types of metrics for Lambda")."""
        age = max(0.0, now - float(batch.records[-1]["ApproximateArrivalTimestamp"])) * 1000
        name = str(mapping["FunctionName"])
        self._cloud.put_metric(
            "AWS/Lambda", "IteratorAge", age, unit="Milliseconds", dimensions={"FunctionName": name}
        )


def _checkpoint(result: Mapping[str, Any], batch: Batch, *, reports: bool) -> str | None:
    if result.get("error"):
        return ""
    if not reports:
        return None
    body = result.get("body")
    if isinstance(body, str | bytes):
        try:
            body = json.loads(body) if body else None
        except ValueError:
            body = "no JSON"
    return checkpoint_of(body, batch.records)
