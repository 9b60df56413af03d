"""The faults file: what it may say, and how its mistakes are told."""

import json

import pytest

from localcloud.faults.plan import Call, Plan
from localcloud.faults.reading import PlanError

UPDATE = Call("sagemaker", "UpdateEndpoint", "arn:aws:sts::111122223333:assumed-role/dev-DeployModel/x")
ADMINISTRATOR = "arn:aws:iam::111122223333:user/administrator"


def plan_of(**document) -> Plan:
    return Plan.from_document(document, "faults.toml")


def test_a_toml_file_and_a_json_file_say_the_same(tmp_path):
    toml, as_json = tmp_path / "faults.toml", tmp_path / "faults.json"
    toml.write_text('seed = 3\n[[rule]]\nfault = "lost"\nservice = "s3"\n')
    as_json.write_text(json.dumps({"seed": 3, "rule": [{"fault": "lost", "service": "s3"}]}))
    assert Plan.load(toml) == Plan.load(as_json)


@pytest.mark.parametrize(
    ("document", "message"),
    [
        ({"rule": [{"fault": "slow"}]}, "faults.toml.rule[0].fault: 'slow' is none of throttle, error"),
        (
            {"rule": [{"fault": "lost", "operatoin": "x"}]},
            "faults.toml.rule[0].operatoin: there is no such key",
        ),
        ({"rule": {"fault": "lost"}}, "faults.toml.rule: expected a list of tables"),
        (
            {"rule": [{"fault": "lost", "nth": 0}]},
            "rule[0].nth: expected a whole number of at least 1, found 0",
        ),
        (
            {"rule": [{"fault": "lost", "probability": 2}]},
            "probability: expected a number from 0 to 1, found 2",
        ),
        (
            {"rule": [{"fault": "lost", "nth": 1, "probability": 0.5}]},
            "nth and probability exclude each other",
        ),
        ({"kill": [{"target": "server"}]}, "kill[0].target: 'server' is none of lambda, training, endpoint"),
        ({"kill": [{"target": "lambda", "after_seconds": [2, 1]}]}, "after_seconds: 2.0 is after 1.0"),
        ({"seed": "x"}, "faults.toml.seed: expected a whole number"),
        ({"faults": []}, "faults.toml.faults: there is no such key; there are kill, observe, rule, seed"),
        ([], "faults.toml: expected a table, found []"),
    ],
)
def test_a_mistake_names_file_key_and_reason(document, message):
    with pytest.raises(PlanError) as error:
        Plan.from_document(document, "faults.toml")
    assert message in str(error.value)


@pytest.mark.parametrize("name", ["faults.toml", "faults.json"])
def test_a_file_that_is_neither_there_nor_readable_is_named(tmp_path, name):
    with pytest.raises(PlanError, match="cannot be read"):
        Plan.load(tmp_path / name)
    (tmp_path / name).write_text("{[")
    with pytest.raises(PlanError, match=f"{name}: is not"):
        Plan.load(tmp_path / name)


@pytest.mark.parametrize(
    ("rule", "matches"),
    [
        ({}, True),
        ({"service": "sage*", "operation": "Update*"}, True),
        ({"principal": "*dev-DeployModel*"}, True),
        ({"principal": "*PromoteChampion*"}, False),
        ({"operation": "updateendpoint"}, False),
    ],
)
def test_a_rule_matches_service_operation_and_principal_as_shell_patterns(rule, matches):
    (read,) = plan_of(rule=[{"fault": "error", **rule}]).rules
    assert read.matches(UPDATE, administrator=False) is matches


def test_the_administrator_is_spared_unless_the_rule_names_a_principal():
    everyone, named = plan_of(rule=[{"fault": "error"}, {"fault": "error", "principal": "*"}]).rules
    call = Call("s3", "GetObject", ADMINISTRATOR)
    assert not everyone.matches(call, administrator=True)
    assert named.matches(call, administrator=True)
