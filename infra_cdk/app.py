"""The CDK app, with the same settings however it is started: `python app.py`, the CLI, or a test."""

from __future__ import annotations

import os
from typing import Any

import aws_cdk as cdk

# The CLI passes cdk.json's context on, and a plain `python app.py` has none: so the flags are set here, and
# both write the same template.
FLAGS = {
    "@aws-cdk/aws-iam:minimizePolicies": True,
    "@aws-cdk/core:checkSecretUsage": True,
    "@aws-cdk/core:target-partitions": ["aws"],
    "@aws-cdk/customresources:installLatestAwsSdkDefault": False,
}


def new_app(**more: Any) -> cdk.App:
    """Writes to CDK_OUTDIR, as the CLI asks, or to cdk.out."""
    outdir = os.environ.get("CDK_OUTDIR", "cdk.out")
    return cdk.App(**{"analytics_reporting": False, "context": FLAGS, "outdir": outdir, **more})
