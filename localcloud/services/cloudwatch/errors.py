"""What CloudWatch answers when it refuses a request."""


class ServiceError(Exception):
    """A refusal: an error code of CloudWatch's model, a message for the caller, an HTTP status."""

    def __init__(self, code: str, message: str, status: int = 400) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.status = status


def validation_error(message: str) -> ServiceError:
    """The request's content is wrong."""
    return ServiceError("ValidationError", message)


def invalid_value(message: str) -> ServiceError:
    """A parameter's value is out of its domain."""
    return ServiceError("InvalidParameterValue", message)


def invalid_combination(message: str) -> ServiceError:
    """Parameters that exclude or require each other."""
    return ServiceError("InvalidParameterCombination", message)


def missing_parameter(name: str) -> ServiceError:
    """A required parameter is absent."""
    return ServiceError("MissingParameter", f"The parameter {name} is required.")


def not_found(message: str) -> ServiceError:
    """The named resource does not exist."""
    return ServiceError("ResourceNotFound", message, 404)
