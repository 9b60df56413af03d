"""What an expression may refer to depends on the field that it stands in."""

from typing import Any

import pytest

from localcloud.services.stepfunctions.definitions.jsonata_rules import expression_problems

TASK = {"Type": "Task"}


def found(state: dict[str, Any]) -> list[str]:
    return list(expression_problems(state, "/States/A"))


def output(expression: str, kind: str = "Pass") -> list[str]:
    return found({"Type": kind, "Output": {"v": f"{{% {expression} %}}"}})


@pytest.mark.parametrize(
    "expression",
    [
        "$states.input.items[status = 'OPEN'].amount",
        "$states.input.items.{'a': b, 'c': $.d}",
        "$map($states.input.x, function($v) { $v.name & $v.$ })",
        "$states.input.x ~> |$|{'a': 1}|",
        "$states.input.items^(>price)",
        "$states.input.items{kind: $sum(price)}",
        "$states.context.Execution.Name & $mine",
        "$contains($states.input.key, /a[?]:b/)",
        "$f(?, 1)",
        "$states.input.a ? 1 : 2",
        "($x := $states.input.a; $x)",
    ],
)
def test_good_expressions_are_taken(expression: str):
    assert output(expression) == []


@pytest.mark.parametrize(
    ("expression", "problem"),
    [
        ("phone", "UNSUPPORTED_JSONATA_EXPRESSION: Reference to 'phone' at the top level is not supported."),
        ("$merge([$states.input, {'a': b}])", "Reference to 'b' at the top level"),
        ("$x := phone", "Reference to 'phone' at the top level"),
        ("$states.input.a ? b.c : 2", "Reference to 'b' at the top level"),
        ("-(x)", "Reference to 'x' at the top level"),
        ("$.a", "Reference to '$' at the top level"),
        ("$$", "Reference to '$$' at the top level"),
        ("$map($states.input.x, function($v) { $$.a })", "Reference to '$$' at the top level"),
        ("$states.inptu.a", "UNSUPPORTED_JSONATA_EXPRESSION: Field '$states.inptu' does not exist."),
        ("$states.result.a", "Field '$states.result' does not exist."),
        (
            "$map($states.input.x, function($v) { $states.errorOutput })",
            "'$states.errorOutput' does not exist",
        ),
        (
            "$states.input.a ?? 1",
            "INVALID_JSONATA_EXPRESSION: The operator '??' is not part of JSONata 2.0.6",
        ),
        (
            "$states.input.a ?: 1",
            "INVALID_JSONATA_EXPRESSION: The operator '?:' is not part of JSONata 2.0.6",
        ),
        ("1 +", "INVALID_JSONATA_EXPRESSION: "),
    ],
)
def test_bad_ones_are_refused_with_their_place(expression: str, problem: str):
    problems = output(expression)
    assert any(problem in each for each in problems), problems
    assert all(each.endswith(" at /States/A/Output/v") for each in problems)


@pytest.mark.parametrize("kind", ["Task", "Map", "Parallel"])
def test_a_result_is_there_for_output_and_assign(kind: str):
    assert output("$states.result.a", kind) == []
    assert found({"Type": kind, "Assign": {"x": "{% $states.result %}"}}) == []


def test_a_result_is_not_there_for_what_comes_before_or_after():
    assert found({**TASK, "Arguments": {"a": ["{% $states.result %}"]}})[0].endswith(
        "at /States/A/Arguments/a[0]"
    )
    assert found({**TASK, "Catch": [{"Output": "{% $states.result %}"}]})


def test_an_error_is_there_for_its_catch_alone():
    assert (
        found(
            {
                **TASK,
                "Catch": [
                    {
                        "Output": "{% $states.errorOutput %}",
                        "Assign": {"e": "{% $states.errorOutput.Error %}"},
                    }
                ],
            }
        )
        == []
    )
    assert output("$states.errorOutput", "Task") == [
        "UNSUPPORTED_JSONATA_EXPRESSION: Field '$states.errorOutput' does not exist. at /States/A/Output/v"
    ]
