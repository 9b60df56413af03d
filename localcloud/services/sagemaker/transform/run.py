"""Runs one transform job to its end: a fleet of one, started from the model as an endpoint's is, gets every
input object in requests, and each object's answers go to OBJECT.out, in order.

Sources: SageMaker developer guide, "Use your own inference code with batch transform" (the container's
variables, GET /execution-parameters) and "Batch transform for inference" (an object that fails leaves no
output, the others do).
"""

from __future__ import annotations

import asyncio
import gzip
import json
import logging
import shutil
import threading
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import BinaryIO

from localcloud.services.sagemaker.access.roles import Role, reason, split_uri
from localcloud.services.sagemaker.hosting.fleet.fleet import Fleet, FleetError, Variant
from localcloud.services.sagemaker.hosting.fleet.http import BrokenError, Response, UnreachableError
from localcloud.services.sagemaker.hosting.fleet.instance import Program, Starter
from localcloud.services.sagemaker.logs import LogStream
from localcloud.services.sagemaker.platform import Platform
from localcloud.services.sagemaker.store import Document
from localcloud.services.sagemaker.transform import batches
from localcloud.services.sagemaker.transform.filters import RecordError
from localcloud.services.sagemaker.transform.plan import DEFAULT_PAYLOAD_MB, MEGABYTE, TransformPlan

log = logging.getLogger("localcloud.services.sagemaker")
LOG_GROUP = "/aws/sagemaker/TransformJobs"
_PAUSE_SECONDS = 0.05
_PARAMETERS_TIMEOUT_SECONDS = 2.0


class TransformError(Exception):
    """The job failed; the text is its FailureReason."""


class StoppedError(Exception):
    """Somebody asked for the job's end."""


@dataclass(frozen=True)
class _Limits:
    """What the request or the container says of payloads."""

    payload_bytes: int
    concurrency: int
    single: bool


