"""`python -m infra_cdk.delivery`, by `make delivery REPOSITORY_ID=...`: synthesises the app."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Mapping
from pathlib import Path

from contracts.pipeline_config import FILE_NAME, STAGES, PipelineConfig
from contracts.reading import PipelineConfigError
from infra_cdk.app import new_app
from infra_cdk.delivery.stack import DeliveryStack

ROOT = Path(__file__).parents[2]
_NUMBER = re.compile(r"[1-9]\d{0,18}")


class DeliveryError(ValueError):
    """A variable is missing or wrong; the message says which, and where its value is found."""


def asked(environment: Mapping[str, str]) -> tuple[str, tuple[str, ...]]:
    """The repository's number and the environments; raises DeliveryError."""
    number = environment.get("REPOSITORY_ID", "")
    if not _NUMBER.fullmatch(number):
        raise DeliveryError(
            f"REPOSITORY_ID={number!r} is not a repository's number: "
            "gh api repos/OWNER/NAME --jq .id prints it"
        )
    names = tuple(environment.get("ENVIRONMENTS", " ".join(STAGES)).replace(",", " ").split())
    if not names or set(names) - set(STAGES):
        raise DeliveryError(f"ENVIRONMENTS={' '.join(names)!r}: some of {', '.join(STAGES)}, one each")
    return number, tuple(dict.fromkeys(names))


def main() -> None:
    number, environments = asked(os.environ)
    app = new_app()
    DeliveryStack(
        app,
        pipeline=PipelineConfig.load(ROOT / FILE_NAME).name,
        repository_id=number,
        environments=environments,
        has_provider=os.environ.get("HAS_PROVIDER", "") not in ("", "0"),
    )
    app.synth()


if __name__ == "__main__":
    try:
        main()
    except (DeliveryError, PipelineConfigError) as error:
        sys.exit(str(error))
