"""From checked parts to one dataset, or to the reasons against it: the contract is asked of the whole."""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import groupby
from pathlib import Path
from typing import Any

from contracts.dataset import DatasetContract
from contracts.pipeline_config import PipelineConfig
from lambdas.datasets.checks.faults import DatasetRejected, Fault
from lambdas.datasets.checks.judging import Counts, check_learnable, check_rows
from lambdas.datasets.checks.rules import unique_keys
from lambdas.datasets.checks.violations import Violation
from lambdas.datasets.engine import Engine
from lambdas.datasets.parts import records as parts
from lambdas.datasets.parts.records import PartResult
from lambdas.datasets.upload.sources import Source
from lambdas.merge_parts import duplicates as again
from lambdas.merge_parts.dividing import divide
from lambdas.merge_parts.dropping import drop
from lambdas.merge_parts.profile import merge_profile, merged_classes
from lambdas.merge_parts.store import Store

_KEYS_SHARE = 0.4  # of the scratch space; what DuckDB spills and parts to be written anew take the rest


@dataclass(frozen=True, kw_only=True)
class Merged:
    """`results` are the parts as they go into the dataset; `rewritten` are the numbers of those whose files
    are not the ones that IngestPart wrote."""

    results: Sequence[PartResult]
    counts: Counts
    profile: dict[str, Any]
    violations: tuple[Violation, ...]
    rewritten: frozenset[int] = frozenset()


def content_of(results: Sequence[PartResult]) -> str:
    """SHA-256 (hex) over the parts' own, in their order."""
    return hashlib.sha256("\n".join(result.sha256 for result in results).encode()).hexdigest()


def check_readable(results: Sequence[PartResult]) -> None:
    """Raises DatasetRejected with what is wrong with any part."""
    faults = [Fault(**fault) for result in results for fault in result.faults]
    if faults:
        raise DatasetRejected(faults)


def merge(results: Sequence[PartResult], config: PipelineConfig, store: Store, across: Path) -> Merged:
    """Raises DatasetRejected. Where parts repeat each other's rows, `across` is written: those rows with the
    reason."""
    contract = config.dataset
    engine = Engine(_no_source(contract), store.scratch)
    try:
        again.find_again(engine, contract, _keys(contract, results, store))
        violations = merged_violations(results, again.violations(engine))
        if engine.ask("SELECT 1 FROM again LIMIT 1"):
            again.write_quarantine(engine, [result.part for result in results], across)
        counts = _total(results, more_bad=again.bad_rows(engine))
        check_rows(contract, counts, violations)
        kept, rewritten = _without_repetitions(engine, contract, results, store)
        if contract.split.by == "time":
            kept, rewritten = divide(engine, contract, kept, rewritten, store)
        profile = _profile(engine, contract, kept, rewritten, store)
    finally:
        engine.close()
    counts = _total(kept)
    check_learnable(config, profile, counts, merged_classes(kept))
    return Merged(
        results=kept, counts=counts, profile=profile, violations=violations, rewritten=frozenset(rewritten)
    )


def _no_source(contract: DatasetContract) -> Source:
    return Source(
        names=tuple(column.name for column in contract.columns),
        rows="",
        listing="",
        has_lines=False,
        odd={},
    )


def _keys(contract: DatasetContract, results: Sequence[PartResult], store: Store) -> list[list[Path]]:
    """The files by unique key; raises DatasetRejected where they are more than can be compared."""
    size = sum(result.key_bytes for result in results)
    room = _KEYS_SHARE * shutil.disk_usage(store.scratch).free
    if size > room:
        detail = (
            f"the values that may occur only once take {size / 1e9:.1f} GB, "
            f"of which {room / 1e9:.1f} GB can be compared"
        )
        raise DatasetRejected([Fault(rule="size", detail=detail)])
    having = [number for number, result in enumerate(results) if result.key_bytes]
    return [store.fetch(having, parts.keys_file(index)) for index, _ in enumerate(unique_keys(contract))]


def _total(results: Sequence[PartResult], more_bad: int = 0) -> Counts:
    """`more_bad` rows are still counted among the good ones of some file."""
    return Counts(
        rows=sum(result.rows for result in results),
        bad=sum(result.bad_rows for result in results) + more_bad,
        train=sum(result.train_rows for result in results),
        holdout=sum(result.holdout_rows for result in results),
        gap=sum(result.gap_rows for result in results),
    )


def merged_violations(
    results: Sequence[PartResult], across: Sequence[tuple[int, Violation]]
) -> tuple[Violation, ...]:
    """One for each rule of a column, with its first row by part and line; the most frequent first."""
    found = [
        (number, Violation(**violation))
        for number, result in enumerate(results)
        for violation in result.violations
    ]
    found += across
    found.sort(key=lambda one: (one[1].column, one[1].rule, one[0], one[1].line))
    merged = [
        replace(first, part=results[number].part, count=first.count + sum(other.count for _, other in others))
        for _, ((number, first), others) in _grouped(found)
    ]
    return tuple(sorted(merged, key=lambda violation: (-violation.count, violation.column, violation.rule)))


_Found = tuple[int, Violation]


def _grouped(found: Sequence[_Found]) -> Iterator[tuple[tuple[str, str], tuple[_Found, list[_Found]]]]:
    for rule, group in groupby(found, key=lambda one: (one[1].column, one[1].rule)):
        first, *others = group
        yield rule, (first, others)


def _without_repetitions(
    engine: Engine, contract: DatasetContract, results: Sequence[PartResult], store: Store
) -> tuple[list[PartResult], dict[int, Path]]:
    """One part at a time, since its files may fill the scratch space by half. Returns where the samples and
    categories of those written anew lie."""
    kept, rewritten = list(results), {}
    for number, places in again.places_to_drop(engine).items():
        fetched = store.fetch([number], parts.TRAIN_FILE) + store.fetch([number], parts.HOLDOUT_FILE)
        rewritten[number] = target = store.scratch / "rewritten" / f"{number:05d}"
        kept[number] = drop(engine, contract, results[number], places, fetched[0].parent, target)
        for path in fetched:
            store.keep(number, target / path.name)
            path.unlink()
    return kept, rewritten


def _profile(
    engine: Engine,
    contract: DatasetContract,
    results: Sequence[PartResult],
    rewritten: dict[int, Path],
    store: Store,
) -> dict[str, Any]:
    def files(numbers: Sequence[int], name: str) -> list[Path]:
        fetched = iter(store.fetch([n for n in numbers if n not in rewritten], name))
        return [rewritten[n] / name if n in rewritten else next(fetched) for n in numbers]

    sampled = [number for number, result in enumerate(results) if result.sampled_rows]
    has_categories = any(column.type == "category" for column in contract.columns)
    good = [n for n, result in enumerate(results) if result.train_rows + result.holdout_rows]
    return merge_profile(
        engine,
        contract,
        results,
        samples=files(sampled, parts.SAMPLE_FILE),
        categories=files(good, parts.CATEGORIES_FILE) if has_categories else [],
    )
