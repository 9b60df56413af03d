"""Intervals hold the truth as often as they say, and come in every format where they are asked for."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from inference.errors import ArtefactError, InvalidRequestError
from inference.model.intervals import margins
from inference.model.predictor import Predictor
from inference.model.validation import validate
from tests.unit.inference.models import linear_model, predictor_of, tree_model
from tests.unit.inference.serving import Reply, Server, ask, invoke, request, running

RESIDUALS = np.sort(np.random.default_rng(1).normal(size=199))
ROWS = b"1.5,2,INLAND\n3.0,4,\n"
INFER = "/v2/models/houses/infer"


def with_residuals(residuals: Any = RESIDUALS) -> Any:
    model = tree_model()
    return replace(model, arrays={**model.arrays, "residuals": residuals})


@pytest.fixture(scope="module")
def predictor() -> Predictor:
    return predictor_of(with_residuals())


@pytest.fixture(scope="module")
def server(predictor: Predictor) -> Iterator[Server]:
    with running(predictor, model_name="houses") as found:
        yield found


def expected(predictor: Predictor, level: float) -> Any:
    """Prediction, lower and upper end of ROWS."""
    values = predictor.predict_matrix(np.array([[1.5, 2.0, 1.0], [3.0, 4.0, -2.0]]))
    below, above = margins(RESIDUALS, level)
    return np.column_stack([values, values + below, values + above])


def asked(server: Server, accept: str, body: bytes = ROWS) -> Reply:
    return invoke(server, body, "text/csv", accept=accept)


@given(st.integers(19, 400), st.floats(0.05, 0.9))
def test_an_interval_holds_at_least_its_share_of_rows_like_those(count: int, level: float) -> None:
    """Of n + 1 rows in any order each is equally often the new one: how many of them would be held."""
    values = np.arange(count + 1, dtype=float)
    held = 0
    for position in range(count + 1):
        below, above = margins(np.delete(values, position), level)
        held += below <= values[position] <= above
    assert held >= level * (count + 1) - 1e-6


def test_the_ends_are_the_residuals_of_exact_ranks() -> None:
    assert margins(np.arange(1.0, 20.0), 0.9) == (1.0, 19.0)
    assert margins(np.arange(1.0, 200.0), 0.9) == (10.0, 190.0)
    assert margins(np.arange(1.0, 200.0), 0.5) == (50.0, 150.0)


@pytest.mark.parametrize("level", [0.0, 1.0, -1.0, float("nan")])
def test_a_level_outside_nothing_and_everything_is_refused(level: float) -> None:
    with pytest.raises(InvalidRequestError, match="expected more than 0, below 1"):
        margins(RESIDUALS, level)


def test_a_level_that_takes_more_rows_is_refused_with_the_most_that_there_is() -> None:
    with pytest.raises(InvalidRequestError, match=r"level 0.95 is asked for; 19 residuals give at most 0.9$"):
        margins(np.arange(19.0), 0.95)


def test_every_format_has_its_place_for_them(server: Server, predictor: Predictor) -> None:
    wanted = expected(predictor, 0.8)
    found = json.loads(asked(server, "application/json; interval=0.8").body)
    assert found == {"predictions": wanted[:, 0].tolist(), "intervals": wanted[:, 1:].tolist()}
    lines = asked(server, "text/csv;interval=0.8").body.decode().splitlines()
    assert [[float(field) for field in line.split(",")] for line in lines] == wanted.tolist()
    text = asked(server, "application/jsonlines;interval=0.8").body
    objects = [json.loads(line) for line in text.splitlines()]
    assert objects == [{"prediction": a, "interval": [b, c]} for a, b, c in wanted.tolist()]
    saved = asked(server, "application/x-npy;interval=0.8").body
    assert np.load(io.BytesIO(saved)).tolist() == wanted.tolist()


def test_one_row_has_its_interval_too(server: Server, predictor: Predictor) -> None:
    found = json.loads(asked(server, "application/json;interval=0.8", ROWS.splitlines()[0]).body)
    assert found["intervals"] == expected(predictor, 0.8)[:1, 1:].tolist()


def test_the_range_that_is_chosen_asks(server: Server) -> None:
    yes = asked(server, "text/csv;q=0.5, application/json;interval=0.5;q=0.9")
    no = asked(server, "text/csv;interval=0.5;q=0.5, application/json")
    assert ("intervals" in json.loads(yes.body), "intervals" in json.loads(no.body)) == (True, False)


def test_without_asking_nothing_changes(server: Server) -> None:
    assert set(json.loads(asked(server, "application/json").body)) == {"predictions"}


@pytest.mark.parametrize(
    ("level", "reason"),
    [("much", "interval='much' in Accept is no number"), ("1.5", "below 1"), ("", "no number")],
)
def test_a_level_that_is_none_is_refused(server: Server, level: str, reason: str) -> None:
    found = asked(server, f"application/json;interval={level}")
    assert found.status == 400
    assert reason in found.body.decode()


@pytest.mark.parametrize(
    ("model", "reason"),
    [
        (tree_model(), "a model that was trained without them has no prediction intervals"),
        (
            replace(tree_model(outputs=3, link="softmax"), classes=("a", "b", "c")),
            "a classification has no prediction intervals",
        ),
    ],
)
def test_a_model_without_residuals_has_none(model: Any, reason: str) -> None:
    with running(predictor_of(model)) as server:
        found = asked(server, "application/json;interval=0.9")
    assert (found.status, reason in found.body.decode()) == (406, True)


def infer(server: Server, **more: Any) -> Any:
    inputs = [
        {"name": "rooms", "datatype": "FP64", "shape": [2], "data": [1.5, 3.0]},
        {"name": "people", "datatype": "FP64", "shape": [2], "data": [2, 4]},
        {"name": "sea", "datatype": "BYTES", "shape": [2], "data": ["INLAND", None]},
    ]
    body = json.dumps({"inputs": inputs, **more}).encode()
    reply = ask(server, request("POST", INFER, body, "application/json"))[0]
    return reply.status, json.loads(reply.body)


def test_the_inference_protocol_has_an_output_for_them(server: Server, predictor: Predictor) -> None:
    outputs = json.loads(ask(server, request("GET", "/v2/models/houses"))[0].body)["outputs"]
    assert {"name": "interval", "datatype": "FP64", "shape": [-1, 2]} in outputs
    _, plain = infer(server)
    assert [output["name"] for output in plain["outputs"]] == ["predict"]
    _, levelled = infer(server, parameters={"interval": 0.8})
    assert [output["name"] for output in levelled["outputs"]] == ["predict", "interval"]
    assert levelled["outputs"][1]["shape"] == [2, 2]
    assert levelled["outputs"][1]["data"] == expected(predictor, 0.8)[:, 1:].ravel().tolist()
    _, usual = infer(server, outputs=[{"name": "interval"}])
    assert usual["outputs"][0]["data"] == expected(predictor, 0.9)[:, 1:].ravel().tolist()


def test_a_level_in_words_is_refused_by_the_inference_protocol(server: Server) -> None:
    status, found = infer(server, parameters={"interval": "0.8"})
    assert status == 400
    assert "expected a level such as 0.9" in found["error"]


@pytest.mark.parametrize(
    "residuals", [np.array([]), np.array([1.0, 0.0]), np.array([np.nan]), np.ones((2, 2))]
)
def test_residuals_that_are_none_are_refused(residuals: Any) -> None:
    with pytest.raises(ArtefactError, match="residuals"):
        validate(with_residuals(residuals))


def test_residuals_are_of_one_value() -> None:
    model = linear_model(outputs=2)
    with pytest.raises(ArtefactError, match="one output"):
        validate(replace(model, arrays={**model.arrays, "residuals": RESIDUALS}))
