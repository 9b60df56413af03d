"""The command line: `python -m localcloud up`, and what talks to a cloud that is up."""

from __future__ import annotations

import argparse
import math
import os
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from localcloud.commands import advance, aws, breaking, check_cli, sample_data, traffic
from localcloud.commands.running import CommandError
from localcloud.host.interrupts import INTERRUPTED
from localcloud.host.options import DEFAULT_PORT, DEFAULT_SPEED, Options

_GREATEST_PORT = 65_535
_PAIRS = ("quotas", "metric_delays")
_DESCRIPTION = """\
An AWS cloud on this machine, for one account in one region. It deploys the CloudFormation template that
`cdk synth` writes, unmodified, and runs what is in it: state machines, Lambda functions, SageMaker training
jobs and endpoints are real processes, IAM is enforced, and boto3, the AWS CLI and the CDK CLI are its
clients.
"""
_EPILOG = """\
examples:
  python -m localcloud up                        deploy stage dev on port 4566; Ctrl-C ends it
  python -m localcloud up --state build/cloud    keep buckets, registry, endpoints and executions
  python -m localcloud up --port 0 --no-deploy   an empty account on any free port

It prints `NAME = value` for each stack output, then `export NAME=value` lines; programs read --ready-file.
In another terminal:
  export AWS_ENDPOINT_URL=... (the printed lines)
  python -m localcloud aws stepfunctions list-state-machines
"""


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command and exit with its status."""
    words = list(sys.argv[1:] if arguments is None else arguments)
    try:
        status = _run(words)
    except CommandError as error:
        print(f"localcloud: {error}", file=sys.stderr, flush=True)
        status = 1
    except KeyboardInterrupt:
        print("localcloud: interrupted", file=sys.stderr)
        status = INTERRUPTED
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(status)  # a worker thread that still waits for something must not hold up the end


def _run(words: Sequence[str]) -> int:
    if words[:1] == ["aws"]:  # all that follows is the AWS CLI's own
        return aws.run(words[1:])
    given = parse(words)
    command = given.pop("command")
    if command == "up":
        return _up(Options(**given))
    print(_COMMANDS[command](given))
    return 0


def _up(options: Options) -> int:
    """Start the cloud; only this command imports it."""
    from localcloud.commands.up import up
    from localcloud.deploy.synth import SynthError
    from localcloud.faults.reading import PlanError
    from localcloud.host.gateway import PortBusyError
    from localcloud.host.server import StateInUseError

    try:
        return up(options)
    except (PortBusyError, StateInUseError, SynthError, PlanError) as error:
        raise CommandError(str(error)) from error


_COMMANDS: dict[str, Callable[[dict[str, Any]], str]] = {
    "break": lambda given: breaking.run("break", given),
    "mend": lambda given: breaking.run("mend", given),
    "traffic": traffic.run,
    "sample-data": lambda given: sample_data.run(**given),
    "advance": advance.run,
    "check-cli": lambda given: check_cli.run(**given),
}


def parse(arguments: Sequence[str] | None) -> dict[str, Any]:
    """The command and its options by name; argparse exits on a wrong one."""
    plain = argparse.RawDescriptionHelpFormatter
    parser = argparse.ArgumentParser(
        "python -m localcloud", description=_DESCRIPTION, epilog=_EPILOG, formatter_class=plain
    )
    commands = parser.add_subparsers(dest="command", required=True)
    start = commands.add_parser(
        "up", help="start the cloud in the foreground and deploy", epilog=_EPILOG, formatter_class=plain
    )
    start.add_argument(
        "--port",
        type=_port,
        default=DEFAULT_PORT,
        help="port on 127.0.0.1; 0 picks a free one (default %(default)s)",
    )
    start.add_argument(
        "--state",
        type=Path,
        metavar="DIR",
        help="keep everything in DIR across restarts (default: forget it at the end)",
    )
    start.add_argument(
        "--speed",
        type=_speed,
        default=DEFAULT_SPEED,
        help="cloud seconds per second: waits, bakes and alarm periods (default %(default)s)",
    )
    start.add_argument("--stage", default="dev", help="stage to synthesise (default %(default)s)")
    start.add_argument(
        "--assembly", type=Path, metavar="DIR", help="deploy this cdk.out instead of synthesising app.py"
    )
    start.add_argument(
        "--no-deploy",
        dest="deploy",
        action="store_false",
        help="start an empty account, for `cdk bootstrap` and `cdk deploy`",
    )
    start.add_argument(
        "--until-stdin-closes",
        action="store_true",
        help="end when standard input does: for programs that start a cloud, however they end",
    )
    start.add_argument(
        "--ready-file",
        type=Path,
        metavar="PATH",
        help="once the cloud can be used, write outputs and credentials there as JSON, mode 600",
    )
    start.add_argument(
        "--faults",
        type=Path,
        metavar="FILE",
        help="TOML or JSON: calls that throttle, fail, hang or repeat; processes that die",
    )
    start.add_argument(
        "--quota",
        dest="quotas",
        action="append",
        type=_quota,
        default=[],
        metavar="TYPE=N",
        help="instances that endpoints may have, e.g. ml.m5.large=4, blue and green together; repeatable",
    )
    start.add_argument(
        "--metric-delay",
        dest="metric_delays",
        action="append",
        type=_metric_delay,
        default=[],
        metavar="NAMESPACE=SECONDS",
        help="cloud seconds by which metrics are seen late, e.g. AWS/SageMaker=120, or *=60; repeatable",
    )
    commands.add_parser("aws", help="the AWS CLI, for the running cloud alone", add_help=False)
    for module in (sample_data, traffic, advance, check_cli):
        module.add_command(commands)
    breaking.add_commands(commands)
    given = vars(parser.parse_args(arguments))
    return {name: tuple(value) if name in _PAIRS else value for name, value in given.items()}


def _port(text: str) -> int:
    if not text.isdecimal() or int(text) > _GREATEST_PORT:
        raise argparse.ArgumentTypeError(f"{text!r} is not a port: a number from 0 to {_GREATEST_PORT}")
    return int(text)


def _quota(text: str) -> tuple[str, int]:
    kind, equals, count = text.partition("=")
    if not (kind.startswith("ml.") and equals and count.isdecimal()):
        raise argparse.ArgumentTypeError(f"{text!r} is not a quota: write ml.m5.large=4 for instance")
    return kind, int(count)


def _metric_delay(text: str) -> tuple[str, float]:
    namespace, equals, seconds = text.rpartition("=")
    try:
        delay = float(seconds)
    except ValueError:
        delay = math.nan
    if not (namespace and equals and math.isfinite(delay) and delay >= 0):
        raise argparse.ArgumentTypeError(
            f"{text!r} is not a delay of metrics: write AWS/SageMaker=120 for instance, or *=60"
        )
    return namespace, delay


def _speed(text: str) -> float:
    try:
        speed = float(text)
    except ValueError:
        speed = math.nan
    if not (math.isfinite(speed) and speed > 0):
        raise argparse.ArgumentTypeError(f"{text!r} is not a speed: a number above 0; 1 is as fast as AWS")
    return speed
