"""Commands for parts that a stack may lack: each says so by name, and the way on."""

from __future__ import annotations

from operations.cli.asking import Asked
from operations.cli.exits import Exit, NotInThisStackError


def labels(asked: Asked) -> Exit | None:
    """Bring in late labels, by which the serving model is judged."""
    raise NotInThisStackError(
        f"{asked.stack_name} takes no late labels.",
        "Upload rows with their targets instead, which trains and judges anew: greenlight upload FILE",
    )


def drift(asked: Asked) -> Exit | None:
    """How far requests and answers have moved from the training data."""
    raise NotInThisStackError(
        f"{asked.stack_name} measures no drift between uploads.",
        "Each upload's report has the drift against the champion's data (greenlight open report); the alarm "
        "`predictions` watches the answers' level while a model is deployed.",
    )


def experiment(asked: Asked) -> Exit | None:
    """Compare two models on live traffic."""
    raise NotInThisStackError(
        f"{asked.stack_name} runs no experiments on live traffic.",
        "A canary shares the traffic while a model is deployed; `greenlight diff A B` compares two versions.",
    )


def batch(asked: Asked) -> Exit | None:
    """Predict a whole file without the endpoint."""
    raise NotInThisStackError(
        f"{asked.stack_name} has no batch transform.",
        "The endpoint takes up to 6 MB a request: greenlight predict FILE",
    )
