"""`python -m tests.chaos`: seeded runs of the whole pipeline, each with a random fault at a random call."""

from __future__ import annotations

import argparse
import json
import signal
import subprocess
import sys

from tests.chaos import report
from tests.chaos.project import assembly
from tests.chaos.runs import LOST, ChaosRun, Journal, Result


def main() -> int:
    """Run what is not yet in the journal; 1 if anything was ever lost."""
    options = _parse()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that the cloud is stopped too
    journal = Journal(report.RUNS)
    if options.fresh:
        report.RUNS.unlink(missing_ok=True)
    several = len(options.seeds) > 1
    is_well = _side_by_side(options) if several else _run(options.seeds[0], options, journal)
    report.write()
    return int(not is_well or any(result["verdict"] == LOST for result in journal.results()))


def _side_by_side(options: argparse.Namespace) -> bool:
    """A process for each seed; whether all of them came to their end and lost nothing."""
    more = ["--run", str(options.run)] if options.run is not None else ["--runs", str(options.runs)]
    command = [sys.executable, "-m", "tests.chaos", *more, "--seeds"]
    processes = [subprocess.Popen([*command, str(seed)]) for seed in options.seeds]
    try:
        codes = [process.wait() for process in processes]
        return not any(codes)
    finally:
        for process in processes:
            process.terminate()
            process.wait()


def _run(seed: int, options: argparse.Namespace, journal: Journal) -> bool:
    """One seed's runs, on a cloud of its own; whether nothing was lost."""
    from tests.chaos.cloud import ChaosCloud

    cdk_out = assembly()
    wanted = [options.run] if options.run is not None else range(options.runs)
    done = set() if options.run is not None else journal.done(seed)
    verdicts = set()
    with ChaosRun(lambda: ChaosCloud.start(cdk_out)) as chaos:
        for run in wanted:
            if run not in done:
                result = chaos.run(seed, run)
                _show(result)
                verdicts.add(result.verdict)
                if options.run is None:
                    journal.append(result)
    return LOST not in verdicts


def _parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser("python -m tests.chaos", description=__doc__)
    parser.add_argument("--seeds", type=int, nargs="+", default=[1], metavar="SEED")
    parser.add_argument("--runs", type=int, default=200, help="runs per seed (default %(default)s)")
    parser.add_argument("--run", type=int, help="repeat this one run of each seed, outside the journal")
    parser.add_argument("--fresh", action="store_true", help="forget earlier results instead of going on")
    return parser.parse_args()


def _show(result: Result) -> None:
    line = f"seed {result.seed} run {result.run:>3}: {result.fault} at {result.where} ({result.upload} data)"
    print(f"{line}: {result.verdict}, {result.outcome}, {result.seconds} s", flush=True)
    if result.problems:
        for problem in result.problems:
            print(f"    {problem}")
        print(f"    the faults: {json.dumps(result.plan)}")
        print(f"    again: python -m tests.chaos --seeds {result.seed} --run {result.run}", flush=True)


if __name__ == "__main__":
    sys.exit(main())
