"""`python -m tests.chaos.hands`: seeded runs of the whole pipeline, each with one hand in the account."""

from __future__ import annotations

import argparse
import signal
import sys

from tests.chaos.cloud import ChaosCloud
from tests.chaos.hands import report
from tests.chaos.hands.runs import HandRun, Result
from tests.chaos.project import assembly
from tests.chaos.runs import LOST


def main() -> int:
    """Run what is not yet in the journal; 1 if anything was ever lost."""
    options = _parse()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that the cloud is stopped too
    if options.fresh:
        report.HANDS.unlink(missing_ok=True)
    done = {(result["seed"], result["run"]) for result in report.results()}
    wanted = [options.run] if options.run is not None else range(options.runs)
    cdk_out = assembly()
    verdicts = set()
    for seed in options.seeds:
        with HandRun(lambda: ChaosCloud.start(cdk_out)) as hands:
            for run in wanted:
                if options.run is not None or (seed, run) not in done:
                    result = hands.run(seed, run)
                    verdicts.add(result.verdict)
                    _show(result)
                    if options.run is None:
                        report.append(result)
    if options.run is None:
        report.write()
    return int(LOST in verdicts or any(result["verdict"] == LOST for result in report.results()))


def _parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser("python -m tests.chaos.hands", description=__doc__)
    parser.add_argument("--seeds", type=int, nargs="+", default=[1], metavar="SEED")
    parser.add_argument("--runs", type=int, default=34, help="runs per seed (default %(default)s)")
    parser.add_argument("--run", type=int, help="repeat this one run of each seed, outside the journal")
    parser.add_argument("--fresh", action="store_true", help="forget earlier results instead of going on")
    return parser.parse_args()


def _show(result: Result) -> None:
    struck = "" if result.struck else " (nothing there)"
    line = f"seed {result.seed} run {result.run:>3}: {result.hand} in {result.moment}{struck}"
    print(f"{line}: {result.verdict}, {result.outcome}, {result.seconds} s", flush=True)
    for problem in result.problems:
        print(f"    {problem}", flush=True)


if __name__ == "__main__":
    sys.exit(main())
