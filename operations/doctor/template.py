"""The synthesised template, with everything that is known before a deployment filled in."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

Resource = Mapping[str, Any]
# The property that names a resource, by type; what has none gets a name of CloudFormation's.
NAMED_BY = {
    "AWS::CloudWatch::Alarm": "AlarmName",
    "AWS::CloudWatch::Dashboard": "DashboardName",
    "AWS::DynamoDB::Table": "TableName",
    "AWS::Events::Rule": "Name",
    "AWS::KMS::Alias": "AliasName",
    "AWS::Lambda::Function": "FunctionName",
    "AWS::Logs::LogGroup": "LogGroupName",
    "AWS::S3::Bucket": "BucketName",
    "AWS::SNS::Topic": "TopicName",
    "AWS::SQS::Queue": "QueueName",
    "AWS::SageMaker::MlflowApp": "Name",
    "AWS::SageMaker::ModelPackageGroup": "ModelPackageGroupName",
    "AWS::Scheduler::Schedule": "Name",
    "AWS::StepFunctions::StateMachine": "StateMachineName",
}


class SynthesisError(RuntimeError):
    """The app could not be synthesised; the message is what it said."""


def synthesise(root: Path, stage: str, directory: Path) -> Mapping[str, Any]:
    """Run the app as the CDK CLI does and read the stage's template; raises SynthesisError."""
    said = subprocess.run(
        [sys.executable, "app.py"],
        cwd=root,
        env={**os.environ, "STAGE": stage, "CDK_OUTDIR": str(directory), "CDK_VALIDATION": "false"},
        capture_output=True,
        text=True,
        check=False,
    )
    if said.returncode:
        raise SynthesisError((said.stderr or said.stdout).strip())
    (path,) = directory.glob(f"*-{stage}.template.json")
    found: Mapping[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return found


ARNS: Mapping[str, str] = {
    "AWS::DynamoDB::Table": "dynamodb:{region}:{account}:table/{name}",
    "AWS::IAM::Role": "iam::{account}:role/{name}",
    "AWS::KMS::Key": "kms:{region}:{account}:key/{name}",
    "AWS::Lambda::Function": "lambda:{region}:{account}:function:{name}",
    "AWS::Logs::LogGroup": "logs:{region}:{account}:log-group:{name}:*",
    "AWS::S3::Bucket": "s3:::{name}",
    "AWS::SNS::Topic": "sns:{region}:{account}:{name}",
    "AWS::SQS::Queue": "sqs:{region}:{account}:{name}",
    "AWS::SageMaker::MlflowApp": "sagemaker:{region}:{account}:mlflow-app/{name}",
    "AWS::SageMaker::ModelPackageGroup": "sagemaker:{region}:{account}:model-package-group/{name}",
    "AWS::StepFunctions::StateMachine": "states:{region}:{account}:stateMachine:{name}",
}
REFERRED_TO_BY_ARN = frozenset({"AWS::SNS::Topic", "AWS::StepFunctions::StateMachine"})
"""Types whose `Ref` is their ARN."""


@dataclass(frozen=True)
class Template:
    """One stage's template in one account and region.

    What only a deployment decides stays as `<LogicalId>`: the same text wherever it is referred to.
    """

    document: Mapping[str, Any]
    account: str
    region: str
    partition: str = "aws"

    @property
    def resources(self) -> Mapping[str, Resource]:
        found: Mapping[str, Resource] = self.document["Resources"]
        return found

    def properties(self, kind: str) -> Iterator[Mapping[str, Any]]:
        """The properties of each resource of a type, filled in."""
        for resource in self.resources.values():
            if resource["Type"] == kind:
                yield self.filled(resource.get("Properties", {}))

    def names(self, kind: str) -> list[str]:
        """The names that resources of a type are given."""
        key = NAMED_BY[kind]
        return [str(properties[key]) for properties in self.properties(kind) if key in properties]

    def policies(self) -> dict[str, list[dict[str, Any]]]:
        """The statements of each role of the template, by the role's logical id."""
        found: dict[str, list[dict[str, Any]]] = {}
        for resource in self.resources.values():
            if resource["Type"] == "AWS::IAM::Policy":
                properties = resource["Properties"]
                statements = self.filled(properties["PolicyDocument"])["Statement"]
                for role in properties["Roles"]:
                    found.setdefault(str(role["Ref"]), []).extend(statements)
        return found

    def filled(self, value: Any) -> Any:
        """The value with its intrinsic functions evaluated."""
        match value:
            case {"Ref": str(name)}:
                return self._reference(name)
            case {"Fn::GetAtt": [str(name), str(attribute)]}:
                return self._attribute(name, attribute)
            case {"Fn::Join": [str(separator), list(parts)]}:
                return separator.join(str(self.filled(part)) for part in parts)
            case {"Fn::Sub": str(text)}:
                return self._substituted(text)
            case dict():
                return {key: self.filled(inner) for key, inner in value.items()}
            case list():
                return [self.filled(inner) for inner in value]
        return value

    def _reference(self, name: str) -> str:
        pseudo = {
            "AWS::AccountId": self.account,
            "AWS::Region": self.region,
            "AWS::Partition": self.partition,
            "AWS::URLSuffix": "amazonaws.com",
            "AWS::StackName": "stack",
        }
        if name in pseudo:
            return pseudo[name]
        if self._kind(name) in REFERRED_TO_BY_ARN:
            return self._arn(name)
        return self._name_of(name) or f"<{name}>"

    def _kind(self, logical_id: str) -> str:
        return str(self.resources.get(logical_id, {}).get("Type", ""))

    def _name_of(self, logical_id: str) -> str:
        resource = self.resources.get(logical_id, {})
        key = NAMED_BY.get(resource.get("Type", ""))
        return str(self.filled(resource["Properties"].get(key, ""))) if key else ""

    def _attribute(self, logical_id: str, attribute: str) -> str:
        if attribute.endswith("Arn") and self._kind(logical_id) in ARNS:
            return self._arn(logical_id)
        return f"<{logical_id}.{attribute}>"

    def _arn(self, logical_id: str) -> str:
        """The resource's ARN; where the deployment chooses the name, with the logical id for it.

        IAM's simulator refuses a policy whose resources are no ARNs.
        """
        pattern = ARNS[self._kind(logical_id)]
        place = {"region": self.region, "account": self.account}
        return f"arn:{self.partition}:" + pattern.format(
            name=self._name_of(logical_id) or logical_id, **place
        )

    def _substituted(self, text: str) -> str:
        for name in ("AWS::AccountId", "AWS::Region", "AWS::Partition", "AWS::URLSuffix"):
            text = text.replace(f"${{{name}}}", self._reference(name))
        return text
