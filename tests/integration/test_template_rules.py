"""A template that AWS would refuse is refused when a stack is made of it, whoever asks."""

from __future__ import annotations

import json

import pytest
from botocore.exceptions import ClientError

from localcloud.host.launch import Running

BAD = {"Resources": {"Queue": {"Type": "AWS::SQS::Queue", "Properties": {"VisibilityTimout": 30}}}}


def test_a_misspelt_property_makes_no_stack(cloud: Running):
    cloudformation = cloud.client("cloudformation")
    with pytest.raises(ClientError, match=r"VisibilityTimout.*unexpected"):
        cloudformation.create_stack(StackName="misspelt", TemplateBody=json.dumps(BAD))


def test_a_misspelt_property_makes_no_change_set(cloud: Running):
    cloudformation = cloud.client("cloudformation")
    where = {"StackName": "misspelt-change", "ChangeSetName": "one"}
    with pytest.raises(ClientError, match=r"VisibilityTimout.*unexpected"):
        cloudformation.create_change_set(**where, ChangeSetType="CREATE", TemplateBody=json.dumps(BAD))
