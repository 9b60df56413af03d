"""AWS::CloudWatch::Alarm and AWS::CloudWatch::CompositeAlarm in templates.

Ref is the alarm's name and GetAtt gives its Arn; a new name replaces the alarm, all else changes it in place
(CloudFormation template reference). Dashboards and AWS::Logs::MetricFilter stay with ministack's handlers.
"""

from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from localcloud.ministack_adapter import provisioners, responses
from localcloud.services.cloudwatch.alarms.engine import AlarmEngine
from localcloud.services.cloudwatch.errors import ServiceError
from localcloud.services.cloudwatch.protocol import wire
from localcloud.services.cloudwatch.service import CloudWatch

Properties = Mapping[str, Any]
Created = tuple[str, dict[str, str]]
_MAX_NAME = 255
_Result = TypeVar("_Result")


def install(service: CloudWatch) -> None:
    """Register the two resource types with ministack's CloudFormation."""
    for kind, operation in (("Alarm", "PutMetricAlarm"), ("CompositeAlarm", "PutCompositeAlarm")):
        resource = AlarmResource(service, operation)
        provisioners.RESOURCE_HANDLERS[f"AWS::CloudWatch::{kind}"] = {
            "create": resource.create,
            "update": resource.update,
            "update_with_logical_id": True,
            "delete": resource.delete,
        }
        provisioners.STACK_TAG_PROPERTY[f"AWS::CloudWatch::{kind}"] = ("Tags", "list")


class AlarmResource:
    """How CloudFormation creates, changes and deletes one type of alarm."""

    def __init__(self, service: CloudWatch, operation: str) -> None:
        self._service = service
        self._operation = operation

    def create(self, logical_id: str, properties: Properties, stack_name: str) -> Created:
        """A new alarm; one of its name must not exist."""
        name = self._name(logical_id, properties, stack_name)
        if self._engine().states([name]):
            raise ValueError(f"The alarm {name} already exists")
        return self._put(name, properties)

    def update(
        self,
        physical_id: str,
        old: Properties,
        new: Properties,
        stack_name: str,
        logical_id: str | None = None,
    ) -> Created:
        """Change the alarm and keep its state, or replace it under another name."""
        name = self._name(logical_id or physical_id, new, stack_name)
        if name == physical_id or (not new.get("AlarmName") and not old.get("AlarmName")):
            return self._put(physical_id, new)
        created = self.create(logical_id or physical_id, new, stack_name)
        provisioners.delete_predecessor(self.delete, physical_id, old)
        return created

    def delete(self, physical_id: str, properties: Properties) -> None:
        """Delete the alarm; one that is gone already is no error."""
        _refused(lambda: self._engine().delete([physical_id]))

    def _put(self, name: str, properties: Properties) -> Created:
        request = wire.typed(self._operation, {**properties, "AlarmName": name, "Tags": None})
        engine = self._engine()
        put = engine.put_metric_alarm if self._operation == "PutMetricAlarm" else engine.put_composite_alarm
        record = _refused(lambda: put(request))
        engine.replace_tags(name, {tag["Key"]: tag["Value"] for tag in properties.get("Tags") or []})
        return name, {"Arn": record["AlarmArn"]}

    def _engine(self) -> AlarmEngine:
        return self._service.monitor(responses.get_account_id(), responses.get_region()).alarms

    @staticmethod
    def _name(logical_id: str, properties: Properties, stack_name: str) -> str:
        name = properties.get("AlarmName")
        return str(name or provisioners.physical_name(stack_name, logical_id, max_len=_MAX_NAME))


def _refused(call: Callable[[], _Result]) -> _Result:
    """A refusal in the form that becomes the resource's failure reason."""
    try:
        return call()
    except ServiceError as error:
        raise ValueError(f"{error.message} (Service: CloudWatch, Code: {error.code})") from None
