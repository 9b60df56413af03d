"""A history becomes visits to states, with what failed in them."""

from __future__ import annotations

from tests.unit.operations.reading.runs import Events, run


def visits(events: Events):
    return run("RUNNING", events=events).visits


def test_each_visit_has_its_seconds_and_the_last_one_goes_on():
    events = Events()
    events.enter("IngestData")
    events.attempt()
    events.add("TaskSucceeded")
    events.leave("IngestData")
    events.enter("TrainModel")
    ingest, train = visits(events)
    assert (ingest.state, ingest.kind, ingest.seconds, ingest.attempts) == ("IngestData", "Task", 3.0, 1)
    assert (train.state, train.seconds) == ("TrainModel", None)


def test_a_state_that_is_visited_twice_has_two_visits():
    events = Events()
    for _ in range(2):
        events.enter("WaitForBake", "Wait")
        events.leave("WaitForBake", "Wait")
    assert [visit.seconds for visit in visits(events)] == [1.0, 1.0]


def test_what_a_retry_mended_is_remembered_and_has_not_failed():
    events = Events()
    events.enter("TrainModel")
    events.attempt()
    events.fail("ThrottlingException", "slow down")
    events.attempt()
    events.add("TaskSucceeded")
    events.leave("TrainModel")
    (visit,) = visits(events)
    assert (visit.attempts, visit.error, visit.cause, visit.failed) == (
        2,
        "ThrottlingException",
        "slow down",
        False,
    )


def test_what_a_catch_took_has_failed():
    events = Events()
    events.enter("TrainModel")
    events.attempt()
    events.fail("TrainingFailedError", "no rows")
    events.leave("TrainModel")
    events.enter("DescribeFailure", "Pass")
    failed, described = visits(events)
    assert failed.failed
    assert not described.failed


def test_a_timeout_without_a_word_is_called_one():
    events = Events()
    events.enter("IngestData")
    events.attempt()
    events.add("TaskTimedOut", taskTimedOutEventDetails={})
    assert visits(events)[0].error == "States.Timeout"


def test_iterations_that_interleave_keep_their_own_failures():
    events = Events()
    parts = events.enter("IngestParts", "Map")
    first = events.enter("IngestPart", previous=parts)
    second = events.enter("IngestPart", previous=parts)
    scheduled = events.add("TaskScheduled", previous=first)
    other = events.add("TaskScheduled", previous=second)
    failed = events.add("TaskFailed", previous=scheduled, taskFailedEventDetails={"error": "BadPart"})
    done = events.add("TaskSucceeded", previous=other)
    events.leave("IngestPart", previous=done)
    events.leave("IngestPart", previous=failed)
    _, one, two = visits(events)
    assert (one.failed, one.error, one.seconds) == (True, "BadPart", 7.0)
    assert (two.failed, two.error, two.seconds) == (False, "", 5.0)


def test_the_execution_s_end_ends_what_was_still_going_on():
    events = Events()
    events.enter("WaitForTraining", "Wait")
    events.add("ExecutionAborted")
    (visit,) = visits(events)
    assert visit.seconds == 1.0
