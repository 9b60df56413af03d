"""The program that breaks the product's code: its mistakes, its sample, what it believes, and what it
says."""

from __future__ import annotations

import ast
import gc
import json
import subprocess
import sys
from pathlib import Path
from types import FunctionType
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.programs.mutation import figure, operators, patching, runner, sample, trees
from tests.programs.mutation.__main__ import within
from tests.programs.mutation.contexts import Contexts
from tests.programs.mutation.figure import Tried
from tests.programs.mutation.operators import Mutant, mutants, mutated, unchanged

SOURCE = '''
"""A docstring."""
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import os

LIMIT: int = 3


def share(part: float, whole: float, *, least: float = 0.5) -> float | None:
    """Another: 1 < 2."""
    if whole == 0 or not part:
        return None
    for _ in range(1):
        print(f"{part} of {whole}", end="", flush=True)
    if part > whole:
        raise ValueError("more than all")
    return max(part / whole, least)
'''


def changes(source: str) -> set[tuple[str, str, str]]:
    return {(m.operator, m.before, m.after) for m in mutants("a.py", source)}


def test_each_kind_of_mistake_is_made_where_it_can_be():
    found = changes(SOURCE)
    assert ("comparison", "whole == 0", "whole != 0") in found
    assert ("comparison", "part > whole", "part >= whole") in found
    assert ("and/or", "whole == 0 or not part", "whole == 0 and (not part)") in found
    assert ("not taken off", "not part", "part") in found
    assert ("arithmetic", "part / whole", "part * whole") in found
    assert ("constant", "0.5", "1.5") in found
    assert ("constant", "3", "4") in found
    assert ("nothing returned", "return max(part / whole, least)", "return None") in found
    assert ("statement left out", "raise ValueError('more than all')", "pass") in found
    assert any(operator == "loop left out" for operator, *_ in found)
    assert any(operator == "condition negated" for operator, *_ in found)
    assert sum(operator == "argument left out" for operator, *_ in found) == 2


def test_prose_annotations_and_what_only_types_need_stay_as_they_are():
    before = " ".join(m.before for m in mutants("a.py", SOURCE) if m.operator == "constant")
    assert "docstring" not in before
    assert "more than all" not in before
    assert not any("TYPE_CHECKING" in m.before or "| None" in m.before for m in mutants("a.py", SOURCE))


@pytest.mark.parametrize("path", ["contracts/values.py", "lambdas/deploy_model/handler.py"])
def test_every_mistake_is_a_module_that_differs(path):
    source = (Path(__file__).parents[3] / path).read_text()
    same = unchanged(source)
    for mutant in mutants(path, source):
        broken = mutated(source, mutant.place)
        ast.parse(broken)
        assert broken != same, mutant


def test_a_mistake_that_is_not_there_is_said():
    with pytest.raises(IndexError, match="no mistake number 99"):
        mutated("a = 1\n", 99)


def test_a_mistake_keeps_its_name_when_lines_before_it_change():
    moved = {m.name for m in mutants("a.py", "B = 7\n\n\n" + SOURCE)}
    assert {m.name for m in mutants("a.py", SOURCE)} < moved


def test_two_equal_mistakes_of_a_function_have_two_names():
    names = [m.name for m in mutants("a.py", "def f(a):\n    return [a + 1, a + 1]\n")]
    assert len(names) == len(set(names))


def population(*sizes: int) -> dict[str, list[Mutant]]:
    return {
        f"{file}.py": [Mutant(f"{file}.py", n, "f", "o", "a", "b", n, n) for n in range(size)]
        for file, size in enumerate(sizes)
    }


@given(st.lists(st.integers(1, 40), min_size=1, max_size=8), st.integers(1, 60), st.integers(0, 9))
def test_every_file_gives_its_share(sizes, wanted, seed):
    every = population(*sizes)
    drawn = sample.draw(every, wanted, seed)
    assert len({m.name for m in drawn}) == len(drawn)
    rate = min(1.0, wanted / sum(sizes))
    for file, made in every.items():
        count = sum(m.path == file for m in drawn)
        assert int(rate * len(made) + 1e-9) <= count <= int(rate * len(made) + 1e-9) + 1
    assert drawn == sample.draw(every, wanted, seed)


def test_an_edited_file_changes_its_own_share_alone():
    before = sample.draw(population(30, 30), 20, 1)
    after = sample.draw({**population(30, 30), "1.py": population(30, 30)["1.py"][:30]}, 20, 1)
    assert [m for m in before if m.path == "0.py"] == [m for m in after if m.path == "0.py"]


