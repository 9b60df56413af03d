"""`make doctor STAGE=...`: what would stop a deployment, before it is tried. It changes nothing.

Exit status: 0 where nothing is red, 1 where something is, 2 where the app can't be synthesised.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from collections.abc import Iterable, Sequence
from pathlib import Path

from contracts.names import Names
from contracts.pipeline_config import FILE_NAME, PipelineConfig
from contracts.reading import PipelineConfigError
from operations.doctor.account import Account, CannotAskError
from operations.doctor.checks import Examination, examine
from operations.doctor.findings import Finding, Level, worst
from operations.doctor.template import SynthesisError, Template, synthesise

ROOT = Path(__file__).parents[2]
MARKS = {Level.GREEN: "✓", Level.YELLOW: "!", Level.RED: "✗"}


def main(arguments: Sequence[str] | None = None) -> int:
    options = _parser().parse_args(arguments)
    try:
        findings = list(_told(_findings(options.stage), quiet=options.json))
    except (PipelineConfigError, SynthesisError) as error:
        print(error, file=sys.stderr)
        return 2
    if options.json:
        print(json.dumps([finding.as_document() for finding in findings], indent=2))
    else:
        _conclude(findings)
    return 1 if worst(findings) is Level.RED else 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser("python -m operations.doctor", description=__doc__)
    parser.add_argument("--stage", default="dev", help="the stage to deploy (dev)")
    parser.add_argument("--json", action="store_true", help="the findings as a JSON list, nothing else")
    return parser


def _findings(stage: str) -> Iterable[Finding]:
    import boto3

    config = PipelineConfig.load(ROOT / FILE_NAME)
    account = Account(boto3.Session())
    with tempfile.TemporaryDirectory() as directory:
        document = synthesise(ROOT, stage, Path(directory))
    try:
        number = account.id
    except CannotAskError:
        number = "111122223333"  # the first finding says that there are no credentials
    template = Template(document, number, account.region)
    yield from examine(
        Examination(config=config, names=Names(config.name, stage), template=template, account=account)
    )


def _told(findings: Iterable[Finding], *, quiet: bool) -> Iterable[Finding]:
    from rich.console import Console

    console = Console(highlight=False, soft_wrap=True)
    for finding in findings:
        if not quiet:
            mark = f"[{finding.level}]{MARKS[finding.level]}[/{finding.level}]"
            console.print(f"{mark} {finding.check:20}", end="")
            console.print(finding.says, markup=False)
            if finding.way_on:
                console.print(f"{'':22}→ {finding.way_on}", markup=False)
        yield finding


def _conclude(findings: Sequence[Finding]) -> None:
    counts = {level: sum(finding.level is level for finding in findings) for level in Level}
    print(", ".join(f"{count} {level}" for level, count in counts.items() if count))


if __name__ == "__main__":
    sys.exit(main())
