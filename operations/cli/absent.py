"""Commands for parts that a stack may lack: each says so by name, and the way on."""

from __future__ import annotations

from operations.cli.asking import Asked
from operations.cli.exits import Exit, NotInThisStackError


def experiment(asked: Asked) -> Exit | None:
    """Compare two models on live traffic."""
    raise NotInThisStackError(
        f"{asked.stack_name} runs no experiments on live traffic.",
        "A canary shares the traffic while a model is deployed; `greenlight diff A B` compares two versions.",
    )
