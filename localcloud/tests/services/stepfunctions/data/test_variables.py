"""Variables have names and sizes that AWS takes."""

import pytest

from localcloud.services.stepfunctions.data.variables import MAX_BYTES, assigned, hold, variable_problems
from localcloud.services.stepfunctions.errors import StatesError
from localcloud.tests.services.stepfunctions.fake import run


def test_names_are_held_to_their_rules():
    state = {"Assign": {"good_1": 1, "states": 1, "1st": 1, "a-b": 1, "x" * 81: 1}}
    found = list(variable_problems(state, "JSONata", "/States/A"))
    assert len(found) == 4
    assert "'states' is reserved at /States/A/Assign" in found[0]


def test_those_of_choices_and_catchers_too():
    state = {"Choices": [{"Assign": {"a b": 1}}], "Catch": [{"Assign": []}]}
    found = list(variable_problems(state, "JSONata", "/States/A"))
    assert "at /States/A/Choices[0]/Assign" in found[0]
    assert found[1].endswith("Value is not an object at /States/A/Catch[0]/Assign")


def test_assign_by_path_is_refused_by_name():
    (found,) = variable_problems({"Assign": {"a.$": "$"}}, "JSONPath", "/States/A")
    assert "does not offer Assign in JSONPath states" in found


def test_an_assignment_replaces_and_keeps():
    assert assigned({"a": 1, "b": 2}, {"b": 3}) == {"a": 1, "b": 3}


def test_an_assignment_has_a_size():
    assert assigned({}, {"a": "x" * (MAX_BYTES - 8)})
    with pytest.raises(StatesError, match=r"States\.DataLimitExceeded"):
        assigned({}, {"a": "x" * (MAX_BYTES - 7)})


def test_all_variables_together_have_a_size():
    before = {f"v{index}": "x" * 250_000 for index in range(41)}
    with pytest.raises(StatesError, match="together"):
        assigned(before, {"a": "x" * 250_000})


def test_a_states_output_has_a_size():
    hold("A", "é" * (MAX_BYTES // 2 - 1))
    with pytest.raises(StatesError, match="'A' returned a result with a size exceeding"):
        hold("A", "é" * (MAX_BYTES // 2))


def test_a_pass_that_hands_on_too_much_fails_the_execution():
    states = {"A": {"Type": "Pass", "Output": "{% $pad('', 262145, 'x') %}", "End": True}}
    with pytest.raises(StatesError, match=r"States\.DataLimitExceeded"):
        run(states)


def test_eval_is_no_function_of_step_functions():
    states = {"A": {"Type": "Pass", "Output": "{% $eval('1+1') %}", "End": True}}
    with pytest.raises(StatesError, match=r"States\.QueryEvaluationError.*T1006"):
        run(states)
