"""The records of endpoints, and what DescribeEndpoint and EventBridge are told of them."""

from __future__ import annotations

import re
from collections.abc import Iterator

from localcloud.services.sagemaker.errors import ValidationError
from localcloud.services.sagemaker.events import Events
from localcloud.services.sagemaker.hosting.endpoints.live import LiveEndpoint
from localcloud.services.sagemaker.platform import Platform
from localcloud.services.sagemaker.requests.names import Names
from localcloud.services.sagemaker.requests.tags import Tags
from localcloud.services.sagemaker.store import Document, Store

IN_PROGRESS = frozenset({"Creating", "Updating", "SystemUpdating", "RollingBack", "Deleting"})
_NEVER_IN_SERVICE = frozenset({"Creating", "Failed", "Deleting"})
_WORD_START = re.compile(r"(?<=[a-z])(?=[A-Z])")
_OURS = frozenset({"PendingEndpointConfigName", "PendingStartTime"})


class EndpointRecords:
    """All endpoints of the account: a record of each, and its running half."""

    def __init__(self, store: Store, names: Names, tags: Tags, platform: Platform, events: Events) -> None:
        self._table = store.table("endpoint")
        self.blueprints = store.table("endpoint-blueprint")
        """The config and models that each endpoint serves, whatever became of theirs."""
        self.live: dict[str, LiveEndpoint] = {}
        self._names = names
        self._tags = tags
        self._clock = platform.clock
        self._events = events

    def __iter__(self) -> Iterator[Document]:
        return iter(self._table)

    def serving(self, name: str) -> LiveEndpoint | None:
        """The endpoint for InvokeEndpoint: one that has been in service."""
        record = self._table.get(name)
        if record is None or record["EndpointStatus"] in _NEVER_IN_SERVICE:
            return None
        return self.live.get(name)

    def known(self, name: str) -> Document:
        """A record; ValidationError when there is none."""
        record = self._table.get(name)
        if record is None:
            raise ValidationError(f'Could not find endpoint "{self._names.arn("endpoint", name)}".')
        return record

    def at_rest(self, name: str) -> Document:
        """A record of an endpoint that nothing is being done to; ValidationError otherwise."""
        record = self.known(name)
        if record["EndpointStatus"] in IN_PROGRESS:
            raise ValidationError(f'Cannot update in-progress endpoint "{record["EndpointArn"]}".')
        return record

    def add(self, name: str, config_name: str, tags: list[Document] | None) -> Document:
        """A new record, Creating."""
        arn = self._names.arn("endpoint", name)
        if self._table.get(name) is not None:
            raise ValidationError(f'Cannot create already existing endpoint "{arn}".')
        now = self._clock.now()
        record: Document = {
            "EndpointName": name,
            "EndpointArn": arn,
            "EndpointConfigName": config_name,
            "CreationTime": now,
        }
        self._tags.create(arn, tags)
        self.set_status(record, "Creating")
        return record

    def set_status(self, record: Document, status: str) -> None:
        """Keep the record with a new status and tell EventBridge."""
        record["EndpointStatus"] = status
        record["LastModifiedTime"] = self._clock.now()
        self._table.save(record["EndpointName"], record)
        self._emit(record)

    def fail(self, record: Document, reason: str) -> None:
        """The endpoint is Failed."""
        record["FailureReason"] = reason[:1024]
        self.set_status(record, "Failed")

    def deployment_changed(self, record: Document) -> None:
        """Tell EventBridge that a deployment has come to another stage."""
        self._emit(record, "Endpoint Deployment")

    def forget(self, record: Document) -> None:
        """The endpoint is deleted."""
        name = record["EndpointName"]
        self.live.pop(name, None)
        self.blueprints.delete(name)
        self._table.delete(name)
        self._emit({**record, "EndpointStatus": "Deleted"})
        self._tags.forget(record["EndpointArn"])

    def user_of(self, config_name: str) -> str | None:
        """The endpoint that uses, or is about to use, a config."""
        for record in self._table:
            if config_name in (record["EndpointConfigName"], record.get("PendingEndpointConfigName")):
                return str(record["EndpointName"])
        return None

    def describe(self, record: Document) -> Document:
        """The answer of DescribeEndpoint."""
        described = {key: value for key, value in record.items() if key not in _OURS}
        live = self.live.get(record["EndpointName"])
        if live is None:
            return described
        if variants := live.variants():
            described["ProductionVariants"] = variants
        if shadows := live.shadows():
            described["ShadowProductionVariants"] = shadows
        if live.capture is not None:
            described["DataCaptureConfig"] = _capture_summary(live.capture)
        if pending := record.get("PendingEndpointConfigName"):
            summary: Document = {"EndpointConfigName": pending, "StartTime": record["PendingStartTime"]}
            if variants := live.pending_variants():
                summary["ProductionVariants"] = variants
            if shadows := live.pending_shadows():
                summary["ShadowProductionVariants"] = shadows
            described["PendingDeploymentSummary"] = summary
        return described

    def _emit(self, record: Document, kind: str = "Endpoint") -> None:
        """In events a status is in upper case: IN_SERVICE (EventBridge user guide)."""
        arn = record["EndpointArn"]
        status = _WORD_START.sub("_", record["EndpointStatus"]).upper()
        detail = {**self.describe(record), "EndpointStatus": status}
        self._events.state_change(kind, arn, detail, self._tags.of(arn))


def _capture_summary(config: Document) -> Document:
    enabled = config.get("EnableCapture", True)
    return {
        "EnableCapture": enabled,
        "CaptureStatus": "Started" if enabled else "Stopped",
        "CurrentSamplingPercentage": config["InitialSamplingPercentage"],
        "DestinationS3Uri": config["DestinationS3Uri"],
        "KmsKeyId": config.get("KmsKeyId", ""),
    }
