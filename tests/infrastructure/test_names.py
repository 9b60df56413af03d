from __future__ import annotations

from dataclasses import replace

from infra_cdk.stages import DEV
from tests.infrastructure.template import Synthesised, text

# Properties that give a resource a name of its own within the account, or the region.
NAMING = (
    "AlarmName",
    "AliasName",
    "BucketName",
    "DashboardName",
    "FunctionName",
    "LogGroupName",
    "ModelPackageGroupName",
    "Name",
    "QueueName",
    "RoleName",
    "StateMachineName",
    "TableName",
    "TopicName",
)


def names_in(template: Synthesised) -> set[tuple[str, str]]:
    return {
        (r["Type"], str(text(r["Properties"][key])))
        for r in template.resources.values()
        for key in NAMING
        if key in r.get("Properties", {}) and not str(text(r["Properties"][key])).startswith("<")
    }


def test_two_stages_share_no_name(dev, prod):
    assert not names_in(dev) & names_in(prod)


def test_two_pipelines_share_no_name(dev, config, synthesise):
    other = synthesise(replace(config, name="prices"), DEV)
    assert not names_in(dev) & names_in(other)


def test_no_pipeline_may_act_on_another_whose_name_begins_like_its_own(dev, config, synthesise):
    """`housing` owns `housing-dev-*`; `housing-development` must own nothing that this covers."""
    other = synthesise(replace(config, name="housing-development"), DEV)
    assert not [name for _, name in names_in(other) if name.rpartition("/")[2].startswith("housing-dev-")]


def test_every_name_starts_with_the_pipeline_and_the_stage(template):
    for kind, name in names_in(template):
        last = name.rpartition("/")[2]
        assert last.startswith(template.names.prefix) or last == template.names.endpoint, (kind, name)


def test_the_longest_pipeline_name_still_makes_valid_names(config, synthesise):
    """A bucket's name is 63 characters at most, with an account and the longest region's name in it."""
    template = synthesise(replace(config, name="a" * 20), DEV)
    for kind, name in names_in(template):
        if kind == "AWS::S3::Bucket":
            full = name.replace("<AWS::AccountId>", "1" * 12).replace("<AWS::Region>", "ap-southeast-1")
            assert len(full) <= 63, full


def test_the_template_fits_any_account_and_region(template):
    document = str(template.document)
    assert "111122223333" not in document
    assert "us-east-1" not in document
