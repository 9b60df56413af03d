"""`make bench-tables`: a shelf of real tables, each drafted, ingested, trained and judged unedited.

What is done is kept in build/tables/results, so that a run that was stopped goes on where it was. With
--report the document is written from what is there.
"""

from __future__ import annotations

import argparse
import json
import time
from pathlib import Path

from benchmarks.tables.judging import run
from benchmarks.tables.report import write_report
from benchmarks.tables.shelf import SHELF

ROOT = Path(__file__).resolve().parents[2]
BUILD = ROOT / "build/tables"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--budget-seconds", type=int, default=30, help="to choose a model, for us and FLAML")
    parser.add_argument("--python", type=Path, default=BUILD / "venv/bin/python", help="of the tables' venv")
    parser.add_argument("--only", nargs="*", default=[], help="names of tables")
    parser.add_argument("--report", action="store_true", help="write the document and run nothing")
    arguments = parser.parse_args()
    results = BUILD / "results"
    results.mkdir(parents=True, exist_ok=True)
    wanted = [table for table in SHELF if not arguments.only or table.name in arguments.only]
    for number, table in enumerate([] if arguments.report else wanted, start=1):
        path = results / f"{table.name}.json"
        if path.exists():
            continue
        began = time.perf_counter()
        found = run(table, BUILD / "work" / table.name, arguments.python, arguments.budget_seconds)
        path.write_text(json.dumps(found, indent=2) + "\n")
        seconds = time.perf_counter() - began
        print(f"{number} of {len(wanted)}: {table.name} {found['outcome']} in {seconds:.0f} s", flush=True)
    everything = [json.loads(path.read_text()) for path in sorted(results.glob("*.json"))]
    write_report(ROOT / "docs/performance/tables.md", everything)


if __name__ == "__main__":
    main()
