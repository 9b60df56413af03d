"""Composite alarms follow their children at once."""

import json

import pytest

from localcloud.services.cloudwatch.alarms import composite
from localcloud.services.cloudwatch.errors import ServiceError
from localcloud.tests.services.cloudwatch.alarms.test_engine import Watch


@pytest.fixture
def watch(clock):
    made = Watch(clock)
    for name in ("errors", "latency", "drift"):
        made.put(name)
    made.engine.evaluate()
    made.announced.clear()
    return made


def put(watch, rule, name="rollback"):
    watch.engine.put_composite_alarm({"AlarmName": name, "AlarmRule": rule})


def set_states(watch, **states):
    for name, state in states.items():
        watch.engine.set_state(name, state, "test", None)


@pytest.mark.parametrize(
    ("rule", "state"),
    [
        ('ALARM("errors")', "ALARM"),
        ("ALARM(errors)", "ALARM"),
        ("ALARM(arn:aws:cloudwatch:us-east-1:111111111111:alarm:errors)", "ALARM"),
        ("OK(errors)", "OK"),
        ("NOT OK(errors)", "ALARM"),
        ("ALARM(errors) AND ALARM(latency)", "OK"),
        ("ALARM(errors) OR ALARM(latency)", "ALARM"),
        ("ALARM(errors) AND NOT (ALARM(latency) OR ALARM(drift))", "ALARM"),
        ("INSUFFICIENT_DATA(drift)", "ALARM"),
        ("AT_LEAST(2, ALARM, (errors, latency, drift))", "OK"),
        ("AT_LEAST(2, NOT OK, (errors, latency, drift))", "ALARM"),
        ("AT_LEAST(30%, ALARM, (errors, latency, drift))", "ALARM"),
        ("TRUE", "ALARM"),
        ("FALSE", "OK"),
    ],
)
def test_rules(watch, rule, state):
    set_states(watch, errors="ALARM", drift="INSUFFICIENT_DATA")
    put(watch, rule)
    assert watch.state("rollback") == state


def test_a_childs_change_moves_the_parent_and_says_why(watch):
    put(watch, "ALARM(errors) OR ALARM(latency)")
    set_states(watch, errors="ALARM")
    record = watch.record("rollback")
    assert record["StateValue"] == "ALARM"
    assert record["StateReason"] == (
        "arn:aws:cloudwatch:us-east-1:111111111111:alarm:errors transitioned to ALARM at "
        "Friday 15 January, 2027 08:00:00 UTC"
    )
    triggering = json.loads(record["StateReasonData"])["triggeringAlarms"]
    assert [(one["arn"].rpartition(":")[2], one["state"]["value"]) for one in triggering] == [
        ("errors", "ALARM"),
        ("latency", "OK"),
    ]
    assert [one.alarm["AlarmName"] for one in watch.announced] == ["rollback", "errors", "rollback"]
    assert [one.is_composite for one in watch.announced] == [True, False, True]


def test_grandparents_follow(watch):
    put(watch, "ALARM(errors)", "parent")
    put(watch, "NOT OK(parent)", "grandparent")
    set_states(watch, errors="ALARM")
    assert watch.state("grandparent") == "ALARM"


def test_alarms_that_look_at_each_other_come_to_rest(watch):
    put(watch, "ALARM(errors)", "one")
    put(watch, "ALARM(one)", "two")
    put(watch, "ALARM(errors) OR ALARM(two)", "one")
    set_states(watch, errors="ALARM")
    assert watch.engine.states(["one", "two"]) == {"one": "ALARM", "two": "ALARM"}


def test_a_rule_on_an_alarm_that_does_not_exist_is_refused(watch):
    with pytest.raises(ServiceError, match="alarm:ghost"):
        put(watch, "ALARM(ghost)")


@pytest.mark.parametrize("rule", ["", "ALARM(", "ERRORS", "ALARM(errors) ALARM(latency)"])
def test_what_is_no_rule_is_refused(watch, rule):
    with pytest.raises(ServiceError, match="AlarmRule"):
        put(watch, rule)


def test_a_child_that_is_needed_cannot_be_deleted(watch):
    put(watch, "ALARM(errors)")
    with pytest.raises(ServiceError, match="depending on it"):
        watch.engine.delete(["errors"])
    watch.engine.delete(["rollback"])
    watch.engine.delete(["errors"])
    assert watch.engine.states(["errors", "rollback"]) == {}


def test_only_one_composite_alarm_is_deleted_at_a_time(watch):
    put(watch, "TRUE", "one")
    put(watch, "TRUE", "two")
    with pytest.raises(ServiceError, match="Only one composite"):
        watch.engine.delete(["one", "two"])


def test_a_name_belongs_to_one_type_of_alarm(watch):
    with pytest.raises(ServiceError, match="another type"):
        put(watch, "TRUE", "errors")


def test_suppressors_are_refused_rather_than_forgotten(watch):
    with pytest.raises(ServiceError, match="ActionsSuppressor"):
        watch.engine.put_composite_alarm(
            {"AlarmName": "a", "AlarmRule": "TRUE", "ActionsSuppressor": "errors"}
        )


def test_a_tree_of_an_unknown_kind_is_an_error():
    with pytest.raises(ValueError, match="unknown kind"):
        composite.truth(("xor",), lambda name: None)
