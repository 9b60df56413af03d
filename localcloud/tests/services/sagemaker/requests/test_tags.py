import pytest

from localcloud.services.sagemaker.access.caller import Trusted
from localcloud.services.sagemaker.errors import ValidationError
from localcloud.services.sagemaker.requests.tags import Tags
from localcloud.services.sagemaker.store import Store

ARN = "arn:aws:sagemaker:us-east-1:111122223333:model/m"


def make():
    tags = Tags(Store())
    tags.create(ARN, [{"Key": "a", "Value": "1"}])
    return tags


def test_tags_are_added_replaced_listed_and_removed():
    tags = make()
    added = [{"Key": "a", "Value": "2"}, {"Key": "b", "Value": "3"}]
    tags.add_tags({"ResourceArn": ARN, "Tags": added}, Trusted())
    tags.delete_tags({"ResourceArn": ARN, "TagKeys": ["b", "c"]}, Trusted())
    assert tags.list_tags({"ResourceArn": ARN}, Trusted()) == {"Tags": [{"Key": "a", "Value": "2"}]}


def test_a_resource_that_is_gone_has_no_tags():
    tags = make()
    tags.forget(ARN)
    with pytest.raises(ValidationError, match="does not exist"):
        tags.list_tags({"ResourceArn": ARN}, Trusted())


def test_a_resource_takes_fifty_tags():
    many = [{"Key": str(n), "Value": ""} for n in range(50)]
    with pytest.raises(ValidationError, match="at most 50"):
        make().add_tags({"ResourceArn": ARN, "Tags": many}, Trusted())
