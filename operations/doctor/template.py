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
        return self._name_of(name) or f"<{name}>"

    def _name_of(self, logical_id: str) -> str:
        resource = self.resources.get(logical_id, {})
        key = NAMED_BY.get(resource.get("Type", ""))
        return str(self.filled(resource["Properties"].get(key, ""))) if key else ""

    def _attribute(self, logical_id: str, attribute: str) -> str:
        name = self._name_of(logical_id)
        kind = self.resources.get(logical_id, {}).get("Type", "")
        if attribute != "Arn" or not name:
            return f"<{logical_id}.{attribute}>"
        where = f"{self.region}:{self.account}"
        return {
            "AWS::S3::Bucket": f"arn:{self.partition}:s3:::{name}",
            "AWS::DynamoDB::Table": f"arn:{self.partition}:dynamodb:{where}:table/{name}",
            "AWS::Lambda::Function": f"arn:{self.partition}:lambda:{where}:function:{name}",
            "AWS::SQS::Queue": f"arn:{self.partition}:sqs:{where}:{name}",
            "AWS::Logs::LogGroup": f"arn:{self.partition}:logs:{where}:log-group:{name}:*",
        }.get(kind, f"<{logical_id}.Arn>")

    def _substituted(self, text: str) -> str:
        for name in ("AWS::AccountId", "AWS::Region", "AWS::Partition", "AWS::URLSuffix"):
            text = text.replace(f"${{{name}}}", self._reference(name))
        return text
