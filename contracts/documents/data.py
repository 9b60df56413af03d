"""What is known of an upload and of the dataset that is made of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from contracts.documents.document import Document


@dataclass(frozen=True, kw_only=True)
class UploadInput(Document):
    """One version of one object, as S3 announced it; `sequencer` orders uploads of one second."""

    bucket: str
    key: str
    versionId: str  # noqa: N815  # deployed rules and running executions spell it so
    sequencer: str = ""


@dataclass(frozen=True, kw_only=True)
class Preconditions(Document):
    """`is_endpoint_lost`: a model was deployed and nothing serves any more; `disagreement` of endpoint and
    registry, in words."""

    is_endpoint_lost: bool
    disagreement: str


@dataclass(frozen=True, kw_only=True)
class Dataset(Document):
    """An accepted dataset, by the URIs of its files and by counts of rows. `holdout_uri` and `quarantine_uri`
    end with a slash where the dataset came in parts; `upload_order` is a text that sorts as uploads did."""

    accepted: bool
    contract_hash: str
    upload_order: str
    version: str
    uri: str
    train_uri: str
    contract_uri: str
    holdout_uri: str
    quarantine_uri: str
    profile_uri: str
    manifest_uri: str
    rows: int
    train_rows: int
    holdout_rows: int
    quarantined_rows: int = 0
    gap_rows: int | None = None


@dataclass(frozen=True, kw_only=True)
class RejectedDataset(Document):
    """Where the upload breaks its contract: `message` and `faults` say how. `quarantine_uri` where rows broke
    a rule, and `version` where the upload could be read at all."""

    accepted: bool
    contract_hash: str
    upload_order: str
    message: str
    faults: tuple[Mapping[str, Any], ...]
    version: str | None = None
    quarantine_uri: str | None = None


@dataclass(frozen=True, kw_only=True)
class ManifestSource(Document):
    """The object version of a manifest."""

    uri: str
    version_id: str


@dataclass(frozen=True, kw_only=True)
class Parts(Document):
    """The pinned parts of a dataset: `list` is their hash, `items_key` holds the Map's items."""

    accepted: bool
    contract_hash: str
    upload_order: str
    list: str
    items_key: str
    count: int
    source: ManifestSource


@dataclass(frozen=True, kw_only=True)
class PartRead(Document):
    """What the Map is told of one part; what was found lies in S3."""

    number: int
    rows: int
