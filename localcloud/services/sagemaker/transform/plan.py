"""What a transform job asks for, with SageMaker's defaults filled in; what is not embedded is refused.

Source: API reference, CreateTransformJob, TransformInput, TransformOutput, DataProcessing, ModelClientConfig.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from localcloud.services.sagemaker.errors import UnsupportedOperationError, ValidationError
from localcloud.services.sagemaker.transform import filters
from localcloud.services.sagemaker.transform.filters import Filter

MEGABYTE = 1 << 20
MAX_UNDER_WAY_MB = 100
DEFAULT_PAYLOAD_MB, DEFAULT_TIMEOUT_SECONDS, DEFAULT_RETRIES = 6, 600, 3
CSV, JSON_LINES = "text/csv", "application/jsonlines"
Part = Callable[[Filter, Sequence[bytes]], list[bytes]]
Join = Callable[[Sequence[bytes], Sequence[bytes], Filter], list[bytes]]
_FORMATS: dict[str, tuple[Part, Join]] = {
    CSV: (filters.filter_csv, filters.join_csv),
    JSON_LINES: (filters.filter_json, filters.join_json),
}


@dataclass(frozen=True)
class Processing:
    """DataProcessing: the way in, and the way out where input and answer are joined."""

    input_filter: Filter
    output_filter: Filter
    joins: bool
    part: Part
    join: Join


@dataclass(frozen=True)
class TransformPlan:
    """One job's wishes. What the container may say of itself is None where the request says nothing."""

    s3_uri: str
    is_manifest: bool
    is_gzip: bool
    splits: bool
    content_type: str
    accept: str
    output_uri: str
    output_key: str | None
    assembles_lines: bool
    timeout_seconds: float
    retries: int
    payload_mb: int | None
    concurrency: int | None
    single_record: bool | None
    processing: Processing | None


def read(request: dict[str, Any]) -> TransformPlan:
    """Raises ValidationError for what SageMaker refuses, UnsupportedOperationError for what is not here."""
    source, output = request["TransformInput"], request["TransformOutput"]
    data = source["DataSource"]["S3DataSource"]
    resources, client = request["TransformResources"], request.get("ModelClientConfig", {})
    if resources["InstanceCount"] != 1:
        raise UnsupportedOperationError(
            "The embedded cloud transforms on one instance: set InstanceCount to 1"
        )
    for member in ("DataCaptureConfig", "ExperimentConfig"):
        if request.get(member):
            raise UnsupportedOperationError(
                f"{member} of a transform job is not supported by the embedded cloud"
            )
    split = source.get("SplitType", "None")
    if split not in ("None", "Line"):
        raise UnsupportedOperationError(f"SplitType {split} is not supported by the embedded cloud")
    payload, concurrency = request.get("MaxPayloadInMB"), request.get("MaxConcurrentTransforms")
    if payload == 0:
        raise UnsupportedOperationError(
            "MaxPayloadInMB 0 (chunked encoding) is not supported by the embedded cloud"
        )
    under_way = (payload or DEFAULT_PAYLOAD_MB) * (concurrency or 1)
    if under_way > MAX_UNDER_WAY_MB:
        raise ValidationError(
            f"MaxConcurrentTransforms * MaxPayloadInMB must not exceed {MAX_UNDER_WAY_MB} MB, "
            f"and is {under_way}"
        )
    strategy = request.get("BatchStrategy")
    return TransformPlan(
        s3_uri=data["S3Uri"],
        is_manifest=data["S3DataType"] == "ManifestFile",
        is_gzip=source.get("CompressionType", "None") == "Gzip",
        splits=split == "Line",
        content_type=source.get("ContentType", "application/octet-stream"),
        accept=output.get("Accept", ""),
        output_uri=output["S3OutputPath"].rstrip("/"),
        output_key=output.get("KmsKeyId"),
        assembles_lines=output.get("AssembleWith", "None") == "Line",
        timeout_seconds=float(client.get("InvocationsTimeoutInSeconds", DEFAULT_TIMEOUT_SECONDS)),
        retries=int(client.get("InvocationsMaxRetries", DEFAULT_RETRIES)),
        payload_mb=payload,
        concurrency=concurrency,
        single_record=None if strategy is None else strategy == "SingleRecord",
        processing=_processing(request, split),
    )


def _processing(request: dict[str, Any], split: str) -> Processing | None:
    wanted = request.get("DataProcessing")
    if not wanted:
        return None
    content_type = request["TransformInput"].get("ContentType", "")
    accept = request["TransformOutput"].get("Accept", content_type)
    if content_type not in _FORMATS or accept != content_type or split != "Line":
        raise UnsupportedOperationError(
            "DataProcessing: the embedded cloud filters and joins lines (SplitType Line) whose ContentType "
            f"and Accept are both one of {', '.join(_FORMATS)}"
        )
    joins = wanted.get("JoinSource", "None") == "Input"
    output_filter = Filter(wanted.get("OutputFilter", filters.ALL), member="OutputFilter")
    if joins and request["TransformOutput"].get("AssembleWith", "None") != "Line":
        raise UnsupportedOperationError(
            "JoinSource: the embedded cloud joins line by line, with AssembleWith Line"
        )
    if not joins and not output_filter.is_all:
        raise UnsupportedOperationError(
            "OutputFilter: the embedded cloud filters what it joins (JoinSource Input)"
        )
    part, join = _FORMATS[content_type]
    input_filter = Filter(wanted.get("InputFilter", filters.ALL), member="InputFilter")
    return Processing(input_filter, output_filter, joins, part, join)
