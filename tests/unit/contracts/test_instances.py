"""What an instance type's name tells."""

from __future__ import annotations

import pytest

from contracts import instances
from contracts.reading import PipelineConfigError, Table


def read(name):
    return instances.read(Table({"instance_type": name}, "pipeline.toml"), "ml.m5.large")


@pytest.mark.parametrize(
    "name", ["ml.m5.large", "ml.t2.medium", "ml.c7i-flex.large", "ml.g4dn.xlarge", "ml.p6-b200.48xlarge"]
)
def test_types_with_an_x86_processor_are_taken(name):
    assert read(name) == name


@pytest.mark.parametrize(
    "name", ["ml.m7g.large", "ml.c6gn.large", "ml.r6gd.large", "ml.t4g.medium", "ml.g5g.xlarge"]
)
def test_arm_is_refused_where_the_images_are_built_for_x86(name):
    with pytest.raises(PipelineConfigError, match="Arm processor"):
        read(name)


@pytest.mark.parametrize("name", ["m5.large", "ml.m5", "ml.m5.large ", "large"])
def test_what_is_no_type_is_refused(name):
    with pytest.raises(PipelineConfigError, match="not of the form"):
        read(name)


@pytest.mark.parametrize(
    "name",
    [
        "ml.m5d.large",
        "ml.g4dn.xlarge",
        "ml.g5.xlarge",
        "ml.p4de.24xlarge",
        "ml.p3dn.24xlarge",
        "ml.trn1.2xlarge",
    ],
)
def test_local_disks_are_told(name):
    assert instances.has_local_storage(name)


@pytest.mark.parametrize(
    "name", ["ml.m5.large", "ml.c7i-flex.large", "ml.t2.medium", "ml.r5.large", "ml.p3.2xlarge"]
)
def test_network_disks_are_told(name):
    assert not instances.has_local_storage(name)
