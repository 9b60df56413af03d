"""The offline store: every record that was written, as Parquet by the hour of its event time.

Layout, columns and delay: SageMaker AI Developer Guide, "Feature Store offline store data format" (files
`year=/month=/day=/hour=/TIMESTAMP_16RANDOM.parquet`; write_time, api_invocation_time and is_deleted are
appended) and "Data sources and ingestion" ("buffered and ... written to Amazon S3 within 15 minutes"). Here
it is always the whole quarter of an hour, on the cloud's clock. Files are written in the group's role.
"""

from __future__ import annotations

import io
import logging
import secrets
import string
import threading
import uuid
from collections import defaultdict
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any, Protocol

from localcloud.host.clock import Clock
from localcloud.services.sagemaker.access.roles import Role, split_uri
from localcloud.services.sagemaker.features.values import Values, types_of
from localcloud.services.sagemaker.store import Document, Store

DELAY_SECONDS = 900.0
RETRY_SECONDS = 300.0
_LOOK_WALL_SECONDS = 0.25
_LETTERS = string.ascii_letters + string.digits
log = logging.getLogger("localcloud.services.sagemaker")


class Assumer(Protocol):
    """Opens sessions of execution roles."""

    def assume(self, role_arn: str, source_arn: str) -> Role: ...


class OfflineStore:
    """What waits to be written, which outlives a restart, and the thread that writes it."""

    def __init__(self, store: Store, clock: Clock, roles: Assumer) -> None:
        self._store, self._clock, self._roles = store, clock, roles
        self._table = store.table("feature-offline")
        self._lock = threading.Lock()
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None
        clock.timers.append(self)

    def append(
        self, group: Document, event: float, values: Values, invoked: float, *, is_deleted: bool = False
    ) -> None:
        """Keep one record, to be written when its delay is over."""
        key = uuid.uuid4().hex
        self._table.save(
            key,
            {
                "key": key,
                "group": group,
                "event": event,
                "values": values,
                "invoked": invoked,
                "due": invoked + DELAY_SECONDS,
                "is_deleted": is_deleted,
            },
        )

    def start(self) -> None:
        """Write from a thread of its own from now on."""
        if self._thread is None:
            self._thread = threading.Thread(target=self._run, name="feature-store", daemon=True)
            self._thread.start()

    def stop(self) -> None:
        self._stop.set()

    def next_due(self) -> float | None:
        return min((record["due"] for record in self._table), default=None)

    def sweep(self) -> None:
        """Write what is due; blocking, so never on the gateway's event loop."""
        now = self._clock.now()
        with self._lock:
            waiting = list(self._table)
            if any(one["due"] <= now for one in waiting):
                # All that wait go with them, as of one buffer.
                self._write(waiting, now)

    def drain(self, group: Document) -> None:
        """Write what waits for a group that goes, from a thread: its bucket may be next."""
        name = group["FeatureGroupName"]
        waiting = [one for one in self._table if one["group"]["FeatureGroupName"] == name]
        if waiting:
            threading.Thread(target=self._drain, args=(waiting,), daemon=True).start()

    def _drain(self, waiting: list[Document]) -> None:
        with self._lock:
            self._write(waiting, self._clock.now())

    def _run(self) -> None:
        while not self._stop.wait(_LOOK_WALL_SECONDS):
            try:
                self.sweep()
            except Exception:
                log.exception("the offline store could not be written")

    def _write(self, waiting: Iterable[Document], now: float) -> None:
        files: dict[tuple[str, str], list[Document]] = defaultdict(list)
        for one in waiting:
            hour = datetime.fromtimestamp(one["event"], UTC).strftime("year=%Y/month=%m/day=%d/hour=%H")
            files[(one["group"]["FeatureGroupArn"], hour)].append(one)
        roles: dict[str, Role] = {}
        for (arn, hour), records in files.items():
            group = records[0]["group"]
            try:
                role = roles.get(arn) or roles.setdefault(arn, self._roles.assume(group["RoleArn"], arn))
                self._put(role, group, hour, records, now)
            except Exception as problem:
                log.error("%s: the offline store could not be written: %s", arn, problem)
                for one in records:
                    self._table.save(one["key"], {**one, "due": now + RETRY_SECONDS})
                continue
            for one in records:
                self._table.delete(one["key"])

    @staticmethod
    def _put(role: Role, group: Document, hour: str, records: list[Document], now: float) -> None:
        storage = group["OfflineStoreConfig"]["S3StorageConfig"]
        bucket, prefix = split_uri(storage["ResolvedOutputS3Uri"])
        latest = datetime.fromtimestamp(max(one["event"] for one in records), UTC)
        name = f"{latest:%Y%m%dT%H%M%SZ}_{''.join(secrets.choice(_LETTERS) for _ in range(16))}.parquet"
        key = storage.get("KmsKeyId")
        encryption = {"ServerSideEncryption": "aws:kms", "SSEKMSKeyId": key} if key else {}
        role.s3.put_object(
            Bucket=bucket, Key=f"{prefix}/{hour}/{name}", Body=as_parquet(group, records, now), **encryption
        )


def as_parquet(group: Document, records: Iterable[Document], now: float) -> bytes:
    """Each feature by its type, and the three columns that the store appends."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    kinds = {"Integral": pa.int64(), "Fractional": pa.float64(), "String": pa.string()}
    read: dict[str, Any] = {"Integral": int, "Fractional": float, "String": str}
    rows = list(records)
    moment = pa.timestamp("us", "UTC")
    columns: dict[str, Any] = {}
    for name, kind in types_of(group).items():
        texts = [row["values"].get(name) for row in rows]
        columns[name] = pa.array([None if text is None else read[kind](text) for text in texts], kinds[kind])
    written = [datetime.fromtimestamp(now, UTC)] * len(rows)
    invoked = [datetime.fromtimestamp(row["invoked"], UTC) for row in rows]
    columns["write_time"] = pa.array(written, moment)
    columns["api_invocation_time"] = pa.array(invoked, moment)
    columns["is_deleted"] = pa.array([row["is_deleted"] for row in rows], pa.bool_())
    buffer = io.BytesIO()
    pq.write_table(pa.table(columns), buffer)
    return buffer.getvalue()
