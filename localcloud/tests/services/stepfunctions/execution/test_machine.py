"""The interpreter's states, without a cloud."""

import pytest

from localcloud.services.stepfunctions.errors import StatesError
from localcloud.tests.services.stepfunctions.fake import FakeExecution, failing, run, task


def test_a_pass_without_output_hands_its_input_on():
    assert run({"A": {"Type": "Pass", "End": True}}, {"x": 1}) == {"x": 1}


def test_whole_numbers_stay_whole():
    made = run(
        {"A": {"Type": "Pass", "Output": {"half": "{% 4 / 2 %}", "third": "{% 1 / 4 %}"}, "End": True}}
    )
    assert made == {"half": 2, "third": 0.25}
    assert isinstance(made["half"], int)


def test_an_assigned_null_is_null_and_not_undefined():
    states = {
        "A": {"Type": "Pass", "Assign": {"nothing": None}, "Next": "B"},
        "B": {"Type": "Pass", "Output": {"is": "{% $nothing %}"}, "End": True},
    }
    assert run(states) == {"is": None}


def test_every_expression_of_an_assign_sees_the_values_from_before():
    states = {
        "A": {"Type": "Pass", "Assign": {"x": 1, "y": 2}, "Next": "B"},
        "B": {"Type": "Pass", "Assign": {"x": "{% $y %}", "y": "{% $x %}"}, "Next": "C"},
        "C": {"Type": "Succeed", "Output": "{% [$x, $y] %}"},
    }
    assert run(states) == [2, 1]


def test_a_choice_takes_the_first_rule_that_holds_and_its_output():
    states = {
        "Ask": {
            "Type": "Choice",
            "Choices": [
                {"Condition": "{% $states.input.n > 5 %}", "Next": "Done"},
                {"Condition": "{% $states.input.n > 1 %}", "Output": "{% 'some' %}", "Next": "Done"},
            ],
            "Default": "Done",
        },
        "Done": {"Type": "Succeed"},
    }
    assert run(states, {"n": 9}) == {"n": 9}
    assert run(states, {"n": 2}) == "some"
    assert run(states, {"n": 0}) == {"n": 0}


def test_a_condition_that_is_no_boolean_is_an_error():
    states = {"Ask": {"Type": "Choice", "Choices": [{"Condition": "{% $states.input.n %}", "Next": "Ask"}]}}
    with pytest.raises(StatesError, match="'Condition' must be a boolean"):
        run(states, {"n": 3})


def test_a_choice_without_a_match_or_default_is_named():
    states = {"Ask": {"Type": "Choice", "Choices": [{"Condition": False, "Next": "Ask"}]}}
    with pytest.raises(StatesError, match=r"States\.NoChoiceMatched"):
        run(states)


def test_a_wait_may_be_computed():
    execution = FakeExecution()
    run(
        {"Rest": {"Type": "Wait", "Seconds": "{% $states.input.n * 60 %}", "End": True}}, {"n": 10}, execution
    )
    assert execution.paused == [600]


def test_a_wait_until_a_time_lasts_as_long_as_the_time_is_away():
    execution = FakeExecution()
    states = {"Rest": {"Type": "Wait", "Timestamp": "2027-01-15T08:01:00Z", "End": True}}
    run(states, execution=execution)
    assert execution.paused == [60]


@pytest.mark.parametrize("seconds", ["{% -1 %}", "{% 1.5 %}", "{% 'soon' %}"])
def test_a_wait_of_no_whole_number_is_an_error(seconds: str):
    with pytest.raises(StatesError, match=r"States\.QueryEvaluationError"):
        run({"Rest": {"Type": "Wait", "Seconds": seconds, "End": True}})


def test_a_tasks_result_is_its_output_unless_it_says_otherwise():
    execution = FakeExecution(lambda function, event: [function, event])
    assert run({"Work": task(End=True)}, {"n": 1}, execution)["Payload"] == ["work", {"n": 1}]
    picked = task(Output="{% $states.result.Payload[0] %}", End=True)
    assert run({"Work": picked}, {"n": 1}, execution) == "work"


def test_retries_wait_longer_each_time_up_to_the_greatest_delay():
    execution = FakeExecution(failing("BusyError"))
    retry = {"ErrorEquals": ["BusyError"], "IntervalSeconds": 2, "MaxAttempts": 4, "MaxDelaySeconds": 10}
    with pytest.raises(StatesError, match="BusyError"):
        run({"Work": task(Retry=[retry], End=True)}, execution=execution)
    assert execution.paused == [2, 4, 8, 10]
    assert execution.kinds.count("TaskFailed") == 5


def test_a_retrier_that_has_no_attempts_left_does_not_pass_the_error_to_the_next():
    execution = FakeExecution(failing("BusyError"))
    first = {"ErrorEquals": ["BusyError"], "MaxAttempts": 0}
    second = {"ErrorEquals": ["States.ALL"], "MaxAttempts": 5}
    with pytest.raises(StatesError):
        run({"Work": task(Retry=[first, second], End=True)}, execution=execution)
    assert execution.paused == []


def test_a_failed_branch_fails_the_parallel_and_its_catch_takes_the_error():
    branch = {"StartAt": "Stop", "States": {"Stop": {"Type": "Fail", "Error": "NoError"}}}
    catch = {
        "ErrorEquals": ["NoError"],
        "Output": "{% $states.errorOutput.Error %}",
        "Assign": {"why": "{% $states.errorOutput.Error %}"},
        "Next": "Caught",
    }
    states = {
        "Both": {"Type": "Parallel", "Branches": [branch], "Catch": [catch], "End": True},
        "Caught": {"Type": "Succeed", "Output": "{% [$states.input, $why] %}"},
    }
    execution = FakeExecution()
    assert run(states, execution=execution) == ["NoError", "NoError"]
    assert "ParallelStateFailed" in execution.kinds


def test_what_a_branch_assigns_stays_in_the_branch():
    inner = {"Type": "Pass", "Assign": {"x": 2}, "Output": "{% $x %}", "End": True}
    states = {
        "Set": {"Type": "Pass", "Assign": {"x": 1}, "Next": "Both"},
        "Both": {"Type": "Parallel", "Branches": [{"StartAt": "I", "States": {"I": inner}}], "Next": "Tell"},
        "Tell": {"Type": "Succeed", "Output": "{% [$states.input[0], $x] %}"},
    }
    assert run(states) == [1, 1]


def test_a_map_knows_index_and_value_of_each_item():
    inner = {"Type": "Pass", "Output": "{% $states.context.Map.Item %}", "End": True}
    each = {
        "Type": "Map",
        "Items": ["a", "b"],
        "ItemProcessor": {"StartAt": "I", "States": {"I": inner}},
        "End": True,
    }
    assert run({"Each": each}) == [{"Index": 0, "Value": "a"}, {"Index": 1, "Value": "b"}]


def test_data_past_the_limit_is_refused():
    big = {"Type": "Pass", "Output": "{% $pad('', 300000, 'x') %}", "End": True}
    with pytest.raises(StatesError, match=r"States\.DataLimitExceeded"):
        run({"Big": big})


def test_events_point_to_the_one_before():
    execution = FakeExecution()
    run({"A": {"Type": "Pass", "Next": "B"}, "B": {"Type": "Succeed"}}, execution=execution)
    assert [event["previousEventId"] for event in execution.events] == [0, 1, 2, 3]
    assert execution.progress == ["A", "B"]
