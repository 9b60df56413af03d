from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path

import pytest

from tests.programs import nightly

ROOT = Path(__file__).parents[3]


class Night:
    """Steps that end as told, each of them ten minutes long."""

    def __init__(self, folder, **failing):
        self.folder, self.failing, self.done = folder, failing, []
        self.document = folder / "testing.md"
        self.document.write_text(f"# Tests\n\n{nightly.BEGIN}\nold\n{nightly.END}\n\nthe end\n")
        self._minutes = (5 * number for number in count())

    def clock(self):
        return datetime(2026, 1, 2, tzinfo=UTC) + timedelta(minutes=next(self._minutes))

    def do(self, step):
        self.done.append(step)
        outcome = self.failing.get(step, 0)
        if isinstance(outcome, BaseException):
            raise outcome
        return outcome, "noise\n====== 3 passed, 1 skipped in 2.50s ======\n" if step == "test" else "noise"

    def run(self, commit="abc"):
        self.done = []
        state = self.folder / "build/nightly.json"
        return nightly.run(commit, self.clock, self.do, state, self.document)


def test_every_step_is_done_and_its_result_written_with_date_and_commit(tmp_path):
    night = Night(tmp_path)
    assert night.run() == 0
    assert night.done == list(nightly.STEPS)
    text = night.document.read_text()
    assert (
        f"| `make test` | {nightly.STEPS['test']} | 3 passed, 1 skipped in 2.50s | 2026-01-02 | abc | 5 |"
        in text
    )
    assert text.startswith("# Tests\n")
    assert text.endswith("the end\n")
    assert "old" not in text


def test_a_night_that_was_cut_off_goes_on_where_it_was(tmp_path):
    night = Night(tmp_path, **{"test-pythons": KeyboardInterrupt()})
    with pytest.raises(KeyboardInterrupt):
        night.run()
    assert "| `make check` | " in night.document.read_text()
    night.failing = {}
    night.run()
    assert night.done == list(nightly.STEPS)[list(nightly.STEPS).index("test-pythons") :]


def test_what_failed_is_done_again_and_what_passed_is_not(tmp_path):
    night = Night(tmp_path, chaos=2)
    assert night.run() == 1
    assert "failed with status 2" in night.document.read_text()
    night.failing = {}
    assert night.run() == 0
    assert night.done == ["chaos"]


def test_another_commit_begins_anew(tmp_path):
    night = Night(tmp_path)
    night.run()
    night.run(commit="def")
    assert night.done == list(nightly.STEPS)


def test_every_step_is_a_target_of_the_makefile():
    makefile = (ROOT / "Makefile").read_text()
    for step in nightly.STEPS:
        assert f"\n{step}: " in makefile, step


def test_the_document_has_a_place_for_the_results():
    text = (ROOT / "docs/testing.md").read_text()
    assert text.count(nightly.BEGIN) == text.count(nightly.END) == 1
