"""`greenlight doctor`: the preflight, which has its own program."""

from __future__ import annotations

import os

from operations.cli.asking import Asked
from operations.cli.exits import Exit


def doctor(asked: Asked) -> Exit | None:
    """What would stop a deployment, before it is tried; it changes nothing."""
    from operations.doctor.__main__ import main

    if asked.profile:
        os.environ["AWS_PROFILE"] = asked.profile
    if asked.region:
        os.environ["AWS_REGION"] = os.environ["AWS_DEFAULT_REGION"] = asked.region
    status = main(["--stage", asked.stage, *(["--json"] if asked.as_json else [])])
    return Exit(status)
