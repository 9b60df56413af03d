"""Tokens that say where the next page of an answer begins."""

import base64
from collections.abc import Mapping
from typing import Any

from localcloud.services.cloudwatch.errors import ServiceError


def page_token(position: int, total: int) -> str | None:
    """The token of the page that begins at `position`; None when nothing is left."""
    return base64.urlsafe_b64encode(str(position).encode()).decode() if position < total else None


def page_start(parameters: Mapping[str, Any]) -> int:
    """Where the page begins that a request asks for."""
    token = parameters.get("NextToken")
    if not token:
        return 0
    try:
        return int(base64.urlsafe_b64decode(token))
    except ValueError:
        raise ServiceError("InvalidNextToken", f"Invalid NextToken: {token}") from None
