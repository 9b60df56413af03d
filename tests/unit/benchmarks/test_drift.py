"""A measurement of hours goes on where it was cut off."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks import captures, drift
from lambdas.monitoring.captures import read_line


def test_what_was_measured_is_not_measured_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(drift, "BASELINE_ROWS", 500)
    monkeypatch.setattr(drift, "WINDOWS_PER_BASELINE", 2)
    kept = drift.Kept(tmp_path / "kept.json")
    first = drift.false_alarms(9, 200, 3, kept)
    monkeypatch.setattr(drift, "judged", None)
    assert drift.false_alarms(9, 200, 3, drift.Kept(tmp_path / "kept.json")) == first


def test_captures_are_lines_that_the_monitor_reads(tmp_path: Path) -> None:
    (path,) = captures.write_files(tmp_path, 3)
    found = [read_line(line) for line in path.read_bytes().splitlines()]
    assert len({exchange.id for exchange in found}) == 3
    assert found[0].request.count(b",") == len(captures.NAMES) - 1
    assert captures.ours([path], tmp_path) == "3 rows, INSUFFICIENT_DATA"
