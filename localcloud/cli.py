"""The command line: `python -m localcloud up`."""

from __future__ import annotations

import argparse
import math
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from localcloud import breaking, interrupts
from localcloud.breaking import BreakingError
from localcloud.cloud import Cloud
from localcloud.deploy import DeploymentError, deploy
from localcloud.faults.plan import Plan
from localcloud.faults.reading import PlanError
from localcloud.gateway import PortBusyError, log_to
from localcloud.interrupts import INTERRUPTED
from localcloud.options import DEFAULT_PORT, DEFAULT_SPEED, Options
from localcloud.processes import Processes
from localcloud.server import Server, StateInUseError, state_directory
from localcloud.synth import Synth, SynthError

READY = "# ready"
_GREATEST_PORT = 65_535
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

It prints `NAME = value` for each stack output, then `export NAME=value` lines. In another terminal:
  export AWS_ENDPOINT_URL=... (the printed lines)
  aws stepfunctions list-state-machines
"""


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command and exit with its status."""
    try:
        status = _run(parse(arguments))
    except (BreakingError, PortBusyError, StateInUseError, SynthError, PlanError) as error:
        print(f"localcloud: {error}", file=sys.stderr, flush=True)
        status = 1
    except KeyboardInterrupt:
        print("localcloud: interrupted", file=sys.stderr)
        status = INTERRUPTED
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(status)  # a worker thread that still waits for something must not hold up the end


def _run(given: dict[str, Any]) -> int:
    command = given.pop("command")
    if command == "up":
        return up(Options(**given))
    print(breaking.run(command, given))
    return 0


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
        "--faults",
        type=Path,
        metavar="FILE",
        help="TOML or JSON: calls that throttle, fail, hang or repeat; processes that die",
    )
    breaking.add_commands(commands)
    return vars(parser.parse_args(arguments))


def _port(text: str) -> int:
    if not text.isdecimal() or int(text) > _GREATEST_PORT:
        raise argparse.ArgumentTypeError(f"{text!r} is not a port: a number from 0 to {_GREATEST_PORT}")
    return int(text)


def _speed(text: str) -> float:
    try:
        speed = float(text)
    except ValueError:
        speed = math.nan
    if not (math.isfinite(speed) and speed > 0):
        raise argparse.ArgumentTypeError(f"{text!r} is not a speed: a number above 0; 1 is as fast as AWS")
    return speed


def up(options: Options) -> int:
    """Start, deploy, serve until a signal; the exit status."""
    if options.faults:
        Plan.load(options.faults)  # a mistake is told before anything starts
    with state_directory(options.state) as state_dir:
        processes = Processes()
        try:
            server = Server(options, state_dir, processes)
            synth = None
            if options.deploy and options.assembly is None:
                synth = Synth(processes, options.stage, state_dir / "cdk.out", Path.cwd())
            log_to(options.log_file(server.port))
            status = server.run(lambda cloud: _become_ready(cloud, options, synth))
            if status == 0:
                print("localcloud: stopped", file=sys.stderr, flush=True)
            return status
        finally:
            interrupts.ignore()
            processes.stop_all(grace_seconds=0.0)
            processes.close()


def _become_ready(cloud: Cloud, options: Options, synth: Synth | None) -> None:
    if options.deploy:
        assembly = synth.assembly() if synth else (options.assembly or Path("cdk.out"))
        for stack in deploy(cloud, assembly):
            print(f"# outputs of stack {stack.name}")
            for name, value in stack.outputs.items():
                print(f"{name} = {value}")
    print("# an administrator of the account, for the AWS CLI, boto3 and the CDK CLI")
    for name, value in cloud.aws_environment(cloud.admin).items():
        print(f"export {name}={value}")
    print(f"# the services' log: {options.log_file(cloud.port)}")
    print(f"{READY}: {cloud.endpoint_url} (Ctrl-C ends it)", flush=True)


__all__ = ["READY", "DeploymentError", "main", "parse", "up"]
