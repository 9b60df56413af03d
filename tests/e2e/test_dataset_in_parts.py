"""A dataset in three parts and a manifest trains a model as one file does."""

import gzip
import json

from localcloud.commands.housing import generate

FOLDER = "incoming/in-parts/"
STATES = [
    "IsRollback",
    "CheckPreconditions",
    "FindEndpointRole",
    "IsEndpointLost",
    "IsInParts",
    "ListParts",
    "AreTherePartsToRead",
    "IngestParts",
    "MergeParts",
]


def split(content, parts):
    """The rows in so many CSVs, each with the header."""
    header, *rows = content.decode().splitlines()
    size = -(-len(rows) // parts)
    chosen = [rows[start : start + size] for start in range(0, len(rows), size)]
    return ["\n".join([header, *lines, ""]).encode() for lines in chosen]


def test_parts_and_a_manifest_become_one_promoted_model(pipeline):
    first, second, third = split(generate(row_count=900), 3)
    parts = {"a.csv": first, "b.csv.gz": gzip.compress(second), "more/c.csv": third}
    for name, content in parts.items():
        pipeline.upload(f"{FOLDER}parts/{name}", content)
    manifest = {"format_version": 1, "parts": list(parts)}
    execution = pipeline.run(f"{FOLDER}manifest.json", json.dumps(manifest).encode())
    assert execution.outcome == "Promoted", (execution.outcome, execution.error, execution.cause)
    assert [state.name for state in execution.states][: len(STATES)] == STATES
    dataset = execution.output["dataset"]
    assert dataset["rows"] == 900
    assert dataset["train_rows"] + dataset["holdout_rows"] + dataset["quarantined_rows"] == 900
    (run,) = pipeline.states.list_map_runs(executionArn=execution.arn)["mapRuns"]
    children = pipeline.states.list_executions(mapRunArn=run["mapRunArn"])["executions"]
    assert [child["status"] for child in children] == ["SUCCEEDED"] * 3


def test_a_part_by_itself_starts_nothing(pipeline):
    """The executions of the folder are those of its manifest."""
    found = pipeline.states.list_executions(stateMachineArn=pipeline.outputs["StateMachineArn"])["executions"]
    inputs = [
        json.loads(pipeline.states.describe_execution(executionArn=item["executionArn"])["input"])
        for item in found
    ]
    assert {item["key"] for item in inputs if item["key"].startswith(FOLDER)} == {f"{FOLDER}manifest.json"}


def test_a_part_that_cannot_be_read_rejects_the_dataset_and_is_named(pipeline):
    header, *_ = split(generate(row_count=600), 2)
    pipeline.upload("incoming/torn/parts/fine.csv", header)
    pipeline.upload("incoming/torn/parts/torn.csv.gz", gzip.compress(header)[:-9])
    manifest = {"format_version": 1, "parts": ["fine.csv", "torn.csv.gz"]}
    execution = pipeline.run("incoming/torn/manifest.json", json.dumps(manifest).encode())
    assert execution.outcome == "DatasetRejected"
    assert (
        "no gzip archive: it ends in the middle; upload it again (in 'torn.csv.gz')"
        in execution.output["reason"]
    )
