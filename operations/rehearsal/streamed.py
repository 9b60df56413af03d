"""What the act of the stream plays: a pipeline.toml with a stream and a front, and two halves of the data."""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from contracts.dataset import Column, DatasetContract
from contracts.feature_groups import TYPES, is_feature_name
from contracts.pipeline_config import FILE_NAME, PipelineConfig
from contracts.reading import PipelineConfigError
from contracts.values import ValueRefusedError
from lambdas.accept_records.records import check_of
from operations.rehearsal.table_file import DataFileError, TableFile
from operations.rehearsal.uploads import Question, questions_of
from operations.rehearsal.watch import RehearsalError

MOST_EVENTS = 40_000
"""At the act's rate they take 20 s; of a larger half every so-manieth row is played."""
TABLES = """
[stream]
stages = ["dev"]
source = "kinesis"
event_id = "rehearsal_event_id"
event_time = "rehearsal_event_time"
batch_window_seconds = 1
train_every_hours = 1

[front]
stages = ["dev"]
auth = "jwt"
issuer = "{issuer}"
audiences = ["{audience}"]
"""
ENTITY = "greenlight_row"
"""The key by which `operations.stream.numbered` tells rows apart."""
GROUP = """
[[feature_groups]]
name = "rehearsal"
stages = ["dev"]
entity = "{entity}"
features = {features}
when_missing = "refuse"

[feature_groups.aggregates]
rehearsal_events = 'count("1d")'
"""


def opened(text: str, issuer: str, audience: str) -> str:
    """This pipeline.toml with a stream, a front and a feature group of the rehearsal's in place of its own,
    if it has any."""
    for name in ("stream", "front", "feature_groups", r"feature_groups\.\w+"):
        text = re.sub(rf"(?ms)^[ \t]*\[{{1,2}}[ \t]*{name}[ \t]*\].*?(?=^[ \t]*\[|\Z)", "", text)
    tables = TABLES.format(issuer=issuer, audience=audience)
    return text.rstrip() + "\n" + tables + _group(text)


def _group(text: str) -> str:
    """Every row is an entity of its own, known by what it holds of the model's columns; empty where none of
    them can be a feature."""
    try:
        columns = PipelineConfig.from_document(tomllib.loads(text)).dataset.feature_columns
    except (PipelineConfigError, tomllib.TOMLDecodeError):
        return ""  # whoever reads what comes of it says so
    names = [column.name for column in columns if column.type in TYPES and is_feature_name(column.name)]
    return GROUP.format(entity=ENTITY, features=json.dumps(names)) if names else ""


def read_opened(text: str) -> PipelineConfig:
    """Raises RehearsalError, in the words of the configuration."""
    try:
        return PipelineConfig.from_document(tomllib.loads(text))
    except (PipelineConfigError, tomllib.TOMLDecodeError) as error:
        raise RehearsalError(f"the act of the stream opens a stream and a front: {error}") from error


@dataclass(frozen=True, kw_only=True)
class Halves:
    """`events` are rows by column, as texts of the file; `questions` are of rows that are no events."""

    rows: int
    events: tuple[dict[str, str], ...]
    questions: tuple[Question, ...]


def halves(content: bytes, contract: DatasetContract, count: int) -> Halves:
    """Every second row is an event, and so many of the others are questions; raises DataFileError."""
    table = TableFile.read(content, contract.reading)
    half = table.rows[::2]
    most = max(MOST_EVENTS, 2 * contract.min_rows)
    played = half[:: -(-len(half) // most)] if half else half
    if len(played) < contract.min_rows:
        raise DataFileError(
            f"ACTS=stream: half of the {len(table.rows):,} rows are {len(played):,} events, and a dataset "
            f"has at least {contract.min_rows:,} rows (dataset.min_rows in {FILE_NAME}); name a larger table"
        )
    others = TableFile(names=table.names, rows=table.rows[1::2])
    questions = tuple(questions_of(others, contract, count))
    if not questions:
        raise DataFileError("ACTS=stream: no row of the other half keeps the contract, so none can be asked")
    events = tuple(dict(zip(table.names, row, strict=False)) for row in played)
    return Halves(rows=len(table.rows), events=events, questions=questions)


@dataclass(frozen=True, kw_only=True)
class Known:
    """A row that was an event: whole as the front takes it, and by its entity with what the group leaves."""

    whole: dict[str, Any]
    by_entity: dict[str, Any]


def known_rows(parts: Halves, config: PipelineConfig, count: int) -> list[Known]:
    """Events that keep the contract, the first so many; empty without a feature group."""
    found: list[Known] = []
    for group in config.feature_groups:
        for number, event in enumerate(parts.events):
            row = _whole(event, config.dataset)
            if row is not None and len(found) < count:
                rest = {name: value for name, value in row.items() if name not in group.features}
                found.append(Known(whole=row, by_entity={group.entity: str(number), **rest}))
    return found


def _whole(event: Mapping[str, str], contract: DatasetContract) -> dict[str, Any] | None:
    """None where a column breaks the contract, so that the event was refused."""
    try:
        for column in contract.columns:
            check_of(column)(event.get(column.name) or None)
        return {
            column.name: _value(event.get(column.name) or "", column) for column in contract.feature_columns
        }
    except ValueRefusedError:
        return None


def as_json(question: Question, contract: DatasetContract) -> tuple[dict[str, Any], Any]:
    """The row as the front takes it, and what its label says."""
    columns: Mapping[str, Column] = {column.name: column for column in contract.columns}
    row = {name: _value(text, columns[name]) for name, text in question.row.items()}
    return row, _value(question.actual, columns[contract.target])


def _value(text: str, column: Column) -> Any:
    """Numbers and truth values as JSON has them; of other kinds the text, which may be of any form that the
    contract names."""
    value = column.grammar.read(text)
    return value if value is None or isinstance(value, bool | int | float) else text.strip()
