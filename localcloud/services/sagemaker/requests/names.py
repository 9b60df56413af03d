"""ARNs of SageMaker's resources, and which resource each operation is about.

Resource types per action: Service Authorization Reference, "Actions, resources, and condition keys for
Amazon SageMaker". SageMaker lower-cases names in the ARNs of jobs, models, endpoint configs and endpoints.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

LOWER_CASED = frozenset({"training-job", "transform-job", "model", "endpoint-config", "endpoint"})

# operation → (resource type, the request's member that names it); an ARN in the member is taken as it is.
_RESOURCE_OF = {
    **dict.fromkeys(
        ("CreateTrainingJob", "DescribeTrainingJob", "StopTrainingJob", "DeleteTrainingJob"),
        ("training-job", "TrainingJobName"),
    ),
    **dict.fromkeys(
        ("CreateTransformJob", "DescribeTransformJob", "StopTransformJob"),
        ("transform-job", "TransformJobName"),
    ),
    **dict.fromkeys(("CreateModel", "DescribeModel", "DeleteModel"), ("model", "ModelName")),
    **dict.fromkeys(
        ("CreateEndpointConfig", "DescribeEndpointConfig", "DeleteEndpointConfig"),
        ("endpoint-config", "EndpointConfigName"),
    ),
    **dict.fromkeys(
        (
            "CreateEndpoint",
            "DescribeEndpoint",
            "DeleteEndpoint",
            "UpdateEndpoint",
            "UpdateEndpointWeightsAndCapacities",
            "InvokeEndpoint",
        ),
        ("endpoint", "EndpointName"),
    ),
    **dict.fromkeys(
        ("CreateModelPackageGroup", "DescribeModelPackageGroup", "DeleteModelPackageGroup"),
        ("model-package-group", "ModelPackageGroupName"),
    ),
    **dict.fromkeys(
        ("CreateFeatureGroup", "DescribeFeatureGroup", "UpdateFeatureGroup", "DeleteFeatureGroup"),
        ("feature-group", "FeatureGroupName"),
    ),
    "CreateModelPackage": ("model-package", "ModelPackageGroupName"),
    "DescribeModelPackage": ("model-package", "ModelPackageName"),
    "DeleteModelPackage": ("model-package", "ModelPackageName"),
    "UpdateModelPackage": ("model-package", "ModelPackageArn"),
    "ListModelPackages": ("model-package-group", "ModelPackageGroupName"),
    "CreateMlflowApp": ("mlflow-app", "*"),
    **dict.fromkeys(
        ("DescribeMlflowApp", "UpdateMlflowApp", "DeleteMlflowApp", "CreatePresignedMlflowAppUrl"),
        ("mlflow-app", "Arn"),
    ),
    **dict.fromkeys(("AddTags", "DeleteTags", "ListTags"), ("", "ResourceArn")),
}


@dataclass(frozen=True)
class Names:
    """Makes the ARNs of one account in one region."""

    account: str
    region: str

    def arn(self, resource_type: str, name: str) -> str:
        """The ARN of a resource; an ARN given as the name is returned as it is."""
        if name.startswith("arn:"):
            return name
        shown = name.lower() if resource_type in LOWER_CASED else name
        return f"arn:aws:sagemaker:{self.region}:{self.account}:{resource_type}/{shown}"

    def resource_of(self, operation: str, request: Mapping[str, Any]) -> str:
        """The ARN that IAM checks for an operation: `*` for those, like most lists, that name no resource."""
        resource_type, member = _RESOURCE_OF.get(operation, ("", ""))
        if member == "*":
            return self.arn(resource_type, "*")
        name = request.get(member)
        if not isinstance(name, str) or not name:
            return "*"
        if operation == "CreateModelPackage":
            return self.arn(resource_type, f"{last_part(name)}/*")
        return self.arn(resource_type, name)


def last_part(name_or_arn: str) -> str:
    """The name in `arn:...:type/NAME`, or the name itself."""
    return name_or_arn.split("/", 1)[1] if name_or_arn.startswith("arn:") else name_or_arn
