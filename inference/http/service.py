"""Which answer belongs to which request. Knows HTTP's words, and nothing of sockets."""

from __future__ import annotations

import time
import traceback
from collections.abc import Callable
from typing import NamedTuple, TypeVar

import orjson

from inference.errors import (
    ArtefactError,
    BodyTooLargeError,
    InferenceError,
    InvalidRequestError,
    MethodNotAllowedError,
    NotFoundError,
    UnhealthyError,
)
from inference.formats import answers as written
from inference.formats import media_types, openinference
from inference.formats.bodies import read_body, reader_of
from inference.http import headers
from inference.http.logs import log
from inference.http.messages import Request, Response
from inference.http.metrics import Metrics
from inference.http.negotiation import check_encoding, decoded, negotiate
from inference.http.request_deadline import LONG_BODY_BYTES, RequestDeadline
from inference.http.settings import ServerSettings
from inference.model.intervals import intervals
from inference.model.predictor import Predictor
from inference.model.shift import Shift

_METRICS_TYPE = "text/plain; version=0.0.4; charset=utf-8"
_INVOCATIONS = "/invocations"
_MEGABYTE = 1 << 20
_TRACE_CHARACTERS = 4000
_Read = TypeVar("_Read")


class Route(NamedTuple):
    method: str
    answer: Callable[[Request], Response]
    label: str


