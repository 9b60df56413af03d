"""What the states of a batch ask and answer: a file under `batch/`, answered by the champion."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from contracts.documents.document import Document, Request


@dataclass(frozen=True, kw_only=True)
class PrepareBatchRequest(Request):
    """One version of one object. `attempt` is the execution's name and how often it was redriven."""

    bucket: str
    key: str
    version_id: str
    execution_arn: str
    attempt: str


@dataclass(frozen=True, kw_only=True)
class PreparedBatch(Document):
    """`status` is `ready`, `empty` where no row can be answered, `refused` where the file can't be read, or
    `duplicate` where another execution has it; `reason` says why. `uri` is the batch's folder.

    `input_filter` leaves out what the model does not read; job and model have one name.
    """

    status: str
    reason: str
    uri: str
    name: str = ""
    input_filter: str = "$"
    champion_arn: str = ""
    rows: int = 0
    accepted_rows: int = 0
    rejected_rows: int = 0

    @property
    def input_uri(self) -> str:
        return f"{self.uri}input/"


@dataclass(frozen=True, kw_only=True)
class FinishBatchRequest(Request):
    """`failure` is what the transform job ended with, where it failed."""

    batch: PreparedBatch
    failure: Mapping[str, Any] | None = None


@dataclass(frozen=True, kw_only=True)
class FinishedBatch(Document):
    """`outcome` is `Predicted`, `BatchRejected` or `BatchFailed`; `predicted_rows` lie under `output_uri`."""

    outcome: str
    reason: str
    manifest_uri: str
    output_uri: str
    rows: int
    predicted_rows: int
    rejected_rows: int


# What each state's function is asked, and under which key its answer goes.
STATES: dict[str, tuple[type[Request], str, type[Document]]] = {
    "PrepareBatch": (PrepareBatchRequest, "batch", PreparedBatch),
    "FinishBatch": (FinishBatchRequest, "result", FinishedBatch),
}
