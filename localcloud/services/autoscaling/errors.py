"""Application Auto Scaling's errors, with the code that its clients see (API reference, "Common Errors")."""

from __future__ import annotations

from localcloud.services.sagemaker.errors import SageMakerError, UnsupportedOperationError, ValidationError

__all__ = ["ObjectNotFoundError", "SageMakerError", "UnsupportedOperationError", "ValidationError"]


class ObjectNotFoundError(SageMakerError):
    """No target, policy or action of that name is registered."""

    code = "ObjectNotFoundException"
    status = 400
