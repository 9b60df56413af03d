"""/opt/ml of a training job: what SageMaker writes before the container starts and reads after it ended.

Source: SageMaker developer guide, "How Amazon SageMaker AI provides training information" and "How Amazon
SageMaker AI processes training output".
"""

from __future__ import annotations

import json
import tarfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from localcloud.services.sagemaker.access.roles import Role, split_uri

HOST = "algo-1"
GROUP = "homogeneousCluster"


class MlDirectory:
    """The host directory that a job's container sees as /opt/ml."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.model = path / "model"
        self.output_data = path / "output" / "data"
        self._failure = path / "output" / "failure"
        self._config = path / "input" / "config"

    def prepare(self, request: Mapping[str, Any]) -> None:
        """Make the directories and the three configuration files."""
        for directory in (self.model, self.output_data, self._config, self.path / "input" / "data"):
            directory.mkdir(parents=True, exist_ok=True)
        self._write("hyperparameters.json", request.get("HyperParameters", {}))
        channels = request.get("InputDataConfig", [])
        self._write("inputdataconfig.json", {item["ChannelName"]: _channel(item) for item in channels})
        self._write("resourceconfig.json", _resources(request["ResourceConfig"]))

    def download(self, channel: Mapping[str, Any], role: Role) -> int:
        """Fetch a channel's objects into input/data/CHANNEL; how many there were."""
        source = channel["DataSource"]["S3DataSource"]
        bucket, prefix = split_uri(source["S3Uri"])
        target = self.path / "input" / "data" / channel["ChannelName"]
        target.mkdir(parents=True, exist_ok=True)
        keys = role.list_objects(bucket, prefix)
        for key in keys:
            relative = key[len(prefix) :].lstrip("/") if key != prefix else Path(key).name
            role.download(bucket, key, target / relative)
        return len(keys)

    def failure(self) -> str:
        """What the algorithm wrote about its failure."""
        return self._failure.read_text(errors="replace").strip() if self._failure.is_file() else ""

    def _write(self, name: str, document: Any) -> None:
        (self._config / name).write_text(json.dumps(document))


def pack(directory: Path, archive: Path) -> bool:
    """Write a directory's content as a .tar.gz; False when it holds nothing."""
    children = sorted(directory.iterdir()) if directory.is_dir() else []
    if not children:
        return False
    with tarfile.open(archive, "w:gz", compresslevel=1) as tar:
        for child in children:
            tar.add(child, arcname=child.name)
    return True


def _channel(item: Mapping[str, Any]) -> dict[str, str]:
    source = item["DataSource"]["S3DataSource"]
    described = {
        "TrainingInputMode": item.get("InputMode", "File"),
        "S3DistributionType": source.get("S3DataDistributionType", "FullyReplicated"),
        "RecordWrapperType": item.get("RecordWrapperType", "None"),
    }
    return {**described, "ContentType": item["ContentType"]} if "ContentType" in item else described


def _resources(config: Mapping[str, Any]) -> dict[str, Any]:
    kind = config.get("InstanceType", "")
    group = {"instance_group_name": GROUP, "instance_type": kind, "hosts": [HOST]}
    return {
        "current_host": HOST,
        "current_instance_type": kind,
        "current_group_name": GROUP,
        "hosts": [HOST],
        "instance_groups": [group],
        "network_interface_name": "eth0",
    }
