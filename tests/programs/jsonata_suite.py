"""How much of JSONata's own test suite Step Functions' expressions pass here.

    git clone https://github.com/jsonata-js/jsonata
    .venv/bin/python -m tests.programs.jsonata_suite jsonata/test/test-suite

Left out is what Step Functions' dialect (2.0.6) has not or has otherwise (`$eval`, `??`, `?:`, `$random`),
and the depth of recursion.
"""

from __future__ import annotations

import argparse
import json
import math
import sys
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

NOT_IN_THE_DIALECT = frozenset(
    {"function-eval", "coalescing-operator", "default-operator", "function-random", "tail-recursion"}
)
Case = Mapping[str, Any]


def cases(suite: Path) -> Iterator[tuple[str, Case]]:
    """Each case with its group and file."""
    for path in sorted(suite.glob("groups/*/*.json")):
        if path.parent.name in NOT_IN_THE_DIALECT:
            continue
        found = json.loads(path.read_text(encoding="utf-8"))
        for index, case in enumerate(found if isinstance(found, list) else [found]):
            expression = case.get("expr")
            if expression is None:
                expression = (path.parent / case["expr-file"]).read_text(encoding="utf-8")
            yield f"{path.parent.name}/{path.stem}[{index}]", {**case, "expr": expression}


def outcome(case: Case, suite: Path) -> str:
    """`passed`, or what is otherwise than the suite says."""
    from localcloud.services.stepfunctions.data.query import compiled

    name = case.get("dataset")
    data = case.get("data")
    if name:
        data = json.loads((suite / "datasets" / f"{name}.json").read_text(encoding="utf-8"))
    should_fail = "code" in case or "error" in case
    try:
        result = compiled(case["expr"]).evaluate(data, case.get("bindings") or {})
    except RecursionError:
        return "passed" if should_fail else "too deep"
    except Exception as error:
        return "passed" if should_fail else f"fails: {error}"
    if should_fail:
        return "succeeds"
    wanted = None if case.get("undefinedResult") else case.get("result")
    return "passed" if _equal(result, wanted) else "another result"


def _equal(found: Any, wanted: Any) -> bool:
    if isinstance(found, bool) or isinstance(wanted, bool):
        return found is wanted
    if isinstance(found, (int, float)) and isinstance(wanted, (int, float)):
        return math.isclose(found, wanted, rel_tol=1e-12, abs_tol=1e-12)
    if isinstance(found, dict) and isinstance(wanted, dict):
        return found.keys() == wanted.keys() and all(_equal(found[key], wanted[key]) for key in wanted)
    if isinstance(found, (list, tuple)) and isinstance(wanted, list):
        return len(found) == len(wanted) and all(map(_equal, found, wanted))
    return bool(found == wanted)


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser("python -m tests.programs.jsonata_suite", description=__doc__)
    parser.add_argument("suite", type=Path, help="the folder test/test-suite of a checkout")
    suite = parser.parse_args(arguments).suite
    if not (suite / "groups").is_dir():
        print(
            f"{suite} has no folder `groups`: give test/test-suite of a checkout of jsonata", file=sys.stderr
        )
        return 2
    counts: Counter[str] = Counter()
    for name, case in cases(suite):
        found = outcome(case, suite)
        counts["passed" if found == "passed" else "failed"] += 1
        if found != "passed":
            print(f"{name}: {found}: {case['expr'][:100]!r}")
    print(f"{counts['passed']} of {counts.total()} passed")
    return 0


if __name__ == "__main__":
    sys.exit(main())
