"""The files that the rehearsal uploads: first an honest smaller sample of the rows, then all of them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from contracts.dataset import Column, DatasetContract
from contracts.pipeline_config import FILE_NAME, PipelineConfig
from contracts.reading import PipelineConfigError
from contracts.values import ValueRefusedError
from localcloud.commands import housing as sample_data
from operations.draft.opening import upload_name
from operations.rehearsal.sampling import first_rows
from operations.rehearsal.table_file import DataFileError, TableFile


@dataclass(frozen=True, kw_only=True)
class Question:
    """A row as a request carries it, by column, and what its target is."""

    row: dict[str, str]
    actual: str


@dataclass(frozen=True, kw_only=True)
class Source:
    """The data of one rehearsal: `name` of the object, the file's `content`, and that of its first sample.

    `questions` are rows spread over the file for the endpoint. Without a readable pipeline.toml there are
    neither sample nor questions: synthesis says what is wrong with it.
    """

    name: str
    content: bytes
    first_content: bytes
    rows: int
    first_rows: int
    questions: tuple[Question, ...]
    is_synthetic: bool


def read_source(path: str | None, config: PipelineConfig | None, count: int = 3) -> Source:
    """The file at `path`, or generated data without one; raises DataFileError."""
    if not path:
        content, name = sample_data.generate(), "synthetic-housing.csv"
    else:
        file = Path(path).expanduser()
        if not file.is_file():
            raise DataFileError(f"DATA={path}: there is no such file; name a table, or leave DATA out")
        content, name = file.read_bytes(), file.name
    name = upload_name(name, content)
    if config is None:
        return Source(
            name=name, content=content, first_content=content, rows=0, first_rows=0, questions=(),
            is_synthetic=not path,
        )  # fmt: skip
    try:
        table = TableFile.read(content, config.dataset.reading)
        chosen = first_rows(table, config.dataset)
        questions = tuple(questions_of(table, config.dataset, count))
    except DataFileError as error:
        raise DataFileError(f"DATA={path}: {error}; {advice(path)}") from error
    except ValueError as error:  # a column that the contract names is not there
        raise DataFileError(_not_for_it(path, config, error)) from error
    if not questions:
        raise DataFileError(f"DATA={path}: no row of it keeps the contract; {advice(path)}")
    return Source(
        name=name,
        content=content,
        first_content=table.select(chosen),
        rows=len(table.rows),
        first_rows=len(chosen),
        questions=questions,
        is_synthetic=not path,
    )


def _not_for_it(path: str | None, config: PipelineConfig, error: Exception) -> str:
    if path:
        return f"DATA={path}: {FILE_NAME} is not for it: {error}; {advice(path)}"
    return (
        f"{FILE_NAME} describes {config.name!r}, and no generated data fit it: make rehearse DATA=<your file>"
    )


def advice(path: str | None) -> str:
    return f"draft a {FILE_NAME} for it first: make init DATA={path} TARGET=<the column to predict>"


def read_config(path: Path = Path(FILE_NAME)) -> PipelineConfig | None:
    """The deployed configuration; None where synthesis will refuse it, in its own words."""
    try:
        return PipelineConfig.load(path)
    except PipelineConfigError:
        return None


def questions_of(table: TableFile, contract: DatasetContract, count: int) -> Iterator[Question]:
    """Rows spread over the file that keep the contract, as texts of the file."""
    features = [(column, table.names.index(column.name)) for column in contract.feature_columns]
    target = table.names.index(contract.target)
    asked = [*features, (contract.column(contract.target), target)]
    step = max(1, len(table.rows) // count)
    for start in range(0, step * count, step):
        for row in table.rows[start : start + step]:
            if _keeps(row, asked, len(table.names)):
                texts = {column.name: row[place] for column, place in features}
                yield Question(row=texts, actual=row[target].strip())
                break


def _keeps(row: Sequence[str], asked: Sequence[tuple[Column, int]], width: int) -> bool:
    """Whether the row has every field, and each of them a value of its column."""
    if len(row) != width:
        return False
    try:
        values = [(column, column.grammar.read(row[place])) for column, place in asked]
    except ValueRefusedError:
        return False
    return all(value is not None or column.nullable for column, value in values)
