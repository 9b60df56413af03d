from __future__ import annotations

import json

from lambdas.front.answering import answer
from lambdas.front.problems import MOST_MISTAKES, Mistake, Problem, refuse
from tests.unit.lambdas.front.events import REQUEST_ID, event


def ask(route, **changes):
    return answer(event("GET", "/v1/model", **changes), {("GET", "/v1/model"): route}, now=lambda: 0.0)


def refusing(problem):
    def route(request):
        raise problem

    return route


def test_an_answer_is_json_of_nobody_else_and_carries_the_request_s_id():
    found = ask(lambda request: {"a": 1})
    assert (found["statusCode"], json.loads(found["body"])) == (200, {"a": 1})
    assert found["headers"]["x-request-id"] == REQUEST_ID
    assert found["headers"]["cache-control"] == "no-store"


def test_a_problem_names_row_and_field():
    mistakes = [
        Mistake(row=3, field="rooms", reason="is not a number"),
        Mistake(row=4, reason="is no object"),
    ]
    found = ask(refusing(refuse(mistakes)))
    assert found["statusCode"] == 400
    assert found["headers"]["content-type"] == "application/problem+json"
    assert json.loads(found["body"]) == {
        "type": "about:blank",
        "title": "Bad Request",
        "status": 400,
        "detail": "row 3, field 'rooms': is not a number (and 1 more)",
        "instance": f"urn:uuid:{REQUEST_ID}",
        "errors": [
            {"row": 3, "field": "rooms", "reason": "is not a number"},
            {"row": 4, "reason": "is no object"},
        ],
    }


def test_a_million_mistakes_make_no_long_answer():
    problem = refuse([Mistake(row=n, reason="bad") for n in range(1, 100_000)])
    assert len(problem.as_document("r")["errors"]) == MOST_MISTAKES


def test_headers_of_a_problem_reach_the_caller():
    found = ask(refusing(Problem(503, "later", headers={"retry-after": "1"})))
    assert found["headers"]["retry-after"] == "1"


def test_what_nobody_expected_is_500_without_a_word_of_the_inside():
    found = ask(refusing(RuntimeError("the password is swordfish")))
    assert found["statusCode"] == 500
    assert "swordfish" not in found["body"]


def test_a_route_that_there_is_not_is_404():
    found = answer(event("GET", "/v1/other"), {}, now=lambda: 0.0)
    assert found["statusCode"] == 404
