"""`python -m localcloud traffic`: steady requests to an endpoint of the running cloud, and what came back."""

from __future__ import annotations

import argparse
import itertools
import os
import time
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from localcloud.commands.executions import Followed
from localcloud.commands.running import CommandError, client

_WORKERS = 8
_SHOWN_CHARACTERS = 60
EPILOG = """\
examples, after the `export` lines that `localcloud up` printed:
  python -m localcloud traffic --body sample/requests.csv                         until Ctrl-C
  python -m localcloud traffic --body sample/requests.csv --until-execution-ends  to see one upload through

Each line of the file is one request. Once a second a line tells the endpoint's status and config, how many
requests were answered, how many failed, and the last answer or failure.
"""


def add_command(commands: Any) -> None:
    """The command of the command line."""
    parser = commands.add_parser(
        "traffic",
        help="keep invoking an endpoint of the running cloud",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--body", type=Path, required=True, metavar="FILE", help="requests, one a line")
    parser.add_argument("--content-type", default="text/csv", help="of each (default: %(default)s)")
    parser.add_argument("--endpoint-name", metavar="NAME", help="default: the cloud's only endpoint")
    parser.add_argument("--per-second", type=_rate, default=20.0, help="requests (default: %(default)s)")
    ending = parser.add_mutually_exclusive_group()
    ending.add_argument("--seconds", type=_rate, help="end after this long (default: Ctrl-C ends it)")
    ending.add_argument(
        "--until-execution-ends",
        action="store_true",
        help="end when the execution that runs, or is about to start, has ended",
    )


def run(given: Mapping[str, Any], environment: Mapping[str, str] = os.environ) -> str:
    """Send until told to end; what to print last."""
    from botocore.exceptions import BotoCoreError, ClientError

    requests = _requests(given["body"])
    sagemaker = client(environment, "sagemaker")
    followed = Followed(client(environment, "stepfunctions")) if given["until_execution_ends"] else None
    started = time.monotonic()

    def is_over() -> bool:
        if followed:
            return followed.has_ended()
        return given["seconds"] is not None and time.monotonic() - started >= given["seconds"]

    sender = Sender(client(environment, "sagemaker-runtime"), given["content_type"], requests)
    total = Tally()
    try:
        while not is_over():
            total += _one_second(sender, sagemaker, given["endpoint_name"], given["per_second"])
    except KeyboardInterrupt:
        print()
    except (BotoCoreError, ClientError) as error:
        raise CommandError(f"the cloud does not answer as it should: {error}") from error
    ended = f"\n{followed.told()}" if followed else ""
    return f"{total.sent:,} requests sent, {total.failed:,} failed{ended}"


@dataclass(frozen=True)
class Tally:
    """Requests of some time; `last` is the newest answer, or failure where there was one."""

    sent: int = 0
    failed: int = 0
    last: str = ""

    def __add__(self, other: Tally) -> Tally:
        return Tally(self.sent + other.sent, self.failed + other.failed, other.last)


class Sender:
    """Sends requests in turn by a client that does not retry."""

    def __init__(self, runtime: Any, content_type: str, requests: list[bytes]) -> None:
        self._runtime, self._content_type = runtime, content_type
        self._requests = itertools.cycle(requests)

    def send(
        self, endpoint_name: str, count: int, rate: float, sleep: Callable[[float], None] = time.sleep
    ) -> Tally:
        """Send `count` requests at `rate` a second, each in time even while others wait for answers."""
        with ThreadPoolExecutor(_WORKERS) as pool:
            waiting = []
            for _ in range(count):
                waiting.append(pool.submit(self._ask, endpoint_name, next(self._requests)))
                sleep(1 / rate)
            outcomes = [each.result() for each in waiting]
        failures = [text for failed, text in outcomes if failed]
        return Tally(count, len(failures), (failures or [text for _, text in outcomes])[-1])

    def _ask(self, endpoint_name: str, body: bytes) -> tuple[bool, str]:
        from botocore.exceptions import BotoCoreError, ClientError

        try:
            answer = self._runtime.invoke_endpoint(
                EndpointName=endpoint_name, ContentType=self._content_type, Body=body
            )
            return False, answer["Body"].read().decode(errors="replace").strip()
        except (BotoCoreError, ClientError) as error:
            return True, str(error)


def _one_second(sender: Sender, sagemaker: Any, endpoint_name: str | None, rate: float) -> Tally:
    described = _endpoint(sagemaker, endpoint_name)
    if described is None or described["EndpointStatus"] == "Creating":
        print("no endpoint yet" if described is None else "Creating", flush=True)
        time.sleep(1)
        return Tally()
    tally = sender.send(described["EndpointName"], max(1, round(rate)), rate)
    print(
        f"{described['EndpointStatus']:<12} {described.get('EndpointConfigName', '-')}  "
        f"{tally.sent - tally.failed:>3} answered  {tally.failed:>3} failed   "
        f"{tally.last[:_SHOWN_CHARACTERS]}",
        flush=True,
    )
    return tally


def _endpoint(sagemaker: Any, name: str | None) -> dict[str, Any] | None:
    """The endpoint as it is described; None while there is none."""
    from botocore.exceptions import ClientError

    try:
        names = [name] if name else [each["EndpointName"] for each in sagemaker.list_endpoints()["Endpoints"]]
        if len(names) > 1:
            raise CommandError(f"there are several endpoints, {', '.join(names)}: choose by --endpoint-name")
        return dict(sagemaker.describe_endpoint(EndpointName=names[0])) if names else None
    except ClientError:
        return None


def _requests(path: Path) -> list[bytes]:
    try:
        lines = [line for line in path.read_bytes().splitlines() if line.strip()]
    except OSError as error:
        raise CommandError(
            f"{path}: {error.strerror}; `python -m localcloud sample-data` writes one"
        ) from error
    if not lines:
        raise CommandError(f"{path} is empty: each of its lines is sent as one request")
    return lines


def _rate(text: str) -> float:
    try:
        number = float(text)
    except ValueError:
        number = 0.0
    if not 0 < number <= 1000:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number above 0, and of at most 1000")
    return number
