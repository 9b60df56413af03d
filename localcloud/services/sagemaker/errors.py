"""SageMaker's own errors, with the code and the HTTP status that its clients see.

Tree: SageMakerError ← ValidationError, ResourceNotFoundError, ResourceInUseError,
ConflictError, AccessDeniedError, UnsupportedOperationError, ModelError and others of the runtime.
"""

from __future__ import annotations

from typing import Any


class SageMakerError(Exception):
    """An answer that is an error: `code` is its name on the wire."""

    code = "InternalFailure"
    status = 500

    def __init__(self, message: str, **members: Any) -> None:
        super().__init__(message)
        self.message = message
        self.members = members
        """Further members of the error's document, e.g. OriginalStatusCode."""


class ValidationError(SageMakerError):
    """The request, or what it refers to, is not acceptable; also "Could not find ..."."""

    code = "ValidationException"
    status = 400


class SerializationError(SageMakerError):
    """The request's JSON does not have the types that the operation takes."""

    code = "SerializationException"
    status = 400


class ResourceNotFoundError(SageMakerError):
    """What the request names does not exist, for the operations whose model has this error."""

    code = "ResourceNotFound"
    status = 400


class ResourceInUseError(SageMakerError):
    """The name is taken, or something still refers to the resource."""

    code = "ResourceInUse"
    status = 400


class ResourceLimitExceededError(SageMakerError):
    """The account has not the quota for it."""

    code = "ResourceLimitExceeded"
    status = 400


class ConflictError(SageMakerError):
    """The resource changed or is changing."""

    code = "ConflictException"
    status = 400


class AccessDeniedError(SageMakerError):
    """IAM does not allow what the request asks for besides its own action, e.g. iam:PassRole."""

    code = "AccessDeniedException"
    status = 400


class UnsupportedOperationError(SageMakerError):
    """SageMaker has this operation; the embedded cloud does not."""

    code = "UnsupportedOperationException"
    status = 501


class RuntimeValidationError(ValidationError):
    """The runtime's ValidationError, whose name on the wire has no suffix."""

    code = "ValidationError"


class ModelError(SageMakerError):
    """The model container answered an error, or did not answer in time."""

    code = "ModelError"
    status = 424


class ServiceUnavailableError(SageMakerError):
    """No instance can take the request now."""

    code = "ServiceUnavailable"
    status = 503
