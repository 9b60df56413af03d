"""Data capture: what endpoints were asked and answered, as JSON lines in S3, written in the endpoint's role.

Layout and fields: developer guide, "Capture data from real-time endpoint".
"""

from __future__ import annotations

import base64
import json
import random
import threading
import uuid
from collections import defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from localcloud.services.sagemaker.access.roles import client_factory, split_uri
from localcloud.services.sagemaker.hosting.fleet.http import Response

FLUSH_SECONDS = 2.0
FULL_FILE_LINES = 1000


@dataclass(frozen=True)
class Sink:
    """Where one variant's captures go."""

    endpoint: str
    variant: str
    config: Mapping[str, Any]
    environment: Mapping[str, str]
    region: str
    complain: Callable[[str], None]
    """Gets a line when captures cannot be written."""


class Capture:
    """Buffers captures per variant and hour, and writes them from a thread of its own."""

    def __init__(self, now: Callable[[], float], chance: random.Random | None = None) -> None:
        self._now = now
        self._chance = chance or random.Random()  # noqa: S311 - a sample, not a secret
        self._lock = threading.Lock()
        self._writing = threading.Lock()
        self._buffers: dict[tuple[str, str, str, str], tuple[Sink, list[str]]] = {}
        self._clients: dict[str, Any] = {}
        self._wake = threading.Event()
        self._stopped = False
        self._thread: threading.Thread | None = None

    def record(
        self, sink: Sink, request: Mapping[str, str], body: bytes, answer: Response, inference_id: str | None
    ) -> None:
        """Maybe keep one exchange: a request's headers (lower case) and body, and its answer."""
        if self._chance.random() * 100 >= sink.config["InitialSamplingPercentage"]:
            return
        now = datetime.fromtimestamp(self._now(), UTC)
        line = capture_line(sink.config, request.get("content-type", ""), body, answer, inference_id, now)
        key = (sink.endpoint, sink.variant, sink.config["DestinationS3Uri"], f"{now:%Y/%m/%d/%H}")
        with self._lock:
            lines = self._buffers.setdefault(key, (sink, []))[1]
            lines.append(line)
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="data-capture", daemon=True)
                self._thread.start()
            if len(lines) >= FULL_FILE_LINES:
                self._wake.set()

    def flush(self) -> None:
        """Write what is buffered; blocking."""
        with self._writing:
            with self._lock:
                buffers, self._buffers = self._buffers, {}
            for (_, _, _, hour), (sink, lines) in buffers.items():
                self._write(sink, hour, lines)

    def stop(self) -> None:
        """Write what is buffered and end the thread."""
        self._stopped = True
        self._wake.set()
        self.flush()

    def _run(self) -> None:
        while not self._stopped:
            self._wake.wait(FLUSH_SECONDS)
            self._wake.clear()
            if not self._stopped:
                self.flush()

    def _write(self, sink: Sink, hour: str, lines: list[str]) -> None:
        bucket, prefix = split_uri(sink.config["DestinationS3Uri"])
        now = datetime.fromtimestamp(self._now(), UTC)
        name = f"{now:%M-%S}-{now.microsecond // 1000:03d}-{uuid.uuid4()}.jsonl"
        key = "/".join(filter(None, [prefix.strip("/"), sink.endpoint, sink.variant, hour, name]))
        kms = sink.config.get("KmsKeyId")
        encryption = {"ServerSideEncryption": "aws:kms", "SSEKMSKeyId": kms} if kms else {}
        try:
            self._client(sink).put_object(
                Bucket=bucket,
                Key=key,
                Body="".join(lines).encode(),
                ContentType="application/jsonlines",
                **encryption,
            )
        except Exception as problem:
            sink.complain(f"Data capture could not write s3://{bucket}/{key}: {problem}")

    def _client(self, sink: Sink) -> Any:
        key = sink.environment["AWS_ACCESS_KEY_ID"]
        if key not in self._clients:
            self._clients[key] = client_factory(dict(sink.environment), sink.region)("s3")
        return self._clients[key]


def capture_line(
    config: Mapping[str, Any],
    request_type: str,
    body: bytes,
    answer: Response,
    inference_id: str | None,
    now: datetime,
) -> str:
    """One line of a capture file."""
    modes = {option["CaptureMode"] for option in config["CaptureOptions"]}
    captured: dict[str, Any] = defaultdict(dict)
    if modes & {"Input", "InputAndOutput"}:
        captured["endpointInput"] = _part(config, "INPUT", request_type, body)
    if modes & {"Output", "InputAndOutput"}:
        kind = answer.headers.get("content-type", "")
        captured["endpointOutput"] = _part(config, "OUTPUT", kind, answer.body)
    event: dict[str, Any] = {"eventId": str(uuid.uuid4()), "inferenceTime": f"{now:%Y-%m-%dT%H:%M:%SZ}"}
    if inference_id:
        event["inferenceId"] = inference_id
    document = {"captureData": captured, "eventMetadata": event, "eventVersion": "0"}
    return json.dumps(document, separators=(",", ":")) + "\n"


def _part(config: Mapping[str, Any], mode: str, content_type: str, data: bytes) -> dict[str, Any]:
    header = config.get("CaptureContentTypeHeader", {})
    kind = content_type.partition(";")[0].strip()
    encoding, text = "BASE64", base64.b64encode(data).decode()
    if kind in header.get("CsvContentTypes", []):
        encoding, text = "CSV", data.decode("utf-8", "replace")
    elif kind in header.get("JsonContentTypes", []):
        encoding, text = "JSON", data.decode("utf-8", "replace")
    return {"observedContentType": content_type, "mode": mode, "data": text, "encoding": encoding}