def test_the_report_and_other_rooms_are_not_counted(tmp_path):
    for name in ("contracts/a.py", "lambdas/evaluate_model/report/b.py", "operations/c.py", "lambdas/d.txt"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("A = 1\n")
    files = [path.relative_to(tmp_path).as_posix() for path in tmp_path.rglob("*") if path.is_file()]
    assert list(sample.population(tmp_path, [*files, "contracts/gone.py"])) == ["contracts/a.py"]


NEAR, FAR = "tests/unit/contracts/test_a.py::n", "tests/unit/b.py::f"
SLOW = "tests/unit/contracts/test_a.py::s"
KNOWN = Contexts(
    {"contracts/a.py": {1: {""}, 5: {FAR, SLOW, "tests/unit/failed.py::x"}, 6: {NEAR}}},
    {NEAR: 1.0, FAR: 0.1, SLOW: 9.0},
)


def test_the_tests_of_a_line_are_asked_the_fastest_first_and_those_beside_sooner():
    assert KNOWN.tests_of("contracts/a.py", range(4, 6)) == [FAR, SLOW]
    assert KNOWN.tests_of("contracts/a.py", range(4, 7)) == [FAR, NEAR, SLOW]


def test_a_line_that_runs_at_import_is_asked_of_all_that_run_the_file():
    assert KNOWN.tests_of("contracts/a.py", range(1, 2)) == [FAR, NEAR, SLOW]


def test_a_line_that_no_test_runs_in_its_own_process_is_asked_of_the_folder_beside():
    assert KNOWN.tests_of("contracts/b.py", range(3, 4)) == [NEAR, SLOW]
    assert KNOWN.tests_of("inference/b.py", range(3, 4)) == []


def test_asking_ends_with_the_budget_but_one_test_is_always_asked():
    assert within([NEAR, SLOW, FAR], KNOWN.seconds, 2.0) == [NEAR]
    assert within([SLOW], KNOWN.seconds, 2.0) == [SLOW]
    assert within([FAR, NEAR], KNOWN.seconds, 2.0) == [FAR, NEAR]


def test_a_broken_tree_is_whole_again(tmp_path):
    (tmp_path / "a.py").write_text("A = 1\n")
    with trees.broken(tmp_path, "a.py", "A = 2\n"):
        assert (tmp_path / "a.py").read_text() == "A = 2\n"
    assert (tmp_path / "a.py").read_text() == "A = 1\n"


PATCHED = """
LIMIT = 3
def add(a, b=1):
    return a + b
def twice(function):
    def wrapper(*a):
        return 2 * function(*a)
    return wrapper
@twice
def one():
    return 1
class Sum:
    of = 4
    def value(self):
        return self.of - 1
"""


def imported(source: str) -> tuple[dict[str, Any], list[FunctionType]]:
    names: dict[str, Any] = {}
    exec(compile(source, "/srv/of/a.py", "exec"), names)
    found = patching.functions_of(gc.get_objects(), "/srv/of/")["a.py"]
    return names, [made for made in found if made.__globals__ is names]


@pytest.mark.parametrize(
    ("before", "after", "call", "answer"),
    [
        ("a + b", "a - b", lambda names: names["add"](5), 4),
        ("2 * function", "3 * function", lambda names: names["one"](), 3),
        ("return 1", "return 2", lambda names: names["one"](), 4),
        ("self.of - 1", "self.of + 1", lambda names: names["Sum"]().value(), 5),
    ],
)
def test_a_mistake_in_a_function_is_made_in_what_is_imported_already(before, after, call, answer):
    names, live = imported(PATCHED)
    assert patching.patch(live, PATCHED, unchanged(PATCHED.replace(before, after)))
    assert call(names) == answer


@pytest.mark.parametrize(
    ("before", "after"), [("LIMIT = 3", "LIMIT = 4"), ("b=1", "b=2"), ("of = 4", "of = 5")]
)
def test_a_mistake_that_shows_at_import_is_left_to_an_import(before, after):
    _, live = imported(PATCHED)
    assert not patching.patch(live, PATCHED, unchanged(PATCHED.replace(before, after)))


def test_a_statement_begins_where_a_tracer_sees_it():
    source = (
        "def f(a):\n    if a:\n        return g(\n            1,\n            2,\n        )\n    return 3\n"
    )
    assert operators.statement_of(source, 5) == range(3, 6)
    assert operators.statement_of(source, 2) == range(2, 3)
    assert operators.statement_of(source, 7) == range(7, 8)


WARM = """
import sys; sys.path.insert(0, {project!r}); sys.path.insert(0, ".")
from tests.programs.mutation import warm
warm.main(["test_a.py"])
"""


def test_a_process_with_everything_imported_says_which_test_noticed(tmp_path):
    source = "LIMIT = 3\ndef add(a, b):\n    return a + b\n"
    (tmp_path / "a.py").write_text(source)
    (tmp_path / "test_a.py").write_text(TESTS)
    asked = [
        ("return a - b", "test_sum"),
        ("return a - b", "test_none"),
        ("return b + a", "test_sum"),
        ("return (a + b)\nMORE = 1", "test_sum"),
    ]
    lines = [
        json.dumps({
            "path": "a.py", "source": source, "broken": source.replace("return a + b", broken),
            "tests": [f"test_a.py::{test}"], "seconds": 800.0,
        })
        for broken, test in asked
    ]  # fmt: skip
    said = subprocess.run(
        [sys.executable, "-c", WARM.format(project=str(Path(__file__).parents[3]))],
        cwd=tmp_path, input="\n".join(lines) + "\n", capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert said.stdout.splitlines() == ["ready", "killed test_a.py::test_sum", "survived", "survived", "cold"]


TESTS = "from a import add\ndef test_sum():\n    assert add(1, 2) == 3\ndef test_none():\n    pass\n"
OUTCOMES = """
import sys; sys.path.insert(0, {project!r})
from pathlib import Path
from tests.programs.mutation import trees, runner
sys.path.insert(0, ".")
for tests, source in {asked!r}:
    with trees.broken(Path("."), "a.py", source):
        print(runner.outcome(tests, 800.0))
"""


def test_a_mistake_that_a_test_notices_is_killed_and_one_that_none_does_survives(tmp_path):
    """One that goes on for ever ends as a timeout would, but for the test's patience: that is the runner's
    limit."""
    (tmp_path / "a.py").write_text("def add(a, b):\n    return a + b\n")
    (tmp_path / "test_a.py").write_text(TESTS)
    broken = "def add(a, b):\n    return a - b\n"
    sound = "def add(a, b):\n    return b + a\n"
    asked = [
        (["test_a.py::test_sum"], broken),
        (["test_a.py::test_none"], broken),
        (["test_a.py::test_sum"], sound),
        (["test_a.py::test_sum"], "import nothing_of_this_name\n"),
        (["test_a.py::gone"], broken),
    ]
    program = OUTCOMES.format(project=str(Path(__file__).parents[3]), asked=asked)
    command = [sys.executable, "-c", program]
    said = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=True)
    assert said.stdout.split() == ["killed", "survived", "survived", "killed", "survived"]


@pytest.mark.skipif(not Path("/proc/self/schedstat").exists(), reason="no figures of the scheduler here")
def test_waiting_for_a_processor_is_no_mistakes_doing(monkeypatch):
    """A child that is held up for an hour, as the scheduler says, has its seconds left."""
    child = subprocess.Popen(["sleep", "3"], start_new_session=True)
    assert list(runner._waits_of(child.pid)) == [child.pid]
    monkeypatch.setattr(runner, "_waits_of", lambda leader: {leader: 3600.0})
    assert runner.wait(child.pid, 2.0) == 0
    child.returncode = 0  # it was waited for already


def test_a_child_that_goes_on_for_ever_is_ended():
    child = subprocess.Popen(["sleep", "1000"], start_new_session=True)
    assert runner.wait(child.pid, 0.2) is None
    child.returncode = -9


def test_the_interval_is_wilsons():
    """Brown, Cai and DasGupta (2001), "Interval Estimation for a Binomial Proportion": 0 of 10 gives 0 to
    0.278."""
    assert figure.interval(0, 10) == pytest.approx((0.0, 0.2775), abs=5e-4)
    assert figure.interval(850, 1000) == pytest.approx((0.8265, 0.8708), abs=5e-4)
    assert figure.interval(0, 0) == (0.0, 1.0)


def test_the_page_counts_survivors_shows_them_and_says_why_one_is_equivalent():
    made = population(4)["0.py"]
    tried = [Tried(made[0], "killed"), Tried(made[1], "timeout"), Tried(made[2], "survived")]
    tried += [Tried(made[3], "uncovered")]
    page = figure.page(tried, 40, {made[2].name: "it cannot be seen"}, (2, 2), "told")
    assert "**66.7 % noticed**" in page
    assert "2 of 3 mistakes, of 40" in page
    assert "(it cannot be seen)" in page
    assert "no test runs it" in page
    document = f"before\n{figure.BEGIN}\nold\n{figure.END}\nafter\n"
    assert figure.embed(document, "new") == f"before\n{figure.BEGIN}\nnew\n{figure.END}\nafter\n"


def test_what_is_proved_equivalent_says_how():
    from tests.programs.mutation.equivalent import EQUIVALENT

    assert all(len(why) > 20 for why in EQUIVALENT.values())
    assert operators.COMPARISONS
