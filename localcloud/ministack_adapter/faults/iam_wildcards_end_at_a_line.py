"""IAM's wildcards stand for any character: the end of a line too, which an S3 key may hold.

ministack's stop at one, and take a name with one behind it for the name itself, so that a Deny on a prefix
does not reach every key below it.
https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_resource.html
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from functools import cache
from typing import Any

from localcloud.ministack_adapter.permissions import iam_evaluator


def install(cloud: object = None) -> None:
    """Match by these wildcards."""
    iam_evaluator.fnmatch_compile = wildcard


@cache
def wildcard(pattern: str, ignore_case: bool) -> re.Pattern[str]:
    """The regular expression of a pattern with `*` and `?`."""
    body = "".join({"*": ".*", "?": "."}.get(char) or re.escape(char) for char in pattern)
    return re.compile(rf"{body}\Z", re.DOTALL | (re.IGNORECASE if ignore_case else 0))


def shows(client: Callable[[str], Any]) -> bool:
    """Whether a policy on `bucket/*` does not reach a key with the end of a line in it."""
    statement = {"Effect": "Allow", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::bucket/*"}
    answer = client("iam").simulate_custom_policy(
        PolicyInputList=[json.dumps({"Version": "2012-10-17", "Statement": statement})],
        ActionNames=["s3:GetObject"],
        ResourceArns=["arn:aws:s3:::bucket/one\ntwo"],
    )
    return bool(answer["EvaluationResults"][0]["EvalDecision"] != "allowed")
