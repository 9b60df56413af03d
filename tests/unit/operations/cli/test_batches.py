"""`greenlight batch` finds the execution of its own upload and puts the parts together in order."""

from __future__ import annotations

import io
import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from operations.cli.batches import batch
from operations.cli.exits import Exit

URI = "s3://artifacts/batches/1/"


class Body(io.BytesIO):
    def iter_chunks(self, size: int) -> Any:
        yield self.read()


class Services:
    """S3 with one manifest and two parts, and two executions: another version's, and this one's."""

    def __init__(self, outcome: str) -> None:
        self.result = {"outcome": outcome, "reason": "why", "manifest_uri": f"{URI}manifest.json"}
        self.objects = {
            "batches/1/manifest.json": json.dumps(
                {"columns": ["row", "a, b"], "outputs": [{"uri": f"{URI}0"}, {"uri": f"{URI}1"}]}
            ).encode(),
            "batches/1/0": b"1,x\n",
            "batches/1/1": b"2,y\n",
        }
        self.uploaded: list[str] = []

    def upload_file(self, path: str, bucket: str, key: str) -> None:
        self.uploaded.append(f"{bucket}/{key}")

    def head_object(self, **_: str) -> dict[str, str]:
        return {"VersionId": "v2"}

    def get_object(self, Bucket: str, Key: str) -> dict[str, Body]:
        return {"Body": Body(self.objects[Key])}

    def list_executions(self, **_: Any) -> dict[str, Any]:
        return {"executions": [{"executionArn": "v1"}, {"executionArn": "v2"}]}

    def describe_execution(self, executionArn: str) -> dict[str, str]:
        found = {"object": {"key": "batch/rows.csv", "version-id": executionArn}}
        result = self.result if executionArn == "v2" else {}
        return {
            "status": "SUCCEEDED",
            "input": json.dumps({"detail": found}),
            "output": json.dumps({"result": result}),
        }


def ask(tmp_path: Path, outcome: str) -> tuple[Services, Exit | None, Any]:
    services = Services(outcome)
    stack = SimpleNamespace(outputs={"BatchMachineArn": "arn"}, raw_bucket="raw")
    told: list[Any] = []
    out = SimpleNamespace(line=lambda *words: told.append(words), document=told.append)
    reader = SimpleNamespace(stack=stack, clients=lambda _: services)
    asked: Any = SimpleNamespace(reader=reader, out=out, stack_name="housing-dev")
    (tmp_path / "rows.csv").write_text("a\n1\n")
    ended = batch(asked, tmp_path / "rows.csv", tmp_path / "answers.csv", True)
    return services, ended, told


def test_the_answers_are_written_under_the_manifests_header_part_by_part(tmp_path: Path):
    services, ended, told = ask(tmp_path, "Predicted")
    assert ended is None
    assert services.uploaded == ["raw/batch/rows.csv"]
    assert (tmp_path / "answers.csv").read_text() == 'row,"a, b"\n1,x\n2,y\n'
    assert told[-1] == services.result


def test_a_file_of_which_nothing_was_answered_ends_with_the_reason_and_no_answers(tmp_path: Path):
    _, ended, told = ask(tmp_path, "BatchRejected")
    assert ended is Exit.ANSWER_IS_NO
    assert ("BatchRejected: why", "yellow") in told
    assert not (tmp_path / "answers.csv").exists()
