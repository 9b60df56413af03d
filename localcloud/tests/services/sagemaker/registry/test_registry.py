from typing import Any

import pytest

from localcloud.services.sagemaker.access.caller import Caller, Trusted
from localcloud.services.sagemaker.errors import ValidationError
from localcloud.services.sagemaker.events import Events
from localcloud.services.sagemaker.registry.groups import ModelPackageGroups
from localcloud.services.sagemaker.registry.packages import ModelPackages
from localcloud.services.sagemaker.requests.contract import Contract
from localcloud.services.sagemaker.requests.names import Names
from localcloud.services.sagemaker.requests.tags import Tags
from localcloud.services.sagemaker.store import Store
from localcloud.tests.services.sagemaker.fakes import IMAGE, FakePlatform

PREFIX = "arn:aws:sagemaker:us-east-1:111122223333"
PACKAGE = {
    "ModelPackageGroupName": "Houses",
    "InferenceSpecification": {
        "Containers": [{"Image": IMAGE, "ModelDataUrl": "s3://b/model.tar.gz"}],
        "SupportedContentTypes": ["text/csv"],
        "SupportedResponseMIMETypes": ["text/csv"],
    },
    "ModelMetrics": {
        "ModelQuality": {"Statistics": {"ContentType": "application/json", "S3Uri": "s3://b/report.json"}}
    },
    "CustomerMetadataProperties": {"dataset": "v1"},
}


class Registry:
    def __init__(self, tmp_path) -> None:
        store = Store()
        self._contract = Contract()
        self.platform = FakePlatform(tmp_path)
        self.events = Events(self.platform)
        shared = (store, Names("111122223333", "us-east-1"), Tags(store), self.platform)
        groups = ModelPackageGroups(*shared)
        self._operations = {
            **groups.operations(),
            **ModelPackages(*shared, groups, self.events).operations(),
        }

        self.caller: Caller = Trusted()

    def call(self, operation: str, **request) -> dict[str, Any]:
        self._contract.check_request(operation, request)
        answer = self._operations[operation](request, self.caller)
        self._contract.check_answer(operation, answer)
        return answer


@pytest.fixture
def registry(tmp_path):
    made = Registry(tmp_path)
    made.call("CreateModelPackageGroup", ModelPackageGroupName="Houses")
    return made


def test_versions_count_up_and_a_number_is_never_given_twice(registry):
    arns = [registry.call("CreateModelPackage", **PACKAGE)["ModelPackageArn"] for _ in range(2)]
    assert arns == [f"{PREFIX}:model-package/Houses/1", f"{PREFIX}:model-package/Houses/2"]
    registry.call("DeleteModelPackage", ModelPackageName=arns[1])
    third = registry.call("CreateModelPackage", **PACKAGE)["ModelPackageArn"]
    assert third.endswith("/3")


def test_a_package_keeps_what_it_was_registered_with(registry):
    arn = registry.call("CreateModelPackage", **PACKAGE)["ModelPackageArn"]
    described = registry.call("DescribeModelPackage", ModelPackageName=arn)
    assert described["ModelApprovalStatus"] == "PendingManualApproval"
    assert described["ModelPackageVersion"] == 1
    assert described["ModelMetrics"] == PACKAGE["ModelMetrics"]
    assert described["ModelPackageStatus"] == "Completed"


def test_approval_and_metadata_change_and_are_told(registry):
    arn = registry.call("CreateModelPackage", **PACKAGE)["ModelPackageArn"]
    registry.call(
        "UpdateModelPackage",
        ModelPackageArn=arn,
        ModelApprovalStatus="Rejected",
        ApprovalDescription="alarm",
        CustomerMetadataProperties={"alarm": "5xx"},
        CustomerMetadataPropertiesToRemove=["dataset"],
    )
    described = registry.call("DescribeModelPackage", ModelPackageName=arn)
    assert (described["ModelApprovalStatus"], described["ApprovalDescription"]) == ("Rejected", "alarm")
    assert described["CustomerMetadataProperties"] == {"alarm": "5xx"}
    registry.events._sender.shutdown(wait=True)
    assert registry.platform.events[-1]["detail"]["ModelApprovalStatus"] == "Rejected"


