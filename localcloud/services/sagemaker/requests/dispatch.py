"""Dispatches a request of the JSON 1.1 protocol to the operation that it names, and writes the answer."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterable, Mapping
from typing import Any

from localcloud.services.sagemaker.access.caller import Caller
from localcloud.services.sagemaker.errors import (
    SageMakerError,
    SerializationError,
    UnsupportedOperationError,
    ValidationError,
)
from localcloud.services.sagemaker.requests.contract import Contract
from localcloud.services.sagemaker.requests.names import Names
from localcloud.services.sagemaker.requests.tags import Operation
from localcloud.services.sagemaker.store import Document

log = logging.getLogger("localcloud.services.sagemaker")

Answer = tuple[int, dict[str, str], bytes]
CONTENT_TYPE = "application/x-amz-json-1.1"


class Api:
    """SageMaker's control plane: every request and every answer is held against botocore's model."""

    def __init__(self, names: Names, groups: Iterable[Mapping[str, Operation]]) -> None:
        self._names = names
        self.contract = Contract()
        self._operations: dict[str, Operation] = {}
        for group in groups:
            self._operations.update(group)

    def handle(self, target: str, body: bytes, caller: Caller) -> Answer:
        """The HTTP answer to a request with header `X-Amz-Target: SageMaker.OPERATION`."""
        try:
            return answer(200, self.call(target.rpartition(".")[2], _document(body), caller))
        except SageMakerError as error:
            if error.status == 500:
                log.error("%s: %s", target, error.message)
            return error_answer(error)

    def call(self, operation: str, request: Document, caller: Caller) -> Document:
        """Run one operation; raises SageMakerError."""
        if not self.contract.knows(operation):
            raise ValidationError(f"SageMaker has no operation {operation!r}")
        handler = self._operations.get(operation)
        if handler is None:
            raise UnsupportedOperationError(f"{operation} is not supported by the embedded cloud")
        self.contract.check_request(operation, request)
        if operation.startswith("Create") and request.get("Tags"):
            keys = {f"aws:RequestTag/{tag['Key']}": tag["Value"] for tag in request["Tags"]}
            context = {**keys, "aws:TagKeys": [tag["Key"] for tag in request["Tags"]]}
            caller.authorize("sagemaker:AddTags", self._names.resource_of(operation, request), context)
        result = handler({key: value for key, value in request.items() if value is not None}, caller)
        self.contract.check_answer(operation, result)
        return result


def answer(status: int, document: Document) -> Answer:
    """A JSON 1.1 answer."""
    return status, {"Content-Type": CONTENT_TYPE}, json.dumps(document).encode()


def error_answer(error: SageMakerError) -> Answer:
    """An error in JSON 1.1, whose name botocore reads from __type or from the header."""
    document: dict[str, Any] = {"__type": error.code, "message": error.message, **error.members}
    status, headers, body = answer(error.status, document)
    return status, {**headers, "x-amzn-errortype": error.code}, body


def _document(body: bytes) -> Document:
    try:
        document = json.loads(body or b"{}")
    except ValueError as problem:
        raise SerializationError(f"The request's body is not JSON: {problem}") from None
    if not isinstance(document, dict):
        raise SerializationError("The request's body must be a JSON object")
    return document
