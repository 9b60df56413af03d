"""Which answer belongs to which request. Knows HTTP's words, and nothing of sockets."""

from __future__ import annotations

import traceback
from collections.abc import Callable
from typing import NamedTuple

from inference import responses
from inference.bodies import read_body
from inference.errors import (
    ArtefactError,
    InferenceError,
    MethodNotAllowedError,
    NotFoundError,
)
from inference.logs import log
from inference.predictor import Predictor
from inference.settings import ServerSettings


class Request:
    """One request, as the protocol fills it in."""

    __slots__ = ("accept", "body", "content_type", "method", "path", "request_id")

    def __init__(self) -> None:
        self.method = "GET"
        self.path = ""
        self.content_type = ""
        self.accept = ""
        self.request_id = ""
        self.body = b""


class Response(NamedTuple):
    status: int
    content_type: str
    body: bytes


class UnhealthyError(InferenceError):
    """The model did not pass its check, so nothing that it says may be trusted."""

    status = 500


class Service:
    """The routes of one loaded model. `failure` says why the model must not be served."""

    def __init__(self, predictor: Predictor | None, failure: str = "") -> None:
        self._predictor = predictor
        self.failure = failure
        self._routes: dict[str, tuple[str, Callable[[Request], Response]]] = {
            "/ping": ("GET", self._ping),
            "/invocations": ("POST", self._invoke),
        }

    @classmethod
    def load(cls, settings: ServerSettings) -> Service:
        """Load and check the model; a broken one gives a service whose /ping fails."""
        try:
            predictor = Predictor.load(settings.model_directory)
            predictor.check()
        except ArtefactError as error:
            log("model_failed", reason=str(error))
            return cls(None, str(error))
        log(
            "model_loaded",
            engine=predictor.engine,
            model_hash=predictor.manifest.get("model_hash"),
            columns=len(predictor.columns),
        )
        return cls(predictor)

    def handle(self, request: Request) -> Response:
        """The answer to a request; never raises."""
        try:
            return self._route(request)
        except InferenceError as error:
            return error_response(error, request)
        except Exception as error:  # one bad row must not cost the process
            log("request_crashed", request_id=request.request_id, trace=traceback.format_exc())
            return error_response(InferenceError(f"internal error: {type(error).__name__}"), request)

    def _route(self, request: Request) -> Response:
        found = self._routes.get(request.path)
        if found is None:
            raise NotFoundError(f"there is nothing at {request.path}; see /ping and /invocations")
        method, answer = found
        if request.method != method:
            raise MethodNotAllowedError(f"{request.path} takes {method}, not {request.method}")
        return answer(request)

    def _ping(self, request: Request) -> Response:
        if self.failure:
            raise UnhealthyError(self.failure)
        return Response(200, responses.JSON, b'{"status":"healthy"}')

    def _invoke(self, request: Request) -> Response:
        predictor = self._predictor
        if predictor is None:
            raise UnhealthyError(self.failure)
        content_type, kind = responses.negotiate(request.content_type, request.accept)
        answers = predictor.answer_of_csv_row(request.body) if content_type == responses.CSV else None
        if answers is None:
            answers = predictor.answers(read_body(predictor, content_type, request.body))
        return Response(200, kind, responses.write(predictor, answers, kind))


def error_response(error: InferenceError, request: Request) -> Response:
    """The reason in the format that the client sent or asked for."""
    wants_csv = responses.CSV in (request.accept or request.content_type)
    kind = responses.CSV if wants_csv else responses.JSON
    shown = "text/plain; charset=utf-8" if wants_csv else kind
    return Response(error.status, shown, responses.write_error(error, kind, request.request_id))
