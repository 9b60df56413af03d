from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from contracts.settings import TeardownSettings
from tests.infrastructure.template import Synthesised

OUTLIVES = (
    "AWS::IAM::Role",
    "AWS::IAM::Policy",
    "AWS::KMS::Key",
    "AWS::S3::Bucket",
    "AWS::SageMaker::ModelPackageGroup",
    "AWS::SageMaker::MlflowApp",
    "AWS::StepFunctions::StateMachine",
)


def resource(template: Synthesised) -> tuple[str, Mapping[str, Any]]:
    return template.the("Custom::Teardown")


def test_the_teardown_runs_while_everything_it_looks_after_still_exists(template):
    """CloudFormation deletes a resource before those it needs."""
    name, _ = resource(template)
    needed = template.needs(name)
    starter = template.role_of(template.function("StartExecution"))
    for kind in OUTLIVES:
        for other, found in template.of_type(kind).items():
            if other == starter or {"Ref": starter} in found["Properties"].get("Roles", []):
                continue  # the starter belongs to the intake, which closes first
            assert other in needed, other


def test_nothing_can_start_once_the_teardown_runs(template):
    name, _ = resource(template)
    for kind in ("AWS::Events::Rule", "AWS::Lambda::EventSourceMapping"):
        for other in template.of_type(kind):
            assert name in template.needs(other)


def test_no_two_resources_need_each_other(template):
    assert not [name for name in template.resources if name in template.needs(name)]


def test_dev_empties_its_buckets_and_prod_none(dev, prod):
    def emptied(template: Synthesised) -> set[str]:
        named = str(template.function("Teardown")["Environment"]["Variables"]["BUCKETS_TO_EMPTY"])
        return {bucket for bucket in template.of_type("AWS::S3::Bucket") if bucket in named}

    assert emptied(dev) == set(dev.of_type("AWS::S3::Bucket"))
    assert emptied(prod) == set()


def test_cloudformation_waits_as_long_as_the_teardown_may_take(template):
    _, properties = resource(template)
    assert int(properties["ServiceTimeout"]) >= template.function("Teardown")["Timeout"]


def test_the_teardown_knows_its_settings_in_either_stage(template):
    variables = template.function("Teardown")["Environment"]["Variables"]
    settings = TeardownSettings.from_environment({name: str(value) for name, value in variables.items()})
    assert settings.rollback_alarm_prefix == template.names.rollback_alarm_prefix
