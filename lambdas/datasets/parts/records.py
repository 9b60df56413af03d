"""A dataset in parts on its way through ListParts, IngestPart and MergeParts: what each leaves for the next.

Everything lies under `parts/LIST/` of the artifact bucket, LIST being the hash of what was pinned: the
contract, the items of the Map, and a folder for each part. The same list gives the same objects, however
often a state runs.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from contracts import layout
from contracts.pipeline_config import PipelineConfig
from lambdas.aws import storage
from lambdas.datasets.checks.judging import Counts

TRAIN_FILE, HOLDOUT_FILE, QUARANTINE_FILE = "train.parquet", "holdout.parquet", "quarantine.parquet"
SAMPLE_FILE, CATEGORIES_FILE, RESULT_FILE = "sample.parquet", "categories.parquet", "result.json"
BAD, IN_TRAIN, IN_HOLDOUT = 0, 1, 2


@dataclass(frozen=True, kw_only=True)
class Parts:
    """Where the parts of one list lie."""

    bucket: str
    list: str

    @property
    def key(self) -> str:
        return f"{layout.PARTS.prefix}{self.list}/"

    @property
    def items_key(self) -> str:
        return f"{self.key}{layout.ITEMS_FILE}"

    @property
    def contract_uri(self) -> str:
        """The configuration that all parts are read under, whatever is deployed meanwhile."""
        return f"s3://{self.bucket}/{self.key}{layout.CONTRACT_FILE}"

    def uri(self, number: int) -> str:
        return f"s3://{self.bucket}/{self.key}{number:05d}/"

    def config(self) -> PipelineConfig:
        """Raises ObjectMissingError."""
        document = storage.read_json(self.contract_uri)
        if document is None:
            raise storage.ObjectMissingError(f"{self.contract_uri} does not exist")
        return PipelineConfig.from_document(document, source=self.contract_uri)


def keys_file(index: int) -> str:
    """The values of the contract's unique key of that number, each once."""
    return f"key-{index}.parquet"


@dataclass(frozen=True, kw_only=True)
class PartResult:
    """What IngestPart found: with `faults` the part could not be read, and only those say something.

    `every` is the sampling step, a power of two; `figures` are the profile's by column; `classes` are rows by
    value of a classification's target, in training and in holdout.
    """

    part: str
    version_id: str
    sha256: str = ""
    size_bytes: int = 0
    rows: int = 0
    train_rows: int = 0
    holdout_rows: int = 0
    bad_rows: int = 0
    gap_rows: int = 0
    every: int = 1
    sampled_rows: int = 0
    key_bytes: int = 0
    figures: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    classes: Mapping[str, tuple[int, int]] = field(default_factory=dict)
    violations: tuple[Mapping[str, Any], ...] = ()
    faults: tuple[Mapping[str, Any], ...] = ()

    def as_document(self) -> dict[str, Any]:
        return asdict(self)

    @property
    def counts(self) -> Counts:
        return Counts(
            rows=self.rows,
            bad=self.bad_rows,
            train=self.train_rows,
            holdout=self.holdout_rows,
            gap=self.gap_rows,
        )

    @classmethod
    def from_document(cls, document: Mapping[str, Any]) -> PartResult:
        classes = {value: (counts[0], counts[1]) for value, counts in document["classes"].items()}
        listed = {name: tuple(document[name]) for name in ("violations", "faults")}
        return cls(**{**document, **listed, "classes": classes})
