"""When a retry comes, and which errors a list of names matches."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from localcloud.services.stepfunctions.errors import matches
from localcloud.services.stepfunctions.execution.attempts import delay_seconds


@given(
    interval=st.integers(1, 60),
    rate=st.floats(1, 4),
    retries=st.integers(0, 8),
    most=st.integers(61, 600),
    chance=st.floats(0, 1, exclude_max=True),
)
def test_a_delay_is_never_above_the_greatest_and_jitter_only_shortens_it(
    interval, rate, retries, most, chance
):
    retrier = {"IntervalSeconds": interval, "BackoffRate": rate, "MaxDelaySeconds": most}
    plain = delay_seconds(retrier, retries, chance)
    jittered = delay_seconds({**retrier, "JitterStrategy": "FULL"}, retries, chance)
    assert 0 <= jittered <= plain <= most
    assert plain == pytest.approx(min(most, interval * rate**retries))


@pytest.mark.parametrize(
    ("names", "error", "matched"),
    [
        (["States.ALL"], "Anything", True),
        (["States.ALL"], "States.Timeout", True),
        (["States.ALL"], "States.DataLimitExceeded", False),
        (["States.ALL"], "States.Runtime", False),
        (["States.DataLimitExceeded"], "States.DataLimitExceeded", True),
        (["States.TaskFailed"], "BadDataError", True),
        (["States.TaskFailed"], "States.Timeout", False),
        (["States.Timeout"], "States.HeartbeatTimeout", True),
        (["BadDataError"], "OtherError", False),
    ],
)
def test_an_error_is_matched_as_step_functions_matches_it(names, error, matched):
    assert matches(names, error) is matched