class TransformRun:
    """One job's work, on its own thread with an event loop of its own."""

    def __init__(
        self,
        record: Document,
        plan: TransformPlan,
        platform: Platform,
        directory: Path,
        *,
        prepare: Callable[[Path], Program],
        role: Callable[[], Role],
        start: Starter,
    ) -> None:
        self._record, self._plan, self._platform, self._directory = record, plan, platform, directory
        self._prepare, self._role, self._start = prepare, role, start
        self._stopping = threading.Event()
        self._fleet: Fleet | None = None
        name = record["TransformJobName"]
        self._data_log = LogStream(platform, LOG_GROUP, f"{name}/data-log")

    @property
    def stopping(self) -> bool:
        return self._stopping.is_set()

    def stop(self) -> None:
        """No further request is sent."""
        self._stopping.set()

    def kill(self) -> None:
        """End the container at once: the cloud goes down."""
        self._stopping.set()
        if self._fleet is not None:
            self._fleet.kill()

    def run(self, on_start: Callable[[], None]) -> str:
        """Do the work; the reason of its failure, or nothing. Raises StoppedError."""
        try:
            return asyncio.run(self._run(on_start))
        except (TransformError, FleetError) as problem:
            return str(problem)
        except StoppedError:
            raise
        except Exception as problem:
            log.exception("transform job %s", self._record["TransformJobName"])
            return f"InternalServerError: {problem!r}"
        finally:
            self._data_log.flush()
            shutil.rmtree(self._directory, ignore_errors=True)

    async def _run(self, on_start: Callable[[], None]) -> str:
        program = await asyncio.to_thread(self._prepare, self._directory / "program")
        role = await asyncio.to_thread(self._role)
        bucket, keys = await asyncio.to_thread(self._inputs, role)
        self._go_on()
        self._fleet = fleet = self._new_fleet(program)
        on_start()
        await fleet.start()
        try:
            limits = await self._limits(fleet)
            failed = [key for key in keys if not await self._object(fleet, role, bucket, key, limits)]
        finally:
            await fleet.stop(drain=False)
        return "" if not failed else self._failure

    def _inputs(self, role: Role) -> tuple[str, list[str]]:
        """The bucket and the keys; a manifest names them by a prefix and what follows it."""
        from botocore.exceptions import BotoCoreError, ClientError

        bucket, prefix = split_uri(self._plan.s3_uri)
        try:
            if self._plan.is_manifest:
                target = self._directory / "manifest.json"
                role.download(bucket, prefix, target)
                head, *names = json.loads(target.read_bytes())
                bucket, start = split_uri(head["prefix"])
                return bucket, [f"{start}{name}" for name in names]
            keys = role.list_objects(bucket, prefix)
        except (BotoCoreError, ClientError) as problem:
            raise TransformError(
                f"ClientError: Data download failed:{reason(problem)} (role {role.arn}, {self._plan.s3_uri})"
            ) from None
        except (ValueError, KeyError, TypeError, AttributeError):
            raise TransformError(f"ClientError: {self._plan.s3_uri} is no manifest") from None
        if not keys:
            raise TransformError(f'ClientError: No S3 objects found under S3 URL "{self._plan.s3_uri}"')
        return bucket, keys

    def _new_fleet(self, program: Program) -> Fleet:
        name = self._record["TransformJobName"]
        added = {
            **self._record.get("Environment", {}),
            "SAGEMAKER_BATCH": "true",
            "SAGEMAKER_MAX_PAYLOAD_IN_MB": str(self._plan.payload_mb or DEFAULT_PAYLOAD_MB),
            "SAGEMAKER_BATCH_STRATEGY": "SINGLE_RECORD" if self._plan.single_record else "MULTI_RECORD",
            "SAGEMAKER_MAX_CONCURRENT_TRANSFORMS": str(self._plan.concurrency or 1),
        }
        variant = Variant(
            {"VariantName": "transform", "ModelName": self._record["ModelName"], "InitialInstanceCount": 1},
            replace(program, environment={**program.environment, **added}),
            1.0,
        )
        epoch = int(self._platform.clock.now())
        return Fleet(
            name,
            [variant],
            self._directory / "fleet",
            self._platform.clock,
            self._start,
            lambda _, instance_id: LogStream(self._platform, LOG_GROUP, f"{name}/{instance_id}-{epoch}"),
        )

    async def _limits(self, fleet: Fleet) -> _Limits:
        """The container's own wishes count where the request is silent."""
        plan = self._plan
        said: dict[str, object] = {}
        try:
            instance = fleet.variants["transform"].healthy[0]
            answer = await instance.pool.send(
                "GET", "/execution-parameters", (), b"", _PARAMETERS_TIMEOUT_SECONDS
            )
            found = json.loads(answer.body) if answer.status == 200 else {}
            said = found if isinstance(found, dict) else {}
        except (ConnectionError, TimeoutError, IndexError, ValueError):
            pass
        payload = plan.payload_mb or int(str(said.get("MaxPayloadInMB") or DEFAULT_PAYLOAD_MB))
        concurrency = plan.concurrency or int(str(said.get("MaxConcurrentTransforms") or 1))
        single = plan.single_record
        if single is None:
            single = said.get("BatchStrategy") == "SINGLE_RECORD"
        return _Limits(payload * MEGABYTE, max(1, concurrency), single)

    async def _object(self, fleet: Fleet, role: Role, bucket: str, key: str, limits: _Limits) -> bool:
        """Transform one object; False, and a line in the data log, where it fails."""
        from botocore.exceptions import BotoCoreError, ClientError

        source, target = self._directory / "input", self._directory / "output"
        try:
            await asyncio.to_thread(self._download, role, bucket, key, source)
            with target.open("wb") as out:
                await self._requests(fleet, source, out, limits)
            await asyncio.to_thread(self._upload, role, key, target)
        except (RecordError, batches.PayloadError) as problem:
            self._fail(key, "ClientError", str(problem))
        except _AnswerError as problem:
            self._fail(key, problem.kind, str(problem))
        except (BotoCoreError, ClientError) as problem:
            raise TransformError(f"ClientError: {key}: {reason(problem)} (role {role.arn})") from None
        else:
            return True
        return False

    def _fail(self, key: str, kind: str, text: str) -> None:
        self._failure = f"{kind}: See job logs for more information"
        self._data_log.write(f"{key}: {text}")

    def _download(self, role: Role, bucket: str, key: str, target: Path) -> None:
        if not self._plan.is_gzip:
            role.download(bucket, key, target)
            return
        packed = target.with_suffix(".gz")
        role.download(bucket, key, packed)
        try:
            with gzip.open(packed) as file, target.open("wb") as out:
                shutil.copyfileobj(file, out)
        except (OSError, EOFError) as problem:
            raise RecordError(f"it is no gzip: {problem}") from None

    def _upload(self, role: Role, key: str, path: Path) -> None:
        bucket, prefix = split_uri(self._plan.output_uri)
        _, asked = split_uri(self._plan.s3_uri)
        folder = asked[: asked.rfind("/") + 1]
        name = key[len(folder) :] if not self._plan.is_manifest and key.startswith(folder) else key
        role.upload(path, bucket, f"{prefix}/{name}.out".lstrip("/"), self._plan.output_key)

    async def _requests(self, fleet: Fleet, source: Path, out: BinaryIO, limits: _Limits) -> None:
        """As many at once as are allowed; answers are written in the order of the records."""
        under_way: deque[tuple[list[bytes], asyncio.Task[bytes]]] = deque()
        try:
            for records in self._batches(source, limits):
                self._go_on()
                while len(under_way) >= limits.concurrency:
                    await self._write(out, *under_way.popleft())
                under_way.append((records, asyncio.create_task(self._ask(fleet, records))))
            while under_way:
                await self._write(out, *under_way.popleft())
        finally:
            for _, task in under_way:
                task.cancel()

    def _batches(self, source: Path, limits: _Limits) -> Iterator[list[bytes]]:
        if self._plan.splits:
            return batches.of_lines(source, limit_bytes=limits.payload_bytes, single=limits.single)
        return batches.of_whole(source, limit_bytes=limits.payload_bytes)

    async def _write(self, out: BinaryIO, records: list[bytes], task: asyncio.Task[bytes]) -> None:
        answer = await task
        processing = self._plan.processing
        if processing is not None and processing.joins:
            answers = answer.removesuffix(b"\n").split(b"\n")
            if len(answers) != len(records):
                raise RecordError(
                    "Fail to join data: mismatched line count between the input and the output "
                    f"({len(records)} and {len(answers)})"
                )
            joined = processing.join(records, answers, processing.output_filter)
            out.write(b"\n".join(joined) + b"\n")
            return
        out.write(answer)
        if self._plan.assembles_lines and not answer.endswith(b"\n"):
            out.write(b"\n")

    async def _ask(self, fleet: Fleet, records: list[bytes]) -> bytes:
        processing = self._plan.processing
        sent = processing.part(processing.input_filter, records) if processing else records
        body = b"\n".join(sent)
        failure = _AnswerError("AlgorithmError", "no answer")
        for _ in range(1 + self._plan.retries):
            try:
                response = await self._send(fleet, body)
            except (BrokenError, UnreachableError) as problem:
                failure = _AnswerError("AlgorithmError", f"the container went away: {problem}")
                continue
            except TimeoutError:
                failure = _AnswerError(
                    "ClientError", "the model took longer than InvocationsTimeoutInSeconds"
                )
                continue
            if 200 <= response.status < 300:
                return response.body
            text = response.body.decode("utf-8", "replace")[:1000]
            if 400 <= response.status < 500:
                raise _AnswerError("ClientError", f"the model answered {response.status}: {text}")
            failure = _AnswerError("AlgorithmError", f"the model answered {response.status}: {text}")
        raise failure

    async def _send(self, fleet: Fleet, body: bytes) -> Response:
        plan = self._plan
        headers = [("Content-Type", plan.content_type), *([("Accept", plan.accept)] if plan.accept else [])]
        while True:
            self._go_on()
            instance = fleet.variants["transform"].pick()
            if instance is not None:
                return await instance.send("/invocations", headers, body, plan.timeout_seconds)
            if fleet.failure:
                raise TransformError(fleet.failure)
            await asyncio.sleep(_PAUSE_SECONDS)

    def _go_on(self) -> None:
        if self._stopping.is_set():
            raise StoppedError

    _failure = ""


class _AnswerError(Exception):
    def __init__(self, kind: str, message: str) -> None:
        super().__init__(message)
        self.kind = kind
