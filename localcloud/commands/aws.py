"""`python -m localcloud aws ...`: the AWS CLI of the set-up, for the running cloud and nothing else.

It is AWS CLI v1, which takes AWS_ENDPOINT_URL for most services and not for all; so each call is given
`--endpoint-url`, and a call that names another is refused. The user's own profiles are not read.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping, Sequence

from localcloud.commands.running import CommandError, endpoint_url

_KEPT = ("PATH", "HOME", "TERM", "LANG", "LC_ALL", "TZ", "COLUMNS")
_OF_AWS = (
    "AWS_REGION",
    "AWS_DEFAULT_REGION",
    "AWS_ACCESS_KEY_ID",
    "AWS_SECRET_ACCESS_KEY",
    "AWS_SESSION_TOKEN",
)


def run(arguments: Sequence[str], given: Mapping[str, str] = os.environ) -> int:
    """Run the CLI and return its status; raises CommandError where it might reach anything else."""
    command = [sys.executable, "-W", "ignore", "-m", "awscli", *with_endpoint(arguments, given)]
    return subprocess.run(command, env=environment(given), check=False).returncode


def with_endpoint(arguments: Sequence[str], given: Mapping[str, str]) -> list[str]:
    """The arguments, with the running cloud's URL."""
    url = endpoint_url(given)
    for argument in arguments:
        if argument.partition("=")[0] in ("--endpoint-url", "--profile"):
            raise CommandError(f"{argument} is not for this command: it calls the cloud at {url} alone")
    return ["--endpoint-url", url, *arguments]


def environment(given: Mapping[str, str]) -> dict[str, str]:
    """What the CLI sees: the cloud's keys and region, and neither the user's profiles nor a proxy."""
    kept = {name: given[name] for name in (*_KEPT, *_OF_AWS) if name in given}
    files = dict.fromkeys(("AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"), os.devnull)
    region = {"AWS_DEFAULT_REGION": given["AWS_REGION"]}
    return {**kept, **region, **files, "AWS_EC2_METADATA_DISABLED": "true", "NO_PROXY": "*"}
