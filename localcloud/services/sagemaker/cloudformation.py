"""CloudFormation's SageMaker types, each made by the same operations that the API has.

Properties, Ref and attributes: CloudFormation template reference, AWS::SageMaker::*.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from localcloud.services.sagemaker.errors import ResourceNotFoundError, ValidationError
from localcloud.services.sagemaker.store import Document

Call = Callable[[str, Document], Document]
"""Runs an operation as CloudFormation; blocking, from a worker thread."""
Created = tuple[str, dict[str, Any]]


@dataclass(frozen=True)
class Type:
    """How a type maps to operations."""

    noun: str
    """Create{noun}, Describe{noun}, Delete{noun}."""
    key: str
    """The member of Describe and Delete that names the resource."""
    arn: str
    """The member of the Create answer that becomes the Ref."""
    attributes: tuple[str, ...]
    named: bool = True
    """Whether the name is a property, generated when absent; otherwise the ARN is the key."""
    is_ref_name: bool = False
    """Whether the Ref is the name, and not the ARN."""
    updatable: tuple[str, ...] = ()
    """Properties that Update{noun} changes; any other change replaces the resource."""


TYPES = {
    "AWS::SageMaker::ModelPackageGroup": Type(
        "ModelPackageGroup",
        "ModelPackageGroupName",
        "ModelPackageGroupArn",
        ("ModelPackageGroupArn", "ModelPackageGroupStatus", "CreationTime"),
    ),
    "AWS::SageMaker::MlflowApp": Type(
        "MlflowApp",
        "Arn",
        "Arn",
        ("Arn", "Status", "MlflowVersion"),
        named=False,
        updatable=(
            "Name",
            "ArtifactStoreUri",
            "ModelRegistrationMode",
            "WeeklyMaintenanceWindowStart",
            "AccountDefaultStatus",
            "DefaultDomainIdList",
        ),
    ),
    "AWS::SageMaker::FeatureGroup": Type(
        "FeatureGroup",
        "FeatureGroupName",
        "FeatureGroupArn",
        ("CreationTime", "FeatureGroupStatus"),
        is_ref_name=True,
    ),
    "AWS::SageMaker::Model": Type("Model", "ModelName", "ModelArn", ("ModelName",)),
    "AWS::SageMaker::EndpointConfig": Type(
        "EndpointConfig", "EndpointConfigName", "EndpointConfigArn", ("EndpointConfigName",)
    ),
}


class Handler:
    """Create, update and delete of one type, as ministack's provisioner calls them."""

    def __init__(self, type_: Type, call: Call, coerce: Callable[[str, Any], Document]) -> None:
        """`coerce` gives properties, which CloudFormation may hold as text, the types of an operation."""
        self._type = type_
        self._call = call
        self._coerce = coerce

    def entry(self) -> dict[str, Any]:
        """The registry's entry."""
        return {"create": self.create, "update": self.update, "delete": self.delete}

    def create(self, logical_id: str, properties: Mapping[str, Any], stack_name: str) -> Created:
        noun, key = self._type.noun, self._type.key
        asked = dict(properties)
        if self._type.named:
            # In lower case, as the ARN has it: CloudFormation keeps the ARN alone.
            asked.setdefault(key, f"{stack_name}-{logical_id}"[:63].strip("-").lower())
        operation = f"Create{noun}"
        arn = self._call(operation, self._coerce(operation, asked))[self._type.arn]
        ref = str(asked[key] if self._type.is_ref_name else arn)
        return ref, self._attributes(ref, asked)

    def update(self, physical_id: str, old: Mapping[str, Any], new: Mapping[str, Any], stack: str) -> Created:
        """Change what can be changed in place; anything else makes another resource and drops this one."""
        changed = {name for name in {*old, *new} if old.get(name) != new.get(name)}
        if changed <= {"Tags"}:
            return physical_id, self._attributes(physical_id, new)
        if changed <= set(self._type.updatable):
            operation = f"Update{self._type.noun}"
            asked = {self._type.key: physical_id, **{name: new[name] for name in changed if name in new}}
            self._call(operation, self._coerce(operation, asked))
            return physical_id, self._attributes(physical_id, new)
        self.delete(physical_id, old)
        return self.create(physical_id.rpartition("/")[2], new, stack)

    def delete(self, physical_id: str, properties: Mapping[str, Any]) -> None:
        """Drop the resource; one that is gone already is no error."""
        key = properties.get(self._type.key) or self._key(physical_id)
        try:
            self._call(f"Delete{self._type.noun}", {self._type.key: key})
        except (ResourceNotFoundError, ValidationError) as problem:
            if not _says_gone(str(problem)):
                raise

    def _attributes(self, physical_id: str, properties: Mapping[str, Any]) -> dict[str, Any]:
        key = properties.get(self._type.key) or self._key(physical_id)
        described = self._call(f"Describe{self._type.noun}", {self._type.key: key})
        return {name: str(described[name]) for name in self._type.attributes if name in described}

    def _key(self, physical_id: str) -> str:
        return physical_id.rpartition("/")[2] if self._type.named else physical_id


class FeatureGroupHandler(Handler):
    """Its update adds features and changes the time to live; anything else would be another group by the
    same name, which CloudFormation refuses."""

    def update(self, physical_id: str, old: Mapping[str, Any], new: Mapping[str, Any], stack: str) -> Created:
        changed = {name for name in {*old, *new} if old.get(name) != new.get(name)} - {"Tags"}
        before, after = (list(one.get("FeatureDefinitions", [])) for one in (old, new))
        if changed - {"FeatureDefinitions", "OnlineStoreConfig"} or after[: len(before)] != before:
            raise ValidationError(
                f"CloudFormation cannot update a stack when a custom-named resource requires replacing. "
                f"Rename {new.get('FeatureGroupName', physical_id)} and update the stack again."
            )
        asked: Document = {"FeatureGroupName": physical_id}
        if added := after[len(before) :]:
            asked["FeatureAdditions"] = added
        if "OnlineStoreConfig" in changed:
            asked["OnlineStoreConfig"] = {
                key: value for key, value in new["OnlineStoreConfig"].items() if key == "TtlDuration"
            }
        if changed:
            self._call("UpdateFeatureGroup", self._coerce("UpdateFeatureGroup", asked))
        return physical_id, self._attributes(physical_id, new)


def handler_of(type_: Type, call: Call, coerce: Callable[[str, Any], Document]) -> Handler:
    return (FeatureGroupHandler if type_.noun == "FeatureGroup" else Handler)(type_, call, coerce)


def _says_gone(message: str) -> bool:
    return "does not exist" in message or message.startswith(("Could not find", "Resource Not Found"))