class Service:
    """The routes of one loaded model. `failure` says why the model must not be served."""

    def __init__(self, predictor: Predictor | None, settings: ServerSettings, failure: str = "") -> None:
        self._loaded = predictor
        self._settings = settings
        self.failure = failure
        self.metrics = Metrics()
        self.shift = Shift.of(predictor.manifest) if predictor else None
        self.deadline: RequestDeadline | None = None
        self.count_connections: Callable[[], int] = lambda: 0
        self._routes = self._table(f"/v2/models/{settings.model_name}")

    @classmethod
    def load(cls, settings: ServerSettings) -> Service:
        """Load and check the model; a broken one gives a service whose /ping fails."""
        try:
            predictor = Predictor.load(settings.model_directory)
            predictor.check()
            _require_evaluated(predictor, settings.expected_model_hash)
            service = cls(predictor, settings)
        except ArtefactError as error:
            log("model_failed", reason=str(error))
            return cls(None, settings, str(error))
        digest = predictor.manifest.get("model_hash")
        log("model_loaded", engine=predictor.engine, model_hash=digest, columns=len(predictor.columns))
        return service

    def check_head(self, request: Request) -> None:
        """Raises what a request will end in by its head alone, before its body is asked for."""
        route = self._routes.get(request.path)
        if route is None or request.method != route.method:
            _check(route, request)
        if request.content_encoding:
            check_encoding(request.content_encoding)
        if request.path == _INVOCATIONS:
            content_type = negotiate(request.content_type, request.accept).given
            if content_type != media_types.TRITON:
                reader_of(content_type)

    def handle(self, request: Request) -> Response:
        """The answer to a request; never raises."""
        if self.deadline and len(request.body) >= LONG_BODY_BYTES and not self.deadline.is_running:
            return self._handle_within(self.deadline, request)
        began = time.perf_counter()
        route = self._routes.get(request.path)
        try:
            if route is None or request.method != route.method:
                _check(route, request)
            response = route.answer(request)  # type: ignore[union-attr]  # without a route the check raises
        except InferenceError as error:
            response = error_response(error, request)
        except Exception as error:  # one bad row must not cost the process
            log(
                "request_crashed",
                request_id=request.request_id,
                trace=traceback.format_exc()[-_TRACE_CHARACTERS:],
            )
            response = error_response(InferenceError(f"internal error: {type(error).__name__}"), request)
        label = route.label if route else "other"
        self.metrics.count(label, response.status, time.perf_counter() - began)
        return response

    def _handle_within(self, deadline: RequestDeadline, request: Request) -> Response:
        try:
            with deadline.running():
                return self.handle(request)
        except BodyTooLargeError as error:  # where the time was over outside of reading and predicting
            return error_response(error, request)

    def _table(self, model: str) -> dict[str, Route]:
        """Every path; the model's one version may be named or left out."""
        table = {
            "/ping": Route("GET", self._ready, "ping"),
            _INVOCATIONS: Route("POST", self._invoke, "invocations"),
            "/health": Route("GET", self._ready, "ping"),
            "/execution-parameters": Route("GET", self._execution_parameters, "execution-parameters"),
            "/metrics": Route("GET", self._metrics, "metrics"),
            "/v2": Route("GET", self._server_metadata, "v2"),
            "/v2/health/live": Route("GET", lambda request: _json({"live": True}), "v2"),
            "/v2/health/ready": Route("GET", self._ready, "v2"),
        }
        for path in (model, f"{model}/versions/1"):
            table[path] = Route("GET", self._model_metadata, "v2")
            table[f"{path}/ready"] = Route("GET", self._ready, "v2")
            table[f"{path}/infer"] = Route("POST", self._infer, "v2-infer")
        return table

    @property
    def _predictor(self) -> Predictor:
        if self._loaded is None:
            raise UnhealthyError(self.failure)
        return self._loaded

    def _ready(self, request: Request) -> Response:
        """200 once the model has repeated what training recorded; one that did not says why."""
        return _json({"ready": self._predictor is not None})

    def _invoke(self, request: Request) -> Response:
        """Rows in, predictions out. Tensors, which an endpoint can only take here, are answered as such."""
        predictor = self._loaded or self._predictor
        if request.content_encoding:
            request.body = self._decoded(request)
        content_type, kind, level = negotiate(request.content_type, request.accept)
        is_json = content_type == media_types.JSON
        answers = (
            predictor.answer_of_one(request.body, is_json=is_json)
            if is_json or content_type == media_types.CSV
            else None
        )
        if answers is None:
            if self._holds_tensors(request, content_type):
                return self._infer_tensors(request)
            answers = predictor.answers(
                _reading(request, lambda: read_body(predictor, content_type, request.body))
            )
        if self.shift:
            self.shift.add(answers)
        ends = None if level is None else intervals(predictor.model, answers, level)
        return Response(200, kind, written.write(predictor, answers, kind, ends))

    def _decoded(self, request: Request) -> bytes:
        return decoded(request.body, request.content_encoding, self._settings.max_body_bytes)

    def _holds_tensors(self, request: Request, content_type: str) -> bool:
        if content_type == media_types.TRITON:
            length = media_types.split(request.content_type)[1].get(media_types.TRITON_LENGTH, "")
            request.json_length = headers.json_length(length.encode("latin-1"), media_types.TRITON_LENGTH)
        is_json = content_type == media_types.JSON
        return request.json_length is not None or (
            is_json and _reading(request, lambda: openinference.is_request(request.body))
        )

    def _execution_parameters(self, request: Request) -> Response:
        """What batch transform asks before it splits its input."""
        return _json(
            {
                "MaxConcurrentTransforms": self._settings.workers,
                "BatchStrategy": "MULTI_RECORD",
                "MaxPayloadInMB": max(1, self._settings.max_body_bytes // _MEGABYTE),
            }
        )

    def _metrics(self, request: Request) -> Response:
        text = self.metrics.as_text(self.count_connections(), healthy=not self.failure)
        return Response(200, _METRICS_TYPE, text)

    def _server_metadata(self, request: Request) -> Response:
        return _json({"name": "greenlight", "version": "2", "extensions": ["binary_tensor_data"]})

    def _model_metadata(self, request: Request) -> Response:
        return _json(openinference.metadata(self._predictor, self._settings.model_name))

    def _infer(self, request: Request) -> Response:
        if request.content_encoding:
            request.body = self._decoded(request)
        return self._infer_tensors(request)

    def _infer_tensors(self, request: Request) -> Response:
        predictor = self._predictor
        asked = _reading(
            request, lambda: openinference.read_request(predictor, request.body, request.json_length)
        )
        answers = predictor.answers(asked.matrix)
        if self.shift:
            self.shift.add(answers)
        body, json_length = openinference.write_answer(predictor, self._settings.model_name, asked, answers)
        if json_length is None:
            return Response(200, media_types.JSON, body)
        if request.content_type.lower().startswith(media_types.TRITON):
            kind = f"{media_types.TRITON};{media_types.TRITON_LENGTH}={json_length}"
            return Response(200, kind, body)
        header = f"{openinference.HEADER_LENGTH}: {json_length}\r\n"
        return Response(200, "application/octet-stream", body, header)


def _check(route: Route | None, request: Request) -> None:
    """Only HEAD may stand for another method."""
    if route is None:
        raise NotFoundError(f"there is nothing at {request.path[:200]}; see /ping and /invocations")
    if request.method != "HEAD" or route.method != "GET":
        raise MethodNotAllowedError(
            f"{request.path[:200]} takes {route.method}, not {request.method}", route.method
        )


def _reading(request: Request, read: Callable[[], _Read]) -> _Read:
    """What a body holds. Whatever goes wrong while it is read is the body's fault, not the model's."""
    try:
        return read()
    except InferenceError:
        raise
    except MemoryError as error:
        raise BodyTooLargeError("no memory to read the body; send fewer rows in a request") from error
    except Exception as error:
        _log_trace("body_unread", request)
        raise InvalidRequestError(f"the body cannot be read ({type(error).__name__})") from error


def _log_trace(event: str, request: Request) -> None:
    log(event, request_id=request.request_id, trace=traceback.format_exc()[-_TRACE_CHARACTERS:])


def _json(document: object) -> Response:
    return Response(200, media_types.JSON, orjson.dumps(document))


def error_response(error: InferenceError, request: Request) -> Response:
    """The reason in the format that the client asked for, or else sent."""
    wants_csv = media_types.CSV in (request.accept or request.content_type).lower()
    kind = media_types.CSV if wants_csv else media_types.JSON
    shown = "text/plain; charset=utf-8" if wants_csv else kind
    more = "".join(f"{name}: {value}\r\n" for name, value in error.headers.items())
    return Response(error.status, shown, written.write_error(error, kind, request.request_id), more)


def _require_evaluated(predictor: Predictor, expected: str) -> None:
    """The model that was evaluated is the one to serve, on every instance that ever starts for it."""
    found = predictor.manifest.get("model_hash")
    if expected and found != expected:
        raise ArtefactError(f"the model's hash is {found}, and the one that was evaluated is {expected}")
