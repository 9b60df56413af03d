"""What can go wrong between a question and its answer, in words for whoever asked.

ReadingError
├── NotDeployedError   the stage has no stack in this account and region
├── NotThereError      the stage is there, and what was asked for by name is not
├── NoAccessError      no credentials, expired ones, or ones that may not do it
└── UnreachableError   nobody answers, or the service is busy
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager


class ReadingError(Exception):
    """Something could not be read: `what` happened, and the `way_on` from it."""

    def __init__(self, what: str, way_on: str = "") -> None:
        super().__init__(f"{what} {way_on}".strip())
        self.what, self.way_on = what, way_on


class NotDeployedError(ReadingError):
    """The stage has no stack in this account and region."""


class NotThereError(ReadingError):
    """The stage is there, and what was asked for by name is not."""


class NoAccessError(ReadingError):
    """No credentials, expired ones, or ones that may not do it."""


class UnreachableError(ReadingError):
    """Nobody answers, or the service is busy."""


_LOG_IN = (
    "Log in first (aws sso login, or --profile NAME); for the embedded cloud, paste the export lines that "
    "`python -m localcloud up` printed."
)
# IAM User Guide, "Common errors", and the codes that services give to keys that they do not know.
_EXPIRED = ("ExpiredToken", "ExpiredTokenException", "RequestExpired")
_UNKNOWN_KEYS = (
    "InvalidClientTokenId",
    "UnrecognizedClientException",
    "InvalidAccessKeyId",
    "SignatureDoesNotMatch",
    "AuthFailure",
)
_REFUSED = ("AccessDenied", "AccessDeniedException", "UnauthorizedOperation", "AccessDeniedError")
_BUSY = (
    "Throttling",
    "ThrottlingException",
    "TooManyRequestsException",
    "RequestLimitExceeded",
    "SlowDown",
    "ServiceUnavailable",
    "InternalFailure",
    "InternalServerError",
)


@contextmanager
def explained() -> Iterator[None]:
    """Turn what boto3 raises within the block into a ReadingError that says what to do."""
    from botocore import exceptions

    try:
        yield
    except (exceptions.NoCredentialsError, exceptions.PartialCredentialsError) as error:
        raise NoAccessError("There are no AWS credentials in the environment.", _LOG_IN) from error
    except (exceptions.TokenRetrievalError, exceptions.SSOTokenLoadError) as error:
        raise NoAccessError("The AWS session has expired.", _LOG_IN) from error
    except exceptions.NoRegionError as error:
        raise NoAccessError("No AWS region is set.", "Pass --region NAME, or set AWS_REGION.") from error
    except exceptions.ProfileNotFound as error:
        raise NoAccessError(f"{error}.", "`aws configure list-profiles` lists those there are.") from error
    except (exceptions.EndpointConnectionError, exceptions.ConnectTimeoutError) as error:
        url = error.kwargs.get("endpoint_url", "the service")
        raise UnreachableError(
            f"Nobody answers at {url}.",
            "If that is the embedded cloud, start it: .venv/bin/python -m localcloud up. Else see whether "
            "the region is right and this machine has a network.",
        ) from error
    except (exceptions.HTTPClientError, exceptions.ReadTimeoutError) as error:
        raise UnreachableError(
            f"The connection broke: {error}", "Try again; what was running goes on."
        ) from error
    except exceptions.ClientError as error:
        raise _of(error) from error


def _of(error: Exception) -> ReadingError:
    response = getattr(error, "response", {})
    operation = getattr(error, "operation_name", "a call")
    code, message = code_of(error), str(response.get("Error", {}).get("Message", error))
    if code in _EXPIRED:
        return NoAccessError("The AWS credentials have expired.", _LOG_IN)
    if code in _UNKNOWN_KEYS:
        return NoAccessError("The AWS credentials are not known to this account.", _LOG_IN)
    if code in _REFUSED:
        return NoAccessError(
            f"These credentials may not call {operation}: {message}",
            "Ask for that permission, or use another --profile.",
        )
    if code in _BUSY:
        return UnreachableError(f"AWS is busy with {operation} ({code}).", "Try again in a minute.")
    return ReadingError(f"{operation} was refused: {code}: {message}", "Run `greenlight doctor`.")


def code_of(error: Exception) -> str:
    """The error code of a ClientError."""
    return str(getattr(error, "response", {}).get("Error", {}).get("Code", ""))
