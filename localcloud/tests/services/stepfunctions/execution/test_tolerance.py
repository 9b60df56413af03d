"""A Map goes on without the items that it may lose, here and distributed."""

from typing import Any

import pytest

from localcloud.services.stepfunctions.errors import StatesError
from localcloud.services.stepfunctions.execution.tolerance import Tolerance
from localcloud.tests.services.stepfunctions.fake import FakeExecution, run


def each(**more: Any) -> dict[str, Any]:
    """Fails for every odd number and doubles the even ones."""
    states = {
        "Even": {
            "Type": "Choice",
            "Choices": [{"Condition": "{% $states.input % 2 = 0 %}", "Next": "Double"}],
            "Default": "Odd",
        },
        "Double": {"Type": "Pass", "Output": "{% $states.input * 2 %}", "End": True},
        "Odd": {"Type": "Fail", "Error": "OddError"},
    }
    items = {"Items": "{% $states.input.numbers %}"}
    return {
        "Each": {
            "Type": "Map",
            **items,
            "ItemProcessor": {"StartAt": "Even", "States": states},
            "End": True,
            **more,
        }
    }


def test_an_inline_map_goes_on_without_the_items_that_it_may_lose():
    execution = FakeExecution()
    done = run(
        each(ToleratedFailureCount="{% $states.input.most %}"), {"numbers": [1, 2, 4], "most": 1}, execution
    )
    assert done == [4, 8]
    assert execution.kinds.count("MapIterationFailed") == 1


@pytest.mark.parametrize("limit", [{"ToleratedFailureCount": 1}, {"ToleratedFailurePercentage": 50}])
def test_past_its_limit_it_fails_by_name(limit: dict[str, Any]):
    with pytest.raises(StatesError, match=r"States\.ExceedToleratedFailureThreshold: 2 of 3 items failed"):
        run(each(**limit), {"numbers": [1, 2, 3]})


def test_without_a_limit_the_items_own_error_fails_it():
    with pytest.raises(StatesError, match="OddError"):
        run(each(), {"numbers": [2, 3]})


def test_a_limit_that_is_no_share_is_refused():
    with pytest.raises(StatesError, match="ToleratedFailurePercentage must be from 0 to 100"):
        run(each(ToleratedFailurePercentage="{% 101 %}"), {"numbers": [2]})


@pytest.mark.parametrize(
    ("tolerated", "failed", "passes"),
    [
        (Tolerance(), 0, True),
        (Tolerance(), 1, False),
        (Tolerance(count=0), 1, False),
        (Tolerance(count=2), 2, True),
        (Tolerance(percentage=20.0), 2, True),
        (Tolerance(percentage=20.0), 3, False),
        (Tolerance(count=5, percentage=20.0), 3, False),
        (Tolerance(count=1, percentage=50.0), 2, False),
    ],
)
def test_whichever_limit_is_passed_first_counts(tolerated: Tolerance, failed: int, passes: bool):
    if passes:
        tolerated.check(failed, 10)
        return
    with pytest.raises(StatesError):
        tolerated.check(failed, 10)
