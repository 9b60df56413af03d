"""Everywhere that a secret could turn up once the pipeline has run: name and content of each place."""

from __future__ import annotations

import gzip
import io
import json
import tarfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow.parquet as parquet

from tests.chaos.cloud import NAMES, ChaosCloud

Place = tuple[str, bytes]


def logs(cloud: ChaosCloud) -> Iterator[Place]:
    """Every line of every log group."""
    client = cloud.client("logs")
    for page in client.get_paginator("describe_log_groups").paginate():
        for group in page["logGroups"]:
            name = group["logGroupName"]
            pages = client.get_paginator("filter_log_events").paginate(logGroupName=name)
            lines = [event["message"] for found in pages for event in found["events"]]
            yield f"log {name}", "\n".join(lines).encode()


def histories(cloud: ChaosCloud) -> Iterator[Place]:
    """Every event of every execution, with its data."""
    client, machine = cloud.client("stepfunctions"), cloud.outputs["StateMachineArn"]
    for page in client.get_paginator("list_executions").paginate(stateMachineArn=machine):
        for execution in page["executions"]:
            arn = execution["executionArn"]
            pages = client.get_paginator("get_execution_history").paginate(executionArn=arn)
            events = [event for found in pages for event in found["events"]]
            yield f"execution {execution['name']}", json.dumps(events, default=str).encode()


def records(cloud: ChaosCloud) -> Iterator[Place]:
    """What describes the resources: environments, templates, queues' attributes."""
    functions = cloud.client("lambda").list_functions()["Functions"]
    yield from ((f"function {f['FunctionName']}", _text(f)) for f in functions)
    sagemaker = cloud.client("sagemaker")
    for job in sagemaker.list_training_jobs()["TrainingJobSummaries"]:
        name = job["TrainingJobName"]
        yield f"training job {name}", _text(sagemaker.describe_training_job(TrainingJobName=name))
    for model in sagemaker.list_models()["Models"]:
        yield f"model {model['ModelName']}", _text(sagemaker.describe_model(ModelName=model["ModelName"]))
    group = NAMES.model_package_group
    for package in sagemaker.list_model_packages(ModelPackageGroupName=group)["ModelPackageSummaryList"]:
        arn = package["ModelPackageArn"]
        yield f"package {arn}", _text(sagemaker.describe_model_package(ModelPackageName=arn))
    formation = cloud.client("cloudformation")
    yield "template", _text(formation.get_template(StackName=NAMES.prefix)["TemplateBody"])
    yield "stack", _text(formation.describe_stacks(StackName=NAMES.prefix))


def objects(cloud: ChaosCloud) -> Iterator[Place]:
    """Every object of both buckets, unpacked; the name is bucket output and key."""
    client = cloud.client("s3")
    for output in ("RawBucketName", "ArtifactBucketName"):
        bucket = cloud.outputs[output]
        for page in client.get_paginator("list_objects_v2").paginate(Bucket=bucket):
            for item in page.get("Contents", []):
                body = client.get_object(Bucket=bucket, Key=item["Key"])["Body"].read()
                yield f"{output} {item['Key']}", unpacked(item["Key"], body)


def files(directory: Path) -> Iterator[Place]:
    """Every file below a directory, by its path in it."""
    for path in sorted(directory.rglob("*")):
        if path.is_file() and not path.is_symlink():
            yield path.relative_to(directory).as_posix(), unpacked(path.name, path.read_bytes())


def unpacked(name: str, body: bytes) -> bytes:
    """What an archive or a table holds, as plain bytes; anything else as it is."""
    if body[:2] == b"\x1f\x8b":
        body = gzip.decompress(body)
        if name.endswith(".tar.gz"):
            with tarfile.open(fileobj=io.BytesIO(body)) as tar:
                parts = [tar.extractfile(member) for member in tar]
                return b"\n".join(part.read() for part in parts if part)
    if body[:4] == b"PAR1":
        return _text(parquet.read_table(io.BytesIO(body)).to_pylist())
    return body


def _text(value: Any) -> bytes:
    return json.dumps(value, default=str, ensure_ascii=False).encode()
