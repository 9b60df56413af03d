"""`python -m localcloud break` and `mend`: faults of the models in a cloud that runs in another terminal."""

from __future__ import annotations

import argparse
import os
import urllib.error
from collections.abc import Mapping
from typing import Any

from localcloud.commands.running import CommandError, endpoint_url
from localcloud.services.sagemaker.hosting.fleet.fault_client import FleetFaults

BREAK_EPILOG = """\
examples, after the `export` lines that `localcloud up` printed:
  python -m localcloud break --error-share 0.3    30 % of the next model's answers are errors
  python -m localcloud break --delay-ms 300       it is slow
  python -m localcloud break --nonsense           it answers wrong numbers of the right form
  python -m localcloud break --no-ping            it never becomes healthy
  python -m localcloud mend                       everything works again

Then upload data that make a better model, and send requests: its canary's alarm fires, and the traffic goes
home to the model before. The model that serves now is not touched, unless --endpoint-config names it.
"""


def add_commands(commands: Any) -> None:
    """The two commands of the command line."""
    plain = argparse.RawDescriptionHelpFormatter
    broken = commands.add_parser(
        "break",
        help="make the next model fail in a running cloud",
        epilog=BREAK_EPILOG,
        formatter_class=plain,
    )
    broken.add_argument(
        "--endpoint-config", metavar="NAME", help="this fleet (default: every one but those that serve now)"
    )
    broken.add_argument("--error-share", type=_share, metavar="0-1", help="of its answers are errors")
    broken.add_argument("--crash-share", type=_share, metavar="0-1", help="of the requests kill its process")
    broken.add_argument("--delay-ms", type=float, metavar="MS", help="each answer comes so much later")
    broken.add_argument(
        "--nonsense", action="store_true", default=None, help="wrong numbers of the right form"
    )
    broken.add_argument("--no-ping", action="store_true", default=None, help="it never passes a health check")
    commands.add_parser("mend", help="take every such fault back")


def run(command: str, given: Mapping[str, Any]) -> str:
    """Tell the running cloud; what to print."""
    url = endpoint_url(os.environ)
    faults = FleetFaults(os.environ)
    try:
        return _mend(faults) if command == "mend" else _break(faults, given)
    except urllib.error.HTTPError as error:
        raise CommandError(f"the cloud refused: {error.read().decode('utf-8', 'replace')[:500]}") from error
    except OSError as error:
        raise CommandError(f"no cloud answers at {url}: {error}") from error


def _mend(faults: FleetFaults) -> str:
    faults.clear()
    return "every model works again"


def _break(faults: FleetFaults, given: Mapping[str, Any]) -> str:
    fault = {name: value for name, value in given.items() if name != "endpoint_config" and value is not None}
    if not fault:
        raise CommandError("what shall be wrong? See python -m localcloud break --help")
    told = ", ".join(f"{name.replace('_', '-')} {value}" for name, value in fault.items())
    if given.get("endpoint_config"):
        faults.put(fault, endpoint_config=given["endpoint_config"])
        return f"{given['endpoint_config']}: {told}"
    faults.put_to_next(fault)
    return f"the next model to be deployed: {told}"


def _share(text: str) -> float:
    try:
        share = float(text)
    except ValueError:
        share = -1.0
    if not 0 <= share <= 1:
        raise argparse.ArgumentTypeError(f"{text!r} is not a share: a number from 0 to 1")
    return share
