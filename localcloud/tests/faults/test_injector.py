"""Which call and which process the injector strikes."""

import json

import pytest

from localcloud.faults.injector import Injector
from localcloud.faults.plan import Call, Plan

CALL = Call("s3", "GetObject", "arn:aws:sts::111122223333:assumed-role/dev-IngestData/session-1")
OTHER = Call("s3", "PutObject", CALL.principal)


@pytest.fixture
def injector(tmp_path):
    def of(**document):
        return Injector(Plan.from_document(document, "faults"), tmp_path / "faults.jsonl")

    return of


def struck(injector, calls):
    return [rule.fault if (rule := injector.strike(call)) else None for call in calls]


def test_the_nth_matching_call_and_count_after_it_are_struck(injector):
    rule = {"fault": "lost", "operation": "GetObject", "nth": 2, "count": 2}
    faults = struck(injector(rule=[rule]), [CALL, OTHER, CALL, OTHER, CALL, CALL])
    assert faults == [None, None, "lost", None, "lost", None]


def test_one_call_suffers_one_fault_the_first_that_is_due(injector):
    faults = struck(injector(rule=[{"fault": "lost", "nth": 2}, {"fault": "error"}]), [CALL, CALL])
    assert faults == ["error", "lost"]


def test_chance_repeats_with_its_seed_and_differs_with_another(injector):
    rule = {"fault": "error", "probability": 0.5}
    first, same, other = (struck(injector(seed=seed, rule=[rule]), [CALL] * 64) for seed in (1, 1, 2))
    assert first == same != other
    assert 16 < first.count("error") < 48


def test_chance_may_be_limited_to_a_number_of_faults(injector):
    rule = {"fault": "error", "probability": 1.0, "count": 2}
    assert struck(injector(rule=[rule]), [CALL] * 4) == ["error", "error", None, None]


def test_every_fault_is_recorded_in_the_file_and_in_the_report(injector, tmp_path):
    tried = injector(rule=[{"fault": "twice"}])
    tried.strike(CALL)
    (line,) = map(json.loads, (tmp_path / "faults.jsonl").read_text().splitlines())
    assert (line["fault"], line["what"], line["principal"]) == ("twice", "s3:GetObject", CALL.principal)
    assert tried.report()["injected"] == [line]


def test_calls_are_counted_per_role_whatever_the_session_when_the_plan_observes(injector):
    tried = injector(observe=True)
    tried.strike(CALL)
    tried.strike(Call(CALL.service, CALL.operation, CALL.principal.replace("session-1", "session-2")))
    (counted,) = tried.report()["calls"]
    assert counted["count"] == 2
    assert counted["principal"] == "arn:aws:sts::111122223333:assumed-role/dev-IngestData"


def test_a_new_plan_counts_from_zero(injector):
    tried = injector(rule=[{"fault": "error", "nth": 2}])
    tried.strike(CALL)
    tried.replace(tried.plan)
    assert struck(tried, [CALL, CALL]) == [None, "error"]


def test_a_process_dies_after_a_time_within_the_span(injector):
    tried = injector(kill=[{"target": "training", "after_seconds": [0.5, 2.0], "nth": 2}])
    assert tried.doom("training", "job-1") == []
    assert tried.doom("lambda", "f") == []
    (seconds,) = tried.doom("training", "job-2")
    assert 0.5 <= seconds <= 2.0
