"""Which answer belongs to which request. Knows HTTP's words, and nothing of sockets."""

from __future__ import annotations

import time
import traceback
from collections.abc import Callable
from typing import NamedTuple

import orjson

from inference.errors import (
    ArtefactError,
    InferenceError,
    MethodNotAllowedError,
    NotFoundError,
    UnhealthyError,
)
from inference.formats import openinference, responses
from inference.formats.bodies import read_body
from inference.http.logs import log
from inference.http.messages import Request, Response
from inference.http.metrics import Metrics
from inference.http.settings import ServerSettings
from inference.model.predictor import Predictor
from inference.model.shift import Shift

_METRICS_TYPE = "text/plain; version=0.0.4; charset=utf-8"
_MEGABYTE = 1 << 20


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
        self.count_connections: Callable[[], int] = lambda: 0
        self._routes = self._table(f"/v2/models/{settings.model_name}")

    @classmethod
    def load(cls, settings: ServerSettings) -> Service:
        """Load and check the model; a broken one gives a service whose /ping fails."""
        try:
            predictor = Predictor.load(settings.model_directory)
            predictor.check()
        except ArtefactError as error:
            log("model_failed", reason=str(error))
            return cls(None, settings, str(error))
        digest = predictor.manifest.get("model_hash")
        log("model_loaded", engine=predictor.engine, model_hash=digest, columns=len(predictor.columns))
        return cls(predictor, settings)

    def handle(self, request: Request) -> Response:
        """The answer to a request; never raises."""
        began = time.perf_counter()
        route = self._routes.get(request.path)
        try:
            if route is None or request.method != route.method:
                _check(route, request)
            response = route.answer(request)  # type: ignore[union-attr]  # without a route the check raises
        except InferenceError as error:
            response = error_response(error, request)
        except Exception as error:  # one bad row must not cost the process
            log("request_crashed", request_id=request.request_id, trace=traceback.format_exc())
            response = error_response(InferenceError(f"internal error: {type(error).__name__}"), request)
        label = route.label if route else "other"
        self.metrics.count(label, response.status, time.perf_counter() - began)
        return response

    def _table(self, model: str) -> dict[str, Route]:
        """Every path; the model's one version may be named or left out."""
        table = {
            "/ping": Route("GET", self._ready, "ping"),
            "/invocations": Route("POST", self._invoke, "invocations"),
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
        predictor = self._loaded or self._predictor
        content_type, kind = responses.negotiate(request.content_type, request.accept)
        is_json = content_type == responses.JSON
        answers = (
            predictor.answer_of_one(request.body, is_json=is_json)
            if is_json or content_type == responses.CSV
            else None
        )
        if answers is None:
            answers = predictor.answers(read_body(predictor, content_type, request.body))
        if self.shift:
            self.shift.add(answers)
        return Response(200, kind, responses.write(predictor, answers, kind))

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
        body, json_length = openinference.infer(
            self._predictor, self._settings.model_name, request.body, request.json_length
        )
        if json_length is None:
            return Response(200, responses.JSON, body)
        header = f"{openinference.HEADER_LENGTH}: {json_length}\r\n"
        return Response(200, "application/octet-stream", body, header)


def _check(route: Route | None, request: Request) -> None:
    """Only HEAD may stand for another method."""
    if route is None:
        raise NotFoundError(f"there is nothing at {request.path[:200]}; see /ping and /invocations")
    if request.method != "HEAD" or route.method != "GET":
        raise MethodNotAllowedError(f"{request.path} takes {route.method}, not {request.method}")


def _json(document: object) -> Response:
    return Response(200, responses.JSON, orjson.dumps(document))


def error_response(error: InferenceError, request: Request) -> Response:
    """The reason in the format that the client asked for, or else sent."""
    wants_csv = responses.CSV in (request.accept or request.content_type).lower()
    kind = responses.CSV if wants_csv else responses.JSON
    shown = "text/plain; charset=utf-8" if wants_csv else kind
    return Response(error.status, shown, responses.write_error(error, kind, request.request_id))
