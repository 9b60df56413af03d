"""`python -m localcloud advance SECONDS`: time passes in a cloud that runs in another terminal."""

from __future__ import annotations

import argparse
import os
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from localcloud.commands.running import CommandError, endpoint_url
from localcloud.faults.client import FaultsClient, FaultsClientError

_HOUR = 3600.0
_EPILOG = """\
examples, after the `export` lines that `localcloud up` printed:
  python -m localcloud advance 3600       an hour: schedules, waits, alarms and time-outs in order
  python -m localcloud advance 604800     a week
"""


def add_command(commands: Any) -> None:
    """The command of the command line."""
    advance = commands.add_parser(
        "advance",
        help="move a running cloud's clock forward",
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    advance.add_argument("seconds", type=float, metavar="SECONDS", help="cloud seconds that shall pass")


def run(given: Mapping[str, Any], environment: Mapping[str, str] = os.environ) -> str:
    """Tell the running cloud, an hour at a time; what to print."""
    url = endpoint_url(environment)
    client = FaultsClient(environment)
    left, now = given["seconds"], 0.0
    try:
        while True:
            now = client.advance(min(left, _HOUR) if left > 0 else left)
            left -= _HOUR
            if not left > 0:
                break
    except FaultsClientError as error:
        raise CommandError(str(error)) from error
    except OSError as error:
        raise CommandError(f"no cloud answers at {url}: {error}") from error
    return f"it is {datetime.fromtimestamp(now, UTC):%Y-%m-%d %H:%M:%S} UTC in the cloud"