def test_the_newest_approved_version_is_found(registry):
    for status in ("Approved", "Rejected", "Approved"):
        registry.platform.clock.advance(1)
        registry.call("CreateModelPackage", **PACKAGE, ModelApprovalStatus=status)
    found = registry.call(
        "ListModelPackages", ModelPackageGroupName="Houses", ModelApprovalStatus="Approved", MaxResults=1
    )
    assert [item["ModelPackageVersion"] for item in found["ModelPackageSummaryList"]] == [3]
    assert "NextToken" in found


def test_the_same_token_makes_one_package(registry):
    arns = {
        registry.call("CreateModelPackage", **PACKAGE, ClientToken="t")["ModelPackageArn"] for _ in range(2)
    }
    assert len(arns) == 1


def test_a_group_with_versions_cannot_be_deleted(registry):
    arn = registry.call("CreateModelPackage", **PACKAGE)["ModelPackageArn"]
    with pytest.raises(ValidationError, match="still contains Model Packages"):
        registry.call("DeleteModelPackageGroup", ModelPackageGroupName="Houses")
    registry.call("DeleteModelPackage", ModelPackageName=arn)
    registry.call("DeleteModelPackageGroup", ModelPackageGroupName=f"{PREFIX}:model-package-group/Houses")
    with pytest.raises(ValidationError, match="does not exist"):
        registry.call("DescribeModelPackageGroup", ModelPackageGroupName="Houses")


def test_a_group_is_made_once(registry):
    with pytest.raises(ValidationError, match="already exists"):
        registry.call("CreateModelPackageGroup", ModelPackageGroupName="Houses")


def test_several_packages_are_described_at_once_and_a_missing_one_is_an_entry(registry):
    arn = registry.call("CreateModelPackage", **PACKAGE)["ModelPackageArn"]
    missing = arn.replace("/1", "/9")
    answer = registry.call("BatchDescribeModelPackage", ModelPackageArnList=[arn, missing])
    assert list(answer["ModelPackageSummaries"]) == [arn]
    assert list(answer["BatchDescribeModelPackageErrorMap"]) == [missing]


def test_packages_and_groups_are_listed(registry):
    registry.call(
        "CreateModelPackage",
        ModelPackageName="alone",
        **{name: value for name, value in PACKAGE.items() if name != "ModelPackageGroupName"},
    )
    assert len(registry.call("ListModelPackages")["ModelPackageSummaryList"]) == 1
    assert len(registry.call("ListModelPackages", ModelPackageType="Both")["ModelPackageSummaryList"]) == 1
    groups = registry.call("ListModelPackageGroups", NameContains="ous")["ModelPackageGroupSummaryList"]
    assert [group["ModelPackageGroupName"] for group in groups] == ["Houses"]


class Alice(Trusted):
    def identity(self) -> dict[str, Any]:
        return {"IamIdentity": {"Arn": "arn:aws:iam::111122223333:user/alice", "PrincipalId": "AIDA1"}}


def test_a_package_says_who_made_it_and_who_changed_it_last(registry):
    arn = registry.call("CreateModelPackage", **PACKAGE)["ModelPackageArn"]
    made = registry.call("DescribeModelPackage", ModelPackageName=arn)
    assert made["CreatedBy"] == {}
    assert "LastModifiedBy" not in made
    registry.caller = Alice()
    registry.call("UpdateModelPackage", ModelPackageArn=arn, ModelApprovalStatus="Approved")
    changed = registry.call("DescribeModelPackage", ModelPackageName=arn)
    assert changed["LastModifiedBy"] == Alice().identity()
    assert changed["CreatedBy"] == {}
